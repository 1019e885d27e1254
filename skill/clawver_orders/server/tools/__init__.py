"""The tools: each a signature, a description and one call on the desk.

A docstring there is product text: it is what a model reads and what hosts search for words. So is what stands in
an argument's ``Field``.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, get_args

from mcp.server.mcpserver.tools import Tool
from pydantic import TypeAdapter

from clawver_orders.desk import Desk
from clawver_orders.order import DateField, Sort
from clawver_orders.server import shapes
from clawver_orders.server.strict import strict
from clawver_orders.server.tools import actions, events, orders, refunds, webhooks
from clawver_orders.server.tools.made import READ
from clawver_orders.store import ARGUMENTS, Argument, Capabilities, Operation

__all__ = ["tools"]

_STORE_IS_OPTIONAL: Final = frozenset({"list_orders", "count_orders", "list_events", "check_refund"})
# A shop that filters by more than Clawver does is searched by more, too.
_MORE_THAN_CLAWVER: Final = frozenset[Argument]({"payment_method", "date_field", "sort"})
_SEARCH: Final = "E-mail, phone, order number, customer id, or order ids with commas."


def tools(desk: Desk, capabilities: Sequence[Capabilities]) -> list[Tool]:
    """The tools that at least one store has, with the arguments that at least one store uses.

    Args:
        desk: What they call.
        capabilities: Of the configured stores, or of those to list while none is configured.
    """
    operations = frozenset[Operation]().union(*(one.operations for one in capabilities))
    arguments = frozenset[Argument]().union(*(one.arguments for one in capabilities))
    words: dict[str, list[str]] = {
        "status": _each(one.statuses for one in capabilities),
        "payment_status": _each(one.payment_statuses for one in capabilities),
        "fulfillment_status": _each(one.fulfillment_statuses for one in capabilities),
        "events": _each(one.webhook_events for one in capabilities),
    }
    hidden = {name for name, known in words.items() if not known} | (set(ARGUMENTS) - arguments)
    words |= {"date_field": list(get_args(DateField)), "sort": list(get_args(Sort))}
    # Named where one may be left out, and in the instructions; in each tool they would cost hundreds of tokens.
    stores = [store.name for store in desk.stores]
    if len(stores) < 2:
        hidden.add("store")
    described = {"search": _SEARCH} if arguments & _MORE_THAN_CLAWVER else {}
    adapter = cache(lambda shape: TypeAdapter(shapes.of_sandbox(shape) if desk.sandbox else shape))
    return [
        strict(
            made.function,
            made.annotations,
            results=adapter(made.shape),
            hidden=hidden,
            required=() if optional else {"store"},
            words={**words, "store": stores} if optional else words,
            described=described,
        )
        for noun in (orders, refunds, actions, webhooks, events)
        for made in noun.tools(desk)
        for optional in [made.function.__name__ in _STORE_IS_OPTIONAL]
        if made.operation in operations and (made.annotations is READ or not desk.read_only)
    ]


def _each(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(word for words in lists for word in words))
