"""Who is signed in to the team's page: kept in the record, so that every worker knows, and a sign-out ends it."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypedDict

from clawver_orders.errors import ConflictError
from clawver_orders.refunds.machine import CLOCKS_DIFFER, Ledger

_SWITCH: Final = "page_sessions"
# A team has some dozens; above that the oldest ends.
_MOST: Final = 200


class _Kept(TypedDict):
    """One session in the record; of what the browser holds only a hash, so that who reads it gets in nowhere."""

    id: str
    who: str
    way: str
    began_by: str
    since: str
    until: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in.

    Attributes:
        secret: What their browser holds.
        who: Who they are; empty where they are known by the PIN alone.
    """

    secret: str = field(repr=False)
    who: str

    def form(self, *shown: str) -> str:
        """What a form sends back that was shown in this session, and showed just that."""
        return hmac.new(self.secret.encode(), json.dumps(shown).encode(), hashlib.sha256).hexdigest()


class Sessions:
    """The sessions of a record.

    Args:
        ledger: The record.
        now: The wall clock.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    async def begin(self, who: str, way: str, lasts: timedelta, *, by: str, began_by: str = "") -> Session:
        """Sign somebody in.

        Args:
            who: Who they are; empty where they are known by the PIN alone.
            way: By what they are known; the session ends with it.
            lasts: How long at most.
            by: How the record names them.
            began_by: What can begin one session only.

        Raises:
            ConflictError: It began one before.
        """
        now = self._now()
        secret = secrets.token_urlsafe(32)
        made = _Kept(
            id=_hash(secret),
            who=who,
            way=way,
            began_by=_hash(began_by) if began_by else "",
            since=now.isoformat(),
            until=(now + lasts).isoformat(),
            ended=False,
        )

        def add(value: str) -> str:
            kept = self._good(value)
            if made["began_by"] and any(one["began_by"] == made["began_by"] for one in kept):
                raise ConflictError("This sign-in was used before", "Begin anew")
            return json.dumps([*kept, made][-_MOST:])

        await self._ledger.turn(_SWITCH, add, note="signed in to the approval page", by=by)
        return Session(secret, who)

    async def find(self, secret: str, way: str) -> Session | None:
        """The session of a browser, if it is good now and was begun that way."""
        wanted = _hash(secret)
        for one in self._good(await self._ledger.switch(_SWITCH)):
            if hmac.compare_digest(one["id"], wanted) and one["way"] == way and not one["ended"]:
                return Session(secret, one["who"])
        return None

    async def end(self, session: Session, *, by: str) -> None:
        """Sign somebody out: what their browser held is worth nothing from now on, wherever it is."""
        ended = _hash(session.secret)

        def change(value: str) -> str:
            kept = self._good(value)
            # It stays until its time is over: what began it must not begin another.
            return json.dumps([{**one, "ended": one["ended"] or one["id"] == ended} for one in kept])

        await self._ledger.turn(_SWITCH, change, note="signed out of the approval page", by=by)

    def _good(self, value: str) -> list[_Kept]:
        """Those whose time is not over; one that is dated later than now is of a clock that was set back."""
        now = self._now()
        kept: list[_Kept] = json.loads(value or "[]")
        return [
            one
            for one in kept
            if datetime.fromisoformat(one["since"]) - CLOCKS_DIFFER <= now < datetime.fromisoformat(one["until"])
        ]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
