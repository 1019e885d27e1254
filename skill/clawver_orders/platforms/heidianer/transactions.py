"""The transactions of an order, as the shop lists them page by page, or one by its id."""

from collections.abc import Mapping
from typing import Final

import anyio

from clawver_orders.errors import BadResponseError
from clawver_orders.http import path
from clawver_orders.order import Transaction
from clawver_orders.platforms.fields import json_id, json_object
from clawver_orders.platforms.heidianer.answers import object_of, page_of
from clawver_orders.platforms.heidianer.calls import Calls, order_path
from clawver_orders.platforms.heidianer.fields import Fields, Reading
from clawver_orders.platforms.heidianer.payment import transaction_from_wire

# Ten transactions a page; an order with more than a hundred is none that this desk could judge.
_PAGES: Final = 10
_SECONDS: Final = 25.0


async def read(calls: Calls, order_id: str, transaction_id: str, reading: Reading) -> tuple[Transaction, ...]:
    """All transactions of an order, or the one of that id where one is given.

    Raises:
        BadResponseError: The shop shows another one, or not all of them in a form that can be read.
    """
    if transaction_id:
        where = path(
            "/api/orders/order/{order_id}/transaction/{transaction_id}/",
            order_id=order_id,
            transaction_id=transaction_id,
        )
        body = object_of(await calls.get(where, what="such transaction on this order"))
        one = transaction_from_wire(Fields(body, reading))
        if one is None or one.id != transaction_id:
            raise BadResponseError(
                "the shop answered with another transaction than the one asked for",
                "List all of the order's with list_transactions",
            )
        return (one,)
    bodies, complete = await listed(calls, order_id)
    found = [transaction_from_wire(Fields(body, reading)) for body in bodies]
    known = tuple(transaction for transaction in found if transaction is not None)
    if not complete or len(known) < len(found):
        raise BadResponseError(
            "the shop's list of transactions is incomplete, or an entry of it cannot be read",
            "Ask for one of them with its transaction_id, or look in the shop's dashboard",
        )
    return known


async def listed(calls: Calls, order_id: str) -> tuple[list[Mapping[str, object]], bool]:
    """The transactions of an order as they came, each once, and whether these are all."""
    where = order_path(order_id, "transaction/")
    found: dict[object, Mapping[str, object]] = {}
    number = 1
    # Hosts give up on a call after a minute, and an order was read before this.
    with anyio.move_on_after(_SECONDS):
        for _ in range(_PAGES):
            params = None if number == 1 else {"page": str(number)}
            page = page_of(await calls.get(where, params), number)
            for entry in page.entries:
                body = json_object(entry) or {}
                # What has no id is kept, for whoever judges it: it cannot be told from another.
                found[json_id(body.get("id")) or object()] = body
            if page.following is None:
                return list(found.values()), not page.cut and len(found) >= (page.count or 0)
            number = page.following
    return list(found.values()), False
