"""A slice of the race on each run; ``make race`` runs all of it."""

import subprocess
import sys


def test_racing_processes_pay_each_refund_once_and_none_is_told_of_a_lock() -> None:
    """Hostile 16: the same refund and others of one order, eight processes at once on one record."""
    command = [sys.executable, "-m", "tests.race", "--processes", "8", "--rounds", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 refunds of 12 asked for, 12 POSTs, 12 confirmations, 0 wrong" in done.stdout
