"""What Shopify says of an order, as the gateway hands it on: exact texts, times with the Shopify shop's zone."""

from datetime import datetime, timedelta, timezone
from typing import Final

from ..orders import Item, Order
from . import bodies
from .bodies import Quirks

_SHOP_ZONE: Final = timezone(timedelta(hours=-4))
_CHEAPER: Final = 500


def copy(order: Order, quirks: Quirks) -> dict[str, object]:
    """The copy of an order, with the transactions that Shopify keeps apart, and the tokens that stand in it."""
    told = bodies.order(order, quirks)
    taken_off = _CHEAPER if order.id in quirks.diverging else 0
    number = order.number % 100_000
    same = ("shipping_address", "billing_address", "customer", "currency", "financial_status", "order_status_url")
    return {name: told[name] for name in same} | {
        "id": int(bodies.copy_id(order)),
        "name": f"#{number}",
        "email": order.customer.email,
        "contact_email": order.customer.email,
        "created_at": _stamp(order.created_at),
        "updated_at": _stamp(order.updated_at or order.created_at),
        "cancelled_at": order.cancelled_at and _stamp(order.cancelled_at),
        "closed_at": order.closed_at and _stamp(order.closed_at),
        "number": number,
        "note": order.note,
        "token": f"token-secret-example-{order.number}",
        "gateway": told["payment_method"],
        "total_price": bodies.cents(order.total - taken_off),
        "subtotal_price": bodies.cents(order.subtotal - taken_off),
        "total_tax": "0.00",
        "total_discounts": bodies.cents(order.discount),
        "fulfillment_status": _fulfillment_status(order),
        "confirmed": order.payment == "paid",
        "line_items": [_item(line) for line in order.items],
        "shipping_lines": [
            {
                "id": 369_000_000 + order.number,
                "title": "Standard Shipping",
                "price": bodies.cents(order.shipping),
                "code": "Standard",
            }
        ],
        "transactions": _transactions(order),
        "fulfillments": _fulfillments(order),
    }


def _item(line: Item) -> dict[str, object]:
    return bodies.item(line) | {"variant_title": line.variant.name if line.variant else None}


def _fulfillment_status(order: Order) -> str | None:
    """Shopify has null where nothing was sent yet."""
    if not order.printed:
        return "fulfilled" if order.stage == "delivered" else None
    words = {"shipped": "fulfilled", "delivered": "fulfilled", "cancelled": "restocked"}
    return words.get(order.stage)


def _transactions(order: Order) -> list[dict[str, object]]:
    sale = _transaction(order, 0, order.total, order.paid_at or order.created_at)
    sale["status"] = {"paid": "success", "failed": "failure"}.get(order.payment, "pending")
    refunds = enumerate(order.refunds, start=1)
    return [sale, *(_transaction(order, place, refund.amount, refund.created_at) for place, refund in refunds)]


def _transaction(order: Order, place: int, amount: int, at: datetime) -> dict[str, object]:
    return {
        "id": 123_000_000 + order.number * 1000 + place,
        "order_id": int(bodies.copy_id(order)),
        "kind": "refund" if place else "sale",
        "gateway": "worldxinpay" if order.printed else "unknown",
        "status": "success",
        "amount": bodies.cents(amount),
        "created_at": _stamp(at),
    }


def _fulfillments(order: Order) -> list[dict[str, object]]:
    if order.tracking_number is None:
        return []
    return [
        {
            "id": 256_000_000 + order.number,
            "order_id": int(bodies.copy_id(order)),
            "status": "success",
            "shipment_status": "delivered" if order.stage == "delivered" else "in_transit",
            "tracking_company": order.carrier,
            "tracking_number": order.tracking_number,
            "tracking_url": order.tracking_url,
            "created_at": _stamp(order.updated_at or order.created_at),
        }
    ]


def _stamp(at: datetime) -> str:
    return at.astimezone(_SHOP_ZONE).isoformat(timespec="seconds")
