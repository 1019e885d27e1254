"""A whole conversation over HTTP, and what a collector hears of it: the service as a process of its own."""

from datetime import datetime
from pathlib import Path

import anyio.to_thread
import httpx2
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from clawver_orders.approvals.pin import Pin
from clawver_orders.sandbox import parse_fault
from clawver_orders.telemetry.signals import (
    ERROR,
    EVENT_TYPE,
    EVENT_VERDICT,
    METHOD,
    MOVE_KIND,
    MOVE_STATE,
    PLATFORM,
    ROUTE,
    STATUS,
    STORE,
    TOOL,
)
from tests.approvals.browsing import PIN
from tests.approvals.desks import a_shop
from tests.approvals.team.visiting import Browser, free_port
from tests.cli.terminal import environment
from tests.server.serving import Era, structured, yes
from tests.service.serving import a_worker, client_at, let_in, record_of
from tests.telemetry.collector import Told, a_collector, told
from tests.webhooks.signing import CLAWVER, SECRET
from tests.webhooks.test_command import started

pytestmark = pytest.mark.anyio


async def test_a_conversation_is_told_as_traces_and_metrics(tmp_path: Path, era: Era) -> None:
    token = await let_in(record_of(tmp_path), "bot", forms=True)
    settings = tmp_path / "config.toml"
    settings.write_text(
        '[stores.clawver]\nplatform = "clawver"\napi_key = { env = "CLAW_API_KEY" }\n'
        'webhook_secret = { env = "EXAMPLE_SECRET" }\nbase_url = "SHOP"\n'
    )
    with a_collector() as collector:
        async with a_shop() as (shop, shop_url):
            settings.write_text(settings.read_text().replace("SHOP", shop_url))
            order = shop.hints["refundable_order"]
            environ = {**collector.environ, "EXAMPLE_SECRET": SECRET}
            with a_worker(tmp_path, shop_url, "--config", str(settings), **environ) as worker:
                async with client_at(worker.url, token, era, lambda _: yes()) as client:

                    async def refund(amount: str) -> str:
                        asked = {"order_id": order, "amount": amount, "reason": "arrived torn"}
                        made = structured(await client.call_tool("prepare_refund", asked))["refund"]
                        sent = await client.call_tool("execute_refund", {"refund_id": made["refund_id"]})
                        state: str = structured(sent)["refund"]["state"]
                        return state

                    assert await refund("5.00 USD") == "succeeded"
                    shop.faults.add(parse_fault("refund:reset"))
                    assert await refund("1.00 USD") == "unknown"
                    refused = await client.call_tool("get_order", {"order_id": "no_such_order"})
                    assert refused.is_error
                async with httpx2.AsyncClient(trust_env=False) as http:
                    assert (await http.post(worker.url, headers={"Authorization": "Bearer x"})).status_code == 401
                    hook = worker.url.replace("/mcp", "/webhooks/clawver")
                    for wanted in (200, 200):
                        answer = await http.post(hook, content=CLAWVER.body, headers=CLAWVER.headers())
                        assert answer.status_code == wanted
                    forged = await http.post(hook, content=b"{}", headers=CLAWVER.headers())
                    assert forged.status_code == 401
                unknown: Told = {MOVE_STATE: "unknown"}
                await anyio.to_thread.run_sync(collector.until, "clawver_orders.moves.unsettled", unknown, 1)
                assert await anyio.to_thread.run_sync(worker.stop) == 0
            log = "".join(worker.log)
    assert "telemetry" not in log
    assert (collector.resource["service.name"], collector.resource["service.version"]) == (
        "clawver-orders",
        "0.1.0",
    )

    # The refund: one trace, from the tool to the claim, the shop, and the record.
    call = collector.named("tools/call execute_refund")[0]
    assert call.kind == Span.SPAN_KIND_SERVER
    assert told(call.attributes) == {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "execute_refund",
        "clawver_orders.platform": "clawver",
    }
    sent, lost = sorted(
        collector.named("POST /v1/orders/{order_id}/refund"), key=lambda span: span.start_time_unix_nano
    )
    within = [span for span in collector.spans if span.trace_id == sent.trace_id]
    names = [span.name for span in sorted(within, key=lambda span: span.start_time_unix_nano)]
    steps = ["record sending", "POST /v1/orders/{order_id}/refund", "record succeeded"]
    assert [name for name in names if name in steps] == steps
    (tool,) = (span for span in within if span.name == "tools/call execute_refund")
    assert {span.parent_span_id for span in within if span is not tool} == {tool.span_id}
    assert sent.kind == Span.SPAN_KIND_CLIENT
    assert told(sent.attributes) == {
        "http.request.method": "POST",
        "url.template": "/v1/orders/{order_id}/refund",
        "http.response.status_code": 200,
        "clawver_orders.platform": "clawver",
    }

    # The one whose answer was lost.
    assert told(lost.attributes)["error.type"] == "connection reset"
    assert lost.status == Status(code=Status.STATUS_CODE_ERROR)
    assert collector.named("record unknown")
    for state, number in {"prepared": 2, "confirmed": 2, "sending": 2, "succeeded": 1, "unknown": 1}.items():
        labels: Told = {MOVE_KIND: "refund", MOVE_STATE: state, PLATFORM: "clawver"}
        assert collector.count("clawver_orders.moves", labels) == number
    assert collector.count("clawver_orders.moves.unsettled") == 1

    # What was refused.
    (wrong,) = collector.named("tools/call get_order")
    assert told(wrong.attributes)["error.type"] == "not_found"
    durations = "mcp.server.operation.duration"
    assert collector.count(durations, {TOOL: "get_order", ERROR: "not_found"}) == 1
    assert collector.count(durations, {TOOL: "prepare_refund"}) == 2
    requests = "http.server.request.duration"
    assert collector.count(requests, {ROUTE: "/mcp", STATUS: 401}) == 1
    assert collector.count("http.client.request.duration", {METHOD: "POST"}) == 2
    assert "clawver_orders.http.connections" in collector.metrics

    # Events: those that are signed are in the traces, all are counted.
    assert [told(span.attributes) for span in collector.named("webhook order.paid")] == [
        {EVENT_TYPE: "order.paid", EVENT_VERDICT: verdict, STORE: "clawver", PLATFORM: "clawver"}
        for verdict in ("kept", "known")
    ]
    events = "clawver_orders.events"
    for verdict in ("kept", "known"):
        assert collector.count(events, {EVENT_VERDICT: verdict}) == 1
    assert collector.count(events, {EVENT_VERDICT: "refused", STATUS: 401}) == 1
    assert collector.count(requests, {ROUTE: "/webhooks/{store}", METHOD: "POST"}) == 3


