"""The gateway's endpoints: path, parameters, return type. What comes back is read by wire.py and shopify.py."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from clawver_orders.errors import DeskError, InvalidArgument, NotFoundError, SetupError
from clawver_orders.http import Http, Reply, path
from clawver_orders.order import Order, Page, Query, Transaction
from clawver_orders.platforms.gateway.envelope import content_of
from clawver_orders.platforms.gateway.fields import Shop
from clawver_orders.platforms.gateway.keys import Shopify
from clawver_orders.platforms.gateway.listing import Listing
from clawver_orders.platforms.gateway.query import WORDS
from clawver_orders.platforms.gateway.shopify import (
    PREFIX,
    copy_from_wire,
    copy_transactions,
    joined,
    without_copy,
)
from clawver_orders.platforms.gateway.wire import copy_id_of, order_from_wire, transactions_from_wire
from clawver_orders.store import Capabilities, Store

CAPABILITIES: Final = Capabilities(
    operations=frozenset({"list_orders", "get_order", "track_order", "lookup_variants", "list_transactions"}),
    statuses=tuple(WORDS),
    arguments=frozenset({"search", "after", "before", "payment_method"}),
    partial_refunds=False,
)


class GatewayStore(Store):
    """One shop behind a gateway, with or without its Shopify.

    Args:
        shop: What the settings say of it.
        http: The connections to the gateway; its documents ask for no key.
        shopify: What the gateway wants to be told before it asks Shopify; None where that is not set.
    """

    platform = "gateway"

    def __init__(self, shop: Shop, http: Http, shopify: Shopify | None) -> None:
        self.name = shop.name
        # Only Shopify's copies know of parcels: without them "not sent yet" would be said of what arrived long ago.
        self.capabilities = (
            CAPABILITIES
            if shopify is not None
            else replace(CAPABILITIES, operations=CAPABILITIES.operations - {"track_order"})
        )
        self._shop = shop
        self._http = http
        self._shopify = shopify
        self._listing = Listing(
            self._list, self._own, lambda body: order_from_wire(body, shop, view="row"), shop.currency
        )

    async def ping(self) -> datetime | None:
        """As Store: ``GET /api/orders?page=1&pageSize=1``."""
        reply = await self._get(path("/api/orders"), {"page": "1", "pageSize": "1"})
        content_of(reply, "list")
        return reply.date

    async def list_orders(self, query: Query) -> Page:
        """As Store; dates are looked for here, in the order of the gateway's list."""
        return await self._listing.page(query)

    async def get_order(self, order_id: str) -> Order:
        """As Store: the gateway's order, joined by its copy in Shopify; ``shopify:ID`` is the copy alone."""
        if order_id.startswith(PREFIX):
            asked = order_id.removeprefix(PREFIX)
            return copy_from_wire(await self._copy(asked), self._shop, asked)
        body = await self._order(order_id)
        order = order_from_wire(body, self._shop, asked=order_id, view="whole")
        copy_id = copy_id_of(body, self._shop)
        if self._shopify is None or copy_id is None:
            return order
        try:
            return joined(order, copy_from_wire(await self._copy(copy_id), self._shop, copy_id))
        except DeskError as error:
            return without_copy(order, error)

    async def transactions(self, order_id: str, transaction_id: str = "") -> tuple[Transaction, ...]:
        """As Store: the gateway's own payment, and Shopify's transactions where there is a copy."""
        found: tuple[Transaction, ...] = ()
        if order_id.startswith(PREFIX):
            copy_id: str | None = order_id.removeprefix(PREFIX)
        else:
            body = await self._order(order_id)
            order_from_wire(body, self._shop, asked=order_id, view="whole")
            found = transactions_from_wire(body, self._shop, order_id)
            copy_id = copy_id_of(body, self._shop) if self._shopify is not None else None
        if copy_id is not None:
            try:
                found += copy_transactions(await self._copy(copy_id), self._shop, copy_id, order_id)
            except NotFoundError:
                # An order of more than 60 days has lost its copy, not the gateway's own payment.
                if order_id.startswith(PREFIX):
                    raise
        if transaction_id and not (found := tuple(each for each in found if each.id == transaction_id)):
            raise NotFoundError("the order has no such transaction", "List them without transaction_id")
        return found

    async def aclose(self) -> None:
        """As Store."""
        await self._http.aclose()

    async def _own(self, order_id: str) -> Order:
        return order_from_wire(await self._order(order_id), self._shop, asked=order_id, view="whole")

    async def _list(self, params: Mapping[str, str]) -> Mapping[str, object]:
        # Up to six of these answer one call, and hosts give up on a call after a minute.
        return content_of(await self._get(path("/api/orders"), params, deadline_s=8.0), "list")

    async def _order(self, order_id: str) -> Mapping[str, object]:
        """``GET /api/orders/{order_id}``."""
        _check(order_id)
        return content_of(await self._get(path("/api/orders/{order_id}", order_id=order_id)), "order")

    async def _copy(self, copy_id: str) -> Mapping[str, object]:
        """``GET /api/shopify/orders/{order_id}``, with a body: so do the gateway's documents want it."""
        if self._shopify is None:
            raise SetupError(
                f'the settings of the store "{self.name}" name no Shopify shop',
                "Set shopify with shop_domain, access_token and shop_id, or ask for the gateway's own order id",
                field="shopify",
            )
        _check(copy_id)
        where = path("/api/shopify/orders/{order_id}", order_id=copy_id)
        told = {
            "shop_domain": self._shopify.shop_domain,
            "access_token": self._shopify.access_token.value(),
            "shop_id": self._shopify.shop_id,
        }
        reply = await self._http.read(where, json=told, deadline_s=10.0, unjudged=True)
        return content_of(reply, "copy")

    async def _get(self, where: str, params: Mapping[str, str] | None = None, *, deadline_s: float = 15.0) -> Reply:
        return await self._http.read(where, params=params, deadline_s=deadline_s, unjudged=True)


def _check(order_id: str) -> None:
    """Refuse an id that is no whole number: the gateway has no such path, and answers with a page.

    Raises:
        InvalidArgument: It is none.
    """
    if not (order_id.isascii() and order_id.isdecimal() and len(order_id) <= 20):
        raise InvalidArgument(
            "order_id is not an id of this shop",
            "Give the whole number that a list shows, or shopify: and Shopify's id",
            field="order_id",
        )
