"""The states of a money move and the only ways between them: no I/O, no clock, no HTTP.

A move is a write that must happen at most once: a refund, and what is as good as money or as lasting (cancelling
an order, its payment's mark, its price, a webhook's registration). Every function here takes what is known and the
time, and returns the move as it is afterwards; the ledger stores the result in the same transaction in which the
function looked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol

from clawver_orders.errors import RefundError
from clawver_orders.money import Money
from clawver_orders.store import Answer, RefundEffect

PREPARED_FOR: Final = timedelta(minutes=15)
CONFIRMED_FOR: Final = timedelta(minutes=5)
SEND_WITHIN_S: Final = 20.0
# Clocks of machines that share a desk differ by this at most. What is dated later was written before a clock was
# set back.
CLOCKS_DIFFER: Final = timedelta(minutes=2)
# A claim older than this has no living sender: the answer is cut off at SEND_WITHIN_S, the record waits ten more.
CLAIM_DEAD_AFTER: Final = timedelta(seconds=30)
NOT_APPLIED_AFTER: Final = timedelta(hours=24)
LOOKS_APART: Final = timedelta(minutes=15)
_LOOK_AGAIN_AFTER_S: Final = (2, 10, 60, 300, 1800, 7200, 86400)

Act = Literal["cancel_order", "mark_order_paid", "adjust_order_price"]
Kind = Literal["refund", "create_webhook", Act]
Moved = Literal["yes", "no", "pending", "unknown"]


class State(StrEnum):
    """Where a move stands; see references/refunds.md for what each means to a shopkeeper."""

    PREPARED = "prepared"
    CONFIRMED = "confirmed"
    SENDING = "sending"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    UNKNOWN = "unknown"
    MANUAL = "manual"
    VOID = "void"
    EXPIRED = "expired"
    DECLINED = "declined"
    NOT_APPLIED = "not_applied"


# While a move is in one of these, no other may start on the same subject.
OPEN: Final = frozenset({State.CONFIRMED, State.SENDING, State.ACCEPTED, State.UNKNOWN, State.MANUAL})
# These were sent, and how it ended is not settled yet: looking at the shop may tell.
UNSETTLED: Final = frozenset({State.SENDING, State.ACCEPTED, State.UNKNOWN, State.MANUAL})

_WAYS: Final[dict[State, frozenset[State]]] = {
    State.PREPARED: frozenset({State.CONFIRMED, State.EXPIRED, State.VOID, State.DECLINED}),
    State.CONFIRMED: frozenset({State.SENDING, State.VOID}),
    State.SENDING: frozenset(
        {State.NOT_SENT, State.REJECTED, State.ACCEPTED, State.SUCCEEDED, State.UNKNOWN, State.MANUAL}
    ),
    State.ACCEPTED: frozenset({State.SUCCEEDED, State.REJECTED, State.MANUAL, State.NOT_APPLIED}),
    # The sender's own outcome may arrive after another desk took its silence for a crash.
    State.UNKNOWN: frozenset(
        {
            State.SUCCEEDED,
            State.MANUAL,
            State.NOT_APPLIED,
            State.NOT_SENT,
            State.REJECTED,
            State.ACCEPTED,
        }
    ),
    State.MANUAL: frozenset({State.SUCCEEDED, State.NOT_APPLIED}),
}

_MOVED: Final[dict[State, Moved]] = {
    State.SENDING: "unknown",
    State.UNKNOWN: "unknown",
    State.MANUAL: "unknown",
    State.ACCEPTED: "pending",
    State.SUCCEEDED: "yes",
}

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MARKER: Final = re.compile(r"\[(R-[0-9A-HJKMNP-TV-Z]{8})\]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """One refund (or webhook) that the shop had on record when it was looked at."""

    id: str
    minor: int = 0
    currency: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the subject looked like: what a person confirms, and what must be unchanged when it is sent."""

    status: str = ""
    payment_status: str = ""
    total: Money | None = None
    refunded: Money | None = None
    known: tuple[Known, ...] = ()
    customer: str = ""
    items: str = ""
    refunding: bool = False
    effect: RefundEffect = "money"

    def shows(self, refund: "Move") -> bool:
        """Whether a refund of ours is on record here, by the shop's id for it or by its mark."""
        return any(known.id == refund.shop_id or refund.id in known.text for known in self.known)

    def changes(self, now: "Snapshot", *, stage: bool = False) -> str:
        """What of this is different now, in words; empty where nothing that matters is.

        A parcel that moved on (``status``) does not matter to a refund.

        Args:
            now: The same subject as it was just read.
            stage: Whether the order's status matters too, as it does to whoever cancels it.
        """
        if self.total != now.total:
            return f"the total was {self.total} and is {now.total}"
        if self.refunded != now.refunded or self.known != now.known:
            return f"the refunds on record were {self.refunded} and are {now.refunded}"
        if self.payment_status != now.payment_status:
            return f"the payment status was {self.payment_status} and is {now.payment_status}"
        if self.refunding != now.refunding:
            return "a refund on it was started or ended in the shop"
        if self.effect != now.effect:
            return "whether the payment method can give money back"
        if stage and self.status != now.status:
            return f"the status was {self.status} and is {now.status}"
        return ""


