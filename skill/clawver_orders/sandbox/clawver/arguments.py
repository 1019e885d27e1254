"""What is asked of Clawver's API: reads limits, cursors, tokens and bodies, and refuses what is none."""

import base64
import hmac
import json
from typing import Any, Final
from urllib.parse import urlsplit

from ..dialect import Call
from .bodies import EVENTS

_EVENT_NAMES: Final = frozenset(
    {*EVENTS.values(), "order.fulfillment_failed", "review.received", "review.responded"}
)
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class DeniedError(Exception):
    """The call is answered with an error envelope of this HTTP status."""

    def __init__(self, status: int, message: str, details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details


def limit(call: Call) -> int:
    """How many rows are wanted: 1 to 100, 20 where nothing is said."""
    text = call.query.get("limit", "20")
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        raise DeniedError(400, "limit must be a whole number from 1 to 100", {"field": "limit"})
    return int(text)


def cursor_after(order_id: str) -> str:
    """The cursor of the page after this order."""
    return base64.urlsafe_b64encode(order_id.encode()).decode().rstrip("=")


def after_cursor(call: Call, order_ids: list[str]) -> int:
    """Where the page that is asked for starts among these orders."""
    cursor = call.query.get("cursor")
    if not cursor:
        return 0
    try:
        order_id = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        return order_ids.index(order_id) + 1
    except ValueError as error:
        raise DeniedError(400, "cursor is not known", {"field": "cursor"}) from error


def check_token(call: Call, token: str | None) -> None:
    """Whether the call carries this token."""
    given = call.query.get("token")
    if not given:
        raise DeniedError(401, "token is required")
    if token is None or not hmac.compare_digest(given.encode(), token.encode()):
        raise DeniedError(403, "token is not valid for this")


def refund(call: Call) -> tuple[int, str]:
    """The amount in cents and the reason of a refund."""
    body = _json_object(call)
    amount, reason = body.get("amountInCents"), body.get("reason")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise DeniedError(400, "amountInCents must be a positive integer", {"field": "amountInCents"})
    if not isinstance(reason, str) or not reason.strip():
        raise DeniedError(400, "reason is required", {"field": "reason"})
    return amount, reason


def webhook(call: Call) -> tuple[str, tuple[str, ...], str]:
    """The address, the events and the secret of a new webhook."""
    body = _json_object(call)
    url, events, secret = body.get("url"), body.get("events"), body.get("secret")
    if not isinstance(url, str) or not _acceptable(url):
        raise DeniedError(400, "url must be https, or http on this machine", {"field": "url"})
    if not isinstance(events, list) or not events or not all(_is_event(name) for name in events):
        raise DeniedError(400, "events must name at least one known event", {"field": "events"})
    if not isinstance(secret, str) or len(secret) < 16:
        raise DeniedError(400, "secret must have at least 16 characters", {"field": "secret"})
    return url, tuple(events), secret


def _is_event(name: object) -> bool:
    return isinstance(name, str) and name in _EVENT_NAMES


def _acceptable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _json_object(call: Call) -> dict[str, Any]:
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise DeniedError(400, "Content-Type must be application/json")
    try:
        body = json.loads(call.body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DeniedError(400, "The body is not JSON") from error
    if not isinstance(body, dict):
        raise DeniedError(400, "The body must be an object")
    return body


def _no_constant(name: str) -> object:
    raise ValueError(name)
