"""Who leaves in the middle of a send, a program or the service itself, loses no refund and sends none twice."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import psycopg
import pytest
from psycopg import conninfo

from clawver_orders.ledger import SqlLedger
from clawver_orders.ledger.postgres import PostgresLedger
from clawver_orders.refunds.machine import Move, State
from clawver_orders.sandbox import Sandbox, parse_fault
from tests.approvals.desks import a_shop
from tests.ledgers import SERVER, Address
from tests.server.serving import error_of, structured, yes
from tests.service.serving import Worker, a_worker, client_at, let_in, record_of
from tests.service.test_events import SECRET, STORE, shipped
from tests.service.test_processes import REFUND, prepared, rpc

pytestmark = pytest.mark.anyio

# A claim is dead after 30 seconds. The clock of the service that dies is behind, so that this is sooner.
BEHIND = """
from datetime import timedelta
from clawver_orders import __main__ as program
right = program.now
program.now = lambda: right() - timedelta(seconds=25)
program.main()
"""


def sends(shop: Sandbox) -> int:
    """How often money was asked for."""
    return sum(asked.method == "POST" and asked.path.endswith("/refund") for asked in shop.requests)


async def asked(url: str, token: str, order_id: str) -> tuple[str, Callable[[], Coroutine[Any, Any, object]]]:
    """A refund that is prepared, and the call with which a person's yes comes."""
    async with client_at(url, token) as client:
        refund_id = await prepared(client, order_id)
    first = await rpc(url, token, {"refund_id": refund_id})
    answers = {name: {"action": "accept", "content": {"approve": True}} for name in first["inputRequests"]}
    more = {"requestState": first["requestState"], "inputResponses": answers}
    return refund_id, partial(rpc, url, token, {"refund_id": refund_id}, **more)


async def kept(ledger: SqlLedger, refund_id: str) -> Move:
    move = await ledger.get(refund_id)
    assert move is not None
    return move


async def past(state: State, ledger: SqlLedger, refund_id: str) -> Move:
    """The refund once it is in that state no longer."""
    with anyio.fail_after(40):
        while (move := await kept(ledger, refund_id)).state is state:  # noqa: ASYNC110 - the record tells nobody
            await anyio.sleep(0.1)
    return move


@dataclass(frozen=True)
class Shared:
    """A record that several services have, each with settings of its own."""

    directory: Path
    ledger: SqlLedger
    database: str = ""

    @contextmanager
    def worker(self, name: str, shop_url: str, **options: Any) -> Iterator[Worker]:
        state = self.directory / name if self.database else self.directory
        config = self.directory / f"{name}.toml"
        config.write_text(STORE.format(url=shop_url) + self.database)
        with a_worker(state, shop_url, "--config", str(config), HOOK_SECRET=SECRET, **options) as worker:
            yield worker


@asynccontextmanager
async def shared(directory: Path) -> AsyncIterator[Shared]:
    """In a directory; or in a database of its own, since services know no schema but theirs."""
    if not SERVER:
        yield Shared(directory, record_of(directory))
        return
    name = "orders_leaving"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    try:
        at = conninfo.conninfo_to_dict(SERVER)
        address = f"postgresql://{at['user']}@{at['host']}:{at['port']}/{name}"
        ledger = PostgresLedger(Address(address), lambda: datetime.now().astimezone())
        await ledger.upgrade()
        yield Shared(directory, ledger, f'[state]\ndatabase_url = "{address}"\n')
    finally:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def test_a_program_that_leaves_in_the_middle_loses_no_outcome(tmp_path: Path) -> None:
    """Over HTTP, while the shop takes seconds to answer: the answer is in the record all the same."""
    async with shared(tmp_path) as record, a_shop() as (shop, shop_url):
        token = await let_in(record.ledger, "bot", forms=True)
        order = shop.shop.orders[shop.hints["refundable_order"]]
        shop.faults.add(parse_fault("refund:slow:1,delay=0.004"))
        with record.worker("one", shop_url) as worker:
            refund_id, say_yes = await asked(worker.url, token, order.id)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(say_yes)
                with anyio.fail_after(20):
                    while not order.refunds:  # noqa: ASYNC110 - the shop tells nobody
                        await anyio.sleep(0.02)
                assert (await kept(record.ledger, refund_id)).state is State.SENDING
                tasks.cancel_scope.cancel()
            move = await past(State.SENDING, record.ledger, refund_id)
    # By the answer, and not by a look at the shop.
    assert (move.state, move.looks, sends(shop)) == (State.SUCCEEDED, 0, 1)
    assert [refund.amount for refund in order.refunds] == [500]


async def test_a_service_that_is_killed_while_it_sends_leaves_an_unknown_that_another_settles(
    tmp_path: Path,
) -> None:
    """The other finds it by itself and never sends again. The shop pays late, and its event has the other look."""
    async with shared(tmp_path) as record, a_shop() as (shop, shop_url):
        token = await let_in(record.ledger, "bot", forms=True)
        order = shop.shop.orders[shop.hints["refundable_order"]]
        shop.faults.add(parse_fault("refund:timeout-late:1,seconds=3600"))
        with (
            record.worker("one", shop_url, program=("-c", BEHIND)) as one,
            record.worker("two", shop_url) as two,
        ):
            refund_id, say_yes = await asked(one.url, token, order.id)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(say_yes)
                with anyio.fail_after(20):
                    while not sends(shop):  # noqa: ASYNC110 - the shop tells nobody
                        await anyio.sleep(0.02)
                tasks.cancel_scope.cancel()
            one.process.kill()
            one.process.wait()
            assert (await kept(record.ledger, refund_id)).state is State.SENDING
            move = await past(State.SENDING, record.ledger, refund_id)
            assert move.state is State.UNKNOWN
            async with client_at(two.url, token, answer=lambda _: yes()) as client:
                while move.looks < 3:
                    told = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
                    assert (told["state"], told["money_moved"]) == ("unknown", "unknown")
                    move = await kept(record.ledger, refund_id)
                again = await client.call_tool("prepare_refund", {"order_id": order.id, **REFUND})
                assert error_of(again)["code"] == "refund.open"
            assert (sends(shop), order.refunds) == (1, [])
            # It would look by itself in a minute at the earliest.
            assert move.look_at is not None
            assert move.look_at - datetime.now().astimezone() > timedelta(seconds=40)
            right = shop.now
            shop.now = lambda: right() + timedelta(hours=1)
            assert await shipped(two.url, order.id, 1) == 200
            with anyio.fail_after(30):
                move = await past(State.UNKNOWN, record.ledger, refund_id)
        assert await record.ledger.verify() == ()
    assert (move.state, sends(shop)) == (State.SUCCEEDED, 1)
    assert [refund.amount for refund in order.refunds] == [500]
