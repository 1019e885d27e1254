"""The real server under strace, before a sandbox shop in a process of its own; and what strace saw."""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from tests.server.wire import Wire, environment

_CALL = re.compile(r"^\d+ +(\w+)\((?:\d+<([^>]*)>)?(.*)$")


@dataclass(frozen=True)
class Call:
    """One system call, in the order in which they were begun.

    Attributes:
        name: Which.
        file: The path or the socket that it is about, where there is one.
        data: What follows: the start of what was written.
        failed: Whether it failed.
    """

    name: str
    file: str
    data: str
    failed: bool


def calls(log: Path) -> Iterator[Call]:
    """What strace wrote down."""
    for line in log.read_text(errors="replace").splitlines():
        if found := _CALL.match(line):
            rest = found[3].removeprefix(", ").lstrip('"')
            yield Call(found[1], found[2] or "", rest, ") = -1 " in rest)


@asynccontextmanager
async def served(home: Path, url: str, *strace: str) -> AsyncIterator[Wire]:
    """``clawver-orders serve`` under strace, after its handshake; killed at the end if it is still there."""
    # Not with --seccomp-bpf: strace 6.1 injects no signals then.
    command = [
        "strace",
        "-f",
        "-y",
        "-qq",
        "-e",
        "signal=none",
        *strace,
        sys.executable,
        "-m",
        "clawver_orders",
        "serve",
    ]
    env = environment(home, CLAW_API_URL=url, CLAW_API_KEY="claw_sk_test_example")
    with anyio.fail_after(60):
        async with await anyio.open_process(command, env=env, stderr=None) as process:
            wire = Wire(process)
            try:
                hello = {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {"elicitation": {}},
                    "clientInfo": {"name": "prove", "version": "1"},
                }
                assert "result" in await wire.answer(await wire.ask("initialize", hello))
                await wire.write({"method": "notifications/initialized"})
                yield wire
            finally:
                if process.returncode is None:
                    process.kill()


async def tried(wire: Wire, tool: str, **arguments: Any) -> dict[str, Any]:
    """A tool's whole result, error or not."""
    answer = await wire.answer(await wire.ask("tools/call", {"name": tool, "arguments": arguments}))
    result: dict[str, Any] = answer["result"]
    return result
