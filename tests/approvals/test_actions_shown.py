"""What a person reads and types before something lasting is done to an order, and when they are asked by a form."""

from dataclasses import replace
from pathlib import Path

import pytest

from clawver_orders import approvals
from tests.contract.shops import Counters, open_counters
from tests.refunds.book import Memory

pytestmark = pytest.mark.anyio


@pytest.fixture
def counter(tmp_path: Path) -> Counters:
    return open_counters(tmp_path, ["heidianer"])


def test_each_kind_has_its_noun_and_what_is_typed_for_it() -> None:
    assert approvals.NOUNS == {
        "refund": "refund",
        "create_webhook": "registration",
        "cancel_order": "cancellation",
        "mark_order_paid": "mark as paid",
        "adjust_order_price": "price change",
    }
    assert approvals.TYPED == {
        "refund": "the amount with its currency",
        "create_webhook": "the address",
        "cancel_order": "the order's id",
        "mark_order_paid": "the order's id",
        "adjust_order_price": "the change with its currency",
    }


def test_what_the_shop_does_not_say_is_not_made_up() -> None:
    move = replace(Memory().prepare(), kind="cancel_order", amount=None)
    silent = replace(move, snapshot=replace(move.snapshot, total=None, customer=""))
    shown = dict(approvals.facts(silent))
    assert (shown["Order total"], shown["Customer"]) == ("not said", "not said")
    assert dict(approvals.facts(move))["Customer"] == "m***@s***.example"


def test_only_a_refund_can_be_only_written_down() -> None:
    move = Memory().prepare()
    recorded = replace(move, snapshot=replace(move.snapshot, effect="record"))
    assert [approvals.only_recorded(one) for one in (recorded, move)] == [True, False]
    assert not approvals.only_recorded(replace(recorded, kind="cancel_order"))


async def asked(counter: Counters) -> str | None:
    order_id = counter.only.hints["pending_order"]
    return await approvals.action_question(
        counter.desk, kind="cancel_order", store="", order_id=order_id, given="ordered twice"
    )


async def test_a_form_is_shown_until_it_is_answered(counter: Counters) -> None:
    shown = await asked(counter)
    assert shown is not None
    assert shown.startswith("Cancel this order? No money goes back by this.")
    (waiting,) = await approvals.waiting(counter.desk)
    await approvals.answer(counter.desk, waiting, given=True, how="form")
    assert await asked(counter) is None


@pytest.mark.parametrize("name", ["read_only", "trust_forms"])
async def test_no_form_is_shown_where_none_counts_or_nothing_may_be_sent(counter: Counters, name: str) -> None:
    setattr(counter.desk, name, name == "read_only")
    assert await asked(counter) is None
    assert await approvals.waiting(counter.desk) == ()
