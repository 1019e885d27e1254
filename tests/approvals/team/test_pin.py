"""The team's page with the PIN: what a person sees, what a yes is bound to, and when a sign-in is over."""

from dataclasses import replace
from pathlib import Path

import anyio
import httpx2
import pytest

from clawver_orders import approvals
from clawver_orders.approvals.team import address_at, open_page
from clawver_orders.approvals.team import html as team
from clawver_orders.refunds.machine import State
from tests.approvals.browsing import PIN, csrf_of
from tests.approvals.team.visiting import ORIGIN, Browser, Team, a_team, refused, seen
from tests.counter import YES, Counter, open_counter
from tests.server.serving import Era, structured
from tests.service.serving import client_at

pytestmark = pytest.mark.anyio

REFUND = {"amount": "5.00 USD", "reason": "arrived torn"}


async def prepared(counter: Counter, amount: str = "5.00 USD") -> str:
    """The page's own path for a new refund."""
    return f"/moves/{(await counter.prepared(amount)).refund_id}"


async def test_from_the_prepared_refund_over_the_page_to_one_send(counter: Counter, era: Era) -> None:
    async with a_team(counter) as at:
        async with client_at(at.service.url, at.token, era) as client:
            made = structured(await client.call_tool("prepare_refund", {"order_id": counter.refundable, **REFUND}))[
                "refund"
            ]
            given = {"refund_id": made["refund_id"]}
            waits = structured(await client.call_tool("execute_refund", given))["refund"]
            assert (waits["state"], waits["approval"]["url"]) == (
                "prepared",
                f"{ORIGIN}/moves/{made['refund_id']}",
            )
            assert waits["approval"]["url"] in waits["message"]
            browser = at.browser()
            url = waits["approval"]["url"]
            assert "Sign in" in seen(await browser.open(url))
            assert "5.00" not in seen(await browser.open(url))
            assert refused(await browser.sign_in(url, "wrong guess"), 403, "The PIN is wrong")
            question = seen(await browser.sign_in(url))
            for words in ("Refund 5.00 USD?", "Prepared by bot-", "«arrived torn»", "Signed in with the PIN."):
                assert words in question
            for pin in ({}, {"pin": "wrong guess"}):
                assert refused(await browser.press(url, **pin), 403, "The PIN is wrong")
            assert await at.state(made["refund_id"]) == "prepared"
            approved = await browser.press(url, pin=PIN)
            assert refused(approved, 200, "Approved.")
            assert await counter.ledger.head() in seen(approved)
            assert counter.posts() == 0
            done = structured(await client.call_tool("execute_refund", given))["refund"]
            assert (done["state"], done["confirmed_by"]) == ("succeeded", "page, with the PIN")
        assert counter.paid_back() == [500]
        assert ("page, with the PIN", "confirmed") in await at.told(made["refund_id"])
        assert await counter.ledger.verify() == ()


async def test_the_list_shows_what_waits_newest_first_and_nothing_else(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        assert "Nothing waits." in seen(await browser.sign_in())
        over = await prepared(counter, "1.00 USD")
        counter.clock.pass_by(minutes=14)
        paths = []
        for amount in ("2.00 USD", "3.00 USD", "4.00 USD"):
            paths.append(await prepared(counter, amount))
            counter.clock.pass_by(seconds=20)
        await counter.desk.execute_refund(paths[1].removeprefix("/moves/"), YES)
        browser = at.browser()
        shown = await browser.sign_in()
        assert paths[1] not in shown.text
        assert over not in shown.text
        assert shown.text.index(paths[2]) < shown.text.index(paths[0])
        for words in ("Refund 2.00 USD?", f"Order {counter.refundable}", "Customer z***@p***.test"):
            assert words in seen(shown)
        # Looking changes nothing, not even what is over.
        assert await at.state(over.removeprefix("/moves/")) == "prepared"


async def test_a_list_that_is_too_long_says_so(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    from clawver_orders.approvals.team import page

    monkeypatch.setattr(page, "_LISTED", 1)
    async with a_team(counter) as at:
        browser = at.browser()
        older = await prepared(counter, "2.00 USD")
        assert "Only the newest" not in seen(await browser.sign_in())
        counter.clock.pass_by(seconds=1)
        await prepared(counter, "3.00 USD")
        shown = await browser.open("/")
        assert "Only the newest are shown" in seen(shown)
        assert older not in shown.text


async def test_a_no_needs_no_pin_and_is_final(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        path = await prepared(counter)
        await browser.sign_in(path)
        assert refused(await browser.press(path, "reject"), 200, "Rejected.")
        over = await browser.open(path)
        assert refused(over, 409, "It is declined. By: page, with the PIN.")
        assert "csrf" not in over.text.partition("<hr>")[0]
    assert counter.posts() == 0


async def test_the_page_speaks_chinese_to_who_reads_it(counter: Counter) -> None:
    zh = {"Accept_Language": "zh-CN,zh;q=0.9"}
    async with a_team(counter) as at:
        browser = at.browser()
        path = await prepared(counter)
        assert "登录" in seen(await browser.open(path, **zh))
        await browser.sign_in(path)
        for page in (await browser.open(path, **zh), await browser.open("/", **zh)):
            assert '<html lang="zh-Hans">' in page.text
            assert "已用 PIN 码登录。" in seen(page)
            assert "确认退款 5.00 USD？" in seen(page)
            assert not any(words in seen(page) for words in ("Refund", "Signed in", "Sign out", "waits", "Order"))


async def test_a_sign_in_with_the_pin_lasts_a_quarter_of_an_hour(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        await browser.sign_in()
        counter.clock.pass_by(minutes=14, seconds=59)
        assert "Signed in" in seen(await browser.open("/"))
        counter.clock.pass_by(seconds=1)
        assert "Signed in" not in seen(await browser.open("/"))


async def test_a_clock_that_was_set_back_prolongs_no_sign_in(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        await browser.sign_in()
        counter.clock.pass_by(minutes=-3)
        assert "Signed in" not in seen(await browser.open("/"))


async def test_another_pin_ends_what_the_one_before_began(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        path = await prepared(counter)
        page = await browser.sign_in(path)
        await approvals.pin_of(counter.desk).choose("another horse", by="lee")
        fields = {"csrf": csrf_of(page.text), "decision": "approve"}
        for pin in (PIN, "another horse"):
            answer = await browser.send("POST", path, {**fields, "pin": pin})
            assert refused(answer, 403, "Sign in first.")
        assert "Signed in" not in seen(await browser.open("/"))
        assert await at.state(path.removeprefix("/moves/")) == "prepared"
        assert "Signed in" in seen(await browser.sign_in(pin="another horse"))


async def test_who_signs_out_is_out_wherever_the_cookie_is(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        page = await browser.sign_in()
        copied = dict(browser.cookies)
        other = at.browser()
        await other.sign_in()
        out = await browser.send("POST", "/sign-out", {"csrf": csrf_of(page.text)})
        assert refused(out, 200, "You are signed out.")
        assert browser.cookies == {}
        browser.cookies = copied
        assert "Signed in" not in seen(await browser.open("/"))
        assert "Signed in" in seen(await other.open("/"))


async def test_a_sign_in_is_good_at_every_worker_and_after_a_restart(counter: Counter, tmp_path: Path) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        path = await prepared(counter)
        await browser.sign_in()
        second = open_counter(tmp_path / "desk", sandbox=counter.sandbox, clock=counter.clock)
        elsewhere = Browser(
            "http://worker", page=await open_page(second.desk, ORIGIN, None), cookies=browser.cookies
        )
        page = await elsewhere.open(path)
        # The question that one worker asked is answered at another.
        fields = {"csrf": csrf_of(page.text), "decision": "approve", "pin": PIN}
        assert refused(await browser.send("POST", path, fields), 200, "Approved.")
        foot = page.text.partition("/sign-out")[2]
        await elsewhere.send("POST", "/sign-out", {"csrf": csrf_of(foot)})
    browser.address = ""
    async with a_team(counter, pin=False) as again:
        browser.address = again.address
        assert "Signed in" not in seen(await browser.open("/"))


async def test_two_people_answer_at_once_and_one_is_told_who_was_faster(counter: Counter) -> None:
    async with a_team(counter) as at:
        path = await prepared(counter)
        browsers = [at.browser() for _ in range(4)]
        pages = [await browser.sign_in(path) for browser in browsers]
        forms = [{"csrf": csrf_of(page.text), "decision": "approve", "pin": PIN} for page in pages]
        answers: list[httpx2.Response] = []

        async def post(browser: Browser, form: dict[str, str]) -> None:
            answers.append(await browser.send("POST", path, form))

        async with anyio.create_task_group() as tasks:
            for browser, form in zip(browsers, forms, strict=True):
                tasks.start_soon(post, browser, form)
        first, *others = sorted(answers, key=lambda answer: answer.status_code)
        assert refused(first, 200, "Approved.")
        for other in others:
            assert refused(other, 409, "It is confirmed. By: page, with the PIN.")
        assert [event for event in await at.told(path.removeprefix("/moves/")) if event[1] == "confirmed"] == [
            ("page, with the PIN", "confirmed")
        ]


async def test_an_answer_between_the_look_and_the_yes_wins(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another desk says no between this page's look and its answer; and no yes takes that back."""
    async with a_team(counter) as at:
        path = await prepared(counter)
        browser = at.browser()
        await browser.sign_in(path)
        form = {"csrf": csrf_of((await browser.open(path)).text), "decision": "approve", "pin": PIN}
        found = approvals.found

        async def overtaken(desk: object, move_id: str) -> object:
            move = await found(counter.desk, move_id)
            if move.state is State.PREPARED:
                await approvals.answer(counter.desk, move, given=False, how="a person at the terminal")
            return move

        with monkeypatch.context() as patch:
            patch.setattr(approvals, "found", overtaken)
            answer = await browser.send("POST", path, form)
        assert refused(answer, 409, "It is declined. By: a person at the terminal.")


async def changed(at: Team, path: str) -> None:
    """The record's own move says something else than what was shown; no way of the desk does that."""
    ledger = at.service.counter.ledger

    def decide(book: object) -> object:
        move = book.get(path.removeprefix("/moves/"))  # type: ignore[attr-defined]  # a Book
        seen = replace(move.snapshot, customer="s***@e***.test")
        return replace(move, version=move.version + 1, snapshot=seen)

    await ledger.decide(decide, by="a test")  # type: ignore[arg-type]  # as above


async def test_a_yes_to_what_was_shown_is_none_to_what_stands_there_now(counter: Counter) -> None:
    async with a_team(counter) as at:
        path = await prepared(counter)
        browser = at.browser()
        form = {"csrf": csrf_of((await browser.sign_in(path)).text), "decision": "approve", "pin": PIN}
        await changed(at, path)
        assert refused(await browser.send("POST", path, form), 403, "about what it showed. Open it again.")
        assert await at.state(path.removeprefix("/moves/")) == "prepared"
        assert "s***@e***.test" in seen(await browser.open(path))
        assert refused(await browser.press(path, pin=PIN), 200, "Approved.")


async def test_a_yes_that_comes_too_late_confirms_nothing(counter: Counter) -> None:
    async with a_team(counter) as at:
        path = await prepared(counter)
        counter.clock.pass_by(minutes=10)
        browser = at.browser()
        form = {"csrf": csrf_of((await browser.sign_in(path)).text), "decision": "approve", "pin": PIN}
        counter.clock.pass_by(minutes=5)
        assert refused(await browser.send("POST", path, form), 409, "It is expired.")
    assert counter.posts() == 0


async def test_a_frozen_desk_says_so_and_the_question_stays(counter: Counter) -> None:
    """Hostile 85."""
    async with a_team(counter) as at:
        path = await prepared(counter)
        browser = at.browser()
        await browser.sign_in(path)
        await counter.ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
        assert refused(await browser.press(path, pin=PIN), 409, "refund.frozen")
        await counter.ledger.turn("frozen", lambda _: "", note="unfrozen", by="lee")
        assert refused(await browser.press(path, pin=PIN), 200, "Approved.")


async def test_wrong_pins_lock_it_for_the_sign_in_and_for_each_yes(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser, guesser = at.browser(), at.browser()
        path = await prepared(counter)
        await browser.sign_in(path)
        for _ in range(5):
            assert refused(await guesser.sign_in(pin="wrong guess"), 403, "The PIN is wrong")
        assert refused(await guesser.sign_in(), 403, "Wait 1 minutes")
        assert guesser.cookies == {}
        assert refused(await browser.press(path, pin=PIN), 403, "Wait 1 minutes")
        assert await at.state(path.removeprefix("/moves/")) == "prepared"
        counter.clock.pass_by(minutes=1)
        assert refused(await browser.press(path, pin=PIN), 200, "Approved.")


async def test_where_the_pin_is_gone_nobody_gets_in(counter: Counter) -> None:
    """A record that was put in the place of the one before has no PIN: that must not open the page."""
    async with a_team(counter) as at:
        browser = at.browser()
        path = await prepared(counter)
        page = await browser.sign_in(path)
        await counter.ledger.turn("pin", lambda _: "", note="gone", by="a test")
        form = {"csrf": csrf_of(page.text), "decision": "approve", "pin": PIN}
        assert refused(await browser.send("POST", path, form), 403, "Sign in first.")
        for pin in ("", PIN):
            assert (await at.browser().sign_in(pin=pin)).status_code == 403


async def test_nobodys_words_can_become_markup(counter: Counter) -> None:
    """In the question it is tried by the one-time page's tests; here in what the team's page has beside it."""
    markup = "</dd></dl><form action=//evil.test><script>alert(1)</script>\"' onload='x"
    async with a_team(counter) as at:
        browser = at.browser()
        made = await counter.desk.prepare_refund("", counter.refundable, "5.00 USD", markup, another=False)
        pages = [(await browser.sign_in()).text, (await browser.open(f"/moves/{made.refund_id}")).text]
        move = await approvals.found(counter.desk, made.refund_id)
    hostile = replace(
        move, store=markup, subject=markup, principal=markup, snapshot=replace(move.snapshot, customer=markup)
    )
    below = team.waiting("en", [hostile], sandbox=True, more=False, below="").body
    declined = replace(hostile, state=State.DECLINED, evidence=markup)
    pages += [bytes(below).decode(), bytes(team.over("en", declined, "").body).decode()]
    assert pages[2].count("alert(1)") == 4
    assert pages[3].count("alert(1)") == 1
    for page in pages:
        assert all(word not in page for word in ("<script", "<form action=//", 'evil.test"', "' onload"))


async def test_the_address_of_an_answer_is_the_pages_own(counter: Counter) -> None:
    move = await approvals.found(counter.desk, (await counter.prepared()).refund_id)
    assert await address_at("http://127.0.0.1:8601")(move) == f"http://127.0.0.1:8601/moves/{move.id}"
