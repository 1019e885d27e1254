"""Clawver's dialect, in both generations of its API, as the vendor's skills 1.0.0 and 1.3.0 describe it.

Where they are silent the sandbox chose; references/sandbox.md lists every choice.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from .dialect import Call, Delivery, Operation, Reply
from .shop import Address, Event, EventName, Item, Order, Refund, Refusal, Shop, Webhook

Generation = Literal["current", "legacy"]
READ_ONLY_KEY: Final = "claw_sk_test_readonly_example"

_CODES: Final = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "RESOURCE_NOT_FOUND",
    409: "CONFLICT",
    413: "VALIDATION_ERROR",
    500: "INTERNAL_ERROR",
}
_STATUS_OF: Final = {"not_found": 404, "invalid": 400, "conflict": 409}
_EVENTS: Final[dict[EventName, str]] = {
    "created": "order.created",
    "paid": "order.paid",
    "shipped": "order.shipped",
    "fulfilled": "order.fulfilled",
    "refunded": "order.refunded",
    "cancelled": "order.cancelled",
}
_KNOWN_EVENTS: Final = frozenset(
    {*_EVENTS.values(), "order.fulfillment_failed", "review.received", "review.responded"}
)
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_PER_MINUTE: Final = 60


class _DeniedError(Exception):
    """Answered with an error envelope."""

    def __init__(self, status: int, message: str, details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details


class Clawver:
    """Clawver's API over a shop.

    Args:
        key: The owner's key, which may do everything; READ_ONLY_KEY may read.
        now: The clock of the rate limit.
        generation: ``legacy`` speaks of paid and refunded orders and pages with cursors.
        rows: Whether list rows carry the whole order, or only id, status, total and time.
        pagination: Where a list says whether there is more: nowhere, at the top, or under ``meta``.
        rate_limit: Whether more than 60 calls a minute are refused.
    """

    mount = "/v1"
    operations = frozenset(
        {
            "list",
            "get",
            "refund",
            "download",
            "public-download",
            "public-status",
            "receipt",
            "create-webhook",
            "list-webhooks",
            "delete-webhook",
        }
    )

    def __init__(
        self,
        key: str,
        now: Callable[[], datetime],
        generation: Generation,
        rows: Literal["full", "sparse"],
        pagination: Literal["absent", "top", "meta"],
        *,
        rate_limit: bool,
    ) -> None:
        self.key = key
        self.rate_limit = rate_limit
        self._now = now
        self._legacy = generation == "legacy"
        self._rows = rows
        self._pagination = pagination
        self._minute: tuple[datetime, int] | None = None

    # What is asked for.

    def operation(self, call: Call) -> Operation | None:
        """As Dialect."""
        match (call.method, *call.segments):
            case ("GET", "orders"):
                return self._owner(call, "list", lambda shop: self._list(shop, call))
            case ("GET", "orders", order_id):
                return self._owner(call, "get", lambda shop: _data({"order": self._order(shop.order(order_id))}))
            case ("POST", "orders", order_id, "refund"):
                return self._owner(call, "refund", lambda shop: self._refund(shop, call, order_id), writes=True)
            case ("GET", "orders", order_id, "download", item_id):
                return self._owner(call, "download", lambda shop: self._download(shop, order_id, item_id))
            case ("GET", "orders", order_id, "download", item_id, "public"):
                return self._anyone(
                    "public-download", lambda shop: self._public_download(shop, call, order_id, item_id)
                )
            case ("GET", "orders", order_id, "public"):
                return self._anyone("public-status", lambda shop: self._public_status(shop, call, order_id))
            case ("GET", "checkout", checkout_id, "receipt"):
                return self._anyone("receipt", lambda shop: self._receipt(shop, checkout_id))
            case ("POST", "webhooks"):
                return self._owner(call, "create-webhook", lambda shop: _create_webhook(shop, call), writes=True)
            case ("GET", "webhooks"):
                return self._owner(call, "list-webhooks", _list_webhooks)
            case ("DELETE", "webhooks", webhook_id):
                return self._owner(
                    call, "delete-webhook", lambda shop: _delete_webhook(shop, webhook_id), writes=True
                )
        return None

    def gate(self, call: Call) -> Reply | None:
        """As Dialect: the rate limit, in fixed windows of a minute over all callers."""
        del call
        if not self.rate_limit:
            return None
        now = self._now()
        start, calls = self._minute or (now, 0)
        if (now - start).total_seconds() >= 60:
            start, calls = now, 0
        self._minute = (start, calls + 1)
        if calls < _PER_MINUTE:
            return None
        wait = max(1, 60 - int((now - start).total_seconds()))
        return self._error(429, "Too many requests", None, ("retry-after", str(wait)))

    def failure(self, status: int) -> Reply:
        """As Dialect."""
        return self._error(status, "No such path" if status == 404 else "The request failed", None)

    def _owner(self, call: Call, name: str, answer: Callable[[Shop], Reply], *, writes: bool = False) -> Operation:
        def guarded(shop: Shop) -> Reply:
            scheme, _, given = call.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or given not in (self.key, READ_ONLY_KEY):
                raise _DeniedError(401, "Missing or unknown API key")
            if writes and given != self.key:
                raise _DeniedError(403, "This key may only read")
            return answer(shop)

        return self._anyone(name, guarded, writes=writes)

    def _anyone(self, name: str, answer: Callable[[Shop], Reply], *, writes: bool = False) -> Operation:
        def enveloped(shop: Shop) -> Reply:
            try:
                return answer(shop)
            except _DeniedError as denied:
                return self._error(denied.status, denied.message, denied.details)
            except Refusal as refusal:
                return self._error(_STATUS_OF[refusal.problem], refusal.message, refusal.details)

        return Operation(name, writes, enveloped)

    def _error(
        self, status: int, message: str, details: dict[str, object] | None, *headers: tuple[str, str]
    ) -> Reply:
        limited = "RATE_LIMIT_EXCEEDED" if self._legacy else "RATE_LIMITED"
        error: dict[str, object] = {
            "code": limited if status == 429 else _CODES.get(status, "INTERNAL_ERROR"),
            "message": message,
        }
        if details is not None:
            error["details"] = details
        return Reply.json(status, {"success": False, "error": error}, *headers)

    # Reads.

    def _list(self, shop: Shop, call: Call) -> Reply:
        limit = _limit(call.query.get("limit", "20"))
        orders = shop.newest_first()
        if "status" in call.query:
            orders = [order for order in orders if self._word(order) == call.query["status"]]
        start = 0
        if self._legacy and call.query.get("cursor"):
            ids = [order.id for order in orders]
            after = _read_cursor(call.query["cursor"])
            if after not in ids:
                raise _DeniedError(400, "cursor is not known")
            start = ids.index(after) + 1
        page = orders[start : start + limit]
        more = len(orders) > start + limit
        payload: dict[str, object] = {"success": True, "data": {"orders": [self._row(order) for order in page]}}
        pagination = {
            "cursor": _cursor(page[-1].id) if more and self._legacy else None,
            "hasMore": more,
            "limit": limit,
        }
        if self._pagination == "meta":
            payload["meta"] = {"pagination": pagination}
        elif self._pagination == "top":
            payload["pagination"] = pagination
        return Reply.json(200, payload)

    def _row(self, order: Order) -> dict[str, object]:
        full = self._order(order)
        if self._rows == "full":
            return full
        return {name: full[name] for name in ("id", "status", "totalInCents", "createdAt")}

    def _word(self, order: Order) -> str:
        """The order's status in this generation's words."""
        if not self._legacy:
            return order.stage
        if order.refunds:
            return "refunded"  # even for a part of it: so shows the sample of 1.0.0
        return "paid" if order.stage == "confirmed" else order.stage

    def _order(self, order: Order) -> dict[str, object]:
        known: dict[str, object] = {"id": order.id, "status": self._word(order)}
        if not self._legacy:
            known["paymentStatus"] = order.payment_status
        return known | {
            "subtotalInCents": order.total,
            "platformFeeInCents": (order.total * 2 + 50) // 100,
            "totalInCents": order.total,
            "createdAt": _stamp(order.created_at),
            "paidAt": order.paid_at and _stamp(order.paid_at),
            "customerEmail": order.customer.email,
            "items": [self._item(item) for item in order.items],
            "shippingAddress": order.address and _address(order.address),
            "trackingUrl": order.tracking_url,
            "trackingNumber": order.tracking_number,
            "carrier": order.carrier,
            "refunds": [_refund(refund) for refund in order.refunds],
        }

    def _item(self, item: Item) -> dict[str, object]:
        known: dict[str, object] = {
            "id": item.id,
            "productId": item.product.id,
            "productName": item.title,
            "productType": _type(item),
            "priceInCents": item.price,
            "quantity": item.quantity,
            "totalInCents": item.total,
        }
        if item.variant and not self._legacy:
            known |= {"variantId": item.variant_id, "variantName": item.variant.name}
        return known

    def _download(self, shop: Shop, order_id: str, item_id: str) -> Reply:
        order = shop.order(order_id)
        item = _find(order, item_id)
        if item.variant:
            raise _DeniedError(400, "This item is printed; there is nothing to download")
        if not order.remaining:
            raise _DeniedError(409, "This order is not paid, or its money went back")
        signature = shop.new_id("example")
        expires = int(shop.now().timestamp()) + 3600
        return _data(
            {
                "downloadUrl": f"https://storage.clawver.example/downloads/{item.product.file_name}"
                f"?expires={expires}&signature={signature}",
                "expiresInMinutes": 60,
                "fileName": item.product.file_name,
                "fileSizeBytes": item.product.file_size,
            }
        )

    def _public_download(self, shop: Shop, call: Call, order_id: str, item_id: str) -> Reply:
        item = _find(shop.order(order_id), item_id)
        _check_token(call, item.download_token)
        return self._download(shop, order_id, item_id)

    def _public_status(self, shop: Shop, call: Call, order_id: str) -> Reply:
        order = shop.order(order_id)
        _check_token(call, order.status_token)
        hidden = ("subtotalInCents", "platformFeeInCents", "paidAt", "customerEmail", "shippingAddress", "refunds")
        shown = {name: value for name, value in self._order(order).items() if name not in hidden}
        names = ("id", "productName", "productType", "quantity", "variantName")
        items = [self._item(item) for item in order.items]
        shown["items"] = [{name: item[name] for name in names if name in item} for item in items]
        return _data({"order": shown})

    def _receipt(self, shop: Shop, checkout_id: str) -> Reply:
        orders = [
            {
                "id": order.id,
                "orderStatusToken": order.status_token,
                "totalInCents": order.total,
                "createdAt": _stamp(order.created_at),
                "items": [
                    {
                        "id": item.id,
                        "productName": item.title,
                        "quantity": item.quantity,
                        **({"downloadToken": item.download_token} if item.download_token else {}),
                    }
                    for item in order.items
                ],
            }
            for order in shop.checkout(checkout_id)
        ]
        return _data({"receipt": {"checkoutId": checkout_id, "orders": orders}})

    # Writes.

    def _refund(self, shop: Shop, call: Call, order_id: str) -> Reply:
        body = _json_object(call)
        amount, reason = body.get("amountInCents"), body.get("reason")
        if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
            raise _DeniedError(400, "amountInCents must be a positive integer", {"field": "amountInCents"})
        if not isinstance(reason, str) or not reason.strip():
            raise _DeniedError(400, "reason is required", {"field": "reason"})
        order = shop.order(order_id)
        if self._legacy and order.payment == "paid" and order.stage not in ("confirmed", "processing"):
            raise _DeniedError(400, "Order must be paid or processing", {"status": self._word(order)})
        shop.refund(order_id, amount, reason)
        full = self._order(order)
        if self._legacy:
            full = {name: full[name] for name in ("id", "status", "refunds")}
        return _data({"order": full})

    # What is sent.

    def deliveries(self, shop: Shop, event: Event) -> list[Delivery]:
        """As Dialect: the signature is the hex HMAC-SHA256 of the raw body with the webhook's secret."""
        name = _EVENTS[event.name]
        payload = {
            "event": name,
            "timestamp": _stamp(event.at),
            "data": {
                "orderId": event.order.id,
                "totalInCents": event.order.total,
                "items": [self._item(item) for item in event.order.items],
            },
        }
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return [
            Delivery(
                webhook.id,
                webhook.url,
                name,
                body,
                {
                    "content-type": "application/json",
                    "x-claw-signature": _signature(body, webhook.secret),
                },
            )
            for webhook in shop.webhooks.values()
            if name in webhook.events
        ]


