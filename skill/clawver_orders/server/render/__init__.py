"""The short text of every result, made of the structured one: it suffices where a host shows the model text only.

Words of buyers and shops stand in « » after a line that says whose they are. Amounts stand without their currency
where it was said once.
"""

from clawver_orders.server.render.actions import (
    acted,
    commented,
    deleted,
    handled,
    refund,
    refunds,
    registration,
    webhooks,
)
from clawver_orders.server.render.events import events
from clawver_orders.server.render.orders import (
    counted,
    download,
    listing,
    order,
    public_order,
    receipt,
    tracking,
    transactions,
    variants,
)
from clawver_orders.server.render.words import SANDBOX, WHOSE

__all__ = [
    "SANDBOX",
    "WHOSE",
    "acted",
    "commented",
    "counted",
    "deleted",
    "download",
    "events",
    "handled",
    "listing",
    "order",
    "public_order",
    "receipt",
    "refund",
    "refunds",
    "registration",
    "tracking",
    "transactions",
    "variants",
    "webhooks",
]
