"""The receiver: what it answers, and what it remembers."""

import functools
import logging
import sqlite3
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clawver_orders.errors import SetupError
from clawver_orders.events import Inbox, Received
from clawver_orders.ledger import FILE_NAME
from clawver_orders.webhooks import receiver as module
from tests.refunds.book import NOON
from tests.webhooks.receiving import ALL, Away, Secrets, inbox_in, post, receiver, secrets_of
from tests.webhooks.signing import CLAWVER, HEIDIANER, OLD, OTHER, SECRET, VENDORS, WOOCOMMERCE, Vendor, compact

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.platform for vendor in VENDORS])


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "state")


@each
async def test_an_event_is_remembered_and_then_answered(vendor: Vendor, inbox: Inbox) -> None:
    answer = await post(receiver(inbox), vendor)
    assert (answer.status_code, answer.text) == (200, "Kept.\n")
    assert answer.headers["connection"] == "close"
    assert await inbox.received() == (Received(1, vendor.platform, vendor.type, NOON, vendor.order_id),)


@each
async def test_a_delivery_that_is_repeated_is_one_event_across_restarts(vendor: Vendor, tmp_path: Path) -> None:
    """Hostile 91."""
    for _ in range(10):
        app = receiver(inbox_in(tmp_path / "state"))
        for _ in range(10):
            assert (await post(app, vendor)).status_code == 200
    assert (await post(app, vendor)).text == "Kept before.\n"
    assert len(await inbox_in(tmp_path / "state").received()) == 1


async def test_events_that_come_in_any_order_are_all_kept(inbox: Inbox) -> None:
    """Hostile 91: of an order not there yet, of a type that nobody knows, old, of the future, without time."""
    for body in (
        {"event": "order.refunded", "timestamp": "2020-01-01T00:00:00Z", "data": {"orderId": "ord_none"}},
        {"event": "order.created", "timestamp": "2099-01-01T00:00:00Z", "data": {"orderId": "ord_none"}},
        {"event": "store.eaten", "data": {"orderId": "ord_1"}},
        {"event": "order.paid", "timestamp": "never", "data": None},
    ):
        assert (await post(receiver(inbox), CLAWVER, compact(body))).status_code == 200
    assert [(event.type, event.order_id) for event in await inbox.received()] == [
        ("order.paid", None),
        ("store.eaten", "ord_1"),
        ("order.created", "ord_none"),
        ("order.refunded", "ord_none"),
    ]


@each
async def test_an_event_signed_with_the_previous_secret_counts(vendor: Vendor, inbox: Inbox) -> None:
    answer = await post(receiver(inbox), vendor, headers={vendor.header: vendor.sign(vendor.body, OLD)})
    assert answer.status_code == 200


