"""Refunds, webhooks and other lasting writes as short texts."""

from clawver_orders.server import shapes
from clawver_orders.server.render.orders import notes, standing
from clawver_orders.server.render.words import joined, minute, word


def _approval(approval: shapes.Approval) -> str:
    where = f" at {approval['url']}" if "url" in approval else ""
    return f"A person can approve it{where} until {minute(approval['expires_at'])}."


def _refund(refund: shapes.Refund) -> list[str]:
    head = f"{refund['refund_id']}: {refund['amount']} on order {word(refund['order_id'])} ({refund['store']})"
    lines = [f"{head}: {refund['state']}, money moved: {refund['money_moved']}. {refund['message']}"]
    facts = []
    if "remaining" in refund:
        facts.append(f"Left after this: {refund['remaining']}.")
    if "confirmed_by" in refund:
        facts.append(f"Confirmed by: {refund['confirmed_by']}.")
    if "processor_id" in refund:
        facts.append(f"Processor: {word(refund['processor_id'])}.")
    if "approval" in refund:
        facts.append(_approval(refund["approval"]))
    if "next_check_at" in refund:
        facts.append(f"Next look at the shop: {minute(refund['next_check_at'])}.")
    if facts:
        lines.append(" ".join(facts))
    lines.append(f"Reason: {refund['reason']}")
    return lines


def refund(result: shapes.RefundResult) -> str:
    """One refund."""
    return "\n".join(_refund(result["refund"]))


def refunds(result: shapes.RefundsResult) -> str:
    """Several refunds."""
    lines = [line for refund in result["refunds"] for line in _refund(refund)]
    return "\n".join(lines or ["No open refunds."])


def _action(action: shapes.Action) -> list[str]:
    lines = [f"{action['action_id']}: {action['state']}, outcome: {action['outcome']}. {action['message']}"]
    if "approval" in action:
        lines.append(_approval(action["approval"]))
    return lines


def acted(result: shapes.ActedResult) -> str:
    """Where a lasting write on an order stands, and the order."""
    return joined([*_action(result["action"]), f"Order {standing(result['order'])}"])


def handled(result: shapes.StandingResult) -> str:
    """An order after a plain write."""
    return joined([f"Order now {standing(result['order'])}"])


def commented(result: shapes.CommentedResult) -> str:
    """The comments on an order once one was written."""
    return joined([f"Written. The comments on {word(result['order_id'])} now:", *notes(result["notes"])])


def _webhook(webhook: shapes.Webhook) -> str:
    name = f"{word(webhook['id'])}: " if "id" in webhook else ""
    return f"{name}{word(webhook['url'])} gets {', '.join(word(event) for event in webhook['events'])}"


def registration(result: shapes.WebhookResult) -> str:
    """A webhook's registration, and where it stands."""
    return joined([*_action(result["action"]), _webhook(result["webhook"])])


def webhooks(result: shapes.WebhooksResult) -> str:
    """Where the shop sends its events."""
    return joined([_webhook(webhook) for webhook in result["webhooks"]] or ["The shop has no webhooks."])


def deleted(result: shapes.DeletedResult) -> str:
    """A webhook that is no more."""
    return f"{word(result['webhook_id'])}: {result['message']}"
