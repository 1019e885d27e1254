"""Webhooks at the desk: forbidden until allowed, confirmed by a person, sent once, the secret never shown."""

from pathlib import Path

import pytest

from clawver_orders.desk.results import Registration
from clawver_orders.desk.webhooks import ALLOWED, allow, is_deleted
from clawver_orders.errors import DeskError, ForbiddenError, InvalidArgument, NotFoundError, RefundError
from clawver_orders.refunds.machine import State
from tests.counter import NO, YES, Counter, open_counter

pytestmark = pytest.mark.anyio

URL = "https://hooks.example/clawver"
EVENTS = ("order.shipped", "order.paid")


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}))


async def create(counter: Counter, consent: object = None, url: str = URL) -> Registration:
    return await counter.desk.create_webhook("", url, EVENTS, consent)  # type: ignore[arg-type]


async def test_a_host_that_the_operator_did_not_allow_is_forbidden_and_says_how(tmp_path: Path) -> None:
    counter = open_counter(tmp_path)
    with pytest.raises(ForbiddenError, match="allowed") as caught:
        await create(counter, YES)
    assert "allowed_hosts" in str(caught.value)
    assert counter.sandbox.requests == []


async def test_a_host_that_a_person_allows_at_the_terminal_counts_at_once_and_for_every_desk(
    tmp_path: Path,
) -> None:
    desk, other = open_counter(tmp_path), open_counter(tmp_path)
    with pytest.raises(ForbiddenError, match="clawver-orders webhooks allow HOST"):
        await create(desk)
    assert await allow(other.ledger, "Hooks.Example", by="lee") == ("hooks.example",)
    assert await allow(other.ledger, "b.example", by="lee") == ("b.example", "hooks.example")
    assert (await create(desk)).action.state is State.PREPARED
    with pytest.raises(ForbiddenError):
        await create(desk, url="https://example/clawver")
    assert await allow(other.ledger, "hooks.example", by="lee", remove=True) == ("b.example",)
    with pytest.raises(ForbiddenError):
        await create(desk, url="https://hooks.example/other")
    assert await desk.ledger.verify() == ()


