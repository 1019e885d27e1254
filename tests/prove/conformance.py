"""Runs the MCP conformance suite against the real server: bare over HTTP, and as the service for who has a token.

Usage: python -m tests.prove.conformance PROGRAM OUTPUT_DIRECTORY. Exit status 1 when anything scored failed.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx2
import uvicorn
from mcp.server.mcpserver import MCPServer

from clawver_orders.__main__ import Joints
from clawver_orders.desk import Desk
from clawver_orders.server import build
from clawver_orders.server.http import Terms, counters, serve_http
from clawver_orders.tokens import Grant, Token, digest, mint
from tests.prove import conformance_fixtures
from tests.prove.shown import showing

# How many scenarios each revision requires of a server: fewer would mean that the suite ran something else.
REQUIRED = {"2025-11-25": 30, "2026-07-28": 37}
AT_ONCE = 2


def scenarios(listing: str) -> set[str]:
    """The names of the scenarios in a listing of lines such as `✓ tools-list: 3 passed, 0 failed`."""
    marked = (line.split() for line in listing.splitlines() if line.strip()[:1] in {"✓", "✗"})
    return {words[1].rstrip(":") for words in marked}


def verdict(title: str, required: int, output: str, status: int) -> bool:
    """Read the suite's summary: did everything scored run, and pass?"""
    summary, _, unscored = output.partition("=== SUMMARY ===")[2].partition("Not scored for ")
    scored = scenarios(summary) - scenarios(unscored)
    for line in summary.splitlines():
        if line.startswith("✗") and scenarios(line) <= scored:
            print(line)
    print(f"{title}: {len(scored)} scored scenarios, exit status {status}")
    return status == 0 and len(scored) == required


def built(*args: Any, **kwargs: Any) -> MCPServer:
    """The real server, with the fixtures mounted."""
    server = build(*args, **kwargs)
    conformance_fixtures.mount(server)
    return server


@asynccontextmanager
async def alone(desk: Desk) -> AsyncIterator[str]:
    """The server's address, with nothing before it."""
    server = built(desk, capabilities=[store.capabilities for store in desk.stores])
    http = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(http.serve, [listener])
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
            http.should_exit = True


@asynccontextmanager
async def as_service(desk: Desk, joints: Joints) -> AsyncIterator[str]:
    """The address at which the service is shown a token: its own wants one with every request."""
    token = mint()
    grant = Grant(f"suite-{secrets.token_hex(4)}", forms=True)
    await joints.tokens().add(Token(digest(token), grant, desk.moves.now()), by="a proof")
    setattr(counters, "build", built)  # noqa: B010 - each token has a server of its own, which is built there
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with showing(token, port) as shown, anyio.create_task_group() as tasks:
        listening = anyio.Event()
        serve = partial(
            serve_http,
            desk,
            joints.tokens(),
            # The suite calls from a page of this very address, and wants to be let in.
            Terms("127.0.0.1", port, origins=frozenset({f"http://127.0.0.1:{shown}"}), a_minute=100_000),
            beside=lambda _: anyio.sleep_forever(),
            settings_wrong=lambda: "",
            ready=lambda _: listening.set(),
        )
        tasks.start_soon(serve)
        await listening.wait()
        if await status_of(f"http://127.0.0.1:{port}/mcp") != 401:
            raise RuntimeError("the service lets somebody in without a token")
        yield f"http://127.0.0.1:{shown}/mcp"
        os.kill(os.getpid(), signal.SIGTERM)


async def status_of(url: str) -> int:
    """With which status a request without a token is answered."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        return (await http.post(url)).status_code


async def main(program: str, output_directory: Path) -> int:
    """Serve and judge; the exit status."""
    joints = Joints(sandbox=True)
    failed: list[str] = []
    turns = anyio.CapacityLimiter(AT_ONCE)

    async def judge(where: str, url: str, revision: str) -> None:
        output = output_directory / where.replace(" ", "-") / revision
        command = [program, "server", "--url", url, "--requirements", revision, "--output-dir", str(output)]
        async with turns:
            done = await anyio.run_process(command, check=False, stderr=subprocess.STDOUT)
        title = f"{where}, {revision}"
        if not verdict(title, REQUIRED[revision], done.stdout.decode(), done.returncode):
            failed.append(title)

    async with (
        joints.open_desk() as desk,
        alone(desk) as bare,
        as_service(desk, joints) as service,
        anyio.create_task_group() as tasks,
    ):
        for where, url in {"alone": bare, "as a service": service}.items():
            for revision in REQUIRED:
                tasks.start_soon(judge, where, url, revision)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(anyio.run(main, sys.argv[1], Path(sys.argv[2])))
