"""Heidianer's operations over the shop, as docs.heidianer.com describes them."""

import json
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeVar
from urllib.parse import urlencode

from ..dialect import Call, Delivery, Operation, Reply
from ..orders import Order
from ..shop import Event, Refusal, Shop
from . import arguments, bodies
from .arguments import DeniedError, detail
from .stock import Beyond, fill

_T = TypeVar("_T")

# Tokens: of both scopes, of one each, and of a buyer.
BOTH: Final = "heidianer_token_example"
READER: Final = "heidianer_read_token_example"
WRITER: Final = "heidianer_write_token_example"
BUYER: Final = "heidianer_customer_token_example"
WEBHOOK_SECRET: Final = "heidianer_webhook_secret_example"  # noqa: S105 - of the made-up shop only

PAID: Final = "order_paid"

_SCOPES: Final = {
    BOTH: frozenset({"orders:read", "orders:write"}),
    READER: frozenset({"orders:read"}),
    WRITER: frozenset({"orders:write"}),
}
# Real ones name the shop's own address, in plain http; nobody is to follow them.
_HOST: Final = "http://example.heidianer.test"
_DETAILS: Final = {
    401: "Authentication credentials were not provided.",
    403: "You do not have permission to perform this action.",
    404: "Not found.",
    405: 'Method "{method}" not allowed.',
    429: "Request was throttled.",
}
_STATUS_OF: Final = {"not_found": 404, "invalid": 400, "conflict": 400}


class Heidianer:
    """Heidianer's API over a shop."""

    name = "heidianer"
    mount = "/api"
    currency = "CNY"
    settings: Mapping[str, object] = {
        "token": BOTH,
        "customer_token": BUYER,
        "webhook_secret": WEBHOOK_SECRET,
    }
    operations = frozenset(
        {
            "list",
            "get",
            "check-paid",
            "check-refund",
            "refund",
            "cancel",
            "close",
            "reopen",
            "mark-paid",
            "modify-price",
            "add-comment",
            "customer-comment",
            "update-comment",
            "count",
            "transactions",
            "transaction",
            "create-transaction",
        }
    )

    def __init__(self) -> None:
        self._beyond = Beyond()

    def stock(self, shop: Shop, hints: dict[str, str]) -> None:
        """As Dialect."""
        self._beyond = fill(shop, hints)

    # What is asked for.

    def operation(self, call: Call) -> Operation | None:
        """As Dialect; every path ends in a slash."""
        match (call.method, *call.segments):
            case ("GET", "orders", "order", ""):
                return self._read("list", call, lambda shop: _list(shop, call))
            case ("GET", "orders", "order", "count", ""):
                return self._read("count", call, _count)
            case ("GET", "orders", "order", number, ""):
                return self._read("get", call, lambda shop: _order(shop.numbered(number)))
            case ("GET", "orders", "order", number, "transaction", ""):
                return self._read("transactions", call, lambda shop: self._transactions(shop, call, number))
            case ("GET", "orders", "order", number, "transaction", transaction, ""):
                return self._read("transaction", call, lambda shop: self._transaction(shop, number, transaction))
            case ("GET", "orders", "order", number, "check_paid", ""):
                return self._asking("check-paid", call, lambda shop: self._check_paid(shop, number))
            case ("GET", "orders", "order", number, "check_refund", ""):
                return self._asking("check-refund", call, lambda shop: _check_refund(shop, number))
            case ("POST", "customers", "order", number, "add_comment", ""):
                return self._customer(
                    "customer-comment", call, lambda shop: _comment(shop, call, number, "customer")
                )
            case ("PATCH", "orders", "order", number, "update_comment", ""):
                return self._write("update-comment", call, lambda shop: _rewrite(shop, call, number))
            case ("POST", "orders", "order", number, action, ""):
                return self._change(call, number, action)
        return None

    def _change(self, call: Call, number: str, action: str) -> Operation | None:
        """What is done to one order with a POST."""

        def on_order(change: Callable[[Shop, str], object]) -> Callable[[Shop], Reply]:
            def answer(shop: Shop) -> Reply:
                order = shop.numbered(number)
                change(shop, order.id)
                return _order(order)

            return answer

        actions: Mapping[str, tuple[str, Callable[[Shop], Reply]]] = {
            "refund": ("refund", on_order(Shop.start_refund)),
            "cancel": ("cancel", on_order(lambda shop, order_id: shop.cancel(order_id, arguments.reason(call)))),
            "close": ("close", on_order(Shop.close)),
            "reopen": ("reopen", on_order(Shop.reopen)),
            "manually_marked_as_paid": ("mark-paid", on_order(Shop.mark_paid)),
            "transaction": ("create-transaction", lambda shop: self._pay_by_hand(shop, number)),
            "modify_price": ("modify-price", lambda shop: _adjust(shop, call, number)),
            "add_comment": ("add-comment", lambda shop: _comment(shop, call, number, "merchant")),
        }
        if action not in actions:
            return None
        name, answer = actions[action]
        return self._write(name, call, answer)

    def gate(self, call: Call) -> Reply | None:
        """As Dialect: an address without its last slash is sent to the one with it."""
        if call.method != "GET" or call.segments[-1] == "":
            return None
        return Reply(301, headers=(("location", f"{_HOST}/api/{'/'.join(call.segments)}/"),))

    def failure(self, status: int) -> Reply:
        """As Dialect."""
        return Reply.json(status, {"detail": _DETAILS.get(status, "A server error occurred.")})

    def deliveries(self, shop: Shop, event: Event) -> list[Delivery]:
        """As Dialect: of all events the shop sends one about orders; destinations are set in its dashboard."""
        if event.name != "paid":
            return []
        text = json.dumps({"data": bodies.order(event.order)}, ensure_ascii=False, separators=(",", ":"))
        body = text.encode()
        return [
            Delivery(webhook.id, webhook.url, PAID, body, bodies.signed(body, webhook.secret, PAID))
            for webhook in shop.webhooks.values()
            if PAID in (webhook.events or (PAID,))
        ]

    # Who asks.

    def _read(self, name: str, call: Call, answer: Callable[[Shop], Reply]) -> Operation:
        return self._guarded(name, call, "orders:read", answer, writes=False)

    def _asking(self, name: str, call: Call, answer: Callable[[Shop], Reply]) -> Operation:
        """A read by its scope and a write by what it does."""
        return self._guarded(name, call, "orders:read", answer, writes=True)

    def _write(self, name: str, call: Call, answer: Callable[[Shop], Reply]) -> Operation:
        return self._guarded(name, call, "orders:write", answer, writes=True)

    def _guarded(
        self, name: str, call: Call, scope: str, answer: Callable[[Shop], Reply], *, writes: bool
    ) -> Operation:
        def guarded(shop: Shop) -> Reply:
            kind, _, given = call.headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or given not in _SCOPES:
                raise detail(401, _DETAILS[401])
            if scope not in _SCOPES[given]:
                raise detail(403, _DETAILS[403])
            return answer(shop)

        return self._told(name, guarded, writes=writes)

    def _customer(self, name: str, call: Call, answer: Callable[[Shop], Reply]) -> Operation:
        """By a buyer's token; the sandbox's own opens every order."""

        def guarded(shop: Shop) -> Reply:
            kind, _, given = call.headers.get("authorization", "").partition(" ")
            if kind.lower() != "customertoken" or given != BUYER:
                raise detail(401, _DETAILS[401])
            return answer(shop)

        return self._told(name, guarded, writes=True)

    def _told(self, name: str, answer: Callable[[Shop], Reply], *, writes: bool) -> Operation:
        def told(shop: Shop) -> Reply:
            try:
                return answer(shop)
            except DeniedError as denied:
                headers = (("www-authenticate", 'Bearer realm="api"'),) if denied.status == 401 else ()
                return Reply.json(denied.status, denied.body, *headers)
            except Refusal as refusal:
                message = _DETAILS[404] if refusal.problem == "not_found" else refusal.message
                return Reply.json(_STATUS_OF[refusal.problem], {"detail": message})

        return Operation(name, writes, told)

    # What is answered.

    def _entries(self, order: Order) -> list[dict[str, object]]:
        return bodies.transactions(
            order, failed=self._beyond.failed_tries.get(order.id, 0), foreign=order.id in self._beyond.foreign
        )

    def _transactions(self, shop: Shop, call: Call, number: str) -> Reply:
        return _page(call, self._entries(shop.numbered(number)), lambda entry: entry)

    def _transaction(self, shop: Shop, number: str, transaction: str) -> Reply:
        for entry in self._entries(shop.numbered(number)):
            if str(entry["id"]) == transaction:
                return Reply.json(200, entry)
        raise detail(404, _DETAILS[404])

    def _pay_by_hand(self, shop: Shop, number: str) -> Reply:
        order = shop.mark_paid(shop.numbered(number).id)
        return Reply.json(201, bodies.marked_paid(order, failed=self._beyond.failed_tries.get(order.id, 0)))

    def _check_paid(self, shop: Shop, number: str) -> Reply:
        order = shop.numbered(number)
        if order.id in self._beyond.paid_unseen and order.stage == "pending":
            shop.pay(order.id)
        return Reply(204)


