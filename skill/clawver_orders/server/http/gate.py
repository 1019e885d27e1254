"""The gate before the counters: by which name, from which page, with which token, how often and how much."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clawver_orders.server.http.admission import Admission, NotAdmittedError
from clawver_orders.server.http.counters import Counters, FullError
from clawver_orders.server.http.resource import Resource

_log = logging.getLogger(__name__)
PATH: Final = "/mcp"
_METHODS: Final = ("GET", "POST", "DELETE")
_LATER_S: Final = 5
# So many may be slowed down at a time before those that were quiet the longest are forgotten.
_PACES: Final = 10_000


class Pace:
    """How often one may call: a minute's worth at once, and then evenly.

    Args:
        a_minute: How many calls.
        clock: Seconds, monotonic.
    """

    def __init__(self, a_minute: int, clock: Callable[[], float]) -> None:
        self._most = float(a_minute)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, who: str) -> float:
        """Take one call; 0 where it may be answered, else in how many seconds to come back."""
        now = self._clock()
        left, at = self._left.pop(who, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60)
        if len(self._left) >= _PACES:
            del self._left[next(iter(self._left))]
        self._left[who] = (left - 1 if left >= 1 else left, now)
        return 0.0 if left >= 1 else (1 - left) * 60 / self._most


class Gate:
    """The application: looks at each request, then hands it to the counter of who asks.

    Args:
        counters: Where those go who are let in.
        admission: Who is let in.
        resource: Says where a program gets an access token.
        names: By which names the service is called, without ports.
        origins: Which pages may call it.
        pace: How often each may.
        at_once: How many requests of each may be under way, streams included.
        wrong: What keeps the desk from working, in words for the log; empty where nothing does.
        webhooks: What answers below /webhooks/, if anything does.
    """

    def __init__(
        self,
        counters: Counters,
        admission: Admission,
        resource: Resource,
        *,
        names: frozenset[str],
        origins: frozenset[str],
        pace: Pace,
        at_once: int,
        wrong: Callable[[], Awaitable[str]],
        webhooks: ASGIApp | None = None,
    ) -> None:
        self._counters = counters
        self._admission = admission
        self._resource = resource
        self._names = names
        self._origins = origins
        self._pace = pace
        self._most_at_once = at_once
        self._wrong = wrong
        self._webhooks = webhooks
        self._at_once: Counter[str] = Counter()
        self.draining = False
        self._answering = 0
        self._quiet = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"] == "/healthz":
            await JSONResponse({"status": "ok"})(scope, receive, send)
        elif scope["path"] == "/readyz":
            await (await self._readiness())(scope, receive, send)
        elif scope["path"] in self._resource.paths:
            await self._resource.metadata()(scope, receive, send)
        elif self._webhooks is not None and scope["path"].startswith("/webhooks/"):
            await self._webhooks(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _readiness(self) -> Response:
        wrong = "it is stopping" if self.draining else await self._wrong()
        if wrong:
            _log.warning("not ready: %s", wrong)
        return JSONResponse({"status": "not ready" if wrong else "ready"}, 503 if wrong else 200)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = ""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                self._say(scope, message["status"], "the protocol's own refusal", who)
            await send(message)

        headers = Headers(scope=scope)
        if refusal := self._outside(scope, headers):
            response, why = refusal
            self._say(scope, response.status_code, why, who)
            await response(scope, receive, send)
            return
        try:
            admitted = await self._admission.of(headers)
        except NotAdmittedError as refused:
            self._say(scope, refused.status, str(refused), refused.logged_as)
            await _refusal(refused.status, refused.words, refused.headers)(scope, receive, send)
            return
        who = admitted.logged_as
        if wait := self._pace.wait_s(admitted.counted_as):
            self._say(scope, 429, "too often", who)
            later = {"Retry-After": str(int(wait) + 1)}
            await _refusal(429, "Too many requests with this token", later)(scope, receive, send)
            return
        try:
            counter = await self._counters.of(admitted.key, admitted.grant)
        except FullError:
            self._say(scope, 503, "too many are here", who)
            await _busy("Too many are at the desk just now")(scope, receive, send)
            return
        if self._at_once[admitted.counted_as] >= self._most_at_once:
            self._say(scope, 429, "too many at once", who)
            later = {"Retry-After": str(_LATER_S)}
            await _refusal(429, "Too many requests with this token at the same time", later)(scope, receive, send)
            return
        self._at_once[admitted.counted_as] += 1
        counts = scope["method"] == "POST" and headers.get("mcp-method") != "subscriptions/listen"
        self._answering += counts
        try:
            await counter.answer(scope, receive, watched)
        finally:
            self._at_once[admitted.counted_as] -= 1
            if not self._at_once[admitted.counted_as]:
                del self._at_once[admitted.counted_as]
            self._answering -= counts
            if not self._answering:
                self._quiet.set()
                self._quiet = anyio.Event()

    async def quiet(self) -> None:
        """Wait until nothing is being answered but streams."""
        if self._answering:
            await self._quiet.wait()

    def _outside(self, scope: Scope, headers: Headers) -> tuple[Response, str] | None:
        """What is refused whoever asks, and why."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name(hosts[0]) not in self._names:
            return _refusal(421, "This desk has no such name: [http] allowed_hosts"), "a foreign Host"
        origins = headers.getlist("origin")
        if any(origin not in self._origins for origin in origins):
            return _refusal(403, "This page may not call this desk"), "a foreign Origin"
        if scope["path"] != PATH:
            return _refusal(404, f"The desk answers at {PATH}"), "no such path"
        if scope["method"] not in _METHODS:
            allowed = {"Allow": ", ".join(_METHODS)}
            return _refusal(405, "Use POST", allowed), "no such method"
        if self.draining:
            return _busy("The desk is stopping"), "it is stopping"
        return None

    def _say(self, scope: Scope, status: int, why: str, who: str) -> None:
        client = scope["client"][0] if scope.get("client") else "somebody"
        method = scope["method"] if scope["method"] in _METHODS else "another method"
        _log.warning(
            "refused with %d: %s, by %s from %s (%s)",
            status,
            why,
            who or "nobody",
            client,
            method,
            extra={"facts": {"status": status, "principal": who, "client": client}},
        )


def _name(host: str) -> str | None:
    """The name in a Host header, without its port; None where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    # What urlsplit reads as a user, a path or a query is no name either.
    return parts.hostname if parts.netloc == host and "@" not in host else None


def _refusal(status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": words}, status, {"Cache-Control": "no-store", **(headers or {})})


def _busy(words: str) -> Response:
    return _refusal(503, words, {"Retry-After": str(_LATER_S)})
