"""Answers: a complete one as a value, its strict JSON, and what its status means."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Final, Literal

import anyio
import httpx2

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    UpstreamError,
)

MAX_BODY: Final = 2 * 1024 * 1024
_LONGEST_RETRY_AFTER_S: Final = 24 * 3600.0
_KEPT_HEADERS: Final = frozenset(
    {"content-type", "date", "link", "x-request-id", "x-wp-total", "x-wp-totalpages"}
    | {"retry-after", "ratelimit-retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}
)

# An escape of JSON: a surrogate pair, a lone surrogate (group 1), or any other.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")

Form = Literal["json", "html", "empty", "other"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer.

    Attributes:
        status: The HTTP status.
        headers: The few that are of use, names in lower case; never cookies or challenges.
        body: What the JSON said (numbers with a point as Decimal); None where ``form`` is not ``json``.
        form: ``html`` is a web page, ``other`` neither that nor sound JSON.
        retry_after_s: Seconds that the shop asks to wait, if it says so believably (up to a day).
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)
    form: Form
    retry_after_s: float | None = None

    @property
    def date(self) -> datetime | None:
        """The shop's clock, from its Date header."""
        return _http_date(self.headers.get("date"))


async def received(response: httpx2.Response, now: Callable[[], datetime]) -> Reply:
    """Read an answer to its end, capped after decompression: a server may compress unasked.

    Raises:
        TooLarge: More than MAX_BODY.
        httpx2.HTTPError: Cut, stalled, damaged.
    """
    body = bytearray()
    try:
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > MAX_BODY:
                    raise TooLarge
    finally:
        if not response.is_closed:
            with anyio.CancelScope(shield=True):
                await response.aclose()
    headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    parsed, form = _parse(body, headers.get("content-type", ""))
    wait = _retry_after_s(headers, now) if response.status_code >= 400 else None
    return Reply(response.status_code, headers, parsed, form, wait)


def raise_for_status(reply: Reply, what: str = "such order") -> None:
    """Raise the error that a status of 400 and above means where the platform knows no better.

    Args:
        reply: From Http.read, or of a write that was answered.
        what: What was asked for, after "the shop has no": ``such order``.
    """
    status, wait = reply.status, reply.retry_after_s
    if status < 400:
        return
    if status == 401:
        raise AuthError(
            "the shop does not know the key", "Check this store's key in the settings, or make a new one"
        )
    if status == 403:
        raise ForbiddenError("the shop does not allow this with this key", "Give the key the right to do it")
    if status in {404, 410}:
        raise NotFoundError(f"the shop has no {what}", "Check the id against a list of this store")
    if status == 409:
        raise ConflictError("the shop says that its state does not allow this", "Read the order again")
    if status == 429:
        when = f"in {wait:.0f} seconds" if wait else "in a minute"
        raise RateLimitedError("the shop was asked too often", f"Try again {when}", retry_after_s=wait)
    if status >= 500:
        raise UpstreamError(f"the shop failed (HTTP {status})", "Try again in a few minutes", retry_after_s=wait)
    raise UpstreamError(f"the shop refused the request (HTTP {status})", "Check the arguments and try again")


class TooLarge(Exception):  # noqa: N818 - never leaves this package
    """The body is longer than MAX_BODY."""


def _http_date(text: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Python keeps the last of two equal keys, other programs the first: with amounts, neither is good enough.
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > 400:
        raise ValueError("an exponent that nobody needs makes arithmetic slow")
    return number


def _constant(_name: str) -> object:
    raise ValueError("NaN and Infinity are not JSON")


def _parse(body: bytearray, content_type: str) -> tuple[object, Form]:
    """The JSON of a body. What counts is the body: shops send JSON as text/html, and pages as application/json."""
    if not body:
        return None, "empty"
    try:
        text = body.decode("utf-8-sig")
        if _SURROGATE.search(text):
            text = _ESCAPE.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
        parsed: object = json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_constant)
    except (ValueError, ArithmeticError, RecursionError):
        return None, "html" if "html" in content_type.lower() or body.lstrip()[:1] == b"<" else "other"
    return parsed, "json"


def _retry_after_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Seconds or a date, or WooCommerce's RateLimit-Retry-After; negative, absurd and garbled do not count."""
    text = headers.get("retry-after", headers.get("ratelimit-retry-after", "")).strip()
    if text.isascii() and text.isdecimal():
        wait = float(text)
    elif (until := _http_date(text)) is not None:
        # Measured by the shop's own clock where it shows it: ours may be wrong.
        wait = max(0.0, (until - (_http_date(headers.get("date")) or now())).total_seconds())
    else:
        return None
    return wait if wait <= _LONGEST_RETRY_AFTER_S else None


def readable(reply: Reply, *, empty_ok: bool = False) -> Reply:
    """The reply if a read can use it, or may have its status judged by the platform.

    Raises:
        BadResponseError: A redirect, a web page, no JSON, a status that a read cannot have.
    """
    if reply.status >= 400 or (reply.form == "empty" and empty_ok and 200 <= reply.status < 300):
        return reply
    if reply.status < 200 or reply.status >= 300:
        raise BadResponseError(
            f"the shop's address answers with a redirect (HTTP {reply.status}), which is never followed",
            "Check base_url in the settings: it must be the API's own address",
        )
    if reply.form == "html":
        raise BadResponseError(
            "the shop answered with a web page instead of data, perhaps a login page",
            "Check base_url in the settings, and whether a firewall stands before the shop",
        )
    if reply.form != "json" or reply.status not in {200, 201, 203}:
        raise BadResponseError(
            f"the shop's answer holds no complete, sound JSON (HTTP {reply.status})",
            "Try again; if it stays, check base_url in the settings",
        )
    return reply


def answered(reply: Reply, *, empty_ok: bool) -> bool:
    """Whether an answer to a write is complete and of a form that the platform can judge."""
    if reply.status < 200 or 300 <= reply.status < 400:
        return False
    return reply.form == "json" or (reply.form == "empty" and empty_ok and reply.status < 300)


def in_words(reply: Reply) -> str:
    """What an answer to a write looked like, for the record."""
    kind = {"json": "", "html": "a web page, ", "empty": "an empty answer, ", "other": "not JSON, "}[reply.form]
    if reply.status < 200 or 300 <= reply.status < 400:
        kind = "a redirect, "
    return f"{kind}HTTP {reply.status}"
