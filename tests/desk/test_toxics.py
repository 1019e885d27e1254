"""Refunds through a line that harms them, over real sockets: sent at most once, and told as what was seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest

from clawver_orders.desk import Desk
from clawver_orders.desk.results import Refund
from clawver_orders.errors import RefundError
from clawver_orders.ledger import SqliteLedger
from clawver_orders.refunds.machine import State
from clawver_orders.sandbox import Sandbox, serve
from tests.counter import YES
from tests.crash.life import Life, opened
from tests.proxy import Direction, Proxy, Toxic, proxied

pytestmark = pytest.mark.anyio


AMOUNT = "5.00 USD"


@dataclass
class Line:
    """A desk, a line that can be harmed, and a shop with its own books."""

    desk: Desk
    ledger: SqliteLedger
    proxy: Proxy
    sandbox: Sandbox

    @property
    def order_id(self) -> str:
        return self.sandbox.hints["refundable_order"]

    @property
    def posts(self) -> int:
        return sum(1 for request in self.sandbox.requests if request.operation == "refund" and request.body)

    @property
    def paid(self) -> int:
        return len(self.sandbox.shop.orders[self.order_id].refunds)

    async def refund(self, toxic: Toxic) -> Refund:
        """Prepare on a good line, and send on a harmed one: each write has a connection of its own."""
        prepared = await self.desk.prepare_refund("", self.order_id, AMOUNT, "torn", another=False)
        await self.proxy.add(toxic)
        return await self.desk.execute_refund(prepared.refund_id, YES)


@asynccontextmanager
async def line(directory: Path) -> AsyncIterator[Line]:
    sandbox = Sandbox(seed=7)
    up = anyio.Event()
    ports: list[int] = []

    def ready(url: str) -> None:
        ports.append(int(url.rpartition(":")[2]))
        up.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, sandbox, "127.0.0.1", 0, ready)
        await up.wait()
        async with proxied(ports[0]) as proxy:
            life = Life("first", directory, f"http://127.0.0.1:{proxy.port}", "", AMOUNT, write_within_s=1.0)
            async with opened(life, lambda _: None) as (desk, ledger):
                yield Line(desk, ledger, proxy, sandbox)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
@pytest.mark.parametrize(
    "toxic", [Toxic("latency", seconds=0.1), Toxic("slicer", size=20), Toxic("slow_close", seconds=0.2)], ids=str
)
async def test_a_slow_line_loses_nothing(tmp_path: Path, toxic: Toxic, stream: Direction) -> None:
    async with line(tmp_path) as shop:
        done = await shop.refund(replace(toxic, stream=stream))
        assert (done.state, done.money_moved) == (State.SUCCEEDED, "yes")
        assert (shop.posts, shop.paid) == (1, 1)
        assert await shop.ledger.verify() == ()


async def test_where_nobody_listens_nothing_was_sent(tmp_path: Path) -> None:
    """Hostile 37."""
    async with line(tmp_path) as shop:
        with pytest.raises(RefundError, match="not carried out: connection refused"):
            await shop.refund(Toxic("down"))
        (move,) = await shop.ledger.find()
        assert (move.state, move.moved, move.evidence) == (State.NOT_SENT, "no", "connection refused")
        assert (shop.posts, shop.paid) == (0, 0)


@pytest.mark.parametrize(
    ("toxic", "paid"),
    [
        (Toxic("latency", "upstream", seconds=2), 0),
        (Toxic("latency", "downstream", seconds=2), 1),
        (Toxic("reset_peer", "upstream"), 0),
        (Toxic("reset_peer", "downstream"), 1),
        (Toxic("timeout", "upstream"), 0),
        (Toxic("timeout", "upstream", seconds=0.2), 0),
        (Toxic("timeout", "downstream"), 1),
        (Toxic("timeout", "downstream", seconds=0.2), 1),
        (Toxic("slicer", "upstream", seconds=0.1, size=10), 0),
        (Toxic("slicer", "downstream", seconds=0.1, size=10), 1),
        (Toxic("limit_data", "upstream", size=40), 0),
        (Toxic("limit_data", "upstream", size=300), 0),
        (Toxic("limit_data", "downstream", size=10), 1),
        (Toxic("limit_data", "downstream", size=300), 1),
    ],
    ids=str,
)
async def test_what_the_line_lost_is_unknown_sent_once_and_settled_by_a_look(
    tmp_path: Path, toxic: Toxic, paid: int
) -> None:
    """Hostile 40 to 46, on a real line: whether the shop did it or not looks the same from here."""
    async with line(tmp_path) as shop:
        done = await shop.refund(toxic)
        assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
        assert shop.paid == paid
        shop.proxy.toxics.clear()
        again = await shop.desk.execute_refund(done.refund_id, YES)
        assert again.state == (State.SUCCEEDED if paid else State.UNKNOWN)
        assert (shop.posts <= 1, shop.paid) == (True, paid)
        assert await shop.ledger.verify() == ()
