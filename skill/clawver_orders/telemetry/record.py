"""Watches the record: each step of a move as it is written, and how many moves are not settled."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, get_args

from clawver_orders.errors import DeskError
from clawver_orders.money import Money
from clawver_orders.refunds.machine import UNSETTLED, Book, Kind, Ledger, Move, State
from clawver_orders.telemetry import signals
from clawver_orders.telemetry.telling import Telling

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class WatchedLedger:
    """A ledger that tells what became of moves; what it is asked and what it answers goes through as it is.

    Args:
        ledger: The durable record.
        telling: Where it is told.
        platforms: The platform of each store, by the store's name.
    """

    def __init__(self, ledger: Ledger, telling: Telling, platforms: Mapping[str, str]) -> None:
        self._ledger = ledger
        self._telling = telling
        self._platforms = platforms

    async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
        """See machine.Ledger."""
        began = time.time_ns()
        before: dict[str, State] = {}

        try:
            move = await self._ledger.decide(lambda book: decision(_Looked(book, before)), by=by)
        except Exception as error:
            with self._telling.apart():
                code = error.code if isinstance(error, DeskError) else type(error).__name__
                self._telling.past(signals.MOVE_STEP, "record", {signals.ERROR: code}, began)
            raise
        if before.get(move.id) is not move.state:
            with self._telling.apart():
                self._reached(move, began)
        return move

    def _reached(self, move: Move, began_ns: int) -> None:
        told = {
            signals.MOVE_KIND: move.kind,
            signals.MOVE_STATE: move.state.value,
            signals.PLATFORM: self._platforms.get(move.store),
        }
        self._telling.past(signals.MOVE_STEP, f"record {move.state.value}", told, began_ns)
        self._telling.count(signals.MOVES, told)

    async def get(self, move_id: str) -> Move | None:
        """See machine.Ledger."""
        return await self._ledger.get(move_id)

    async def find(
        self, *, store: str = "", subject: str = "", states: frozenset[State] = frozenset()
    ) -> tuple[Move, ...]:
        """See machine.Ledger."""
        return await self._ledger.find(store=store, subject=subject, states=states)

    async def head(self) -> str:
        """See machine.Ledger."""
        return await self._ledger.head()

    async def verify(self) -> tuple[str, ...]:
        """See machine.Ledger."""
        return await self._ledger.verify()

    async def switch(self, name: str) -> str:
        """See machine.Ledger."""
        return await self._ledger.switch(name)

    async def turn(self, name: str, change: Callable[[str], str], *, note: str, by: str) -> str:
        """See machine.Ledger."""
        return await self._ledger.turn(name, change, note=note, by=by)

    async def refused(self, *, store: str, subject: str, code: str, detail: str, by: str) -> None:
        """See machine.Ledger."""
        await self._ledger.refused(store=store, subject=subject, code=code, detail=detail, by=by)


class _Looked:
    """A book that notes how each move stood that a decision looked at."""

    def __init__(self, book: Book, before: dict[str, State]) -> None:
        self._book = book
        self._before = before

    def get(self, move_id: str) -> Move | None:
        move = self._book.get(move_id)
        if move is not None:
            self._before[move.id] = move.state
        return move

    def of(self, store: str, subject: str) -> tuple[Move, ...]:
        moves = self._book.of(store, subject)
        self._before.update({move.id: move.state for move in moves})
        return moves

    def spent(self, currency: str, since: datetime) -> Money:
        return self._book.spent(currency, since)

    def frozen(self) -> str:
        return self._book.frozen()


async def count_unsettled(
    ledger: Ledger, telling: Telling, *, every_s: float, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Tell how many moves are not settled, wait, and tell it again, until cancelled."""
    while True:
        with telling.apart():
            found = Counter((move.kind, move.state) for move in await ledger.find(states=UNSETTLED))
            for kind in _KINDS:
                # Those of which there are none, too: a gauge keeps what it showed last.
                for state in UNSETTLED:
                    told = {signals.MOVE_KIND: kind, signals.MOVE_STATE: state.value}
                    telling.stands_at(signals.UNSETTLED, found[kind, state], told)
        await sleep(every_s)
