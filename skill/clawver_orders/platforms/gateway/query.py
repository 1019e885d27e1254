"""What a query asks for: how the gateway is asked, and which of the orders that it answers with are meant."""

import re
from collections.abc import Mapping
from typing import Final

from clawver_orders.errors import InvalidArgument
from clawver_orders.order import Order, Query, Status
from clawver_orders.platforms.gateway.wire import STATUSES
from clawver_orders.platforms.rows import in_dates

# As many requests as one list may make.
MAX_READS: Final = 6
WORDS: Final[Mapping[Status, str]] = {ours: theirs for theirs, ours in STATUSES.items()}
_IDS: Final = re.compile(r"[0-9]{1,18}(?:\s*,\s*[0-9]{1,18})*", re.ASCII)
# A whole e-mail address or a part of one.
_EMAIL: Final = re.compile(r"(?=.*[A-Za-z@])[A-Za-z0-9.!#$%&'*+/=?^_`{|}~@-]{1,320}", re.ASCII)


def check(query: Query) -> None:
    """Refuse what the gateway cannot be asked, and would leave unheard.

    Raises:
        InvalidArgument: A filter that is neither the gateway's nor done here, or a search for anything else than
            e-mail addresses and ids.
    """
    if query.status is not None and query.status not in WORDS:
        raise InvalidArgument(
            f'the gateway has no status "{query.status}"', f"Use one of: {', '.join(WORDS)}", field="status"
        )
    for name in ("payment_status", "fulfillment_status"):
        if getattr(query, name) is not None:
            raise InvalidArgument(
                f"the gateway's lists say nothing of {name}",
                "Leave it out, and open orders with get_order",
                field=name,
            )
    if query.date_field != "created" or query.sort != "newest":
        field = "sort" if query.date_field == "created" else "date_field"
        raise InvalidArgument("the gateway has no such order of its list", f"Leave {field} out", field=field)
    if query.search is not None and not (
        _IDS.fullmatch(query.search.strip()) or _EMAIL.fullmatch(query.search.strip())
    ):
        raise InvalidArgument(
            "the gateway searches e-mail addresses only",
            "Search by the buyer's e-mail address, or by order ids with commas",
            field="search",
        )
    if len(searched_ids(query)) > MAX_READS:
        raise InvalidArgument("search names too many orders", f"Name at most {MAX_READS} at a time", field="search")


def searched_ids(query: Query) -> tuple[str, ...]:
    """The order ids of a search, without repetitions; none where it is for an e-mail address."""
    search = (query.search or "").strip()
    if not _IDS.fullmatch(search):
        return ()
    return tuple(dict.fromkeys(part.strip() for part in search.split(",")))


def sent(query: Query) -> Mapping[str, str]:
    """The parameters of the gateway's that say it, beside page and pageSize."""
    filters = {
        "search": (query.search or "").strip(),
        "status": WORDS[query.status] if query.status is not None else "",
        "payment_method": query.payment_method or "",
    }
    return {name: value for name, value in filters.items() if value}


def unheard(row: Order, query: Query) -> str | None:
    """The filter that a row does not fit although the gateway was asked for it; None where it fits them all.

    What a row does not say is believed to fit.
    """
    asked = sent(query)
    if "status" in asked and row.raw_status not in (None, asked["status"]):
        return "status"
    email, method = row.customer.email, row.payment_method
    if "search" in asked and email is not None and asked["search"].casefold() not in email.casefold():
        return "search"
    if "payment_method" in asked and method is not None and asked["payment_method"].casefold() != method.casefold():
        return "payment_method"
    return None


def matches(order: Order, query: Query) -> bool:
    """Whether an order that was opened by its id fits the other filters."""
    return (
        (query.status is None or order.status == query.status)
        and (query.payment_method is None or query.payment_method == order.payment_method)
        and in_dates(order, query)
    )
