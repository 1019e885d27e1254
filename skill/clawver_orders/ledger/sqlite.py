"""The record in one SQLite file: written to disk before anything is sent.

One connection a transaction, opened and closed in a worker thread: nothing is shared between processes,
threads or forks, but for what only looks, and all the time (``looking``). ``journal_mode=TRUNCATE`` and not WAL,
because SQLite before 3.51.3 can corrupt a WAL database that two processes write at once, and several assistants on
one record are just that.
"""

import errno
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import anyio.to_thread

from clawver_orders.errors import ConflictError, DeskError, SetupError
from clawver_orders.filesystem import LOSABLE, REMOTE, kind_of
from clawver_orders.ledger.looking import Looking
from clawver_orders.ledger.records import Row
from clawver_orders.ledger.tables import VERSION, Rows, SqlLedger, T, TakenError, last_event, steps, switch

FILE_NAME: Final = "ledger.sqlite3"
MOVED: Final = "moved"  # the switch of a record that is in a database now: since when
_log = logging.getLogger("clawver_orders.ledger")
_TRIGGERS: Final = (
    "CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are kept'); END",
    "CREATE TRIGGER events_stand BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events stand'); END",
)


class SqliteLedger(SqlLedger):
    """The record in one file of the state directory, safe for several processes at once.

    Args:
        directory: Made with mode 0700 when it is not there, and so is what leads to it; its file has mode 0600.
        now: The wall clock, for the record's times.
        busy_timeout_s: How long to wait while another process writes.
        mounts: The system's list of mounts, where it is not the usual one.
    """

    def __init__(
        self,
        directory: Path,
        now: Callable[[], datetime],
        *,
        busy_timeout_s: float = 10.0,
        mounts: Path | None = None,
    ) -> None:
        super().__init__(File(directory, busy_timeout_s, mounts), now)


