"""A slice of the race on each run; ``make race`` runs all of it."""

import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio

from clawver_orders.ledger import SqliteLedger
from tests.ledger.test_record import prepared, stored
from tests.refunds.book import NOON


def test_racing_processes_pay_each_refund_once_and_none_is_told_of_a_lock() -> None:
    """Hostile 16: the same refund and others of one order, eight processes at once on one record."""
    command = [sys.executable, "-m", "tests.race", "--processes", "8", "--rounds", "3"]
    # Without this process's environment, so that coverage does not follow into all of them.
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 refunds of 12 asked for, 12 POSTs, 12 confirmations, 0 wrong" in done.stdout


def test_a_record_that_was_used_before_a_fork_is_used_by_all_after_it(tmp_path: Path) -> None:
    """Hostile 75: no connection, lock or file is shared with a child."""
    ledger = SqliteLedger(tmp_path, lambda: NOON)
    first, *others = (replace(prepared(), id=f"R-{number:08}") for number in range(5))
    anyio.run(stored, ledger, first)
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=anyio.run, args=(stored, ledger, move)) for move in others]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert {move.id for move in anyio.run(ledger.find)} == {first.id, *(move.id for move in others)}
    assert anyio.run(ledger.verify) == ()
