"""How much may move: the caps and the switch, in the engine and over a whole counter."""

from pathlib import Path

import anyio
import pytest

from clawver_orders import approvals
from clawver_orders.errors import RefundError
from clawver_orders.money import Money
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import State
from tests.counter import YES, Counter, open_counter
from tests.refunds.book import Memory, usd

pytestmark = pytest.mark.anyio


def limits(*, amount: int = 100_00, day: int = 100_00, currency: str = "USD", assistant: bool = False) -> Limits:
    return Limits({currency: Money(amount, currency)}, {currency: Money(day, currency)}, assistant)


def refusal(code: str) -> "pytest.RaisesExc[RefundError]":
    return pytest.raises(RefundError, check=lambda error: error.code == f"refund.{code}")


def counter(path: Path, held: Limits) -> Counter:
    return open_counter(path, limits=held)


def test_one_refund_over_its_cap_is_not_even_prepared() -> None:
    with refusal("cap"):
        Memory().prepare(amount="5.01 USD", limits=limits(amount=500))
    assert Memory().prepare(amount="5.00 USD", limits=limits(amount=500)).amount == usd(500)


def test_a_currency_without_a_cap_has_none() -> None:
    assert Memory().prepare(limits=limits(amount=1, day=1, currency="CNY")).amount == usd(500)


async def test_the_days_cap_counts_all_orders_and_forgets_after_a_day(tmp_path: Path) -> None:
    shop = counter(tmp_path, limits(day=900))
    other = shop.sandbox.hints["mixed_order"]
    first = await shop.prepared("5.00 USD")
    await shop.desk.execute_refund(first.refund_id, YES)
    with refusal("cap") as caught:
        await shop.prepared("4.01 USD", other)
    assert "5.00 USD of the last 24 hours" in str(caught.value)
    second = await shop.prepared("4.00 USD", other)
    assert (await shop.desk.execute_refund(second.refund_id, YES)).state is State.SUCCEEDED
    shop.clock.pass_by(hours=24, seconds=1)
    third = await shop.prepared("9.00 USD", other)
    assert (await shop.desk.execute_refund(third.refund_id, YES)).state is State.SUCCEEDED


async def test_an_unknown_refund_keeps_its_part_of_the_cap(tmp_path: Path) -> None:
    """Hostile 84."""
    shop = counter(tmp_path, limits(day=900))
    shop.fault("refund:reset-before:1")
    lost = await shop.prepared("5.00 USD")
    assert (await shop.desk.execute_refund(lost.refund_id, YES)).state is State.UNKNOWN
    shop.clock.pass_by(days=7)
    with refusal("cap"):
        await shop.prepared("5.00 USD", shop.sandbox.hints["mixed_order"])


async def test_the_cap_is_held_where_refunds_are_confirmed_at_the_same_time(tmp_path: Path) -> None:
    """Rule 8: two that fit alone, prepared beside each other, confirmed beside each other."""
    shop = counter(tmp_path, limits(day=900))
    orders = [shop.refundable, shop.sandbox.hints["mixed_order"], shop.sandbox.hints["digital_order"]]
    prepared = [await shop.prepared("5.00 USD", order_id) for order_id in orders]
    outcomes: list[str] = []

    async def execute(refund_id: str) -> None:
        try:
            outcomes.append((await shop.desk.execute_refund(refund_id, YES)).state)
        except RefundError as error:
            outcomes.append(error.code)

    async with anyio.create_task_group() as tasks:
        for refund in prepared:
            tasks.start_soon(execute, refund.refund_id)
    assert sorted(outcomes) == ["refund.cap", "refund.cap", "succeeded"]
    assert shop.posts() == 1


async def test_a_frozen_desk_moves_nothing_at_any_step(tmp_path: Path) -> None:
    """Hostile 85: also where the switch is pulled between confirmation and claim."""
    shop = counter(tmp_path, Limits())
    refund = await shop.prepared()
    move = await approvals.found(shop.desk, refund.refund_id)

    async def freeze(by: str) -> None:
        await shop.ledger.turn("frozen", lambda _: by, note="frozen" if by else "unfrozen", by="lee")

    await freeze("lee")
    with refusal("frozen") as caught:
        await shop.prepared("1.00 USD")
    assert "lee" in str(caught.value)
    with refusal("frozen"):
        await approvals.answer(shop.desk, move, given=True, how="command")
    await freeze("")
    await approvals.answer(shop.desk, move, given=True, how="command")
    await freeze("lee")
    with refusal("frozen"):
        await shop.desk.execute_refund(refund.refund_id, None)
    assert shop.posts() == 0
    await freeze("")
    assert (await shop.desk.execute_refund(refund.refund_id, None)).state is State.SUCCEEDED
    assert await shop.ledger.verify() == ()


async def test_an_assistant_confirms_only_by_the_operators_word_and_within_both_caps(tmp_path: Path) -> None:
    shop = counter(tmp_path, limits(amount=500, assistant=True))
    refund = await shop.prepared("5.00 USD")
    assert await approvals.question(shop.desk, refund_id=refund.refund_id) is None
    done = await shop.desk.execute_refund(refund.refund_id, None)
    assert (done.state, done.confirmed_by) == (State.SUCCEEDED, "assistant")
    again = await shop.desk.prepare_refund("", shop.refundable, "5.00 USD", "once more", another=True)
    assert (await shop.desk.execute_refund(again.refund_id, None)).state is State.PREPARED
    assert await approvals.question(shop.desk, refund_id=again.refund_id)


@pytest.mark.parametrize(
    "held",
    [
        Limits(assistant=True),
        Limits({"USD": usd(10_000)}, {}, assistant=True),
        Limits({}, {"USD": usd(10_000)}, assistant=True),
        limits(currency="CNY", assistant=True),
        limits(),
    ],
)
async def test_without_both_caps_in_the_currency_a_person_is_needed(tmp_path: Path, held: Limits) -> None:
    shop = counter(tmp_path, held)
    refund = await shop.prepared("5.00 USD")
    assert (await shop.desk.execute_refund(refund.refund_id, None)).state is State.PREPARED
    assert shop.posts() == 0
