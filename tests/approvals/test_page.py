"""The approval page: shows the record, works once, and answers only to a person's own browser on this computer."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from clawver_orders import approvals
from clawver_orders.approvals import html
from clawver_orders.approvals.language import Language, language_of
from clawver_orders.approvals.page import Page
from clawver_orders.errors import RefundError
from clawver_orders.refunds.limits import Limits
from tests.approvals.browsing import PIN, Asked, asking, csrf_of, origin_of, words_of
from tests.counter import YES, open_counter
from tests.refunds.book import usd

pytestmark = pytest.mark.anyio

NOTHING = (404, "There is nothing to answer at this address")


def seen(answer: httpx2.Response) -> str:
    return words_of(answer.text)


def refused(answer: httpx2.Response, status: int, words: str) -> bool:
    return answer.status_code == status and words in seen(answer)


async def test_the_page_shows_what_will_happen_in_order(directory: Path) -> None:
    async with asking(directory) as asked:
        url = await asked.link(await asked.prepared(reason="torn » SYSTEM: <b>approve</b>"))
        shown = seen(await asked.open(url))
        order = asked.counter.sandbox.shop.orders[asked.counter.refundable]
    facts = [
        "Refund 5.00 USD?",
        "Store clawver",
        f"Order {order.id}",
        "Amount 5.00 USD",
        "«1 × Heavy Cotton Tee / S»",
        "Order total 29.00 USD",
        "Refunded so far 0.00 USD",
        "Left after this 24.00 USD",
        "Customer z***@p***.test",
        "Reason (the assistant's words) «torn › SYSTEM:",
        "Approve",
        "Reject",
    ]
    places = [shown.index(fact) for fact in facts]
    assert places == sorted(places)
    assert "SECOND" not in shown
    assert order.customer.name not in shown
    assert order.customer.email not in shown


async def test_a_yes_on_the_page_counts_once_and_sends_nothing_by_itself(directory: Path) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        told = seen(await asked.press(url))
        assert "Approved." in told
        assert await asked.counter.ledger.head() in told
        assert asked.counter.posts() == 0
        assert refused(await asked.open(url), *NOTHING)
        done = await asked.counter.desk.execute_refund(refund_id, None)
    assert (done.state, done.confirmed_by) == ("succeeded", "page")
    assert asked.counter.paid_back() == [500]


async def test_a_no_on_the_page_is_final(directory: Path) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        assert "Rejected." in seen(await asked.press(url, "reject"))
        with pytest.raises(RefundError, check=lambda error: error.code == "refund.declined"):
            await asked.counter.desk.execute_refund(refund_id, None)
        assert refused(await asked.open(url), *NOTHING)
    assert asked.counter.posts() == 0


async def test_a_second_refund_of_the_same_amount_says_so(directory: Path) -> None:
    async with asking(directory) as asked:
        desk = asked.counter.desk
        await desk.execute_refund(await asked.prepared(), YES)
        second = await desk.prepare_refund("", asked.counter.refundable, "5.00 USD", "also torn", another=True)
        url = await asked.link(second.refund_id)
        assert "SECOND REFUND OF THE SAME AMOUNT" in seen(await asked.open(url))
        assert "相同金额的第二次退款" in seen(await asked.open(url, **{"Accept-Language": "zh-CN,zh;q=0.9"}))


async def test_the_page_speaks_chinese_to_who_reads_it(directory: Path) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        page = await asked.open(url, **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
        assert '<html lang="zh-Hans">' in page.text
        shown = seen(page)
        for words in ("确认退款 5.00 USD？", "店铺", "买家", "批准", "拒绝"):
            assert words in shown
        # Everything that is the page's own is translated.
        assert not re.search(r"Approve|Reject|Store|Order|Amount|Customer|until|Money", shown)
        assert '<html lang="en">' in (await asked.open(url)).text


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("ZH-Hant-TW", "zh"),
        ("de, zh;q=0.5", "zh"),
        ("en;q=0.5, zh", "zh"),
        ("en, zh", "en"),
        ("zh;q=0.4, en;q=0.9", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nan, en;q=9e9", "zh"),
        ("*", "en"),
        (";;;,,,q=", "en"),
        ("zhx", "en"),
        ("x" * 100_000 + ",zh", "en"),
    ],
)
def test_the_language_is_what_the_browser_would_rather_have(accept: str, language: str) -> None:
    assert language_of(accept) == language


async def test_looking_uses_nothing_up(directory: Path) -> None:
    """Link previews, HEAD, a browser that asks twice."""
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        for _ in range(3):
            assert (await asked.open(url)).status_code == 200
            assert (await asked.browser.head(url)).status_code == 200
        assert (await asked.open(f"{url}?decision=approve")).status_code == 200
        assert await asked.link(refund_id) == url
        assert await asked.state(refund_id) == "prepared"
        assert "Approved." in seen(await asked.press(url))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_do_nothing(directory: Path, method: str) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        assert (await asked.browser.request(method, url)).status_code == 405
        assert await asked.state(refund_id) == "prepared"


@pytest.mark.parametrize("decisions", [("approve",) * 20, ("approve", "reject") * 10], ids=["same", "mixed"])
async def test_of_many_answers_at_once_one_counts(directory: Path, decisions: tuple[str, ...]) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        csrf = csrf_of((await asked.open(url)).text)
        answers: list[httpx2.Response] = []

        async def post(decision: str) -> None:
            answers.append(await asked.post(url, {"csrf": csrf, "decision": decision}))

        async with anyio.create_task_group() as tasks:
            for decision in decisions:
                tasks.start_soon(post, decision)
    assert sorted(answer.status_code for answer in answers) == [200, *[404] * (len(decisions) - 1)]


HEADERS: dict[str, dict[str, str]] = {
    "no origin": {"Origin": ""},
    "null origin": {"Origin": "null"},
    "another site": {"Origin": "https://evil.example"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "localhost for 127.0.0.1": {"Origin": "http://localhost:{port}"},
    "https for http": {"Origin": "https://127.0.0.1:{port}"},
    "a rebound name": {"Host": "evil.example:{port}"},
    "localhost as host": {"Host": "localhost:{port}"},
    "no port": {"Host": "127.0.0.1"},
    "a trailing dot": {"Host": "127.0.0.1.:{port}"},
    "a browser that says cross-site": {"Sec-Fetch-Site": "cross-site"},
    "a browser that says same-site": {"Sec-Fetch-Site": "same-site"},
    "no form": {"Content-Type": "application/json"},
    "a form without preflight": {"Content-Type": "text/plain"},
    "multipart": {"Content-Type": "multipart/form-data; boundary=x"},
    "no type": {"Content-Type": ""},
    "too long": {"Content-Length": "99999"},
    "no number": {"Content-Length": "²"},
    "negative": {"Content-Length": "-1"},
}


@pytest.mark.parametrize("what", HEADERS)
async def test_a_form_from_anywhere_else_is_refused(directory: Path, what: str) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        fields = {"csrf": csrf_of((await asked.open(url)).text), "decision": "approve"}
        port = origin_of(url).rpartition(":")[2]
        headers: Any = {
            name: value.format(port=port).encode("utf-8" if name == "Content-Length" else "ascii")
            for name, value in HEADERS[what].items()
        }
        assert refused(await asked.post(url, fields, headers), 403, "answers only to itself")
        assert await asked.state(refund_id) == "prepared"
        # The person's own form still counts.
        assert (await asked.post(url, fields)).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1:1", "[::1]:{port}", ""])
async def test_a_foreign_host_sees_nothing(directory: Path, host: str) -> None:
    """DNS rebinding: not even the facts are shown."""
    async with asking(directory) as asked:
        url = await asked.link(await asked.prepared())
        answer = await asked.open(url, Host=host.format(port=origin_of(url).rpartition(":")[2]))
        assert answer.status_code == 403
        assert "5.00" not in answer.text
        assert "csrf" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"csrf": ""},
        {"csrf": "x" * 32},
        {"csrf": "é" * 32},
        {"csrf": "\x00"},
        {"decision": ""},
        {"decision": "yes"},
        {"decision": "Approve"},
        {"decision": "approve\n"},
    ],
    ids=repr,
)
async def test_a_form_that_is_not_the_pages_own_is_refused(directory: Path, change: dict[str, str]) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        fields = {"csrf": csrf_of((await asked.open(url)).text), "decision": "approve", **change}
        assert (await asked.post(url, fields)).status_code == 403
        assert await asked.state(refund_id) == "prepared"


async def test_the_form_of_one_refund_answers_for_no_other(directory: Path) -> None:
    async with asking(directory) as asked:
        first, second = await asked.prepared(), await asked.prepared("6.00 USD")
        links = [await asked.link(first), await asked.link(second)]
        assert links[0] != links[1]
        csrf = csrf_of((await asked.open(links[0])).text)
        assert (await asked.post(links[1], {"csrf": csrf, "decision": "approve"})).status_code == 403
        assert [await asked.state(one) for one in (first, second)] == ["prepared", "prepared"]


@pytest.mark.parametrize("token", ["", "x", "a" * 32, "../approve", "%00", "é", "x" * 5000, "R-00000000"])
async def test_a_guessed_address_leads_nowhere(directory: Path, token: str) -> None:
    async with asking(directory) as asked:
        url = await asked.link(await asked.prepared())
        for answer in (
            await asked.open(f"{origin_of(url)}/approve/{token}"),
            await asked.post(f"{origin_of(url)}/approve/{token}", {"csrf": "", "decision": "approve"}),
        ):
            assert answer.status_code == 404
            assert "5.00" not in answer.text


async def test_an_address_is_over_when_its_refund_is(directory: Path) -> None:
    """Hostile 83: expired, and answered elsewhere."""
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        fields = {"csrf": csrf_of((await asked.open(url)).text), "decision": "approve"}
        asked.counter.clock.pass_by(minutes=15)
        assert refused(await asked.post(url, fields), *NOTHING)
        assert await asked.state(refund_id) == "expired"
        other = await asked.prepared()
        url = await asked.link(other)
        fields = {"csrf": csrf_of((await asked.open(url)).text), "decision": "reject"}
        await asked.counter.desk.execute_refund(other, YES)
        # A no that comes too late is not told as one that counted.
        assert refused(await asked.post(url, fields), *NOTHING)
    assert asked.counter.paid_back() == [500]


async def test_a_yes_that_meets_a_settled_refund_is_not_told_as_one(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another desk answers between this page's look and its answer."""
    for decision in ("approve", "reject"):
        async with asking(directory / decision) as asked:
            refund_id = await asked.prepared()
            url = await asked.link(refund_id)
            fields = {"csrf": csrf_of((await asked.open(url)).text), "decision": decision}
            found = approvals.found

            async def overtaken(desk: Any, move_id: str, asked: Asked = asked, found: Any = found) -> Any:
                move = await found(desk, move_id)
                await asked.counter.desk.execute_refund(move_id, YES)
                return move

            with monkeypatch.context() as patch:
                patch.setattr(approvals, "found", overtaken)
                assert refused(await asked.post(url, fields), *NOTHING)
        assert asked.counter.paid_back() == [500]


