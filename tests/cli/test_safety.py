"""The switch that stops all money, the PIN, and the check of the record, as a person types them."""

from functools import partial
from pathlib import Path

import anyio
import pytest

from clawver_orders.errors import RefundError
from clawver_orders.ledger import FILE_NAME
from clawver_orders.refunds.machine import State
from tests.cli.joints import counter
from tests.cli.terminal import at_a_terminal, environment, without_a_terminal
from tests.counter import YES, Counter

PIN = "example pin 1"
UNFREEZE = "Type unfreeze"


@pytest.fixture
def shop(tmp_path: Path) -> Counter:
    return counter(tmp_path)


def prepared(shop: Counter) -> str:
    return anyio.run(partial(shop.prepared, "5.00 USD", reason="arrived torn")).refund_id


def state(shop: Counter, move_id: str) -> State:
    move = anyio.run(shop.ledger.get, move_id)
    assert move
    return move.state


def test_anybody_may_freeze_and_only_a_person_unfreezes(shop: Counter, tmp_path: Path) -> None:
    move_id, environ = prepared(shop), environment(tmp_path)
    assert without_a_terminal(("freeze",), environ).returncode == 0
    with pytest.raises(RefundError, match="frozen"):
        anyio.run(shop.desk.execute_refund, move_id, YES)
    assert "FROZEN" in without_a_terminal(("refunds", "list"), environ).stdout
    assert without_a_terminal(("unfreeze",), environ, piped="unfreeze\n").returncode == 2
    status, shown = at_a_terminal(("unfreeze",), environ, asked=UNFREEZE, typed="yes\n")
    assert (status, "Nothing was changed." in shown) == (1, True)
    with pytest.raises(RefundError, match="frozen"):
        anyio.run(shop.desk.execute_refund, move_id, YES)
    assert at_a_terminal(("unfreeze",), environ, asked=UNFREEZE, typed="unfreeze\n")[0] == 0
    assert anyio.run(shop.desk.execute_refund, move_id, YES).state is State.SUCCEEDED


def choose(environ: dict[str, str], first: str, second: str) -> tuple[int, str]:
    asked = "New PIN, at least 8 characters:"
    return at_a_terminal(
        ("pin", "set"), environ, asked=asked, typed=f"{first}\n", then=[("Once more:", f"{second}\n")]
    )


def test_a_pin_is_chosen_twice_alike_and_not_shown(shop: Counter, tmp_path: Path) -> None:
    move_id, environ = prepared(shop), environment(tmp_path)
    assert without_a_terminal(("pin", "set"), environ, piped=f"{PIN}\n{PIN}\n").returncode == 2
    assert "Nothing was changed." in choose(environ, PIN, f"{PIN}x")[1]
    status, shown = choose(environ, "short", "short")
    assert (status, "at least 8 characters" in shown) == (2, True)
    status, shown = choose(environ, PIN, PIN)
    assert (status, PIN in shown) == (0, False)
    asked = partial(at_a_terminal, ("approve", move_id), environ, asked="Type the amount", typed="5.00 USD\n")
    assert asked(then=[("PIN:", "not the pin\n")])[0] == 1
    assert state(shop, move_id) is State.PREPARED
    assert asked(then=[("PIN:", f"{PIN}\n")])[0] == 0
    assert state(shop, move_id) is State.CONFIRMED


def test_the_record_is_checked_and_damage_is_told(shop: Counter, tmp_path: Path) -> None:
    prepared(shop)
    whole = without_a_terminal(("refunds", "verify"), environment(tmp_path))
    assert (whole.returncode, whole.stdout.startswith("ok")) == (0, True)
    record = tmp_path / FILE_NAME
    record.write_bytes(record.read_bytes().replace(b"arrived torn", b"arrived TORN"))
    harmed = without_a_terminal(("refunds", "verify"), environment(tmp_path))
    assert harmed.returncode == 1
    assert "FAILED" in harmed.stdout
    assert "Restore the record from a copy" in harmed.stdout
