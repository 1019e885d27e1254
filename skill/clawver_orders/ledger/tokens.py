"""The tokens of the service in the record: their digests, what they may do, and when they were used."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from clawver_orders.errors import ConflictError
from clawver_orders.tokens import Grant, Scope, Token

if TYPE_CHECKING:
    from clawver_orders.ledger.tables import Database, Rows

_ALL: Final = """
SELECT digest, name, scopes, stores, forms, made_at, expires_at, revoked_at, used_at
FROM tokens ORDER BY made_at, digest
"""
_ADD: Final = "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REVOKE: Final = "UPDATE tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL"
_USED: Final = "UPDATE tokens SET used_at = ? WHERE digest = ?"


class Append(Protocol):
    """Adds a line to the append-only record, inside of a transaction."""

    def __call__(self, rows: "Rows", *, by: str, subject: str, note: str) -> None:
        """Who did what to what."""
        ...


class SqlTokens:
    """See clawver_orders.tokens.Tokens.

    Args:
        database: Where the table is.
        append: What notes who made or revoked one.
        taken: What the database raises for a name that is there already.
    """

    def __init__(self, database: "Database", append: Append, taken: type[Exception]) -> None:
        self._database = database
        self._append = append
        self._taken = taken

    async def all(self) -> tuple[Token, ...]:
        """See Tokens."""

        def work(rows: "Rows") -> tuple[Token, ...]:
            return tuple(_token(tuple(row.values())) for row in rows.select(_ALL))

        return await self._database.look(work)

    async def add(self, token: Token, *, by: str) -> None:
        """See Tokens."""
        grant = token.grant

        def work(rows: "Rows") -> None:
            try:
                rows.change(
                    _ADD,
                    token.digest,
                    grant.name,
                    ",".join(sorted(grant.scopes)),
                    ",".join(sorted(grant.stores)),
                    int(grant.forms),
                    token.made_at.isoformat(),
                    _text(token.expires_at),
                    _text(token.revoked_at),
                    _text(token.used_at),
                )
            except self._taken as error:
                raise ConflictError(
                    f'There is a token called "{grant.name}"',
                    f"Choose another name, or first run: clawver-orders tokens revoke {grant.name}",
                ) from error
            self._append(rows, by=by, subject=grant.name, note=f"a token was made: {_told(grant)}")

        await self._database.within(work, write=True)

    async def revoke(self, name: str, at: datetime, *, by: str) -> bool:
        """See Tokens."""

        def work(rows: "Rows") -> bool:
            found = rows.change(_REVOKE, at.isoformat(), name) > 0
            if found:
                self._append(rows, by=by, subject=name, note="the token was revoked")
            return found

        return await self._database.within(work, write=True)

    async def used(self, digest: str, at: datetime) -> None:
        """See Tokens."""
        await self._database.within(lambda rows: rows.change(_USED, at.isoformat(), digest), write=True)


@lru_cache(maxsize=1024)
def _token(row: tuple[Any, ...]) -> Token:
    """A row of _ALL, read anew only where it is another one: all are looked at for every request."""
    digest, name, scopes, stores, forms, made_at, *times = row
    grant = Grant(name, cast("frozenset[Scope]", _words(scopes)), _words(stores), bool(forms))
    return Token(digest, grant, datetime.fromisoformat(made_at), *map(_time, times))


def _told(grant: Grant) -> str:
    stores = ", ".join(sorted(grant.stores)) or "all"
    return f"{', '.join(sorted(grant.scopes))}; stores: {stores}{'; with forms' if grant.forms else ''}"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
