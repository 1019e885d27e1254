"""Plays many histories on all processors, or one again with its story."""

import argparse
import os
import sys

from tests.simulation.play import play, story


def main() -> int:
    """Run the command line; 0 where nothing broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--replay", type=int, metavar="HISTORY", help="tell one history again")
    parser.add_argument(
        "--without", type=int, default=0, choices=range(9), help="switch one of the eight rules off"
    )
    given = parser.parse_args()
    if given.replay is not None:
        print("\n".join(story(given.replay, given.without)))
        return 0
    return play(given.seed, given.histories, given.processes, given.without)


if __name__ == "__main__":
    sys.exit(main())
