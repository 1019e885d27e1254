"""Refunds at the desk, over the sandbox: what the shop saw, what the record says, what is told."""

import functools
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx2
import pytest

from clawver_orders import approvals
from clawver_orders.desk.results import Consent, Refund
from clawver_orders.errors import AuthError, InvalidArgument, NotFoundError, RefundError, SetupError
from clawver_orders.money import Money
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds import machine
from clawver_orders.refunds.machine import Book, Move, State
from clawver_orders.store import Answer, Deadline
from tests.counter import NO, NOON, YES, Clock, Counter, open_counter

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["current", "legacy"])
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Counter:
    return open_counter(tmp_path, generation=request.param)


def refusal(code: str) -> "pytest.RaisesExc[RefundError]":
    return pytest.raises(RefundError, check=lambda error: error.code == f"refund.{code}")


async def executed(counter: Counter, amount: str = "5.00 USD") -> Refund:
    refund = await counter.prepared(amount)
    return await counter.desk.execute_refund(refund.refund_id, YES)


async def checked(counter: Counter, refund: Refund) -> Refund:
    (now,) = await counter.desk.check_refund(refund_id=refund.refund_id)
    return now


async def answered(counter: Counter, refund: Refund, *, given: bool) -> Move:
    """A person answers outside of the assistant."""
    move = await approvals.found(counter.desk, refund.refund_id)
    return await approvals.answer(counter.desk, move, given=given, how="command")


async def test_a_part_is_refunded_once_and_told_with_its_receipt(counter: Counter) -> None:
    total = counter.sandbox.shop.orders[counter.refundable].total
    refund = await executed(counter)
    assert (refund.state, refund.money_moved, refund.confirmed_by) == (State.SUCCEEDED, "yes", "form")
    assert refund.remaining == Money(total - 500, "USD")
    assert refund.processor_id
    assert counter.paid_back() == [500]


async def test_the_whole_rest_is_refunded_as_full(counter: Counter) -> None:
    await executed(counter)
    rest = await executed(counter, "full")
    total = counter.sandbox.shop.orders[counter.refundable].total
    assert (rest.amount, rest.remaining) == (Money(total - 500, "USD"), Money(0, "USD"))
    with refusal("not_refundable"):
        await counter.prepared("full")
    assert counter.paid_back() == [500, total - 500]


async def test_preparing_moves_nothing_and_says_how_a_person_approves(counter: Counter) -> None:
    refund = await counter.prepared()
    assert (refund.state, refund.money_moved) == (State.PREPARED, "no")
    assert f"clawver-orders approve {refund.refund_id}" in refund.message
    assert refund.approval is not None
    assert counter.posts() == 0


async def test_executing_without_a_persons_yes_sends_nothing(counter: Counter) -> None:
    refund = await counter.prepared()
    for _ in range(5):
        again = await counter.desk.execute_refund(refund.refund_id, None)
        assert (again.state, again.money_moved) == (State.PREPARED, "no")
    assert counter.posts() == 0


async def test_a_no_is_final(counter: Counter) -> None:
    refund = await counter.prepared()
    with refusal("declined"):
        await counter.desk.execute_refund(refund.refund_id, NO)
    with refusal("declined"):
        await counter.desk.execute_refund(refund.refund_id, YES)
    assert counter.posts() == 0


async def test_a_yes_outside_of_the_assistant_is_carried_out_by_the_next_call(counter: Counter) -> None:
    refund = await counter.prepared()
    approved = await answered(counter, refund, given=True)
    assert (approved.state, counter.posts()) == (State.CONFIRMED, 0)
    done = await counter.desk.execute_refund(refund.refund_id, None)
    assert (done.state, done.confirmed_by) == (State.SUCCEEDED, "command")


async def test_a_yes_can_be_taken_back_before_it_is_used(counter: Counter) -> None:
    refund = await counter.prepared()
    await answered(counter, refund, given=True)
    await answered(counter, refund, given=False)
    with refusal("void"):
        await counter.desk.execute_refund(refund.refund_id, None)
    with refusal("void"):
        await answered(counter, refund, given=True)
    assert counter.posts() == 0


