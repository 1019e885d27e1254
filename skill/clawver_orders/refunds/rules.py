"""What may be refunded, and what proves that it was: decisions over the order as read and the ledger's book.

Nothing here reads a clock, a shop or a disk; the machine's states are moved by its own functions.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from clawver_orders import money, text
from clawver_orders.errors import InvalidArgument, RefundError
from clawver_orders.money import Money
from clawver_orders.order import Order, ShopRefund
from clawver_orders.refunds import machine
from clawver_orders.refunds.limits import Limits, refuse_frozen
from clawver_orders.refunds.machine import MARKER, Book, Known, Move, Snapshot, State
from clawver_orders.store import Capabilities, RefundEffect

REASON_CAP: Final = 200
_PAID: Final = frozenset({"paid", "partially_refunded"})


def snapshot(order: Order, effect: RefundEffect = "money") -> Snapshot:
    """What of an order a person confirms, and what must be unchanged when the write is sent.

    Args:
        order: The order as just read.
        effect: What a refund on it would do.
    """
    items = "; ".join(f"{item.quantity} × {item.variant_name or item.title}" for item in order.items[:3])
    more = f"; and {len(order.items) - 3} more" if len(order.items) > 3 else ""
    return Snapshot(
        status=order.status,
        payment_status=order.payment_status,
        total=order.totals.total,
        refunded=order.totals.refunded,
        known=tuple(
            sorted(
                (Known(r.id, r.amount.minor, r.amount.currency, r.reason or "") for r in order.refunds),
                key=lambda known: known.id,
            )
        ),
        customer=text.mask_email(order.customer.email) if order.customer.email else "",
        items=items + more,
        refunding=order.refunding,
        effect=effect,
    )


def reason(given: str) -> str:
    """A reason as it may be sent: cleaned, without anything that looks like our marker, at most 200 characters.

    Raises:
        InvalidArgument: Nothing is left of it.
    """
    # Removing one marker can form another out of what stood around it: until none is left.
    cleaned = text.clean(given, cap=4 * REASON_CAP) or ""
    while MARKER.search(cleaned):
        cleaned = MARKER.sub("", cleaned)
    cleaned = text.clean(cleaned, cap=REASON_CAP) or ""
    if not cleaned:
        raise InvalidArgument(
            "reason is empty", "Say in a few words why the money goes back; the shop keeps it", field="reason"
        )
    return cleaned


def left(order: Order) -> tuple[Money, Money]:
    """The total of an order and what of it can still be refunded, by the money and not by the status word.

    Raises:
        RefundError: ``refund.not_refundable``: not paid, nothing left, or the shop does not say enough to know.
    """
    total, refunded, refundable = order.totals.total, order.totals.refunded, order.totals.refundable
    if total is None or not order.refunds_complete or refunded is None:
        raise RefundError(
            "not_refundable",
            "The shop does not say clearly what was paid and refunded so far",
            "Look at the order in the shop's own dashboard",
        )
    if order.payment_status == "refunded" or (order.payment_status in _PAID and total <= refunded):
        raise RefundError(
            "not_refundable",
            f"All of {total} was already refunded",
            "Nothing is left to refund; tell the customer so",
        )
    if order.payment_status not in _PAID or refundable is None:
        raise RefundError(
            "not_refundable",
            f"The order's payment is {order.payment_status}, so there is no money to give back",
            "Check the order with get_order",
        )
    if order.refunding:
        raise RefundError(
            "not_refundable",
            "The shop is giving money back on this order already",
            "Wait until it is through: refresh_order, where the shop has it, and then get_order",
        )
    return total, refundable


def prepare(
    book: Book,
    order: Order,
    *,
    amount: str,
    given: str,
    another: bool,
    capabilities: Capabilities,
    limits: Limits,
    now: datetime,
    random: Callable[[int], int],
    effect: RefundEffect = "money",
    principal: str = "",
) -> Move:
    """Check all rules and make the move that a person can confirm. The same request again is the same move.

    Args:
        book: What the ledger knows.
        order: The order as just read.
        amount: ``"24.99 USD"`` or ``"full"``.
        given: The reason, as the assistant wrote it.
        another: Whether a second refund of the same amount is meant.
        capabilities: What the store can do.
        limits: How much may move; looked at here so that nobody is asked in vain, and again when it is confirmed.
        now: The time.
        random: A source of random numbers below a bound.
        effect: What the shop does with a refund on this order.
        principal: Who asks; what somebody else prepared is not theirs.

    Raises:
        InvalidArgument: The amount or the reason is not of the right form.
        RefundError: not_refundable, too_much, duplicate, open, foreign, cap, frozen.
    """
    refuse_frozen(book)
    written = reason(given)
    # Before all else about the order: while one is open, what the shop says is not the whole truth.
    machine.refuse_beside(book, order.store, order.id)
    total, rest = left(order)
    _refuse_foreign(book, order)
    if effect == "none":
        raise RefundError(
            "not_refundable",
            "The order's payment method cannot give money back through the shop",
            "Pay it back where it was paid; with record_only_refunds = true in the settings it can be written down",
        )
    wanted = _amount(amount, total, rest, capabilities)
    limits.refuse_over(book, wanted, now)
    move = Move(
        id="",
        kind="refund",
        store=order.store,
        subject=order.id,
        text=written,
        state=State.PREPARED,
        prepared_at=now,
        amount=wanted,
        another=another,
        snapshot=snapshot(order, effect),
        remaining=rest - wanted,
        principal=principal,
    )
    if not another:
        for earlier in book.of(order.store, order.id):
            if _same_request(earlier, move) and machine.expire(earlier, now).state is State.PREPARED:
                return earlier
    if repeats := _repeats(book, order, wanted):
        if not another:
            raise RefundError(
                "duplicate",
                f"{wanted} was already refunded on this order ({repeats})",
                "If a second refund of the same amount is really meant, ask the shopkeeper and say another=true",
            )
        move = replace(move, repeats=True)
    _refuse_old(book, order, move.snapshot)
    return replace(move, id=unused_id(book, random))


def _amount(amount: str, total: Money, rest: Money, capabilities: Capabilities) -> Money:
    """The amount that is meant. Every no shows what is left, so that 2499 written for 24.99 is seen."""
    state = f"of {total} in all, {rest} can still be refunded"
    try:
        wanted = rest if amount == "full" else money.parse(amount, currency=total.currency)
    except InvalidArgument as error:
        raise InvalidArgument(f"{error.happened}; {state}", error.next_step, field="amount") from None
    if wanted.minor <= 0:
        raise InvalidArgument(
            f"amount must be more than zero; {state}",
            'Say an amount, or "full" for all that is left',
            field="amount",
        )
    if rest < wanted:
        raise RefundError(
            "too_much", f"{amount} is too much: {state}", 'Ask for less, or "full" for all that is left'
        )
    if not capabilities.partial_refunds and wanted != total:
        raise RefundError(
            "not_refundable", f"This shop can only refund the whole order; {state}", f'Ask for "full" ({total})'
        )
    return wanted


def _same_request(earlier: Move, move: Move) -> bool:
    return (
        earlier.amount == move.amount
        and earlier.text == move.text
        and earlier.another == move.another
        and earlier.principal == move.principal
        and not earlier.snapshot.changes(move.snapshot)
    )


def _repeats(book: Book, order: Order, wanted: Money) -> str:
    """Where the same amount was refunded before: by the shop's record, or by ours."""
    for refund in order.refunds:
        if refund.amount == wanted:
            return f"the shop's record has it as {text.clean(refund.id, cap=64)}"
    for move in book.of(order.store, order.id):
        if move.state is State.SUCCEEDED and move.amount == wanted:
            return f"by {move.id}"
    return ""


