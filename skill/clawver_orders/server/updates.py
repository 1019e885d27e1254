"""Tells a client that follows an order, or the list of events, that it changed, in both eras of the protocol.

What is told is that there is something to read again, never what.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import anyio
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from clawver_orders.events import Received

EVENTS: Final = "orders://events"
# Of one client; the SDK has as many streams of the later era, at most, as there may be clients of the earlier one.
_MOST: Final = 500
_MOST_CLIENTS: Final = 1024
_LONGEST: Final = 500


class Updates:
    """Who follows what: the SDK's streams in the later era, connections in the earlier one.

    Args:
        patience_s: For a client of the earlier era that does not read; the others wait so long.

    Attributes:
        bus: What the SDK's streams listen to.
    """

    def __init__(self, *, patience_s: float = 5.0) -> None:
        self.bus = InMemorySubscriptionBus()
        self._patience_s = patience_s
        # Held until the connection ends: what the SDK hands to a handler lives no longer than its request.
        self._followed: dict[Connection, set[str]] = {}

    def register(self, server: MCPServer) -> None:
        """Let clients of the earlier era follow resources, too."""
        handlers = server._lowlevel_server  # noqa: SLF001 - the SDK has no public way to serve these two
        handlers.add_request_handler("resources/subscribe", SubscribeRequestParams, self._follow)
        handlers.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self._leave)

    async def tell(self, events: Sequence[Received]) -> None:
        """Say that the list of events changed, and so did the orders that these events name."""
        orders = [f"order://{event.store}/{event.order_id}" for event in events if event.order_id]
        changed = list(dict.fromkeys([EVENTS, *orders]))
        for uri in changed:
            await self.bus.publish(ResourceUpdated(uri=uri))
        async with anyio.create_task_group() as tasks:
            for connection, followed in list(self._followed.items()):
                tasks.start_soon(self._send, connection, [uri for uri in changed if uri in followed])

    async def _send(self, connection: Connection, uris: Sequence[str]) -> None:
        with anyio.move_on_after(self._patience_s):
            for uri in uris:
                await connection.send_resource_updated(uri)

    async def _follow(self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams) -> EmptyResult:
        connection = _connection(ctx)
        followed = self._followed.get(connection)
        _refuse_too_many({params.uri, *(followed or ())})
        if followed is None:
            if len(self._followed) >= _MOST_CLIENTS:
                raise MCPError(INVALID_PARAMS, "Too many clients follow resources here. Try again later")
            followed = self._followed[connection] = set()
            connection.exit_stack.callback(self._followed.pop, connection)
        followed.add(params.uri)
        return EmptyResult()

    async def _leave(self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams) -> EmptyResult:
        self._followed.get(_connection(ctx), set()).discard(params.uri)
        return EmptyResult()


async def refuse_too_many(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware that bounds what one stream of the later era follows; the SDK bounds the streams."""
    if ctx.method == "subscriptions/listen":
        asked = (ctx.params or {}).get("notifications")
        uris = asked.get("resourceSubscriptions") if isinstance(asked, dict) else None
        if isinstance(uris, list):
            _refuse_too_many({str(uri) for uri in uris})
    return await call_next(ctx)


def _refuse_too_many(uris: Collection[str]) -> None:
    if len(uris) > _MOST or any(len(uri) > _LONGEST for uri in uris):
        raise MCPError(
            INVALID_PARAMS, f"Follow at most {_MOST} resources, each with a URI of at most {_LONGEST} characters"
        )


def _connection(ctx: ServerRequestContext[Any, Any]) -> Connection:
    # What is public, the session, is made anew for each request and is not told when the client leaves.
    return ctx.session._connection  # noqa: SLF001
