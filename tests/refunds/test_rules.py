"""What may be refunded, by the order as read and the record of what was done: the engine alone."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawver_orders.errors import InvalidArgument, RefundError
from clawver_orders.refunds import machine, rules
from clawver_orders.refunds.limits import NO_LIMITS
from clawver_orders.refunds.machine import MARKER, State
from clawver_orders.store import Answer, Capabilities
from tests.refunds.book import NOON, SHOP, Memory, after, order, shop_refund, usd


def refusal(code: str) -> "pytest.RaisesExc[RefundError]":
    return pytest.raises(RefundError, check=lambda error: error.code == f"refund.{code}")


def test_a_part_is_prepared_with_what_a_person_must_see() -> None:
    move = Memory().prepare(order(items=5))
    assert (move.state, move.moved, move.amount, move.remaining) == (State.PREPARED, "no", usd(500), usd(1999))
    assert move.snapshot.total == usd(2499)
    assert move.snapshot.customer == "m***@s***.example"
    assert move.snapshot.items == "1 × M; 1 × M; 1 × M; and 2 more"
    assert move.expires_at == after(minutes=15)
    assert move.reason_sent == f"arrived torn [{move.id}]"
    assert MARKER.findall(move.reason_sent) == [move.id]


def test_full_means_what_is_left_by_the_money() -> None:
    move = Memory().prepare(order(refunds=(shop_refund(500),), payment_status="partially_refunded"), amount="full")
    assert (move.amount, move.remaining) == (usd(1999), usd(0))


@pytest.mark.parametrize(
    "shop_order",
    [
        order(total=None),
        order(complete=False),
        order(payment_status="pending"),
        order(payment_status="failed"),
        order(payment_status="refunded", refunds=(shop_refund(2499),)),
        order(payment_status="partially_refunded", refunds=(shop_refund(2499),)),
    ],
)
def test_what_is_unpaid_unclear_or_used_up_is_not_refundable(shop_order: object) -> None:
    with refusal("not_refundable"):
        Memory().prepare(shop_order, amount="full")  # type: ignore[arg-type]


def test_cents_given_as_units_are_refused_and_what_is_left_is_shown() -> None:
    """Hostile 9: 2499.00 for 24.99."""
    with refusal("too_much") as caught:
        Memory().prepare(amount="2499.00 USD")
    assert "24.99 USD can still be refunded" in str(caught.value)


@pytest.mark.parametrize(
    "amount",
    [
        "0.00 USD",
        "-5.00 USD",
        "-0.00 USD",
        "5.00 EUR",
        "500 JPY",
        "5 USD",
        "lots",
        "",
        "2499",
        "24.9 USD",
        "1e3 USD",
    ],
)
def test_an_amount_of_another_form_or_currency_is_refused(amount: str) -> None:
    """Hostile 5, 8, 9, 10: and the answer shows what is left."""
    with pytest.raises(InvalidArgument) as caught:
        Memory().prepare(amount=amount)
    assert caught.value.field == "amount"
    assert "24.99 USD can still be refunded" in str(caught.value)


def test_a_shop_that_refunds_only_the_whole_refuses_a_part() -> None:
    whole_only = Capabilities(operations=frozenset({"refund"}), partial_refunds=False)
    with refusal("not_refundable"):
        Memory().prepare(amount="5.00 USD", capabilities=whole_only)
    assert Memory().prepare(amount="full", capabilities=whole_only).amount == usd(2499)


def test_the_same_request_again_is_the_same_refund_until_it_expires() -> None:
    book = Memory()
    first = book.prepare()
    assert book.prepare(now=after(minutes=14)).id == first.id
    assert book.prepare(reason="other words").id != first.id
    assert book.prepare(now=after(minutes=15)).id != first.id


def test_the_same_request_of_another_principal_is_a_refund_of_its_own() -> None:
    book = Memory()
    asked = partial(rules.prepare, book, order(), amount="5.00 USD", given="torn", another=False)
    asked = partial(asked, capabilities=SHOP, limits=NO_LIMITS, now=NOON, random=book.random)
    first = book.keep(asked(principal="token:till"))
    assert first.principal == "token:till"
    assert asked(principal="token:till").id == first.id
    other = asked()
    assert (other.principal, other.id == first.id) == ("", False)


def test_the_same_amount_on_the_shops_record_is_a_duplicate_unless_another_is_meant() -> None:
    """Hostile 87."""
    shop_order = order(refunds=(shop_refund(500),), payment_status="partially_refunded")
    with refusal("duplicate"):
        Memory().prepare(shop_order)
    assert Memory().prepare(shop_order, another=True).repeats
    assert not Memory().prepare(shop_order, amount="4.00 USD", another=True).repeats


def test_the_same_amount_on_our_record_is_a_duplicate_even_where_the_shop_does_not_show_it() -> None:
    """Hostile 59, 86: a stale read and reworded reasons."""
    book = Memory()
    move = book.prepare()
    move = book.keep(machine.confirm(book, move, by="form", now=NOON))
    move = book.keep(machine.claim(move, rules.snapshot(order()), owner="me", now=NOON))
    book.keep(machine.settle(move, Answer("done", "201", shop_id="ref_9"), owner="me", now=NOON))
    with refusal("duplicate"):
        book.prepare(reason="another way of saying it")


def test_while_one_is_open_no_other_is_prepared_on_that_order() -> None:
    book = Memory()
    book.keep(machine.confirm(book, book.prepare(), by="form", now=NOON))
    with refusal("open"):
        book.prepare(amount="1.00 USD", another=True)


def test_a_mark_that_this_record_does_not_know_stops_the_desk() -> None:
    """Hostile 71: a lost ledger, or a second desk."""
    stranger = order(refunds=(shop_refund(300, "torn [R-7K2M9Q4X]"),), payment_status="partially_refunded")
    book = Memory()
    with refusal("foreign") as caught:
        book.prepare(stranger)
    assert "refunds adopt ord_1" in str(caught.value)
    ((marker, refund),) = rules.marked(stranger)
    adopted = book.keep(rules.adopted(marker, refund, stranger, by="lee", now=NOON))
    assert (adopted.state, adopted.moved, adopted.amount, adopted.text) == (
        State.SUCCEEDED,
        "yes",
        usd(300),
        "torn",
    )
    assert book.prepare(stranger).amount == usd(500)
    with refusal("duplicate"):
        book.prepare(stranger, amount="3.00 USD")


def test_a_known_mark_on_another_order_is_foreign_too() -> None:
    book = Memory()
    move = book.prepare()
    copied = order(refunds=(shop_refund(300, f"torn [{move.id}]"),), payment_status="partially_refunded")
    book.moves[move.id] = replace(move, subject="ord_2")
    with refusal("foreign"):
        book.prepare(copied)


@pytest.mark.parametrize(
    "reason", ["", "   ", "\u200b\u202e", "[R-7K2M9Q4X]", "<b></b>", "[R-7K2M[R-7K2M9Q4X]9Q4X]"]
)
def test_a_reason_that_is_empty_once_cleaned_is_refused(reason: str) -> None:
    """Hostile 14."""
    with pytest.raises(InvalidArgument) as caught:
        Memory().prepare(reason=reason)
    assert caught.value.field == "reason"


@given(
    st.text(max_size=600) | st.lists(st.sampled_from(["[R-", "7K2M9Q4X", "]", "a", " "]), max_size=40).map("".join)
)
def test_no_reason_smuggles_a_mark_or_outgrows_its_cap(reason: str) -> None:
    """Hostile 14: our own marker, or another refund's, in the reason."""
    try:
        written = rules.reason(reason)
    except InvalidArgument:
        return
    assert len(written) <= rules.REASON_CAP
    assert not MARKER.search(written)
    assert MARKER.findall(f"{written} [R-00000000]") == ["R-00000000"]


