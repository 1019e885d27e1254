"""The PIN: eight characters or more, kept as a hash, slowed and locked, and what follows from having one."""

import json
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from clawver_orders import approvals
from clawver_orders.approvals.pin import Pin
from clawver_orders.errors import ForbiddenError, InvalidArgument
from tests.approvals.browsing import PIN
from tests.counter import Clock, Counter, open_counter

pytestmark = pytest.mark.anyio

WRONG = "wrong guess"


@pytest.fixture
def shop(tmp_path: Path) -> Counter:
    return open_counter(tmp_path, trust_forms=None)


@pytest.fixture
async def pin(shop: Counter) -> Pin:
    chosen = approvals.pin_of(shop.desk)
    await chosen.choose(PIN, by="lee")
    return chosen


async def outcome(pin: Pin, given: str) -> str:
    try:
        await pin.check(given, by="test")
    except ForbiddenError as error:
        return "wrong" if error.retry_after_s is None else f"locked {error.retry_after_s:.0f}"
    return "right"


@pytest.mark.parametrize("short", ["", "1234567", "密码" * 3, " 1234567 ", " " * 8])
async def test_a_short_one_is_refused_and_nothing_is_kept(shop: Counter, short: str) -> None:
    with pytest.raises(InvalidArgument, match="at least 8"):
        await approvals.pin_of(shop.desk).choose(short, by="lee")
    assert not await approvals.pin_of(shop.desk).is_set()
    # Without one, anything passes: there is nothing to guard.
    await approvals.pin_of(shop.desk).check("", by="lee")


@pytest.mark.parametrize("chosen", ["12345678", PIN, "密码" * 4, "x" * 4000])
async def test_only_the_same_characters_pass(shop: Counter, chosen: str) -> None:
    pin = approvals.pin_of(shop.desk)
    await pin.choose(chosen, by="lee")
    assert await outcome(pin, chosen) == "right"
    assert await outcome(pin, chosen[:-1]) == "wrong"
    assert await outcome(pin, chosen + "x") == "wrong"


async def test_it_is_the_same_however_a_keyboard_composed_it(shop: Counter) -> None:
    pin = approvals.pin_of(shop.desk)
    await pin.choose("caf\u00e9 \uff11\uff12\uff13\uff14", by="lee")
    assert await outcome(pin, "  cafe\u0301 1234\n") == "right"
    assert await outcome(pin, "caf\udce9 1234") == "wrong"


async def test_the_record_holds_a_hash_that_differs_each_time(shop: Counter, pin: Pin, tmp_path: Path) -> None:
    first = await shop.ledger.switch("pin")
    assert PIN not in first
    assert PIN.encode() not in (tmp_path / "ledger.sqlite3").read_bytes()
    await pin.choose(PIN, by="lee")
    assert await shop.ledger.switch("pin") != first
    assert await shop.ledger.verify() == ()


async def test_a_changed_one_replaces_the_old(pin: Pin) -> None:
    await pin.choose("another horse", by="lee")
    assert await outcome(pin, PIN) == "wrong"
    assert await outcome(pin, "another horse") == "right"


async def test_wrong_tries_lock_it_for_twice_as_long_each_time_up_to_a_day(shop: Counter, pin: Pin) -> None:
    assert [await outcome(pin, WRONG) for _ in range(5)] == ["wrong"] * 5
    locked = 60
    for _ in range(14):
        assert await outcome(pin, PIN) == f"locked {locked}"
        shop.clock.pass_by(seconds=locked - 1)
        assert await outcome(pin, PIN) == "locked 1"
        shop.clock.pass_by(seconds=1)
        assert await outcome(pin, WRONG) == "wrong"
        locked = min(2 * locked, 86_400)
    assert locked == 86_400
    # At a desk whose clock is behind it is not over.
    shop.clock.at -= timedelta(minutes=2)
    assert await outcome(pin, PIN) == "locked 86520"
    shop.clock.at += timedelta(minutes=2)
    shop.clock.pass_by(days=1)
    assert await outcome(pin, PIN) == "right"


async def test_the_right_one_forgives_what_was_wrong_before(pin: Pin) -> None:
    for _ in range(3):
        assert [await outcome(pin, WRONG) for _ in range(4)] == ["wrong"] * 4
        assert await outcome(pin, PIN) == "right"


async def test_many_tries_at_once_are_counted_before_they_are_judged(pin: Pin) -> None:
    outcomes: list[str] = []

    async def attempt(given: str) -> None:
        outcomes.append(await outcome(pin, given))

    async with anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(attempt, WRONG)
    assert outcomes.count("wrong") == 5
    assert sum(one.startswith("locked") for one in outcomes) == 35


async def test_a_clock_set_back_lengthens_a_lock_by_no_more_than_a_day(shop: Counter, pin: Pin) -> None:
    """Hostile 76."""
    for _ in range(5):
        await outcome(pin, WRONG)
    shop.clock.at -= timedelta(hours=2)
    assert await outcome(pin, PIN) == "locked 7260"
    shop.clock.at -= timedelta(days=3650)
    # A lock that a clock set in the future would never end; a wrong try locks anew, by the clock as it is now.
    assert await outcome(pin, WRONG) == "wrong"
    assert await outcome(pin, PIN) == "locked 120"


async def test_a_lock_survives_a_restart_and_holds_for_every_desk(tmp_path: Path, shop: Counter, pin: Pin) -> None:
    for _ in range(5):
        await outcome(pin, WRONG)
    other = open_counter(tmp_path, clock=Clock(shop.clock.at), sandbox=shop.sandbox)
    assert await outcome(approvals.pin_of(other.desk), PIN) == "locked 60"


@pytest.mark.parametrize(
    ("said", "with_pin", "counts"),
    [(None, False, True), (None, True, False), (True, True, True), (False, False, False), (False, True, False)],
)
async def test_forms_count_until_a_pin_is_set_unless_the_settings_say_so(
    tmp_path: Path, said: bool | None, with_pin: bool, counts: bool
) -> None:
    shop = open_counter(tmp_path, trust_forms=said, allowed_hosts=frozenset({"hooks.example"}))
    if with_pin:
        await approvals.pin_of(shop.desk).choose(PIN, by="lee")
    refund = await shop.prepared()
    hook = {"url": "https://hooks.example/in", "events": ("order.paid",)}
    assert (await approvals.question(shop.desk, refund_id=refund.refund_id) is not None) is counts
    assert (await approvals.webhook_question(shop.desk, store="", **hook) is not None) is counts  # type: ignore[arg-type]


async def test_a_hash_says_what_it_cost_and_a_real_one_costs_64_megabytes(
    shop: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap = approvals.pin_of(shop.desk)
    await cheap.choose(PIN, by="lee")
    monkeypatch.undo()
    # One that was made when it cost less, or will be made when it costs more, is still known.
    assert await outcome(cheap, PIN) == "right"
    await cheap.choose(PIN, by="lee")
    kept = json.loads(await shop.ledger.switch("pin"))
    assert kept["cost"] * 8 * 128 == 64 * 2**20
    assert await outcome(cheap, PIN) == "right"
    assert await outcome(cheap, WRONG) == "wrong"
