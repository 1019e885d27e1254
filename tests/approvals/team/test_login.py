"""The team's page with an OpenID Connect login: who is let in by which token, and that nothing else lets in."""

import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import jwt
import pytest

from clawver_orders.approvals.team import open_page
from tests.approvals.browsing import csrf_of
from tests.approvals.team.visiting import (
    CLIENT,
    ORIGIN,
    PEOPLE,
    SECRET,
    Browser,
    LoginHouse,
    Team,
    a_team,
    refused,
    seen,
)
from tests.counter import Counter
from tests.issuing import encoded, private
from tests.server.serving import Era, structured
from tests.service.serving import client_at

pytestmark = pytest.mark.anyio

FAILED = "You were not signed in."


@asynccontextmanager
async def at_login(counter: Counter, people: frozenset[str] = PEOPLE) -> AsyncIterator[tuple[Team, LoginHouse]]:
    """A service whose people sign in at an issuer on this machine; no PIN is set."""
    house = LoginHouse(counter.clock.now)
    async with house.at_home(), a_team(counter, house.login(people), pin=False) as at:
        yield at, house


async def signed_in(browser: Browser) -> bool:
    """Whether a browser that goes nowhere else is."""
    return (await browser.send("GET", "/")).status_code == 200


async def test_from_the_prepared_refund_over_the_login_to_one_send(counter: Counter, era: Era) -> None:
    async with at_login(counter) as (at, _), client_at(at.service.url, at.token, era) as client:
        refund = {"order_id": counter.refundable, "amount": "5.00 USD", "reason": "arrived torn"}
        made = structured(await client.call_tool("prepare_refund", refund))["refund"]
        given = {"refund_id": made["refund_id"]}
        url = structured(await client.call_tool("execute_refund", given))["refund"]["approval"]["url"]
        browser = at.browser()
        question = seen(await browser.open(url))
        assert "Refund 5.00 USD?" in question
        assert "Signed in as ann@shop.example." in question
        assert "PIN" not in question
        assert refused(await browser.press(url), 200, "Approved.")
        assert counter.posts() == 0
        done = structured(await client.call_tool("execute_refund", given))["refund"]
        # The assistant need not know who works here; the record does.
        assert (done["state"], done["confirmed_by"]) == ("succeeded", "page, by a***@s***.example")
        assert ("page, by ann@shop.example", "confirmed") in await at.told(made["refund_id"])
    assert counter.paid_back() == [500]


async def test_the_answer_of_each_person_is_told_to_the_others(counter: Counter) -> None:
    async with at_login(counter) as (at, house):
        refund_id = (await counter.prepared()).refund_id
        path = f"/moves/{refund_id}"
        ann, lee = at.browser(), at.browser()
        await ann.open(path)
        house.who = {"sub": "9", "email": "LEE@shop.example", "email_verified": True}
        form = {"csrf": csrf_of((await lee.open(path)).text), "decision": "approve"}
        assert refused(await ann.press(path, "reject"), 200, "Rejected.")
        assert refused(await lee.send("POST", path, form), 409, "It is declined. By: page, by ann@shop.example.")
        (told,) = await counter.desk.check_refund(refund_id=refund_id)
        assert "A person said no (page, by a***@s***.example)" in told.message


async def test_who_the_settings_name_is_let_in(counter: Counter) -> None:
    verified = {"sub": "1", "email_verified": True}
    known: list[tuple[dict[str, object], str]] = [
        ({**verified, "email": "ann@shop.example"}, "ann@shop.example"),
        ({**verified, "email": "ANN@Shop.Example"}, "ann@shop.example"),
        ({**verified, "email": "lee@shop.example"}, "Lee@Shop.example"),
        ({"sub": "subject-7"}, "subject-7"),
        ({"sub": "subject-7", "email": "x@evil.example", "email_verified": False}, "subject-7"),
    ]
    async with at_login(counter) as (at, house):
        for who, name in known:
            house.who = who
            assert f"Signed in as {name}." in seen(await at.browser().open("/")), who