def test_an_id_that_is_taken_is_not_minted_again() -> None:
    book = Memory()
    numbers = iter([0] * 8 + [0] * 8 + [1] * 8)
    first = book.prepare(random=lambda _: next(numbers))
    second = book.prepare(amount="1.00 USD", random=lambda _: next(numbers))
    assert (first.id, second.id) == ("R-00000000", "R-11111111")


def sent(book: Memory) -> machine.Move:
    move = book.keep(machine.confirm(book, book.prepare(), by="form", now=NOON))
    move = book.keep(machine.claim(move, rules.snapshot(order()), owner="me", now=NOON))
    return book.keep(machine.settle(move, Answer("unknown", "time-out"), owner="me", now=NOON))


def test_a_refund_is_recognised_by_its_mark() -> None:
    move = sent(Memory())
    shown = order(refunds=(shop_refund(500, move.reason_sent, "ref_7"),), payment_status="partially_refunded")
    seen = rules.look(move, shown, after(1))
    assert (seen.state, seen.moved, seen.shop_id, seen.processor_id) == (
        State.SUCCEEDED,
        "yes",
        "ref_7",
        "re_example",
    )
    assert (seen.remaining, seen.look_at) == (usd(1999), None)


def test_a_refund_that_is_not_there_stays_unknown_however_often_one_looks() -> None:
    """Hostile 58, 59, 82: late, stale, or a refund of the same amount by somebody else."""
    move = sent(Memory())
    by_hand = order(refunds=(shop_refund(500, "in the dashboard"),), payment_status="partially_refunded")
    for minute in range(1, 10):
        move = rules.look(move, by_hand, after(minute))
        assert (move.state, move.moved, move.looks) == (State.UNKNOWN, "unknown", minute)
    assert (move.first_look_at, move.last_look_at) == (after(1), after(9))


@pytest.mark.parametrize("amounts", [(500, 500), (400,)])
def test_a_mark_twice_or_on_another_amount_is_for_a_person(amounts: tuple[int, ...]) -> None:
    move = sent(Memory())
    refunds = tuple(shop_refund(minor, move.reason_sent, f"ref_{n}") for n, minor in enumerate(amounts))
    seen = rules.look(move, order(refunds=refunds, payment_status="partially_refunded"), after(1))
    assert (seen.state, seen.moved) == (State.MANUAL, "unknown")
    assert rules.look(seen, order(), after(2)).state is State.MANUAL
