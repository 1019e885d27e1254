"""Moves a record from its file into a database: all of it, or nothing; then the file is used no more."""

from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from clawver_orders.errors import ConflictError, SetupError
from clawver_orders.ledger.postgres import WRITE, Server, ServerRows, lock, make_tables
from clawver_orders.ledger.sqlite import MOVED, File, FileRows
from clawver_orders.ledger.tables import Rows, faults, last_event, switch, turn

if TYPE_CHECKING:
    from psycopg import Connection

# Both are held meanwhile: longer than for what a desk does.
_PATIENCE: Final = b"SELECT set_config('idle_in_transaction_session_timeout', '5min', true)"
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
_ANY: Final = "SELECT 1 AS held FROM events UNION ALL SELECT 1 FROM received LIMIT 1"
_EVENT: Final = "SELECT hash FROM events WHERE number = ?"


def move(file: File, server: Server, now: datetime) -> Mapping[str, int]:
    """Move the record, or finish a move that was cut short.

    The file is marked on disk before the database commits: between the two a desk is refused by both, and the
    same command again finishes it. Two records that are both in use cannot come of it.

    Args:
        file: Where the record is.
        server: Where it goes; empty, or with no record yet.
        now: The wall clock.

    Returns:
        How many rows of each table are in the database now; empty where an earlier move had ended.

    Raises:
        ConflictError: There is nothing to move, the database has another record, or a desk holds one of them.
        SetupError: One of the two cannot be used, or the record is damaged.
    """
    with server.transaction(WRITE) as connection:
        connection.execute(_PATIENCE)
        make_tables(connection, server.schema)
        lock(connection, write=True)
        # The inner one commits first.
        with file.transaction(moved=True) as source:
            return _moved(source, connection, now)


def _moved(source: FileRows, connection: "Connection[dict[str, Any]]", now: datetime) -> Mapping[str, int]:
    target = ServerRows(connection)
    marked = switch(source, MOVED)
    if _holds(target):
        if marked and _goes_on(source, target):
            return {}
        raise ConflictError(
            "The database has a refund record already, and two cannot be made one",
            "Name an empty database in database_url. Nothing was changed",
        )
    if not _holds(source):
        raise ConflictError(
            "There is nothing in the refund record of the state directory",
            "The database keeps the record from its first use. Nothing was changed",
        )
    if wrong := faults(source):
        raise SetupError(
            f"The refund record in the state directory is damaged: {'; '.join(wrong[:3])}",
            "Restore it from a copy, and compare it with the shop, before it is moved. Nothing was changed",
        )
    if not marked:
        turn(source, MOVED, now.isoformat(), note="moved to a database", by="terminal", at=now)
    copied = {row["name"]: _copy(source, connection, row["name"]) for row in source.select(_TABLES)}
    if faults(target) or last_event(target) != last_event(source):
        raise SetupError(
            "What arrived in the database is not what the file has", "Nothing was changed: report this"
        )
    return copied


def _holds(rows: Rows) -> bool:
    """Whether anything stands in a record."""
    return any(rows.select(_ANY))


def _goes_on(source: Rows, target: Rows) -> bool:
    """Whether the target has all that the source has; desks may have written more since."""
    number, newest = last_event(source)
    return [row["hash"] for row in target.select(_EVENT, number)] == [newest]


def _copy(source: FileRows, connection: "Connection[dict[str, Any]]", table: str) -> int:
    rows = iter(source.select(f"SELECT * FROM {table}"))  # noqa: S608 - a name of our own tables
    first = next(rows, None)
    if first is None:
        return 0
    places = ", ".join(["%s"] * len(first))
    statement = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({places})"  # noqa: S608 - as above
    with connection.cursor() as cursor:
        cursor.executemany(statement.encode(), (tuple(row.values()) for row in chain([first], rows)))
        return cursor.rowcount
