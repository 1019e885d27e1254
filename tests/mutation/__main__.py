"""``python -m tests.mutation [MODULE ...]``: makes every mistake, runs the tests, and names the survivors."""

import argparse
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import clawver_orders
from tests.mutation.mistakes import Mistake, mistakes
from tests.mutation.trial import Outcome, Trials, collected

_HERE = Path(__file__).parent
_ENGINE = "tests/refunds/"
_RECORD = (
    *(f"tests/ledger/test_{name}.py" for name in ("record", "kept", "sqlite", "file")),
    *(f"tests/ledger/test_{name}.py" for name in ("version", "looking", "received")),
    "tests/service/test_tokens.py",
)
_FORMS = "tests/server/test_forms.py"
_PIN = ("tests/approvals/test_pin.py", "tests/approvals/test_pin_kept.py")
_SHOWN = "tests/approvals/test_shown.py"
_DESK = (
    *(
        f"tests/desk/test_{name}.py"
        for name in ("moves", "refunds", "actions", "webhooks", "reconciling", "hanging")
    ),
    *("tests/desk/test_bad_record.py", "tests/refunds/test_limits.py"),
)
# Which tests may see a mistake. Those that start processes cannot: the mistake is in this one.
_SEEN_BY: dict[str, tuple[str, ...]] = {
    "money.py": ("tests/test_currencies.py", "tests/test_money.py"),
    "refunds/machine.py": (_ENGINE,),
    "refunds/rules.py": (_ENGINE,),
    "refunds/limits.py": (_ENGINE,),
    "refunds/actions.py": (_ENGINE,),
    "refunds/words.py": (_ENGINE,),
    "desk/moves.py": _DESK,
    "ledger/sqlite.py": _RECORD,
    "ledger/records.py": _RECORD,
    "ledger/tables.py": _RECORD,
    "approvals/__init__.py": (
        *(_SHOWN, "tests/approvals/test_actions_shown.py"),
        *("tests/approvals/test_pin.py", "tests/approvals/test_page.py"),
    ),
    "approvals/pin.py": _PIN,
    "server/forms.py": (_SHOWN, _FORMS),
}


def _listed() -> set[str]:
    """The survivors that are known; the file says why nothing is done about each."""
    kept = tomllib.loads((_HERE / "survivors.toml").read_text(encoding="utf-8"))
    return {f"{group['module']} {name}" for group in kept["survivors"] for name in group["names"]}


def _run(modules: list[str], processes: int, limit_s: float) -> int:
    package = Path(clawver_orders.__file__).parent
    started = time.monotonic()
    work = {mistake: _SEEN_BY[module] for module in modules for mistake in mistakes(package, module)}
    made = Counter(mistake.module for mistake in work)
    listed = {name for name in _listed() if name.partition(" ")[0] in modules}
    survivors: list[Mistake] = []
    late: list[Mistake] = []

    def tell(outcome: Outcome) -> None:
        mistake = outcome.mistake
        if outcome.late:
            late.append(mistake)
            print(f"seen by a test that did not end in time: {mistake.name}", flush=True)
        if not outcome.seen:
            survivors.append(mistake)
            if mistake.name not in listed:
                place = f"line {mistake.lines.start}, {outcome.tests} tests run it"
                print(f"survived, and not in survivors.toml: {mistake.name} ({place})", flush=True)

    trials = Trials(package, work, tell, processes=processes, limit_s=limit_s)
    if collected(sorted({place for places in work.values() for place in places}), trials):
        return 1
    survived = Counter(mistake.module for mistake in survivors)
    for module, count in [*made.items(), ("all", made.total())]:
        left = survived.total() if module == "all" else survived[module]
        print(f"{module:24} {count - left:5} of {count:5} seen, {1 - left / count:.1%}")
    print(f"in {time.monotonic() - started:.0f} s; {len(late)} of them by a test that did not end in time")
    names = {mistake.name for mistake in survivors}
    # A test that hung on a busy machine says nothing of a mistake that is known to survive.
    gone = listed - names - {mistake.name for mistake in late}
    for name in sorted(gone):
        print(f"in survivors.toml, but no survivor: {name}")
    return 1 if gone or names - listed else 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(_SEEN_BY), metavar="MODULE")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=float, default=300.0, metavar="SECONDS")
    chosen = parser.parse_args()
    return _run(chosen.modules, chosen.processes, chosen.limit)


if __name__ == "__main__":
    sys.exit(main())
