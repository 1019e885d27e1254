"""``python -m tests.outage --database URL --control COMMAND``: prints what came of it; 1 where something is wrong.

The database must be new. COMMAND is ``pg_ctl`` with all that starts and stops that server. With ``--hosts`` the
desks are in these network namespaces, whose interface to the database is called eth0.
"""

import argparse
import sys

from tests.outage import Storm, storm


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.outage")
    parser.add_argument("--database", required=True)
    parser.add_argument("--control", required=True)
    parser.add_argument("--hosts", default="")
    parser.add_argument("--desks", type=int, default=6)
    parser.add_argument("--orders", type=int, default=80)
    parser.add_argument("--harms", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    hosts = tuple(filter(None, options.hosts.split(",")))
    outcome = storm(
        Storm(
            options.database,
            options.control,
            hosts,
            options.desks,
            options.orders,
            options.harms,
            options.seed,
        )
    )
    for sentence in outcome.wrong[:20]:
        print(f"wrong: {sentence}")
    harmed = ", ".join(f"{what} {times} times" for what, times in sorted(outcome.harmed.items()))
    states = ", ".join(f"{times} {state}" for state, times in sorted(outcome.states.items()))
    print(
        f"{options.desks} desks on {max(len(hosts), 1)} host(s), {options.orders} orders, {outcome.seconds:.0f} s: "
        f"{harmed}; {outcome.paid} refunds, {outcome.posts} POSTs; "
        f"{outcome.unknown} were unknown meanwhile; at the end: {states}; {len(outcome.wrong)} wrong"
    )
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
