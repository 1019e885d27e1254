"""What a platform must be able to do for the desk, and what it declares that it can do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from clawver_orders.errors import UnsupportedError
from clawver_orders.money import Money
from clawver_orders.order import (
    Counts,
    Download,
    FulfillmentStatus,
    Note,
    Order,
    Page,
    PaymentStatus,
    Query,
    Receipt,
    Status,
    Transaction,
    Webhook,
)

Operation = Literal[
    "list_orders",
    "get_order",
    "track_order",
    "lookup_variants",
    "regenerate_download",
    "get_public_order",
    "get_receipt",
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
    "webhooks",
    "list_events",
]
OPERATIONS: Final[tuple[Operation, ...]] = Operation.__args__  # type: ignore[attr-defined]

# Arguments that not every platform has a use for: a tool lists them where at least one store does.
Argument = Literal[
    "search",
    "after",
    "before",
    "payment_method",
    "date_field",
    "sort",
    "order_key",
    "billing_email",
    "comment_id",
    "as_customer",
]
ARGUMENTS: Final[tuple[Argument, ...]] = Argument.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do. Tools and parameters are listed only where a store declares them.

    Attributes:
        operations: What the platform's API has at all.
        statuses: The words of ours by which its list can be filtered.
        payment_statuses: The same for ``payment_status``; empty where the filter does not exist.
        fulfillment_statuses: The same for ``fulfillment_status``.
        arguments: Which of the arguments that not every platform uses this one does.
        partial_refunds: Whether less than the whole rest can be refunded.
        keeps_reason: Whether a refund's reason can be read again later, so that a marker in it can.
        webhook_events: The vendor's words for what it can send.
    """

    operations: frozenset[Operation]
    statuses: tuple[Status, ...] = ()
    payment_statuses: tuple[PaymentStatus, ...] = ()
    fulfillment_statuses: tuple[FulfillmentStatus, ...] = ()
    arguments: frozenset[Argument] = frozenset()
    partial_refunds: bool = True
    keeps_reason: bool = False
    webhook_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """How one send of a write ended, seen from the shop's side.

    Attributes:
        kind: ``done``: the shop says that it is done, and shows it. ``settling``: the shop said yes and settles
            later. ``refused``: a complete, well-formed refusal of the shop's own kind; nothing happened.
            ``not_sent``: not one byte left. ``unknown``: anything else; it may have happened.
        evidence: What was seen, in words of ours, for the record: never the shop's text.
        shop_id: The shop's id of what was made (a refund, a webhook), where it said one.
        amount: The amount the shop says it moved, where it said one.
        processor_id: The payment processor's id, where the shop said one.
        remaining: What can still be refunded, where it follows from the answer.
        error: The code of errors.py that a refusal is told with: auth, forbidden, not_found, conflict …
    """

    kind: Literal["done", "settling", "refused", "not_sent", "unknown"]
    evidence: str
    shop_id: str | None = None
    amount: Money | None = None
    processor_id: str | None = None
    remaining: Money | None = None
    error: str | None = None


class Deadline(Protocol):
    """Says, right before the first byte of a write leaves, whether it may still leave."""

    def __call__(self) -> bool:
        """True while the write may start."""
        ...


# What a refund does in the shop: gives the money back, only writes down that somebody did, or is not possible.
RefundEffect = Literal["money", "record", "none"]


