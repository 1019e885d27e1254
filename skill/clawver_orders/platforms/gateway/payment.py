"""The payment's status: three fields of the gateway's that may contradict each other, and one of Shopify's."""

from collections.abc import Mapping
from typing import Final

from clawver_orders.order import PaymentStatus
from clawver_orders.platforms.gateway.fields import Fields

_FINANCIAL: Final[Mapping[str, PaymentStatus]] = {
    "pending": "pending",
    "authorized": "authorized",
    "paid": "paid",
    "partially_paid": "partially_paid",
    "refunded": "refunded",
    "voided": "voided",
    "partially_refunded": "partially_refunded",
}
_PAYMENT: Final[Mapping[str, PaymentStatus]] = {
    "unpaid": "pending",
    "paid": "paid",
    "partially_paid": "partially_paid",
    "refunded": "refunded",
    "partially_refunded": "partially_refunded",
}
# What an order's status says of its payment; processing, completed and cancelled say nothing.
_STATUS: Final[Mapping[str, PaymentStatus]] = {
    "pending": "pending",
    "paid": "paid",
    "refunded": "refunded",
    "failed": "failed",
}
# What financial_status may say of an order that payment_status calls unpaid, without contradicting it …
_UNPAID_FITS: Final = frozenset({"authorized", "voided"})
# … and what both may say beside the order's status.
_FITS: Final[Mapping[PaymentStatus, frozenset[PaymentStatus]]] = {
    "pending": frozenset({"authorized", "partially_paid", "voided"}),
    "failed": frozenset({"pending", "voided"}),
    "paid": frozenset({"partially_refunded", "refunded"}),
}


def financial_of(order: Fields) -> PaymentStatus | None:
    """What ``financial_status`` says; None where it is absent, or a word outside the documents, which is said."""
    return _known(order, "financial_status", _FINANCIAL)


def payment_of(order: Fields) -> PaymentStatus:
    """The payment's status: financial_status, else payment_status, else what the order's status says of it."""
    financial = financial_of(order)
    payment = _known(order, "payment_status", _PAYMENT)
    of_status = _STATUS.get(order.text("status", 40) or "")
    found = financial or payment or of_status
    fits = payment == "pending" and financial in _UNPAID_FITS
    if financial and payment and financial != payment and not fits:
        _contradiction(order, "financial_status", financial, "payment_status", payment)
    elif found and of_status and found != of_status and found not in _FITS.get(of_status, ()):
        stronger = "financial_status" if financial else "payment_status"
        _contradiction(order, stronger, found, "status", of_status)
    return found or "unknown"


def _known(order: Fields, name: str, words: Mapping[str, PaymentStatus]) -> PaymentStatus | None:
    word = order.text(name, 40)
    if word is not None and word not in words:
        order.reading.warn(f"The shop's word in {name} is a new one; it is not counted.")
    return words.get(word or "")


def _contradiction(order: Fields, first: str, said: str, second: str, other: str) -> None:
    order.reading.warn(
        f'The shop contradicts itself: {first} means "{said}", {second} means "{other}"; "{said}" is shown.'
    )
