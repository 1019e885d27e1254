"""The record in a file: private, written through, and clear about what is in its way."""

import errno
import functools
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawver_orders.errors import ConflictError, SetupError
from clawver_orders.ledger import FILE_NAME, VERSION, SqliteLedger
from tests.ledger.test_record import prepared, stored
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return SqliteLedger(tmp_path / "state", lambda: NOON)


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


async def test_a_record_of_a_newer_program_is_refused(ledger: SqliteLedger, tmp_path: Path) -> None:
    """Hostile 72."""
    move = await stored(ledger)
    with closing(sqlite3.connect(tmp_path / "state" / FILE_NAME)) as file:
        file.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(SetupError, match="version"):
        await ledger.get(move.id)


async def test_a_full_disk_is_called_that_and_what_stands_can_be_read(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 69: SQLite's own "database or disk is full", and the system's, where no file can be made."""

    class Full(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if sql.startswith("BEGIN"):
                super().execute("PRAGMA max_page_count = 1")
            return super().execute(sql, parameters)

    first = await stored(ledger, replace(prepared(), id="R-AAAAAAAA"))
    full = "setup: The refund record in the state directory cannot be written: the disk is full. Nothing is sent "
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Full))
        with pytest.raises(SetupError) as caught:
            await ledger.refused(store="x", subject="y", code="z", detail="-" * 100_000, by="somebody")
        assert str(caught.value).startswith(full)
        assert await ledger.find() == (first,)
    for number in (errno.ENOSPC, errno.EDQUOT):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "mkdir", refuse_with(number))
            with pytest.raises(SetupError) as caught:
                await stored(SqliteLedger(Path("/nowhere/at/all"), lambda: NOON))
            assert str(caught.value).startswith(full)


def refuse_with(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "as the system says it")

    return refuse


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


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
async def test_a_network_file_system_is_refused_and_nothing_is_made_there(tmp_path: Path, kind: str) -> None:
    """Hostile 73."""
    (tmp_path / "mounts").write_text(f"22 1 0:1 / / rw - {kind} none rw\n")
    ledger = SqliteLedger(tmp_path / "state", lambda: NOON, mounts=tmp_path / "mounts")
    for _ in range(2):
        with pytest.raises(SetupError, match="network file system"):
            await stored(ledger)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(("kind", "warnings"), [("tmpfs", 1), ("overlay", 1), ("ext4", 0)])
async def test_a_file_system_that_a_restart_loses_is_warned_about_once(
    tmp_path: Path, kind: str, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Hostile 73."""
    (tmp_path / "mounts").write_text(f"22 1 0:1 / / rw - {kind} none rw\n")
    ledger = SqliteLedger(tmp_path / "state", lambda: NOON, mounts=tmp_path / "mounts")
    for _ in range(2):
        assert await ledger.find() == ()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warnings
