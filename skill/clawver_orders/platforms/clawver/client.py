"""Clawver's endpoints: path, body, return type. What comes back is read by wire.py, lists by listing.py."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    ConflictError,
    DeskError,
    ForbiddenError,
    InvalidArgument,
    NotFoundError,
)
from clawver_orders.http import Http, Reply, path
from clawver_orders.money import Money
from clawver_orders.order import Download, Order, Page, Query, Receipt, Webhook
from clawver_orders.platforms import Secret
from clawver_orders.platforms.clawver.envelope import check, data_of, payload_of, refusal
from clawver_orders.platforms.clawver.listing import Listing
from clawver_orders.platforms.clawver.payment import is_refund_of
from clawver_orders.platforms.clawver.query import PAYMENT_STATUSES, STATUSES
from clawver_orders.platforms.clawver.wire import (
    View,
    download_from_wire,
    order_from_wire,
    receipt_from_wire,
    webhook_from_wire,
)
from clawver_orders.platforms.fields import json_object
from clawver_orders.platforms.writes import answer_of, ended
from clawver_orders.store import Answer, Capabilities, Deadline, Store

# Clawver's marketplace skill at its latest.
_WEBHOOK_EVENTS: Final = (
    "order.created",
    "order.paid",
    "order.fulfilled",
    "order.shipped",
    "order.cancelled",
    "order.refunded",
    "order.fulfillment_failed",
    "review.received",
    "review.responded",
)


class ClawverStore(Store):
    """One Clawver shop.

    Args:
        name: The store's name in every tool.
        http: The connections to ``https://api.clawver.store``, without a version in the path.
        api_key: The key, looked up at each call: a missing one is an error of the call, not of the start.
        currency: Assumed for every amount; the API never says one.
        clock: The present time, aware.
    """

    platform = "clawver"
    capabilities = Capabilities(
        operations=frozenset(
            {
                "list_orders",
                "get_order",
                "track_order",
                "lookup_variants",
                "regenerate_download",
                "get_public_order",
                "get_receipt",
                "refund",
                "webhooks",
                "list_events",
            }
        ),
        statuses=STATUSES,
        payment_statuses=PAYMENT_STATUSES,
        arguments=frozenset({"search", "after", "before"}),
        partial_refunds=True,
        keeps_reason=True,
        webhook_events=_WEBHOOK_EVENTS,
    )

    def __init__(
        self, name: str, http: Http, api_key: Secret, currency: str, clock: Callable[[], datetime]
    ) -> None:
        self.name = name
        self._http = http
        self._api_key = api_key
        self._currency = currency
        self._clock = clock
        self._listing = Listing(self._list, self.get_order, lambda body: self._order(body, view="row"))

    async def ping(self) -> datetime | None:
        """As Store: ``GET /orders?limit=1``."""
        reply = await self._list({"limit": "1"})
        data_of(reply)
        return reply.date

    async def list_orders(self, query: Query) -> Page:
        """As Store; payment status, search and dates are looked for here, over the newest orders."""
        return await self._listing.page(query)

    async def get_order(self, order_id: str) -> Order:
        """As Store: ``GET /orders/{orderId}``."""
        reply = await self._get(path("/v1/orders/{order_id}", order_id=order_id))
        body = _order_of(data_of(reply))
        self._listing.generation.learn([body])
        return self._order(body, asked=order_id, view="whole")

    async def download(self, order_id: str, item_id: str, token: str | None) -> Download:
        """As Store: ``GET /orders/{orderId}/download/{itemId}``, with a buyer's token ``…/public?token=``."""
        template = "/v1/orders/{order_id}/download/{item_id}"
        if token is None:
            reply = await self._get(path(template, order_id=order_id, item_id=item_id))
            next_step = "Read the order: the item must be in it, be digital, and be paid for"
        else:
            public = path(template + "/public", order_id=order_id, item_id=item_id)
            reply = await self._http.read(public, params={"token": token}, anonymous=True)
            next_step = "Take a fresh download_token from the receipt, or leave it out to use the shop's own key"
        with _in_other_words("the shop makes no download link for this item", next_step, token=token):
            data = data_of(reply, "such item to download")
        return download_from_wire(data, reply.date or self._clock())

    async def public_order(self, order_id: str, token: str) -> Order:
        """As Store: ``GET /orders/{orderId}/public?token=``."""
        public = path("/v1/orders/{order_id}/public", order_id=order_id)
        reply = await self._http.read(public, params={"token": token}, anonymous=True)
        with _in_other_words(
            "the shop shows no order for this id and token", "Take both from the same receipt", token=token
        ):
            data = data_of(reply, "order for this id and token")
        # The body is not documented: the order may stand in data itself.
        return self._order(json_object(data.get("order")) or data, asked=order_id, view="buyer")

    async def receipt(self, checkout_id: str) -> Receipt:
        """As Store: ``GET /checkout/{checkoutId}/receipt``."""
        reply = await self._http.read(
            path("/v1/checkout/{checkout_id}/receipt", checkout_id=checkout_id), anonymous=True
        )
        data = data_of(reply, "such checkout")
        return receipt_from_wire(data, asked=checkout_id, currency=self._currency, now=self._clock())

    async def refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        """As Store: ``POST /orders/{orderId}/refund``; done only where the answer shows this very refund."""
        sent = await self._send(
            "POST",
            lambda: path("/v1/orders/{order_id}/refund", order_id=order_id),
            {"amountInCents": amount.minor, "reason": reason},
            may_start,
        )
        if isinstance(sent, Answer):
            return sent
        try:
            order = self._order(_order_of(data_of(sent)), asked=order_id, view="whole")
        except DeskError:
            return Answer("unknown", f"HTTP {sent.status} without the order that was refunded")
        ours = [refund for refund in order.refunds if is_refund_of(refund, amount, reason)]
        if len(ours) != 1:
            return Answer("unknown", f"HTTP {sent.status}, and {len(ours)} of the order's refunds match")
        return Answer(
            "done",
            f"HTTP {sent.status}, and the order's refunds show it",
            shop_id=ours[0].id,
            amount=ours[0].amount,
            processor_id=ours[0].processor_id,
            remaining=order.totals.refundable,
        )

    async def create_webhook(self, url: str, events: tuple[str, ...], secret: str, may_start: Deadline) -> Answer:
        """As Store: ``POST /webhooks``; the answer's body is not documented."""
        sent = await self._send(
            "POST",
            lambda: path("/v1/webhooks"),
            {"url": url, "events": list(events), "secret": secret},
            may_start,
        )
        if isinstance(sent, Answer):
            return sent
        try:
            data = data_of(sent)
        except DeskError:
            return Answer("unknown", f"HTTP {sent.status} without the webhook")
        webhook = webhook_from_wire(json_object(data.get("webhook")) or data)
        if webhook is None or webhook.url != url:
            return Answer("unknown", f"HTTP {sent.status} without this webhook")
        return Answer("done", f"HTTP {sent.status} with the webhook's id", shop_id=webhook.id)

    async def list_webhooks(self) -> tuple[Webhook, ...]:
        """As Store: ``GET /webhooks``; the answer's body is not documented."""
        data = payload_of(await self._get(path("/v1/webhooks")), "webhooks").get("data")
        entries = (json_object(data) or {}).get("webhooks", data)
        if not isinstance(entries, list):
            raise BadResponseError("the shop's answer holds no list of webhooks", "Look at the shop's dashboard")
        bodies = [body for entry in entries if (body := json_object(entry)) is not None]
        return tuple(webhook for body in bodies if (webhook := webhook_from_wire(body)) is not None)

    async def delete_webhook(self, webhook_id: str) -> None:
        """As Store: ``DELETE /webhooks/{id}``."""
        sent = await self._http.write(
            "DELETE",
            path("/v1/webhooks/{webhook_id}", webhook_id=webhook_id),
            headers=self._authorization(),
            may_start=lambda: True,
            empty_ok=True,
        )
        check(answer_of(sent, "the webhook was removed", "Look with list_webhooks"), "such webhook")

    async def aclose(self) -> None:
        """As Store."""
        await self._http.aclose()

    def _authorization(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._api_key.value()}"}

    async def _get(self, where: str, params: Mapping[str, str] | None = None, *, deadline_s: float = 15.0) -> Reply:
        return await self._http.read(where, params=params, headers=self._authorization(), deadline_s=deadline_s)

    async def _list(self, params: Mapping[str, str]) -> Reply:
        # Up to six of these answer one call, and hosts give up on a call after a minute.
        return await self._get(path("/v1/orders"), params, deadline_s=8.0)

    def _order(self, body: Mapping[str, object], *, asked: str | None = None, view: View) -> Order:
        return order_from_wire(
            body, store=self.name, currency=self._currency, now=self._clock(), asked=asked, view=view
        )

    async def _send(
        self, method: str, where: Callable[[], str], body: object, may_start: Deadline
    ) -> Reply | Answer:
        return await ended(
            lambda: self._http.write(
                method, where(), json=body, headers=self._authorization(), may_start=may_start
            ),
            refusal,
        )


def _order_of(data: Mapping[str, object]) -> Mapping[str, object]:
    body = json_object(data.get("order"))
    if body is None:
        raise BadResponseError("the shop's answer holds no order", "Try once more; if it stays, check base_url")
    return body


@contextmanager
def _in_other_words(happened: str, next_step: str, *, token: str | None) -> Iterator[None]:
    """Tell a no that can have several causes with all of them; with a buyer's token, the key is none of them."""
    reasons: tuple[type[DeskError], ...] = (InvalidArgument, NotFoundError, ConflictError)
    if token is not None:
        reasons += (AuthError, ForbiddenError)
    try:
        yield
    except reasons as error:
        raise type(error)(happened, next_step) from error
