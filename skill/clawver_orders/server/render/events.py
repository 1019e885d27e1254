"""What the shops told of their own accord as a short text."""

from clawver_orders.server import shapes
from clawver_orders.server.render.words import joined, minute, word


def _event(event: shapes.Event) -> str:
    order = f" of order {word(event['order_id'])}" if "order_id" in event else ""
    return f"{event['id']}: {word(event['type'])}{order} ({event['store']}), {minute(event['at'])}"


def events(result: shapes.EventsResult) -> str:
    """Events, newest first."""
    nothing = "No such events were received. Only what reached a running receiver is listed: look at the orders."
    return joined([_event(event) for event in result["events"]] or [nothing])
