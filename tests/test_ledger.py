"""The durable record: one file, several processes, nothing lost and nothing changed unseen."""

import os
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from clawver_orders.errors import ConflictError, RefundError, SetupError
from clawver_orders.ledger import FILE_NAME, VERSION, SqliteLedger, dump, load
from clawver_orders.refunds import machine, rules
from clawver_orders.refunds.machine import Book, Move, State
from clawver_orders.store import Answer
from tests.refunds.book import NOON, Memory, after, order, shop_refund

pytestmark = pytest.mark.anyio


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return SqliteLedger(tmp_path / "state", lambda: NOON)


def keep(move: Move) -> Callable[[Book], Move]:
    return lambda _: move


def prepared(amount: str = "5.00 USD") -> Move:
    return Memory(numbers=iter(range(os.getpid(), 10**9))).prepare(order(refunds=(shop_refund(1),)), amount=amount)


async def stored(ledger: SqliteLedger, move: Move | None = None) -> Move:
    return await ledger.decide(keep(move or prepared()), by="assistant")


async def walk(ledger: SqliteLedger, move: Move) -> Move:
    """Confirm, claim and settle."""
    move = await ledger.decide(lambda book: machine.confirm(book, move, by="form", now=NOON), by="form")
    move = await ledger.decide(lambda book: machine.claim(move, move.snapshot, owner="me", now=NOON), by="desk")
    answer = Answer("done", "201", shop_id="ref_1", processor_id="re_example", remaining=move.remaining)
    return await ledger.decide(lambda _: machine.settle(move, answer, owner="me", now=after(1)), by="desk")


async def test_a_move_is_read_back_as_it_was_stored(ledger: SqliteLedger) -> None:
    move = await walk(ledger, await stored(ledger))
    assert await ledger.get(move.id) == move
    assert load(dump(move)) == move
    assert await ledger.get("R-NOBODY00") is None


async def test_every_step_leaves_an_event_and_the_chain_holds(ledger: SqliteLedger) -> None:
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


async def test_an_empty_record_has_a_head_and_nothing_wrong(ledger: SqliteLedger) -> None:
    assert await ledger.head() == "0" * 64
    assert await ledger.verify() == ()


async def test_a_decision_that_changes_nothing_writes_nothing(ledger: SqliteLedger) -> None:
    move = await stored(ledger)
    head = await ledger.head()
    assert await stored(ledger, move) == move
    assert await ledger.head() == head


async def test_a_decision_that_raises_leaves_nothing_behind(ledger: SqliteLedger) -> None:
    def refuse(_: Book) -> Move:
        raise RefundError("open", "no", "wait")

    with pytest.raises(RefundError):
        await ledger.decide(refuse, by="assistant")
    assert await ledger.find() == ()


async def test_what_was_refused_before_there_was_a_move_is_kept(ledger: SqliteLedger) -> None:
    head = await ledger.head()
    await ledger.refused(
        store="clawver", subject="ord_1", code="refund.too_much", detail="30.00 USD is too much", by="assistant"
    )
    assert await ledger.head() != head
    assert await ledger.verify() == ()


async def test_moves_are_found_by_store_subject_and_state_newest_first(ledger: SqliteLedger) -> None:
    old = await stored(ledger, replace(prepared(), id="R-AAAAAAAA"))
    new = await stored(ledger, replace(prepared(), id="R-BBBBBBBB", prepared_at=after(1)))
    other = await stored(ledger, replace(prepared(), id="R-CCCCCCCC", store="woo", subject="7"))
    assert await ledger.find(store="clawver") == (new, old)
    assert await ledger.find(subject="7") == (other,)
    assert await ledger.find(states=machine.OPEN) == ()
    assert len(await ledger.find(states=frozenset({State.PREPARED}))) == 3
    assert await ledger.find(store="clawver", subject="7") == ()


async def test_the_file_itself_allows_one_open_move_on_an_order(ledger: SqliteLedger) -> None:
    """Rule 4, where a decision forgot it."""
    first, second = replace(prepared(), id="R-AAAAAAAA"), replace(prepared(), id="R-BBBBBBBB")
    await stored(ledger, replace(first, state=State.UNKNOWN))
    with pytest.raises(RefundError, match="under way"):
        await stored(ledger, replace(second, state=State.CONFIRMED))
    assert await ledger.get(second.id) is None


async def test_a_writer_that_saw_an_older_version_is_told_so(ledger: SqliteLedger) -> None:
    """Rule 7: compare and set."""
    move = await stored(ledger)
    await ledger.decide(lambda book: machine.confirm(book, move, by="form", now=NOON), by="form")
    with pytest.raises(ConflictError):
        await ledger.decide(keep(machine.decline(move, by="slow", now=NOON)), by="slow")


