"""Tools that look at orders, and what a buyer gets of them."""

from typing import Annotated

from mcp_types import CallToolResult
from pydantic import Field

from clawver_orders.desk import Desk
from clawver_orders.server import render, results, shapes
from clawver_orders.server.tools.made import READ, Made, OrderId, StoreName, StoreOrAll, teller

ItemId = Annotated[str, Field(description="Item id, from get_order.")]
Status = Annotated[str, Field(description="Stage of the order.")]
PaymentStatus = Annotated[str, Field(description="pending means unpaid.")]
FulfillmentStatus = Annotated[str, Field(description="Sent or not.")]
PaymentMethod = Annotated[str, Field(description="In the shop's word.")]
Search = Annotated[str, Field(description="Buyer's e-mail, or order ids with commas.")]
After = Annotated[str, Field(description="From this day or time: 2026-01-31 or RFC 3339.")]
Before = Annotated[str, Field(description="Up to this day or time.")]
DateField = Annotated[str, Field(description="For after and before.")]
Sort = Annotated[str, Field(description="Which first.")]
Limit = Annotated[int, Field(ge=1, le=100, description="At most so many.")]
Cursor = Annotated[str, Field(description="next_cursor of the last answer.")]
OrderKey = Annotated[str, Field(description="To open it as its buyer.")]
BillingEmail = Annotated[str, Field(description="The buyer's.")]
BuyerDownloadToken = Annotated[str, Field(description="The buyer's token, to act as the buyer.")]
StatusToken = Annotated[str, Field(description="The buyer's status token.")]
CheckoutId = Annotated[str, Field(description="Checkout id.")]
ShowTokens = Annotated[bool, Field(description="Unmask them.")]
TransactionId = Annotated[str, Field(description="Only this one.")]


def tools(desk: Desk) -> tuple[Made, ...]:
    """What looks at orders."""
    tell = teller(desk)
    several = len(desk.stores) > 1

    async def list_orders(
        *,
        store: StoreOrAll = "",
        status: Status = "",
        payment_status: PaymentStatus = "",
        fulfillment_status: FulfillmentStatus = "",
        payment_method: PaymentMethod = "",
        search: Search = "",
        after: After = "",
        before: Before = "",
        date_field: DateField = "",
        sort: Sort = "",
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
                fulfillment_status=fulfillment_status,
                payment_method=payment_method,
                search=search,
                after=after,
                before=before,
                date_field=date_field,
                sort=sort,
                limit=limit,
                cursor=cursor,
            ),
            several=several,
        )
        return tell(found, render.listing(found))

    async def get_order(
        order_id: OrderId, order_key: OrderKey = "", billing_email: BillingEmail = "", store: StoreName = ""
    ) -> CallToolResult:
        """Show one order: items, size, totals, money back so far and left, parcel, customer (masked)."""
        found = await desk.get_order(store, order_id, order_key=order_key, billing_email=billing_email)
        order = results.order(found, full=desk.customer_data == "full")
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

    async def count_orders(store: StoreOrAll = "") -> CallToolResult:
        """How many orders: unpaid, to send, done, cancelled."""
        counts = results.counted(await desk.count_orders(store), several=several)
        return tell(counts, render.counted(counts))

    async def list_transactions(
        order_id: OrderId, transaction_id: TransactionId = "", store: StoreName = ""
    ) -> CallToolResult:
        """List an order's payments and refunds."""
        found = results.transactions(await desk.list_transactions(store, order_id, transaction_id))
        return tell(found, render.transactions(found))

    return (
        Made(list_orders, READ, shapes.ListingResult, "list_orders"),
        Made(get_order, READ, shapes.OrderResult, "get_order"),
        Made(track_order, READ, shapes.TrackingResult, "track_order"),
        Made(lookup_variants, READ, shapes.VariantsResult, "lookup_variants"),
        Made(regenerate_download, READ, shapes.DownloadResult, "regenerate_download"),
        Made(get_public_order, READ, shapes.PublicOrderResult, "get_public_order"),
        Made(get_receipt, READ, shapes.ReceiptResult, "get_receipt"),
        Made(count_orders, READ, shapes.CountsResult, "count_orders"),
        Made(list_transactions, READ, shapes.TransactionsResult, "list_transactions"),
    )