@dataclass(frozen=True, slots=True)
class Move:
    """One money move, as the ledger keeps it.

    Attributes:
        id: ``R-`` and eight characters; it is also the marker that goes with a refund's reason.
        kind: What the write is.
        subject: The order's id, or the webhook's URL.
        text: The reason as the assistant gave it, cleaned; the webhook's events, joined with commas; or by how
            much a price is changed.
        another: Whether a second refund of the same amount was asked for on purpose.
        repeats: Whether it is one.
        version: Counts the moves between states; a writer names the version that it saw.
        owner: The one attempt that holds the claim to send.
        looks: How often the shop was looked at after the send without finding it.
        remaining: What can still be refunded once this is done; the order must be unchanged when it is sent.
        look_at: When to look again.
        principal: Who prepared it, where programs are let in by name; empty over stdio.
    """

    id: str
    kind: Kind
    store: str
    subject: str
    text: str
    state: State
    prepared_at: datetime
    amount: Money | None = None
    another: bool = False
    repeats: bool = False
    snapshot: Snapshot = field(default_factory=Snapshot)
    version: int = 0
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    owner: str | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    shop_id: str | None = None
    processor_id: str | None = None
    remaining: Money | None = None
    evidence: str = ""
    error: str | None = None
    looks: int = 0
    first_look_at: datetime | None = None
    last_look_at: datetime | None = None
    look_at: datetime | None = None
    principal: str = ""

    @property
    def moved(self) -> Moved:
        """Whether money (or the lasting change) moved, as far as anyone can know."""
        if self.snapshot.effect == "record":
            return "no"
        return _MOVED.get(self.state, "no")

    @property
    def expires_at(self) -> datetime:
        """Until when a person may confirm it; once confirmed, until when it may be sent."""
        if self.confirmed_at is not None:
            return self.confirmed_at + CONFIRMED_FOR
        return self.prepared_at + PREPARED_FOR

    @property
    def reason_sent(self) -> str:
        """The reason as it goes to the shop: the given one and the marker."""
        return f"{self.text} [{self.id}]"


class Book(Protocol):
    """What a decision may look at; it stays true until the decision is stored."""

    def get(self, move_id: str) -> Move | None:
        """The move with this id."""
        ...

    def of(self, store: str, subject: str) -> tuple[Move, ...]:
        """All moves on one order or URL, oldest first."""
        ...

    def spent(self, currency: str, since: datetime) -> Money:
        """What was refunded since then, and what is confirmed or may have been refunded, whenever that was."""
        ...

    def frozen(self) -> str:
        """Who froze the desk; empty where nobody did."""
        ...


class Ledger(Protocol):
    """The durable record of all moves."""

    async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
        """Run a decision and store what it returns, in one transaction, on disk before this returns.

        A decision that returns a move as it already stands writes nothing.

        Raises:
            DeskError: What the decision raised; nothing is stored then.
            SetupError: The record could not be written. It may have been: treat it as possibly written.
        """
        ...

    async def get(self, move_id: str) -> Move | None:
        """The move with this id."""
        ...

    async def find(
        self, *, store: str = "", subject: str = "", states: frozenset[State] = frozenset()
    ) -> tuple[Move, ...]:
        """Moves, those under way first, then newest first, at most 200; an empty argument does not filter."""
        ...

    async def head(self) -> str:
        """The hash of the newest event of the record, to be noted elsewhere."""
        ...

    async def verify(self) -> tuple[str, ...]:
        """What is wrong with the record, a sentence each."""
        ...

    async def switch(self, name: str) -> str:
        """What a switch of the desk stands at, such as ``frozen``; empty where it is off."""
        ...

    async def turn(self, name: str, change: Callable[[str], str], *, note: str, by: str) -> str:
        """Turn a switch in one transaction; the note is kept as an event, the value is not."""
        ...

    async def refused(self, *, store: str, subject: str, code: str, detail: str, by: str) -> None:
        """Keep that something was refused before there was a move."""
        ...