async def test_a_preparation_expires_and_so_does_an_unused_yes(counter: Counter) -> None:
    """Hostile 83."""
    first = await counter.prepared()
    counter.clock.pass_by(minutes=15)
    with refusal("expired"):
        await counter.desk.execute_refund(first.refund_id, YES)
    second = await counter.prepared()
    await answered(counter, second, given=True)
    counter.clock.pass_by(minutes=5)
    with refusal("void"):
        await counter.desk.execute_refund(second.refund_id, None)
    assert counter.posts() == 0


async def test_an_id_that_was_never_minted_is_not_found(counter: Counter) -> None:
    """Hostile 15."""
    refund = await counter.prepared()
    for guess in ("R-00000000", refund.refund_id.lower(), "", "../x", "R-" + "0" * 10_000):
        with refusal("not_found"):
            await counter.desk.execute_refund(guess, YES)


LOST = ["reset", "timeout", "close", "truncated", "cut", "500", "502", "503", "504", "html", "empty", "redirect"]


@pytest.mark.parametrize("kind", LOST)
async def test_an_answer_lost_after_applying_is_unknown_and_recognised_at_the_first_look(
    counter: Counter, kind: str
) -> None:
    """Hostile 41 to 45, 49, 52, 53, 57."""
    counter.fault(f"refund:{kind}-after:1")
    refund = await executed(counter)
    assert (refund.state, refund.money_moved) == (State.UNKNOWN, "unknown")
    assert "Nothing will be sent again" in refund.message
    assert refund.next_check_at is not None
    found = await checked(counter, refund)
    assert (found.state, found.money_moved) == (State.SUCCEEDED, "yes")
    receipt = await counter.desk.execute_refund(refund.refund_id, YES)
    assert receipt.state is State.SUCCEEDED
    assert (counter.posts(), counter.paid_back()) == (1, [500])


@pytest.mark.parametrize(
    "kind", ["reset", "timeout", "close", "500", "503", "html", "empty", "408", "409", "425", "429"]
)
async def test_a_send_that_was_not_applied_stays_unknown_and_is_never_sent_again(
    counter: Counter, kind: str
) -> None:
    """Hostile 56, 57: absence is not permission."""
    counter.fault(f"refund:{kind}-before:1")
    refund = await executed(counter)
    assert refund.money_moved == "unknown"
    for _ in range(4):
        counter.clock.pass_by(hours=1)
        assert (await checked(counter, refund)).state is State.UNKNOWN
        assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.UNKNOWN
    with refusal("open"):
        await counter.prepared("5.00 USD", reason="the same in other words")
    assert (counter.posts(), counter.paid_back()) == (1, [])


@pytest.mark.parametrize(
    ("kind", "step"), [("401", "set it anew"), ("403", "may not refund"), ("404", "get_order")]
)
async def test_a_complete_refusal_of_the_shop_is_rejected(counter: Counter, kind: str, step: str) -> None:
    """Hostile 54, 55."""
    refund = await counter.prepared()
    counter.fault(f"refund:{kind}-before:1")
    with refusal("rejected") as caught:
        await counter.desk.execute_refund(refund.refund_id, YES)
    assert step in str(caught.value)
    assert "No money moved" in str(caught.value)
    assert counter.paid_back() == []


async def test_a_refund_that_is_applied_late_is_found_when_it_shows(counter: Counter) -> None:
    """Hostile 58."""
    counter.fault("refund:timeout-late:1,reads=3")
    refund = await executed(counter)
    states = [(await checked(counter, refund)).state for _ in range(4)]
    assert states == [State.UNKNOWN, State.UNKNOWN, State.UNKNOWN, State.SUCCEEDED]
    assert (counter.posts(), counter.paid_back()) == (1, [500])


async def test_stale_reads_do_not_lead_to_a_second_send(counter: Counter) -> None:
    """Hostile 59."""
    counter.fault("get:stale:4")
    refund = await executed(counter)
    assert refund.state is State.SUCCEEDED
    with refusal("duplicate"):
        await counter.prepared()
    assert counter.posts() == 1


