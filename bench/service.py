"""Calls over HTTP by 1, 8 and 64 clients at a time: a bare server, and ours with tokens, record and gate before it.

``python -m bench.service --seconds 5``. Both ask the same shop, which costs nothing; clients are bare sockets.
"""

import argparse
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import anyio

from bench import scene
from bench.figure import Figure, table
from bench.process import Process
from bench.program import Program
from bench.scene import KEY, Scene
from clawver_orders.ledger import SqliteLedger
from clawver_orders.tokens import Grant, Token, digest, mint

CLIENTS: Final = (1, 8, 64)
OTHER: Final = "MCPServer"
# Both by turns, so that what else the machine does falls on both.
_TURNS: Final = 5
_SETTINGS: Final = "[http]\nrequests_per_minute = 1000000\n"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is up.

    Attributes:
        process: What it used.
        port: Where it listens.
        tokens: With what one is let in; one that is empty where none is needed.
    """

    process: Process
    port: int
    tokens: Sequence[str]


@dataclass(slots=True)
class Load:
    """What one load showed: milliseconds of each call, and seconds in all, the server's and the clock's."""

    took_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0

    @property
    def per_second(self) -> float:
        """How many calls were answered in a second."""
        return len(self.took_ms) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """What one call cost the server."""
        return self.cpu_s * 1000 / len(self.took_ms)

    def part(self, share: float) -> float:
        """The time within which this share of the calls was answered."""
        return sorted(self.took_ms)[min(int(len(self.took_ms) * share), len(self.took_ms) - 1)]


def figures(stage: Scene, seconds: float) -> list[Figure]:
    """Ours beside the bare server, by how many clients there are."""
    found = []
    with bare(stage) as other, ours(stage) as own:
        for clients in CLIENTS:
            theirs, mine = Load(), Load()
            for _ in range(_TURNS):
                anyio.run(_load, other, stage.order_id, clients, seconds / _TURNS, theirs)
                anyio.run(_load, own, stage.order_id, clients, seconds / _TURNS, mine)
            rows = [("calls a second", mine.per_second, "", theirs.per_second)]
            rows += [(f"p{share}", mine.part(share / 100), "ms", theirs.part(share / 100)) for share in (50, 99)]
            rows += [("processor, a call", mine.cpu_ms, "ms", theirs.cpu_ms)]
            found += [
                Figure(f"{clients} at a time: {what}", own_figure, unit, {OTHER: others}, of=OTHER)
                for what, own_figure, unit, others in rows
            ]
    return found


@contextmanager
def bare(stage: Scene) -> Iterator[Served]:
    """The bare server, which lets everybody in."""
    port = free_port()
    process = Process(["-m", "bench.bare_server", stage.shop, str(port)], {"HOME": str(stage.directory)})
    with up(process, port):
        yield Served(process, port, [""])


@contextmanager
def ours(stage: Scene, tokens: int = 1) -> Iterator[Served]:
    """Our service, with so many tokens."""
    home, port, made = Path(mkdtemp(dir=stage.directory)), free_port(), [mint() for _ in range(tokens)]
    config = home / "config.toml"
    config.write_text(_SETTINGS)
    anyio.run(let_in, SqliteLedger(home, lambda: datetime.now(UTC)), made)
    environ = {"HOME": str(home), "CLAWVER_ORDERS_HOME": str(home), "CLAW_API_URL": stage.shop, "CLAW_API_KEY": KEY}
    command = ["-m", "clawver_orders", "serve", "--http", "--port", str(port), "--config", str(config)]
    process = Process(command, environ)
    with up(process, port):
        yield Served(process, port, made)


async def let_in(ledger: SqliteLedger, tokens: Sequence[str]) -> None:
    """Make tokens that may look."""
    for number, token in enumerate(tokens):
        grant = Grant(f"bench{number}", frozenset({"read"}))
        await ledger.tokens.add(Token(digest(token), grant, datetime.now(UTC)), by="the bench")


@contextmanager
def up(process: Process, port: int) -> Iterator[None]:
    """Wait until a process listens; it is ended with the block."""
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


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def _load(served: Served, order_id: str, clients: int, seconds: float, load: Load) -> None:
    """Add to a load what so many clients do at once; the first call of each is not counted."""
    programs: list[Program] = []

    async def client(program: Program, until: float) -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            await program.call()
            load.took_ms.append((time.perf_counter() - began) * 1000)

    for _ in range(clients):
        stream = await anyio.connect_tcp("127.0.0.1", served.port)
        programs.append(Program(stream, order_id, served.tokens[0]))
        await programs[-1].begin()
        await programs[-1].call()
    began, used = time.perf_counter(), served.process.cpu_s()
    async with anyio.create_task_group() as tasks:
        for program in programs:
            tasks.start_soon(client, program, began + seconds)
    load.seconds += time.perf_counter() - began
    load.cpu_s += served.process.cpu_s() - used
    for program in programs:
        await program.stream.aclose()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    order_id, body = anyio.run(scene.order_of_sandbox)
    with scene.scene(order_id, body) as stage:
        print(table(f"Calls of get_order over HTTP, {seconds:g} s each", figures(stage, seconds)), flush=True)


if __name__ == "__main__":
    main()
