"""The shop and the network before it: what is true, what a read shows of it, and what becomes of a send."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

from clawver_orders.errors import NetworkError, UpstreamError
from clawver_orders.money import Money
from clawver_orders.order import Customer, Item, Order, PaymentStatus, ShopRefund, Totals
from clawver_orders.store import Answer, Capabilities, Deadline, Store
from tests.simulation.world import EPOCH, Cut, World, pause

STORE: Final = "clawver"
CURRENCY: Final = "USD"
_MARK: Final = re.compile(r"\[(R-\w{8})\]")
_CAN: Final = Capabilities(operations=frozenset({"refund"}), keeps_reason=True)
_WAIT_S: Final = 20.0
_LATE: Final = (2.0, 8.0, 40.0, 300.0, 4000.0, 40_000.0, 80_000.0, 100_000.0)


class Entry(NamedTuple):
    """A refund that the shop made; ``ours`` is the id that its send carried."""

    id: str
    minor: int
    reason: str
    at: float
    ours: str


class Watcher(Protocol):
    """Who is told what leaves a desk and what the shop does."""

    def first_byte(self, move_id: str, order_id: str, minor: int) -> None:
        """A desk begins to send."""
        ...

    def applied(self, move_id: str, order_id: str, minor: int) -> None:
        """The shop applied one of our sends."""
        ...


class ShopOrder:
    """One order as it truly is, and every state that it was in."""

    def __init__(self, order_id: str, total: int) -> None:
        self.id = order_id
        self.total = total
        self.most = total
        self.status: Any = "delivered"
        self.refunds: tuple[Entry, ...] = ()
        self.states: list[Order] = []
        self.publish()

    @property
    def left(self) -> int:
        """What can still be paid back."""
        return self.total - sum(refund.minor for refund in self.refunds)

    def publish(self) -> None:
        """Show the present state to those who read from now on."""
        self.states.append(_order(self, self.refunds))

    def add(self, refund: Entry) -> None:
        """Pay money back."""
        self.refunds = (*self.refunds, refund)
        self.publish()

    def shows(self, move_id: str) -> tuple[Entry, ...]:
        """The refunds that carry this mark."""
        return tuple(refund for refund in self.refunds if refund.ours == move_id)


class Shop(Store):
    """A shop behind a network: the part of the Store port that refunds use.

    Args:
        world: Time and chance.
        orders: Its orders.
        legacy: Whether it is of the old generation: ``refunded`` as a status as soon as any money went back.
        strict: Whether it refuses what is more than the rest; not every shop does.
        watcher: Who is told.
    """

    name = STORE
    platform = "clawver"
    capabilities = _CAN

    def __init__(
        self, world: World, orders: Iterable[ShopOrder], watcher: Watcher, *, legacy: bool, strict: bool
    ) -> None:
        self.world = world
        self.orders = {order.id: order for order in orders}
        self.legacy = legacy
        self.strict = strict
        self._watcher = watcher
        self._numbers = 0

    async def get_order(self, order_id: str) -> Order:
        """As Store."""
        world, faults = self.world, self.world.faults
        await pause(world.gap())
        if world.hit(faults.unread):
            await pause(world.gap())
            if world.hit(0.5):
                raise NetworkError("No answer", "Try again")
            raise UpstreamError("The shop failed", "Try again")
        order = self._seen(self.orders[order_id])
        await pause(world.gap())
        world.task.read, world.task.read_at = order, world.wall(world.task.desk)
        return order

    def _seen(self, order: ShopOrder) -> Order:
        world, faults = self.world, self.world.faults
        states = order.states
        if world.hit(faults.stale):
            world.counts["stale read"] += len(states) > 1
            return states[max(0, len(states) - 1 - int(world.random.random() * 3))]
        if order.refunds and world.hit(faults.truncated):
            world.counts["truncated read"] += 1
            shown = order.refunds[1:] if world.hit(0.5) else order.refunds[:-1]
            if world.hit(0.5):
                return _order(order, shown)
            word: PaymentStatus = "refunded" if self.legacy else "partially_refunded"
            whole = _order(order, shown)
            return replace(
                whole,
                payment_status=word,
                refunds_complete=False,
                totals=replace(whole.totals, refunded=None, refundable=None),
            )
        return states[-1]

    async def refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """As Store; with rule 2 off an unclear answer is answered by sending again."""
        answer = await self._post(order_id, amount, reason, may_start)
        if self.world.off == 2 and answer.kind == "unknown":
            answer = await self._post(order_id, amount, reason, may_start)
        return answer

    async def _post(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        world, faults = self.world, self.world.faults
        await pause(world.gap())
        if world.hit(faults.unsent):
            return self._answers(Answer("not_sent", "the connection was refused"))
        if not may_start():
            return self._answers(Answer("not_sent", "the deadline passed before the first byte"))
        order, move_id = self.orders[order_id], mark(reason)
        world.tell(f"sends {move_id}: {amount} on {order_id}")
        self._watcher.first_byte(move_id, order_id, amount.minor)
        started = world.now
        answer = await self._answered(order, amount.minor, reason)
        if world.hit(faults.slow) or world.now - started > _WAIT_S:
            world.counts["answer cut off"] += 1
            world.tell("no answer within 20 seconds")
            raise Cut
        return self._answers(answer)

    async def _answered(self, order: ShopOrder, minor: int, reason: str) -> Answer:
        """What the desk gets to see; what the shop does meanwhile goes on without it."""
        world, faults = self.world, self.world.faults
        if world.hit(faults.lost):
            if world.hit(0.5):
                world.tell("the request is lost")
            else:
                self._apply_after(world.gap(), order, minor, reason)
            await pause(world.gap())
            return Answer("unknown", "the connection was reset")
        if world.hit(faults.late):
            self._apply_after(world.random.choice(_LATE) * (0.5 + world.random.random()), order, minor, reason)
            await pause(world.gap())
            return Answer("unknown", "HTTP 504")
        if world.hit(faults.refused):
            await pause(world.gap())
            return Answer("refused", "HTTP 422", error="conflict")
        if world.hit(faults.vague):
            if world.hit(0.5):
                self._apply_after(world.gap(), order, minor, reason)
            await pause(world.gap())
            return Answer("unknown", world.random.choice(("HTTP 409", "HTTP 429", "HTTP 500", "HTTP 200")))
        if world.hit(faults.settling):
            if world.hit(0.8):
                self._apply_after(world.random.choice(_LATE), order, minor, reason)
            await pause(world.gap())
            return Answer("settling", "HTTP 202")
        await pause(world.gap())
        made = self._apply(order, minor, reason)
        await pause(world.gap())
        if made is None:
            return Answer("refused", "HTTP 400: more than the rest", error="conflict")
        if made.minor != minor:
            return Answer("unknown", "HTTP 200, and none of the order's refunds matches")
        return Answer("done", "HTTP 200", shop_id=made.id, processor_id=f"re_{made.id}")

    def _apply_after(self, seconds: float, order: ShopOrder, minor: int, reason: str) -> None:
        async def later() -> None:
            self._apply(order, minor, reason)

        self.world.start("the shop", later(), after=seconds)

    def _apply(self, order: ShopOrder, minor: int, reason: str) -> Entry | None:
        if self.strict and minor > order.left:
            self.world.tell(f"refuses {mark(reason)}: more than the rest")
            return None
        if self.world.hit(self.world.faults.short) and minor > 1:
            minor -= 1
        made = self.pay(order, minor, reason, ours=mark(reason))
        self._watcher.applied(made.ours, order.id, minor)
        return made

    def pay(self, order: ShopOrder, minor: int, reason: str, *, ours: str = "") -> Entry:
        """Pay money back, for a desk or for a person in the shop's own dashboard."""
        self._numbers += 1
        made = Entry(f"ref_{self._numbers}", minor, reason, self.world.now, ours)
        order.add(made)
        self.world.tell(f"pays {minor} back on {order.id}: {reason}")
        return made

    def _answers(self, answer: Answer) -> Answer:
        self.world.counts[f"answer {answer.kind}"] += 1
        self.world.tell(f"the answer is {answer.kind}: {answer.evidence}")
        return answer


def mark(reason: str) -> str:
    """The mark in a reason."""
    found = _MARK.search(reason)
    return found[1] if found else ""


def _order(order: ShopOrder, shown: tuple[Entry, ...]) -> Order:
    paid_back = sum(refund.minor for refund in shown)
    rest = max(order.total - paid_back, 0)
    status: PaymentStatus = "paid" if not paid_back else "partially_refunded" if rest else "refunded"
    return Order(
        store=STORE,
        platform="clawver",
        id=order.id,
        status=order.status,
        payment_status=status,
        customer=_CUSTOMER,
        items=_ITEMS,
        totals=Totals(
            total=Money(order.total, CURRENCY),
            refunded=Money(paid_back, CURRENCY),
            refundable=Money(rest, CURRENCY),
        ),
        refunds=tuple(ShopRefund(r.id, Money(r.minor, CURRENCY), r.reason, EPOCH, f"re_{r.id}") for r in shown),
        refunds_complete=True,
    )


_CUSTOMER: Final = Customer(email="mei@shop.example")
_ITEMS: Final = (Item(id="item_1", title="Poster"),)
