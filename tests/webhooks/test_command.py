"""The receiver as a person starts it: a process of its own, killed and started again; and the list of what came."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from tests.cli.terminal import at_a_terminal, environment, without_a_terminal
from tests.counter import YES, open_counter
from tests.webhooks.signing import CLAWVER, HEIDIANER, OLD, OTHER, SECRET, Vendor, compact

SETTINGS = """
[stores.clawver]
platform = "clawver"
api_key = { env = "NO_KEY" }
webhook_secret = { env = "EXAMPLE_SECRET" }
previous_webhook_secret = { env = "EXAMPLE_OLD" }

[stores.heidianer]
platform = "heidianer"
base_url = "https://shop.test"
webhook_secret = { file = "hey" }

[stores.gateway]
platform = "gateway"
base_url = "https://ops.test"
"""
# A process that is gone once the event is on disk, before anything is answered.
DIES = """
import os, signal, sys
from clawver_orders.__main__ import main
from clawver_orders.ledger import SqlLedger

remember = SqlLedger.remember

async def kept_and_killed(self, store, delivered):
    assert await remember(self, store, delivered)
    os.kill(os.getpid(), signal.SIGKILL)

SqlLedger.remember = kept_and_killed
main(sys.argv[1:])
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Settings with two stores that send events."""
    (tmp_path / "config.toml").write_text(SETTINGS)
    (tmp_path / "hey").write_text(SECRET)
    (tmp_path / "hey").chmod(0o600)
    config = str(tmp_path / "config.toml")
    return environment(tmp_path / "state", CLAWVER_ORDERS_CONFIG=config, EXAMPLE_SECRET=SECRET, EXAMPLE_OLD=OLD)


@contextmanager
def started(
    environ: dict[str, str], *arguments: str, script: str = ""
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a receiver, and its process."""
    program = ["-c", script] if script else ["-m", "clawver_orders"]
    command = [sys.executable, *program, "webhooks", "--port", "0", *arguments]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            words = process.stdout.readline().split()
            assert words[:4] == ["Events", "are", "received", "at"], process.stderr and process.stderr.read()
            yield words[4].removesuffix("/webhooks/STORE"), process
        finally:
            process.terminate()
            process.wait(30)


def post(url: str, vendor: Vendor = CLAWVER, body: bytes | None = None, secret: str = SECRET) -> int:
    headers = vendor.headers(body, secret)
    where = f"{url}/webhooks/{vendor.platform}"
    return httpx2.post(where, content=vendor.body if body is None else body, headers=headers).status_code


def tail(environ: dict[str, str], *arguments: str) -> list[dict[str, Any]]:
    done = without_a_terminal(("events", "tail", "--json", *arguments), environ)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_person_starts_the_receiver_and_sees_what_came(environ: dict[str, str]) -> None:
    with started(environ) as (url, process):
        assert url.startswith("http://127.0.0.1:")
        assert post(url) == 200
        assert post(url, secret=OLD) == 200
        assert post(url, HEIDIANER) == 200
        assert post(url, secret=OTHER) == 401
        assert httpx2.post(f"{url}/webhooks/gateway").status_code == 404
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr
        log = process.stderr.read()
    assert "Traceback" not in log
    assert SECRET not in log
    found = tail(environ)
    assert [(one["id"], one["store"], one["type"], one["order_id"]) for one in found] == [
        ("1", "clawver", "order.paid", "ord_1"),
        ("2", "heidianer", "order_paid", "7001"),
    ]
    assert [one["store"] for one in tail(environ, "--store", "heidianer")] == ["heidianer"]
    assert [one["id"] for one in tail(environ, "--last", "1")] == ["2"]
    shown = without_a_terminal(("events", "tail"), environ).stdout
    assert "clawver  order.paid  ord_1\n2  " in shown
    assert without_a_terminal(("events", "tail", "--store", "none"), environ).returncode == 2


