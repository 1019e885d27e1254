"""Runs the MCP conformance suite against the real server, over streamable HTTP on loopback.

Usage: python -m tests.prove.conformance PROGRAM OUTPUT_DIRECTORY. Exit status 1 when anything scored failed.
"""

import socket
import subprocess
import sys
from pathlib import Path

import anyio
import uvicorn

from clawver_orders.__main__ import Joints
from clawver_orders.server import build
from tests.prove import conformance_fixtures

# How many scenarios each revision requires of a server: fewer would mean that the suite ran something else.
REQUIRED = {"2025-11-25": 30, "2026-07-28": 37}


def scenarios(listing: str) -> set[str]:
    """The names of the scenarios in a listing of lines such as `✓ tools-list: 3 passed, 0 failed`."""
    marked = (line.split() for line in listing.splitlines() if line.strip()[:1] in {"✓", "✗"})
    return {words[1].rstrip(":") for words in marked}


def verdict(revision: str, output: str, status: int) -> bool:
    """Read the suite's summary: did everything scored run, and pass?"""
    summary, _, unscored = output.partition("=== SUMMARY ===")[2].partition("Not scored for ")
    scored = scenarios(summary) - scenarios(unscored)
    for line in summary.splitlines():
        if line.startswith("✗") and scenarios(line) <= scored:
            print(line)
    print(f"{revision}: {len(scored)} scored scenarios, exit status {status}")
    return status == 0 and len(scored) == REQUIRED[revision]


async def main(program: str, output_directory: Path) -> int:
    """Serve and judge; the exit status."""
    good = True
    async with Joints(sandbox=True).open_desk() as desk:
        server = build(desk, capabilities=[store.capabilities for store in desk.stores])
        conformance_fixtures.mount(server)
        http = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(http.serve, [listener])
                for revision in REQUIRED:
                    command = [program, "server", "--url", url, "--requirements", revision]
                    done = await anyio.run_process(
                        [*command, "--output-dir", str(output_directory)], check=False, stderr=subprocess.STDOUT
                    )
                    good = verdict(revision, done.stdout.decode(), done.returncode) and good
                http.should_exit = True
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(anyio.run(main, sys.argv[1], Path(sys.argv[2])))
