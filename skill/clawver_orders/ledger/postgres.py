"""The record in a PostgreSQL database, where several machines share one desk.

The one row of the table ``record`` is the lock: who may write holds it from before its decision looks until that
is committed. Events are one chain, so writers follow one another anyway; and so a decision sees all that was
decided before it, caps included, in whatever order it looks. The partial unique index holds besides.

One connection a transaction, as with SQLite: none outlives a restart of the server, a fork, or the sleep of a
laptop, and none is open while something is sent. What it costs is little next to a shop's answer.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import anyio
import anyio.to_thread

from clawver_orders.errors import ConflictError, DeskError, SetupError
from clawver_orders.ledger.records import Row
from clawver_orders.ledger.tables import VERSION, Rows, SqlLedger, T, TakenError, steps

if TYPE_CHECKING:
    from psycopg import Connection

SCHEMA: Final = "clawver_orders"
_SCHEMES: Final = ("postgresql+psycopg://", "postgresql://")
# Longer than connecting and waiting for the lock together: beyond it, the database does not answer at all.
_ANSWER_WITHIN_S: Final = 20.0
_UPGRADED_WITHIN_S: Final = 600.0
# All writers of a machine wait for the same row; more connections than this would only wait beside each other.
_CONNECTIONS: Final = 4
# What the address may say otherwise: a dead connection is noticed within about ten seconds.
_CONNECT: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "target_session_attrs": "primary",
    "application_name": "clawver-orders",
}
# A desk that is stopped in the middle gives the lock back; a server whose default is to lose commits does not here.
_SETTINGS: Final = """
SELECT set_config('search_path', %s, true), set_config('synchronous_commit', 'on', true),
    set_config('lock_timeout', %s, true), set_config('statement_timeout', '15s', true),
    set_config('idle_in_transaction_session_timeout', '5s', true), current_setting('fsync') AS fsync
"""
WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_MAKING: Final = 5_121_114_300_921_004_517  # the key of the lock while the tables are made: any number will do
_MAKE: Final = (
    """
    CREATE FUNCTION events_stand() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'events are kept, and stand'; END $$
    """,
    """
    CREATE TRIGGER events_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_stand()
    """,
    "CREATE TABLE record (one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), version INTEGER NOT NULL)",
)


class Address(Protocol):
    """A reference to the address, which may hold a password."""

    def value(self) -> str:
        """The address, looked up now; SetupError says what is missing."""
        ...


class PostgresLedger(SqlLedger):
    """The record in a schema of a database, safe for several machines at once.

    Args:
        address: ``postgresql+psycopg://user@host/database?sslmode=verify-full``; what it leaves out libpq looks for
            in its own places, such as ``PGPASSFILE``.
        now: The wall clock, for the record's times.
        schema: The schema's name; it is made with the first use, if it is not there.
        busy_timeout_s: How long to wait while another desk writes.
        left_behind: Whether there is a record elsewhere that this one should go on from; asked while it is empty.
    """

    def __init__(
        self,
        address: Address,
        now: Callable[[], datetime],
        *,
        schema: str = SCHEMA,
        busy_timeout_s: float = 10.0,
        left_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(Server(address, schema, busy_timeout_s, left_behind), now)


class ServerRows:
    """See tables.Rows."""

    def __init__(self, connection: "Connection[dict[str, Any]]") -> None:
        self._connection = connection

    def select(self, statement: str, *values: object) -> Iterable[Row]:
        """See tables.Rows."""
        return self._connection.execute(_translated(statement), values)

    def change(self, statement: str, *values: object) -> int:
        """See tables.Rows."""
        from psycopg.errors import UniqueViolation  # noqa: PLC0415 - there is a connection, so it is loaded

        try:
            return self._connection.execute(_translated(statement), values).rowcount
        except UniqueViolation as error:
            raise TakenError from error

    def damage(self) -> list[str]:
        """See tables.Rows."""
        # The server checks its own pages.
        return []


def _translated(statement: str) -> bytes:
    return statement.replace("?", "%s").replace("instr(", "strpos(").encode()


class Server:
    """See tables.Database."""

    def __init__(
        self,
        address: Address,
        schema: str = SCHEMA,
        busy_timeout_s: float = 10.0,
        left_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self.schema = schema
        self._address = address
        self._busy_timeout = f"{round(busy_timeout_s * 1000)}ms"
        self._left_behind = left_behind
        self._connections = anyio.CapacityLimiter(_CONNECTIONS)
        self._made = False

    async def within(self, work: Callable[[Rows], T], *, write: bool) -> T:
        """See tables.Database."""
        return await self._answered(partial(self._within, work, write), _ANSWER_WITHIN_S)

    async def look(self, work: Callable[[Rows], T]) -> T:
        """See tables.Database."""
        return await self.within(work, write=False)

    async def version(self) -> int:
        """See tables.Database."""
        return await self._answered(self._version, _ANSWER_WITHIN_S)

    async def upgrade(self) -> None:
        """See tables.Database."""
        await self._answered(self._upgrade, _UPGRADED_WITHIN_S)

    async def _answered(self, work: Callable[[], T], within_s: float) -> T:
        # Not to be cancelled, as little as a thread is; but a server that never answers does not hold up for ever.
        with anyio.move_on_after(within_s, shield=True):
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._connections)
        raise _unusable(f"no answer within {within_s:.0f} seconds")

    def _within(self, work: Callable[[Rows], T], write: bool) -> T:
        if not self._made:
            with self.transaction(WRITE) as connection:
                make_tables(connection, self.schema)
                (events,) = connection.execute(b"SELECT EXISTS (SELECT FROM events) AS there")
                if not events["there"] and self._left_behind():
                    raise SetupError(
                        "The refund record is in the state directory, and the database has none yet",
                        "Run: clawver-orders db move. Where that record is of no more use, rename its file",
                    )
            self._made = True
        with self.transaction(WRITE if write else _READ) as connection:
            lock(connection, write=write)
            return work(ServerRows(connection))

    def _version(self) -> int:
        with self.transaction(_READ) as connection:
            return _version(connection) if _is_made(connection, self.schema) else 0

    def _upgrade(self) -> None:
        with self.transaction(WRITE) as connection:
            connection.execute(b"SELECT set_config('statement_timeout', '5min', true)")
            make_tables(connection, self.schema)
            # An older program that writes is waited for; the next one sees at the same row that it is too old.
            version = _version(connection, lock=True)
            if version < 1 or version > VERSION:
                raise _other(version)
            for statement in steps(version):
                connection.execute(statement.encode())
            connection.execute(b"UPDATE record SET version = %s", (VERSION,))

    @contextmanager
    def transaction(self, begin: str) -> Iterator["Connection[dict[str, Any]]"]:
        """A connection inside a transaction; committed, and on the server's disk, when the block ends well."""
        try:
            import psycopg  # noqa: PLC0415 - half a second, and an extra: only where a database is set
            from psycopg import conninfo, errors, rows  # noqa: PLC0415
        except ImportError as error:
            raise SetupError(
                "The refund record is in PostgreSQL, and the package for that is not installed",
                'Run: pip install "clawver-orders[postgres]"',
            ) from error
        try:
            given = conninfo.conninfo_to_dict(_uri(self._address.value()))
            where = conninfo.make_conninfo("", **{**_CONNECT, **given})
        except psycopg.ProgrammingError:
            # Without its cause: that repeats the address, and with it the password.
            raise _wrong_address() from None
        try:
            # Nothing is prepared, so that a pooler may stand between.
            with psycopg.connect(
                where, autocommit=True, prepare_threshold=None, row_factory=rows.dict_row
            ) as connection:
                connection.execute(begin.encode())
                (settings,) = connection.execute(_SETTINGS.encode(), (self.schema, self._busy_timeout))
                if settings["fsync"] != "on":
                    raise SetupError(
                        "The database of the refund record does not write through: its fsync is off",
                        "Nothing is sent without that. Turn fsync on, or name another database",
                    )
                yield connection
                connection.execute(b"COMMIT")
        except DeskError:
            raise
        except (errors.LockNotAvailable, errors.SerializationFailure, errors.DeadlockDetected) as error:
            raise ConflictError("Another program holds the refund record", "Close it, then try again") from error
        except errors.DiskFull as error:
            raise SetupError(
                "The refund record in the database cannot be written: its disk is full",
                "Nothing is sent without it. Make room there, then try again",
            ) from error
        except psycopg.Error as error:
            raise _unusable(type(error).__name__) from error


