"""What may be cancelled, marked as paid and repriced, and what proves it: by the order and the record alone."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from clawver_orders.errors import ConflictError, DeskError, InvalidArgument, RefundError
from clawver_orders.order import Order
from clawver_orders.refunds import actions, machine, rules
from clawver_orders.refunds.machine import Kind, Move, State
from tests.refunds.book import NOON, Memory, order

LATER = timedelta(minutes=1)
CHANCE = Random(1)


def unpaid(**changes: Any) -> Order:
    known = order(payment_status="pending", status="pending")
    return replace(known, **changes) if changes else known


def prepared(book: Memory, kind: Kind, given: str = "", of: Order | None = None, at: timedelta = LATER) -> Move:
    return book.keep(
        actions.prepare(book, of or unpaid(), kind=kind, given=given, now=NOON + at, random=CHANCE.randrange)
    )


def in_state(book: Memory, move: Move, state: State, **facts: Any) -> Move:
    return book.keep(replace(move, state=state, version=move.version + 1, **facts))


def done(book: Memory, kind: Kind, given: str = "", at: timedelta = LATER) -> Move:
    return in_state(book, prepared(book, kind, given), State.SUCCEEDED, settled_at=NOON + at)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("cancel_order", "  ordered [R-01234567] twice\n", "ordered twice"),
        ("mark_order_paid", "anything", ""),
        ("adjust_order_price", "-5.00 USD", "-5.00 USD"),
        ("adjust_order_price", "0.01 USD", "0.01 USD"),
        ("adjust_order_price", "-24.99 USD", "-24.99 USD"),
    ],
)
def test_an_action_keeps_its_argument_in_one_form(kind: Kind, given: str, kept: str) -> None:
    move = prepared(Memory(), kind, given)
    assert (move.kind, move.text, move.amount, move.state) == (kind, kept, None, State.PREPARED)
    assert (move.store, move.subject, move.prepared_at) == ("clawver", "ord_1", NOON + LATER)
    assert move.snapshot == rules.snapshot(unpaid())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "0.00 USD",
            (
                "invalid_argument: adjustment is zero; the total is 24.99 USD. Say by how much the total "
                'changes, such as "-1.00 USD".'
            ),
        ),
        (
            "-25.00 USD",
            (
                "invalid_argument: adjustment would bring the total below zero; the total is 24.99 USD. Say "
                'by how much the total changes, such as "-1.00 USD".'
            ),
        ),
        ("-5.00 CNY", 'invalid_argument: adjustment is in CNY, and must be in USD. Write it like "24.99 USD".'),
        ("cheaper", 'invalid_argument: adjustment is not an amount with its currency. Write it like "24.99 USD".'),
    ],
)
def test_an_adjustment_is_money_that_changes_the_total(given: str, told: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        prepared(Memory(), "adjust_order_price", given)
    assert (str(caught.value), caught.value.field) == (told, "adjustment")


def test_a_price_is_not_changed_where_the_shop_does_not_say_the_total() -> None:
    with pytest.raises(ConflictError) as caught:
        prepared(Memory(), "adjust_order_price", "-1.00 USD", replace(unpaid(), totals=order(total=None).totals))
    assert str(caught.value) == (
        "conflict: The shop does not say the order's total. Change the price in the shop's dashboard."
    )


@pytest.mark.parametrize("status", ["pending", "confirmed", "processing", "shipped", "unknown"])
def test_what_has_not_ended_can_be_cancelled_paid_or_not(status: str) -> None:
    for payment_status in ("pending", "paid"):
        assert prepared(Memory(), "cancel_order", "twice", order(status=status, payment_status=payment_status))


@pytest.mark.parametrize("status", ["delivered", "completed", "failed"])
def test_what_has_ended_is_not_cancelled(status: str) -> None:
    with pytest.raises(ConflictError) as caught:
        prepared(Memory(), "cancel_order", "twice", order(status=status))
    assert str(caught.value) == (
        f"conflict: The order is {status}, which cannot be cancelled. If money is to go back, use prepare_refund."
    )


@pytest.mark.parametrize("kind", ["cancel_order", "mark_order_paid", "adjust_order_price"])
def test_nothing_is_done_to_a_cancelled_order(kind: Kind) -> None:
    with pytest.raises(ConflictError) as caught:
        prepared(Memory(), kind, "1.00 USD", order(status="cancelled", payment_status="pending"))
    assert str(caught.value) == (
        "conflict: The order is cancelled already. Nothing is left to do; tell the shopkeeper so."
    )


@pytest.mark.parametrize("kind", ["mark_order_paid", "adjust_order_price"])
@pytest.mark.parametrize("payment_status", ["paid", "partially_refunded", "refunded", "voided", "unknown"])
def test_only_an_unpaid_order_is_marked_or_repriced(kind: Kind, payment_status: str) -> None:
    with pytest.raises(ConflictError) as caught:
        prepared(Memory(), kind, "1.00 USD", order(status="confirmed", payment_status=payment_status))
    assert str(caught.value) == (
        f"conflict: The order's payment is {payment_status}, and this is for unpaid orders. "
        "Check the order with get_order."
    )


@pytest.mark.parametrize("kind", ["mark_order_paid", "adjust_order_price"])
@pytest.mark.parametrize("payment_status", ["pending", "authorized", "partially_paid", "failed"])
def test_every_unpaid_order_can_be_marked_and_repriced(kind: Kind, payment_status: str) -> None:
    assert prepared(Memory(), kind, "1.00 USD", order(status="pending", payment_status=payment_status))


def test_a_frozen_desk_prepares_no_action() -> None:
    with pytest.raises(RefundError, match=r"refund\.frozen"):
        prepared(Memory(frozen_by="a person"), "mark_order_paid")


def test_the_same_call_of_another_principal_is_an_action_of_its_own() -> None:
    book = Memory()
    given: dict[str, Any] = {"kind": "mark_order_paid", "given": "", "now": NOON, "random": CHANCE.randrange}
    first = book.keep(actions.prepare(book, unpaid(), principal="token:till", **given))
    assert first.principal == "token:till"
    assert actions.prepare(book, unpaid(), principal="token:till", **given) == first
    other = actions.prepare(book, unpaid(), **given)
    assert (other.principal, other.id == first.id) == ("", False)


def test_a_persons_answer_begins_no_action_but_goes_on_with_the_one_it_is_for() -> None:
    book = Memory()
    given: dict[str, Any] = {"kind": "mark_order_paid", "given": "", "random": CHANCE.randrange, "answered": True}
    with pytest.raises(RefundError) as caught:
        actions.prepare(book, unpaid(), now=NOON, **given)
    assert str(caught.value) == (
        "refund.void: What the person was asked about is over: it changed, or its time ran out, before they "
        "answered. Nothing was sent. Call again: they are asked about it as it is now."
    )
    move = prepared(book, "mark_order_paid", at=timedelta())
    assert actions.prepare(book, unpaid(), now=NOON + LATER, **given) == move


@pytest.mark.parametrize("state", [State.CONFIRMED, State.SENDING, State.ACCEPTED, State.UNKNOWN, State.MANUAL])
def test_the_same_call_is_the_same_action_while_it_is_open(state: State) -> None:
    book = Memory()
    move = in_state(book, prepared(book, "adjust_order_price", "-15.00 USD"), state, confirmed_at=NOON + LATER)
    # By now the shop may show what it did.
    shown = order(total=999, payment_status="paid", status="cancelled")
    assert prepared(book, "adjust_order_price", "-15.00 USD", shown) == move
    with pytest.raises(DeskError):
        prepared(book, "adjust_order_price", "-5.00 USD", unpaid())
    with pytest.raises(RefundError, match=r"refund\.open"):
        prepared(book, "mark_order_paid")


def test_the_same_call_is_the_same_preparation_while_the_order_is_unchanged() -> None:
    book = Memory()
    move = prepared(book, "cancel_order", "twice")
    assert prepared(book, "cancel_order", "twice").id == move.id
    assert prepared(book, "cancel_order", "thrice").id != move.id
    for changed in (unpaid(status="confirmed"), unpaid(payment_status="failed")):
        assert prepared(book, "cancel_order", "twice", changed).id != move.id
    assert prepared(book, "cancel_order", "twice", at=timedelta(minutes=20)).id != move.id


def test_a_preparation_of_another_kind_with_the_same_words_is_another() -> None:
    book = Memory()
    paid = prepared(book, "mark_order_paid")
    book.keep(replace(paid, id="R-OTHERKND", kind="cancel_order"))
    assert prepared(book, "mark_order_paid").id == paid.id


@pytest.mark.parametrize("state", [State.DECLINED, State.EXPIRED, State.VOID, State.REJECTED, State.NOT_APPLIED])
def test_what_was_not_carried_out_can_be_asked_for_anew(state: State) -> None:
    book = Memory()
    move = in_state(book, prepared(book, "cancel_order", "twice"), state)
    assert prepared(book, "cancel_order", "twice").id != move.id


@pytest.mark.parametrize(
    ("kind", "given"), [("cancel_order", "twice"), ("mark_order_paid", ""), ("adjust_order_price", "-5.00 USD")]
)
def test_a_look_that_does_not_show_what_was_done_is_old_for_a_day(kind: Kind, given: str) -> None:
    book = Memory()
    move = done(book, kind, given)
    day = timedelta(hours=24) + LATER
    with pytest.raises(ConflictError) as caught:
        prepared(book, kind, given, at=day - timedelta(seconds=1))
    assert str(caught.value) == (
        f"conflict: {move.id} did this, and the shop does not show it. Look again in a minute with get_order; "
        "if it stays so, look in the shop's own dashboard."
    )
    assert prepared(book, kind, given, at=day).id != move.id


def test_another_kind_of_action_is_not_held_up_by_an_old_look() -> None:
    book = Memory()
    done(book, "mark_order_paid")
    assert prepared(book, "cancel_order", "twice")


def test_a_change_of_price_that_the_shop_shows_can_be_made_again() -> None:
    book = Memory()
    first = done(book, "adjust_order_price", "-5.00 USD")
    assert prepared(book, "adjust_order_price", "-5.00 USD", order(total=1999, payment_status="pending")) != first
    # Somebody else's change.
    assert prepared(book, "adjust_order_price", "-6.00 USD", order(total=2099, payment_status="pending"))


@pytest.mark.parametrize(
    ("settled", "found"),
    [(timedelta(minutes=-2), False), (timedelta(minutes=-2, seconds=1), True), (LATER, True)],
)
def test_a_preparation_is_overtaken_by_what_was_done_since_or_right_before(settled: timedelta, found: bool) -> None:
    book = Memory()
    move = prepared(book, "cancel_order", "twice", at=timedelta(0))
    other = in_state(book, prepared(book, "mark_order_paid", at=timedelta(0)), State.SUCCEEDED)
    book.keep(replace(other, settled_at=NOON + settled))
    overtaken = actions.overtaken(book, move)
    assert (overtaken.id if overtaken else None) == (other.id if found else None)


def test_what_the_snapshot_shows_overtakes_nothing_nor_does_what_was_not_done() -> None:
    book = Memory()
    move = prepared(book, "cancel_order", "twice", order(status="confirmed", payment_status="paid"))
    other = prepared(book, "mark_order_paid", at=timedelta(0))
    assert actions.overtaken(book, move) is None
    waiting = prepared(book, "cancel_order", "no answer yet")
    in_state(book, other, State.DECLINED, settled_at=NOON + LATER)
    assert actions.overtaken(book, waiting) is None
    in_state(book, other, State.SUCCEEDED, settled_at=NOON + LATER)
    assert actions.overtaken(book, move) is None
    book.keep(replace(other, kind="refund", state=State.SUCCEEDED, settled_at=NOON + LATER))
    assert actions.overtaken(book, prepared(book, "cancel_order", "other words")) is None


def unknown(kind: Kind, given: str = "") -> Move:
    book = Memory()
    return in_state(book, prepared(book, kind, given), State.UNKNOWN, sent_at=NOON)


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        ("cancel_order", "twice", order(status="cancelled", payment_status="pending")),
        ("mark_order_paid", "", order(payment_status="paid")),
        ("mark_order_paid", "", order(payment_status="partially_refunded")),
        ("mark_order_paid", "", order(payment_status="refunded")),
        ("adjust_order_price", "-5.00 USD", order(total=1999, payment_status="pending")),
        ("adjust_order_price", "5.00 USD", order(total=2999, payment_status="pending")),
    ],
)
def test_an_order_that_shows_it_proves_it(kind: Kind, given: str, shown: Order) -> None:
    found = actions.look(unknown(kind, given), shown, NOON + LATER)
    assert (found.state, found.shop_id, found.settled_at) == (State.SUCCEEDED, "ord_1", NOON + LATER)
    assert found.evidence == "difference: the order shows it"


@pytest.mark.parametrize(
    ("kind", "given"), [("cancel_order", "twice"), ("mark_order_paid", ""), ("adjust_order_price", "-5.00 USD")]
)
def test_an_order_that_does_not_show_it_proves_nothing(kind: Kind, given: str) -> None:
    seen = actions.look(unknown(kind, given), unpaid(), NOON + LATER)
    assert (seen.state, seen.looks) == (State.UNKNOWN, 1)


def test_another_total_than_either_is_for_a_person_and_stays_so() -> None:
    seen = actions.look(unknown("adjust_order_price", "-5.00 USD"), unpaid(totals=order(total=100).totals), NOON)
    assert seen.state is State.MANUAL
    assert seen.evidence == "the total was to be 19.99 USD, and the shop shows 1.00 USD"
    again = actions.look(seen, order(total=1999, payment_status="pending"), NOON + LATER)
    assert (again.state, again.looks) == (State.MANUAL, seen.looks + 1)


def test_a_price_without_a_total_is_a_mistake_of_ours() -> None:
    move = replace(unknown("adjust_order_price", "-5.00 USD"), snapshot=machine.Snapshot())
    with pytest.raises(ValueError, match=r"^R-\w+ has no total$"):
        actions.expected(move)
    with pytest.raises(InvalidArgument, match="adjustment is not"):
        actions.adjustment(replace(move, text="x"))


def test_the_actions_are_three() -> None:
    assert {"cancel_order", "mark_order_paid", "adjust_order_price"} == actions.KINDS
