"""Heidianer's answers: bare objects, ``{"count", "next", "results"}`` pages, and ``{"detail"}`` for every no."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    ConflictError,
    DeskError,
    ForbiddenError,
    InvalidArgument,
    NotFoundError,
    UnsupportedError,
)
from clawver_orders.http import Reply, raise_for_status
from clawver_orders.platforms.fields import json_count, json_object
from clawver_orders.platforms.writes import may_be_refusal

_LAST_PAGE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list.

    Attributes:
        entries: What is in it, as it came.
        count: How many there are on all pages, where the shop says it.
        following: The number of the next page; None on the last.
        cut: Whether the shop names a next page whose number cannot be used.
    """

    entries: list[object]
    count: int | None
    following: int | None
    cut: bool


def check(reply: Reply, what: str = "such order", *, writes: bool = False) -> None:
    """Raise what a status of 400 and above means here.

    Args:
        reply: A complete answer, of any status.
        what: What was asked for, after "the shop has no".
        writes: Whether a token for writes was used, which the next step then names.

    Raises:
        DeskError: The shop said no.
    """
    error = _ERRORS.get(reply.status)
    if error is not None:
        raise error(what, writes)
    raise_for_status(reply, what)


_ERRORS: Final[Mapping[int, Callable[[str, bool], DeskError]]] = {
    # Who asks badly is told per field; one sentence is about the state of what was asked for.
    400: lambda _what, writes: (
        ConflictError("the shop does not do this as the order stands", "Read the order again with get_order")
        if writes
        else InvalidArgument(
            "the shop does not accept a value of this call", "Check the ids, dates and words, and try again"
        )
    ),
    401: lambda _what, writes: AuthError(
        "the shop does not know the token, or its time is over",
        f"Renew {'write_token or token' if writes else 'read_token or token'} of this store in the settings",
    ),
    403: lambda _what, writes: ForbiddenError(
        f"the token lacks the scope {'orders:write' if writes else 'orders:read'}",
        f"Set {'write_token' if writes else 'read_token'} of this store to a token with that scope",
    ),
    404: lambda what, _writes: NotFoundError(
        f"the shop has no {what}", "Check the id against a list of this store"
    ),
    405: lambda _what, _writes: UnsupportedError(
        "the shop's API has no such operation", "Check that base_url is the shop's own address"
    ),
}


def refusal(reply: Reply) -> str | None:
    """The code of errors.py where an answer to a write is a refusal beyond doubt; None where it may have worked.

    Beyond doubt is a 4xx that nobody on the way says, in the vendor's form: an object whose ``detail`` is a text.
    """
    if not may_be_refusal(reply):
        return None
    detail = (json_object(reply.body) or {}).get("detail")
    if not isinstance(detail, str) or not detail.strip():
        return None
    error = _ERRORS.get(reply.status)
    return error("such order", True).code if error is not None else "conflict"


def object_of(reply: Reply) -> Mapping[str, object]:
    """The object of an answer that is a yes.

    Raises:
        BadResponseError: It is something else.
    """
    body = json_object(reply.body)
    if body is None:
        raise _not_theirs()
    return body


def page_of(reply: Reply, page: int) -> ListPage:
    """A page of a list.

    Args:
        reply: The answer, a yes.
        page: The number of the page that was asked for.

    Raises:
        BadResponseError: It is no page.
    """
    body = object_of(reply)
    entries, following = body.get("results"), body.get("next")
    if not isinstance(entries, list):
        raise _not_theirs()
    number = _page_number(following)
    # A page that leads back, or nowhere, would be read for ever.
    on = number is not None and page < number <= _LAST_PAGE
    return ListPage(
        entries, json_count(body.get("count")), number if on else None, following is not None and not on
    )


def _page_number(link: object) -> int | None:
    """The page that a link names. Nothing else of it is used: it is plain http, and may lead anywhere."""
    if not isinstance(link, str):
        return None
    try:
        [number] = parse_qs(urlsplit(link).query)["page"]
    except (KeyError, ValueError):
        return None
    return int(number) if number.isascii() and number.isdigit() and len(number) < 8 else None


def _not_theirs() -> BadResponseError:
    return BadResponseError(
        "the shop's answer is not in Heidianer's form",
        "Check that base_url is the shop's own address, and try once more",
    )
