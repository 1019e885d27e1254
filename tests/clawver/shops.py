"""Clawver shops for tests: the sandbox in process, and one that answers with what a test tells it."""

import copy
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from clawver_orders.errors import SetupError
from clawver_orders.http import Http
from clawver_orders.order import Order
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.sandbox import Sandbox

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = "claw_sk_test_example"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "clawver"


@dataclass(frozen=True)
class Key:
    """A key of the settings; None is one that was never set."""

    text: str | None = KEY

    def value(self) -> str:
        if self.text is None:
            raise SetupError("CLAW_API_KEY is not set", "Set it")
        return self.text


async def no_pause(_seconds: float) -> None:
    """Retries of reads wait for nothing here."""


def store_over(
    transport: httpx2.AsyncBaseTransport, *, key: Key | None = None, currency: str = "USD"
) -> ClawverStore:
    http = Http("https://api.clawver.test", transport=transport, sleep=no_pause, now=lambda: NOON)
    return ClawverStore("clawver", http, key or Key(), currency, lambda: NOON)


def sandbox(**options: Any) -> Sandbox:
    return Sandbox(**{"seed": 7, "key": KEY, "now": lambda: NOON, **options})


def store_of(shop: Sandbox, *, key: Key | None = None) -> ClawverStore:
    return store_over(httpx2.ASGITransport(shop.app), key=key)


@dataclass
class Scripted:
    """A shop that gives prepared answers in turn, the last one for ever, and keeps the requests."""

    answers: list[httpx2.Response | Exception]
    requests: list[httpx2.Request] = field(default_factory=list)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def store(self) -> ClawverStore:
        return store_over(httpx2.MockTransport(self.answer))

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]


def scripted(*answers: object) -> Scripted:
    """Answers are bytes, or anything JSON for a 200, or responses and exceptions as they are."""
    return Scripted([_response(answer) for answer in answers])


def _response(answer: object) -> httpx2.Response | Exception:
    if isinstance(answer, httpx2.Response | Exception):
        return answer
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return httpx2.Response(200, content=content, headers={"content-type": "application/json"})


def error(status: int, code: str, **headers: str) -> httpx2.Response:
    body = {"success": False, "error": {"code": code, "message": "the shop's own words <b>never shown</b>"}}
    return httpx2.Response(status, json=body, headers=headers)


def data(**values: object) -> dict[str, object]:
    return {"success": True, "data": values}


ORDER: dict[str, Any] = {
    "id": "ord_abc123",
    "status": "confirmed",
    "paymentStatus": "paid",
    "subtotalInCents": 2499,
    "platformFeeInCents": 50,
    "totalInCents": 2499,
    "createdAt": "2026-03-01T10:30:00.000Z",
    "paidAt": "2026-03-01T10:31:00Z",
    "customerEmail": "customer@mail.example",
    "items": [
        {
            "id": "item_xyz",
            "productId": "prod_123",
            "productName": "Heavy Tee",
            "productType": "print_on_demand",
            "variantId": "4012",
            "variantName": "Heavy Tee / S",
            "priceInCents": 2499,
            "quantity": 1,
            "totalInCents": 2499,
        }
    ],
    "shippingAddress": None,
    "trackingUrl": None,
    "trackingNumber": None,
    "carrier": None,
    "refunds": [],
}
REFUND: dict[str, Any] = {
    "id": "ref_xyz",
    "amountInCents": 500,
    "reason": "Too small [R-7K2M9Q4X]",
    "stripeRefundId": "re_example",
    "createdAt": "2026-03-01T11:00:00Z",
}


def order_body(**changes: object) -> dict[str, Any]:
    """A paid order of the current generation; a change to ``...`` takes the field away."""
    body = {**copy.deepcopy(ORDER), **changes}
    return {name: value for name, value in body.items() if value is not ...}


def legacy_body(**changes: object) -> dict[str, Any]:
    return order_body(**{"status": "paid", "paymentStatus": ..., **changes})


async def read(**changes: object) -> Order:
    """The order as the store reads it, with these fields changed."""
    return await scripted(data(order=order_body(**changes))).store.get_order("ord_abc123")


Call = Callable[[ClawverStore], Awaitable[object]]
