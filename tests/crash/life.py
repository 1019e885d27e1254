"""One life of a desk, in a process that may be killed: what an assistant asks of it, and what it is told."""

import json
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import anyio

from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent, Refund
from clawver_orders.errors import DeskError
from clawver_orders.refunds.machine import State
from tests.counter import Key, Secrets
from tests.crash.points import (
    FORM,
    Reach,
    WatchedHttp,
    WatchedLedger,
    WatchedStore,
    doing,
    fuse,
    watch_sqlite,
)

YES = Consent(given=True, how="form")


@dataclass(frozen=True)
class Life:
    """What one process does.

    Attributes:
        kind: ``first`` prepares, executes and checks; ``again`` comes after a crash and does what an eager
            assistant would; ``last`` looks at everything that is open and hands the record over.
        point: Where it is killed; empty for nowhere.
        later_s: How far its clock stands ahead.
        reworded: Whether the eager assistant gives another reason for the same refund.
    """

    kind: Literal["first", "again", "last"]
    directory: Path
    url: str
    order_id: str
    amount: str
    point: str = ""
    later_s: float = 0.0
    reworded: bool = False
    write_within_s: float = 0.3


@dataclass
class Told:
    """What its assistant heard, kept outside the process as it goes."""

    file: int

    def hear(self, verb: str, refund: Refund) -> None:
        self._write(verb=verb, id=refund.refund_id, state=refund.state, moved=refund.money_moved)

    def refused(self, verb: str, error: DeskError) -> None:
        self._write(verb=verb, code=error.code)

    def _write(self, **line: str) -> None:
        os.write(self.file, json.dumps(line).encode() + b"\n")


@asynccontextmanager
async def opened(life: Life, reach: Reach) -> AsyncIterator[tuple[Desk, WatchedLedger]]:
    """A desk over the real ledger, the real connections and the shop's real address."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=life.later_s)

    http = WatchedHttp(life.url, reach, life.write_within_s)
    store = WatchedStore("clawver", http, Key("claw_sk_test_example"), "USD", now)
    store.reach = reach
    ledger = WatchedLedger(life.directory, now, reach)
    desk = Desk(
        [store],
        ledger,
        ledger,
        now=now,
        awake=lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        keep_secret=Secrets().keep,
    )
    try:
        yield desk, ledger
    finally:
        await http.aclose()


def live(life: Life) -> None:
    """Live it, in a process that was made for it."""
    logging.disable()
    reach = fuse(life.point)
    watch_sqlite(reach)
    told = Told(os.open(life.directory.parent / "told", os.O_WRONLY | os.O_APPEND | os.O_CREAT))
    anyio.run(_live, life, reach, told)


async def _live(life: Life, reach: Reach, told: Told) -> None:
    async with opened(life, reach) as (desk, ledger):
        match life.kind:
            case "first":
                await _buy_and_complain(desk, life, reach, told, "arrived torn")
            case "again":
                for refund in await _checked(desk, told):
                    if refund.state in {State.PREPARED, State.CONFIRMED}:
                        await _execute(desk, refund, reach, told)
                reason = "the parcel was damaged" if life.reworded else "arrived torn"
                await _buy_and_complain(desk, life, reach, told, reason)
            case "last":
                await _checked(desk, told)
                moves = [asdict(move) for move in await ledger.find()]
                wrong = await ledger.verify()
                record = json.dumps({"moves": moves, "wrong": wrong}, default=str)
                (life.directory.parent / "record").write_text(record)


async def _buy_and_complain(desk: Desk, life: Life, reach: Reach, told: Told, reason: str) -> None:
    doing.set("prepare")
    try:
        refund = await desk.prepare_refund("", life.order_id, life.amount, reason, another=False)
    except DeskError as error:
        told.refused("prepare", error)
        return
    told.hear("prepare", refund)
    await _execute(desk, refund, reach, told)
    await _checked(desk, told)


async def _execute(desk: Desk, refund: Refund, reach: Reach, told: Told) -> None:
    doing.set("execute")
    reach(FORM)
    reach("form: answered")
    try:
        done = await desk.execute_refund(refund.refund_id, YES)
    except DeskError as error:
        told.refused("execute", error)
        return
    told.hear("execute", done)
    reach("execute: told")


async def _checked(desk: Desk, told: Told) -> tuple[Refund, ...]:
    doing.set("check")
    refunds = await desk.check_refund()
    for refund in refunds:
        told.hear("check", refund)
    return refunds
