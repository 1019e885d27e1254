"""Who follows an order over HTTP is told that it changed: in both eras, and of their own stores only."""

from pathlib import Path

import anyio
import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client

from clawver_orders.events import Received
from tests.counter import NOON
from tests.server.following import Follower, following
from tests.server.serving import Era, two_stores
from tests.service.serving import Service, a_service

pytestmark = pytest.mark.anyio

MINE, THEIRS = "order://second/ord_1", "order://clawver/ord_1"


async def told(service: Service, follower: Follower, events: list[Received]) -> str:
    """Tell of events until one is heard: a program of the earlier era opens its stream after all else."""
    assert service.tell is not None
    with anyio.fail_after(20):
        while True:
            await service.tell(events)
            with anyio.move_on_after(0.2):
                return await follower.came.receive()


async def test_an_event_is_told_to_who_has_its_store(tmp_path: Path, era: Era) -> None:
    counter = two_stores(tmp_path)
    token = await Service(counter).let_in("bot", "read", stores=("second",))
    mine = Received(1, "second", "order.paid", NOON, "ord_1")
    theirs = Received(2, "clawver", "order.paid", NOON, "ord_1")
    headers = {"Authorization": f"Bearer {token}"}
    async with a_service(counter) as service, httpx2.AsyncClient(headers=headers, trust_env=False) as http:
        transport = streamable_http_client(service.url, http_client=http)
        async with following(transport, era, MINE, THEIRS) as follower:
            # What is not theirs would have come first.
            assert await told(service, follower, [theirs, mine]) == MINE
