"""Looks for refunds whose outcome is not known while the desk runs, when their next look is due; reads only."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from clawver_orders.desk import Desk
from clawver_orders.refunds.machine import UNSETTLED, State

_log = logging.getLogger(__name__)

# The start belongs to the client that waits for the tools.
_FIRST_AFTER_S: Final = 2.0
_AT_MOST_S: Final = 60.0
_JITTER: Final = 0.2


async def reconcile(desk: Desk, *, sleep: Callable[[float], Awaitable[None]], random: Callable[[], float]) -> None:
    """Look, wait, and look again, until cancelled.

    Args:
        desk: Whose refunds are looked for.
        sleep: Waits for a number of seconds.
        random: A number from 0 to 1, so that several desks do not ask at the same moment.
    """
    wait = _FIRST_AFTER_S
    while True:
        await sleep(wait * (1 + _JITTER * random()))
        try:
            wait = await look_at_due(desk)
        except Exception as error:  # noqa: BLE001 - a look that fails must not end the server with it
            # Every tool that needs the record says what is wrong with it.
            _log.warning("a look for unknown refunds failed (%s)", type(error).__name__)
            wait = _AT_MOST_S


async def look_at_due(desk: Desk) -> float:
    """Look once for every refund and action whose time has come.

    Returns:
        Seconds until the next is due, at least 2 and at most 60.
    """
    now = desk.moves.now()
    waits = [_AT_MOST_S]
    for move in await desk.moves.ledger.find(states=UNSETTLED - {State.MANUAL}):
        if move.kind == "create_webhook":
            continue
        due = move.look_at or (move.sent_at or now) + timedelta(seconds=_AT_MOST_S / 2)
        if due <= now:
            due = await desk.look(move) or now + timedelta(seconds=_AT_MOST_S)
        waits.append((due - now).total_seconds())
    return max(_FIRST_AFTER_S, min(waits))