def _order(order: Order) -> Reply:
    return Reply.json(200, bodies.order(order))


def _list(shop: Shop, call: Call) -> Reply:
    return _page(call, arguments.found(call, list(shop.orders.values())), bodies.order)


def _count(shop: Shop) -> Reply:
    return Reply.json(200, bodies.counts(list(shop.orders.values())))


def _page(call: Call, entries: list[_T], shown: Callable[[_T], object]) -> Reply:
    number, size = arguments.page(call)
    last = max(1, -(-len(entries) // size))
    if number > last:
        raise detail(404, "Invalid page.")

    def link(page: int) -> str:
        return f"{_HOST}/api/{'/'.join(call.segments)}?{urlencode({**call.query, 'page': page})}"

    return Reply.json(
        200,
        {
            "count": len(entries),
            "next": link(number + 1) if number < last else None,
            "previous": link(number - 1) if number > 1 else None,
            "results": [shown(entry) for entry in entries[(number - 1) * size : number * size]],
        },
    )


def _adjust(shop: Shop, call: Call, number: str) -> Reply:
    by = arguments.adjustment(call)
    shop.adjust(shop.numbered(number).id, by)
    return Reply.json(200, {"total_price_adjustment": bodies.yuan(by)})


def _comment(shop: Shop, call: Call, number: str, author: Literal["merchant", "customer"]) -> Reply:
    shop.comment(shop.numbered(number).id, author, arguments.comment(call))
    return Reply(204)


def _rewrite(shop: Shop, call: Call, number: str) -> Reply:
    comment, text = arguments.comment_change(call)
    shop.rewrite(shop.numbered(number).id, comment, text)
    return Reply(204)


def _check_refund(shop: Shop, number: str) -> Reply:
    shop.settle_refund(shop.numbered(number).id)
    return Reply(204)
