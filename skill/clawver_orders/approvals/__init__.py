"""What a person sees before money moves, and who may be asked where: facts of the record, never a buyer's text."""

from collections.abc import Mapping
from typing import Final

from clawver_orders import text
from clawver_orders.approvals.pin import Pin
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent
from clawver_orders.errors import DeskError, RefundError
from clawver_orders.refunds import actions, words
from clawver_orders.refunds.machine import Act, Kind, Move, State, expire

FORM_CAP = 1000
SECOND = "SECOND REFUND OF THE SAME AMOUNT"
RECORD = "Only written down in the shop: no money moves by this"
_REASON_CAP = 120
_PRINCIPAL_CAP = 150
_REASON: Final = "Reason (the assistant's words)"

# What each is called, what is asked about it, and what a person types to say that they read it.
NOUNS: Final[Mapping[Kind, str]] = {
    "refund": "refund",
    "create_webhook": "registration",
    "cancel_order": "cancellation",
    "mark_order_paid": "mark as paid",
    "adjust_order_price": "price change",
}
_QUESTIONS: Final[Mapping[Kind, str]] = {
    "refund": "Refund this? Money will move.",
    "create_webhook": "Register this webhook?",
    "cancel_order": "Cancel this order? No money goes back by this.",
    "mark_order_paid": "Mark this order as paid? No money is taken by this.",
    "adjust_order_price": "Change the price of this order?",
}
TYPED: Final[Mapping[Kind, str]] = {
    "refund": "the amount with its currency",
    "create_webhook": "the address",
    "cancel_order": "the order's id",
    "mark_order_paid": "the order's id",
    "adjust_order_price": "the change with its currency",
}


def facts(move: Move, *, bought: bool = False) -> tuple[tuple[str, str], ...]:
    """What a person must know to decide, in order, as label and value; the reason is last, in quotes.

    Nothing here was shaped by a buyer but the quoted reason, which an assistant wrote: it is cleaned and capped.
    The page also shows what was bought, in the shop's words: a form's text must not hold them.
    """
    if move.kind == "create_webhook":
        # The host is one that the operator allowed; the path is the assistant's, so it is shown as its words.
        sent_to = (("Sends events to", text.quoted(move.subject)), ("Events", move.text))
        return (("Store", move.store), *_of_principal(move), *sent_to)
    items = (("Bought (the shop's words)", text.quoted(move.snapshot.items)),) if bought else ()
    told = _of_refund(move, items) if move.kind == "refund" else _of_action(move, items)
    return (("Store", move.store), ("Order", move.subject), *_of_principal(move), *told)


_Facts = tuple[tuple[str, str], ...]


def _of_principal(move: Move) -> _Facts:
    # A name that an issuer gave may be its owner's choice: nothing in it is to render as a link.
    name = text.clean(move.principal, _PRINCIPAL_CAP)
    return (("Prepared by", name),) if name else ()


def _of_refund(move: Move, items: _Facts) -> _Facts:
    seen = move.snapshot
    rows = [("Amount", str(move.amount))]
    if move.repeats:
        rows.append(("Attention", SECOND))
    if only_recorded(move):
        rows.append(("Effect", RECORD))
    return (
        *rows,
        *items,
        ("Order total", str(seen.total)),
        ("Refunded so far", str(seen.refunded)),
        ("Left after this", str(move.remaining)),
        ("Customer", seen.customer or "not said"),
        (_REASON, text.quoted(_capped(move.text))),
    )


def _of_action(move: Move, items: _Facts) -> _Facts:
    seen = move.snapshot
    change: _Facts = (("Change", move.text),) if move.kind == "adjust_order_price" else ()
    new: _Facts = (("New total", str(actions.expected(move))),) if change else ()
    reason: _Facts = ((_REASON, text.quoted(_capped(move.text))),) if move.kind == "cancel_order" else ()
    return (
        *change,
        *items,
        ("Order total", "not said" if seen.total is None else str(seen.total)),
        *new,
        ("Payment", seen.payment_status),
        ("Customer", seen.customer or "not said"),
        *reason,
    )


def only_recorded(move: Move) -> bool:
    """Whether a refund is only written down in the shop, and its money goes another way."""
    return move.kind == "refund" and move.snapshot.effect == "record"


def asked(move: Move) -> str:
    """What a person is asked, in one line."""
    if only_recorded(move):
        return f"Write this refund down? {RECORD}."
    return _QUESTIONS[move.kind]


def form(move: Move) -> str:
    """The text of the form that a person answers: server-made, at most 1,000 characters, without links."""
    lines = [asked(move), *(f"{label}: {value}" for label, value in facts(move)), f"({move.id})"]
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


async def action_question(desk: Desk, *, kind: Act, store: str, order_id: str, given: str) -> str | None:
    """The form's text for an action on an order that waits for a person's yes; None where no form is to be shown.

    Args:
        desk: The desk.
        kind: Which action.
        store: The store's name; empty where there is one.
        order_id: The order.
        given: The reason, or the adjustment, as the assistant gave it.
    """
    if desk.read_only or not await _forms_count(desk):
        return None
    try:
        move = await desk.action_waiting(kind, store, order_id, given)
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
    now = desk.moves.now()
    return tuple(move for move in found if expire(move, now).state is State.PREPARED)


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


async def answer(desk: Desk, move: Move, *, given: bool, how: str, as_shown: bool = False) -> Move:
    """Record a person's yes or no; nothing is sent by this.

    Args:
        desk: The desk.
        move: What they were shown.
        given: Whether it is a yes.
        how: How they gave it, for the record.
        as_shown: Whether it counts only if nobody answered since they were shown it.

    Raises:
        RefundError: A yes came too late, or another move on the same order is under way.
    """
    answered = await desk.moves.confirmed(move, Consent(given=given, how=how), as_shown=as_shown)
    if given:
        words.raise_if_refused(answered)
    return answered


def typed_rightly(move: Move, typed: str) -> bool:
    """Whether a person at a terminal typed what they approve: the amount, the order, or where events go."""
    wanted = {"refund": str(move.amount), "adjust_order_price": move.text}.get(move.kind, move.subject)
    return typed.strip() == wanted


def _capped(words: str) -> str:
    return words if len(words) <= _REASON_CAP else words[: _REASON_CAP - 1] + "…"
