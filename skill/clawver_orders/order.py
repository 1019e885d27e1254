"""The shop's vocabulary: orders, items, parcels, refunds and pages of them, whatever platform they come from.

What a platform does not say is None or empty here, never zero. Times are aware datetimes, ids are strings.
Texts are as the wire layer cleaned them (text.py).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from clawver_orders.money import Money

Status = Literal[
    "pending",
    "confirmed",
    "processing",
    "shipped",
    "delivered",
    "completed",
    "cancelled",
    "failed",
    "unknown",
]
PaymentStatus = Literal[
    "pending",
    "authorized",
    "paid",
    "partially_paid",
    "partially_refunded",
    "refunded",
    "voided",
    "failed",
    "unknown",
]
FulfillmentStatus = Literal[
    "unfulfilled", "partially_fulfilled", "fulfilled", "restocked", "not_required", "unknown"
]
Kind = Literal["digital", "print_on_demand", "physical", "unknown"]

DateField = Literal["created", "updated", "paid"]
Sort = Literal["newest", "oldest"]

STATUSES: Final[tuple[Status, ...]] = Status.__args__  # type: ignore[attr-defined]
PAYMENT_STATUSES: Final[tuple[PaymentStatus, ...]] = PaymentStatus.__args__  # type: ignore[attr-defined]
FULFILLMENT_STATUSES: Final[tuple[FulfillmentStatus, ...]] = FulfillmentStatus.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Customer:
    """Who bought, unmasked; masking happens where it leaves (server, terminal)."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel or a bill goes, unmasked."""

    name: str | None = None
    lines: tuple[str, ...] = ()
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order. ``unit_price`` and ``total`` as the shop says them: never assert their sum."""

    id: str
    title: str
    kind: Kind = "unknown"
    quantity: int = 1
    product_id: str | None = None
    variant_id: str | None = None
    variant_name: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    sku: str | None = None
    unit_price: Money | None = None
    total: Money | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of an order; ``refundable`` only where it follows from what the shop said."""

    subtotal: Money | None = None
    shipping: Money | None = None
    discount: Money | None = None
    tax: Money | None = None
    fees: Money | None = None
    total: Money | None = None
    refunded: Money | None = None
    refundable: Money | None = None


@dataclass(frozen=True, slots=True)
class ShopRefund:
    """One refund that the shop has on record. ``reason`` is cleaned, with its marker still in it."""

    id: str
    amount: Money
    reason: str | None = None
    created_at: datetime | None = None
    processor_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShipmentEvent:
    """One scan of a parcel."""

    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel."""

    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    status: str | None = None
    events: tuple[ShipmentEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A comment on an order, by the buyer, the merchant or the system."""

    author: str
    text: str
    id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as one store tells it.

    Attributes:
        refunds_complete: Whether the shop gave its whole list of refunds; without it ``refunded`` is not known
            and no refund is prepared.
        refunding: Whether the shop says that a refund is on its way; it may show its amount only later.
        warnings: Sentences of ours on where the shop contradicts itself.
        assumed: What the shop did not say and settings supplied, such as ``("currency", "USD")``.
    """

    store: str
    platform: str
    id: str
    status: Status
    payment_status: PaymentStatus
    number: str | None = None
    raw_status: str | None = None
    fulfillment_status: FulfillmentStatus | None = None
    payment_method: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    closed_at: datetime | None = None
    customer: Customer = Customer()
    shipping_address: Address | None = None
    billing_address: Address | None = None
    items: tuple[Item, ...] = ()
    totals: Totals = Totals()
    refunds: tuple[ShopRefund, ...] = ()
    refunds_complete: bool = False
    refunding: bool = False
    shipments: tuple[Shipment, ...] = ()
    notes: tuple[Note, ...] = ()
    warnings: tuple[str, ...] = ()
    assumed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What to list.

    Attributes:
        search: A buyer's e-mail or phone, an order number, a customer's id, or order ids with commas.
        after: The earliest time of ``date_field``, inclusive.
        before: The latest, inclusive.
        cursor: Where another page ended: the platform's own word, opaque above it.
    """

    status: Status | None = None
    payment_status: PaymentStatus | None = None
    fulfillment_status: FulfillmentStatus | None = None
    payment_method: str | None = None
    search: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    date_field: DateField = "created"
    sort: Sort = "newest"
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Orders of one read. ``notes`` say what the read covered and what it could not, in sentences of ours."""

    orders: tuple[Order, ...]
    next_cursor: str | None = None
    total: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Download:
    """A link to a bought file. The URL is a secret of the buyer: only the download tool shows it."""

    url: str
    expires_at: datetime
    file_name: str | None = None
    file_size_bytes: int | None = None
    assumed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """An item of a receipt; the token opens the buyer's public download."""

    id: str
    title: str
    download_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ReceiptOrder:
    """An order of a receipt; the token opens the buyer's public status page."""

    id: str
    total: Money | None = None
    status_token: str | None = field(default=None, repr=False)
    items: tuple[ReceiptItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a buyer got at the end of a checkout: one or more orders."""

    checkout_id: str
    orders: tuple[ReceiptOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhook:
    """A place where the shop sends its events."""

    id: str
    url: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment or refund of an order, as the shop tells it.

    Attributes:
        order_id: The order that it says it is of; None where it says none.
        kind: ``sale``, ``refund``, ``authorization``, ``capture``, ``void``, or the shop's own word.
        status: ``pending``, ``success``, ``failure``, ``error``, or the shop's own word.
        refundable: What of it the shop would still give back.
        channel: The way the money went, in the shop's word.
    """

    id: str
    kind: str
    status: str
    order_id: str | None = None
    amount: Money | None = None
    refundable: Money | None = None
    channel: str | None = None
    message: str | None = None
    created_at: datetime | None = None
    succeeded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many orders a shop has, by where they stand; None where it does not say."""

    all: int | None = None
    pending_payment: int | None = None
    pending_fulfillment: int | None = None
    fulfilled: int | None = None
    cancelled: int | None = None
    closed: int | None = None
