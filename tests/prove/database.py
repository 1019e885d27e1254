"""A record in PostgreSQL that a newer program finds, or that moves there from its file, killed at any moment."""

import os
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import psycopg
import pytest
from psycopg import Connection, conninfo

from clawver_orders.errors import ConflictError, RefundError, SetupError
from clawver_orders.events import Delivered
from clawver_orders.ledger import FILE_NAME, VERSION, SqliteLedger, SqlLedger
from clawver_orders.ledger.moving import move
from clawver_orders.ledger.postgres import PostgresLedger, Server
from clawver_orders.ledger.sqlite import File
from clawver_orders.ledger.tables import turn
from clawver_orders.refunds.machine import State
from clawver_orders.tokens import Grant, Token
from tests.cli.terminal import environment, without_a_terminal
from tests.counter import YES, Clock, Counter, open_counter
from tests.ledger.test_record import prepared, stored
from tests.ledgers import SERVER, Address, Place
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio

FIRST = replace(prepared(), id="R-AAAAAAAA")
KEY = "claw_sk_test_example"
CONTROL = "CLAWVER_ORDERS_TEST_PG_CTL"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "database")


@pytest.fixture
def ledger(place: Place) -> SqlLedger:
    return place.ledger(lambda: NOON)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def made_old(place: Place) -> None:
    """Of the version before, with all that stood in it."""
    place.edit("DROP TABLE received", "DROP TABLE tokens", "UPDATE record SET version = 1")


async def test_an_older_record_is_refused_by_every_desk_until_it_is_brought_up_on_purpose(
    ledger: SqlLedger, place: Place
) -> None:
    """Hostile 72, 74: of several workers that start at once none changes what the others still use."""
    await stored(ledger, FIRST)
    made_old(place)

    async def refused() -> None:
        with pytest.raises(SetupError) as caught:
            await place.ledger(lambda: NOON).find()
        assert str(caught.value) == (
            f"setup: The refund record is of version 1, and this program knows version {VERSION}. "
            "Keep a copy, then run once: clawver-orders db upgrade."
        )

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(refused)
    assert await place.ledger(lambda: NOON).version() == 1


async def test_upgrades_that_meet_are_one_and_a_desk_goes_on_with_all_that_stood_there(
    ledger: SqlLedger, place: Place
) -> None:
    await stored(ledger, FIRST)
    made_old(place)
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(place.ledger(lambda: NOON).upgrade)
    assert await ledger.version() == VERSION
    assert await ledger.get(FIRST.id) == FIRST
    assert await ledger.remember("clawver", Delivered("key", "order.paid"))
    assert await ledger.verify() == ()


async def test_a_step_that_does_not_end_leaves_the_older_record_as_it_was(ledger: SqlLedger, place: Place) -> None:
    """Hostile 72: here something else has the name of one of the tables already."""
    await stored(ledger, FIRST)
    place.edit("DROP TABLE received", "UPDATE record SET version = 1")
    with pytest.raises(SetupError, match="cannot be used"):
        await ledger.upgrade()
    assert await ledger.version() == 1
    place.edit("DROP TABLE tokens")
    await ledger.upgrade()
    assert await ledger.received() == ()


@pytest.mark.parametrize("version", [0, VERSION + 1])
async def test_what_is_no_older_version_of_ours_is_not_brought_up(
    ledger: SqlLedger, place: Place, version: int
) -> None:
    await stored(ledger, FIRST)
    place.edit(f"UPDATE record SET version = {version}")
    with pytest.raises(SetupError, match="Update clawver-orders"):
        await ledger.upgrade()
    assert await ledger.version() == version


def file_counter(state: Path, **more: Any) -> Counter:
    """A desk whose record is in a file, whatever the others here are in."""
    clock = more.pop("clock", None) or Clock()
    return open_counter(state, clock=clock, ledger=SqliteLedger(state, clock.now), **more)


async def used(state: Path) -> Counter:
    """A file in which something of each kind stands, an unknown refund among it."""
    counter = file_counter(state)
    done = await counter.prepared(reason="Größe «M»")
    await counter.desk.execute_refund(done.refund_id, YES)
    counter.fault("refund:timeout-after:1")
    lost = await counter.prepared(amount="1.00 USD")
    assert (await counter.desk.execute_refund(lost.refund_id, YES)).state is State.UNKNOWN
    await stored(counter.ledger, replace(FIRST, subject="ord_1"))
    await counter.ledger.turn("frozen", lambda _: "lee", note="the desk was frozen", by="terminal")
    for number in range(40):
        await counter.ledger.remember("clawver", Delivered(f"key-{number}", "order.paid", "ord_1"))
    grant = Grant("robot", frozenset({"read"}), frozenset({"clawver"}))
    await counter.ledger.tokens.add(Token("0" * 64, grant, NOON, NOON + timedelta(days=1)), by="terminal")
    return counter


