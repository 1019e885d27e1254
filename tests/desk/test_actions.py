"""Cancelling, marking as paid, changing a price: confirmed by a person, sent once, recorded, never guessed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from clawver_orders import approvals
from clawver_orders.desk.reconciling import look_at_due
from clawver_orders.errors import ConflictError, DeskError, InvalidArgument, RefundError
from clawver_orders.refunds.machine import State
from clawver_orders.sandbox import parse_fault
from tests.contract.shops import Counters, open_counters
from tests.counter import NO, YES

pytestmark = pytest.mark.anyio


@pytest.fixture
def counter(tmp_path: Path) -> Counters:
    return open_counters(tmp_path, ["heidianer"])


def unpaid(counter: Counters) -> str:
    return counter.only.hints["pending_order"]


def total(counter: Counters) -> int:
    return counter.only.shop.numbered(unpaid(counter)).total


async def test_without_a_persons_yes_nothing_is_sent_and_the_answer_says_how_to_give_it(counter: Counters) -> None:
    acted = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    assert (acted.action.state, acted.action.outcome) == (State.PREPARED, "no")
    assert acted.action.approval is not None
    assert f"clawver-orders approve {acted.action.action_id}" in acted.action.message
    assert counter.writes() == []


async def test_the_same_call_goes_on_with_the_same_action_once_a_person_said_yes(counter: Counters) -> None:
    first = await counter.desk.mark_order_paid("", unpaid(counter), None)
    move = await approvals.found(counter.desk, first.action.action_id)
    await approvals.answer(counter.desk, move, given=True, how="a person at the terminal")
    second = await counter.desk.mark_order_paid("", unpaid(counter), None)
    assert second.action.action_id == first.action.action_id
    assert (second.action.outcome, second.order.payment_status) == ("done", "paid")
    assert len(counter.writes()) == 1


async def test_other_words_are_another_action_and_a_no_is_final(counter: Counters) -> None:
    first = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    other = await counter.desk.cancel_order("", unpaid(counter), "changed their mind", None)
    assert other.action.action_id != first.action.action_id
    with pytest.raises(RefundError, match=r"refund\.declined"):
        await counter.desk.cancel_order("", unpaid(counter), "ordered twice", NO)
    assert counter.writes() == []


async def test_a_yes_that_comes_after_its_time_sends_nothing(counter: Counters) -> None:
    acted = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    counter.clock.pass_by(minutes=16)
    move = await approvals.found(counter.desk, acted.action.action_id)
    assert move.state is State.EXPIRED
    again = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    assert again.action.action_id != acted.action.action_id
    assert counter.writes() == []


@pytest.mark.parametrize("what", ["paid", "price"])
async def test_an_order_that_changed_since_a_person_said_yes_is_left_alone(counter: Counters, what: str) -> None:
    acted = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    move = await approvals.found(counter.desk, acted.action.action_id)
    await approvals.answer(counter.desk, move, given=True, how="a person at the terminal")
    shop = counter.only.shop
    if what == "paid":
        shop.pay(shop.numbered(unpaid(counter)).id)
    else:
        shop.adjust(shop.numbered(unpaid(counter)).id, -500)
    with pytest.raises(RefundError, match=r"refund\.void"):
        await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    assert counter.writes() == []


async def test_an_order_that_was_sent_off_meanwhile_is_not_cancelled(tmp_path: Path) -> None:
    counter = open_counters(tmp_path, ["heidianer"])
    shop = counter.only.shop
    order_id = counter.only.hints["refundable_order"]
    acted = await counter.desk.cancel_order("", order_id, "ordered twice", None)
    move = await approvals.found(counter.desk, acted.action.action_id)
    await approvals.answer(counter.desk, move, given=True, how="a person at the terminal")
    shop.advance(shop.numbered(order_id).id)
    shop.advance(shop.numbered(order_id).id)
    with pytest.raises(RefundError, match=r"refund\.void: .*status"):
        await counter.desk.cancel_order("", order_id, "ordered twice", None)
    assert counter.writes() == []


async def test_only_one_write_at_a_time_is_under_way_on_an_order(counter: Counters) -> None:
    counter.only.faults.add(parse_fault("write:reset-before:1"))
    lost = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    assert lost.action.outcome == "unknown"
    with pytest.raises(RefundError, match=r"refund\.open"):
        await counter.desk.mark_order_paid("", unpaid(counter), YES)
    with pytest.raises(RefundError, match=r"refund\.open"):
        await counter.desk.prepare_refund("", unpaid(counter), "full", "x", another=False)
    again = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    assert (again.action.action_id, again.action.outcome) == (lost.action.action_id, "unknown")
    assert len(counter.writes()) == 1


async def test_a_hundred_calls_at_once_send_one_hostile_16(counter: Counters) -> None:
    outcomes: list[str] = []

    async def call() -> None:
        try:
            outcomes.append((await counter.desk.mark_order_paid("", unpaid(counter), YES)).action.outcome)
        except DeskError as error:
            outcomes.append(error.code)

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(call)
    assert len(counter.writes()) == 1
    assert "done" in outcomes
    assert set(outcomes) <= {"done", "unknown", "conflict", "refund.open", "no"}


async def test_a_frozen_desk_prepares_and_sends_nothing_hostile_85(counter: Counters) -> None:
    await counter.desk.moves.ledger.turn("frozen", lambda _: "a person", note="frozen", by="a person")
    with pytest.raises(RefundError, match=r"refund\.frozen"):
        await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    assert counter.writes() == []


@pytest.mark.parametrize(
    "adjustment",
    [
        "0.00 CNY",
        "-0.00 CNY",
        "-20",
        "-20.00",
        "20.00 USD",
        "-1e3 CNY",
        "-99999.00 CNY",
        "+1.00 CNY",
        "-1.0 CNY",
        "",
    ],
)
async def test_a_price_that_is_no_change_or_no_money_is_refused(counter: Counters, adjustment: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await counter.desk.adjust_order_price("", unpaid(counter), adjustment, YES)
    assert caught.value.field == "adjustment"
    assert counter.writes() == []


@pytest.mark.parametrize("hint", ["refundable_order", "refunded_order", "cancelled_order"])
async def test_a_paid_or_cancelled_order_is_neither_marked_nor_repriced(counter: Counters, hint: str) -> None:
    order_id = counter.only.hints[hint]
    with pytest.raises(ConflictError):
        await counter.desk.mark_order_paid("", order_id, YES)
    with pytest.raises(ConflictError):
        await counter.desk.adjust_order_price("", order_id, "-1.00 CNY", YES)
    assert counter.writes() == []


async def test_another_total_than_was_meant_is_said_and_left_to_a_person(counter: Counters) -> None:
    counter.only.faults.add(parse_fault("write:reset-after:1"))
    before = total(counter)
    lost = await counter.desk.adjust_order_price("", unpaid(counter), "-5.00 CNY", YES)
    assert lost.action.outcome == "unknown"
    shop = counter.only.shop
    shop.adjust(shop.numbered(unpaid(counter)).id, 300)
    found = await counter.desk.adjust_order_price("", unpaid(counter), "-5.00 CNY", YES)
    assert (found.action.state, found.action.outcome) == (State.MANUAL, "unknown")
    assert f"{(before - 500) / 100:.2f} CNY" in found.action.message
    assert f"{(before - 200) / 100:.2f} CNY" in found.action.message
    assert len(counter.writes()) == 1


async def test_the_desk_looks_by_itself_for_what_is_not_settled(counter: Counters) -> None:
    counter.only.faults.add(parse_fault("write:reset-after:1"))
    lost = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    counter.clock.pass_by(seconds=3)
    assert await look_at_due(counter.desk) > 0
    move = await approvals.found(counter.desk, lost.action.action_id)
    assert move.state is State.SUCCEEDED


async def test_a_shop_that_cannot_be_read_leaves_it_unknown(counter: Counters) -> None:
    counter.only.faults.add(parse_fault("write:reset-after:1"))
    lost = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    counter.only.faults.add(parse_fault("read:500:always"))
    counter.clock.pass_by(seconds=3)
    await look_at_due(counter.desk)
    move = await approvals.found(counter.desk, lost.action.action_id)
    assert move.state is State.UNKNOWN


async def test_what_was_done_is_done_even_where_the_order_cannot_be_read_again(counter: Counters) -> None:
    acted = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    move = await approvals.found(counter.desk, acted.action.action_id)
    await approvals.answer(counter.desk, move, given=True, how="a person at the terminal")
    get_order = counter.store.get_order
    reads: list[str] = []

    async def once(order_id: str) -> Any:
        reads.append(order_id)
        if len(reads) > 2:
            counter.only.faults.replace(parse_fault("read:500:always"))
        return await get_order(order_id)

    counter.store.get_order = once  # type: ignore[method-assign]
    done = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", None)
    assert (done.action.outcome, done.order.status) == ("done", "pending")


async def test_a_person_can_settle_what_the_shop_never_shows(counter: Counters) -> None:
    counter.only.faults.add(parse_fault("write:reset-before:1"))
    lost = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    move = await approvals.found(counter.desk, lost.action.action_id)
    with pytest.raises(RefundError, match=r"refund\.open"):
        await counter.desk.moves.resolved(move, applied=False, by="a person")
    for wait in (timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=25)):
        counter.clock.pass_by(seconds=wait.total_seconds())
        await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    settled = await counter.desk.moves.resolved(move, applied=False, by="a person")
    assert settled.state is State.NOT_APPLIED
    again = await counter.desk.cancel_order("", unpaid(counter), "ordered twice", YES)
    assert again.action.outcome == "done"


@pytest.mark.parametrize("comment", ["", "   ", "x" * 1001, "a\x00b", "a\x1b[31m", "\ud800", "a\u202eb"])
async def test_a_comment_that_cannot_be_read_is_not_sent(counter: Counters, comment: str) -> None:
    with pytest.raises(InvalidArgument):
        await counter.desk.comment_order("", unpaid(counter), comment)
    assert counter.writes() == []


async def test_a_look_that_is_older_than_the_record_does_nothing_twice_hostile_59(counter: Counters) -> None:
    counter.only.faults.add(parse_fault("write:stale:1,reads=9"))
    done = await counter.desk.mark_order_paid("", unpaid(counter), YES)
    assert done.action.outcome == "done"
    with pytest.raises(ConflictError, match=done.action.action_id):
        await counter.desk.mark_order_paid("", unpaid(counter), YES)
    assert len(counter.writes()) == 1


async def test_a_price_is_not_changed_twice_by_two_preparations(counter: Counters) -> None:
    before = total(counter)
    first = await counter.desk.adjust_order_price("", unpaid(counter), "-5.00 CNY", None)
    await counter.desk.adjust_order_price("", unpaid(counter), "-4.00 CNY", None)
    counter.only.faults.add(parse_fault("write:stale:1,reads=9"))
    move = await approvals.found(counter.desk, first.action.action_id)
    await approvals.answer(counter.desk, move, given=True, how="a person at the terminal")
    await counter.desk.adjust_order_price("", unpaid(counter), "-5.00 CNY", None)
    await counter.desk.moves.resolved(move, applied=True, by="a person")
    with pytest.raises(DeskError):
        await counter.desk.adjust_order_price("", unpaid(counter), "-4.00 CNY", YES)
    assert total(counter) == before - 500
    assert len(counter.writes()) == 1


async def test_the_same_change_of_price_can_be_meant_again(counter: Counters) -> None:
    before = total(counter)
    for times in (1, 2):
        acted = await counter.desk.adjust_order_price("", unpaid(counter), "-1.00 CNY", YES)
        assert acted.action.outcome == "done"
        assert total(counter) == before - 100 * times
