"""Who is let in at the service: whoever shows a token that works at this moment, and nobody else."""

import logging
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import httpx2
import pytest

from clawver_orders.errors import ConflictError
from clawver_orders.ledger import FILE_NAME
from clawver_orders.server import http
from clawver_orders.tokens import Grant, mint
from tests.counter import Counter, open_counter
from tests.ledgers import SERVER
from tests.server.serving import Era, structured
from tests.service.serving import Service, a_service, client_at

pytestmark = pytest.mark.anyio


async def test_a_token_lets_a_real_client_in_and_its_use_is_noted(counter: Counter, era: Era) -> None:
    token = await Service(counter).let_in("reader", "read")
    async with a_service(counter) as service, client_at(service.url, token, era) as client:
        listed = structured(await client.call_tool("list_orders", {"limit": 1}))
        assert len(listed["orders"]) == 1
    (kept,) = await counter.ledger.tokens.all()
    assert kept.used_at == counter.clock.now()
    assert await counter.ledger.verify() == ()


def refused(answer: httpx2.Response, *, shown: bool = True) -> None:
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="clawver-orders"')
    assert ('error="invalid_token"' in challenge) is shown


async def test_nobody_is_let_in_without_a_token_that_works(
    counter: Counter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Wrong, expired, revoked, foreign: the answer is the same, and the log says which without the token."""
    service = Service(counter)
    good = await service.let_in("reader")
    expired = await service.let_in("yesterday", expires_at=counter.clock.now() - timedelta(seconds=1))
    revoked = await service.let_in("gone")
    assert await counter.ledger.tokens.revoke("gone", counter.clock.now(), by="a test")
    foreign = await Service(open_counter(tmp_path / "another desk")).let_in("reader")
    wrong: dict[str, list[str]] = {
        "no token was shown": [""],
        "no token of this desk": ["x", "claw_desk_", good[:-1], f"{good}x", good.swapcase()],
        "unknown": [mint(), foreign],
        "expired, of yesterday": [expired],
        "revoked, of gone": [revoked],
    }
    async with a_service(counter) as at:
        bodies = set()
        for why, tokens in wrong.items():
            for token in tokens:
                caplog.clear()
                answer = await at.ask(token)
                refused(answer, shown=bool(token))
                bodies.add(answer.content)
                (line,) = [record for record in caplog.records if record.name.endswith("gate")]
                assert why in line.getMessage()
                assert not token or token not in line.getMessage()
        assert len(bodies) == 1
        assert (await at.ask(good)).status_code != 401


async def test_a_token_is_only_read_where_it_belongs(counter: Counter) -> None:
    token = await Service(counter).let_in("reader")
    async with a_service(counter) as service:
        for asked in (
            partial(service.ask, url=f"{service.url}?access_token={token}"),
            partial(service.ask, headers={"Authorization": f"Basic {token}"}),
            partial(service.ask, headers={"Authorization": token}),
            partial(service.ask, headers={"Cookie": f"token={token}"}),
        ):
            assert (await asked()).status_code == 401
        line = f"Authorization: Bearer {token}\r\n"
        twice = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n{line}{line}Content-Length: 0\r\n\r\n"
        async with await anyio.connect_tcp(*service.address) as stream:
            await stream.send(twice.encode())
            assert (await stream.receive()).startswith(b"HTTP/1.1 401 ")


async def test_what_is_revoked_is_refused_from_that_moment_on(counter: Counter, era: Era) -> None:
    """The record is asked for every request, so it matters not which process revoked it."""
    token = await Service(counter).let_in("reader")
    async with a_service(counter) as service:
        async with client_at(service.url, token, era) as client:
            assert structured(await client.call_tool("list_orders", {"limit": 1}))
            assert await counter.ledger.tokens.revoke("reader", counter.clock.now(), by="a test")
            refused(await service.ask(token))
        again = await service.let_in("reader")
        assert (await service.ask(again)).status_code != 401
        refused(await service.ask(token))


async def test_a_stream_of_a_revoked_token_ends(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_ROLL_CALL_S", 0.01)
    token = await Service(counter).let_in("reader")
    async with a_service(counter) as service, httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        opened = await browser.post(
            service.url, json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}, headers=headers
        )
        headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
        async with browser.stream("GET", service.url, headers=headers) as stream:
            assert stream.status_code == 200
            await counter.ledger.tokens.revoke("reader", counter.clock.now(), by="a test")
            try:
                async for _ in stream.aiter_bytes():
                    pass
            except httpx2.RemoteProtocolError:
                pass


async def test_another_ones_session_is_not_there(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    mine, theirs = [await Service(counter).let_in(name) for name in ("mine", "theirs")]
    async with a_service(counter) as service:
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        opened = await service.ask(mine, json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        assert (await service.ask(mine, headers=session)).status_code == 200
        assert (await service.ask(theirs, headers=session)).status_code == 404


async def test_a_name_is_one_tokens_until_it_is_revoked(counter: Counter) -> None:
    service = Service(counter)
    await service.let_in("bot")
    with pytest.raises(ConflictError, match="bot"):
        await service.let_in("bot")
    assert await counter.ledger.tokens.revoke("bot", counter.clock.now(), by="a test")
    assert not await counter.ledger.tokens.revoke("bot", counter.clock.now(), by="a test")
    revoked_at = counter.clock.now()
    counter.clock.pass_by(seconds=1)
    await service.let_in("bot", "read", stores=("clawver",), forms=True)
    first, second = await counter.ledger.tokens.all()
    assert first.revoked_at == revoked_at
    assert second.grant == Grant("bot", frozenset({"read"}), frozenset({"clawver"}), forms=True)
    assert await counter.ledger.verify() == ()


async def test_who_made_and_revoked_a_token_stands_in_the_record_and_the_token_nowhere(
    counter: Counter, tmp_path: Path
) -> None:
    token = await Service(counter).let_in("bot", "read")
    before = await counter.ledger.head()
    await counter.ledger.tokens.revoke("bot", counter.clock.now(), by="a test")
    assert await counter.ledger.head() != before
    if not SERVER:
        assert token.encode() not in (tmp_path / FILE_NAME).read_bytes()
