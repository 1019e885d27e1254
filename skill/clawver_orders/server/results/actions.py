"""Refunds, webhooks and other lasting writes as structured results."""

from clawver_orders import order as model
from clawver_orders.desk import results as desk
from clawver_orders.server import shapes
from clawver_orders.server.results.orders import notes, standing
from clawver_orders.server.results.words import said, text_of, time


def _approval(approval: desk.Approval | None) -> shapes.Approval | None:
    if approval is None:
        return None
    shown: shapes.Approval = said(url=approval.url, expires_at=time(approval.expires_at))
    return shown


def _refund(refund: desk.Refund) -> shapes.Refund:
    shown: shapes.Refund = said(
        refund_id=refund.refund_id,
        store=refund.store,
        order_id=refund.order_id,
        amount=str(refund.amount),
        reason=refund.reason,
        state=refund.state.value,
        money_moved=refund.money_moved,
        remaining=text_of(refund.remaining),
        processor_id=refund.processor_id,
        confirmed_by=refund.confirmed_by,
        approval=_approval(refund.approval),
        next_check_at=time(refund.next_check_at),
        message=refund.message,
    )
    return shown


def refund(refund: desk.Refund) -> shapes.RefundResult:
    """One refund."""
    return {"refund": _refund(refund)}


def refunds(refunds: tuple[desk.Refund, ...]) -> shapes.RefundsResult:
    """Several refunds."""
    return {"refunds": [_refund(refund) for refund in refunds]}


def _action(action: desk.Action) -> shapes.Action:
    shown: shapes.Action = said(
        action_id=action.action_id,
        state=action.state.value,
        outcome=action.outcome,
        approval=_approval(action.approval),
        message=action.message,
    )
    return shown


def acted(acted: desk.Acted, *, several: bool) -> shapes.ActedResult:
    """A lasting write on an order, and the order as it was last read."""
    return {"order": standing(acted.order, several=several), "action": _action(acted.action)}


def handled(order: model.Order, *, several: bool) -> shapes.StandingResult:
    """An order after a plain write."""
    return {"order": standing(order, several=several)}


def commented(commented: desk.Commented) -> shapes.CommentedResult:
    """The comments on an order once one was written."""
    return {"order_id": commented.order_id, "notes": notes(commented.notes)}


def _webhook(webhook: model.Webhook) -> shapes.Webhook:
    shown: shapes.Webhook = said(id=webhook.id or None, url=webhook.url, events=list(webhook.events))
    return shown


def registration(registration: desk.Registration) -> shapes.WebhookResult:
    """A webhook's registration, and where it stands."""
    return {"webhook": _webhook(registration.webhook), "action": _action(registration.action)}


def webhooks(webhooks: tuple[model.Webhook, ...]) -> shapes.WebhooksResult:
    """Where the shop sends its events."""
    return {"webhooks": [_webhook(webhook) for webhook in webhooks]}


def deleted(webhook_id: str) -> shapes.DeletedResult:
    """A webhook that is no more."""
    return {"webhook_id": webhook_id, "message": "Deleted. The shop sends no more events there."}
