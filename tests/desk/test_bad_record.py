"""Refunds with a record that is locked, lost, cut, old or on a full disk, and with clocks that jump."""

import functools
import inspect
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clawver_orders.errors import ConflictError, DeskError, RefundError
from clawver_orders.ledger import FILE_NAME, SqliteLedger
from clawver_orders.money import Money
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds.machine import State
from clawver_orders.store import Answer, Deadline
from tests.counter import YES, Counter, open_counter

pytestmark = pytest.mark.anyio


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Another program is writing."""
    with closing(sqlite3.connect(directory / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def impatient(counter: Counter, directory: Path) -> None:
    """A record that waits for others for no time at all, instead of ten seconds."""
    counter.desk.moves.ledger = SqliteLedger(directory, counter.clock.now, busy_timeout_s=0)
    counter.desk.refunds._ledger = counter.desk.moves.ledger


def between(counter: Counter, happen: Callable[[], object]) -> None:
    """Let something happen after the claim and before the POST leaves."""
    store = counter.desk.stores[0]
    assert isinstance(store, ClawverStore)
    send = store.refund

    async def refund(order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        done = happen()
        if inspect.isawaitable(done):
            await done
        return await send(order_id, amount, reason, may_start)

    store.refund = refund  # type: ignore[method-assign]


async def settled(counter: Counter, refund_id: str) -> State:
    """What a desk says of it a minute later."""
    counter.clock.pass_by(minutes=1)
    (refund,) = await counter.desk.check_refund(refund_id=refund_id)
    return refund.state


async def test_a_record_that_is_locked_before_the_claim_lets_nothing_out(tmp_path: Path) -> None:
    """Hostile 70."""
    counter = open_counter(tmp_path)
    prepared = await counter.prepared()
    impatient(counter, tmp_path)
    with locked(tmp_path), pytest.raises(ConflictError, match="holds the refund record"):
        await counter.desk.execute_refund(prepared.refund_id, YES)
    assert counter.posts() == 0
    assert (await counter.desk.execute_refund(prepared.refund_id, YES)).state is State.SUCCEEDED
    assert counter.posts() == 1


async def test_a_record_that_is_locked_after_the_claim_leaves_unknown_and_a_look_settles_it(tmp_path: Path) -> None:
    """Hostile 70."""
    counter = open_counter(tmp_path)
    prepared = await counter.prepared()
    impatient(counter, tmp_path)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    between(counter, lambda: other.execute("BEGIN IMMEDIATE"))
    with closing(other):
        done = await counter.desk.execute_refund(prepared.refund_id, YES)
    assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
    assert await settled(counter, prepared.refund_id) is State.SUCCEEDED
    assert counter.posts() == 1
    assert await counter.ledger.verify() == ()


def deleted(file: Path) -> None:
    file.unlink()


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def halved(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwritten(file: Path) -> None:
    file.write_bytes(b"\0" * file.stat().st_size)


HARMS = [deleted, emptied, halved, overwritten]


@pytest.mark.parametrize("harm", HARMS)
async def test_a_record_that_is_harmed_before_the_claim_lets_nothing_out(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """Hostile 71."""
    counter = open_counter(tmp_path)
    prepared = await counter.prepared()
    harm(tmp_path / FILE_NAME)
    with pytest.raises(DeskError) as refused:
        await counter.desk.execute_refund(prepared.refund_id, YES)
    assert refused.value.code in {"refund.not_found", "setup"}
    assert counter.posts() == 0


@pytest.mark.parametrize("harm", HARMS)
async def test_a_record_that_is_harmed_after_the_claim_makes_the_outcome_unknown(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """Hostile 71: what is left of the record refuses to go on: the shop shows a mark that it does not know."""
    counter = open_counter(tmp_path)
    prepared = await counter.prepared()
    between(counter, functools.partial(harm, tmp_path / FILE_NAME))
    done = await counter.desk.execute_refund(prepared.refund_id, YES)
    assert (done.state, done.money_moved) == (State.UNKNOWN, "unknown")
    with pytest.raises(DeskError) as refused:
        await counter.prepared(amount="6.00 USD")
    assert refused.value.code in {"refund.foreign", "setup"}
    assert (counter.posts(), counter.paid_back()[-1:]) == (1, [500])


@pytest.mark.parametrize("copied", ["empty", "prepared", "confirmed", "sending"])
@pytest.mark.parametrize("reader", ["the same machine", "a second machine"])
async def test_an_older_copy_of_the_record_sends_nothing_again(tmp_path: Path, copied: str, reader: str) -> None:
    """Hostile 71: restored from yesterday, or copied to another computer."""
    here, copy = tmp_path / "here", tmp_path / "copy"
    counter = open_counter(here)
    await counter.ledger.find()
    keep = functools.partial(shutil.copytree, here, copy, dirs_exist_ok=True)
    if copied == "empty":
        keep()
    prepared = await counter.prepared()
    if copied == "prepared":
        keep()
    if copied == "confirmed":
        await counter.desk.moves.confirmed(await counter.desk.refunds.held(prepared.refund_id), YES)
        keep()
    if copied == "sending":
        between(counter, keep)
    assert (await counter.desk.execute_refund(prepared.refund_id, YES)).state is State.SUCCEEDED
    if reader == "the same machine":
        shutil.copytree(copy, here, dirs_exist_ok=True)
        copy = here
    other = open_counter(copy, clock=counter.clock, sandbox=counter.sandbox)
    counter.clock.pass_by(minutes=1)
    try:
        again = await other.desk.execute_refund(prepared.refund_id, YES)
        assert again.state is State.SUCCEEDED
    except RefundError as refusal:
        assert refusal.code in {"refund.void", "refund.not_found"}  # noqa: PT017 - either is right
    with pytest.raises(RefundError) as refused:
        await other.prepared()
    assert refused.value.code in {"refund.foreign", "refund.duplicate"}
    assert (counter.posts(), counter.paid_back().count(500)) == (1, 1)


async def test_a_disk_that_is_full_at_any_commit_lets_nothing_out_without_a_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 69: SQLite's own "database or disk is full"; what was kept before decides which commit meets it."""
    pages = 0

    class Small(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if pages and sql.startswith("BEGIN"):
                super().execute(f"PRAGMA max_page_count = {pages}")
            return super().execute(sql, parameters)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Small))
    ends: set[tuple[str, int]] = set()
    for kept in range(14):
        counter = open_counter(tmp_path / str(kept))
        for _ in range(kept):
            await counter.ledger.refused(store="x", subject="y", code="z", detail="-" * 100, by="somebody")
        await counter.ledger.find()
        pages = (tmp_path / str(kept) / FILE_NAME).stat().st_size // 4096
        told = await fate(counter, "a reason of some length, as people write them " * 4)
        pages = 0
        claims = [move for move in await counter.ledger.find() if move.sent_at is not None]
        assert counter.posts() == len(claims) <= 1
        if claims:
            assert await settled(counter, claims[0].id) is State.SUCCEEDED
        assert await counter.ledger.verify() == ()
        ends.add((told, len(claims)))
    assert ends >= {("setup", 0), ("unknown", 1), ("succeeded", 1)}


async def fate(counter: Counter, reason: str) -> str:
    try:
        prepared = await counter.prepared(reason=reason)
        return (await counter.desk.execute_refund(prepared.refund_id, YES)).state
    except DeskError as error:
        return error.code


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
@pytest.mark.parametrize("at", ["prepared", "confirmed", "claimed", "unknown"])
async def test_a_clock_that_jumps_never_sends_twice(tmp_path: Path, at: str, hours: int) -> None:
    """Hostile 76: set back or ahead, by a person, by summer time or by a lost battery."""
    counter = open_counter(tmp_path)
    prepared = await counter.prepared()

    def jump() -> None:
        counter.clock.at += timedelta(hours=hours)

    if at == "prepared":
        jump()
    elif at == "confirmed":
        await counter.desk.moves.confirmed(await counter.desk.refunds.held(prepared.refund_id), YES)
        jump()
    elif at == "claimed":
        between(counter, jump)
    else:
        counter.fault("refund:timeout-after:1")
    for _ in range(2):
        try:
            await counter.desk.execute_refund(prepared.refund_id, YES)
        except RefundError as refusal:
            assert refusal.code in {"refund.expired", "refund.void"}  # noqa: PT017 - its time was over
        if at == "unknown":
            jump()
    (move,) = await counter.ledger.find()
    assert counter.posts() == counter.paid_back().count(500) == (move.state is State.SUCCEEDED)
    assert await counter.ledger.verify() == ()


async def test_an_older_process_with_the_same_id_is_not_the_owner_of_a_claim(tmp_path: Path) -> None:
    """Hostile 77: both desks here are one process; what owns a claim is a number drawn for the one send."""
    counter = open_counter(tmp_path)
    prepared = await counter.prepared()
    other = open_counter(tmp_path, clock=counter.clock, sandbox=counter.sandbox)
    seen: list[State] = []

    async def meddle() -> None:
        seen.append((await other.desk.execute_refund(prepared.refund_id, YES)).state)
        (refund,) = await other.desk.check_refund(refund_id=prepared.refund_id)
        seen.append(refund.state)

    between(counter, meddle)
    done = await counter.desk.execute_refund(prepared.refund_id, YES)
    assert seen == [State.SENDING, State.SENDING]
    assert done.state is State.SUCCEEDED
    assert counter.posts() == 1