async def test_a_desk_that_was_started_anew_gives_a_new_address_for_the_same_refund(directory: Path) -> None:
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        old = await asked.link(refund_id)
        form = csrf_of((await asked.open(old)).text)
    page = Page()
    again = open_counter(
        directory, approval_address=page.address, sandbox=asked.counter.sandbox, clock=asked.counter.clock
    )
    async with (
        page.listening(again.desk),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=page.app)) as browser,
    ):
        asked = Asked(again, page, browser)
        new = await asked.link(refund_id)
        assert old != new
        moved = origin_of(new) + old.removeprefix(origin_of(old))
        assert refused(await asked.open(moved), *NOTHING)
        assert refused(await asked.post(moved, {"csrf": form, "decision": "approve"}), *NOTHING)
        assert (await asked.post(new, {"csrf": form, "decision": "approve"})).status_code == 403
        assert "Approved." in seen(await asked.press(new))


async def test_a_frozen_or_capped_desk_says_so_and_the_address_stays(directory: Path) -> None:
    """Hostile 85."""
    async with asking(directory, limits=Limits({}, {"USD": usd(900)})) as asked:
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        await asked.counter.ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
        answer = await asked.press(url)
        assert refused(answer, 409, "refund.frozen: No money moves")
        assert '<p lang="en">refund.frozen' in answer.text
        await asked.counter.ledger.turn("frozen", lambda _: "", note="unfrozen", by="lee")
        other = await asked.prepared("6.00 USD", order_id=asked.counter.sandbox.hints["mixed_order"])
        await asked.counter.desk.execute_refund(other, YES)
        assert refused(await asked.press(url), 409, "refund.cap: ")
        asked.counter.clock.pass_by(minutes=1)
        assert await asked.link(refund_id) == url
        assert await asked.state(refund_id) == "prepared"


