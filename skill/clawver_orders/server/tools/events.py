"""The tool that lists what the shops told of their own accord."""

from typing import Annotated

from mcp_types import CallToolResult
from pydantic import Field

from clawver_orders.desk import Desk
from clawver_orders.server import render, results, shapes
from clawver_orders.server.tools.made import READ, Made, StoreOrAll, teller

OfOrder = Annotated[str, Field(description="Of one order.")]
EventType = Annotated[str, Field(description="Shop's word.")]
AfterId = Annotated[str, Field(description="Only newer ones.")]
Limit = Annotated[int, Field(ge=1, le=100, description="At most so many.")]


def tools(desk: Desk) -> tuple[Made, ...]:
    """What lists events."""
    tell = teller(desk)

    async def list_events(
        *,
        store: StoreOrAll = "",
        order_id: OfOrder = "",
        type: EventType = "",  # noqa: A002 - the argument's published name
        after_id: AfterId = "",
        limit: Limit = 20,
    ) -> CallToolResult:
        """What just happened, by webhook: paid, shipped, refunded. Then read the order."""
        found = results.events(
            await desk.list_events(store, order_id=order_id, of_type=type, after_id=after_id, limit=limit)
        )
        return tell(found, render.events(found))

    return (Made(list_events, READ, shapes.EventsResult, "list_events"),)
