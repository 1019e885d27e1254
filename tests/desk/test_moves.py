"""A person's answer to a move: for what it was when they read it, and kept with who gave it."""

from pathlib import Path

import pytest

from clawver_orders.desk.results import Consent
from clawver_orders.errors import RefundError
from clawver_orders.refunds.machine import State
from tests.counter import YES, Counter, open_counter

pytestmark = pytest.mark.anyio


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path)


async def test_an_answer_to_what_was_shown_counts_until_somebody_else_answered(counter: Counter) -> None:
    moves = counter.desk.moves
    shown = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    approved = await moves.confirmed(shown, YES, as_shown=True)
    assert approved.state is State.CONFIRMED
    with pytest.raises(RefundError) as caught:
        await moves.confirmed(shown, Consent(given=False, how="page"), as_shown=True)
    assert caught.value.code == "refund.void"
    assert await counter.ledger.get(shown.id) == approved


async def test_an_answer_that_is_not_bound_to_it_takes_the_other_one_back(
    counter: Counter,
) -> None:
    moves = counter.desk.moves
    shown = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    await moves.confirmed(shown, YES)
    taken_back = await moves.confirmed(shown, Consent(given=False, how="page"))
    assert taken_back.state is State.VOID


async def test_the_record_keeps_how_each_answer_was_given_and_what_time_did(counter: Counter) -> None:
    moves = counter.desk.moves
    forgotten = await counter.desk.refunds.held((await counter.prepared("6.00 USD")).refund_id)
    counter.clock.pass_by(minutes=15)
    assert (await moves.confirmed(forgotten, None)).state is State.EXPIRED
    answered = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    await moves.confirmed(answered, YES)
    assert [event.by for event in await counter.ledger.events(answered.id)][-1] == YES.how
    assert [event.by for event in await counter.ledger.events(forgotten.id)][-1] == "time"
