"""A desk that runs looks for what it does not know, without being asked."""

from pathlib import Path

import pytest

from clawver_orders.desk.reconciling import look_at_due, reconcile
from clawver_orders.errors import SetupError
from clawver_orders.refunds.machine import State
from tests.counter import YES, Counter, open_counter

pytestmark = pytest.mark.anyio


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path)


class Enough(Exception):  # noqa: N818 - ends a loop that never ends
    """The test has seen enough."""


async def lost(counter: Counter, fault: str) -> str:
    counter.fault(fault)
    refund = await counter.prepared()
    assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.UNKNOWN
    return refund.refund_id


async def test_an_unknown_refund_is_found_when_its_look_is_due_and_not_before(counter: Counter) -> None:
    refund_id = await lost(counter, "refund:reset-after:1")
    assert await look_at_due(counter.desk) == 2.0
    move = await counter.ledger.get(refund_id)
    assert move is not None
    assert move.state is State.UNKNOWN
    counter.clock.pass_by(seconds=2)
    assert await look_at_due(counter.desk) == 60.0
    move = await counter.ledger.get(refund_id)
    assert move is not None
    assert move.state is State.SUCCEEDED
    assert counter.posts() == 1


async def test_the_looks_become_rarer_while_it_is_not_there(counter: Counter) -> None:
    await lost(counter, "refund:reset-before:1")
    counter.clock.pass_by(seconds=2)
    assert await look_at_due(counter.desk) == 10.0
    counter.clock.pass_by(seconds=10)
    assert await look_at_due(counter.desk) == 60.0


async def test_a_claim_whose_sender_died_is_taken_up(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile 65."""
    refund = await counter.prepared()

    class Killed(BaseException):
        """As good as SIGKILL."""

    async def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(counter.desk.stores[0], "refund", die)
        with pytest.raises(Killed):
            await counter.desk.execute_refund(refund.refund_id, YES)
    assert await look_at_due(counter.desk) == 30.0
    counter.clock.pass_by(seconds=30)
    await look_at_due(counter.desk)
    move = await counter.ledger.get(refund.refund_id)
    assert move is not None
    assert move.state is State.UNKNOWN


async def test_registrations_are_left_to_their_own_tool(tmp_path: Path) -> None:
    counter = open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}))
    counter.fault("create-webhook:reset-after:1")
    await counter.desk.create_webhook("", "https://hooks.example/x", ("order.paid",), YES)
    assert await look_at_due(counter.desk) == 60.0


@pytest.mark.parametrize("error", [SetupError("The disk is gone", "Bring it back"), ZeroDivisionError("a bug")])
async def test_the_loop_waits_as_long_as_it_should_and_survives_a_look_that_fails(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:

            async def find(**_: object) -> tuple[()]:
                raise error

            monkeypatch.setattr(counter.ledger, "find", find)
        if len(waits) == 4:
            raise Enough

    with pytest.raises(Enough):
        await reconcile(counter.desk, sleep=sleep, random=lambda: 0.5)
    assert waits == pytest.approx([2.2, 66.0, 66.0, 66.0])
