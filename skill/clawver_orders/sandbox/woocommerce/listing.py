"""Lists of orders as REST v3 filters and pages them; how many there are stands in headers."""

from datetime import datetime, timedelta
from typing import Final

from ..dialect import Call, Reply
from ..orders import Order
from ..shop import Shop
from . import v3_bodies
from .books import Books
from .problem import is_number, wrong_parameter

_STATUSES: Final = frozenset(
    {
        "any",
        "trash",
        "pending",
        "processing",
        "on-hold",
        "completed",
        "cancelled",
        "refunded",
        "failed",
        "checkout-draft",
    }
)
_SITE_AHEAD: Final = timedelta(hours=1)


def page(shop: Shop, books: Books, call: Call) -> Reply:
    """One page.

    Raises:
        Problem: A parameter that WordPress refuses.
    """
    query = call.query
    size, number = _whole(call, "per_page", 10, most=100), _whole(call, "page", 1)
    start = _whole(call, "offset", 0, least=0) if "offset" in query else (number - 1) * size
    orders = [order for order in (*shop.newest_first(), *books.bin.values()) if _fits(order, books, call)]
    direction = query.get("order", "desc")
    if direction not in ("asc", "desc") or query.get("orderby", "date") not in ("date", "id", "modified"):
        raise wrong_parameter("order")
    if direction == "asc":
        orders.reverse()
    shown = [v3_bodies.order(books, order) for order in orders[start : start + size]]
    pages = -(-len(orders) // size)
    link = f'<https://shop.example/wp-json/wc/v3/orders?page={number + 1}>; rel="next"'
    links = (("link", link),) if number < pages else ()
    return Reply.json(200, shown, ("x-wp-total", str(len(orders))), ("x-wp-totalpages", str(pages)), *links)


def _fits(order: Order, books: Books, call: Call) -> bool:
    query = call.query
    wanted = [word for word in query.get("status", "any").split(",") if word]
    if not set(wanted) <= _STATUSES:
        raise wrong_parameter("status[0]")
    status = books.status(order)
    if status not in wanted and not ("any" in wanted and status != "trash"):
        return False
    if "include" in query and str(order.number) not in query["include"].split(","):
        return False
    if "customer" in query and str(books.customer_id(order)) != query["customer"]:
        return False
    if "search" in query and query["search"].lower() not in _searched(order):
        return False
    ahead = timedelta() if query.get("dates_are_gmt") == "true" else _SITE_AHEAD
    times = {"": order.created_at, "modified_": order.updated_at or order.created_at}
    for prefix, at in times.items():
        local = (at + ahead).replace(tzinfo=None, microsecond=0)
        if f"{prefix}after" in query and local <= _time(call, f"{prefix}after"):
            return False
        if f"{prefix}before" in query and local >= _time(call, f"{prefix}before"):
            return False
    return True


def _searched(order: Order) -> str:
    """What a search looks through, in lower case; parts of words are found."""
    address = order.customer.address
    texts = (address.name, address.line1, address.city, order.customer.email, order.customer.phone)
    return "\n".join((str(order.number), *texts, *(item.title for item in order.items))).lower()


def _time(call: Call, name: str) -> datetime:
    try:
        return datetime.strptime(call.query[name], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - WordPress's come without one
    except ValueError:
        raise wrong_parameter(name) from None


def _whole(call: Call, name: str, otherwise: int, *, least: int = 1, most: int = 10**9) -> int:
    text = call.query.get(name, str(otherwise))
    if not (is_number(text) and len(text) < 10 and least <= int(text) <= most):
        raise wrong_parameter(name)
    return int(text)
