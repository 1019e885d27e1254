"""What the shops told of their own accord, as told."""

from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from clawver_orders.server.shapes.words import CLOSED, Time


@with_config(CLOSED)
class Event(TypedDict):
    """One event; ``type`` is the vendor's word."""

    id: str
    store: str
    order_id: NotRequired[str]
    type: str
    at: Time


@with_config(CLOSED)
class EventsResult(TypedDict):
    """Answer of list_events."""

    events: list[Event]