def new_id(random: Callable[[int], int]) -> str:
    """A new id from a source of random numbers below a bound (``secrets.randbelow``): 40 bits."""
    return "R-" + "".join(_ALPHABET[random(32)] for _ in range(8))


def step(move: Move, state: State, **facts: object) -> Move:
    """The move in another state, with what became known.

    Raises:
        ValueError: There is no such way: a mistake of ours, never a user's.
    """
    if state not in _WAYS.get(move.state, frozenset()):
        raise ValueError(f"{move.state} does not lead to {state}")
    return replace(move, state=state, version=move.version + 1, **facts)  # type: ignore[arg-type]


def held(book: Book, move_id: str, kind: Kind) -> Move:
    """The move of that kind with this id.

    Raises:
        RefundError: ``refund.not_found``: there is none.
    """
    move = book.get(move_id)
    if move is None or move.kind != kind:
        raise RefundError(
            "not_found",
            f"There is no such {kind.replace('_', ' ')}",
            "Prepare it first and use the id of that answer",
        )
    return move


def refuse_beside(book: Book, store: str, subject: str) -> None:
    """Refuse while a move on the same order or URL is open: what it did is not settled.

    Raises:
        RefundError: ``refund.open``.
    """
    for other in book.of(store, subject):
        if other.state in OPEN:
            how = f"check_refund with {other.id}" if other.kind == "refund" else f"{other.kind} again as before"
            raise RefundError(
                "open",
                f"{other.id} on the same order is {other.state}, and only one may be under way",
                f"Call {how}; until it is settled nothing else is sent",
            )


def unshown(book: Book, store: str, subject: str, seen: Snapshot) -> Move | None:
    """A refund that the record knows as applied and this look at the order does not show: the look is older."""
    for move in book.of(store, subject):
        if move.kind == "refund" and move.state is State.SUCCEEDED and not seen.shows(move):
            return move
    return None


def expire(move: Move, now: datetime) -> Move:
    """A preparation that nobody confirmed in time is expired, a confirmation that was not used in time void.

    So is what is dated later than now: how long ago it was, a clock that was set back cannot tell.
    """
    if move.state not in {State.PREPARED, State.CONFIRMED}:
        return move
    if now < (move.confirmed_at or move.prepared_at) - CLOCKS_DIFFER:
        evidence = f"the clock was set back since it was {move.state}"
    elif now < move.expires_at:
        return move
    elif move.state is State.PREPARED:
        evidence = "not confirmed within 15 minutes"
    else:
        evidence = "confirmed, but not sent within 5 minutes"
    over = State.EXPIRED if move.state is State.PREPARED else State.VOID
    return step(move, over, settled_at=now, evidence=evidence)


def confirm(book: Book, move: Move, *, by: str, now: datetime) -> Move:
    """A person said yes. Works once: a move that is not prepared any more comes back as it is.

    It is void where a refund of ours was made on the order since it was prepared: the person was shown less than
    was refunded, and no look right before the send tells, where the shop answers with what was.

    Raises:
        RefundError: ``refund.open``: another move on the same subject is under way.
    """
    move = expire(move, now)
    if move.state is not State.PREPARED:
        return move
    refuse_beside(book, move.store, move.subject)
    if move.kind == "refund" and (other := unshown(book, move.store, move.subject, move.snapshot)):
        return step(move, State.VOID, settled_at=now, evidence=f"{other.id} was refunded since it was prepared")
    return step(move, State.CONFIRMED, confirmed_at=now, confirmed_by=by)


def outdated(move: Move, other: Move, now: datetime) -> Move:
    """The person was shown less than another move of ours has done since: it is not carried out."""
    return step(move, State.VOID, settled_at=now, evidence=f"{other.id} was carried out since it was prepared")


def outlived() -> RefundError:
    """What is told where a person's answer is for something that is over, and nothing else may begin by it."""
    return RefundError(
        "void",
        "What the person was asked about is over: it changed, or its time ran out, before they answered",
        "Nothing was sent. Call again: they are asked about it as it is now",
    )


def decline(move: Move, *, by: str, now: datetime) -> Move:
    """A person said no, or closed the question; or takes a yes back that was not used yet."""
    move = expire(move, now)
    if move.state is State.PREPARED:
        return step(move, State.DECLINED, settled_at=now, evidence=by)
    if move.state is State.CONFIRMED:
        return step(move, State.VOID, settled_at=now, evidence=f"the confirmation was taken back: {by}")
    return move


