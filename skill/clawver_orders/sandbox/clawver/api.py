"""Clawver's operations over the shop, as the vendor's skills 1.0.0 and 1.3.0 describe them."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal

from ..dialect import Call, Delivery, Operation, Reply
from ..orders import Item, Order
from ..shop import Event, Refusal, Shop
from . import arguments, bodies
from .arguments import DeniedError
from .bodies import EVENTS, Bodies

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
_PER_MINUTE: Final = 60


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

    name = "clawver"
    mount = "/v1"
    currency = "USD"
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
        self.settings: Mapping[str, object] = {"api_key": key}
        self.rate_limit = rate_limit
        self._now = now
        self._legacy = generation == "legacy"
        self._bodies = Bodies(self._legacy)
        self._rows = rows
        self._pagination = pagination
        self._minute: tuple[datetime, int] | None = None

    def stock(self, shop: Shop, hints: dict[str, str]) -> None:
        """As Dialect: the shop is such as Clawver's are."""

    # What is asked for.

    def operation(self, call: Call) -> Operation | None:
        """As Dialect."""
        match (call.method, *call.segments):
            case ("GET", "orders"):
                return self._owner(call, "list", lambda shop: self._list(shop, call))
            case ("GET", "orders", order_id):
                return self._owner(
                    call, "get", lambda shop: _data({"order": self._bodies.order(shop.order(order_id))})
                )
            case ("POST", "orders", order_id, "refund"):
                return self._owner(call, "refund", lambda shop: self._refund(shop, call, order_id), writes=True)
            case ("GET", "orders", order_id, "download", item_id):
                return self._owner(call, "download", lambda shop: _download(shop, order_id, item_id))
            case ("GET", "orders", order_id, "download", item_id, "public"):
                return self._anyone("public-download", lambda shop: _public_download(shop, call, order_id, item_id))
            case ("GET", "orders", order_id, "public"):
                return self._anyone("public-status", lambda shop: self._public_status(shop, call, order_id))
            case ("GET", "checkout", checkout_id, "receipt"):
                return self._anyone("receipt", lambda shop: _receipt(shop, checkout_id))
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
                raise DeniedError(401, "Missing or unknown API key")
            if writes and given != self.key:
                raise DeniedError(403, "This key may only read")
            return answer(shop)

        return self._anyone(name, guarded, writes=writes)

    def _anyone(self, name: str, answer: Callable[[Shop], Reply], *, writes: bool = False) -> Operation:
        def enveloped(shop: Shop) -> Reply:
            try:
                return answer(shop)
            except DeniedError as denied:
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

    def _list(self, shop: Shop, call: Call) -> Reply:
        limit = arguments.limit(call)
        orders = shop.newest_first()
        if "status" in call.query:
            orders = [order for order in orders if self._bodies.status(order) == call.query["status"]]
        start = arguments.after_cursor(call, [order.id for order in orders]) if self._legacy else 0
        page = orders[start : start + limit]
        more = len(orders) > start + limit
        row = self._bodies.order if self._rows == "full" else self._bodies.sparse
        payload: dict[str, object] = {"success": True, "data": {"orders": [row(order) for order in page]}}
        pagination = {
            "cursor": arguments.cursor_after(page[-1].id) if more and self._legacy else None,
            "hasMore": more,
            "limit": limit,
        }
        if self._pagination == "meta":
            payload["meta"] = {"pagination": pagination}
        elif self._pagination == "top":
            payload["pagination"] = pagination
        return Reply.json(200, payload)

    def _public_status(self, shop: Shop, call: Call, order_id: str) -> Reply:
        order = shop.order(order_id)
        arguments.check_token(call, order.status_token)
        return _data({"order": self._bodies.public(order)})

    def _refund(self, shop: Shop, call: Call, order_id: str) -> Reply:
        amount, reason = arguments.refund(call)
        order = shop.order(order_id)
        if self._legacy and order.payment == "paid" and order.stage not in ("confirmed", "processing"):
            raise DeniedError(400, "Order must be paid or processing", {"status": self._bodies.status(order)})
        shop.refund(order_id, amount, reason)
        return _data({"order": self._bodies.refunded(order)})

    def deliveries(self, shop: Shop, event: Event) -> list[Delivery]:
        """As Dialect: each is signed with its webhook's secret."""
        name = EVENTS.get(event.name)
        if name is None:
            return []
        text = json.dumps(self._bodies.event(event), ensure_ascii=False, separators=(",", ":"))
        body = text.encode()
        return [
            Delivery(
                webhook.id,
                webhook.url,
                name,
                body,
                {"content-type": "application/json", "x-claw-signature": bodies.signature(body, webhook.secret)},
            )
            for webhook in shop.webhooks.values()
            if name in (webhook.events or (name,))
        ]


def _download(shop: Shop, order_id: str, item_id: str) -> Reply:
    order = shop.order(order_id)
    item = _find(order, item_id)
    if item.variant:
        raise DeniedError(400, "This item is printed; there is nothing to download")
    if not order.remaining:
        raise DeniedError(409, "This order is not paid, or its money went back")
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


def _public_download(shop: Shop, call: Call, order_id: str, item_id: str) -> Reply:
    arguments.check_token(call, _find(shop.order(order_id), item_id).download_token)
    return _download(shop, order_id, item_id)


def _receipt(shop: Shop, checkout_id: str) -> Reply:
    return _data({"receipt": bodies.receipt(checkout_id, shop.checkout(checkout_id))})


def _create_webhook(shop: Shop, call: Call) -> Reply:
    url, events, secret = arguments.webhook(call)
    return _data({"webhook": bodies.webhook(shop.add_webhook(url, events, secret))}, 201)


def _list_webhooks(shop: Shop) -> Reply:
    return _data({"webhooks": [bodies.webhook(webhook) for webhook in shop.webhooks.values()]})


def _delete_webhook(shop: Shop, webhook_id: str) -> Reply:
    shop.remove_webhook(webhook_id)
    return _data({"id": webhook_id, "deleted": True})


def _find(order: Order, item_id: str) -> Item:
    for item in order.items:
        if item.id == item_id:
            return item
    raise DeniedError(404, "Item not found")


def _data(data: dict[str, object], status: int = 200) -> Reply:
    return Reply.json(status, {"success": True, "data": data})