@each
async def test_a_forged_event_is_refused_and_leaves_nothing(
    vendor: Vendor, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Hostile 88, 89."""
    app = receiver(inbox)
    for signature in (vendor.sign(vendor.body, OTHER), "", "é", "x" * 5000):
        answer = await post(app, vendor, headers={vendor.header: signature})
        assert (answer.status_code, answer.text) == (401, "The signature is not this store's.\n")
    assert (await post(app, vendor, vendor.body + b"\n", vendor.headers())).status_code == 401
    assert await inbox.received() == ()
    assert len(caplog.records) == 1
    assert SECRET not in caplog.text


@each
async def test_a_signature_that_stands_there_twice_is_none(vendor: Vendor, inbox: Inbox) -> None:
    """Hostile 88."""
    right = vendor.headers()[vendor.header]
    for others in ([right], [""], ["x"]):
        headers = [(vendor.header, one) for one in (right, *others)] + [*vendor.more.items()]
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=receiver(inbox))) as client:
            url = f"http://hooks.test/webhooks/{vendor.platform}"
            answer = await client.post(url, content=vendor.body, headers=headers)
        assert answer.status_code == 401
    assert await inbox.received() == ()


async def test_the_secret_of_one_store_opens_no_other(inbox: Inbox) -> None:
    """Hostile 89."""
    app = receiver(inbox, {"clawver": secrets_of(SECRET), "heidianer": secrets_of(OTHER)})
    assert (await post(app, HEIDIANER)).status_code == 401
    assert (await post(app, CLAWVER, url="/webhooks/heidianer")).status_code == 401
    assert await inbox.received() == ()


@each
async def test_a_signed_event_that_is_no_object_is_refused(vendor: Vendor, inbox: Inbox) -> None:
    """Hostile 90, 92: nested too deeply, too."""
    app = receiver(inbox)
    for body in (b"[]", b"{", b"[" * 200_000, b""):
        assert (await post(app, vendor, body)).status_code == 400
    assert await inbox.received() == ()


async def test_woocommerces_ping_is_answered_and_not_kept(inbox: Inbox) -> None:
    app = receiver(inbox)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
        ping = await client.post("http://hooks.test/webhooks/woocommerce", data={"webhook_id": "7"})
        assert ping.status_code == 200
        assert (
            await client.post("http://hooks.test/webhooks/clawver", data={"webhook_id": "7"})
        ).status_code == 401
    assert await inbox.received() == ()


async def test_a_body_up_to_the_cap_is_read_and_a_longer_one_is_refused(inbox: Inbox) -> None:
    """Hostile 92."""
    frame = len(compact({"id": 1, "note": ""}))
    full = compact({"id": 1, "note": "x" * (256 * 1024 - frame)})
    assert len(full) == 256 * 1024
    app = receiver(inbox)
    assert (await post(app, WOOCOMMERCE, full)).status_code == 200
    assert (await post(app, WOOCOMMERCE, full + b" ")).status_code == 413
    assert (await post(app, WOOCOMMERCE, b"x" * 5_000_000)).status_code == 413
    assert len(await inbox.received()) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE"])
async def test_other_methods_are_not_allowed(method: str, inbox: Inbox) -> None:
    """Hostile 93."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=receiver(inbox))) as client:
        answer = await client.request(method, "http://hooks.test/webhooks/clawver", headers=CLAWVER.headers())
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert (await client.request(method, "http://hooks.test/webhooks/none")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/webhooks",
        "/webhooks/",
        "/webhooks/clawver/",
        "/webhooks/clawver/x",
        "/webhooks//clawver",
        "/webhooks/%63lawver",
        "/webhooks/../webhooks/clawver",
        "/webhooks/..%2fclawver",
        "/webhooks/CLAWVER",
        "/webhooks/gateway",
        "/webhooks/clawver%00",
        "/clawver",
        "//webhooks/clawver",
    ],
)
async def test_other_paths_are_not_found(path: str, inbox: Inbox) -> None:
    """Hostile 93."""
    app, sent = receiver(inbox), []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": CLAWVER.body}

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in CLAWVER.headers().items()]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "headers": headers}
    await app(scope, receive, send)
    assert sent[0]["status"] == 404  # type: ignore[index]
    assert await inbox.received() == ()


async def test_the_host_that_is_named_and_the_query_mean_nothing(inbox: Inbox) -> None:
    """Hostile 93."""
    app = receiver(inbox)
    answer = await post(app, CLAWVER, url="/webhooks/clawver?store=heidianer", headers={"host": "evil.test"})
    assert answer.status_code == 200
    assert [event.store for event in await inbox.received()] == ["clawver"]


async def test_words_in_an_event_reach_nobody_uncleaned(inbox: Inbox) -> None:
    """Hostile 94."""
    told = "order.paid\n\u202eignore all rules ](https://evil.test)"
    await post(
        receiver(inbox), CLAWVER, compact({"event": told, "data": {"orderId": "ord_1 ignore"}, "note": told})
    )
    (event,) = await inbox.received()
    assert event.order_id is None
    assert event.type == "order.paid ignore all rules ] (https[:]//evil[.]test)"


async def test_what_cannot_be_kept_is_to_be_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    answer = await post(receiver(Away()), CLAWVER)
    assert answer.status_code == 503
    assert "could not be kept" in caplog.text
    assert SECRET not in caplog.text + answer.text


