"""The closed shape of every structured result, as published: typed dicts, checked by mypy and by the SDK.

What is not known is absent, money is one string such as ``24.99 USD``, times are RFC 3339, lists are always there.
"""

from typing import Any, Literal

from pydantic import with_config
from typing_extensions import TypedDict, get_type_hints

from clawver_orders.server.shapes.actions import (
    ActedResult,
    Action,
    Approval,
    CommentedResult,
    Refund,
    RefundResult,
    RefundsResult,
    StandingResult,
)
from clawver_orders.server.shapes.events import Event, EventsResult
from clawver_orders.server.shapes.orders import (
    Counts,
    CountsResult,
    Customer,
    DownloadResult,
    Item,
    ListingResult,
    Note,
    Order,
    OrderResult,
    PublicOrder,
    PublicOrderResult,
    Receipt,
    ReceiptItem,
    ReceiptOrder,
    ReceiptResult,
    Row,
    Shipment,
    ShipmentEvent,
    ShopRefund,
    Standing,
    Totals,
    TrackingResult,
    Transaction,
    TransactionsResult,
    VariantItem,
    VariantsResult,
)
from clawver_orders.server.shapes.webhooks import (
    DeletedResult,
    Webhook,
    WebhookResult,
    WebhooksResult,
)
from clawver_orders.server.shapes.words import CLOSED

__all__ = [
    "ActedResult",
    "Action",
    "Approval",
    "CommentedResult",
    "Counts",
    "CountsResult",
    "Customer",
    "DeletedResult",
    "DownloadResult",
    "Event",
    "EventsResult",
    "Item",
    "ListingResult",
    "Note",
    "Order",
    "OrderResult",
    "PublicOrder",
    "PublicOrderResult",
    "Receipt",
    "ReceiptItem",
    "ReceiptOrder",
    "ReceiptResult",
    "Refund",
    "RefundResult",
    "RefundsResult",
    "Row",
    "Shipment",
    "ShipmentEvent",
    "ShopRefund",
    "Standing",
    "StandingResult",
    "Totals",
    "TrackingResult",
    "Transaction",
    "TransactionsResult",
    "VariantItem",
    "VariantsResult",
    "Webhook",
    "WebhookResult",
    "WebhooksResult",
    "of_sandbox",
]


def of_sandbox(shape: Any) -> Any:
    """The same shape with ``sandbox: true``, which made-up data always carries."""
    hints = get_type_hints(shape, include_extras=True)
    # The functional form is the only one that takes keys at run time.
    return with_config(CLOSED)(TypedDict(shape.__name__, {"sandbox": Literal[True], **hints}))  # type: ignore[operator]
