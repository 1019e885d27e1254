"""What the shop's clerk does: one method per tool, over any store."""

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from datetime import datetime
from typing import Literal

import anyio

from clawver_orders.desk import arguments, hearing, listing
from clawver_orders.desk.abilities import Abilities, refuse_unused
from clawver_orders.desk.actions import Actions
from clawver_orders.desk.asking import Asking
from clawver_orders.desk.moves import Moves
from clawver_orders.desk.refunding import Refunding
from clawver_orders.desk.results import (
    Acted,
    Commented,
    Consent,
    Counted,
    Listing,
    Refund,
    Registration,
    StoreCounts,
    Tracking,
    Transactions,
    Variants,
)
from clawver_orders.desk.tracking import whereabouts
from clawver_orders.desk.webhooks import DropSecrets, KeepSecret, Secrets, Webhooks
from clawver_orders.desk.whose import A_PERSON, Whose
from clawver_orders.errors import DeskError, RefundError, SetupError
from clawver_orders.events import Inbox, Received
from clawver_orders.order import Counts, Download, Order, Receipt, Webhook
from clawver_orders.refunds.limits import NO_LIMITS, Limits
from clawver_orders.refunds.machine import Act, Ledger, Move
from clawver_orders.store import Store

__all__ = ["Desk"]


async def _nothing_is_kept(_store: str, _is_over: Callable[[str], Awaitable[bool]]) -> None:
    """Where nothing receives events."""