def _signature(body: bytes, secret: str) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _create_webhook(shop: Shop, call: Call) -> Reply:
    body = _json_object(call)
    url, events, secret = body.get("url"), body.get("events"), body.get("secret")
    if not isinstance(url, str) or not _acceptable(url):
        raise _DeniedError(400, "url must be https, or http on this machine", {"field": "url"})
    if (
        not isinstance(events, list)
        or not events
        or not all(isinstance(name, str) and name in _KNOWN_EVENTS for name in events)
    ):
        raise _DeniedError(400, "events must name at least one known event", {"field": "events"})
    if not isinstance(secret, str) or len(secret) < 16:
        raise _DeniedError(400, "secret must have at least 16 characters", {"field": "secret"})
    return _data({"webhook": _webhook(shop.add_webhook(url, tuple(events), secret))}, 201)


def _list_webhooks(shop: Shop) -> Reply:
    return _data({"webhooks": [_webhook(webhook) for webhook in shop.webhooks.values()]})


def _delete_webhook(shop: Shop, webhook_id: str) -> Reply:
    shop.remove_webhook(webhook_id)
    return _data({"id": webhook_id, "deleted": True})


def _data(data: dict[str, object], status: int = 200) -> Reply:
    return Reply.json(status, {"success": True, "data": data})


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _type(item: Item) -> str:
    return "print_on_demand" if item.variant else "digital"


