"""Tools for the places where a shop sends its events."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, Resolve
from mcp_types import CallToolResult
from pydantic import Field

from clawver_orders import approvals
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent
from clawver_orders.server import forms, render, results, shapes
from clawver_orders.server.tools.made import DESTROY_AGAIN, READ, WRITE, Made, StoreName, teller

Url = Annotated[str, Field(description="https, of a host the operator allowed.")]
Events = Annotated[list[str], Field(description="Which events.")]
WebhookId = Annotated[str, Field(description="From list_webhooks.")]


def tools(desk: Desk) -> tuple[Made, ...]:
    """What registers, lists and removes webhooks."""
    tell = teller(desk)

    async def asked(ctx: Context[Any, Any], store: str, url: str, events: list[str]) -> Any:
        question = await approvals.webhook_question(desk, store=store, url=url, events=tuple(events))
        return await forms.ask(ctx, question)

    async def create_webhook(
        url: Url,
        events: Events,
        consent: Annotated[Consent | None, Resolve(forms.consented(asked))],
        store: StoreName = "",
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
        Made(create_webhook, WRITE, shapes.WebhookResult, "webhooks"),
        Made(list_webhooks, READ, shapes.WebhooksResult, "webhooks"),
        Made(delete_webhook, DESTROY_AGAIN, shapes.DeletedResult, "webhooks"),
    )