async def test_nobody_else_is(counter: Counter) -> None:
    """Not in the settings, or with an address that nobody verified."""
    verified = {"sub": "1", "email_verified": True}
    others: list[dict[str, object]] = [
        {**verified, "email": "eve@shop.example"},
        {**verified, "email": ["ann@shop.example"]},
        {**verified, "email": "ann@shop.example "},
        # Letters that become ASCII in other cases.
        {**verified, "email": "ann@\u017fhop.example"},
        {**verified, "email": "subject-7"},
        {"sub": "1", "email": "ann@shop.example"},
        {"sub": "1", "email": "ann@shop.example", "email_verified": False},
        {"sub": "1", "email": "ann@shop.example", "email_verified": "true"},
        {"sub": "1", "email": "ann@shop.example", "email_verified": 1},
        # Some issuers let people choose it.
        {"sub": "ann@shop.example"},
        {"sub": "SUBJECT-7"},
    ]
    async with at_login(counter, PEOPLE | {"kim@shop.example"}) as (at, house):
        for who in [*others, {**verified, "email": "\u212aim@shop.example"}]:
            house.who = who
            browser = at.browser()
            assert refused(await browser.open("/"), 403, "You cannot answer here."), who
            assert not await signed_in(browser)


def unsigned(house: LoginHouse, claims: dict[str, Any]) -> str:
    head = encoded(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"{head}.{encoded(json.dumps(claims).encode())}."


def with_a_shared_secret(house: LoginHouse, claims: dict[str, Any], secret: bytes) -> str:
    """As issuers may sign for clients with a secret, and as a public key is misused as one."""
    said = json.dumps({"alg": "HS256", "typ": "JWT", "kid": "1"}).encode()
    head = f"{encoded(said)}.{encoded(json.dumps(claims).encode())}"
    return f"{head}.{encoded(hmac.digest(secret, head.encode(), 'sha256'))}"


def public_key(house: LoginHouse) -> bytes:
    return json.dumps(house.keys[0]).encode()


SPOILT: dict[str, Callable[[LoginHouse, dict[str, Any]], str]] = {
    "signed by nobody": unsigned,
    "signed with the client's secret": lambda house, claims: with_a_shared_secret(house, claims, SECRET.encode()),
    "signed with the public key": lambda house, claims: with_a_shared_secret(house, claims, public_key(house)),
    "signed by another key": lambda house, claims: house.id_token(claims, key=private("ES256", 2)),
    "of another issuer": lambda house, claims: house.id_token({**claims, "iss": "https://evil.example"}),
    "for another client": lambda house, claims: house.id_token({**claims, "aud": "another-client"}),
    "for the desk's programs": lambda house, claims: house.id_token({**claims, "aud": "https://desk.example/mcp"}),
    "expired": lambda house, claims: house.id_token({**claims, "exp": claims["iat"] - 60}),
    "not good yet": lambda house, claims: house.id_token({**claims, "iat": claims["iat"] + 3600}),
    "without exp": lambda house, claims: house.id_token({**claims, "exp": None}),
    "without iat": lambda house, claims: house.id_token({**claims, "iat": None}),
    "without nonce": lambda house, claims: house.id_token({**claims, "nonce": None}),
    "of another sign-in": lambda house, claims: house.id_token({**claims, "nonce": "x" * 43}),
    "a nonce that is no text": lambda house, claims: house.id_token({**claims, "nonce": [claims["nonce"]]}),
    "made for another": lambda house, claims: house.id_token({**claims, "azp": "another-client"}),
    "for several, and not said for whom": lambda house, claims: house.id_token({**claims, "aud": [CLIENT, "x"]}),
    "without subject": lambda house, claims: house.id_token({**claims, "sub": None}),
    "an access token": lambda house, claims: house.id_token(claims, header={"typ": "at+jwt"}),
    "its claims changed": lambda house, claims: changed(house.id_token(claims)),
    "no token": lambda house, claims: "x",
    "no text": lambda house, claims: "é" * 40,
}


def changed(token: str) -> str:
    head, claims, signature = token.split(".")
    said = json.loads(jwt.utils.base64url_decode(claims)) | {"email": "lee@shop.example"}
    return f"{head}.{encoded(json.dumps(said).encode())}.{signature}"


async def test_an_id_token_that_is_not_what_it_must_be_lets_nobody_in(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_login(counter) as (at, house):
        for what, spoil in SPOILT.items():
            house.spoil = partial(spoil, house)
            caplog.clear()
            browser = at.browser()
            assert refused(await browser.open("/"), 403, FAILED), what
            assert browser.cookies == {}
            assert not await signed_in(browser)
            assert "nobody was signed in to the approval page: the ID token" in caplog.text
            assert "ann@" not in caplog.text


async def test_an_id_token_for_several_says_that_it_is_for_this_one(counter: Counter) -> None:
    async with at_login(counter) as (at, house):
        house.spoil = lambda claims: house.id_token({**claims, "aud": ["x", CLIENT], "azp": CLIENT})
        assert "Signed in as" in seen(await at.browser().open("/"))


async def begun(browser: Browser) -> tuple[str, str]:
    """A sign-in up to the issuer's answer: its query, and what the browser carries."""
    away = await browser.send("GET", "/sign-in")
    carried = browser.cookies["__Host-claw_sign_in"]
    async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
        back = await client.get(away.headers["location"])
    return urlsplit(back.headers["location"]).query, carried


async def test_a_callback_counts_only_for_who_began_it(counter: Counter) -> None:
    async with at_login(counter) as (at, _):
        browser, other = at.browser(), at.browser()
        query, carried = await begun(browser)
        await begun(other)
        # Without what the browser carries, with what another one carries, with another state, or with none.
        assert refused(await at.browser().send("GET", f"/callback?{query}"), 403, FAILED)
        assert refused(await other.send("GET", f"/callback?{query}"), 403, FAILED)
        for wrong in (
            query.replace("state=", "state=x"),
            query.replace("state=", "stat="),
            f"{query}&state=x",
            query.replace("code=", "cod="),
            "",
            "error=access_denied&" + query,
        ):
            browser.cookies = {"__Host-claw_sign_in": carried}
            assert refused(await browser.send("GET", f"/callback?{wrong}"), 403, FAILED), wrong
            assert browser.cookies == {}
        browser.cookies = {"__Host-claw_sign_in": carried}
        assert (await browser.send("GET", f"/callback?{query}")).headers["location"] == "/"
        assert await signed_in(browser)


async def test_a_callback_that_is_played_again_begins_nothing(counter: Counter) -> None:
    """Not even where the issuer takes a code twice, and not after the session that it began was ended."""
    async with at_login(counter) as (at, house):
        house.forgetful = True
        browser = at.browser()
        query, carried = await begun(browser)
        await browser.send("GET", f"/callback?{query}")
        page = await browser.send("GET", "/")
        again = Browser(at.address, cookies={"__Host-claw_sign_in": carried})
        assert refused(await again.send("GET", f"/callback?{query}"), 409, "used before")
        await browser.send("POST", "/sign-out", {"csrf": csrf_of(page.text)})
        again.cookies = {"__Host-claw_sign_in": carried}
        assert refused(await again.send("GET", f"/callback?{query}"), 409, "used before")
        assert not await signed_in(again)


async def test_what_a_browser_carries_is_sealed_and_over_after_ten_minutes(counter: Counter) -> None:
    async with at_login(counter) as (at, _):
        browser = at.browser()
        query, carried = await begun(browser)
        text, _, signature = carried.partition(".")
        for value in (text, f"{text}.", f"{text}.{'0' * 64}", f"{text}x.{signature}", f"{carried}é", ".", "é.é"):
            browser.cookies = {"__Host-claw_sign_in": value}
            sent = quote(value, safe=".=_-") if not value.isascii() else value
            browser.cookies = {"__Host-claw_sign_in": sent}
            assert refused(await browser.send("GET", f"/callback?{query}"), 403, FAILED)
        counter.clock.pass_by(minutes=10)
        browser.cookies = {"__Host-claw_sign_in": carried}
        assert refused(await browser.send("GET", f"/callback?{query}"), 403, FAILED)


async def test_a_code_that_another_client_was_given_is_worth_nothing(counter: Counter) -> None:
    async with at_login(counter) as (at, house):
        browser = at.browser()
        query, _ = await begun(browser)
        for what in ("client_id", "redirect_uri", "code_challenge"):
            ((code, flow),) = house.flows.items()
            house.flows = {code: {**flow, what: "another"}}
            carried = dict(browser.cookies)
            assert refused(await browser.send("GET", f"/callback?{query}"), 403, FAILED)
            house.flows, browser.cookies = {code: flow}, carried
        assert (await browser.send("GET", f"/callback?{query}")).status_code == 303


async def test_an_answer_of_another_issuer_is_refused(counter: Counter) -> None:
    """RFC 9207."""
    async with at_login(counter) as (at, house):
        for said in ("https://evil.example", ""):
            house.sent_back = {"iss": said}
            house.metadata["authorization_response_iss_parameter_supported"] = not said
            browser = Browser("http://worker", page=await open_page(counter.desk, ORIGIN, house.login()))
            assert refused(await browser.open("/"), 403, FAILED)
            assert house.posted == []
        assert "Signed in" not in seen(await at.browser().open("/"))


async def test_a_sign_in_leads_nowhere_but_to_the_page(counter: Counter) -> None:
    elsewhere = (
        *("https://evil.example", "//evil.example", "/\\evil.example", "R-7K2M9Q4X/../../x", "R-7K2M9Q4X\r\nX: y"),
        *("javascript:alert(1)", "r-7k2m9q4x", "../sign-out", "R-7K2M9Q4Xx", "R-7K2M9Q4X\n", ""),
    )
    async with at_login(counter) as (at, _):
        for move in elsewhere:
            browser = at.browser()
            await browser.open(f"/sign-in?{urlencode({'move': move})}")
            assert browser.visited[-1] == "/"
            # Signed in already, too.
            again = await browser.send("GET", f"/sign-in?{urlencode({'move': move})}")
            assert again.headers["location"] == "/"


async def test_it_leads_to_the_refund_that_was_asked_for(counter: Counter) -> None:
    async with at_login(counter) as (at, _):
        browser = at.browser()
        path = f"/moves/{(await counter.prepared()).refund_id}"
        await browser.open(path)
        assert browser.visited[-1] == path


async def test_the_client_is_known_by_its_secret_alone_and_the_secret_is_nowhere_else(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="clawver_orders")
    async with at_login(counter) as (_, house):
        for methods in (None, ["client_secret_basic", "x"], ["client_secret_post"]):
            house.metadata.pop("token_endpoint_auth_methods_supported", None)
            if methods is not None:
                house.metadata["token_endpoint_auth_methods_supported"] = methods
            team = await open_page(counter.desk, ORIGIN, house.login())
            browser = Browser("http://worker", page=team)
            assert "Signed in as" in seen(await browser.open("/"))
            assert ("client_secret" in house.posted[-1]) is (methods == ["client_secret_post"])
            assert len(house.posted[-1]["code_verifier"]) >= 43
    assert SECRET not in caplog.text
    assert quote(SECRET, safe="") not in caplog.text


async def test_a_session_is_over_after_eight_hours_and_with_its_name_in_the_settings(counter: Counter) -> None:
    async with at_login(counter) as (at, house):
        browser = at.browser()
        await browser.open("/")
        counter.clock.pass_by(hours=7, minutes=59)
        assert await signed_in(browser)
        for people, known in ((PEOPLE, True), (PEOPLE - {"ann@shop.example"}, False)):
            team = await open_page(counter.desk, ORIGIN, house.login(people))
            elsewhere = Browser("http://worker", page=team, cookies=dict(browser.cookies))
            assert await signed_in(elsewhere) is known
        # A sign-in at one issuer is none for a page that has another, or the PIN.
        other = LoginHouse(counter.clock.now, url="https://other.example")
        team = await open_page(counter.desk, ORIGIN, other.login())
        assert not await signed_in(Browser("http://worker", page=team, cookies=dict(browser.cookies)))
        counter.clock.pass_by(minutes=1)
        assert not await signed_in(browser)


async def test_where_there_is_a_login_the_pin_lets_nobody_in(counter: Counter) -> None:
    from clawver_orders import approvals
    from tests.approvals.browsing import PIN

    async with at_login(counter) as (at, _):
        await approvals.pin_of(counter.desk).choose(PIN, by="lee")
        browser = at.browser()
        assert (await browser.send("POST", "/sign-in", {"move": "", "pin": PIN})).status_code == 403
        assert browser.cookies == {}
        # And who signed in is not asked for it.
        path = f"/moves/{(await counter.prepared()).refund_id}"
        await browser.open(path)
        assert refused(await browser.press(path), 200, "Approved.")


async def test_an_issuer_that_is_away_is_told_and_no_crash(counter: Counter) -> None:
    house = LoginHouse(counter.clock.now, url="http://127.0.0.1:9")
    async with a_team(counter, house.login(), pin=False) as at:
        assert refused(await at.browser().open("/"), 409, "network: no complete answer from the issuer")


async def test_what_the_token_endpoint_answers_need_not_make_sense(counter: Counter) -> None:
    house = LoginHouse(counter.clock.now)
    async with house.at_home():
        for answer in (b"", b"[]", b'{"access_token":"x"}', b"\xff", b"[" * 100_000, b'"x"'):
            login = house.login()
            login._post = partial(answered, answer)
            page = Browser("http://worker", page=await open_page(counter.desk, ORIGIN, login))
            assert refused(await page.open("/"), 403, FAILED), answer[:10]


async def answered(answer: bytes, url: str, **_: object) -> tuple[int, bytes]:
    return 200, answer
