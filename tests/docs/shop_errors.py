"""Provokes the errors of every platform: what the tables of shops' answers in references/errors.md are made of."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from clawver_orders import platforms
from clawver_orders.errors import DeskError
from clawver_orders.http import Http
from clawver_orders.platforms import MODULES
from clawver_orders.sandbox import Dialect, Sandbox, open_sandbox
from clawver_orders.store import Store
from tests.counter import Clock, no_waiting
from tests.docs.shop_cases import CASES, Case

TITLES: Final = {"clawver": "Clawver", "heidianer": "Heidianer", "gateway": "Gateway", "woocommerce": "WooCommerce"}
# In the order of the page's first table.
_CODES: Final = (
    "invalid_argument",
    "setup",
    "auth",
    "forbidden",
    "not_found",
    "conflict",
    "rate_limited",
    "unsupported",
    "upstream",
    "network",
    "bad_response",
)
_OUTCOMES: Final = {
    "done": "succeeded",
    "settling": "accepted",
    "refused": "rejected",
    "not_sent": "not_sent",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class Provoked:
    """What came of a case: the shop's answer in short, and the error."""

    platform: str
    answered: str
    error: DeskError


class _Noted(httpx2.AsyncBaseTransport):
    """Hands calls on to a shop, and notes in short what it answered."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, platform: str) -> None:
        self._inner = inner
        self._platform = platform
        self.last = "no complete answer"
        self.away = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.last = "no complete answer"
        if self.away:
            raise httpx2.ConnectError("nobody listens")
        came = await self._inner.handle_async_request(request)
        content = await came.aread()
        headers = [(name, value) for name, value in came.headers.items() if name != "content-length"]
        answer = httpx2.Response(came.status_code, headers=headers, content=content, request=request)
        self.last = in_short(answer, self._platform)
        return answer


def in_short(answer: httpx2.Response, platform: str) -> str:
    """An answer as the table has it: its status, and what in its body counts."""
    status = f"`{answer.status_code}`"
    if 300 <= answer.status_code < 400:
        return f"{status} to another address"
    if "html" in answer.headers.get("content-type", "") or answer.content[:1] == b"<":
        return f"{status} with a web page"
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return f"{status} without sound JSON"
    if not isinstance(body, dict):
        return f"{status} with other JSON"
    return " ".join([status, *_marks(platform, answer.status_code, body)])


def _marks(platform: str, status: int, body: Mapping[str, Any]) -> list[str]:
    match platform:
        case "clawver" if body.get("success") is False:
            return [f"`{body['error']['code']}`"]
        case "heidianer" if status >= 400:
            return ["`detail`"] if "detail" in body else ["with the fields that are wrong"]
        case "gateway":
            marks = [f"`success: {str(body['success']).lower()}`"] if "success" in body else []
            marks += [f"`code: {body['code']}`"] if "code" in body else []
            told = next((name for name in ("status_code", "status") if name in body), None)
            return [*marks, f"`{told}: {body[told]}`"] if told else marks
        case "woocommerce" if "code" in body:
            return [f"`{body['code']}`"]
    return ["with other JSON"]


async def provoked(case: Case) -> Provoked:
    """Run a case.

    Raises:
        AssertionError: No error came of it.
    """
    store, hints, noted = _opened(case.platform, case.fault, case.settings, case.dialect, case.said)
    try:
        await case.ask(store, hints)
    except DeskError as error:
        return Provoked(case.platform, noted.last, error)
    finally:
        await store.aclose()
    raise AssertionError(f"no error came: {case}")


def _opened(
    platform: str,
    fault: str,
    settings: Mapping[str, object],
    dialect: Callable[[], Dialect] | None,
    said: tuple[int, object] | None,
) -> tuple[Store, Mapping[str, str], _Noted]:
    clock = Clock()
    sandbox = open_sandbox(platform, 7, now=clock.now)
    if dialect is not None:
        sandbox = Sandbox(seed=7, now=clock.now, dialect=dialect())
    if fault:
        sandbox.faults.add(fault)
    inner: httpx2.AsyncBaseTransport = httpx2.ASGITransport(app=sandbox.app)
    if said is not None:
        status, body = said
        headers = {"content-type": "application/json"}
        content = json.dumps(body).encode()
        inner = httpx2.MockTransport(lambda _: httpx2.Response(status, headers=headers, content=content))
    noted = _Noted(inner, platform)
    http = Http("https://shop.test", transport=noted, sleep=no_waiting, now=clock.now)
    told = {name: value for name, value in {**sandbox.settings, **settings}.items() if value is not ...}
    made = platforms.opened_by(platform, platform, "https://shop.test", told)
    return platforms.load(platform).open(made, http, clock.now), sandbox.hints, noted


async def errors_table() -> str:
    """Every answer that is an error, whose it is, our code, and the sentences that the desk says to it."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for case in CASES:
        found = await provoked(case)
        row = rows.setdefault((found.error.code, found.answered, _told(found.error)), [])
        if TITLES[found.platform] not in row:
            row.append(TITLES[found.platform])
    ordered = sorted(rows.items(), key=lambda row: _CODES.index(row[0][0]))
    lines = [
        f"| {', '.join(shops) if len(shops) < len(MODULES) else 'all four'} | {answered} | `{code}` | {told} |\n"
        for (code, answered, told), shops in ordered
    ]
    return "| shop | it answers | code | what the desk says |\n| --- | --- | --- | --- |\n" + "".join(lines)


