"""A server in a process of its own: JSON-RPC over its pipes, and what it used."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process used from its start to this moment. ``peak_mb`` is resident memory, in MB of 10^6 bytes."""

    cpu_s: float
    wall_s: float
    peak_mb: float


class Process:
    """A server under measurement, spawned with nothing of this environment but PATH, as MCP hosts do.

    Args:
        arguments: After the name of this Python.
        environ: HOME and what else it shall have.
    """

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath), **environ},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._id = 0

    def line(self) -> str:
        """The next line that it prints."""
        return self._out.readline().decode().strip()

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Ask for something; the answer is fetched with ``answer``."""
        self._id += 1
        message = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}}
        self._in.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        self._in.flush()
        return self._id

    def answer(self, number: int) -> bytes:
        """The line that answers this request; notifications before it are dropped."""
        mark = b'"id":%d,' % number
        while line := self._out.readline():
            if mark in line[:60]:
                return line
        raise RuntimeError("the server ended without an answer")

    def any_answer(self) -> None:
        """Wait for the answer to any request; of several under way, the later may come first."""
        while line := self._out.readline():
            if b'"id":' in line[:60]:
                return
        raise RuntimeError("the server ended without an answer")

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Ask, and read the result as JSON."""
        return json.loads(self.answer(self.send(method, params)))["result"]

    def hello(self) -> None:
        """The handshake."""
        self.ask("initialize", _HELLO)
        self._in.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        self._in.flush()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        """Call a tool; RuntimeError where it answers with an error."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise RuntimeError(str(result["content"]))
        return result

    def resident_mb(self) -> float:
        """Memory that is resident at this moment."""
        return self._memory("VmRSS")

    def cpu_s(self) -> float:
        """Processor time that it used until now, of all its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _memory(self, name: str) -> float:
        # Not the rusage of a child: that starts from what the parent had when it forked.
        status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        return next(int(row.split()[1]) for row in status.splitlines() if row.startswith(name)) * 1024 / 1e6

    def kill(self) -> Usage:
        """End it where it stands, so that its leaving is not measured."""
        wall, peak = time.perf_counter() - self._began, self._memory("VmHWM")
        self._process.send_signal(signal.SIGKILL)
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._in.close()
        self._out.close()
        return Usage(used.ru_utime + used.ru_stime, wall, peak)

    def leave(self) -> None:
        """Close its stdin and let it go by itself."""
        self._in.close()
        self._process.wait(timeout=30)
        self._out.close()
