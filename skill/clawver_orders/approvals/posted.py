"""What a page's own form sends back, and how it is known to be the page's own."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from clawver_orders.refunds.machine import State

_FORM: Final = "application/x-www-form-urlencoded"
_LENGTH: Final = re.compile(r"[0-9]{1,4}")
# What a button does, and what a move must be afterwards for that to be true.
ANSWERS: Final[Mapping[str, tuple[str, frozenset[State]]]] = {
    "approve": ("approved", frozenset({State.CONFIRMED})),
    "reject": ("rejected", frozenset({State.DECLINED, State.VOID, State.EXPIRED})),
}


async def fields(request: Request) -> dict[str, str]:
    """The fields of a small form; empty where it is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Where both are said, it is as long as its last chunk says, and not as its Content-Length.
    if "transfer-encoding" in request.headers:
        return {}
    if kind != _FORM or not _LENGTH.fullmatch(request.headers.get("content-length", "")):
        return {}
    try:
        body = await request.body()
    except ClientDisconnect:
        return {}
    return dict(parse_qsl(body.decode(errors="replace")))


def from_page(request: Request, origin: str) -> bool:
    """Whether a browser says that a form was sent from a page of that origin."""
    return (
        request.headers.getlist("origin") == [origin]
        and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )
