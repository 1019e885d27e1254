"""A client of either era that follows resources, and what it is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.subscriptions import ResourceUpdated
from mcp_types import (
    ElicitRequestParams,
    ElicitResult,
    EmptyResult,
    ResourceUpdatedNotification,
    SubscribeRequest,
    SubscribeRequestParams,
    UnsubscribeRequest,
    UnsubscribeRequestParams,
)

from tests.server.serving import Era


@dataclass
class Follower:
    """The client, and what came."""

    client: Client
    came: MemoryObjectReceiveStream[str]

    async def told(self) -> str:
        """The URI of the next resource that changed."""
        with anyio.fail_after(20):
            return await self.came.receive()

    def nothing_more(self) -> bool:
        """Whether nothing came that was not asked for here."""
        return self.came.statistics().current_buffer_used == 0


async def follow(client: Client, uri: str) -> None:
    """As a program of the earlier era does."""
    await client.session.send_request(SubscribeRequest(params=SubscribeRequestParams(uri=uri)), EmptyResult)


async def leave(client: Client, uri: str) -> None:
    """As a program of the earlier era does."""
    await client.session.send_request(UnsubscribeRequest(params=UnsubscribeRequestParams(uri=uri)), EmptyResult)


@asynccontextmanager
async def following(
    server: Any, era: Era, *uris: str, answer: Callable[[str], ElicitResult] | None = None
) -> AsyncIterator[Follower]:
    """A client that follows these; with an answer it has forms. ``server`` is whatever a Client takes."""
    send, came = anyio.create_memory_object_stream[str](100)

    async def hear(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            send.send_nowait(str(message.params.uri))

    async def fill_in(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert answer is not None
        return answer(params.message)

    person = fill_in if answer else None
    with send, came:
        if era == "legacy":
            async with Client(
                server, mode=era, raise_exceptions=True, message_handler=hear, elicitation_callback=person
            ) as client:
                for uri in uris:
                    await follow(client, uri)
                yield Follower(client, came)
            return
        async with (
            Client(server, mode=era, raise_exceptions=True, elicitation_callback=person) as client,
            client.listen(resource_subscriptions=list(uris)) as subscription,
            anyio.create_task_group() as tasks,
        ):

            async def pass_on() -> None:
                async for event in subscription:
                    assert isinstance(event, ResourceUpdated)
                    send.send_nowait(event.uri)

            tasks.start_soon(pass_on)
            yield Follower(client, came)
            tasks.cancel_scope.cancel()
