"""What a person sees before money moves, and who may be asked where: facts of the record, never a buyer's text."""

from clawver_orders import text
from clawver_orders.approvals.pin import Pin
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent
from clawver_orders.errors import DeskError, RefundError
from clawver_orders.refunds import words
from clawver_orders.refunds.machine import Move, State

FORM_CAP = 1000
SECOND = "SECOND REFUND OF THE SAME AMOUNT"
_REASON_CAP = 120


def facts(move: Move, *, bought: bool = False) -> tuple[tuple[str, str], ...]:
    """What a person must know to decide, in order, as label and value; the reason is last, in quotes.

    Nothing here was shaped by a buyer but the quoted reason, which an assistant wrote: it is cleaned and capped.
    The page also shows what was bought, in the shop's words: a form's text must not hold them.
    """
    seen = move.snapshot
    rows = [("Store", move.store)]
    if move.kind == "refund":
        rows += [("Order", move.subject), ("Amount", str(move.amount))]
        if move.repeats:
            rows.append(("Attention", SECOND))
        if bought:
            rows.append(("Bought (the shop's words)", text.quoted(seen.items)))
        rows += [
            ("Order total", str(seen.total)),
            ("Refunded so far", str(seen.refunded)),
            ("Left after this", str(move.remaining)),
            ("Customer", seen.customer or "not said"),
            ("Reason (the assistant's words)", text.quoted(_capped(move.text))),
        ]
    else:
        # The host is one that the operator allowed; the path is the assistant's, so it is shown as its words.
        rows += [("Sends events to", text.quoted(move.subject)), ("Events", move.text)]
    return tuple(rows)


def form(move: Move) -> str:
    """The text of the form that a person answers: server-made, at most 1,000 characters, without links."""
    title = "Refund this? Money will move." if move.kind == "refund" else "Register this webhook?"
    lines = [title, *(f"{label}: {value}" for label, value in facts(move)), f"({move.id})"]
    return "\n".join(lines)[:FORM_CAP]


async def question(desk: Desk, *, refund_id: str) -> str | None:
    """The form's text for a refund that waits for a person's yes; None where no form is to be shown."""
    if desk.read_only or not await _forms_count(desk):
        return None
    try:
        move = await desk.refunds.current(refund_id)
    except RefundError:
        # The tool itself tells what is wrong with the id.
        return None
    if move.state is not State.PREPARED or desk.moves.limits.assistant_may_confirm(move):
        return None
    return form(move)


async def webhook_question(desk: Desk, *, store: str, url: str, events: tuple[str, ...]) -> str | None:
    """The form's text for a webhook that waits for a person's yes; None where no form is to be shown."""
    if desk.read_only or not await _forms_count(desk):
        return None
    try:
        move = await desk.webhook_waiting(store, url, events)
    except DeskError:
        return None
    return form(move) if move.state is State.PREPARED else None


async def _forms_count(desk: Desk) -> bool:
    """Whether a form of the assistant's program is a person's yes: by the settings, else while no PIN is set."""
    return not await pin_of(desk).is_set() if desk.trust_forms is None else desk.trust_forms


def pin_of(desk: Desk) -> Pin:
    """The PIN of a desk's record."""
    return Pin(desk.moves.ledger, desk.moves.now)


async def waiting(desk: Desk) -> tuple[Move, ...]:
    """What waits for a person's yes at this moment, newest first."""
    found = await desk.moves.ledger.find(states=frozenset({State.PREPARED}))
    current = [await desk.moves.confirmed(move, None) for move in found]
    return tuple(move for move in current if move.state is State.PREPARED)


async def found(desk: Desk, move_id: str) -> Move:
    """The refund or registration with this id, as it stands now.

    Raises:
        RefundError: ``refund.not_found``.
    """
    move = await desk.moves.ledger.get(move_id)
    if move is None:
        raise RefundError(
            "not_found",
            "There is nothing with that id in this desk's record",
            "List what there is with: clawver-orders refunds list",
        )
    return await desk.moves.confirmed(move, None)


async def answer(desk: Desk, move: Move, *, given: bool, how: str) -> Move:
    """Record a person's yes or no; nothing is sent by this.

    Raises:
        RefundError: A yes came too late, or another move on the same order is under way.
    """
    answered = await desk.moves.confirmed(move, Consent(given=given, how=how))
    if given:
        words.raise_if_refused(answered)
    return answered


def typed_rightly(move: Move, typed: str) -> bool:
    """Whether a person at a terminal typed what they approve: the amount, or the webhook's host and path."""
    return typed.strip() == (str(move.amount) if move.kind == "refund" else move.subject)


def _capped(words: str) -> str:
    return words if len(words) <= _REASON_CAP else words[: _REASON_CAP - 1] + "…"
