"""REST v3's words into ours: orders, refunds, notes and parcels, with the order's own currency and decimals."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from clawver_orders.money import Money, exponent
from clawver_orders.order import Item, Note, Order, Shipment, Totals
from clawver_orders.platforms import fields
from clawver_orders.platforms.fields import Reading, json_object
from clawver_orders.platforms.woocommerce.fields import Fields, json_id, reading
from clawver_orders.platforms.woocommerce.persons import address_of, customer_of
from clawver_orders.platforms.woocommerce.refunds import Refunds, refunds_of
from clawver_orders.platforms.woocommerce.words import fulfillment_of, payment_of, status_of
from clawver_orders.text import clean

# What of an order is asked for: order_key and payment_url, which let anyone open it, never come at all.
FIELDS: Final = (
    "id,number,status,currency,date_created_gmt,date_modified_gmt,date_completed_gmt,date_paid_gmt,discount_total,"
    "shipping_total,total,total_tax,billing,shipping,payment_method,customer_note,line_items,fee_lines,refunds,"
    "needs_processing,meta_data"
)
ROW_FIELDS: Final = (
    "id,number,status,currency,date_created_gmt,date_modified_gmt,date_completed_gmt,date_paid_gmt,total,billing,"
    "payment_method,line_items,refunds,needs_processing"
)
# The plugins Shipment Tracking and Advanced Shipment Tracking keep parcels here.
_TRACKING: Final = "_wc_shipment_tracking_items"
_SYSTEM: Final = frozenset({"system", "woocommerce"})
_MOST_NOTES: Final = 50
_DECIMALS: Final = re.compile(r"-?[0-9]+(?:\.([0-9]+))?", re.ASCII)


def order_from_v3(
    body: Mapping[str, object],
    *,
    store: str,
    now: datetime,
    asked: str | None = None,
    refund_details: Sequence[object] | None = None,
    notes: Sequence[object] = (),
    row: bool = False,
) -> Order:
    """One order of ours from one of REST v3.

    Args:
        body: The order object.
        store: The store's name.
        now: The present time; later moments are wrong.
        asked: The id that was asked for.
        refund_details: What ``/refunds`` of this order says; None where it was not read.
        notes: What ``/notes`` of this order says.
        row: Whether it is a row of a list, which has less in it.

    Raises:
        BadResponseError: The order has no usable id, or it is another order than the one asked for.
    """
    order_id = checked_id(body, asked)
    first = reading(now)
    currency = Fields(body, first).currency("currency")
    order = Fields(body, replace(first, currency=currency))
    if currency is None:
        order.reading.warn("The shop does not say the order's currency; no amount is shown.")
    status, raw = status_of(order)
    total = order.money("total")
    _warn_of_few_decimals(order, currency)
    refunds = refunds_of(order, currency, refund_details)
    paid_at = order.time("date_paid_gmt")
    payment = payment_of(order, raw, total, refunds.refunded, paid_at)
    billing = order.inside("billing")
    return Order(
        store=store,
        platform="woocommerce",
        id=order_id,
        number=order.text("number", 60, cards=False) or order.id("number"),
        status=status,
        raw_status=raw,
        payment_status=payment,
        fulfillment_status=fulfillment_of(status, ships=order.flag("needs_processing")),
        payment_method=order.text("payment_method", 100),
        created_at=order.time("date_created_gmt"),
        updated_at=order.time("date_modified_gmt"),
        paid_at=paid_at,
        closed_at=order.time("date_completed_gmt"),
        customer=customer_of(billing),
        shipping_address=None if row else address_of(order.inside("shipping")),
        billing_address=None if row else address_of(billing),
        items=tuple(_item(item) for item in order.entries("line_items") or ()),
        totals=_totals(order, currency, total, refunds, payment, row=row),
        refunds=refunds.refunds,
        refunds_complete=refunds.complete,
        shipments=() if row else _shipments(order),
        notes=() if row else (*_customer_note(order), *notes_from_v3(notes, order.reading)),
        warnings=tuple(order.reading.warnings),
    )


def checked_id(body: Mapping[str, object], asked: str | None) -> str:
    """The order's id.

    Raises:
        BadResponseError: It has none, as the answers that a translated copy of the document made up, or another.
    """
    return fields.checked_id(json_id(body.get("id")), asked, "check that base_url is the site's own address")


def _warn_of_few_decimals(order: Fields, currency: str | None) -> None:
    """Amounts are written with the decimals that the shop shows, whatever currency the order is in."""
    value = order.body.get("total")
    match = _DECIMALS.fullmatch(value) if isinstance(value, str) else None
    if currency is not None and match is not None and len(match[1] or "") < exponent(currency):
        order.reading.warn(
            f"The shop writes amounts with fewer decimals than {currency} has: a rest of it may be missing."
        )


def _totals(
    order: Fields, currency: str | None, total: Money | None, refunds: Refunds, payment: str, *, row: bool
) -> Totals:
    refundable = None
    if payment in {"paid", "partially_refunded"} and total is not None and refunds.refunded is not None:
        refundable = total - refunds.refunded
    if row:
        return Totals(total=total, refunded=refunds.refunded, refundable=refundable)
    return Totals(
        subtotal=_sum(order.entries("line_items"), "subtotal", currency),
        shipping=order.money("shipping_total"),
        discount=order.money("discount_total"),
        tax=order.money("total_tax", signed=True),
        fees=_sum(order.entries("fee_lines"), "total", currency),
        total=total,
        refunded=refunds.refunded,
        refundable=refundable,
    )


def _sum(lines: list[Fields] | None, name: str, currency: str | None) -> Money | None:
    """The sum of what every line says; None where one does not say it. A fee may be below zero."""
    if lines is None or currency is None:
        return None
    amounts = [line.money(name, signed=True) for line in lines]
    return sum((amount for amount in amounts if amount), Money(0, currency)) if None not in amounts else None


def _item(item: Fields) -> Item:
    item_id, variation = item.id("id"), item.id("variation_id")
    if item_id is None:
        item.reading.warn("An item has no id.")
    options = _options(item)
    quantity = item.quantity("quantity")
    return Item(
        id=item_id or "",
        title=item.text("name", 300) or "",
        quantity=quantity,
        product_id=item.id("product_id"),
        variant_id=variation,
        variant_name=", ".join(value for _, value in options) or None if variation else None,
        options=options,
        sku=item.text("sku", 100, cards=False),
        unit_price=each(item.money("subtotal"), quantity),
        total=item.money("total"),
    )


def each(subtotal: Money | None, quantity: int) -> Money | None:
    """The price of one piece before discounts; None where it is not exact."""
    if subtotal is None or subtotal.minor % quantity:
        return None
    return Money(subtotal.minor // quantity, subtotal.currency)


def _options(item: Fields) -> tuple[tuple[str, str], ...]:
    """What was chosen or typed for a line; what begins with ``_`` is the shop's own book-keeping."""
    found = []
    for meta in item.entries("meta_data") or ():
        key = meta.body.get("key")
        if not isinstance(key, str) or key.startswith("_"):
            continue
        name, value = meta.body.get("display_key"), meta.body.get("display_value")
        shown = (
            clean(name if isinstance(name, str) else key, 100),
            clean(value if isinstance(value, str) else meta.body.get("value"), 200),
        )
        if shown[0] and shown[1]:
            found.append((shown[0], shown[1]))
    return tuple(found)


