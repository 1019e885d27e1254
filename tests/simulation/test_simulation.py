"""Thousands of seeded histories with everything that can go wrong; and each of the eight rules is needed."""

import os
import re
import subprocess
import sys

import pytest

from tests.simulation.play import first_broken, histories, play, story
from tests.simulation.rules_off import RULES


def test_a_slice_of_histories_pays_nothing_twice_and_loses_no_record() -> None:
    """The whole is ``make simulate``."""
    # Without this process's environment: counting lines would take longer than all else.
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--histories", "3000", "--seed", "0"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ": 0 broken\n" in done.stdout
    counts = {what: int(count) for count, what in re.findall(r"^ *(\d+)  (.+)$", done.stdout, re.MULTILINE)}
    # The slice is worth something only if these happened in it.
    for happened in (
        "crash",
        "stale read",
        "truncated read",
        "clock turned",
        "answer cut off",
        "answer unknown",
        "answer settling",
        "answer not_sent",
        "ends unknown",
        "ends manual",
        "ends not_applied",
        "ends void",
        "ends expired",
        "refused refund.open",
        "refused refund.duplicate",
        "refused refund.foreign",
        "refused refund.cap",
        "refused refund.frozen",
    ):
        assert counts[happened] > 0, happened
    assert counts["applied"] > 1000


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_switched_off_is_caught_and_does_harm(rule: int) -> None:
    """Caught as soon as the rule is broken, and again where only money paid twice or a wrong record counts."""
    seeds, what = first_broken(range(10_000), off=rule)
    assert what, f"rule {rule} ({RULES[rule]}) was not missed in {seeds} histories"
    print(f"without rule {rule} ({RULES[rule]}) history {seeds} breaks: {what}")
    seeds, what = first_broken(range(10_000), off=rule, only_harm=True)
    assert what, f"rule {rule} ({RULES[rule]}) did no harm in {seeds} histories"
    print(f"without rule {rule} history {seeds} does harm: {what}")


def test_a_history_is_the_same_whenever_it_is_told() -> None:
    assert story(17) == story(17)
    assert story(17) != story(18)
    seeds, what = first_broken(range(10_000), off=2)
    broken = story(seeds - 1, off=2)
    assert broken == story(seeds - 1, off=2)
    assert broken[-1] == f"history {seeds - 1}: {what}"


def test_a_history_is_the_same_in_another_process_and_without_its_story() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--replay", "29", "--without", "5"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert told.stdout.splitlines() == story(29, off=5)
    _, broken = histories([29], off=5)
    assert told.stdout.splitlines()[-1] == f"history 29: {dict(broken).get(29, 'nothing broke')}"


def test_many_histories_are_played_on_all_processors_and_a_broken_one_is_named(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert play(1, 120, processes=2, off=0) == 0
    assert "120 histories from seed 1" in capfd.readouterr().out
    assert play(1, 120, processes=2, off=2) == 1
    out = capfd.readouterr().out
    assert re.search(r"python -m tests\.simulation --replay 10000000\d\d --without 2", out)


@pytest.mark.parametrize("off", [1, 7])
def test_the_simulated_record_keeps_its_rules_until_they_are_switched_off(off: int) -> None:
    """What breaks without a rule must not break with it, in the very same histories."""
    _, without = histories(range(200), off=off)
    assert without
    assert histories(seed for seed, _ in without)[1] == []
