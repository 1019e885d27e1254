"""What the shop's clerk does: one method per tool, over any store."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, time
from typing import Literal, cast

from clawver_orders.desk.asking import Asking
from clawver_orders.desk.moves import Moves
from clawver_orders.desk.refunding import Refunding
from clawver_orders.desk.results import Consent, Listing, Refund, Registration, Tracking, Variants
from clawver_orders.desk.webhooks import Webhooks
from clawver_orders.errors import InvalidArgument, RefundError, SetupError
from clawver_orders.order import (
    PAYMENT_STATUSES,
    STATUSES,
    Download,
    Order,
    PaymentStatus,
    Query,
    Receipt,
    Status,
    Webhook,
)
from clawver_orders.refunds.limits import NO_LIMITS, Limits
from clawver_orders.refunds.machine import Ledger, Move
from clawver_orders.store import Store

__all__ = ["Desk"]


class Desk:
    """The order desk of one or several stores.

    Arguments are plain strings, where an empty one means that nothing was said. Every method raises a DeskError
    where it cannot do what it was asked.

    Args:
        stores: The configured shops; may be empty, then every method says how to set one up.
        ledger: The durable record of money moves.
        now: The wall clock, in the zone that a day is meant in.
        awake: Seconds of a clock that also counts while the machine sleeps.
        keep_secret: Keeps a webhook's signing secret: store, action id, secret.
        sandbox: Whether the shops are made up.
        read_only: Whether every write is refused.
        trust_forms: Whether a form of the assistant's program counts as a person's yes; None: while no PIN is set.
        approval_address: Where a person can answer for a prepared move, if there is such a page.
        customer_data: Whether one order shows its buyer in full.
        allowed_hosts: Where webhooks may point.
        limits: How much may move, and whether the assistant may confirm.
        missing_store: What is told while no store is configured.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        ledger: Ledger,
        *,
        now: Callable[[], datetime],
        awake: Callable[[], float],
        keep_secret: Callable[[str, str, str], Awaitable[None]],
        sandbox: bool = False,
        read_only: bool = False,
        trust_forms: bool | None = None,
        customer_data: Literal["masked", "full"] = "masked",
        allowed_hosts: frozenset[str] = frozenset(),
        limits: Limits = NO_LIMITS,
        approval_address: Callable[[Move], Awaitable[str | None]] | None = None,
        missing_store: SetupError | None = None,
    ) -> None:
        self.stores = tuple(stores)
        self.sandbox = sandbox
        self.read_only = read_only
        self.trust_forms = trust_forms
        self.customer_data: Literal["masked", "full"] = customer_data
        self._missing_store = missing_store
        self._now = now
        approve = "clawver-orders approve --sandbox" if sandbox else "clawver-orders approve"
        self.moves = Moves(ledger, now, awake, limits)
        asking = Asking(approve, approval_address)
        self.refunds = Refunding(self.moves, self._store, asking)
        self.webhooks = Webhooks(self.moves, allowed_hosts, keep_secret, asking)

    def in_flight(self) -> int:
        """How many writes are between their claim and their record at this moment."""
        return self.moves.in_flight

    async def list_orders(
        self,
        store: str,
        *,
        status: str = "",
        payment_status: str = "",
        search: str = "",
        after: str = "",
        before: str = "",
        limit: int = 20,
        cursor: str = "",
    ) -> Listing:
        """Orders, newest first. ``after`` and ``before`` are days or times, both inclusive."""
        if not 1 <= limit <= 100:
            raise InvalidArgument("limit is not between 1 and 100", "Ask for 1 to 100 orders", field="limit")
        since, until = self._moment(after, "after", time.min), self._moment(before, "before", time.max)
        if since and until and since > until:
            raise InvalidArgument("after is later than before", "Give the earlier one as after", field="after")
        page = await self._store(store).list_orders(
            Query(
                status=cast("Status | None", _word(status, STATUSES, "status")),
                payment_status=cast(
                    "PaymentStatus | None", _word(payment_status, PAYMENT_STATUSES, "payment_status")
                ),
                search=search.strip() or None,
                after=since,
                before=until,
                limit=limit,
                cursor=cursor or None,
            )
        )
        return Listing(page.orders, page.next_cursor, page.total, page.notes)

    async def get_order(self, store: str, order_id: str) -> Order:
        """One order with all that the shop says of it."""
        return await self._store(store).get_order(order_id)

    async def track_order(self, store: str, order_id: str) -> Tracking:
        """Where the parcels of an order are."""
        order = await self._store(store).get_order(order_id)
        return Tracking(order.id, order.status, order.shipments, _whereabouts(order))

    async def lookup_variants(self, store: str, order_id: str) -> Variants:
        """Which size or kind of each made or shipped thing was ordered; downloads have none and are left out."""
        order = await self._store(store).get_order(order_id)
        items = tuple(item for item in order.items if item.kind != "digital")
        if not items:
            return Variants(order.id, (), "Only downloads were ordered: there is no size to look up.")
        if any(not item.variant_id and not item.variant_name for item in items):
            message = "The shop does not say which size or kind of everything was ordered: ask the buyer."
        else:
            message = (
                "This is what was ordered. Compare it with what the buyer says before anything else; there is no "
                "exchange in the shop's API, only a refund and a new order."
            )
        return Variants(order.id, items, message)

    async def regenerate_download(
        self, store: str, order_id: str, item_id: str, download_token: str = ""
    ) -> Download:
        """A new link to a bought file."""
        return await self._store(store).download(order_id, item_id, download_token or None)

    async def get_public_order(self, store: str, order_id: str, token: str) -> Order:
        """An order as its buyer sees it."""
        return await self._store(store).public_order(order_id, token)

    async def get_receipt(self, store: str, checkout_id: str) -> Receipt:
        """What a buyer got at the end of a checkout."""
        return await self._store(store).receipt(checkout_id)

    async def prepare_refund(self, store: str, order_id: str, amount: str, reason: str, another: bool) -> Refund:
        """Check a refund and keep it for a person to confirm; moves nothing."""
        self._refuse_read_only()
        return await self.refunds.prepare(self._store(store), order_id, amount, reason, another=another)

    async def execute_refund(self, refund_id: str, consent: Consent | None) -> Refund:
        """Send a confirmed refund, once; called again it answers from the record."""
        self._refuse_read_only()
        return await self.refunds.execute(refund_id, consent)

    async def check_refund(self, store: str = "", refund_id: str = "", order_id: str = "") -> tuple[Refund, ...]:
        """How refunds stand, with plain reads of the shop where the outcome is not known."""
        if not refund_id:
            self._store(store or (self.stores[0].name if self.stores else ""))
        return await self.refunds.check(store, refund_id, order_id)

    async def create_webhook(
        self, store: str, url: str, events: tuple[str, ...], consent: Consent | None
    ) -> Registration:
        """Have the shop send its events to an address that the operator allowed and a person approved."""
        self._refuse_read_only()
        return await self.webhooks.create(self._store(store), url, events, consent)

    async def webhook_waiting(self, store: str, url: str, events: tuple[str, ...]) -> Move:
        """The registration that create_webhook with these arguments would go on with; made if there is none yet."""
        return await self.webhooks.waiting(self._store(store), url, events)

    async def list_webhooks(self, store: str) -> tuple[Webhook, ...]:
        """Where the shop sends its events."""
        return await self._store(store).list_webhooks()

    async def delete_webhook(self, store: str, webhook_id: str) -> None:
        """Stop the shop from sending events there."""
        self._refuse_read_only()
        await self._store(store).delete_webhook(webhook_id)

    def _refuse_read_only(self) -> None:
        if self.read_only:
            raise RefundError(
                "read_only", "This desk is read-only", "A person starts it without --read-only if it shall write"
            )

    def _store(self, name: str) -> Store:
        if not self.stores:
            raise self._missing_store or SetupError("No store is configured", "Set CLAW_API_KEY, or try --sandbox")
        if not name and len(self.stores) == 1:
            return self.stores[0]
        for store in self.stores:
            if store.name == name:
                return store
        names = ", ".join(store.name for store in self.stores)
        raise InvalidArgument("store is not one of the configured ones", f"Use one of: {names}", field="store")

    def _moment(self, text: str, field: str, of_day: time) -> datetime | None:
        """A time, or a whole day in the desk's own zone, that an assistant wrote."""
        if not text:
            return None
        try:
            if len(text) == 10:
                return datetime.combine(date.fromisoformat(text), of_day, self._now().tzinfo)
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise InvalidArgument(
                f"{field} is neither a day nor a time with its zone",
                "Write 2026-01-31, or 2026-01-31T09:00:00Z",
                field=field,
            )
        return moment