def claim(move: Move, seen: Snapshot, *, owner: str, now: datetime) -> Move:
    """Take the one right to send. The caller may send if, and only if, it finds itself as the owner afterwards.

    A confirmed move is the only open one on its subject: confirm saw to it, and the ledger's index does.
    """
    move = expire(move, now)
    if move.state is not State.CONFIRMED:
        return move
    if changed := move.snapshot.changes(seen, stage=move.kind != "refund"):
        return step(
            move, State.VOID, settled_at=now, evidence=f"the order changed since it was confirmed: {changed}"
        )
    return step(move, State.SENDING, owner=owner, sent_at=now)


def settle(move: Move, answer: Answer, *, owner: str, now: datetime) -> Move:
    """Record how the one send ended, as its sender saw it."""
    if move.owner != owner or move.state not in {State.SENDING, State.UNKNOWN}:
        return move
    match answer.kind:
        case "done":
            return step(
                move,
                State.SUCCEEDED,
                settled_at=now,
                evidence=f"response: {answer.evidence}",
                shop_id=answer.shop_id,
                processor_id=answer.processor_id,
                remaining=answer.remaining or move.remaining,
                look_at=None,
            )
        case "settling":
            return step(move, State.ACCEPTED, evidence=answer.evidence, look_at=_look_at(0, now))
        case "refused":
            return step(
                move, State.REJECTED, settled_at=now, evidence=answer.evidence, error=answer.error, look_at=None
            )
        case "not_sent":
            return step(move, State.NOT_SENT, settled_at=now, evidence=answer.evidence, look_at=None)
        case _:
            return unsure(move, answer.evidence, now)


def unsure(move: Move, evidence: str, now: datetime) -> Move:
    """Call it unknown: it was sent, and what came of it was not seen."""
    if move.state is not State.SENDING:
        return move
    return step(move, State.UNKNOWN, evidence=evidence, look_at=_look_at(0, now))


def abandoned(move: Move, now: datetime) -> Move:
    """A claim whose sender must be gone is unknown; a younger one is left to its sender."""
    if move.sent_at is not None and abs(now - move.sent_at) >= CLAIM_DEAD_AFTER:
        return unsure(move, "the desk stopped while it was sending", now)
    return move


def accepted(move: Move, evidence: str, now: datetime) -> Move:
    """The shop shows that it accepted it, and has not settled it."""
    return step(move, State.ACCEPTED, evidence=evidence, last_look_at=now, look_at=_look_at(move.looks, now))


def found(
    move: Move,
    *,
    evidence: str,
    now: datetime,
    shop_id: str | None,
    processor_id: str | None = None,
    remaining: Money | None = None,
) -> Move:
    """The shop shows it: it was applied."""
    return step(
        move,
        State.SUCCEEDED,
        settled_at=now,
        evidence=evidence,
        shop_id=shop_id,
        processor_id=processor_id,
        remaining=remaining or move.remaining,
        look_at=None,
    )


def absent(move: Move, now: datetime) -> Move:
    """The shop was looked at and does not show it. That proves nothing: it may be applied late."""
    return replace(
        move,
        version=move.version + 1,
        looks=move.looks + 1,
        first_look_at=move.first_look_at or now,
        last_look_at=now,
        look_at=_look_at(move.looks + 1, now),
    )


def contradicted(move: Move, evidence: str, now: datetime) -> Move:
    """What the shop shows cannot all be true of one send: a person must look."""
    if move.state is State.MANUAL:
        return move
    return step(move, State.MANUAL, evidence=evidence, last_look_at=now, look_at=None)


def resolve(move: Move, *, applied: bool, by: str, now: datetime) -> Move:
    """A person's word on a move whose outcome is not known, or that the shop accepted and never settled.

    Raises:
        RefundError: ``refund.open``: for "not applied" it is too early: 24 hours after the send, and two looks
            at least 15 minutes apart, must have shown nothing.
    """
    if move.state not in UNSETTLED - {State.SENDING}:
        return move
    if applied:
        return step(move, State.SUCCEEDED, settled_at=now, evidence=f"a person's word: {by}", look_at=None)
    seen_twice = (
        move.first_look_at is not None
        and move.last_look_at is not None
        and move.last_look_at - move.first_look_at >= LOOKS_APART
    )
    if move.sent_at is None or now - move.sent_at < NOT_APPLIED_AFTER or not seen_twice:
        raise RefundError(
            "open",
            "It is too early to say that it was not applied",
            "Wait until 24 hours after the send, with two looks at least 15 minutes apart: by check_refund, or by "
            "the same create_webhook again",
        )
    return step(move, State.NOT_APPLIED, settled_at=now, evidence=f"a person's word: {by}", look_at=None)


def _look_at(looks: int, now: datetime) -> datetime:
    return now + timedelta(seconds=_LOOK_AGAIN_AFTER_S[min(looks, len(_LOOK_AGAIN_AFTER_S) - 1)])
