"""Shopify's copy of an order, as the gateway hands it on: its words into ours, and both orders as one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from clawver_orders.errors import DeskError
from clawver_orders.money import Money
from clawver_orders.order import (
    Customer,
    FulfillmentStatus,
    Order,
    PaymentStatus,
    Shipment,
    ShopRefund,
    Status,
    Totals,
    Transaction,
)
from clawver_orders.platforms.fields import web_address
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
from clawver_orders.platforms.gateway.payment import financial_of

# Before a Shopify id, where an order is asked for by it.
PREFIX: Final = "shopify:"
# Two records of one order are written one after the other, within minutes.
_TOGETHER: Final = timedelta(minutes=10)
_NOT_SENT: Final = frozenset({"cancelled", "error", "failure"})
_MONEY_BACK: Final = frozenset({"refunded", "partially_refunded"})


def copy_from_wire(body: Mapping[str, object], shop: Shop, asked: str) -> Order:
    """One order of ours from Shopify's copy; its id is ``shopify:ID``.

    Raises:
        BadResponseError: The order has no usable id, or it is another order than the one asked for.
    """
    copy_id = checked_id(body.get("id"), asked)
    order, currency_assumed = _fields(body, shop)
    reading = order.reading
    payment = financial_of(order) or "unknown"
    fulfillment = fulfillment_of(order, silent="unfulfilled")
    cancelled_at, closed_at = order.time("cancelled_at"), order.time("closed_at")
    refunds = _refunds(order)
    refunded = _sum(refunds, reading.currency)
    if refunds is not None and not refunds and payment in _MONEY_BACK:
        refunds = refunded = None
        reading.warn("Shopify's copy says that money went back, and lists no refund; how much is not known.")
    return Order(
        store=shop.name,
        platform="gateway",
        id=f"{PREFIX}{copy_id}",
        status=_status(payment, fulfillment, cancelled=cancelled_at is not None, closed=closed_at is not None),
        payment_status=payment,
        number=order.text("name", 60, cards=False),
        fulfillment_status=fulfillment,
        payment_method=order.text("gateway", 60),
        created_at=order.time("created_at"),
        updated_at=order.time("updated_at"),
        cancelled_at=cancelled_at,
        closed_at=closed_at,
        customer=_customer(order),
        shipping_address=address_of(order, "shipping_address"),
        billing_address=address_of(order, "billing_address"),
        items=items_of(order, "line_items"),
        totals=Totals(
            subtotal=order.money("subtotal_price"),
            shipping=sum_of(order, "shipping_lines"),
            discount=order.money("total_discounts"),
            tax=order.money("total_tax"),
            total=order.money("total_price"),
            refunded=refunded,
        ),
        refunds=refunds or (),
        refunds_complete=refunds is not None,
        shipments=_shipments(order),
        notes=notes_of(order, "note"),
        warnings=tuple(reading.warnings),
        assumed=(("currency", reading.currency),) if currency_assumed and reading.currency else (),
    )


def copy_transactions(body: Mapping[str, object], shop: Shop, asked: str, order_id: str) -> tuple[Transaction, ...]:
    """The transactions of Shopify's copy.

    Args:
        body: The copy.
        shop: What the settings say.
        asked: The copy's id in Shopify.
        order_id: What the order is called here; one that says another order's id keeps that, as ``shopify:ID``.
    """
    checked_id(body.get("id"), asked)
    order, _ = _fields(body, shop)
    return tuple(
        Transaction(
            id=transaction.id("id") or "",
            kind=transaction.text("kind", 40) or "unknown",
            status=transaction.text("status", 40) or "unknown",
            order_id=_whose(transaction, asked, order_id),
            amount=_in_its_currency(transaction).money("amount"),
            channel=transaction.text("gateway", 60),
            message="From Shopify's copy of the order.",
            created_at=transaction.time("created_at"),
        )
        for transaction in order.entries("transactions") or ()
    )


def joined(own: Order, copy: Order) -> Order:
    """The gateway's order with what Shopify's copy knows better: variants, parcels, refunds, exact money and times.

    The id, the status, the buyer and the addresses stay the gateway's; where both say something and it differs,
    that is a warning.
    """
    warnings = [*own.warnings, *copy.warnings, *_differences(own, copy)]
    exact = copy if copy.totals.total is not None else own
    assumed = [pair for pair in own.assumed if pair[0] != "currency"]
    assumed += [pair for pair in exact.assumed if pair[0] == "currency"]
    return replace(
        own,
        payment_status=own.payment_status if copy.payment_status == "unknown" else copy.payment_status,
        number=own.number or copy.number,
        fulfillment_status=copy.fulfillment_status,
        payment_method=own.payment_method or copy.payment_method,
        created_at=copy.created_at or own.created_at,
        cancelled_at=copy.cancelled_at,
        closed_at=copy.closed_at,
        customer=Customer(
            name=own.customer.name or copy.customer.name,
            email=own.customer.email or copy.customer.email,
            phone=own.customer.phone or copy.customer.phone,
        ),
        shipping_address=own.shipping_address or copy.shipping_address,
        billing_address=own.billing_address or copy.billing_address,
        items=copy.items or own.items,
        totals=exact.totals,
        refunds=copy.refunds,
        refunds_complete=copy.refunds_complete,
        shipments=copy.shipments,
        notes=tuple(dict.fromkeys((*own.notes, *copy.notes))),
        warnings=tuple(dict.fromkeys(warnings)),
        assumed=tuple(assumed),
    )


def without_copy(own: Order, error: DeskError) -> Order:
    """The gateway's order alone, where its copy could not be read."""
    warning = (
        f"Shopify's copy of this order could not be read ({error.happened}): no parcels, variants or refunds from "
        f"there. {error.next_step}."
    )
    return replace(own, warnings=(*own.warnings, warning))


