"""Events received while slow senders hold connections: how long each takes, and what is lost.

``python -m bench.hooks --seconds 30``: before the receiver alone, and before the service that receives, too.
"""

import argparse
import hashlib
import hmac
import itertools
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
import anyio.abc

from bench.figure import Figure, judged, table
from bench.process import Process
from bench.service import free_port, let_in, up
from clawver_orders.ledger import SqliteLedger
from clawver_orders.tokens import mint

SLOW: Final = 200
PER_SECOND: Final = 20
_SECRET: Final = "example-secret-of-the-bench"
_SETTINGS: Final = """
[stores.clawver]
platform = "clawver"
webhook_secret = { env = "EXAMPLE_SECRET" }
"""
_COMMANDS: Final = (("webhooks",), ("serve", "--http"))
# What a slow sender begins with, and does not go on with.
_BEGUN: Final = (
    b"",
    b"POST /webhooks/clawver HTTP/1.1\r\nHost: x\r\nX: ",
    b"POST /webhooks/clawver HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n{",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: milliseconds of each event, slowest last, and how many were sent and kept."""

    took_ms: list[float]
    sent: int
    kept: int

    def part(self, share: float) -> float:
        """The time within which this share of the events was answered."""
        return self.took_ms[min(int(len(self.took_ms) * share), len(self.took_ms) - 1)]


def measure(words: Sequence[str], seconds: float, slow: int) -> Run:
    """Send events at their pace to a command of its own, while so many slow senders hold connections."""
    with TemporaryDirectory() as home:
        config = Path(home, "config.toml")
        config.write_text(_SETTINGS)
        anyio.run(let_in, SqliteLedger(Path(home), lambda: datetime.now(UTC)), [mint()])
        environ = {"HOME": home, "CLAWVER_ORDERS_HOME": home, "CLAWVER_ORDERS_CONFIG": str(config)}
        port = free_port()
        command = ["-m", "clawver_orders", *words, "--port", str(port)]
        with up(Process(command, environ | {"EXAMPLE_SECRET": _SECRET}), port):
            took, sent = anyio.run(_load, "127.0.0.1", port, seconds, slow)
        with closing(sqlite3.connect(Path(home, "ledger.sqlite3"))) as record:
            (kept,) = record.execute("SELECT count(*) FROM received").fetchone()
    return Run(sorted(took), sent, kept)


async def _load(host: str, port: int, seconds: float, slow: int) -> tuple[list[float], int]:
    took: list[float] = []
    sent = 0

    async def one(number: int) -> None:
        began, answer = time.perf_counter(), b""
        with suppress(OSError, anyio.EndOfStream, anyio.BrokenResourceError):
            async with await anyio.connect_tcp(host, port) as stream:
                await stream.send(_event(number))
                answer = await stream.receive()
        if answer.startswith(b"HTTP/1.1 200 "):
            took.append((time.perf_counter() - began) * 1000)

    async with anyio.create_task_group() as holders, AsyncExitStack() as ending:
        ending.callback(holders.cancel_scope.cancel)
        for number in range(slow):
            holders.start_soon(_hold, host, port, _BEGUN[number % len(_BEGUN)])
        await anyio.sleep(1 if slow else 0)
        async with anyio.create_task_group() as tasks:
            start = time.perf_counter()
            for sent in itertools.count(1):
                tasks.start_soon(one, sent)
                due = start + sent / PER_SECOND
                if due - start >= seconds:
                    break
                await anyio.sleep(max(0.0, due - time.perf_counter()))
    return took, sent


async def _hold(host: str, port: int, begun: bytes) -> None:
    """Hold a connection, and another one each time it is cut."""
    while True:
        async with await anyio.connect_tcp(host, port) as stream:
            if begun:
                await stream.send(begun)
            try:
                await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                continue


def _event(number: int) -> bytes:
    body = b'{"event":"order.paid","data":{"orderId":"ord_%d"}}' % number
    signature = hmac.digest(_SECRET.encode(), body, hashlib.sha256).hex()
    head = f"POST /webhooks/clawver HTTP/1.1\r\nHost: x\r\nX-Claw-Signature: sha256={signature}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def figures(alone: Run, held: Run) -> list[Figure]:
    """The same load without slow senders and with them."""
    rows = [(f"answered, p{share}", "ms", held.part(share / 100), alone.part(share / 100)) for share in (50, 99)]
    rows += [("sent", "", float(held.sent), float(alone.sent))]
    rows += [
        ("not answered with 200", "", float(held.sent - len(held.took_ms)), float(alone.sent - len(alone.took_ms)))
    ]
    figures = [Figure(f"events {what}", ours, unit, {"alone": theirs}) for what, unit, ours, theirs in rows]
    lost = {"alone": float(alone.sent - alone.kept)}
    return [*figures, Figure("events lost", float(held.sent - held.kept), "", lost, budget=0, fixed=True)]


def main() -> int:
    """Print the figures; 1 where an event was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    seconds = parser.parse_args().seconds
    all_figures: list[Figure] = []
    for words in _COMMANDS:
        title = f"{' '.join(words)}: {PER_SECOND} events a second while {SLOW} slow senders are held, {seconds:g} s"
        measured = figures(measure(words, seconds, 0), measure(words, seconds, SLOW))
        print(table(title, measured), flush=True)
        all_figures += measured
    return judged(all_figures)


if __name__ == "__main__":
    sys.exit(main())
