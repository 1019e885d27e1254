"""The record that tests run on: SQLite, or PostgreSQL where the environment names a database to make schemas in.

The same tests run on both: ``make test`` runs them on SQLite, ``tests/prove/postgres.sh`` on PostgreSQL.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from clawver_orders.ledger import FILE_NAME, SqliteLedger, SqlLedger
from clawver_orders.ledger.postgres import PostgresLedger

SERVER = os.environ.get("CLAWVER_ORDERS_TEST_POSTGRES", "")


@dataclass(frozen=True)
class Address:
    """The address of a database, where the product has a reference to one."""

    text: str

    def value(self) -> str:
        return self.text


@dataclass(frozen=True)
class Place:
    """Where one record is: a directory, or the schema that stands for it."""

    directory: Path

    @property
    def schema(self) -> str:
        return "place_" + hashlib.sha256(str(self.directory).encode()).hexdigest()[:24]

    def ledger(self, now: Callable[[], datetime], *, busy_timeout_s: float = 10.0) -> SqlLedger:
        if SERVER:
            return PostgresLedger(Address(SERVER), now, schema=self.schema, busy_timeout_s=busy_timeout_s)
        return SqliteLedger(self.directory, now, busy_timeout_s=busy_timeout_s)

    def edit(self, *statements: str, guarded: bool = True) -> None:
        """Change the record behind the ledger's back; ``guarded`` leaves the triggers that hold the events.

        Raises:
            sqlite3.Error, psycopg.Error: A trigger refused it.
        """
        if SERVER:
            with psycopg.connect(SERVER, options=f"-c search_path={self.schema}") as server:
                for statement in ([] if guarded else ["ALTER TABLE events DISABLE TRIGGER ALL"]) + [*statements]:
                    server.execute(statement.encode())
            return
        drops = ["DROP TRIGGER events_are_kept", "DROP TRIGGER events_stand"]
        with closing(sqlite3.connect(self.directory / FILE_NAME)) as file:
            for statement in ([] if guarded else drops) + [*statements]:
                file.execute(statement)
            file.commit()
