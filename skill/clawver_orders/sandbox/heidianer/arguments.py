"""What is asked of Heidianer's API: reads filters, pages and bodies, and refuses what is none."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from ..dialect import Call
from ..orders import Order
from . import bodies
from .bodies import FULFILLMENTS, PAYMENTS, STATES

PAGE_SIZE: Final = 10
_MOST: Final = 100
_TIMES: Final[Mapping[str, Callable[[Order], datetime | None]]] = {
    "created_at": lambda order: order.created_at,
    "updated_at": lambda order: order.updated_at or order.created_at,
    "paid_at": lambda order: order.paid_at,
}
_WORDS: Final[Mapping[str, tuple[Callable[[Order], str], tuple[str, ...]]]] = {
    "order_status": (bodies.order_status, STATES),
    "financial_status": (bodies.financial_status, PAYMENTS),
    "fulfillment_status": (bodies.fulfillment_status, FULFILLMENTS),
}
_TEXTS: Final[Mapping[str, Callable[[Order], str]]] = {
    "id": lambda order: str(order.number),
    "order_number": bodies.order_number,
}


class DeniedError(Exception):
    """The call is answered with this HTTP status and body."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


def wrong(field: str, message: str) -> DeniedError:
    """A value that is not accepted, told per field."""
    return DeniedError(400, {field: [message]})


def detail(status: int, message: str) -> DeniedError:
    """A refusal in one sentence."""
    return DeniedError(status, {"detail": message})


def found(call: Call, orders: list[Order]) -> list[Order]:
    """The orders that the call's filters are about, in the order that it asks for."""
    kept = orders
    for name, value in call.query.items():
        if name not in ("page", "page_size", "order_by"):
            holds = _filter(name, value)
            kept = [order for order in kept if holds(order)] if holds else kept
    return _ordered(kept, call.query.get("order_by", "-created_at"))


def _filter(name: str, value: str) -> Callable[[Order], bool] | None:
    """What one parameter asks of an order; None for a parameter that the shop does not know and passes over."""
    field, _, way = name.partition("__")
    wanted = value.split(",") if way == "in" else [value]
    if field in _WORDS and way in ("", "in"):
        read, known = _WORDS[field]
        if not set(wanted) <= set(known):
            raise wrong(name, f"Select a valid choice. {value} is not one of the available choices.")
        return lambda order: read(order) in wanted
    if field in _TEXTS and way in ("", "in"):
        if field == "id" and not all(part.isascii() and part.isdigit() for part in wanted):
            raise wrong(name, "Enter a number.")
        text = _TEXTS[field]
        return lambda order: text(order) in wanted
    if field in _TIMES and way in ("gte", "lte"):
        limit, at = _time(name, value), _TIMES[field]
        later = way == "gte"
        return lambda order: (said := at(order)) is not None and (said >= limit if later else said <= limit)
    if name == "customer":
        return lambda order: str(bodies.customer_id(order)) == value
    if name == "customer__mobile":
        return lambda order: order.customer.phone == value
    return None


def _time(name: str, value: str) -> datetime:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", value):
        raise wrong(name, "Enter a valid date/time.")
    try:
        return datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as error:
        raise wrong(name, "Enter a valid date/time.") from error


def _ordered(orders: list[Order], by: str) -> list[Order]:
    falling, field = by.startswith("-"), by.removeprefix("-")
    if field == "id" and not falling:
        return sorted(orders, key=lambda order: order.number)
    if field not in _TIMES:
        raise wrong("order_by", f"Select a valid choice. {by} is not one of the available choices.")
    at = _TIMES[field]
    dated = [order for order in orders if at(order) is not None]
    undated = [order for order in orders if at(order) is None]
    key: Callable[[Order], Any] = lambda order: (at(order), order.number)  # noqa: E731 - only here, and short
    return [*sorted(dated, key=key, reverse=falling), *undated]


def page(call: Call) -> tuple[int, int]:
    """Which page is wanted, from 1, and how long it is."""
    number, size = call.query.get("page", "1"), call.query.get("page_size", str(PAGE_SIZE))
    if not _counts(number):
        raise detail(404, "Invalid page.")
    return int(number), min(int(size), _MOST) if _counts(size) else PAGE_SIZE


def _counts(text: str) -> bool:
    return bool(re.fullmatch(r"[1-9][0-9]{0,6}", text))


def comment(call: Call) -> str:
    """The text of a comment."""
    return _text(json_object(call), "comment")


def comment_change(call: Call) -> tuple[int, str]:
    """Which comment is rewritten, and how."""
    body = json_object(call)
    number = body.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise wrong("id", "A valid integer is required.")
    if not isinstance(body.get("metafield", {}), dict):
        raise wrong("metafield", "Value must be an object.")
    return number, _text(body, "comment")


def reason(call: Call) -> str:
    """Why an order is cancelled; may be left out."""
    value = json_object(call).get("reason", "")
    if not isinstance(value, str):
        raise wrong("reason", "Not a valid string.")
    return value


def adjustment(call: Call) -> int:
    """By how much a price is changed, in fen; signed."""
    value = json_object(call).get("total_price_adjustment")
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,8}(\.[0-9]{1,2})?", value):
        raise wrong("total_price_adjustment", "A valid number is required.")
    return int(Decimal(value) * 100)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise wrong(name, "This field may not be blank." if value == "" else "This field is required.")
    return value


def json_object(call: Call) -> dict[str, Any]:
    """The body; an empty one is an object without anything."""
    try:
        body = json.loads(call.body) if call.body else {}
    except (ValueError, RecursionError) as error:
        raise detail(400, "JSON parse error") from error
    if not isinstance(body, dict):
        raise DeniedError(400, {"non_field_errors": ["Invalid data. Expected a dictionary."]})
    return body
