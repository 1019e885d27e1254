"""Lists of orders: what Clawver's API filters by itself, and what is filtered here over its newest pages.

The API knows a status and a limit, and in its old generation a cursor. Payment, e-mail, ids and dates are
looked for here, with at most six reads; what was not reached is said in the page's notes, and the page's cursor
goes on where the reading stopped.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Literal

from clawver_orders.errors import BadResponseError, InvalidArgument, NotFoundError
from clawver_orders.http import Reply
from clawver_orders.order import Order, Page, Query, Status
from clawver_orders.platforms.clawver.envelope import data_of, next_cursor, pagination_of
from clawver_orders.platforms.clawver.query import (
    MAX_READS,
    check,
    matches,
    says_too_little,
    searched_ids,
)
from clawver_orders.platforms.fields import json_id, json_object
from clawver_orders.platforms.rows import all_before, by_ids, in_words, newest_first

_PAGE: Final = 100
# The shop's own maximum is not documented: exactly so many rows look like a page that was cut.
_ROUND: Final = frozenset({10, 20, 25, 30, 50})
_CURSOR: Final = re.compile(r"([0-9]{1,5})\.(.{0,500})", re.DOTALL)


@dataclass(slots=True)
class Generation:
    """Which generation of the API the shop speaks, as far as its answers have shown."""

    word: Literal["legacy", "current"] | None = None

    def learn(self, orders: Iterable[object], pagination: Mapping[str, object] | None = None) -> None:
        """Look at what arrived; paymentStatus and ``confirmed`` are new, paid, refunded and a cursor are old."""
        for order in orders:
            body = json_object(order) or {}
            if "paymentStatus" in body or body.get("status") == "confirmed":
                self.word = "current"
                return
            if body.get("status") in ("paid", "refunded"):
                self.word = "legacy"
        if self.word is None and next_cursor(pagination or {}) is not None:
            self.word = "legacy"


@dataclass(frozen=True, slots=True)
class _Batch:
    """One page of the API's: ``more`` is whether there is or may be another, ``cursor`` where, if it says so."""

    orders: tuple[Order, ...]
    unreadable: int
    cursor: str | None
    more: bool
    reads: int


@dataclass(slots=True)
class _Search:
    """How far one call of list_orders has come."""

    query: Query
    found: list[Order] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    reads: int = 0
    looked_at: int = 0
    oldest: datetime | None = None
    undated: int = 0
    unreadable: int = 0
    next_cursor: str | None = None
    more: bool = False


