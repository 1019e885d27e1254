"""WooCommerce's events: ``X-WC-Webhook-Signature``, the HMAC-SHA256 of the raw body in base64 (REST API v3).

Topic and delivery id stand in headers, which are not signed. A delivery id is a hash of the webhook's number and
the second, so two events of one second share it: only with the body's hash does it name one delivery.
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
        key_of(body, headers.get("x-wc-webhook-delivery-id", "")),
        topic,
        json_id(event.get("id")) if topic.startswith("order.") else None,
    )
