"""The closed shape of every structured result, as published: typed dicts, checked by mypy and by the SDK.

What is not known is absent, money is one string such as ``24.99 USD``, times are RFC 3339, lists are always there.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, WithJsonSchema, with_config
from typing_extensions import TypedDict, get_type_hints

from clawver_orders import order
from clawver_orders.refunds import machine

# Checked in full, published as text: the words explain themselves, and as enums they would cost every host
# hundreds of tokens.
_PLAIN = WithJsonSchema({"type": "string"})
Status = Annotated[order.Status, _PLAIN]
PaymentStatus = Annotated[order.PaymentStatus, _PLAIN]
FulfillmentStatus = Annotated[order.FulfillmentStatus, _PLAIN]
Kind = Annotated[order.Kind, _PLAIN]
Moved = Annotated[machine.Moved, _PLAIN]
Outcome = Annotated[Literal["done", "no", "pending", "unknown"], _PLAIN]
Time = str
_CLOSED = ConfigDict(extra="forbid", strict=True)


@with_config(_CLOSED)
class Row(TypedDict):
    """An order in a list; ``customer`` is masked, ``items`` one short text."""

    store: NotRequired[str]
    id: str
    number: NotRequired[str]
    status: Status
    payment_status: PaymentStatus
    fulfillment_status: NotRequired[FulfillmentStatus]
    payment_method: NotRequired[str]
    total: NotRequired[str]
    refunded: NotRequired[str]
    created_at: NotRequired[Time]
    customer: NotRequired[str]
    items: NotRequired[str]


@with_config(_CLOSED)
class ShipmentEvent(TypedDict):
    """One scan of a parcel."""

    at: NotRequired[Time]
    text: str


@with_config(_CLOSED)
class Shipment(TypedDict):
    """One parcel."""

    carrier: NotRequired[str]
    tracking_number: NotRequired[str]
    tracking_url: NotRequired[str]
    status: NotRequired[str]
    events: list[ShipmentEvent]


@with_config(_CLOSED)
class PublicOrder(Row):
    """An order as its buyer sees it."""

    shipments: list[Shipment]


@with_config(_CLOSED)
class Customer(TypedDict):
    """Who bought; masked unless the operator set otherwise."""

    name: NotRequired[str]
    email: NotRequired[str]
    phone: NotRequired[str]


@with_config(_CLOSED)
class Item(TypedDict):
    """One line of an order."""

    id: str
    product_id: NotRequired[str]
    title: str
    kind: Kind
    variant_id: NotRequired[str]
    variant_name: NotRequired[str]
    options: NotRequired[dict[str, str]]
    sku: NotRequired[str]
    quantity: int
    unit_price: NotRequired[str]
    total: NotRequired[str]


@with_config(_CLOSED)
class Totals(TypedDict):
    """The sums of an order, as far as they are known."""

    subtotal: NotRequired[str]
    shipping: NotRequired[str]
    discount: NotRequired[str]
    tax: NotRequired[str]
    fees: NotRequired[str]
    total: NotRequired[str]
    refunded: NotRequired[str]
    refundable: NotRequired[str]


@with_config(_CLOSED)
class ShopRefund(TypedDict):
    """A refund that the shop has on record."""

    id: str
    amount: str
    reason: NotRequired[str]
    created_at: NotRequired[Time]
    processor_id: NotRequired[str]


@with_config(_CLOSED)
class Note(TypedDict):
    """A comment on an order."""

    id: NotRequired[str]
    author: str
    text: str
    at: NotRequired[Time]


@with_config(_CLOSED)
class Order(TypedDict):
    """An order with all that the shop says of it."""

    store: str
    platform: str
    id: str
    number: NotRequired[str]
    status: Status
    raw_status: NotRequired[str]
    payment_status: PaymentStatus
    fulfillment_status: NotRequired[FulfillmentStatus]
    payment_method: NotRequired[str]
    created_at: NotRequired[Time]
    updated_at: NotRequired[Time]
    paid_at: NotRequired[Time]
    cancelled_at: NotRequired[Time]
    closed_at: NotRequired[Time]
    customer: Customer
    shipping_address: NotRequired[str]
    billing_address: NotRequired[str]
    items: list[Item]
    totals: Totals
    refunds: list[ShopRefund]
    shipments: list[Shipment]
    notes: list[Note]
    warnings: list[str]
    assumed: dict[str, str]


@with_config(_CLOSED)
class Approval(TypedDict):
    """How a person says yes where the assistant's program has no form."""

    url: NotRequired[str]
    expires_at: Time


