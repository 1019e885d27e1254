"""What it is compared with: an MCPServer as one writes it in an hour, with as many tools of the same shape.

One pooled client, typed arguments and results, the SDK's own text; nothing is checked, masked, cleaned or recorded.
Started with the address of the shop; with a port behind it, it answers over HTTP there, and to everybody.
"""

import sys
from typing import Annotated, Any

import httpx2
from mcp.server.mcpserver import MCPServer
from pydantic import Field
from typing_extensions import TypedDict

server: MCPServer[Any] = MCPServer("bare", log_level="WARNING")
client = httpx2.AsyncClient(
    base_url=sys.argv[1], headers={"Authorization": "Bearer claw_sk_test_example"}, trust_env=False
)

OrderId = Annotated[str, Field(description="Order id.")]
Text = Annotated[str, Field(description="A text.")]


class Item(TypedDict, total=False):
    """One line of an order."""

    id: str
    productId: str
    productName: str
    productType: str
    priceInCents: int
    quantity: int
    totalInCents: int
    variantId: str
    variantName: str


class Refund(TypedDict):
    """Money that went back."""

    id: str
    amountInCents: int
    reason: str
    stripeRefundId: str
    createdAt: str


class Order(TypedDict, total=False):
    """An order, in the shop's words."""

    id: str
    status: str
    paymentStatus: str
    subtotalInCents: int
    platformFeeInCents: int
    totalInCents: int
    createdAt: str
    paidAt: str | None
    customerEmail: str
    items: list[Item]
    shippingAddress: dict[str, str | None] | None
    trackingUrl: str | None
    trackingNumber: str | None
    carrier: str | None
    refunds: list[Refund]


class Download(TypedDict):
    """A link to a file."""

    downloadUrl: str
    expiresInMinutes: int
    fileName: str
    fileSizeBytes: int


class Webhook(TypedDict):
    """Where events go."""

    id: str
    url: str
    events: list[str]


async def get(path: str, **params: str) -> Any:
    answer = await client.get(path, params=params)
    answer.raise_for_status()
    return answer.json()["data"]


async def post(path: str, body: dict[str, Any]) -> Any:
    answer = await client.post(path, json=body)
    answer.raise_for_status()
    return answer.json()["data"]


@server.tool()
async def list_orders(
    *,
    status: Text = "",
    payment_status: Text = "",
    search: Text = "",
    after: Text = "",
    before: Text = "",
    limit: Annotated[int, Field(ge=1, le=100, description="At most so many.")] = 20,
    cursor: Text = "",
) -> list[Order]:
    """List orders."""
    del payment_status, search, after, before
    orders: list[Order] = (await get("/v1/orders", status=status, limit=str(limit), cursor=cursor))["orders"]
    return orders


@server.tool()
async def get_order(order_id: OrderId) -> Order:
    """Show one order."""
    order: Order = (await get(f"/v1/orders/{order_id}"))["order"]
    return order


@server.tool()
async def track_order(order_id: OrderId) -> Order:
    """Where is the parcel."""
    return await get_order(order_id)


@server.tool()
async def lookup_variants(order_id: OrderId) -> list[Item]:
    """Which size was ordered."""
    return (await get_order(order_id))["items"]


@server.tool()
async def regenerate_download(order_id: OrderId, item_id: Text, download_token: Text = "") -> Download:
    """Make a new download link."""
    del download_token
    download: Download = await get(f"/v1/orders/{order_id}/download/{item_id}")
    return download


@server.tool()
async def get_public_order(order_id: OrderId, token: Text) -> Order:
    """Show an order as its buyer sees it."""
    order: Order = (await get(f"/v1/orders/{order_id}/public", token=token))["order"]
    return order


@server.tool()
async def get_receipt(checkout_id: Text, show_tokens: bool = False) -> dict[str, Any]:
    """Show the receipt of a checkout."""
    del show_tokens
    receipt: dict[str, Any] = await get(f"/v1/checkout/{checkout_id}/receipt")
    return receipt


@server.tool()
async def prepare_refund(order_id: OrderId, amount: Text, reason: Text, another: bool = False) -> Refund:
    """Prepare a refund."""
    del another
    return Refund(id=order_id, amountInCents=int(amount), reason=reason, stripeRefundId="", createdAt="")


@server.tool()
async def execute_refund(refund_id: Text) -> Order:
    """Send a refund."""
    order: Order = (await post(f"/v1/orders/{refund_id}/refund", {"amountInCents": 1, "reason": ""}))["order"]
    return order


@server.tool()
async def check_refund(refund_id: Text = "", order_id: Text = "") -> list[Refund]:
    """What became of a refund."""
    return (await get_order(order_id or refund_id))["refunds"]


@server.tool()
async def create_webhook(url: Text, events: Annotated[list[str], Field(description="Which events.")]) -> Webhook:
    """Register a webhook."""
    webhook: Webhook = (await post("/v1/webhooks", {"url": url, "events": events}))["webhook"]
    return webhook


@server.tool()
async def list_webhooks() -> list[Webhook]:
    """List webhooks."""
    webhooks: list[Webhook] = (await get("/v1/webhooks"))["webhooks"]
    return webhooks


@server.tool()
async def delete_webhook(webhook_id: Text) -> dict[str, str]:
    """Remove a webhook."""
    (await client.delete(f"/v1/webhooks/{webhook_id}")).raise_for_status()
    return {"id": webhook_id}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        server.run("streamable-http", port=int(sys.argv[2]))
    else:
        server.run()