@pytest.mark.parametrize(
    "host",
    ["", " ", "*", "a b", "https://a.example", "a.example:443", "a.example/x", "ä.example", "a..b", "x" * 300],
)
async def test_what_is_no_host_name_is_not_allowed(counter: Counter, host: str) -> None:
    with pytest.raises(InvalidArgument):
        await allow(counter.ledger, host, by="lee")
    assert await counter.ledger.switch(ALLOWED) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "https://user@hooks.example/x",
        "https://hooks.example/x#part",
        "https:///x",
        "https://:word@hooks.example/x",
        "https://[hooks.example/x",
        "https://hooks.example:99999/x",
        "https://other.example\\@hooks.example/x",
        "ftp://hooks.example",
        "https://hooks.example/a b",
        "https://hooks.example/\n",
        "https://hooks.example/ü",
        "https://hooks.example/" + "x" * 500,
        "",
    ],
)
async def test_an_address_that_is_not_plain_https_is_refused(counter: Counter, url: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await create(counter, YES, url)
    assert caught.value.field == "url"
    assert counter.sandbox.requests == []


@pytest.mark.parametrize("events", [(), ("order.paid", "order.eaten")])
async def test_an_event_that_the_shop_does_not_send_is_refused(counter: Counter, events: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await counter.desk.create_webhook("", URL, events, None)
    assert caught.value.field == "events"


async def test_the_first_call_sends_nothing_and_the_same_call_goes_on_once_a_person_said_yes(
    counter: Counter,
) -> None:
    first = await create(counter)
    assert (first.action.state, first.action.outcome, first.webhook.id) == (State.PREPARED, "no", "")
    assert f"clawver-orders approve {first.action.action_id}" in first.action.message
    assert counter.posts("/webhooks") == 0
    done = await create(counter, YES)
    assert done.action.action_id == first.action.action_id
    assert (done.action.state, done.action.outcome) == (State.SUCCEEDED, "done")
    (listed,) = await counter.desk.list_webhooks("")
    assert (listed.id, listed.url, set(listed.events)) == (done.webhook.id, URL, set(EVENTS))
    assert counter.posts("/webhooks") == 1


async def test_the_secret_is_made_kept_and_never_told(counter: Counter) -> None:
    done = await create(counter, YES)
    ((place, secret),) = counter.secrets.kept.items()
    assert place == ("clawver", done.action.action_id)
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in repr(done)
    assert secret not in repr(await counter.ledger.get(done.action.action_id))


async def test_a_no_registers_nothing(counter: Counter) -> None:
    with pytest.raises(RefundError, match="not carried out"):
        await create(counter, NO)
    assert counter.posts("/webhooks") == 0


async def test_a_lost_answer_is_unknown_and_found_in_the_list(counter: Counter) -> None:
    counter.fault("create-webhook:reset-after:1")
    lost = await create(counter, YES)
    assert (lost.action.state, lost.action.outcome) == (State.UNKNOWN, "unknown")
    counter.fault("list-webhooks:reset:3")
    assert (await create(counter, YES)).action.state is State.UNKNOWN
    found = await create(counter, YES)
    assert (found.action.state, bool(found.webhook.id)) == (State.SUCCEEDED, True)
    assert counter.posts("/webhooks") == 1


async def test_a_registration_that_was_not_applied_stays_unknown_and_is_not_sent_again(counter: Counter) -> None:
    counter.fault("create-webhook:reset-before:1")
    await create(counter, YES)
    for _ in range(3):
        assert (await create(counter, YES)).action.state is State.UNKNOWN
    assert counter.posts("/webhooks") == 1


async def test_a_registration_that_was_not_applied_is_settled_by_a_person_and_can_be_made_anew(
    counter: Counter,
) -> None:
    counter.fault("create-webhook:reset-before:1")
    lost = await create(counter, YES)
    held = await counter.ledger.get(lost.action.action_id)
    assert held is not None
    counter.clock.pass_by(hours=24)
    with pytest.raises(RefundError, match="too early"):
        await counter.desk.moves.resolved(held, applied=False, by="lee")
    for _ in range(2):
        assert (await create(counter)).action.state is State.UNKNOWN
        counter.clock.pass_by(minutes=15)
    assert (await counter.desk.moves.resolved(held, applied=False, by="lee")).state is State.NOT_APPLIED
    anew = await create(counter, YES)
    assert (anew.action.state, anew.action.action_id != held.id) == (State.SUCCEEDED, True)


async def test_two_new_ones_after_a_lost_answer_are_for_a_person(counter: Counter, tmp_path: Path) -> None:
    counter.fault("create-webhook:reset-after:1")
    await create(counter, YES)
    other = open_counter(
        tmp_path / "other",
        sandbox=counter.sandbox,
        clock=counter.clock,
        allowed_hosts=frozenset({"hooks.example"}),
    )
    await create(other, YES)
    assert (await create(counter, YES)).action.state is State.MANUAL
    told = await create(counter, YES)
    assert told.action.state is State.MANUAL
    assert f"clawver-orders resolve {told.action.action_id}" in told.action.message
    held = await counter.ledger.get(told.action.action_id)
    assert held is not None
    assert (await counter.desk.moves.resolved(held, applied=True, by="lee")).state is State.SUCCEEDED


async def test_other_events_on_an_open_registration_wait_for_it(counter: Counter) -> None:
    counter.fault("create-webhook:reset-before:1")
    await create(counter, YES)
    with pytest.raises(RefundError, match="under way"):
        await counter.desk.create_webhook("", URL, ("order.paid",), YES)


@pytest.fixture
def secrets(counter: Counter) -> dict[tuple[str, str], str]:
    """What is kept, beside the secret of something older."""
    counter.secrets.kept["clawver", "R-00000000"] = "example-secret-of-another"
    return counter.secrets.kept


async def test_the_secret_of_a_deleted_webhook_is_kept_no_longer_and_the_others_are(
    counter: Counter, secrets: dict[tuple[str, str], str]
) -> None:
    """Hostile 89: what is signed with it afterwards is nobody's."""
    done, other = await create(counter, YES), await create(counter, YES, f"{URL}/other")
    await counter.desk.delete_webhook("", done.webhook.id)
    assert set(secrets) == {("clawver", "R-00000000"), ("clawver", other.action.action_id)}
    await counter.desk.delete_webhook("", other.webhook.id)
    assert set(secrets) == {("clawver", "R-00000000")}


async def test_the_secret_of_a_webhook_whose_deletion_was_not_answered_goes_when_it_is_deleted_again(
    counter: Counter, secrets: dict[tuple[str, str], str]
) -> None:
    done = await create(counter, YES)
    counter.fault("delete-webhook:reset-after:1")
    with pytest.raises(DeskError):
        await counter.desk.delete_webhook("", done.webhook.id)
    assert ("clawver", done.action.action_id) in secrets
    with pytest.raises(NotFoundError):
        await counter.desk.delete_webhook("", done.webhook.id)
    assert set(secrets) == {("clawver", "R-00000000")}


async def test_a_webhook_that_is_still_there_keeps_its_secret(
    counter: Counter, secrets: dict[tuple[str, str], str]
) -> None:
    done = await create(counter, YES)
    counter.fault("delete-webhook:403:1")
    with pytest.raises(DeskError):
        await counter.desk.delete_webhook("", done.webhook.id)
    with pytest.raises(NotFoundError):
        await counter.desk.delete_webhook("", "wh_of_nobody")
    assert len(secrets) == 2
    assert not await is_deleted(counter.ledger, "clawver", done.action.action_id)


async def test_the_record_says_who_deleted_a_webhook_so_that_its_secret_goes_on_other_computers_too(
    counter: Counter,
) -> None:
    done, other = await create(counter, YES), await create(counter, YES, f"{URL}/other")
    await counter.desk.delete_webhook("", done.webhook.id)
    found = [
        await is_deleted(counter.ledger, store, action_id)
        for store, action_id in (
            ("clawver", done.action.action_id),
            ("clawver", other.action.action_id),
            ("second", done.action.action_id),
            ("clawver", "R-00000000"),
        )
    ]
    assert found == [True, False, False, False]
    assert await counter.ledger.verify() == ()


async def test_a_webhook_is_deleted_and_an_unknown_one_is_not_found(counter: Counter) -> None:
    done = await create(counter, YES)
    await counter.desk.delete_webhook("", done.webhook.id)
    assert await counter.desk.list_webhooks("") == ()
    with pytest.raises(NotFoundError):
        await counter.desk.delete_webhook("", done.webhook.id)
