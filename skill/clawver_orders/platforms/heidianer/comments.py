"""Comments on an order: the merchant's, which can be rewritten, and the buyer's."""

from clawver_orders.errors import AuthError, ForbiddenError, InvalidArgument
from clawver_orders.http import path
from clawver_orders.platforms.heidianer.calls import Calls, order_path


async def write(calls: Calls, order_id: str, text: str, comment_id: str, *, as_customer: bool) -> None:
    """Write a comment, or rewrite the one of that id where one is given.

    Raises:
        DeskError: Whatever keeps it from being surely written.
    """
    if as_customer:
        await _as_customer(calls, order_id, text, comment_id)
    elif comment_id:
        await calls.once(
            "PATCH",
            order_path(order_id, "update_comment/"),
            {"id": _number(comment_id), "comment": text, "metafield": {}},
            done="the comment was rewritten",
            what="such order or comment",
        )
    else:
        where = order_path(order_id, "add_comment/")
        await calls.once("POST", where, {"comment": text}, done="the comment was written")


async def _as_customer(calls: Calls, order_id: str, text: str, comment_id: str) -> None:
    if comment_id:
        raise InvalidArgument(
            "a buyer's comment cannot be rewritten", "Leave comment_id or as_customer out", field="comment_id"
        )
    where = path("/api/customers/order/{order_id}/add_comment/", order_id=order_id)
    try:
        await calls.once(
            "POST",
            where,
            {"comment": text},
            done="the comment was written",
            holder="customer",
            what="such order of this buyer",
        )
    except (AuthError, ForbiddenError) as error:
        raise type(error)(
            "the shop does not take the buyer's token for this order",
            "Set customer_token of this store to a fresh token of the order's own buyer",
        ) from error


def _number(comment_id: str) -> int:
    if not (comment_id.isascii() and comment_id.isdigit() and len(comment_id) <= 18):
        raise InvalidArgument(
            "comment_id is not the number of a comment",
            "Take the id of a note of the order; notes without one cannot be rewritten",
            field="comment_id",
        )
    return int(comment_id)
