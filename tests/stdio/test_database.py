"""A server whose record is in a database that is away: it starts, lists its tools, and moves nothing."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stdio.test_serve import Wire, environ

CONFIG = """
[stores.clawver]
platform = "clawver"
[state]
database_url = {}
"""


def nobody() -> str:
    """The address of a database at a port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"postgresql+psycopg://desk:hunter2@127.0.0.1:{taken.getsockname()[1]}/orders"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "setup: ORDERS_DATABASE is not set"),
        (
            {"ORDERS_DATABASE": nobody()},
            "setup: The refund record in the database cannot be used (OperationalError)",
        ),
    ],
)
def test_the_tools_are_listed_and_a_call_that_needs_the_record_says_what_to_do(
    tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format('{ env = "ORDERS_DATABASE" }'))
    command = (sys.executable, "-m", "clawver_orders", "serve", "--config", str(config))
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env={**environ(tmp_path), **variables}
    ) as process:
        try:
            wire = Wire(process)
            wire.initialize()
            assert len(wire.ask(2, "tools/list")["result"]["tools"]) > 10
            answer = wire.ask(3, "tools/call", {"name": "check_refund", "arguments": {}})["result"]
            assert answer["isError"]
            assert told in answer["content"][0]["text"]
            process.stdin.close()  # type: ignore[union-attr]
            assert process.wait(20) == 0
            assert b"hunter2" not in process.stderr.read()  # type: ignore[union-attr]
        finally:
            process.kill()
    assert list(tmp_path.rglob("*.sqlite3")) == []
