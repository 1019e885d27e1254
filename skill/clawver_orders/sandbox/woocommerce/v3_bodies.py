"""REST v3's orders, refunds, notes and gateways: amounts as decimals in texts, in the order's own currency."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ..orders import Comment, Item, Order, Refund
from . import store_bodies
from .books import DECIMALS, GATEWAYS, Books

# The site's own clock: times without "_gmt" are in it, and come without a zone as those in GMT do.
_SITE_AHEAD: Final = timedelta(hours=1)
_SITE: Final = "https://shop.example/wp-json/wc/v3"
_SYMBOLS: Final = {"USD": "$", "JPY": "¥", "KWD": "د.ك", "EUR": "€"}
_VERSION: Final = "10.5.0"


def order(books: Books, order: Order) -> dict[str, object]:
    """The whole order."""
    currency = books.currency_of(order)
    places = DECIMALS.get(currency, 2)
    done = order.closed_at or (order.paid_at if order.stage in ("shipped", "delivered") else None)
    key = books.key(order)
    return {
        "id": order.number,
        "parent_id": 0,
        "status": books.status(order),
        "currency": currency,
        "version": _VERSION,
        "prices_include_tax": False,
        **_dates("created", order.created_at),
        **_dates("modified", order.updated_at or order.created_at),
        "discount_total": major(order.discount, places),
        "discount_tax": major(0, places),
        "shipping_total": major(order.shipping, places),
        "shipping_tax": major(0, places),
        "cart_tax": major(0, places),
        "total": major(order.total, places),
        "total_tax": major(0, places),
        "customer_id": books.customer_id(order),
        "order_key": key,
        "billing": store_bodies.address(order.customer.address, order.customer.phone, email=order.customer.email),
        "shipping": store_bodies.address(order.address, order.customer.phone),
        "payment_method": order.method,
        "payment_method_title": GATEWAYS[order.method][0],
        "transaction_id": f"ch_example_{order.number}" if order.paid_at and order.method == "card" else "",
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": "checkout",
        "customer_note": order.note,
        **_dates("completed", done),
        **_dates("paid", order.paid_at),
        "cart_hash": "",
        "number": str(order.number),
        "meta_data": _tracking(books, order),
        "line_items": [_item(books, order, item, places) for item in order.items],
        "tax_lines": [],
        "shipping_lines": _shipping(books, order, places),
        "fee_lines": _fees(books, order, places),
        "coupon_lines": _coupons(books, order, places),
        "refunds": [
            {"id": books.number(refund.id), "reason": refund.reason, "total": major(-refund.amount, places)}
            for refund in books.refunds(order)
        ],
        "payment_url": f"https://shop.example/checkout/order-pay/{order.number}/?pay_for_order=true&key={key}",
        "is_editable": books.status(order) in ("pending", "on-hold"),
        "needs_payment": books.needs_payment(order),
        "needs_processing": order.printed,
        "currency_symbol": _SYMBOLS.get(currency, currency),
        "_links": _links(f"orders/{order.number}", "orders"),
    }


def major(minor: int, places: int) -> str:
    """An amount such as ``22.85``."""
    return str(Decimal(minor).scaleb(-places).quantize(Decimal((0, (1,), -places))))


def refund(books: Books, order: Order, refund: Refund, amount: str | None = None) -> dict[str, object]:
    """One refund of an order; ``amount`` as it was asked for, where that is shown instead."""
    places = DECIMALS.get(books.currency_of(order), 2)
    whole = "partial" if order.remaining else "full"
    meta = [{"id": books.number(f"{refund.id}/type"), "key": "_refund_type", "value": whole}]
    return {
        "id": books.number(refund.id),
        **_dates("created", refund.created_at),
        "amount": major(refund.amount, places) if amount is None else amount,
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": bool(refund.processor_id),
        "meta_data": meta + _recorded(books, refund),
        "line_items": [],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": _links(
            f"orders/{order.number}/refunds/{books.number(refund.id)}", f"orders/{order.number}/refunds"
        ),
    }


def _recorded(books: Books, refund: Refund) -> list[dict[str, object]]:
    """What whoever recorded a refund wrote beside it, kept by the books under its id."""
    return [
        {"id": books.number(f"{refund.id}/{key}"), "key": key, "value": value}
        for key, value in books.metas.get(refund.id, [])
    ]


def note(order: Order, comment: Comment) -> dict[str, object]:
    """A note that a person wrote."""
    return _note(order, comment.number, "shop-manager-example", comment.at, comment.text)


def notes(books: Books, order: Order) -> list[dict[str, object]]:
    """All notes on an order, the newest first; the oldest is the shop's own."""
    first = _note(
        order, books.number(f"{order.id}/note"), "system", order.created_at, "Order placed at the checkout."
    )
    return [*(note(order, comment) for comment in reversed(order.comments)), first]


