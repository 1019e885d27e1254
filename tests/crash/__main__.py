"""``python -m tests.crash --runs 600 --seed 1``: kill desks, compare the books, print a table.

Exit status 1 where something is wrong. ``--only INDEX`` repeats one run of a seed and prints all of it.
"""

import argparse
import gc
import importlib
import json
import os
import sys
import time
import traceback
from collections import Counter, defaultdict
from dataclasses import asdict
from typing import Any

import anyio

from tests.crash.points import POINTS
from tests.crash.runs import FAULTS, plan, run
from tests.crash.shop import open_shop


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    began = time.monotonic()
    warm_up()
    if options.only is not None:
        outcomes = _work(options.seed, [options.only])
        print(json.dumps(outcomes, indent=2))
    else:
        outcomes = _shared(options.seed, options.runs, options.workers)
        _print_table(outcomes)
    wrong = [outcome for outcome in outcomes if outcome["wrong"]]
    for outcome in wrong[:20]:
        print(f"\nrun {outcome['plan']['index']} of seed {options.seed}: {outcome['plan']}")
        for sentence in outcome["wrong"]:
            print(f"  {sentence}")
        print(f"  again: python -m tests.crash --seed {options.seed} --only {outcome['plan']['index']}")
    kills = Counter(point for outcome in outcomes for point in outcome["killed"])
    never = (
        [point for point in POINTS if not kills[point]]
        if options.only is None and options.runs >= 2 * len(POINTS)
        else []
    )
    if options.only is None:
        twice = sum(len(outcome["killed"]) > 1 for outcome in outcomes)
        print(
            f"\n{len(outcomes)} runs, seed {options.seed}, {time.monotonic() - began:.0f} s: "
            f"{kills.total()} SIGKILLs at {len(kills)} of {len(POINTS)} points under {len(FAULTS)} faults, "
            f"recovery killed too in {twice}; {len(wrong)} violations"
        )
    if never:
        print("never killed at: " + ", ".join(never))
    return 1 if wrong or never or (options.only is None and len(outcomes) != options.runs) else 0


def warm_up() -> None:
    """Load what a desk loads at its first call: before the forks, and not in each of them."""
    anyio.run(anyio.sleep, 0)
    for name in ("httpcore2", "httpcore2._async.connection_pool", "anyio.streams.tls", "anyio.to_thread"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _work(seed: int, indexes: list[int]) -> list[dict[str, Any]]:
    shop = open_shop(seed)
    try:
        return [asdict(run(plan(seed, index), shop)) for index in indexes]
    finally:
        shop.close()


def _shared(seed: int, runs: int, workers: int) -> list[dict[str, Any]]:
    """The runs, dealt out to processes that were forked from this one after its imports."""
    readers = []
    for worker in range(workers):
        reader, writer = os.pipe()
        if os.fork() == 0:
            status = 1
            try:
                with os.fdopen(writer, "w") as pipe:
                    json.dump(_work(seed, list(range(worker, runs, workers))), pipe)
                status = 0
            except BaseException:  # noqa: BLE001 - the table shows that runs are missing
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(writer)
        readers.append(os.fdopen(reader))
    outcomes: list[dict[str, Any]] = []
    for pipe in readers:
        with pipe:
            text = pipe.read()
        outcomes += json.loads(text) if text else []
    for _ in range(workers):
        os.wait()
    return sorted(outcomes, key=lambda outcome: int(outcome["plan"]["index"]))


def _print_table(outcomes: list[dict[str, Any]]) -> None:
    kills = Counter(point for outcome in outcomes for point in outcome["killed"])
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for outcome in outcomes:
        runs[outcome["plan"]["point"]].append(outcome)
    print(f"{'point':40} {'runs':>5} {'kills':>5} {'paid':>5} {'sent':>5} {'wrong':>5}  states at the end")
    for point in POINTS:
        of = runs[point]
        states = Counter(state for outcome in of for state in outcome["states"])
        print(
            f"{point:40} {len(of):5} {kills[point]:5} {sum(o['paid'] for o in of):5} "
            f"{sum(o['posts'] for o in of):5} {sum(bool(o['wrong']) for o in of):5}  "
            + ", ".join(f"{state} {count}" for state, count in sorted(states.items()))
        )


if __name__ == "__main__":
    sys.exit(main())
