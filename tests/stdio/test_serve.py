"""The server as a process, over real stdin and stdout: the same contract, and what no well-behaved client sends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import ElicitRequestParams, ElicitResult

SERVE = (sys.executable, "-m", "clawver_orders", "serve", "--sandbox")


def environ(state: Path) -> dict[str, str]:
    return {"HOME": str(state), "PATH": "/usr/bin:/bin", "CLAWVER_ORDERS_HOME": str(state)}


class Wire:
    """JSON-RPC by hand, one line a message."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self.stdin, self.stdout = process.stdin, process.stdout

    def send(self, line: bytes) -> None:
        self.stdin.write(line)
        self.stdin.flush()

    def ask(self, number: int, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request, and read until its answer."""
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
        self.send(json.dumps(request).encode() + b"\n")
        for line in self.stdout:
            answer = dict(json.loads(line))
            if answer.get("id") == number:
                return answer
        raise AssertionError("the server left without an answer")

    def initialize(self, version: str = "2025-11-25") -> dict[str, Any]:
        hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        answer = self.ask(1, "initialize", hello)
        self.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return answer

    def lives(self) -> bool:
        """Whether it still answers a call as it should."""
        answer = self.ask(777, "tools/call", {"name": "list_orders", "arguments": {"limit": 1}})
        return len(answer["result"]["structuredContent"]["orders"]) == 1


@contextmanager
def served(state: Path) -> Iterator[Wire]:
    with subprocess.Popen(
        SERVE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ(state)
    ) as process:
        try:
            yield Wire(process)
        finally:
            process.kill()


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_every_handshake_of_the_older_era_is_answered(tmp_path: Path, version: str) -> None:
    with served(tmp_path) as wire:
        assert wire.initialize(version)["result"]["protocolVersion"] == version
        assert wire.lives()


HOSTILE = {
    "batch": b'[{"jsonrpc":"2.0","id":5,"method":"ping"},{"jsonrpc":"2.0","id":6,"method":"ping"}]\n',
    "duplicate ids": b'{"jsonrpc":"2.0","id":7,"method":"ping"}\n' * 2,
    "id null": b'{"jsonrpc":"2.0","id":null,"method":"ping"}\n',
    "50 MB line": b'{"jsonrpc":"2.0","id":8,"method":"ping","params":{"x":"' + b"x" * 50_000_000 + b'"}}\n',
    "invalid UTF-8": b'{"jsonrpc":"2.0","id":9,"method":"\xff\xfe"}\n',
    "no JSON": b"hello\n\n\x00\n",
    "deep nesting": b"[" * 100_000 + b"\n",
    "unknown method": b'{"jsonrpc":"2.0","id":10,"method":"refund/everything"}\n',
    "unknown tool": b'{"jsonrpc":"2.0","id":11,"method":"tools/call","params":{"name":"rm","arguments":{}}}\n',
    "arguments of the wrong kind": (
        b'{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"name":"get_order","arguments":[1]}}\n'
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_the_server_lives_and_answers_the_next_call(tmp_path: Path, what: str) -> None:
    """Hostile 18. A line that cannot be parsed is dropped by the SDK without an answer."""
    with served(tmp_path) as wire:
        wire.initialize()
        wire.send(HOSTILE[what])
        assert wire.lives()


def test_a_line_without_its_end_is_not_acted_on(tmp_path: Path) -> None:
    """Hostile 18: no newline, then the end."""
    with served(tmp_path) as wire:
        wire.initialize()
        wire.send(b'{"jsonrpc":"2.0","id":3,"method":"ping"')
        wire.stdin.close()
        assert wire.process.wait(20) == 0
        assert wire.stdout.read() == b""


def test_stdout_carries_nothing_but_the_protocol_and_no_traceback_reaches_anyone(tmp_path: Path) -> None:
    with served(tmp_path) as wire:
        wire.initialize()
        wire.ask(2, "tools/call", {"name": "get_order", "arguments": {"order_id": "../refund"}})
        wire.ask(3, "tools/call", {"name": "get_order", "arguments": {"order_id": "ord_nobody"}})
        wire.stdin.close()
        assert wire.process.wait(20) == 0
        assert wire.stdout.read() == b""
        assert wire.process.stderr is not None
        assert b"Traceback" not in wire.process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """Hostile 66, with nothing under way."""
    with served(tmp_path) as wire:
        wire.initialize()
        assert wire.lives()
        wire.process.send_signal(number)
        assert wire.process.wait(20) == 0


@pytest.mark.parametrize("key", [None, "", "   ", "${CLAW_API_KEY}"])
def test_without_a_key_the_tools_list_and_the_first_call_says_what_to_do(tmp_path: Path, key: str | None) -> None:
    env = environ(tmp_path) | ({} if key is None else {"CLAW_API_KEY": key})
    command = SERVE[:-1]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as process:
        try:
            wire = Wire(process)
            wire.initialize()
            assert len(wire.ask(2, "tools/list")["result"]["tools"]) == 14
            result = wire.ask(3, "tools/call", {"name": "list_orders", "arguments": {}})["result"]
        finally:
            process.kill()
    (block,) = result["content"]
    assert result["isError"]
    assert block["text"].startswith("setup: ")
    assert "CLAW_API_KEY" in block["text"]
    assert "--sandbox" in block["text"]
    assert "structuredContent" not in result


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_refund_goes_through_a_real_client_in_both_eras(tmp_path: Path, mode: str) -> None:
    forms: list[str] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        forms.append(params.message)
        return ElicitResult(action="accept", content={"approve": True})

    server = StdioServerParameters(command=SERVE[0], args=list(SERVE[1:]), env=environ(tmp_path))
    async with Client(stdio_client(server), mode=mode, elicitation_callback=person) as client:
        listed = await client.call_tool("list_orders", {"payment_status": "paid", "limit": 1})
        order_id = listed.structured_content["orders"][0]["id"]
        arguments = {"order_id": order_id, "amount": "1.00 USD", "reason": "arrived torn"}
        prepared = await client.call_tool("prepare_refund", arguments)
        refund_id = prepared.structured_content["refund"]["refund_id"]
        done = await client.call_tool("execute_refund", {"refund_id": refund_id})
        again = await client.call_tool("execute_refund", {"refund_id": refund_id})
    for answer in (done, again):
        assert answer.structured_content["refund"]["state"] == "succeeded"
    assert len(forms) == 1
    assert order_id in forms[0]
    assert "1.00 USD" in forms[0]
