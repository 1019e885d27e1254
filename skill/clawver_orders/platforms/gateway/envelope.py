"""The gateway's three envelopes, told apart by what is in them, and what its errors mean here.

A, lists: ``{"success", "message", "data"}``. B, one order: ``{"code", "msg", "data"}``, where 0 is a yes.
C, Shopify's copy: ``{"success", "order" | "error", "status_code"}``. The documents never show an HTTP status, and
errors may come with 200: the envelope is asked first, then the status, then the one that B and C have in the body.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    ForbiddenError,
    NotFoundError,
    SetupError,
    UpstreamError,
)
from clawver_orders.http import Reply, raise_for_status, readable
from clawver_orders.platforms.fields import json_object

Asked = Literal["list", "order", "copy"]
# 301 and 308 say that the address is another one: that is a wrong base_url, not a login.
_TO_A_LOGIN: Final = frozenset({302, 303, 307})
# What the documents' errors say where no status tells it: the message is for people, and is not passed on.
_NO_SUCH: Final = ("不存在", "not found")


def content_of(reply: Reply, asked: Asked) -> Mapping[str, object]:
    """What an answer that says yes holds: its ``data`` or its ``order``.

    Args:
        reply: A complete answer, of any status and form.
        asked: What it answers.

    Raises:
        AuthError: A login stands before the gateway, or Shopify does not know the token.
        DeskError: The gateway said no, in its envelope (even with HTTP 200) or by its status.
        BadResponseError: The answer has no envelope, or a yes without content.
    """
    _raise_for_login(reply)
    payload = json_object(readable(reply).body)
    said = None if payload is None else _verdict(payload)
    if payload is not None and said is False:
        _raise_for(replace(reply, status=_status(reply, payload)), asked)
        raise UpstreamError("the gateway answered that it failed", "Try again in a few minutes")
    _raise_for(reply, asked)
    if payload is None or said is None:
        raise BadResponseError(
            "the answer is not in the gateway's form",
            "Check that base_url is the gateway's address, without /api, and try once more",
        )
    content = json_object(payload.get("data")) or json_object(payload.get("order"))
    if content is None:
        raise BadResponseError(
            "the gateway said yes, and its answer holds no data", "Try once more; if it stays, tell its keeper"
        )
    return content


def _raise_for_login(reply: Reply) -> None:
    next_step = "Have its keeper let this computer in without a login, or check base_url in the settings"
    if reply.status in _TO_A_LOGIN:
        raise AuthError(f"the gateway sends to another page, perhaps a login (HTTP {reply.status})", next_step)
    if reply.form == "html" and (reply.status < 300 or reply.status in {401, 403}):
        raise AuthError("the gateway answered with a web page, perhaps a login", next_step)
    if reply.form == "html" and reply.status == 404:
        raise BadResponseError(
            "the gateway's address has no such path (HTTP 404 with a web page)",
            "Check that base_url is the gateway's address, without /api",
        )


def _verdict(payload: Mapping[str, object]) -> bool | None:
    """Whether the envelope says yes or no; None where it is none of the three. One no is enough."""
    says = [payload["success"]] if isinstance(payload.get("success"), bool) else []
    code = payload.get("code")
    if (isinstance(code, int) and not isinstance(code, bool)) or (isinstance(code, str) and code):
        says.append(code in (0, "0"))
    if not says:
        return True if json_object(payload.get("order")) is not None else None
    return all(says)


def _status(reply: Reply, payload: Mapping[str, object]) -> int:
    """The status that a no has: HTTP's, else the body's, else what its words say; 0 where nothing tells."""
    if reply.status >= 400:
        return reply.status
    for name in ("status_code", "status"):
        text = str(payload.get(name))
        if text.isascii() and text.isdecimal() and 400 <= int(text[:4]) <= 599:
            return int(text)
    message = next((said for name in ("message", "msg", "error") if isinstance(said := payload.get(name), str)), "")
    return 404 if any(words in message[:1000].casefold() for words in _NO_SUCH) else 0


def _raise_for(reply: Reply, asked: Asked) -> None:
    """Raise what a status of 400 and above means; what Shopify's mean differs from the gateway's."""
    status = reply.status
    if asked == "copy":
        if status == 401:
            raise AuthError(
                "Shopify does not accept this store's token",
                "Make a new Admin API token in Shopify, and put it where shopify.access_token points",
            )
        if status == 403:
            raise ForbiddenError(
                "Shopify does not let this store's token read orders", "Give its app the scope read_orders"
            )
        if status in {404, 410}:
            raise NotFoundError(
                "Shopify has no such order, or it is older than 60 days",
                "Check the id; older orders need an app with the scope read_all_orders",
            )
        if status in {400, 422}:
            raise SetupError(
                "the gateway does not accept what the settings say of Shopify",
                "Check shop_domain, access_token and shop_id of this store's shopify",
                field="shopify",
            )
    if status == 401:
        raise AuthError(
            "the gateway wants a login, and its documents name none for programs",
            "Have its keeper let this computer in",
        )
    if status == 403:
        raise ForbiddenError("the gateway does not let this computer in", "Have its keeper let this computer in")
    if status in {400, 422}:
        raise UpstreamError(
            f"the gateway does not accept the request (HTTP {status})", "Check the arguments, and try with fewer"
        )
    raise_for_status(reply, "list of orders" if asked == "list" else "such order")
