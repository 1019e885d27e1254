"""What a query asks for: whether Clawver can be asked so at all, and which orders are meant."""

import re
from typing import Final

from clawver_orders.errors import InvalidArgument
from clawver_orders.order import Order, PaymentStatus, Query, Status
from clawver_orders.platforms.fields import json_id
from clawver_orders.platforms.rows import in_dates

STATUSES: Final[tuple[Status, ...]] = ("pending", "confirmed", "processing", "shipped", "delivered", "cancelled")
PAYMENT_STATUSES: Final[tuple[PaymentStatus, ...]] = (
    "pending",
    "paid",
    "failed",
    "partially_refunded",
    "refunded",
)
# As many requests as one list may make.
MAX_READS: Final = 6
_PHONE: Final = re.compile(r"\+[0-9 ().-]{5,}|[0-9(][0-9 ().-]*[ ()][0-9 ().-]*")


def check(query: Query) -> None:
    """Refuse what the shop would answer with nothing, silently.

    Raises:
        InvalidArgument: A status or payment status that Clawver does not have; the message names those it has.
    """
    if query.status is not None and query.status not in STATUSES:
        next_step = f"Use one of: {', '.join(STATUSES)}"
        if query.status == "failed":
            next_step = 'Use payment_status "failed" instead'
        elif query.status == "completed":
            next_step = 'Use "delivered", which is the last status here'
        raise InvalidArgument(f'Clawver has no status "{query.status}"', next_step, field="status")
    if query.payment_status is not None and query.payment_status not in PAYMENT_STATUSES:
        raise InvalidArgument(
            f'Clawver has no payment status "{query.payment_status}"',
            f"Use one of: {', '.join(PAYMENT_STATUSES)}",
            field="payment_status",
        )


def searched_ids(search: str) -> tuple[str, ...]:
    """The order ids of a search, without repetitions.

    Raises:
        InvalidArgument: A phone number, other words, too many ids.
    """
    if _PHONE.fullmatch(search.strip()):
        raise InvalidArgument(
            "Clawver keeps no phone numbers", "Search by e-mail address or order id", field="search"
        )
    ids = tuple(dict.fromkeys(part.strip() for part in search.split(",")))
    if not all(json_id(order_id) for order_id in ids):
        raise InvalidArgument(
            "Clawver's orders cannot be searched for such words",
            "Search by the buyer's whole e-mail address, or by order ids with commas",
            field="search",
        )
    if len(ids) > MAX_READS:
        raise InvalidArgument(
            f"search names {len(ids)} orders", f"Name at most {MAX_READS} at a time", field="search"
        )
    return ids


def says_too_little(row: Order, query: Query) -> bool:
    """Whether a short row leaves open if the order is meant; without items it is a short one."""
    if row.items or not (_status_matches(row, query) and in_dates(row, query)):
        return False
    if query.search is not None and row.customer.email is None:
        return True
    if query.payment_status is None or row.refunds_complete:
        return False
    if row.raw_status == "refunded":
        return query.payment_status in {"refunded", "partially_refunded"}
    return row.payment_status == "unknown"


def matches(order: Order, query: Query) -> bool:
    """Whether the order is meant, as far as it says what is asked for."""
    if not (_status_matches(order, query) and in_dates(order, query)):
        return False
    if query.payment_status is not None and order.payment_status != query.payment_status:
        return False
    if query.search is None or "@" not in query.search:
        return True
    return (order.customer.email or "").casefold() == query.search.strip().casefold()


def _status_matches(order: Order, query: Query) -> bool:
    return query.status is None or order.status == query.status
