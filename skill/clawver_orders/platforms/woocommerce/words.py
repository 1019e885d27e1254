"""WooCommerce's words for where an order stands, and what they say of stage, payment and delivery."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from clawver_orders.money import Money
from clawver_orders.order import FulfillmentStatus, PaymentStatus, Status
from clawver_orders.platforms.woocommerce.fields import Fields

_STATUSES: Final[Mapping[str, Status]] = {
    "pending": "pending",
    "on-hold": "pending",
    "checkout-draft": "pending",
    "processing": "processing",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "failed",
}
# A slug is never translated; what stands in translated copies of the documents is understood all the same.
_TRANSLATED: Final[Mapping[str, str]] = {"待审": "pending", "待处理": "pending"}
# Words that are known and say nothing of the stage.
_ELSEWHERE: Final = frozenset({"refunded", "trash"})
_PAYMENT: Final[Mapping[str, PaymentStatus]] = {
    "pending": "pending",
    "on-hold": "pending",
    "checkout-draft": "pending",
    "processing": "paid",
    "completed": "paid",
    "failed": "failed",
}


def status_of(order: Fields) -> tuple[Status, str | None]:
    """Our word for the stage, and the shop's own, cleaned."""
    raw = order.text("status", 40)
    word = (raw or "").removeprefix("wc-")
    if word in _TRANSLATED:
        word = _TRANSLATED[word]
        order.reading.warn("The shop's word for the status is a translated one; it is understood as pending.")
    if word == "trash":
        order.reading.warn("The order lies in the shop's trash.")
    status = _STATUSES.get(word, "unknown")
    if status == "unknown" and word not in _ELSEWHERE:
        order.reading.warn("The shop's word for the status is absent or new; it is shown as unknown.")
    return status, raw


def payment_of(
    order: Fields, raw: str | None, total: Money | None, refunded: Money | None, paid_at: datetime | None
) -> PaymentStatus:
    """How the order stands with money: what went back first, then the payment's date, then the status word.

    A merchant can set any status by hand, and deleting a refund leaves the status behind, so the money decides.
    """
    word = _TRANSLATED.get(raw or "", (raw or "").removeprefix("wc-"))
    status = _PAYMENT.get(word, "unknown")
    if paid_at is not None and word in {"on-hold", "cancelled"}:
        status = "paid"
    if refunded is None:
        return "refunded" if word == "refunded" else status
    if total is not None and total < refunded:
        order.reading.warn("The shop shows more money given back than the order's total.")
    if not refunded.minor:
        if word == "refunded":
            order.reading.warn("The shop calls the order refunded and shows no money that went back.")
        return status
    if status in {"pending", "failed"}:
        order.reading.warn("The shop shows money given back on an order that it does not call paid.")
        return status
    if total is None or refunded < total:
        if word == "refunded":
            order.reading.warn("The shop calls the order refunded, and only a part of its total went back.")
        return "partially_refunded"
    return "refunded"


def fulfillment_of(status: Status, *, ships: bool | None) -> FulfillmentStatus:
    """What follows for the delivery: WooCommerce itself knows no parcels."""
    if ships is False:
        return "not_required"
    if status == "completed":
        return "fulfilled"
    return "unfulfilled" if status in {"pending", "processing"} else "unknown"