def _told(error: DeskError) -> str:
    return f"{error.happened}. {error.next_step}."


_REFUNDING: Final = ("clawver", "heidianer", "woocommerce")
# What the shop answers, and the faults that make it do so; all of one line end in the same way.
_FAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "yes, and shows it": ("",),
    "`401` `403` `404` in its own form": ("401", "403", "404"),
    "`408` `409` `425` `429` `500` in its own form": ("408", "409", "425", "429", "500"),
    "`502` `503` `504` with a web page": ("502", "503", "504"),
    "`302` to another address": ("302",),
    "`200` with a web page, with nothing, with other JSON, with half of it": ("html", "empty", "null", "truncated"),
    "`202` `204` without a body": ("202", "204"),
    "nothing in time, or the connection breaks": ("timeout-after", "reset", "close", "cut"),
}
UNPAID: Final = "no, since the order is not paid"
AWAY: Final = "nothing: there is no connection to it"


async def refunds_table() -> str:
    """What a refund is called after each answer, on each platform that refunds."""
    rows = {
        words: [await _outcome_of(platform, faults) for platform in _REFUNDING] for words, faults in _FAULTS.items()
    }
    rows[UNPAID] = [await refund_outcome(platform, order="pending_order") for platform in _REFUNDING]
    rows[AWAY] = [await refund_outcome(platform, away=True) for platform in _REFUNDING]
    head = ("the shop answers", *(TITLES[platform] for platform in _REFUNDING))
    lines = [head, ("---",) * len(head), *((words, *(f"`{one}`" for one in came)) for words, came in rows.items())]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


async def _outcome_of(platform: str, faults: Sequence[str]) -> str:
    (outcome,) = {await refund_outcome(platform, fault) for fault in faults}
    return outcome


async def refund_outcome(
    platform: str, fault: str = "", *, order: str = "refundable_order", away: bool = False
) -> str:
    """The state of a refund whose one send was answered so."""
    store, hints, noted = _opened(platform, f"refund:{fault}" if fault else "", {}, None, None)
    try:
        found = await store.get_order(hints[order])
        assert found.totals.total is not None
        noted.away = away
        answer = await store.refund(found.id, found.totals.total, "Torn [R-EXAMPLE1]", lambda: True)
    finally:
        await store.aclose()
    return _OUTCOMES[answer.kind]
