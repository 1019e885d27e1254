"""A ledger in memory: the same port as the real one, for tests of the engine alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from clawver_orders.money import Money
from clawver_orders.order import Customer, Item, Order, ShopRefund, Totals
from clawver_orders.refunds import rules
from clawver_orders.refunds.limits import NO_LIMITS, Limits
from clawver_orders.refunds.machine import OPEN, Move, State
from clawver_orders.store import Capabilities

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = Capabilities(operations=frozenset({"refund"}), keeps_reason=True)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def order(
    *,
    total: int | None = 2499,
    refunds: tuple[ShopRefund, ...] = (),
    payment_status: str = "paid",
    complete: bool = True,
    status: str = "delivered",
    items: int = 1,
) -> Order:
    """An order of 24.99 USD as a store reads it."""
    refunded = sum(refund.amount.minor for refund in refunds)
    return Order(
        store="clawver",
        platform="clawver",
        id="ord_1",
        status=status,  # type: ignore[arg-type]
        payment_status=payment_status,  # type: ignore[arg-type]
        customer=Customer(email="mei@shop.example"),
        items=tuple(Item(id=f"item_{n}", title="Poster", variant_name="M") for n in range(items)),
        totals=Totals(
            total=None if total is None else usd(total),
            refunded=usd(refunded) if complete else None,
            refundable=usd(total - refunded) if total is not None and complete else None,
        ),
        refunds=refunds,
        refunds_complete=complete,
    )


def shop_refund(minor: int, reason: str = "by hand", refund_id: str = "ref_1") -> ShopRefund:
    return ShopRefund(refund_id, usd(minor), reason, NOON, "re_example")


@dataclass
class Memory:
    """Moves by their ids."""

    moves: dict[str, Move] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)
    frozen_by: str = ""

    def get(self, move_id: str) -> Move | None:
        return self.moves.get(move_id)

    def of(self, store: str, subject: str) -> tuple[Move, ...]:
        return tuple(move for move in self.moves.values() if (move.store, move.subject) == (store, subject))

    def spent(self, currency: str, since: datetime) -> Money:
        counted = [
            move.amount.minor
            for move in self.moves.values()
            if move.amount is not None
            and move.amount.currency == currency
            and (
                move.state in OPEN
                or (move.state is State.SUCCEEDED and move.settled_at and move.settled_at >= since)
            )
        ]
        return Money(sum(counted), currency)

    def frozen(self) -> str:
        return self.frozen_by

    def keep(self, move: Move) -> Move:
        self.moves[move.id] = move
        return move

    def random(self, bound: int) -> int:
        return next(self.numbers) % bound

    def prepare(
        self,
        shop_order: Order | None = None,
        *,
        amount: str = "5.00 USD",
        reason: str = "arrived torn",
        another: bool = False,
        now: datetime = NOON,
        capabilities: Capabilities = SHOP,
        limits: Limits = NO_LIMITS,
        random: Callable[[int], int] | None = None,
    ) -> Move:
        return self.keep(
            rules.prepare(
                self,
                shop_order or order(),
                amount=amount,
                given=reason,
                another=another,
                capabilities=capabilities,
                limits=limits,
                now=now,
                random=random or self.random,
            )
        )


def after(minutes: float = 0, seconds: float = 0) -> datetime:
    return NOON + timedelta(minutes=minutes, seconds=seconds)
