"""A receiver over a ledger in a directory, and what a shop posts to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from clawver_orders.errors import SetupError
from clawver_orders.events import Delivered, Inbox, Received
from clawver_orders.webhooks import Receiver, Sender
from tests.ledgers import Place
from tests.refunds.book import NOON
from tests.webhooks.signing import OLD, SECRET, VENDORS, Vendor, verify_of


def secrets_of(*secrets: str) -> "Secrets":
    return Secrets(secrets)


@dataclass(frozen=True)
class Secrets:
    """What a store may sign with; nothing where it is empty, and an error where it is None."""

    found: Sequence[str] | None

    async def __call__(self) -> Sequence[str]:
        if self.found is None:
            raise SetupError("EXAMPLE_SECRET is not set", "Set it", field="EXAMPLE_SECRET")
        return self.found


ALL = {vendor.platform: secrets_of(SECRET, OLD) for vendor in VENDORS}


@dataclass
class Away:
    """An inbox that cannot keep anything."""

    async def remember(self, store: str, delivered: Delivered) -> bool:
        raise SetupError("The refund record cannot be used (OperationalError)", "Check disk space")

    async def received(self, **asked: object) -> tuple[Received, ...]:
        return ()


def inbox_in(directory: Path) -> Inbox:
    return Place(directory).ledger(lambda: NOON)


def receiver(
    inbox: Inbox, secrets: dict[str, Secrets] | None = None, *, clock: Callable[[], float] = lambda: 0.0
) -> Receiver:
    """A receiver of stores that are called as their platform."""
    stores = ALL if secrets is None else secrets
    return Receiver({name: Sender(verify_of(name), found) for name, found in stores.items()}, inbox, clock)


async def post(
    app: Receiver,
    vendor: Vendor,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    url: str = "",
) -> httpx2.Response:
    """Post what the vendor would; signed as the body is, unless the headers say otherwise."""
    said = vendor.headers(body) | dict(headers or {})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://hooks.test") as client:
        return await client.post(
            url or f"/webhooks/{vendor.platform}",
            content=vendor.body if body is None else body,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in said.items()],
        )
