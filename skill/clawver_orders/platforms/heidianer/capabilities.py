"""What a Heidianer shop can do; a buyer's comment only where a buyer's token is set."""

from dataclasses import replace
from typing import Final

from clawver_orders.platforms.heidianer.query import FULFILLMENT_STATUSES, PAYMENT_STATUSES, STATUSES
from clawver_orders.store import Capabilities

CAPABILITIES: Final = Capabilities(
    operations=frozenset(
        {
            "list_orders",
            "get_order",
            "track_order",
            "lookup_variants",
            "refund",
            "cancel_order",
            "mark_order_paid",
            "adjust_order_price",
            "close_order",
            "reopen_order",
            "refresh_order",
            "comment_order",
            "count_orders",
            "list_transactions",
            "list_events",
        }
    ),
    statuses=STATUSES,
    payment_statuses=PAYMENT_STATUSES,
    fulfillment_statuses=FULFILLMENT_STATUSES,
    arguments=frozenset({"search", "after", "before", "date_field", "sort", "comment_id"}),
    partial_refunds=False,
    keeps_reason=False,
)
WITH_CUSTOMER_TOKEN: Final = replace(CAPABILITIES, arguments=CAPABILITIES.arguments | {"as_customer"})
