"""Clawver's events: ``X-Claw-Signature: sha256=`` and the HMAC-SHA256 of the raw body in hex (Clawver skill 1.3.0).

There is no id of the delivery and no time in the signature, so the body's hash is what a delivery is known by.
"""

import hmac
from collections.abc import Mapping, Sequence

from clawver_orders.events import Delivered
from clawver_orders.platforms.fields import json_id, json_object
from clawver_orders.platforms.signed import event_type, key_of, opened, refuse_unsigned


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivered:
    """As events.Verify."""
    refuse_unsigned(
        headers.get("x-claw-signature", ""),
        secrets,
        lambda secret: f"sha256={hmac.digest(secret, body, 'sha256').hex()}",
    )
    event = opened(body)
    data = json_object(event.get("data")) or {}
    return Delivered(key_of(body), event_type(event.get("event")), json_id(data.get("orderId")))
