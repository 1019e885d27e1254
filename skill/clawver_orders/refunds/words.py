"""What is told about a refund in each state: what happened, and what to do next."""

from clawver_orders.errors import RefundError
from clawver_orders.refunds.machine import Move, State
from clawver_orders.text import mask_emails


def message(move: Move, *, waiting: str = "") -> str:
    """One or two sentences for the assistant and the shopkeeper.

    Args:
        move: The refund.
        waiting: How a person can confirm it here, while it is prepared.
    """
    record = move.snapshot.effect == "record"
    match move.state:
        case State.PREPARED:
            return f"Nothing was sent. {waiting or 'Show this to the shopkeeper, then call execute_refund.'}"
        case State.CONFIRMED:
            return "Confirmed, not sent yet. Call execute_refund within 5 minutes of the confirmation."
        case State.SENDING:
            return "It is being sent at this moment. Call check_refund in half a minute; do not prepare another."
        case State.ACCEPTED:
            return (
                "The shop accepted it and settles it later. Call check_refund later (after refresh_order, where "
                "the shop has that); do not prepare another."
            )
        case State.SUCCEEDED if record:
            return (
                f"Written down in the shop as refunded: {move.amount}. No money moved by it: pay it back yourself."
            )
        case State.SUCCEEDED:
            return f"Refunded {move.amount}. The customer's bank takes 1 to 5 business days."
        case State.UNKNOWN:
            may = "It may be written down; no money moves by it. " if record else "The money may have moved. "
            return (
                f"It was sent once and the outcome is unknown ({move.evidence}). {may}"
                "Nothing will be sent again: call check_refund later, and tell the shopkeeper that it is unknown."
            )
        case State.MANUAL:
            return _contradicted(move)
        case State.NOT_SENT:
            return (
                f"Nothing was sent: {move.evidence}. No money moved. Prepare it anew when the shop can be reached."
            )
        case State.REJECTED:
            return f"The shop refused it: {move.evidence}. No money moved. Check the order with get_order."
        case State.VOID:
            return f"Nothing was sent: {move.evidence}. Look at the order and prepare it anew."
        case State.EXPIRED:
            return f"Nothing was sent: {move.evidence}. Prepare it anew if it is still wanted."
        case State.DECLINED:
            return (
                f"A person said no ({mask_emails(move.evidence)}). Nothing was sent. Do not ask again unless they "
                "want it."
            )
        case _:
            return "A person found that it was not applied. No money moved. Prepare it anew if it is still wanted."


def registration(move: Move, *, waiting: str) -> str:
    """What is told about a webhook's registration.

    Args:
        move: The registration.
        waiting: How a person can be asked outside of the assistant.
    """
    match move.state:
        case State.PREPARED:
            return (
                "Nothing was sent: a person must approve where the shop sends its events. Call create_webhook "
                f"again: where your program has forms, a person is asked by one. Else: {waiting}"
            )
        case State.SUCCEEDED:
            return "Registered. The signing secret was made and kept by the desk."
        case State.CONFIRMED | State.SENDING | State.ACCEPTED:
            return "Confirmed and under way. Call create_webhook again with the same arguments to see how it ended."
        case State.MANUAL:
            return _contradicted(move)
        case State.UNKNOWN:
            return (
                f"It was sent once and the outcome is unknown ({move.evidence}). Nothing will be sent again: look "
                "with list_webhooks, or call create_webhook again later."
            )
        case _:
            return f"Nothing was registered: {mask_emails(move.evidence) or move.state}."


def _contradicted(move: Move) -> str:
    return (
        f"What the shop shows contradicts itself: {move.evidence}. "
        f"A person looks in the shop's dashboard, then runs: clawver-orders resolve {move.id}"
    )


_ACTED = {
    "cancel_order": "Cancelled. No money went back by it: what was paid is given back with prepare_refund.",
    "mark_order_paid": "Marked as paid.",
}


def action(move: Move, *, waiting: str) -> str:
    """What is told about a lasting write on an order.

    Args:
        move: The action.
        waiting: How a person can be asked outside of the assistant.
    """
    match move.state:
        case State.PREPARED:
            return (
                f"Nothing was sent: a person must approve it. Call {move.kind} again: where your program has "
                f"forms, a person is asked by one. Else: {waiting}"
            )
        case State.SUCCEEDED:
            return _ACTED.get(move.kind) or f"The price was changed by {move.text}."
        case State.CONFIRMED | State.SENDING:
            return f"Confirmed and under way. Call {move.kind} again with the same arguments to see how it ended."
        case State.ACCEPTED:
            return (
                "The shop said yes, and the order does not show it yet. "
                f"Call {move.kind} again later with the same arguments; nothing will be sent again."
            )
        case State.UNKNOWN:
            return (
                f"It was sent once and the outcome is unknown ({move.evidence}). Nothing will be sent again: look "
                f"with get_order, or call {move.kind} again later with the same arguments."
            )
        case State.MANUAL:
            return (
                f"What the shop shows is not what was sent: {move.evidence}. "
                f"A person looks in the shop's dashboard, then runs: clawver-orders resolve {move.id}"
            )
        case _:
            return f"Nothing was changed: {mask_emails(move.evidence) or move.state}."


_REFUSED = {
    State.EXPIRED: "expired",
    State.VOID: "void",
    State.DECLINED: "declined",
    State.NOT_SENT: "not_sent",
    State.REJECTED: "rejected",
}

_NEXT = {
    State.EXPIRED: "Prepare it anew if it is still wanted",
    State.VOID: "Look at the order with get_order and prepare it anew",
    State.DECLINED: "Nothing was sent. Do not ask again unless the shopkeeper wants it",
    State.NOT_SENT: "No money moved. Prepare it anew when the shop can be reached",
    State.REJECTED: "No money moved. Check the order with get_order",
}

_REJECTED_NEXT = {
    "auth": "No money moved. The shop does not know the key: set it anew; clawver-orders doctor names the setting",
    "forbidden": "No money moved. The key may not refund: use one that may",
}


def raise_if_refused(move: Move) -> None:
    """Tell a move that ended without being applied as the error that it is to whoever wants to execute it.

    Raises:
        RefundError: expired, void, declined, not_sent or rejected.
    """
    if code := _REFUSED.get(move.state):
        following = _NEXT[move.state]
        if move.state is State.REJECTED:
            following = _REJECTED_NEXT.get(move.error or "", following)
        raise RefundError(
            code, f"{move.id} was not carried out: {mask_emails(move.evidence) or move.state}", following
        )
