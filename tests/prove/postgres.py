"""The record in a PostgreSQL database: what only a real server shows. ``postgres.sh`` starts one, and runs this."""

import os
import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread
import psycopg
import pytest

from clawver_orders.errors import ConflictError, SetupError
from clawver_orders.ledger import VERSION, SqlLedger, postgres
from clawver_orders.ledger.postgres import PostgresLedger
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds import machine
from clawver_orders.refunds.machine import Book, Move, State
from clawver_orders.store import Answer
from tests.counter import YES, open_counter
from tests.ledger.test_record import prepared, stored
from tests.ledgers import SERVER, Address, Place
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio

FIRST = replace(prepared(), id="R-AAAAAAAA")
SECOND = replace(prepared(), id="R-BBBBBBBB")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


@pytest.fixture
def ledger(place: Place) -> SqlLedger:
    return place.ledger(lambda: NOON)


def control(*words: str) -> None:
    """Have the server started, stopped, or its settings read again."""
    subprocess.run([*shlex.split(os.environ["CLAWVER_ORDERS_TEST_PG_CTL"]), *words], check=True, timeout=60)


def crash() -> None:
    """The server dies as with the power, and is there again: what was not on disk is gone."""
    control("-m", "immediate", "-w", "restart")


def query(statement: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(statement.encode())


@contextmanager
def server_default(setting: str, value: str) -> Iterator[None]:
    """Another default of the whole server, as its operator might choose it."""
    query(f"ALTER SYSTEM SET {setting} = {value}")
    control("reload")
    try:
        yield
    finally:
        query(f"ALTER SYSTEM RESET {setting}")
        control("reload")


async def settle_down(ledger: SqlLedger) -> None:
    """Wait until a server that was just told something has heard it: a new connection has its settings."""
    await ledger.find()


async def test_a_database_that_restarts_between_claim_and_record_leaves_an_unknown_that_is_found_later(
    tmp_path: Path,
) -> None:
    """Nothing is sent twice, nothing is forgotten: the claim was on disk before the send."""
    down = False

    class Cut(ClawverStore):
        """The database goes away while the shop is asked."""

        async def refund(self, *arguments: object, **more: object) -> Answer:
            nonlocal down
            await anyio.to_thread.run_sync(control, "-m", "immediate", "-w", "stop")
            down = True
            return await super().refund(*arguments, **more)  # type: ignore[arg-type]

    def cut(store: ClawverStore) -> ClawverStore:
        store.__class__ = Cut
        return store

    counter = open_counter(tmp_path, wrap=cut)
    refund = await counter.prepared()
    try:
        done = await counter.desk.execute_refund(refund.refund_id, YES)
        assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
        with pytest.raises(SetupError, match="cannot be used"):
            await counter.desk.check_refund(refund_id=refund.refund_id)
    finally:
        if down:
            control("-w", "start")
    kept = await counter.ledger.get(refund.refund_id)
    assert kept is not None
    assert kept.state is State.SENDING
    counter.clock.pass_by(seconds=60)
    (found,) = await counter.desk.check_refund(refund_id=refund.refund_id)
    assert (found.state, found.money_moved) == (State.SUCCEEDED, "yes")
    assert counter.posts() == 1
    assert counter.paid_back() == [500]
    assert await counter.ledger.verify() == ()


async def test_a_claim_survives_a_crash_of_a_server_whose_default_is_to_lose_commits(ledger: SqlLedger) -> None:
    with server_default("synchronous_commit", "off"), server_default("wal_writer_delay", "'10s'"):
        await settle_down(ledger)
        await stored(ledger, FIRST)
        crash()
        assert await ledger.get(FIRST.id) == FIRST


async def test_other_defaults_of_isolation_change_nothing(ledger: SqlLedger) -> None:
    with (
        server_default("default_transaction_isolation", "serializable"),
        server_default("default_transaction_read_only", "on"),
    ):
        await stored(ledger, FIRST)
        assert await ledger.get(FIRST.id) == FIRST


async def test_a_server_that_does_not_write_through_is_refused(ledger: SqlLedger) -> None:
    with server_default("fsync", "off"), pytest.raises(SetupError, match="fsync is off"):
        await stored(ledger, FIRST)


async def test_a_record_of_a_newer_program_is_refused(ledger: SqlLedger, place: Place) -> None:
    """Hostile 72."""
    await stored(ledger, FIRST)
    place.edit(f"UPDATE record SET version = {VERSION + 1}")
    with pytest.raises(SetupError, match=f"version {VERSION + 1}"):
        await ledger.get(FIRST.id)


async def test_many_desks_that_start_at_once_make_one_record(place: Place) -> None:
    async def start(number: int) -> None:
        await place.ledger(lambda: NOON).refused(
            store="clawver", subject="ord_1", code="refund.open", detail=str(number), by="assistant"
        )

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(start, number)
    assert await place.ledger(lambda: NOON).verify() == ()


@contextmanager
def holder(place: Place) -> Iterator[None]:
    """Another program that holds the record."""
    with psycopg.connect(SERVER) as server:
        server.execute(f"SELECT version FROM {place.schema}.record FOR UPDATE".encode())
        yield


async def test_a_record_that_another_program_holds_is_said_and_can_still_be_read(place: Place) -> None:
    """Hostile 70."""
    ledger = place.ledger(lambda: NOON, busy_timeout_s=0.05)
    await stored(ledger, FIRST)
    with holder(place):
        with pytest.raises(ConflictError, match="holds the refund record"):
            await stored(ledger, SECOND)
        assert await ledger.find() == (FIRST,)


def backend(book: Book) -> int:
    """The server's process behind a decision's connection."""
    return int(book._rows._connection.info.backend_pid)  # type: ignore[attr-defined]


async def test_a_connection_that_is_cut_in_a_decision_leaves_nothing(ledger: SqlLedger) -> None:
    await stored(ledger, FIRST)

    def cut(book: Book) -> Move:
        query(f"SELECT pg_terminate_backend({backend(book)}, 5000)")
        return SECOND

    with pytest.raises(SetupError, match="cannot be used"):
        await ledger.decide(cut, by="assistant")
    assert await ledger.find() == (FIRST,)


async def test_a_desk_that_stops_in_a_decision_gives_the_record_back(ledger: SqlLedger, place: Place) -> None:
    """A laptop that sleeps in the middle does not stop the others for good."""
    await stored(ledger, FIRST)
    begun, awake = threading.Event(), threading.Event()

    def sleep(_: Book) -> Move:
        begun.set()
        assert awake.wait(60)
        return SECOND

    async def sleeper() -> None:
        with pytest.raises(SetupError, match="cannot be used"):
            await ledger.decide(sleep, by="sleeper")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sleeper)
        await anyio.to_thread.run_sync(begun.wait, 60)
        other = place.ledger(lambda: NOON)
        await other.decide(lambda book: machine.confirm(book, FIRST, by="form", now=NOON), by="form")
        awake.set()
    assert [move.state for move in await ledger.find()] == [State.CONFIRMED]


