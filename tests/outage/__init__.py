"""Desks on one or two hosts share a database that crashes, and are killed and cut off, while they refund orders.

Each order gets one refund of the same amount, which every desk asks for until it is made, by whomever. Afterwards
the shop's own books are compared with the record. The desks' clocks run faster than the world's, so that what a
desk waits for is soon.
"""

import ctypes
import os
import random
import shlex
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import anyio
import httpx2

from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError
from clawver_orders.http import Http
from clawver_orders.ledger.postgres import PostgresLedger
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds.machine import OPEN, Move, State
from tests.counter import YES, Key, Secrets
from tests.crash.shop import Shop, open_shop
from tests.ledgers import Address

_FASTER: Final = 10.0
_AMOUNT: Final = "5.00 USD"
# Much more than it takes, for a machine that does other things, too.
_CALM_WITHIN_S: Final = 240.0
_PIECE: Final = 65536
# After so many in vain, a refund is left to a person.
_LOOKS: Final = 3


@dataclass(frozen=True)
class Storm:
    """What is done to whom.

    Attributes:
        database: The address of a PostgreSQL database for this alone.
        control: The command that starts and stops its server, without its last words.
        hosts: The network namespaces that the desks are in, in turn; empty for this one.
        desks: How many there are.
        orders: How many orders they refund.
        harms: How many times something is harmed.
    """

    database: str
    control: str
    hosts: Sequence[str]
    desks: int
    orders: int
    harms: int
    seed: int


@dataclass
class Outcome:
    """What came of it; ``wrong`` has a sentence for each thing that must not be; ``unknown``: how many were."""

    harmed: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    paid: int = 0
    posts: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def storm(plan: Storm) -> Outcome:
    """Open the shop and the desks, harm them, wait for calm, and compare the books."""
    outcome, began = Outcome(), time.monotonic()
    dice = random.Random(plan.seed)
    shop = open_shop(plan.seed)
    try:
        orders = [shop.new_order() for _ in range(plan.orders)]
        shop.faults("refund:slow:always,delay=0.001")
        shop.forget_requests()
        with _reached(shop) as path, _desks(plan, path, orders) as crowd:
            for _ in range(plan.harms):
                time.sleep(dice.uniform(0.3, 1.0))
                outcome.harmed[_harm(plan, crowd, dice)] += 1
            anyio.run(_calm, plan, path, orders)
        posts = Counter(
            row["path"].split("/")[-2]
            for row in shop.requests()
            if row["method"] == "POST" and row["path"].endswith("/refund")
        )
        paid = {order: len(shop.refunds(order)) for order in orders}
        anyio.run(_judge, plan, paid, posts, outcome)
    finally:
        shop.close()
    outcome.seconds = time.monotonic() - began
    return outcome


