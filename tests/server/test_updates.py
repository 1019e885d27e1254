"""Who follows an order or the list of events is told that it changed, in both eras; bounded, freed at the end."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from mcp.server.connection import Connection
from mcp.server.mcpserver import MCPServer
from mcp.shared.dispatcher import Outbound
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from clawver_orders.desk.hearing import hear
from clawver_orders.events import Delivered, Received
from clawver_orders.server import Updates, build
from tests.counter import NOON, Counter
from tests.ledgers import Place
from tests.server.following import follow, following, leave
from tests.server.serving import Era, client_of, structured

pytestmark = pytest.mark.anyio

EVENTS = "orders://events"
FIRST, SECOND = "order://clawver/ord_1", "order://clawver/ord_2"


def event(number: int, order_id: str | None, store: str = "clawver") -> Received:
    return Received(number, store, "order.paid", NOON, order_id)


@pytest.fixture
def updates() -> Updates:
    return Updates()


@pytest.fixture
def server(counter: Counter, updates: Updates) -> MCPServer:
    return build(counter.desk, capabilities=[counter.desk.stores[0].capabilities], updates=updates)


async def test_who_follows_an_order_is_told_of_its_events_and_of_no_others(
    server: MCPServer, updates: Updates, era: Era
) -> None:
    async with following(server, era, FIRST) as one, following(server, era, SECOND, EVENTS) as other:
        await updates.tell([event(3, "ord_9"), event(2, "ord_1", "second"), event(1, None)])
        assert await other.told() == EVENTS
        await updates.tell([event(4, "ord_1")])
        assert (await one.told(), await other.told()) == (FIRST, EVENTS)
        await updates.tell([event(7, "ord_2"), event(6, "ord_1"), event(5, "ord_2")])
        assert await one.told() == FIRST
        assert {await other.told(), await other.told()} == {SECOND, EVENTS}
        assert one.nothing_more()
        assert other.nothing_more()


async def test_what_another_process_received_reaches_who_follows(
    counter: Counter, server: MCPServer, updates: Updates, tmp_path: Path, era: Era
) -> None:
    receiver, uri = Place(tmp_path).ledger(counter.clock.now), f"order://clawver/{counter.refundable}"
    waits = 0

    async def sleep(_seconds: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 2:
            await receiver.remember("clawver", Delivered("1", "order.shipped", counter.refundable))
        if waits > 2:
            await anyio.sleep_forever()

    async with following(server, era, uri, EVENTS) as follower, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: hear(counter.desk, updates.tell, sleep=sleep, random=lambda: 0.5))
        assert {await follower.told(), await follower.told()} == {uri, EVENTS}
        listed = structured(await follower.client.call_tool("list_events", {}))
        read = await follower.client.read_resource(EVENTS)
        tasks.cancel_scope.cancel()
    assert [(one["type"], one["order_id"]) for one in listed["events"]] == [("order.shipped", counter.refundable)]
    assert '"order.shipped"' in str(read)


async def test_every_era_says_that_resources_can_be_followed(server: MCPServer, era: Era) -> None:
    async with client_of(server, era) as client:
        resources = client.server_capabilities.resources
    assert resources is not None
    assert resources.subscribe is True


async def test_who_left_is_told_no_more_and_takes_no_room(server: MCPServer, updates: Updates, era: Era) -> None:
    async with following(server, era, FIRST), following(server, era, EVENTS):
        pass
    async with following(server, era, FIRST) as follower:
        await updates.tell([event(1, "ord_1")])
        assert await follower.told() == FIRST
    assert updates._followed == {}
    assert updates.bus._listeners == {}


async def test_a_program_of_the_earlier_era_can_leave_one_resource(server: MCPServer, updates: Updates) -> None:
    async with following(server, "legacy", FIRST, SECOND) as follower:
        await leave(follower.client, FIRST)
        await leave(follower.client, EVENTS)
        await updates.tell([event(1, "ord_1"), event(2, "ord_2")])
        assert await follower.told() == SECOND
        await follow(follower.client, FIRST)
        await follow(follower.client, FIRST)
        await updates.tell([event(3, "ord_1")])
        assert await follower.told() == FIRST
        assert follower.nothing_more()


async def test_who_leaves_without_ever_having_followed_is_answered(server: MCPServer) -> None:
    async with client_of(server, "legacy") as client:
        await leave(client, FIRST)


async def refused(server: MCPServer, era: Era, uris: Sequence[str]) -> MCPError:
    with pytest.RaisesGroup(MCPError, allow_unwrapped=True, flatten_subgroups=True) as caught:
        async with following(server, era, *uris):
            raise AssertionError("it was allowed")
    error: BaseException = caught.value
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    assert isinstance(error, MCPError)
    return error


@pytest.mark.parametrize(
    "uris", [[f"order://clawver/{number}" for number in range(501)], [f"order://clawver/{'x' * 500}"]]
)
async def test_what_one_client_may_follow_is_bounded(server: MCPServer, era: Era, uris: list[str]) -> None:
    error = await refused(server, era, uris)
    assert error.error.code == INVALID_PARAMS
    assert "at most 500" in error.error.message


async def test_as_much_as_one_client_may_follow_it_is_told_of(
    server: MCPServer, updates: Updates, era: Era
) -> None:
    uris = [f"order://clawver/ord_{number}" for number in range(500)]
    async with following(server, era, *uris, uris[0]) as follower:
        await updates.tell([event(1, "ord_0"), event(2, "ord_499")])
        assert {await follower.told(), await follower.told()} == {uris[0], uris[499]}


async def test_how_many_clients_follow_is_bounded(server: MCPServer, updates: Updates) -> None:
    updates._followed = {connection_to(Silent()): {FIRST} for _ in range(1024)}
    error = await refused(server, "legacy", [FIRST])
    assert "Too many" in error.error.message
    updates._followed.popitem()
    async with following(server, "legacy", FIRST) as follower:
        await updates.tell([event(1, "ord_1")])
        assert await follower.told() == FIRST


async def test_a_client_that_does_not_read_keeps_nothing_from_the_others(
    server: MCPServer, counter: Counter
) -> None:
    updates = Updates(patience_s=0.01)
    server = build(counter.desk, capabilities=[counter.desk.stores[0].capabilities], updates=updates)
    updates._followed[connection_to(Stuck())] = {FIRST, EVENTS}
    async with following(server, "legacy", FIRST) as follower:
        for number in (1, 2):
            with anyio.fail_after(20):
                await updates.tell([event(number, "ord_1")])
            assert await follower.told() == FIRST


class Silent(Outbound):
    """The way to a client that takes what comes."""

    async def send_raw_request(self, *_: object) -> dict[str, object]:
        raise AssertionError("nothing is asked")

    async def notify(self, *_: object) -> None:
        return


class Stuck(Silent):
    """The way to a client that takes nothing."""

    async def notify(self, *_: object) -> None:
        await anyio.sleep_forever()


def connection_to(outbound: Outbound) -> Connection:
    return Connection.for_loop(outbound)
