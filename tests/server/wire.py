"""The server as a host starts it: a process, lines of JSON on its stdin and stdout, and signals."""

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

# Far more than anything here needs, on a busy machine too; a test that waits this long has failed.
PATIENCE_S = 60
_LINE_CAP = 10_000_000


class Wire:
    """A client that is nothing but its lines.

    Args:
        process: The server.
    """

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._in = process.stdin
        self._out = BufferedByteReceiveStream(process.stdout)
        self._next_id = 0

    async def send(self, line: bytes) -> None:
        await self._in.send(line)

    async def write(self, message: Mapping[str, Any]) -> None:
        await self.send(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def read(self) -> dict[str, Any]:
        """The next message, whatever it is; stdout carries nothing else."""
        message: dict[str, Any] = json.loads(await self._out.receive_until(b"\n", _LINE_CAP))
        assert message["jsonrpc"] == "2.0"
        return message

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Send a request without waiting for its answer."""
        self._next_id += 1
        await self.write({"id": self._next_id, "method": method, "params": params or {}})
        return self._next_id

    async def answer(self, request_id: int) -> dict[str, Any]:
        """The answer to a request; every form that is asked on the way is answered with yes."""
        while True:
            message = await self.read()
            if message.get("method") == "elicitation/create":
                yes = {"action": "accept", "content": {"approve": True}}
                await self.write({"id": message["id"], "result": yes})
            elif message.get("id") == request_id:
                return message

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """A tool's structured result."""
        answer = await self.answer(await self.ask("tools/call", {"name": tool, "arguments": arguments}))
        assert not answer["result"].get("isError"), answer
        structured: dict[str, Any] = answer["result"]["structuredContent"]
        return structured

    async def close_stdin(self) -> None:
        await self._in.aclose()

    async def close_stdout(self) -> None:
        await self._out.aclose()


def environment(home: Path, **more: str) -> dict[str, str]:
    """What hosts give to a server, and little else."""
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")}
    return {**kept, "HOME": str(home), "CLAWVER_ORDERS_HOME": str(home / "state"), **more}


@asynccontextmanager
async def started(
    *arguments: str,
    home: Path,
    env: Mapping[str, str] | None = None,
    elicitation: Mapping[str, Any] | None = None,
    stderr: int | None = None,
) -> AsyncIterator[Wire]:
    """``clawver-orders serve``, after its handshake in the older era.

    Args:
        arguments: Of the command.
        home: Where it keeps its record.
        env: More of the environment.
        elicitation: What the client says of its forms; nothing, as the first clients that had them.
        stderr: The file that its log goes to; this process's own where none is given.
    """
    command = [sys.executable, "-m", "clawver_orders", "serve", *arguments]
    with anyio.fail_after(PATIENCE_S):
        async with await anyio.open_process(command, env=environment(home, **env or {}), stderr=stderr) as process:
            wire = Wire(process)
            try:
                hello = {
                    "protocolVersion": "2025-11-25",
                    "capabilities": {"elicitation": elicitation or {}},
                    "clientInfo": {"name": "test", "version": "1"},
                }
                assert "result" in await wire.answer(await wire.ask("initialize", hello))
                await wire.write({"method": "notifications/initialized"})
                yield wire
            finally:
                if process.returncode is None:
                    process.kill()
