"""WordPress's error form ``{"code", "message", "data"}``, and what the codes mean here.

``message`` is in the site's language, so only ``code`` and the status count. One code comes with two statuses:
``woocommerce_rest_invalid_order`` is 401 for a wrong order key and 404 for an unknown id. A rate limit is 400.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    DeskError,
    ForbiddenError,
    InvalidArgument,
    NotFoundError,
    SetupError,
    UpstreamError,
)
from clawver_orders.http import Reply, raise_for_status
from clawver_orders.platforms.fields import json_object
from clawver_orders.platforms.writes import may_be_refusal

_CODE: Final = re.compile(r"(?:woocommerce|rest)_[a-z0-9_]{1,80}", re.ASCII)
_RATE: Final = "rate_limit_exceeded"
_READ_ONLY: Final = "woocommerce_rest_authentication_error"
_NEW_KEYS: Final = "Check consumer_key and consumer_secret in the settings, or make a new pair in the shop"


def _invalid_order(reply: Reply, what: str) -> DeskError:
    if reply.status == 404:
        return _not_found(reply, what)
    return AuthError(
        "order_key is not the key of this order",
        "Copy it from the link in the buyer's order mail, capitals and all",
    )


def _not_found(_reply: Reply, what: str) -> DeskError:
    return NotFoundError(f"the shop has no {what}", "Check the id against a list of this store")


def _cannot_view(reply: Reply, _what: str) -> DeskError:
    if reply.status == 401:
        return AuthError("the shop does not know the key", _NEW_KEYS)
    return ForbiddenError(
        "the key's user may not see this in the shop", "Make the key for a user who is shop manager"
    )


_ERRORS: Final[Mapping[str, Callable[[Reply, str], DeskError]]] = {
    "woocommerce_rest_invalid_order": _invalid_order,
    "woocommerce_rest_invalid_billing_email": lambda _reply, _what: AuthError(
        "billing_email is not the address on this order's bill",
        "Copy it from the buyer's order mail; leave it out where the order has none",
    ),
    "woocommerce_rest_invalid_user": lambda _reply, _what: ForbiddenError(
        "the order is a registered customer's, or does not exist: the Store API cannot open it",
        "Check the id; for registered customers' orders set consumer_key and consumer_secret (REST v3)",
    ),
    "woocommerce_rest_shop_order_invalid_id": _not_found,
    "woocommerce_rest_invalid_order_id": _not_found,
    "woocommerce_rest_order_invalid_id": _not_found,
    "woocommerce_rest_invalid_id": _not_found,
    "woocommerce_rest_payment_gateway_invalid": _not_found,
    "woocommerce_rest_cannot_view": _cannot_view,
    "woocommerce_rest_authentication_error": lambda _reply, _what: AuthError(
        "the shop does not accept the key's secret", _NEW_KEYS
    ),
    "rest_no_route": lambda _reply, _what: SetupError(
        "there is no WooCommerce at this address",
        "Check that base_url is the site's own address, without /wp-json, and that WooCommerce is active",
        field="base_url",
    ),
    "rest_not_logged_in": lambda _reply, _what: ForbiddenError(
        "the site closes its REST API to everyone who is not logged in",
        "Let the plugin that closes it make an exception for /wp-json/wc/",
    ),
    "rest_invalid_param": lambda _reply, _what: InvalidArgument(
        "the shop does not accept a value of this call", "Check the filters, or leave some out"
    ),
}


def error_code(reply: Reply) -> str | None:
    """The code of a complete error; None where the answer is none."""
    body = json_object(reply.body)
    if body is None or "data" not in body or not isinstance(body.get("message"), str):
        return None
    code = body.get("code")
    return code if isinstance(code, str) and code else None


def body_of(reply: Reply, what: str = "such order") -> object:
    """The JSON of a read that worked.

    Args:
        reply: A complete answer, of any status.
        what: What was asked for, after "the shop has no".

    Raises:
        DeskError: The shop said no, by its code or by its status, even with HTTP 200.
    """
    code = error_code(reply)
    if code == _RATE or reply.status == 429:
        raise_for_status(replace(reply, status=429))
    if code is not None and code in _ERRORS and reply.status < 500:
        raise _ERRORS[code](reply, what)
    if 400 <= reply.status < 500 and reply.form != "json":
        raise BadResponseError(
            f"the shop answered with a web page (HTTP {reply.status}) instead of data",
            "Check base_url in the settings, and whether a firewall stands before the shop",
        )
    raise_for_status(reply, what)
    if code is not None:
        raise UpstreamError("the shop answered that it failed", "Try again in a few minutes")
    return reply.body


def object_of(reply: Reply, what: str = "such order") -> Mapping[str, object]:
    """As body_of, where an object is expected.

    Raises:
        BadResponseError: It is another thing.
    """
    body = json_object(body_of(reply, what))
    if body is None:
        raise _no_form()
    return body


def list_of(reply: Reply, what: str = "such order") -> list[object]:
    """As body_of, where a list is expected.

    Raises:
        BadResponseError: It is another thing.
    """
    body = body_of(reply, what)
    if not isinstance(body, list):
        raise _no_form()
    return body


def _no_form() -> BadResponseError:
    return BadResponseError(
        "the shop's answer is not in WooCommerce's form", "Check that base_url is the site's own address"
    )


def refusal(reply: Reply) -> str | None:
    """The code of errors.py where an answer to a write is a refusal beyond doubt; None where it may have worked.

    Beyond doubt is a whole error of WordPress or WooCommerce with a 4xx that nobody on the way says. WooCommerce
    answers most refusals of refunds with 500: those stay open.
    """
    code = error_code(reply)
    if code is None or not _CODE.fullmatch(code) or not may_be_refusal(reply):
        return None
    if code == _READ_ONLY:
        return "forbidden"  # the key was good enough for the reads before: it may only read
    if code in _ERRORS:
        return _ERRORS[code](reply, "such order").code
    return {400: "invalid_argument", 401: "forbidden", 403: "forbidden", 404: "not_found"}.get(
        reply.status, "conflict"
    )