async def test_only_one_of_a_hundred_callers_gets_the_claim(ledger: SqliteLedger) -> None:
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


async def test_the_file_and_its_directory_are_private(tmp_path: Path) -> None:
    """Hostile 80: whatever the umask says."""
    before = os.umask(0)
    try:
        await stored(SqliteLedger(tmp_path / "home" / "state", lambda: NOON))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "home" / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "home" / "state" / FILE_NAME).stat().st_mode) == 0o600


async def test_the_record_is_written_through_and_without_a_write_ahead_log(
    ledger: SqliteLedger, tmp_path: Path
) -> None:
    await stored(ledger)
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == [FILE_NAME, f"{FILE_NAME}-journal"]
    assert (tmp_path / "state" / f"{FILE_NAME}-journal").stat().st_size == 0


def edit(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE moves SET move = replace(move, '500', '100')"], "is not as its last event left it"),
        (["DELETE FROM moves"], "is missing"),
        (["DROP TRIGGER events_are_kept", "DELETE FROM events WHERE number = 2"], "event 2 is missing"),
        (["DROP TRIGGER events_stand", "UPDATE events SET by = 'nobody' WHERE number = 1"], "does not follow"),
    ],
)
async def test_damage_and_careless_edits_are_found(
    ledger: SqliteLedger, tmp_path: Path, statements: list[str], found: str
) -> None:
    """Hostile 71."""
    await walk(ledger, await stored(ledger))
    edit(tmp_path / "state" / FILE_NAME, *statements)
    assert any(found in line for line in await ledger.verify())


@pytest.mark.parametrize("statement", ["DELETE FROM events", "UPDATE events SET by = 'nobody'"])
async def test_events_are_neither_changed_nor_deleted(ledger: SqliteLedger, tmp_path: Path, statement: str) -> None:
    await stored(ledger)
    with pytest.raises(sqlite3.IntegrityError):
        edit(tmp_path / "state" / FILE_NAME, statement)


async def test_a_record_of_a_newer_program_is_refused(ledger: SqliteLedger, tmp_path: Path) -> None:
    """Hostile 72."""
    move = await stored(ledger)
    edit(tmp_path / "state" / FILE_NAME, f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(SetupError, match="version"):
        await ledger.get(move.id)


@pytest.mark.parametrize("row", ["not json", "{}", '{"snapshot": 3}', '{"snapshot": {"known": [], "total": "x"}}'])
async def test_a_damaged_line_is_named_and_not_guessed(ledger: SqliteLedger, tmp_path: Path, row: str) -> None:
    """Hostile 71."""
    move = await stored(ledger)
    edit(tmp_path / "state" / FILE_NAME, f"UPDATE moves SET move = '{row}'")
    with pytest.raises(SetupError, match="damaged"):
        await ledger.get(move.id)


async def test_a_file_that_is_no_database_is_a_clear_refusal(ledger: SqliteLedger, tmp_path: Path) -> None:
    """Hostile 71: truncated or overwritten."""
    await stored(ledger)
    (tmp_path / "state" / FILE_NAME).write_bytes(b"not a database, but as long as one" * 400)
    with pytest.raises(SetupError, match="cannot be used"):
        await stored(ledger)


async def test_a_directory_that_cannot_be_made_is_a_clear_refusal(tmp_path: Path) -> None:
    """Hostile 69."""
    (tmp_path / "state").write_text("a file where a directory should be")
    with pytest.raises(SetupError, match="cannot be used"):
        await stored(SqliteLedger(tmp_path / "state", lambda: NOON))


async def test_a_record_that_another_program_holds_is_said_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 70."""
    ledger = SqliteLedger(tmp_path / "state", lambda: NOON, busy_timeout_s=0.05)
    await stored(ledger, replace(prepared(), id="R-AAAAAAAA"))
    holder = sqlite3.connect(tmp_path / "state" / FILE_NAME, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(ConflictError, match="holds the refund record"):
            await stored(ledger, replace(prepared(), id="R-BBBBBBBB"))
    finally:
        holder.close()
    assert await ledger.get("R-BBBBBBBB") is None


async def test_times_keep_their_zone(ledger: SqliteLedger) -> None:
    move = await stored(ledger)
    kept = await ledger.get(move.id)
    assert kept is not None
    assert kept.prepared_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert kept.snapshot.total == rules.snapshot(order()).total