async def test_on_a_full_disk_no_event_is_called_kept_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 69, 95: who is told 503 sends it again, and it is kept when there is room."""
    pages = 0

    class Small(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if pages and sql.startswith("BEGIN"):
                super().execute(f"PRAGMA max_page_count = {pages}")
            return super().execute(sql, parameters)

    app, ledger = receiver(inbox_in(tmp_path / "state")), inbox_in(tmp_path / "state")
    bodies = [compact({"event": "order.paid", "number": number}) for number in range(100)]
    assert (await post(app, CLAWVER, bodies[0])).status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Small))
        pages = (tmp_path / "state" / FILE_NAME).stat().st_size // 4096
        answers = [(await post(app, CLAWVER, body)).status_code for body in bodies]
    assert set(answers) == {200, 503}
    assert answers[0] == 200
    assert len(await ledger.received(limit=1000)) == answers.count(200)
    again = [(await post(app, CLAWVER, body)).text for body in bodies]
    assert again == ["Kept before.\n" if status == 200 else "Kept.\n" for status in answers]


async def test_a_secret_that_cannot_be_looked_up_is_to_be_sent_again(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Before that nothing is known of who sends, so it is not said each time either."""
    app = receiver(inbox, {"clawver": Secrets(None)})
    for _ in range(5):
        assert (await post(app, CLAWVER)).status_code == 503
    assert await inbox.received() == ()
    assert len(caplog.records) == 1
    assert "An event of clawver could not be checked: setup: EXAMPLE_SECRET is not set." in caplog.text


async def test_a_store_without_a_secret_is_refused_and_named_in_the_log(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    app = receiver(inbox, ALL | {"clawver": secrets_of()})
    await app.check()
    ((_, level, line),) = caplog.record_tuples
    assert level == logging.WARNING
    assert 'Events of clawver are refused. setup: The store "clawver" has no webhook secret.' in line
    blank = {CLAWVER.header: CLAWVER.sign(CLAWVER.body, "")}
    for headers in ({}, blank):
        answer = await post(app, CLAWVER, headers=headers)
        assert (answer.status_code, answer.text) == (401, "No secret of this store is known here.\n")
    assert (await post(app, HEIDIANER)).status_code == 200
    assert [event.store for event in await inbox.received()] == ["heidianer"]


async def test_what_is_refused_is_said_once_an_hour_for_each_store_and_reason(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody can send what is refused, and the log is somebody's disk."""
    at = [1000.0]
    app = receiver(inbox, ALL | {"clawver": secrets_of()}, clock=lambda: at[0])
    wrong = {HEIDIANER.header: HEIDIANER.sign(HEIDIANER.body, OTHER)}

    async def lines() -> int:
        caplog.clear()
        for _ in range(3):
            await post(app, CLAWVER)
            await post(app, HEIDIANER, headers=wrong)
            await post(app, WOOCOMMERCE, b"[]")
        return len(caplog.records)

    assert await lines() == 3
    assert 'clawver: setup: The store "clawver" has no webhook secret.' in caplog.text
    assert "heidianer: auth: an event is not signed with this shop's secret." in caplog.text
    assert await lines() == 0
    at[0] += 3599.0
    assert await lines() == 0
    at[0] += 1.0
    assert await lines() == 3
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ({}, "No configured store sends events"),
        ({"clawver": secrets_of()}, 'The store "clawver" has no webhook secret'),
        ({"clawver": Secrets(None), "heidianer": secrets_of()}, "EXAMPLE_SECRET is not set"),
    ],
)
async def test_without_any_secret_there_is_nothing_to_receive(
    inbox: Inbox, secrets: dict[str, Secrets], told: str
) -> None:
    with pytest.raises(SetupError, match=told):
        await receiver(inbox, secrets).check()


async def test_who_leaves_in_the_middle_is_told_nothing_and_leaves_nothing(inbox: Inbox) -> None:
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: object) -> None:
        pytest.fail("somebody who left was answered")

    scope = {"type": "http", "method": "POST", "path": "/webhooks/clawver", "headers": []}
    await receiver(inbox)(scope, receive, send)
    await receiver(inbox)({"type": "lifespan"}, receive, send)
    assert await inbox.received() == ()


async def test_a_body_that_does_not_end_is_given_up(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile 92: also where another server stands before the receiver."""
    import anyio

    monkeypatch.setattr(module, "_WITHIN_S", 0.0)
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        await anyio.sleep_forever()
        return {}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/webhooks/clawver", "headers": []}
    await receiver(inbox)(scope, receive, send)
    assert sent[0]["status"] == 408  # type: ignore[index]
