"""What the made-up shop sells and has sold: products, buyers, orders and their money, in nobody's dialect.

Amounts are whole minor units ("cents") of the shop's one currency. Not every dialect tells everything of it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Stage = Literal["pending", "confirmed", "processing", "shipped", "delivered", "cancelled"]
Payment = Literal["pending", "paid", "failed"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A size of a printed product. ``printful_id`` is the printer's number for it, always a string."""

    id: str
    printful_id: str
    name: str
    size: str


@dataclass(frozen=True, slots=True)
class Product:
    """Something on sale: a file, or a printed thing where it has variants. ``price`` in cents."""

    id: str
    title: str
    price: int
    file_name: str | None = None
    file_size: int = 0
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel goes, as the buyer typed it."""

    name: str
    line1: str
    line2: str | None
    city: str
    state: str | None
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Customer:
    """Who buys here."""

    name: str
    email: str
    address: Address
    phone: str = "+1 555 0100"


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark on an order, by the merchant or by its buyer."""

    number: int
    author: Literal["merchant", "customer"]
    text: str
    at: datetime


@dataclass(slots=True)
class Item:
    """One line of an order. ``variant_id`` is one of the two ids a variant has: the documents leave open which."""

    id: str
    product: Product
    title: str
    price: int
    quantity: int
    variant: Variant | None = None
    variant_id: str | None = None
    download_token: str | None = None

    @property
    def total(self) -> int:
        """Price times quantity, in cents."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that went back. ``amount`` in cents."""

    id: str
    amount: int
    reason: str
    processor_id: str
    created_at: datetime


@dataclass(slots=True)
class Order:
    """One order. What the payment's status is follows from the payment and the refunds.

    Attributes:
        number: What an order is known by where ids are whole numbers.
        stage: How far it got; ``cancelled`` ends it.
        shipping: What sending costs, in cents; also ``discount``, which is taken off, and ``adjustment``, by which
            the merchant changed the total (signed).
        method: How the buyer pays: ``card``, or ``cod`` (cash on delivery), which cannot give money back.
        note: What the buyer wrote with the order.
        by_hand: Whether the merchant marked it as paid.
        refunding: A refund that the shop accepted and that is not settled yet.
        closed_at: When the merchant called it done.
    """

    id: str
    checkout_id: str
    customer: Customer
    items: list[Item]
    created_at: datetime
    status_token: str
    stage: Stage = "pending"
    payment: Payment = "pending"
    paid_at: datetime | None = None
    address: Address | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    refunds: list[Refund] = field(default_factory=list)
    number: int = 0
    shipping: int = 0
    discount: int = 0
    adjustment: int = 0
    method: str = "card"
    note: str = ""
    by_hand: bool = False
    comments: list[Comment] = field(default_factory=list)
    refunding: Refund | None = None
    updated_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    closed_at: datetime | None = None

    @property
    def subtotal(self) -> int:
        """The sum of the items, in cents."""
        return sum(item.total for item in self.items)

    @property
    def total(self) -> int:
        """What the buyer pays, in cents; the sum of the items, where nothing was added or taken off."""
        return self.subtotal + self.shipping - self.discount + self.adjustment

    @property
    def refunded(self) -> int:
        """What went back so far, in cents."""
        return sum(refund.amount for refund in self.refunds)

    @property
    def remaining(self) -> int:
        """What can still go back, in cents."""
        return self.total - self.refunded if self.payment == "paid" else 0

    @property
    def printed(self) -> bool:
        """Whether something in it is printed on demand, so that there is a parcel."""
        return any(item.variant for item in self.items)

    @property
    def payment_status(self) -> str:
        """One of pending, paid, failed, partially_refunded, refunded."""
        if not self.refunds:
            return self.payment
        return "partially_refunded" if self.remaining else "refunded"
