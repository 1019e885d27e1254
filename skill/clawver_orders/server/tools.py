"""The tools: each a signature, a description and one call on the desk.

A docstring here is product text: it is what a model reads and what hosts search for words. So is what stands in
an argument's ``Field``.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Resolve
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field, TypeAdapter

from clawver_orders import approvals
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent
from clawver_orders.server import forms, render, results, shapes
from clawver_orders.server.strict import strict
from clawver_orders.store import Capabilities, Operation

_READ = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
_PREPARE = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)
_EXECUTE = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True)

StoreName = Annotated[str, Field(description="Which store.")]
OrderId = Annotated[str, Field(description="Order id.")]
ItemId = Annotated[str, Field(description="Item id, from get_order.")]
Status = Annotated[str, Field(description="Stage of the order.")]
PaymentStatus = Annotated[str, Field(description="pending means unpaid.")]
Search = Annotated[str, Field(description="Buyer's e-mail, or order ids with commas.")]
After = Annotated[str, Field(description="From this day or time: 2026-01-31 or RFC 3339.")]
Before = Annotated[str, Field(description="Up to this day or time.")]
Limit = Annotated[int, Field(ge=1, le=100, description="At most so many.")]
Cursor = Annotated[str, Field(description="next_cursor of the last answer.")]
BuyerDownloadToken = Annotated[str, Field(description="The buyer's token, to act as the buyer.")]
StatusToken = Annotated[str, Field(description="The buyer's status token.")]
CheckoutId = Annotated[str, Field(description="Checkout id.")]
ShowTokens = Annotated[bool, Field(description="Unmask them.")]
Amount = Annotated[str, Field(description='"24.99 USD", or "full" for all that is left.')]
Reason = Annotated[str, Field(description="Why, in a few words.")]
Another = Annotated[bool, Field(description="A second refund of the same amount.")]
RefundId = Annotated[str, Field(description="From prepare_refund.")]
RefundIdOrNone = Annotated[str, Field(description="Only this refund.")]
OrderIdOrNone = Annotated[str, Field(description="Only refunds of this order.")]
Url = Annotated[str, Field(description="https, of a host the operator allowed.")]
Events = Annotated[list[str], Field(description="Which events.")]
WebhookId = Annotated[str, Field(description="From list_webhooks.")]

# A function, its hints, and the shape of what it answers.
_Made = tuple[Callable[..., Awaitable[CallToolResult]], ToolAnnotations, Any]
_OPERATIONS: Mapping[str, Operation] = {
    "list_orders": "list_orders",
    "get_order": "get_order",
    "track_order": "track_order",
    "lookup_variants": "lookup_variants",
    "regenerate_download": "regenerate_download",
    "get_public_order": "get_public_order",
    "get_receipt": "get_receipt",
    "prepare_refund": "refund",
    "execute_refund": "refund",
    "check_refund": "refund",
    "create_webhook": "webhooks",
    "list_webhooks": "webhooks",
    "delete_webhook": "webhooks",
}
_STORE_IS_OPTIONAL = frozenset({"list_orders", "check_refund"})


def tools(desk: Desk, capabilities: Sequence[Capabilities]) -> list[Tool]:
    """The tools that at least one store has, with the arguments that at least one store uses.

    Args:
        desk: What they call.
        capabilities: Of the configured stores, or of those to list while none is configured.
    """
    operations = frozenset[Operation]().union(*(one.operations for one in capabilities))
    words = {
        "store": [store.name for store in desk.stores],
        "status": _all_words(one.statuses for one in capabilities),
        "payment_status": _all_words(one.payment_statuses for one in capabilities),
        "events": _all_words(one.webhook_events for one in capabilities),
    }
    hidden = {name for name, known in words.items() if not known}
    if len(desk.stores) < 2:
        hidden.add("store")
    adapter = cache(lambda shape: TypeAdapter(shapes.of_sandbox(shape) if desk.sandbox else shape))
    return [
        strict(
            function,
            annotations,
            results=adapter(shape),
            hidden=hidden,
            required=() if function.__name__ in _STORE_IS_OPTIONAL else {"store"},
            words=words,
        )
        for function, annotations, shape in (*_orders(desk), *_refunds(desk), *_webhooks(desk))
        if _OPERATIONS[function.__name__] in operations and (annotations is _READ or not desk.read_only)
    ]


def _all_words(lists: Any) -> list[str]:
    return list(dict.fromkeys(word for words in lists for word in words))


def _teller(desk: Desk) -> Callable[[Mapping[str, Any], str], CallToolResult]:
    def tell(result: Mapping[str, Any], text: str) -> CallToolResult:
        if desk.sandbox:
            result = {"sandbox": True, **result}
            text = f"{render.SANDBOX}\n{text}"
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=dict(result))

    return tell


def _orders(desk: Desk) -> tuple[_Made, ...]:
    tell = _teller(desk)
    several = len(desk.stores) > 1

    async def list_orders(
        *,
        store: StoreName = "",
        status: Status = "",
        payment_status: PaymentStatus = "",
        search: Search = "",
        after: After = "",
        before: Before = "",
        limit: Limit = 20,
        cursor: Cursor = "",
    ) -> CallToolResult:
        """Find orders, newest first: new, unpaid, paid, shipped, a buyer's.

        For new sales ask payment_status=paid with after: digital orders skip stages. All of one order: get_order.
        """
        found = results.listing(
            await desk.list_orders(
                store,
                status=status,
                payment_status=payment_status,
                search=search,
                after=after,
                before=before,
                limit=limit,
                cursor=cursor,
            ),
            several=several,
        )
        return tell(found, render.listing(found))

    async def get_order(order_id: OrderId, store: StoreName = "") -> CallToolResult:
        """Show one order: items, size, totals, money back so far and left, parcel, customer (masked)."""
        order = results.order(await desk.get_order(store, order_id), full=desk.customer_data == "full")
        return tell(order, render.order(order))

    async def track_order(order_id: OrderId, store: StoreName = "") -> CallToolResult:
        """Where is the parcel: carrier, tracking number, link, and what to tell the buyer."""
        tracking = results.tracking(await desk.track_order(store, order_id))
        return tell(tracking, render.tracking(tracking))

    async def lookup_variants(order_id: OrderId, store: StoreName = "") -> CallToolResult:
        """Which size, colour or variant was ordered, when a buyer says it is the wrong size or item."""
        variants = results.variants(await desk.lookup_variants(store, order_id))
        return tell(variants, render.variants(variants))

    async def regenerate_download(
        order_id: OrderId, item_id: ItemId, download_token: BuyerDownloadToken = "", store: StoreName = ""
    ) -> CallToolResult:
        """Make a new download link for a digital item whose link expired or was lost. For its buyer only."""
        download = results.download(await desk.regenerate_download(store, order_id, item_id, download_token))
        return tell(download, render.download(download))

    async def get_public_order(order_id: OrderId, token: StatusToken, store: StoreName = "") -> CallToolResult:
        """Show an order as its buyer sees it, by status token. With the shop's key use get_order."""
        order = results.public_order(await desk.get_public_order(store, order_id, token), several=several)
        return tell(order, render.public_order(order))

    async def get_receipt(
        checkout_id: CheckoutId, show_tokens: ShowTokens = False, store: StoreName = ""
    ) -> CallToolResult:
        """Show the receipt of a checkout: its orders, items and the buyer's tokens (masked)."""
        receipt = results.receipt(await desk.get_receipt(store, checkout_id), show_tokens=show_tokens)
        return tell(receipt, render.receipt(receipt))

    return (
        (list_orders, _READ, shapes.ListingResult),
        (get_order, _READ, shapes.OrderResult),
        (track_order, _READ, shapes.TrackingResult),
        (lookup_variants, _READ, shapes.VariantsResult),
        (regenerate_download, _READ, shapes.DownloadResult),
        (get_public_order, _READ, shapes.PublicOrderResult),
        (get_receipt, _READ, shapes.ReceiptResult),
    )


