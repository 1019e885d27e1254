"""Addresses: the checked base of a store, and paths into which ids are filled."""

import re
from typing import Final
from urllib.parse import quote

import httpx2

from clawver_orders.errors import BadResponseError, InvalidArgument, SetupError
from clawver_orders.settings import is_loopback

# Scheme, host, port, path, and nothing else: what is no part of these is a mistake, or meant to mislead.
_BASE: Final = re.compile(
    r"https?://(?:[^\s/?#@:\\%\[\]]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?:/[^\s?#\\]*)?", re.IGNORECASE
)


class Path(str):
    """A path whose ids are encoded; ``template`` is the same without them, for the log."""

    template: str


def path(template: str, **ids: str) -> Path:
    """Fill ids into a path, each as exactly one segment.

    Args:
        template: The platform's own path, such as ``/v1/orders/{order_id}/refund``.
        ids: What other people wrote, by the name that stands in the template.

    Raises:
        InvalidArgument: An id is empty, longer than 200 characters, ``.`` or ``..``, or holds a slash of either
            kind, ``?``, ``#``, ``%``, a control character or half a surrogate pair. No shop's id does, and some
            servers decode twice.
    """
    for name, value in ids.items():
        wrong = not value.isprintable() or value in {"", ".", ".."} or not encodable(value)
        if wrong or len(value) > 200 or not set(value).isdisjoint("/\\?#%"):
            raise InvalidArgument(
                f"{name} is not an id of this shop", "Give the id as a list or an order shows it", field=name
            )
    filled = Path(template.format(**{name: quote(value, safe="") for name, value in ids.items()}))
    filled.template = template
    return filled


def checked_base(base_url: str) -> str:
    """The base without a slash at its end; SetupError unless it is https, or http to this machine."""
    wrong = None
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        wrong = "is no address"
    else:
        if not _BASE.fullmatch(base_url) or (url.port or 1) > 65535:
            wrong = "is no http address, or holds a user, a query or a fragment"
        elif url.scheme == "http" and not is_loopback(url.host):
            wrong = "is plain http, and not on this machine"
    if wrong:
        raise SetupError(
            f"base_url {wrong}", 'Write it like "https://shop.example", without key or query', field="base_url"
        )
    return str(url).rstrip("/")


def refuse_unsafe(url: str) -> None:
    """Refuse a whole address that another server named; a query may be part of it.

    Raises:
        BadResponseError: It is neither https nor on this machine, or holds a user.
    """
    try:
        parts = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        parts = httpx2.URL("")
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.host))
    if not safe or not parts.host or parts.userinfo:
        raise BadResponseError(
            "the issuer names an address that is not https, or holds a user", "Check the issuer in the settings"
        )


def encodable(text: str) -> bool:
    """Whether the text has a UTF-8 form: half a surrogate pair has none."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def shown(path: str) -> str:
    """What the log may show of a path: a checkout's id opens its receipt, so no ids."""
    return path.template if isinstance(path, Path) else path
