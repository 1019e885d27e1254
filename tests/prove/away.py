"""A database that is away at the start, and then for a minute, before the service, the receiver and commands.

``outage.sh`` starts the server that goes away.
"""

import hashlib
import hmac
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import httpx2
import psycopg
import pytest
from psycopg import conninfo

from clawver_orders.ledger.postgres import PostgresLedger
from clawver_orders.sandbox import parse_fault
from tests.approvals.desks import a_shop, own_environment
from tests.cli.terminal import at_a_terminal, without_a_terminal
from tests.ledgers import SERVER, Address
from tests.prove.postgres import control
from tests.server.serving import error_of, structured, yes
from tests.service.serving import PING, a_worker, client_at, let_in

pytestmark = pytest.mark.anyio

# How long it is away in the middle.
GONE_S = 60.0
SECRET = "whsec_example"
CONFIG = """
[stores.clawver]
platform = "clawver"
base_url = "{shop}"
api_key = {{ env = "CLAW_API_KEY" }}
webhook_secret = {{ env = "HOOK_SECRET" }}

[state]
database_url = "{database}"
"""
REFUND = {"amount": "5.00 USD", "reason": "arrived torn"}


@pytest.fixture
def database() -> Iterator[str]:
    """A database of its own: the commands know no schema but theirs."""
    name = "orders_away"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    given = conninfo.conninfo_to_dict(SERVER)
    yield f"postgresql://{given['user']}@{given['host']}:{given['port']}/{name}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def ledger(database: str) -> PostgresLedger:
    """The record itself, as a test looks at it."""
    return PostgresLedger(Address(database), lambda: datetime.now().astimezone())


def stop() -> None:
    control("-m", "immediate", "-w", "stop")


def start() -> None:
    control("-w", "start")


@pytest.fixture(autouse=True)
def there_again() -> Iterator[None]:
    """Whatever a test leaves, the next has a server."""
    yield
    try:
        psycopg.connect(SERVER).close()
    except psycopg.OperationalError:
        start()