def _refunds(desk: Desk) -> tuple[_Made, ...]:
    tell = _teller(desk)

    async def asked(ctx: Context[Any, Any], refund_id: str) -> Any:
        return await forms.ask(ctx, await approvals.question(desk, refund_id=refund_id))

    async def consent(outcome: Annotated[forms.Outcome, Resolve(asked)]) -> Consent | None:
        return forms.consent(outcome)

    async def prepare_refund(
        order_id: OrderId, amount: Amount, reason: Reason, another: Another = False, store: StoreName = ""
    ) -> CallToolResult:
        """First step of money back: checks order and amount, moves nothing.

        Tell the person which order, how much and what is left, then call execute_refund.
        """
        refund = results.refund(await desk.prepare_refund(store, order_id, amount, reason, another))
        return tell(refund, render.refund(refund))

    async def execute_refund(
        refund_id: RefundId, consent: Annotated[Consent | None, Resolve(consent)]
    ) -> CallToolResult:
        """Second step: sends a prepared refund once a person approved it.

        Calling again never pays twice. If the outcome is unknown do not prepare another: check_refund.
        """
        refund = results.refund(await desk.execute_refund(refund_id, consent))
        return tell(refund, render.refund(refund))

    async def check_refund(
        store: StoreName = "", refund_id: RefundIdOrNone = "", order_id: OrderIdOrNone = ""
    ) -> CallToolResult:
        """What became of a refund: looks at the shop, sends nothing. Without arguments: all open ones."""
        refunds = results.refunds(await desk.check_refund(store, refund_id, order_id))
        return tell(refunds, render.refunds(refunds))

    return (
        (prepare_refund, _PREPARE, shapes.RefundResult),
        (execute_refund, _EXECUTE, shapes.RefundResult),
        (check_refund, _READ, shapes.RefundsResult),
    )


def _webhooks(desk: Desk) -> tuple[_Made, ...]:
    tell = _teller(desk)

    async def asked(ctx: Context[Any, Any], store: str, url: str, events: list[str]) -> Any:
        question = await approvals.webhook_question(desk, store=store, url=url, events=tuple(events))
        return await forms.ask(ctx, question)

    async def consent(outcome: Annotated[forms.Outcome, Resolve(asked)]) -> Consent | None:
        return forms.consent(outcome)

    async def create_webhook(
        url: Url, events: Events, consent: Annotated[Consent | None, Resolve(consent)], store: StoreName = ""
    ) -> CallToolResult:
        """Have the shop send its events to a URL, once a person approved it. The secret stays here."""
        registration = results.registration(await desk.create_webhook(store, url, tuple(events), consent))
        return tell(registration, render.registration(registration))

    async def list_webhooks(store: StoreName = "") -> CallToolResult:
        """List where the shop sends its events."""
        webhooks = results.webhooks(await desk.list_webhooks(store))
        return tell(webhooks, render.webhooks(webhooks))

    async def delete_webhook(webhook_id: WebhookId, store: StoreName = "") -> CallToolResult:
        """Remove a webhook: the shop stops sending events there, for good."""
        await desk.delete_webhook(store, webhook_id)
        deleted = results.deleted(webhook_id)
        return tell(deleted, render.deleted(deleted))

    return (
        (create_webhook, _PREPARE, shapes.WebhookResult),
        (list_webhooks, _READ, shapes.WebhooksResult),
        (delete_webhook, _EXECUTE, shapes.DeletedResult),
    )