async def test_a_server_that_stops_answering_does_not_hold_a_call_for_ever(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it did is not known, and treated so; when it goes on, the record is whole."""
    await stored(ledger, FIRST)
    frozen: list[int] = []

    def freeze(book: Book) -> Move:
        frozen.append(backend(book))
        os.kill(frozen[0], signal.SIGSTOP)
        return machine.confirm(book, FIRST, by="form", now=NOON)

    monkeypatch.setattr(postgres, "_ANSWER_WITHIN_S", 1.0)
    try:
        with pytest.raises(SetupError, match="no answer within"):
            await ledger.decide(freeze, by="form")
    finally:
        monkeypatch.undo()
        os.kill(frozen[0], signal.SIGCONT)
    assert await ledger.verify() == ()
    assert await stored(ledger, SECOND) == SECOND


async def test_a_port_that_takes_calls_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://desk@127.0.0.1:{silent.getsockname()[1]}/orders?connect_timeout=2"
        with pytest.raises(SetupError, match="cannot be used"):
            await PostgresLedger(Address(address), lambda: NOON).get(FIRST.id)


def test_what_ran_here_ran_on_postgresql(place: Place) -> None:
    """The other files that run beside this one choose by the same switch."""
    assert isinstance(place.ledger(lambda: NOON), PostgresLedger)
