"""What each step writes down, field by field: nothing is forgotten, nothing is left over from before."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from clawver_orders.errors import RefundError
from clawver_orders.order import Customer, Item, ShopRefund
from clawver_orders.refunds import machine, rules
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import Known, Move, Snapshot, State
from clawver_orders.store import Answer
from tests.refunds.book import NOON, Memory, after, order, shop_refund, usd

SEEN = rules.snapshot(order())
P, C, S, A, U, M = (
    State.PREPARED,
    State.CONFIRMED,
    State.SENDING,
    State.ACCEPTED,
    State.UNKNOWN,
    State.MANUAL,
)
WAYS = {
    P: {C, State.EXPIRED, State.VOID, State.DECLINED},
    C: {S, State.VOID},
    S: {State.NOT_SENT, State.REJECTED, A, State.SUCCEEDED, U, M},
    A: {State.SUCCEEDED, State.REJECTED, M, State.NOT_APPLIED},
    U: {State.NOT_SENT, State.REJECTED, A, State.SUCCEEDED, M, State.NOT_APPLIED},
    M: {State.SUCCEEDED, State.NOT_APPLIED},
}
MOVED = {S: "unknown", U: "unknown", M: "unknown", A: "pending", State.SUCCEEDED: "yes"}


@pytest.fixture
def book() -> Memory:
    return Memory()


@pytest.fixture
def prepared(book: Memory) -> Move:
    return book.prepare()


@pytest.fixture
def confirmed(book: Memory, prepared: Move) -> Move:
    return book.keep(machine.confirm(book, prepared, by="form", now=after(1)))


@pytest.fixture
def sending(book: Memory, confirmed: Move) -> Move:
    return book.keep(machine.claim(confirmed, SEEN, owner="me", now=after(2)))


@pytest.fixture
def lost(book: Memory, sending: Move) -> Move:
    return book.keep(machine.settle(sending, Answer("unknown", "reset"), owner="me", now=after(3)))


@pytest.mark.parametrize("state", list(State))
def test_a_state_leads_to_these_and_to_no_other(prepared: Move, state: State) -> None:
    for following in State:
        move = replace(prepared, state=state)
        if following in WAYS.get(state, set()):
            assert machine.step(move, following) == replace(move, state=following, version=1)
        else:
            with pytest.raises(ValueError, match=f"^{state} does not lead to {following}$"):
                machine.step(move, following)


@pytest.mark.parametrize("state", list(State))
def test_a_state_says_whether_money_moved_and_whether_another_may_start(book: Memory, state: State) -> None:
    move = replace(book.prepare(), state=state)
    assert move.moved == MOVED.get(state, "no")
    assert (state in machine.UNSETTLED) == (state in {S, A, U, M})
    book.keep(move)
    if state in {C, S, A, U, M}:
        with pytest.raises(RefundError, match="only one may be under way"):
            machine.refuse_beside(book, "clawver", "ord_1")
    else:
        machine.refuse_beside(book, "clawver", "ord_1")
    machine.refuse_beside(book, "clawver", "ord_2")


def test_a_state_is_kept_by_its_name() -> None:
    assert [state.value for state in State] == [name.lower() for name in State.__members__]


def test_the_times_are_those_that_are_published() -> None:
    """references/refunds.md and references/design.md name them."""
    assert timedelta(minutes=15) == machine.PREPARED_FOR == machine.LOOKS_APART
    assert timedelta(minutes=5) == machine.CONFIRMED_FOR
    assert timedelta(hours=24) == machine.NOT_APPLIED_AFTER
    assert machine.SEND_WITHIN_S == 20.0
    assert timedelta(seconds=30) == machine.CLAIM_DEAD_AFTER


def test_an_id_is_forty_bits_in_letters_that_are_not_mistaken_for_digits() -> None:
    bounds: list[int] = []
    numbers = iter(range(32))

    def random(bound: int) -> int:
        bounds.append(bound)
        return next(numbers)

    ids = [machine.new_id(random) for _ in range(4)]
    assert ids == ["R-01234567", "R-89ABCDEF", "R-GHJKMNPQ", "R-RSTVWXYZ"]
    assert set(bounds) == {32}
    for move_id in ids:
        assert machine.MARKER.findall(f"torn [{move_id}]") == [move_id]
    for nearly in (
        "R-0123456",
        "R-012345678",
        "R-0123456I",
        "R-0123456L",
        "R-0123456O",
        "R-0123456U",
        "r-01234567",
    ):
        assert not machine.MARKER.search(f"torn [{nearly}]")


def test_what_was_never_looked_at_is_empty() -> None:
    assert Snapshot() == Snapshot("", "", None, None, (), "", "")
    assert Known("ref_1") == Known("ref_1", 0, "", "")


def test_what_changed_is_said_in_words() -> None:
    refunds = (Known("ref_1", 100, "USD", "torn"),)
    assert SEEN.changes(SEEN) == ""
    assert SEEN.changes(replace(SEEN, status="shipped", customer="x", items="y")) == ""
    assert SEEN.changes(replace(SEEN, total=usd(1))) == "the total was 24.99 USD and is 0.01 USD"
    recorded = "the refunds on record were 0.00 USD and are"
    assert SEEN.changes(replace(SEEN, refunded=usd(1))) == f"{recorded} 0.01 USD"
    assert SEEN.changes(replace(SEEN, known=refunds)) == f"{recorded} 0.00 USD"
    assert SEEN.changes(replace(SEEN, payment_status="failed")) == "the payment status was paid and is failed"


def test_what_is_not_said_of_a_move_is_not_so() -> None:
    move = Move("R-01234567", "create_webhook", "clawver", "https://hooks.example/", "order.paid", P, NOON)
    assert (move.another, move.repeats, move.version, move.looks, move.evidence) == (False, False, 0, 0, "")
    assert (move.amount, move.snapshot) == (None, Snapshot())


def test_a_refund_is_prepared_with_all_that_is_known(book: Memory) -> None:
    assert book.prepare(now=after(1), another=True) == Move(
        id="R-01234567",
        kind="refund",
        store="clawver",
        subject="ord_1",
        text="arrived torn",
        state=P,
        prepared_at=after(1),
        amount=usd(500),
        another=True,
        repeats=False,
        snapshot=SEEN,
        version=0,
        remaining=usd(1999),
        evidence="",
        looks=0,
    )


def test_what_is_confirmed_is_what_was_shown() -> None:
    refunds = (shop_refund(200, "b", "ref_2"), ShopRefund("ref_1", usd(100), None, NOON, None))
    seen = rules.snapshot(order(refunds=refunds, payment_status="partially_refunded"))
    assert seen == Snapshot(
        status="delivered",
        payment_status="partially_refunded",
        total=usd(2499),
        refunded=usd(300),
        known=(Known("ref_1", 100, "USD", ""), Known("ref_2", 200, "USD", "b")),
        customer="m***@s***.example",
        items="1 × M",
    )


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, ""), (1, "1 × M"), (3, "1 × M; 1 × M; 1 × M"), (4, "1 × M; 1 × M; 1 × M; and 1 more")],
)
def test_three_of_the_things_bought_are_named_and_the_rest_counted(count: int, told: str) -> None:
    assert rules.snapshot(order(items=count)).items == told


def test_a_thing_without_a_variant_goes_by_its_title_and_an_order_may_have_no_address() -> None:
    bare = replace(order(), customer=Customer(), items=(Item(id="item_1", title="Poster", quantity=2),))
    assert (rules.snapshot(bare).items, rules.snapshot(bare).customer) == ("2 × Poster", "")


def test_a_confirmation_writes_who_and_when(prepared: Move, confirmed: Move) -> None:
    assert confirmed == replace(prepared, state=C, version=1, confirmed_at=after(1), confirmed_by="form")


def test_a_preparation_that_ran_out_says_so(book: Memory, prepared: Move) -> None:
    ended = replace(prepared, state=State.EXPIRED, version=1, evidence="not confirmed within 15 minutes")
    for move in (
        machine.expire(prepared, after(15)),
        machine.confirm(book, prepared, by="form", now=after(15)),
        machine.decline(prepared, by="form", now=after(15)),
    ):
        assert move == replace(ended, settled_at=after(15))
    assert machine.expire(prepared, after(14, 59)) is prepared


def test_a_confirmation_that_ran_out_says_so(confirmed: Move) -> None:
    ended = replace(
        confirmed,
        state=State.VOID,
        version=2,
        settled_at=after(6),
        evidence="confirmed, but not sent within 5 minutes",
    )
    assert machine.expire(confirmed, after(6)) == ended
    assert machine.claim(confirmed, SEEN, owner="me", now=after(6)) == ended
    assert machine.decline(confirmed, by="lee", now=after(6)) == ended
    assert machine.expire(confirmed, after(5, 59)) is confirmed


def test_what_was_written_down_before_the_clock_was_set_back_is_over(
    book: Memory, prepared: Move, confirmed: Move
) -> None:
    """Hostile 76: else it would be in time for as long as the clock was set back by."""
    for move in (
        machine.expire(prepared, after(-2, -0.1)),
        machine.confirm(book, prepared, by="form", now=after(-2, -0.1)),
    ):
        assert move == replace(
            prepared,
            state=State.EXPIRED,
            version=1,
            settled_at=after(-2, -0.1),
            evidence="the clock was set back since it was prepared",
        )
    # Clocks of machines that share a desk differ by a little.
    assert machine.expire(prepared, after(-2)) is prepared
    for move in (
        machine.expire(confirmed, after(-1, -0.1)),
        machine.claim(confirmed, SEEN, owner="me", now=after(-1, -0.1)),
    ):
        assert move == replace(
            confirmed,
            state=State.VOID,
            version=2,
            settled_at=after(-1, -0.1),
            evidence="the clock was set back since it was confirmed",
        )
    assert machine.expire(confirmed, after(-1)) is confirmed


def test_nothing_else_runs_out(lost: Move, sending: Move) -> None:
    for move in (lost, sending):
        assert machine.expire(move, NOON + timedelta(days=400)) is move
        assert machine.expire(move, NOON - timedelta(days=400)) is move


def test_a_no_says_who_said_it(prepared: Move, confirmed: Move) -> None:
    assert machine.decline(prepared, by="lee", now=after(1)) == replace(
        prepared, state=State.DECLINED, version=1, settled_at=after(1), evidence="lee"
    )
    assert machine.decline(confirmed, by="lee", now=after(2)) == replace(
        confirmed,
        state=State.VOID,
        version=2,
        settled_at=after(2),
        evidence="the confirmation was taken back: lee",
    )


def test_a_yes_to_an_order_that_was_refunded_meanwhile_says_by_which(book: Memory, prepared: Move) -> None:
    late = book.prepare(amount="1.00 USD")
    first = book.keep(replace(prepared, state=State.SUCCEEDED))
    assert machine.confirm(book, late, by="form", now=after(4)) == replace(
        late,
        state=State.VOID,
        version=1,
        settled_at=after(4),
        evidence=f"{first.id} was refunded since it was prepared",
    )


def test_a_claim_writes_who_sends_and_when(confirmed: Move, sending: Move) -> None:
    assert sending == replace(confirmed, state=S, version=2, owner="me", sent_at=after(2))


def test_a_claim_on_an_order_that_changed_says_what_did(confirmed: Move) -> None:
    changed = replace(SEEN, payment_status="failed")
    assert machine.claim(confirmed, changed, owner="me", now=after(2)) == replace(
        confirmed,
        state=State.VOID,
        version=2,
        settled_at=after(2),
        evidence="the order changed since it was confirmed: the payment status was paid and is failed",
    )


ANSWER = Answer("done", "201", shop_id="ref_1", processor_id="re_example", remaining=usd(7), error="conflict")


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (
            "done",
            {
                "state": State.SUCCEEDED,
                "settled_at": after(4),
                "evidence": "response: 201",
                "shop_id": "ref_1",
                "processor_id": "re_example",
                "remaining": usd(7),
                "look_at": None,
            },
        ),
        ("settling", {"state": A, "evidence": "201", "look_at": after(4, 2)}),
        (
            "refused",
            {
                "state": State.REJECTED,
                "settled_at": after(4),
                "evidence": "201",
                "error": "conflict",
                "look_at": None,
            },
        ),
        ("not_sent", {"state": State.NOT_SENT, "settled_at": after(4), "evidence": "201", "look_at": None}),
    ],
)
def test_an_outcome_is_written_whole_and_no_look_is_left_over(
    lost: Move, kind: str, facts: dict[str, object]
) -> None:
    answer = replace(ANSWER, kind=kind)  # type: ignore[arg-type]
    settled = machine.settle(lost, answer, owner="me", now=after(4))
    assert settled == replace(lost, version=4, **facts)  # type: ignore[arg-type]


def test_what_is_left_stays_as_it_was_where_the_shop_does_not_say(sending: Move) -> None:
    done = machine.settle(sending, Answer("done", ""), owner="me", now=after(3))
    assert done.remaining == sending.remaining == usd(1999)


def test_an_outcome_that_was_not_seen_is_looked_for_in_two_seconds(sending: Move, lost: Move) -> None:
    assert lost == replace(sending, state=U, version=3, evidence="reset", look_at=after(3, 2))
    dead = machine.abandoned(sending, after(2, 30))
    assert dead == replace(
        sending, state=U, version=3, evidence="the desk stopped while it was sending", look_at=after(2, 32)
    )
    assert machine.abandoned(sending, after(2, 29.9)) is sending
    assert machine.abandoned(lost, after(60)) is lost
    assert machine.abandoned(replace(sending, sent_at=None), after(60)).state is S


def test_what_the_shop_shows_settles_it(lost: Move) -> None:
    shown = (shop_refund(500, lost.reason_sent, "ref_9"),)
    done = replace(
        lost,
        state=State.SUCCEEDED,
        version=4,
        settled_at=after(9),
        evidence="marker: the shop's record shows it",
        shop_id="ref_9",
        processor_id="re_example",
        look_at=None,
    )
    paid = order(total=3000, refunds=shown, payment_status="partially_refunded")
    assert rules.look(lost, paid, after(9)) == replace(done, remaining=usd(2500))
    # What the shop does not say clearly is not taken over.
    unclear = replace(paid, refunds_complete=False)
    assert rules.look(lost, unclear, after(9)) == done


def test_what_the_shop_does_not_show_is_counted(lost: Move) -> None:
    first = rules.look(lost, order(), after(9))
    assert first == replace(
        lost, version=4, looks=1, first_look_at=after(9), last_look_at=after(9), look_at=after(9, 10)
    )
    assert rules.look(first, order(), after(20)) == replace(
        first, version=5, looks=2, last_look_at=after(20), look_at=after(21)
    )


@pytest.mark.parametrize(
    ("amounts", "evidence"),
    [
        ((500, 500), "the shop shows 2 refunds with the mark R-01234567"),
        ((400,), "the shop shows the mark R-01234567 on 4.00 USD, and 5.00 USD was sent"),
    ],
)
def test_what_contradicts_itself_says_how(lost: Move, amounts: tuple[int, ...], evidence: str) -> None:
    shown = tuple(shop_refund(minor, lost.reason_sent, f"ref_{minor}{n}") for n, minor in enumerate(amounts))
    seen = rules.look(lost, order(refunds=shown), after(9))
    assert seen == replace(lost, state=M, version=4, evidence=evidence, last_look_at=after(9), look_at=None)
    again = rules.look(replace(seen, look_at=None), order(refunds=shown[:1]), after(10))
    assert (again.state, again.looks) == (M, 1)


@pytest.fixture(params=[A, U, M])
def open_question(lost: Move, request: pytest.FixtureRequest) -> Move:
    looked = replace(lost, first_look_at=after(10), last_look_at=after(25), look_at=after(30), sent_at=after(2))
    return replace(looked, state=request.param)


def test_a_persons_word_is_written_with_their_name(open_question: Move) -> None:
    now = after(2) + timedelta(hours=24)
    for applied, state in ((True, State.SUCCEEDED), (False, State.NOT_APPLIED)):
        assert machine.resolve(open_question, applied=applied, by="lee", now=now) == replace(
            open_question, state=state, version=4, settled_at=now, evidence="a person's word: lee", look_at=None
        )


@pytest.mark.parametrize(
    "missing",
    [{"first_look_at": None}, {"last_look_at": None}, {"sent_at": None}, {"last_look_at": after(24, 59)}],
)
def test_that_it_was_not_applied_is_believed_of_nothing_that_was_not_looked_for(
    open_question: Move, missing: dict[str, datetime | None]
) -> None:
    with pytest.raises(RefundError) as caught:
        machine.resolve(replace(open_question, **missing), applied=False, by="lee", now=NOON + timedelta(days=2))  # type: ignore[arg-type]
    assert caught.value.code == "refund.open"


@pytest.mark.parametrize("state", sorted(set(State) - {A, U, M}))
def test_a_persons_word_changes_nothing_that_is_known(prepared: Move, state: State) -> None:
    move = replace(prepared, state=state)
    assert machine.resolve(move, applied=True, by="lee", now=NOON) is move


def test_a_refund_that_only_the_shop_knows_is_adopted_with_all_that_it_shows() -> None:
    made = datetime.fromisoformat("2026-11-19T08:00:00+00:00")
    refund = ShopRefund("ref_1", usd(300), "torn [R-7K2M9Q4X]", made, "re_example")
    shop_order = order(refunds=(refund,), payment_status="partially_refunded")
    ((marker, marked),) = rules.marked(shop_order)
    adopted = rules.adopted(marker, marked, shop_order, by="lee", now=NOON)
    assert adopted == Move(
        id="R-7K2M9Q4X",
        kind="refund",
        store="clawver",
        subject="ord_1",
        text="torn",
        state=State.SUCCEEDED,
        prepared_at=made,
        settled_at=made,
        amount=usd(300),
        snapshot=rules.snapshot(shop_order),
        shop_id="ref_1",
        processor_id="re_example",
        evidence="adopted from the shop's record by a person: lee",
    )
    bare = replace(refund, reason="[R-7K2M9Q4X]", created_at=None)
    undated = rules.adopted(marker, bare, shop_order, by="lee", now=NOON)
    assert (undated.text, undated.prepared_at, undated.settled_at) == ("not said", NOON, NOON)
    wordy = rules.adopted(marker, replace(refund, reason="x\x1b" * 500), shop_order, by="lee", now=NOON)
    assert "\x1b" not in wordy.text
    assert len(wordy.text) == 200
    assert rules.adopted(marker, replace(refund, reason=None), shop_order, by="lee", now=NOON).text == "not said"


def test_only_an_applied_refund_of_the_order_must_be_shown(book: Memory, sending: Move) -> None:
    done = machine.settle(sending, Answer("done", "", shop_id="ref_1"), owner="me", now=after(3))
    for other in (sending, replace(done, kind="create_webhook"), replace(done, subject="ord_2")):
        assert machine.unshown(Memory({other.id: other}), "clawver", "ord_1", SEEN) is None
    only = Memory({done.id: done})
    assert machine.unshown(only, "clawver", "ord_1", SEEN) == done
    assert machine.unshown(only, "clawver", "ord_1", replace(SEEN, known=(Known("ref_1"),))) is None
    assert machine.unshown(only, "clawver", "ord_1", replace(SEEN, known=(Known("x", text=done.id),))) is None


def test_a_refund_without_a_reason_carries_no_mark() -> None:
    assert rules.markers(ShopRefund("ref_1", usd(300), None, NOON, None)) == ()


def test_a_cap_of_a_day_looks_back_24_hours(book: Memory, sending: Move) -> None:
    book.keep(machine.settle(sending, Answer("done", ""), owner="me", now=NOON))
    cap = Limits(max_per_day={"USD": usd(999)})
    with pytest.raises(RefundError):
        cap.refuse_over(book, usd(500), NOON + timedelta(hours=24))
    cap.refuse_over(book, usd(499), NOON + timedelta(hours=24))
    cap.refuse_over(book, usd(500), NOON + timedelta(hours=24, seconds=1))


def test_an_assistant_confirms_nothing_where_nobody_said_that_it_may(prepared: Move) -> None:
    caps = {"USD": usd(10_000)}
    assert Limits(caps, caps, assistant=True).assistant_may_confirm(prepared)
    assert not Limits(caps, caps).assistant_may_confirm(prepared)
    hook = replace(prepared, kind="create_webhook", amount=None)
    assert not Limits(caps, caps, assistant=True).assistant_may_confirm(hook)


@pytest.mark.parametrize("length", [199, 200, 201, 900])
def test_a_reason_is_cut_at_two_hundred_characters(length: int) -> None:
    assert len(rules.reason("x" * length)) == min(length, 200)
    assert rules.reason("[R-01234567]" * 60 + "x" * 10) == "x" * 10


def test_a_mark_that_appears_where_others_were_taken_out_is_taken_out_too() -> None:
    assert rules.reason("to[R-0123[R-76543210]4567]rn") == "torn"
    assert rules.reason("to[R-0123\u200b4567]rn") == "torn"


@pytest.mark.parametrize("refunded", [usd(2499), usd(2500)])
def test_an_order_that_was_refunded_whole_is_used_up_whatever_its_word(refunded: object) -> None:
    used_up = order(payment_status="paid")
    used_up = replace(used_up, totals=replace(used_up.totals, refunded=refunded, refundable=usd(0)))  # type: ignore[arg-type]
    with pytest.raises(RefundError, match="already refunded"):
        Memory().prepare(used_up, amount="full")


@pytest.mark.parametrize(
    "totals", [{"total": None}, {"refunded": None}, {"refundable": None}], ids=["total", "refunded", "rest"]
)
def test_an_order_of_which_a_sum_is_not_known_is_not_refundable(totals: dict[str, None]) -> None:
    shop_order = replace(order(), totals=replace(order().totals, **totals))
    with pytest.raises(RefundError) as caught:
        Memory().prepare(shop_order, amount="1.00 USD")
    assert caught.value.code == "refund.not_refundable"


def test_an_order_whose_refunds_are_not_all_known_is_not_refundable() -> None:
    with pytest.raises(RefundError, match="does not say clearly"):
        Memory().prepare(replace(order(), refunds_complete=False), amount="1.00 USD")


def test_an_order_of_nothing_that_was_not_paid_was_not_refunded_either() -> None:
    with pytest.raises(RefundError, match="payment is pending"):
        Memory().prepare(order(total=0, payment_status="pending"), amount="full")


def test_the_whole_rest_can_be_refunded_and_a_cent_more_cannot() -> None:
    assert Memory().prepare(amount="24.99 USD").remaining == usd(0)
    assert Memory().prepare(amount="0.01 USD").amount == usd(1)
    with pytest.raises(RefundError, match="too much"):
        Memory().prepare(amount="25.00 USD")


@pytest.mark.parametrize(
    "different",
    [{"amount": "6.00 USD"}, {"reason": "other words"}, {"another": True}, {"shop_order": order(total=3000)}],
)
def test_another_request_is_another_refund(book: Memory, different: dict[str, object]) -> None:
    first = book.prepare()
    assert book.prepare(**different).id != first.id  # type: ignore[arg-type]
    assert book.prepare() is first


def test_a_second_one_that_is_meant_is_never_the_first_again(book: Memory) -> None:
    meant = book.prepare(another=True)
    assert book.prepare(another=True).id != meant.id
    assert book.prepare().id != meant.id


def test_a_mark_of_another_order_is_foreign_here(book: Memory, sending: Move) -> None:
    done = machine.settle(sending, Answer("done", "", shop_id="ref_1"), owner="me", now=NOON)
    shown = order(refunds=(shop_refund(300, done.reason_sent),), payment_status="partially_refunded")
    for elsewhere in (replace(done, subject="ord_2"), replace(done, store="second")):
        with pytest.raises(RefundError) as caught:
            Memory({done.id: elsewhere}, numbers=iter(range(100, 200))).prepare(shown, amount="1.00 USD")
        assert caught.value.code == "refund.foreign"