class Store(Protocol):
    """One configured shop. Every read raises a DeskError where it cannot answer; writes of money never do.

    A platform inherits it, and so the answer to everything that its capabilities do not name: UnsupportedError.

    Attributes:
        name: The store's name in every tool: its table's name in the settings.
        platform: The platform's name: clawver, heidianer, gateway, woocommerce.
        capabilities: What this store can do; constant for the life of the process.
    """

    name: str
    platform: str
    capabilities: Capabilities

    async def ping(self) -> datetime | None:
        """Read one thing with the shop's key: what the shop's clock said then, where it says so."""
        raise unsupported(self)

    async def list_orders(self, query: Query) -> Page:
        """Orders, filtered as asked: by the API where it can, else here over the newest pages.

        Raises:
            InvalidArgument: A status, payment status, search or cursor that this platform does not know.
        """
        raise unsupported(self)

    async def get_order(self, order_id: str) -> Order:
        """One order with all that the shop says of it. NotFoundError where there is none."""
        raise unsupported(self)

    async def guest_order(self, order_id: str, order_key: str, billing_email: str) -> Order:
        """One order as its buyer opens it: with the key from the buyer's mail and the address of the bill."""
        raise unsupported(self)

    async def download(self, order_id: str, item_id: str, token: str | None) -> Download:
        """A new link to a bought file: as the owner, or with a buyer's token through the public endpoint."""
        raise unsupported(self)

    async def public_order(self, order_id: str, token: str) -> Order:
        """The order as its buyer sees it with a status token; sent without the shop's key."""
        raise unsupported(self)

    async def receipt(self, checkout_id: str) -> Receipt:
        """The receipt of a checkout; sent without the shop's key."""
        raise unsupported(self)

    async def refund_effect(self, order: Order) -> RefundEffect:
        """What a refund on this order would do; read before one is prepared, and again before it is sent."""
        del order
        return "money"

    async def refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """Send one refund, once. Never raises for what happens on the way: the answer says how it ended.

        Args:
            order_id: The order.
            amount: How much, in the order's currency.
            reason: The reason with its marker, as the shop shall keep it.
            may_start: Asked right before the first byte; False makes the answer ``not_sent``.
        """
        raise unsupported(self)

    async def record_refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """Write down, once, a refund whose money goes another way. Never raises, as refund."""
        raise unsupported(self)

    async def cancel(self, order_id: str, reason: str, may_start: Deadline) -> Answer:
        """Cancel an order, once. Never raises, as refund; no money goes back by it."""
        raise unsupported(self)

    async def mark_paid(self, order_id: str, may_start: Deadline) -> Answer:
        """Mark an order as paid by other means, once. Never raises, as refund."""
        raise unsupported(self)

    async def adjust_price(self, order_id: str, adjustment: Money, may_start: Deadline) -> Answer:
        """Change the total of an unpaid order by a signed amount, once. Never raises, as refund."""
        raise unsupported(self)

    async def close(self, order_id: str) -> None:
        """Say that an order is done. Sent once; NetworkError where it is not known whether it arrived."""
        raise unsupported(self)

    async def reopen(self, order_id: str) -> None:
        """Take a closed order back to the open ones; as close."""
        raise unsupported(self)

    async def refresh(self, order_id: str) -> None:
        """Have the shop ask its payment channels how payment and refund of an order stand. May change it."""
        raise unsupported(self)

    async def comment(
        self, order_id: str, text: str, *, comment_id: str = "", as_customer: bool = False
    ) -> tuple[Note, ...]:
        """Write a comment on an order, or rewrite one; the order's notes as they are then.

        Args:
            order_id: The order.
            text: The comment.
            comment_id: The comment that is rewritten, instead of a new one.
            as_customer: Write it as the buyer.
        """
        raise unsupported(self)

    async def counts(self) -> Counts:
        """How many orders the shop has, by where they stand."""
        raise unsupported(self)

    async def transactions(self, order_id: str, transaction_id: str = "") -> tuple[Transaction, ...]:
        """The payments and refunds of an order as the shop tells them, or one of them.

        One that is of another order is among them: the desk says so, and leaves it out.
        """
        raise unsupported(self)

    async def create_webhook(self, url: str, events: tuple[str, ...], secret: str, may_start: Deadline) -> Answer:
        """Register a destination, once; ``shop_id`` of the answer is the webhook's id. Never raises, as refund."""
        raise unsupported(self)

    async def list_webhooks(self) -> tuple[Webhook, ...]:
        """The destinations that the shop knows; without secrets."""
        raise unsupported(self)

    async def delete_webhook(self, webhook_id: str) -> None:
        """Remove a destination. NotFoundError where there is none."""
        raise unsupported(self)

    async def aclose(self) -> None:
        """Close its connections."""
        return


def unsupported(store: Store) -> UnsupportedError:
    """The answer of a shop that has no such operation."""
    return UnsupportedError(
        f'The shop "{store.name}" ({store.platform}) has no such operation',
        "Do it in the shop's own dashboard",
    )