@with_config(_CLOSED)
class Refund(TypedDict):
    """A refund, where it stands, and what to do next."""

    refund_id: str
    store: str
    order_id: str
    amount: str
    reason: str
    state: str
    money_moved: Moved
    remaining: NotRequired[str]
    processor_id: NotRequired[str]
    confirmed_by: NotRequired[str]
    approval: NotRequired[Approval]
    next_check_at: NotRequired[Time]
    message: str


@with_config(_CLOSED)
class Action(TypedDict):
    """A lasting write other than a refund."""

    action_id: str
    state: str
    outcome: Outcome
    approval: NotRequired[Approval]
    message: str


@with_config(_CLOSED)
class VariantItem(TypedDict):
    """Which size or kind of an item was ordered."""

    item_id: str
    title: str
    variant_id: NotRequired[str]
    variant_name: NotRequired[str]
    options: dict[str, str]
    quantity: int


@with_config(_CLOSED)
class ReceiptItem(TypedDict):
    """An item of a receipt."""

    item_id: str
    title: str
    download_token: NotRequired[str]


@with_config(_CLOSED)
class ReceiptOrder(TypedDict):
    """An order of a receipt."""

    order_id: str
    total: NotRequired[str]
    status_token: NotRequired[str]
    items: list[ReceiptItem]


@with_config(_CLOSED)
class Receipt(TypedDict):
    """What a checkout bought."""

    checkout_id: str
    orders: list[ReceiptOrder]


@with_config(_CLOSED)
class Webhook(TypedDict):
    """Where the shop sends its events; without its secret."""

    id: NotRequired[str]
    url: str
    events: list[str]


@with_config(_CLOSED)
class ListingResult(TypedDict):
    """Answer of list_orders."""

    orders: list[Row]
    next_cursor: NotRequired[str]
    total: NotRequired[int]
    notes: list[str]


@with_config(_CLOSED)
class OrderResult(TypedDict):
    """Answer of get_order."""

    order: Order


@with_config(_CLOSED)
class TrackingResult(TypedDict):
    """Answer of track_order."""

    order_id: str
    status: Status
    shipments: list[Shipment]
    message: str


@with_config(_CLOSED)
class VariantsResult(TypedDict):
    """Answer of lookup_variants."""

    order_id: str
    items: list[VariantItem]
    message: str


@with_config(_CLOSED)
class DownloadResult(TypedDict):
    """Answer of regenerate_download."""

    download_url: str
    expires_at: Time
    file_name: NotRequired[str]
    file_size_bytes: NotRequired[int]


@with_config(_CLOSED)
class PublicOrderResult(TypedDict):
    """Answer of get_public_order."""

    order: PublicOrder


@with_config(_CLOSED)
class ReceiptResult(TypedDict):
    """Answer of get_receipt."""

    receipt: Receipt


@with_config(_CLOSED)
class RefundResult(TypedDict):
    """Answer of prepare_refund and execute_refund."""

    refund: Refund


@with_config(_CLOSED)
class RefundsResult(TypedDict):
    """Answer of check_refund."""

    refunds: list[Refund]


@with_config(_CLOSED)
class WebhookResult(TypedDict):
    """Answer of create_webhook."""

    webhook: Webhook
    action: Action


@with_config(_CLOSED)
class WebhooksResult(TypedDict):
    """Answer of list_webhooks."""

    webhooks: list[Webhook]


@with_config(_CLOSED)
class DeletedResult(TypedDict):
    """Answer of delete_webhook."""

    webhook_id: str
    message: str


def of_sandbox(shape: Any) -> Any:
    """The same shape with ``sandbox: true``, which made-up data always carries."""
    hints = get_type_hints(shape, include_extras=True)
    # The functional form is the only one that takes keys at run time.
    return with_config(_CLOSED)(TypedDict(shape.__name__, {"sandbox": Literal[True], **hints}))  # type: ignore[operator]
