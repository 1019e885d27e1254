"""Who is let in to the team's page: sign-in with the PIN or at an issuer, the cookies of it, and sign-out."""

import hmac
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clawver_orders import approvals
from clawver_orders.approvals import html
from clawver_orders.approvals.language import Language, language_of
from clawver_orders.approvals.posted import fields, from_page
from clawver_orders.approvals.team import html as team
from clawver_orders.approvals.team.sealed import seal, unseal
from clawver_orders.approvals.team.sessions import Session, Sessions
from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError, ForbiddenError

if TYPE_CHECKING:
    from clawver_orders.approvals.team.login import Login

_log = logging.getLogger(__name__)
_ID: Final = re.compile(r"R-[0-9A-Z]{8}", re.ASCII)
_PIN_LASTS: Final = timedelta(minutes=15)
_LOGIN_LASTS: Final = timedelta(hours=8)
_WITH_PIN: Final = "page, with the PIN"
_PLAIN: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # The address of a callback holds a code.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Door:
    """The way in to the page of one origin.

    Args:
        desk: The desk, as a person has it.
        origin: Where people open the page.
        key: What seals what a browser carries while its person signs in.
        login: Where they do; None: here, with the PIN.
    """

    def __init__(self, desk: Desk, origin: str, *, key: str, login: "Login | None") -> None:
        self._desk = desk
        self._origin = origin
        self._key = key
        self._login = login
        self._sessions = Sessions(desk.moves.ledger, desk.moves.now)
        self._secure = origin.startswith("https:")
        # A browser takes a __Host- cookie from this very host alone, and only with TLS.
        prefix = "__Host-" if self._secure else ""
        self._cookie, self._flow_cookie = f"{prefix}claw_session", f"{prefix}claw_sign_in"

    @property
    def asks_pin(self) -> bool:
        """Whether people are known by the PIN alone: then it is asked for with each yes."""
        return self._login is None

    async def session(self, request: Request) -> Session | None:
        """Who asks, if they are signed in, and still may be."""
        secret, way = _cookie(request, self._cookie), await self._way()
        session = await self._sessions.find(secret, way) if secret and way else None
        if session is None or (self._login is not None and not self._login.names(session.who)):
            return None
        return session

    def is_own(self, request: Request, given: Mapping[str, str], wanted: str) -> bool:
        """Whether a form was sent from the page itself, as it was shown to who is signed in."""
        sent = given.get("csrf", "").encode(errors="replace")
        return from_page(request, self._origin) and hmac.compare_digest(sent, wanted.encode())

    async def check_pin(self, given: Mapping[str, str]) -> None:
        """Let pass who typed the PIN.

        Raises:
            ForbiddenError: It is wrong, locked, or there is none any more.
        """
        pin = approvals.pin_of(self._desk)
        if not await pin.is_set():
            raise ForbiddenError("There is no PIN any more", "A person runs: clawver-orders pin set")
        await pin.check(given.get("pin", ""), by="page")

    async def sign_in(self, request: Request) -> Response:
        """The sign-in: a form for the PIN, or the way to the issuer."""
        if request.method == "POST":
            return await self._with_pin(request)
        to = move_id(request.query_params.get("move", ""))
        if await self.session(request):
            return _opened(to)
        if self._login is None:
            return team.sign_in(language_of_request(request), to)
        uri, flow = await self._login.begin(to)
        away = redirect(uri)
        self._set(away, self._flow_cookie, seal(flow, self._key), timedelta(minutes=10))
        return away

    async def _with_pin(self, request: Request) -> Response:
        language = language_of_request(request)
        given = await fields(request)
        to = move_id(given.get("move", ""))
        if self._login is not None or "pin" not in given or not from_page(request, self._origin):
            return html.told(language, 403, "refused", "foreign_team")
        # Before the PIN is looked at: one that is changed meanwhile ends what begins here.
        way = await self._way()
        try:
            await self.check_pin(given)
        except ForbiddenError as wrong:
            return team.sign_in(language, to, wrong)
        session = await self._sessions.begin("", way, _PIN_LASTS, by=_WITH_PIN)
        return self._let_in(session, to, _PIN_LASTS)

    async def back(self, request: Request) -> Response:
        """The issuer sent somebody back."""
        from clawver_orders.approvals.team.login import NotNamedError, RefusedError  # noqa: PLC0415 - only with one

        language = language_of_request(request)
        again = team.anew(language)
        flow = unseal(_cookie(request, self._flow_cookie), self._key, self._desk.moves.now())
        if self._login is None or flow is None:
            return html.told(language, 403, "sign_in_failed", "sign_in_failed_next", below=again)
        answer: Response
        try:
            who = await self._login.finish(request.url.query, flow)
            session = await self._sessions.begin(
                who, await self._way(), _LOGIN_LASTS, by=f"page, by {who}", began_by=flow.state
            )
        except NotNamedError as refused:
            _log.warning("nobody was signed in to the approval page: %s", refused)
            answer = html.told(language, 403, "not_named", "not_named_next", below=again)
        except RefusedError as refused:
            _log.warning("nobody was signed in to the approval page: %s", refused)
            answer = html.told(language, 403, "sign_in_failed", "sign_in_failed_next", below=again)
        except DeskError as error:
            answer = html.failed(language, error, below=again)
        else:
            answer = self._let_in(session, flow.to, _LOGIN_LASTS)
        answer.delete_cookie(self._flow_cookie, secure=self._secure, httponly=True, samesite="lax")
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End a session for good, wherever its cookie is."""
        language = language_of_request(request)
        session = await self.session(request)
        if session is not None:
            if not self.is_own(request, await fields(request), session.form("sign-out")):
                return html.told(language, 403, "refused", "foreign_team", below=team.foot(language, session))
            await self._sessions.end(session, by=how(session))
        answer = html.told(language, 200, "signed_out", "signed_out_next", below=team.anew(language))
        answer.delete_cookie(self._cookie, secure=self._secure, httponly=True, samesite="lax")
        return answer

    async def _way(self) -> str:
        """By what people are known now; empty where nobody could be."""
        return self._login.way if self._login is not None else await approvals.pin_of(self._desk).which()

    def _let_in(self, session: Session, to: str, lasts: timedelta) -> Response:
        answer = _opened(to)
        self._set(answer, self._cookie, session.secret, lasts)
        return answer

    def _set(self, answer: Response, name: str, value: str, lasts: timedelta) -> None:
        # Lax, for people come here by a link; what changes something also has to come from the page itself.
        answer.set_cookie(
            name, value, int(lasts.total_seconds()), secure=self._secure, httponly=True, samesite="lax"
        )


def how(session: Session) -> str:
    """How the record names the answer of somebody who is signed in."""
    return f"page, by {session.who}" if session.who else _WITH_PIN


def move_id(given: str) -> str:
    """What was given, if it can be the id of a move; else an empty text. Nothing else leads anywhere."""
    return given if _ID.fullmatch(given) else ""


def redirect(to: str) -> Response:
    """Send a browser on."""
    return RedirectResponse(to, 303, _PLAIN)


def language_of_request(request: Request) -> Language:
    """The language in which somebody reads."""
    return language_of(request.headers.get("accept-language", ""))


def _cookie(request: Request, name: str) -> str:
    """A cookie by its very name; empty where there is none, or more than one.

    Starlette takes blanks off a name, and in Latin-1 there are such as a browser takes for a part of it: with one
    before it, ``__Host-`` guards nothing, and a neighbouring host could set it.
    """
    pairs = [pair.partition("=") for header in request.headers.getlist("cookie") for pair in header.split("; ")]
    found = [value.strip('"') for given, _, value in pairs if given == name]
    return found[0] if len(found) == 1 else ""


def _opened(to: str) -> Response:
    return redirect(f"/moves/{to}" if to else "/")
