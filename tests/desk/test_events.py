"""What the shops told, at the desk: listed for whoever asks, passed on once, and never believed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clawver_orders.desk.hearing import hear
from clawver_orders.errors import InvalidArgument, NotFoundError, SetupError, UnsupportedError
from clawver_orders.events import Delivered, Received
from clawver_orders.order import Order
from clawver_orders.refunds.machine import Move, State
from clawver_orders.store import Capabilities
from tests.counter import YES, Counter, open_counter
from tests.server.shelf import Shelf, desk_of

pytestmark = pytest.mark.anyio

PAID = Delivered("1", "order.paid", "ord_1")


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path)


class Enough(Exception):  # noqa: N818 - ends a loop that never ends
    """The test has seen enough."""


class Night:
    """What happens while the desk waits, wait by wait; then it is over."""

    def __init__(self, counter: Counter, *happens: Sequence[Delivered]) -> None:
        self.counter = counter
        self.happens = list(happens)
        self.waits: list[float] = []
        self.told: list[list[str]] = []

    async def tell(self, events: Sequence[Received]) -> None:
        self.told.append([event.type for event in events])

    async def sleep(self, seconds: float) -> None:
        if len(self.waits) == len(self.happens):
            raise Enough
        for delivered in self.happens[len(self.waits)]:
            await self.counter.ledger.remember("clawver", delivered)
        self.waits.append(seconds)
        self.counter.clock.pass_by(seconds=seconds)

    async def passes(self) -> None:
        with pytest.raises(Enough):
            await hear(self.counter.desk, self.tell, sleep=self.sleep, random=lambda: 0.5)


def event(key: str, order_id: str | None = "ord_1") -> Delivered:
    return Delivered(key, f"type.{key}", order_id)


async def test_events_are_listed_newest_first_and_by_what_is_asked_for(counter: Counter) -> None:
    for number in range(30):
        await counter.ledger.remember(
            "clawver", Delivered(f"{number}", f"type.{number % 2}", f"ord_{number % 3}" if number % 3 else None)
        )

    async def found(**asked: str | int) -> list[int]:
        return [one.id for one in await counter.desk.list_events(**asked)]  # type: ignore[arg-type]

    assert await found() == list(range(30, 10, -1))
    assert await found(limit=100) == list(range(30, 0, -1))
    assert await found(store="clawver", limit=1) == [30]
    assert await found(after_id="27") == [30, 29, 28]
    assert await found(after_id="30") == []
    assert await found(order_id="ord_2", limit=2) == [30, 27]
    assert await found(of_type="type.1", order_id="ord_2", after_id="20") == [30, 24]
    assert await found(of_type="type") == []
    assert counter.sandbox.requests == []


async def test_events_of_all_stores_are_one_list_and_a_store_that_is_gone_is_left_out(tmp_path: Path) -> None:
    silent = Capabilities(frozenset({"get_order"}))
    desk = desk_of(tmp_path, [Shelf("first"), Shelf("second"), Shelf("quiet", silent)])
    for number, store in enumerate(("gone", "first", "second", "gone", "first", "gone", "quiet")):
        await desk.inbox.remember(store, replace(PAID, key=str(number)))
    assert [(one.id, one.store) for one in await desk.list_events()] == [(5, "first"), (3, "second"), (2, "first")]
    assert [one.id for one in await desk.list_events(limit=2)] == [5, 3]
    assert [one.id for one in await desk.list_events("second")] == [3]
    with pytest.raises(InvalidArgument, match="store"):
        await desk.list_events("gone")
    with pytest.raises(UnsupportedError, match="first, second can"):
        await desk.list_events("quiet")


@pytest.mark.parametrize("after_id", ["-1", "1.0", "1e3", "٣", "²", " 1", "0x1", "9" * 19, "ord_1", "1\n", "\0"])
async def test_an_id_that_is_none_of_an_event_is_refused(counter: Counter, after_id: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await counter.desk.list_events(after_id=after_id)
    assert caught.value.field == "after_id"


@pytest.mark.parametrize("limit", [0, -1, 101, 2**63])
async def test_a_list_of_events_is_bounded(counter: Counter, limit: int) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await counter.desk.list_events(limit=limit)
    assert caught.value.field == "limit"


async def test_without_a_store_there_are_no_events_but_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        await desk_of(tmp_path, []).list_events()


async def test_what_is_new_is_told_once_and_what_was_there_before_is_not(counter: Counter) -> None:
    for number in range(300):
        await counter.ledger.remember("clawver", event(f"old {number}"))
    counter.clock.pass_by(seconds=1)
    night = Night(counter, [event("a")], [], [event("b"), event("c", None), event("b")], [event("a")])
    await night.passes()
    assert night.told == [["type.a"], ["type.c", "type.b"]]
    assert night.waits == pytest.approx([3.3] * 4)


async def test_of_many_events_that_came_at_once_each_is_told(counter: Counter) -> None:
    night = Night(counter, [], [event(str(number)) for number in range(250)])
    await night.passes()
    (told,) = night.told
    assert told == [f"type.{number}" for number in reversed(range(250))]


async def test_the_first_event_of_a_desk_that_never_had_one_is_told(counter: Counter) -> None:
    night = Night(counter, [], [event("a")], [event("b")])
    await night.passes()
    assert night.told == [["type.a"], ["type.b"]]


async def test_a_clock_that_runs_behind_hides_nothing_once_the_desk_has_listened(counter: Counter) -> None:
    night = Night(counter, [], [event("a")])

    async def sleep(seconds: float) -> None:
        if night.waits:
            counter.clock.at -= timedelta(days=1)
        await night.sleep(seconds)

    with pytest.raises(Enough):
        await hear(counter.desk, night.tell, sleep=sleep, random=lambda: 0.5)
    assert night.told == [["type.a"]]


async def test_an_event_of_a_store_that_is_not_configured_is_nobodys(counter: Counter) -> None:
    night = Night(counter, [], [], [])

    async def sleep(seconds: float) -> None:
        await counter.ledger.remember("gone", event(str(len(night.waits)), counter.refundable))
        await night.sleep(seconds)

    with pytest.raises(Enough):
        await hear(counter.desk, night.tell, sleep=sleep, random=lambda: 0.5)
    assert night.told == []


async def unknown(counter: Counter, fault: str = "refund:reset-after:1") -> Move:
    """A refund whose outcome is not known."""
    counter.fault(fault)
    refund = await counter.prepared()
    assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.UNKNOWN
    return await held(counter, refund.refund_id)


async def held(counter: Counter, refund_id: str) -> Move:
    move = await counter.ledger.get(refund_id)
    assert move is not None
    return move


async def test_an_event_makes_the_desk_look_at_the_open_refund_of_its_order_at_once(counter: Counter) -> None:
    refund = await unknown(counter)
    await Night(counter, [event("other", "ord_other"), event("none", None)]).passes()
    assert (await held(counter, refund.id)).looks == 0
    assert (await held(counter, refund.id)).state is State.UNKNOWN
    await Night(counter, [event("a", counter.refundable)]).passes()
    assert (await held(counter, refund.id)).state is State.SUCCEEDED
    assert counter.posts() == 1


@pytest.mark.parametrize("word", ["order.refunded", "refund.succeeded", "order.cancelled"])
async def test_an_event_is_never_believed(counter: Counter, word: str) -> None:
    """Hostile 94: it says refunded, the shop says nothing of it, so nothing is settled."""
    refund = await unknown(counter, "refund:reset-before:1")
    order = counter.refundable
    await Night(counter, [Delivered("a", word, order), Delivered("b", f"{word}: {refund.id}", order)]).passes()
    after = await held(counter, refund.id)
    assert (after.state, after.looks) == (State.UNKNOWN, 1)
    assert counter.paid_back() == []


async def test_an_event_sends_nothing_and_confirms_nothing(counter: Counter) -> None:
    refund = await counter.prepared()
    before = len(counter.sandbox.requests)
    await Night(counter, [event("a", counter.refundable), event("b", refund.refund_id)]).passes()
    assert (await held(counter, refund.refund_id)).state is State.PREPARED
    assert len(counter.sandbox.requests) == before


async def test_a_registration_is_not_looked_at_for_an_event_that_names_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}))
    counter.fault("create-webhook:reset-after:1")
    asked: list[str] = []

    async def get_order(order_id: str) -> Order:
        asked.append(order_id)
        raise NotFoundError("There is no such order", "Look for it")

    await counter.desk.create_webhook("", "https://hooks.example/x", ("order.paid",), YES)
    monkeypatch.setattr(counter.desk.stores[0], "get_order", get_order)
    await Night(counter, [event("a", "https://hooks.example/x")]).passes()
    assert asked == []


async def test_a_shop_that_is_away_costs_a_look_and_not_the_next_event(counter: Counter) -> None:
    refund = await unknown(counter)
    counter.fault("any:500:always")
    night = Night(counter, [event("a", counter.refundable)], [event("b", counter.refundable)])
    await night.passes()
    assert night.told == [["type.a"], ["type.b"]]
    assert (await held(counter, refund.id)).state is State.UNKNOWN


@pytest.mark.parametrize("error", [SetupError("The disk is gone", "Bring it back"), ZeroDivisionError("a bug")])
async def test_a_record_that_is_away_is_asked_again_later_and_nothing_is_missed(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    night = Night(counter, [event("a")], [event("b")], [event("c")])

    async def away(**_: object) -> tuple[Received, ...]:
        monkeypatch.undo()
        raise error

    async def sleep(seconds: float) -> None:
        await night.sleep(seconds)
        if len(night.waits) == 2:
            monkeypatch.setattr(counter.ledger, "received", away)

    with pytest.raises(Enough):
        await hear(counter.desk, night.tell, sleep=sleep, random=lambda: 0.5)
    assert night.told == [["type.a"], ["type.c", "type.b"]]
    assert night.waits == pytest.approx([3.3, 3.3, 33.0])
    assert type(error).__name__ in caplog.text
