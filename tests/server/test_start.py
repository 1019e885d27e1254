"""What is loaded when a server starts: the SDK, what it loads anyway, ours, and a short list of others."""

import json
import subprocess
import sys
from pathlib import Path

from tests.server.wire import PATIENCE_S, environment

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
LINES = [
    HELLO,
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
]
SDK_ALONE = "from mcp.server.mcpserver import MCPServer; MCPServer('bare').run()"
OURS = "from clawver_orders.__main__ import main; main(['serve'])"

# Beyond what a server of the SDK alone loads. An entry more is a slower start of every assistant: have a reason.
ALSO_LOADED = {
    "platformdirs": "where the settings and the record are",
    "tomllib": "the settings",
    "sqlite3": "the record",
    "_sqlite3": "the record",
    "anyio": "its signals, to leave in order",
    "gc": "to look no more at what stays loaded",
}
NEVER = {"rich", "typer", "jsonschema", "keyring", "psycopg", "sqlalchemy", "textual", "jwt"}
OURS_NEVER = {"clawver_orders.sandbox", "clawver_orders.cli.demo", "clawver_orders.cli.orders"}
AT_THE_END = (
    "import atexit, json, sys\natexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr))"
)


def loaded(code: str, home: Path) -> set[str]:
    """The modules in a process that answered tools/list and left when its stdin closed."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{AT_THE_END}\n{code}"],
        env={**environment(home), "CLAW_API_KEY": "claw_sk_test_example"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.writelines(json.dumps(line).encode() + b"\n" for line in LINES)
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert "tools" in answers[-1]["result"]
        _, log = process.communicate(timeout=PATIENCE_S)
    return set(json.loads(log.splitlines()[-1]))


def test_a_server_loads_the_sdk_and_little_else(tmp_path: Path) -> None:
    ours = loaded(OURS, tmp_path)
    more = {name for name in ours - loaded(SDK_ALONE, tmp_path) if not name.startswith("clawver_orders")}
    assert {name.partition(".")[0] for name in more} <= set(ALSO_LOADED)
    assert not {name.partition(".")[0] for name in ours} & NEVER
    assert not {name for name in ours for never in OURS_NEVER if name.startswith(never)}
