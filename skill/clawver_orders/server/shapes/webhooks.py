"""What is told about the places where a shop sends its events."""

from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from clawver_orders.server.shapes.actions import Action
from clawver_orders.server.shapes.words import CLOSED


@with_config(CLOSED)
class Webhook(TypedDict):
    """Where the shop sends its events; without its secret."""

    id: NotRequired[str]
    url: str
    events: list[str]


@with_config(CLOSED)
class WebhookResult(TypedDict):
    """Answer of create_webhook."""

    webhook: Webhook
    action: Action


@with_config(CLOSED)
class WebhooksResult(TypedDict):
    """Answer of list_webhooks."""

    webhooks: list[Webhook]


@with_config(CLOSED)
class DeletedResult(TypedDict):
    """Answer of delete_webhook."""

    webhook_id: str
    message: str
