"""What another desk did is not taken over beside a refund of ours that was confirmed without it."""

from pathlib import Path

import pytest

from clawver_orders.errors import RefundError
from clawver_orders.refunds.machine import State
from tests.counter import YES, open_counter

pytestmark = pytest.mark.anyio


async def test_nothing_is_adopted_while_a_refund_on_the_order_is_confirmed(tmp_path: Path) -> None:
    """Found by the simulator: an old look right before the send would not have shown what was adopted meanwhile."""
    ours = open_counter(tmp_path / "one")
    other = open_counter(tmp_path / "two", sandbox=ours.sandbox, clock=ours.clock)
    waiting = await ours.prepared("20.00 USD")
    foreign = await other.prepared("5.00 USD")
    await other.desk.execute_refund(foreign.refund_id, YES)
    order = await ours.desk.get_order("", ours.refundable)
    move = await ours.desk.refunds.held(waiting.refund_id)
    assert (await ours.desk.moves.confirmed(move, YES)).state is State.CONFIRMED
    with pytest.raises(RefundError) as caught:
        await ours.desk.refunds.adopt(order, by="lee")
    assert caught.value.code == "refund.open"
    assert await ours.ledger.get(foreign.refund_id) is None
