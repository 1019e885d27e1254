"""How an order stands with money: the refunds on record first, then ``paymentStatus``, then the old status word.

The words lag behind or mean something else: the sample of Clawver skill 1.0.0 says ``refunded`` where 5.00 of
24.99 went back. So the money decides wherever the shop shows it, and a word against it becomes a warning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clawver_orders.money import Money
from clawver_orders.order import PaymentStatus, ShopRefund
from clawver_orders.platforms.clawver.fields import Fields
from clawver_orders.text import clean

# A marker of ours stands at the end of a reason, so a reason must not be cut short of it.
_REASON_CAP: Final = 1_000
_MARKER: Final = re.compile(r"\[R-[0-9A-Z]{8}\]\s*$")
_WORDS: Final[Mapping[str, PaymentStatus]] = {
    "pending": "pending",
    "paid": "paid",
    "failed": "failed",
    "partially_refunded": "partially_refunded",
    "refunded": "refunded",
}
# What a status says of the payment where paymentStatus is absent.
_LEGACY_WORDS: Final[Mapping[str, PaymentStatus]] = {
    "pending": "pending",
    **dict.fromkeys(("paid", "confirmed", "processing", "shipped", "delivered"), "paid"),
    "refunded": "refunded",
}
_MONEY_CAME_IN: Final = frozenset[PaymentStatus]({"paid", "partially_refunded", "refunded"})
_MONEY_WENT_BACK: Final = frozenset[PaymentStatus]({"partially_refunded", "refunded"})


@dataclass(frozen=True, slots=True)
class Payment:
    """What an order's money says.

    Attributes:
        status: Our word for it.
        refunds: Every refund that could be read.
        complete: Whether these are all, each with an id of its own and an amount; without that nothing below
            is known.
        refunded: Their sum.
        refundable: What is left of the total; absent where no money came in.
    """

    status: PaymentStatus
    refunds: tuple[ShopRefund, ...]
    complete: bool
    refunded: Money | None
    refundable: Money | None


def payment_of(order: Fields, status_word: str | None, total: Money | None, *, sparse: bool) -> Payment:
    """Judge an order's payment; contradictions become warnings of the reading.

    Args:
        order: The order's body.
        status_word: Its ``status`` as the shop wrote it.
        total: Its total, where readable.
        sparse: Whether this body may leave the refunds out without that being worth a warning: rows of a list
            and what a buyer sees do.
    """
    refunds, complete = _refunds(order, sparse=sparse)
    zero = Money(0, order.reading.currency)
    refunded = sum((refund.amount for refund in refunds), zero)
    word = _word(order, status_word)
    if complete and not refunded.minor and word in _MONEY_WENT_BACK:
        complete = False
        order.reading.warn(
            "The shop says that money went back and lists no refund; its list of refunds is taken as incomplete."
        )
    status = word
    if refunded.minor:
        status = _by_money(word, refunded, total)
        if word not in (status, "unknown"):
            order.reading.warn(
                f'The shop\'s word for the payment means "{word}", the refunds it lists mean "{status}"; '
                "the money is believed."
            )
    refundable = None
    if complete and total is not None and status in _MONEY_CAME_IN:
        if total < refunded:
            order.reading.warn("The refunds add up to more than the order's total; nothing is left to refund.")
        refundable = max(total - refunded, zero, key=lambda money: money.minor)
    return Payment(status, refunds, complete, refunded if complete else None, refundable)


def _by_money(word: PaymentStatus, refunded: Money, total: Money | None) -> PaymentStatus:
    if total is None:
        return word if word in _MONEY_WENT_BACK else "unknown"
    return "partially_refunded" if refunded < total else "refunded"


def _word(order: Fields, status_word: str | None) -> PaymentStatus:
    said = order.text("paymentStatus", 40)
    if said is None:
        silent: PaymentStatus = "paid" if order.time("paidAt") is not None else "unknown"
        return _LEGACY_WORDS.get(status_word or "", silent)
    if said not in _WORDS:
        order.reading.warn("The shop's word for the payment is a new one; it is shown as unknown.")
    return _WORDS.get(said, "unknown")


def _refunds(order: Fields, *, sparse: bool) -> tuple[tuple[ShopRefund, ...], bool]:
    """The readable refunds, and whether the list is there and each entry is sound."""
    entries = order.entries("refunds")
    if entries is None:
        if not sparse:
            order.reading.warn("The shop lists no refunds; what is left to refund is not known.")
        return (), False
    refunds: list[ShopRefund] = []
    seen: set[str] = set()
    listed = order.body.get("refunds")
    sound = isinstance(listed, list) and len(entries) == len(listed)
    for entry in entries:
        refund = _refund(entry)
        if refund is None or refund.id in seen:
            sound = False
            continue
        seen.add(refund.id)
        refunds.append(refund)
    if not sound:
        order.reading.warn(
            "A refund on record has no id of its own or no amount above zero; it is left out, and what is left "
            "to refund is not known."
        )
    return tuple(refunds), sound


def _refund(entry: Fields) -> ShopRefund | None:
    refund_id = entry.id("id")
    amount = entry.cents("amountInCents")
    if refund_id is None or amount is None or not amount.minor:
        return None
    return ShopRefund(
        id=refund_id,
        amount=amount,
        reason=entry.text("reason", _REASON_CAP),
        created_at=entry.time("createdAt"),
        processor_id=entry.id("stripeRefundId"),
    )


def is_refund_of(refund: ShopRefund, amount: Money, reason: str) -> bool:
    """Whether a refund on record is the one that was sent with this amount and reason.

    The marker at the reason's end is enough; without one the whole reason counts, spaces around it aside.
    """
    if refund.amount != amount or refund.reason is None:
        return False
    marker = _MARKER.search(reason)
    return marker[0].rstrip() in refund.reason if marker else refund.reason == clean(reason, _REASON_CAP)