class Desk:
    """The order desk of one or several stores.

    Arguments are plain strings, where an empty one means that nothing was said. Every method raises a DeskError
    where it cannot do what it was asked.

    Args:
        stores: The configured shops; may be empty, then every method says how to set one up.
        ledger: The durable record of money moves.
        inbox: The durable list of what the shops told.
        now: The wall clock, in the zone that a day is meant in.
        awake: Seconds of a clock that also counts while the machine sleeps.
        keep_secret: Keeps a webhook's signing secret: store, action id, secret.
        drop_secrets: Removes those of a store whose action, by its id, is said to be over.
        sandbox: Whether the shops are made up.
        read_only: Whether every write is refused.
        trust_forms: Whether a form of the assistant's program counts as a person's yes; None: while no PIN is set.
        approval_address: Where a person can answer for a prepared move, if there is such a page.
        customer_data: Whether one order shows its buyer in full.
        allowed_hosts: Where webhooks may point.
        limits: How much may move, and whether the assistant may confirm.
        approve_with: What a person types to say yes, without the id.
        approved_here: Whether they do on the computer that the assistant's program runs on.
        missing_store: What is told while no store is configured.
        whose: Who stands before it.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        ledger: Ledger,
        inbox: Inbox,
        *,
        now: Callable[[], datetime],
        awake: Callable[[], float],
        keep_secret: KeepSecret,
        drop_secrets: DropSecrets = _nothing_is_kept,
        sandbox: bool = False,
        read_only: bool = False,
        trust_forms: bool | None = None,
        customer_data: Literal["masked", "full"] = "masked",
        allowed_hosts: frozenset[str] = frozenset(),
        limits: Limits = NO_LIMITS,
        approval_address: Callable[[Move], Awaitable[str | None]] | None = None,
        approve_with: str = "clawver-orders approve",
        approved_here: bool = True,
        missing_store: SetupError | None = None,
        whose: Whose = A_PERSON,
    ) -> None:
        self.abilities = Abilities(stores, missing_store)
        self.sandbox = sandbox
        self.read_only = read_only
        self.trust_forms = trust_forms
        self.customer_data: Literal["masked", "full"] = customer_data
        self.inbox = inbox
        self._now = now
        self.moves = Moves(ledger, now, awake, limits)
        self._asking = Asking(approve_with, approval_address, approved_here)
        self._allowed_hosts = allowed_hosts
        self._secrets = Secrets(keep_secret, drop_secrets)
        self._stand_before(whose)

    def _stand_before(self, whose: Whose) -> None:
        named = self.abilities.named
        self.refunds = Refunding(self.moves, named, self._asking, whose)
        self.actions = Actions(self.moves, named, self._asking, whose)
        self.webhooks = Webhooks(self.moves, self._allowed_hosts, self._secrets, self._asking, whose)

    def before(self, whose: Whose, *, read_only: bool, trust_forms: bool | None) -> "Desk":
        """This very desk, its record and its connections, as somebody else has it before them.

        Args:
            whose: Who; a desk has no other stores for them than theirs.
            read_only: Whether every write is refused; what this desk refuses anyway stays refused.
            trust_forms: As of a new desk.
        """
        theirs = copy(self)
        stores = [store for store in self.stores if whose.stores is None or store.name in whose.stores]
        none = SetupError(
            "None of the stores that you were let in for is configured",
            "Ask a person for a token for the stores that there are: clawver-orders tokens add",
        )
        theirs.abilities = Abilities(stores, none if self.stores else self.abilities.missing)
        theirs.read_only = self.read_only or read_only
        theirs.trust_forms = trust_forms
        theirs._stand_before(whose)  # noqa: SLF001 - a desk, too
        return theirs

    def in_flight(self) -> int:
        """How many writes are between their claim and their record at this moment."""
        return self.moves.in_flight

    @property
    def stores(self) -> tuple[Store, ...]:
        """The configured shops."""
        return self.abilities.stores

    async def list_orders(
        self,
        store: str,
        *,
        status: str = "",
        payment_status: str = "",
        fulfillment_status: str = "",
        payment_method: str = "",
        search: str = "",
        after: str = "",
        before: str = "",
        date_field: str = "",
        sort: str = "",
        limit: int = 20,
        cursor: str = "",
    ) -> Listing:
        """Orders of one store, or of all. ``after`` and ``before`` are days or times, both inclusive."""
        query = arguments.query(
            status=status,
            payment_status=payment_status,
            fulfillment_status=fulfillment_status,
            payment_method=payment_method,
            search=search,
            after=after,
            before=before,
            date_field=date_field,
            sort=sort,
            limit=limit,
            cursor=cursor,
            zone=self._now().tzinfo,
        )
        if not store and len(self.stores) > 1:
            return await listing.of_all(self.abilities.every("list_orders"), query)
        asked = self.abilities.able(store, "list_orders")
        refuse_unused(asked, listing.arguments(query))
        arguments.refuse_fulfillment(fulfillment_status, asked.capabilities)
        page = await asked.list_orders(query)
        return Listing(page.orders, page.next_cursor, page.total, page.notes)

    async def get_order(self, store: str, order_id: str, *, order_key: str = "", billing_email: str = "") -> Order:
        """One order with all that the shop says of it; with a buyer's key and e-mail, as its buyer opens it."""
        asked = self.abilities.able(store, "get_order")
        refuse_unused(asked, {"order_key": order_key, "billing_email": billing_email})
        if order_key or billing_email:
            return await asked.guest_order(order_id, order_key, billing_email)
        return await asked.get_order(order_id)

    async def track_order(self, store: str, order_id: str) -> Tracking:
        """Where the parcels of an order are."""
        order = await self.abilities.able(store, "track_order").get_order(order_id)
        return Tracking(order.id, order.status, order.shipments, whereabouts(order))

    async def lookup_variants(self, store: str, order_id: str) -> Variants:
        """Which size or kind of each made or shipped thing was ordered; downloads have none and are left out."""
        order = await self.abilities.able(store, "lookup_variants").get_order(order_id)
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
        return await self.abilities.able(store, "regenerate_download").download(
            order_id, item_id, download_token or None
        )

    async def get_public_order(self, store: str, order_id: str, token: str) -> Order:
        """An order as its buyer sees it."""
        return await self.abilities.able(store, "get_public_order").public_order(order_id, token)

    async def get_receipt(self, store: str, checkout_id: str) -> Receipt:
        """What a buyer got at the end of a checkout."""
        return await self.abilities.able(store, "get_receipt").receipt(checkout_id)

    async def prepare_refund(self, store: str, order_id: str, amount: str, reason: str, another: bool) -> Refund:
        """Check a refund and keep it for a person to confirm; moves nothing."""
        self._refuse_read_only()
        able = self.abilities.able(store, "refund")
        return await self.refunds.prepare(able, order_id, amount, reason, another=another)

    async def execute_refund(self, refund_id: str, consent: Consent | None) -> Refund:
        """Send a confirmed refund, once; called again it answers from the record."""
        self._refuse_read_only()
        return await self.refunds.execute(refund_id, consent)

    async def check_refund(self, store: str = "", refund_id: str = "", order_id: str = "") -> tuple[Refund, ...]:
        """How refunds stand, with plain reads of the shop where the outcome is not known."""
        if not refund_id:
            _ = self.abilities.named(store) if store else self.abilities.all()
        return await self.refunds.check(store, refund_id, order_id)

    async def cancel_order(self, store: str, order_id: str, reason: str, consent: Consent | None) -> Acted:
        """Cancel an order, once, when a person said yes. The same call again continues the same cancelling."""
        return await self._act("cancel_order", store, order_id, reason, consent)

    async def mark_order_paid(self, store: str, order_id: str, consent: Consent | None) -> Acted:
        """Mark an order as paid by other means; as cancel_order."""
        return await self._act("mark_order_paid", store, order_id, "", consent)

    async def adjust_order_price(
        self, store: str, order_id: str, adjustment: str, consent: Consent | None
    ) -> Acted:
        """Change the total of an unpaid order by ``"-20.00 CNY"`` or the like; as cancel_order."""
        return await self._act("adjust_order_price", store, order_id, adjustment, consent)

    async def _act(self, kind: Act, store: str, order_id: str, given: str, consent: Consent | None) -> Acted:
        self._refuse_read_only()
        return await self.actions.act(self.abilities.able(store, kind), kind, order_id, given, consent)

    async def action_waiting(self, kind: Act, store: str, order_id: str, given: str) -> Move:
        """The action that the tool of its kind would go on with; made if there is none yet."""
        self._refuse_read_only()
        return await self.actions.waiting(self.abilities.able(store, kind), kind, order_id, given)

    async def close_order(self, store: str, order_id: str) -> Order:
        """Say that a paid order is done."""
        self._refuse_read_only()
        able = self.abilities.able(store, "close_order")
        await able.close(order_id)
        return await able.get_order(order_id)

    async def reopen_order(self, store: str, order_id: str) -> Order:
        """Take a closed order back."""
        self._refuse_read_only()
        able = self.abilities.able(store, "reopen_order")
        await able.reopen(order_id)
        return await able.get_order(order_id)

    async def refresh_order(self, store: str, order_id: str) -> Order:
        """Have the shop ask its payment channels how an order stands; its state in the shop may change by that."""
        self._refuse_read_only()
        able = self.abilities.able(store, "refresh_order")
        await able.refresh(order_id)
        return await able.get_order(order_id)

    async def comment_order(
        self, store: str, order_id: str, comment: str, *, comment_id: str = "", as_customer: bool = False
    ) -> Commented:
        """Write a comment on an order, or rewrite one."""
        self._refuse_read_only()
        able = self.abilities.able(store, "comment_order")
        refuse_unused(able, {"comment_id": comment_id, "as_customer": as_customer})
        notes = await able.comment(
            order_id, arguments.comment(comment), comment_id=comment_id, as_customer=as_customer
        )
        return Commented(order_id, notes)

    async def count_orders(self, store: str = "") -> Counted:
        """How many orders one store has, or all, by where they stand."""
        stores = (self.abilities.able(store, "count_orders"),) if store else self.abilities.every("count_orders")
        counted: dict[str, Counts | DeskError] = {}

        async def count(one: Store) -> None:
            try:
                counted[one.name] = await one.counts()
            except DeskError as error:
                counted[one.name] = error

        async with anyio.create_task_group() as tasks:
            for one in stores:
                tasks.start_soon(count, one)
        found = [(name, counted[name]) for name in (one.name for one in stores)]
        failed = [(name, error) for name, error in found if isinstance(error, DeskError)]
        if len(failed) == len(found):
            raise failed[0][1]
        notes = [f"{name} could not be asked ({error.code}): {error.happened}." for name, error in failed]
        if not store:
            notes += [f"{one.name} cannot count its orders." for one in self.stores if one not in stores]
        return Counted(
            tuple(StoreCounts(name, counts) for name, counts in found if isinstance(counts, Counts)), tuple(notes)
        )

    async def list_transactions(self, store: str, order_id: str, transaction_id: str = "") -> Transactions:
        """The payments and refunds of an order; what the shop gave of another order is left out, and said."""
        able = self.abilities.able(store, "list_transactions")
        given = await able.transactions(order_id, transaction_id)
        ours = tuple(one for one in given if one.order_id in {None, order_id})
        left_out = [one for one in given if one not in ours]
        return Transactions(
            ours,
            tuple(f"{one.id} was left out: the shop says that it is of order {one.order_id}." for one in left_out),
        )

    async def look(self, move: Move) -> datetime | None:
        """Look at the shop for what was sent and is not settled; when to look again, if at all."""
        if move.kind == "refund":
            return (await self.refunds.look(move)).next_check_at
        return (await self.actions.look(move)).look_at

    async def create_webhook(
        self, store: str, url: str, events: tuple[str, ...], consent: Consent | None
    ) -> Registration:
        """Have the shop send its events to an address that the operator allowed and a person approved."""
        self._refuse_read_only()
        return await self.webhooks.create(self.abilities.able(store, "webhooks"), url, events, consent)

    async def webhook_waiting(self, store: str, url: str, events: tuple[str, ...]) -> Move:
        """The registration that create_webhook with these arguments would go on with; made if there is none yet."""
        return await self.webhooks.waiting(self.abilities.able(store, "webhooks"), url, events)

    async def list_webhooks(self, store: str) -> tuple[Webhook, ...]:
        """Where the shop sends its events."""
        return await self.abilities.able(store, "webhooks").list_webhooks()

    async def delete_webhook(self, store: str, webhook_id: str) -> None:
        """Stop the shop from sending events there."""
        self._refuse_read_only()
        await self.webhooks.delete(self.abilities.able(store, "webhooks"), webhook_id)

    async def list_events(
        self, store: str = "", *, order_id: str = "", of_type: str = "", after_id: str = "", limit: int = 20
    ) -> tuple[Received, ...]:
        """What one store told by itself, or all did, newest first; ``after_id`` asks for later ones only."""
        able = (self.abilities.able(store, "list_events"),) if store else self.abilities.every("list_events")
        return await hearing.listed(
            self.inbox,
            (one.name for one in able),
            order_id=order_id,
            of_type=of_type,
            after_id=after_id,
            limit=limit,
        )

    def _refuse_read_only(self) -> None:
        if self.read_only:
            raise RefundError(
                "read_only", "This desk is read-only", "A person starts it without --read-only if it shall write"
            )