@dataclass
class Computer:
    """A state directory of its own, and settings that name the shared database."""

    state: Path
    shop: str
    database: str

    @property
    def environ(self) -> dict[str, str]:
        return own_environment(self.state, self.shop) | {"HOOK_SECRET": SECRET}

    @property
    def config(self) -> tuple[str, str]:
        self.state.mkdir(exist_ok=True)
        file = self.state / "config.toml"
        file.write_text(CONFIG.format(shop=self.shop, database=self.database))
        return "--config", str(file)

    async def typed(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return await anyio.to_thread.run_sync(without_a_terminal, (*words, *self.config), self.environ)

    async def approves(self, refund_id: str) -> tuple[int, str]:
        """A person at its terminal says yes."""
        asked = partial(at_a_terminal, ("approve", refund_id, *self.config), self.environ, typed="5.00 USD\n")
        return await anyio.to_thread.run_sync(asked)

    @contextmanager
    def receiver(self) -> Iterator[str]:
        """``clawver-orders webhooks`` as a process: where the shop's events go."""
        command = [sys.executable, "-m", "clawver_orders", "webhooks", "--port", "0", *self.config]
        with subprocess.Popen(
            command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout
            try:
                yield process.stdout.readline().split()[4].replace("STORE", "clawver")
            finally:
                process.terminate()
                assert process.wait(30) == 0

    @contextmanager
    def service(self) -> Iterator[str]:
        """``clawver-orders serve --http`` as a process: its address."""
        with a_worker(self.state, self.shop, *self.config, HOOK_SECRET=SECRET) as worker:
            yield worker.url
            assert worker.stop() == 0
            assert "Traceback" not in "".join(worker.log)


async def delivered(url: str, *numbers: int) -> list[int]:
    """What events are answered."""
    answers = []
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        for number in numbers:
            body = b'{"event":"order.paid","number":%d,"data":{"orderId":"ord_1"}}' % number
            signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            answer = await http.post(url, content=body, headers={"X-Claw-Signature": signature})
            answers.append(answer.status_code)
    return answers


async def asked(origin: str, token: str) -> list[int]:
    """How the service is, and what a program with a token is answered."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        ping = {
            "json": PING,
            "headers": {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"},
        }
        return [
            (await http.get(f"{origin}/healthz")).status_code,
            (await http.get(f"{origin}/readyz")).status_code,
            (await http.post(f"{origin}/mcp", **ping)).status_code,  # type: ignore[arg-type]
        ]


async def in_thread(work: Callable[[], None]) -> None:
    await anyio.to_thread.run_sync(work)


async def test_what_starts_while_the_database_is_away_says_so_and_the_receiver_waits_for_it(
    tmp_path: Path, database: str, ledger: PostgresLedger
) -> None:
    """Hostile 69: the receiver is there and takes nothing; the rest ends with what to do, and is started again."""
    await ledger.upgrade()
    async with a_shop() as (_, shop):
        computer = Computer(tmp_path / "one", shop, database)
        await in_thread(stop)
        for words in (
            ("serve", "--http", "--port", "0"),
            ("db", "check"),
            ("events", "tail"),
        ):
            told = await computer.typed(*words)
            assert told.returncode == 2, (words, told)
            assert "The refund record in the database cannot be used" in told.stdout + told.stderr, words
            assert "Traceback" not in told.stderr
            assert database not in told.stdout + told.stderr
        status, shown = await computer.approves("R-00000000")
        assert (status, "cannot be used" in shown) == (2, True), shown
        with computer.receiver() as url:
            assert await delivered(url, 1, 2, 3) == [503] * 3
            await in_thread(start)
            assert await delivered(url, 3, 2, 1, 1) == [200] * 4
    assert len(await ledger.received()) == 3


async def test_a_database_that_is_gone_for_a_minute_in_the_middle_of_a_refund_loses_nothing(
    tmp_path: Path, database: str, ledger: PostgresLedger
) -> None:
    """The same processes go on: what was sent is found, what waits is sent once, each event is kept once."""
    token = await let_in(ledger, "bot", forms=True)
    async with a_shop() as (sandbox, shop):
        computer = Computer(tmp_path / "one", shop, database)
        order = sandbox.shop.orders[sandbox.hints["refundable_order"]]
        with computer.receiver() as hooks, computer.service() as mcp:
            origin = mcp.removesuffix("/mcp")
            async with client_at(mcp, token, "auto", lambda _: yes()) as client:
                assert await delivered(hooks, 0) == [200]
                prepared = await client.call_tool("prepare_refund", {"order_id": order.id, **REFUND})
                refund = {"refund_id": structured(prepared)["refund"]["refund_id"]}
                sandbox.faults.add(parse_fault("refund:slow:1,delay=0.004"))
                answers = []

                async def execute() -> None:
                    answers.append(structured(await client.call_tool("execute_refund", refund))["refund"])

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(execute)
                    while not order.refunds:  # noqa: ASYNC110 - the shop tells nobody
                        await anyio.sleep(0.02)
                    await in_thread(stop)
                assert (answers[0]["state"], answers[0]["money_moved"]) == ("unknown", "unknown")
                began, number = time.monotonic(), 0
                while time.monotonic() - began < GONE_S:
                    number += 1
                    assert await delivered(hooks, number) == [503]
                    assert await delivered(f"{origin}/webhooks/clawver", number) == [503]
                    assert await asked(origin, token) == [200, 503, 503]
                    await anyio.sleep(2)
                assert (await computer.approves(refund["refund_id"]))[0] == 2
                await in_thread(start)
                assert (await asked(origin, token))[:2] == [200, 200]
                assert set(await delivered(hooks, *range(number + 1))) == {200}
                assert set(await delivered(f"{origin}/webhooks/clawver", *range(number + 1))) == {200}
                with anyio.fail_after(60):
                    found = {"state": "sending"}
                    while found["state"] in {"sending", "unknown"}:
                        await anyio.sleep(1)
                        (found,) = structured(await client.call_tool("check_refund", refund))["refunds"]
                assert (found["state"], found["money_moved"]) == ("succeeded", "yes")
                again = await client.call_tool("prepare_refund", {"order_id": order.id, **REFUND})
                assert error_of(again)["code"] == "refund.duplicate"
        sends = [one for one in sandbox.requests if one.method == "POST" and one.path.endswith("/refund")]
    assert (len(sends), [one.amount for one in order.refunds]) == (1, [500])
    assert len(await ledger.received(limit=1000)) == number + 1
    assert await ledger.verify() == ()


async def test_a_person_at_another_computer_with_the_same_database_says_yes(
    tmp_path: Path, database: str, ledger: PostgresLedger
) -> None:
    """Two computers share nothing but the database: prepared at one, approved at the other, sent once."""
    token = await let_in(ledger, "bot")
    async with a_shop() as (sandbox, shop):
        one, other = (Computer(tmp_path / name, shop, database) for name in ("one", "other"))
        order = sandbox.shop.orders[sandbox.hints["refundable_order"]]
        with one.service() as mcp:
            async with client_at(mcp, token) as client:
                prepared = await client.call_tool("prepare_refund", {"order_id": order.id, **REFUND})
                refund = {"refund_id": structured(prepared)["refund"]["refund_id"]}
                status, shown = await other.approves(refund["refund_id"])
                assert (status, "Prepared by" in shown) == (0, True), shown
                done = structured(await client.call_tool("execute_refund", refund))["refund"]
                assert done["state"] == "succeeded"
        with other.service() as mcp, other.receiver() as hooks:
            async with client_at(mcp, token) as client:
                assert await delivered(hooks, 7) == [200]
                (seen,) = structured(await client.call_tool("check_refund", refund))["refunds"]
                assert seen["state"] == "succeeded"
                (event,) = structured(await client.call_tool("list_events", {}))["events"]
                assert event["order_id"] == "ord_1"
        sends = [sent for sent in sandbox.requests if sent.method == "POST" and sent.path.endswith("/refund")]
    assert (len(sends), [refunded.amount for refunded in order.refunds]) == (1, [500])
