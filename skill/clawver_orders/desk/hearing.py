"""Hears what the shops told: lists it, passes on what is new, looks at what is open on its orders. Reads only."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from clawver_orders.errors import InvalidArgument
from clawver_orders.events import Inbox, Received
from clawver_orders.refunds.machine import UNSETTLED, State

if TYPE_CHECKING:
    from clawver_orders.desk import Desk

_log = logging.getLogger(__name__)

_EVERY_S: Final = 3.0
_AFTER_FAILURE_S: Final = 30.0
_JITTER: Final = 0.2
# More than a receiver keeps between two looks, even after a night's sleep of the desk.
_MOST: Final = 10_000
# Before the first look a desk has been there for seconds only.
_FIRST: Final = 200
_ID_DIGITS: Final = 18


async def listed(
    inbox: Inbox, stores: Iterable[str], *, order_id: str, of_type: str, after_id: str, limit: int
) -> tuple[Received, ...]:
    """Events of these stores, newest first.

    Raises:
        InvalidArgument: ``after_id`` is none of an event's ids, or ``limit`` is not between 1 and 100.
    """
    if not 1 <= limit <= 100:
        raise InvalidArgument("limit is not between 1 and 100", "Ask for 1 to 100 events", field="limit")
    if after_id and not (after_id.isascii() and after_id.isdigit() and len(after_id) <= _ID_DIGITS):
        raise InvalidArgument(
            "after_id is not an event's id", "Use an id of list_events as it is, or leave it out", field="after_id"
        )
    found = [
        event
        for store in stores
        for event in await inbox.received(
            store=store, order_id=order_id, of_type=of_type, after_id=int(after_id or 0), limit=limit
        )
    ]
    return tuple(sorted(found, key=lambda event: event.id, reverse=True)[:limit])


async def hear(
    desk: "Desk",
    tell: Callable[[Sequence[Received]], Awaitable[None]],
    *,
    sleep: Callable[[float], Awaitable[None]],
    random: Callable[[], float],
) -> None:
    """Look for events that another process received, wait, and look again, until cancelled.

    What came before this was called is not told.

    Args:
        desk: Whose shops are listened to.
        tell: Is given the new events, newest first; never an empty list.
        sleep: Waits for a number of seconds.
        random: A number from 0 to 1, so that several desks do not ask at the same moment.
    """
    since, last, wait = desk.moves.now(), None, _EVERY_S
    while True:
        await sleep(wait * (1 + _JITTER * random()))
        try:
            last, new = await _new(desk, last, since)
            if new:
                await tell(new)
                await _look_at(desk, new)
            wait = _EVERY_S
        except Exception as error:  # noqa: BLE001 - a look that fails must not end the server with it
            # Every tool that needs the record says what is wrong with it.
            _log.warning("a look for new events failed (%s)", type(error).__name__)
            wait = _AFTER_FAILURE_S


async def _new(desk: "Desk", last: int | None, since: datetime) -> tuple[int, list[Received]]:
    """The id of the newest event there is, and the events after the last one seen, or since a time."""
    found = await desk.inbox.received(after_id=last or 0, limit=_MOST if last is not None else _FIRST)
    known = {store.name for store in desk.stores}
    new = [event for event in found if event.store in known and (last is not None or event.at >= since)]
    return (found[0].id if found else last or 0), new


async def _look_at(desk: "Desk", events: Sequence[Received]) -> None:
    """Look at once at what was sent on these orders and is not settled: an event is never believed itself."""
    orders = {(event.store, event.order_id) for event in events}
    for move in await desk.moves.ledger.find(states=UNSETTLED - {State.MANUAL}):
        if move.kind != "create_webhook" and (move.store, move.subject) in orders:
            await desk.look(move)
