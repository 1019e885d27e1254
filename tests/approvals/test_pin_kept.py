"""What the record keeps of a PIN and of each try, and what is said to who did not know it."""

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from clawver_orders import approvals
from clawver_orders.approvals.pin import Pin
from clawver_orders.errors import ForbiddenError, InvalidArgument
from tests.approvals.browsing import PIN
from tests.counter import NOON, Counter, open_counter

pytestmark = pytest.mark.anyio


@pytest.fixture
def shop(tmp_path: Path) -> Counter:
    return open_counter(tmp_path, trust_forms=None)


@pytest.fixture
async def pin(shop: Counter) -> Pin:
    chosen = approvals.pin_of(shop.desk)
    await chosen.choose(PIN, by="lee")
    return chosen


async def refused(pin: Pin, given: str) -> ForbiddenError:
    with pytest.raises(ForbiddenError) as caught:
        await pin.check(given, by="page")
    return caught.value


async def test_a_short_one_is_told_how_long_it_must_be(shop: Counter) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await approvals.pin_of(shop.desk).choose("1234567", by="lee")
    assert str(caught.value) == "invalid_argument: a PIN has at least 8 characters. Choose a longer one."
    assert caught.value.field == "pin"


@pytest.mark.usefixtures("pin")
async def test_a_scrypt_hash_is_kept_with_a_salt_of_sixteen_bytes_and_its_cost(shop: Counter) -> None:
    kept = json.loads(await shop.ledger.switch("pin"))
    salt = bytes.fromhex(kept["salt"])
    assert kept == {
        "salt": salt.hex(),
        "cost": 2,
        "hash": hashlib.scrypt(PIN.encode(), salt=salt, n=2, r=8, p=1).hex(),
        "wrong": 0,
        "locked_until": None,
    }
    assert len(salt) == 16


async def test_tries_are_counted_until_one_is_right(shop: Counter, pin: Pin) -> None:
    for wrong in range(1, 6):
        await refused(pin, "wrong guess")
        kept = json.loads(await shop.ledger.switch("pin"))
        locked = (NOON + timedelta(minutes=1)).isoformat() if wrong == 5 else None
        assert (kept["wrong"], kept["locked_until"]) == (wrong, locked)
    shop.clock.pass_by(minutes=1)
    await pin.check(PIN, by="page")
    kept = json.loads(await shop.ledger.switch("pin"))
    assert (kept["wrong"], kept["locked_until"]) == (0, None)


async def test_who_does_not_know_it_is_told_so_and_later_how_long_it_is_locked(shop: Counter, pin: Pin) -> None:
    for _ in range(5):
        wrong = await refused(pin, "wrong guess")
        assert (
            str(wrong) == "forbidden: The PIN is wrong. Type it again; after wrong tries it is locked for a while."
        )
        assert wrong.retry_after_s is None
    shop.clock.pass_by(seconds=20)
    locked = await refused(pin, PIN)
    assert str(locked) == (
        "forbidden: The PIN is locked after wrong tries. Wait until 2026-11-20 12:01 UTC, then type it again."
    )
    assert locked.retry_after_s == 40.0


async def test_the_record_tells_of_every_try_and_who_made_it(shop: Counter, pin: Pin, tmp_path: Path) -> None:
    await refused(pin, "wrong guess")
    await pin.check(PIN, by="terminal")
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as file:
        events = file.execute("SELECT subject, note, by FROM events ORDER BY number").fetchall()
    assert events == [
        ("pin", "the PIN was set", "lee"),
        ("pin", "the PIN was tried", "page"),
        ("pin", "the PIN was tried", "terminal"),
        ("pin", "the PIN was right", "terminal"),
    ]


async def test_a_lock_of_a_day_holds_as_far_as_clocks_differ_and_no_longer_one_does_not(
    shop: Counter, pin: Pin
) -> None:
    """Hostile 76."""
    for _ in range(5):
        await refused(pin, "wrong guess")
    shop.clock.at -= timedelta(hours=23, minutes=59)
    assert (await refused(pin, PIN)).retry_after_s == 86_400.0
    shop.clock.at -= timedelta(minutes=2)
    assert (await refused(pin, PIN)).retry_after_s == 86_520.0
    shop.clock.at -= timedelta(seconds=1)
    await pin.check(PIN, by="page")
