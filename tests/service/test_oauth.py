"""Programs with an access token of an issuer: who is let in, to what, on whose behalf, and for how long."""

import base64
import hashlib
import hmac
import json
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import ElicitResult
from pydantic import AnyUrl

from clawver_orders.approvals import facts
from clawver_orders.desk.results import Consent
from clawver_orders.http.document import fetch
from clawver_orders.issuer import Issuer
from clawver_orders.ledger import FILE_NAME
from clawver_orders.server import http
from clawver_orders.server.http import Terms, counters
from clawver_orders.server.http.admitted import RefusedError, ShortError
from clawver_orders.server.http.visitors import Visitors, logged_as
from clawver_orders.text import redact
from tests.counter import NOON, Counter, open_counter
from tests.issuing import AUDIENCE, House, encoded, later, private, published, sign_in, signed
from tests.ledgers import SERVER
from tests.server.serving import Era, error_of, structured, two_stores, yes
from tests.service.serving import Service, a_service, client_at

pytestmark = pytest.mark.anyio

HERE = Terms("127.0.0.1", 0, audience=AUDIENCE)
METADATA = "https://desk.example/.well-known/oauth-protected-resource/mcp"


@asynccontextmanager
async def served(counter: Counter, terms: Terms = HERE) -> AsyncIterator[tuple[Service, House]]:
    """A service whose issuer has a socket of its own."""
    house = House(counter.clock.now)
    async with house.at_home():
        issuer = Issuer(house.url, fetch, now=counter.clock.now, awake=lambda: counter.clock.awake)
        async with a_service(counter, terms, issuer=issuer) as service:
            yield service, house


def refused(answer: httpx2.Response, error: str = "invalid_token") -> None:
    assert answer.status_code == (403 if error == "insufficient_scope" else 401)
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="clawver-orders"')
    assert (f'error="{error}"' in challenge) is bool(error)
    assert f'resource_metadata="{METADATA}"' in challenge
    assert 'scope="read write refund"' in challenge


def reason(caplog: pytest.LogCaptureFixture) -> str:
    """Why the last one was not let in, as the log says it."""
    line = [record.getMessage() for record in caplog.records if record.name.endswith("gate")][-1]
    # Nothing of it looks like a secret, which the log would mask.
    assert redact(line) == line
    caplog.clear()
    return line.partition(": ")[2].partition(", by ")[0]


async def test_an_access_token_lets_a_real_client_in(counter: Counter, era: Era) -> None:
    async with served(counter) as (service, house), client_at(service.url, house.token(), era) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert "list_orders" in listed
        assert listed.isdisjoint({"prepare_refund", "comment_order", "list_webhooks"})
        assert len(structured(await client.call_tool("list_orders", {"limit": 1}))["orders"]) == 1
    # The record has tokens of the desk's own alone.
    assert await counter.ledger.tokens.all() == ()