def _note(order: Order, number: int, author: str, at: datetime, text: str) -> dict[str, object]:
    return {
        "id": number,
        "author": author,
        **_dates("created", at),
        "note": text,
        "customer_note": False,
        "_links": _links(f"orders/{order.number}/notes/{number}", f"orders/{order.number}/notes"),
    }


def gateway(method: str) -> dict[str, object]:
    """A way of paying."""
    title, supports = GATEWAYS[method]
    return {
        "id": method,
        "title": title,
        "description": f"Pay by {title.lower()}.",
        "order": 0,
        "enabled": True,
        "method_title": title,
        "method_description": "",
        "method_supports": supports,
        "settings": {},
        "_links": _links(f"payment_gateways/{method}", "payment_gateways"),
    }


def _item(books: Books, order: Order, item: Item, places: int) -> dict[str, object]:
    paid = item.total - (order.discount if item is order.items[0] else 0)
    size = item.variant.size if item.variant else None
    there = item.product.id not in books.deleted
    meta = {"key": "size", "value": size, "display_key": "Size", "display_value": size}
    return {
        "id": books.number(item.id),
        "name": f"{item.title} - {size}" if size else item.title,
        "product_id": books.number(item.product.id) if there else 0,
        "variation_id": books.number(item.variant.id) if item.variant and there else 0,
        "quantity": item.quantity,
        "tax_class": "",
        "subtotal": major(item.total, places),
        "subtotal_tax": major(0, places),
        "total": major(paid, places),
        "total_tax": major(0, places),
        "taxes": [],
        "meta_data": [{"id": books.number(f"{item.id}/size"), **meta}] if size else [],
        "sku": item.product.id.removeprefix("prod_") if there else "",
        "global_unique_id": "",
        "price": float(Decimal(paid).scaleb(-places) / item.quantity),
        "image": {"id": "", "src": ""},
        "parent_name": item.title if size else None,
    }


def _shipping(books: Books, order: Order, places: int) -> list[dict[str, object]]:
    if not order.shipping:
        return []
    line = {"method_title": "Flat rate", "method_id": "flat_rate", "instance_id": "1"}
    money = {"total": major(order.shipping, places), "total_tax": major(0, places), "taxes": []}
    return [{"id": books.number(f"{order.id}/ship"), **line, **money, "tax_status": "taxable", "meta_data": []}]


def _fees(books: Books, order: Order, places: int) -> list[dict[str, object]]:
    if not order.adjustment:
        return []
    line = {"name": "Gift wrap", "tax_class": "", "tax_status": "none", "amount": ""}
    money = {"total": major(order.adjustment, places), "total_tax": major(0, places), "taxes": []}
    return [{"id": books.number(f"{order.id}/fee"), **line, **money, "meta_data": []}]


def _coupons(books: Books, order: Order, places: int) -> list[dict[str, object]]:
    if not order.discount:
        return []
    money = {"discount": major(order.discount, places), "discount_tax": major(0, places)}
    kind = {"discount_type": "fixed_cart", "nominal_amount": order.discount // 10**places, "free_shipping": False}
    return [{"id": books.number(f"{order.id}/coupon"), "code": "example-off", **money, "meta_data": [], **kind}]


def _tracking(books: Books, order: Order) -> list[dict[str, object]]:
    """The parcel, as the plugin Shipment Tracking keeps it."""
    if not order.tracking_number:
        return []
    parcel = {
        "tracking_provider": order.carrier,
        "custom_tracking_provider": "",
        "custom_tracking_link": order.tracking_url,
        "tracking_number": order.tracking_number,
        "date_shipped": str(int(order.created_at.timestamp())),
        "tracking_id": f"example{order.number}",
    }
    number = books.number(f"{order.id}/tracking")
    return [{"id": number, "key": "_wc_shipment_tracking_items", "value": [parcel]}]


def _dates(name: str, at: datetime | None) -> dict[str, object]:
    return {f"date_{name}": None if at is None else stamp(at + _SITE_AHEAD), f"date_{name}_gmt": at and stamp(at)}


def stamp(at: datetime) -> str:
    """A time as WordPress writes it: without a zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _links(own: str, collection: str) -> dict[str, object]:
    allow = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return {
        "self": [{"href": f"{_SITE}/{own}", "targetHints": {"allow": allow}}],
        "collection": [{"href": f"{_SITE}/{collection}"}],
    }
