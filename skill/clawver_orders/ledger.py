"""The durable record of every money move, in SQLite: written to disk before anything is sent.

One connection a transaction, opened and closed in a worker thread: nothing is shared between processes,
threads or forks. ``journal_mode=TRUNCATE`` and not WAL, because SQLite before 3.51.3 can corrupt a WAL database
that two processes write at once, and several assistants on one record are just that.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import anyio.to_thread

from clawver_orders.errors import ConflictError, DeskError, RefundError, SetupError
from clawver_orders.money import Money
from clawver_orders.refunds.machine import OPEN, Known, Move, Snapshot, State

VERSION: Final = 1
FILE_NAME: Final = "ledger.sqlite3"
_NOBODY: Final = "0" * 64

_OPEN_STATES = ", ".join(f"'{state}'" for state in sorted(OPEN))
_SCHEMA: Final = f"""
CREATE TABLE moves (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    store TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    prepared_at TEXT NOT NULL,
    amount INTEGER,
    currency TEXT,
    settled_at REAL,
    move TEXT NOT NULL
);
CREATE INDEX moves_of_subject ON moves (store, subject, prepared_at);
CREATE UNIQUE INDEX one_open_move_a_subject ON moves (store, subject) WHERE state IN ({_OPEN_STATES});
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    move_id TEXT,
    store TEXT NOT NULL,
    subject TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT,
    note TEXT NOT NULL,
    move_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TABLE switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are kept'); END;
CREATE TRIGGER events_stand BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events stand'); END;
"""
# A refund counts while it is under way or may have happened, and for as long as the caller looks back after that.
_SPENT: Final = """
SELECT coalesce(sum(amount), 0) FROM moves
WHERE kind = 'refund' AND currency = ?
AND (instr(?, '|' || state || '|') OR (state = 'succeeded' AND settled_at >= ?))
"""
_UPDATE: Final = "UPDATE moves SET state = ?, version = ?, settled_at = ?, move = ? WHERE id = ? AND version = ?"
_FIND: Final = """
SELECT move FROM moves
WHERE (? = '' OR store = ?) AND (? = '' OR subject = ?) AND instr(?, '|' || state || '|')
ORDER BY prepared_at DESC, id LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only record: who moved what, when, from which state to which."""

    number: int
    at: datetime
    by: str
    move_id: str | None
    store: str
    subject: str
    from_state: str | None
    to_state: str | None
    note: str
    hash: str


class SqliteBook:
    """What a decision may look at: the tables, inside the transaction that stores what it decides."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, move_id: str) -> Move | None:
        """The move with this id."""
        row = self._connection.execute("SELECT move FROM moves WHERE id = ?", (move_id,)).fetchone()
        return None if row is None else load(row[0])

    def of(self, store: str, subject: str) -> tuple[Move, ...]:
        """All moves on one order or URL, oldest first."""
        rows = self._connection.execute(
            "SELECT move FROM moves WHERE store = ? AND subject = ? ORDER BY prepared_at, id", (store, subject)
        )
        return tuple(load(row[0]) for row in rows)

    def spent(self, currency: str, since: datetime) -> Money:
        """See machine.Book."""
        row = self._connection.execute(_SPENT, (currency, _among(OPEN), since.timestamp())).fetchone()
        return Money(row[0], currency)

    def frozen(self) -> str:
        """See machine.Book."""
        return _switch(self._connection, "frozen")


def _switch(connection: sqlite3.Connection, name: str) -> str:
    row = connection.execute("SELECT value FROM switches WHERE name = ?", (name,)).fetchone()
    return "" if row is None else str(row[0])


