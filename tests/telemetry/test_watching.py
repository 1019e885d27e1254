"""What is told of each thing that is watched, how little of what others say is in it, and that it harms nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx2
import pytest
from anyio.lowlevel import checkpoint
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult
from opentelemetry.sdk.trace import ReadableSpan
from starlette.types import Message, Scope

from clawver_orders.desk.results import Consent
from clawver_orders.errors import NetworkError, SetupError
from clawver_orders.events import Delivered
from clawver_orders.http import Call, Http, path
from clawver_orders.refunds.machine import State
from clawver_orders.server import build
from clawver_orders.telemetry import signals
from clawver_orders.telemetry.record import count_unsettled
from tests.counter import YES, Counter, no_waiting, open_counter
from tests.server.serving import Era, client_of
from tests.telemetry.telling import Memory
from tests.webhooks.receiving import Away

pytestmark = pytest.mark.anyio

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{PARENT}-01"


def trace_of(span: ReadableSpan) -> str:
    assert span.context
    return f"{span.context.trace_id:032x}"


def asked(tool: object = "get_order", *, meta: Any = None, headers: Any = None, **arguments: object) -> Any:
    """A call of a tool, as a middleware is given it."""
    request = SimpleNamespace(headers=httpx2.Headers(headers)) if headers is not None else None
    if request is not None:
        request.headers = SimpleNamespace(getlist=httpx2.Headers(headers).get_list)
    params = {"name": tool, "arguments": arguments}
    return SimpleNamespace(method="tools/call", params=params, meta=meta, request=request)


async def called(memory: Memory, ctx: Any, ends: Callable[[], Any] = dict) -> ReadableSpan:
    """The span of a call."""

    async def answer(_ctx: Any) -> Any:
        await checkpoint()
        return ends()

    with suppress(MCPError, RuntimeError):
        await memory.watching.calls({"get_order", "list_orders"})(ctx, answer)
    return memory.spans[-1]


async def test_a_trace_that_the_client_began_is_continued() -> None:
    memory = Memory()
    for ctx in (
        asked(meta={"traceparent": SAMPLED, "tracestate": "a=b", "baggage": "buyer=mara"}),
        asked(headers={"traceparent": SAMPLED, "tracestate": "a=b", "baggage": "buyer=mara"}),
    ):
        span = await called(memory, ctx)
        assert span.parent
        assert (trace_of(span), f"{span.parent.span_id:016x}") == (TRACE, PARENT)
        assert span.context
        assert not span.context.trace_state
        assert set(span.attributes or {}) == {signals.RPC, signals.OPERATION, signals.TOOL, signals.PLATFORM}


@pytest.mark.parametrize(
    "said",
    [
        f"00-{TRACE}-{PARENT}-00",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-mara",
        "mara@lindqvist.example",
        "x" * 100_000,
        "",
        7,
        {"traceparent": SAMPLED},
        [SAMPLED],
    ],
)
async def test_what_is_no_trace_or_is_not_recorded_begins_a_trace_of_ours(said: object) -> None:
    """A client that says "not recorded" does not keep its calls out of the traces by that."""
    memory = Memory()
    span = await called(memory, asked(meta={"traceparent": said}))
    assert span.parent is None
    assert trace_of(span) != TRACE


async def test_what_comes_after_a_call_is_not_within_it() -> None:
    memory = Memory()
    await called(memory, asked())
    memory.watching.shop("clawver")(Call("GET", "/v1/orders", 200, "", 1, 0.1))
    assert memory.spans[-1].parent is None


def test_what_is_not_declared_is_not_told() -> None:
    memory = Memory()
    memory.telling.count(signals.EVENTS, {"buyer": "Mara Lindqvist", signals.STORE: "clawver"})
    memory.telling.past(signals.EVENT_KEPT, "webhook", {"buyer": "Mara Lindqvist", signals.STORE: "clawver"}, 1)
    assert memory.series == {"clawver_orders.events": [{signals.STORE: "clawver"}]}
    assert dict(memory.spans[0].attributes or {}) == {signals.STORE: "clawver"}


async def test_two_traces_in_one_request_are_none() -> None:
    span = await called(Memory(), asked(headers=[("traceparent", SAMPLED), ("traceparent", SAMPLED)]))
    assert span.parent is None


async def test_no_client_can_make_new_series() -> None:
    """A thousand of whatever a client can make up; where it is none of ours, there is one series for all."""
    memory = Memory()
    watched = memory.watching.requests(answering(404))
    for number in range(1000):
        await called(memory, asked(f"tool_{number}", store=f"store_{number}"))
        await called(memory, asked({"name": number}))
        await called(memory, asked(), raising(MCPError(code=number, message=f"error {number}")))
        await request(watched, f"METHOD{number}", f"/{number}/webhooks")
        await memory.watching.inbox(open_inbox()).remember("clawver", Delivered(str(number), f"type.{number}"))
        memory.watching.shop("clawver")(Call("GET", "/v1/orders", 600 + number, "", 1, 0.1))
    assert {name: len(labels) for name, labels in memory.series.items()} == {
        "mcp.server.operation.duration": 2,
        "http.server.request.duration": 1,
        "http.client.request.duration": 1,
        "clawver_orders.events": 1,
    }
    assert {span.name for span in memory.spans} == {
        "tools/call",
        "tools/call get_order",
        "webhook _OTHER",
        "GET /v1/orders",
    }


def open_inbox() -> Any:
    class Inbox(Away):
        async def remember(self, store: str, delivered: Delivered) -> bool:
            return True

    return Inbox()


def raising(error: Exception) -> Callable[[], Any]:
    def end() -> Any:
        raise error

    return end


def answering(status: int) -> Any:
    async def app(_scope: Scope, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


async def request(app: Any, method: str, where: str) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": where, "headers": []}, None, send)
    return sent


async def test_a_call_is_told_with_how_it_ended() -> None:
    error = {"isError": True, "_meta": {"clawver-orders/error": {"code": "refund.void"}}}
    for ends, told in {
        dict: None,
        lambda: error: "refund.void",
        lambda: {"isError": True}: "tool_error",
        lambda: None: None,
        lambda: CallToolResult(content=[]): None,
        raising(MCPError(code=-32602, message="Mara Lindqvist")): "-32602",
        raising(MCPError(code=4711, message="Mara Lindqvist")): signals.OTHER,
        raising(RuntimeError("Mara Lindqvist")): "RuntimeError",
    }.items():
        memory = Memory()
        span = await called(memory, asked(), ends)
        assert (span.attributes or {}).get(signals.ERROR) == told
        assert span.status.is_unset is (told is None)
        assert (span.status.description, span.events) == (None, ())
        (labels,) = memory.series["mcp.server.operation.duration"]
        assert labels.get(signals.ERROR) == told


async def test_a_call_that_is_given_up_is_told_too() -> None:
    memory = Memory()

    async def hang(_ctx: Any) -> Any:
        scope.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        await memory.watching.calls({"get_order"})(asked(), hang)
    (span,) = memory.spans
    assert (span.attributes or {})[signals.ERROR] == "CancelledError"


async def test_the_platform_is_that_of_the_store_that_was_named() -> None:
    memory = Memory({"mine": "clawver", "second": "woocommerce"})
    for arguments, platform in (
        ({"store": "second"}, "woocommerce"),
        ({"store": "x"}, None),
        ({"store": []}, None),
    ):
        span = await called(memory, asked(**arguments))
        assert (span.attributes or {}).get(signals.PLATFORM) == platform
    ctx = asked()
    ctx.params = None
    assert (await called(memory, ctx)).name == "tools/call"


async def test_other_methods_of_mcp_are_let_through(tmp_path: Path) -> None:
    memory = Memory()
    counter = open_counter(tmp_path, telemetry=memory.watching)
    server = build(counter.desk, capabilities=[counter.desk.stores[0].capabilities], watch=memory.watching.calls)
    async with client_of(server, "auto") as client:
        assert (await client.list_tools()).tools
    assert memory.spans == ()


async def test_a_refund_is_one_trace_with_a_span_for_each_step(tmp_path: Path, era: Era) -> None:
    memory = Memory()
    counter = open_counter(tmp_path, telemetry=memory.watching)
    server = build(counter.desk, capabilities=[counter.desk.stores[0].capabilities], watch=memory.watching.calls)
    refund = await counter.prepared()
    await counter.desk.moves.confirmed(await counter.desk.refunds.held(refund.refund_id), YES)
    async with client_of(server, era) as client:
        await client.call_tool("execute_refund", {"refund_id": refund.refund_id})
    *_, tool = memory.spans
    within = [span.name for span in memory.spans if trace_of(span) == trace_of(tool)]
    assert within == [
        "GET /v1/orders/{order_id}",
        "record sending",
        "POST /v1/orders/{order_id}/refund",
        "record succeeded",
        "tools/call execute_refund",
    ]
    assert all(
        span.parent == tool.context
        for span in memory.spans
        if trace_of(span) == trace_of(tool) and span is not tool
    )
    # Outside of a tool each is a trace of its own.
    first = [span for span in memory.spans if trace_of(span) != trace_of(tool)]
    assert {span.parent for span in first} == {None}
    assert [span.name for span in first][-2:] == ["record prepared", "record confirmed"]


async def test_what_the_record_refuses_is_told_without_its_words(tmp_path: Path) -> None:
    memory = Memory()
    counter = open_counter(tmp_path, telemetry=memory.watching)
    await counter.desk.moves.ledger.turn("frozen", lambda _: "mara", note="frozen", by="mara")
    with pytest.raises(Exception, match="frozen"):
        await counter.prepared()
    span = memory.spans[-1]
    assert (span.name, dict(span.attributes or {})) == ("record", {signals.ERROR: "refund.frozen"})
    assert "clawver_orders.moves" not in memory.series


async def test_a_look_that_changes_nothing_is_no_step(tmp_path: Path) -> None:
    memory = Memory()
    counter = open_counter(tmp_path, telemetry=memory.watching)
    counter.fault("refund:reset")
    refund = await counter.prepared()
    await counter.desk.execute_refund(refund.refund_id, YES)
    before = [span.name for span in memory.spans if span.name.startswith("record")]
    assert before == ["record prepared", "record confirmed", "record sending", "record unknown"]
    await counter.desk.check_refund(refund_id=refund.refund_id)
    assert [span.name for span in memory.spans if span.name.startswith("record")] == before
    lost = next(span for span in memory.spans if span.name.startswith("POST"))
    assert (lost.attributes or {})[signals.ERROR] == "connection reset"


async def test_how_many_are_not_settled_is_counted_again_and_again(tmp_path: Path) -> None:
    memory = Memory()
    counter = open_counter(tmp_path, telemetry=memory.watching)
    unknown = {signals.MOVE_KIND: "refund", signals.MOVE_STATE: "unknown"}
    seen: list[int] = []

    async def step(_seconds: float) -> None:
        seen.append(memory.value("clawver_orders.moves.unsettled", unknown))
        match len(seen):
            case 1:
                counter.fault("refund:reset")
                refund = await counter.prepared()
                await counter.desk.execute_refund(refund.refund_id, YES)
            case 2:
                await resolved(counter)
            case 3:
                scope.cancel()
                await checkpoint()

    with anyio.CancelScope() as scope:
        await memory.watching.unsettled(counter.desk.moves.ledger, sleep=step)
    assert seen == [0, 1, 0]


async def resolved(counter: Counter) -> None:
    (move,) = await counter.desk.moves.ledger.find(states=frozenset({State.UNKNOWN}))
    await counter.desk.moves.resolved(move, applied=True, by="a person")


async def test_where_the_record_is_away_counting_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory()
    looks = 0

    class Gone:
        async def find(self, **_asked: object) -> Any:
            raise SetupError("The refund record cannot be used", "Check disk space")

    async def step(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            scope.cancel()
            await checkpoint()

    with anyio.CancelScope() as scope:
        await count_unsettled(Gone(), memory.telling, every_s=1.0, sleep=step)  # type: ignore[arg-type]
    assert looks == 3
    assert [record.getMessage() for record in caplog.records] == [
        "telemetry failed (SetupError); from here on that is not said again"
    ]


async def test_an_event_that_cannot_be_kept_is_told_as_that() -> None:
    memory = Memory()
    with pytest.raises(SetupError):
        await memory.watching.inbox(Away()).remember("clawver", Delivered("1", "order.paid"))
    (span,) = memory.spans
    assert (span.attributes or {})[signals.ERROR] == "setup"
    assert signals.EVENT_VERDICT not in (span.attributes or {})
    assert await memory.watching.inbox(Away()).received() == ()


async def test_reads_are_told_with_their_tries_and_how_they_ended() -> None:
    memory = Memory()
    answers = iter([503, 503, 200, 404])

    async def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(next(answers), json={"id": "mara"})

    http = Http(
        "https://shop.test",
        transport=httpx2.MockTransport(answer),
        sleep=no_waiting,
        watch=memory.watching.shop("clawver"),
    )
    await http.read(path("/v1/orders/{order_id}", order_id="mara"), params={"token": "mara"})
    await http.read("/mara@lindqvist.example")
    told = [(span.name, dict(span.attributes or {})) for span in memory.spans]
    same = {signals.METHOD: "GET", signals.PLATFORM: "clawver"}
    template = "/v1/orders/{order_id}"
    assert told == [
        (f"GET {template}", same | {signals.TEMPLATE: template, signals.STATUS: 200, signals.RESENT: 2}),
        ("GET", same | {signals.STATUS: 404, signals.ERROR: "404"}),
    ]


async def test_a_read_without_an_answer_is_told_in_words_of_ours() -> None:
    memory = Memory()

    async def fail(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("mara@lindqvist.example")

    http = Http(
        "https://shop.test",
        transport=httpx2.MockTransport(fail),
        sleep=no_waiting,
        watch=memory.watching.shop("clawver"),
    )
    with pytest.raises(NetworkError):
        await http.read("/v1")
    (span,) = memory.spans
    assert (span.attributes or {})[signals.ERROR] == "connection reset"
    assert (span.attributes or {})[signals.RESENT] == 2


@contextmanager
def failing(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Telemetry with a mistake in it, wherever it is told something."""

    def fail(*_given: object, **_named: object) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as patched:
        for name in ("past", "took", "count", "stands_at", "fails"):
            patched.setattr(memory.telling, name, fail)
        yield


async def test_a_mistake_of_telemetry_touches_no_refund(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Memory()
    counter = open_counter(tmp_path, telemetry=memory.watching)
    with failing(memory, monkeypatch):
        refund = await counter.prepared()
        done = await counter.desk.execute_refund(refund.refund_id, Consent(given=True, how="form"))
        assert await called(memory, asked())
        assert await request(memory.watching.requests(answering(200)), "GET", "/mcp")
        assert await memory.watching.inbox(open_inbox()).remember("clawver", Delivered("1", "order.paid"))
    assert (done.state, counter.paid_back(), counter.posts()) == ("succeeded", [500], 1)
    lines = [record.getMessage() for record in caplog.records if "telemetry" in record.name]
    assert lines == ["telemetry failed (RuntimeError); from here on that is not said again"]
