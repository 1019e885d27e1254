"""Tools that change an order: cancel, payment, price, stage, comments."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, Resolve
from mcp_types import CallToolResult
from pydantic import Field

from clawver_orders import approvals
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent
from clawver_orders.server import forms, render, results, shapes
from clawver_orders.server.tools.made import DESTROY, WRITE, WRITE_AGAIN, Made, OrderId, Reason, StoreName, teller

Adjustment = Annotated[str, Field(description='Such as "-20.00 CNY".')]
Comment = Annotated[str, Field(description="The text.")]
CommentId = Annotated[str, Field(description="Rewrite this one.")]
AsCustomer = Annotated[bool, Field(description="Write as the buyer.")]


def tools(desk: Desk) -> tuple[Made, ...]:
    """What changes an order."""
    tell = teller(desk)
    several = len(desk.stores) > 1

    async def ask_to_cancel(ctx: Context[Any, Any], store: str, order_id: str, reason: str) -> Any:
        question = await approvals.action_question(
            desk, kind="cancel_order", store=store, order_id=order_id, given=reason
        )
        return await forms.ask(ctx, question)

    async def cancel_order(
        order_id: OrderId,
        reason: Reason,
        consent: Annotated[Consent | None, Resolve(forms.consented(ask_to_cancel))],
        store: StoreName = "",
    ) -> CallToolResult:
        """Cancel an order, once a person approved it. Gives no money back."""
        acted = results.acted(await desk.cancel_order(store, order_id, reason, consent), several=several)
        return tell(acted, render.acted(acted))

    async def ask_to_mark(ctx: Context[Any, Any], store: str, order_id: str) -> Any:
        question = await approvals.action_question(
            desk, kind="mark_order_paid", store=store, order_id=order_id, given=""
        )
        return await forms.ask(ctx, question)

    async def mark_order_paid(
        order_id: OrderId,
        consent: Annotated[Consent | None, Resolve(forms.consented(ask_to_mark))],
        store: StoreName = "",
    ) -> CallToolResult:
        """Mark an unpaid order as paid by cash or transfer, once a person approved it."""
        acted = results.acted(await desk.mark_order_paid(store, order_id, consent), several=several)
        return tell(acted, render.acted(acted))

    async def ask_to_adjust(ctx: Context[Any, Any], store: str, order_id: str, adjustment: str) -> Any:
        question = await approvals.action_question(
            desk, kind="adjust_order_price", store=store, order_id=order_id, given=adjustment
        )
        return await forms.ask(ctx, question)

    async def adjust_order_price(
        order_id: OrderId,
        adjustment: Adjustment,
        consent: Annotated[Consent | None, Resolve(forms.consented(ask_to_adjust))],
        store: StoreName = "",
    ) -> CallToolResult:
        """Change the price of an unpaid order, such as a discount, once a person approved it."""
        acted = results.acted(await desk.adjust_order_price(store, order_id, adjustment, consent), several=several)
        return tell(acted, render.acted(acted))

    async def close_order(order_id: OrderId, store: StoreName = "") -> CallToolResult:
        """Close an order that is paid and done."""
        order = results.handled(await desk.close_order(store, order_id), several=several)
        return tell(order, render.handled(order))

    async def reopen_order(order_id: OrderId, store: StoreName = "") -> CallToolResult:
        """Open a closed order again."""
        order = results.handled(await desk.reopen_order(store, order_id), several=several)
        return tell(order, render.handled(order))

    async def refresh_order(order_id: OrderId, store: StoreName = "") -> CallToolResult:
        """Have the shop look again whether an order is paid, or its refund through."""
        order = results.handled(await desk.refresh_order(store, order_id), several=several)
        return tell(order, render.handled(order))

    async def comment_order(
        order_id: OrderId,
        comment: Comment,
        comment_id: CommentId = "",
        as_customer: AsCustomer = False,
        store: StoreName = "",
    ) -> CallToolResult:
        """Write a comment, a note, on an order."""
        found = await desk.comment_order(store, order_id, comment, comment_id=comment_id, as_customer=as_customer)
        commented = results.commented(found)
        return tell(commented, render.commented(commented))

    return (
        Made(cancel_order, DESTROY, shapes.ActedResult, "cancel_order"),
        Made(mark_order_paid, DESTROY, shapes.ActedResult, "mark_order_paid"),
        Made(adjust_order_price, DESTROY, shapes.ActedResult, "adjust_order_price"),
        Made(close_order, WRITE_AGAIN, shapes.StandingResult, "close_order"),
        Made(reopen_order, WRITE_AGAIN, shapes.StandingResult, "reopen_order"),
        Made(refresh_order, WRITE, shapes.StandingResult, "refresh_order"),
        Made(comment_order, WRITE, shapes.CommentedResult, "comment_order"),
    )