def _shipments(order: Fields) -> tuple[Shipment, ...]:
    """Parcels, where a plugin keeps them with the order: WooCommerce itself knows none."""
    found = []
    for meta in order.entries("meta_data") or ():
        value = meta.body.get("value")
        if meta.body.get("key") != _TRACKING or not isinstance(value, list):
            continue
        for entry in value:
            if (parcel := json_object(entry)) is None:
                continue
            fields = Fields(parcel, order.reading)
            shipment = Shipment(
                carrier=fields.text("custom_tracking_provider") or fields.text("tracking_provider"),
                tracking_number=fields.text("tracking_number", cards=False),
                tracking_url=fields.address("custom_tracking_link"),
            )
            if shipment != Shipment():
                found.append(shipment)
    return tuple(found)


def _customer_note(order: Fields) -> tuple[Note, ...]:
    text = order.text("customer_note", 2000, lines=True)
    return (Note("customer", text),) if text else ()


def notes_from_v3(notes: Sequence[object], reading: Reading) -> tuple[Note, ...]:
    """The notes on an order, newest first as the shop has them; the merchant's and the shop's own."""
    found = []
    for entry in notes[:_MOST_NOTES]:
        body = json_object(entry)
        if body is None:
            continue
        note = Fields(body, reading)
        text = note.text("note", 1000, lines=True)
        if not text:
            continue
        author = body.get("author")
        system = isinstance(author, str) and author.casefold() in _SYSTEM
        found.append(Note("system" if system else "merchant", text, note.id("id"), note.time("date_created_gmt")))
    if len(notes) > _MOST_NOTES:
        reading.warn(f"The order has {len(notes)} notes; the first {_MOST_NOTES} are shown.")
    return tuple(found)
