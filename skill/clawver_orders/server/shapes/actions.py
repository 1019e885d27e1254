"""What is told about writes on orders: refunds, cancelling, prices, comments, and how a person says yes."""

from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from clawver_orders.server.shapes.orders import Note, Standing
from clawver_orders.server.shapes.words import CLOSED, Moved, Outcome, Time


@with_config(CLOSED)
class Approval(TypedDict):
    """How a person says yes where the assistant's program has no form."""

    url: NotRequired[str]
    expires_at: Time


@with_config(CLOSED)
class Refund(TypedDict):
    """A refund, where it stands, and what to do next."""

    refund_id: str
    store: str
    order_id: str
    amount: str
    reason: str
    state: str
    money_moved: Moved
    remaining: NotRequired[str]
    processor_id: NotRequired[str]
    confirmed_by: NotRequired[str]
    approval: NotRequired[Approval]
    next_check_at: NotRequired[Time]
    message: str


@with_config(CLOSED)
class Action(TypedDict):
    """A lasting write other than a refund."""

    action_id: str
    state: str
    outcome: Outcome
    approval: NotRequired[Approval]
    message: str


@with_config(CLOSED)
class RefundResult(TypedDict):
    """Answer of prepare_refund and execute_refund."""

    refund: Refund


@with_config(CLOSED)
class RefundsResult(TypedDict):
    """Answer of check_refund."""

    refunds: list[Refund]


@with_config(CLOSED)
class ActedResult(TypedDict):
    """Answer of cancel_order, mark_order_paid and adjust_order_price."""

    order: Standing
    action: Action


@with_config(CLOSED)
class StandingResult(TypedDict):
    """Answer of close_order, reopen_order and refresh_order."""

    order: Standing


@with_config(CLOSED)
class CommentedResult(TypedDict):
    """Answer of comment_order."""

    order_id: str
    notes: list[Note]