def _differences(own: Order, copy: Order) -> list[str]:
    found = []

    def differ(what: str, ours: object, theirs: object, shown: str) -> None:
        if ours != theirs and None not in (ours, theirs) and "unknown" not in (ours, theirs):
            found.append(f"The gateway and Shopify's copy differ in {what}: {ours} and {theirs}; {shown}.")

    same_money = own.totals.total is None or own.totals.total == copy.totals.total
    if not same_money:
        differ("the total", own.totals.total, copy.totals.total, "Shopify's is shown")
    differ("the payment", own.payment_status, copy.payment_status, "Shopify's is shown")
    differ("the fulfilment", own.fulfillment_status, copy.fulfillment_status, "Shopify's is shown")
    if (own.number or "").lstrip("#") != (copy.number or own.number or "").lstrip("#"):
        found.append("The gateway and Shopify's copy have two order numbers: it may be another order's copy.")
    emails = {email.casefold() for email in (own.customer.email, copy.customer.email) if email}
    if len(emails) > 1:
        found.append("The gateway and Shopify's copy name two e-mail addresses; the gateway's is shown.")
    if copy.status == "cancelled" and own.status != "cancelled":
        found.append(f"Shopify's copy was cancelled, and the gateway's status is \"{own.status}\".")
    if len(own.items) != len(copy.items) and own.items and copy.items:
        found.append("The gateway and Shopify's copy have not the same number of items; Shopify's are shown.")
    if own.created_at and copy.created_at and abs(own.created_at - copy.created_at) > _TOGETHER:
        found.append(
            "The gateway's time of the order is not Shopify's, which is shown: check time_zone in the settings of "
            "this store."
        )
    return found


def _fields(body: Mapping[str, object], shop: Shop) -> tuple[Fields, bool]:
    first = shop.reading()
    currency, assumed = currency_of(Fields(body, first), shop.currency)
    return Fields(body, replace(first, currency=currency)), assumed


def _status(payment: PaymentStatus, fulfillment: FulfillmentStatus, *, cancelled: bool, closed: bool) -> Status:
    """How far it got; Shopify has no word for it."""
    if cancelled or closed:
        return "cancelled" if cancelled else "completed"
    if fulfillment in {"fulfilled", "partially_fulfilled"}:
        return "shipped" if fulfillment == "fulfilled" else "processing"
    return "confirmed" if payment in {"paid", *_MONEY_BACK} else "pending"


def _customer(order: Fields) -> Customer:
    customer = customer_of(order, "customer_name", "email", "phone")
    return customer if customer.email else replace(customer, email=order.text("contact_email", 320))


def _shipments(order: Fields) -> tuple[Shipment, ...]:
    """The parcels, without those of a fulfilment that came to nothing."""
    entries = order.entries("fulfillments") or ()
    return tuple(
        parcel for entry in entries if entry.text("status", 40) not in _NOT_SENT for parcel in _parcels(entry)
    )


def _parcels(fulfillment: Fields) -> list[Shipment]:
    """The parcels of one fulfilment: one for each number, with its address where there are as many."""
    numbers = _texts(fulfillment, "tracking_numbers") or [fulfillment.text("tracking_number", cards=False)]
    urls: list[str | None] = [fulfillment.address("tracking_url")]
    if len(numbers) > 1:
        said = fulfillment.body.get("tracking_urls")
        each = [web_address(url) for url in said] if isinstance(said, list) else []
        urls = each if len(each) == len(numbers) else [None] * len(numbers)
    carrier = fulfillment.text("tracking_company")
    status = fulfillment.text("shipment_status", 40) or fulfillment.text("status", 40)
    return [
        Shipment(carrier=carrier, tracking_number=number, tracking_url=url, status=status)
        for number, url in zip(numbers, urls, strict=True)
    ]


def _texts(entry: Fields, name: str) -> list[str | None]:
    values = entry.body.get(name)
    if not isinstance(values, list):
        return []
    each = [Fields({name: value}, entry.reading).text(name, cards=False) for value in values]
    return [text for text in each if text]


def _refunds(order: Fields) -> tuple[ShopRefund, ...] | None:
    """The refunds among the transactions that succeeded; None where they cannot all be told."""
    entries = order.entries("transactions")
    if entries is None:
        return None
    found: dict[str, ShopRefund] = {}
    for entry in entries:
        if entry.text("kind", 40) != "refund" or entry.text("status", 40) != "success":
            continue
        refund_id, amount = entry.id("id"), _in_its_currency(entry).money("amount")
        if refund_id is None or refund_id in found or amount is None:
            order.reading.warn(
                "A refund of Shopify's copy has no id or amount of its own; what went back is not known."
            )
            return None
        found[refund_id] = ShopRefund(id=refund_id, amount=amount, created_at=entry.time("created_at"))
    return tuple(found.values())


def _sum(refunds: tuple[ShopRefund, ...] | None, currency: str | None) -> Money | None:
    if refunds is None or currency is None or any(refund.amount.currency != currency for refund in refunds):
        return None
    return Money(sum(refund.amount.minor for refund in refunds), currency)


def _in_its_currency(entry: Fields) -> Fields:
    """A transaction's fields, in the currency that it names where it names one."""
    said = entry.currency("currency")
    reading = entry.reading
    return Fields(entry.body, replace(reading, currency=said)) if said else entry


def _whose(transaction: Fields, asked: str, order_id: str) -> str | None:
    said = transaction.id("order_id")
    return order_id if said in (None, asked) else f"{PREFIX}{said}"
