"""The shops' events in the record: once each, over restarts, and in records that an older program made."""

import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from clawver_orders.events import Delivered, Received
from clawver_orders.ledger import FILE_NAME, VERSION, SqliteLedger, SqlLedger
from tests.ledgers import Place
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio

PAID = Delivered("key", "order.paid", "ord_1")
OLD = Path("tests/fixtures/ledger/version-1.sql").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


@pytest.fixture
def ledger(place: Place) -> SqlLedger:
    return place.ledger(lambda: NOON)


async def test_the_same_delivery_a_thousand_times_is_one_event(place: Place) -> None:
    """Hostile 91: restarts included, and whatever it says the second time."""
    new = [
        await place.ledger(lambda: NOON).remember("clawver", replace(PAID, type=f"order.{number}"))
        for number in range(50)
    ]
    ledger = place.ledger(lambda: NOON)
    new += [await ledger.remember("clawver", PAID) for _ in range(950)]
    assert new == [True] + [False] * 999
    assert await ledger.received() == (Received(1, "clawver", "order.0", NOON, "ord_1"),)
    assert await ledger.verify() == ()


async def test_the_same_delivery_fifty_times_at_the_same_moment_is_one_event(place: Place) -> None:
    """Hostile 91: at two receivers on one record, as a load balancer leads a shop that is in doubt to either."""
    receivers = [place.ledger(lambda: NOON) for _ in range(2)]
    new: list[bool] = []

    async def deliver(number: int) -> None:
        new.append(await receivers[number % 2].remember("clawver", PAID))

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(deliver, number)
    assert sorted(new) == [False] * 49 + [True]
    assert [event.store for event in await receivers[0].received()] == ["clawver"]
    assert await receivers[1].verify() == ()


async def test_what_has_the_same_key_at_another_shop_is_another_event(ledger: SqlLedger) -> None:
    assert await ledger.remember("clawver", PAID)
    assert await ledger.remember("second", PAID)
    assert [event.store for event in await ledger.received()] == ["second", "clawver"]


async def test_events_are_found_newest_first_and_by_what_they_say(ledger: SqlLedger) -> None:
    for number in range(30):
        order = None if number % 3 == 0 else f"ord_{number % 3}"
        told = Delivered(f"key {number}", f"type.{number % 2}", order)
        assert await ledger.remember("a" if number < 10 else "b", told)

    async def found(**asked: object) -> list[int]:
        return [event.id for event in await ledger.received(**asked)]  # type: ignore[arg-type]

    assert await found() == list(range(30, 10, -1))
    assert await found(limit=2) == [30, 29]
    assert await found(after_id=28) == [30, 29]
    assert await found(after_id=30) == []
    assert await found(store="a") == list(range(10, 0, -1))
    assert await found(store="a", of_type="type.1") == [10, 8, 6, 4, 2]
    assert await found(order_id="ord_2", limit=3) == [30, 27, 24]
    assert await found(order_id="ord_2", of_type="type.1", store="a", after_id=3) == [6]
    assert await found(order_id="ord") == []
    (event,) = await ledger.received(limit=1, after_id=27, order_id="ord_1")
    assert event == Received(29, "b", "type.0", NOON, "ord_1")
    (event,) = await ledger.received(store="a", of_type="type.0", limit=1)
    assert event == Received(9, "a", "type.0", NOON, "ord_2")


async def test_an_event_has_the_time_at_which_it_came(place: Place) -> None:
    later = NOON + timedelta(seconds=1)
    await place.ledger(lambda: later).remember("clawver", replace(PAID, order_id=None))
    assert await place.ledger(lambda: NOON).received() == (Received(1, "clawver", "order.paid", later),)


async def later(place: Place, key: str, **time: float) -> None:
    """One more event, so much later."""
    assert await place.ledger(lambda: NOON + timedelta(**time)).remember("clawver", replace(PAID, key=key))


async def kept(ledger: SqlLedger, after_id: int = 0) -> list[int]:
    return [event.id for event in await ledger.received(limit=100, after_id=after_id)]


async def test_events_are_kept_for_ninety_days_and_then_make_room_for_new_ones(
    ledger: SqlLedger, place: Place
) -> None:
    """The record does not grow for ever; each new event takes the place of up to two that are too old."""
    for number in range(5):
        await later(place, f"old {number}", seconds=number)
    await later(place, "at ninety days", days=90)
    assert await kept(ledger) == [6, 5, 4, 3, 2, 1]
    await later(place, "a second after", days=90, seconds=1)
    assert await kept(ledger) == [7, 6, 5, 4, 3, 2]
    await later(place, "later", days=91)
    assert await kept(ledger) == [8, 7, 6, 5, 4]
    await later(place, "later still", days=300)
    await later(place, "and on", days=300)
    await later(place, "and on and on", days=300)
    assert await kept(ledger) == [11, 10, 9]
    assert (await ledger.count())["received"] == 3
    assert await ledger.verify() == ()


async def test_what_was_there_before_makes_no_room(ledger: SqlLedger, place: Place) -> None:
    """Hostile 91: who sends the same again and again takes nothing out of the list."""
    for key in ("a", "b", "c"):
        await later(place, key)
    for _ in range(5):
        assert not await place.ledger(lambda: NOON + timedelta(days=100)).remember(
            "clawver", replace(PAID, key="c")
        )
    assert await kept(ledger) == [3, 2, 1]


async def test_a_list_that_went_on_after_an_id_goes_on_though_that_event_is_gone(
    ledger: SqlLedger, place: Place
) -> None:
    """An id is never given again, so what comes later is later, also where nothing of before is left."""
    for key in ("a", "b", "c"):
        await later(place, key)
    for number in range(4):
        await later(place, f"new {number}", days=91 * (number + 1))
    assert await kept(ledger) == [7]
    assert await kept(ledger, after_id=2) == [7]
    assert await kept(ledger, after_id=7) == []


async def test_a_delivery_that_is_repeated_after_it_was_forgotten_is_one_more_event(
    ledger: SqlLedger, place: Place
) -> None:
    """The desk looks at the order once more; no shop sends again after so long."""
    await later(place, "first")
    await later(place, "second", days=91)
    await later(place, "first", days=91)
    assert await kept(ledger) == [3, 2]
    assert not await ledger.remember("clawver", replace(PAID, key="first"))


async def test_more_than_two_hundred_thousand_events_are_not_kept_however_young_they_are(
    ledger: SqlLedger, place: Place
) -> None:
    """Hostile 91: whoever can sign fills no disk."""
    for number in range(4):
        await later(place, f"{number}")
    place.edit("UPDATE received SET number = 200000 WHERE number = 4")
    await later(place, "at the bound")
    assert await kept(ledger) == [200_001, 200_000, 3, 2]
    await later(place, "beyond")
    assert await kept(ledger) == [200_002, 200_001, 200_000, 3]


def old_record(directory: Path) -> Path:
    """A record as a program of version 1 left it."""
    directory.mkdir()
    file = directory / FILE_NAME
    with closing(sqlite3.connect(file)) as made:
        made.executescript(OLD)
    return file


def version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as raw:
        (number,) = raw.execute("PRAGMA user_version").fetchone()
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return int(number)


async def test_a_record_of_the_first_version_is_brought_up_with_all_that_stands_in_it(tmp_path: Path) -> None:
    """Hostile 72."""
    file = old_record(tmp_path / "state")
    ledger = SqliteLedger(file.parent, lambda: NOON)
    assert await ledger.verify() == ()
    assert version(file) == VERSION
    assert [move.id for move in await ledger.find()] == ["R-KMNPQRST"]
    assert await ledger.switch("frozen") == "lee"
    assert await ledger.remember("clawver", PAID)
    assert len(await ledger.received()) == 1


_KILLED = """
import os, signal, sqlite3, sys
from datetime import datetime
from pathlib import Path
import anyio
from clawver_orders.ledger import SqliteLedger

class Dies(sqlite3.Connection):
    def execute(self, statement, *values):
        if statement.startswith(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(statement, *values)

connect = sqlite3.connect
sqlite3.connect = lambda *given, **named: connect(*given, factory=Dies, **named)
anyio.run(SqliteLedger(Path(sys.argv[1]), datetime.now).find)
"""


@pytest.mark.parametrize("before", ["PRAGMA user_version = ", "COMMIT"])
async def test_a_step_that_is_killed_half_way_leaves_the_older_record_as_it_was(
    tmp_path: Path, before: str
) -> None:
    """Hostile 72: the process is gone, between the table and the version, or between both and the disk."""
    file = old_record(tmp_path / "state")
    killed = await anyio.run_process([sys.executable, "-c", _KILLED, str(file.parent), before], check=False)
    assert killed.returncode == -9
    assert version(file) == 1
    ledger = SqliteLedger(file.parent, lambda: NOON)
    assert await ledger.received() == ()
    assert await ledger.verify() == ()
    assert version(file) == VERSION
