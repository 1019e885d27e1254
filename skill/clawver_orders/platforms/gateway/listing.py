"""Lists of orders: what the gateway filters, the dates that are looked for here, and where the next page starts.

The gateway knows e-mail, status and payment method, and pages by number. It documents neither the order of its list
nor how long a page may be, and the kind of server that it is leaves a parameter that it does not know unheard: so
every row is checked, and the page's notes say what was covered.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from clawver_orders.errors import BadResponseError, InvalidArgument
from clawver_orders.order import Order, Page, Query
from clawver_orders.platforms.fields import json_count, json_id, json_object
from clawver_orders.platforms.gateway.query import (
    MAX_READS,
    check,
    matches,
    searched_ids,
    sent,
    unheard,
)
from clawver_orders.platforms.rows import all_before, by_ids, in_dates, in_words, newest_first

_SIZE: Final = 100
_CURSOR: Final = re.compile(r"([1-9][0-9]{0,6})\.([1-9][0-9]{0,2})\.([0-9]{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a list goes on: the page's number, the size it was asked with, and how many of its rows are done."""

    page: int
    size: int
    done: int = 0

    def __str__(self) -> str:
        return f"{self.page}.{self.size}.{self.done}"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One page of the gateway's."""

    rows: tuple[Order, ...]
    unreadable: int
    total: int | None
    more: bool


@dataclass(slots=True)
class _Walk:
    """How far one call of list_orders has come."""

    query: Query
    found: dict[str, Order] = field(default_factory=dict)
    reads: int = 0
    looked_at: int = 0
    undated: int = 0
    unreadable: int = 0
    unheard: dict[str, int] = field(default_factory=dict)
    oldest: datetime | None = None
    falling: bool = True
    total: int | None = None
    stopped_early: bool = False
    following: _Place | None = None

    @property
    def full(self) -> bool:
        return len(self.found) >= self.query.limit

    def look_at(self, rows: tuple[Order, ...]) -> int:
        """Keep what is meant; how many were looked at, fewer than all where there is enough."""
        for position, row in enumerate(rows):
            if self.full:
                return position
            self.looked_at += 1
            self._note_date(row)
            if name := unheard(row, self.query):
                self.unheard[name] = self.unheard.get(name, 0) + 1
            elif in_dates(row, self.query):
                self.found[row.id] = row
        return len(rows)

    def _note_date(self, row: Order) -> None:
        if row.created_at is None:
            self.undated += 1
            self.falling = False
            return
        if self.oldest is not None and row.created_at > self.oldest:
            self.falling = False
        self.oldest = min(self.oldest or row.created_at, row.created_at)


