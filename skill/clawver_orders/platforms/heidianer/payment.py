"""How an order stands with money: its transactions where they were read, its word for the payment otherwise.

Money goes back only as a whole here, and later than it is asked for: a refund is a transaction that is pending
until the payment channel has settled it, and ``financial_status`` follows then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clawver_orders.money import Money
from clawver_orders.order import PaymentStatus, ShopRefund, Transaction
from clawver_orders.platforms.heidianer.fields import Fields

PAYMENT_WORDS: Final[Mapping[str, PaymentStatus]] = {
    "pending": "pending",
    # The document calls it "paid"; the vendor's own dashboard says "partly paid", as the word does.
    "partially_paid": "partially_paid",
    "paid": "paid",
    "refunded": "refunded",
}
_KINDS: Final = ("sale", "refund")
_REFUNDABLE: Final = frozenset[PaymentStatus]({"paid", "partially_refunded"})


@dataclass(frozen=True, slots=True)
class Entries:
    """The transactions of an order as they came.

    Attributes:
        bodies: Those that were read.
        complete: Whether these are all that the shop has.
    """

    bodies: Sequence[Fields]
    complete: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """What an order's money says.

    Attributes:
        status: Our word for it.
        refunds: Every refund that was settled.
        complete: Whether these are all, each with an id and an amount; without that the two below are not known.
        refunded: What went back.
        refundable: What can still go back; zero while a refund is on its way, absent where no money came in.
        refunding: Whether one is on its way.
        method: The channel that the money came through, in the shop's word.
        paid_at: When it came.
    """

    status: PaymentStatus
    refunds: tuple[ShopRefund, ...] = ()
    complete: bool = False
    refunded: Money | None = None
    refundable: Money | None = None
    refunding: bool = False
    method: str | None = None
    paid_at: datetime | None = None


def transaction_from_wire(body: Fields) -> Transaction | None:
    """One transaction; None where it has no id."""
    transaction_id = body.id("id")
    if transaction_id is None:
        return None
    return Transaction(
        id=transaction_id,
        kind=body.text("transaction_type", 40) or "unknown",
        status=body.text("status", 40) or "unknown",
        order_id=body.id("order_id"),
        amount=body.money("amount"),
        refundable=body.money("refundable_amount"),
        channel=body.text("channel", 40),
        message=body.text("refund_msg") or body.text("issue"),
        created_at=body.time("created_at"),
        succeeded_at=body.time("succeeds_at"),
    )


def word_of(order: Fields) -> PaymentStatus:
    """The order's own word for its payment."""
    word = order.text("financial_status", 40)
    if word is not None and word not in PAYMENT_WORDS:
        order.reading.warn("The shop's word for the payment is a new one; it is shown as unknown.")
    return PAYMENT_WORDS.get(word or "", "unknown")


def payment_of(order: Fields, order_id: str, total: Money | None, entries: Entries | None) -> Payment:
    """Judge an order's payment; contradictions become warnings of the reading.

    Args:
        order: The order's body.
        order_id: Its id: a transaction of another order is left out.
        total: Its total, where readable.
        entries: Its transactions; None where they were not asked for, as for a row of a list.
    """
    word = word_of(order)
    on_its_way = order.flag("is_refunding") is True
    if entries is None:
        return Payment(word, refunding=on_its_way)
    own, sound = _own(order, order_id, entries)
    sales = [entry for entry, _ in own if entry.kind == "sale"]
    refunds = [_refund(entry, body) for entry, body in own if (entry.kind, entry.status) == ("refund", "success")]
    known = tuple(refund for refund in refunds if refund is not None)
    complete = sound and len(known) == len(refunds)
    if len(known) < len(refunds):
        order.reading.warn("A refund on record has no amount above zero; what was refunded is not known.")
    on_its_way = on_its_way or any(
        entry.kind == "refund" and entry.status not in ("success", "failure", "error") for entry, _ in own
    )
    status, refunded = _judged(order, word, known, total, complete=complete)
    paid = [sale for sale in sales if sale.status == "success"]
    channel = next((sale.channel for sale in reversed(paid or sales) if sale.channel), None)
    refundable = None
    if complete and total is not None and (status in _REFUNDABLE or status == "refunded"):
        refundable = _left(total - refunded, paid, none=on_its_way or status == "refunded")
    return Payment(
        status=status,
        refunds=known,
        complete=complete,
        refunded=refunded if complete else None,
        refundable=refundable,
        refunding=on_its_way,
        method=channel,
        paid_at=next((sale.succeeded_at for sale in paid if sale.succeeded_at), None),
    )


def _own(order: Fields, order_id: str, entries: Entries) -> tuple[list[tuple[Transaction, Fields]], bool]:
    """The transactions of this very order, each once, and whether nothing is missing or doubtful."""
    found: dict[str, tuple[Transaction, Fields]] = {}
    sound = entries.complete
    for body in entries.bodies:
        entry = transaction_from_wire(body)
        if entry is None:
            sound = False
            order.reading.warn(
                "A transaction has no usable id; it is left out, and what was refunded is not known."
            )
        elif entry.order_id not in (None, order_id):
            sound = False
            order.reading.warn(
                "The shop lists a transaction of another order here; it is left out, and what was refunded is not "
                "known."
            )
        else:
            found[entry.id] = (entry, body)
    if any(entry.kind not in _KINDS for entry, _ in found.values()):
        sound = False
        order.reading.warn("A transaction is of a kind that is not known; what was refunded is not known.")
    return list(found.values()), sound


def _refund(entry: Transaction, body: Fields) -> ShopRefund | None:
    if entry.amount is None or not entry.amount.minor:
        return None
    return ShopRefund(
        id=entry.id,
        amount=entry.amount,
        created_at=entry.succeeded_at or entry.created_at,
        processor_id=body.id("refund_id"),
    )


def _judged(
    order: Fields, word: PaymentStatus, refunds: tuple[ShopRefund, ...], total: Money | None, *, complete: bool
) -> tuple[PaymentStatus, Money]:
    """The payment's status and what went back, by the refunds and by the word."""
    refunded = sum((refund.amount for refund in refunds), Money(0, order.reading.currency))
    if word == "refunded":
        # It refunds whole orders only: a part of it may have gone back by a way that leaves no transaction.
        if complete and total is not None and refunded < total:
            order.reading.warn(
                "The shop calls the order refunded, and its refunds on record are less than its total; its word is "
                "believed."
            )
            refunded = refunded if refunds else total
        return word, refunded
    if not refunded.minor:
        return word, refunded
    status: PaymentStatus = "partially_refunded" if total is None or refunded < total else "refunded"
    order.reading.warn(
        f'The shop\'s word for the payment means "{word}", the refunds it lists mean "{status}"; the money is '
        "believed."
    )
    return status, refunded


def _left(rest: Money, paid: list[Transaction], *, none: bool) -> Money:
    """What can still go back: the rest of the total, or less where the payments themselves offer less."""
    zero = Money(0, rest.currency)
    if none or rest < zero:
        return zero
    offers = [sale.refundable for sale in paid if sale.refundable is not None]
    offered = sum(offers, zero) if offers else rest
    return min(rest, offered, key=lambda money: money.minor)
