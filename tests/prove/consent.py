"""An assistant with a shell of its own user, before a desk that runs as another: what it can reach, and what not.

Run by consent.sh, as root, which only starts programs as one user or the other.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PIN = "example horse battery"
KEY = "claw_sk_test_example"
# What a fetch tool does with the page, in a process of the assistant's user: open it, and send its form.
FETCH = """
import re, sys, urllib.error, urllib.parse, urllib.request
url, pin = sys.argv[1:]
page = urllib.request.urlopen(url, timeout=10).read().decode()
csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
form = urllib.parse.urlencode({"csrf": csrf, "decision": "approve", "pin": pin}).encode()
headers = {"Origin": url.split("/approve")[0]}
try:
    print(urllib.request.urlopen(urllib.request.Request(url, form, headers), timeout=30).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


class Users:
    """Both users, and how a program is started as one of them."""

    def __init__(self, scratch: Path, desk: str, assistant: str, python: str) -> None:
        self.home, self.desk, self.assistant, self.python = scratch / "desk", desk, assistant, python
        self.home.mkdir(mode=0o700)
        key = self.home / "key"
        key.write_text(KEY)
        key.chmod(0o600)
        for path in (self.home, key):
            subprocess.run(["chown", desk, path], check=True)

    def environ(self, shop: str = "") -> dict[str, str]:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
            if name in os.environ
        }
        return kept | {"HOME": str(self.home), "CLAWVER_ORDERS_HOME": str(self.home), "CLAW_API_URL": shop}

    def command(self, user: str, *command: str) -> list[str]:
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *command]

    def shell(self, script: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """What the assistant's shell says."""
        return subprocess.run(
            self.command(self.assistant, "sh", "-c", script, "sh", *arguments),
            env=self.environ() | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def as_desk(self, code: str, *arguments: str) -> str:
        """What a person does who may act as the desk's user."""
        done = subprocess.run(
            self.command(self.desk, self.python, "-c", code, *arguments),
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()


@contextmanager
def running(command: list[str], environ: dict[str, str]) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class Tools:
    """The assistant's tools: a desk's stdin and stdout, and nothing else of it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out, self._last = process.stdin, process.stdout, 0
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "prove", "version": "1"},
        }
        self._ask("initialize", hello)

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._last += 1
        self._in.write(json.dumps({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}) + "\n")
        self._in.flush()
        for line in self._out:
            answer = json.loads(line)
            if answer.get("id") == self._last:
                return answer["result"]
        raise AssertionError("the desk left")

    def call(self, name: str, **arguments: str | int) -> Any:
        return self._ask("tools/call", {"name": name, "arguments": arguments})

    def prepared(self, order_id: str, amount: str) -> str:
        result = self.call("prepare_refund", order_id=order_id, amount=amount, reason="arrived torn")
        refund_id: str = result["structuredContent"]["refund"]["refund_id"]
        return refund_id

    def executed(self, refund_id: str) -> Any:
        return self.call("execute_refund", refund_id=refund_id)["structuredContent"]["refund"]


def check(what: str, held: bool) -> None:
    """One line of the proof; the first that does not hold ends it."""
    print(f"{'ok' if held else 'NO'}: {what}", flush=True)
    if not held:
        sys.exit(1)


def main() -> None:
    scratch, desk, assistant, python = sys.argv[1:]
    users = Users(Path(scratch), desk, assistant, python)
    module = (python, "-m", "clawver_orders")
    with running(users.command(desk, *module, "sandbox", "--port", "0", "--seed", "7"), users.environ()) as sandbox:
        assert sandbox.stdout is not None
        found = re.search(r"http://\S+", sandbox.stdout.readline())
        assert found
        shop = found[0]
        # The key is read from a file that only the desk's user can read.
        (users.home / "config.toml").write_text(
            f'[stores.clawver]\nplatform = "clawver"\nbase_url = "{shop}"\n'
            f'api_key = {{ file = "{users.home}/key" }}\n'
        )
        prove(users, shop, [*module, "serve", "--config", str(users.home / "config.toml")])


def prove(users: Users, shop: str, serve: list[str]) -> None:
    with running(users.command(users.desk, *serve), users.environ()) as process:
        tools = Tools(process)
        orders = tools.call("list_orders", payment_status="paid", limit=2)
        check("the desk reads its key and answers the assistant", not orders["isError"])
        first, second = (row["id"] for row in orders["structuredContent"]["orders"])

        without = tools.prepared(first, "1.00 USD")
        url = tools.executed(without)["approval"]["url"]
        posted = users.shell(f'exec "{users.python}" -c "$1" "$2" "$3"', FETCH, url, "")
        check(
            "without a PIN the page can be forged by anybody on this computer, another user or not",
            posted.stdout.strip() == "200" and tools.executed(without)["state"] == "succeeded",
        )

        users.as_desk(SET_PIN, str(users.home), PIN)
        refund_id = tools.prepared(second, "1.00 USD")
        url = tools.executed(refund_id)["approval"]["url"]
        for guess in ("", "password1", PIN.upper()):
            posted = users.shell(f'exec "{users.python}" -c "$1" "$2" "$3"', FETCH, url, guess)
            check(f"with a PIN the page refuses {guess or 'none'}", posted.stdout.strip() == "403")
        # What follows fails for want of rights, and of nothing else.
        runs = users.shell(f"{users.python} -m clawver_orders --version && {users.python} -c 'import sqlite3'")
        check("the assistant's shell can run the program", runs.returncode == 0)
        held = users.as_desk(READ_ALL, str(users.home))
        check("the desk's user reads key, hash and record", KEY in held and '"hash"' in held and refund_id in held)
        for what, script in attempts(users, process.pid, refund_id).items():
            tried = users.shell(script)
            said = tried.stdout + tried.stderr
            check(f"{what}: not for the assistant's shell", tried.returncode != 0)
            check(f"{what}: nothing seen", not any(secret in said for secret in (KEY, PIN, '"hash"')))
        check("after all that it still waits", tools.executed(refund_id)["state"] == "prepared")
        posted = users.shell(f'exec "{users.python}" -c "$1" "$2" "$3"', FETCH, url, PIN)
        check("the person's PIN approves", posted.stdout.strip() == "200")
        check("and the assistant goes on", tools.executed(refund_id)["state"] == "succeeded")


SET_PIN = """
import sys, anyio
from datetime import UTC, datetime
from pathlib import Path
from clawver_orders.approvals.pin import Pin
from clawver_orders.ledger import SqliteLedger
now = lambda: datetime.now(UTC)
anyio.run(lambda: Pin(SqliteLedger(Path(sys.argv[1]), now), now).choose(sys.argv[2], by="a person"))
"""


READ_ALL = """
import sys, sqlite3
from pathlib import Path
home = Path(sys.argv[1])
record = sqlite3.connect(home / "ledger.sqlite3")
print((home / "key").read_text())
print(*record.execute("select value from switches"), *record.execute("select id from moves"))
"""


def attempts(users: Users, pid: int, refund_id: str) -> dict[str, str]:
    """What a shell would try, by what it is after."""
    home, ledger = users.home, users.home / "ledger.sqlite3"
    python, own = users.python, f"{users.python} -m clawver_orders"
    return {
        "the key": f"cat {home}/key",
        "the settings": f"cat {home}/config.toml",
        "a listing of the record's directory": f"ls -la {home}",
        "the record": f"cat {ledger}",
        "the PIN's hash": f"""{python} -c 'import sqlite3
print(sqlite3.connect("file:{ledger}?mode=ro", uri=True).execute("select value from switches").fetchall())'""",
        "a changed record": f"echo x >> {ledger}",
        "a record in its place": f"rm -f {ledger} && touch {ledger}",
        "the desk's environment": f"cat /proc/{pid}/environ",
        "the desk's memory": f"cat /proc/{pid}/mem",
        "the desk's open files": f"cat /proc/{pid}/fd/0 < /dev/null",
        "an end to the desk": f"kill -9 {pid}",
        "an approval of its own": f"CLAWVER_ORDERS_HOME={home} {own} approve {refund_id}",
        "an approval at a terminal of its own": (
            f"{python} -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "
            f"{own} approve {refund_id}"
        ),
        "the desk's user": f"setpriv --reuid={users.desk} true",
    }


if __name__ == "__main__":
    main()