class Listing:
    """The lists of one store.

    Args:
        read: Asks the gateway for a list with these parameters; the ``data`` of the answer.
        read_order: Reads one order whole.
        to_order: Makes an order of a row.
        currency: What totals of rows are assumed to be in, if anything.
    """

    def __init__(
        self,
        read: Callable[[Mapping[str, str]], Awaitable[Mapping[str, object]]],
        read_order: Callable[[str], Awaitable[Order]],
        to_order: Callable[[Mapping[str, object]], Order],
        currency: str | None,
    ) -> None:
        self._read = read
        self._read_order = read_order
        self._to_order = to_order
        self._currency = currency

    async def page(self, query: Query) -> Page:
        """The orders that are asked for, with notes on what was covered.

        Raises:
            InvalidArgument: A filter, a search or a cursor that cannot be.
        """
        check(query)
        if ids := searched_ids(query):
            fits = partial(matches, query=query)
            return await by_ids(ids, self._read_order, fits, searched="order ids and e-mail addresses")
        here = query.after is not None or query.before is not None
        place = _read_cursor(query.cursor, _Place(1, _SIZE if here else query.limit))
        walk = _Walk(query)
        while True:
            sheet = await self._ask(query, place)
            walk.reads += 1
            walk.unreadable += sheet.unreadable
            walk.total = sheet.total
            rest = sheet.rows[place.done :]
            looked_at = walk.look_at(rest)
            if looked_at < len(rest):
                walk.following = _Place(place.page, place.size, place.done + looked_at)
                break
            if not sheet.more:
                break
            if (
                query.after is not None
                and walk.falling
                and walk.oldest is not None
                and all_before(rest, query.after)
            ):
                walk.stopped_early = True
                break
            place = _Place(place.page + 1, place.size)
            # A page that was not filtered by the shop is as thin as one that is filtered here.
            if walk.full or walk.reads >= MAX_READS or not (here or walk.unheard):
                walk.following = place
                break
        return Page(
            newest_first(walk.found.values()),
            str(walk.following) if walk.following else None,
            None if here or walk.unheard else walk.total,
            tuple(self._notes(walk, here=here)),
        )

    async def _ask(self, query: Query, place: _Place) -> _Sheet:
        data = await self._read({"page": str(place.page), "pageSize": str(place.size), **sent(query)})
        rows = data.get("list")
        if not isinstance(rows, list):
            raise BadResponseError(
                "the gateway's answer holds no list of orders", "Try once more; if it stays, check base_url"
            )
        if json_count(data.get("page")) not in (None, place.page):
            raise BadResponseError(
                "the gateway answered with another page than the one asked for", "List again without a cursor"
            )
        bodies = [body for row in rows if (body := json_object(row)) is not None and json_id(body.get("id"))]
        size = json_count(data.get("pageSize")) or place.size
        total = json_count(data.get("total"))
        # More rows than a page has: the gateway did not page, and has no second one.
        more = 0 < len(rows) <= size and (len(rows) == size if total is None else place.page * size < total)
        return _Sheet(tuple(self._to_order(body) for body in bodies), len(rows) - len(bodies), total, more)

    def _notes(self, walk: _Walk, *, here: bool) -> list[str]:
        query, notes = walk.query, []
        if query.status == "confirmed":
            notes.append(
                '"confirmed" was asked for as "paid", a word of the gateway\'s that its documents do not list.'
            )
        if query.search is not None and "@" not in query.search:
            notes.append(
                "The gateway searches e-mail addresses only; whether it finds parts of one is not documented."
            )
        notes += [
            f"The gateway did not filter by {name}: {in_words(count)} without it {'was' if count == 1 else 'were'} "
            "left out here."
            for name, count in walk.unheard.items()
        ]
        if here or walk.unheard:
            notes.append(_coverage(walk))
        if walk.undated and here:
            notes.append(f"{in_words(walk.undated)} without a readable date: left out.")
        if walk.unreadable:
            notes.append(f"{in_words(walk.unreadable)} without a usable id: left out.")
        if walk.found and self._currency is None:
            notes.append("The gateway's lists name no currency: set currency for this store to see totals here.")
        return notes


def _read_cursor(cursor: str | None, start: _Place) -> _Place:
    if cursor is None:
        return start
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidArgument(
            "cursor is not one of this store's", "Take next_cursor of the page before, unchanged", field="cursor"
        )
    return _Place(int(match[1]), int(match[2]), int(match[3]))


def _coverage(walk: _Walk) -> str:
    """What was looked through; the order of the gateway's list is not documented, so that is all that is known."""
    of = f" of {walk.total}" if walk.total is not None else ""
    which = "next" if walk.query.cursor else "first"
    looked = f"Looked through the {which} {in_words(walk.looked_at)}{of} in the gateway's list"
    back = f", back to {walk.oldest:%Y-%m-%d}" if walk.oldest else ""
    if walk.following:
        return f"{looked}{back}; its order is not documented, so any may follow: pass next_cursor to go on."
    if walk.stopped_early:
        return (
            f"{looked}{back}, which came newest first, and stopped where only older ones followed; the gateway "
            "does not promise that order."
        )
    return f"{looked}, to its end."
