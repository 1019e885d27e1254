"""One run: a desk is killed, another recovers and may be, a last one reconciles; then the books are compared."""

import faulthandler
import json
import os
import random
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.crash.life import Life, live
from tests.crash.points import ANY_MOMENT, FORM, LATER, POINTS, SENDING
from tests.crash.shop import Shop

FAULTS: Final = (
    "",
    "refund:timeout-before:1",
    "refund:timeout-after:1",
    "refund:timeout-late:1,reads=3",
    "refund:reset-before:1",
    "refund:reset-after:1",
    "refund:close-after:1",
    "refund:truncated:1",
    "refund:cut:1",
    "refund:slow:1,delay=0.05",
    "refund:500-before:1",
    "refund:502-after:1",
    "refund:html-after:1",
    "refund:403-before:1",
    "refund:429-before:1",
    "refund:302-after:1",
    "refund:stale:1,reads=3",
    "get:503-before:2",
)
_NO_MONEY: Final = frozenset({"not_sent", "rejected", "void", "expired", "declined", "not_applied"})


@dataclass(frozen=True)
class Plan:
    """What happens in one run; the same seed and index make the same plan."""

    index: int
    point: str
    fault: str
    first: str
    again: str
    later_s: float
    full: bool
    reworded: bool
    delay_s: float


@dataclass(frozen=True)
class Outcome:
    """How it ended."""

    plan: Plan
    killed: tuple[str, ...]
    states: tuple[str, ...]
    paid: int
    posts: int
    wrong: tuple[str, ...]


def plan(seed: int, index: int) -> Plan:
    """All points in turn, and with each turn of the points another fault for each."""
    dice = random.Random(f"{seed}:{index}")
    turn, place = divmod(index, len(POINTS))
    point = POINTS[place]
    fault = FAULTS[(turn + place) % len(FAULTS)]
    first, again, later_s = point, "", dice.choice((0.0, 31.0, 60.0, 360.0, 1000.0))
    if point in LATER:
        first, again, later_s = dice.choice(SENDING), point, dice.choice((31.0, 60.0, 1000.0))
        if point.startswith("expire"):
            first, later_s = FORM, 1000.0
        elif point.startswith("refused"):
            first = "execute: told"
    elif dice.random() < 0.5:
        again = dice.choice(POINTS)
    return Plan(
        index=index,
        point=point,
        fault=fault,
        first=first,
        again=again,
        later_s=later_s,
        full=dice.random() < 0.3,
        reworded=dice.random() < 0.5,
        delay_s=dice.uniform(0.005, 0.09),
    )


def run(planned: Plan, shop: Shop) -> Outcome:
    """Run it against a shop that nobody else talks to."""
    root = Path(tempfile.mkdtemp(prefix="crash-"))
    try:
        shop.forget_requests()
        shop.faults(*filter(None, [planned.fault]))
        first = Life(
            "first",
            root / "state",
            shop.url,
            shop.new_order(),
            "full" if planned.full else "1.00 USD",
            point=planned.first,
        )
        killed, wrong = _lived(first, planned.delay_s)
        again = replace(
            first, kind="again", point=planned.again, later_s=planned.later_s, reworded=planned.reworded
        )
        more_killed, again_wrong = _lived(again, planned.delay_s)
        wrong += again_wrong
        shop.faults()
        last = replace(again, kind="last", point="", later_s=planned.later_s + 7200.0)
        _, last_wrong = _lived(last, 0.0)
        refunds = shop.refunds(first.order_id)
        if "late" in planned.fault:
            # What the shop did after that look is seen by another.
            _, more_wrong = _lived(replace(last, later_s=last.later_s + 1800.0), 0.0)
            last_wrong += more_wrong
        told = [json.loads(line) for line in (root / "told").read_text().splitlines()]
        wrong += last_wrong
        record = {"moves": [], "wrong": []} if wrong else json.loads((root / "record").read_text())
        posts = Counter(_marker(request["body"]["reason"]) for request in shop.requests() if _is_refund(request))
        wrong = wrong or judged(record, refunds, posts, told)
        return Outcome(
            planned,
            tuple(killed + more_killed),
            tuple(move["state"] for move in record["moves"]),
            len(refunds),
            posts.total(),
            tuple(wrong),
        )
    finally:
        shutil.rmtree(root)


def judged(
    record: dict[str, Any], refunds: list[dict[str, Any]], posts: Counter[str], told: list[dict[str, str]]
) -> list[str]:
    """What is wrong between the record, the shop's own books and what was told: a sentence each."""
    moves = {move["id"]: move for move in record["moves"]}
    paid = Counter(_marker(refund["reason"]) for refund in refunds)
    wrong = [f"the record: {sentence}" for sentence in record["wrong"]]
    if len(refunds) > 1:
        wrong.append(f"DOUBLE: the shop refunded {len(refunds)} times")
    wrong += [f"DOUBLE: {marker} was sent {times} times" for marker, times in posts.items() if times > 1]
    for marker in posts:
        if marker not in moves:
            wrong.append(f"LOST: {marker} was sent, and the record does not know it")
        elif moves[marker]["sent_at"] is None:
            wrong.append(f"LOST: {marker} was sent without a claim")
    for marker, move in moves.items():
        if paid[marker] and move["state"] != "succeeded":
            wrong.append(f"{marker} was refunded, and after a look the record says {move['state']}")
        if not paid[marker] and move["state"] == "succeeded":
            wrong.append(f"{marker} was not refunded, and the record says succeeded")
    for line in told:
        if "id" not in line:
            continue
        final = moves.get(line["id"], {"state": "nothing"})["state"]
        if line["state"] in _NO_MONEY | {"succeeded"} and final != line["state"]:
            wrong.append(f"{line['id']} was told {line['state']}, and is {final}")
    return wrong


def _lived(life: Life, delay_s: float) -> tuple[list[str], list[str]]:
    """Live it in a process of its own: where it was killed, and what went wrong otherwise."""
    failed = life.directory.parent / "failed"
    process = os.fork()
    if process == 0:
        status = 1
        try:
            # A desk that hangs says where, and that is a failure.
            faulthandler.dump_traceback_later(60, exit=True, file=failed.open("w"))
            live(replace(life, point="" if life.point == ANY_MOMENT else life.point))
            status = 0
        except BaseException:  # noqa: BLE001 - whatever it is, the parent shows it
            failed.write_text(traceback.format_exc())
        finally:
            os._exit(status)
    if life.point == ANY_MOMENT:
        time.sleep(delay_s)
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return [life.point], []
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        return [], []
    seen = failed.read_text() if failed.exists() else ""
    return [], [f"{life.kind} ended with status {status}: {seen}"]


def _is_refund(request: dict[str, Any]) -> bool:
    """Whether a whole refund arrived: one that is killed between headers and body leaves a request without one."""
    return request["operation"] == "refund" and isinstance(request["body"], dict)


def _marker(reason: str) -> str:
    return reason.rpartition("[")[2].rstrip("]")