class FileRows:
    """See tables.Rows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def select(self, statement: str, *values: object) -> Iterable[Row]:
        """See tables.Rows."""
        # A Row has keys, but is no mapping; what is not read to its end is closed with the connection.
        return map(dict, self._connection.execute(statement, values))

    def change(self, statement: str, *values: object) -> int:
        """See tables.Rows."""
        try:
            return self._connection.execute(statement, values).rowcount
        except sqlite3.IntegrityError as error:
            raise TakenError from error

    def damage(self) -> list[str]:
        """See tables.Rows."""
        found = self._connection.execute("PRAGMA integrity_check")
        return [f"SQLite: {row[0]}" for row in found if row[0] != "ok"]


class File:
    """See tables.Database. A transaction that only looks holds the file, too: it is short."""

    def __init__(self, directory: Path, busy_timeout_s: float = 10.0, mounts: Path | None = None) -> None:
        self._directory = directory
        self._path = directory / FILE_NAME
        self._busy_timeout_s = busy_timeout_s
        self._mounts = mounts
        self._place_is_known = False
        self._looking = Looking(self._path)

    async def within(self, work: Callable[[Rows], T], *, write: bool) -> T:  # noqa: ARG002 - see above
        """See tables.Database."""
        return await anyio.to_thread.run_sync(self._within, work)

    def _within(self, work: Callable[[Rows], T]) -> T:
        with self.transaction() as rows:
            return work(rows)

    async def look(self, work: Callable[[Rows], T]) -> T:
        """See tables.Database."""
        return await anyio.to_thread.run_sync(self._look, work)

    def _look(self, work: Callable[[Rows], T]) -> T:
        def seen(connection: sqlite3.Connection) -> tuple[T] | None:
            rows = FileRows(connection)
            as_always = _version_of(connection) == VERSION and not switch(rows, MOVED)
            return (work(rows),) if as_always else None

        found = self._looking.at(seen) if self._place_is_known else None
        return self._within(work) if found is None else found[0]

    async def version(self) -> int:
        """See tables.Database."""
        return await anyio.to_thread.run_sync(self._version)

    def _version(self) -> int:
        if not self._path.exists():
            return 0
        with self._told(), closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            return _version_of(file)

    async def upgrade(self) -> None:
        """See tables.Database."""
        # Each transaction does: who shares a file shares the program, too.
        await self.within(lambda _: None, write=True)

    def began(self) -> bool:
        """Whether something stands in it, moved or not. A file that cannot be read is said."""
        if not self._path.exists():
            return False
        with self.transaction(moved=True) as rows:
            return last_event(rows)[0] > 0

    @contextmanager
    def transaction(self, *, moved: bool = False) -> Iterator["FileRows"]:
        """The rows of the file, with its write lock; committed, and on disk, when the block ends well.

        Args:
            moved: Whether it may have been moved to a database.
        """
        with self._told():
            self._refuse_elsewhere()
            self._make_file()
            # SQLite leaves it beside a record, empty.
            was_here = self._path.with_name(f"{FILE_NAME}-journal").exists()
            connection = sqlite3.connect(self._path, timeout=self._busy_timeout_s, isolation_level=None)
            # Closing without a commit rolls back.
            with closing(connection):
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("PRAGMA journal_mode = TRUNCATE")
                connection.execute("BEGIN IMMEDIATE")
                if self._make_tables(connection) and was_here:
                    _log.warning(
                        "A new refund record was begun where there was one before: restore that from a copy, or "
                        "look at the shop's dashboard before any refund"
                    )
                rows = FileRows(connection)
                if not moved and (at := switch(rows, MOVED)):
                    raise SetupError(
                        f"The refund record was moved from the state directory to a database on {at[:10]}",
                        "Name that in database_url of the settings. Where it is named and empty, the move was cut "
                        "short: run clawver-orders db move again",
                        field="database_url",
                    )
                yield rows
                connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in our words why the file cannot be used."""
        try:
            yield
        except DeskError:
            raise
        except (sqlite3.Error, OSError) as error:
            # The first byte is the kind of error, the rest its details.
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise ConflictError(
                    "Another program holds the refund record", "Close it, then try again"
                ) from error
            if _is_full(error):
                raise SetupError(
                    "The refund record in the state directory cannot be written: the disk is full",
                    "Nothing is sent without it. Make room, then try again",
                ) from error
            raise SetupError(
                f"The refund record in the state directory cannot be used ({type(error).__name__})",
                "Nothing is sent without it. Check disk space and permissions, then run: clawver-orders doctor",
            ) from error

    def _refuse_elsewhere(self) -> None:
        """Refuse a network file system, where locks are not safe; once, for a directory does not move."""
        if self._place_is_known:
            return
        kind = kind_of(self._directory, self._mounts)
        if kind in REMOTE:
            raise SetupError(
                f"The refund record would be on a network file system ({kind}), where locks are not safe",
                "Nothing is sent without it. Set CLAWVER_ORDERS_HOME to a directory of this machine",
            )
        if kind in LOSABLE:
            _log.warning(
                "The refund record is on %s and may be lost at a restart: "
                "set CLAWVER_ORDERS_HOME to a lasting directory",
                kind,
            )
        self._place_is_known = True

    def _make_file(self) -> None:
        if not self._path.exists():
            for directory in reversed((self._directory, *self._directory.parents)):
                directory.mkdir(mode=0o700, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))

    def _make_tables(self, connection: sqlite3.Connection) -> bool:
        """Make them, where there are none or those of an older version; whether there were none."""
        version = _version_of(connection)
        if version > VERSION:
            raise SetupError(
                f"The refund record is of version {version}, and this program knows version {VERSION}",
                "Update clawver-orders",
            )
        if version == VERSION:
            return False
        for statement in (*steps(version), *(() if version else _TRIGGERS)):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        return version == 0


def _version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_full(error: sqlite3.Error | OSError) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