async def test_what_people_ask_of_the_approval_page_is_told_without_the_refund(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.toml"
    config.write_text(f'[approvals]\nurl = "http://127.0.0.1:{port}"\n')
    await Pin(record_of(tmp_path / "sandbox"), lambda: datetime.now().astimezone()).choose(PIN, by="lee")
    options = ("--sandbox", "--config", str(config), "--approvals-port", str(port))
    with a_collector() as collector, a_worker(tmp_path, "", *options, **collector.environ) as worker:
        browser = Browser(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
        await browser.sign_in()
        await browser.send("GET", "/moves/R-7K2M9Q4X")
        await browser.send("GET", "/moves/R-7K2M9Q4X/else")
        assert await anyio.to_thread.run_sync(worker.stop) == 0
    requests = "http.server.request.duration"
    assert collector.count(requests, {ROUTE: "/sign-in", METHOD: "POST", STATUS: 303}) == 1
    assert collector.count(requests, {ROUTE: "/moves/{move_id}", STATUS: 404}) == 2
    assert b"7K2M9Q4X" not in collector.bytes


def test_the_receiver_alone_tells_of_events(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(
        '[stores.mine]\nplatform = "clawver"\napi_key = { env = "NO_KEY" }\n'
        'webhook_secret = { env = "EXAMPLE_SECRET" }\n'
    )
    with a_collector() as collector:
        environ = environment(
            tmp_path, CLAWVER_ORDERS_CONFIG=str(settings), EXAMPLE_SECRET=SECRET, **collector.environ
        )
        with started(environ) as (url, process):
            answer = httpx2.post(f"{url}/webhooks/mine", content=CLAWVER.body, headers=CLAWVER.headers())
            assert answer.status_code == 200
            assert httpx2.get(f"{url}/elsewhere").status_code == 404
            process.terminate()
            assert process.wait(30) == 0
    (span,) = collector.spans
    assert told(span.attributes) == {
        EVENT_TYPE: "order.paid",
        EVENT_VERDICT: "kept",
        STORE: "mine",
        PLATFORM: "clawver",
    }
    requests = "http.server.request.duration"
    assert sorted(count for _, count in collector.points(requests)) == [1, 1]
    assert collector.count(requests, {STATUS: 404}) == 1
    assert "clawver_orders.http.connections" not in collector.metrics
