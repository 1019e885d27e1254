"""How each vendor signs what it sends, written down once more, from its documents alone."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clawver_orders import platforms
from clawver_orders.events import Verify

SECRET = "example-secret-of-thirty-characters"
OLD = "example-secret-before-that-one"
OTHER = "example-secret-of-another-shop"


def verify_of(platform: str) -> Verify:
    verify = platforms.load(platform).webhook
    assert verify
    return verify


def compact(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Vendor:
    """One vendor's deliveries."""

    platform: str
    header: str
    sign: Callable[[bytes, str], str]
    body: bytes
    more: Mapping[str, str] = field(default_factory=dict)
    type: str = "order.paid"
    order_id: str | None = "ord_1"

    def headers(self, body: bytes | None = None, secret: str = SECRET) -> dict[str, str]:
        signature = self.sign(self.body if body is None else body, secret)
        return {"content-type": "application/json", self.header: signature, **self.more}


def claw(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def hey(body: bytes, secret: str) -> str:
    return hashlib.sha256(body + secret.encode()).hexdigest().upper()


def woo(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


CLAWVER = Vendor(
    "clawver",
    "x-claw-signature",
    claw,
    compact({"event": "order.paid", "timestamp": "2026-11-20T12:00:00Z", "data": {"orderId": "ord_1"}}),
)
HEIDIANER = Vendor(
    "heidianer",
    "x-heyshop-sha256",
    hey,
    compact({"data": {"id": 7001, "order_number": "20261120-7001", "title": "画"}}),
    {"x-heyshop-event": "order_paid", "x-heyshop-shop": "example"},
    "order_paid",
    "7001",
)
WOOCOMMERCE = Vendor(
    "woocommerce",
    "x-wc-webhook-signature",
    woo,
    compact({"id": 9001, "status": "processing", "number": "9001"}),
    {"x-wc-webhook-topic": "order.updated", "x-wc-webhook-delivery-id": "e8cfae5104d2a4b2"},
    "order.updated",
    "9001",
)
VENDORS = (CLAWVER, HEIDIANER, WOOCOMMERCE)
