"""Which version a record is of, what makes it today's, and what it holds: asked before and after work on it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from clawver_orders.errors import ConflictError, SetupError
from clawver_orders.events import Delivered
from clawver_orders.ledger import FILE_NAME, VERSION, SqliteLedger, SqlLedger
from clawver_orders.ledger.sqlite import MOVED, File
from clawver_orders.refunds import machine
from clawver_orders.refunds.machine import State
from tests.ledger.test_record import prepared, stored
from tests.ledgers import Place
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio

OLD = Path("tests/fixtures/ledger/version-1.sql").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


@pytest.fixture
def ledger(place: Place) -> SqlLedger:
    return place.ledger(lambda: NOON)


async def test_a_record_that_is_not_there_is_of_version_0_and_is_not_made_by_the_question(
    ledger: SqlLedger, place: Place
) -> None:
    assert await ledger.version() == 0
    assert await ledger.version() == 0
    assert not place.directory.exists()


async def test_an_upgrade_makes_a_record_where_there_is_none_and_changes_none_that_is_todays(
    ledger: SqlLedger,
) -> None:
    await ledger.upgrade()
    assert await ledger.version() == VERSION == ledger.newest
    move = await stored(ledger)
    head = await ledger.head()
    await ledger.upgrade()
    assert (await ledger.get(move.id), await ledger.head()) == (move, head)


async def test_what_a_record_holds_is_counted(ledger: SqlLedger) -> None:
    move = await stored(ledger)
    assert await ledger.count() == {"moves": 1, "open_moves": 0, "events": 1, "received": 0}
    await ledger.decide(lambda book: machine.confirm(book, move, by="form", now=NOON), by="form")
    await ledger.remember("clawver", Delivered("key", "order.paid"))
    assert await ledger.count() == {"moves": 1, "open_moves": 1, "events": 2, "received": 1}


async def test_every_open_move_is_counted_and_no_other(ledger: SqlLedger) -> None:
    for number, state in enumerate(State):
        await stored(ledger, replace(prepared(), id=f"R-{number:08}", subject=f"ord_{number}", state=state))
    counts = await ledger.count()
    assert (counts["moves"], counts["open_moves"]) == (len(State), len(machine.OPEN))


async def test_each_table_of_a_file_has_its_key(tmp_path: Path) -> None:
    await SqliteLedger(tmp_path, lambda: NOON).upgrade()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as raw:
        keys = raw.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE c.pk"
        )
        assert dict(keys) == {
            "moves": "id",
            "events": "number",
            "switches": "name",
            "received": "number",
            "tokens": "digest",
        }


def old_file(directory: Path) -> Path:
    directory.mkdir()
    with closing(sqlite3.connect(directory / FILE_NAME)) as raw:
        raw.executescript(OLD)
    return directory / FILE_NAME


async def test_asking_an_old_file_for_its_version_leaves_it_old(tmp_path: Path) -> None:
    old_file(tmp_path / "state")
    ledger = SqliteLedger(tmp_path / "state", lambda: NOON)
    assert [await ledger.version(), await ledger.version()] == [1, 1]
    await ledger.upgrade()
    assert await ledger.version() == VERSION
    assert await ledger.verify() == ()


async def test_a_file_that_is_none_of_ours_has_no_version(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database, but as long as one" * 400)
    with pytest.raises(SetupError, match="cannot be used"):
        await SqliteLedger(tmp_path, lambda: NOON).version()


async def test_a_record_that_was_moved_is_refused_with_how_to_go_on(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path, lambda: NOON)
    await stored(ledger)
    await ledger.turn(MOVED, lambda _: NOON.isoformat(), note="moved to a database", by="terminal")
    with pytest.raises(SetupError) as caught:
        await stored(ledger)
    assert str(caught.value) == (
        "setup: The refund record was moved from the state directory to a database on 2026-11-20. Name that in "
        "database_url of the settings. Where it is named and empty, the move was cut short: run clawver-orders db "
        "move again."
    )
    assert caught.value.field == "database_url"
    assert await ledger.version() == VERSION


async def test_a_file_has_begun_once_anything_stands_in_it_moved_or_not(tmp_path: Path) -> None:
    assert not File(tmp_path).began()
    assert not (tmp_path / FILE_NAME).exists()
    ledger = SqliteLedger(tmp_path, lambda: NOON)
    await ledger.upgrade()
    assert not File(tmp_path).began()
    await stored(ledger)
    assert File(tmp_path).began()
    await ledger.turn(MOVED, lambda _: NOON.isoformat(), note="moved to a database", by="terminal")
    assert File(tmp_path).began()


async def test_a_held_file_is_waited_for_and_then_said(tmp_path: Path) -> None:
    await stored(SqliteLedger(tmp_path, lambda: NOON))
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConflictError, match="holds the refund record"):
            File(tmp_path, busy_timeout_s=0.0).began()
