"""What SQLite is told before anything is written, and what is said when the file cannot be used."""

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from clawver_orders.errors import DeskError
from clawver_orders.ledger import VERSION, SqliteLedger
from clawver_orders.ledger.records import sha256
from tests.ledger.test_record import stored
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite3"


@pytest.fixture
def ledger(file: Path) -> SqliteLedger:
    return SqliteLedger(file.parent, lambda: NOON)


def opened(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[float]]:
    """The statements and the waiting times of all connections from here on."""
    statements: list[str] = []
    waits: list[float] = []

    class Told(sqlite3.Connection):
        def __init__(self, database: Path, *, timeout: float, isolation_level: None) -> None:
            super().__init__(database, timeout=timeout, isolation_level=isolation_level)
            waits.append(timeout)
            self.set_trace_callback(statements.append)

    monkeypatch.setattr(sqlite3, "connect", Told)
    return statements, waits


async def test_a_transaction_is_written_through_and_takes_the_write_lock_first(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stored(ledger)
    statements, waits = opened(monkeypatch)
    await ledger.find()
    assert statements[:4] == [
        "PRAGMA synchronous = EXTRA",
        "PRAGMA journal_mode = TRUNCATE",
        "BEGIN IMMEDIATE",
        "PRAGMA user_version",
    ]
    assert statements[-1] == "COMMIT"
    assert waits == [10.0]


async def test_a_desk_waits_as_long_as_it_was_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, waits = opened(monkeypatch)
    await SqliteLedger(file.parent, lambda: NOON, busy_timeout_s=0.25).find()
    assert waits == [0.25]


async def test_the_tables_are_made_once_and_carry_the_programs_version(ledger: SqliteLedger, file: Path) -> None:
    await stored(ledger)
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (VERSION,) == (2,)
        made = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")}
    assert made == {
        *("moves", "moves_of_subject", "one_open_move_a_subject"),
        *("events", "events_are_kept", "events_stand", "switches", "received"),
        *("tokens", "one_token_a_name"),
    }


async def test_a_refusal_and_a_switch_are_kept_with_who_and_why(ledger: SqliteLedger, file: Path) -> None:
    await ledger.refused(store="clawver", subject="ord_1", code="refund.cap", detail="too much", by="assistant")
    await ledger.turn("frozen", lambda _: "lee", note="the desk was frozen", by="terminal")
    with closing(sqlite3.connect(file)) as raw:
        columns = "number, by, store, subject, move_id, from_state, to_state, note, move_hash"
        events = raw.execute(f"SELECT {columns} FROM events ORDER BY number").fetchall()
    assert events == [
        (1, "assistant", "clawver", "ord_1", None, None, None, "refused refund.cap: too much", "0" * 64),
        (2, "terminal", "", "frozen", None, None, None, "the desk was frozen", sha256("lee")),
    ]


@pytest.mark.parametrize("table", ["moves", "events"])
async def test_no_move_and_no_event_is_there_twice(ledger: SqliteLedger, file: Path, table: str) -> None:
    await stored(ledger)
    with closing(sqlite3.connect(file)) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        raw.execute(f"INSERT INTO {table} SELECT * FROM {table}")


async def told(ledger: SqliteLedger) -> str:
    with pytest.raises(DeskError) as caught:
        await ledger.find()
    return str(caught.value)


async def test_a_record_of_a_newer_program_says_which_versions(ledger: SqliteLedger, file: Path) -> None:
    await stored(ledger)
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA user_version = 7")
    assert await told(ledger) == (
        "setup: The refund record is of version 7, and this program knows version 2. Update clawver-orders."
    )


def overwrite(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database, but as long as one" * 400)


def block(file: Path) -> None:
    file.mkdir(parents=True)


def block_directory(file: Path) -> None:
    file.parent.write_text("")


@pytest.mark.parametrize(
    ("harm", "kind"),
    [(overwrite, "DatabaseError"), (block, "OperationalError"), (block_directory, "FileExistsError")],
)
async def test_a_file_that_cannot_be_used_says_that_nothing_is_sent(
    ledger: SqliteLedger, file: Path, harm: Callable[[Path], None], kind: str
) -> None:
    harm(file)
    assert await told(ledger) == (
        f"setup: The refund record in the state directory cannot be used ({kind}). "
        "Nothing is sent without it. Check disk space and permissions, then run: clawver-orders doctor."
    )


async def test_a_record_that_another_program_holds_says_what_to_close(file: Path) -> None:
    ledger = SqliteLedger(file.parent, lambda: NOON, busy_timeout_s=0.0)
    await stored(ledger)
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert await told(ledger) == "conflict: Another program holds the refund record. Close it, then try again."


async def test_a_busy_file_is_recognised_by_the_kind_of_the_error_and_not_by_its_details(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
        raise error

    monkeypatch.setattr(sqlite3, "connect", busy)
    assert (await told(ledger)).startswith("conflict: ")


async def test_a_network_file_system_says_where_the_record_should_be(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text("22 1 0:1 / / rw - nfs4 none rw\n")
    away = SqliteLedger(tmp_path / "state", lambda: NOON, mounts=tmp_path / "mounts")
    assert await told(away) == (
        "setup: The refund record would be on a network file system (nfs4), where locks are not safe. "
        "Nothing is sent without it. Set CLAWVER_ORDERS_HOME to a directory of this machine."
    )


async def test_a_file_system_that_loses_it_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mounts").write_text("22 1 0:1 / / rw - tmpfs none rw\n")
    await SqliteLedger(tmp_path / "state", lambda: NOON, mounts=tmp_path / "mounts").find()
    (name, level, message), *others = caplog.record_tuples
    assert (name, level, others) == ("clawver_orders.ledger", logging.WARNING, [])
    assert message == (
        "The refund record is on tmpfs and may be lost at a restart: set CLAWVER_ORDERS_HOME to a lasting directory"
    )


@pytest.mark.parametrize("lose", [Path.unlink, lambda file: os.truncate(file, 0)], ids=["deleted", "emptied"])
async def test_a_record_that_was_lost_is_said_in_the_log(
    file: Path, caplog: pytest.LogCaptureFixture, lose: Callable[[Path], None]
) -> None:
    """Hostile 71: SQLite leaves an empty journal beside a record; who deletes the one mostly leaves the other."""
    await SqliteLedger(file.parent, lambda: NOON).find()
    await stored(SqliteLedger(file.parent, lambda: NOON))
    assert caplog.record_tuples == []
    lose(file)
    await SqliteLedger(file.parent, lambda: NOON).find()
    await SqliteLedger(file.parent, lambda: NOON).find()
    ((name, level, message),) = caplog.record_tuples
    assert (name, level) == ("clawver_orders.ledger", logging.WARNING)
    assert message == (
        "A new refund record was begun where there was one before: restore that from a copy, or look at the shop's "
        "dashboard before any refund"
    )


async def test_what_sqlite_finds_wrong_with_its_file_is_named(ledger: SqliteLedger, file: Path) -> None:
    """Hostile 71."""
    await stored(ledger)
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("DELETE FROM sqlite_master WHERE name = 'moves_of_subject'")
    found = await ledger.verify()
    assert found
    assert all(line.startswith("SQLite: ") for line in found)
    assert "never used" in found[0]
