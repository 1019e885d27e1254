"""What an assistant and a shopkeeper are told, word for word: each sentence is acted upon."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from clawver_orders.errors import DeskError
from clawver_orders.order import Order
from clawver_orders.refunds import machine, rules, words
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import Move, State
from clawver_orders.store import Answer
from tests.refunds.book import NOON, SHOP, Memory, order, shop_refund, usd

SEEN = rules.snapshot(order())
EVIDENCE = "what was seen"

MESSAGES = {
    State.PREPARED: "Nothing was sent. Show this to the shopkeeper, then call execute_refund.",
    State.CONFIRMED: "Confirmed, not sent yet. Call execute_refund within 5 minutes of the confirmation.",
    State.SENDING: ("It is being sent at this moment. Call check_refund in half a minute; do not prepare another."),
    State.NOT_SENT: (
        "Nothing was sent: what was seen. No money moved. Prepare it anew when the shop can be reached."
    ),
    State.REJECTED: "The shop refused it: what was seen. No money moved. Check the order with get_order.",
    State.ACCEPTED: (
        "The shop accepted it and settles it later. Call check_refund later (after refresh_order, where the shop "
        "has that); do not prepare another."
    ),
    State.SUCCEEDED: "Refunded 5.00 USD. The customer's bank takes 1 to 5 business days.",
    State.UNKNOWN: (
        "It was sent once and the outcome is unknown (what was seen). The money may have moved. Nothing will be "
        "sent again: call check_refund later, and tell the shopkeeper that it is unknown."
    ),
    State.MANUAL: (
        "What the shop shows contradicts itself: what was seen. A person looks in the shop's dashboard, then runs: "
        "clawver-orders resolve R-01234567"
    ),
    State.VOID: "Nothing was sent: what was seen. Look at the order and prepare it anew.",
    State.EXPIRED: "Nothing was sent: what was seen. Prepare it anew if it is still wanted.",
    State.DECLINED: "A person said no (what was seen). Nothing was sent. Do not ask again unless they want it.",
    State.NOT_APPLIED: (
        "A person found that it was not applied. No money moved. Prepare it anew if it is still wanted."
    ),
}
UNDER_WAY = "Confirmed and under way. Call create_webhook again with the same arguments to see how it ended."
NOT_KNOWN = (
    "It was sent once and the outcome is unknown (what was seen). Nothing will be sent again: look with "
    "list_webhooks, or call create_webhook again later."
)
REGISTRATIONS = {
    State.PREPARED: (
        "Nothing was sent: a person must approve where the shop sends its events. Call create_webhook again: where "
        "your program has forms, a person is asked by one. Else: they run this."
    ),
    State.CONFIRMED: UNDER_WAY,
    State.SENDING: UNDER_WAY,
    State.ACCEPTED: UNDER_WAY,
    State.SUCCEEDED: "Registered. The signing secret was made and kept by the desk.",
    State.UNKNOWN: NOT_KNOWN,
    State.MANUAL: MESSAGES[State.MANUAL],
}
REFUSALS = {
    State.EXPIRED: "refund.expired: {}. Prepare it anew if it is still wanted.",
    State.VOID: "refund.void: {}. Look at the order with get_order and prepare it anew.",
    State.DECLINED: "refund.declined: {}. Nothing was sent. Do not ask again unless the shopkeeper wants it.",
    State.NOT_SENT: "refund.not_sent: {}. No money moved. Prepare it anew when the shop can be reached.",
    State.REJECTED: "refund.rejected: {}. No money moved. Check the order with get_order.",
}


def in_state(state: State, **facts: object) -> Move:
    return replace(Memory().prepare(), state=state, **{"evidence": EVIDENCE, **facts})  # type: ignore[arg-type]


def told(refused: Callable[[], object]) -> str:
    """The whole of an error, as it is told."""
    with pytest.raises(DeskError) as caught:
        refused()
    return str(caught.value)


def opened(book: Memory, **how: object) -> Move:
    """A refund that is confirmed and on its way."""
    move = book.keep(machine.confirm(book, book.prepare(**how), by="form", now=NOON))  # type: ignore[arg-type]
    return book.keep(machine.claim(move, SEEN, owner="me", now=NOON))


def refunded(book: Memory, shop_id: str | None = None) -> Move:
    return book.keep(machine.settle(opened(book), Answer("done", "", shop_id=shop_id), owner="me", now=NOON))


@pytest.mark.parametrize(("state", "message"), MESSAGES.items())
def test_a_refund_is_told_by_its_state(state: State, message: str) -> None:
    assert words.message(in_state(state)) == message


def test_every_state_of_a_refund_has_its_own_words() -> None:
    assert set(MESSAGES) == set(State)
    assert len(set(MESSAGES.values())) == len(State)


def test_a_prepared_refund_says_how_a_person_can_confirm_it_here() -> None:
    assert words.message(in_state(State.PREPARED), waiting="They run this.") == "Nothing was sent. They run this."


@pytest.mark.parametrize("state", list(State))
def test_a_registration_is_told_by_its_state(state: State) -> None:
    otherwise = "Nothing was registered: what was seen."
    assert words.registration(in_state(state), waiting="they run this.") == REGISTRATIONS.get(state, otherwise)
    if state not in REGISTRATIONS:
        bare = in_state(state, evidence="")
        assert words.registration(bare, waiting="") == f"Nothing was registered: {state}."


@pytest.mark.parametrize("state", list(State))
def test_what_ended_without_being_applied_is_refused_with_what_to_do(state: State) -> None:
    if state not in REFUSALS:
        words.raise_if_refused(in_state(state))
        return
    for evidence, seen in ((EVIDENCE, EVIDENCE), ("", state)):
        refused = told(lambda evidence=evidence: words.raise_if_refused(in_state(state, evidence=evidence)))  # type: ignore[misc]
        assert refused == REFUSALS[state].format(f"R-01234567 was not carried out: {seen}")


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (
            "auth",
            "No money moved. The shop does not know the key: set it anew; clawver-orders doctor names the setting.",
        ),
        ("forbidden", "No money moved. The key may not refund: use one that may."),
        ("conflict", "No money moved. Check the order with get_order."),
    ],
)
def test_what_the_shop_refused_is_told_with_what_to_do_about_it(error: str, step: str) -> None:
    assert told(lambda: words.raise_if_refused(in_state(State.REJECTED, error=error))).endswith(f"seen. {step}")
    void = told(lambda: words.raise_if_refused(in_state(State.VOID, error=error)))
    assert void == REFUSALS[State.VOID].format("R-01234567 was not carried out: what was seen")


def test_a_cap_is_told_with_both_amounts_and_who_can_raise_it() -> None:
    step = "Refund less, wait, or a person raises the cap under [refunds] in the settings."
    one = Limits(max_amount={"USD": usd(499)})
    assert told(lambda: Memory().prepare(limits=one)) == (
        f"refund.cap: 5.00 USD is over the cap of 4.99 USD a refund. {step}"
    )
    book = Memory()
    refunded(book)
    day = Limits(max_per_day={"USD": usd(899)})
    assert told(lambda: day.refuse_over(book, usd(400), NOON)) == (
        f"refund.cap: 4.00 USD and the 5.00 USD of the last 24 hours are over the cap of 8.99 USD a day. {step}"
    )


def test_a_frozen_desk_says_who_froze_it_and_how_it_moves_again() -> None:
    assert told(Memory(frozen_by="lee").prepare) == (
        "refund.frozen: No money moves: the desk was frozen by lee. A person runs: clawver-orders unfreeze."
    )


@pytest.mark.parametrize(
    ("shop_order", "message"),
    [
        (
            order(total=None),
            (
                "The shop does not say clearly what was paid and refunded so far. "
                "Look at the order in the shop's own dashboard."
            ),
        ),
        (
            order(payment_status="refunded", refunds=(shop_refund(2499),)),
            "All of 24.99 USD was already refunded. Nothing is left to refund; tell the customer so.",
        ),
        (
            order(payment_status="pending"),
            "The order's payment is pending, so there is no money to give back. Check the order with get_order.",
        ),
    ],
)
def test_an_order_that_is_not_refundable_says_why(shop_order: Order, message: str) -> None:
    assert told(lambda: Memory().prepare(shop_order)) == f"refund.not_refundable: {message}"


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (
            "lots",
            'invalid_argument: amount is not an amount with its currency; {}. Write it like "24.99 USD".',
        ),
        (
            "0.00 USD",
            'invalid_argument: amount must be more than zero; {}. Say an amount, or "full" for all that is left.',
        ),
        ("24.00 USD", 'refund.too_much: 24.00 USD is too much: {}. Ask for less, or "full" for all that is left.'),
    ],
)
def test_every_no_to_an_amount_shows_what_is_left(amount: str, message: str) -> None:
    partly = order(refunds=(shop_refund(499),), payment_status="partially_refunded")
    left = "of 24.99 USD in all, 20.00 USD can still be refunded"
    assert told(lambda: Memory().prepare(partly, amount=amount)) == message.format(left)


def test_a_shop_that_refunds_only_the_whole_order_says_so() -> None:
    whole = replace(SHOP, partial_refunds=False)
    assert told(lambda: Memory().prepare(capabilities=whole)) == (
        "refund.not_refundable: This shop can only refund the whole order; of 24.99 USD in all, 24.99 USD can "
        'still be refunded. Ask for "full" (24.99 USD).'
    )


def test_a_duplicate_says_where_the_first_one_is() -> None:
    step = "If a second refund of the same amount is really meant, ask the shopkeeper and say another=true."
    shown = order(refunds=(shop_refund(500),), payment_status="partially_refunded")
    assert told(lambda: Memory().prepare(shown)) == (
        f"refund.duplicate: 5.00 USD was already refunded on this order (the shop's record has it as ref_1). {step}"
    )
    book = Memory()
    done = refunded(book)
    assert told(lambda: book.prepare(reason="once more")) == (
        f"refund.duplicate: 5.00 USD was already refunded on this order (by {done.id}). {step}"
    )


def test_a_shops_own_id_is_told_cleaned_and_short() -> None:
    shown = order(refunds=(shop_refund(500, refund_id="\u200bx" * 80),), payment_status="partially_refunded")
    assert f"has it as {'x' * 63}…)" in told(lambda: Memory().prepare(shown))


def test_a_mark_that_nobody_here_made_says_what_may_have_happened() -> None:
    shown = order(refunds=(shop_refund(300, "torn [R-7K2M9Q4X]"),), payment_status="partially_refunded")
    assert told(lambda: Memory().prepare(shown)) == (
        "refund.foreign: A refund on this order carries the mark R-7K2M9Q4X, which this desk's record does not "
        "know: the record was lost, or a second desk works this shop. A person runs: clawver-orders refunds "
        "adopt ord_1."
    )


def test_an_old_look_says_to_try_again() -> None:
    book = Memory()
    done = refunded(book, "ref_1")
    assert told(lambda: book.prepare(amount="1.00 USD")) == (
        f"refund.not_refundable: {done.id} was refunded and the shop does not show it, so what is left is not "
        "known. Try again in a minute; if it stays so, look at the order in the shop's own dashboard."
    )


def test_an_empty_reason_says_what_a_reason_is_for() -> None:
    assert told(lambda: Memory().prepare(reason=" ")) == (
        "invalid_argument: reason is empty. Say in a few words why the money goes back; the shop keeps it."
    )


def test_an_open_refund_says_which_and_how_to_see_it() -> None:
    book = Memory()
    move = opened(book)
    assert told(lambda: book.prepare(amount="1.00 USD")) == (
        f"refund.open: {move.id} on the same order is sending, and only one may be under way. "
        f"Call check_refund with {move.id}; until it is settled nothing else is sent."
    )


def test_an_id_that_is_not_there_says_where_ids_come_from() -> None:
    step = "Prepare it first and use the id of that answer."
    assert told(lambda: machine.held(Memory(), "R-00000000", "refund")) == (
        f"refund.not_found: There is no such refund. {step}"
    )
    assert told(lambda: machine.held(Memory(), "R-00000000", "create_webhook")) == (
        f"refund.not_found: There is no such create webhook. {step}"
    )


def test_a_word_that_comes_too_early_says_when_it_would_not_be() -> None:
    book = Memory()
    lost = machine.settle(opened(book), Answer("unknown", "reset"), owner="me", now=NOON)
    assert told(lambda: machine.resolve(lost, applied=False, by="lee", now=NOON)) == (
        "refund.open: It is too early to say that it was not applied. Wait until 24 hours after the send, with two "
        "looks at least 15 minutes apart: by check_refund, or by the same create_webhook again."
    )


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            State.SUCCEEDED,
            "Written down in the shop as refunded: 5.00 USD. No money moved by it: pay it back yourself.",
        ),
        (
            State.UNKNOWN,
            (
                "It was sent once and the outcome is unknown (what was seen). It may be written down; no money "
                "moves by it. Nothing will be sent again: call check_refund later, and tell the shopkeeper that it "
                "is unknown."
            ),
        ),
    ],
)
def test_a_refund_that_is_only_written_down_is_never_called_money(state: State, message: str) -> None:
    move = Move(
        id="R-01234567",
        kind="refund",
        store="clawver",
        subject="ord_1",
        text="torn",
        state=state,
        prepared_at=NOON,
        amount=usd(500),
        snapshot=replace(SEEN, effect="record"),
        evidence=EVIDENCE,
    )
    assert words.message(move) == message
    assert move.moved == "no"