@contextmanager
def _reached(shop: Shop) -> Iterator[str]:
    """A socket in the file system that leads to the shop: every host reaches it, whatever its network does."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
        path = f"{directory}/shop"
        listener.bind(path)
        listener.listen(64)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection(("127.0.0.1", shop.port))
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=_flow, args=pair, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield path
        listener.shutdown(socket.SHUT_RDWR)


def _flow(source: socket.socket, drain: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            drain.sendall(piece)
        drain.shutdown(socket.SHUT_WR)


@dataclass
class _Crowd:
    """The desks, each a process."""

    begin: Callable[[int], int]
    processes: dict[int, int]

    def kill(self, number: int) -> None:
        """Kill a desk, and open another in its place."""
        os.kill(self.processes[number], signal.SIGKILL)
        os.waitpid(self.processes[number], 0)
        self.processes[number] = self.begin(number)


@contextmanager
def _desks(plan: Storm, path: str, orders: list[str]) -> Iterator[_Crowd]:
    def begin(number: int) -> int:
        process = os.fork()
        if process == 0:
            try:
                if plan.hosts:
                    _enter(plan.hosts[number % len(plan.hosts)])
                anyio.run(_work, plan, path, orders, time.time_ns())
            finally:
                os._exit(1)
        return process

    crowd = _Crowd(begin, {number: begin(number) for number in range(plan.desks)})
    try:
        yield crowd
    finally:
        for process in crowd.processes.values():
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _enter(host: str) -> None:
    """From here on this process is on that host."""
    with Path(f"/run/netns/{host}").open("rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {host}")


def _harm(plan: Storm, crowd: _Crowd, dice: random.Random) -> str:
    what = dice.choice(("a desk killed", "the database crashed", *(["a host cut off"] if plan.hosts else [])))
    if what == "a desk killed":
        crowd.kill(dice.choice(list(crowd.processes)))
    elif what == "the database crashed":
        _control(plan, "-m", "immediate", "-w", "stop")
        time.sleep(dice.uniform(0.0, 1.0))
        _control(plan, "-w", "start")
    else:
        cut = ["ip", "-n", dice.choice(list(plan.hosts)), "link", "set", "eth0"]
        subprocess.run([*cut, "down"], check=True)
        time.sleep(dice.uniform(0.5, 3.0))
        subprocess.run([*cut, "up"], check=True)
    return what


def _control(plan: Storm, *words: str) -> None:
    subprocess.run([*shlex.split(plan.control), *words], check=True, timeout=60)


_BEGAN: Final = time.time()


def _now() -> datetime:
    return datetime.fromtimestamp(_BEGAN, UTC) + timedelta(seconds=(time.time() - _BEGAN) * _FASTER)


def _ledger(plan: Storm) -> PostgresLedger:
    return PostgresLedger(Address(plan.database), _now)


def _desk(plan: Storm, path: str) -> Desk:
    transport = httpx2.AsyncHTTPTransport(uds=path, limits=httpx2.Limits(max_keepalive_connections=0))
    store = ClawverStore(
        "clawver", Http("http://localhost", transport=transport), Key("claw_sk_test_example"), "USD", _now
    )
    ledger = _ledger(plan)
    return Desk([store], ledger, ledger, now=_now, awake=time.monotonic, keep_secret=Secrets().keep)


async def _work(plan: Storm, path: str, orders: list[str], seed: int) -> None:
    """One desk, until it is killed."""
    desk, dice = _desk(plan, path), random.Random(seed)
    while True:
        await anyio.sleep(dice.uniform(0.0, 0.05))
        order = dice.choice(orders)
        # Whatever it is refused, or told that it cannot: it goes on asking, as an eager assistant does.
        with suppress(DeskError):
            refund = await desk.prepare_refund("", order, _AMOUNT, "arrived torn", another=False)
            await desk.execute_refund(refund.refund_id, YES)
        with suppress(DeskError):
            await desk.check_refund(order_id=order)


async def _calm(plan: Storm, path: str, orders: list[str]) -> None:
    """Wait until each order is refunded or its refund's outcome was looked for in vain."""
    desk = _desk(plan, path)
    # Where there is none in that time, the books tell why.
    with anyio.move_on_after(_CALM_WITHIN_S):
        for order in orders:
            while not _is_over(await _of(desk, order)):
                await anyio.sleep(0.1)
                with suppress(DeskError):
                    await desk.check_refund(order_id=order)


async def _of(desk: Desk, order: str) -> tuple[Move, ...]:
    with suppress(DeskError):
        return await desk.moves.ledger.find(subject=order)
    return ()


def _is_over(moves: tuple[Move, ...]) -> bool:
    return any(
        move.state is State.SUCCEEDED or (move.state is State.UNKNOWN and move.looks >= _LOOKS) for move in moves
    )


async def _judge(plan: Storm, paid: dict[str, int], posts: Counter[str], outcome: Outcome) -> None:
    ledger = _ledger(plan)
    for order, times in paid.items():
        moves = await ledger.find(subject=order)
        for move in moves:
            outcome.unknown += any(event.to_state == State.UNKNOWN for event in await ledger.events(move.id))
        left = Counter(move.state for move in moves if move.sent_at is not None)
        outcome.states.update(str(state) for state in left.elements())
        if times > 1 or posts[order] > 1:
            outcome.wrong.append(f"{order}: {times} refunds, {posts[order]} POSTs")
        if left[State.SUCCEEDED] != times:
            outcome.wrong.append(f"{order}: refunded {times} times, and the record says {dict(left)}")
        if not times and not any(move.state in OPEN for move in moves):
            outcome.wrong.append(f"{order}: not refunded, and nothing says unknown")
    outcome.paid = sum(paid.values())
    outcome.posts = sum(posts.values())
    outcome.wrong += await ledger.verify()
