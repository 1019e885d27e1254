"""A person's answer to a move: for what it was when they read it, and kept with who gave it."""

from dataclasses import replace
from pathlib import Path

import pytest

from clawver_orders.desk.results import Consent
from clawver_orders.errors import RefundError
from clawver_orders.money import Money
from clawver_orders.refunds.limits import Limits
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


async def test_a_second_yes_is_the_first_one_and_is_not_counted_against_a_cap(tmp_path: Path) -> None:
    counter = open_counter(tmp_path, limits=Limits(max_per_day={"USD": Money(500, "USD")}))
    moves = counter.desk.moves
    move = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    confirmed = await moves.confirmed(move, YES)
    assert confirmed.state is State.CONFIRMED
    await counter.ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
    assert await moves.confirmed(confirmed, YES) == confirmed


async def test_a_yes_that_comes_too_late_is_told_so_even_where_the_desk_is_frozen(counter: Counter) -> None:
    move = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    await counter.ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
    counter.clock.pass_by(minutes=15)
    assert (await counter.desk.moves.confirmed(move, YES)).state is State.EXPIRED


async def test_a_yes_to_a_refund_counts_though_an_action_was_carried_out_meanwhile(counter: Counter) -> None:
    """What the action changed, the look right before the send sees."""
    move = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    counter.clock.pass_by(minutes=1)
    done = replace(move, id="R-ACTED000", kind="cancel_order", amount=None, state=State.PREPARED)
    await counter.ledger.decide(lambda _: done, by="a test")
    done = replace(done, state=State.SUCCEEDED, version=done.version + 1, settled_at=counter.clock.now())
    await counter.ledger.decide(lambda _: done, by="a test")
    assert (await counter.desk.moves.confirmed(move, YES)).state is State.CONFIRMED