def tables(database: Connection[Any] | sqlite3.Connection, names: str) -> dict[str, list[Any]]:
    """All rows of all tables of the record."""
    found = [row[0] for row in database.execute(names) if row[0] != "record"]
    return {name: sorted(map(tuple, database.execute(f"SELECT * FROM {name}")), key=repr) for name in found}


def in_file(state: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(state / FILE_NAME)) as raw:
        return tables(raw, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")


def in_database(place: Place) -> dict[str, list[Any]]:
    with psycopg.connect(SERVER, options=f"-c search_path={place.schema}") as server:
        return tables(server, f"SELECT tablename FROM pg_tables WHERE schemaname = '{place.schema}'")


def server(place: Place) -> Server:
    return Server(Address(SERVER), place.schema)


def moved(state: Path, place: Place) -> Mapping[str, int]:
    return move(File(state), server(place), NOON)


async def test_a_moved_record_has_every_row_of_every_table_and_the_file_is_used_no_more(
    state: Path, place: Place
) -> None:
    counter = await used(state)
    before = in_file(state)
    copied = moved(state, place)
    after = in_file(state)
    assert in_database(place) == after
    assert {name: len(rows) for name, rows in after.items()} == copied
    assert min(copied.values()) > 0
    assert set(after) == {"moves", "events", "switches", "received", "tokens"}
    ledger = place.ledger(lambda: NOON)
    assert await ledger.verify() == ()
    assert await ledger.head() == max(after["events"])[-1]
    # In the file one line of history was added, and one switch turned.
    assert len(after["events"]) == len(before["events"]) + 1
    assert set(after["events"]) > set(before["events"])
    assert [row for row in after["switches"] if row not in before["switches"]] == [("moved", NOON.isoformat())]
    assert all(before[name] == after[name] for name in ("moves", "received", "tokens"))
    with pytest.raises(SetupError, match="was moved from the state directory"):
        await counter.prepared()


async def test_a_record_in_which_nothing_but_an_event_of_a_shop_stands_is_moved_too(
    state: Path, place: Place
) -> None:
    """What the first deliveries leave before the first refund; the other tables are empty."""
    await SqliteLedger(state, lambda: NOON).remember("clawver", Delivered("key", "order.paid"))
    assert moved(state, place) == {"moves": 0, "events": 1, "switches": 1, "received": 1, "tokens": 0}
    assert not await place.ledger(lambda: NOON).remember("clawver", Delivered("key", "order.paid"))
    assert await place.ledger(lambda: NOON).verify() == ()


async def test_a_refund_that_was_unknown_in_the_file_is_found_from_the_database_and_not_sent_again(
    state: Path, place: Place
) -> None:
    old = await used(state)
    await old.ledger.turn("frozen", lambda _: "", note="the desk was unfrozen", by="terminal")
    moved(state, place)
    new = open_counter(state, clock=old.clock, sandbox=old.sandbox, ledger=place.ledger(old.clock.now))
    (open_one,) = await new.ledger.find(states=frozenset({State.UNKNOWN}))
    with pytest.raises(RefundError, match="under way"):
        await new.prepared(amount="2.00 USD")
    new.clock.pass_by(seconds=60)
    (found,) = await new.desk.check_refund(refund_id=open_one.id)
    assert found.state is State.SUCCEEDED
    with pytest.raises(RefundError, match="already"):
        await new.prepared()
    assert new.posts() == 2
    assert new.paid_back() == [500, 100]
    assert await new.ledger.verify() == ()


async def test_moving_again_changes_nothing_even_when_the_database_went_on(state: Path, place: Place) -> None:
    await used(state)
    assert moved(state, place)
    assert moved(state, place) == {}
    ledger = place.ledger(lambda: NOON)
    await ledger.turn("frozen", lambda _: "kim", note="the desk was frozen", by="terminal")
    before = in_file(state), in_database(place)
    assert moved(state, place) == {}
    assert (in_file(state), in_database(place)) == before


STATEMENTS = ("INSERT INTO events", "INSERT INTO tokens", "COMMIT", "PG COMMIT", "PG COMMITTED")


def die_at(statement: str) -> None:
    """Have this process die at a statement: in the file, in the database (PG), or once that was committed."""

    class Dying(sqlite3.Connection):
        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            if sql.startswith(statement):
                os._exit(9)
            return super().execute(sql, *more)

    opened = sqlite3.connect
    sqlite3.connect = lambda *args, **more: opened(*args, factory=Dying, **more)  # type: ignore[assignment]
    asked = psycopg.Connection.execute
    many = psycopg.Cursor.executemany

    def execute(self: Any, query: Any, *more: Any, **options: Any) -> Any:
        if query == b"COMMIT" and statement == "PG COMMIT":
            os._exit(9)
        answer = asked(self, query, *more, **options)
        if query == b"COMMIT" and statement == "PG COMMITTED":
            os._exit(9)
        return answer

    def executemany(self: Any, query: bytes, rows: Any, **options: Any) -> None:
        many(self, query, rows, **options)
        if query.startswith(statement.encode()):
            os._exit(9)

    psycopg.Connection.execute = execute  # type: ignore[method-assign]
    psycopg.Cursor.executemany = executemany  # type: ignore[assignment,method-assign]


def killed_at(statement: str, state: Path, place: Place) -> bool:
    """Move in a process of its own; whether it died there."""
    child = os.fork()
    if child == 0:
        try:
            die_at(statement)
            moved(state, place)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_a_move_that_is_killed_leaves_one_record_in_use_at_most_and_ends_when_it_is_run_again(
    state: Path, place: Place, statement: str
) -> None:
    """Never two records that both are used."""
    await used(state)
    assert killed_at(statement, state, place)
    usable = await works(SqliteLedger(state, lambda: NOON)), await works(desk_ledger(state, place))
    assert usable == {
        "PG COMMIT": (False, False),
        "PG COMMITTED": (False, True),
    }.get(statement, (True, False))
    moved(state, place)
    assert not await works(SqliteLedger(state, lambda: NOON))
    assert await works(desk_ledger(state, place))
    assert in_database(place)["moves"] == in_file(state)["moves"]
    assert await place.ledger(lambda: NOON).verify() == ()


def desk_ledger(state: Path, place: Place) -> PostgresLedger:
    """As a desk opens it, whose state directory this is."""
    return PostgresLedger(Address(SERVER), lambda: NOON, schema=place.schema, left_behind=File(state).began)


async def works(ledger: SqlLedger) -> bool:
    try:
        await ledger.find()
    except SetupError:
        return False
    return True


async def test_a_desk_does_not_begin_anew_in_the_database_while_its_record_is_in_the_file(
    state: Path, place: Place
) -> None:
    await used(state)
    with pytest.raises(SetupError, match="Run: clawver-orders db move"):
        await desk_ledger(state, place).find()
    assert await place.ledger(lambda: NOON).version() == 0
    (state / FILE_NAME).rename(state / "old.sqlite3")
    assert await works(desk_ledger(state, place))


async def test_a_database_with_a_record_of_its_own_is_refused_and_both_stay_as_they_were(
    state: Path, place: Place, ledger: SqlLedger
) -> None:
    await used(state)
    await ledger.remember("clawver", Delivered("key", "order.paid"))
    before = in_file(state), in_database(place)
    with pytest.raises(ConflictError, match="has a refund record already"):
        moved(state, place)
    assert (in_file(state), in_database(place)) == before


async def test_an_older_copy_of_a_moved_file_is_not_taken_for_it(state: Path, place: Place) -> None:
    await used(state)
    copy = (state / FILE_NAME).read_bytes()
    moved(state, place)
    (state / FILE_NAME).write_bytes(copy)
    with pytest.raises(ConflictError, match="has a refund record already"):
        moved(state, place)


async def test_a_record_that_went_on_after_the_mark_was_taken_off_is_not_called_moved(
    state: Path, place: Place
) -> None:
    await used(state)
    moved(state, place)
    with File(state).transaction(moved=True) as rows:
        turn(rows, "frozen", "kim", note="went on", by="terminal", at=NOON)
    with pytest.raises(ConflictError, match="has a refund record already"):
        moved(state, place)


async def test_an_empty_record_is_not_moved(state: Path, place: Place) -> None:
    await SqliteLedger(state, lambda: NOON).upgrade()
    with pytest.raises(ConflictError, match="nothing in the refund record"):
        moved(state, place)
    assert await place.ledger(lambda: NOON).version() == 0


async def test_a_damaged_record_is_not_moved(state: Path, place: Place) -> None:
    await used(state)
    with closing(sqlite3.connect(state / FILE_NAME)) as raw:
        raw.execute("UPDATE moves SET move = replace(move, 'torn', 'worn') WHERE id = 'R-AAAAAAAA'")
        raw.commit()
    with pytest.raises(SetupError, match="R-AAAAAAAA is not as its last event left it"):
        moved(state, place)
    assert await works(SqliteLedger(state, lambda: NOON))


async def test_what_does_not_arrive_whole_is_taken_back(state: Path, place: Place, ledger: SqlLedger) -> None:
    """Here the database changes what it is given."""
    await used(state)
    await ledger.upgrade()
    place.edit(
        "CREATE FUNCTION harm() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.move := upper(NEW.move); RETURN NEW; END $$",
        "CREATE TRIGGER harm BEFORE INSERT ON moves FOR EACH ROW EXECUTE FUNCTION harm()",
    )
    with pytest.raises(SetupError, match="What arrived"):
        moved(state, place)
    assert await works(SqliteLedger(state, lambda: NOON))
    assert await ledger.head() == "0" * 64


async def test_a_file_that_a_desk_holds_is_not_moved(state: Path, place: Place) -> None:
    await used(state)
    with File(state).transaction(), pytest.raises(ConflictError, match="Another program holds"):
        move(File(state, busy_timeout_s=0.05), server(place), NOON)


@pytest.fixture
def database() -> Iterator[str]:
    """A database of its own: the commands know no schema but theirs."""
    name = "orders_of_the_commands"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        server.execute(f"CREATE DATABASE {name}".encode())
    yield conninfo.make_conninfo(SERVER, dbname=name)
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def test_the_commands_check_move_and_upgrade(state: Path, database: str) -> None:
    """As a person types them, one after the other."""
    await used(state)
    given = conninfo.conninfo_to_dict(database)
    url = f"postgresql+psycopg://desk@127.0.0.1:{given['port']}/{given['dbname']}"
    (state / "settings.toml").write_text(f'[state]\ndatabase_url = "{url}"\n')

    def typed(*words: str) -> tuple[int, str]:
        environ = environment(state, CLAWVER_ORDERS_CONFIG=str(state / "settings.toml"), CLAW_API_KEY=KEY)
        told = without_a_terminal(words, environ)
        return told.returncode, told.stdout + told.stderr

    status, told = typed("db", "check")
    assert status == 0
    assert "The database that database_url names: none yet" in told
    status, told = typed("refunds", "list")
    assert (status, "Run: clawver-orders db move." in told) == (2, True)
    status, told = typed("db", "move")
    assert (status, "3 refunds and other writes" in told, "1 open" in told) == (0, True, True)
    status, told = typed("db", "move")
    assert (status, "It was moved before" in told) == (0, True)
    status, told = typed("refunds", "verify")
    assert (status, "The record is whole" in told) == (0, True)
    with psycopg.connect(database, options="-c search_path=clawver_orders") as raw:
        raw.execute("DROP TABLE tokens")
        raw.execute("DROP TABLE received")
        raw.execute("UPDATE record SET version = 1")
    status, told = typed("db", "check")
    assert (status, f"1, and this program's is {VERSION}. Keep a copy" in told) == (1, True)
    status, told = typed("refunds", "list")
    assert (status, "run once: clawver-orders db upgrade" in told) == (2, True)
    status, told = typed("db", "upgrade")
    assert (status, f"From version 1 to {VERSION}." in told) == (0, True)
    status, told = typed("db", "check")
    assert (status, "Its head:" in told) == (0, True)


def tool(name: str, *words: str) -> None:
    """One of the server's own programs, of the server's own version."""
    bin_directory = next(Path(word).parent for word in shlex.split(os.environ[CONTROL]) if word.endswith("/pg_ctl"))
    subprocess.run([str(bin_directory / name), *words], check=True, timeout=60)


async def test_a_restored_copy_is_whole_and_a_refund_that_it_forgot_is_not_sent_again(
    tmp_path: Path, place: Place
) -> None:
    """Hostile 71: as references/database.md tells it, with the mark that the shop keeps."""
    counter = open_counter(tmp_path, ledger=place.ledger(lambda: NOON))
    await counter.ledger.turn("frozen", lambda _: "", note="before the copy", by="terminal")
    head = await counter.ledger.head()
    dump = str(tmp_path / "orders.dump")
    tool("pg_dump", "--format=custom", f"--schema={place.schema}", f"--file={dump}", SERVER)
    refund = await counter.prepared()
    assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.SUCCEEDED
    tool("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={SERVER}", dump)
    assert await counter.ledger.head() == head
    assert await counter.ledger.verify() == ()
    assert await counter.ledger.version() == VERSION
    with pytest.raises(RefundError) as refused:
        await counter.prepared()
    assert refused.value.code == "refund.foreign"
    assert counter.paid_back() == [500]
    with pytest.raises(psycopg.errors.RaiseException, match="events are kept"):
        place.edit("DELETE FROM events")


async def test_a_copy_of_a_file_is_whole(state: Path, tmp_path: Path) -> None:
    """As references/database.md tells it, while a desk works."""
    counter = await used(state)
    (tmp_path / "copy").mkdir()
    with (
        closing(sqlite3.connect(state / FILE_NAME)) as raw,
        closing(sqlite3.connect(tmp_path / "copy" / FILE_NAME)) as copy,
    ):
        raw.backup(copy)
    assert await SqliteLedger(tmp_path / "copy", lambda: NOON).verify() == ()
    assert await SqliteLedger(tmp_path / "copy", lambda: NOON).head() == await counter.ledger.head()
