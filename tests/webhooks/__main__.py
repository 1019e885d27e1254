"""Forge deliveries of all vendors: ``python -m tests.webhooks --count 1000000 --seed 1``, or ``make forge``."""

import argparse
import sys

from tests.webhooks.forging import told


def main() -> int:
    parser = argparse.ArgumentParser(description="Forge deliveries, and see that none passes.")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    words, well = told(given.count, given.seed)
    print(words)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
