"""The sandbox as an ASGI app: finds the dialect, lets faults happen, keeps what reached it.

It never sleeps and needs no background task: what happens late happens when the next request looks.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2

from .clawver import Clawver, Generation
from .control import answer_control
from .dialect import Call, Delivery, Dialect, Operation, Reply
from .faults import CloseFault, Fault, Faults
from .shop import Event, Shop
from .stock import fill

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_BODY_LIMIT: Final = 1 << 20
_REQUESTS_KEPT: Final = 10_000
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_SECRET_WORDS: Final = ("token", "secret", "key", "signature")


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


async def _no_pause(seconds: float) -> None:
    """In process nobody waits; the server over sockets puts a real pause in its place."""
    del seconds


@dataclass(slots=True)
class Request:
    """One request that reached the shop.

    Attributes:
        path: As it stood in the request, undecoded.
        query: Its parameters; the values of tokens are replaced.
        body: The parsed JSON, with secrets replaced; None where there was none, or it was not JSON.
        operation: The dialect's name of what was asked; None for an unknown path.
        status: What was answered; None where nothing was.
        fault: The short form of the fault that hit it.
        late: What became of a late write: ``waiting``, or the status it would have been answered with.
    """

    at: datetime
    method: str
    path: str
    query: dict[str, str]
    body: object = None
    operation: str | None = None
    status: int | None = None
    fault: str | None = None
    late: str | None = None


@dataclass(slots=True)
class _Late:
    """A write that the shop carries out later."""

    operation: Operation
    request: Request
    due: datetime | None
    reads: int


@dataclass(slots=True)
class Sandbox:
    """A shop that nobody loses money in, over HTTP semantics.

    Args:
        seed: Which shop; the same seed and clock give the same ids, names, amounts and tokens. None picks one.
        generation: Which of Clawver's APIs it speaks.
        key: The owner's key.
        now: The clock; answers aware datetimes.
        rate_limit: Whether more than 60 calls a minute are refused.
        dialect: Another vendor's API instead of Clawver's; then the four above and the two below mean nothing.
        rows: Whether lists carry whole orders; None: ``full`` for the current generation, else ``sparse``.
        pagination: Where lists of the current generation say whether there is more; legacy always has ``meta``.

    Attributes:
        app: The ASGI app.
        shop: The model.
        hints: Ids worth trying, by what they are good for.
        faults: The switches.
        requests: What reached it, oldest first; the newest 10,000.
        deliveries: The webhooks it made, oldest first.
        pause: Waits for a number of seconds; does nothing in process.
    """

    seed: int | None = None
    generation: Generation = "current"
    key: str = "claw_sk_test_example"
    now: Callable[[], datetime] = utc_now
    rate_limit: bool = False
    dialect: Dialect | None = None
    rows: Literal["full", "sparse"] | None = None
    pagination: Literal["absent", "top"] = "absent"
    shop: Shop = field(init=False)
    hints: dict[str, str] = field(init=False)
    faults: Faults = field(init=False)
    requests: list[Request] = field(init=False, default_factory=list)
    deliveries: list[Delivery] = field(init=False, default_factory=list)
    pause: Callable[[float], Awaitable[None]] = field(init=False, default=_no_pause)
    _spoken: Dialect = field(init=False)
    _late: list[_Late] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        if self.seed is None:
            self.seed = secrets.randbelow(1 << 32)
        legacy = self.generation == "legacy"
        self._spoken = self.dialect or Clawver(
            self.key,
            self.now,
            self.generation,
            self.rows or ("sparse" if legacy else "full"),
            "meta" if legacy else self.pagination,
            rate_limit=self.rate_limit,
        )
        self.shop = Shop(self.seed, self.now, self._spoken.currency)
        self.hints = fill(self.shop)
        self._spoken.stock(self.shop, self.hints)
        self.shop.listeners.append(self._on_event)
        self.faults = Faults(self._spoken.operations, self.shop.snapshot)

    def _on_event(self, event: Event) -> None:
        self.deliveries += self._spoken.deliveries(self.shop, event)

    @property
    def platform(self) -> str:
        """Whose dialect it speaks."""
        return self._spoken.name

    @property
    def settings(self) -> Mapping[str, object]:
        """What the settings of a store say that opens it; see Dialect."""
        return self._spoken.settings

    async def deliver(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """Send the webhooks that are queued, each once, to destinations on this machine only.

        Args:
            transport: Instead of sockets, for tests in process.
        """
        queued = [delivery for delivery in self.deliveries if delivery.state == "queued"]
        if not queued:
            return
        async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=5.0) as client:
            for delivery in queued:
                if urlsplit(delivery.url).hostname not in _LOOPBACK:
                    delivery.state = "skipped"
                    continue
                delivery.state = "failed"
                try:
                    answer = await client.post(delivery.url, content=delivery.body, headers=delivery.headers)
                except httpx2.TransportError:
                    continue
                delivery.state, delivery.answered = "sent", answer.status_code

    async def app(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI app.

        Raises:
            FaultRaised: A fault below HTTP; over a socket, serving.py acts it out.
        """
        if scope["type"] != "http":
            return
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw_path.decode("latin-1")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        body = await _read(receive)
        segments = tuple(unquote(segment) for segment in path.split("/")[1:])
        if segments[0] == "_sandbox":
            await _send(
                send, answer_control(self, Call(scope["method"], segments[1:], query, headers, body or b""))
            )
            return
        dialect = self._spoken
        shown = _without_secrets(_parsed(body or b""))
        request = Request(self.now(), scope["method"], path, _without_secrets(query), shown)
        self.requests.append(request)
        del self.requests[:-_REQUESTS_KEPT]
        below = segments[1:] if dialect.mount else segments
        if body is None:
            await self._finish(request, dialect.failure(413), send)
        elif dialect.mount and f"/{segments[0]}" != dialect.mount:
            await self._finish(request, dialect.failure(404), send)
        else:
            await self._answer(dialect, Call(scope["method"], below, query, headers, body), request, send)

    async def _answer(self, dialect: Dialect, call: Call, request: Request, send: Send) -> None:
        refusal = dialect.gate(call)
        operation = dialect.operation(call)
        if refusal is not None or operation is None:
            await self._finish(request, refusal or dialect.failure(404), send)
            return
        request.operation = operation.name
        self._catch_up()
        stale = self.faults.take_stale(operation.name, writes=operation.writes)
        fault = self.faults.take(operation.name, writes=operation.writes)
        if fault is None:
            request.fault = None if stale is None else f"{operation.name}:stale"
            reply = operation.answer(stale or self.shop)
            self._count_read(operation)
            await self._finish(request, reply, send)
            return
        request.fault = str(fault)
        truth = self._work(fault, operation, request, stale or self.shop)
        await self.pause(0 if fault.kind == "slow" else fault.delay)
        if truth is not None and fault.harms:
            await self._harm(fault, request, truth, send)
            return
        await self._finish(request, fault.answer(dialect.failure, self.shop), send)

    def _work(self, fault: Fault, operation: Operation, request: Request, shop: Shop) -> Reply | None:
        """Let the shop do, or not do, or put off, what was asked."""
        if fault.when == "after":
            reply = operation.answer(shop)
            self._count_read(operation)
            return reply
        if fault.when == "late":
            due = None if fault.seconds is None else self.now() + timedelta(seconds=fault.seconds)
            self._late.append(_Late(operation, request, due, fault.reads))
            request.late = "waiting"
        return None

    def _catch_up(self) -> None:
        """Carry out the late writes whose time has come."""
        now = self.now()
        for late in list(self._late):
            if (late.due is None and late.reads <= 0) or (late.due is not None and late.due <= now):
                self._late.remove(late)
                late.request.late = str(late.operation.answer(self.shop).status)

    def _count_read(self, operation: Operation) -> None:
        if not operation.writes:
            for late in self._late:
                late.reads -= 1

    async def _harm(self, fault: Fault, request: Request, reply: Reply, send: Send) -> None:
        half = reply.body[: len(reply.body) // 2]
        if fault.kind == "truncated":
            await self._finish(request, Reply(reply.status, half, reply.headers), send)
            return
        request.status = reply.status
        if fault.kind == "cut":
            await _send(send, Reply(reply.status, half, reply.headers), length=len(reply.body), more=True)
            raise CloseFault(str(fault))
        await _send(send, Reply(reply.status, b"", reply.headers), length=len(reply.body), more=True)
        for place in range(len(reply.body)):
            await self.pause(fault.delay)
            await send({"type": "http.response.body", "body": reply.body[place : place + 1], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _finish(self, request: Request, reply: Reply, send: Send) -> None:
        request.status = reply.status
        await _send(send, reply)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None where it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _BODY_LIMIT:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _send(send: Send, reply: Reply, *, length: int | None = None, more: bool = False) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    if reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.body) if length is None else length).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": more})


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _without_secrets(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {
        name: "[removed]" if any(word in name.lower() for word in _SECRET_WORDS) else value
        for name, value in data.items()
    }
