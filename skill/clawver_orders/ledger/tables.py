"""The record's tables, whatever database they are in: what a decision may look at, and what is written after it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, Protocol, TypeVar

from clawver_orders.errors import ConflictError, RefundError
from clawver_orders.events import Delivered, Received
from clawver_orders.ledger import inbox, records
from clawver_orders.ledger.records import NOBODY, Event, Row
from clawver_orders.ledger.tokens import SqlTokens
from clawver_orders.money import Money
from clawver_orders.refunds.machine import OPEN, Book, Move, State

T = TypeVar("T")

VERSION: Final = 2
_OPEN_STATES = ", ".join(f"'{state}'" for state in sorted(OPEN))
# Version 1. The same in both databases: integers are as wide as eight bytes, times are numbers or ISO texts.
TABLES: Final = (
    """
    CREATE TABLE moves (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        store TEXT NOT NULL,
        subject TEXT NOT NULL,
        state TEXT NOT NULL,
        version BIGINT NOT NULL,
        prepared_at DOUBLE PRECISION NOT NULL,
        amount BIGINT,
        currency TEXT,
        settled_at DOUBLE PRECISION,
        move TEXT NOT NULL
    )
    """,
    "CREATE INDEX moves_of_subject ON moves (store, subject, prepared_at)",
    f"CREATE UNIQUE INDEX one_open_move_a_subject ON moves (store, subject) WHERE state IN ({_OPEN_STATES})",
    """
    CREATE TABLE events (
        number BIGINT PRIMARY KEY,
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
    )
    """,
    "CREATE TABLE switches (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
# What makes a record of a version one of the next.
STEPS: Final[Mapping[int, tuple[str, ...]]] = {
    1: (
        """
        CREATE TABLE received (
            number BIGINT PRIMARY KEY,
            store TEXT NOT NULL,
            delivery TEXT NOT NULL,
            type TEXT NOT NULL,
            order_id TEXT,
            at TEXT NOT NULL,
            UNIQUE (store, delivery)
        )
        """,
        """
        CREATE TABLE tokens (
            digest TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            scopes TEXT NOT NULL,
            stores TEXT NOT NULL,
            forms BIGINT NOT NULL,
            made_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT,
            used_at TEXT
        )
        """,
        "CREATE UNIQUE INDEX one_token_a_name ON tokens (name) WHERE revoked_at IS NULL",
    ),
}
_GET: Final = "SELECT move FROM moves WHERE id = ?"
_OF: Final = "SELECT move FROM moves WHERE store = ? AND subject = ? ORDER BY prepared_at, id"
# A refund counts while it is under way or may have happened, and for as long as the caller looks back after that.
_SPENT: Final = """
SELECT coalesce(sum(amount), 0) AS spent FROM moves
WHERE kind = 'refund' AND currency = ?
AND (instr(?, '|' || state || '|') > 0 OR (state = 'succeeded' AND settled_at >= ?))
"""
# What is under way comes first: what only waits, in whatever numbers, must not hide it.
_FIND: Final = """
SELECT move FROM moves
WHERE (? = '' OR store = ?) AND (? = '' OR subject = ?) AND instr(?, '|' || state || '|') > 0
ORDER BY instr(?, '|' || state || '|') = 0, prepared_at DESC, id LIMIT 200
"""
_INSERT: Final = "INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE: Final = "UPDATE moves SET state = ?, version = ?, settled_at = ?, move = ? WHERE id = ? AND version = ?"
_LAST_EVENT: Final = "SELECT number, hash FROM events ORDER BY number DESC LIMIT 1"
_APPEND: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SWITCH: Final = "SELECT value FROM switches WHERE name = ?"
_COUNT: Final = """
SELECT (SELECT count(*) FROM moves) AS moves,
    (SELECT count(*) FROM moves WHERE instr(?, '|' || state || '|') > 0) AS open_moves,
    (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM received) AS received
