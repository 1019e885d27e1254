"""Who would keep all places to themselves: streams without number, and answers that nobody reads."""

import json
import socket
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import Any

import anyio
import anyio.to_thread
import pytest

from clawver_orders.server.http import connection
from tests.counter import Counter
from tests.service.serving import Service, a_service

pytestmark = pytest.mark.anyio

_META = "io.modelcontextprotocol/"
_LISTEN = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscriptions/listen",
        "params": {
            "notifications": {"resourceSubscriptions": ["orders://events"]},
            "_meta": {
                f"{_META}protocolVersion": "2026-07-28",
                f"{_META}clientInfo": {"name": "x", "version": "1"},
                f"{_META}clientCapabilities": {},
            },
        },
    }
)


async def test_one_program_with_many_streams_leaves_places_to_others(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 92: streams last for hours, and one token may open hundreds a minute."""
    monkeypatch.setattr(connection, "_CONNECTIONS", 12)
    greedy, other = [await Service(counter).let_in(name, "read") for name in ("greedy", "other")]
    async with a_service(counter) as service, AsyncExitStack() as streams:
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {greedy}\r\n"
            "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
            "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n"
            f"Content-Length: {len(_LISTEN)}\r\n\r\n{_LISTEN}"
        ).encode()
        held, answers = [], []
        for _ in range(12):
            one = await streams.enter_async_context(await anyio.connect_tcp(*service.address))
            await one.send(head)
            held.append(one)
            answers.append((await one.receive())[9:12])
        assert answers == [b"200"] * 3 + [b"429"] * 9
        assert (await service.ask(other)).status_code == 400
        # Whoever lets one go may have another.
        await held[0].aclose()
        with anyio.fail_after(20):
            while (await service.ask(greedy)).status_code == 429:
                pass


async def test_answers_that_nobody_reads_hold_no_place(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile 92: many requests in one piece, without a token; their answers fill the socket, and stay there."""
    made = socket.create_server

    def small(*where: Any, **how: Any) -> socket.socket:
        listener = made(*where, **how)
        # What is accepted has them, too: so a few hundred answers fill it, and nothing waits to be read.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return listener

    monkeypatch.setattr(socket, "create_server", small)
    monkeypatch.setattr(connection, "_CONNECTIONS", 4)
    token = await Service(counter).let_in("bot", "read")
    async with a_service(counter) as service:
        with ExitStack() as held:

            def unread() -> None:
                one = held.enter_context(socket.socket())
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                one.settimeout(3)
                one.connect(service.address)
                # Until no more is taken: then the service waits for somebody to read.
                with suppress(OSError):
                    while True:
                        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 100)

            async with anyio.create_task_group() as holding:
                for _ in range(4):
                    holding.start_soon(anyio.to_thread.run_sync, unread)
            for _ in range(3):
                assert (await service.ask(token)).status_code == 400
