"""Looks over a connection that stays open see what is so now, and leave the rest to transactions of their own."""

import gc
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clawver_orders.errors import ConflictError, SetupError
from clawver_orders.ledger import FILE_NAME, SqliteLedger
from clawver_orders.ledger.sqlite import MOVED
from clawver_orders.tokens import Grant, Token

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def record_in(directory: Path) -> SqliteLedger:
    return SqliteLedger(directory, lambda: NOON, busy_timeout_s=0.2)


async def keep(ledger: SqliteLedger, name: str) -> None:
    await ledger.tokens.add(Token(name * 8, Grant(name), NOON), by="a test")


async def names(ledger: SqliteLedger) -> list[str]:
    return [token.grant.name for token in await ledger.tokens.all() if token.works(NOON)]


def open_files(path: Path) -> int:
    """How often this process has it open."""
    found = 0
    for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        with suppress(OSError):
            found += os.path.samestat(os.fstat(number), path.stat())
    return found


async def test_what_another_process_commits_is_seen_by_the_very_next_look(tmp_path: Path) -> None:
    looker, other = record_in(tmp_path), record_in(tmp_path)
    for number in range(50):
        await keep(other, f"t{number}")
        assert await names(looker) == [f"t{number}"]
        assert await other.tokens.revoke(f"t{number}", NOON, by="a test")
        assert await names(looker) == []


async def test_looks_share_one_connection_and_hold_nobody_up(tmp_path: Path) -> None:
    ledger = record_in(tmp_path)
    await keep(ledger, "bot")
    for _ in range(20):
        await ledger.tokens.all()
    path = tmp_path / FILE_NAME
    assert open_files(path) == 1
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("ROLLBACK")
    del ledger
    gc.collect()
    assert open_files(path) == 0


async def test_who_only_looks_is_not_held_up_by_who_is_about_to_write(tmp_path: Path) -> None:
    ledger = record_in(tmp_path)
    await keep(ledger, "bot")
    await ledger.tokens.all()
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE tokens SET revoked_at = '2026-11-20T12:00:00+00:00'")
        assert await names(ledger) == ["bot"]
        other.execute("COMMIT")
    assert await names(ledger) == []


async def test_a_record_that_another_program_holds_is_waited_for_and_said(tmp_path: Path) -> None:
    ledger = record_in(tmp_path)
    await keep(ledger, "bot")
    await ledger.tokens.all()
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConflictError):
            await ledger.tokens.all()
        other.execute("ROLLBACK")
    assert await names(ledger) == ["bot"]


async def test_a_record_that_takes_the_place_of_another_is_the_one_that_is_looked_at(tmp_path: Path) -> None:
    here, elsewhere = record_in(tmp_path / "here"), record_in(tmp_path / "elsewhere")
    await keep(here, "old")
    await keep(elsewhere, "new")
    assert await names(here) == ["old"]
    (tmp_path / "elsewhere" / FILE_NAME).replace(tmp_path / "here" / FILE_NAME)
    assert await names(here) == ["new"]


async def test_a_record_that_is_gone_lets_nobody_in(tmp_path: Path) -> None:
    ledger = record_in(tmp_path)
    await keep(ledger, "bot")
    assert await names(ledger) == ["bot"]
    (tmp_path / FILE_NAME).unlink()
    assert await names(ledger) == []


def overwritten(path: Path) -> None:
    path.write_bytes(b"no database")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 1000")


def moved(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("INSERT INTO switches VALUES (?, '2026-11-20')", (MOVED,))


@pytest.mark.parametrize("harm", [overwritten, newer, moved])
async def test_a_record_that_is_not_as_it_should_be_is_refused_and_said(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    ledger = record_in(tmp_path)
    await keep(ledger, "bot")
    await ledger.tokens.all()
    harm(tmp_path / FILE_NAME)
    for _ in range(2):
        with pytest.raises(SetupError):
            await ledger.tokens.all()


async def test_a_record_that_was_carried_to_a_network_file_system_is_not_looked_at_there(tmp_path: Path) -> None:
    """Hostile 73."""
    await keep(record_in(tmp_path), "bot")
    (tmp_path / "mounts").write_text("22 1 0:1 / / rw - nfs4 none rw\n")
    away = SqliteLedger(tmp_path, lambda: NOON, mounts=tmp_path / "mounts")
    for _ in range(2):
        with pytest.raises(SetupError, match="network file system"):
            await away.tokens.all()


async def test_a_file_that_somebody_put_into_another_mode_is_taken_back(tmp_path: Path) -> None:
    """A connection that stays open would keep it in that mode, and every transaction out."""
    ledger = record_in(tmp_path)
    await keep(ledger, "bot")
    await ledger.tokens.all()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as other:
        assert other.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    assert await names(ledger) == ["bot"]
    await keep(ledger, "other")
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() != ("wal",)


async def test_a_row_that_cannot_be_read_holds_nobody_up(tmp_path: Path) -> None:
    """Hostile 71: the look is over with it, and another process can write."""
    ledger = record_in(tmp_path)
    await keep(ledger, "bot")
    assert await names(ledger) == ["bot"]
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file, file:
        file.execute("UPDATE tokens SET made_at = 'no time'")
    with pytest.raises(ValueError, match="no time"):
        await ledger.tokens.all()
    await record_in(tmp_path).turn("frozen", lambda _: "lee", note="frozen", by="lee")
