"""Clawver's envelope: ``{"success", "data" | "error", "meta"}``, and what its error codes mean here."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    ConflictError,
    DeskError,
    ForbiddenError,
    InvalidArgument,
    NotFoundError,
    UpstreamError,
)
from clawver_orders.http import Reply, raise_for_status
from clawver_orders.platforms.fields import json_object
from clawver_orders.platforms.writes import may_be_refusal

_RATE_CODES: Final = ("RATE_LIMITED", "RATE_LIMIT_EXCEEDED")
# Codes that leave open whether something happened: with any of them a sent refund may have been paid.
_OPEN_CODES: Final = frozenset({"CONFLICT", "INTERNAL_ERROR", *_RATE_CODES})
_MAX_CURSOR: Final = 500


def data_of(reply: Reply, what: str = "such order") -> Mapping[str, object]:
    """The ``data`` of a read that worked.

    Args:
        reply: A complete answer, of any status.
        what: What was asked for, after "the shop has no".

    Raises:
        DeskError: The shop said no, in its envelope (even with HTTP 200) or by its status.
        BadResponseError: The answer has no envelope.
    """
    data = json_object(payload_of(reply, what).get("data"))
    if data is None:
        raise _no_envelope()
    return data


def check(reply: Reply, what: str) -> None:
    """Raise what an answer without data says, such as one to a removal; an empty one of 2xx is fine.

    Raises:
        DeskError: As data_of.
    """
    if reply.form != "empty" or reply.status >= 400:
        payload_of(reply, what)


def payload_of(reply: Reply, what: str) -> Mapping[str, object]:
    """The whole envelope of an answer that says success.

    Raises:
        DeskError: As data_of.
    """
    code = error_code(reply)
    if code is not None:
        raise_for_code(code, reply, what)
    raise_for_status(reply, what)
    payload = json_object(reply.body)
    if payload is None or payload.get("success") is not True:
        raise _no_envelope()
    return payload


def _no_envelope() -> BadResponseError:
    return BadResponseError(
        "the shop's answer is not in Clawver's form",
        "Check that base_url is the address of Clawver's API, and try once more",
    )


def error_code(reply: Reply) -> str | None:
    """The code of a complete error envelope; None where the answer is none."""
    payload = json_object(reply.body)
    if payload is None or payload.get("success") is not False:
        return None
    code = (json_object(payload.get("error")) or {}).get("code")
    return code if isinstance(code, str) and code else None


def raise_for_code(code: str, reply: Reply, what: str) -> None:
    """Raise what an error code means; a code outside the documents is left to the status.

    Raises:
        DeskError: Always, but for an unknown code with a status of 400 and above.
    """
    if code in _RATE_CODES:
        raise_for_status(replace(reply, status=429))
    if code in _ERRORS:
        raise _ERRORS[code](what)
    if reply.status < 400:
        raise UpstreamError("the shop answered that it failed", "Try again in a few minutes")


_ERRORS: Final[Mapping[str, Callable[[str], DeskError]]] = {
    "VALIDATION_ERROR": lambda _what: InvalidArgument(
        "the shop does not accept an id or a value of this call", "Check them against the order, and try again"
    ),
    "UNAUTHORIZED": lambda _what: AuthError(
        "the shop does not know the key", "Check this store's key in the settings, or make a new one"
    ),
    "FORBIDDEN": lambda _what: ForbiddenError(
        "the shop does not allow this with this key", "Give the key the right to do it"
    ),
    "RESOURCE_NOT_FOUND": lambda what: NotFoundError(
        f"the shop has no {what}", "Check the id against a list of this store"
    ),
    "CONFLICT": lambda _what: ConflictError(
        "the shop says that its state does not allow this", "Read the order again"
    ),
    "INTERNAL_ERROR": lambda _what: UpstreamError("the shop answered that it failed", "Try again in a few minutes"),
}


def refusal(reply: Reply) -> str | None:
    """The code of errors.py where an answer to a write is a refusal beyond doubt; None where it may have worked.

    Beyond doubt is a whole error envelope with a 4xx that nobody on the way says, and a code that means no.
    """
    code = error_code(reply)
    if code is None or code in _OPEN_CODES or not may_be_refusal(reply):
        return None
    if code in _ERRORS:
        return _ERRORS[code]("such order").code
    return {401: "auth", 403: "forbidden", 404: "not_found"}.get(reply.status, "conflict")


def pagination_of(reply: Reply) -> Mapping[str, object]:
    """The ``pagination`` of a list, under ``meta`` or at the top; empty where there is none."""
    payload = json_object(reply.body) or {}
    meta = json_object(payload.get("meta")) or {}
    return json_object(meta.get("pagination")) or json_object(payload.get("pagination")) or {}


def next_cursor(pagination: Mapping[str, object]) -> str | None:
    """Where the next page starts; None on the last one and where the cursor is none."""
    cursor = pagination.get("cursor")
    if not isinstance(cursor, str) or not 0 < len(cursor) <= _MAX_CURSOR or pagination.get("hasMore") is False:
        return None
    return cursor