"""
_TURN: Final = "INSERT INTO switches VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class TakenError(Exception):
    """A unique index says that there is such a row."""


class Rows(Protocol):
    """The rows of the tables inside one transaction; statements have ``?`` for their values."""

    def select(self, statement: str, *values: object) -> Iterable[Row]:
        """The rows of a SELECT."""
        ...

    def change(self, statement: str, *values: object) -> int:
        """How many rows an INSERT, UPDATE or DELETE changed.

        Raises:
            TakenError: A unique index refused it.
        """
        ...

    def damage(self) -> list[str]:
        """What the database itself finds wrong with its storage, a sentence each."""
        ...


class Database(Protocol):
    """Where the tables are."""

    async def within(self, work: Callable[[Rows], T], *, write: bool) -> T:
        """Do work in one transaction of its own, in a worker thread; on disk before this returns.

        Args:
            work: May look, and where ``write`` says so, change; nobody else changes anything meanwhile. What it
                raises takes everything back.
            write: Whether it may change something, or look at what it must not change meanwhile.

        Raises:
            ConflictError: Another program held the record for too long.
            SetupError: The record cannot be used; what was written may have been kept.
        """
        ...

    async def look(self, work: Callable[[Rows], T]) -> T:
        """As ``within`` without writing, for what is looked at all the time: it may keep a connection for that.

        Raises:
            ConflictError, SetupError: As within.
        """
        ...

    async def version(self) -> int:
        """Which version the record is of; 0 where there is none. Nothing is made.

        Raises:
            SetupError: The record cannot be read.
        """
        ...

    async def upgrade(self) -> None:
        """Make the record one of this program's version, where it is older or not there.

        Raises:
            ConflictError, SetupError: As within.
        """
        ...


def steps(version: int) -> tuple[str, ...]:
    """The statements that make a record of this version one of today's; of version 0, one that is empty."""
    made = () if version else TABLES
    return (*made, *(statement for step in range(max(version, 1), VERSION) for statement in STEPS[step]))


class TableBook:
    """What a decision may look at: the tables, inside the transaction that stores what it decides."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, move_id: str) -> Move | None:
        """See machine.Book."""
        return next((records.load(row["move"]) for row in self._rows.select(_GET, move_id)), None)

    def of(self, store: str, subject: str) -> tuple[Move, ...]:
        """See machine.Book."""
        return tuple(records.load(row["move"]) for row in self._rows.select(_OF, store, subject))

    def spent(self, currency: str, since: datetime) -> Money:
        """See machine.Book."""
        (row,) = self._rows.select(_SPENT, currency, _among(OPEN), since.timestamp())
        return Money(int(row["spent"]), currency)

    def frozen(self) -> str:
        """See machine.Book."""
        return switch(self._rows, "frozen")


class SqlLedger:
    """The record in the tables of a database.

    Args:
        database: Where the tables are.
        now: The wall clock, for the record's times.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self.tokens = SqlTokens(database, self._noted, TakenError)

    async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
        """See machine.Ledger."""

        def work(rows: Rows) -> Move:
            book = TableBook(rows)
            move = decision(book)
            before = book.get(move.id)
            if before != move:
                self._store(rows, before, move, by)
            return move

        return await self._database.within(work, write=True)

    async def get(self, move_id: str) -> Move | None:
        """See machine.Ledger."""
        return await self._database.within(lambda rows: TableBook(rows).get(move_id), write=False)

    async def find(
        self, *, store: str = "", subject: str = "", states: frozenset[State] = frozenset()
    ) -> tuple[Move, ...]:
        """See machine.Ledger."""

        def work(rows: Rows) -> tuple[Move, ...]:
            found = rows.select(_FIND, store, store, subject, subject, _among(states or State), _among(OPEN))
            return tuple(records.load(row["move"]) for row in found)

        return await self._database.within(work, write=False)

    async def switch(self, name: str) -> str:
        """What a switch of the desk stands at, such as ``frozen``; empty where it is off."""
        return await self._database.within(lambda rows: switch(rows, name), write=False)

    async def turn(self, name: str, change: Callable[[str], str], *, note: str, by: str) -> str:
        """Turn a switch of the desk, in one transaction: from what it stands at to what the change makes of it.

        Who did it is kept as an event with the note and the value's hash; the value is not. A change that raises
        changes nothing.
        """

        def work(rows: Rows) -> str:
            value = change(switch(rows, name))
            turn(rows, name, value, note=note, by=by, at=self._now())
            return value

        return await self._database.within(work, write=True)

    async def refused(self, *, store: str, subject: str, code: str, detail: str, by: str) -> None:
        """See machine.Ledger."""

        def work(rows: Rows) -> None:
            note = f"refused {code}: {detail}"
            append(rows, at=self._now(), by=by, store=store, subject=subject, note=note)

        await self._database.within(work, write=True)

    async def events(self, move_id: str) -> tuple[Event, ...]:
        """What happened to one move, oldest first."""

        def work(rows: Rows) -> tuple[Event, ...]:
            found = rows.select("SELECT * FROM events WHERE move_id = ? ORDER BY number", move_id)
            return tuple(map(records.event, found))

        return await self._database.within(work, write=False)

    async def remember(self, store: str, delivered: Delivered) -> bool:
        """See events.Inbox."""
        return await self._database.within(
            lambda rows: inbox.remember(rows, store, delivered, self._now()), write=True
        )

    async def received(
        self,
        *,
        store: str = "",
        order_id: str = "",
        of_type: str = "",
        after_id: int = 0,
        limit: int = 20,
    ) -> tuple[Received, ...]:
        """See events.Inbox."""
        return await self._database.within(
            lambda rows: inbox.received(
                rows, store=store, order_id=order_id, of_type=of_type, after_id=after_id, limit=limit
            ),
            write=False,
        )

    async def verify(self) -> tuple[str, ...]:
        """What is wrong with the record, a sentence each: damage and careless edits, not a forger's work."""
        return await self._database.within(faults, write=False)

    async def head(self) -> str:
        """The hash of the newest event, to be noted elsewhere."""
        return await self._database.within(lambda rows: last_event(rows)[1], write=False)

    async def count(self) -> Mapping[str, int]:
        """How many ``moves``, ``open_moves``, ``events`` and ``received`` there are."""

        def work(rows: Rows) -> Mapping[str, int]:
            (counts,) = rows.select(_COUNT, _among(OPEN))
            return counts

        return await self._database.within(work, write=False)

    @property
    def newest(self) -> int:
        """The version that this program knows."""
        return VERSION

    async def version(self) -> int:
        """See Database."""
        return await self._database.version()

    async def upgrade(self) -> None:
        """See Database."""
        await self._database.upgrade()

    def _noted(self, rows: Rows, *, by: str, subject: str, note: str) -> None:
        append(rows, at=self._now(), by=by, subject=subject, note=note)

    def _store(self, rows: Rows, before: Move | None, move: Move, by: str) -> None:
        text = records.dump(move)
        settled_at = None if move.settled_at is None else move.settled_at.timestamp()
        try:
            if before is None:
                rows.change(
                    _INSERT,
                    move.id,
                    move.kind,
                    move.store,
                    move.subject,
                    move.state.value,
                    move.version,
                    move.prepared_at.timestamp(),
                    None if move.amount is None else move.amount.minor,
                    None if move.amount is None else move.amount.currency,
                    settled_at,
                    text,
                )
            elif (
                rows.change(_UPDATE, move.state.value, move.version, settled_at, text, move.id, move.version - 1)
                != 1
            ):
                raise ConflictError(
                    "Another desk moved this at the same moment", "Call check_refund to see where it is"
                )
        except TakenError as error:
            raise RefundError(
                "open",
                "Another refund on the same order is under way, and only one may be",
                "Call check_refund with the order; until it is settled nothing else is sent",
            ) from error
        append(
            rows,
            at=self._now(),
            by=by,
            move_id=move.id,
            store=move.store,
            subject=move.subject,
            from_state=None if before is None else before.state.value,
            to_state=move.state.value,
            note=move.evidence,
            move_hash=records.sha256(text),
        )


