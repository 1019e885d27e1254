"""The gateway's three operations over the shop, as its order documents describe them: all of them read."""

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from ..dialect import Call, Delivery, Operation, Reply
from ..orders import Order
from ..shop import Event, Refusal, Shop
from . import bodies, copies
from .bodies import Quirks

SHOPIFY: Final[Mapping[str, object]] = {
    "shop_domain": "example.myshopify.com",
    "access_token": "shpat_example",
    "shop_id": 42,
}
_MOST_ROWS: Final = 100
# Shopify shows no older orders to apps without read_all_orders.
_REMEMBERED: Final = timedelta(days=60)


class _DeniedError(Exception):
    """The call is answered with an error of this status, in the envelope of what was asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Gateway:
    """A gateway's API over a shop.

    Args:
        errors: Whether an error has HTTP status 200, and the true one in its body, or the true one in both.
        login: What stands before every path: nothing, a redirect to a login, or its page with status 200.
        deaf: Filters of the list that it does not know, and so leaves unheard.
    """

    name = "gateway"
    mount = "/api"
    currency = "USD"
    operations = frozenset({"list", "get", "shopify"})

    def __init__(
        self,
        errors: Literal["200", "status"] = "200",
        login: Literal["", "redirect", "page"] = "",
        deaf: frozenset[str] = frozenset(),
    ) -> None:
        self.errors = errors
        self.login = login
        self.deaf = deaf
        self.quirks = Quirks()
        self.settings: Mapping[str, object] = {
            "currency": "USD",
            "time_zone": "Asia/Shanghai",
            "shopify": SHOPIFY,
        }

    def stock(self, shop: Shop, hints: dict[str, str]) -> None:
        """As Dialect: parcels cost money, one order is old, and some contradict themselves; ids are numbers."""
        for order in shop.orders.values():
            # What went back wholly must stay the whole.
            if order.printed and not order.refunds:
                order.shipping = 499
            if order.note == "" and order.stage == "processing":
                order.note = "Please leave it with the neighbour"
        digital = [order for order in shop.newest_first() if not order.printed and order.payment == "paid"]
        old, long, diverging = digital[-1], digital[-2], digital[-3]
        for name in ("created_at", "paid_at", "updated_at"):
            at = getattr(old, name)
            setattr(old, name, at and at - _REMEMBERED - timedelta(days=5))
        self.quirks = Quirks(
            disagreeing=frozenset({hints["processing_order"]}),
            long_amount=frozenset({long.id}),
            diverging=frozenset({diverging.id}),
            unsynced=frozenset({hints["failed_order"]}),
        )
        digital_item = bodies.item(shop.orders[hints["digital_order"]].items[0])["id"]
        hints |= {
            "old_order": old.id,
            "long_amount_order": long.id,
            "diverging_order": diverging.id,
            "disagreeing_order": hints["processing_order"],
            "unsynced_order": hints["failed_order"],
        }
        # A checkout has no id here; those of the shop's own stay, and open nothing.
        for name, order_id in hints.items():
            hints[name] = str(shop.orders[order_id].number) if order_id in shop.orders else order_id
        hints["digital_item"] = str(digital_item)
        hints["shopify_order"] = f"shopify:{bodies.copy_id(shop.numbered(hints['shipped_order']))}"

    def operation(self, call: Call) -> Operation | None:
        """As Dialect."""
        match (call.method, *call.segments):
            case ("GET", "orders"):
                return self._reads("list", lambda shop: self._list(shop, call))
            case ("GET", "orders", number) if number.isascii() and number.isdecimal():
                return self._reads("get", lambda shop: self._get(shop, number))
            case ("GET", "shopify", "orders", copy_id):
                return self._reads("shopify", lambda shop: self._copy(shop, call, copy_id))
        return None

    def gate(self, call: Call) -> Reply | None:
        """As Dialect: the login."""
        if self.login == "redirect":
            return Reply(302, headers=(("location", f"/login?next=/{'/'.join(call.segments)}"),))
        return Reply.html(200, "Sign in") if self.login == "page" else None

    def failure(self, status: int) -> Reply:
        """As Dialect: the list's envelope; a path that nobody has is a page of the web framework's."""
        if status == 404:
            return Reply.html(404, "Not Found")
        return Reply.json(status, {"success": False, "message": "查询订单失败: 数据库连接错误"})

    def deliveries(self, shop: Shop, event: Event) -> list[Delivery]:
        """As Dialect: the gateway sends nothing."""
        del shop, event
        return []

    def _reads(self, name: str, answer: Callable[[Shop], object]) -> Operation:
        def enveloped(shop: Shop) -> Reply:
            try:
                return Reply.json(200, answer(shop))
            except Refusal:
                return self._refused(name, 404, "订单不存在")
            except _DeniedError as error:
                return self._refused(name, error.status, error.message)

        return Operation(name, writes=False, answer=enveloped)

    def _refused(self, name: str, status: int, message: str) -> Reply:
        """An error in the envelope of what was asked; the true status is in the body in any case."""
        body: dict[str, object] = {"code": 1, "msg": message, "status": status}
        if name == "shopify":
            body = {"success": False, "error": f"获取订单失败: {message}", "status_code": status}
        return Reply.json(200 if self.errors == "200" else status, body)

    def _list(self, shop: Shop, call: Call) -> object:
        page, size = _number(call, "page", 1), min(_number(call, "pageSize", 10), _MOST_ROWS)
        rows = [bodies.row(order, self.quirks) for order in shop.newest_first()]
        wanted = {name: text for name, text in call.query.items() if text and name not in self.deaf}
        if "search" in wanted:
            rows = [row for row in rows if wanted["search"].lower() in str(row["customer_email"]).lower()]
        for name in ("status", "payment_method"):
            if name in wanted:
                rows = [row for row in rows if row[name] == wanted[name]]
        found = {"list": rows[(page - 1) * size : page * size], "total": len(rows), "page": page, "pageSize": size}
        return {"success": True, "message": "操作成功", "data": found}

    def _get(self, shop: Shop, number: str) -> object:
        return {"code": 0, "msg": "success", "data": bodies.order(shop.numbered(number), self.quirks)}

    def _copy(self, shop: Shop, call: Call, copy_id: str) -> object:
        _check_credentials(call)
        for order in shop.orders.values():
            if bodies.copy_id(order) == copy_id and self._is_in_shopify(shop, order):
                return {"success": True, "order": copies.copy(order, self.quirks)}
        raise _DeniedError(404, "Order not found")

    def _is_in_shopify(self, shop: Shop, order: Order) -> bool:
        return order.id not in self.quirks.unsynced and shop.now() - order.created_at <= _REMEMBERED


def _check_credentials(call: Call) -> None:
    """Whether the body of the GET names the shop and its token."""
    try:
        body: Any = json.loads(call.body or b"null")
    except ValueError:
        body = None
    if not isinstance(body, dict) or not all(body.get(name) for name in SHOPIFY):
        raise _DeniedError(400, "shop_domain, access_token and shop_id are required")
    given, right = str(body["access_token"]), str(SHOPIFY["access_token"])
    if body["shop_domain"] != SHOPIFY["shop_domain"] or not hmac.compare_digest(given.encode(), right.encode()):
        raise _DeniedError(401, "Invalid API key or access token")


def _number(call: Call, name: str, otherwise: int) -> int:
    """A whole number above zero; what is none is as if it were not there."""
    text = call.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 and int(text) else otherwise
