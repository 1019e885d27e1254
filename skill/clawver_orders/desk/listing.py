"""Lists of orders over one or several stores: who is asked, what came back as one list, and where it goes on."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Final

import anyio

from clawver_orders.desk.abilities import unused
from clawver_orders.desk.results import Listing
from clawver_orders.errors import DeskError, InvalidArgument, UnsupportedError
from clawver_orders.order import Order, Page, Query
from clawver_orders.store import Argument, Store

_LONGEST_CURSOR: Final = 4000
_MOST: Final = 100
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a store's list goes on: its own cursor, how many rows that page has, how many of them were told."""

    cursor: str | None
    limit: int
    told: int = 0


def arguments(query: Query) -> Mapping[Argument, str | bool]:
    """The arguments of a query that not every platform has a use for."""
    return {
        "search": query.search or "",
        "after": query.after is not None,
        "before": query.before is not None,
        "payment_method": query.payment_method or "",
        "date_field": query.date_field != "created",
        "sort": query.sort != "newest",
    }


def cannot(store: Store, query: Query) -> str:
    """Which filter of a query a store does not have; empty where it has them all."""
    can = store.capabilities
    if query.status is not None and query.status not in can.statuses:
        return f"status {query.status}"
    if query.payment_status is not None and query.payment_status not in can.payment_statuses:
        return f"payment_status {query.payment_status}"
    if query.fulfillment_status is not None and query.fulfillment_status not in can.fulfillment_statuses:
        return f"fulfillment_status {query.fulfillment_status}"
    return unused(can, arguments(query)) or ""


async def of_all(stores: Sequence[Store], query: Query) -> Listing:
    """One list of the orders of several stores, asked at the same time.

    A store that cannot answer is told in the notes and does not silence the others; the next page asks it again.

    Args:
        stores: Who is asked.
        query: ``cursor`` is one of this function's own.

    Raises:
        UnsupportedError: No store has these filters.
        InvalidArgument: The cursor is none of this list.
        DeskError: Of the first store, where none could answer.
    """
    notes = []
    able = []
    for store in stores:
        if filtered := cannot(store, query):
            notes.append(f"{store.name} was not asked: it cannot be filtered by {filtered}.")
        else:
            able.append(store)
    if not able:
        raise UnsupportedError("No configured shop can be filtered so", "Leave a filter out, or name one store")
    places = _places(query, able)
    pages: dict[str, Page] = {}
    failed: dict[str, DeskError] = {}

    async def ask(store: Store, place: _Place) -> None:
        try:
            pages[store.name] = await store.list_orders(replace(query, cursor=place.cursor, limit=place.limit))
        except DeskError as error:
            failed[store.name] = error

    async with anyio.create_task_group() as tasks:
        for store in able:
            if store.name in places:
                tasks.start_soon(ask, store, places[store.name])
    if failed and not pages:
        raise next(failed[store.name] for store in able if store.name in failed)
    notes += [
        f"{store.name} could not be asked ({failed[store.name].code}): {failed[store.name].happened}."
        for store in able
        if store.name in failed
    ]
    several = len(able) > 1
    for store in able:
        if store.name in pages:
            notes += [f"{store.name}: {note}" if several else note for note in pages[store.name].notes]
    return _merged(query, places, pages, notes)


def _merged(query: Query, places: Mapping[str, _Place], pages: Mapping[str, Page], notes: Sequence[str]) -> Listing:
    rows = [(order, name) for name, page in pages.items() for order in page.orders[places[name].told :]]
    rows.sort(key=lambda row: _when(row[0], query), reverse=query.sort == "newest")
    told = []
    following = dict(places)
    for order, name in rows[: query.limit]:
        told.append(order)
        following[name] = replace(following[name], told=following[name].told + 1)
        if following[name].told == len(pages[name].orders) and _next(following[name], pages[name], query):
            # What this store tells next may come before what the others have here.
            break
    for name, page in pages.items():
        place = following.pop(name)
        if place.told < len(page.orders):
            following[name] = place
        elif further := _next(place, page, query):
            following[name] = further
    # Where only stores that failed are left, going on would repeat the failure for ever.
    more = any(name in pages for name in following)
    totals = [page.total for page in pages.values()]
    return Listing(
        tuple(told),
        _cursor(query, following) if more else None,
        sum(total for total in totals if total is not None) if totals and None not in totals else None,
        tuple(notes),
    )


def _next(place: _Place, page: Page, query: Query) -> _Place | None:
    """Where a store goes on once all of its page was told; None where its list has ended."""
    if page.next_cursor is not None:
        return _Place(page.next_cursor, query.limit)
    if place.cursor is None and len(page.orders) == place.limit < _MOST:
        # A shop without pages may have more: it can only be asked for more at once.
        return _Place(None, min(_MOST, place.limit + query.limit), place.told)
    return None


def _when(order: Order, query: Query) -> datetime:
    fields = {"created": order.created_at, "updated": order.updated_at, "paid": order.paid_at}
    return fields[query.date_field] or order.created_at or _LONG_AGO


def _mark(query: Query) -> str:
    """What a cursor is for: the same question, whatever its place."""
    asked = json.dumps(asdict(replace(query, cursor=None, limit=0)), default=str, sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:12]


def _cursor(query: Query, places: Mapping[str, _Place]) -> str:
    kept = {name: [place.cursor, place.limit, place.told] for name, place in places.items()}
    text = json.dumps([_mark(query), query.limit, kept], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _places(query: Query, stores: Sequence[Store]) -> dict[str, _Place]:
    """Where each store's list goes on; one whose list has ended is not there."""
    if query.cursor is None:
        return {store.name: _Place(None, query.limit) for store in stores}
    wrong = InvalidArgument(
        "cursor is not one of this list",
        "Repeat the call that gave it, with the same filters and limit",
        field="cursor",
    )
    if len(query.cursor) > _LONGEST_CURSOR or not query.cursor.isascii():
        raise wrong
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        mark, limit, kept = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if mark != _mark(query) or limit != query.limit or not isinstance(kept, dict):
            raise wrong
        names = {store.name for store in stores}
        places = {name: _place(place) for name, place in kept.items() if name in names}
    except (ValueError, TypeError, RecursionError):
        raise wrong from None
    if len(places) != len(kept) or not places:
        raise wrong
    return places


def _place(kept: object) -> _Place:
    match kept:
        case [None | str() as cursor, int() as limit, int() as told] if 1 <= limit <= _MOST and 0 <= told <= limit:
            return _Place(cursor, int(limit), int(told))
    raise ValueError("no place")