def faults(rows: Rows) -> tuple[str, ...]:
    """What is wrong with the record, a sentence each."""
    events = rows.select("SELECT * FROM events ORDER BY number")
    moves = rows.select("SELECT id, move FROM moves ORDER BY id")
    switches = rows.select("SELECT name, value FROM switches ORDER BY name")
    return (*rows.damage(), *records.faults(events, moves, switches))


def append(
    rows: Rows,
    *,
    at: datetime,
    by: str,
    subject: str,
    note: str,
    store: str = "",
    move_id: str | None = None,
    from_state: str | None = None,
    to_state: str | None = None,
    move_hash: str = NOBODY,
) -> None:
    """Chain one more event to those that stand."""
    last, previous = last_event(rows)
    fields = {
        "number": last + 1,
        "at": at.isoformat(),
        "by": by,
        "move_id": move_id,
        "store": store,
        "subject": subject,
        "from_state": from_state,
        "to_state": to_state,
        "note": note,
        "move_hash": move_hash,
    }
    rows.change(_APPEND, *fields.values(), records.chained(previous, fields))


def turn(rows: Rows, name: str, value: str, *, note: str, by: str, at: datetime) -> None:
    """Turn a switch, and keep who did it."""
    rows.change(_TURN, name, value)
    append(rows, at=at, by=by, subject=name, note=note, move_hash=records.sha256(value))


def switch(rows: Rows, name: str) -> str:
    """What a switch stands at; empty where it is off."""
    return next((row["value"] for row in rows.select(_SWITCH, name)), "")


def last_event(rows: Rows) -> tuple[int, str]:
    """The number and the hash of the newest event."""
    return next(((row["number"], row["hash"]) for row in rows.select(_LAST_EVENT)), (0, NOBODY))


def _among(states: Iterable[State]) -> str:
    """States as one text that instr() looks into, so that the statement is the same for any number of them."""
    return f"|{'|'.join(states)}|"
