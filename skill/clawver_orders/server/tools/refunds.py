"""Tools that give money back, in two steps, and say what became of it."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, Resolve
from mcp_types import CallToolResult
from pydantic import Field

from clawver_orders import approvals
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent
from clawver_orders.server import forms, render, results, shapes
from clawver_orders.server.tools.made import (
    DESTROY_AGAIN,
    READ,
    WRITE,
    Made,
    OrderId,
    Reason,
    StoreName,
    StoreOrAll,
    teller,
)

Amount = Annotated[str, Field(description='"24.99 USD", or "full" for all that is left.')]
Another = Annotated[bool, Field(description="A second refund of the same amount.")]
RefundId = Annotated[str, Field(description="From prepare_refund.")]
RefundIdOrNone = Annotated[str, Field(description="Only this refund.")]
OrderIdOrNone = Annotated[str, Field(description="Only refunds of this order.")]


def tools(desk: Desk) -> tuple[Made, ...]:
    """What gives money back."""
    tell = teller(desk)

    async def asked(ctx: Context[Any, Any], refund_id: str) -> Any:
        return await forms.ask(ctx, await approvals.question(desk, refund_id=refund_id))

    async def prepare_refund(
        order_id: OrderId, amount: Amount, reason: Reason, another: Another = False, store: StoreName = ""
    ) -> CallToolResult:
        """First step of money back: checks order and amount, moves nothing.

        Tell the person which order, how much and what is left, then call execute_refund.
        """
        refund = results.refund(await desk.prepare_refund(store, order_id, amount, reason, another))
        return tell(refund, render.refund(refund))

    async def execute_refund(
        refund_id: RefundId, consent: Annotated[Consent | None, Resolve(forms.consented(asked))]
    ) -> CallToolResult:
        """Second step: sends a prepared refund once a person approved it.

        Calling again never pays twice. If the outcome is unknown do not prepare another: check_refund.
        """
        refund = results.refund(await desk.execute_refund(refund_id, consent))
        return tell(refund, render.refund(refund))

    async def check_refund(
        store: StoreOrAll = "", refund_id: RefundIdOrNone = "", order_id: OrderIdOrNone = ""
    ) -> CallToolResult:
        """What became of a refund: looks at the shop, sends nothing. Without arguments: all open ones."""
        refunds = results.refunds(await desk.check_refund(store, refund_id, order_id))
        return tell(refunds, render.refunds(refunds))

    return (
        Made(prepare_refund, WRITE, shapes.RefundResult, "refund"),
        Made(execute_refund, DESTROY_AGAIN, shapes.RefundResult, "refund"),
        Made(check_refund, READ, shapes.RefundsResult, "refund"),
    )