def _refuse_foreign(book: Book, order: Order) -> None:
    for marker, _ in marked(order):
        if not _ours(book, marker, order):
            raise RefundError(
                "foreign",
                f"A refund on this order carries the mark {marker}, which this desk's record does not know: "
                "the record was lost, or a second desk works this shop",
                f"A person runs: clawver-orders refunds adopt {order.id}",
            )


def _refuse_old(book: Book, order: Order, seen: Snapshot) -> None:
    """Refuse by a look that is older than our record: what it says can still be refunded is too much."""
    if move := machine.unshown(book, order.store, order.id, seen):
        raise RefundError(
            "not_refundable",
            f"{move.id} was refunded and the shop does not show it, so what is left is not known",
            "Try again in a minute; if it stays so, look at the order in the shop's own dashboard",
        )


def _ours(book: Book, marker: str, order: Order) -> bool:
    move = book.get(marker)
    return move is not None and (move.store, move.subject) == (order.store, order.id)


def markers(refund: ShopRefund) -> tuple[str, ...]:
    """Our marks in a refund's reason."""
    return tuple(MARKER.findall(refund.reason or ""))


def marked(order: Order) -> tuple[tuple[str, ShopRefund], ...]:
    """The refunds of an order that carry a mark of ours, each with its mark."""
    return tuple((marker, refund) for refund in order.refunds for marker in markers(refund))


