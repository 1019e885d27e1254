"""The durable record, in whatever database: nothing lost, and nothing changed unseen."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
import psycopg
import pytest

from clawver_orders.errors import ConflictError, RefundError, SetupError
from clawver_orders.ledger import SqlLedger, dump, load
from clawver_orders.refunds import machine, rules
from clawver_orders.refunds.machine import Book, Move, State
from clawver_orders.store import Answer
from tests.ledgers import Place
from tests.refunds.book import NOON, Memory, after, order, shop_refund

pytestmark = pytest.mark.anyio


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


@pytest.fixture
def ledger(place: Place) -> SqlLedger:
    return place.ledger(lambda: NOON)


def keep(move: Move) -> Callable[[Book], Move]:
    return lambda _: move


def prepared(amount: str = "5.00 USD") -> Move:
    return Memory(numbers=iter(range(os.getpid(), 10**9))).prepare(order(refunds=(shop_refund(1),)), amount=amount)


async def stored(ledger: SqlLedger, move: Move | None = None) -> Move:
    return await ledger.decide(keep(move or prepared()), by="assistant")


async def walk(ledger: SqlLedger, move: Move) -> Move:
    """Confirm, claim and settle."""
    move = await ledger.decide(lambda book: machine.confirm(book, move, by="form", now=NOON), by="form")
    move = await ledger.decide(lambda book: machine.claim(move, move.snapshot, owner="me", now=NOON), by="desk")
    answer = Answer("done", "201", shop_id="ref_1", processor_id="re_example", remaining=move.remaining)
    return await ledger.decide(lambda _: machine.settle(move, answer, owner="me", now=after(1)), by="desk")


async def test_a_move_is_read_back_as_it_was_stored(ledger: SqlLedger) -> None:
    move = await walk(ledger, await stored(ledger))
    assert await ledger.get(move.id) == move
    assert load(dump(move)) == move
    assert await ledger.get("R-NOBODY00") is None


async def test_every_step_leaves_an_event_and_the_chain_holds(ledger: SqlLedger) -> None:
    move = await walk(ledger, await stored(ledger))
    events = await ledger.events(move.id)
    assert [(event.from_state, event.to_state, event.by) for event in events] == [
        (None, "prepared", "assistant"),
        ("prepared", "confirmed", "form"),
        ("confirmed", "sending", "desk"),
        ("sending", "succeeded", "desk"),
    ]
    assert events[-1].hash == await ledger.head()
    assert events[-1].at == NOON
    assert await ledger.verify() == ()


async def test_an_empty_record_has_a_head_and_nothing_wrong(ledger: SqlLedger) -> None:
    assert await ledger.head() == "0" * 64
    assert await ledger.verify() == ()


async def test_a_decision_that_changes_nothing_writes_nothing(ledger: SqlLedger) -> None:
    move = await stored(ledger)
    head = await ledger.head()
    assert await stored(ledger, move) == move
    assert await ledger.head() == head


async def test_a_decision_that_raises_leaves_nothing_behind(ledger: SqlLedger) -> None:
    def refuse(_: Book) -> Move:
        raise RefundError("open", "no", "wait")

    with pytest.raises(RefundError):
        await ledger.decide(refuse, by="assistant")
    assert await ledger.find() == ()


async def test_what_was_refused_before_there_was_a_move_is_kept(ledger: SqlLedger) -> None:
    head = await ledger.head()
    await ledger.refused(
        store="clawver", subject="ord_1", code="refund.too_much", detail="30.00 USD is too much", by="assistant"
    )
    assert await ledger.head() != head
    assert await ledger.verify() == ()


async def test_moves_are_found_by_store_subject_and_state_newest_first(ledger: SqlLedger) -> None:
    old = await stored(ledger, replace(prepared(), id="R-AAAAAAAA"))
    new = await stored(ledger, replace(prepared(), id="R-BBBBBBBB", prepared_at=after(1)))
    other = await stored(ledger, replace(prepared(), id="R-CCCCCCCC", store="woo", subject="7"))
    assert await ledger.find(store="clawver") == (new, old)
    assert await ledger.find(subject="7") == (other,)
    assert await ledger.find(states=machine.OPEN) == ()
    assert len(await ledger.find(states=frozenset({State.PREPARED}))) == 3
    assert await ledger.find(store="clawver", subject="7") == ()


async def test_the_file_itself_allows_one_open_move_on_an_order(ledger: SqlLedger) -> None:
    """Rule 4, where a decision forgot it."""
    first, second = replace(prepared(), id="R-AAAAAAAA"), replace(prepared(), id="R-BBBBBBBB")
    await stored(ledger, replace(first, state=State.UNKNOWN))
    with pytest.raises(RefundError, match="under way"):
        await stored(ledger, replace(second, state=State.CONFIRMED))
    assert await ledger.get(second.id) is None


async def test_a_writer_that_saw_an_older_version_is_told_so(ledger: SqlLedger) -> None:
    """Rule 7: compare and set."""
    move = await stored(ledger)
    await ledger.decide(lambda book: machine.confirm(book, move, by="form", now=NOON), by="form")
    with pytest.raises(ConflictError):
        await ledger.decide(keep(machine.decline(move, by="slow", now=NOON)), by="slow")


async def test_only_one_of_a_hundred_callers_gets_the_claim(ledger: SqlLedger) -> None:
    """Hostile 16."""
    move = await stored(ledger)
    await ledger.decide(lambda book: machine.confirm(book, move, by="form", now=NOON), by="form")
    owners: list[str] = []

    async def call(owner: str) -> None:
        def decide(book: Book) -> Move:
            return machine.claim(machine.held(book, move.id, "refund"), move.snapshot, owner=owner, now=NOON)

        if (await ledger.decide(decide, by=owner)).owner == owner:
            owners.append(owner)

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(call, f"caller {number}")
    assert len(owners) == 1


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE moves SET move = replace(move, '500', '100')", "is not as its last event left it"),
        ("DELETE FROM moves", "is missing"),
        ("DELETE FROM events WHERE number = 2", "event 2 is missing"),
        ("UPDATE events SET by = 'nobody' WHERE number = 1", "does not follow"),
    ],
)
async def test_damage_and_careless_edits_are_found(
    ledger: SqlLedger, place: Place, statement: str, found: str
) -> None:
    """Hostile 71."""
    await walk(ledger, await stored(ledger))
    place.edit(statement, guarded=False)
    assert any(found in line for line in await ledger.verify())


@pytest.mark.parametrize("statement", ["DELETE FROM events", "UPDATE events SET by = 'nobody'"])
async def test_events_are_neither_changed_nor_deleted(ledger: SqlLedger, place: Place, statement: str) -> None:
    await stored(ledger)
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException)):
        place.edit(statement)


@pytest.mark.parametrize("row", ["not json", "{}", '{"snapshot": 3}', '{"snapshot": {"known": [], "total": "x"}}'])
async def test_a_damaged_line_is_named_and_not_guessed(ledger: SqlLedger, place: Place, row: str) -> None:
    """Hostile 71."""
    move = await stored(ledger)
    place.edit(f"UPDATE moves SET move = '{row}'")
    with pytest.raises(SetupError, match="damaged"):
        await ledger.get(move.id)


async def test_times_keep_their_zone(ledger: SqlLedger) -> None:
    move = await stored(ledger)
    kept = await ledger.get(move.id)
    assert kept is not None
    assert kept.prepared_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert kept.snapshot.total == rules.snapshot(order()).total


async def test_what_is_under_way_is_found_however_much_waits_beside_it(ledger: SqlLedger) -> None:
    """A list is cut at 200: an unknown refund is never what is cut off."""
    lost = replace(prepared(), id="R-00000000", subject="ord_lost", state=State.UNKNOWN, prepared_at=NOON)

    def fill(book: Book) -> Move:
        for number in range(200):
            newer = {"subject": f"ord_{number}", "prepared_at": after(number + 1)}
            waiting = replace(prepared(), id=f"R-1{number:07}", **newer)  # type: ignore[arg-type]
            ledger._store(book._rows, None, waiting, "test")  # type: ignore[attr-defined]
        return lost

    await ledger.decide(fill, by="test")
    found = await ledger.find(states=frozenset({State.UNKNOWN, State.PREPARED}))
    assert len(found) == 200
    assert found[0] == lost
