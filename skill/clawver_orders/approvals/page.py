"""The page on this computer where a person approves or rejects: server-rendered, no script, a one-time address."""

import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from html import escape
from typing import Final

import anyio
import uvicorn
from anyio.abc import TaskGroup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from clawver_orders import approvals
from clawver_orders.approvals.words import Language, language_of, say
from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError
from clawver_orders.refunds.machine import Move, State

_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.35rem 1rem;margin:1.5rem 0}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
.attention{border:.2rem solid #b00020;padding:.6rem 1rem;font-weight:700}
button{font:inherit;padding:.6rem 1.6rem;margin:.5rem 1rem .5rem 0;border-radius:.4rem;border:.1rem solid}
button:focus-visible,input:focus-visible{outline:.25rem solid #0b57d0;outline-offset:.15rem}
.approve{background:#0b57d0;color:#fff;border-color:#0b57d0}
input{font:inherit;padding:.4rem;margin:.3rem 0 1rem;display:block;width:16rem;max-width:100%}
"""
_BODY_CAP: Final = 4096


@dataclass(frozen=True, slots=True)
class _Pending:
    """One address: what it is for, and the value that its own form sends back."""

    move_id: str
    csrf: str


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
                self._desk = self._tasks = None
                tasks.cancel_scope.cancel()

    async def address(self, move: Move) -> str | None:
        """Where a person can answer for a prepared move; the same until it is answered."""
        if self._tasks is None:
            return None
        if self._port is None:
            self._listen(self._tasks)
        for token, pending in self._pending.items():
            if pending.move_id == move.id:
                return f"{self._origin}/approve/{token}"
        token = secrets.token_urlsafe(24)
        self._pending[token] = _Pending(move.id, secrets.token_urlsafe(24))
        return f"{self._origin}/approve/{token}"

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _listen(self, tasks: TaskGroup) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app, http="h11", ws="none", lifespan="off", access_log=False, log_config=None, proxy_headers=False
        )
        tasks.start_soon(_Server(config).serve, [listener])

    async def _answer(self, request: Request) -> HTMLResponse:
        language = language_of(request.headers.get("accept-language", ""))
        if request.headers.get("host") != f"127.0.0.1:{self._port}":
            return _shown(language, 403, say("refused", language), say("foreign", language))
        token = request.path_params["token"]
        pending = self._pending.get(token)
        if pending is None or self._desk is None:
            return _shown(language, 404, say("gone", language), say("gone_next", language))
        move = await approvals.found(self._desk, pending.move_id)
        if move.state is not State.PREPARED:
            del self._pending[token]
            return _shown(language, 404, say("gone", language), say("gone_next", language))
        if request.method == "POST":
            return await self._posted(request, language, self._desk, token, move)
        with_pin = await approvals.pin_of(self._desk).is_set()
        return _question(language, pending.csrf, move, sandbox=self._desk.sandbox, with_pin=with_pin)

    async def _posted(
        self, request: Request, language: Language, desk: Desk, token: str, move: Move
    ) -> HTMLResponse:
        given = await _fields(request)
        own = request.headers.get("origin") == self._origin and secrets.compare_digest(
            given.get("csrf", "").encode(), self._pending[token].csrf.encode()
        )
        decision = given.get("decision")
        if not own or decision not in {"approve", "reject"}:
            return _shown(language, 403, say("refused", language), say("foreign", language))
        try:
            # A no needs no PIN: it moves nothing.
            if decision == "approve":
                await approvals.pin_of(desk).check(given.get("pin", ""), by="page")
            await approvals.answer(desk, move, given=decision == "approve", how="page")
        except DeskError as error:
            return _shown(language, 403, say("refused", language), str(error))
        self._pending.pop(token, None)
        return _shown(language, 200, say("approved" if decision == "approve" else "rejected", language), move.id)


class _Server(uvicorn.Server):
    """A server that leaves signals to the desk."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: stdio.py waits for what is under way, then leaves."""
        yield


def _question(language: Language, csrf: str, move: Move, *, sandbox: bool, with_pin: bool) -> HTMLResponse:
    attention = ""
    if sandbox:
        attention += f'<p class="attention">{escape(say("sandbox", language))}</p>'
    if move.repeats:
        attention += f'<p class="attention" role="alert">{escape(say("second", language))}</p>'
    rows = "".join(
        f"<dt>{escape(say(label, language))}</dt><dd>{escape(value)}</dd>"
        for label, value in approvals.facts(move, bought=True)
        if label != "Attention"
    )
    moves = f"<p>{escape(say('moves', language))}</p>" if move.kind == "refund" else ""
    until = escape(f"{say('until', language)} {move.expires_at.astimezone():%Y-%m-%d %H:%M %Z}")
    pin = (
        f'<label for="pin">{escape(say("pin", language))}</label>'
        '<input id="pin" name="pin" type="password" autocomplete="off" required>'
    )
    form = (
        f'<form method="post"><input type="hidden" name="csrf" value="{escape(csrf)}">{pin if with_pin else ""}'
        f'<button class="approve" name="decision" value="approve">{escape(say("approve", language))}</button>'
        f'<button name="decision" value="reject" formnovalidate>{escape(say("reject", language))}</button></form>'
    )
    return _page(language, 200, say(move.kind, language), f"{attention}<dl>{rows}</dl>{moves}<p>{until}</p>{form}")


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a small form; empty where it is none."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _BODY_CAP:
        return {}
    async with request.form(max_files=0, max_fields=8) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def _shown(language: Language, status: int, title: str, text: str) -> HTMLResponse:
    return _page(language, status, title, f"<p>{escape(text)}</p>")


def _page(language: Language, status: int, title: str, body: str) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(title)}</title><style nonce="{nonce}">{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(
        html,
        status,
        {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'; "
                "base-uri 'none'"
            ),
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )
