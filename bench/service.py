"""Calls over HTTP by 1, 8 and 64 clients at a time: a bare server, and ours with tokens, record and gate before it.

``python -m bench.service --seconds 5``. Both ask the same shop, which costs nothing; clients are bare sockets.
"""

import argparse
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import anyio
import anyio.abc

from bench import scene
from bench.figure import Figure, table
from bench.process import Process
from bench.scene import KEY, Scene
from clawver_orders.ledger import SqliteLedger
from clawver_orders.tokens import Grant, Token, digest, mint

CLIENTS: Final = (1, 8, 64)
_OTHER: Final = "MCPServer"
_SETTINGS: Final = "[http]\nrequests_per_minute = 1000000\n"


@dataclass(frozen=True, slots=True)
class Load:
    """What one load showed: milliseconds of each call, slowest last, and seconds in all."""

    took_ms: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        """How many calls were answered in a second."""
        return len(self.took_ms) / self.seconds

    def part(self, share: float) -> float:
        """The time within which this share of the calls was answered."""
        return self.took_ms[min(int(len(self.took_ms) * share), len(self.took_ms) - 1)]


def figures(stage: Scene, seconds: float) -> list[Figure]:
    """Ours beside the bare server, by how many clients there are."""
    found = []
    with _bare(stage) as bare, _ours(stage) as (ours, token):
        for clients in CLIENTS:
            other = anyio.run(_load, bare, _request(bare, stage.order_id, ""), clients, seconds)
            own = anyio.run(_load, ours, _request(ours, stage.order_id, token), clients, seconds)
            rows = [("calls a second", own.per_second, "", other.per_second)]
            rows += [(f"p{share}", own.part(share / 100), "ms", other.part(share / 100)) for share in (50, 99)]
            found += [
                Figure(f"{clients} at a time: {what}", mine, unit, {_OTHER: theirs}, of=_OTHER)
                for what, mine, unit, theirs in rows
            ]
    return found


@contextmanager
def _bare(stage: Scene) -> Iterator[int]:
    port = _free_port()
    with _up(Process(["-m", "bench.bare_server", stage.shop, str(port)], {"HOME": str(stage.directory)}), port):
        yield port


@contextmanager
def _ours(stage: Scene) -> Iterator[tuple[int, str]]:
    home, port, token = stage.directory / "service", _free_port(), mint()
    config = stage.directory / "config.toml"
    config.write_text(_SETTINGS)
    now = datetime.now(UTC)
    ledger = SqliteLedger(home, lambda: now)
    kept = Token(digest(token), Grant("bench", frozenset({"read"})), now)
    anyio.run(lambda: ledger.tokens.add(kept, by="the bench"))
    environ = {"HOME": str(home), "CLAWVER_ORDERS_HOME": str(home), "CLAW_API_URL": stage.shop, "CLAW_API_KEY": KEY}
    command = ["-m", "clawver_orders", "serve", "--http", "--port", str(port), "--config", str(config)]
    with _up(Process(command, environ), port):
        yield port, token


@contextmanager
def _up(process: Process, port: int) -> Iterator[None]:
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        yield
    finally:
        process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _request(port: int, order_id: str, token: str) -> bytes:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": "get_order", "arguments": {"order_id": order_id}, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    lines = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: application/json, text/event-stream",
        "Content-Type: application/json",
        "MCP-Protocol-Version: 2026-07-28",
        "Mcp-Method: tools/call",
        "Mcp-Name: get_order",
        *([f"Authorization: Bearer {token}"] if token else []),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _load(port: int, request: bytes, clients: int, seconds: float) -> Load:
    took: list[float] = []

    async def client(until: float) -> None:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await _call(stream, request)
            while time.perf_counter() < until:
                began = time.perf_counter()
                await _call(stream, request)
                took.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(clients):
            tasks.start_soon(client, began + seconds)
    return Load(sorted(took), time.perf_counter() - began)


async def _call(stream: anyio.abc.SocketStream, request: bytes) -> None:
    await stream.send(request)
    got = b""
    while b"\r\n\r\n" not in got:
        got += await stream.receive()
    head, _, body = got.partition(b"\r\n\r\n")
    (length,) = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < length:
        body += await stream.receive()
    if b'"structuredContent"' not in body:
        raise RuntimeError(f"no order came: {got[:300]!r}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    order_id, body = anyio.run(scene.order_of_sandbox)
    with scene.scene(order_id, body) as stage:
        print(table(f"Calls of get_order over HTTP, {seconds:g} s each", figures(stage, seconds)))


if __name__ == "__main__":
    main()
