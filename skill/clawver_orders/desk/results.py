"""What the desk answers with where the order's own vocabulary has no word for it."""

from dataclasses import dataclass
from datetime import datetime

from clawver_orders.money import Money
from clawver_orders.order import Counts, Item, Note, Order, Shipment, Status, Transaction, Webhook
from clawver_orders.refunds.machine import Moved, State


@dataclass(frozen=True, slots=True)
class Listing:
    """Orders of one or several stores. ``notes`` say what was covered, and what failed."""

    orders: tuple[Order, ...]
    next_cursor: str | None = None
    total: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where the parcels of an order are; ``message`` is one sentence that a shopkeeper can pass on."""

    order_id: str
    status: Status
    shipments: tuple[Shipment, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Variants:
    """Which size or kind was ordered; ``message`` says what can be done now."""

    order_id: str
    items: tuple[Item, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Approval:
    """How a person can say yes where the assistant's program has no form."""

    expires_at: datetime
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as it is told. ``message`` says what happened and what to do next."""

    refund_id: str
    store: str
    order_id: str
    amount: Money
    reason: str
    state: State
    money_moved: Moved
    message: str
    remaining: Money | None = None
    processor_id: str | None = None
    confirmed_by: str | None = None
    approval: Approval | None = None
    next_check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A lasting write other than a refund, as it is told."""

    action_id: str
    state: State
    outcome: str
    message: str
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """A lasting write on an order: the order as it was last read, and where the write stands."""

    order: Order
    action: Action


@dataclass(frozen=True, slots=True)
class Commented:
    """The notes of an order once a comment was written."""

    order_id: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """How many orders one store has."""

    store: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Counted:
    """How many orders the stores have. ``notes`` say which could not be asked."""

    stores: tuple[StoreCounts, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transactions:
    """The payments and refunds of an order; ``notes`` name what was left out, and why."""

    transactions: tuple[Transaction, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registration:
    """A webhook's registration: the webhook as asked for (``id`` once the shop gave one), and where it stands."""

    webhook: Webhook
    action: Action


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's answer to the question whether something shall be sent. ``how`` is kept with the receipt.

    Attributes:
        asked: Whether it answers a question that was put: then it is for what was prepared before, and for nothing
            that would be prepared now.
    """

    given: bool
    how: str
    asked: bool = False
