"""The connections of one store: a pool for its reads, and a new connection for each write."""

import json as jsonlib
import logging
import random as randomlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote, urlencode

import anyio
import httpx2

from clawver_orders import __version__
from clawver_orders.errors import BadResponseError, InvalidArgument, SetupError
from clawver_orders.http import answer, faults
from clawver_orders.http.address import Path, checked_base, encodable, shown
from clawver_orders.http.answer import Reply

_TRIES: Final = 3
# Not 500: a shop that answers so has usually decided. 408 and 425 ask for a repetition by definition.
_RETRIED: Final = frozenset({408, 425, 429, 502, 503, 504})
_READ_LIMITS: Final = httpx2.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30.0)
_ONE_CONNECTION: Final = httpx2.Limits(max_connections=1, max_keepalive_connections=0)
_CUT_OFF: Final = "cut off, or not to be read"
_BEFORE_SENDING: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
)

_log = logging.getLogger("clawver_orders.http")


@dataclass(frozen=True, slots=True)
class Sent:
    """How a write ended.

    Attributes:
        kind: ``answered``: a complete JSON answer (or an allowed empty one) with any status but a redirect;
            ``not_sent``: not one byte of the request left; ``unknown``: anything else, it may have been applied.
        reply: The answer where a complete one arrived, even one that is no JSON.
        seen: What happened, in words of ours, for the record.
    """

    kind: Literal["answered", "not_sent", "unknown"]
    reply: Reply | None
    seen: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it ended, for who watches: nothing that was sent or answered stands in it.

    Attributes:
        method: GET, POST …
        template: The path without its ids; None where it was not made by path().
        status: Of the last answer, if one came.
        seen: Why none came, in words of ours.
        tries: How many requests that were.
        seconds: How long it took, waiting included.
    """

    method: str
    template: str | None
    status: int | None
    seen: str
    tries: int
    seconds: float


class Http:
    """The connections to one store, for the life of the process; nothing is opened before the first call.

    Args:
        base_url: Scheme, host and maybe a path; https, or plain http to loopback only.
        headers: Go with every call that is not anonymous, such as Authorization.
        transport: Used instead of the network for reads and writes, such as httpx2.ASGITransport; not closed here.
        ssl_context: Who is believed, instead of the system's certificates.
        sleep: Waits between two tries of a read, in seconds.
        random: A number from 0 to 1, for the jitter.
        now: The wall clock, for a Retry-After that is a date from a shop that says no date of its own.
        watch: Is told of each call when it ended; it must not raise.

    Raises:
        SetupError: The address or a header cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        ssl_context: ssl.SSLContext | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        random: Callable[[], float] = randomlib.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        watch: Callable[[Call], None] | None = None,
    ) -> None:
        self._base = checked_base(base_url)
        self._anonymous = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"clawver-orders/{__version__}",
        }
        self._headers = {**self._anonymous, **_checked_headers(headers)}
        self._injected = transport
        self._pool = transport
        self._ssl_context = ssl_context
        self._sleep = sleep
        self._random = random
        self._now = now
        self._watch = watch

    async def read(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object | None = None,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
        deadline_s: float = 15.0,
        empty_ok: bool = False,
        unjudged: bool = False,
    ) -> Reply:
        """GET, at most three times within the deadline; an answer of 2xx is whole JSON, 4xx and 5xx are returned.

        Args:
            path: From path(), with its leading slash.
            params: The query.
            json: A body, for the rare API that asks for one with a GET; None for none.
            headers: Beside the store's own, such as a key that is looked up at the first call.
            anonymous: Without the store's headers.
            deadline_s: Seconds for everything, waiting and repeating included.
            empty_ok: Whether a 2xx without a body is an answer.
            unjudged: Return any complete answer, for a platform to which a redirect or a page means something of
                its own; it then asks readable() about the rest.

        Raises:
            InvalidArgument: A parameter that cannot be written into a query.
            SetupError: A header that cannot be sent.
            NetworkError: No complete answer within the deadline.
            BadResponseError: A redirect, a web page, no JSON, too much, a status that a read cannot have.
        """
        every = {**(self._anonymous if anonymous else self._headers), **_checked_headers(headers)}
        content = _encoded(json, every)
        request = self._request("GET", path, params, every, _timeouts(deadline_s, read=10.0), content=content)
        pool = self._pool = self._pool or self._new_transport(_READ_LIMITS)
        began, tries = anyio.current_time(), 0
        outcome: Reply | str = _CUT_OFF
        try:
            with anyio.move_on_after(deadline_s) as scope:
                while True:
                    tries += 1
                    outcome = await self._try(pool, request, path)
                    if isinstance(outcome, Reply) and outcome.status not in _RETRIED:
                        break
                    asked_to_wait = outcome.retry_after_s if isinstance(outcome, Reply) else None
                    wait = max(asked_to_wait or 0.0, self._random() * 0.25 * 2**tries)
                    if tries == _TRIES or wait >= scope.deadline - anyio.current_time():
                        break
                    await self._sleep(wait)
            if scope.cancelled_caught:
                outcome = "time-out"
        finally:
            self._tell("GET", path, outcome, tries, began)
        if isinstance(outcome, str):
            raise faults.network_error(outcome)
        return outcome if unjudged else answer.readable(outcome, empty_ok=empty_ok)

    async def write(
        self,
        method: str,
        path: str,
        *,
        json: object | None = None,
        headers: Mapping[str, str] | None = None,
        may_start: Callable[[], bool],
        deadline_s: float = 20.0,
        empty_ok: bool = False,
    ) -> Sent:
        """Send one request, once, on a connection of its own. Never raises for what happens on the way.

        Being cancelled is passed on: who must know the outcome shields the call.

        Args:
            method: POST, PUT, DELETE …
            path: From path().
            json: The body, or None for none.
            headers: As with read.
            may_start: Asked once, right before the first byte; False makes it ``not_sent``.
            deadline_s: Seconds for everything.
            empty_ok: Whether a 2xx without a body is an answer.
        """
        start = _Start(may_start)
        every = {**self._headers, **_checked_headers(headers), "Connection": "close"}
        content = _encoded(json, every)
        request = self._request(method, path, None, every, _timeouts(deadline_s), content=content)
        request.extensions["trace"] = start.trace
        transport = self._injected or self._new_transport(_ONE_CONNECTION)
        reply: Reply | None = None
        seen = "time-out"
        began = anyio.current_time()
        try:
            with anyio.move_on_after(deadline_s):
                if self._injected is not None:
                    start.ask()
                reply = await self._exchange(transport, request)
                seen = answer.in_words(reply)
        except _MayNotStart:
            seen = "the send deadline had passed"
        except Exception as exc:  # noqa: BLE001 - whatever happens on the way is an outcome, never an error
            seen = faults.in_words(exc)
            if self._injected is not None and isinstance(exc, _BEFORE_SENDING):
                start.state = "refused"
        finally:
            if self._injected is None:
                with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                    await transport.aclose()
            # Here, for whoever waits may give up before the deadline, and that is the answer that was lost.
            self._tell(method, path, reply or seen, 1, began)
        _log.info("%s %s: %s in %d ms", method, shown(path), seen, (anyio.current_time() - began) * 1000)
        if reply is not None:
            return Sent("answered" if answer.answered(reply, empty_ok=empty_ok) else "unknown", reply, seen)
        return Sent("not_sent" if start.state in {"connecting", "refused"} else "unknown", None, seen)

    async def aclose(self) -> None:
        """Close the connections that reads keep; an injected transport stays open."""
        if self._pool is not None and self._injected is None:
            await self._pool.aclose()

    def _new_transport(self, limits: httpx2.Limits) -> httpx2.AsyncHTTPTransport:
        # Loading the system's certificates takes 20 ms: once, at the first call. Plain http needs none.
        if self._ssl_context is None:
            secure = self._base.startswith("https:")
            self._ssl_context = (
                httpx2.create_ssl_context(trust_env=False) if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            )
        return httpx2.AsyncHTTPTransport(verify=self._ssl_context, trust_env=False, retries=0, limits=limits)

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        timeouts: Mapping[str, float | None],
        *,
        content: bytes | None = None,
    ) -> httpx2.Request:
        for name, value in (params or {}).items():
            if len(value) > 2000 or not encodable(value):
                raise InvalidArgument(
                    f"{name} is too long or no text", "Give at most 2,000 ordinary characters", field=name
                )
        url = self._base + path + ("?" + urlencode(params, quote_via=quote) if params else "")
        return httpx2.Request(method, url, headers=headers, content=content, extensions={"timeout": timeouts})

    async def _try(self, pool: httpx2.AsyncBaseTransport, request: httpx2.Request, path: str) -> Reply | str:
        """One try of a read: the answer, or what was seen instead, which is told unless another try does better."""
        began = anyio.current_time()
        try:
            reply = await self._exchange(pool, request)
        except (answer.TooLarge, httpx2.DecodingError) as exc:
            raise BadResponseError(
                f"the shop's answer cannot be read ({faults.in_words(exc)})", "Ask for less, or check base_url"
            ) from None
        except Exception as exc:  # noqa: BLE001 - whatever a transport raises: no complete answer arrived
            seen = faults.in_words(exc)
            _log.debug("GET %s: %s (%s)", shown(path), seen, type(exc).__name__)
            return seen
        _log.debug("GET %s: %d in %d ms", shown(path), reply.status, (anyio.current_time() - began) * 1000)
        return reply

    def _tell(self, method: str, path: str, outcome: Reply | str, tries: int, began: float) -> None:
        if self._watch is not None:
            status, seen = (outcome.status, "") if isinstance(outcome, Reply) else (None, outcome)
            template = path.template if isinstance(path, Path) else None
            self._watch(Call(method, template, status, seen, tries, anyio.current_time() - began))

    async def _exchange(self, transport: httpx2.AsyncBaseTransport, request: httpx2.Request) -> Reply:
        return await answer.received(await transport.handle_async_request(request), self._now)


