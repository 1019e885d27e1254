"""``python -m tests.race --processes 24 --rounds 100 [--database URL]``: race on a new record in a file, or there.

The database must be new, too. Prints what happened; 1 where something was wrong.
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from clawver_orders.ledger import SqliteLedger, SqlLedger
from clawver_orders.ledger.postgres import PostgresLedger
from tests.ledgers import Address
from tests.race import race


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.race")
    parser.add_argument("--processes", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--database", default="", help="the address of a new PostgreSQL database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:

        def open_ledger() -> SqlLedger:
            now = lambda: datetime.now(UTC)  # noqa: E731 - a clock
            if options.database:
                return PostgresLedger(Address(options.database), now)
            return SqliteLedger(Path(directory), now)

        outcome = race(open_ledger, processes=options.processes, rounds=options.rounds)
    for sentence in outcome.wrong[:20]:
        print(f"wrong: {sentence}")
    calls = ", ".join(f"{count:,} {name}" for name, count in outcome.calls.most_common())
    kind = "PostgreSQL" if options.database else "SQLite"
    print(
        f"{kind}, {outcome.processes} processes x {outcome.rounds} rounds, {outcome.seconds:.0f} s: "
        f"{outcome.refunds} refunds of {4 * outcome.rounds} asked for, {outcome.posts} POSTs, "
        f"{outcome.confirmed} confirmations, {len(outcome.wrong)} wrong; calls: {calls}"
    )
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
