"""Heidianer's endpoints: path, body, return type. What comes back is read by wire.py and payment.py."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from clawver_orders.errors import (
    BadResponseError,
    ConflictError,
    DeskError,
    InvalidArgument,
    NetworkError,
    NotFoundError,
)
from clawver_orders.http import Http, Reply, path
from clawver_orders.money import Money, from_major
from clawver_orders.order import Counts, Note, Order, Page, Query, Transaction
from clawver_orders.platforms.fields import json_id, json_object
from clawver_orders.platforms.heidianer import comments, transactions
from clawver_orders.platforms.heidianer.answers import object_of, page_of
from clawver_orders.platforms.heidianer.calls import Calls, Tokens, order_path
from clawver_orders.platforms.heidianer.capabilities import CAPABILITIES, WITH_CUSTOMER_TOKEN
from clawver_orders.platforms.heidianer.fields import Fields, Reading
from clawver_orders.platforms.heidianer.payment import Entries, transaction_from_wire
from clawver_orders.platforms.heidianer.query import page_number, parameters
from clawver_orders.platforms.heidianer.wire import View, counts_from_wire, order_from_wire
from clawver_orders.store import Answer, Deadline, Store

_ORDERS: Final = path("/api/orders/order/")


class HeidianerStore(Store):
    """One Heidianer shop.

    Args:
        name: The store's name in every tool.
        http: The connections to the shop's own address, without ``/api``.
        tokens: Looked up at each call: a missing one is an error of the call, not of the start.
        currency: Assumed for every amount; the API never says one.
        clock: The present time, aware.
        mark_paid_by: ``order``: ``manually_marked_as_paid/``. ``transaction``: ``POST transaction/``.
    """

    platform = "heidianer"

    def __init__(
        self,
        name: str,
        http: Http,
        tokens: Tokens,
        currency: str,
        clock: Callable[[], datetime],
        *,
        mark_paid_by: str = "order",
    ) -> None:
        self.name = name
        self.capabilities = CAPABILITIES if tokens.customer is None else WITH_CUSTOMER_TOKEN
        self._calls = Calls(http, tokens)
        self._currency = currency
        self._clock = clock
        self._mark_paid_by = mark_paid_by

    async def ping(self) -> datetime | None:
        """As Store: ``GET order/?page=1&page_size=1``."""
        reply = await self._calls.get(_ORDERS, {"page": "1", "page_size": "1"})
        page_of(reply, 1)
        return reply.date

    async def list_orders(self, query: Query) -> Page:
        """As Store: ``GET order/``; everything is filtered by the shop."""
        params = parameters(query)
        if params is None:
            return Page((), total=0, notes=("No order can be all of that at once: leave one of the filters out.",))
        try:
            reply = await self._calls.get(_ORDERS, params, what="list of orders")
        except NotFoundError as error:
            if query.cursor is None:
                raise
            raise InvalidArgument(
                "the shop has no page there any more", "Ask again without cursor", field="cursor"
            ) from error
        page = page_of(reply, page_number(query))
        bodies = [
            body for row in page.entries if (body := json_object(row)) is not None and json_id(body.get("id"))
        ]
        notes = []
        if missing := len(page.entries) - len(bodies):
            notes.append(f"{missing} of the orders had no usable id: left out.")
        if page.cut:
            notes.append("There may be more orders: the shop names a next page that cannot be used.")
        return Page(
            tuple(self._order(body, view="row") for body in bodies),
            next_cursor=None if page.following is None else str(page.following),
            total=page.count,
            notes=tuple(notes),
        )

    async def get_order(self, order_id: str) -> Order:
        """As Store: ``GET order/{id}/``, and its transactions, which alone tell what was refunded."""
        body = object_of(await self._calls.get(order_path(order_id)))
        reading = self._reading()
        try:
            bodies, complete = await transactions.listed(self._calls, order_id)
        except DeskError as error:
            reading.warn(f"The order's transactions could not be read ({error.code}): refunds are not known.")
            bodies, complete = [], False
        else:
            if not complete:
                reading.warn("Not all transactions of the order could be read: what was refunded is not known.")
        entries = Entries([Fields(entry, reading) for entry in bodies], complete)
        return self._order(body, asked=order_id, entries=entries, reading=reading)

    async def transactions(self, order_id: str, transaction_id: str = "") -> tuple[Transaction, ...]:
        """As Store: ``GET transaction/`` page by page, or ``GET transaction/{id}/``."""
        return await transactions.read(self._calls, order_id, transaction_id, self._reading())

    async def counts(self) -> Counts:
        """As Store: ``GET order/count/``."""
        reply = await self._calls.get(path("/api/orders/order/count/"), what="counts")
        if not isinstance(reply.body, list):
            raise BadResponseError(
                "the shop's answer holds no counts", "Check that base_url is the shop's own address"
            )
        return counts_from_wire(reply.body)

    async def refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """As Store: ``POST refund/`` without a body: always the whole order; the shop keeps no reason.

        Done only where the order that comes back is refunded already; else the shop settles it later.
        """
        del reason
        sent = await self._send(order_id, "refund/", None, may_start)
        if isinstance(sent, Answer):
            return sent
        order = self._same_order(sent, order_id)
        if order is None:
            return Answer("unknown", f"HTTP {sent.status} without the order that was refunded")
        if order.totals.total != amount:
            return Answer("unknown", f"HTTP {sent.status}, and the order's total is another than the amount sent")
        if order.payment_status == "refunded":
            nothing = Money(0, amount.currency)
            return Answer(
                "done", f"HTTP {sent.status}, and the order is refunded", amount=amount, remaining=nothing
            )
        if order.refunding or order.payment_status == "paid":
            return Answer("settling", f"HTTP {sent.status}: the shop said yes and settles the refund later")
        return Answer("unknown", f"HTTP {sent.status}, and the order's payment is {order.payment_status}")

    async def cancel(self, order_id: str, reason: str, may_start: Deadline) -> Answer:
        """As Store: ``POST cancel/``."""
        sent = await self._send(order_id, "cancel/", {"reason": reason}, may_start)
        return self._shown(sent, order_id, lambda order: order.status == "cancelled", "cancelled")

    async def mark_paid(self, order_id: str, may_start: Deadline) -> Answer:
        """As Store: ``POST manually_marked_as_paid/``, or ``POST transaction/`` where the settings say so."""
        if self._mark_paid_by == "order":
            sent = await self._send(order_id, "manually_marked_as_paid/", None, may_start)
            return self._shown(sent, order_id, lambda order: order.payment_status == "paid", "paid")
        sent = await self._send(order_id, "transaction/", None, may_start)
        if isinstance(sent, Answer):
            return sent
        body = json_object(sent.body)
        payment = transaction_from_wire(Fields(body, self._reading())) if body else None
        if payment is None or (payment.kind, payment.status, payment.order_id) != ("sale", "success", order_id):
            return Answer("unknown", f"HTTP {sent.status} without a payment of this order that succeeded")
        return Answer("done", f"HTTP {sent.status} with the payment", shop_id=payment.id, amount=payment.amount)

    async def adjust_price(self, order_id: str, adjustment: Money, may_start: Deadline) -> Answer:
        """As Store: ``POST modify_price/``; the total shows only in the order, which is read anew for it.

        The answer is an adjustment alone, in the vendor's sample another one than was sent: so never done.
        """
        body = {"total_price_adjustment": adjustment.number}
        sent = await self._send(order_id, "modify_price/", body, may_start)
        if isinstance(sent, Answer):
            return sent
        said = from_major((json_object(sent.body) or {}).get("total_price_adjustment"), self._currency)
        if said is None:
            return Answer("unknown", f"HTTP {sent.status} without an adjustment")
        return Answer("settling", f"HTTP {sent.status} with an adjustment of {said[0]}; the total is to be read")

    async def close(self, order_id: str) -> None:
        """As Store: ``POST close/``; the shop closes paid orders only."""
        await self._change(order_id, "close/", "closed")

    async def reopen(self, order_id: str) -> None:
        """As Store: ``POST reopen/``."""
        await self._change(order_id, "reopen/", "reopened")

    async def refresh(self, order_id: str) -> None:
        """As Store: ``GET check_paid/`` and ``GET check_refund/``: reads by their scope, writes by what they do."""
        refused: DeskError | None = None
        asked = 0
        for action in ("check_paid/", "check_refund/"):
            try:
                # Not as a read, which is repeated where it failed.
                await self._calls.once(
                    "GET", order_path(order_id, action), done="the shop asked its channels", holder="reader"
                )
                asked += 1
            except (ConflictError, InvalidArgument) as error:
                refused = error
        if refused is not None and not asked:
            raise ConflictError(
                "the shop has nothing to ask its payment channels about this order", "Read the order with get_order"
            ) from refused

    async def comment(
        self, order_id: str, text: str, *, comment_id: str = "", as_customer: bool = False
    ) -> tuple[Note, ...]:
        """As Store: ``POST add_comment/``, ``PATCH update_comment/``, or as the buyer with the buyer's token."""
        await comments.write(self._calls, order_id, text, comment_id, as_customer=as_customer)
        try:
            return self._order(object_of(await self._calls.get(order_path(order_id))), asked=order_id).notes
        except DeskError as error:
            raise NetworkError(
                "the comment was written, and the order's notes could not be read afterwards",
                "Do not write it again; look with get_order",
            ) from error

    async def aclose(self) -> None:
        """As Store."""
        await self._calls.aclose()

    def _reading(self) -> Reading:
        return Reading(self._currency, self._clock())

    def _order(
        self,
        body: Mapping[str, object],
        *,
        asked: str | None = None,
        view: View = "whole",
        entries: Entries | None = None,
        reading: Reading | None = None,
    ) -> Order:
        return order_from_wire(
            body, store=self.name, reading=reading or self._reading(), asked=asked, view=view, entries=entries
        )

    async def _send(self, order_id: str, action: str, body: object, may_start: Deadline) -> Reply | Answer:
        return await self._calls.send(lambda: order_path(order_id, action), body, may_start)

    def _same_order(self, sent: Reply, order_id: str) -> Order | None:
        """The order of an answer to a write, where it is the very one."""
        try:
            return self._order(object_of(sent), asked=order_id, view="row")
        except BadResponseError:
            return None

    def _shown(self, sent: Reply | Answer, order_id: str, holds: Callable[[Order], bool], word: str) -> Answer:
        """Done where the order that came back is what it was to become."""
        if isinstance(sent, Answer):
            return sent
        order = self._same_order(sent, order_id)
        if order is None or not holds(order):
            return Answer("unknown", f"HTTP {sent.status} without the order as {word}")
        return Answer("done", f"HTTP {sent.status}, and the order is {word}")

    async def _change(self, order_id: str, action: str, word: str) -> None:
        reply = await self._calls.once("POST", order_path(order_id, action), done=f"the order was {word}")
        if self._same_order(reply, order_id) is None:
            raise BadResponseError(
                f"the shop's answer does not hold the order that was {word}",
                "Look with get_order before anything else",
            )
