"""The record on a database whose disk is full: filled for real, on a small file system of its own (``outage.sh``).

``-k data`` wants the database's files there, ``-k log`` its write-ahead log.
"""

import os
from collections import Counter as Counts
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clawver_orders.errors import DeskError, SetupError
from clawver_orders.ledger import SqlLedger
from clawver_orders.refunds.machine import State
from tests.counter import YES, Counter, open_counter
from tests.ledgers import SERVER, Place
from tests.prove.outages import during, found_later
from tests.prove.postgres import control
from tests.refunds.book import NOON
from tests.webhooks.receiving import post, receiver
from tests.webhooks.signing import CLAWVER, compact

pytestmark = pytest.mark.anyio

BALLAST = Path(os.environ.get("CLAWVER_ORDERS_TEST_DISK", "/nowhere")) / "ballast"
FULL = "The refund record in the database cannot be written: its disk is full"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "database")


@pytest.fixture
def ledger(place: Place) -> SqlLedger:
    return place.ledger(lambda: NOON)


@pytest.fixture(autouse=True)
def room() -> Iterator[None]:
    """Whatever a test leaves, the next has room and a server."""
    yield
    make_room()


def fill() -> None:
    """Take all that is left of the disk."""
    with BALLAST.open("wb", buffering=0) as file:
        for piece in (1 << 16, 1 << 12):
            try:
                while file.write(bytes(piece)) == piece:
                    pass
            except OSError:
                continue


def make_room() -> None:
    """Give it back, and have the server there again: one that cannot write its log ends itself."""
    BALLAST.unlink(missing_ok=True)
    try:
        with psycopg.connect(SERVER):
            return
    except psycopg.OperationalError:
        control("-m", "immediate", "-w", "restart")


async def fill_for_the_record(ledger: SqlLedger) -> None:
    """Full to the last row: what is left inside of the pages that there are, too."""
    fill()
    with pytest.raises(SetupError, match=FULL):
        await write(ledger, 1000)


async def write(ledger: SqlLedger, lines: int, detail: str = "") -> None:
    for _ in range(lines):
        await ledger.refused(store="x", subject="y", code="z", detail=detail, by="somebody")


def break_log() -> None:
    """Full, and the log wants a new file: the server ends itself, as it should."""
    fill()
    new_file = "SELECT pg_switch_wal(), pg_logical_emit_message(true, 'x', 'y')"
    with psycopg.connect(SERVER, autocommit=True) as server, pytest.raises(psycopg.OperationalError):
        list(map(server.execute, [new_file] * 1000))


async def test_data_on_a_full_disk_before_the_claim_sends_nothing_and_says_so(
    tmp_path: Path, ledger: SqlLedger
) -> None:
    """Hostile 69: what stands can be read, and with room the same refund goes on."""
    counter = open_counter(tmp_path, ledger=ledger)
    refund = await counter.prepared()
    await fill_for_the_record(ledger)
    for _ in range(3):
        with pytest.raises(SetupError, match=FULL):
            await counter.desk.execute_refund(refund.refund_id, YES)
    assert (await counter.desk.get_order("", counter.refundable)).id == counter.refundable
    (seen,) = await counter.desk.check_refund(refund_id=refund.refund_id)
    assert (seen.state, counter.posts()) == (State.PREPARED, 0)
    make_room()
    assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.SUCCEEDED
    assert (counter.posts(), counter.paid_back()) == (1, [500])
    assert await ledger.verify() == ()


@pytest.mark.parametrize("after", [False, True], ids=["before the shop is asked", "after it answered"])
async def test_data_on_a_disk_that_fills_while_it_is_sent_leaves_an_unknown_that_is_found_later(
    tmp_path: Path, ledger: SqlLedger, *, after: bool
) -> None:
    """Hostile 69: the claim is on disk, the outcome is not."""
    struck = during(lambda: fill_for_the_record(ledger), after=after)
    counter = open_counter(tmp_path, wrap=struck, ledger=ledger)
    refund = await counter.prepared()
    done = await counter.desk.execute_refund(refund.refund_id, YES)
    assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
    make_room()
    await found_later(counter, refund.refund_id, [500])


