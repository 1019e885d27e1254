"""Shops that keep no reason, refund later, or only write a refund down; and what is done to orders besides."""

from dataclasses import replace
from typing import Any

import pytest

from clawver_orders.errors import RefundError
from clawver_orders.order import Order, ShopRefund
from clawver_orders.refunds import machine, rules, words
from clawver_orders.refunds.limits import NO_LIMITS
from clawver_orders.refunds.machine import Kind, Move, State
from clawver_orders.store import Answer, RefundEffect
from tests.refunds.book import NOON, SHOP, Memory, after, order, shop_refund, usd

OLD = shop_refund(1, refund_id="ref_old")
BEFORE = order(refunds=(OLD,), payment_status="partially_refunded")


@pytest.fixture
def lost() -> Move:
    """A refund of all that was left, whose answer was lost; one of a cent was there before."""
    book = Memory()
    confirmed = machine.confirm(book, book.prepare(BEFORE, amount="24.98 USD"), by="form", now=NOON)
    sending = machine.claim(confirmed, rules.snapshot(BEFORE), owner="me", now=NOON)
    return machine.settle(sending, Answer("unknown", "reset"), owner="me", now=NOON)


def seen(move: Move, shop_order: Order) -> Move:
    return rules.look(move, shop_order, after(9), keeps_reason=False)


def shown(*refunds: ShopRefund) -> Order:
    return order(refunds=(OLD, *refunds), payment_status="partially_refunded")


def test_a_new_refund_of_the_same_amount_is_ours(lost: Move) -> None:
    assert seen(lost, shown(shop_refund(2498, refund_id="ref_new"))) == replace(
        lost,
        state=State.SUCCEEDED,
        version=lost.version + 1,
        settled_at=after(9),
        evidence="difference: a refund of this amount is new",
        shop_id="ref_new",
        processor_id="re_example",
        remaining=usd(0),
        look_at=None,
    )


@pytest.mark.parametrize(
    ("new", "amounts"),
    [
        ((shop_refund(2498, refund_id="a"), shop_refund(2498, refund_id="b")), "24.98 USD, 24.98 USD"),
        ((shop_refund(3, refund_id="a"), shop_refund(2498, refund_id="b")), "0.03 USD, 24.98 USD"),
        ((shop_refund(3, refund_id="a"),), "0.03 USD"),
    ],
)
def test_new_refunds_that_cannot_be_one_of_ours_are_for_a_person(
    lost: Move, new: tuple[ShopRefund, ...], amounts: str
) -> None:
    told = seen(lost, shown(*new))
    assert told.state is State.MANUAL
    assert told.evidence == f"the shop shows new refunds of {amounts}; 24.98 USD was sent"


def test_an_order_that_is_refunded_now_shows_it_without_naming_the_refund(lost: Move) -> None:
    done = seen(lost, replace(shown(), payment_status="refunded"))
    assert (done.state, done.evidence) == (State.SUCCEEDED, "difference: the order is refunded now")
    assert (done.shop_id, done.processor_id) == (None, None)
    was_refunded = replace(lost, snapshot=replace(lost.snapshot, payment_status="refunded"))
    assert seen(was_refunded, replace(shown(), payment_status="refunded")).state is State.UNKNOWN


def test_an_order_that_is_being_refunded_was_accepted_and_later_looks_are_counted(lost: Move) -> None:
    under_way = replace(shown(), refunding=True)
    told = seen(replace(lost, looks=2), under_way)
    assert told == replace(
        lost,
        state=State.ACCEPTED,
        version=lost.version + 1,
        looks=2,
        evidence="difference: the shop shows that it is refunding the order",
        last_look_at=after(9),
        look_at=after(10),
    )
    again = seen(told, under_way)
    assert (again.state, again.looks) == (State.ACCEPTED, 3)


def test_nothing_new_proves_nothing(lost: Move) -> None:
    told = seen(lost, shown())
    assert (told.state, told.looks) == (State.UNKNOWN, 1)
    contradicted = replace(lost, state=State.MANUAL)
    assert seen(contradicted, shown(shop_refund(2498, refund_id="ref_new"))).state is State.MANUAL


def test_an_order_that_the_shop_is_refunding_is_not_refunded_beside_it() -> None:
    with pytest.raises(RefundError) as caught:
        Memory().prepare(replace(order(), refunding=True))
    assert str(caught.value) == (
        "refund.not_refundable: The shop is giving money back on this order already. "
        "Wait until it is through: refresh_order, where the shop has it, and then get_order."
    )


def prepared(effect: RefundEffect) -> Move:
    return rules.prepare(
        Memory(),
        order(),
        amount="5.00 USD",
        given="torn",
        another=False,
        capabilities=SHOP,
        limits=NO_LIMITS,
        now=NOON,
        random=Memory().random,
        effect=effect,
    )


def test_a_payment_method_that_cannot_give_money_back_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(RefundError) as caught:
        prepared("none")
    assert str(caught.value) == (
        "refund.not_refundable: The order's payment method cannot give money back through the shop. Pay it back "
        "where it was paid; with record_only_refunds = true in the settings it can be written down."
    )


