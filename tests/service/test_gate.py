"""The gate before the counters: names, origins, sizes, pace, slow senders, and too many of them."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream

from clawver_orders.errors import SetupError
from clawver_orders.ledger import FILE_NAME
from clawver_orders.server import http
from clawver_orders.server.http import Terms, connection
from clawver_orders.server.http.counters import BODY_CAP
from clawver_orders.server.http.gate import Pace
from clawver_orders.settings import is_loopback
from clawver_orders.webhooks import receiver
from tests.counter import Counter, open_counter
from tests.server.serving import Era, structured
from tests.service.serving import Service, a_service, client_at

pytestmark = pytest.mark.anyio

HERE = Terms("127.0.0.1", 0)


@asynccontextmanager
async def served(counter: Counter, terms: Terms = HERE) -> AsyncIterator[tuple[Service, str]]:
    token = await Service(counter).let_in("bot")
    async with a_service(counter, terms) as service:
        yield service, token


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "evil.example:127", "127.0.0.1@evil.example", "0.0.0.0"),
        *("127.0.0.1:x", "", "[::1", "127.0.0.1/x", "desk.example.", "127.0.0.1, evil.example"),
    ],
)
async def test_a_foreign_name_is_refused_before_anything_else(counter: Counter, host: str) -> None:
    """A page that has its name lead here (DNS rebinding), with or without a token."""
    async with served(counter) as (service, token):
        for shown in (token, ""):
            assert (await service.ask(shown, headers={"Host": host})).status_code == 421
        assert (await service.ask(token, headers={"Host": "LOCALHOST:99"})).status_code != 421


async def test_a_service_for_other_machines_is_called_by_its_own_names_only(counter: Counter) -> None:
    async with served(counter, Terms("0.0.0.0", 0, names=frozenset({"desk.example"}))) as (service, token):
        for host, known in {
            "desk.example": True,
            "localhost": True,
            "0.0.0.0": False,
            "evil.example": False,
        }.items():
            answer = await service.ask(token, headers={"Host": host})
            assert (answer.status_code != 421) is known


async def test_two_names_at_once_are_refused(counter: Counter) -> None:
    async with served(counter) as (service, _), await anyio.connect_tcp(*service.address) as stream:
        await stream.send(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n")
        assert (await stream.receive()).split()[1] in {b"400", b"421"}


async def test_the_settings_say_by_which_names_and_from_which_pages(counter: Counter) -> None:
    terms = Terms(
        "127.0.0.1", 0, names=frozenset({"desk.example"}), origins=frozenset({"https://assistant.example"})
    )
    async with served(counter, terms) as (service, token):
        named = {"Host": "desk.example"}
        assert (await service.ask(token, headers=named)).status_code not in {403, 421}
        for origin, allowed in {
            "https://assistant.example": True,
            "https://evil.example": False,
            "http://assistant.example": False,
            "https://assistant.example.evil.example": False,
            "null": False,
            service.origin: False,
        }.items():
            answer = await service.ask(token, headers={**named, "Origin": origin})
            assert (answer.status_code != 403) is allowed, origin


async def test_what_is_not_there_is_refused_and_said_in_one_line(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(counter) as (service, token):
        caplog.clear()
        assert (await service.ask(token, url=f"{service.origin}/other%0Aline")).status_code == 404
        answer = await service.ask(token, method="PATCH")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, DELETE")
        assert [record.getMessage().partition(",")[0] for record in caplog.records] == [
            "refused with 404: no such path",
            "refused with 405: no such method",
        ]


async def test_what_the_protocol_refuses_is_in_the_log_with_who_asked(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(counter) as (service, token):
        caplog.clear()
        assert (await service.ask(token, json=[])).status_code >= 400
        (line,) = [record.getMessage() for record in caplog.records if record.name.endswith("gate")]
        assert "by bot from 127.0.0.1 (POST)" in line


@pytest.mark.parametrize("stated", [True, False], ids=["with its length", "in chunks"])
async def test_a_body_that_is_too_big_is_not_read(counter: Counter, stated: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_CAP // 1024 + 1):
            yield b" " * 1024

    async with served(counter) as (service, token):
        body = b" " * (BODY_CAP + 1) if stated else chunks()
        kind = {"Content-Type": "application/json"}
        assert (await service.ask(token, json=None, content=body, headers=kind)).status_code == 413


async def test_one_that_asks_too_often_is_slowed_down_and_others_are_not(counter: Counter) -> None:
    async with served(counter, Terms("127.0.0.1", 0, a_minute=3)) as (service, token):
        other = await service.let_in("other")
        answers = [await service.ask(token) for _ in range(4)]
        assert [answer.status_code == 429 for answer in answers] == [False, False, False, True]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
        assert (await service.ask(other)).status_code != 429


def test_a_pace_is_a_minutes_worth_at_once_and_then_evenly() -> None:
    at = 0.0
    pace = Pace(60, lambda: at)
    assert [pace.wait_s("a") for _ in range(60)] == [0.0] * 60
    assert pace.wait_s("a") == pytest.approx(1.0)
    at = 0.5
    assert pace.wait_s("a") == pytest.approx(0.5)
    at = 1.0
    assert pace.wait_s("a") == 0.0
    assert pace.wait_s("a") == pytest.approx(1.0)
    at = 1000.0
    assert [pace.wait_s("a") for _ in range(61)] == [0.0] * 60 + [pytest.approx(1.0)]
    for number in range(20_000):
        assert pace.wait_s(str(number)) == 0.0
    assert len(pace._left) <= 10_000


async def everything(stream: SocketStream) -> bytes:
    got = b""
    try:
        while True:
            got += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return got


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"POST /mcp HT",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 99\r\n\r\n{",
    ],
    ids=["silent", "half a line", "half the headers", "half the body"],
)
async def test_a_slow_sender_is_cut_off_and_holds_nobody_up(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Hostile 92: held open by many, and others are answered meanwhile."""
    monkeypatch.setattr(connection, "RECEIVED_WITHIN_S", 0.3)
    async with served(counter) as (service, token), AsyncExitStack() as streams:
        slow = [await streams.enter_async_context(await anyio.connect_tcp(*service.address)) for _ in range(20)]
        for stream in slow:
            if said:
                await stream.send(said.replace(b"TOKEN", token.encode()))
        assert (await service.ask(token)).status_code != 503
        with anyio.fail_after(20):
            for stream in slow:
                await everything(stream)


