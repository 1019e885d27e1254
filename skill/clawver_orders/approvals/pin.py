"""The operator's PIN: what an assistant with a shell does not know; kept as a scrypt hash, slowed and locked."""

import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import anyio.to_thread

from clawver_orders.errors import ForbiddenError, InvalidArgument
from clawver_orders.refunds.machine import CLOCKS_DIFFER, Ledger

LEAST: Final = 8
# About a tenth of a second and 64 MiB a try.
_COST: Final = 2**16
_MEMORY: Final = 128 * 2**20
# From the fifth wrong try on each locks for twice as long as the one before.
_FREE_TRIES: Final = 4
_FIRST_LOCK: Final = timedelta(minutes=1)
_LONGEST_LOCK: Final = timedelta(hours=24)
_SWITCH: Final = "pin"


class Pin:
    """One PIN for the desk, kept in its record.

    Args:
        ledger: The record.
        now: The wall clock.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._now = now

    async def is_set(self) -> bool:
        """Whether there is a PIN."""
        return bool(await self._ledger.switch(_SWITCH))

    async def which(self) -> str:
        """Which PIN it is: another text once it is changed, that tells nothing of it; empty where there is none."""
        value = await self._ledger.switch(_SWITCH)
        return hashlib.sha256(json.loads(value)["salt"].encode()).hexdigest() if value else ""

    async def choose(self, pin: str, *, by: str) -> None:
        """Set or change it.

        Raises:
            InvalidArgument: It is shorter than eight characters.
        """
        if len(_plain(pin)) < LEAST:
            raise InvalidArgument(f"a PIN has at least {LEAST} characters", "Choose a longer one", field="pin")
        salt = secrets.token_hex(16)
        kept = {"salt": salt, "cost": _COST, "hash": await _hashed(pin, salt, _COST)}
        await self._ledger.turn(_SWITCH, lambda _: _forgiven(kept), note="the PIN was set", by=by)

    async def check(self, pin: str, *, by: str) -> None:
        """Let pass who knows it; everybody, where none is set.

        The try is counted before it is judged, so that many at once are not free.

        Raises:
            ForbiddenError: It is wrong, or locked after wrong tries.
        """
        if not await self.is_set():
            return
        kept = json.loads(await self._ledger.turn(_SWITCH, self._count, note="the PIN was tried", by=by))
        if not hmac.compare_digest(kept["hash"], await _hashed(pin, kept["salt"], kept["cost"])):
            raise ForbiddenError("The PIN is wrong", "Type it again; after wrong tries it is locked for a while")
        await self._ledger.turn(
            _SWITCH, lambda value: _forgiven(json.loads(value)), note="the PIN was right", by=by
        )

    def _count(self, value: str) -> str:
        kept = json.loads(value)
        now = self._now()
        until = datetime.fromisoformat(kept["locked_until"]) if kept["locked_until"] else now
        # A lock from a clock that ran years ahead would never end.
        if timedelta() < until - now <= _LONGEST_LOCK + CLOCKS_DIFFER:
            raise ForbiddenError(
                "The PIN is locked after wrong tries",
                f"Wait until {until:%Y-%m-%d %H:%M %Z}, then type it again",
                retry_after_s=(until - now).total_seconds(),
            )
        kept["wrong"] += 1
        if (over := kept["wrong"] - _FREE_TRIES) > 0:
            lock = min(_FIRST_LOCK * 2 ** min(over - 1, 20), _LONGEST_LOCK)
            kept["locked_until"] = (now + lock).isoformat()
        return json.dumps(kept)


def _forgiven(kept: dict[str, Any]) -> str:
    return json.dumps({**kept, "wrong": 0, "locked_until": None})


def _plain(pin: str) -> str:
    """The same characters, however a keyboard composed them, and without blanks around them."""
    return unicodedata.normalize("NFKC", pin).strip()


async def _hashed(pin: str, salt: str, cost: int) -> str:
    def work() -> str:
        typed = _plain(pin).encode(errors="replace")
        return hashlib.scrypt(typed, salt=bytes.fromhex(salt), n=cost, r=8, p=1, maxmem=_MEMORY).hex()

    return await anyio.to_thread.run_sync(work)
