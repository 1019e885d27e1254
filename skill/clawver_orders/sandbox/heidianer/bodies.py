"""What Heidianer's API says: orders, lines, parcels, the timeline, transactions and counts in its words.

The fields are those of the vendor's samples, and ``paid_at``, ``customer`` and ``is_refunding``, which only its
own dashboard's code shows. The shape of a timeline's entry is this sandbox's own.
"""

import hashlib
import zlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from ..orders import Address, Comment, Item, Order, Refund

_BEIJING: Final = timezone(timedelta(hours=8))
_NO_PARCEL: Final = "不需要物流"
# An order's own numbers: at most a hundred of each kind.
_ROOM: Final = 100
_FOREIGN: Final = 25326

STATES: Final = ("open", "closed", "cancelled")
PAYMENTS: Final = ("pending", "partially_paid", "paid", "refunded")
FULFILLMENTS: Final = ("pending", "partial", "fulfilled")


def yuan(fen: int) -> str:
    """An amount in whole yuan and two decimals."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"


def stamp(at: datetime | None) -> str | None:
    """A time such as ``2017-01-03T08:45:11.595964Z``."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def order_number(order: Order) -> str:
    """The long number: the shop's, the day, and the order's own."""
    return f"3096{order.created_at.astimezone(UTC):%Y%m%d%H%M%S}{order.number:07}"


def customer_id(order: Order) -> int:
    """The buyer's number; the same for all orders of one."""
    return 1000 + zlib.crc32(order.customer.email.encode()) % 9000


def line_id(order: Order, place: int) -> int:
    """The number of an order's line."""
    return order.number * _ROOM + place


def order_status(order: Order) -> str:
    """One of STATES."""
    if order.stage == "cancelled":
        return "cancelled"
    return "closed" if order.closed_at else "open"


def financial_status(order: Order) -> str:
    """One of PAYMENTS. A deposit is the sandbox's way to a part payment."""
    if order.payment == "paid":
        return "refunded" if order.refunds else "paid"
    return "partially_paid" if order.method == "deposit" else "pending"


def fulfillment_status(order: Order) -> str:
    """One of FULFILLMENTS; what is being made counts as partly sent."""
    if order.stage in ("shipped", "delivered"):
        return "fulfilled"
    return "partial" if order.stage == "processing" else "pending"


def order(order: Order) -> dict[str, object]:
    """A whole order, as lists and reads show it."""
    shop_time = stamp(order.created_at)
    return {
        "id": order.number,
        "order_number": order_number(order),
        "token": f"example{zlib.crc32(order.status_token.encode()):033x}",
        "cart_token": f"example{zlib.crc32(order.checkout_id.encode()):033x}",
        "requires_shipping": order.printed,
        "full_name": order.customer.name,
        "email": order.customer.email,
        "mobile": order.customer.phone,
        "buyer_accepts_marketing": False,
        "customer": {
            "id": customer_id(order),
            "full_name": order.customer.name,
            "mobile": order.customer.phone,
            "email": order.customer.email,
        },
        "total_line_items_price": yuan(order.subtotal),
        "total_discounts": yuan(order.discount),
        "shipping_cost": yuan(order.shipping),
        "total_weight": "0.00",
        "total_price": yuan(order.total),
        "order_status": order_status(order),
        "financial_status": financial_status(order),
        "fulfillment_status": fulfillment_status(order),
        "is_refunding": order.refunding is not None,
        "cancelled_at": stamp(order.cancelled_at),
        "cancel_reason": order.cancel_reason,
        "closed_at": stamp(order.closed_at),
        "referring_platform": "web",
        "note": order.note,
        "metafield": {},
        "created_at": shop_time,
        "updated_at": stamp(order.updated_at or order.created_at),
        "paid_at": stamp(order.paid_at),
        "shipping_address": _address(order, order.address) if order.address else None,
        "fulfillments": _fulfillments(order),
        "lines": [_line(order, place, item) for place, item in enumerate(order.items)],
        "discounts": [],
        "timeline": [_comment(order, comment) for comment in order.comments],
    }


def _address(order: Order, address: Address) -> dict[str, object]:
    return {
        "id": order.number,
        "address1": address.line1,
        "address2": address.line2 or "",
        "city": address.city,
        "district": "示例区",
        "province": address.state or address.city,
        "full_name": address.name,
        "mobile": order.customer.phone,
        "place": {
            "id": 865,
            "name": "示例区",
            "code": "000000",
            "parent": 861,
            "area": "",
            "short_name": "示例区",
        },
        "customer_address_id": customer_id(order),
        "metafield": {},
        "created_at": stamp(order.created_at),
        "updated_at": stamp(order.created_at),
    }


def _fulfillments(order: Order) -> list[dict[str, object]]:
    """One for what has left; what needs no parcel has the placeholders of the vendor's sample."""
    if fulfillment_status(order) != "fulfilled":
        return []
    sent = (order.paid_at or order.created_at) + timedelta(hours=5)
    scans = [("快件已揽收", sent), ("快件运输中", sent + timedelta(hours=9))] if order.tracking_number else []
    return [
        {
            "id": order.number * _ROOM,
            "status": "pending",
            "tracking_info": "",
            "tracking_company": order.carrier or _NO_PARCEL,
            "tracking_number": order.tracking_number or "--",
            "tracking_url": order.tracking_url or "",
            "kd100_data": [
                {
                    "time": at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
                    "ftime": at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
                    "context": text,
                }
                for text, at in reversed(scans)
            ],
        }
    ]


