"""The approval page of the service: for a team, on an origin of its own, with a PIN or an OpenID Connect login.

What it opens to is a person who signed in there, and nothing else: not a program's token, not a form of its own
making, not an address that somebody was told.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from clawver_orders import approvals
from clawver_orders.approvals.team.page import TeamPage
from clawver_orders.desk import Desk
from clawver_orders.errors import SetupError
from clawver_orders.refunds.machine import Move
from clawver_orders.settings import Approvals, Service

if TYPE_CHECKING:
    from clawver_orders.approvals.team.login import Login

__all__ = ["TeamPage", "address_at", "open_page", "refuse_unsafe"]

_KEY: Final = "page_key"


def address_at(url: str) -> Callable[[Move], Awaitable[str | None]]:
    """Where a person answers for a move, on the page at this origin."""

    async def address(move: Move) -> str | None:
        return f"{url}/moves/{move.id}"

    return address


def refuse_unsafe(page: Approvals, service: Service) -> None:
    """Refuse settings that would open the page to others than were meant.

    Raises:
        SetupError: A part of the login is missing, or an origin is not the page's own.
    """
    login = {
        "issuer": page.issuer,
        "client_id": page.client_id,
        "client_secret": page.client_secret,
        "people": page.people,
    }
    missing = [name for name, value in login.items() if not value]
    if 0 < len(missing) < len(login) or (not page.url and len(missing) < len(login)):
        raise SetupError(
            f"[approvals] has a part of a login, and not: {', '.join(missing or ['url'])}",
            "Write url, issuer, client_id, client_secret and people, or only url: people then sign in with the PIN",
            field="approvals",
        )
    if not page.url:
        return
    parts = urlsplit(page.url)
    audience = urlsplit(service.audience)
    if parts.scheme == "https":
        shared = parts.hostname in {*service.allowed_hosts, audience.hostname}
    else:
        shared = (parts.scheme, parts.netloc) == (audience.scheme, audience.netloc)
    if shared:
        raise SetupError(
            "[approvals] url is where programs reach the desk ([http] allowed_hosts, audience)",
            "Give the page a host name of its own: a browser keeps cookies by host, and shows them to all ports",
            field="approvals.url",
        )
    if page.issuer and parts.scheme != "https":
        raise SetupError(
            "[approvals] issuer needs a url with https: over http other programs of this machine are shown the "
            "page's cookies",
            "Write the https address under which people reach the page, or use the PIN",
            field="approvals.url",
        )


async def open_page(desk: Desk, url: str, login: "Login | None") -> TeamPage:
    """The page of a desk.

    Args:
        desk: The desk, as a person has it.
        url: Its origin.
        login: Where people sign in; None: with the PIN.

    Raises:
        SetupError: Nobody could sign in.
    """
    if login is None and not await approvals.pin_of(desk).is_set():
        raise SetupError(
            "The approval page has no PIN and no issuer, so it could tell nobody from anybody",
            "A person runs: clawver-orders pin set. Or write issuer, client_id, client_secret and people under "
            "[approvals]",
            field="approvals",
        )
    ledger = desk.moves.ledger
    # In the record, so that all workers on it have the same.
    key = await ledger.switch(_KEY) or await ledger.turn(
        _KEY, lambda made: made or secrets.token_hex(32), note="the key of sign-ins was made", by="desk"
    )
    return TeamPage(desk, url, key=key, login=login)
