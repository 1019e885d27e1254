"""WooCommerce's events: ``X-WC-Webhook-Signature``, the HMAC-SHA256 of the raw body in base64 (REST API v3).

Topic and delivery id stand in headers, which are not signed. So the delivery id counts for nothing: the body's hash
is what a delivery is known by, with the topic where that is one of an order, for WooCommerce makes the body when it
sends, and tells of a new order twice with the same one: created and updated.
A new webhook is tried with a form of its number, unsigned, which wants HTTP 200.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from clawver_orders.events import Delivered
from clawver_orders.platforms.fields import json_id
from clawver_orders.platforms.signed import event_type, key_of, opened, refuse_unsigned

_OF_ORDERS: Final = frozenset({"order.created", "order.updated", "order.deleted", "order.restored"})
_PING: Final = re.compile(rb"webhook_id=[0-9]{1,20}")


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivered | None:
    """As events.Verify."""
    given = headers.get("x-wc-webhook-signature")
    if given is None and _PING.fullmatch(body):
        return None
    refuse_unsigned(
        given or "", secrets, lambda secret: base64.b64encode(hmac.digest(secret, body, "sha256")).decode()
    )
    event, topic = opened(body), event_type(headers.get("x-wc-webhook-topic"))
    return Delivered(
        key_of(body, topic if topic in _OF_ORDERS else ""),
        topic,
        json_id(event.get("id")) if topic.startswith("order.") else None,
    )