class SqliteLedger:
    """The record in one file of the state directory, safe for several processes at once.

    Args:
        directory: Made with mode 0700 when it is not there, and so is what leads to it; its file has mode 0600.
        now: The wall clock, for the record's times.
        busy_timeout_s: How long to wait while another process writes.
    """

    def __init__(self, directory: Path, now: Callable[[], datetime], *, busy_timeout_s: float = 10.0) -> None:
        self._directory = directory
        self._path = directory / FILE_NAME
        self._now = now
        self._busy_timeout_s = busy_timeout_s

    async def decide(self, decision: Callable[[SqliteBook], Move], *, by: str) -> Move:
        """See machine.Ledger."""
        return await anyio.to_thread.run_sync(self._decide, decision, by)

    async def get(self, move_id: str) -> Move | None:
        """See machine.Ledger."""
        return await anyio.to_thread.run_sync(self._get, move_id)

    async def find(
        self, *, store: str = "", subject: str = "", states: frozenset[State] = frozenset()
    ) -> tuple[Move, ...]:
        """See machine.Ledger."""
        return await anyio.to_thread.run_sync(self._find, store, subject, states)

    async def switch(self, name: str) -> str:
        """What a switch of the desk stands at, such as ``frozen``; empty where it is off."""
        return await anyio.to_thread.run_sync(self._read_switch, name)

    async def turn(self, name: str, change: Callable[[str], str], *, note: str, by: str) -> str:
        """Turn a switch of the desk, in one transaction: from what it stands at to what the change makes of it.

        Who did it is kept as an event with the note; the value is not. A change that raises changes nothing.
        """
        return await anyio.to_thread.run_sync(self._turn, name, change, note, by)

    async def refused(self, *, store: str, subject: str, code: str, detail: str, by: str) -> None:
        """See machine.Ledger."""
        await anyio.to_thread.run_sync(self._refused, store, subject, code, detail, by)

    async def events(self, move_id: str) -> tuple[Event, ...]:
        """What happened to one move, oldest first."""
        return await anyio.to_thread.run_sync(self._events, move_id)

    async def verify(self) -> tuple[str, ...]:
        """What is wrong with the record, a sentence each: damage and careless edits, not a forger's work."""
        return await anyio.to_thread.run_sync(self._verify)

    async def head(self) -> str:
        """The hash of the newest event, to be noted elsewhere."""
        return await anyio.to_thread.run_sync(self._head)

    def _decide(self, decision: Callable[[SqliteBook], Move], by: str) -> Move:
        with self._transaction() as connection:
            book = SqliteBook(connection)
            move = decision(book)
            before = book.get(move.id)
            if before == move:
                return move
            self._store(connection, before, move, by)
        return move

    def _store(self, connection: sqlite3.Connection, before: Move | None, move: Move, by: str) -> None:
        row = dump(move)
        settled_at = None if move.settled_at is None else move.settled_at.timestamp()
        try:
            if before is None:
                connection.execute(
                    "INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        move.id,
                        move.kind,
                        move.store,
                        move.subject,
                        move.state,
                        move.version,
                        move.prepared_at.isoformat(),
                        None if move.amount is None else move.amount.minor,
                        None if move.amount is None else move.amount.currency,
                        settled_at,
                        row,
                    ),
                )
            else:
                changed = connection.execute(
                    _UPDATE,
                    (move.state, move.version, settled_at, row, move.id, move.version - 1),
                )
                if changed.rowcount != 1:
                    raise ConflictError(
                        "Another desk moved this at the same moment", "Call check_refund to see where it is"
                    )
        except sqlite3.IntegrityError as error:
            raise RefundError(
                "open",
                "Another refund on the same order is under way, and only one may be",
                "Call check_refund with the order; until it is settled nothing else is sent",
            ) from error
        self._append(
            connection,
            by=by,
            move_id=move.id,
            store=move.store,
            subject=move.subject,
            from_state=None if before is None else before.state,
            to_state=move.state,
            note=move.evidence,
            move_hash=_hash(row),
        )

    def _append(self, connection: sqlite3.Connection, **event: str | None) -> None:
        last = connection.execute("SELECT number, hash FROM events ORDER BY number DESC LIMIT 1").fetchone()
        number, previous = (last[0] + 1, last[1]) if last else (1, _NOBODY)
        fields = {"number": number, "at": self._now().isoformat(), **event}
        connection.execute(
            "INSERT INTO events VALUES (:number, :at, :by, :move_id, :store, :subject, :from_state, :to_state, "
            ":note, :move_hash, :hash)",
            {**fields, "hash": _chained(previous, fields)},
        )

    def _refused(self, store: str, subject: str, code: str, detail: str, by: str) -> None:
        with self._transaction() as connection:
            self._append(
                connection,
                by=by,
                move_id=None,
                store=store,
                subject=subject,
                from_state=None,
                to_state=None,
                note=f"refused {code}: {detail}",
                move_hash=_NOBODY,
            )

    def _read_switch(self, name: str) -> str:
        with self._transaction() as connection:
            return _switch(connection, name)

    def _turn(self, name: str, change: Callable[[str], str], note: str, by: str) -> str:
        with self._transaction() as connection:
            value = change(_switch(connection, name))
            connection.execute("INSERT OR REPLACE INTO switches VALUES (?, ?)", (name, value))
            self._append(
                connection,
                by=by,
                move_id=None,
                store="",
                subject=name,
                from_state=None,
                to_state=None,
                note=note,
                move_hash=_NOBODY,
            )
        return value

    def _get(self, move_id: str) -> Move | None:
        with self._transaction() as connection:
            return SqliteBook(connection).get(move_id)

    def _find(self, store: str, subject: str, states: frozenset[State]) -> tuple[Move, ...]:
        with self._transaction() as connection:
            rows = connection.execute(_FIND, (store, store, subject, subject, _among(states or State)))
            found = [row[0] for row in rows]
        return tuple(map(load, found))

    def _events(self, move_id: str) -> tuple[Event, ...]:
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM events WHERE move_id = ? ORDER BY number", (move_id,)
            ).fetchall()
        return tuple(
            Event(
                number=row["number"],
                at=datetime.fromisoformat(row["at"]),
                by=row["by"],
                move_id=row["move_id"],
                store=row["store"],
                subject=row["subject"],
                from_state=row["from_state"],
                to_state=row["to_state"],
                note=row["note"],
                hash=row["hash"],
            )
            for row in rows
        )

    def _verify(self) -> tuple[str, ...]:
        wrong: list[str] = []
        newest: dict[str, str] = {}
        with self._transaction() as connection:
            wrong += [f"SQLite: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            previous, number = _NOBODY, 0
            for row in connection.execute("SELECT * FROM events ORDER BY number"):
                fields = {key: row[key] for key in row.keys() if key != "hash"}  # noqa: SIM118 - a Row has no items
                if row["number"] != number + 1:
                    wrong.append(f"event {number + 1} is missing")
                if row["hash"] != _chained(previous, fields):
                    wrong.append(f"event {row['number']} does not follow from the one before")
                previous, number = row["hash"], row["number"]
                if row["move_id"]:
                    newest[row["move_id"]] = row["move_hash"]
            for row in connection.execute("SELECT id, move FROM moves ORDER BY id"):
                if newest.pop(row["id"], None) != _hash(row["move"]):
                    wrong.append(f"{row['id']} is not as its last event left it")
            wrong += [f"{move_id} is missing" for move_id in sorted(newest)]
        return tuple(wrong)

    def _head(self) -> str:
        with self._transaction() as connection:
            row = connection.execute("SELECT hash FROM events ORDER BY number DESC LIMIT 1").fetchone()
        return _NOBODY if row is None else str(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that holds the write lock; committed, and on disk, when the block ends well."""
        try:
            self._make_file()
            connection = sqlite3.connect(self._path, timeout=self._busy_timeout_s, isolation_level=None)
            try:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("PRAGMA journal_mode = TRUNCATE")
                connection.execute("BEGIN IMMEDIATE")
                self._make_tables(connection)
                yield connection
                connection.execute("COMMIT")
            finally:
                # Closing without a commit rolls back.
                connection.close()
        except DeskError:
            raise
        except (sqlite3.Error, OSError) as error:
            # The first byte is the kind of error, the rest its details.
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise ConflictError(
                    "Another program holds the refund record", "Close it, then try again"
                ) from error
            raise SetupError(
                f"The refund record in the state directory cannot be used ({type(error).__name__})",
                "Nothing is sent without it. Check disk space and permissions, then run: clawver-orders doctor",
            ) from error

    def _make_file(self) -> None:
        if not self._path.exists():
            for directory in reversed((self._directory, *self._directory.parents)):
                directory.mkdir(mode=0o700, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise SetupError(
                f"The refund record is of version {version}, and this program knows version {VERSION}",
                "Update clawver-orders",
            )
        if version == 0:
            for statement in _statements(_SCHEMA):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: executescript would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _among(states: Iterable[State]) -> str:
    """States as one text that instr() looks into, so that the statement is the same for any number of them."""
    return f"|{'|'.join(states)}|"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _chained(previous: str, fields: dict[str, Any]) -> str:
    return _hash(previous + json.dumps(fields, sort_keys=True, separators=(",", ":")))


def dump(move: Move) -> str:
    """A move as the JSON text that is kept."""
    return json.dumps(asdict(move), default=datetime.isoformat, sort_keys=True, separators=(",", ":"))


def load(row: str) -> Move:
    """The move of a kept JSON text.

    Raises:
        SetupError: The text is damaged.
    """
    try:
        data: dict[str, Any] = json.loads(row)
        seen = data["snapshot"]
        times = {key: _time(value) for key, value in data.items() if key.endswith("_at")}
        return Move(
            **{
                **data,
                **times,
                "state": State(data["state"]),
                "amount": _money(data["amount"]),
                "remaining": _money(data["remaining"]),
                "snapshot": Snapshot(
                    **{
                        **seen,
                        "total": _money(seen["total"]),
                        "refunded": _money(seen["refunded"]),
                        "known": tuple(Known(**known) for known in seen["known"]),
                    }
                ),
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(
            "A line of the refund record is damaged",
            "Nothing is sent on this order. Restore the record from a copy; clawver-orders refunds verify names it",
        ) from error


def _money(value: dict[str, Any] | None) -> Money | None:
    return None if value is None else Money(value["minor"], value["currency"])


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
