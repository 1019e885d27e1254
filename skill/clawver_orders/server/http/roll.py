"""Who is let in at this moment: the record is asked for every request, once for all that wait together."""

import hmac
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import anyio

from clawver_orders.errors import DeskError
from clawver_orders.server.http.admitted import RefusedError
from clawver_orders.tokens import Token, Tokens, digest

_log = logging.getLogger(__name__)
_TOKEN: Final = re.compile(r"claw_desk_[A-Za-z0-9_-]{43}", re.ASCII)
# So often is noted that a token is in use.
_NOTED_EVERY: Final = timedelta(minutes=1)


class _Look:
    """One look at the record, for all who asked before it began."""

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.tokens: tuple[Token, ...] = ()
        self.error: DeskError | None = None


class Roll:
    """The tokens as they are in the record now: what is revoked by any process lets nobody in from then on.

    Args:
        tokens: The record's.
        now: The wall clock.
    """

    def __init__(self, tokens: Tokens, now: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._now = now
        self._next: _Look | None = None
        self._looking = anyio.Lock()
        self._noted: dict[str, datetime] = {}

    async def admit(self, shown: str) -> Token:
        """The token that was shown.

        Raises:
            RefusedError: It is none, or lets nobody in.
            DeskError: The record cannot be read.
        """
        if not _TOKEN.fullmatch(shown):
            raise RefusedError("no token of this desk")
        wanted = digest(shown)
        # All are compared, and each in the same time.
        found = [token for token in await self.all() if hmac.compare_digest(token.digest, wanted)]
        if not found:
            raise RefusedError("unknown")
        (token,) = found
        if not token.works(self._now()):
            how = "revoked" if token.revoked_at else "expired"
            raise RefusedError(f"{how}, of {token.grant.name}")
        return token

    async def working(self) -> tuple[Token, ...]:
        """The tokens that let somebody in.

        Raises:
            DeskError: The record cannot be read.
        """
        now = self._now()
        return tuple(token for token in await self.all() if token.works(now))

    async def all(self) -> tuple[Token, ...]:
        """All tokens, as they were at some moment after this was called.

        Raises:
            DeskError: The record cannot be read.
        """
        look = self._next
        if look is None:
            look = self._next = _Look()
            # Others wait for it: it is not given up with the request that began it.
            with anyio.CancelScope(shield=True):
                await self._look(look)
        else:
            await look.done.wait()
        if look.error is not None:
            raise look.error
        return look.tokens

    async def _look(self, look: _Look) -> None:
        async with self._looking:
            self._next = None
            try:
                look.tokens = await self._tokens.all()
            except DeskError as error:
                look.error = error
            finally:
                look.done.set()

    async def note(self, token: Token) -> None:
        """Write down that a token is in use, if that was not written down a moment ago."""
        now = self._now()
        last = self._noted.get(token.digest) or token.used_at
        if last is not None and timedelta() <= now - last < _NOTED_EVERY:
            return
        self._noted[token.digest] = now
        try:
            await self._tokens.used(token.digest, now)
        except DeskError as error:
            _log.warning("that %s was here could not be written down (%s)", token.grant.name, error.code)