def make_tables(connection: "Connection[dict[str, Any]]", schema: str) -> None:
    """Make them, where there are none; an older record stays as it is."""
    connection.execute(b"SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
    if not _is_made(connection, schema):
        for statement in (f"CREATE SCHEMA IF NOT EXISTS {schema}", *steps(0), *_MAKE):
            connection.execute(statement.encode())
        connection.execute(b"INSERT INTO record (version) VALUES (%s)", (VERSION,))


def lock(connection: "Connection[dict[str, Any]]", *, write: bool) -> None:
    """Hold the record, where this writes. SetupError where it is not of this program's version."""
    version = _version(connection, lock=write)
    if version != VERSION:
        raise _other(version)


def _is_made(connection: "Connection[dict[str, Any]]", schema: str) -> bool:
    (found,) = connection.execute(b"SELECT to_regclass(%s) IS NOT NULL AS made", (f"{schema}.record",))
    return bool(found["made"])


def _version(connection: "Connection[dict[str, Any]]", *, lock: bool = False) -> int:
    rows = connection.execute(b"SELECT version FROM record FOR UPDATE" if lock else b"SELECT version FROM record")
    (version,) = [row["version"] for row in rows] or [0]
    return int(version)


def _other(version: int) -> SetupError:
    """A program that is older or newer than the record does not touch it: several share it."""
    return SetupError(
        f"The refund record is of version {version}, and this program knows version {VERSION}",
        "Keep a copy, then run once: clawver-orders db upgrade"
        if 0 < version < VERSION
        else "Update clawver-orders",
    )


def _uri(address: str) -> str:
    for scheme in _SCHEMES:
        if address.startswith(scheme):
            return f"postgresql://{address.removeprefix(scheme)}"
    raise _wrong_address()


def _wrong_address() -> SetupError:
    return SetupError(
        "database_url is not the address of a PostgreSQL database",
        "Write it like postgresql+psycopg://user@host/database?sslmode=verify-full, its signs percent-encoded",
        field="database_url",
    )


def _unusable(why: str) -> SetupError:
    return SetupError(
        f"The refund record in the database cannot be used ({why})",
        "Nothing is sent without it. Check that the database is up, then run: clawver-orders doctor",
    )
