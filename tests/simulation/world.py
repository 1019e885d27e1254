"""Time, chance and whose turn it is: runs many coroutines step by step, in an order that a seed decides."""

import heapq
import types
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Final, TypeVar
from unittest import mock

from clawver_orders import text
from tests.simulation.faults import CALM, Faults

T = TypeVar("T")
Running = Coroutine[Any, None, Any] | Generator[float, None, None]

EPOCH: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
# How long a process may hang between two steps: below and above each limit of the engine, and over night.
_STALLS: Final = (9.0, 11.0, 19.0, 31.0, 120.0, 310.0, 1000.0, 3700.0, 90_000.0)


class Crash(BaseException):
    """The desk's process is gone: whatever ran in it stops at its present step."""


class Cut(BaseException):
    """What anyio raises inside a scope whose time is over."""


@types.coroutine
def pause(seconds: float) -> Generator[float, None, None]:
    """A step: others may run for that long."""
    yield seconds


class Task:
    """Somebody who acts: a person, an assistant, a part of the shop.

    Attributes:
        desk: The desk whose code it runs at this moment.
        read: What it last read of an order, for the judge.
        read_at: When that was, by the clock of its desk.
    """

    __slots__ = ("crashed", "desk", "name", "read", "read_at", "running")

    def __init__(self, name: str, running: Running) -> None:
        self.name = name
        self.running = running
        self.desk: int | None = None
        self.crashed = False
        self.read: object = None
        self.read_at = EPOCH


class World:
    """One history.

    Attributes:
        now: Seconds since the beginning, of a clock that nobody can turn: also the boot-time clock.
        ahead: By how much each desk's wall clock is ahead of it.
        off: The rule that is switched off; 0 for none.
        only_harm: Whether a history goes on when a rule is broken, until harm is done.
        broken: The first thing that must never happen and did.
        story: What happened, line by line, where it is kept.
    """

    def __init__(self, seed: int, *, off: int = 0, only_harm: bool = False, told: bool = False) -> None:
        self.random = Random(seed)
        self.only_harm = only_harm
        self.now = 0.0
        self.off = off
        self.faults: Faults = CALM
        self.ahead = [0.0]
        self.jumped = False
        self.broken = ""
        self.counts: Counter[str] = Counter()
        self.story: list[str] | None = [] if told else None
        self.task = Task("nobody", pause(0))
        self._turns: list[tuple[float, int, Task]] = []
        self._started = 0
        self.on_crash: Callable[[int], None] = lambda desk: None

    def start(self, name: str, running: Running, *, after: float = 0.0) -> None:
        """Let somebody act, from some time on."""
        self._started += 1
        heapq.heappush(self._turns, (self.now + after, self._started, Task(name, running)))

    def gap(self) -> float:
        """How long a step takes: mostly nothing, at times seconds, and where processes hang up to a day."""
        chance = self.random.random()
        if chance < 0.9:
            return chance * 0.05
        if chance < 0.985 or not self.faults.stall:
            return (chance - 0.9) * 30
        return self.random.choice(_STALLS)

    def hit(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        return probability > 0 and self.random.random() < probability

    def wall(self, desk: int | None = None) -> datetime:
        """What a desk's clock shows."""
        return EPOCH + timedelta(seconds=self.now + self.ahead[desk or 0])

    def run(self) -> None:
        """Run until nobody has anything left to do, or something broke."""
        turns, random = self._turns, self.random
        while turns and not self.broken:
            at, number, task = heapq.heappop(turns)
            self.now = max(self.now, at)
            self.task = task
            if self.faults.crash and task.desk is not None and random.random() < self.faults.crash:
                self.crash(task.desk)
            try:
                if task.crashed:
                    task.crashed = False
                    wait = task.running.throw(Crash())
                else:
                    wait = task.running.send(None)
            except StopIteration:
                continue
            heapq.heappush(turns, (self.now + wait, number, task))
        for _, _, task in turns:
            task.running.close()
        turns.clear()

    def finish(self, running: Coroutine[Any, None, T]) -> T:
        """Run one thing to its end, alone."""
        self.task = Task("afterwards", running)
        while True:
            try:
                self.now += running.send(None)
            except StopIteration as end:
                result: T = end.value
                return result

    def crash(self, desk: int) -> None:
        """End a desk's process: all that runs in it stops, and what it had only in mind is lost."""
        self.counts["crash"] += 1
        self.tell(f"desk {desk} crashes")
        if self.task.desk == desk:
            self.task.crashed = True
        for _, _, task in self._turns:
            if task.desk == desk:
                task.crashed = True
        self.on_crash(desk)

    def tell(self, what: str) -> None:
        """Keep a line of the story."""
        if self.story is not None:
            self.story.append(f"{_clock(self.now)}  {self.task.name:<14} {what}")

    def breaks(self, what: str, *, harm: bool = False) -> None:
        """Say that something happened which must never happen; the history ends here.

        Args:
            what: What happened.
            harm: Whether money was paid twice or the record is wrong, and not only a rule broken on the way there.
        """
        if not harm and self.only_harm:
            self.tell(f"a rule is broken: {what}")
        elif not self.broken:
            self.broken = what
            self.tell(f"BROKEN: {what}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:3d}:{minutes:02d}:{rest:06.3f}"


class _Chance:
    """Stands in for ``secrets``: ids and owners come from the seed."""

    def __init__(self) -> None:
        self.random = Random(0)

    def randbelow(self, bound: int) -> int:
        return int(self.random.random() * bound)

    def token_hex(self, length: int) -> str:
        return f"{self.random.getrandbits(8 * length):0{2 * length}x}"


@dataclass(slots=True)
class _Scope:
    """Stands in for anyio's scopes: a shield shields from nothing here, a time limit ends with Cut."""

    cuts: bool

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return self.cuts and kind is Cut


class _Anyio:
    """Stands in for anyio, which wants an event loop."""

    @staticmethod
    def CancelScope(*, shield: bool) -> _Scope:
        return _Scope(cuts=not shield)

    @staticmethod
    def move_on_after(seconds: float) -> _Scope:
        return _Scope(cuts=seconds > 0)


@contextmanager
def simulated() -> Iterator[Callable[[Random], None]]:
    """Give the desks seeded chance and scopes without an event loop; yields what sets whose chance it is."""
    chance = _Chance()

    def use(random: Random) -> None:
        chance.random = random

    # It is pure and costs more than all else here; the few texts of a history come again and again.
    clean = lru_cache(maxsize=10_000)(text.clean)
    with (
        mock.patch("clawver_orders.text.clean", clean),
        mock.patch.multiple("clawver_orders.desk.moves", anyio=_Anyio, secrets=chance),
        mock.patch("clawver_orders.desk.refunding.secrets", chance),
    ):
        yield use