def _word(text: str, words: tuple[str, ...], field: str) -> str | None:
    if text and text not in words:
        raise InvalidArgument(f"{field} is not a word of this desk", f"Use one of: {', '.join(words)}", field=field)
    return text or None


def _whereabouts(order: Order) -> str:
    """One sentence on where the parcels are that a shopkeeper can pass on."""
    if order.shipments:
        numbers = [shipment.tracking_number for shipment in order.shipments if shipment.tracking_number]
        if order.status == "delivered":
            return "The parcel was delivered; if the buyer does not have it, ask the carrier."
        if numbers:
            return (
                f"{len(order.shipments)} parcel on its way."
                if len(order.shipments) == 1
                else (f"{len(order.shipments)} parcels on their way.")
            )
        return "A parcel is on record, without a tracking number yet."
    if order.items and all(item.kind == "digital" for item in order.items):
        return "Only downloads were ordered: there is no parcel. A new link can be made with regenerate_download."
    if order.status == "cancelled":
        return "The order was cancelled: there is no parcel."
    if order.payment_status in {"pending", "failed"}:
        return "The order is not paid: nothing is sent before that."
    if order.status in {"shipped", "delivered"}:
        return "It was shipped, but the shop gives no tracking for it."
    return "It is not shipped yet: tracking appears once the parcel leaves."
