"""How any money move is confirmed, sent once and recorded; what it is and how it is looked for is the caller's."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime

import anyio

from clawver_orders.desk.results import Consent
from clawver_orders.refunds import actions, machine
from clawver_orders.refunds.limits import Limits, refuse_frozen
from clawver_orders.refunds.machine import Ledger, Move, Snapshot, State
from clawver_orders.store import Answer, Deadline

# The first byte must leave by then; what is left of the whole is for the answer and its record.
_START_WITHIN_S = 10.0


class Moves:
    """Moves one thing through its states, by the ledger.

    Args:
        ledger: The durable record.
        now: The wall clock.
        awake: Seconds of a clock that also counts while the machine sleeps.
        limits: How much may move, and whether the assistant may confirm.
    """

    def __init__(
        self, ledger: Ledger, now: Callable[[], datetime], awake: Callable[[], float], limits: Limits
    ) -> None:
        self.ledger = ledger
        self.limits = limits
        self.now = now
        self._awake = awake
        self.in_flight = 0

    async def confirmed(self, move: Move, consent: Consent | None, *, as_shown: bool = False) -> Move:
        """Record a person's answer, if there is one, and what time did to the move.

        Args:
            move: As it was last read.
            consent: The answer.
            as_shown: Whether it counts only for the move as it was read: nobody answered it since.

        Raises:
            RefundError: ``refund.void``: it is not as it was read any more.
        """
        if move.state is not State.PREPARED and move.state is not State.CONFIRMED:
            return move

        def decide(book: machine.Book) -> Move:
            held = machine.held(book, move.id, move.kind)
            if as_shown and held.version != move.version:
                raise machine.outlived()
            if consent is None:
                return machine.expire(held, self.now())
            if consent.given:
                return self._confirm(book, held, consent.how)
            return machine.decline(held, by=consent.how, now=self.now())

        return await self.ledger.decide(decide, by=consent.how if consent else "time")

    def _confirm(self, book: machine.Book, move: Move, how: str) -> Move:
        now = self.now()
        if move.state is State.PREPARED and move.kind in actions.KINDS and (other := actions.overtaken(book, move)):
            return machine.outdated(move, other, now)
        confirmed = machine.confirm(book, move, by=how, now=now)
        if confirmed.state is State.CONFIRMED and move.state is State.PREPARED:
            refuse_frozen(book)
            if move.amount is not None:
                self.limits.refuse_over(book, move.amount, now)
        return confirmed

    async def send_once(self, move: Move, seen: Snapshot, send: Callable[[Deadline], Awaitable[Answer]]) -> Move:
        """Claim, send and record. Nothing in here can be cancelled; the answer has 20 seconds, the claim included.

        Args:
            move: A confirmed move.
            seen: Its subject as just read.
            send: The one write; it never raises for what happens on the way.

        Returns:
            The move as it stands afterwards; as another desk left it, where that one was faster.
        """
        self.in_flight += 1
        try:
            with anyio.CancelScope(shield=True):
                sent = await self._send(move, seen, send)
        finally:
            self.in_flight -= 1
        return sent

    async def _send(self, move: Move, seen: Snapshot, send: Callable[[Deadline], Awaitable[Answer]]) -> Move:
        owner = secrets.token_hex(16)
        # From before the claim: a process that hangs right after it must not send what another desk gave up.
        started = self._awake()

        def decide(book: machine.Book) -> Move:
            refuse_frozen(book)
            return machine.claim(machine.held(book, move.id, move.kind), seen, owner=owner, now=self.now())

        claimed = await self.ledger.decide(decide, by="desk")
        if claimed.state is not State.SENDING or claimed.owner != owner:
            return claimed
        answer = await self._answer(send, started)
        return await self._record(claimed, answer, owner)

    async def _answer(self, send: Callable[[Deadline], Awaitable[Answer]], started: float) -> Answer:
        answer = Answer("unknown", "no answer within 20 seconds")
        # What the claim waited for is taken off; what waited for too long sends nothing, and says so.
        with anyio.move_on_after(machine.SEND_WITHIN_S - min(self._awake() - started, _START_WITHIN_S)):
            try:
                answer = await send(lambda: self._awake() - started < _START_WITHIN_S)
            except Exception as error:  # noqa: BLE001 - a bug of ours after the claim is an unknown outcome too
                answer = Answer("unknown", f"the desk failed while it was sending ({type(error).__name__})")
        return answer

    async def _record(self, claimed: Move, answer: Answer, owner: str) -> Move:
        try:
            return await self.ledger.decide(
                lambda book: machine.settle(
                    machine.held(book, claimed.id, claimed.kind), answer, owner=owner, now=self.now()
                ),
                by="desk",
            )
        except Exception:  # noqa: BLE001 - whatever it was: on disk the claim stands, so the outcome is unknown
            return machine.unsure(claimed, "the outcome could not be written to the record", self.now())

    async def recovered(self, move: Move) -> Move:
        """The move; unknown where the desk that was sending it must be gone. The shop is not asked for that."""
        if move.state is not State.SENDING:
            return move
        return await self.ledger.decide(
            lambda book: machine.abandoned(machine.held(book, move.id, move.kind), self.now()), by="look"
        )

    async def looked(self, move: Move, look: Callable[[Move], Move]) -> Move:
        """Record what a look at the shop showed.

        Args:
            move: A move that was sent and is not settled.
            look: Says what the look means for the move as it stands in the record.
        """

        def decide(book: machine.Book) -> Move:
            held = machine.held(book, move.id, move.kind)
            return look(held) if held.state in machine.UNSETTLED - {State.SENDING} else held

        return await self.ledger.decide(decide, by="look")

    async def resolved(self, move: Move, *, applied: bool, by: str) -> Move:
        """A person's word on a move whose outcome is not known.

        Raises:
            RefundError: ``refund.open``: it is too early to say that it was not applied.
        """
        # When it was said, not when it is written down: a machine can sleep for a day in between.
        said_at = self.now()
        await self.recovered(move)
        return await self.ledger.decide(
            lambda book: machine.resolve(
                machine.held(book, move.id, move.kind), applied=applied, by=by, now=said_at
            ),
            by=by,
        )