async def test_a_hundred_parallel_calls_send_once(counter: Counter) -> None:
    """Hostile 16."""
    refund = await counter.prepared()
    seen: list[State] = []

    async def call() -> None:
        seen.append((await counter.desk.execute_refund(refund.refund_id, YES)).state)

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(call)
    assert (counter.posts(), counter.paid_back()) == (1, [500])
    assert set(seen) <= {State.SENDING, State.SUCCEEDED}
    assert (await checked(counter, refund)).state is State.SUCCEEDED


async def test_two_assistants_on_one_order_pay_once(tmp_path: Path) -> None:
    """Hostile 81: two desks on one record, the same and another amount."""
    first = open_counter(tmp_path)
    second = open_counter(tmp_path, sandbox=first.sandbox, clock=first.clock)
    one, two = await first.prepared("20.00 USD"), await second.prepared("19.00 USD")
    assert (await first.desk.execute_refund(one.refund_id, YES)).state is State.SUCCEEDED
    with refusal("void"):
        await second.desk.execute_refund(two.refund_id, YES)
    assert first.paid_back() == [2000]


async def test_two_desks_that_do_not_share_a_record_notice_each_other(tmp_path: Path) -> None:
    """Hostile 71: a lost ledger, or a second desk; a person adopts what the other did."""
    first = open_counter(tmp_path / "one")
    second = open_counter(tmp_path / "two", sandbox=first.sandbox, clock=first.clock)
    await executed(first)
    with refusal("foreign"):
        await second.prepared("4.00 USD")
    order = await second.desk.get_order("", first.refundable)
    (adopted,) = await second.desk.refunds.adopt(order, by="lee")
    assert (adopted.state, adopted.amount) == (State.SUCCEEDED, Money(500, "USD"))
    assert await second.desk.refunds.adopt(order, by="lee") == ()
    with refusal("duplicate"):
        await second.prepared("5.00 USD")
    assert (await executed(second, "4.00 USD")).state is State.SUCCEEDED


async def test_a_refund_in_the_dashboard_between_yes_and_send_makes_it_void(counter: Counter) -> None:
    """Hostile 82."""
    refund = await counter.prepared()
    await answered(counter, refund, given=True)
    counter.sandbox.shop.refund(counter.refundable, 100, "by hand")
    with refusal("void") as caught:
        await counter.desk.execute_refund(refund.refund_id, None)
    assert "changed since it was confirmed" in str(caught.value)
    assert counter.posts() == 0


async def test_a_second_refund_of_the_same_amount_needs_to_be_meant(counter: Counter) -> None:
    """Hostile 87."""
    await executed(counter)
    with refusal("duplicate"):
        await counter.prepared()
    again = await counter.desk.prepare_refund("", counter.refundable, "5.00 USD", "a second tear", another=True)
    assert (await counter.desk.execute_refund(again.refund_id, YES)).state is State.SUCCEEDED
    assert counter.paid_back() == [500, 500]


async def test_what_was_refused_is_kept_in_the_record(counter: Counter) -> None:
    head = await counter.ledger.head()
    with refusal("too_much"):
        await counter.prepared("9000.00 USD")
    assert await counter.ledger.head() != head


async def test_an_order_that_is_not_paid_is_not_refundable(counter: Counter) -> None:
    with refusal("not_refundable"):
        await counter.prepared("full", counter.sandbox.hints["pending_order"])


async def test_a_wrong_form_is_refused_before_anything_is_sent(counter: Counter) -> None:
    with pytest.raises(InvalidArgument):
        await counter.prepared("5 dollars")
    with pytest.raises(NotFoundError):
        await counter.prepared("5.00 USD", "ord_nobody")
    assert counter.posts() == 0


async def test_a_wrong_key_is_told_as_such_and_never_shown(tmp_path: Path) -> None:
    counter = open_counter(tmp_path, key="claw_sk_test_wrong_example")
    with pytest.raises(AuthError) as caught:
        await counter.prepared()
    assert "wrong_example" not in str(caught.value)


