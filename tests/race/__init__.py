"""Many processes, each with a desk of its own on one record, race for refunds of one order in a shop over HTTP.

Half of them ask for the same refund, the others for three more; each asks until its own is refunded, by whomever.
So however they meet, four refunds leave in a round, each once.
"""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import ParamSpec

import anyio
import httpx2

from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent, Refund
from clawver_orders.errors import RefundError
from clawver_orders.http import Http
from clawver_orders.ledger import SqlLedger
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds.machine import State
from clawver_orders.refunds.rules import markers
from clawver_orders.sandbox import Sandbox, serve

P = ParamSpec("P")

REQUESTS = (("5.00 USD", "arrived torn"), ("1.01 USD", "late"), ("1.02 USD", "faded"), ("1.03 USD", "bent"))
_YES = Consent(given=True, how="form")
# What the rules say when another refund of the order came first, or came while the order was read.
_FASTER = frozenset({"refund.duplicate", "refund.open", "refund.void", "refund.not_refundable"})
_ROUND_WITHIN_S = 240.0
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Key:
    text: str

    def value(self) -> str:
        return self.text


@dataclass
class Outcome:
    """What a race showed; ``wrong`` has a sentence for each thing that must not be."""

    processes: int
    rounds: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    posts: int = 0
    refunds: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


@dataclass
class _Course:
    """What all processes of a race share: it is made before they are forked."""

    sandbox: Sandbox
    orders: list[str]
    open_ledger: Callable[[], SqlLedger]
    line: threading.Barrier
    prepared: threading.Barrier
    reports: "multiprocessing.SimpleQueue[tuple[Counter[str], str]]"


def race(open_ledger: Callable[[], SqlLedger], *, processes: int, rounds: int) -> Outcome:
    """Race, and compare the shop's books with the record after each round.

    Args:
        open_ledger: Opens the one record; called in every process.
        processes: How many desks there are.
        rounds: How many orders they meet at, one after another.
    """
    sandbox = Sandbox(seed=24)
    course = _Course(
        sandbox,
        [_dear_order(sandbox) for _ in range(rounds)],
        open_ledger,
        _FORK.Barrier(processes + 1),
        _FORK.Barrier(processes),
        _FORK.SimpleQueue(),
    )
    outcome = Outcome(processes)
    with _shop(sandbox) as url, _desks(course, url, processes):
        anyio.run(_judge, course, url, outcome)
    return outcome


def _dear_order(sandbox: Sandbox) -> str:
    """One more order in the shop, of which all four refunds can be paid."""
    order = deepcopy(sandbox.shop.orders[sandbox.hints["refundable_order"]])
    order.id = sandbox.shop.new_id("ord")
    order.items[0].quantity = 50
    sandbox.shop.orders[order.id] = order
    return order.id


@contextmanager
def _shop(sandbox: Sandbox) -> Iterator[str]:
    here, there = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=lambda: anyio.run(serve, sandbox, "127.0.0.1", 0, there.send), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


@contextmanager
def _desks(course: _Course, url: str, processes: int) -> Iterator[None]:
    desks = [
        _FORK.Process(target=lambda number=number: anyio.run(_run, course, url, number), daemon=True)
        for number in range(processes)
    ]
    for desk in desks:
        desk.start()
    try:
        yield
    finally:
        for desk in desks:
            desk.join(timeout=10)
            desk.kill()


def _now() -> datetime:
    return datetime.now(UTC)


async def _run(course: _Course, url: str, number: int) -> None:
    """One process: a desk that meets the others at each order."""
    http = Http(url)
    ledger = course.open_ledger()
    desk = Desk(
        [ClawverStore("clawver", http, Key(course.sandbox.key), "USD", _now)],
        ledger,
        ledger,
        now=_now,
        awake=time.monotonic,
        keep_secret=_keep_nothing,
    )
    request = REQUESTS[0] if number % 2 == 0 else REQUESTS[1 + number // 2 % 3]
    random = Random(number)
    for order_id in course.orders:
        course.line.wait(_ROUND_WITHIN_S)
        calls: Counter[str] = Counter()
        fault = ""
        try:
            # All have prepared before one executes: who asks for the same refund executes the same one at once.
            refund = await _asked(calls, desk.prepare_refund, "", order_id, *request, another=False)
            course.prepared.wait(_ROUND_WITHIN_S)
            while not await _refunded(desk, refund, calls):
                await anyio.sleep(random.uniform(0.01, 0.05))
                refund = await _asked(calls, desk.prepare_refund, "", order_id, *request, another=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, the race must tell it
            fault = f"desk {number}: {type(error).__name__}: {error}"
        course.reports.put((calls, fault))
        course.line.wait(_ROUND_WITHIN_S)
    await http.aclose()


async def _refunded(desk: Desk, refund: Refund | None, calls: Counter[str]) -> bool:
    """Execute what was prepared; whether it is refunded now, by this desk or by another."""
    if refund is not None:
        refund = await _asked(calls, desk.execute_refund, refund.refund_id, _YES)
    return (refund is not None and refund.state is State.SUCCEEDED) or calls["refund.duplicate"] > 0


async def _asked(
    calls: Counter[str], ask: Callable[P, Awaitable[Refund]], *arguments: P.args, **more: P.kwargs
) -> Refund | None:
    """What a call of the desk told; None where a rule refused because others were faster."""
    try:
        refund = await ask(*arguments, **more)
    except RefundError as refusal:
        calls[refusal.code] += 1
        if refusal.code not in _FASTER:
            raise
        return None
    calls[refund.state] += 1
    return refund


async def _keep_nothing(_store: str, _action_id: str, _secret: str) -> None:
    """No webhook is made here."""


async def _judge(course: _Course, url: str, outcome: Outcome) -> None:
    """Start each round, wait for its end, and compare what the shop did with what the record says."""
    began = time.monotonic()
    http = Http(url)
    store = ClawverStore("clawver", http, Key(course.sandbox.key), "USD", _now)
    ledger = course.open_ledger()
    async with httpx2.AsyncClient(base_url=url) as client:
        for order_id in course.orders:
            course.line.wait(_ROUND_WITHIN_S)
            course.line.wait(_ROUND_WITHIN_S)
            for _ in range(outcome.processes):
                calls, fault = course.reports.get()
                outcome.calls += calls
                outcome.wrong += [fault] if fault else []
            log = (await client.get("/_sandbox/requests")).json()["requests"]
            await client.delete("/_sandbox/requests")
            posts = sum(row["method"] == "POST" and row["path"].endswith("/refund") for row in log)
            order = await store.get_order(order_id)
            moves = await ledger.find(subject=order_id)
            confirmed = sorted(move.id for move in moves if move.confirmed_at is not None)
            sent = sorted(move.id for move in moves if move.sent_at is not None)
            paid = sorted(mark for refund in order.refunds for mark in markers(refund))
            amounts = sorted(str(refund.amount) for refund in order.refunds)
            if amounts != sorted(amount for amount, _ in REQUESTS):
                outcome.wrong.append(f"{order_id}: refunded {amounts}")
            if not sent == paid == sorted(move.id for move in moves if move.state is State.SUCCEEDED):
                outcome.wrong.append(f"{order_id}: sent {sent}, paid {paid}")
            if posts != len(paid):
                outcome.wrong.append(f"{order_id}: {posts} POSTs for {len(paid)} refunds")
            outcome.rounds += 1
            outcome.confirmed += len(confirmed)
            outcome.posts += posts
            outcome.refunds += len(order.refunds)
    await http.aclose()
    outcome.wrong += await ledger.verify()
    outcome.seconds = time.monotonic() - began
