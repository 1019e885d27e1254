"""Watches what the shops tell, once their signature was checked: nobody else can fill the traces with it."""

import time
from collections.abc import Mapping

from clawver_orders.errors import DeskError
from clawver_orders.events import Delivered, Inbox, Received
from clawver_orders.telemetry import signals
from clawver_orders.telemetry.telling import Telling


class WatchedInbox:
    """An inbox that tells what it was given; see events.Inbox.

    Args:
        inbox: The durable list of events.
        telling: Where it is told.
        platforms: The platform of each store, by the store's name.
    """

    def __init__(self, inbox: Inbox, telling: Telling, platforms: Mapping[str, str]) -> None:
        self._inbox = inbox
        self._telling = telling
        self._platforms = platforms

    async def remember(self, store: str, delivered: Delivered) -> bool:
        """See events.Inbox."""
        began = time.time_ns()
        kind = delivered.type if delivered.type in signals.EVENT_TYPES else signals.OTHER
        told = {
            signals.EVENT_TYPE: kind,
            signals.STORE: store,
            signals.PLATFORM: self._platforms.get(store),
        }
        try:
            new = await self._inbox.remember(store, delivered)
        except DeskError as error:
            with self._telling.apart():
                self._telling.past(signals.EVENT_KEPT, f"webhook {kind}", told | {signals.ERROR: error.code}, began)
            raise
        with self._telling.apart():
            told[signals.EVENT_VERDICT] = "kept" if new else "known"
            self._telling.past(signals.EVENT_KEPT, f"webhook {kind}", told, began)
            self._telling.count(signals.EVENTS, told)
        return new

    async def received(
        self, *, store: str = "", order_id: str = "", of_type: str = "", after_id: int = 0, limit: int = 20
    ) -> tuple[Received, ...]:
        """See events.Inbox."""
        return await self._inbox.received(
            store=store, order_id=order_id, of_type=of_type, after_id=after_id, limit=limit
        )
