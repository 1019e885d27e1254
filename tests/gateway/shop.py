"""Gateways for tests: the sandbox in process, and one that answers with what a test tells it."""

import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from clawver_orders.errors import SetupError
from clawver_orders.http import Http
from clawver_orders.order import Order
from clawver_orders.platforms.gateway import PLATFORM, GatewayStore, Shopify
from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.gateway import Gateway
from clawver_orders.settings import StoreSettings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "gateway"


@dataclass(frozen=True)
class Token:
    """Shopify's token of the settings; None is one that was never set."""

    text: str | None = "shpat_example"

    def value(self) -> str:
        if self.text is None:
            raise SetupError("SHOPIFY_TOKEN is not set", "Set it")
        return self.text


async def no_pause(_seconds: float) -> None:
    """Retries of reads wait for nothing here."""


def fixture(name: str) -> dict[str, Any]:
    """A sample of the gateway's documents."""
    sample: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_bytes())
    return sample


WITH_SHOPIFY: dict[str, object] = {
    "currency": "USD",
    "time_zone": "Asia/Shanghai",
    "shopify": Shopify("example.myshopify.com", Token(), 42),
}
ALONE: dict[str, object] = {"currency": "USD", "time_zone": "Asia/Shanghai"}


def store_over(transport: httpx2.AsyncBaseTransport, options: dict[str, object] = ALONE) -> GatewayStore:
    """A store with these settings."""
    http = Http("https://ops.test", transport=transport, sleep=no_pause, now=lambda: NOON)
    store = PLATFORM.open(StoreSettings("ops", "gateway", "https://ops.test", options), http, lambda: NOON)
    assert isinstance(store, GatewayStore)
    return store


def sandbox(dialect: Gateway | None = None) -> Sandbox:
    """A made-up shop behind a gateway."""
    return Sandbox(seed=7, now=lambda: NOON, dialect=dialect or Gateway())


def store_of(shop: Sandbox, options: dict[str, object] | None = None) -> GatewayStore:
    """A store over a made-up shop, opened as its dialect says where nothing else is said."""
    return store_over(httpx2.ASGITransport(shop.app), dict(shop.settings) if options is None else options)


@dataclass
class Scripted:
    """A gateway that gives prepared answers in turn, the last one for ever, and keeps the requests."""

    answers: list[httpx2.Response | Exception]
    options: dict[str, object]
    requests: list[httpx2.Request] = field(default_factory=list)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def store(self) -> GatewayStore:
        return store_over(httpx2.MockTransport(self.answer), self.options)

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]


def scripted(*answers: object, options: dict[str, object] = ALONE) -> Scripted:
    """Answers are bytes, or anything JSON for a 200, or responses and exceptions as they are."""
    return Scripted([_response(answer) for answer in answers], options)


def _response(answer: object) -> httpx2.Response | Exception:
    if isinstance(answer, httpx2.Response | Exception):
        return answer
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return httpx2.Response(200, content=content, headers={"content-type": "application/json"})


def changed(body: dict[str, Any], changes: dict[str, object]) -> dict[str, Any]:
    """A body with other fields; a change to ``...`` takes the field away."""
    return {name: value for name, value in {**copy.deepcopy(body), **changes}.items() if value is not ...}


def own(**changes: object) -> dict[str, Any]:
    """The documents' order in its envelope, with these fields changed."""
    return {"code": 0, "msg": "success", "data": changed(fixture("order")["data"], changes)}


def shopify(**changes: object) -> dict[str, Any]:
    """The documents' copy in its envelope, with these fields changed."""
    return {"success": True, "order": changed(fixture("shopify-order")["order"], changes)}


def row(number: int, **changes: object) -> dict[str, Any]:
    """A row of a list; the higher its number, the older it is, by an hour each. Noon in London is 20:00 there."""
    hours = 20 - number
    day, hour = 2 + hours // 24, hours % 24
    made = {
        "id": number,
        "customer_email": "customer@mail.example",
        "total_amount": 10.0,
        "payment_method": "unknown",
        "status": "paid",
        "created_at": f"2026-03-{day:02} {hour:02}:00:00",
        "updated_at": f"2026-03-{day:02} {hour:02}:00:00",
    }
    return changed(made, changes)


def listed(*rows: object, total: object = ..., page: object = 1, size: object = 20) -> dict[str, Any]:
    """A list in its envelope."""
    data = {"list": list(rows), "total": len(rows) if total is ... else total, "page": page, "pageSize": size}
    return {"success": True, "message": "ok", "data": data}


async def read(**changes: object) -> Order:
    """The documents' order as the store reads it, with these fields changed; without Shopify."""
    return await scripted(own(**changes)).store.get_order("12345")


async def read_copy(**changes: object) -> Order:
    """The documents' copy as the store reads it, with these fields changed."""
    return await scripted(shopify(**changes), options=WITH_SHOPIFY).store.get_order("shopify:5023658479")


async def read_both(own_changes: dict[str, object], copy_changes: dict[str, object]) -> Order:
    """Both of the documents' samples as one order."""
    gateway = scripted(own(**own_changes), shopify(**copy_changes), options=WITH_SHOPIFY)
    return await gateway.store.get_order("12345")
