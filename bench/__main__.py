"""Measures the desk beside what it is compared to, and prints figures, ratios and budgets.

Exits with 1 where a budget is exceeded that is the same in each run: tokens, number of tools, imports. Times and
memory are printed and judged, but a busy machine fails nothing.
"""

import argparse
import logging
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import anyio

from bench import calls, scene, size, start, work
from bench.figure import Figure, judged, table


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each thing is measured."""

    starts: int = 8
    rounds: int = 30
    calls: int = 40
    orders: int = 15
    refunds: int = 100
    watched: int = 20_000


_FULL = Effort()
_QUICK = Effort(starts=1, rounds=4, calls=25, orders=3, refunds=10, watched=300)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few runs of each, for a look")
    effort = _QUICK if parser.parse_args().quick else _FULL
    logging.disable(logging.WARNING)
    began = time.monotonic()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, medians, runs by turns.\n")
    figures = anyio.run(_measured_here, effort)
    order_id, body = anyio.run(scene.order_of_sandbox)
    with scene.scene(order_id, body) as stage:
        found, unwanted = size.imported(*stage.look_into())
        figures += _printed("Imports at start", [found])
        if unwanted:
            print(f"  {', '.join(unwanted)}\n")
        figures += _printed(f"Start, {effort.starts} times", start.figures(stage, effort.starts))
        figures += _printed("Warm calls over stdio", calls.figures(stage, effort.rounds, effort.calls))
        figures += _printed("Memory", calls.memory(stage, effort.watched))
    print(f"{time.monotonic() - began:.0f} s in all.")
    return judged(figures)


async def _measured_here(effort: Effort) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        figures = _printed("Size, in o200k_base tokens", await size.figures(Path(name)))
    return figures + _printed("Work", await work.figures(effort.orders, effort.refunds))


def _printed(title: str, figures: list[Figure]) -> list[Figure]:
    print(table(title, figures), flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