def _line(order: Order, place: int, item: Item) -> dict[str, object]:
    name = item.variant.name if item.variant else ""
    options = [{"title": "尺寸", "value": item.variant.size}] if item.variant else []
    image = f"http://img.example/{item.product.id}.jpeg"
    variant_id = zlib.crc32((item.variant.id if item.variant else item.product.id).encode()) % 100_000
    return {
        "id": line_id(order, place),
        "image": image,
        "title": f"{item.title} - {name}" if name else item.title,
        "requires_shipping": item.variant is not None,
        "product_title": item.title,
        "variant_title": name,
        "quantity": item.quantity,
        "price": yuan(item.price),
        "total_price": yuan(item.total),
        "variant": {
            "id": variant_id,
            "title": name,
            "image": image,
            "sku": item.variant.id.upper() if item.variant else "",
            "price": yuan(item.price),
            "grams": "0.00",
            "options": options,
        },
        "product": {
            "id": zlib.crc32(item.product.id.encode()) % 10_000,
            "name": item.product.id,
            "title": item.product.title,
        },
    }


def _comment(order: Order, comment: Comment) -> dict[str, object]:
    by_buyer = comment.author == "customer"
    return {
        "id": comment.number,
        "action": "comment",
        "comment": comment.text,
        "user": None if by_buyer else {"id": 1, "full_name": "店主"},
        "customer": {"id": customer_id(order), "full_name": order.customer.name} if by_buyer else None,
        "metafield": {},
        "created_at": stamp(comment.at),
    }


def transactions(order: Order, *, failed: int = 0, foreign: bool = False) -> list[dict[str, object]]:
    """An order's payments and refunds, oldest first, each with an id that stays.

    Args:
        order: The order.
        failed: How many payments were tried in vain before.
        foreign: Whether one of another order is among them, as in the vendor's sample.
    """
    own = [_sale(order, place, "failure") for place in range(failed)]
    if order.payment == "failed":
        own.append(_sale(order, failed, "failure"))
    else:
        own.append(_sale(order, failed, "success" if order.payment == "paid" else "pending"))
    for place, refund in enumerate([*order.refunds, *([order.refunding] if order.refunding else [])]):
        own.append(_refund(order, place, refund, settled=refund is not order.refunding))
    if foreign:
        own.append({**_sale(order, failed + 1, "pending"), "order_id": _FOREIGN})
    return own


def marked_paid(order: Order, *, failed: int = 0) -> dict[str, object]:
    """The payment that a merchant's word makes: it succeeded, and says nowhere when."""
    return {**_sale(order, failed, "success"), "succeeds_at": None}


def _sale(order: Order, place: int, status: str) -> dict[str, object]:
    done = status == "success"
    back = order.refunded + (order.refunding.amount if order.refunding else 0)
    return _transaction(
        order,
        place + 1,
        transaction_type="sale",
        status=status,
        amount=yuan(order.total),
        channel="manual" if order.by_hand else "wx_pub",
        refundable_amount=yuan(order.total - (back if done else 0)),
        issue="" if status != "failure" else "The buyer's bank said no",
        succeeds_at=stamp(order.paid_at) if done and not order.by_hand else None,
        created_at=stamp(order.created_at + timedelta(seconds=3 + place)),
    )


def _refund(order: Order, place: int, refund: Refund, *, settled: bool) -> dict[str, object]:
    return _transaction(
        order,
        _ROOM // 2 + place,
        transaction_type="refund",
        status="success" if settled else "pending",
        amount=yuan(refund.amount),
        channel="manual" if order.by_hand else "wx_pub",
        refund_id=refund.processor_id,
        refundable_amount="0.00",
        succeeds_at=stamp(refund.created_at) if settled else None,
        created_at=stamp(refund.created_at),
    )


def _transaction(order: Order, place: int, **said: object) -> dict[str, object]:
    return {
        "id": order.number * _ROOM + place,
        "order_id": order.number,
        "transaction_number": f"598{order.created_at.astimezone(UTC):%Y%m%d}{order.number * _ROOM + place:09}",
        "payment_backend": "heyshop_delegated",
        "delegated": True,
        "refund_id": None,
        "refund_url": "",
        "refund_msg": "",
        "voucher_id": 0,
        "issue": "",
        "expires_at": stamp(order.created_at + timedelta(days=1)),
        "succeeds_at": None,
    } | said


def counts(orders: list[Order]) -> list[dict[str, object]]:
    """How many orders there are, with titles in two languages."""
    opened = [order for order in orders if order_status(order) == "open"]
    unpaid = [order for order in opened if financial_status(order) in ("pending", "partially_paid")]
    paid = [order for order in opened if order not in unpaid]
    return [
        {"title": title, "count": count, "value": value}
        for title, count, value in (
            ("全部", len(orders), "count"),
            ("Pending Payment", len(unpaid), "pending_payment"),
            (
                "Pending Fulfillment",
                sum(fulfillment_status(order) != "fulfilled" for order in paid),
                "pending_fulfillment",
            ),
            ("Fulfilled", sum(fulfillment_status(order) == "fulfilled" for order in paid), "fulfilled"),
            ("Cancelled", sum(order_status(order) == "cancelled" for order in orders), "cancelled"),
            ("Closed", sum(order_status(order) == "closed" for order in orders), "closed"),
        )
    ]


def signed(body: bytes, secret: str, event: str) -> dict[str, str]:
    """The headers of an event: its signature is a hash of body and secret together, in capitals."""
    return {
        "content-type": "application/json",
        "x-heyshop-event": event,
        "x-heyshop-shop": "example",
        "x-heyshop-shop-domain": "example.heidianer.test",
        "x-heyshop-shop-id": "1",
        "x-heyshop-sha256": hashlib.sha256(body + secret.encode()).hexdigest().upper(),
    }
