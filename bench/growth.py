"""Memory of the service over many calls, beside a bare server's: in both eras, and of sessions that are left open.

``python -m bench.growth --calls 20000``. Both servers work at the same time, each asked by clients of its own.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

import anyio

from bench import scene
from bench.figure import Figure, table
from bench.program import LATER, OLDER, Era, Program
from bench.scene import Scene
from bench.service import OTHER, Served, bare, ours

# The first calls load and keep what is loaded and kept once.
_SETTLED: Final = 1000
_CLIENTS: Final = 4
# What a program of the older era asks before it ends its session.
_IN_A_SESSION: Final = 20
_TOKENS: Final = 64
_LEFT_OPEN: Final = 100


def figures(stage: Scene, calls: int, era: Era) -> list[Figure]:
    """Resident memory at the start, once settled, and after all calls."""
    with bare(stage) as other, ours(stage) as own:
        both = (own, other)
        rows = [("at the start", [one.process.resident_mb() for one in both])]
        anyio.run(_asked, both, stage.order_id, _SETTLED, era)
        settled = [one.process.resident_mb() for one in both]
        anyio.run(_asked, both, stage.order_id, calls - _SETTLED, era)
        last = [one.process.resident_mb() for one in both]
    rows += [(f"after {_SETTLED:,} calls", settled), (f"after {calls:,} calls", last)]
    growth = [(late - early) * 1e6 / (calls - _SETTLED) for early, late in zip(settled, last, strict=True)]
    found = [Figure(what, mine, "MB", {OTHER: theirs}, of=OTHER) for what, (mine, theirs) in rows]
    return [*found, Figure("growth since, a call", growth[0], "bytes", {OTHER: growth[1]})]


def left_open(stage: Scene) -> list[Figure]:
    """What is held for sessions that nobody ends, and for each token that was used."""
    with bare(stage) as other, ours(stage) as own:
        both = (own, other)
        anyio.run(_asked, both, stage.order_id, _SETTLED, OLDER)
        before = [one.process.resident_mb() for one in both]
        anyio.run(_abandoned, both, stage.order_id)
        after = [one.process.resident_mb() for one in both]
    mine, theirs = [(late - early) * 1000 / _LEFT_OPEN for early, late in zip(before, after, strict=True)]
    with ours(stage, _TOKENS) as many:
        one = Served(many.process, many.port, many.tokens[:1])
        anyio.run(_asked, (one,), stage.order_id, _SETTLED, LATER)
        few = many.process.resident_mb()
        anyio.run(_asked, (many,), stage.order_id, _TOKENS * _IN_A_SESSION, LATER)
        token = (many.process.resident_mb() - few) * 1000 / (_TOKENS - 1)
    return [
        Figure("a session that is left open", mine, "kB", {OTHER: theirs}, of=OTHER),
        Figure("a token that is used", token, "kB"),
    ]


async def _asked(servers: Sequence[Served], order_id: str, calls: int, era: Era) -> None:
    """So many calls of each server, a few at once, each program with the next token and a connection of its own."""

    async def client(served: Served, programs: Iterator[int]) -> None:
        for number in programs:
            async with await anyio.connect_tcp("127.0.0.1", served.port) as stream:
                program = Program(stream, order_id, served.tokens[number % len(served.tokens)], era)
                await program.begin()
                for _ in range(_IN_A_SESSION):
                    await program.call()
                await program.end()

    async with anyio.create_task_group() as tasks:
        for served in servers:
            programs = iter(range(calls // _IN_A_SESSION))
            for _ in range(_CLIENTS):
                tasks.start_soon(client, served, programs)


async def _abandoned(servers: Sequence[Served], order_id: str) -> None:
    for served in servers:
        for _ in range(_LEFT_OPEN):
            async with await anyio.connect_tcp("127.0.0.1", served.port) as stream:
                program = Program(stream, order_id, served.tokens[0], OLDER)
                await program.begin()
                await program.call()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    calls = parser.parse_args().calls
    order_id, body = anyio.run(scene.order_of_sandbox)
    with scene.scene(order_id, body) as stage:
        # The older era's are as dear and take the same way; a part of them shows what its sessions leave behind.
        for era, some in ((LATER, calls), (OLDER, max(calls // 4, 2 * _SETTLED))):
            print(table(f"Memory over {some:,} calls, protocol {era}", figures(stage, some, era)), flush=True)
        print(table("Memory held", left_open(stage)))


if __name__ == "__main__":
    main()