def _refund(refund: Refund) -> dict[str, object]:
    return {
        "id": refund.id,
        "amountInCents": refund.amount,
        "reason": refund.reason,
        "stripeRefundId": refund.processor_id,
        "createdAt": _stamp(refund.created_at),
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


def _webhook(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "createdAt": _stamp(webhook.created_at),
    }


def _find(order: Order, item_id: str) -> Item:
    for item in order.items:
        if item.id == item_id:
            return item
    raise _DeniedError(404, "Item not found")


def _check_token(call: Call, token: str | None) -> None:
    given = call.query.get("token")
    if not given:
        raise _DeniedError(401, "token is required")
    if token is None or not hmac.compare_digest(given.encode(), token.encode()):
        raise _DeniedError(403, "token is not valid for this")


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        raise _DeniedError(400, "limit must be a whole number from 1 to 100", {"field": "limit"})
    return int(text)


def _cursor(order_id: str) -> str:
    return base64.urlsafe_b64encode(order_id.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
    except ValueError as error:
        raise _DeniedError(400, "cursor is not known") from error


def _acceptable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _json_object(call: Call) -> dict[str, Any]:
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _DeniedError(400, "Content-Type must be application/json")
    try:
        body = json.loads(call.body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _DeniedError(400, "The body is not JSON") from error
    if not isinstance(body, dict):
        raise _DeniedError(400, "The body must be an object")
    return body


def _no_constant(name: str) -> object:
    raise ValueError(name)
