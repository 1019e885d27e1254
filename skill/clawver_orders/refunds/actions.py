"""What may be cancelled, marked as paid or given another price, and what proves that it was.

As in rules: decisions over the order as read and the ledger's book.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, get_args

from clawver_orders import money
from clawver_orders.errors import ConflictError, InvalidArgument
from clawver_orders.money import Money
from clawver_orders.order import Order
from clawver_orders.refunds import machine, rules
from clawver_orders.refunds.limits import refuse_frozen
from clawver_orders.refunds.machine import CLOCKS_DIFFER, OPEN, Act, Book, Kind, Move, Snapshot, State

KINDS: Final = frozenset[str](get_args(Act))
_UNPAID: Final = frozenset({"pending", "authorized", "partially_paid", "failed"})
# No shop answers with what was longer ago; later a person may have taken it back.
_STALE_FOR: Final = timedelta(hours=24)
_ENDED: Final = frozenset({"delivered", "completed", "failed"})


def text(kind: Kind, given: str, order: Order) -> str:
    """The argument of an action in its one form: the reason cleaned, the adjustment as exact money.

    Raises:
        InvalidArgument: It is not of the right form, or zero.
        ConflictError: The shop does not say the total.
    """
    if kind == "cancel_order":
        return rules.reason(given)
    if kind == "mark_order_paid":
        return ""
    total = order.totals.total
    if total is None:
        raise ConflictError("The shop does not say the order's total", "Change the price in the shop's dashboard")
    by = money.parse(given, field="adjustment", currency=total.currency)
    if by.minor == 0:
        raise _wrong("is zero", total)
    return str(by)


def _wrong(what: str, total: Money) -> InvalidArgument:
    return InvalidArgument(
        f"adjustment {what}; the total is {total}",
        f'Say by how much the total changes, such as "{Money(-100, total.currency)}"',
        field="adjustment",
    )


def prepare(
    book: Book,
    order: Order,
    *,
    kind: Kind,
    given: str,
    now: datetime,
    random: Callable[[int], int],
    principal: str = "",
    answered: bool = False,
) -> Move:
    """Check an action against the order and make the move that a person can confirm.

    The same action that was asked for before, by the same principal, and is not over is that one, whatever became
    of the order meanwhile.

    Raises:
        InvalidArgument: As text; or the total would be below zero.
        ConflictError: The order is not in a state for it.
        RefundError: open, frozen; void: a person answered a question about what is not there any more.
    """
    written = text(kind, given, order)
    for earlier in book.of(order.store, order.id):
        if (earlier.kind, earlier.text, earlier.principal) == (kind, written, principal):
            current = machine.expire(earlier, now)
            if current.state in OPEN or (current.state is State.PREPARED and not _changed(current, order)):
                return earlier
    refuse_frozen(book)
    machine.refuse_beside(book, order.store, order.id)
    _refuse(kind, order)
    _refuse_old(book, order, kind, now)
    if answered:
        raise machine.outlived()
    move = Move(
        id=rules.unused_id(book, random),
        kind=kind,
        store=order.store,
        subject=order.id,
        text=written,
        state=State.PREPARED,
        prepared_at=now,
        snapshot=rules.snapshot(order),
        principal=principal,
    )
    if kind == "adjust_order_price" and expected(move).minor < 0:
        raise _wrong("would bring the total below zero", expected(move) - adjustment(move))
    return move


def _changed(move: Move, order: Order) -> bool:
    return bool(move.snapshot.changes(rules.snapshot(order), stage=True))


def _refuse(kind: Kind, order: Order) -> None:
    if order.status == "cancelled":
        raise ConflictError("The order is cancelled already", "Nothing is left to do; tell the shopkeeper so")
    if kind == "cancel_order":
        if order.status in _ENDED:
            raise ConflictError(
                f"The order is {order.status}, which cannot be cancelled",
                "If money is to go back, use prepare_refund",
            )
        return
    if order.payment_status not in _UNPAID:
        raise ConflictError(
            f"The order's payment is {order.payment_status}, and this is for unpaid orders",
            "Check the order with get_order",
        )


def _refuse_old(book: Book, order: Order, kind: Kind, now: datetime) -> None:
    """Refuse by a look that is older than our record: it would do once more what was done."""
    for move in _unshown(book, order.store, order.id, rules.snapshot(order)):
        if move.kind == kind and move.settled_at is not None and now - move.settled_at < _STALE_FOR:
            raise ConflictError(
                f"{move.id} did this, and the shop does not show it",
                "Look again in a minute with get_order; if it stays so, look in the shop's own dashboard",
            )


def overtaken(book: Book, move: Move) -> Move | None:
    """What was carried out on the order since this was prepared, or right before, unseen by its snapshot."""
    for other in _unshown(book, move.store, move.subject, move.snapshot):
        if other.settled_at is not None and other.settled_at > move.prepared_at - CLOCKS_DIFFER:
            return other
    return None


def _unshown(book: Book, store: str, subject: str, seen: Snapshot) -> Iterator[Move]:
    """The last action of each kind that the record knows as applied, where this look does not show it."""
    last = {
        move.kind: move for move in book.of(store, subject) if move.kind in KINDS and move.state is State.SUCCEEDED
    }
    for move in last.values():
        if move.kind == "adjust_order_price":
            # Another total than both may be somebody else's change.
            if seen.total == move.snapshot.total:
                yield move
        elif not applied(move, seen):
            yield move


def expected(move: Move) -> Money:
    """The total that a changed price must lead to."""
    total = move.snapshot.total
    if total is None:
        raise ValueError(f"{move.id} has no total")
    return total + adjustment(move)


def adjustment(move: Move) -> Money:
    """By how much a price is changed."""
    return money.parse(move.text, field="adjustment")


def look(move: Move, order: Order, now: datetime) -> Move:
    """What a look at the order says about an action whose outcome is not known."""
    if move.state is State.MANUAL:
        return machine.absent(move, now)
    seen = rules.snapshot(order)
    if move.kind == "adjust_order_price" and seen.total not in {expected(move), move.snapshot.total}:
        return machine.contradicted(
            move, f"the total was to be {expected(move)}, and the shop shows {seen.total}", now
        )
    if not applied(move, seen):
        return machine.absent(move, now)
    return machine.found(move, evidence="difference: the order shows it", now=now, shop_id=order.id)


def applied(move: Move, seen: Snapshot) -> bool:
    """Whether the order shows what the action was to do."""
    match move.kind:
        case "cancel_order":
            return seen.status == "cancelled"
        case "mark_order_paid":
            return seen.payment_status in {"paid", "partially_refunded", "refunded"}
        case _:
            return seen.total == expected(move)
