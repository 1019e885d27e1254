"""Lists of REST v3: our filters in its words, and where a list goes on.

The shop filters by status, dates and search itself. Two things are looked at here, in the page that came: the whole
e-mail address, since the shop finds parts of one too, and whether part of a payment went back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from clawver_orders.errors import InvalidArgument
from clawver_orders.http import Reply
from clawver_orders.order import Order, Page, PaymentStatus, Query, Status
from clawver_orders.platforms.woocommerce.rest_v3 import ROW_FIELDS

_WORDS: Final[Mapping[Status, tuple[str, ...]]] = {
    "pending": ("pending", "on-hold", "checkout-draft"),
    "processing": ("processing",),
    "completed": ("completed",),
    "cancelled": ("cancelled",),
    "failed": ("failed",),
}
_PAYMENT_WORDS: Final[Mapping[PaymentStatus, tuple[str, ...]]] = {
    "pending": ("pending", "on-hold", "checkout-draft"),
    "paid": ("processing", "completed"),
    "failed": ("failed",),
    "refunded": ("refunded",),
}
STATUSES: Final[tuple[Status, ...]] = tuple(_WORDS)
PAYMENT_STATUSES: Final[tuple[PaymentStatus, ...]] = tuple(_PAYMENT_WORDS)
# What a shop that does not know parcels calls it instead.
_HINTS: Final[Mapping[str, str]] = {
    "confirmed": "A paid order is processing here",
    "shipped": "WooCommerce knows no parcels: a done order is completed here",
    "delivered": "WooCommerce knows no parcels: a done order is completed here",
}
_IDS: Final = re.compile(r"[0-9]{1,20}(?:\s*,\s*[0-9]{1,20})+", re.ASCII)
_CUSTOMER: Final = re.compile(r"customer:\s*([1-9][0-9]{0,19})", re.ASCII | re.IGNORECASE)
_CURSOR: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_MOST_IDS: Final = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a page.

    Attributes:
        params: What the shop is asked.
        start: How many orders stand before this page.
        email: The whole address that rows must have, in lower case.
        paid: Whether rows of which part went back are left out.
    """

    params: Mapping[str, str]
    start: int
    email: str | None
    paid: bool


def asked(query: Query) -> Asked | None:
    """How the shop is asked for this page; None where no order can be what is asked for.

    Raises:
        InvalidArgument: A word, date field or cursor that this platform does not know.
    """
    start = _start(query.cursor)
    params = {
        "per_page": str(query.limit),
        "orderby": "date",
        "order": "desc" if query.sort == "newest" else "asc",
        "_fields": ROW_FIELDS,
    }
    if start % query.limit:
        params["offset"] = str(start)
    else:
        params["page"] = str(start // query.limit + 1)
    words = _words(query)
    if words is not None:
        if not words:
            return None
        params["status"] = ",".join(words)
    params |= _dates(query)
    search = query.search or ""
    if ids := _IDS.fullmatch(search):
        include = [one.strip() for one in ids[0].split(",")]
        if len(include) > _MOST_IDS:
            raise InvalidArgument("search holds too many ids", f"Ask for at most {_MOST_IDS}", field="search")
        params["include"] = ",".join(include)
    elif customer := _CUSTOMER.fullmatch(search):
        params["customer"] = customer[1]
    elif search:
        params["search"] = search
    email = search.casefold() if "@" in search else None
    return Asked(params, start, email, query.payment_status == "paid")


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not _CURSOR.fullmatch(cursor):
        raise InvalidArgument("cursor is none of this list", "Use next_cursor as it was given", field="cursor")
    return int(cursor)


def _words(query: Query) -> list[str] | None:
    """The shop's words for what is asked for; None where every status is."""
    if query.fulfillment_status is not None or query.payment_method is not None:
        field = "fulfillment_status" if query.fulfillment_status is not None else "payment_method"
        raise InvalidArgument(f"WooCommerce cannot filter by {field}", "Ask by status instead", field=field)
    sets: list[tuple[str, ...]] = []
    if query.status is not None:
        if query.status not in _WORDS:
            hint = _HINTS.get(query.status, f"Use one of: {', '.join(STATUSES)}")
            raise InvalidArgument(f"WooCommerce knows no status {query.status}", hint, field="status")
        sets.append(_WORDS[query.status])
    if query.payment_status is not None:
        if query.payment_status not in _PAYMENT_WORDS:
            raise InvalidArgument(
                f"WooCommerce cannot filter by the payment status {query.payment_status}",
                f"Use one of: {', '.join(PAYMENT_STATUSES)}",
                field="payment_status",
            )
        sets.append(_PAYMENT_WORDS[query.payment_status])
    return [word for word in sets[0] if all(word in other for other in sets)] if sets else None


def _dates(query: Query) -> dict[str, str]:
    """The shop's dates leave their own second out and ours do not, so a second is added on both sides."""
    if query.date_field == "paid":
        raise InvalidArgument(
            "WooCommerce cannot filter by the time of payment", "Use created or updated", field="date_field"
        )
    prefix = "modified_" if query.date_field == "updated" else ""
    found = {}
    if query.after is not None:
        whole = query.after.replace(microsecond=0)
        ceiling = whole if whole == query.after else whole + timedelta(seconds=1)
        found[f"{prefix}after"] = _gmt(ceiling - timedelta(seconds=1))
    if query.before is not None:
        found[f"{prefix}before"] = _gmt(query.before.replace(microsecond=0) + timedelta(seconds=1))
    return found | {"dates_are_gmt": "true"} if found else found


def _gmt(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def page_of(reply: Reply, rows: int, orders: list[Order], asked: Asked, limit: int) -> Page:
    """One page of ours.

    Args:
        reply: The shop's answer: its headers say how many orders there are in all.
        rows: How many rows came, readable or not.
        orders: Those that could be read.
        asked: How it was asked for.
        limit: The most rows of a page.
    """
    notes = []
    if len(orders) < rows:
        notes.append(f"{rows - len(orders)} orders without a usable id: left out.")
    kept = [order for order in orders if asked.email in (None, (order.customer.email or "").casefold())]
    if len(kept) < len(orders):
        notes.append(f"{len(orders) - len(kept)} orders of this page are of another e-mail address: left out.")
    if asked.paid:
        whole = [order for order in kept if order.payment_status == "paid"]
        if len(whole) < len(kept):
            notes.append(
                f"{len(kept) - len(whole)} orders of this page are left out, because part or all of their money "
                "went back."
            )
        kept = whole
    total = count_of(reply)
    more = rows == limit and (total is None or asked.start + rows < total)
    exact = asked.email is None and not asked.paid
    return Page(
        tuple(kept),
        next_cursor=str(asked.start + rows) if more else None,
        total=total if exact else None,
        notes=tuple(notes),
    )


def count_of(reply: Reply) -> int | None:
    """How many there are in all, from the header X-WP-Total."""
    text = reply.headers.get("x-wp-total", "")
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) else None
