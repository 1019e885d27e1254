"""What Clawver's API says: orders, items, refunds, receipts and events in its words, for either generation."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ..orders import Address, Item, Order, Refund
from ..shop import Event, EventName, Webhook

EVENTS: Final[dict[EventName, str]] = {
    "created": "order.created",
    "paid": "order.paid",
    "shipped": "order.shipped",
    "fulfilled": "order.fulfilled",
    "refunded": "order.refunded",
    "cancelled": "order.cancelled",
}
_HIDDEN: Final = (
    "subtotalInCents",
    "platformFeeInCents",
    "paidAt",
    "customerEmail",
    "shippingAddress",
    "refunds",
)


@dataclass(frozen=True, slots=True)
class Bodies:
    """Bodies in one generation's words; ``legacy`` has no payment status, and no variants of items."""

    legacy: bool

    def status(self, order: Order) -> str:
        """The order's status."""
        if not self.legacy:
            return order.stage
        if order.refunds:
            return "refunded"  # even for a part of it: so shows the sample of Clawver skill 1.0.0
        return "paid" if order.stage == "confirmed" else order.stage

    def order(self, order: Order) -> dict[str, object]:
        """A whole order; the platform's fee is 2 % of the subtotal, rounded half up."""
        known: dict[str, object] = {"id": order.id, "status": self.status(order)}
        if not self.legacy:
            known["paymentStatus"] = order.payment_status
        return known | {
            "subtotalInCents": order.subtotal,
            "platformFeeInCents": (order.subtotal * 2 + 50) // 100,
            "totalInCents": order.total,
            "createdAt": stamp(order.created_at),
            "paidAt": order.paid_at and stamp(order.paid_at),
            "customerEmail": order.customer.email,
            "items": [self.item(item) for item in order.items],
            "shippingAddress": order.address and _address(order.address),
            "trackingUrl": order.tracking_url,
            "trackingNumber": order.tracking_number,
            "carrier": order.carrier,
            "refunds": [_refund(refund) for refund in order.refunds],
        }

    def sparse(self, order: Order) -> dict[str, object]:
        """A bare row of a list."""
        full = self.order(order)
        return {name: full[name] for name in ("id", "status", "totalInCents", "createdAt")}

    def refunded(self, order: Order) -> dict[str, object]:
        """The order as the answer to a refund shows it."""
        full = self.order(order)
        return {name: full[name] for name in ("id", "status", "refunds")} if self.legacy else full

    def public(self, order: Order) -> dict[str, object]:
        """The order as its buyer sees it."""
        shown = {name: value for name, value in self.order(order).items() if name not in _HIDDEN}
        names = ("id", "productName", "productType", "quantity", "variantName")
        items = [self.item(item) for item in order.items]
        return shown | {"items": [{name: item[name] for name in names if name in item} for item in items]}

    def item(self, item: Item) -> dict[str, object]:
        """One line of an order."""
        known: dict[str, object] = {
            "id": item.id,
            "productId": item.product.id,
            "productName": item.title,
            "productType": "print_on_demand" if item.variant else "digital",
            "priceInCents": item.price,
            "quantity": item.quantity,
            "totalInCents": item.total,
        }
        if item.variant and not self.legacy:
            known |= {"variantId": item.variant_id, "variantName": item.variant.name}
        return known

    def event(self, event: Event) -> dict[str, object]:
        """What is sent to a webhook."""
        return {
            "event": EVENTS[event.name],
            "timestamp": stamp(event.at),
            "data": {
                "orderId": event.order.id,
                "totalInCents": event.order.total,
                "items": [self.item(item) for item in event.order.items],
            },
        }


def receipt(checkout_id: str, orders: list[Order]) -> dict[str, object]:
    """What a buyer gets at the end of a checkout, with the tokens of the public endpoints."""
    return {
        "checkoutId": checkout_id,
        "orders": [
            {
                "id": order.id,
                "orderStatusToken": order.status_token,
                "totalInCents": order.total,
                "createdAt": stamp(order.created_at),
                "items": [_receipt_item(item) for item in order.items],
            }
            for order in orders
        ],
    }


def webhook(webhook: Webhook) -> dict[str, object]:
    """A destination, without its secret."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "createdAt": stamp(webhook.created_at),
    }


def stamp(at: datetime) -> str:
    """A time such as ``2026-03-14T15:09:26.535Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signature(body: bytes, secret: str) -> str:
    """The X-Claw-Signature of a raw body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _receipt_item(item: Item) -> dict[str, object]:
    known: dict[str, object] = {"id": item.id, "productName": item.title, "quantity": item.quantity}
    return known | ({"downloadToken": item.download_token} if item.download_token else {})


def _refund(refund: Refund) -> dict[str, object]:
    return {
        "id": refund.id,
        "amountInCents": refund.amount,
        "reason": refund.reason,
        "stripeRefundId": refund.processor_id,
        "createdAt": stamp(refund.created_at),
    }


def _address(address: Address) -> dict[str, object]:
    return {
        "name": address.name,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "state": address.state,
        "postalCode": address.postal_code,
        "country": address.country,
    }
