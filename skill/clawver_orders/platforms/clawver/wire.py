"""Clawver's words into ours: orders, items, refunds, parcels, receipts, links and webhooks.

Two generations of the API, told apart by what arrives. Clawver skill 1.0.0: ``status`` holds the payment too
(``paid``, ``refunded``). Clawver skill 1.3.0: ``confirmed`` and a ``paymentStatus`` beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from clawver_orders.errors import BadResponseError
from clawver_orders.order import (
    Address,
    Customer,
    Download,
    FulfillmentStatus,
    Item,
    Kind,
    Order,
    Receipt,
    ReceiptItem,
    ReceiptOrder,
    Shipment,
    Status,
    Totals,
    Webhook,
)
from clawver_orders.platforms.clawver.fields import Fields, Reading
from clawver_orders.platforms.clawver.payment import payment_of
from clawver_orders.platforms.fields import checked_id, json_count, json_id, json_object, web_address
from clawver_orders.text import clean

_STATUSES: Final[Mapping[str, Status]] = {
    "pending": "pending",
    "confirmed": "confirmed",
    "paid": "confirmed",
    "processing": "processing",
    "shipped": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
}
_KINDS: Final[Mapping[str, Kind]] = {"digital": "digital", "print_on_demand": "print_on_demand"}
# The shape of shippingAddress is not documented; these are the words of Stripe and Printful, which stand behind.
_NAMES: Final = ("name", "recipientName", "fullName")
_LINES: Final = ("line1", "line2", "address1", "address2", "street")
_REGIONS: Final = ("state", "stateCode", "region", "province", "state_code")
_POSTAL_CODES: Final = ("postalCode", "postal_code", "zip")
_COUNTRIES: Final = ("country", "countryCode", "country_code")

# How long a link lives where the shop does not say it (Clawver skill 1.0.0), and what is too long to be true.
_MINUTES: Final = 60
_MINUTES_A_YEAR: Final = 366 * 24 * 60
_TOKEN: Final = re.compile(r"[!-~]{1,2000}")


View = Literal["whole", "row", "buyer"]


def order_from_wire(
    body: Mapping[str, object],
    *,
    store: str,
    currency: str,
    now: datetime,
    asked: str | None = None,
    view: View = "whole",
) -> Order:
    """One order of ours from one of Clawver's, of either generation.

    Args:
        body: The order object.
        store: The store's name.
        currency: Assumed where the body says none, as every body in the documents does.
        now: The present time; later moments are wrong.
        asked: The id that was asked for.
        view: What the body is: the whole order, a list's row or what the buyer sees, which may be short ones. Of a
            row, address and parcel are not read: no list shows them, and a thousand rows are to be quick.

    Raises:
        BadResponseError: The order has no usable id, or it is another order than the one asked for.
    """
    order_id = json_id(body.get("id"))
    if view == "buyer" and "id" not in body and "status" in body:
        order_id = asked
    order_id = checked_id(order_id, asked)
    reading = Reading(currency, now)
    said_currency = Fields(body, reading).currency("currency")
    reading = replace(reading, currency=said_currency or currency)
    order = Fields(body, reading)
    raw_status = order.text("status", 40)
    status = _STATUSES.get(raw_status or "", "unknown")
    if status == "unknown" and raw_status != "refunded":
        reading.warn("The shop's word for the status is absent or new; it is shown as unknown.")
    total = order.cents("totalInCents")
    payment = payment_of(order, raw_status, total, sparse=view != "whole")
    return Order(
        store=store,
        platform="clawver",
        id=order_id,
        status=status,
        payment_status=payment.status,
        raw_status=raw_status,
        fulfillment_status=_fulfillment(status),
        created_at=order.time("createdAt"),
        paid_at=order.time("paidAt"),
        customer=Customer(email=order.text("customerEmail", 320)),
        shipping_address=None if view == "row" else _address(order.inside("shippingAddress")),
        items=tuple(_item(item) for item in order.entries("items") or ()),
        totals=Totals(
            subtotal=order.cents("subtotalInCents"),
            total=total,
            refunded=payment.refunded,
            refundable=payment.refundable,
        ),
        refunds=payment.refunds,
        refunds_complete=payment.complete,
        shipments=() if view == "row" else _shipments(order),
        warnings=tuple(reading.warnings),
        assumed=() if said_currency else (("currency", currency),),
    )


def _fulfillment(status: Status) -> FulfillmentStatus:
    if status == "unknown":
        return "unknown"
    return "fulfilled" if status in {"shipped", "delivered"} else "unfulfilled"


def _item(item: Fields) -> Item:
    item_id = item.id("id")
    if item_id is None:
        item.reading.warn("An item has no id; no download link can be made for it.")
    return Item(
        id=item_id or "",
        title=item.text("productName", 300) or "",
        kind=_KINDS.get(item.text("productType", 40) or "", "unknown"),
        quantity=item.quantity("quantity"),
        product_id=item.id("productId"),
        variant_id=item.id("variantId"),
        variant_name=item.text("variantName"),
        unit_price=item.cents("priceInCents"),
        total=item.cents("totalInCents"),
    )


def _address(address: Fields | None) -> Address | None:
    if address is None:
        return None
    lines = tuple(line for name in _LINES if (line := address.text(name)))
    return Address(
        name=_first(address, _NAMES),
        lines=lines,
        city=address.text("city"),
        region=_first(address, _REGIONS),
        postal_code=_first(address, _POSTAL_CODES),
        country=_first(address, _COUNTRIES),
        phone=address.text("phone", 40),
    )


def _first(address: Fields, names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := address.text(name))), None)


def _shipments(order: Fields) -> tuple[Shipment, ...]:
    """The one parcel an order can have; "--" and an empty text stand for none."""
    said = order.text("carrier"), order.text("trackingNumber", cards=False)
    carrier, number = (None if text in ("", "--") else text for text in said)
    url = order.address("trackingUrl")
    if carrier is None and number is None and url is None:
        return ()
    return (Shipment(carrier=carrier, tracking_number=number, tracking_url=url),)


def download_from_wire(data: Mapping[str, object], answered_at: datetime) -> Download:
    """A download link; ``expiresInMinutes`` is counted from the answer, and is 60 where absent, as documented.

    Raises:
        BadResponseError: There is no link that is safe to hand on.
    """
    url = data.get("downloadUrl")
    if not is_private_address(url):
        raise BadResponseError(
            "the shop's answer holds no safe download link", "Try once more; if it stays, report it to the shop"
        )
    minutes = json_count(data.get("expiresInMinutes"))
    known = minutes is not None and 0 < minutes <= _MINUTES_A_YEAR
    name = data.get("fileName")
    return Download(
        url=str(url),
        expires_at=answered_at + timedelta(minutes=minutes if known and minutes else _MINUTES),
        file_name=clean(name, 200) if isinstance(name, str) else None,
        file_size_bytes=json_count(data.get("fileSizeBytes")),
        assumed=() if known else (("expires_in_minutes", str(_MINUTES)),),
    )


def is_private_address(url: object) -> bool:
    """Whether an address keeps what it carries from others: https, or http that does not leave this machine."""
    address = web_address(url)
    if address is None:
        return False
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}


def receipt_from_wire(data: Mapping[str, object], *, asked: str, currency: str, now: datetime) -> Receipt:
    """A checkout's receipt. Its body is not documented: what can be recognised is read.

    Raises:
        BadResponseError: It is another checkout's, or no order can be recognised in it.
    """
    reading = Reading(currency, now)
    receipt = Fields(json_object(data.get("receipt")) or data, reading)
    checkout_id = receipt.id("checkoutId")
    if checkout_id not in (None, asked):
        raise BadResponseError(
            "the shop answered with another checkout than the one asked for", "Check the checkout id"
        )
    entries = receipt.entries("orders")
    if entries is None and (single := receipt.inside("order")) is not None:
        entries = [single]
    if entries is None:
        raise BadResponseError(
            "the receipt has a form that is not known", "Look at the orders themselves with get_order"
        )
    orders = tuple(
        _receipt_order(order, order_id)
        for order in entries
        if (order_id := order.id("id") or order.id("orderId")) is not None
    )
    return Receipt(checkout_id=asked, orders=orders)


def _receipt_order(order: Fields, order_id: str) -> ReceiptOrder:
    return ReceiptOrder(
        id=order_id,
        total=order.cents("totalInCents"),
        status_token=_token(order.body.get("orderStatusToken")),
        items=tuple(
            ReceiptItem(
                id=item.id("id") or item.id("itemId") or "",
                title=item.text("productName", 300) or item.text("title", 300) or "",
                download_token=_token(item.body.get("downloadToken")),
            )
            for item in order.entries("items") or ()
        ),
    )


def _token(value: object) -> str | None:
    """A token as it came, where it can stand in an address; never cleaned, that would make it another one."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def webhook_from_wire(body: Mapping[str, object]) -> Webhook | None:
    """A registered destination, without its secret; None where it has no id."""
    webhook_id = json_id(body.get("id"))
    if webhook_id is None:
        return None
    url, events = body.get("url"), body.get("events")
    return Webhook(
        id=webhook_id,
        url=web_address(url) or "",
        events=tuple(event for event in events if isinstance(event, str) and json_id(event))
        if isinstance(events, list)
        else (),
    )
