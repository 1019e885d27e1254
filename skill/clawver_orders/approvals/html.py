"""What the approval page looks like: plain HTML for eyes, keyboards and screen readers, and its headers."""

import secrets
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from clawver_orders import approvals
from clawver_orders.approvals.language import TAGS, Language, has, say
from clawver_orders.errors import DeskError
from clawver_orders.refunds.machine import Move

# Facts that stand in sentences of their own.
_SAID_APART: Final = frozenset({"Attention", "Effect"})
_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:38rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.8rem;line-height:1.2}
dl{display:grid;grid-template-columns:minmax(8rem,auto) 1fr;gap:.45rem 1.2rem;margin:1.5rem 0}
code{overflow-wrap:anywhere}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
.attention{border:.2rem solid #d32f2f;border-radius:.4rem;padding:.6rem 1rem;font-weight:700}
button{font:inherit;padding:.6rem 1.6rem;margin:.5rem 1rem .5rem 0;border-radius:.4rem;border:.1rem solid}
button:focus-visible,input:focus-visible{outline:.2rem solid CanvasText;outline-offset:.2rem}
.approve{background:#0b57d0;color:#fff;border-color:#0b57d0}
input{font:inherit;padding:.4rem;margin:.3rem 0 1rem;display:block;width:16rem;max-width:100%}
"""


def question(
    language: Language,
    csrf: str,
    move: Move,
    *,
    sandbox: bool,
    with_pin: bool,
    wrong: DeskError | None = None,
    below: str = "",
) -> HTMLResponse:
    """The question, its facts and its two answers.

    Args:
        language: Of the page's own words.
        csrf: What its form sends back.
        move: What is asked about.
        sandbox: Whether the shop is made up.
        with_pin: Whether a yes needs the PIN.
        wrong: Why the PIN that was just given did not do.
        below: HTML of our own that follows.
    """
    above = attention(say("sandbox", language)) if sandbox else ""
    above += attention(say("second", language)) if move.repeats else ""
    kind = "record_refund" if approvals.only_recorded(move) else move.kind
    rows = "".join(
        f"<dt>{escape(say(label, language))}</dt><dd>{escape(say(value, language))}</dd>"
        for label, value in approvals.facts(move, bought=True)
        if label not in _SAID_APART
    )
    moves = f"<p>{escape(say(f'{kind}_moves', language))}</p>" if has(f"{kind}_moves") else ""
    until = escape(f"{say('until', language)} {move.expires_at.astimezone():%Y-%m-%d %H:%M %Z}")
    buttons = (
        f'<button class="approve" name="decision" value="approve" aria-describedby="what">'
        f"{escape(say('approve', language))}</button>"
        '<button name="decision" value="reject" formnovalidate aria-describedby="what">'
        f"{escape(say('reject', language))}</button>"
    )
    form = (
        f'<form method="post"><input type="hidden" name="csrf" value="{escape(csrf)}">'
        f"{pin_field(language, wrong) if with_pin else ''}{buttons}</form>"
    )
    body = f"{above}<dl>{rows}</dl>{moves}<p>{until}</p>{form}{below}"
    return page(language, 403 if wrong else 200, title(language, move), body)


def title(language: Language, move: Move) -> str:
    """What is asked about a move, in one line."""
    kind = "record_refund" if approvals.only_recorded(move) else move.kind
    return say(kind, language).format(amount=move.amount)


def told(language: Language, status: int, title: str, text: str, *, below: str = "") -> HTMLResponse:
    """An answer without a question, by the names of its words."""
    return page(language, status, say(title, language), f"<p>{escape(say(text, language))}</p>{below}")


def answered(language: Language, done: str, *, head: str, below: str = "") -> HTMLResponse:
    """That it was ``approved`` or ``rejected``, what comes next, and where the record stands now."""
    noted = f"<p><small>{escape(say('head', language))}: <code>{escape(head)}</code></small></p>"
    body = f"<p>{escape(say(f'{done}_next', language))}</p>{noted}{below}"
    return page(language, 200, say(done, language), body)


def failed(language: Language, error: DeskError, *, below: str = "") -> HTMLResponse:
    """That it was not done, and why; what the desk says is in English."""
    return page(language, 409, say("refused", language), f'<p lang="en">{escape(str(error))}</p>{below}')


def attention(words: str) -> str:
    """What must not be overlooked."""
    return f'<p class="attention">{escape(words)}</p>'


def pin_field(language: Language, wrong: DeskError | None) -> str:
    """Where a PIN is typed, and why the one before did not do."""
    problem = described = ""
    if wrong is not None:
        words = say("pin_wrong" if wrong.retry_after_s is None else "pin_locked", language)
        minutes = -(-int(wrong.retry_after_s or 0) // 60)
        problem = f'<p class="attention" id="wrong" role="alert">{escape(words.format(minutes=minutes))}</p>'
        described = ' aria-invalid="true" aria-describedby="wrong"'
    return (
        f'{problem}<label for="pin">{escape(say("pin", language))}</label>'
        f'<input id="pin" name="pin" type="password" autocomplete="off" required{described}>'
    )


def page(language: Language, status: int, title: str, body: str) -> HTMLResponse:
    """A whole page, with the headers that keep other sites and caches out."""
    nonce = secrets.token_urlsafe(16)
    html = (
        f'<!doctype html><html lang="{TAGS[language]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(title)} · Clawver Orders</title><link rel="icon" href="data:,">'
        f'<style nonce="{nonce}">{_STYLE}</style></head>'
        f'<body><main><h1 id="what">{escape(title)}</h1>{body}</main></body></html>'
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
            # With no-referrer a browser sends "Origin: null" with the form, and the form must name its origin.
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Vary": "Accept-Language",
            "Connection": "close",
        },
    )