@pytest.mark.parametrize("state", list(State))
def test_a_refund_that_is_only_written_down_never_moved_money(state: State) -> None:
    move = replace(prepared("record"), state=state)
    assert move.snapshot.effect == "record"
    assert move.moved == "no"
    assert (replace(prepared("money"), state=State.SUCCEEDED)).moved == "yes"


def test_a_refund_that_was_only_written_down_says_that_somebody_must_pay() -> None:
    told = words.message(replace(prepared("record"), state=State.SUCCEEDED))
    assert told == "Written down in the shop as refunded: 5.00 USD. No money moved by it: pay it back yourself."


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"refunding": True}, "a refund on it was started or ended in the shop"),
        ({"effect": "record"}, "whether the payment method can give money back"),
    ],
)
def test_what_a_refund_would_do_must_be_as_it_was_confirmed(changed: dict[str, Any], told: str) -> None:
    before = rules.snapshot(order())
    assert before.changes(replace(before, **changed)) == told
    assert rules.snapshot(replace(order(), refunding=True), "record") == replace(
        before, refunding=True, effect="record"
    )


def test_the_stage_of_an_order_matters_to_what_is_no_refund() -> None:
    before = rules.snapshot(order())
    later = replace(before, status="shipped")
    assert before.changes(later, stage=True) == "the status was delivered and is shipped"
    assert before.changes(before, stage=True) == ""
    assert before.changes(later) == ""
    refund = machine.confirm(Memory(), Memory().prepare(), by="form", now=NOON)
    assert machine.claim(refund, later, owner="me", now=NOON).state is State.SENDING
    cancelling = replace(refund, kind="cancel_order")
    assert machine.claim(cancelling, later, owner="me", now=NOON).state is State.VOID


def test_an_action_is_not_void_for_a_refund_that_an_old_look_does_not_show() -> None:
    book = Memory()
    done = book.keep(replace(book.prepare(), state=State.SUCCEEDED, shop_id="ref_1"))
    action = replace(book.prepare(order(refunds=(shop_refund(500),)), amount="1.00 USD"), snapshot=done.snapshot)
    assert machine.confirm(book, action, by="form", now=NOON).state is State.VOID
    cancelling = replace(action, kind="cancel_order")
    assert machine.confirm(book, cancelling, by="form", now=NOON).state is State.CONFIRMED


def test_what_another_one_outdated_is_void_and_names_it() -> None:
    book = Memory()
    move, other = book.prepare(), book.prepare(amount="6.00 USD")
    assert machine.outdated(move, other, after(3)) == replace(
        move,
        state=State.VOID,
        version=1,
        settled_at=after(3),
        evidence=f"{other.id} was carried out since it was prepared",
    )


@pytest.mark.parametrize(
    ("kind", "how"),
    [("refund", "check_refund with R-00000000"), ("cancel_order", "cancel_order again as before")],
)
def test_who_is_refused_beside_another_is_told_how_to_settle_that(kind: Kind, how: str) -> None:
    book = Memory()
    book.keep(replace(book.prepare(), id="R-00000000", kind=kind, state=State.UNKNOWN))
    with pytest.raises(RefundError) as caught:
        machine.refuse_beside(book, "clawver", "ord_1")
    assert str(caught.value) == (
        "refund.open: R-00000000 on the same order is unknown, and only one may be under way. "
        f"Call {how}; until it is settled nothing else is sent."
    )


AGAIN = "Call cancel_order again"
TOLD = {
    State.PREPARED: (
        f"Nothing was sent: a person must approve it. {AGAIN}: where your program has forms, a person is asked by "
        "one. Else: they run this."
    ),
    State.CONFIRMED: f"Confirmed and under way. {AGAIN} with the same arguments to see how it ended.",
    State.SENDING: f"Confirmed and under way. {AGAIN} with the same arguments to see how it ended.",
    State.ACCEPTED: (
        f"The shop said yes, and the order does not show it yet. {AGAIN} later with the same arguments; nothing "
        "will be sent again."
    ),
    State.SUCCEEDED: "Cancelled. No money went back by it: what was paid is given back with prepare_refund.",
    State.UNKNOWN: (
        "It was sent once and the outcome is unknown (what was seen). Nothing will be sent again: look with "
        "get_order, or call cancel_order again later with the same arguments."
    ),
    State.MANUAL: (
        "What the shop shows is not what was sent: what was seen. A person looks in the shop's dashboard, then "
        "runs: clawver-orders resolve R-01234567"
    ),
}


@pytest.mark.parametrize("state", list(State))
def test_an_action_is_told_by_its_state(state: State) -> None:
    move = replace(Memory().prepare(), kind="cancel_order", state=state, evidence="what was seen")
    assert words.action(move, waiting="they run this.") == TOLD.get(state, "Nothing was changed: what was seen.")
    if state not in TOLD:
        assert words.action(replace(move, evidence=""), waiting="") == f"Nothing was changed: {state}."


@pytest.mark.parametrize(
    ("kind", "told"),
    [("mark_order_paid", "Marked as paid."), ("adjust_order_price", "The price was changed by -1.00 USD.")],
)
def test_what_was_done_to_an_order_is_told_by_its_kind(kind: Kind, told: str) -> None:
    done = replace(Memory().prepare(), kind=kind, state=State.SUCCEEDED, text="-1.00 USD")
    assert words.action(done, waiting="") == told