def test_who_follows_sees_what_comes(environ: dict[str, str]) -> None:
    with started(environ) as (url, _):
        post(url)
        command = [sys.executable, "-m", "clawver_orders", "events", "tail", "--follow", "--json", "--last", "0"]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            # It may look for the first time only after some of these came; then the later ones are new to it.
            numbers, seen = iter(range(1000)), threading.Event()

            def events_until_seen() -> None:
                while not seen.wait(0.2):
                    post(url, body=compact({"event": "order.shipped", "number": next(numbers)}))

            sender = threading.Thread(target=events_until_seen)
            sender.start()
            try:
                found = [json.loads(process.stdout.readline()) for _ in range(3)]
            finally:
                seen.set()
                sender.join()
                process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
    assert {one["type"] for one in found} == {"order.shipped"}
    ids = [int(one["id"]) for one in found]
    assert ids == list(range(ids[0], ids[0] + 3))


def test_an_event_whose_answer_was_never_sent_is_one_event_when_it_comes_again(environ: dict[str, str]) -> None:
    """Hostile 95: killed between the record and the answer."""
    with started(environ, script=DIES) as (url, process):
        with pytest.raises(httpx2.TransportError):
            post(url)
        assert process.wait(30) == -signal.SIGKILL
    for _ in range(2):
        with started(environ) as (url, _):
            assert post(url) == 200
    assert [one["id"] for one in tail(environ)] == ["1"]


def test_a_receiver_without_a_secret_does_not_start(tmp_path: Path) -> None:
    bare = environment(tmp_path, CLAW_API_KEY="claw_sk_test_example")
    done = without_a_terminal(("webhooks", "--port", "0"), bare)
    assert (done.returncode, done.stdout) == (2, "")
    assert 'The store "clawver" has no webhook secret' in done.stderr
    nothing = without_a_terminal(("webhooks", "--port", "0"), environment(tmp_path))
    assert nothing.returncode == 2
    assert "No configured store sends events" in nothing.stderr


def test_the_made_up_shops_have_a_receiver_and_a_record_of_their_own(environ: dict[str, str]) -> None:
    signed = "heidianer_webhook_secret_example"
    with started(environ, "--sandbox") as (url, _):
        assert post(url, HEIDIANER, secret=signed) == 200
        assert post(url, CLAWVER) == 200
    with started(environ) as (url, _):
        assert post(url, HEIDIANER, secret=signed) == 401
    assert tail(environ) == []
    found = tail(environ, "--sandbox", "--store", "heidianer")
    assert [(one["sandbox"], one["id"]) for one in found] == [(True, "1")]
    assert without_a_terminal(("events", "tail", "--sandbox"), environ).stdout.startswith("SANDBOX")


