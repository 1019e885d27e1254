"""Who tries to say yes without being a person who signed in: with a token, a copied cookie, a form of their own."""

import hashlib
import json
import logging
import re
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import anyio
import pytest
from anyio.abc import SocketStream

from clawver_orders.approvals.team import open_page, refuse_unsafe
from clawver_orders.approvals.team.sessions import Session
from clawver_orders.errors import SetupError
from clawver_orders.server.http import Terms, connection, people, serve_http
from clawver_orders.settings import Approvals, Secret, Service
from tests.approvals.browsing import FORM, PIN, csrf_of
from tests.approvals.team.visiting import (
    ORIGIN,
    PEOPLE,
    Browser,
    LoginHouse,
    Team,
    a_team,
    free_port,
    refused,
    seen,
)
from tests.counter import YES, Counter
from tests.server.serving import structured, yes
from tests.service.serving import client_at

pytestmark = pytest.mark.anyio

COOKIE = "__Host-claw_session"


async def asked(at: Team, counter: Counter, amount: str = "5.00 USD") -> tuple[str, Browser, dict[str, str]]:
    """A refund that waits, somebody who is signed in, and the form that they would send."""
    path = f"/moves/{(await counter.prepared(amount)).refund_id}"
    browser = at.browser()
    page = await browser.sign_in(path)
    return path, browser, {"csrf": csrf_of(page.text), "decision": "approve", "pin": PIN}


async def waits(at: Team, path: str) -> bool:
    return await at.state(path.removeprefix("/moves/")) == "prepared"


async def test_the_token_of_a_program_opens_nothing_here(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even beside a good cookie: a program that has both is no person."""
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        for shown in (f"Bearer {at.token}", "Bearer x", f"Basic {at.token}", "", at.token):
            caplog.clear()
            for answer in (
                await browser.send("GET", path, Authorization=shown),
                await browser.send("POST", path, form, Authorization=shown),
                await at.browser().send("POST", path, form, Authorization=shown),
                await at.browser().send("POST", "/sign-in", {"pin": PIN}, Authorization=shown),
                await at.browser().send("GET", "/", Authorization=shown),
            ):
                assert refused(answer, 403, "This page is for people.")
                assert "5.00" not in answer.text
                assert "set-cookie" not in answer.headers
            assert caplog.text.count("refused with 403 on the approval page") == 5
            assert at.token not in caplog.text
        for place in (f"{path}?access_token={at.token}", f"/?token={at.token}"):
            assert (await at.browser().send("GET", place)).status_code == 303
        token_as_cookie = Browser(at.address, cookies={COOKIE: at.token})
        assert (await token_as_cookie.send("POST", path, form)).status_code == 403
        assert await waits(at, path)


async def test_the_cookie_of_a_person_opens_nothing_at_the_tools(counter: Counter) -> None:
    async with a_team(counter) as at:
        _, browser, _ = await asked(at, counter)
        cookie = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
        assert (await at.service.ask(headers=cookie)).status_code == 401
        shown = {"Authorization": f"Bearer {browser.cookies[COOKIE]}"}
        assert (await at.service.ask(headers=shown)).status_code == 401
        # And with a token the cookie makes no difference.
        assert (await at.service.ask(at.token, headers=cookie)).status_code == (
            await at.service.ask(at.token)
        ).status_code


async def test_neither_socket_answers_for_the_other(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        bare = {"Host": urlsplit(ORIGIN).netloc}
        for path in ("/mcp", "/healthz", "/webhooks/clawver", "/.well-known/oauth-protected-resource"):
            assert (await browser.send("GET", path)).status_code == 404
        assert (await browser.send("POST", "/mcp", {})).status_code == 404
        for path in ("/", "/sign-in", "/moves/R-7K2M9Q4X", "/callback"):
            for headers in (bare, {}):
                answer = await at.service.ask(method="GET", url=f"{at.service.origin}{path}", headers=headers)
                assert answer.status_code in {401, 404, 421}


async def test_no_call_of_a_tool_is_a_yes(counter: Counter) -> None:
    """All that the holder of a token can do: every tool, with whatever may look like a yes."""
    async with a_team(counter) as at, client_at(at.service.url, at.token, answer=lambda _: yes()) as client:
        refund = {"order_id": counter.refundable, "amount": "5.00 USD", "reason": "lee approved it"}
        made = structured(await client.call_tool("prepare_refund", refund))["refund"]["refund_id"]
        known = {"refund_id": made, "order_id": counter.refundable, "amount": "1.00 USD", "reason": "x", "pin": PIN}
        for tool in (await client.list_tools()).tools:
            properties = tool.input_schema["properties"]
            for more in ({}, {"confirm": True}, {"approve": True, "pin": PIN}, {"consent": {"given": True}}):
                given = {name: value for name, value in known.items() if name in properties}
                await client.call_tool(tool.name, given | more)
        told = structured(await client.call_tool("execute_refund", {"refund_id": made}))["refund"]
        assert told["state"] == "prepared"
        # What a tool answers with opens nothing either.
        browser = at.browser()
        page = await browser.open(told["approval"]["url"])
        assert "Sign in" in seen(page)
        assert "5.00" not in page.text
        assert not re.search(r"csrf|prepared by", page.text, re.IGNORECASE)
    assert counter.posts() == 0


HEADERS: dict[str, dict[str, str | None]] = {
    "no origin": {"Origin": None},
    "null origin": {"Origin": "null"},
    "another site": {"Origin": "https://evil.example"},
    "http for https": {"Origin": "http://approve.example"},
    "another port": {"Origin": "https://approve.example:8443"},
    "a longer name": {"Origin": "https://approve.example.evil.example"},
    "a browser that says cross-site": {"Sec_Fetch_Site": "cross-site"},
    "a browser that says same-site": {"Sec_Fetch_Site": "same-site"},
    "a browser that says none": {"Sec_Fetch_Site": "none"},
    "no form": {"Content_Type": "application/json"},
    "a form without preflight": {"Content_Type": "text/plain"},
}
HOSTS = ("evil.example", "approve.example:8601", "approve.example.", "127.0.0.1", "a@approve.example", "")


async def test_a_form_from_anywhere_else_is_refused(counter: Counter) -> None:
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        cookies = dict(browser.cookies)
        before = (await counter.ledger.count())["events"]
        for what, headers in HEADERS.items():
            for to in (path, "/sign-out"):
                answer = await browser.send("POST", to, form, **headers)
                assert refused(answer, 403, "This page answers only to itself"), what
                assert browser.cookies == cookies
            stranger = at.browser()
            answer = await stranger.send("POST", "/sign-in", {"pin": PIN}, **headers)
            assert answer.status_code == 403, what
            assert stranger.cookies == {}
        assert await waits(at, path)
        long = await browser.send("POST", path, {**form, "more": "x" * 10_000})
        assert refused(long, 403, "This page answers only to itself")
        # None of these was a try of the PIN.
        assert (await counter.ledger.count())["events"] == before
        assert refused(await browser.send("POST", path, form), 200, "Approved.")


async def test_a_foreign_name_sees_nothing(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    """DNS rebinding, and a page that was given another name."""
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        for host in HOSTS:
            caplog.clear()
            for answer in (
                await browser.send("GET", path, Host=host),
                await browser.send("POST", path, form, Host=host),
            ):
                assert refused(answer, 421, "This page is not called by this name.")
                assert "5.00" not in answer.text
            assert "refused with 421 on the approval page" in caplog.text
        assert await waits(at, path)


async def test_a_form_counts_for_who_it_was_shown_to_and_what_it_showed(counter: Counter) -> None:
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        other, stranger, theirs = await asked(at, counter, "6.00 USD")
        wrong = [(browser, path, {**form, "csrf": csrf}) for csrf in ("", "x" * 64, "é", "\x00", form["csrf"][:-1])]
        wrong += [
            # Of another refund, of another person, of the sign-out.
            (browser, path, {**form, "csrf": csrf_of((await browser.open(other)).text)}),
            (browser, path, {**form, "csrf": csrf_of((await stranger.open(path)).text)}),
            (browser, other, form),
            (browser, path, {**form, "csrf": theirs["csrf"]}),
            (stranger, path, form),
            (browser, path, {**form, "csrf": csrf_of((await browser.open("/")).text)}),
        ]
        wrong += [(browser, path, {**form, "decision": word}) for word in ("", "yes", "Approve", "approve\n")]
        for who, to, fields in wrong:
            assert refused(await who.send("POST", to, fields), 403, "This page answers only to itself"), fields
        assert await waits(at, path)
        assert await waits(at, other)
        assert refused(await browser.send("POST", "/sign-out", {"csrf": form["csrf"]}), 403, "only to itself")
        assert refused(await browser.send("POST", path, form), 200, "Approved.")


async def test_a_cookie_that_was_not_given_opens_nothing(counter: Counter) -> None:
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        good = browser.cookies[COOKIE]
        (kept,) = json.loads(await counter.ledger.switch("page_sessions"))
        # Who reads the record, or a copy of it, gets in nowhere: it holds a hash.
        assert good not in json.dumps(kept)
        assert kept["id"] == hashlib.sha256(good.encode()).hexdigest()
        for value in (kept["id"], good[:-1], f"{good}x", good.swapcase(), "", "x", "%C3%A9", kept["way"]):
            stranger = Browser(at.address, cookies={COOKIE: value})
            stolen = {**form, "csrf": Session(value, "").form("answer", path.removeprefix("/moves/"), "0")}
            assert refused(await stranger.send("POST", path, stolen), 403, "Sign in first.")
            assert (await stranger.send("GET", path)).status_code == 303
        for name in ("claw_session", "__Secure-claw_session", "__host-claw_session"):
            stranger = Browser(at.address, cookies={name: good})
            assert (await stranger.send("GET", path)).status_code == 303
        assert await waits(at, path)


async def test_a_copied_cookie_shows_what_waits_and_is_no_yes_without_the_pin(counter: Counter) -> None:
    """What a program gets that can read a browser's cookies. With a login it is the yes, as is documented."""
    async with a_team(counter) as at:
        path, browser, _ = await asked(at, counter)
        thief = Browser(at.address, cookies=dict(browser.cookies))
        assert "Refund 5.00 USD?" in seen(await thief.open(path))
        for guess in ({}, {"pin": ""}, {"pin": "wrong guess"}):
            assert refused(await thief.press(path, **guess), 403, "The PIN is wrong")
        assert await waits(at, path)


async def test_looking_uses_nothing_up_and_changes_nothing(counter: Counter) -> None:
    """Link previews, HEAD, and a form's fields in an address."""
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        for method in ("GET", "HEAD"):
            for to in (path, f"{path}?{urlencode(form)}"):
                assert (await browser.send(method, to)).status_code == 200
                assert (await at.browser().send(method, to)).status_code == 303
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            assert (await browser.send(method, path)).status_code == 405
        assert (await browser.send("GET", "/sign-out")).status_code == 405
        for unknown in ("R-00000000", "x", "R-7K2M9Q4X%0A", "..%2F..", "é"):
            answer = await browser.send("GET", f"/moves/{unknown}")
            assert answer.status_code == 404
        assert await waits(at, path)
        assert refused(await browser.send("POST", path, form), 200, "Approved.")


async def test_the_headers_and_cookies_keep_other_sites_out(counter: Counter) -> None:
    house = LoginHouse(counter.clock.now)
    async with house.at_home(), a_team(counter, house.login()) as at:
        path = f"/moves/{(await counter.prepared()).refund_id}"
        browser = at.browser()
        away = await browser.send("GET", "/sign-in")
        back = await browser.open("/")
        answers = [back, await browser.open(path), await browser.open("/moves/x"), await browser.open("/callback")]
        answers.append(await browser.press(path))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        nonce = re.search(r"'nonce-([\w-]{20,})'", policy)
        assert nonce
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
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert "<script" not in answer.text
        assert " on" not in re.sub(r">[^<]*<", "><", answer.text)
    assert away.headers["cache-control"] == "no-store"
    assert away.headers["referrer-policy"] == "no-referrer"
    carried = away.headers["set-cookie"]
    assert carried.startswith("__Host-claw_sign_in=")
    for word in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=600"):
        assert word in carried.split("; ")
    assert "Domain" not in carried


async def test_the_cookie_of_a_session_is_for_this_host_alone(counter: Counter) -> None:
    async with a_team(counter) as at:
        browser = at.browser()
        answer = await browser.send("POST", "/sign-in", {"move": "", "pin": PIN})
    words = answer.headers["set-cookie"].split("; ")
    assert words[0].startswith(f"{COOKIE}=")
    assert set(words[1:]) == {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=900"}
    # Without TLS, on this machine, a browser would not take such a cookie.
    page = await open_page(counter.desk, "http://127.0.0.1:8601", None)
    plain = Browser("http://worker", "http://127.0.0.1:8601", page)
    answer = await plain.send("POST", "/sign-in", {"move": "", "pin": PIN})
    words = answer.headers["set-cookie"].split("; ")
    assert words[0].startswith("claw_session=")
    assert "Secure" not in words
    assert (await plain.send("GET", "/")).status_code == 200


async def test_while_the_desk_stops_it_takes_no_answer(counter: Counter) -> None:
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        at.page.draining = True
        assert refused(await browser.send("POST", path, form), 503, "The desk is stopping.")
        assert await waits(at, path)


async def test_what_was_asked_is_answered_before_the_desk_leaves(counter: Counter) -> None:
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        body = urlencode(form).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: approve.example\r\nOrigin: {ORIGIN}\r\nContent-Type: {FORM}\r\n"
            f"Cookie: {COOKIE}={browser.cookies[COOKIE]}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        parts = urlsplit(at.address)
        async with await anyio.connect_tcp(str(parts.hostname), int(parts.port or 0)) as stream:
            await stream.send(head.encode())
            with anyio.fail_after(10):
                while not at.page._answering:  # noqa: ASYNC110 - it tells nobody
                    await anyio.sleep(0.01)
            # As the service does, once it is told to stop.
            at.page.draining = True
            async with anyio.create_task_group() as leaving:
                leaving.start_soon(at.page.quiet)
                await anyio.wait_all_tasks_blocked()
                await stream.send(body)
            assert await at.state(path.removeprefix("/moves/")) == "confirmed"
            assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")


async def test_who_sends_slowly_is_cut_off(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RECEIVED_WITHIN_S", 0.2)
    async with a_team(counter) as at:
        await ended(await a_slow_one(at))
        assert (await at.browser().open("/")).status_code == 200


async def test_too_many_find_no_place(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_CONNECTIONS", 3)
    async with a_team(counter) as at:
        streams = [await a_slow_one(at) for _ in range(6)]
        for stream in streams[:3]:
            await ended(stream)
        # And who asks finds a place all the same.
        assert (await at.browser().open("/")).status_code == 200
        for stream in streams[3:]:
            await stream.aclose()


async def test_a_second_request_whose_body_never_comes_is_cut_off_and_holds_no_place(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 92, 93: in one piece with a first one, so that no more data comes that would start the clock."""
    both = (
        "GET /nowhere HTTP/1.1\r\nHost: approve.example\r\n\r\n"
        f"POST /sign-in HTTP/1.1\r\nHost: approve.example\r\nContent-Type: {FORM}\r\nContent-Length: 9\r\n\r\n"
    ).encode()
    monkeypatch.setattr(people, "_CONNECTIONS", 3)
    monkeypatch.setattr(connection, "RECEIVED_WITHIN_S", 1)
    async with a_team(counter) as at, AsyncExitStack() as held:
        streams = [await held.enter_async_context(await raw(at, both)) for _ in range(3)]
        for stream in streams:
            assert b" 404 " in await stream.receive()
        assert (await at.browser().open("/")).status_code == 200
        for stream in streams[1:]:
            await ended(stream)


async def test_a_body_that_says_two_lengths_is_not_read_without_end(counter: Counter) -> None:
    """Hostile 92, 93: the chunks win over the Content-Length that was looked at, and need not end."""
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: approve.example\r\nOrigin: {ORIGIN}\r\nContent-Type: {FORM}\r\n"
        "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    async with a_team(counter) as at, await raw(at, head) as stream:
        # Nothing of the body was sent, and yet it is answered.
        with anyio.fail_after(5):
            assert b" 403 " in await stream.receive()


async def test_a_cookie_whose_name_only_looks_the_same_is_none(counter: Counter) -> None:
    """A browser lets no other host set __Host-…; with a sign before it that is a blank in Latin-1, it does."""
    async with a_team(counter) as at:
        browser = at.browser()
        await browser.sign_in("/")
        ((name, value),) = browser.cookies.items()
        good = f"{name}={value}".encode()
        for shown, status in (
            (good, b"200"),
            (b"\xa0" + good, b"303"),
            (b"\x85" + good, b"303"),
            (b"\x1c" + good, b"303"),
            (good + b"; " + good, b"303"),
        ):
            head = b"GET / HTTP/1.1\r\nHost: approve.example\r\nConnection: close\r\nCookie: a=b; " + shown
            async with await raw(at, head + b"\r\n\r\n") as stream:
                assert (await stream.receive())[9:12] == status, shown


async def raw(at: Team, head: bytes) -> SocketStream:
    """A connection on which just this was sent."""
    parts = urlsplit(at.address)
    stream = await anyio.connect_tcp(str(parts.hostname), int(parts.port or 0))
    await stream.send(head)
    return stream


async def a_slow_one(at: Team) -> SocketStream:
    """A connection whose request does not come to its end."""
    parts = urlsplit(at.address)
    stream = await anyio.connect_tcp(str(parts.hostname), int(parts.port or 0))
    with suppress(anyio.BrokenResourceError):
        await stream.send(b"POST / HTTP/1.1\r\nHost: approve.example\r\n")
    return stream


async def ended(stream: SocketStream) -> None:
    """Long before a slow request is cut off by its time."""
    async with stream:
        with anyio.fail_after(5), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()


LOGIN = Approvals(
    url=ORIGIN,
    issuer="https://id.example",
    client_id="page-example",
    client_secret=Secret("env", "EXAMPLE"),
    people=PEOPLE,
)


@pytest.mark.parametrize(
    ("page", "service", "told"),
    [
        (replace(LOGIN, people=frozenset()), Service(), "people"),
        (replace(LOGIN, client_secret=None), Service(), "client_secret"),
        (replace(LOGIN, issuer=""), Service(), "issuer"),
        (replace(LOGIN, client_id=""), Service(), "client_id"),
        (replace(LOGIN, url=""), Service(), "not: url"),
        (Approvals(url=ORIGIN, client_id="x"), Service(), "issuer, client_secret, people"),
        (LOGIN, Service(allowed_hosts=frozenset({"approve.example"})), "where programs reach the desk"),
        (LOGIN, Service(audience=f"{ORIGIN}/mcp"), "where programs reach the desk"),
        # Another port is another origin, and the same place for cookies.
        (LOGIN, Service(audience=f"{ORIGIN}:8600/mcp"), "where programs reach the desk"),
        (
            Approvals(url="http://127.0.0.1:8600"),
            Service(audience="http://127.0.0.1:8600/mcp"),
            "where programs reach the desk",
        ),
        (replace(LOGIN, url="http://127.0.0.1:8601"), Service(), "needs a url with https"),
    ],
)
def test_settings_that_open_it_to_others_are_refused(page: Approvals, service: Service, told: str) -> None:
    with pytest.raises(SetupError) as refusal:
        refuse_unsafe(page, service)
    assert told in str(refusal.value)


def test_settings_that_are_whole_are_taken() -> None:
    desk = Service(allowed_hosts=frozenset({"desk.example"}), audience="https://desk.example/mcp")
    for page in (Approvals(), LOGIN, Approvals(url=ORIGIN), Approvals(url="http://127.0.0.1:8601")):
        refuse_unsafe(page, desk)
        refuse_unsafe(page, Service())


async def test_without_a_pin_or_a_login_there_is_no_page(counter: Counter) -> None:
    with pytest.raises(SetupError) as refusal:
        await open_page(counter.desk, ORIGIN, None)
    assert "clawver-orders pin set" in str(refusal.value)
    assert "[approvals]" in str(refusal.value)


async def test_a_login_needs_its_package_and_its_secret(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    house = LoginHouse(counter.clock.now)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "oauthlib", None)
        with pytest.raises(SetupError) as refusal:
            house.login()
        assert 'pip install "clawver-orders[oidc]"' in str(refusal.value)
    from clawver_orders.approvals.team.login import Login

    with pytest.raises(SetupError, match="EXAMPLE is not set"):
        Login(
            house.at(),
            "page-example",
            Secret("env", "EXAMPLE", {}),
            PEOPLE,
            redirect=f"{ORIGIN}/callback",
            post=never,
            now=counter.clock.now,
        )


async def never(url: str, **_: object) -> tuple[int, bytes]:
    raise AssertionError(url)


async def test_a_port_that_is_taken_is_told(counter: Counter, tmp_path: Path) -> None:
    async def beside(_: Any) -> None:
        await anyio.sleep_forever()

    async with a_team(counter) as at:
        taken = int(urlsplit(at.address).port or 0)
        with pytest.raises(SetupError, match=f"port {taken} cannot be had.*--approvals-port"):
            await serve_http(
                counter.desk,
                counter.ledger.tokens,
                Terms("127.0.0.1", free_port(), page_port=taken),
                beside=beside,
                settings_wrong=lambda: "",
                page=at.page,
            )


async def test_nothing_of_a_person_stands_in_the_log(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="clawver_orders")
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        await browser.send("POST", path, {**form, "csrf": "x"})
        await browser.send("POST", path, form)
        for secret in (PIN, browser.cookies[COOKIE], form["csrf"]):
            assert secret not in caplog.text


async def test_a_move_that_was_answered_elsewhere_says_by_whom(counter: Counter) -> None:
    async with a_team(counter) as at:
        path, browser, form = await asked(at, counter)
        await counter.desk.execute_refund(path.removeprefix("/moves/"), YES)
        for answer in (await browser.open(path), await browser.send("POST", path, form)):
            assert refused(answer, 409, "It is succeeded. By: form.")
    assert counter.paid_back() == [500]
