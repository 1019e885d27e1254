"""What a platform must be able to do for the desk, and what it declares that it can do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from clawver_orders.money import Money
from clawver_orders.order import Download, Order, Page, PaymentStatus, Query, Receipt, Status, Webhook

Operation = Literal[
    "list_orders",
    "get_order",
    "track_order",
    "lookup_variants",
    "regenerate_download",
    "get_public_order",
    "get_receipt",
    "refund",
    "webhooks",
]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do. Tools and parameters are listed only where a store declares them.

    Attributes:
        operations: What the platform's API has at all.
        statuses: The words of ours by which its list can be filtered.
        payment_statuses: The same for ``payment_status``; empty where the filter does not exist.
        partial_refunds: Whether less than the whole rest can be refunded.
        keeps_reason: Whether a refund's reason can be read again later, so that a marker in it can.
        webhook_events: The vendor's words for what it can send.
    """

    operations: frozenset[Operation]
    statuses: tuple[Status, ...] = ()
    payment_statuses: tuple[PaymentStatus, ...] = ()
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


class Store(Protocol):
    """One configured shop. Every read raises a DeskError where it cannot answer; writes of money never do.

    A method that the platform's capabilities do not name raises UnsupportedError.
    """

    @property
    def name(self) -> str:
        """The store's name in every tool: its table's name in the settings."""
        ...

    @property
    def platform(self) -> str:
        """The platform's name: clawver, heidianer, gateway, woocommerce."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do; constant for the life of the process."""
        ...

    async def ping(self) -> datetime | None:
        """Read one thing with the shop's key: what the shop's clock said then, where it says so."""
        ...

    async def list_orders(self, query: Query) -> Page:
        """Orders, newest first, filtered as asked: by the API where it can, else here over the newest pages.

        Raises:
            InvalidArgument: A status, payment status or cursor that this platform does not know.
        """
        ...

    async def get_order(self, order_id: str) -> Order:
        """One order with all that the shop says of it. NotFoundError where there is none."""
        ...

    async def download(self, order_id: str, item_id: str, token: str | None) -> Download:
        """A new link to a bought file: as the owner, or with a buyer's token through the public endpoint."""
        ...

    async def public_order(self, order_id: str, token: str) -> Order:
        """The order as its buyer sees it with a status token; sent without the shop's key."""
        ...

    async def receipt(self, checkout_id: str) -> Receipt:
        """The receipt of a checkout; sent without the shop's key."""
        ...

    async def refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """Send one refund, once. Never raises for what happens on the way: the answer says how it ended.

        Args:
            order_id: The order.
            amount: How much, in the order's currency.
            reason: The reason with its marker, as the shop shall keep it.
            may_start: Asked right before the first byte; False makes the answer ``not_sent``.
        """
        ...

    async def create_webhook(self, url: str, events: tuple[str, ...], secret: str, may_start: Deadline) -> Answer:
        """Register a destination, once; ``shop_id`` of the answer is the webhook's id. Never raises, as refund."""
        ...

    async def list_webhooks(self) -> tuple[Webhook, ...]:
        """The destinations that the shop knows; without secrets."""
        ...

    async def delete_webhook(self, webhook_id: str) -> None:
        """Remove a destination. NotFoundError where there is none."""
        ...
