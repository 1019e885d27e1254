"""The team's approval page: what waits, one question, and its answer, for people who signed in; no script."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from clawver_orders import approvals
from clawver_orders.approvals import html
from clawver_orders.approvals.language import Language
from clawver_orders.approvals.posted import ANSWERS, fields
from clawver_orders.approvals.team import html as team
from clawver_orders.approvals.team.door import Door, how, language_of_request, move_id, redirect
from clawver_orders.approvals.team.sessions import Session
from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError, ForbiddenError, RefundError
from clawver_orders.refunds.machine import Move, State

if TYPE_CHECKING:
    from clawver_orders.approvals.team.login import Login

_log = logging.getLogger(__name__)
_LISTED: Final = 50
_Answer = Callable[[Request], Awaitable[Response]]


class TeamPage:
    """The page, as an application that answers at one origin.

    Args:
        desk: The desk, as a person has it.
        origin: Where people open it.
        key: What seals what a browser carries while its person signs in.
        login: Where they do; None: here, with the PIN.
    """

    def __init__(self, desk: Desk, origin: str, *, key: str, login: "Login | None") -> None:
        self._desk = desk
        self._host = urlsplit(origin).netloc
        self._door = Door(desk, origin, key=key, login=login)
        self._app = Starlette(
            routes=[
                Route("/", _told(self._list), methods=["GET"]),
                Route("/moves/{move_id}", _told(self._one), methods=["GET", "POST"]),
                Route("/sign-in", _told(self._door.sign_in), methods=["GET", "POST"]),
                Route("/callback", _told(self._door.back), methods=["GET"]),
                Route("/sign-out", _told(self._door.sign_out), methods=["POST"]),
            ]
        )
        self.draining = False
        self._answering = 0
        self._quiet = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                client = scope["client"][0] if scope.get("client") else "somebody"
                facts = {"status": message["status"], "client": client}
                _log.warning(
                    "refused with %d on the approval page, from %s", *facts.values(), extra={"facts": facts}
                )
            await send(message)

        self._answering += 1
        try:
            await (self._outside(Request(scope)) or self._app)(scope, receive, watched)
        finally:
            self._answering -= 1
            if not self._answering:
                self._quiet.set()
                self._quiet = anyio.Event()

    async def quiet(self) -> None:
        """Wait until nothing is being answered."""
        if self._answering:
            await self._quiet.wait()

    def _outside(self, request: Request) -> Response | None:
        """What is refused whoever asks."""
        language = language_of_request(request)
        if request.headers.getlist("host") != [self._host]:
            return html.told(language, 421, "refused", "foreign_host")
        if "authorization" in request.headers:
            return html.told(language, 403, "refused", "people_only")
        if self.draining:
            return html.told(language, 503, "refused", "leaving")
        return None

    async def _list(self, request: Request) -> Response:
        session = await self._door.session(request)
        if session is None:
            return redirect("/sign-in")
        language = language_of_request(request)
        moves = await approvals.waiting(self._desk)
        return team.waiting(
            language,
            moves[:_LISTED],
            sandbox=self._desk.sandbox,
            more=len(moves) > _LISTED,
            below=team.foot(language, session),
        )

    async def _one(self, request: Request) -> Response:
        language = language_of_request(request)
        asked = move_id(request.path_params["move_id"])
        session = await self._door.session(request)
        if session is None:
            if request.method == "POST":
                anew = team.anew(language, asked)
                return html.told(language, 403, "sign_in_first", "sign_in_first_next", below=anew)
            return redirect(f"/sign-in?move={asked}")
        foot = team.foot(language, session)
        try:
            move = await approvals.found(self._desk, asked)
        except RefundError:
            return html.told(language, 404, "gone", "gone_next", below=foot)
        if move.state is not State.PREPARED:
            return team.over(language, move, foot)
        if request.method != "POST":
            return self._question(language, session, move)
        try:
            return await self._answered(request, language, session, move)
        except RefundError as error:
            now = await approvals.found(self._desk, asked)
            if now.state is not State.PREPARED:
                return team.over(language, now, foot)
            return html.failed(language, error, below=foot)

    async def _answered(self, request: Request, language: Language, session: Session, move: Move) -> Response:
        foot = team.foot(language, session)
        given = await fields(request)
        decision = given.get("decision", "")
        if decision not in ANSWERS or not self._door.is_own(request, given, _form(session, move)):
            return html.told(language, 403, "refused", "foreign_team", below=foot)
        # A no needs no PIN: it moves nothing.
        if decision == "approve" and self._door.asks_pin:
            try:
                await self._door.check_pin(given)
            except ForbiddenError as wrong:
                return self._question(language, session, move, wrong)
        approve = decision == "approve"
        answered = await approvals.answer(self._desk, move, given=approve, how=how(session), as_shown=True)
        done, states = ANSWERS[decision]
        if answered.state not in states:
            return team.over(language, answered, foot)
        return html.answered(language, done, head=await self._desk.moves.ledger.head(), below=foot)

    def _question(
        self, language: Language, session: Session, move: Move, wrong: DeskError | None = None
    ) -> Response:
        return html.question(
            language,
            _form(session, move),
            move,
            sandbox=self._desk.sandbox,
            with_pin=self._door.asks_pin,
            wrong=wrong,
            below=team.foot(language, session),
        )


def _form(session: Session, move: Move) -> str:
    """What the form of a question sends back: who was asked, and about what, as it was then."""
    return session.form("answer", move.id, str(move.version))


def _told(answer: _Answer) -> _Answer:
    """The same, with the desk's errors as pages."""

    async def told(request: Request) -> Response:
        try:
            return await answer(request)
        except DeskError as error:
            return html.failed(language_of_request(request), error)

    return told
