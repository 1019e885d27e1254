"""What is told about orders: rows, whole orders, parcels, sizes, links, receipts, counts and transactions."""

from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from clawver_orders.server.shapes.words import CLOSED, FulfillmentStatus, Kind, PaymentStatus, Status, Time


@with_config(CLOSED)
class Standing(TypedDict):
    """How an order stands: what of a row can change."""

    store: NotRequired[str]
    id: str
    number: NotRequired[str]
    status: Status
    payment_status: PaymentStatus
    fulfillment_status: NotRequired[FulfillmentStatus]
    payment_method: NotRequired[str]
    total: NotRequired[str]
    refunded: NotRequired[str]


@with_config(CLOSED)
class Row(Standing):
    """An order in a list; ``customer`` is masked, ``items`` one short text."""

    created_at: NotRequired[Time]
    customer: NotRequired[str]
    items: NotRequired[str]


@with_config(CLOSED)
class ShipmentEvent(TypedDict):
    """One scan of a parcel."""

    at: NotRequired[Time]
    text: str


@with_config(CLOSED)
class Shipment(TypedDict):
    """One parcel."""

    carrier: NotRequired[str]
    tracking_number: NotRequired[str]
    tracking_url: NotRequired[str]
    status: NotRequired[str]
    events: list[ShipmentEvent]


@with_config(CLOSED)
class PublicOrder(Row):
    """An order as its buyer sees it."""

    shipments: list[Shipment]


@with_config(CLOSED)
class Customer(TypedDict):
    """Who bought; masked unless the operator set otherwise."""

    name: NotRequired[str]
    email: NotRequired[str]
    phone: NotRequired[str]


@with_config(CLOSED)
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


@with_config(CLOSED)
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


@with_config(CLOSED)
class ShopRefund(TypedDict):
    """A refund that the shop has on record."""

    id: str
    amount: str
    reason: NotRequired[str]
    created_at: NotRequired[Time]
    processor_id: NotRequired[str]


@with_config(CLOSED)
class Note(TypedDict):
    """A comment on an order."""

    id: NotRequired[str]
    author: str
    text: str
    at: NotRequired[Time]


@with_config(CLOSED)
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


@with_config(CLOSED)
class VariantItem(TypedDict):
    """Which size or kind of an item was ordered."""

    item_id: str
    title: str
    variant_id: NotRequired[str]
    variant_name: NotRequired[str]
    options: dict[str, str]
    quantity: int


@with_config(CLOSED)
class ReceiptItem(TypedDict):
    """An item of a receipt."""

    item_id: str
    title: str
    download_token: NotRequired[str]


@with_config(CLOSED)
class ReceiptOrder(TypedDict):
    """An order of a receipt."""

    order_id: str
    total: NotRequired[str]
    status_token: NotRequired[str]
    items: list[ReceiptItem]


@with_config(CLOSED)
class Receipt(TypedDict):
    """What a checkout bought."""

    checkout_id: str
    orders: list[ReceiptOrder]


@with_config(CLOSED)
class ListingResult(TypedDict):
    """Answer of list_orders."""

    orders: list[Row]
    next_cursor: NotRequired[str]
    total: NotRequired[int]
    notes: list[str]


@with_config(CLOSED)
class OrderResult(TypedDict):
    """Answer of get_order."""

    order: Order


@with_config(CLOSED)
class TrackingResult(TypedDict):
    """Answer of track_order."""

    order_id: str
    status: Status
    shipments: list[Shipment]
    message: str


@with_config(CLOSED)
class VariantsResult(TypedDict):
    """Answer of lookup_variants."""

    order_id: str
    items: list[VariantItem]
    message: str


@with_config(CLOSED)
class DownloadResult(TypedDict):
    """Answer of regenerate_download."""

    download_url: str
    expires_at: Time
    file_name: NotRequired[str]
    file_size_bytes: NotRequired[int]


@with_config(CLOSED)
class PublicOrderResult(TypedDict):
    """Answer of get_public_order."""

    order: PublicOrder


@with_config(CLOSED)
class ReceiptResult(TypedDict):
    """Answer of get_receipt."""

    receipt: Receipt


@with_config(CLOSED)
class Counts(TypedDict):
    """How many orders a store has, by where they stand."""

    store: NotRequired[str]
    all: NotRequired[int]
    pending_payment: NotRequired[int]
    pending_fulfillment: NotRequired[int]
    fulfilled: NotRequired[int]
    cancelled: NotRequired[int]
    closed: NotRequired[int]


@with_config(CLOSED)
class CountsResult(TypedDict):
    """Answer of count_orders."""

    counts: list[Counts]
    notes: list[str]


@with_config(CLOSED)
class Transaction(TypedDict):
    """A payment or a refund of an order, in the shop's own words where there are none of ours."""

    id: str
    kind: str
    status: str
    amount: NotRequired[str]
    refundable: NotRequired[str]
    channel: NotRequired[str]
    message: NotRequired[str]
    created_at: NotRequired[Time]
    succeeded_at: NotRequired[Time]


@with_config(CLOSED)
class TransactionsResult(TypedDict):
    """Answer of list_transactions."""

    transactions: list[Transaction]
    notes: list[str]
