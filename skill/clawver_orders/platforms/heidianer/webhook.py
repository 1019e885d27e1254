"""Heidianer's events: the SHA-256 of the raw body and the secret, one after the other, in hex; no HMAC.

The webhook page of docs.heidianer.com has ``X-HeyShop-Sha256`` in capitals; the vendor's older samples have
``X-HeyShop-Hmac-Sha256`` in small letters, signed alike. The event's name stands in a header, which is not signed.
"""

import hashlib
from collections.abc import Mapping, Sequence

from clawver_orders.events import Delivered
from clawver_orders.platforms.fields import json_id, json_object
from clawver_orders.platforms.signed import event_type, key_of, opened, refuse_unsigned


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivered:
    """As events.Verify."""
    given = headers.get("x-heyshop-sha256") or headers.get("x-heyshop-hmac-sha256", "")
    # Some letters that are not ASCII have capitals that are: the ligature of two f is FF then.
    given = given.upper() if given.isascii() else ""
    refuse_unsigned(given, secrets, lambda secret: hashlib.sha256(body + secret).hexdigest().upper())
    event, name = opened(body), event_type(headers.get("x-heyshop-event"))
    about = json_object(event.get("data")) or event
    return Delivered(key_of(body), name, json_id(about.get("id")) if name.startswith("order") else None)
