"""The desk's words as structured results: masked, absent where unknown, in the published shapes.

Everything that leaves for a model goes through here; the text is made of the same result, so that nothing
downstream sees a customer or a token unmasked.
"""

from clawver_orders.server.results.actions import (
    acted,
    commented,
    deleted,
    handled,
    refund,
    refunds,
    registration,
    webhooks,
)
from clawver_orders.server.results.events import events
from clawver_orders.server.results.orders import (
    counted,
    download,
    listing,
    order,
    public_order,
    receipt,
    row,
    said_by_status,
    tracking,
    transactions,
    variants,
)

__all__ = [
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
    "row",
    "said_by_status",
    "tracking",
    "transactions",
    "variants",
    "webhooks",
]
