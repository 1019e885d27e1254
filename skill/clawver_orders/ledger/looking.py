"""Looks at the record's file over a connection that stays open: opening it anew costs twenty times the look."""

import sqlite3
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Looking:
    """A connection for looks, of one thread at a time; SQLite itself sees to it that each look is of now.

    It is let go wherever anything is not as it should be. What is wrong is then found, and said, by the
    transaction that is made instead.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alone = threading.Lock()
        self._kept: sqlite3.Connection | None = None
        self._letting_go: weakref.finalize[[], Looking] | None = None
        self._file: tuple[int, int] | None = None

    def at(self, work: Callable[[sqlite3.Connection], T | None]) -> T | None:
        """What was found in one reading transaction; None where a transaction of its own must be made instead.

        Args:
            work: Only looks. It finds None where something is not as it should be.
        """
        with self._alone:
            found = None
            try:
                connection = self._connection()
                connection.execute("BEGIN")
                found = work(connection)
                connection.execute("ROLLBACK")
                # As long as this one is open, nobody could take the file back from that mode.
                if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                    found = None
            except (sqlite3.Error, OSError):
                found = None
            except BaseException:
                # It stands in a transaction, and as long as it does nobody can write.
                self._let_go()
                raise
            if found is None:
                self._let_go()
            return found

    def _connection(self) -> sqlite3.Connection:
        # The one that is open leads to what the file was, if another took its place. No other can have its number
        # as long as this one is open.
        status = self._path.stat()
        file = (status.st_dev, status.st_ino)
        if self._kept is not None and file == self._file:
            return self._kept
        self._let_go()
        # Nothing is waited for: who must wait makes a transaction.
        self._kept = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        self._kept.row_factory = sqlite3.Row
        self._letting_go = weakref.finalize(self, self._kept.close)
        self._file = file
        return self._kept

    def _let_go(self) -> None:
        if self._letting_go is not None:
            self._letting_go()
        self._kept = self._letting_go = self._file = None
