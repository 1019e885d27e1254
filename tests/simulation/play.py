"""Many histories on all processors, and one told again."""

import gc
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from tests.simulation.history import History
from tests.simulation.rules_off import switched_off
from tests.simulation.world import simulated

# Seeds of different runs are different histories.
OF_A_RUN: Final = 10**9
_AT_ONCE: Final = 500


def histories(seeds: Iterable[int], *, off: int = 0) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Play these: what was counted, and which broke, and how."""
    counts: Counter[str] = Counter()
    broken: list[tuple[int, str]] = []
    with simulated() as use, switched_off(off):
        for seed in seeds:
            outcome = History(seed, use, off=off).run()
            counts.update(outcome.counts)
            if outcome.broken:
                broken.append((seed, outcome.broken))
    return counts, broken


def first_broken(seeds: Iterable[int], *, off: int, only_harm: bool = False) -> tuple[int, str]:
    """Play until one breaks: how many that took, and how it broke; empty where none did."""
    number = 0
    with simulated() as use, switched_off(off):
        for number, seed in enumerate(seeds, 1):
            if broken := History(seed, use, off=off, only_harm=only_harm).run().broken:
                return number, broken
    return number, ""


def story(seed: int, off: int = 0) -> list[str]:
    """Tell one history: all that happened, line by line."""
    with simulated() as use, switched_off(off):
        outcome = History(seed, use, off=off, told=True).run()
    return [*outcome.story, f"history {seed}: {outcome.broken or 'nothing broke'}"]


def play(run: int, number: int, processes: int, off: int) -> int:
    """Play histories and print what they came to."""
    started = time.monotonic()
    counts: Counter[str] = Counter()
    broken: list[tuple[int, str]] = []
    done = 0
    first = run * OF_A_RUN
    chunks = [(seed, min(seed + _AT_ONCE, first + number), off) for seed in range(first, first + number, _AT_ONCE)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for played, chunk_counts, chunk_broken in pool.imap_unordered(_chunk, chunks):
            before = done * 20 // number
            done += played
            counts.update(chunk_counts)
            broken += chunk_broken
            for seed, what in chunk_broken:
                print(f"history {seed}: {what}", flush=True)
            if done * 20 // number > before:
                rate = done / (time.monotonic() - started)
                print(f"{done} of {number}, {rate:.0f} a second", file=sys.stderr, flush=True)
        pool.close()
        pool.join()
    seconds = time.monotonic() - started
    print(f"{number} histories from seed {run} in {seconds:.0f} s: {len(broken)} broken")
    for line in _summary(counts):
        print(line)
    for seed, _ in sorted(broken)[:10]:
        print(f"tell it again: python -m tests.simulation --replay {seed}" + (f" --without {off}" if off else ""))
    return 1 if broken else 0


def _chunk(chunk: tuple[int, int, int]) -> tuple[int, Counter[str], list[tuple[int, str]]]:
    first, end, off = chunk
    # What refers to itself is thrown away with each history; looking for it at every turn costs more than it frees.
    gc.set_threshold(100_000)
    return end - first, *histories(range(first, end), off=off)


def _summary(counts: Counter[str]) -> Iterator[str]:
    for what in sorted(counts):
        yield f"{counts[what]:>12}  {what}"
