"""WooCommerce's endpoints: path, body, return type. The Store API without keys, REST v3 with them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from clawver_orders.errors import (
    BadResponseError,
    DeskError,
    InvalidArgument,
    UnsupportedError,
    UpstreamError,
)
from clawver_orders.http import Http, Reply, path
from clawver_orders.money import Money
from clawver_orders.order import Counts, Note, Order, Page, Query
from clawver_orders.platforms import Secret
from clawver_orders.platforms.fields import json_object
from clawver_orders.platforms.woocommerce import listing, refunds
from clawver_orders.platforms.woocommerce.answers import list_of, object_of
from clawver_orders.platforms.woocommerce.fields import reading
from clawver_orders.platforms.woocommerce.merchant import Merchant, order_route
from clawver_orders.platforms.woocommerce.payment_methods import gives_back
from clawver_orders.platforms.woocommerce.rest_v3 import FIELDS, checked_id, notes_from_v3, order_from_v3
from clawver_orders.platforms.woocommerce.site import Site, together
from clawver_orders.platforms.woocommerce.store_api import order_from_store
from clawver_orders.store import Answer, Capabilities, Deadline, RefundEffect, Store

_ORDERS: Final = "/wc/v3/orders"
_ORDER: Final = "/wc/v3/orders/{order_id}"
# In the order of Counts: all, unpaid, paid and not done, done, cancelled.
_COUNTED: Final = ("", "pending", "processing,on-hold", "completed", "cancelled")

WITH_KEYS: Final = Capabilities(
    operations=frozenset(
        {
            "list_orders",
            "get_order",
            "track_order",
            "lookup_variants",
            "refund",
            "cancel_order",
            "mark_order_paid",
            "close_order",
            "comment_order",
            "count_orders",
            "list_events",
        }
    ),
    statuses=listing.STATUSES,
    payment_statuses=listing.PAYMENT_STATUSES,
    arguments=frozenset({"search", "after", "before", "date_field", "sort"}),
    partial_refunds=True,
    keeps_reason=True,
)
# The Store API opens an order by its key and the buyer's address, and get_order is the one tool that takes them.
# The shop's events need a secret, and no keys.
WITHOUT_KEYS: Final = Capabilities(
    operations=frozenset({"get_order", "list_events"}), arguments=frozenset({"order_key", "billing_email"})
)


class WooCommerceStore(Store):
    """One WooCommerce shop.

    Args:
        name: The store's name in every tool.
        http: The connections to the site's own address, without ``/wp-json``.
        consumer_key: REST v3's key, and
        consumer_secret: its secret; without both only the Store API is used. They are looked up at each call.
        record_only: Whether refunds that the payment method cannot pay are written down instead.
        clock: The present time, aware.
    """

    platform = "woocommerce"

    def __init__(
        self,
        name: str,
        http: Http,
        consumer_key: Secret | None,
        consumer_secret: Secret | None,
        clock: Callable[[], datetime],
        *,
        record_only: bool = False,
    ) -> None:
        self.name = name
        self.capabilities = WITH_KEYS if consumer_key or consumer_secret else WITHOUT_KEYS
        self._http = http
        self._site = Site(http)
        self._merchant = Merchant(name, self._site, consumer_key, consumer_secret)
        self._record_only = record_only
        self._clock = clock

    async def ping(self) -> datetime | None:
        """As Store: one order's id, or without keys the Store API's own description."""
        if self.capabilities is WITHOUT_KEYS:
            reply = await self._site.read(path("/wc/store/v1"), {"_fields": "namespace"})
            object_of(reply, "Store API")
        else:
            reply = await self._merchant.get(path(_ORDERS), {"per_page": "1", "_fields": "id"})
            list_of(reply)
        return reply.date

    async def list_orders(self, query: Query) -> Page:
        """As Store: ``GET /wc/v3/orders``."""
        asked = listing.asked(query)
        if asked is None:
            return Page((), total=0, notes=("No order of this shop can have both this status and this payment.",))
        reply = await self._merchant.get(path(_ORDERS), asked.params)
        rows = list_of(reply)
        orders = []
        for row in rows:
            body = json_object(row)
            if body is not None:
                try:
                    orders.append(order_from_v3(body, store=self.name, now=self._clock(), row=True))
                except BadResponseError:
                    continue
        return listing.page_of(reply, len(rows), orders, asked, query.limit)

    async def get_order(self, order_id: str) -> Order:
        """As Store: ``GET /wc/v3/orders/{id}``, with its notes, and its refunds where there are any."""
        if self.capabilities is WITHOUT_KEYS:
            raise InvalidArgument(
                "without REST keys an order is opened by order_key and billing_email",
                "Take both from the buyer's order mail: the key is in its link, wc_order_…",
                field="order_key",
            )
        route = order_route(_ORDER, order_id)
        # The notes are read at the same time, and an order whose notes cannot be read is still an order.
        answers = await together(
            [
                lambda: self._merchant.get(route, {"_fields": FIELDS}),
                lambda: self._merchant.get(order_route(_ORDER + "/notes", order_id)),
            ]
        )
        body = object_of(_reply(answers[0]))
        checked_id(body, order_id)
        details = None
        if body.get("refunds"):
            details = list_of(
                await self._merchant.get(
                    order_route(_ORDER + "/refunds", order_id), {"per_page": str(refunds.PAGE)}
                )
            )
        try:
            notes = list_of(_reply(answers[1]))
        except DeskError:
            notes = []
        return order_from_v3(
            body, store=self.name, now=self._clock(), asked=order_id, refund_details=details, notes=notes
        )

    async def guest_order(self, order_id: str, order_key: str, billing_email: str) -> Order:
        """As Store: ``GET /wc/store/v1/order/{id}?key=&billing_email=``; only for orders of guests."""
        if not order_key:
            raise InvalidArgument(
                "order_key is missing", "Take it from the link in the buyer's order mail", field="order_key"
            )
        # An order without an address on its bill opens only where none is given.
        params = {"key": order_key} | ({"billing_email": billing_email} if billing_email else {})
        reply = await self._site.read(order_route("/wc/store/v1/order/{order_id}", order_id), params)
        if reply.status == 500:
            raise UpstreamError(
                "the shop failed on this order (HTTP 500)",
                "Check that the id is an order's, and not a refund's; else try again in a few minutes",
            )
        return order_from_store(object_of(reply), store=self.name, now=self._clock(), asked=order_id)

    async def refund_effect(self, order: Order) -> RefundEffect:
        """As Store: money where the order's payment method can give it back."""
        if await gives_back(self._merchant, order.payment_method or ""):
            return "money"
        return "record" if self._record_only else "none"

    async def refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """As Store: ``POST /wc/v3/orders/{id}/refunds`` with ``api_refund``; no line items, nothing restocked."""
        return await self._refund(order_id, amount, reason, may_start, pays=True)

    async def record_refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """As Store: the same without ``api_refund``, and with a mark that nobody is to wait for its money."""
        return await self._refund(order_id, amount, reason, may_start, pays=False)

    async def cancel(self, order_id: str, reason: str, may_start: Deadline) -> Answer:
        """As Store: ``PUT /wc/v3/orders/{id}``; the reason is kept nowhere, a note would be a second send."""
        del reason
        return await self._change(order_id, {"status": "cancelled"}, may_start, _has_status("cancelled"))

    async def mark_paid(self, order_id: str, may_start: Deadline) -> Answer:
        """As Store: ``PUT /wc/v3/orders/{id}`` with ``set_paid``; an order on hold gets its next status instead.

        WooCommerce does nothing with ``set_paid`` on an order that waits for a transfer (on-hold), and says so by
        nothing but a missing date. So the order is read first.
        """
        try:
            reply = await self._merchant.get(
                order_route(_ORDER, order_id), {"_fields": "id,status,date_paid_gmt,needs_processing,needs_payment"}
            )
            body = object_of(reply)
            checked_id(body, order_id)
        except DeskError as error:
            return Answer("not_sent", error.happened, error=error.code)
        if body.get("date_paid_gmt"):
            return Answer("not_sent", "the shop has a date of payment already", error="conflict")
        change: dict[str, object] = {"set_paid": True}
        if body.get("status") == "on-hold":
            change = {"status": "completed" if body.get("needs_processing") is False else "processing"}
        return await self._change(order_id, change, may_start, lambda order: bool(order.get("date_paid_gmt")))

    async def close(self, order_id: str) -> None:
        """As Store: ``PUT /wc/v3/orders/{id}`` with the status completed; the shop mails the buyer."""
        reply = await self._merchant.write(
            "PUT", order_route(_ORDER, order_id), {"status": "completed"}, "the order was closed"
        )
        body = object_of(reply)
        if checked_id(body, order_id) and not _has_status("completed")(body):
            raise BadResponseError("the shop did not complete the order", "Look at it with get_order")

    async def comment(
        self, order_id: str, text: str, *, comment_id: str = "", as_customer: bool = False
    ) -> tuple[Note, ...]:
        """As Store: ``POST /wc/v3/orders/{id}/notes``, private, so that the shop mails nobody."""
        if comment_id or as_customer:
            raise UnsupportedError(
                "WooCommerce's notes cannot be changed, or written as the buyer", "Write a new note as the merchant"
            )
        route = order_route(_ORDER + "/notes", order_id)
        note = {"note": text, "customer_note": False, "added_by_user": True}
        written = object_of(await self._merchant.write("POST", route, note, "the note was written"))
        try:
            notes = list_of(await self._merchant.get(route))
        except DeskError:
            notes = [written]
        return notes_from_v3(notes, reading(self._clock()))

    async def counts(self) -> Counts:
        """As Store: the header X-WP-Total of one list for each status."""

        def counting(status: str) -> Callable[[], Awaitable[Reply]]:
            params = {"per_page": "1", "_fields": "id"} | ({"status": status} if status else {})
            return lambda: self._merchant.get(path(_ORDERS), params)

        answers = await together([counting(status) for status in _COUNTED])
        numbers = []
        for answer in answers:
            reply = _reply(answer)
            list_of(reply)
            numbers.append(listing.count_of(reply))
        every, pending, open_, done, cancelled = numbers
        return Counts(
            all=every, pending_payment=pending, pending_fulfillment=open_, fulfilled=done, cancelled=cancelled
        )

    async def aclose(self) -> None:
        """As Store."""
        await self._http.aclose()

    async def _refund(
        self, order_id: str, amount: Money, reason: str, may_start: Deadline, *, pays: bool
    ) -> Answer:
        body: dict[str, object] = {
            "amount": amount.number,
            "reason": reason,
            "api_refund": pays,
            "api_restock": False,
        }
        if not pays:
            body["meta_data"] = [dict(refunds.RECORDED)]
        sent = await self._merchant.send(
            "POST", lambda: order_route(_ORDER + "/refunds", order_id), body, may_start
        )
        if isinstance(sent, Answer):
            return sent
        answered = json_object(sent.body)
        if answered is None or sent.status not in {200, 201}:
            return Answer("unknown", f"HTTP {sent.status} without the refund")
        try:
            refund = refunds.made(answered, amount, reason, pays=pays, reading=reading(self._clock()))
        except BadResponseError as error:
            return Answer("unknown", f"HTTP {sent.status} {error.happened}")
        return Answer("done", f"HTTP {sent.status} with the refund itself", shop_id=refund.id, amount=refund.amount)

    async def _change(
        self,
        order_id: str,
        change: Mapping[str, object],
        may_start: Deadline,
        shown: Callable[[Mapping[str, object]], bool],
    ) -> Answer:
        sent = await self._merchant.send("PUT", lambda: order_route(_ORDER, order_id), change, may_start)
        if isinstance(sent, Answer):
            return sent
        body = json_object(sent.body) or {}
        try:
            if sent.status == 200 and checked_id(body, order_id) and shown(body):
                return Answer("done", "HTTP 200, and the order shows it", shop_id=order_id)
        except BadResponseError as error:
            return Answer("unknown", f"HTTP {sent.status}: {error.happened}")
        return Answer("unknown", f"HTTP {sent.status}, and the order does not show it")


def _reply(answer: Reply | DeskError) -> Reply:
    if isinstance(answer, DeskError):
        raise answer
    return answer


def _has_status(status: str) -> Callable[[Mapping[str, object]], bool]:
    return lambda body: body.get("status") == status
