"""What the gateway says of an order: floats, times without a zone, and three fields for one payment."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from ..orders import Address, Item, Order
from ..stock import FILES, PRINTS

# The wall clock that the gateway writes its times by; China has had no summer time since 1991.
_WALL: Final = timezone(timedelta(hours=8))
_PRODUCTS: Final = (*PRINTS, *FILES)


@dataclass(frozen=True, slots=True)
class Quirks:
    """Ids, in the shop's own form, of orders that are odd in a way of the gateway's.

    Attributes:
        disagreeing: payment_status still says unpaid.
        long_amount: The total is a float with more decimals than cents have.
        diverging: Shopify's copy was edited there, and is five dollars cheaper.
        unsynced: It never reached Shopify.
    """

    disagreeing: frozenset[str] = frozenset()
    long_amount: frozenset[str] = frozenset()
    diverging: frozenset[str] = frozenset()
    unsynced: frozenset[str] = frozenset()


def copy_id(order: Order) -> str:
    """The id of an order's copy in Shopify."""
    return str(5_000_000_000 + order.number)


def row(order: Order, quirks: Quirks) -> dict[str, object]:
    """A row of the list: seven fields, and no currency."""
    whole = self_told(order, quirks)
    names = ("id", "customer_email", "total_amount", "payment_method", "status", "created_at", "updated_at")
    return {name: whole[name] for name in names}


def order(order: Order, quirks: Quirks) -> dict[str, object]:
    """A whole order, with the tokens that stand in it."""
    address = order.address and _address(order.address, order.customer.phone)
    return self_told(order, quirks) | {
        "cart_token": f"cart-secret-example-{order.number}",
        "user_id": 70_000 + order.number,
        "shop_id": 42,
        "original_price": order.subtotal / 100,
        "shipping_fee": order.shipping / 100,
        "payment_status": _payment_status(order, quirks),
        "shopify_order_id": None if order.id in quirks.unsynced else copy_id(order),
        "order_number": str(order.number % 100_000),
        "currency": "USD",
        "financial_status": financial_status(order),
        "fulfillment_status": _fulfillment_status(order),
        "customer_phone": order.customer.phone,
        "customer_name": order.customer.name,
        "shipping_address": address,
        "billing_address": _address(order.customer.address, order.customer.phone),
        "payment_details": {
            "transaction_id": f"wxp_example_{order.number}",
            "payment_method": _method(order),
            "amount": order.total / 100,
            "currency": "USD",
            "status": {"paid": "success", "failed": "failed"}.get(order.payment, "pending"),
        },
        "notes": order.note,
        "transaction_id": f"wxp_example_{order.number}",
        "order_status_url": status_url(order),
        "paid_at": order.paid_at and wall(order.paid_at),
        "order_items": [],
        "line_items": [item(line) for line in order.items],
        "shipping_lines": [{"title": "Standard Shipping", "price": cents(order.shipping)}],
        "tax_lines": [],
        "customer": person(order) | {"id": 45_000 + order.number},
    }


def self_told(order: Order, quirks: Quirks) -> dict[str, object]:
    """What rows and whole orders have in common."""
    total = order.total / 100
    return {
        "id": order.number,
        "customer_email": order.customer.email,
        "total_amount": total + 3e-15 * max(1, total) if order.id in quirks.long_amount else total,
        "payment_method": _method(order),
        "status": _status(order),
        "created_at": wall(order.created_at),
        "updated_at": wall(order.updated_at or order.created_at),
    }


def financial_status(order: Order) -> str:
    """The payment in Shopify's word."""
    return "voided" if order.payment == "failed" else order.payment_status


def item(line: Item) -> dict[str, object]:
    """A line: the price a text, the ids long numbers."""
    product = _PRODUCTS.index(line.product)
    size = "" if line.variant is None else f" - {line.variant.size}"
    return {
        "id": 12_000_000 + int.from_bytes(line.id.encode()) % 999_983,
        "variant_id": 45_990_000_000_000
        + product * 10_000
        + (int(line.variant.printful_id) if line.variant else 0),
        "title": f"{line.title}{size}",
        "quantity": line.quantity,
        "sku": line.variant.id.upper() if line.variant else None,
        "price": cents(line.price),
        "product_id": 8_569_000_000 + product,
    }


def person(order: Order) -> dict[str, object]:
    """The buyer, in first and last name."""
    first, _, last = order.customer.name.rpartition(" ")
    return {
        "email": order.customer.email,
        "first_name": first or last,
        "last_name": last if first else "",
        "phone": order.customer.phone,
    }


def cents(amount: int) -> str:
    """An amount as a text such as ``6.99``."""
    return f"{amount // 100}.{amount % 100:02}"


def wall(at: datetime) -> str:
    """What the clock on the gateway's wall shows, without saying where it hangs."""
    return at.astimezone(_WALL).strftime("%Y-%m-%d %H:%M:%S")


def status_url(order: Order) -> str:
    """The buyer's page, with the key that opens it."""
    return f"https://example.myshopify.com/orders/{order.number}/authenticate?key=url-secret-example"


def _status(order: Order) -> str:
    """The order's status; ``paid`` is in no list of the documents, and on most rows of their sample."""
    if order.payment_status == "refunded":
        return "refunded"
    if order.payment == "failed" and order.stage == "pending":
        return "failed"
    words = {"confirmed": "paid", "shipped": "processing", "delivered": "completed"}
    return words.get(order.stage, order.stage)


def _payment_status(order: Order, quirks: Quirks) -> str:
    if order.payment != "paid" or order.id in quirks.disagreeing:
        return "unpaid"
    return order.payment_status


def _fulfillment_status(order: Order) -> str | None:
    if not order.printed:
        return None
    words = {"shipped": "fulfilled", "delivered": "fulfilled", "cancelled": "restocked"}
    return words.get(order.stage, "unfulfilled")


def _method(order: Order) -> str:
    return "worldxinpay" if order.printed else "unknown"


def _address(address: Address, phone: str) -> dict[str, object]:
    first, _, last = address.name.rpartition(" ")
    return {
        "first_name": first or last,
        "last_name": last if first else "",
        "address1": address.line1,
        "address2": address.line2 or "",
        "city": address.city,
        "province": address.state,
        "country": address.country,
        "zip": address.postal_code,
        "phone": phone,
    }