async def test_a_sender_that_died_leaves_an_unknown_that_the_next_desk_settles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 65: the claim is on disk, its sender is gone."""
    counter = open_counter(tmp_path)
    refund = await counter.prepared()

    class Killed(BaseException):
        """As good as SIGKILL: nothing after it runs."""

    async def die(*_: object) -> Answer:
        raise Killed

    monkeypatch.setattr(counter.desk.stores[0], "refund", die)
    with pytest.raises(Killed):
        await counter.desk.execute_refund(refund.refund_id, YES)
    heir = open_counter(tmp_path, sandbox=counter.sandbox, clock=counter.clock)
    assert (await checked(heir, refund)).state is State.SENDING
    heir.clock.pass_by(seconds=30)
    assert (await checked(heir, refund)).state is State.UNKNOWN
    with refusal("open"):
        await heir.prepared("1.00 USD")


def store_that(
    before: Callable[[], None] = lambda: None, error: Exception | None = None
) -> Callable[[ClawverStore], ClawverStore]:
    """A store to which something happens right before a refund is sent."""

    def wrap(store: ClawverStore) -> ClawverStore:
        send = store.refund

        async def refund(order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
            before()
            if error is not None:
                raise error
            return await send(order_id, amount, reason, may_start)

        store.refund = refund  # type: ignore[method-assign]
        return store

    return wrap


async def test_a_machine_that_slept_does_not_send_a_stale_refund(tmp_path: Path) -> None:
    """Hostile 67: the deadline is read right before the first byte."""
    clock = Clock()

    def sleep() -> None:
        clock.awake += 3600

    counter = open_counter(tmp_path, clock=clock, wrap=store_that(sleep))
    refund = await counter.prepared()
    with refusal("not_sent") as caught:
        await counter.desk.execute_refund(refund.refund_id, YES)
    assert "No money moved" in str(caught.value)
    assert counter.posts() == 0


async def test_a_failure_of_our_own_after_the_claim_is_unknown(tmp_path: Path) -> None:
    counter = open_counter(tmp_path, wrap=store_that(error=ZeroDivisionError("a bug")))
    refund = await executed(counter)
    assert (refund.state, refund.money_moved) == (State.UNKNOWN, "unknown")
    assert "a bug" not in refund.message


class Unreachable(httpx2.AsyncBaseTransport):
    """Reads reach the shop; writes find nobody."""

    def __init__(self, shop: httpx2.AsyncBaseTransport) -> None:
        self.shop = shop

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            raise httpx2.ConnectError("refused")
        return await self.shop.handle_async_request(request)


async def test_a_shop_that_cannot_be_reached_is_not_sent_and_may_be_prepared_anew(tmp_path: Path) -> None:
    """Hostile 37."""
    shop = open_counter(tmp_path / "unused").sandbox
    counter = open_counter(tmp_path, sandbox=shop, transport=Unreachable(httpx2.ASGITransport(app=shop.app)))
    refund = await counter.prepared()
    with refusal("not_sent"):
        await counter.desk.execute_refund(refund.refund_id, YES)
    assert (await checked(counter, refund)).money_moved == "no"
    assert (await counter.prepared()).refund_id != refund.refund_id


class Holding(httpx2.AsyncBaseTransport):
    """A shop whose answer to a refund is held back until it is let go."""

    def __init__(self, shop: httpx2.AsyncBaseTransport) -> None:
        self.shop = shop
        self.arrived, self.let_go = anyio.Event(), anyio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self.shop.handle_async_request(request)
        if request.method != "GET":
            self.arrived.set()
            await self.let_go.wait()
        return answer


async def test_a_cancelled_call_is_still_recorded(tmp_path: Path) -> None:
    """Hostile 66: the client goes away in the middle of the send."""
    shop = open_counter(tmp_path / "unused").sandbox
    transport = Holding(httpx2.ASGITransport(app=shop.app))
    counter = open_counter(tmp_path, sandbox=shop, transport=transport)
    refund = await counter.prepared()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(counter.desk.execute_refund, refund.refund_id, YES)
        await transport.arrived.wait()
        assert counter.desk.in_flight() == 1
        tasks.cancel_scope.cancel()
        transport.let_go.set()
    assert counter.desk.in_flight() == 0
    kept = await counter.ledger.get(refund.refund_id)
    assert kept is not None
    assert (kept.state, counter.paid_back()) == (State.SUCCEEDED, [500])


async def test_a_record_that_cannot_be_written_before_the_send_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 69: no byte leaves before the claim is on disk."""
    counter = open_counter(tmp_path)
    refund = await counter.prepared()
    await answered(counter, refund, given=True)
    decide = counter.ledger.decide

    async def fail(decision: Callable[[Book], Move], *, by: str) -> Move:
        if by == "desk":
            raise SetupError("The disk is full", "Make room")
        return await decide(decision, by=by)

    monkeypatch.setattr(counter.ledger, "decide", fail)
    with pytest.raises(SetupError):
        await counter.desk.execute_refund(refund.refund_id, None)
    assert counter.posts() == 0


