"""Nothing that is told is anybody's but ours: the bytes that leave are searched, and every value must be known."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client

from clawver_orders.errors import REFUND_CODES
from clawver_orders.events import Delivered
from clawver_orders.refunds.machine import State
from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.stock import CUSTOMERS, HOSTILE_NAMES, HOSTILE_TITLES
from clawver_orders.store import OPERATIONS
from clawver_orders.telemetry import signals
from clawver_orders.webhooks import Receiver, Sender
from tests.counter import NOON, Counter, open_counter
from tests.server.serving import Era, right_calls, structured, yes
from tests.service.serving import Service, a_service, client_at
from tests.telemetry.collector import Collector, a_collector, told
from tests.telemetry.telling import telling_to
from tests.webhooks.receiving import secrets_of
from tests.webhooks.signing import CLAWVER, SECRET, compact, verify_of

pytestmark = pytest.mark.anyio

KEY = "claw_sk_test_example"
REASON = "Mara wrote: the mug came broken"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SAID = {
    "baggage": "buyer=Mara-Lindqvist,mail=mara%40lindqvist.example",
    "tracestate": "shop=mara-lindqvist",
    "traceparent": TRACE,
    "x-buyer": "Theo Abara",
    "user-agent": "theo.abara@mail.example",
}
TOOLS = {
    *("execute_refund", "prepare_refund", "check_refund", "create_webhook", "delete_webhook", "list_webhooks"),
    *(name for name in OPERATIONS if name not in {"refund", "webhooks"}),
}
CODES = {
    *REFUND_CODES,
    *("invalid_argument", "auth", "forbidden", "not_found", "conflict", "unsupported", "upstream", "network"),
    *("bad_response", "setup", "-32602", "-32603", "-32600", "tool_error", "400", "401", "404", "409", "500"),
    *("connection reset", "connection failed", "RuntimeError", signals.OTHER),
}
KNOWN: dict[str, set[str] | re.Pattern[str]] = {
    signals.PLATFORM: {"clawver"},
    signals.STORE: {"clawver"},
    signals.TOOL: TOOLS,
    signals.OPERATION: {"execute_tool"},
    signals.RPC: {"tools/call"},
    signals.METHOD: {"GET", "POST", "DELETE", signals.OTHER},
    signals.ROUTE: {"/mcp", "/healthz", "/webhooks/{store}"},
    signals.TEMPLATE: re.compile(r"(/v1)?(/[a-z]+|/\{[a-z]+_id\})+"),
    signals.MOVE_KIND: {"refund", "create_webhook", "cancel_order", "mark_order_paid", "adjust_order_price"},
    signals.MOVE_STATE: {state.value for state in State},
    signals.EVENT_TYPE: {"order.paid", signals.OTHER},
    signals.EVENT_VERDICT: {"kept", "known", "refused"},
    signals.ERROR: CODES,
}


class Noting(httpx2.AsyncBaseTransport):
    """A shop that keeps the headers of what reached it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._to = httpx2.ASGITransport(app=sandbox.app)
        self.headers: set[str] = set()
        self.fails: Exception | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.headers |= {name.lower() for name in request.headers}
        if self.fails is not None:
            raise self.fails
        return await self._to.handle_async_request(request)


def of_buyers() -> Iterator[str]:
    for customer in CUSTOMERS:
        address = customer.address
        yield from (customer.name, customer.email, address.line1, address.city, address.postal_code)
    # Their words are also ours: refund, order.
    yield from (text[:14] for text in (*HOSTILE_NAMES.values(), *HOSTILE_TITLES.values()))


def of_orders(sandbox: Sandbox) -> Iterator[str]:
    for order in sandbox.shop.orders.values():
        yield from (order.id, order.status_token)
        yield from (item.id for item in order.items)


def found(texts: Iterable[str], told_as: bytes) -> list[str]:
    """Those of the texts, and the words of them that are long enough to mean somebody, that stand in the bytes."""
    words = {word for text in texts for word in (text, *re.findall(r"\w{5,}", text))} - {"refund", "order"}
    return sorted(word for word in words if word and word.encode() in told_as)


def every_value(collector: Collector) -> Iterator[tuple[str, str | int]]:
    points = [labels for name in collector.metrics for labels, _ in collector.points(name)]
    for attributes in [*points, *(told(span.attributes) for span in collector.spans)]:
        yield from attributes.items()


def is_known(key: str, value: str | int) -> bool:
    if isinstance(value, int):
        return key in {signals.STATUS, signals.RESENT} and 0 < value < 600
    known = KNOWN[key]
    return value in known if isinstance(known, set) else bool(known.fullmatch(value))


def assert_nothing_but_ours(collector: Collector, sandbox: Sandbox, *secrets: str) -> None:
    told_as = collector.bytes
    assert found([*of_buyers(), *of_orders(sandbox)], told_as) == []
    assert [text for text in (KEY, SECRET, REASON, *secrets) if text.encode() in told_as] == []
    assert [(key, value) for key, value in every_value(collector) if not is_known(key, value)] == []
    assert collector.exemplars == []
    for span in collector.spans:
        assert not span.events
        assert not span.links
        assert span.trace_state == ""
        assert span.status.message == ""
        assert any(re.fullmatch(name_of(signal), span.name) for signal in signals.SPANS), span.name


