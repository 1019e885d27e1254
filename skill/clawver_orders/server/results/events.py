"""What the shops told of their own accord as structured results."""

from clawver_orders.events import Received
from clawver_orders.server import shapes
from clawver_orders.server.results.words import said, time


def _event(event: Received) -> shapes.Event:
    shown: shapes.Event = said(
        id=str(event.id), store=event.store, order_id=event.order_id, type=event.type, at=time(event.at)
    )
    return shown


def events(events: tuple[Received, ...]) -> shapes.EventsResult:
    """Events, newest first."""
    return {"events": [_event(event) for event in events]}
