"""The sandbox's own endpoints under ``/_sandbox``: what reached it, the switches, and what people do in the shop.

They need no key: they are for whoever started the sandbox, on the same machine.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from .clawver import READ_ONLY_KEY
from .dialect import Call, Reply
from .faults import KINDS, fault_from
from .orders import Order
from .shop import Refusal
from .stock import ART, TEE, new_order

if TYPE_CHECKING:
    from .app import Sandbox

_STATUS_OF: Final = {"not_found": 404, "invalid": 400, "conflict": 409}


def answer_control(sandbox: "Sandbox", call: Call) -> Reply:
    """Answer one call of the sandbox's own."""
    try:
        body = json.loads(call.body) if call.body else {}
        if not isinstance(body, dict):
            return _error(400, "the body must be an object")
        return _answer(sandbox, call, body)
    except Refusal as refusal:
        return _error(_STATUS_OF[refusal.problem], refusal.message)
    except ValueError as error:
        return _error(400, str(error))


def _answer(sandbox: "Sandbox", call: Call, body: dict[str, Any]) -> Reply:
    match (call.method, *call.segments):
        case ("GET",):
            return Reply.json(200, _about(sandbox))
        case ("GET", "requests"):
            return Reply.json(200, {"requests": [_plain(request) for request in sandbox.requests]})
        case ("DELETE", "requests"):
            sandbox.requests.clear()
            return Reply.json(200, {"requests": []})
        case ("GET", "faults"):
            return _faults(sandbox)
        case ("PUT", "faults"):
            faults = [fault_from(fault) for fault in _list(body, "faults")]
            sandbox.faults.replace(*faults)
            return _faults(sandbox)
        case ("GET", "deliveries"):
            return Reply.json(200, {"deliveries": [_plain(delivery) for delivery in sandbox.deliveries]})
        case ("POST", "webhooks"):
            return _register(sandbox, body)
        case ("POST", name):
            return _happen(sandbox, name, body)
    return _error(404, "no such path; GET /_sandbox lists them")


def _happen(sandbox: "Sandbox", name: str, body: dict[str, Any]) -> Reply:
    """What people do in the shop, without the API: pay, cancel, send, refund in the dashboard."""
    shop = sandbox.shop
    order_id = body.get("order_id")
    if isinstance(order_id, str) and order_id not in shop.orders:
        order_id = shop.numbered(order_id).id
    if name == "advance" and (order_id is None or isinstance(order_id, str)):
        return _orders(shop.advance(order_id))
    if name == "buy":
        order = shop.place(new_order(shop, [TEE if body.get("kind") == "print" else ART], shop.now()))
        return _orders([order])
    actions: dict[str, Callable[[str], Order]] = {
        "pay": shop.pay,
        "cancel": shop.cancel,
        "settle": shop.settle_refund,
    }
    if name not in (*actions, "refund", "advance"):
        return _error(404, "no such path; GET /_sandbox lists them")
    if not isinstance(order_id, str):
        return _error(400, "order_id is a text")
    if name in actions:
        return _orders([actions[name](order_id)])
    amount, reason = body.get("amount_in_cents"), body.get("reason", "Refunded in the dashboard")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1 or not isinstance(reason, str):
        return _error(400, "amount_in_cents is a whole number above zero, reason a text")
    shop.refund(order_id, amount, reason)
    return _orders([shop.order(order_id)])


def _register(sandbox: "Sandbox", body: dict[str, Any]) -> Reply:
    """Where a merchant has events sent, set in the dashboard; all events, where none are named."""
    url, secret = body.get("url"), body.get("secret", sandbox.settings.get("webhook_secret"))
    events = _list(body, "events") if "events" in body else []
    if not isinstance(url, str) or not isinstance(secret, str) or not secret:
        return _error(400, "url is a text, and so is secret")
    webhook = sandbox.shop.add_webhook(url, tuple(map(str, events)), secret)
    return Reply.json(201, {"webhook": {"id": webhook.id, "url": url, "events": list(webhook.events)}})


def _about(sandbox: "Sandbox") -> dict[str, object]:
    clawver = {"generation": sandbox.generation, "key": sandbox.key, "read_only_key": READ_ONLY_KEY}
    return {
        "sandbox": True,
        "platform": sandbox.platform,
        "seed": sandbox.seed,
        "settings": dict(sandbox.settings),
        **(clawver if sandbox.platform == "clawver" else {}),
        "orders": len(sandbox.shop.orders),
        "try": sandbox.hints,
        "fault_kinds": KINDS,
        "fault_operations": sorted(sandbox.faults.operations),
        "endpoints": [
            "GET /_sandbox",
            "GET DELETE /_sandbox/requests",
            "GET PUT /_sandbox/faults",
            "GET /_sandbox/deliveries",
            "POST /_sandbox/webhooks {url, secret?, events?}",
            "POST /_sandbox/advance {order_id?}",
            "POST /_sandbox/buy {kind?: print}",
            "POST /_sandbox/pay {order_id}",
            "POST /_sandbox/cancel {order_id}",
            "POST /_sandbox/settle {order_id}",
            "POST /_sandbox/refund {order_id, amount_in_cents, reason?}",
        ],
    }


def _faults(sandbox: "Sandbox") -> Reply:
    return Reply.json(200, {"faults": [asdict(fault) for fault in sandbox.faults]})


def _orders(orders: list[Order]) -> Reply:
    shown = [
        {
            "order_id": order.id,
            "number": order.number,
            "status": order.stage,
            "payment_status": order.payment_status,
        }
        for order in orders
    ]
    return Reply.json(200, {"orders": shown})


def _plain(row: Any) -> dict[str, object]:
    data = asdict(row)
    if "at" in data:
        data["at"] = data["at"].isoformat()
    if isinstance(data.get("body"), bytes):
        data["body"] = data["body"].decode()
    return data


def _list(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")  # noqa: TRY004 - one kind of error for what a caller sends
    return value


def _error(status: int, message: str) -> Reply:
    return Reply.json(status, {"error": message})
