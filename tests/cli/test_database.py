"""``db check``, ``db upgrade`` and ``db move``, as they are typed; the database itself is proved in tests/prove."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from clawver_orders.ledger import FILE_NAME, VERSION
from tests.cli.terminal import environment, without_a_terminal

OLD = Path("tests/fixtures/ledger/version-1.sql").read_text()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def typed(state: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return without_a_terminal(("db", *words), environment(state, **variables))


def made(state: Path, *statements: str) -> Path:
    """A record of version 1, and what was done to it since."""
    state.mkdir(mode=0o700)
    with closing(sqlite3.connect(state / FILE_NAME)) as raw:
        raw.executescript(OLD)
        for statement in statements:
            raw.execute(statement)
        raw.commit()
    return state / FILE_NAME


def test_a_check_where_there_is_no_record_is_fine_and_makes_none(state: Path) -> None:
    told = typed(state, "check")
    assert (told.returncode, told.stderr) == (0, "")
    assert f"The file {state / FILE_NAME}: none yet" in told.stdout
    assert not state.exists()


def test_a_check_of_an_old_record_says_what_to_run_and_leaves_it_old(state: Path) -> None:
    made(state)
    for _ in range(2):
        told = typed(state, "check")
        assert told.returncode == 1
        assert (
            f"1, and this program's is {VERSION}. Keep a copy, then run: clawver-orders db upgrade." in told.stdout
        )


def test_an_upgrade_says_from_where_to_where_once_and_a_check_is_fine_then(state: Path) -> None:
    made(state)
    assert typed(state, "upgrade").stdout.splitlines()[0].endswith(f"From version 1 to {VERSION}.")
    again = typed(state, "upgrade")
    assert "From version" not in again.stdout
    told = typed(state, "check")
    assert (again.returncode, told.returncode) == (0, 0)
    assert again.stdout == told.stdout
    assert "1 refunds and other writes, 2 lines of history, 0 events of shops. Its head: 90b30cdd" in told.stdout


def test_a_record_of_a_newer_program_is_neither_checked_nor_changed(state: Path) -> None:
    """Hostile 72."""
    file = made(state, f"PRAGMA user_version = {VERSION + 1}")
    before = file.read_bytes()
    told = typed(state, "check")
    assert told.returncode == 1
    assert f"{VERSION + 1}, and this program's is {VERSION}. Update clawver-orders." in told.stdout
    assert typed(state, "upgrade").returncode == 2
    assert file.read_bytes() == before


def test_a_record_that_was_changed_by_hand_is_named(state: Path) -> None:
    made(state, "UPDATE moves SET move = replace(move, 'torn', 'worn')")
    told = typed(state, "upgrade")
    assert told.returncode == 1
    assert "FAILED  whole                  R-KMNPQRST is not as its last event left it." in told.stdout
    assert "Restore the record from a copy" in told.stdout


def test_a_record_that_cannot_be_read_is_2(state: Path) -> None:
    state.mkdir()
    (state / FILE_NAME).write_bytes(b"not a database, but as long as one" * 400)
    told = typed(state, "check")
    assert told.returncode == 2
    assert "cannot be used (DatabaseError). Nothing is sent without it." in told.stdout


def test_a_move_needs_a_database_in_the_settings(state: Path) -> None:
    made(state)
    told = typed(state, "move")
    assert told.returncode == 2
    assert "database_url" in told.stderr


def test_a_move_to_a_database_that_is_away_leaves_the_file_in_use(state: Path) -> None:
    file = made(state)
    before = file.read_bytes()
    (state / "settings.toml").write_text('[state]\ndatabase_url = "postgresql+psycopg://desk@127.0.0.1:1/orders"\n')
    told = typed(state, "move", "--config", str(state / "settings.toml"))
    assert told.returncode == 2
    assert "cannot be used (OperationalError)" in told.stderr
    assert "127.0.0.1" not in told.stderr
    assert file.read_bytes() == before


def test_the_sandbox_has_a_record_of_its_own(state: Path) -> None:
    told = typed(state, "check", "--sandbox")
    assert told.returncode == 0
    assert str(state / "sandbox" / FILE_NAME) in told.stdout
