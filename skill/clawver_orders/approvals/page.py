"""The page on this computer where a person approves or rejects: server-rendered, no script, a one-time address."""

import logging
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import anyio
from anyio.abc import TaskGroup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from clawver_orders import approvals
from clawver_orders.approvals import html
from clawver_orders.approvals.language import Language, language_of
from clawver_orders.approvals.posted import ANSWERS, fields, from_page
from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError, ForbiddenError
from clawver_orders.refunds.machine import Move, State

_log = logging.getLogger(__name__)
_HOST: Final = "127.0.0.1"
# Each is for something that waits, and waits for minutes; an older one is made anew when it is asked for again.
_ADDRESSES: Final = 1000


@dataclass(frozen=True, slots=True)
class _Pending:
    """One address: whose desk and what it is for, the value that its own form sends back, and until when."""

    desk: Desk
    move_id: str
    csrf: str
    until: datetime


class Page:
    """The approval page of one running desk."""

    def __init__(self) -> None:
        self._desk: Desk | None = None
        self._pending: dict[str, _Pending] = {}
        self._tasks: TaskGroup | None = None
        self._port: int | None = None
        self.app = Starlette(routes=[Route("/approve/{token}", self._answer, methods=["GET", "POST"])])

    @asynccontextmanager
    async def listening(self, desk: Desk) -> AsyncIterator[None]:
        """Be ready to answer for a desk's moves; nothing listens before the first address is asked for."""
        async with anyio.create_task_group() as tasks:
            self._desk, self._tasks = desk, tasks
            try:
                yield
            finally:
                self._desk = self._tasks = self._port = None
                self._pending = {}
                tasks.cancel_scope.cancel()

    async def address(self, move: Move) -> str | None:
        """Where a person can answer for a prepared move; the same until it is answered.

        Returns:
            The address; None where nothing can listen on this computer.
        """
        if self._tasks is None or self._desk is None:
            return None
        if self._port is None:
            try:
                self._listen(self._tasks)
            except OSError as error:
                _log.warning("the approval page cannot listen on %s (%s)", _HOST, type(error).__name__)
                return None
        return f"{self._origin}/approve/{self._token(self._desk, move)}"

    def _token(self, desk: Desk, move: Move) -> str:
        for token, pending in self._pending.items():
            if pending.move_id == move.id:
                return token
        now = desk.moves.now()
        waiting = [(token, pending) for token, pending in self._pending.items() if now < pending.until]
        self._pending = dict(waiting[1 - _ADDRESSES :])
        token = secrets.token_urlsafe(24)
        self._pending[token] = _Pending(desk, move.id, secrets.token_urlsafe(24), move.expires_at)
        return token

    @property
    def _origin(self) -> str:
        return f"http://{_HOST}:{self._port}"

    def _listen(self, tasks: TaskGroup) -> None:
        from clawver_orders.approvals import listener  # noqa: PLC0415 - most sessions never need a web server

        opened = socket.create_server((_HOST, 0))
        self._port = opened.getsockname()[1]
        tasks.start_soon(listener.answer, self.app, opened)

    async def _answer(self, request: Request) -> HTMLResponse:
        language = language_of(request.headers.get("accept-language", ""))
        if request.headers.getlist("host") != [f"{_HOST}:{self._port}"]:
            return html.told(language, 403, "refused", "foreign")
        token = request.path_params["token"]
        pending = self._pending.get(token)
        if pending is None:
            return html.told(language, 404, "gone", "gone_next")
        try:
            move = await approvals.found(pending.desk, pending.move_id)
            if move.state is not State.PREPARED:
                self._pending.pop(token, None)
                return html.told(language, 404, "gone", "gone_next")
            if request.method == "POST":
                return await self._posted(request, language, token, pending, move)
            return await _question(language, pending, move)
        except DeskError as error:
            return html.failed(language, error)

    async def _posted(
        self, request: Request, language: Language, token: str, pending: _Pending, move: Move
    ) -> HTMLResponse:
        given = await fields(request)
        decision = given.get("decision", "")
        if decision not in ANSWERS or not self._is_own(request, given.get("csrf", ""), pending):
            return html.told(language, 403, "refused", "foreign")
        how = "page"
        pin = approvals.pin_of(pending.desk)
        # A no needs no PIN: it moves nothing.
        if decision == "approve" and await pin.is_set():
            try:
                await pin.check(given.get("pin", ""), by="page")
            except ForbiddenError as wrong:
                return await _question(language, pending, move, wrong)
            how = "page, with the PIN"
        # From here on nobody else can answer at this address.
        if self._pending.pop(token, None) is None:
            return html.told(language, 404, "gone", "gone_next")
        try:
            answered = await approvals.answer(pending.desk, move, given=decision == "approve", how=how)
        except DeskError:
            self._pending[token] = pending
            raise
        done, states = ANSWERS[decision]
        if answered.state not in states:
            return html.told(language, 404, "gone", "gone_next")
        return html.answered(language, done, head=await pending.desk.moves.ledger.head())

    def _is_own(self, request: Request, csrf: str, pending: _Pending) -> bool:
        """Whether a form was sent from the page itself: by its value, and by where a browser says it is."""
        own = secrets.compare_digest(csrf.encode(), pending.csrf.encode())
        return own and from_page(request, self._origin)


async def _question(
    language: Language, pending: _Pending, move: Move, wrong: DeskError | None = None
) -> HTMLResponse:
    with_pin = await approvals.pin_of(pending.desk).is_set()
    sandbox = pending.desk.sandbox
    return html.question(language, pending.csrf, move, sandbox=sandbox, with_pin=with_pin, wrong=wrong)
