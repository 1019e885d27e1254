"""The record in memory, with the rules of the one on disk: transactions, one open move a subject, versions."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from clawver_orders.errors import ConflictError, RefundError, SetupError
from clawver_orders.money import Money
from clawver_orders.refunds.machine import Book, Move, State
from tests.simulation.world import World, pause

# Written out, and not taken from the engine: a state that it forgot would be forgotten here too.
OPEN: Final = frozenset({State.CONFIRMED, State.SENDING, State.ACCEPTED, State.UNKNOWN, State.MANUAL})


class Auditor(Protocol):
    """Who is told what is committed."""

    def committed(self, before: Move | None, move: Move, by: str) -> None:
        """A move is on disk."""
        ...


class Pages:
    """The moves that are on disk: what a decision may look at."""

    def __init__(self, moves: dict[str, Move], frozen_by: str) -> None:
        self.moves = moves
        self.frozen_by = frozen_by

    def get(self, move_id: str) -> Move | None:
        """As Book."""
        return self.moves.get(move_id)

    def of(self, store: str, subject: str) -> tuple[Move, ...]:
        """As Book."""
        return tuple([move for move in self.moves.values() if move.subject == subject and move.store == store])

    def spent(self, currency: str, since: datetime) -> Money:
        """As Book."""
        return Money(spent(self.moves, since), currency)

    def frozen(self) -> str:
        """As Book."""
        return self.frozen_by


class Ledger:
    """The record that all desks share.

    With rule 1 off a claim is only written down with the next commit; with rule 7 off a decision looks at an older
    copy, and what was written meanwhile is overwritten.
    """

    def __init__(self, world: World, auditor: Auditor) -> None:
        self.world = world
        self.pages = Pages({}, "")
        self._auditor = auditor
        self._unwritten: dict[int | None, Move] = {}
        world.on_crash = self._forget

    def _forget(self, desk: int) -> None:
        self._unwritten.pop(desk, None)

    @property
    def moves(self) -> dict[str, Move]:
        """What is on disk, by id, oldest first."""
        return self.pages.moves

    def freeze(self, by: str) -> None:
        """Turn the switch that stops all money; nobody's name turns it back."""
        self.pages.frozen_by = by

    async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
        """As machine.Ledger; before and after the transaction others may run."""
        world = self.world
        await pause(world.gap())
        book = self.pages
        if world.off == 7:
            book = Pages(dict(book.moves), book.frozen_by)
            await pause(world.gap())
        if world.off == 1 and (unwritten := self._unwritten.pop(world.task.desk, None)):
            self.moves[unwritten.id] = unwritten
        fails = world.faults.commit and world.hit(world.faults.commit)
        way = int(world.random.random() * 3) if fails else -1
        if way == 0:
            raise ConflictError("Another program holds the refund record", "Try again")
        move = decision(book)
        before = book.moves.get(move.id)
        if before is not move and before != move:
            if way == 1:
                world.tell("a commit fails, and nothing is stored")
                raise SetupError("The record cannot be used", "Check the disk")
            self._store(before, move, by)
            if way == 2:
                world.tell("a commit fails, though it was stored")
                raise SetupError("The record cannot be used", "Check the disk")
        await pause(world.gap())
        return move

    def _store(self, before: Move | None, move: Move, by: str) -> None:
        world, moves = self.world, self.moves
        if before is not None and before.version != move.version - 1:
            raise ConflictError("Another desk moved this at the same moment", "Look again")
        if before is None and move.id in moves:
            raise ConflictError("The id is taken", "Prepare it anew")
        if move.state in OPEN and world.off != 4:
            for other in moves.values():
                if other.subject == move.subject and other.state in OPEN and other.id != move.id:
                    raise RefundError("open", "Another refund on the order is under way", "Look again")
        if world.off == 1 and move.state is State.SENDING:
            self._unwritten[world.task.desk] = move
            return
        moves[move.id] = move
        self._auditor.committed(before, move, by)

    async def get(self, move_id: str) -> Move | None:
        """As machine.Ledger."""
        move = self.moves.get(move_id)
        await pause(self.world.gap())
        return move

    async def find(
        self, *, store: str = "", subject: str = "", states: frozenset[State] = frozenset()
    ) -> tuple[Move, ...]:
        """As machine.Ledger."""
        found = [
            move
            for move in reversed(self.moves.values())
            if store in ("", move.store) and subject in ("", move.subject) and (not states or move.state in states)
        ]
        await pause(self.world.gap())
        return tuple(found)

    async def refused(self, *, store: str, subject: str, code: str, detail: str, by: str) -> None:
        """As machine.Ledger."""
        await pause(self.world.gap())
        self.world.counts[f"refused {code}"] += 1
        self.world.tell(f"is refused on {subject}, {code}: {detail}")


def spent(moves: dict[str, Move], since: datetime) -> int:
    """What is under way or may have happened, and what succeeded since then, in minor units."""
    return sum(
        move.amount.minor
        for move in moves.values()
        if move.amount is not None
        and (
            move.state in OPEN
            or (move.state is State.SUCCEEDED and move.settled_at is not None and move.settled_at >= since)
        )
    )
