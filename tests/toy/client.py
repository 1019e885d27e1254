"""The toy's endpoints and its words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clawver_orders import money, text
from clawver_orders.errors import BadResponseError, InvalidArgument
from clawver_orders.http import Http, path, raise_for_status
from clawver_orders.order import Counts, Customer, Item, Order, Page, Query, Totals
from clawver_orders.platforms import Secret
from clawver_orders.platforms.fields import checked_id
from clawver_orders.store import Capabilities, Store


class ToyStore(Store):
    """One toy shop: it can list, show and count its orders, and nothing else."""

    platform = "toy"
    capabilities = Capabilities(
        operations=frozenset({"list_orders", "get_order", "track_order", "lookup_variants", "count_orders"}),
        statuses=("confirmed", "cancelled"),
    )

    def __init__(self, name: str, http: Http, token: Secret, currency: str) -> None:
        self.name = name
        self._http = http
        self._token = token
        self._currency = currency

    async def ping(self) -> datetime | None:
        await self._rows()
        return None

    async def list_orders(self, query: Query) -> Page:
        if query.cursor is not None:
            raise InvalidArgument(
                "cursor is none of this shop", "Leave it out: everything is one page", field="cursor"
            )
        orders = [self._order(row) for row in await self._rows()]
        found = [order for order in orders if query.status in {None, order.status}]
        return Page(tuple(found[: query.limit]), total=len(found))

    async def get_order(self, order_id: str) -> Order:
        found = self._order(await self._read(path("/toy/{order_id}", order_id=order_id)))
        checked_id(found.id, order_id)
        return found

    async def counts(self) -> Counts:
        return Counts(all=len(await self._rows()))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _rows(self) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = (await self._read(path("/toy")))["orders"]
        return rows

    async def _read(self, where: str) -> Mapping[str, Any]:
        reply = await self._http.read(where, headers={"Authorization": f"Toy {self._token.value()}"})
        raise_for_status(reply, "such order")
        if not isinstance(reply.body, dict):
            raise BadResponseError("the shop's answer is no object", "Check base_url")
        return reply.body

    def _order(self, body: Mapping[str, Any]) -> Order:
        total = money.from_major(body.get("total"), self._currency)
        return Order(
            store=self.name,
            platform=self.platform,
            id=str(body["id"]),
            status="cancelled" if body.get("gone") else "confirmed",
            payment_status="paid",
            customer=Customer(email=text.clean(body.get("buyer"))),
            items=tuple(
                Item(id=str(n), title=text.clean(title) or "") for n, title in enumerate(body.get("things", ()))
            ),
            totals=Totals(total=total[0] if total else None),
        )