@pytest.mark.parametrize("error", [SetupError("The disk is full", "Make room"), RuntimeError("no thread")])
async def test_an_outcome_that_cannot_be_written_is_unknown_and_found_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Hostile 69: the shop did it, the disk is full."""
    counter = open_counter(tmp_path)
    refund = await counter.prepared()
    decide = counter.ledger.decide
    claims: list[Move] = []

    async def fail(decision: Callable[[Book], Move], *, by: str) -> Move:
        if by == "desk" and claims:
            raise error
        move = await decide(decision, by=by)
        if by == "desk":
            claims.append(move)
        return move

    monkeypatch.setattr(counter.ledger, "decide", fail)
    told = await counter.desk.execute_refund(refund.refund_id, YES)
    assert (told.state, told.money_moved) == (State.UNKNOWN, "unknown")
    monkeypatch.setattr(counter.ledger, "decide", decide)
    counter.clock.pass_by(seconds=31)
    assert (await checked(counter, refund)).state is State.SUCCEEDED
    assert (counter.posts(), counter.paid_back()) == (1, [500])


async def test_what_the_claim_waited_for_is_taken_off_the_time_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 70: another program held the record; the claim and the answer have 20 seconds together."""
    left: list[float] = []

    def wrap(store: ClawverStore) -> ClawverStore:
        send = store.refund

        async def refund(order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
            left.append(anyio.current_effective_deadline() - anyio.current_time())
            return await send(order_id, amount, reason, may_start)

        store.refund = refund  # type: ignore[method-assign]
        return store

    counter = open_counter(tmp_path, wrap=wrap)
    decide, waits = counter.ledger.decide, [0.0]

    async def wait(decision: Callable[[Book], Move], *, by: str) -> Move:
        counter.clock.awake += waits[-1] if by == "desk" else 0
        return await decide(decision, by=by)

    monkeypatch.setattr(counter.ledger, "decide", wait)
    assert (await executed(counter, "1.00 USD")).state is State.SUCCEEDED
    waits.append(8.0)
    assert (await executed(counter, "2.00 USD")).state is State.SUCCEEDED
    waits.append(3600.0)
    with refusal("not_sent"):
        await executed(counter, "3.00 USD")
    assert left == [pytest.approx(seconds, abs=0.5) for seconds in (20, 12, 10)]


async def test_no_answer_within_the_deadline_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile 43: the whole send is cut off."""
    monkeypatch.setattr("clawver_orders.refunds.machine.SEND_WITHIN_S", 0.05)
    shop = open_counter(tmp_path / "unused").sandbox
    counter = open_counter(tmp_path, sandbox=shop, transport=Holding(httpx2.ASGITransport(app=shop.app)))
    refund = await executed(counter)
    assert (refund.state, refund.money_moved) == (State.UNKNOWN, "unknown")
    assert (await checked(counter, refund)).state is State.SUCCEEDED


async def test_a_check_while_the_shop_is_away_answers_from_the_record(counter: Counter) -> None:
    counter.fault("refund:reset-after:1")
    refund = await executed(counter)
    counter.fault("get:reset:always")
    told = await checked(counter, refund)
    assert told.state is State.UNKNOWN
    assert "could not be asked just now (network)" in told.message


async def test_open_refunds_are_listed_and_an_orders_refunds_too(counter: Counter) -> None:
    waiting = await counter.prepared("1.00 USD")
    done = await executed(counter)
    assert [refund.refund_id for refund in await counter.desk.check_refund()] == [waiting.refund_id]
    of_order = await counter.desk.check_refund(order_id=counter.refundable)
    assert {refund.refund_id for refund in of_order} == {waiting.refund_id, done.refund_id}


async def test_a_persons_word_settles_an_unknown(counter: Counter) -> None:
    counter.fault("refund:reset-before:1")
    refund = await executed(counter)
    with refusal("open"):
        await counter.desk.refunds.resolve(refund.refund_id, applied=False, by="lee")
    counter.clock.pass_by(hours=24)
    await checked(counter, refund)
    counter.clock.pass_by(minutes=15)
    await checked(counter, refund)
    settled = await counter.desk.refunds.resolve(refund.refund_id, applied=False, by="lee")
    assert (settled.state, settled.money_moved) == (State.NOT_APPLIED, "no")
    assert (await executed(counter)).state is State.SUCCEEDED
    assert counter.paid_back() == [500]


async def test_a_refund_that_the_shop_accepted_and_never_settled_can_be_settled_by_a_person(
    counter: Counter,
) -> None:
    async def accept(*_: object) -> Answer:
        return Answer("settling", "202")

    store = counter.desk.stores[0]
    send, store.refund = store.refund, accept  # type: ignore[assignment, method-assign]
    refund = await executed(counter)
    assert (refund.state, refund.money_moved) == (State.ACCEPTED, "pending")
    with refusal("open"):
        await executed(counter)
    counter.clock.pass_by(hours=24)
    with refusal("open"):
        await counter.desk.refunds.resolve(refund.refund_id, applied=False, by="lee")
    for _ in range(2):
        assert (await checked(counter, refund)).state is State.ACCEPTED
        counter.clock.pass_by(minutes=15)
    settled = await counter.desk.refunds.resolve(refund.refund_id, applied=False, by="lee")
    assert (settled.state, settled.money_moved) == (State.NOT_APPLIED, "no")
    store.refund = send  # type: ignore[method-assign]
    assert (await executed(counter)).state is State.SUCCEEDED


async def dead_while_sending(counter: Counter) -> Refund:
    """A refund whose desk died after its claim."""
    refund = await counter.prepared()
    move = await counter.desk.moves.confirmed(await counter.desk.refunds.held(refund.refund_id), YES)
    claim = functools.partial(machine.claim, move, move.snapshot, owner="dead", now=counter.clock.now())
    await counter.ledger.decide(lambda _: claim(), by="desk")
    return refund


async def test_a_desk_that_died_while_sending_is_told_although_the_shop_cannot_be_asked(counter: Counter) -> None:
    refund = await dead_while_sending(counter)
    counter.fault("get:reset:always")
    assert (await checked(counter, refund)).state is State.SENDING
    counter.clock.pass_by(seconds=30)
    assert (await checked(counter, refund)).state is State.UNKNOWN


async def test_a_person_can_settle_what_a_dead_desk_was_sending(counter: Counter) -> None:
    refund = await dead_while_sending(counter)
    told = await counter.desk.refunds.resolve(refund.refund_id, applied=True, by="lee")
    assert told.state is State.SENDING
    counter.clock.pass_by(seconds=30)
    told = await counter.desk.refunds.resolve(refund.refund_id, applied=True, by="lee")
    assert (told.state, told.money_moved) == (State.SUCCEEDED, "yes")
    assert await counter.ledger.verify() == ()


async def test_the_customer_of_a_prepared_refund_is_kept_masked(counter: Counter) -> None:
    refund = await counter.prepared()
    kept = await counter.ledger.get(refund.refund_id)
    assert kept is not None
    assert kept.prepared_at == NOON
    email = counter.sandbox.shop.orders[counter.refundable].customer.email
    assert email not in repr(kept)


async def test_a_read_only_desk_refuses_every_write(tmp_path: Path) -> None:
    desk = open_counter(tmp_path, read_only=True).desk
    with refusal("read_only"):
        await desk.prepare_refund("", "ord_1", "full", "torn", another=False)
    with refusal("read_only"):
        await desk.execute_refund("R-00000000", Consent(given=True, how="form"))
    with refusal("read_only"):
        await desk.create_webhook("", "https://hooks.example/x", ("order.paid",), None)
    with refusal("read_only"):
        await desk.delete_webhook("", "wh_1")
