"""WooCommerce shops for tests: the sandbox in process, and one that answers with what a test tells it."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from clawver_orders.errors import SetupError
from clawver_orders.http import Http
from clawver_orders.order import Order
from clawver_orders.platforms.woocommerce import WooCommerceStore
from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.woocommerce import KEY, READ_ONLY_KEY, READ_ONLY_SECRET, SECRET, dialect

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "woocommerce"


@dataclass(frozen=True)
class Key:
    """A key of the settings; None is one whose variable was never set."""

    text: str | None

    def value(self) -> str:
        if self.text is None:
            raise SetupError("WOO_KEY is not set", "Set it")
        return self.text


Pair = tuple[Key | None, Key | None]
PAIR: Pair = (Key(KEY), Key(SECRET))
READ_ONLY: Pair = (Key(READ_ONLY_KEY), Key(READ_ONLY_SECRET))
NONE: Pair = (None, None)


async def no_pause(_seconds: float) -> None:
    """Retries of reads wait for nothing here."""


def store_over(
    transport: httpx2.AsyncBaseTransport, *, keys: Pair = PAIR, record_only: bool = False
) -> WooCommerceStore:
    http = Http("https://shop.test", transport=transport, sleep=no_pause, now=lambda: NOON)
    return WooCommerceStore("woo", http, *keys, lambda: NOON, record_only=record_only)


def sandbox(currency: str = "USD", *, now: Callable[[], datetime] = lambda: NOON, **options: Any) -> Sandbox:
    return Sandbox(seed=7, now=now, dialect=dialect(currency, **options))


def store_of(shop: Sandbox, *, keys: Pair = PAIR, record_only: bool = False) -> WooCommerceStore:
    return store_over(httpx2.ASGITransport(shop.app), keys=keys, record_only=record_only)


@dataclass
class Scripted:
    """A shop that answers each path with what was prepared for it, the longest ending first, and keeps requests."""

    answers: Mapping[str, object]
    requests: list[httpx2.Request] = field(default_factory=list)
    keys: Pair = PAIR
    record_only: bool = False

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        wanted = f"{request.method} {request.url.path}"
        for ending in sorted(self.answers, key=len, reverse=True):
            if wanted.endswith(ending):
                return _response(self.answers[ending])
        # A site shows its front page where nothing else is; what was not prepared below the API is an empty list.
        return httpx2.Response(200, html="<h1>Welcome</h1>") if request.url.path == "/" else _response([])

    @property
    def store(self) -> WooCommerceStore:
        return store_over(httpx2.MockTransport(self.answer), keys=self.keys, record_only=self.record_only)

    @property
    def writes(self) -> list[httpx2.Request]:
        return [request for request in self.requests if request.method != "GET"]


def _response(answer: object) -> httpx2.Response:
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, httpx2.Response):
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return httpx2.Response(200, content=content, headers={"content-type": "application/json"})


def error(status: int, code: str, data: object = ..., **headers: str) -> httpx2.Response:
    body = {
        "code": code,
        "message": "the shop's own words <b>never shown</b>",
        "data": {"status": status} if data is ... else data,
    }
    return httpx2.Response(status, json=body, headers=headers)


def recorded(name: str) -> dict[str, Any]:
    """An answer of a real WooCommerce, with the request that it was given to."""
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def as_answer(record: Mapping[str, Any]) -> httpx2.Response:
    """A recorded answer, as it came."""
    content = json.dumps(record["body"]).encode() if "body" in record else record["body_text"].encode()
    return httpx2.Response(record["status"], headers=record["headers"], content=content)


def body_of(name: str, **changes: object) -> dict[str, Any]:
    """A recorded body; a change to ``...`` takes the field away."""
    body = {**copy.deepcopy(recorded(name)["body"]), **changes}
    return {key: value for key, value in body.items() if value is not ...}


async def read_v3(name: str = "v3_order_guest_pending", details: object = None, **changes: object) -> Order:
    """A recorded order of REST v3 as the store reads it, with these fields changed."""
    asked = str(recorded(name)["body"]["id"])
    shop = Scripted({f"/{asked}": body_of(name, **changes), "/refunds": [] if details is None else details})
    return await shop.store.get_order(asked)


async def read_guest(name: str = "get_guest_pending", **changes: object) -> Order:
    """A recorded order of the Store API as the store reads it, with these fields changed."""
    asked = str(recorded(name)["body"]["id"])
    shop = Scripted({f"/order/{asked}": body_of(name, **changes)}, keys=NONE)
    return await shop.store.guest_order(asked, "wc_order_example", "guest@mail.example")
