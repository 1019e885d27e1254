"""Heidianer shops for tests: the sandbox in process, and one that answers with what a test tells it."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from clawver_orders.errors import SetupError
from clawver_orders.http import Http
from clawver_orders.order import Order
from clawver_orders.platforms.heidianer import HeidianerStore, Tokens
from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.heidianer import BOTH, BUYER, dialect

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "heidianer"
ORDER_ID = "2894"


@dataclass(frozen=True)
class Key:
    """A token of the settings; None is one whose variable was never set."""

    text: str | None = BOTH

    def value(self) -> str:
        if self.text is None:
            raise SetupError("HEY_TOKEN is not set", "Set it")
        return self.text


ALL = Tokens(both=Key(), customer=Key(BUYER))


async def no_pause(_seconds: float) -> None:
    """Retries of reads wait for nothing here."""


def store_over(
    transport: httpx2.AsyncBaseTransport, *, tokens: Tokens = ALL, mark_paid_by: str = "order"
) -> HeidianerStore:
    http = Http("https://shop.test", transport=transport, sleep=no_pause, now=lambda: NOON)
    return HeidianerStore("hey", http, tokens, "CNY", lambda: NOON, mark_paid_by=mark_paid_by)


def sandbox() -> Sandbox:
    return Sandbox(seed=7, now=lambda: NOON, dialect=dialect())


def store_of(shop: Sandbox, *, tokens: Tokens = ALL, mark_paid_by: str = "order") -> HeidianerStore:
    return store_over(httpx2.ASGITransport(shop.app), tokens=tokens, mark_paid_by=mark_paid_by)


@dataclass
class Scripted:
    """A shop with prepared answers: by a word of the path, else in turn, the last one for ever."""

    answers: list[object]
    by_path: Mapping[str, object] = field(default_factory=dict)
    requests: list[httpx2.Request] = field(default_factory=list)
    turns: int = 0

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        named = [answer for word, answer in self.by_path.items() if word in request.url.path]
        if named:
            answer = named[0]
        else:
            self.turns += 1
            answer = self.answers[min(self.turns, len(self.answers)) - 1]
        return _response(answer)

    @property
    def store(self) -> HeidianerStore:
        return self.opened()

    def opened(self, *, tokens: Tokens = ALL, mark_paid_by: str = "order") -> HeidianerStore:
        return store_over(httpx2.MockTransport(self.answer), tokens=tokens, mark_paid_by=mark_paid_by)

    @property
    def sent(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]


def scripted(*answers: object, **by_path: object) -> Scripted:
    """Answers are bytes, or anything JSON for a 200, or responses and exceptions as they are."""
    return Scripted(list(answers), by_path)


def _response(answer: object) -> httpx2.Response:
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, httpx2.Response):
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return httpx2.Response(200, content=content, headers={"content-type": "application/json"})


def detail(status: int, **headers: str) -> httpx2.Response:
    """A refusal in the shop's own form."""
    return httpx2.Response(status, json={"detail": "the shop's own words <b>never shown</b>"}, headers=headers)


def sample(name: str) -> Any:
    """An answer of the vendor's page, with its people replaced."""
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


def without(body: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """The body with these fields changed; a change to ``...`` takes the field away."""
    changed = {**copy.deepcopy(dict(body)), **changes}
    return {name: value for name, value in changed.items() if value is not ...}


def order_body(**changes: object) -> dict[str, Any]:
    """The vendor's order, paid, not sent, and without its contradictions."""
    body = sample("order")
    body["lines"][0]["variant_title"] = "颜色: 红色, 尺寸: 小号, 材质: 棉"
    return without(body, {"fulfillment_status": "pending", "fulfillments": [], **changes})


def sale(**changes: object) -> dict[str, Any]:
    """A payment of that order that came in."""
    paid = {
        "order_id": 2894,
        "amount": "0.01",
        "refundable_amount": "0.01",
        "status": "success",
        "succeeds_at": "2017-01-03T08:46:00.000001Z",
    }
    return without(sample("transaction"), {**paid, **changes})


def gone_back(**changes: object) -> dict[str, Any]:
    """A refund of it that was settled."""
    back = {"id": 9497, "transaction_type": "refund", "refund_id": "re_example", "refundable_amount": "0.00"}
    return sale(**{**back, **changes})


def page(*entries: object, count: int | None = None, following: str | None = None) -> dict[str, object]:
    return {
        "count": len(entries) if count is None else count,
        "next": following,
        "previous": None,
        "results": list(entries),
    }


async def read(*transactions: object, **changes: object) -> Order:
    """The order as the store reads it, with these fields changed and these transactions."""
    listed = transactions or (sale(),)
    shop = scripted(order_body(**changes), transaction=page(*listed))
    return await shop.store.get_order(ORDER_ID)