async def test_data_on_a_disk_that_is_full_at_any_write_lets_nothing_out_without_a_claim(
    tmp_path: Path, ledger: SqlLedger
) -> None:
    """Hostile 69: how much is left in the pages decides which write of a refund meets it."""
    counter = open_counter(tmp_path, ledger=ledger)
    ends: Counts[str] = Counts()
    for number in range(39):
        if len(ends) == 3:
            break
        # What was written before leaves more or less room in the last page of each table.
        assert await fate(counter, f"0.{number + 10} USD") == "succeeded"
        await write(ledger, number % 5, "-" * 300)
        before = counter.posts()
        fill()
        told = await fate(counter, f"0.{number + 50} USD")
        make_room()
        sent = counter.posts() - before
        ends[f"{told}, {'sent' if sent else 'not sent'}"] += 1
        moves = await ledger.find()
        assert before + sent == len([move for move in moves if move.sent_at is not None])
        assert sent <= 1
        counter.clock.pass_by(seconds=60)
        for move in moves:
            # What was confirmed before the disk was full goes on, and what was sent is looked for.
            if move.state is State.CONFIRMED:
                assert (await counter.desk.execute_refund(move.id, YES)).state is State.SUCCEEDED
            elif move.sent_at is not None and move.state is not State.SUCCEEDED:
                (found,) = await counter.desk.check_refund(refund_id=move.id)
                assert found.state is State.SUCCEEDED
    assert await ledger.verify() == ()
    assert len(counter.paid_back()) == counter.posts()
    print(dict(ends))
    assert set(ends) == {"setup, not sent", "succeeded, sent", "unknown, sent"}


async def fate(counter: Counter, amount: str) -> str:
    try:
        refund = await counter.prepared(amount=amount, reason="a reason of some length, as people write them " * 4)
        return (await counter.desk.execute_refund(refund.refund_id, YES)).state
    except DeskError as error:
        return error.code


async def test_data_on_a_full_disk_lets_no_event_be_called_kept(ledger: SqlLedger) -> None:
    """Hostile 91, 95: who is told 503 sends again; who was told 200 is in the list."""
    app = receiver(ledger)
    bodies = [compact({"event": "order.paid", "number": number, "data": {"orderId": "o"}}) for number in range(100)]
    assert (await post(app, CLAWVER, bodies[0])).status_code == 200
    fill()
    answers = [(await post(app, CLAWVER, body)).status_code for body in bodies]
    assert answers[0] == 200, "what is there already is there"
    assert set(answers) == {200, 503}
    make_room()
    assert len(await ledger.received(limit=1000)) == answers.count(200)
    again = [await post(app, CLAWVER, body) for body in bodies]
    assert [answer.text for answer in again] == [
        "Kept before.\n" if status == 200 else "Kept.\n" for status in answers
    ]


async def test_a_log_without_room_before_the_claim_sends_nothing(tmp_path: Path, ledger: SqlLedger) -> None:
    """Hostile 69: PostgreSQL ends itself then, and is started when there is room."""
    counter = open_counter(tmp_path, ledger=ledger)
    refund = await counter.prepared()
    break_log()
    with pytest.raises(SetupError, match="cannot be used"):
        await counter.desk.execute_refund(refund.refund_id, YES)
    assert (counter.posts(), counter.paid_back()) == (0, [])
    make_room()
    assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.SUCCEEDED
    assert counter.posts() == 1
    assert await ledger.verify() == ()


@pytest.mark.parametrize("after", [False, True], ids=["before the shop is asked", "after it answered"])
async def test_a_log_that_runs_out_of_room_while_it_is_sent_leaves_an_unknown_that_is_found_later(
    tmp_path: Path, ledger: SqlLedger, *, after: bool
) -> None:
    """Hostile 69: the claim was on disk before; the server that lost its log's room has it still."""

    async def strike() -> None:
        break_log()

    counter = open_counter(tmp_path, wrap=during(strike, after=after), ledger=ledger)
    refund = await counter.prepared()
    done = await counter.desk.execute_refund(refund.refund_id, YES)
    assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
    make_room()
    await found_later(counter, refund.refund_id, [500])