def adopted(marker: str, refund: ShopRefund, order: Order, *, by: str, now: datetime) -> Move:
    """The record of a refund that another desk, or a lost ledger, made: settled, by the shop's own word."""
    return Move(
        id=marker,
        kind="refund",
        store=order.store,
        subject=order.id,
        text=text.clean(MARKER.sub("", refund.reason or ""), cap=REASON_CAP) or "not said",
        state=State.SUCCEEDED,
        prepared_at=refund.created_at or now,
        settled_at=refund.created_at or now,
        amount=refund.amount,
        snapshot=snapshot(order),
        shop_id=refund.id,
        processor_id=refund.processor_id,
        evidence=f"adopted from the shop's record by a person: {by}",
    )


def unused_id(book: Book, random: Callable[[int], int]) -> str:
    """A new id that the ledger does not have yet."""
    move_id = machine.new_id(random)
    while book.get(move_id) is not None:
        move_id = machine.new_id(random)
    return move_id


def look(move: Move, order: Order, now: datetime, *, keeps_reason: bool = True) -> Move:
    """What a look at the shop says about a move whose outcome is not known.

    Where the shop keeps the reason, the marker is the proof. That it is not there proves nothing. What contradicted
    itself once stays for a person to settle; the look is only counted.
    """
    if move.state is State.MANUAL:
        return machine.absent(move, now)
    if not keeps_reason:
        return _by_difference(move, order, now)
    marked = [refund for refund in order.refunds if move.id in markers(refund)]
    if not marked:
        return machine.absent(move, now)
    if len(marked) > 1:
        return machine.contradicted(move, f"the shop shows {len(marked)} refunds with the mark {move.id}", now)
    refund = marked[0]
    if refund.amount != move.amount:
        return machine.contradicted(
            move, f"the shop shows the mark {move.id} on {refund.amount}, and {move.amount} was sent", now
        )
    return _found(move, order, refund, "marker: the shop's record shows it", now)


def _by_difference(move: Move, order: Order, now: datetime) -> Move:
    """Without marks: what is there now and was not when it was confirmed.

    Such a shop gives back the whole order or nothing. So whoever started what is seen there, it is paid back once.
    """
    before = {known.id for known in move.snapshot.known}
    new = [refund for refund in order.refunds if refund.id not in before]
    if len(new) > 1 or any(refund.amount != move.amount for refund in new):
        amounts = ", ".join(str(refund.amount) for refund in new)
        return machine.contradicted(move, f"the shop shows new refunds of {amounts}; {move.amount} was sent", now)
    if new:
        return _found(move, order, new[0], "difference: a refund of this amount is new", now)
    if order.payment_status == "refunded" and move.snapshot.payment_status != "refunded":
        return _found(move, order, None, "difference: the order is refunded now", now)
    if order.refunding and move.state is State.UNKNOWN:
        return machine.accepted(move, "difference: the shop shows that it is refunding the order", now)
    return machine.absent(move, now)


def _found(move: Move, order: Order, refund: ShopRefund | None, evidence: str, now: datetime) -> Move:
    return machine.found(
        move,
        evidence=evidence,
        now=now,
        shop_id=refund.id if refund else None,
        processor_id=refund.processor_id if refund else None,
        remaining=order.totals.refundable if order.refunds_complete else None,
    )