def test_the_service_receives_events_too(environ: dict[str, str]) -> None:
    """Without a token: who signs is known by that."""
    command = [sys.executable, "-m", "clawver_orders", "serve", "--http", "--port", "0", "--sandbox"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            url = next(line.split()[4] for line in process.stderr if "listening at" in line)
            origin = url.partition("/mcp")[0].rstrip(",")
            assert post(origin, CLAWVER) == 200
            assert post(origin, CLAWVER, secret=OTHER) == 401
            assert httpx2.get(f"{origin}/webhooks/clawver").status_code == 405
        finally:
            process.terminate()
            process.wait(30)
    assert [one["type"] for one in tail(environ, "--sandbox")] == ["order.paid"]


def test_the_service_says_at_its_start_of_which_stores_it_takes_no_events(environ: dict[str, str]) -> None:
    """Names of stores and no more; that one may have no secret here is no fault."""
    bare = {name: value for name, value in environ.items() if name != "EXAMPLE_SECRET"}
    without = SETTINGS.replace('webhook_secret = { file = "hey" }', "")
    Path(environ["CLAWVER_ORDERS_CONFIG"]).write_text(f'{without}\n[stores.third]\nplatform = "clawver"\n')
    command = [sys.executable, "-m", "clawver_orders", "serve", "--http", "--port", "0", "--sandbox"]
    with subprocess.Popen(command, env=bare, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "listening at" in line:
                    break
        finally:
            process.terminate()
            process.wait(30)
    (line,) = [line for line in lines if "are refused" in line]
    assert "events of third are refused: no secret of theirs is known here" in line


@pytest.mark.parametrize("before", [("--sandbox",), ("--config", "x.toml"), ("--port", "1")])
def test_an_option_in_the_wrong_place_is_refused_and_not_ignored(
    environ: dict[str, str], before: tuple[str, ...]
) -> None:
    done = without_a_terminal(("webhooks", *before, "allow", "hooks.example"), environ)
    assert (done.returncode, "Options of allow stand after it" in done.stderr) == (2, True)


def test_a_receiver_whose_output_goes_to_a_full_disk_receives(environ: dict[str, str]) -> None:
    """Hostile 79: neither its first line nor what it refuses can be written."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "clawver_orders", "webhooks", "--port", str(port)]
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen(command, env=environ, stdout=full, stderr=full) as it,
    ):
        try:
            answers = []
            for _ in range(300):
                assert it.poll() is None
                with suppress(httpx2.ConnectError):
                    answers.append(post(f"http://127.0.0.1:{port}", secret=OTHER))
                    break
                time.sleep(0.1)
            answers += [post(f"http://127.0.0.1:{port}", secret=secret) for secret in (OTHER, SECRET, SECRET)]
            assert answers == [401, 401, 200, 200]
        finally:
            it.send_signal(signal.SIGTERM)
            assert it.wait(30) == 0
    assert len(tail(environ)) == 1


def test_a_service_whose_log_goes_to_a_full_disk_serves_and_leaves_well(environ: dict[str, str]) -> None:
    """Hostile 79."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "clawver_orders", "serve", "--http", "--sandbox", "--port", str(port)]
    with Path("/dev/full").open("w") as full, subprocess.Popen(command, env=environ, stderr=full) as it:
        try:
            for _ in range(300):
                assert it.poll() is None
                with suppress(httpx2.ConnectError):
                    ready = httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code
                    break
                time.sleep(0.1)
            # Each of these is a line of the log.
            refused = [post(f"http://127.0.0.1:{port}", secret=OTHER) for _ in range(3)]
            assert (ready, refused) == (200, [401] * 3)
        finally:
            it.send_signal(signal.SIGTERM)
            assert it.wait(40) == 0


def test_a_port_that_is_taken_is_said(environ: dict[str, str]) -> None:
    with started(environ) as (url, _):
        port = url.rpartition(":")[2]
        done = without_a_terminal(("webhooks", "--port", port), environ)
    assert done.returncode == 2
    assert f"127.0.0.1:{port} cannot be had" in done.stderr


def test_a_secret_that_the_desk_makes_later_counts_without_a_restart(
    environ: dict[str, str], tmp_path: Path
) -> None:
    with started(environ) as (url, _):
        assert post(url, secret=OTHER) == 401
        keep(tmp_path / "state", "clawver", "R-7K2M9Q4X", OTHER)
        assert post(url, secret=OTHER) == 200
        assert post(url, HEIDIANER, secret=OTHER) == 401


async def registered_and_deleted(state: Path) -> None:
    """Two webhooks, whose secrets are here, and of which somebody elsewhere deleted the first."""
    counter = open_counter(state, allowed_hosts=frozenset({"hooks.example"}))
    for path in ("a", "b"):
        hook = await counter.desk.create_webhook("", f"https://hooks.example/{path}", ("order.paid",), YES)
        keep(state, "clawver", hook.action.action_id, f"example-secret-of-{path}")
        if path == "a":
            await counter.desk.delete_webhook("", hook.webhook.id)


@pytest.mark.parametrize("program", ["webhooks", "serve --http"])
def test_a_secret_of_a_webhook_that_was_deleted_elsewhere_is_gone_once_a_program_has_started(
    environ: dict[str, str], tmp_path: Path, program: str
) -> None:
    """Hostile 89: the record that both computers share says so."""
    state = tmp_path / "state" / "sandbox"
    anyio.run(registered_and_deleted, state)
    command = [sys.executable, "-m", "clawver_orders", *program.split(), "--sandbox", "--port", "0"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as process:
        assert process.stdout
        try:
            said = next(line for line in process.stdout if "http://" in line)
            url = re.sub(r".*(http://127\.0\.0\.1:\d+).*", r"\1", said.strip())
            assert post(url, secret="example-secret-of-a") == 401
            assert post(url, secret="example-secret-of-b") == 200
        finally:
            process.terminate()
            process.wait(30)
    assert [file.read_text() for file in (state / "webhooks").iterdir()] == ["example-secret-of-b"]


def keep(state: Path, store: str, action_id: str, secret: str) -> None:
    """A secret as create_webhook leaves it."""
    directory = state / "webhooks"
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{store}-{action_id}.secret"
    file.write_text(secret)
    os.utime(file, ns=(len(list(directory.iterdir())) * 10**9,) * 2)


def test_a_secret_is_shown_once_to_a_person_at_a_terminal(environ: dict[str, str], tmp_path: Path) -> None:
    keep(tmp_path / "state", "clawver", "R-AAAAAAAA", OLD)
    keep(tmp_path / "state", "clawver", "R-7K2M9Q4X", SECRET)
    keep(tmp_path / "state", "clawver-two", "R-BBBBBBBB", OTHER)
    command = ("webhooks", "secret", "clawver")
    piped = without_a_terminal(command, environ)
    assert (piped.returncode, SECRET in piped.stdout + piped.stderr) == (2, False)
    status, shown = at_a_terminal(command, environ)
    assert (status, SECRET in shown, OLD in shown, OTHER in shown) == (0, True, False, False)
    status, shown = at_a_terminal(command, environ)
    assert (status, SECRET in shown) == (1, False)
    assert "was shown before" in shown
    status, shown = at_a_terminal(("webhooks", "secret", "heidianer"), environ)
    assert status == 1
    assert "made no secret for that store" in shown


def test_a_host_is_allowed_by_a_person_at_a_terminal_with_the_pin(environ: dict[str, str]) -> None:
    command, asked = ("webhooks", "allow", "Hooks.Example"), "Type the host"
    assert without_a_terminal(command, environ, piped="hooks.example\n").returncode == 2
    status, shown = at_a_terminal(command, environ, asked=asked, typed="other.example\n")
    assert (status, "Nothing was changed." in shown) == (1, True)
    status, shown = at_a_terminal(command, environ, asked=asked, typed="hooks.example\n")
    assert (status, "Allowed here: hooks.example." in shown) == (0, True)
    pin = "example pin 1"
    chosen = at_a_terminal(
        ("pin", "set"), environ, asked="New PIN", typed=f"{pin}\n", then=[("Once more:", f"{pin}\n")]
    )
    assert chosen[0] == 0
    second = ("webhooks", "allow", "b.example")
    status, _ = at_a_terminal(second, environ, asked="PIN:", typed="not the pin\n", then=[(asked, "b.example\n")])
    assert status == 1
    status, shown = at_a_terminal(second, environ, asked="PIN:", typed=f"{pin}\n", then=[(asked, "b.example\n")])
    assert (status, "Allowed here: b.example, hooks.example." in shown) == (0, True)
    fewer = (*command, "--remove")
    status, shown = at_a_terminal(fewer, environ, asked="PIN:", typed=f"{pin}\n", then=[(asked, "hooks.example\n")])
    assert (status, "Allowed here: b.example." in shown) == (0, True)
