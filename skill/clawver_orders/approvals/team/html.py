"""What the team's page looks like beside its questions: the list, the sign-in, and who is signed in."""

from collections.abc import Sequence
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from clawver_orders import approvals
from clawver_orders.approvals import html
from clawver_orders.approvals.language import Language, say
from clawver_orders.approvals.team.sessions import Session
from clawver_orders.errors import DeskError
from clawver_orders.refunds.machine import Move, State

# Of the facts, those by which somebody finds what they look for.
_LISTED: Final = frozenset({"Store", "Order", "Sends events to", "Prepared by", "Change", "Customer"})


def waiting(language: Language, moves: Sequence[Move], *, sandbox: bool, more: bool, below: str) -> HTMLResponse:
    """What waits for a yes."""
    above = html.attention(say("sandbox", language)) if sandbox else ""
    parts = [_listed(language, move) for move in moves] or [f"<p>{escape(say('waiting_none', language))}</p>"]
    if more:
        parts.append(f"<p>{escape(say('waiting_more', language))}</p>")
    return html.page(language, 200, say("waiting", language), above + "".join(parts) + below)


def _listed(language: Language, move: Move) -> str:
    second = html.attention(say("second", language)) if move.repeats else ""
    rows = "".join(
        f"<dt>{escape(say(label, language))}</dt><dd>{escape(say(value, language))}</dd>"
        for label, value in approvals.facts(move)
        if label in _LISTED
    )
    title = f'<h2><a href="/moves/{escape(move.id)}">{escape(html.title(language, move))}</a></h2>'
    return f"<section>{title}{second}<dl>{rows}</dl></section>"


def sign_in(language: Language, to: str, wrong: DeskError | None = None) -> HTMLResponse:
    """Where the PIN is asked for."""
    body = (
        f"<p>{escape(say('sign_in_pin', language))}</p>"
        f'<form method="post" action="/sign-in"><input type="hidden" name="move" value="{escape(to)}">'
        f"{html.pin_field(language, wrong)}"
        f'<button class="approve">{escape(say("sign_in", language))}</button></form>'
    )
    return html.page(language, 403 if wrong else 200, say("sign_in", language), body)


def over(language: Language, move: Move, below: str) -> HTMLResponse:
    """That somebody answered before, and who."""
    words = say("over_next", language).format(id=move.id), say("over_state", language).format(state=move.state)
    who = move.evidence if move.state is State.DECLINED else move.confirmed_by
    by = [say("over_by", language).format(who=who)] if who else []
    body = "".join(f"<p>{escape(word)}</p>" for word in (*words, *by))
    return html.page(language, 409, say("over", language), body + below)


def anew(language: Language, to: str = "") -> str:
    """A link to the sign-in."""
    where = f"/sign-in?move={escape(to)}" if to else "/sign-in"
    return f'<p><a href="{where}">{escape(say("sign_in", language))}</a></p>'


def foot(language: Language, session: Session) -> str:
    """Who is signed in, the way to the list, and the way out."""
    who = say("signed_in_as" if session.who else "signed_in_pin", language).format(who=session.who)
    return (
        f'<hr><p>{escape(who)} <a href="/">{escape(say("waiting_all", language))}</a></p>'
        f'<form method="post" action="/sign-out">'
        f'<input type="hidden" name="csrf" value="{escape(session.form("sign-out"))}">'
        f"<button>{escape(say('sign_out', language))}</button></form>"
    )
