"""A desk whose database goes away, is cut off or is full in the middle of a refund: unknown is called unknown."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import psycopg
import pytest
from psycopg import conninfo

from clawver_orders.errors import RefundError, SetupError
from clawver_orders.ledger.postgres import PostgresLedger
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds.machine import State
from clawver_orders.store import Answer
from tests.counter import YES, Counter, open_counter
from tests.ledgers import SERVER, Address, Place
from tests.prove.postgres import control, crash
from tests.proxy import Proxy, Toxic, proxied
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "database")


@asynccontextmanager
async def behind(place: Place) -> AsyncIterator[tuple[Proxy, PostgresLedger]]:
    """The record, and what harms the way to it."""
    given = conninfo.conninfo_to_dict(SERVER)
    async with proxied(int(str(given["port"]))) as proxy:
        address = f"postgresql://{given['user']}@127.0.0.1:{proxy.port}/{given['dbname']}"
        yield proxy, PostgresLedger(Address(address), lambda: NOON, schema=place.schema)


def during(happens: Callable[[], Any], *, after: bool) -> Callable[[ClawverStore], ClawverStore]:
    """Something happens while the shop is asked for a refund: before it is, or once it has answered."""

    class Struck(ClawverStore):
        async def refund(self, *arguments: object, **more: object) -> Answer:
            if not after:
                await happens()
            answer = await super().refund(*arguments, **more)  # type: ignore[arg-type]
            if after:
                await happens()
            return answer

    def wrap(store: ClawverStore) -> ClawverStore:
        store.__class__ = Struck
        return store

    return wrap


async def found_later(counter: Counter, refund_id: str, paid: list[int]) -> None:
    """The record still says that it was being sent; a look finds it, and nothing is sent again."""
    kept = await counter.ledger.get(refund_id)
    assert kept is not None
    assert kept.state is State.SENDING
    counter.clock.pass_by(seconds=60)
    (found,) = await counter.desk.check_refund(refund_id=refund_id)
    assert (found.state, found.money_moved) == (State.SUCCEEDED, "yes")
    assert counter.posts() == 1
    assert counter.paid_back() == paid
    assert await counter.ledger.verify() == ()


async def test_a_database_that_is_away_at_the_start_lets_orders_be_read_and_money_once_it_is_there(
    tmp_path: Path,
) -> None:
    counter = open_counter(tmp_path)
    control("-m", "immediate", "-w", "stop")
    try:
        assert (await counter.desk.get_order("", counter.refundable)).id == counter.refundable
        with pytest.raises(SetupError, match="cannot be used"):
            await counter.prepared()
    finally:
        control("-w", "start")
    refund = await counter.prepared()
    assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.SUCCEEDED
    assert counter.paid_back() == [500]


async def test_a_database_that_crashes_and_is_back_while_the_shop_is_asked_gets_the_outcome(tmp_path: Path) -> None:
    """No connection is open across the send, so none is lost with it."""
    struck = during(lambda: anyio.to_thread.run_sync(crash), after=False)
    counter = open_counter(tmp_path, wrap=struck)
    refund = await counter.prepared()
    done = await counter.desk.execute_refund(refund.refund_id, YES)
    assert (done.state, done.money_moved) == (State.SUCCEEDED, "yes")
    assert counter.posts() == 1
    assert await counter.ledger.verify() == ()


@pytest.mark.parametrize("toxic", [Toxic("down"), Toxic("timeout", "upstream", seconds=1.0)], ids=lambda t: t.type)
async def test_a_network_that_is_cut_between_claim_and_outcome_leaves_an_unknown_that_is_found_later(
    tmp_path: Path, place: Place, toxic: Toxic
) -> None:
    """The way to the database is refused, or takes every byte and gives none back."""
    async with behind(place) as (proxy, ledger):
        counter = open_counter(tmp_path, wrap=during(lambda: proxy.add(toxic), after=True), ledger=ledger)
        refund = await counter.prepared()
        done = await counter.desk.execute_refund(refund.refund_id, YES)
        assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
    there = open_counter(tmp_path, clock=counter.clock, sandbox=counter.sandbox, ledger=place.ledger(lambda: NOON))
    await found_later(there, refund.refund_id, [500])


async def test_a_claim_whose_commit_is_not_answered_sends_nothing_and_is_unknown(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was kept, and nobody here can know: so nothing leaves, and nothing is sent for it again either."""
    counter = open_counter(tmp_path, ledger=place.ledger(lambda: NOON))
    refund = await counter.prepared()
    asked = psycopg.Connection.execute

    def execute(self: Any, query: Any, *more: Any, **options: Any) -> Any:
        answer = asked(self, query, *more, **options)
        if query == b"COMMIT" and states(place) == ["sending"]:
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "execute", execute)
        with pytest.raises(SetupError, match="cannot be used"):
            await counter.desk.execute_refund(refund.refund_id, YES)
    assert states(place) == ["sending"]
    counter.clock.pass_by(seconds=60)
    (looked,) = await counter.desk.check_refund(refund_id=refund.refund_id)
    assert (looked.state, looked.money_moved) == (State.UNKNOWN, "unknown")
    with pytest.raises(RefundError, match="under way"):
        await counter.prepared()
    assert (counter.posts(), counter.paid_back()) == (0, [])


def states(place: Place) -> list[str]:
    with psycopg.connect(SERVER) as server:
        return [row[0] for row in server.execute(f"SELECT state FROM {place.schema}.moves".encode()).fetchall()]


@pytest.mark.parametrize("after", [False, True], ids=["before the shop is asked", "after it answered"])
async def test_a_full_database_in_the_middle_leaves_an_unknown_that_is_found_later(
    tmp_path: Path, place: Place, *, after: bool
) -> None:
    """Hostile 70: the server's own error for a full disk, given by a trigger."""

    async def fill() -> None:
        full(place)

    counter = open_counter(tmp_path, wrap=during(fill, after=after), ledger=place.ledger(lambda: NOON))
    refund = await counter.prepared()
    done = await counter.desk.execute_refund(refund.refund_id, YES)
    assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
    place.edit("DROP TRIGGER full_disk ON moves")
    await found_later(counter, refund.refund_id, [500])


async def test_a_full_database_sends_nothing(tmp_path: Path, place: Place) -> None:
    counter = open_counter(tmp_path, ledger=place.ledger(lambda: NOON))
    refund = await counter.prepared()
    full(place)
    with pytest.raises(SetupError, match="its disk is full"):
        await counter.desk.execute_refund(refund.refund_id, YES)
    with pytest.raises(SetupError, match="its disk is full"):
        await counter.prepared(amount="1.00 USD")
    assert (counter.posts(), counter.paid_back()) == (0, [])
    assert (await counter.desk.get_order("", counter.refundable)).id == counter.refundable
    place.edit("DROP TRIGGER full_disk ON moves")
    assert (await counter.desk.execute_refund(refund.refund_id, YES)).state is State.SUCCEEDED
    assert counter.paid_back() == [500]


def full(place: Place) -> None:
    place.edit(
        "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON moves EXECUTE FUNCTION full_disk()",
    )
