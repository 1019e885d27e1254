"""A look that is older than what the record knows must not let a refund pass: found by the simulator."""

import pytest

from clawver_orders.errors import RefundError
from clawver_orders.refunds import machine, rules
from clawver_orders.refunds.machine import Move, State
from clawver_orders.store import Answer
from tests.refunds.book import NOON, Memory, order, shop_refund

SEEN = rules.snapshot(order())


def refunded(book: Memory, move: Move, *, shop_id: str | None = "ref_1") -> Move:
    """Take a prepared refund to its end."""
    confirmed = book.keep(machine.confirm(book, move, by="form", now=NOON))
    claimed = book.keep(machine.claim(confirmed, SEEN, owner="me", now=NOON))
    return book.keep(machine.settle(claimed, Answer("done", "seen", shop_id=shop_id), owner="me", now=NOON))


@pytest.mark.parametrize("amount", ["5.00 USD", "20.00 USD"])
def test_what_was_prepared_before_another_refund_of_the_order_is_void_whatever_the_shop_shows(amount: str) -> None:
    """Two assistants word one wish differently: after the first refund an old look would let the second pass."""
    book = Memory()
    first, second = book.prepare(amount="5.00 USD"), book.prepare(amount=amount, reason="torn on arrival")
    assert refunded(book, first).state is State.SUCCEEDED
    late = machine.confirm(book, second, by="form", now=NOON)
    assert (late.state, late.moved) == (State.VOID, "no")
    assert first.id in late.evidence


def test_an_order_that_does_not_show_a_refund_of_ours_is_an_old_look_and_nothing_is_prepared_by_it() -> None:
    book = Memory()
    done = refunded(book, book.prepare(amount="20.00 USD"))
    with pytest.raises(RefundError, match=done.id) as caught:
        book.prepare(order(), amount="24.99 USD")
    assert caught.value.code == "refund.not_refundable"


@pytest.mark.parametrize("shown", ["by hand", "{mark}"])
def test_a_refund_of_ours_is_recognised_by_the_shops_id_or_by_its_mark(shown: str) -> None:
    book = Memory()
    done = refunded(book, book.prepare(amount="20.00 USD"))
    refund = shop_refund(2000, shown.format(mark=done.reason_sent), "ref_1" if shown == "by hand" else "ref_new")
    second = book.prepare(order(refunds=(refund,), payment_status="partially_refunded"), amount="4.99 USD")
    assert machine.confirm(book, second, by="form", now=NOON).state is State.CONFIRMED


def test_a_refund_by_a_persons_word_that_the_shop_does_not_show_counts_too() -> None:
    """Nobody knows what is left then, so the desk moves no more money on the order."""
    book = Memory()
    first, second = book.prepare(amount="5.00 USD"), book.prepare(amount="20.00 USD")
    refunded(book, first, shop_id=None)
    assert book.keep(machine.confirm(book, second, by="form", now=NOON)).state is State.VOID
    with pytest.raises(RefundError, match=first.id):
        book.prepare(order(), amount="20.00 USD")


def test_a_second_one_that_a_person_was_told_of_is_confirmed_beside_the_first() -> None:
    book = Memory()
    done = refunded(book, book.prepare())
    seen = order(refunds=(shop_refund(500, done.reason_sent),), payment_status="partially_refunded")
    assert machine.confirm(book, book.prepare(seen, another=True), by="form", now=NOON).state is State.CONFIRMED
