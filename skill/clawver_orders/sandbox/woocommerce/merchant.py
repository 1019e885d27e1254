"""What a key of REST v3 opens of one order: the order itself, its refunds, its notes, and how it was paid."""

import json
from typing import Any, Final

from ..dialect import Call, Reply
from ..orders import Order
from ..shop import Refusal, Shop
from . import v3_bodies
from .books import DECIMALS, GATEWAYS, Books
from .problem import Problem, is_number, wrong_parameter

_STATUSES: Final = ("pending", "processing", "on-hold", "completed", "cancelled", "failed")


def found(shop: Shop, books: Books, number: int) -> Order:
    """The order with this id.

    Raises:
        Problem: There is none.
    """
    try:
        return books.order(shop, number)
    except Refusal:
        raise Problem(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.") from None


def shown(books: Books, order: Order) -> Reply:
    """The order."""
    return Reply.json(200, v3_bodies.order(books, order))


def update(shop: Shop, books: Books, call: Call, number: int) -> Reply:
    """``PUT``: any status may follow any other; ``set_paid`` works only where it can be paid at the checkout."""
    order, body = found(shop, books, number), _body(call)
    status = body.get("status")
    if status is not None:
        if status not in _STATUSES:
            raise wrong_parameter("status")
        books.drafts.discard(order.id)
        if books.bin.pop(str(order.number), None) is not None:
            shop.orders[order.id] = order
        _set_status(shop, order, str(status))
    if body.get("set_paid") is True and books.needs_payment(order):
        books.drafts.discard(order.id)
        shop.set_stage(order.id, "confirmed" if order.printed else "delivered", paid=True)
    return shown(books, order)


def _set_status(shop: Shop, order: Order, status: str) -> None:
    match status:
        case "cancelled":
            shop.set_stage(order.id, "cancelled")
        case "completed":
            shop.set_stage(order.id, "delivered", paid=True)
        case "processing":
            shop.set_stage(order.id, "processing", paid=True)
        case _:
            shop.set_stage(order.id, "pending")
            order.payment = "failed" if status == "failed" else order.payment


def refunds(shop: Shop, books: Books, call: Call, number: int) -> Reply:
    """The order's refunds, the newest first."""
    order = found(shop, books, number)
    size, page = call.query.get("per_page", "10"), call.query.get("page", "1")
    if not (is_number(size) and 1 <= int(size) <= 100 and is_number(page) and int(page)):
        raise wrong_parameter("per_page")
    start = (int(page) - 1) * int(size)
    every = books.refunds(order)
    bodies = [v3_bodies.refund(books, order, refund) for refund in every[start : start + int(size)]]
    pages = -(-len(every) // int(size))
    return Reply.json(200, bodies, ("x-wp-total", str(len(every))), ("x-wp-totalpages", str(pages)))


def one_refund(shop: Shop, books: Books, number: int, refund_number: str) -> Reply:
    """One of its refunds."""
    order = found(shop, books, number)
    for refund in order.refunds:
        if str(books.number(refund.id)) == refund_number:
            return Reply.json(200, v3_bodies.refund(books, order, refund))
    raise Problem(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")


def refund(shop: Shop, books: Books, call: Call, number: int) -> Reply:
    """``POST``: every no is a 500, since the error carries its status as a bare number."""
    body = _body(call)
    try:
        order = books.order(shop, number)
    except Refusal:
        raise Problem(500, "woocommerce_rest_invalid_order_id", "Invalid order ID.", data=404) from None
    amount, reason = body.get("amount"), body.get("reason", "")
    if amount is not None and not isinstance(amount, str):
        raise wrong_parameter("amount")
    if not isinstance(reason, str):
        raise wrong_parameter("reason")
    minor = _minor(amount, DECIMALS.get(books.currency_of(order), 2))
    pays = body.get("api_refund", True) is True
    if pays and "refunds" not in GATEWAYS[order.method][1]:
        raise _no_refund("The payment gateway for this order does not support automatic refunds.")
    try:
        made = (shop.refund if pays else shop.record_refund)(order.id, minor, reason)
    except Refusal:
        raise _no_refund("Invalid refund amount.") from None
    metas = body.get("meta_data")
    books.metas[made.id] = [
        (str(meta.get("key")), str(meta.get("value")))
        for meta in (metas if isinstance(metas, list) else [])
        if isinstance(meta, dict)
    ]
    return Reply.json(201, v3_bodies.refund(books, order, made, "" if amount is None else None))


def notes(shop: Shop, books: Books, number: int) -> Reply:
    """The notes on an order."""
    return Reply.json(200, v3_bodies.notes(books, found(shop, books, number)))


def comment(shop: Shop, books: Books, call: Call, number: int) -> Reply:
    """Write a note."""
    order, text = found(shop, books, number), _body(call).get("note")
    if not isinstance(text, str) or not text:
        raise wrong_parameter("note")
    return Reply.json(201, v3_bodies.note(order, shop.comment(order.id, "merchant", text)))


def gateway(method: str) -> Reply:
    """A way of paying."""
    if method not in GATEWAYS:
        raise Problem(404, "woocommerce_rest_payment_gateway_invalid", "Resource does not exist.")
    return Reply.json(200, v3_bodies.gateway(method))


def _body(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.body or b"{}")
    except (ValueError, RecursionError):
        raise Problem(400, "rest_invalid_json", "Invalid JSON body passed.") from None
    if not isinstance(body, dict):
        raise wrong_parameter("body")
    return body


def _minor(amount: str | None, places: int) -> int:
    whole, _, rest = (amount or "0").partition(".")
    if not is_number(whole) or not (rest == "" or is_number(rest)):
        raise _no_refund("Invalid refund amount.")
    return int(whole + rest.ljust(places, "0")[:places])


def _no_refund(message: str) -> Problem:
    return Problem(500, "woocommerce_rest_cannot_create_order_refund", message, data=500)
