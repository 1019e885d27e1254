"""What a program shows to be let in at the service: whose it is, what it may do, and in which stores."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

Scope = Literal["read", "write", "refund"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
NAME: Final = re.compile(r"[a-z0-9_-]{1,32}", re.ASCII)
# What the log masks wherever it stands (text.redact), and what scanners for lost secrets can look for.
PREFIX: Final = "claw_desk_"


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do at the desk.

    Attributes:
        name: Who they are: a refund belongs to the name that prepared it.
        scopes: ``read`` looks, ``write`` changes what can be changed back, ``refund`` moves money.
        stores: The stores that there are for them; empty: all.
        forms: Whether a form that their program shows counts as a person's yes.
    """

    name: str
    scopes: frozenset[Scope] = frozenset(SCOPES)
    stores: frozenset[str] = frozenset()
    forms: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """One token, as the record keeps it: never itself, only its digest."""

    digest: str
    grant: Grant
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Whether it lets anybody in at that time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Tokens(Protocol):
    """The durable list of tokens; the ledger keeps it beside the moves."""

    async def all(self) -> tuple[Token, ...]:
        """All that were ever made, oldest first."""
        ...

    async def add(self, token: Token, *, by: str) -> None:
        """Keep a new one, and who made it.

        Raises:
            ConflictError: There is one of that name, not revoked.
        """
        ...

    async def revoke(self, name: str, at: datetime, *, by: str) -> bool:
        """Let nobody in with the token of that name any more; False where there is none."""
        ...

    async def used(self, digest: str, at: datetime) -> None:
        """Note when one was used."""
        ...


def mint() -> str:
    """A new token: 32 random bytes, in words that fit a header."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """By what a token is known again. No salt: nobody guesses 32 random bytes."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
