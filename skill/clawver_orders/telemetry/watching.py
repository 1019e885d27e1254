"""Watches tools, shops, the record, events and requests, and tells what it sees in words of ours alone."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any, Final

import mcp_types
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.shared.exceptions import MCPError
from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clawver_orders.events import Inbox
from clawver_orders.http import Call
from clawver_orders.refunds.machine import Ledger
from clawver_orders.server.strict import ERROR_META
from clawver_orders.telemetry import signals
from clawver_orders.telemetry.events import WatchedInbox
from clawver_orders.telemetry.record import WatchedLedger, count_unsettled
from clawver_orders.telemetry.telling import Telling, since_ns

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
_WEBHOOKS: Final = "/webhooks/{store}"
# Of the service, and of the approval page.
_ROUTES: Final = frozenset({"/mcp", "/healthz", "/readyz", "/", "/sign-in", "/callback", "/sign-out"})
_ROUTES_BELOW: Final = {"webhooks": _WEBHOOKS, ".well-known": "/.well-known", "moves": "/moves/{move_id}"}
_STATUSES: Final = frozenset(HTTPStatus)
# An error of MCP may be one that the client answered a form with, and then its number is the client's.
_CODES: Final = frozenset(
    str(code) for name, code in vars(mcp_types).items() if name.isupper() and isinstance(code, int)
)


class Watching:
    """See telemetry.Telemetry.

    Args:
        telling: Where it is told.
        platforms: The platform of each store, by the store's name.
        every_s: So often is counted what is not settled.
    """

    def __init__(self, telling: Telling, platforms: Mapping[str, str], *, every_s: float) -> None:
        self._telling = telling
        self._platforms = platforms
        self._every_s = every_s

    def calls(self, tools: Collection[str]) -> ServerMiddleware[Any]:
        """See telemetry.Telemetry.

        Args:
            tools: The tools that are listed; a client can write any other name.
        """

        async def watched(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
            if ctx.method != "tools/call":
                return await call_next(ctx)
            return await self._called(ctx, call_next, tools)

        return watched

    async def _called(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext, tools: Collection[str]
    ) -> HandlerResult:
        params = ctx.params or {}
        name = params.get("name")
        tool = name if isinstance(name, str) and name in tools else None
        told = {
            signals.RPC: ctx.method,
            signals.OPERATION: "execute_tool",
            signals.TOOL: tool,
            signals.PLATFORM: self._platform(params.get("arguments")),
        }
        began, error = time.monotonic(), None
        with self._telling.span(
            signals.TOOL_CALL, f"{ctx.method} {tool}" if tool else ctx.method, told, _continued(ctx)
        ) as span:
            try:
                result = await call_next(ctx)
                error = _error_of(result)
            except MCPError as raised:
                code = str(raised.error.code)
                error = code if code in _CODES else signals.OTHER
                raise
            except BaseException as raised:
                error = type(raised).__name__
                raise
            finally:
                with self._telling.apart():
                    if error:
                        self._telling.fails(span, error)
                    took = time.monotonic() - began
                    self._telling.took(signals.TOOL_DURATION, took, told | {signals.ERROR: error})
        return result

    def _platform(self, arguments: object) -> str | None:
        if len(self._platforms) == 1:
            (only,) = self._platforms.values()
            return only
        store = arguments.get("store") if isinstance(arguments, dict) else None
        return self._platforms.get(store) if isinstance(store, str) else None

    def shop(self, platform: str) -> Callable[[Call], None]:
        """See telemetry.Telemetry."""

        def watched(call: Call) -> None:
            with self._telling.apart():
                status = call.status if call.status in _STATUSES else None
                failed = call.status is None or call.status >= 400
                told = {
                    signals.METHOD: call.method,
                    signals.TEMPLATE: call.template,
                    signals.STATUS: status,
                    signals.RESENT: call.tries - 1 or None,
                    signals.PLATFORM: platform,
                    signals.ERROR: (str(status or "") or call.seen or signals.OTHER) if failed else None,
                }
                name = f"{call.method} {call.template}" if call.template else call.method
                self._telling.past(signals.SHOP_CALL, name, told, since_ns(call.seconds))
                self._telling.took(signals.SHOP_DURATION, call.seconds, told)

        return watched

    def record(self, ledger: Ledger) -> WatchedLedger:
        """See telemetry.Telemetry."""
        return WatchedLedger(ledger, self._telling, self._platforms)

    async def unsettled(self, ledger: Ledger, *, sleep: Callable[[float], Awaitable[None]]) -> None:
        """See telemetry.Telemetry."""
        await count_unsettled(ledger, self._telling, every_s=self._every_s, sleep=sleep)

    def inbox(self, inbox: Inbox) -> Inbox:
        """See telemetry.Telemetry."""
        return WatchedInbox(inbox, self._telling, self._platforms)

    def requests(self, app: ASGIApp, connections: Callable[[], int] | None = None) -> ASGIApp:
        """See telemetry.Telemetry."""
        if connections is not None:
            self._telling.connections(connections)

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            status: int | None = None

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            began = time.monotonic()
            try:
                await app(scope, receive, noted)
            finally:
                with self._telling.apart():
                    self._requested(scope, status, time.monotonic() - began)

        return watched

    def _requested(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = _route(scope["path"])
        told: dict[str, str | int | None] = {
            signals.METHOD: scope["method"] if scope["method"] in _METHODS else signals.OTHER,
            signals.ROUTE: route,
            signals.STATUS: status,
        }
        self._telling.took(signals.SERVICE_DURATION, seconds, told)
        if route == _WEBHOOKS and status is not None and status >= 400:
            self._telling.count(signals.EVENTS, {signals.EVENT_VERDICT: "refused", signals.STATUS: status})


def _route(path: str) -> str | None:
    return path if path in _ROUTES else _ROUTES_BELOW.get(path.partition("/")[2].partition("/")[0])


def _error_of(result: HandlerResult) -> str | None:
    """The code of a tool's error; what reaches a middleware is what will be written."""
    if not isinstance(result, dict) or not result.get("isError"):
        return None
    told = result.get("_meta", {}).get(ERROR_META)
    return str(told["code"]) if told else "tool_error"


def _continued(ctx: ServerRequestContext[Any, Any]) -> Context:
    """The trace that the client says the call belongs to, if it says one and records it; no more of what it says.

    One that is not recorded is not continued: else a client could keep its calls out of the traces.
    """
    said = (ctx.meta or {}).get("traceparent")
    if said is None and ctx.request is not None:
        headers = ctx.request.headers.getlist("traceparent")
        said = headers[0] if len(headers) == 1 else None
    if not isinstance(said, str):
        return Context()
    context = TraceContextTextMapPropagator().extract({"traceparent": said}, Context())
    return context if get_current_span(context).get_span_context().trace_flags.sampled else Context()