async def test_nobody_is_let_in_with_another_token(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    async with served(counter) as (service, house):
        good = house.token()
        head, body, signature = good.split(".")
        unsigned, of_secret = encoded(b'{"alg":"none"}'), encoded(b'{"alg":"HS256","kid":"1"}')
        pem = private("ES256").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        shared = f"{of_secret}.{body}"
        foreign = private("ES256", 2)
        brought = published("ES256", foreign, kid="1")
        sound = json.dumps({"alg": "ES256", "kid": "1"}).encode()
        twice = json.dumps(house.claims()).encode()[:-1] + b', "sub": "boss"}'
        wrong: dict[str, list[str]] = {
            "signed in a way that is not allowed": [
                *(f"{unsigned}.{body}.{end}" for end in (signature, "AA")),
                f"{shared}.{encoded(hmac.new(pem, shared.encode(), hashlib.sha256).digest())}",
            ],
            "no token": [f"{unsigned}.{body}.", f"{head}.{body}", "x", good.swapcase() + "!"],
            "the signature is wrong": [
                f"{head}.{body}.{signature[4:8]}{signature[:4]}{signature[8:]}",
                house.token(key=foreign),
                *(
                    house.token(key=foreign, header=more)
                    for more in ({"jwk": brought}, {"jku": "https://x.example"})
                ),
                house.token(key=foreign, header={"x5u": "https://x.example", "x5c": ["AA"]}),
                good[:-6],
            ],
            "no key of the issuer's fits": [house.token(key=foreign, header={"kid": "2"})],
            "of another issuer": [house.token(iss="https://id.example")],
            "for another audience": [house.token(aud="https://other.example/mcp"), house.token(aud=["a-client"])],
            "expired": [house.token(exp=later(NOON, seconds=-30))],
            "not good yet": [house.token(nbf=later(NOON, minutes=1))],
            "without exp": [house.token(exp=None)],
            "a malformed sub": [house.token(sub=5), house.token(sub=None), house.token(sub="ü")],
            "a sub that cannot be a name here": [house.token(sub="a b"), house.token(sub="x" * 129)],
            "a malformed aud": [house.token(aud={"a": 1})],
            "it wants what is not known here (crit)": [house.token(header={"crit": ["exp"]})],
            "too long": [house.token(filler="x" * 8192)],
            "its claims are no sound JSON": [signed(sound, twice, private("ES256"), "ES256")],
        }
        bodies = set()
        for why, tokens in wrong.items():
            for token in tokens:
                answer = await service.ask(token)
                refused(answer)
                bodies.add(answer.content)
                assert token not in caplog.text
                assert reason(caplog) == f"an access token ({why})"
        assert len(bodies) == 1
        refused(await service.ask(), "")
        assert (await service.ask(good)).status_code != 401
        assert all(asked in {"/keys", "/.well-known/openid-configuration"} for asked in house.asked)


async def test_a_token_of_the_desks_own_still_lets_in_and_is_asked_of_nobody_else(counter: Counter) -> None:
    token = await Service(counter).let_in("bot")
    async with served(counter) as (service, house):
        assert (await service.ask(token)).status_code not in {401, 403}
        refused(await service.ask(token[:-1] + "x"))
        assert house.asked == []


SCOPES: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({"scope": "read write"}, {"list_orders", "list_webhooks"}),
    ({"scope": "openid refund profile"}, {"list_orders", "prepare_refund"}),
    ({"scope": None, "scp": ["read", "refund"]}, {"list_orders", "prepare_refund"}),
    ({"scope": None, "scp": "write"}, {"list_orders", "list_webhooks"}),
    ({"scope": "read", "scp": "refund"}, {"list_orders"}),
)


async def test_scopes_say_which_tools_there_are(counter: Counter, era: Era) -> None:
    async with served(counter) as (service, house):
        for claims, listed in SCOPES:
            async with client_at(service.url, house.token(**claims), era) as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert names & {"list_orders", "list_webhooks", "prepare_refund"} == listed
                if "prepare_refund" not in listed:
                    arguments = {"order_id": counter.refundable, "amount": "full", "reason": "x"}
                    with pytest.raises(Exception, match="prepare_refund"):
                        structured(await client.call_tool("prepare_refund", arguments))
    assert counter.posts("") == 0


WRONG: dict[str, tuple[Any, ...]] = {
    "scope": (None, "", "openid", "READ", "read,refund", "reader", 5, {}, [["read"]], True),
    "scp": (["read", 5], {"read": True}, "readrefund", []),
    "stores": ([], "", "another", ["another"], ["clawver", 5], 5, {}, None, "clawver,x"),
}