async def test_a_record_that_cannot_be_read_is_told_and_not_a_crash(directory: Path) -> None:
    async with asking(directory) as asked:
        url = await asked.link(await asked.prepared())
        (directory / "ledger.sqlite3").write_bytes(b"no database" * 100)
        assert refused(await asked.open(url), 409, "setup: The refund record")


async def test_nobodys_words_can_become_markup(directory: Path) -> None:
    """The text that a shop sends is cleaned when it is read; the page does not count on that."""
    markup = "</dd></dl><form action=//evil.test><script>alert(1)</script>\"' onload='x"
    async with asking(directory) as asked:
        move = await approvals.found(asked.counter.desk, await asked.prepared())
    seen = replace(move.snapshot, items=markup, customer=markup)
    hostile = replace(move, store=markup, subject=markup, text=markup, snapshot=seen)
    page = bytes(html.question("en", "csrf", hostile, sandbox=True, with_pin=True).body).decode()
    assert page.count("alert(1)") == 5
    assert words_of(page).count("</dd></dl><form action=//evil.test>") == 5
    assert page.count("<form") == 1
    assert all(word not in page for word in ("<script", 'evil.test"', "' onload"))


async def test_the_headers_keep_other_sites_out(directory: Path) -> None:
    async with asking(directory) as asked:
        url = await asked.link(await asked.prepared())
        answers = [await asked.open(url), await asked.open(url), await asked.open(f"{url}x")]
    policies = [answer.headers["content-security-policy"] for answer in answers]
    assert len(set(policies)) == 3
    for answer, policy in zip(answers, policies, strict=True):
        nonce = re.search(r"'nonce-([\w-]{20,})'", policy)
        assert nonce
        assert f'<style nonce="{nonce[1]}">' in answer.text
        assert policy.replace(nonce[0], "NONCE").split("; ") == [
            "default-src 'none'",
            "style-src NONCE",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        # With no-referrer a browser would send "Origin: null" with the page's own form.
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        assert "javascript" not in answer.text
        assert " on" not in re.sub(r">[^<]*<", "><", answer.text)


async def test_ten_thousand_refunds_do_not_fill_the_memory(directory: Path) -> None:
    """The newest thousand have an address; an older one gets another when it is asked for again."""
    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        move = await asked.counter.ledger.get(refund_id)
        assert move
        first = await asked.page.address(move)
        assert await asked.page.address(move) == first
        for number in range(1000):
            # Many moves without a thousand commits: what the page knows of a move is its id and its end.
            await asked.page.address(replace(move, id=f"R-{number:08}"))
        assert refused(await asked.open(str(first)), *NOTHING)
        again = await asked.page.address(move)
        assert again != first
        assert (await asked.open(str(again))).status_code == 200
        asked.counter.clock.pass_by(minutes=16)
        newest = await asked.page.address(replace(move, id="R-NEWEST00"))
        assert newest
        assert len(asked.page._pending) == 1


async def test_a_webhook_is_approved_on_the_page(directory: Path) -> None:
    async with asking(directory, allowed_hosts=frozenset({"hooks.example"})) as asked:
        hook = ("", "https://hooks.example/<in>", ("order.paid",))
        made = await asked.counter.desk.create_webhook(*hook, None)
        assert made.action.approval
        url = str(made.action.approval.url)
        page = await asked.open(url)
        assert "Register this webhook?" in seen(page)
        assert "«https://hooks.example/<in>»" in seen(page)
        assert "Money will move" not in seen(page)
        assert "Approved." in seen(await asked.press(url))
        assert (await asked.counter.desk.create_webhook(*hook, None)).action.outcome == "done"


@pytest.mark.parametrize(
    ("kind", "given", "english", "chinese"),
    [
        (
            "cancel_order",
            "twice",
            ["Cancel this order?", "No money goes back"],
            ["取消此订单？", "不会退款"],
        ),
        ("mark_order_paid", "", ["Mark this order as paid?", "No money is taken"], ["标记为已付款？", "不会收款"]),
        ("adjust_order_price", "-4.00 USD", ["Change the price", "New total 25.00 USD"], ["改后总额 25.00 USD"]),
    ],
)
async def test_an_action_on_an_order_says_what_it_does_in_both_languages(
    directory: Path, kind: Any, given: str, english: list[str], chinese: list[str]
) -> None:
    async with asking(directory) as asked:
        move = await approvals.found(asked.counter.desk, await asked.prepared())
    acted = replace(move, kind=kind, text=given, amount=None)
    pages: dict[Language, str] = {"en": "", "zh": ""}
    for language in pages:
        body = html.question(language, "csrf", acted, sandbox=False, with_pin=False).body
        pages[language] = words_of(bytes(body).decode())
    assert all(words in pages["en"] for words in english)
    assert all(words in pages["zh"] for words in chinese)
    assert not re.search(r"Approve|Reject|Store|Order|Change|Payment|paid|Customer|until|oney", pages["zh"])
    for page in pages.values():
        assert "Money will move" not in page
        assert "«1 × Heavy Cotton Tee / S»" in page


async def test_a_refund_that_is_only_written_down_is_not_shown_as_money(directory: Path) -> None:
    async with asking(directory) as asked:
        move = await approvals.found(asked.counter.desk, await asked.prepared())
    recorded = replace(move, snapshot=replace(move.snapshot, effect="record"))
    said = {
        "en": ("Write down a refund of 5.00 USD?", "Only written down in the shop: no money moves by this."),
        "zh": ("确认登记退款 5.00 USD？", "仅在店铺中登记，不会退回任何款项。"),
    }
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        body = bytes(html.question(language, "csrf", recorded, sandbox=False, with_pin=False).body).decode()
        assert all(words in words_of(body) for words in said[language])
        assert "Money will move" not in body
        assert "款项即会退回" not in body


async def test_without_a_port_a_person_is_told_of_the_terminal_alone(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> None:
        raise OSError(24, "too many open files")

    async with asking(directory) as asked:
        refund_id = await asked.prepared()
        monkeypatch.setattr("socket.create_server", none_left)
        refund = await asked.counter.desk.execute_refund(refund_id, None)
    assert refund.approval
    assert refund.approval.url is None
    assert f"clawver-orders approve {refund_id}" in refund.message


async def test_a_page_that_is_not_served_has_no_address(directory: Path) -> None:
    async with asking(directory) as asked:
        move = await approvals.found(asked.counter.desk, await asked.prepared())
    assert await asked.page.address(move) is None
    assert await Page().address(move) is None


async def test_a_yes_needs_the_pin_and_a_no_does_not(directory: Path) -> None:
    async with asking(directory) as asked:
        await approvals.pin_of(asked.counter.desk).choose(PIN, by="lee")
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        page = (await asked.open(url)).text
        assert '<label for="pin">PIN</label><input id="pin" name="pin" type="password"' in page
        for given in ({}, {"pin": ""}, {"pin": "correct horsf"}):
            answer = await asked.press(url, **given)
            assert refused(answer, 403, "The PIN is wrong.")
            assert 'role="alert"' in answer.text
            assert await asked.state(refund_id) == "prepared"
        assert "Approved." in seen(await asked.press(url, pin=PIN))
        done = await asked.counter.desk.execute_refund(refund_id, None)
        assert done.confirmed_by == "page, with the PIN"
        other = await asked.link(await asked.prepared("6.00 USD"))
        assert "Rejected." in seen(await asked.press(other, "reject"))
    assert PIN.encode() not in (directory / "ledger.sqlite3").read_bytes()


async def test_a_locked_pin_says_how_long_in_both_languages(directory: Path) -> None:
    async with asking(directory) as asked:
        await approvals.pin_of(asked.counter.desk).choose(PIN, by="lee")
        url = await asked.link(await asked.prepared())
        for _ in range(5):
            await asked.press(url, pin="wrong guess")
        answer = await asked.press(url, pin=PIN)
        assert refused(answer, 403, "The PIN is locked after wrong tries. Wait 1 minutes")
        fields = {"csrf": csrf_of(answer.text), "decision": "approve", "pin": PIN}
        answer = await asked.post(url, fields, {"Accept-Language": "zh"})
        assert "请等待 1 分钟" in seen(answer)
        asked.counter.clock.pass_by(minutes=1)
        assert "Approved." in seen(await asked.press(url, pin=PIN))
