"""The points at which a desk can be killed, named in the code's own terms; reached by wrapping, never by hooks."""

import functools
import os
import signal
import sqlite3
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, cast

import httpx2

from clawver_orders.http import Http, Sent
from clawver_orders.ledger import SqliteLedger
from clawver_orders.money import Money
from clawver_orders.order import Order
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds.machine import Book, Move
from clawver_orders.store import Answer, Deadline

# The decisions that are taken in the ledger's transaction, by where they are written down. Another name is an
# error: whoever adds a decision adds its points.
_DECISIONS: Final = {
    "Refunding.prepare.<locals>.decide": "prepare",
    "Moves.confirmed.<locals>.decide": "confirm",
    "Moves._send.<locals>.decide": "claim",
    "Moves._record.<locals>.<lambda>": "settle",
    "Moves.recovered.<locals>.<lambda>": "recover",
    "Moves.looked.<locals>.decide": "look",
}
_STEPS: Final = ("before BEGIN", "after BEGIN", "decided", "row written", "before COMMIT", "after COMMIT")
_EVENTS: Final = (
    *("connect_tcp.started", "connect_tcp.complete"),
    *("send_request_headers.started", "send_request_headers.complete"),
    *("send_request_body.started", "send_request_body.complete"),
    *("receive_response_headers.started", "receive_response_headers.complete"),
    *("receive_response_body.started", "receive_response_body.complete"),
    *("response_closed.started", "response_closed.complete"),
)

ANY_MOMENT: Final = "any moment"
FORM: Final = "form: shown"
SENDING: Final = (
    "claim: after COMMIT",
    "write: before connect",
    *(f"write: {event}" for event in _EVENTS[:2]),
    "write: may it start",
    *(f"write: {event}" for event in _EVENTS[2:]),
    "write: answered",
    *(f"settle: {step}" for step in _STEPS[:-1]),
)
# A desk that starts after a crash comes by these; the first desk mostly does not.
LATER: Final = (
    *(f"{decision}: {step}" for decision in ("expire", "recover", "look") for step in _STEPS),
    *(f"refused: {step}" for step in ("before BEGIN", "after BEGIN", "before COMMIT", "after COMMIT")),
    "read for check: before",
    "read for check: after",
)
FIRST: Final = (
    "read for prepare: before",
    "read for prepare: after",
    *(f"prepare: {step}" for step in _STEPS),
    FORM,
    "form: answered",
    *(f"confirm: {step}" for step in _STEPS),
    "read for execute: before",
    "read for execute: after",
    *(f"claim: {step}" for step in _STEPS[:-1]),
    *SENDING,
    "settle: after COMMIT",
    "execute: told",
    ANY_MOMENT,
)
POINTS: Final = (*FIRST, *LATER)

doing: ContextVar[str] = ContextVar("doing", default="")
_deciding: ContextVar[str] = ContextVar("deciding", default="")

Reach = Callable[[str], None]


def fuse(target: str) -> Reach:
    """Kills this process for real when the target is reached."""
    if target and target not in POINTS:
        raise ValueError(f"{target!r} is no point")

    def reach(point: str) -> None:
        if point == target:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


class WatchedLedger(SqliteLedger):
    """The real ledger; its transactions come by the points of the decision that runs in them."""

    def __init__(self, directory: Any, now: Callable[[], datetime], reach: Reach) -> None:
        super().__init__(directory, now)
        self._reach = reach

    async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
        name = "expire" if by == "time" else _DECISIONS[decision.__qualname__]

        def watched(book: Book) -> Move:
            move = decision(book)
            self._reach(f"{name}: decided")
            return move

        token = _deciding.set(name)
        try:
            return await super().decide(watched, by=by)
        finally:
            _deciding.reset(token)

    async def refused(self, *, store: str, subject: str, code: str, detail: str, by: str) -> None:
        token = _deciding.set("refused")
        try:
            await super().refused(store=store, subject=subject, code=code, detail=detail, by=by)
        finally:
            _deciding.reset(token)


def watch_sqlite(reach: Reach) -> None:
    """Have every connection of this process come by the points around its statements."""

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            name, word = _deciding.get(), sql.lstrip().split(" ")[0]
            if name and word in {"BEGIN", "COMMIT"}:
                reach(f"{name}: before {word}")
            cursor = super().execute(sql, parameters)
            if name and word in {"BEGIN", "COMMIT"}:
                reach(f"{name}: after {word}")
            elif name and (word == "UPDATE" or sql.startswith("INSERT INTO moves")):
                reach(f"{name}: row written")
            return cursor

    sqlite3.connect = functools.partial(sqlite3.connect, factory=Watched)  # type: ignore[assignment]


class WatchedHttp(Http):
    """The real connections; a write comes by what httpcore2 traces. Nobody waits long for a shop that is silent."""

    def __init__(self, base_url: str, reach: Reach, write_within_s: float) -> None:
        super().__init__(base_url, sleep=_nap)
        self._reach = reach
        self._write_within_s = write_within_s

    async def write(
        self,
        method: str,
        path: str,
        *,
        json: object | None = None,
        headers: Mapping[str, str] | None = None,
        may_start: Callable[[], bool],
        deadline_s: float = 0.0,
        empty_ok: bool = False,
    ) -> Sent:
        return await super().write(
            method,
            path,
            json=json,
            headers=headers,
            may_start=may_start,
            deadline_s=deadline_s or self._write_within_s,
            empty_ok=empty_ok,
        )

    def _new_transport(self, limits: httpx2.Limits) -> httpx2.AsyncHTTPTransport:
        return cast("httpx2.AsyncHTTPTransport", _Traced(super()._new_transport(limits), self._reach))


class _Traced(httpx2.AsyncBaseTransport):
    def __init__(self, inner: httpx2.AsyncHTTPTransport, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        trace = request.extensions.get("trace")
        if trace is not None:

            async def watched(event: str, info: Mapping[str, object]) -> None:
                await trace(event, info)
                self._reach(f"write: {event.partition('.')[2]}")

            request.extensions["trace"] = watched
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class WatchedStore(ClawverStore):
    """The real store; its reads and its write come by their points."""

    reach: Reach

    async def get_order(self, order_id: str) -> Order:
        self.reach(f"read for {doing.get()}: before")
        order = await super().get_order(order_id)
        self.reach(f"read for {doing.get()}: after")
        return order

    async def refund(self, order_id: str, amount: Money, reason: str, may_start: Deadline) -> Answer:
        def asked() -> bool:
            self.reach("write: may it start")
            return may_start()

        self.reach("write: before connect")
        answer = await super().refund(order_id, amount, reason, asked)
        self.reach("write: answered")
        return answer


async def _nap(_seconds: float) -> None:
    """Between two tries of a read."""
