"""The gateway's words into ours: rows of its list, and whole orders."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from clawver_orders.order import Customer, Order, Status, Totals, Transaction
from clawver_orders.platforms.fields import Reading
from clawver_orders.platforms.gateway.fields import Fields, Shop
from clawver_orders.platforms.gateway.parts import (
    address_of,
    checked_id,
    currency_of,
    customer_of,
    fulfillment_of,
    items_of,
    notes_of,
    sum_of,
)
from clawver_orders.platforms.gateway.payment import payment_of

# The documents' list of statuses, and "paid", which it does not have and nine of its ten sample rows do.
# "refunded" says nothing of how far an order got.
STATUSES: Final[Mapping[str, Status]] = {
    "pending": "pending",
    "paid": "confirmed",
    "processing": "processing",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "failed",
}

View = Literal["whole", "row"]


def order_from_wire(body: Mapping[str, object], shop: Shop, *, asked: str | None = None, view: View) -> Order:
    """One order of ours from one of the gateway's.

    Args:
        body: The order object.
        shop: What the settings say.
        asked: The id that was asked for.
        view: A row of the list has seven fields and never a currency; the list's notes say so once for all.

    Raises:
        BadResponseError: The order has no usable id, or it is another order than the one asked for.
    """
    order_id = checked_id(body.get("id"), asked)
    order, currency_assumed = _fields(body, shop, view)
    reading = order.reading
    raw_status = order.text("status", 40)
    status = STATUSES.get(raw_status or "", "unknown")
    if status == "unknown" and raw_status != "refunded":
        reading.warn("The shop's word for the status is absent or new; it is shown as unknown.")
    payment = payment_of(order)
    if view == "row":
        return Order(
            store=shop.name,
            platform="gateway",
            id=order_id,
            status=status,
            payment_status=payment,
            raw_status=raw_status,
            payment_method=order.text("payment_method", 60),
            created_at=order.time("created_at"),
            updated_at=order.time("updated_at"),
            customer=Customer(email=order.text("customer_email", 320)),
            totals=Totals(total=order.money("total_amount")),
            warnings=tuple(reading.warnings),
            assumed=_assumed(shop, reading, currency_assumed=currency_assumed),
        )
    # Which of the two lists of items is meant the documents do not say; line_items is the one they describe.
    items = items_of(order, "line_items") or items_of(order, "order_items")
    _compare_transaction_ids(order)
    return Order(
        store=shop.name,
        platform="gateway",
        id=order_id,
        status=status,
        payment_status=payment,
        number=order.text("order_number", 60, cards=False),
        raw_status=raw_status,
        fulfillment_status=fulfillment_of(order, silent="unknown"),
        payment_method=order.text("payment_method", 60),
        created_at=order.time("created_at"),
        updated_at=order.time("updated_at"),
        paid_at=order.time("paid_at"),
        customer=customer_of(order, "customer_name", "customer_email", "customer_phone"),
        shipping_address=address_of(order, "shipping_address"),
        billing_address=address_of(order, "billing_address"),
        items=items,
        totals=Totals(
            subtotal=order.money("original_price"),
            shipping=order.money("shipping_fee") or sum_of(order, "shipping_lines"),
            tax=sum_of(order, "tax_lines"),
            total=order.money("total_amount"),
        ),
        notes=notes_of(order, "notes"),
        warnings=tuple(reading.warnings),
        assumed=_assumed(shop, reading, currency_assumed=currency_assumed),
    )


def copy_id_of(body: Mapping[str, object], shop: Shop) -> str | None:
    """The id of the order's copy in Shopify; None where it has none."""
    return Fields(body, shop.reading()).id("shopify_order_id")


def transactions_from_wire(body: Mapping[str, object], shop: Shop, order_id: str) -> tuple[Transaction, ...]:
    """The one payment that the gateway tells of, in ``payment_details``; none where there is no id of one."""
    order, _ = _fields(body, shop, "whole")
    found = order.inside("payment_details") or Fields({}, order.reading)
    currency, _ = currency_of(found, order.reading.currency)
    details = Fields(found.body, replace(order.reading, currency=currency))
    transaction_id = details.text("transaction_id", cards=False) or order.text("transaction_id", cards=False)
    if transaction_id is None:
        return ()
    return (
        Transaction(
            id=transaction_id,
            kind="sale",
            status=details.text("status", 40) or "unknown",
            order_id=order_id,
            amount=details.money("amount"),
            channel=details.text("payment_method", 60) or order.text("payment_method", 60),
            message="From the gateway's own payment details.",
        ),
    )


def _fields(body: Mapping[str, object], shop: Shop, view: View) -> tuple[Fields, bool]:
    """The fields of a body in its currency, and whether that is assumed."""
    first = shop.reading()
    if view == "row":
        said = Fields(body, first).currency("currency")
        currency, assumed = said or shop.currency, said is None and shop.currency is not None
    else:
        currency, assumed = currency_of(Fields(body, first), shop.currency)
    return Fields(body, replace(first, currency=currency)), assumed


def _assumed(shop: Shop, reading: Reading, *, currency_assumed: bool) -> tuple[tuple[str, str], ...]:
    currency = (("currency", reading.currency),) if currency_assumed and reading.currency else ()
    return (*currency, ("time_zone", str(shop.zone))) if shop.zone_assumed else currency


def _compare_transaction_ids(order: Fields) -> None:
    details = order.inside("payment_details")
    ids = {order.text("transaction_id", cards=False), details and details.text("transaction_id", cards=False)}
    if len(ids - {None}) > 1:
        order.reading.warn("The shop contradicts itself: it names two payments, and only one in payment_details.")
