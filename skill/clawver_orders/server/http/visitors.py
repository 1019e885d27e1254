"""Who comes with an access token of the issuer's: on whose behalf, for what, and for how long."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Set
from datetime import datetime
from typing import Final, cast

from clawver_orders.errors import DeskError
from clawver_orders.issuer import InvalidTokenError, Issuer
from clawver_orders.server.http.admitted import Admitted, AwayError, RefusedError, ShortError
from clawver_orders.tokens import SCOPES, Grant, Scope

# Before every name that is a subject of the issuer's: no token's name has such a sign in it.
_PREFIX: Final = "oauth:"
# It is shown to people and kept with every refund: one line, without spaces that could make it say more.
_SUBJECT: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
_DIGITS: Final = 12


class Visitors:
    """Those that an issuer sends.

    Args:
        issuer: Whose tokens they are.
        audience: What a token must be made for.
        stores: The names of the stores that there are.
        now: The wall clock.
    """

    def __init__(self, issuer: Issuer, audience: str, stores: Collection[str], now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._audience = audience
        self._stores = frozenset(stores)
        self._now = now
        self._until: dict[str, datetime] = {}

    async def admit(self, shown: str) -> Admitted:
        """Who showed a token, and what is granted with it.

        Raises:
            RefusedError: It is not accepted.
            ShortError: It is, and it is good for nothing here.
            AwayError: The issuer's keys cannot be had.
        """
        try:
            claims = await self._issuer.verify(shown, self._audience)
        except InvalidTokenError as error:
            raise RefusedError(f"an access token ({error})") from None
        except DeskError as error:
            raise AwayError(f"The issuer's keys cannot be had just now ({error.code})") from None
        if not _SUBJECT.fullmatch(claims.subject):
            raise RefusedError("an access token (a sub that cannot be a name here)")
        name = logged_as(claims.subject)
        scopes = _scopes(claims.every)
        if not scopes:
            raise ShortError("an access token without a scope of this desk", name)
        stores = self._of_desk(claims.every)
        # As with tokens of the desk's: what is worked there is looked at, too.
        grant = Grant(_PREFIX + claims.subject, scopes | {"read"}, stores)
        # Of what it grants, not of the token: that is another every few minutes.
        key = "\n".join((grant.name, " ".join(sorted(grant.scopes)), " ".join(sorted(stores))))
        self._until[key] = max(claims.good_until, self._until.get(key, claims.good_until))
        return Admitted(key, grant, grant.name, name)

    def _of_desk(self, claims: Mapping[str, object]) -> frozenset[str]:
        """The stores; empty for all."""
        if "stores" not in claims:
            return frozenset()
        stores = _words(claims["stores"]) & self._stores
        if not stores:
            raise ShortError("an access token without a store of this desk", logged_as(str(claims["sub"])))
        return stores

    def gone(self) -> Set[str]:
        """The keys of those whose tokens are all over since this was asked last."""
        now = self._now()
        over = {key for key, until in self._until.items() if now >= until}
        for key in over:
            del self._until[key]
        return over

    def present(self) -> Set[str]:
        """The keys of all others."""
        return self._until.keys()


def logged_as(subject: str) -> str:
    """What the log calls somebody: always the same, and not an address of theirs, which a subject may be."""
    return _PREFIX + hashlib.sha256(subject.encode()).hexdigest()[:_DIGITS]


def _scopes(claims: Mapping[str, object]) -> frozenset[Scope]:
    # RFC 9068 says scope, with spaces; some issuers say scp, and a list.
    said = claims["scope"] if "scope" in claims else claims.get("scp", "")
    return cast("frozenset[Scope]", _words(said) & set(SCOPES))


def _words(said: object) -> frozenset[str]:
    """Words of a text or of a list; none where it is neither."""
    words = said.split(" ") if isinstance(said, str) else said
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return frozenset()
    return frozenset(words)
