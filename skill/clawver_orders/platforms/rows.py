"""Lists of orders that are searched here: by ids, by dates, newest first, and how their number is said."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from clawver_orders.errors import NotFoundError
from clawver_orders.order import Order, Page, Query

_NO_DATE: Final = datetime.min.replace(tzinfo=UTC)


async def by_ids(
    ids: Iterable[str],
    read_order: Callable[[str], Awaitable[Order]],
    matches: Callable[[Order], bool],
    *,
    searched: str,
) -> Page:
    """The orders with these ids that match, each read by itself.

    Args:
        ids: Each once.
        read_order: Reads one order whole; NotFoundError becomes a note.
        matches: Whether an order fits the other filters.
        searched: What a search of the platform's finds, in words for the note.
    """
    orders: list[Order] = []
    missing: list[str] = []
    for order_id in ids:
        try:
            orders.append(await read_order(order_id))
        except NotFoundError:
            missing.append(order_id)
    kept = [order for order in orders if matches(order)]
    notes = []
    if missing:
        notes.append(f"No such order: {', '.join(missing)}. Search finds {searched}.")
    if len(kept) < len(orders):
        notes.append(f"{in_words(len(orders) - len(kept))} with these ids did not match the other filters.")
    return Page(newest_first(kept), notes=tuple(notes))


def newest_first(orders: Iterable[Order]) -> tuple[Order, ...]:
    """Sorted by when they were made; those that do not say come last."""
    return tuple(sorted(orders, key=lambda order: order.created_at or _NO_DATE, reverse=True))


def in_dates(order: Order, query: Query) -> bool:
    """Whether the order was made between the dates, both included; without dates all are."""
    at = order.created_at
    if at is None:
        return query.after is None and query.before is None
    return (query.after is None or at >= query.after) and (query.before is None or at <= query.before)


def all_before(orders: tuple[Order, ...], moment: datetime) -> bool:
    """Whether there are orders, and each is known to be older than that."""
    return bool(orders) and all(order.created_at is not None and order.created_at < moment for order in orders)


def in_words(count: int) -> str:
    """So many orders."""
    return "1 order" if count == 1 else f"{count} orders"
