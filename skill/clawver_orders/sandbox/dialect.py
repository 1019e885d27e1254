"""What a vendor's dialect is to the sandbox: calls in, replies out, over the one shop."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from .shop import Event, Shop


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        method: In capitals.
        segments: The path below the dialect's mount, split at its slashes and then percent-decoded.
        query: The last value of each parameter.
        headers: Lower-case names.
        body: The raw body.
    """

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, status: int, payload: object, *headers: tuple[str, str]) -> "Reply":
        """An answer in JSON."""
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        body = text.encode(errors="backslashreplace")  # a lone surrogate stays a JSON escape
        return cls(status, body, (("content-type", "application/json; charset=utf-8"), *headers))

    @classmethod
    def html(cls, status: int, title: str) -> "Reply":
        """A page such as a proxy or a login wall shows."""
        body = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        return cls(status, body.encode(), (("content-type", "text/html; charset=utf-8"),))


@dataclass(frozen=True, slots=True)
class Operation:
    """Something the vendor's API can do. ``answer`` works on the shop it is given, which may be an old copy."""

    name: str
    writes: bool
    answer: Callable[[Shop], Reply]


@dataclass(slots=True)
class Delivery:
    """A webhook on its way. ``state``: queued, sent (any answer came), failed, skipped (another machine)."""

    webhook_id: str
    url: str
    event: str
    body: bytes
    headers: dict[str, str]
    state: str = "queued"
    answered: int | None = None


class Dialect(Protocol):
    """One vendor's API over the shop.

    Attributes:
        name: The platform's name, as settings have it.
        mount: The first segment of all its paths, with a slash before it; empty where there is no such one.
        operations: What it can do, by names of the sandbox's own; faults go by them.
        currency: In which its shop sells.
        settings: What the settings of a store say that opens it, beside platform and base_url. Secrets are plain.
    """

    name: str
    mount: str
    operations: frozenset[str]
    currency: str
    settings: Mapping[str, object]

    def stock(self, shop: Shop, hints: dict[str, str]) -> None:
        """Make a new shop such as this vendor's are, and let the hints say the ids that its API uses."""
        ...

    def operation(self, call: Call) -> Operation | None:
        """What this call asks for; None where the API has no such path or method."""
        ...

    def gate(self, call: Call) -> Reply | None:
        """The refusal of a call before anything else looks at it, such as a rate limit; None to let it in."""
        ...

    def failure(self, status: int) -> Reply:
        """The vendor's error envelope with this HTTP status, 404 for an unknown path among them."""
        ...

    def deliveries(self, shop: Shop, event: Event) -> list[Delivery]:
        """What the vendor sends, and to whom, when this happens."""
        ...