async def test_a_token_that_is_good_for_nothing_here_is_told_so(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(counter) as (service, house):
        for name, values in WRONG.items():
            for value in values:
                said = {**house.claims(scope=None if name == "scp" else "read"), name: value}
                token = signed(b'{"alg":"ES256","kid":"1"}', json.dumps(said).encode(), private("ES256"), "ES256")
                refused(await service.ask(token), "insufficient_scope")
                what = "store" if name == "stores" else "scope"
                assert reason(caplog) == f"an access token without a {what} of this desk"


async def test_stores_say_which_stores_there_are(tmp_path: Path, era: Era) -> None:
    counter = two_stores(tmp_path)
    async with served(counter) as (service, house):
        for stores in (["second"], "second", ["second", "sold"]):
            async with client_at(service.url, house.token(stores=stores), era) as client:
                orders = structured(await client.call_tool("list_orders", {}))["orders"]
                assert {order.get("store", "second") for order in orders} == {"second"}
        async with client_at(service.url, house.token(), era) as client:
            orders = structured(await client.call_tool("list_orders", {}))["orders"]
            assert {order["store"] for order in orders} == {"clawver", "second"}


async def prepare(client: Client, counter: Counter) -> str:
    arguments = {"order_id": counter.refundable, "amount": "5.00 USD", "reason": "arrived torn"}
    refund_id: str = structured(await client.call_tool("prepare_refund", arguments))["refund"]["refund_id"]
    return refund_id


async def test_a_refund_is_there_for_the_subject_that_prepared_it_and_no_other(counter: Counter, era: Era) -> None:
    """Neither for another subject, nor for a token of the same name, nor one that is named like a subject."""
    named = [await Service(counter).let_in(name) for name in ("bot", "oauth-bot")]
    async with served(counter) as (service, house), client_at(service.url, house.token(scope="refund")) as first:
        refund_id = await prepare(first, counter)
        others = [house.token(scope="refund", sub=sub) for sub in ("boss", "oauth:bot", "BOT", "bot:", "bo")]
        for token in (*named, *others):
            async with client_at(service.url, token, era) as other:
                for tool in ("check_refund", "execute_refund"):
                    told = error_of(await other.call_tool(tool, {"refund_id": refund_id}))
                    assert told["code"] == "refund.not_found"
                assert structured(await other.call_tool("check_refund", {}))["refunds"] == []
        # The next token of the same subject goes on, whatever else it may do.
        again = house.token(scope="read write refund", jti="another", exp=later(NOON, hours=1))
        await counter.desk.moves.confirmed(
            await counter.desk.refunds.held(refund_id), Consent(given=True, how="terminal")
        )
        async with client_at(service.url, again, era) as client:
            done = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
    assert (done["state"], done["confirmed_by"]) == ("succeeded", "terminal")
    assert counter.paid_back() == [500]
    move = await counter.ledger.get(refund_id)
    assert move is not None
    assert move.principal == "oauth:bot"
    assert (await counter.ledger.events(refund_id))[0].by == "assistant oauth:bot"


async def test_a_subject_that_would_be_a_link_is_none_where_a_person_decides(counter: Counter) -> None:
    async with served(counter) as (service, house):
        token = house.token(scope="refund", sub="[ok](https://evil.example/a)")
        async with client_at(service.url, token) as client:
            move = await counter.desk.refunds.held(await prepare(client, counter))
    shown = dict(facts(move))["Prepared by"]
    assert shown == "oauth:[ok] (https[:]//evil[.]example/a)"


async def test_a_form_over_an_access_token_never_counts(counter: Counter, era: Era) -> None:
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        return yes()

    async with served(counter) as (service, house):
        token = house.token(scope="refund", forms=True)
        async with client_at(service.url, token, era, answer) as client:
            refund_id = await prepare(client, counter)
            refund = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
    assert (refund["state"], asked) == ("prepared", [])
    assert counter.paid_back() == []


async def test_a_subject_is_in_no_log(
    counter: Counter, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be the address of a person: the log has twelve digits of its hash, always the same."""
    person = "ann@shop.example"
    caplog.set_level(logging.DEBUG, logger="clawver_orders")
    async with served(counter, Terms("127.0.0.1", 0, audience=AUDIENCE, a_minute=20)) as (service, house):
        async with client_at(service.url, house.token(sub=person, scope="refund")) as client:
            await prepare(client, counter)
        await service.ask(house.token(sub=person, scope="none"))
        await service.ask(house.token(sub=person, stores="none"))
        statuses = [(await service.ask(house.token(sub=person), json=[])).status_code for _ in range(3)]
        while statuses[-1] != 429:
            statuses.append((await service.ask(house.token(sub=person), json=[])).status_code)
    name = logged_as(person)
    assert name == "oauth:" + hashlib.sha256(person.encode()).hexdigest()[:12]
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("gate")]
    assert all(f"by {name} from" in line for line in lines)
    assert {status for line in lines for status in re.findall(r"refused with (\d+)", line)} == {"400", "403", "429"}
    assert person not in caplog.text + str([record.__dict__ for record in caplog.records])
    assert person not in "".join(capsys.readouterr())


async def test_requests_are_counted_for_the_subject_and_not_for_the_token(counter: Counter) -> None:
    async with served(counter, Terms("127.0.0.1", 0, audience=AUDIENCE, a_minute=3)) as (service, house):
        tokens = [house.token(jti=str(number), scope=scope) for number, scope in enumerate(["read", "refund"] * 2)]
        answers = [(await service.ask(token)).status_code for token in tokens]
        assert [status == 429 for status in answers] == [False, False, False, True]
        assert (await service.ask(house.token(sub="other"))).status_code != 429


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The counters that were opened: for whom, and with which scopes."""
    opened: list[str] = []
    make = counters.Counters._before

    def counting(self: counters.Counters, grant: Any) -> Any:
        opened.append(f"{grant.name} {' '.join(sorted(grant.scopes))}")
        return make(self, grant)

    monkeypatch.setattr(counters.Counters, "_before", counting)
    return opened


async def test_who_came_last_the_longest_ago_makes_room(
    counter: Counter, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_COUNTERS", 2)
    async with served(counter) as (service, house):
        for subject in "abaca":
            assert (await service.ask(house.token(sub=subject))).status_code != 503
    assert opened == ["oauth:a read", "oauth:b read", "oauth:c read"]


async def test_a_subject_has_one_counter_for_all_its_tokens_of_the_same_worth(
    counter: Counter, opened: list[str]
) -> None:
    async with served(counter) as (service, house):
        for number in range(5):
            await service.ask(house.token(jti=str(number), exp=later(NOON, minutes=5 + number)))
        others: tuple[dict[str, Any], ...] = (
            {"scope": "read refund"},
            {"scope": "refund"},
            {"sub": "other"},
            {"stores": "clawver"},
        )
        for claims in others:
            await service.ask(house.token(**claims))
    assert opened == ["oauth:bot read", "oauth:bot read refund", "oauth:other read", "oauth:bot read"]


async def test_only_so_many_counters_are_open_and_who_was_quiet_makes_room(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_COUNTERS", 3)
    async with served(counter) as (service, house), httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
        tokens = [house.token(sub=f"sub-{number}") for number in range(5)]
        async with (
            following(browser, service, tokens[0]) as first,
            following(browser, service, tokens[1]) as second,
        ):
            assert (first.status_code, second.status_code) == (200, 200)
            for token in tokens:
                assert (await service.ask(token)).status_code not in {401, 503}
            # Who has something under way keeps their place.
            assert not first.is_closed
            async with following(browser, service, tokens[2]) as third:
                assert third.status_code == 200
                full = await service.ask(tokens[3])
                assert (full.status_code, full.headers["retry-after"]) == (503, "5")
                assert (await service.ask(tokens[0])).status_code != 503
        assert (await service.ask(tokens[3])).status_code != 503


@asynccontextmanager
async def following(browser: httpx2.AsyncClient, service: Service, token: str) -> AsyncIterator[httpx2.Response]:
    """A stream of an older program, open."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    opened = await browser.post(
        service.url, json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}, headers=headers
    )
    headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
    async with browser.stream("GET", service.url, headers=headers) as stream:
        yield stream


async def ended(stream: httpx2.Response) -> None:
    try:
        async for _ in stream.aiter_bytes():
            pass
    except httpx2.RemoteProtocolError:
        pass


async def test_a_stream_ends_with_the_last_token_of_its_worth(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(http, "_ROLL_CALL_S", 0.01)
    async with served(counter) as (service, house), httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
        short, long = (house.token(exp=later(NOON, seconds=seconds)) for seconds in (60, 300))
        async with following(browser, service, short) as stream:
            assert (await service.ask(long)).status_code != 401
            counter.clock.pass_by(seconds=100)
            refused(await service.ask(short))
            await anyio.sleep(0.1)
            with anyio.move_on_after(0.1) as still_open:
                await ended(stream)
            assert still_open.cancelled_caught
        async with following(browser, service, long) as stream:
            # Also while the record cannot be read.
            if not SERVER:
                (tmp_path / FILE_NAME).write_bytes(b"no database")
            counter.clock.pass_by(seconds=230)
            with anyio.fail_after(20):
                await ended(stream)
            refused(await service.ask(long))


async def test_while_the_issuers_keys_cannot_be_had_nobody_can_tell(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    """That is no refusal: the token may be good. Tokens of the desk's own, and readiness, do not depend on it."""
    own = await Service(counter).let_in("bot")
    async with served(counter) as (service, house):
        house.away = True
        away = await service.ask(house.token())
        assert (away.status_code, away.headers["retry-after"]) == (503, "5")
        assert "www-authenticate" not in away.headers
        assert "The issuer's keys cannot be had" in reason(caplog)
        assert (await service.ask(own)).status_code != 503
        assert (await service.ask(url=f"{service.origin}/readyz", method="GET", json=None)).status_code == 200
        house.away = False
        counter.clock.pass_by(seconds=5)
        assert (await service.ask(house.token())).status_code != 503
        house.away = True
        for minutes in (10, 45):
            counter.clock.pass_by(minutes=minutes)
            assert (await service.ask(house.token())).status_code not in {401, 503}
        counter.clock.pass_by(minutes=10)
        assert (await service.ask(house.token())).status_code == 503


async def test_a_key_that_the_issuer_took_back_lets_nobody_in(counter: Counter) -> None:
    async with served(counter) as (service, house):
        assert (await service.ask(house.token())).status_code != 401
        house.keys = [published("RS256", private("RS256"), kid="2")]
        counter.clock.pass_by(seconds=31)
        assert (await service.ask(house.token(algorithm="RS256", header={"kid": "2"}))).status_code != 401
        refused(await service.ask(house.token()))


async def test_where_tokens_are_had_is_told_without_one(counter: Counter) -> None:
    async with served(counter) as (service, house):
        for path in ("", "/mcp"):
            url = f"{service.origin}/.well-known/oauth-protected-resource{path}"
            told = await service.ask(url=url, method="GET", json=None)
            assert told.status_code == 200
            assert told.json() == {
                "resource": AUDIENCE,
                "authorization_servers": [house.url],
                "scopes_supported": ["read", "write", "refund"],
                "bearer_methods_supported": ["header"],
                "resource_name": "Clawver Orders",
            }


async def test_the_host_of_the_audience_is_a_name_of_the_desks(counter: Counter) -> None:
    async with served(counter) as (service, house):
        for host, known in {"desk.example": True, "DESK.example:443": True, "id.example": False}.items():
            answer = await service.ask(house.token(), headers={"Host": host})
            assert (answer.status_code != 421) is known


async def test_without_an_issuer_there_is_nothing_of_all_that(counter: Counter) -> None:
    await Service(counter).let_in("bot")
    async with a_service(counter) as service:
        url = f"{service.origin}/.well-known/oauth-protected-resource"
        assert (await service.ask(url=url, method="GET", json=None)).status_code == 404
        answer = await service.ask(House(counter.clock.now).token())
        assert answer.status_code == 401
        assert "resource_metadata" not in answer.headers["www-authenticate"]


async def test_a_made_up_shop_with_an_issuer_is_open_to_nobody_else(tmp_path: Path) -> None:
    counter = open_counter(tmp_path, sandbox_flag=True)
    async with served(counter) as (service, house):
        refused(await service.ask(), "")
        assert (await service.ask(house.token())).status_code != 401


# With the SDK's own client, from a first refusal to a refund.


class Kept:
    """What a program keeps."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
    return port


@pytest.mark.parametrize("grant", ["client credentials", "authorization code"])
async def test_a_client_of_the_sdk_finds_its_way_from_a_refusal_to_a_refund(
    counter: Counter, era: Era, grant: str
) -> None:
    """It is refused, finds the issuer, registers or signs in there, and comes back with a token for this desk."""
    url = f"http://127.0.0.1:{(port := a_free_port())}/mcp"
    async with served(counter, Terms("127.0.0.1", port, audience=url)) as (service, house):
        assert service.url == url
        back: list[tuple[str, str]] = []

        async def browse(address: str) -> None:
            back.append(await sign_in(address))

        async def returned() -> AuthorizationCodeResult:
            code, state = back.pop()
            return AuthorizationCodeResult(code=code, state=state, iss=house.url)

        auth: OAuthClientProvider
        if grant == "client credentials":
            auth = ClientCredentialsOAuthProvider(
                url, Kept(), "a-program-example", "secret-example", issuer=house.url
            )
        else:
            metadata = OAuthClientMetadata(
                redirect_uris=[AnyUrl("http://127.0.0.1:1/back")], token_endpoint_auth_method="none"
            )
            auth = OAuthClientProvider(url, metadata, Kept(), browse, returned)
        async with (
            httpx2.AsyncClient(auth=auth, trust_env=False, timeout=60) as browser,
            Client(streamable_http_client(url, http_client=browser), mode=era) as client,
        ):
            assert "prepare_refund" in {tool.name for tool in (await client.list_tools()).tools}
            refund_id = await prepare(client, counter)
            held = await counter.desk.refunds.held(refund_id)
            assert held.principal == "oauth:a-program-example"
            await counter.desk.moves.confirmed(held, Consent(given=True, how="terminal"))
            done = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
        assert done["state"] == "succeeded"
        assert set(house.audiences) == {url}
    assert counter.paid_back() == [500]


# Whatever is sent.

HOUSE = House(lambda: NOON)
GOOD = HOUSE.token()
SAID = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from(["read", "refund", "clawver"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(["sub", "scope", "scp", "stores", "aud", "exp", "iss"]), SAID, max_size=4))
def test_whatever_the_issuer_says_of_a_program_is_a_grant_of_no_more_or_a_refusal(claims: dict[str, Any]) -> None:
    visitors = Visitors(HOUSE.issuer(), AUDIENCE, ["clawver"], lambda: NOON)
    said = {**HOUSE.claims(), **claims}
    token = signed(b'{"alg":"ES256","kid":"1"}', json.dumps(said).encode(), private("ES256"), "ES256")
    try:
        admitted = anyio.run(visitors.admit, token)
    except (RefusedError, ShortError):
        return
    words = said["scope"].split(" ") if isinstance(said["scope"], str) else said["scope"]
    assert admitted.grant.name == f"oauth:{said['sub']}"
    assert admitted.grant.scopes - {"read"} <= set(words)
    assert admitted.grant.stores == (frozenset({"clawver"}) if "stores" in said else frozenset())
    assert not admitted.grant.forms
    assert str(said["sub"]) not in admitted.logged_as.removeprefix("oauth:") or len(said["sub"]) < 12


async def test_no_changed_token_is_let_in_over_a_socket_and_none_makes_it_fail(counter: Counter) -> None:
    """The pieces that a change can be made of, at many places; what is no header at all the server refuses."""
    async with served(counter) as (service, house), httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
        good = house.token().encode()
        pieces = (
            b"",
            b"A",
            b".",
            b"=",
            b"%",
            b"\xff",
            b"\xc3\xa9",
            b"..",
            b'"',
            b" ",
            b"\t",
            base64.b64encode(b"\0" * 99),
        )
        for number in range(300):
            place = number * 7919 % len(good)
            piece = pieces[number % len(pieces)]
            changed = (good[:place] + piece + good[place + 1 + number % 3 :]).strip()
            if changed == good:
                continue
            answer = await browser.post(
                service.url, content=b"{}", headers={b"Authorization": b"Bearer " + changed}
            )
            assert answer.status_code in {400, 401}, changed