def test_a_request_has_ten_seconds_to_arrive_and_an_event_too() -> None:
    """Hostile 92: as the tests of slow senders, which have shorter ones, do not tell."""
    assert (connection.RECEIVED_WITHIN_S, receiver._WITHIN_S) == (10.0, 10.0)


async def test_a_stream_that_is_asked_for_is_not_cut_off(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    monkeypatch.setattr(connection, "RECEIVED_WITHIN_S", 0.05)
    async with served(counter) as (service, token), client_at(service.url, token, era) as client:
        for _ in range(3):
            await anyio.sleep(0.06)
            assert structured(await client.call_tool("list_orders", {"limit": 1}))


async def test_thousands_of_connections_take_no_place_from_who_asks(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 92, 93: with 16 places for 500 silent connections; those that wait the longest are cut."""
    monkeypatch.setattr(connection, "_CONNECTIONS", 16)
    async with served(counter) as (service, token), AsyncExitStack() as streams:
        silent = []
        for number in range(500):
            silent.append(await streams.enter_async_context(await anyio.connect_tcp(*service.address)))
            if number % 100 == 99:
                assert (await service.ask(token)).status_code != 503
        with anyio.fail_after(5):
            for stream in silent[:480]:
                assert await everything(stream) == b""


async def test_many_that_come_at_the_same_moment_get_no_more_places_than_there_are(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 92: accepted together, before any of those that are cut for them is gone."""
    monkeypatch.setattr(connection, "_CONNECTIONS", 16)

    def is_cut(one: socket.socket) -> bool:
        try:
            return one.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    async with served(counter) as (service, _):
        with ExitStack() as open_ones:
            # Nothing else runs here meanwhile: they wait to be accepted, all of them.
            crowd = [open_ones.enter_context(socket.create_connection(service.address)) for _ in range(60)]
            for one in crowd:
                one.setblocking(False)
            with anyio.fail_after(5):
                while sum(map(is_cut, crowd)) < 60 - 16:  # noqa: ASYNC110 - sockets tell nobody
                    await anyio.sleep(0.01)


async def test_those_that_were_answered_hold_no_place_either(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 92: kept open after an answer that needs no token, by more than there are places."""
    monkeypatch.setattr(connection, "_CONNECTIONS", 16)
    async with served(counter) as (service, token), AsyncExitStack() as streams:
        for _ in range(40):
            idle = await streams.enter_async_context(await anyio.connect_tcp(*service.address))
            await idle.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in await idle.receive()
        for _ in range(20):
            assert (await service.ask(token)).status_code == 400


async def test_health_and_readiness_need_no_token_and_tell_nothing(counter: Counter, tmp_path: Path) -> None:
    async with served(counter) as (service, token):
        asked: dict[str, Any] = {"method": "GET", "json": None, "headers": {"Host": "10.0.0.7:8600"}}
        healthy, ready = f"{service.origin}/healthz", f"{service.origin}/readyz"
        answers = [await service.ask(url=url, **asked) for url in (healthy, ready)]
        assert [(answer.status_code, answer.json()) for answer in answers] == [
            (200, {"status": "ok"}),
            (200, {"status": "ready"}),
        ]
        service.wrong = "missing: stores.clawver.api_key"
        answer = await service.ask(url=ready, **asked)
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
        service.wrong = ""
        (tmp_path / FILE_NAME).write_bytes(b"no database")
        assert (await service.ask(url=ready, **asked)).status_code == 503
        assert (await service.ask(url=healthy, **asked)).status_code == 200
        away = await service.ask(token)
        assert (away.status_code, away.headers["retry-after"]) == (503, "5")


async def test_it_does_not_start_where_anybody_could_call(tmp_path: Path) -> None:
    counter = open_counter(tmp_path)

    async def refused(made: Counter, terms: Terms) -> str:
        with pytest.raises(SetupError) as told:
            await http.serve_http(
                made.desk,
                made.ledger.tokens,
                terms,
                beside=lambda _: anyio.sleep_forever(),
                settings_wrong=lambda: "",
            )
        return str(told.value)

    assert "There is no token" in await refused(counter, HERE)
    made_up = open_counter(tmp_path / "sandbox", sandbox_flag=True)
    assert "beyond this machine (0.0.0.0)" in await refused(made_up, Terms("0.0.0.0", 0))
    await Service(counter).let_in("bot")
    assert "cannot be had" in await refused(counter, Terms("192.0.2.1", 0))
    await counter.ledger.tokens.revoke("bot", counter.clock.now(), by="a test")
    assert "There is no token" in await refused(counter, HERE)


async def test_a_made_up_shop_on_this_machine_needs_no_token_until_there_is_one(tmp_path: Path, era: Era) -> None:
    counter = open_counter(tmp_path, sandbox_flag=True)
    async with a_service(counter) as service, client_at(service.url, "", era) as client:
        assert structured(await client.call_tool("list_orders", {"limit": 1}))["sandbox"]
    token = await Service(counter).let_in("bot")
    async with a_service(counter) as service:
        assert (await service.ask()).status_code == 401
        assert (await service.ask(token)).status_code != 401


async def test_several_names_for_this_machine_are_loopback() -> None:
    for host, is_one in {"127.0.0.1": True, "127.9.9.9": True, "::1": True, "localhost": True}.items():
        assert is_loopback(host) is is_one
    for host in ("0.0.0.0", "::", "10.0.0.1", "desk.example", "localhost.evil.example", ""):
        assert not is_loopback(host)
