"""A person's answer to a move, for what it was when they read it; and its one send, however that ends."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from clawver_orders.desk.results import Consent
from clawver_orders.errors import RefundError
from clawver_orders.ledger import SqliteLedger
from clawver_orders.money import Money
from clawver_orders.refunds import machine
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import Book, Move, State
from clawver_orders.store import Answer, Deadline
from tests.counter import YES, Counter, open_counter

pytestmark = pytest.mark.anyio


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path)


async def test_an_answer_to_what_was_shown_counts_until_somebody_else_answered(counter: Counter) -> None:
    moves = counter.desk.moves
    shown = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    approved = await moves.confirmed(shown, YES, as_shown=True)
    assert approved.state is State.CONFIRMED
    with pytest.raises(RefundError) as caught:
        await moves.confirmed(shown, Consent(given=False, how="page"), as_shown=True)
    assert caught.value.code == "refund.void"
    assert await counter.ledger.get(shown.id) == approved


async def test_an_answer_that_is_not_bound_to_it_takes_the_other_one_back(
    counter: Counter,
) -> None:
    moves = counter.desk.moves
    shown = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    await moves.confirmed(shown, YES)
    taken_back = await moves.confirmed(shown, Consent(given=False, how="page"))
    assert taken_back.state is State.VOID


async def test_the_record_keeps_how_each_answer_was_given_and_what_time_did(counter: Counter) -> None:
    moves = counter.desk.moves
    forgotten = await counter.desk.refunds.held((await counter.prepared("6.00 USD")).refund_id)
    counter.clock.pass_by(minutes=15)
    assert (await moves.confirmed(forgotten, None)).state is State.EXPIRED
    answered = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    await moves.confirmed(answered, YES)
    assert [event.by for event in await counter.ledger.events(answered.id)][-1] == YES.how
    assert [event.by for event in await counter.ledger.events(forgotten.id)][-1] == "time"


async def test_a_second_yes_is_the_first_one_and_is_not_counted_against_a_cap(tmp_path: Path) -> None:
    counter = open_counter(tmp_path, limits=Limits(max_per_day={"USD": Money(500, "USD")}))
    moves = counter.desk.moves
    move = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    confirmed = await moves.confirmed(move, YES)
    assert confirmed.state is State.CONFIRMED
    await counter.ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
    assert await moves.confirmed(confirmed, YES) == confirmed


async def test_a_yes_that_comes_too_late_is_told_so_even_where_the_desk_is_frozen(counter: Counter) -> None:
    move = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    await counter.ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")
    counter.clock.pass_by(minutes=15)
    assert (await counter.desk.moves.confirmed(move, YES)).state is State.EXPIRED


async def test_a_yes_to_a_refund_counts_though_an_action_was_carried_out_meanwhile(counter: Counter) -> None:
    """What the action changed, the look right before the send sees."""
    move = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    counter.clock.pass_by(minutes=1)
    done = replace(move, id="R-ACTED000", kind="cancel_order", amount=None, state=State.PREPARED)
    await counter.ledger.decide(lambda _: done, by="a test")
    done = replace(done, state=State.SUCCEEDED, version=done.version + 1, settled_at=counter.clock.now())
    await counter.ledger.decide(lambda _: done, by="a test")
    assert (await counter.desk.moves.confirmed(move, YES)).state is State.CONFIRMED


async def confirmed(counter: Counter) -> Move:
    move = await counter.desk.refunds.held((await counter.prepared()).refund_id)
    return await counter.desk.moves.confirmed(move, YES)


async def by_whom(counter: Counter, move: Move) -> list[tuple[str | None, str]]:
    return [(event.to_state, event.by) for event in await counter.ledger.events(move.id)][2:]


async def test_what_another_desk_is_sending_is_not_sent_here(counter: Counter) -> None:
    move = await confirmed(counter)
    sending = await counter.ledger.decide(
        lambda book: machine.claim(move, move.snapshot, owner="another desk", now=counter.clock.now()), by="desk"
    )

    sent: list[Deadline] = []

    async def send(deadline: Deadline) -> Answer:
        sent.append(deadline)
        return Answer("done", "201")

    assert await counter.desk.moves.send_once(move, move.snapshot, send) == sending
    assert sent == []
    assert counter.desk.moves.in_flight == 0


async def test_a_send_that_breaks_is_unknown_and_says_why(counter: Counter) -> None:
    async def fail(_: Deadline) -> Answer:
        raise LookupError("ord_example of Mei")

    move = await confirmed(counter)
    broken = await counter.desk.moves.send_once(move, move.snapshot, fail)
    assert (broken.state, broken.evidence) == (
        State.UNKNOWN,
        "the desk failed while it was sending (LookupError)",
    )
    assert await by_whom(counter, move) == [("sending", "desk"), ("unknown", "desk")]


async def test_a_send_that_never_ends_is_unknown_and_says_why(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: Deadline) -> Answer:
        await anyio.sleep_forever()
        raise AssertionError

    move = await confirmed(counter)
    monkeypatch.setattr(machine, "SEND_WITHIN_S", 0.0)
    hung = await counter.desk.moves.send_once(move, move.snapshot, hang)
    assert (hung.state, hung.evidence) == (State.UNKNOWN, "no answer within 20 seconds")


async def test_a_send_may_begin_within_ten_seconds_of_the_claim_and_not_then(counter: Counter) -> None:
    move = await confirmed(counter)
    allowed: list[bool] = []

    async def send(deadline: Deadline) -> Answer:
        for seconds in (9.5, 0.5):
            counter.clock.pass_by(seconds=seconds)
            allowed.append(deadline())
        return Answer("not_sent", "it is too late")

    assert (await counter.desk.moves.send_once(move, move.snapshot, send)).state is State.NOT_SENT
    assert allowed == [True, False]


async def test_an_outcome_that_cannot_be_written_down_is_unknown_until_somebody_looks(tmp_path: Path) -> None:
    counter = open_counter(tmp_path)

    class Full(SqliteLedger):
        async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
            kept = await self.get(move.id)
            if kept is not None and kept.state is State.SENDING:
                raise OSError
            return await super().decide(decision, by=by)

    async def send(_: Deadline) -> Answer:
        return Answer("done", "201")

    move = await confirmed(counter)
    counter.desk.moves.ledger = Full(tmp_path, counter.clock.now)
    sent = await counter.desk.moves.send_once(move, move.snapshot, send)
    assert (sent.state, sent.evidence) == (State.UNKNOWN, "the outcome could not be written to the record")
    counter.desk.moves.ledger = counter.ledger
    kept = await counter.ledger.get(move.id)
    assert kept is not None
    counter.clock.pass_by(minutes=5)
    assert (await counter.desk.moves.recovered(kept)).state is State.UNKNOWN
    assert (await by_whom(counter, move))[-1] == ("unknown", "look")


async def test_a_look_counts_only_for_what_was_sent_and_is_not_settled(counter: Counter) -> None:
    moves = counter.desk.moves
    move = await confirmed(counter)
    sending = await counter.ledger.decide(
        lambda book: machine.claim(move, move.snapshot, owner="another desk", now=counter.clock.now()), by="desk"
    )
    shown: list[Move] = []

    def look(held: Move) -> Move:
        shown.append(held)
        return machine.resolve(held, applied=True, by="a look", now=counter.clock.now())

    assert await moves.looked(move, look) == sending
    counter.clock.pass_by(minutes=5)
    unknown = await moves.recovered(sending)
    found = await moves.looked(unknown, look)
    assert found.state is State.SUCCEEDED
    assert await moves.looked(unknown, look) == found
    assert shown == [unknown]
    assert (await by_whom(counter, move))[-1] == ("succeeded", "look")