def quiet_logging() -> None:
    """Silence the library's loggers: they write whole URLs, tokens included, and headers."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _MayNotStart(Exception):  # noqa: N818 - never leaves this module
    """The caller's deadline passed before the first byte."""


class _Start:
    """Follows a write by the events that httpcore2 traces, up to its first byte.

    Only a phase that is positively known to be before the first byte counts as such: were the events ever renamed,
    the outcome would be called unknown, never not_sent.
    """

    def __init__(self, may_start: Callable[[], bool]) -> None:
        self.may_start = may_start
        self.state: Literal["waiting", "connecting", "connected", "refused", "started"] = "waiting"

    def ask(self) -> None:
        """May the first byte leave now?"""
        self.state = "refused"
        if not self.may_start():
            raise _MayNotStart
        self.state = "started"

    async def trace(self, event: str, _info: Mapping[str, object]) -> None:
        """httpcore2's extension: called before and after each step, ``connection.connect_tcp.started`` first."""
        if self.state in {"refused", "started"}:
            return
        if event.startswith("connection."):
            self.state = "connected" if event.endswith(".complete") else "connecting"
        else:
            self.ask()


def _encoded(json: object | None, headers: dict[str, str]) -> bytes | None:
    """A body in JSON, named so in the headers."""
    if json is None:
        return None
    headers["Content-Type"] = "application/json"
    return jsonlib.dumps(json, allow_nan=False, separators=(",", ":")).encode()


def _timeouts(deadline_s: float, *, read: float | None = None) -> dict[str, float | None]:
    # httpcore2 closes the socket of a handshake that times out, but not that of one that the deadline cancels.
    return {"connect": min(5.0, 0.8 * deadline_s), "read": read, "write": read, "pool": None}


def _checked_headers(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    for name, value in (headers or {}).items():
        if not (value.isascii() and value.isprintable() and value == value.strip() != ""):
            raise SetupError(
                f"the value of the {name} header holds characters that no key has",
                "Copy the key anew, without line breaks or spaces around it",
                field=name,
            )
    return headers or {}