def name_of(signal: signals.Signal) -> str:
    """What a span may be called: its name, filled with known words; what is not known is left out."""
    pattern = re.escape(signal.name.partition("{")[0].strip())
    for key in re.findall(r"\{([^}]+)\}", signal.name):
        known = KNOWN[key]
        words = known.pattern if isinstance(known, re.Pattern) else "|".join(map(re.escape, sorted(known)))
        pattern += f"(?: ?(?:{words}))?"
    return pattern


async def worked(client: Client, counter: Counter) -> list[str]:
    """Use every tool, rightly and wrongly; what was secret in it."""
    secrets = []
    for tool, arguments in right_calls(counter).items():
        await client.call_tool(tool, arguments)
        await client.call_tool(tool, arguments | {"order_id": "mara@lindqvist.example", "note": "Theo Abara"})
        await client.call_tool(tool, {name: ["Mara Lindqvist"] for name in arguments})
    meta: Any = {name: SAID[name] for name in ("traceparent", "tracestate", "baggage")}
    await client.call_tool("get_order", {"order_id": "mara@lindqvist.example"}, meta=meta)
    for hint, order_id in counter.sandbox.hints.items():
        if hint.startswith("hostile_"):
            await client.call_tool("get_order", {"order_id": order_id})
    for amount in ("2.00 USD", "3.00 USD"):
        asked = {"order_id": counter.refundable, "amount": amount, "reason": REASON}
        refund = structured(await client.call_tool("prepare_refund", asked))["refund"]
        await client.call_tool("execute_refund", {"refund_id": refund["refund_id"]})
        secrets.append(refund["refund_id"])
        # The next one's answer is lost.
        counter.fault("refund:reset")
    return secrets


async def test_no_buyer_order_secret_or_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    """Hostile customers, a client that says their names wherever it can, and every tool, rightly and wrongly."""
    sandbox = Sandbox(seed=7, now=lambda: NOON)
    shop = Noting(sandbox)
    hook = compact({"event": "order.paid for Mara Lindqvist", "data": {"orderId": "ord_of_theo_abara"}})
    with a_collector() as collector:
        async with telling_to(collector, monkeypatch) as telemetry:
            counter = open_counter(
                tmp_path, sandbox=sandbox, transport=shop, telemetry=telemetry, customer_data="full"
            )
            inbox = telemetry.inbox(counter.ledger)
            receiver = Receiver({"clawver": Sender(verify_of("clawver"), secrets_of(SECRET))}, inbox)
            token = await Service(counter).let_in("bot", forms=True)
            async with a_service(counter, telemetry=telemetry, webhooks=receiver) as service:
                async with client_at(service.url, token, era, lambda _: yes(), SAID) as client:
                    secrets = await worked(client, counter)
                    await client.call_tool("refund for mara@lindqvist.example", {"to": "Theo Abara"})
                    shop.fails = ValueError("Mara Lindqvist, mara@lindqvist.example")
                    await client.call_tool("get_order", {"order_id": counter.refundable})
                    shop.fails = None
                    monkeypatch.setattr(counter.desk.stores[0], "get_order", broken)
                    await client.call_tool("get_order", {"order_id": counter.refundable})
                hooks = f"{service.origin}/webhooks/clawver"
                for body in (CLAWVER.body, hook):
                    await service.ask(url=hooks, json=None, content=body, headers=CLAWVER.headers(body))
                await service.ask(url=hooks, json=None, content=hook, headers=CLAWVER.headers(b"other") | SAID)
                await service.ask(token, url=f"{service.origin}/mara@lindqvist.example?buyer=Theo+Abara")
                await service.ask(token, method="MARA", headers=SAID)
                await service.ask("claw_desk_of_mara", headers=SAID)
                await service.ask(token, headers={"Host": "mara.lindqvist.example"})
                await service.ask(token, headers={"Origin": "https://mara.lindqvist.example"})
        assert {span.name for span in collector.spans} >= {
            "tools/call",
            "tools/call get_order",
            "record unknown",
            "POST /v1/orders/{order_id}/refund",
            "webhook _OTHER",
        }
        assert {labels.get(signals.ERROR) for labels, _ in collector.points("mcp.server.operation.duration")} >= {
            "not_found",
            "invalid_argument",
            "network",
        }
        assert_nothing_but_ours(collector, sandbox, token, *secrets)
    # Nor does the shop hear of traces.
    assert not shop.headers & {"traceparent", "tracestate", "baggage"}
    assert "user-agent" in shop.headers


async def broken(_order_id: str) -> Any:
    raise RuntimeError("Mara Lindqvist, 14 Sample Lane")


async def test_the_search_finds_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a tool's argument told, it would be seen: by its bytes and as a value that nobody knows."""
    sandbox = Sandbox(seed=7, now=lambda: NOON)
    monkeypatch.setattr(signals, "EVENT_TYPES", {"Mara Lindqvist"})
    with a_collector() as collector:
        async with telling_to(collector, monkeypatch) as telemetry:
            counter = open_counter(tmp_path, sandbox=sandbox, telemetry=telemetry)
            await telemetry.inbox(counter.ledger).remember("clawver", Delivered("1", "Mara Lindqvist"))
        with pytest.raises(AssertionError):
            assert_nothing_but_ours(collector, sandbox)
        assert ("clawver_orders.event.type", "Mara Lindqvist") in list(every_value(collector))
        assert "Mara Lindqvist" in found(of_buyers(), collector.bytes)