class Listing:
    """The lists of one store.

    Args:
        read: Asks the API for a list with these parameters.
        read_order: Reads one order whole, where a row does not say what is asked for.
        to_order: Makes an order of a row.
    """

    def __init__(
        self,
        read: Callable[[Mapping[str, str]], Awaitable[Reply]],
        read_order: Callable[[str], Awaitable[Order]],
        to_order: Callable[[Mapping[str, object]], Order],
    ) -> None:
        self.generation = Generation()
        self._read = read
        self._read_order = read_order
        self._to_order = to_order

    async def page(self, query: Query) -> Page:
        """The orders that are asked for, newest first, with notes on what was covered.

        Raises:
            InvalidArgument: A status, payment status, search or cursor that cannot be.
        """
        check(query)
        if query.search is not None and "@" not in query.search:
            ids = searched_ids(query.search)
            fits = partial(matches, query=query)
            return await by_ids(ids, self._read_order, fits, searched="order ids and whole e-mail addresses")
        return await self._by_pages(query)

    async def _by_pages(self, query: Query) -> Page:
        filters = (query.payment_status, query.search, query.after, query.before)
        here = any(value is not None for value in filters)
        skip, cursor = _read_cursor(query.cursor)
        search = _Search(query)
        cursors = {cursor}
        while True:
            batch = await self._batch(query.status, _PAGE if here else query.limit, cursor)
            search.reads += batch.reads
            search.unreadable += batch.unreadable
            stop = await self._look_through(search, batch.orders[skip:])
            if stop is not None and skip + stop < len(batch.orders):
                search.next_cursor, search.more = f"{skip + stop}.{cursor or ''}", True
                break
            beyond = query.after is not None and all_before(batch.orders, query.after)
            search.more = batch.more and not beyond
            if batch.cursor is None or batch.cursor in cursors or beyond:
                break
            cursors.add(batch.cursor)
            cursor, skip = batch.cursor, 0
            if stop is not None or not here or search.reads >= MAX_READS:
                search.next_cursor = f"0.{cursor}"
                break
        return Page(newest_first(search.found), search.next_cursor, notes=_notes(search, here=here))

    async def _look_through(self, search: _Search, orders: tuple[Order, ...]) -> int | None:
        """Keep what matches; how many were looked at when it had to stop, None when it did not have to."""
        for position, row in enumerate(orders):
            order = row
            if len(search.found) == search.query.limit:
                return position
            if says_too_little(row, search.query):
                if search.reads >= MAX_READS:
                    return position
                search.reads += 1
                try:
                    order = await self._read_order(row.id)
                except NotFoundError:
                    continue
            search.looked_at += 1
            if order.created_at is None:
                search.undated += 1
            elif search.oldest is None or order.created_at < search.oldest:
                search.oldest = order.created_at
            if order.id not in search.ids and matches(order, search.query):
                search.found.append(order)
            search.ids.add(order.id)
        return len(orders) if len(search.found) == search.query.limit else None

    async def _batch(self, status: Status | None, limit: int, cursor: str | None) -> _Batch:
        """One page; of a shop of unknown generation, ``confirmed`` is asked for in the old word too."""
        known = self.generation.word or ("legacy" if cursor is not None else None)
        word = "paid" if status == "confirmed" and known == "legacy" else status
        batch = await self._ask(word, limit, cursor)
        if status == "confirmed" and not batch.orders and known is None:
            return await self._ask("paid", limit, cursor, reads=2)
        return batch

    async def _ask(self, word: str | None, limit: int, cursor: str | None, *, reads: int = 1) -> _Batch:
        params = {"limit": str(limit)}
        if word is not None:
            params["status"] = word
        if cursor is not None:
            params["cursor"] = cursor
        reply = await self._read(params)
        rows = data_of(reply, "list of orders").get("orders")
        if not isinstance(rows, list):
            raise BadResponseError(
                "the shop's answer holds no list of orders", "Try once more; if it stays, check base_url"
            )
        pagination = pagination_of(reply)
        self.generation.learn(rows, pagination)
        bodies = [body for row in rows if (body := json_object(row)) is not None and json_id(body.get("id"))]
        following = next_cursor(pagination)
        has_more = pagination.get("hasMore")
        cut = len(rows) >= limit or len(rows) in _ROUND
        return _Batch(
            orders=newest_first(self._to_order(body) for body in bodies),
            unreadable=len(rows) - len(bodies),
            cursor=following,
            more=following is not None or has_more is True or (cut and has_more is not False),
            reads=reads,
        )


def _read_cursor(cursor: str | None) -> tuple[int, str | None]:
    """Our cursor: how many orders of a page are done, a point, and the page's own cursor if it has one."""
    if cursor is None:
        return 0, None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidArgument(
            "cursor is not one of this store's", "Take next_cursor of the page before, unchanged", field="cursor"
        )
    return int(match[1]), match[2] or None


def _notes(search: _Search, *, here: bool) -> tuple[str, ...]:
    notes = []
    if here:
        notes.append(_coverage(search))
    elif search.more and search.next_cursor is None:
        notes.append(
            "There may be more orders, and this shop's list gives no next page: raise limit up to 100, or ask "
            "for one status at a time."
        )
    if search.undated and (search.query.after or search.query.before):
        notes.append(f"{in_words(search.undated)} without a readable date: left out.")
    if search.unreadable:
        notes.append(f"{in_words(search.unreadable)} without a usable id: left out.")
    return tuple(notes)


def _coverage(search: _Search) -> str:
    which = "next" if search.query.cursor else "newest"
    looked = f"Looked through the {which} {in_words(search.looked_at)}"
    if not search.more:
        return f"{looked}; there are no others that can match."
    back = f", back to {search.oldest:%Y-%m-%d}" if search.oldest else ""
    on = (
        "pass next_cursor to go on"
        if search.next_cursor
        else "this shop's list goes no further, ask for one status at a time to see more"
    )
    return f"{looked}{back}; older ones were not looked at: {on}."
