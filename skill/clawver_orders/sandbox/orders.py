"""What the made-up shop sells and has sold: products, buyers, orders and their money, in nobody's dialect.

Amounts are whole cents of one currency.
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
    """One order. What the payment's status is follows from the payment and the refunds."""

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

    @property
    def total(self) -> int:
        """What the buyer pays, in cents: the sum of the items, nothing else."""
        return sum(item.total for item in self.items)

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
