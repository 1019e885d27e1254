"""What WooCommerce sends of its own accord: the order as REST v3 shows it, signed in base64."""

import base64
import hashlib
import hmac
import json
from typing import Final

from ..dialect import Delivery
from ..shop import Event, Shop, Webhook
from . import v3_bodies
from .books import Books

TOPICS: Final = ("order.created", "order.updated")


def deliveries(books: Books, shop: Shop, event: Event) -> list[Delivery]:
    """One for each destination that wants the topic."""
    topic = TOPICS[0] if event.name == "created" else TOPICS[1]
    told = [
        (number, webhook)
        for number, webhook in enumerate(shop.webhooks.values(), 1)
        if topic in (webhook.events or TOPICS)
    ]
    if not told:
        return []  # showing an order gives its parts their numbers
    text = json.dumps(v3_bodies.order(books, event.order), ensure_ascii=False, separators=(",", ":"))
    body = text.encode()
    return [
        Delivery(webhook.id, webhook.url, topic, body, _headers(webhook, number, topic, event, body))
        for number, webhook in told
    ]


def _headers(webhook: Webhook, number: int, topic: str, event: Event, body: bytes) -> dict[str, str]:
    resource, _, name = topic.partition(".")
    # Of the webhook's number and the second, as WooCommerce makes it: two events of one second share it.
    delivery = hashlib.md5(f"{number}{int(event.at.timestamp())}".encode(), usedforsecurity=False).hexdigest()
    signature = hmac.digest(webhook.secret.encode(), body, "sha256")
    return {
        "content-type": "application/json",
        "user-agent": "WooCommerce/10.5.0 Hookshot (WordPress/6.9)",
        "x-wc-webhook-source": "https://shop.example/",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": name,
        "x-wc-webhook-signature": base64.b64encode(signature).decode(),
        "x-wc-webhook-id": str(number),
        "x-wc-webhook-delivery-id": delivery,
    }
