"""Hostile 65: a slice of ``make crash``; a run for each point."""

import subprocess
import sys

from tests.crash.points import POINTS


def test_a_desk_that_is_killed_anywhere_neither_pays_twice_nor_loses_a_refund() -> None:
    command = [sys.executable, "-m", "tests.crash", "--runs", str(len(POINTS)), "--seed", "7"]
    # Without this process's environment, so that coverage does not follow into what is killed.
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "; 0 violations" in done.stdout
