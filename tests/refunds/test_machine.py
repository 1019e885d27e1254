"""The states of a money move and the only ways between them: the engine alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clawver_orders.errors import RefundError
from clawver_orders.money import Money
from clawver_orders.order import Totals
from clawver_orders.refunds import machine, rules, words
from clawver_orders.refunds.machine import Move, State
from clawver_orders.store import Answer
from tests.refunds.book import NOON, Memory, after, order, shop_refund, usd

SEEN = rules.snapshot(order())
IN_EUROS = replace(order(), totals=Totals(total=Money(2499, "EUR"), refunded=Money(0, "EUR")))


def confirmed(book: Memory) -> Move:
    return book.keep(machine.confirm(book, book.prepare(), by="form", now=NOON))


def sending(book: Memory) -> Move:
    return book.keep(machine.claim(confirmed(book), SEEN, owner="me", now=NOON))


def test_a_confirmation_works_once_and_says_how_it_came() -> None:
    book = Memory()
    first = confirmed(book)
    again = machine.confirm(book, first, by="somebody else", now=after(1))
    assert again is first
    assert (first.state, first.confirmed_by, first.expires_at) == (State.CONFIRMED, "form", after(5))


def test_a_late_confirmation_expires_and_an_unused_one_is_void() -> None:
    """Hostile 83."""
    book = Memory()
    assert machine.confirm(book, book.prepare(), by="form", now=after(15)).state is State.EXPIRED
    late = machine.claim(confirmed(book), SEEN, owner="me", now=after(5))
    assert (late.state, late.moved) == (State.VOID, "no")


def test_a_second_refund_on_the_order_cannot_be_confirmed_beside_an_open_one() -> None:
    book = Memory()
    other = book.prepare(amount="1.00 USD")
    sending(book)
    with pytest.raises(RefundError, match="under way"):
        machine.confirm(book, other, by="form", now=NOON)


@pytest.mark.parametrize(
    "now",
    [
        order(total=2000),
        IN_EUROS,
        order(payment_status="partially_refunded"),
        order(refunds=(shop_refund(100),)),
        order(refunds=(shop_refund(100, refund_id="ref_2"),)),
    ],
)
def test_an_order_that_changed_since_it_was_confirmed_is_void(now: object) -> None:
    """Hostile 31, 35, 82."""
    book = Memory()
    move = machine.claim(confirmed(book), rules.snapshot(now), owner="me", now=NOON)  # type: ignore[arg-type]
    assert (move.state, move.moved) == (State.VOID, "no")
    assert "changed since it was confirmed" in move.evidence


def test_a_parcel_that_moved_on_does_not_matter() -> None:
    book = Memory()
    move = machine.claim(confirmed(book), rules.snapshot(order(status="shipped")), owner="me", now=NOON)
    assert move.state is State.SENDING


def test_only_one_caller_finds_itself_the_owner_of_the_claim() -> None:
    book = Memory()
    mine = sending(book)
    assert machine.claim(mine, SEEN, owner="you", now=NOON) is mine
    assert mine.owner == "me"


@pytest.mark.parametrize(
    ("kind", "state", "moved"),
    [
        ("done", State.SUCCEEDED, "yes"),
        ("settling", State.ACCEPTED, "pending"),
        ("refused", State.REJECTED, "no"),
        ("not_sent", State.NOT_SENT, "no"),
        ("unknown", State.UNKNOWN, "unknown"),
    ],
)
def test_how_a_send_ended_decides_where_it_stands(kind: str, state: State, moved: str) -> None:
    book = Memory()
    move = machine.settle(sending(book), Answer(kind, "seen"), owner="me", now=after(1))  # type: ignore[arg-type]
    assert (move.state, move.moved) == (state, moved)
    assert (move.look_at is None) == (state not in {State.ACCEPTED, State.UNKNOWN})


def test_only_the_owner_may_say_how_it_ended_and_only_while_it_is_not_settled() -> None:
    book = Memory()
    move = sending(book)
    assert machine.settle(move, Answer("done", ""), owner="you", now=NOON) is move
    done = machine.settle(move, Answer("done", ""), owner="me", now=NOON)
    assert machine.settle(done, Answer("refused", ""), owner="me", now=NOON) is done


def test_the_owners_outcome_is_accepted_after_its_silence_was_taken_for_a_crash() -> None:
    book = Memory()
    silent = machine.abandoned(sending(book), after(seconds=30))
    assert (silent.state, silent.moved) == (State.UNKNOWN, "unknown")
    assert machine.unsure(silent, "again", NOON) is silent
    assert (
        machine.settle(silent, Answer("done", "", shop_id="ref_1"), owner="me", now=after(1)).state
        is State.SUCCEEDED
    )
    assert machine.settle(silent, Answer("unknown", "time-out"), owner="me", now=after(1)) is silent


def test_a_young_claim_is_left_to_its_sender_and_a_clock_that_jumped_back_does_not_keep_it_for_ever() -> None:
    """Hostile 76."""
    book = Memory()
    move = sending(book)
    assert machine.abandoned(move, after(seconds=29)) is move
    assert machine.abandoned(move, NOON - timedelta(days=1)).state is State.UNKNOWN


def test_looks_are_counted_and_become_rarer() -> None:
    book = Memory()
    move = machine.settle(sending(book), Answer("unknown", "reset"), owner="me", now=NOON)
    gaps = []
    for _ in range(8):
        assert move.look_at is not None
        gaps.append((move.look_at - NOON).total_seconds())
        move = machine.absent(move, NOON)
    assert gaps == [2, 10, 60, 300, 1800, 7200, 86400, 86400]


def test_a_persons_word_settles_what_is_unknown_but_not_too_early() -> None:
    book = Memory()
    move = machine.settle(sending(book), Answer("unknown", "reset"), owner="me", now=NOON)
    yes = machine.resolve(move, applied=True, by="lee", now=after(1))
    assert (yes.state, yes.moved, yes.evidence) == (State.SUCCEEDED, "yes", "a person's word: lee")
    day = timedelta(hours=24)
    with pytest.raises(RefundError, match="too early"):
        machine.resolve(move, applied=False, by="lee", now=NOON + day)
    move = machine.absent(move, NOON)
    with pytest.raises(RefundError, match="too early"):
        machine.resolve(machine.absent(move, after(14)), applied=False, by="lee", now=NOON + day)
    move = machine.absent(move, after(15))
    with pytest.raises(RefundError, match="too early"):
        machine.resolve(move, applied=False, by="lee", now=NOON + day - timedelta(seconds=1))
    no = machine.resolve(move, applied=False, by="lee", now=NOON + day)
    assert (no.state, no.moved) == (State.NOT_APPLIED, "no")
    assert machine.resolve(no, applied=True, by="lee", now=NOON + day) is no


def test_a_persons_word_settles_what_the_shop_accepted_and_never_settled() -> None:
    book = Memory()
    move = machine.settle(sending(book), Answer("settling", "202"), owner="me", now=NOON)
    yes = machine.resolve(move, applied=True, by="lee", now=after(1))
    assert (yes.state, yes.moved, yes.evidence) == (State.SUCCEEDED, "yes", "a person's word: lee")
    day = timedelta(hours=24)
    with pytest.raises(RefundError, match="too early"):
        machine.resolve(move, applied=False, by="lee", now=NOON + day)
    looked = machine.absent(machine.absent(move, NOON), after(15))
    assert looked.state is State.ACCEPTED
    no = machine.resolve(looked, applied=False, by="lee", now=NOON + day)
    assert (no.state, no.moved) == (State.NOT_APPLIED, "no")


def test_a_no_is_final_and_takes_back_a_yes_that_was_not_used() -> None:
    book = Memory()
    no = machine.decline(book.prepare(), by="form", now=NOON)
    assert (no.state, no.moved) == (State.DECLINED, "no")
    assert machine.decline(no, by="form", now=NOON) is no
    assert machine.decline(confirmed(book), by="lee", now=NOON).state is State.VOID


def test_what_contradicts_itself_stays_so() -> None:
    book = Memory()
    move = machine.settle(sending(book), Answer("unknown", "reset"), owner="me", now=NOON)
    move = machine.contradicted(move, "twice", NOON)
    assert machine.contradicted(move, "thrice", NOON) is move
    found = machine.found(move, evidence="", now=NOON, shop_id="ref_1", remaining=usd(1))
    assert found.state is State.SUCCEEDED


def test_there_is_no_other_way_between_states() -> None:
    book = Memory()
    move = book.prepare()
    for state in State:
        if state not in {State.CONFIRMED, State.EXPIRED, State.VOID, State.DECLINED}:
            with pytest.raises(ValueError, match="does not lead to"):
                machine.step(move, state)
    for final in (State.NOT_SENT, State.REJECTED, State.SUCCEEDED, State.VOID, State.EXPIRED, State.NOT_APPLIED):
        for state in State:
            with pytest.raises(ValueError, match="does not lead to"):
                machine.step(replace(move, state=final), state)


def test_an_id_that_nobody_prepared_is_not_found() -> None:
    """Hostile 15: guessed, upper-cased, of another kind."""
    book = Memory()
    move = book.prepare()
    for guess in ("R-GUESSED0", move.id.lower(), ""):
        with pytest.raises(RefundError, match="no such refund"):
            machine.held(book, guess, "refund")
    with pytest.raises(RefundError, match="no such create webhook"):
        machine.held(book, move.id, "create_webhook")


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_told_with_what_happened_and_what_to_do(state: State) -> None:
    move = replace(Memory().prepare(), state=state, evidence="what was seen")
    told = words.message(move)
    assert len(told) > 30
    assert words.registration(move, waiting="approve it")
    if move.moved in {"yes", "unknown"}:
        assert "No money moved" not in told
        words.raise_if_refused(move)


@pytest.mark.parametrize(
    ("state", "error", "code", "step"),
    [
        (State.EXPIRED, None, "refund.expired", "anew"),
        (State.VOID, None, "refund.void", "get_order"),
        (State.DECLINED, None, "refund.declined", "Do not ask again"),
        (State.NOT_SENT, None, "refund.not_sent", "anew"),
        (State.REJECTED, "conflict", "refund.rejected", "get_order"),
        (State.REJECTED, "auth", "refund.rejected", "set it anew"),
        (State.REJECTED, "forbidden", "refund.rejected", "may not refund"),
    ],
)
def test_what_ended_without_being_applied_is_an_error_to_who_wants_it_executed(
    state: State, error: str | None, code: str, step: str
) -> None:
    move = replace(Memory().prepare(), state=state, error=error)
    with pytest.raises(RefundError, match=step) as caught:
        words.raise_if_refused(move)
    assert caught.value.code == code
