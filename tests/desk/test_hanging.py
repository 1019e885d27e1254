"""A desk that hangs right after its claim was stored: found by the simulator."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clawver_orders.errors import RefundError
from clawver_orders.ledger import SqliteLedger
from clawver_orders.refunds.machine import Book, Move, State
from tests.counter import YES, Clock, open_counter

pytestmark = pytest.mark.anyio


async def test_a_desk_that_hung_after_its_claim_does_not_send_what_was_given_up(tmp_path: Path) -> None:
    """Hostile 67: the deadline counts from before the claim, by the clock that counts while the machine sleeps."""
    clock = Clock()

    class Hanging(SqliteLedger):
        async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
            move = await super().decide(decision, by=by)
            if move.state is State.SENDING:
                clock.pass_by(seconds=11)
            return move

    counter = open_counter(tmp_path, clock=clock)
    counter.desk.moves.ledger = Hanging(tmp_path, clock.now)
    refund = await counter.prepared()
    with pytest.raises(RefundError) as caught:
        await counter.desk.execute_refund(refund.refund_id, YES)
    assert caught.value.code == "refund.not_sent"
    assert counter.posts() == 0
