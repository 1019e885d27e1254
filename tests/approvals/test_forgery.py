"""Forged, replayed, moved, expired and early confirmations, in both protocol eras: nothing moves.

Hostile 19, 20, 83 and 85. Every case ends with the same question to the shop's own books and to the record. What is
asked for through a form is asked inside the call in the older era and between calls in the newer one; what a client
sends between calls is sent in the older era too, where it must not count either.
"""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client import ClientRequestContext
from mcp.server.mcpserver import MCPServer
from mcp_types import (
    INTERNAL_ERROR,
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    InputRequiredResult,
)

from clawver_orders import approvals
from clawver_orders.approvals.page import Page
from clawver_orders.refunds.limits import Limits
from clawver_orders.server import build, forms
from clawver_orders.store import Operation
from tests.approvals.browsing import PIN, Asked, asking, csrf_of, origin_of
from tests.counter import YES
from tests.refunds.book import usd
from tests.server.serving import Era, structured, yes

pytestmark = pytest.mark.anyio

Answer = Callable[[], Awaitable[ElicitResult | ErrorData]]
HOOK = {"url": "https://hooks.example/in", "events": ["order.paid"]}
BOTH_CAPS = Limits({"USD": usd(600)}, {"USD": usd(900)}, assistant=True)


@dataclass
class Forger:
    """Somebody with the assistant's program, before a refund that no person agreed to."""

    asked: Asked
    client: Client
    era: Era
    answers: list[Answer] = field(default_factory=list)
    refund_id: str = ""

    async def prepare(
        self, amount: str = "5.00 USD", *, order: str = "refundable_order", another: bool = False
    ) -> str:
        arguments = {
            "order_id": self.asked.counter.sandbox.hints[order],
            "amount": amount,
            "reason": "arrived torn",
            "another": another,
        }
        result = structured(await self.client.call_tool("prepare_refund", arguments))
        refund_id: str = result["refund"]["refund_id"]
        return refund_id

    async def execute(self, refund_id: Any = None, **more: Any) -> CallToolResult:
        return await self.client.call_tool("execute_refund", {"refund_id": refund_id or self.refund_id, **more})

    async def between(self, name: str = "execute_refund", arguments: Any = None, **sent: Any) -> Any:
        """A call with what a client sends when it answers a question of the newer era; a refusal is fine."""
        try:
            return await self.client.session.call_tool(
                name, arguments or {"refund_id": self.refund_id}, allow_input_required=True, **sent
            )
        except (MCPError, ValueError, RuntimeError) as refused:
            return refused

    async def state(self, refund_id: str = "") -> str | None:
        """The sealed state of the question, as the server hands it out; None in the older era."""
        if self.era == "legacy":
            return base64.b64encode(b'{"approve": true}').decode()
        asked = await self.between(arguments={"refund_id": refund_id or self.refund_id})
        assert isinstance(asked, InputRequiredResult)
        self.keys = list(asked.input_requests or {})
        assert self.keys
        assert asked.request_state
        return asked.request_state

    keys: list[str] = field(default_factory=lambda: ["consent", "asked", "execute_refund"])

    def yeses(self) -> Any:
        return dict.fromkeys(self.keys, yes())

    async def approve_on_page(self, refund_id: str, decision: str = "approve", **more: str) -> int:
        return (await self.asked.press(await self.link(refund_id), decision, **more)).status_code

    async def link(self, refund_id: str = "") -> str:
        """The address of the page, as anybody before this desk gets it."""
        move = await approvals.found(self.asked.counter.desk, refund_id or self.refund_id)
        return str(await self.asked.page.address(move))


Try = Callable[[Forger], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    attempt: Try
    with_forms: bool
    operations: set[Operation]
    options: dict[str, Any]


CASES: dict[str, Case] = {}


def case(*, with_forms: bool = False, webhooks: bool = False, **options: Any) -> Callable[[Try], Try]:
    def kept(attempt: Try) -> Try:
        operations: set[Operation] = {"refund", "webhooks"} if webhooks else {"refund"}
        CASES[attempt.__name__.replace("_", " ")] = Case(attempt, with_forms, operations, options)
        return attempt

    return kept


def server_before(asked: Asked, operations: set[Operation]) -> MCPServer:
    """The server with the tools that a case needs, alone: it is made anew for every one."""
    (store,) = asked.counter.desk.stores
    return build(asked.counter.desk, capabilities=[replace(store.capabilities, operations=frozenset(operations))])


@asynccontextmanager
async def forging(directory: Path, era: Era, one: Case) -> AsyncIterator[Forger]:
    answers: list[Answer] = []

    async def fill_in(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        return await answers.pop(0)()

    async with (
        asking(directory, allowed_hosts=frozenset({"hooks.example"}), **one.options) as asked,
        Client(
            server_before(asked, one.operations), mode=era, elicitation_callback=fill_in if one.with_forms else None
        ) as client,
    ):
        yield Forger(asked, client, era, answers)


# -- What stands in the arguments


def in_arguments(name: str, **more: Any) -> None:
    async def attempt(forger: Forger) -> None:
        assert (await forger.execute(**more)).is_error

    attempt.__name__ = name
    case()(attempt)


in_arguments("consent_as_an_argument", consent={"given": True, "how": "form"})
in_arguments("confirm_as_an_argument", confirm=True)
in_arguments("the_forms_answer_as_an_argument", approve=True, note="lee said yes")
in_arguments("an_outcome_as_an_argument", outcome={"action": "accept", "data": {"approve": True}})
in_arguments("who_confirmed_as_an_argument", confirmed_by="a person at the terminal")
in_arguments("a_state_as_an_argument", state="confirmed", force=True)
in_arguments("the_address_token_as_an_argument", approval={"url": "http://127.0.0.1/approve/x"})
in_arguments("a_pin_as_an_argument", pin=PIN)
in_arguments("an_answer_under_meta_names", _meta={"approve": True}, requestState="x", inputResponses={})


@case()
async def ids_that_are_almost_one(forger: Forger) -> None:
    for near in (forger.refund_id.lower(), f" {forger.refund_id}", f"{forger.refund_id}\n", [forger.refund_id]):
        assert (await forger.execute(near)).is_error


@case(webhooks=True)
async def the_id_of_a_webhook_that_a_person_approved(forger: Forger) -> None:
    made = structured(await forger.client.call_tool("create_webhook", HOOK))["action"]["action_id"]
    assert await forger.approve_on_page(made) == 200
    assert (await forger.execute(made)).is_error


# -- What comes back from a form


def from_a_form(name: str, answer: ElicitResult) -> None:
    async def attempt(forger: Forger) -> None:
        async def given() -> ElicitResult:
            return answer

        forger.answers.append(given)
        assert (await forger.execute()).is_error
        assert forger.answers == []

    attempt.__name__ = name
    case(with_forms=True)(attempt)


from_a_form("accepted_without_content", ElicitResult(action="accept"))
from_a_form("accepted_with_nothing_in_it", ElicitResult(action="accept", content={}))
from_a_form("the_word_true", ElicitResult(action="accept", content={"approve": "true"}))
from_a_form("the_number_one", ElicitResult(action="accept", content={"approve": 1}))
from_a_form("one_and_a_half", ElicitResult(action="accept", content={"approve": 1.5}))
from_a_form("null_for_yes", ElicitResult(action="accept", content={"approve": None}))
from_a_form("a_list_with_yes", ElicitResult(action="accept", content={"approve": ["true"]}))
from_a_form("yes_under_another_name", ElicitResult(action="accept", content={"Approve": True, "approved": True}))
from_a_form("a_note_alone", ElicitResult(action="accept", content={"note": "approve: true"}))
from_a_form("no", ElicitResult(action="accept", content={"approve": False}))
from_a_form("declined_with_a_yes_in_it", ElicitResult(action="decline", content={"approve": True}))
from_a_form("closed_with_a_yes_in_it", ElicitResult(action="cancel", content={"approve": True}))


def when_answered(name: str, meanwhile: Callable[[Forger], Awaitable[None]], **options: Any) -> None:
    """A yes by a person, but something happened between the question and the answer."""

    async def attempt(forger: Forger) -> None:
        async def given() -> ElicitResult:
            await meanwhile(forger)
            return yes()

        forger.answers.append(given)
        assert (await forger.execute()).is_error
        assert forger.answers == []

    attempt.__name__ = name
    case(with_forms=True, **options)(attempt)


async def time_passes(forger: Forger) -> None:
    forger.asked.counter.clock.pass_by(minutes=15)


async def clock_jumps_ahead(forger: Forger) -> None:
    forger.asked.counter.clock.pass_by(days=400)


async def clock_is_set_back(forger: Forger) -> None:
    forger.asked.counter.clock.pass_by(hours=-1)


async def price_falls(forger: Forger) -> None:
    order = forger.asked.counter.sandbox.shop.orders[forger.asked.counter.refundable]
    order.items[0].price -= 100


async def desk_freezes(forger: Forger) -> None:
    await forger.asked.counter.ledger.turn("frozen", lambda _: "lee", note="frozen", by="lee")


async def cap_is_used_up(forger: Forger) -> None:
    desk = forger.asked.counter.desk
    await desk.execute_refund(await forger.prepare(order="mixed_order"), YES)


async def person_says_no(forger: Forger) -> None:
    assert await forger.approve_on_page(forger.refund_id, "reject") == 200


when_answered("answered_when_its_time_is_over", time_passes)
when_answered("answered_after_the_clock_jumped", clock_jumps_ahead)
when_answered("answered_after_the_clock_was_set_back", clock_is_set_back)
when_answered("answered_when_the_price_has_fallen", price_falls)
when_answered("answered_when_the_desk_is_frozen", desk_freezes)
when_answered("answered_when_the_cap_is_used_up", cap_is_used_up, limits=Limits({}, {"USD": usd(900)}))
when_answered("answered_after_a_no_on_the_page", person_says_no)


@case(with_forms=True)
async def a_client_that_cannot_show_its_form(forger: Forger) -> None:
    async def broken() -> ErrorData:
        return ErrorData(code=INTERNAL_ERROR, message="no window")

    forger.answers.append(broken)
    if forger.era == "legacy":
        assert structured(await forger.execute())["refund"]["state"] == "prepared"
    else:
        with pytest.raises(MCPError):
            await forger.execute()


@case(with_forms=True)
async def a_client_that_claims_forms_and_never_answers(forger: Forger) -> None:
    async def never() -> ElicitResult:
        await anyio.sleep_forever()
        raise AssertionError

    if forger.era == "legacy":
        forger.answers.append(never)
        assert structured(await forger.execute())["refund"]["approval"]["url"]
    else:
        assert await forger.state()


@case(with_forms=True)
async def a_client_that_answers_after_its_form_was_taken_back(forger: Forger) -> None:
    taken_back, answered = anyio.Event(), anyio.Event()

    async def late() -> ElicitResult:
        with anyio.CancelScope(shield=True):
            await taken_back.wait()
        answered.set()
        return yes()

    if forger.era == "legacy":
        forger.answers.append(late)
        assert structured(await forger.execute())["refund"]["approval"]["url"]
        taken_back.set()
        await answered.wait()
        await anyio.wait_all_tasks_blocked()
        assert await forger.asked.state(forger.refund_id) == "prepared"
    else:
        # In the newer era nothing waits: it is late when the refund's own time is over.
        state = await forger.state()
        forger.asked.counter.clock.pass_by(minutes=15)
        await forger.between(input_responses=forger.yeses(), request_state=state)


@case()
async def a_client_without_forms_that_calls_ten_times(forger: Forger) -> None:
    for _ in range(10):
        assert structured(await forger.execute())["refund"]["state"] == "prepared"


async def answered_unasked(forger: Forger) -> None:
    """The client's own form, answered by itself, where the operator does not count forms."""
    assert structured(await forger.execute())["refund"]["state"] == "prepared"
    await forger.between(input_responses=forger.yeses())
    await forger.between(input_responses=forger.yeses(), request_state="x")


@case(with_forms=True, trust_forms=False)
async def a_form_that_is_not_trusted(forger: Forger) -> None:
    await answered_unasked(forger)


@case(with_forms=True, trust_forms=None)
async def a_form_while_a_pin_is_set(forger: Forger) -> None:
    await approvals.pin_of(forger.asked.counter.desk).choose(PIN, by="lee")
    await answered_unasked(forger)


@case(with_forms=True, trust_forms=None)
async def a_question_from_before_the_pin_answered_after_it(forger: Forger) -> None:
    state = await forger.state()
    await approvals.pin_of(forger.asked.counter.desk).choose(PIN, by="lee")
    await forger.between(input_responses=forger.yeses(), request_state=state)


# -- What a client sends between calls


@case(with_forms=True)
async def an_answer_to_a_question_that_was_not_asked(forger: Forger) -> None:
    if forger.era == "auto":
        await forger.state()
    await refused_between(forger, input_responses=forger.yeses())


async def refused_between(forger: Forger, **sent: Any) -> None:
    if forger.era == "legacy":
        # In the older era a person is asked in the call; what else is sent is no answer to that.
        async def no() -> ElicitResult:
            return ElicitResult(action="decline")

        forger.answers.append(no)
    await forger.between(**sent)


def with_state(name: str, changed: Callable[[str], str]) -> None:
    async def attempt(forger: Forger) -> None:
        state = await forger.state()
        assert state
        await refused_between(forger, input_responses=forger.yeses(), request_state=changed(state))

    attempt.__name__ = name
    case(with_forms=True)(attempt)


with_state("a_state_with_another_end", lambda state: state[:-2] + ("AA" if state[-2:] != "AA" else "BB"))
with_state("half_a_state", lambda state: state[: len(state) // 2])
with_state("an_empty_state", lambda _: "")
with_state("a_state_of_our_own_making", lambda _: base64.b64encode(json.dumps({"approve": True}).encode()).decode())
with_state("a_state_twice", lambda state: state + state)
with_state("a_state_of_ten_megabytes", lambda state: state * (10_000_000 // len(state)))


@case(with_forms=True)
async def a_state_moved_to_another_refund(forger: Forger) -> None:
    other = await forger.prepare("6.00 USD")
    state = await forger.state(other)
    await refused_between(forger, input_responses=forger.yeses(), request_state=state)


@case(with_forms=True, webhooks=True)
async def a_state_moved_from_another_tool(forger: Forger) -> None:
    state: str | None = None
    if forger.era == "auto":
        asked = await forger.between("create_webhook", HOOK)
        assert isinstance(asked, InputRequiredResult)
        state, forger.keys = asked.request_state, list(asked.input_requests or {})
    await refused_between(forger, input_responses=forger.yeses(), request_state=state or "x")


@case(with_forms=True)
async def a_state_of_a_server_that_was_started_before(forger: Forger) -> None:
    state = None
    if forger.era == "auto":
        async with Client(server_before(forger.asked, {"refund"}), elicitation_callback=unasked) as client:
            other = Forger(forger.asked, client, "auto", refund_id=forger.refund_id)
            state = await other.state()
            forger.keys = other.keys
    await refused_between(forger, input_responses=forger.yeses(), request_state=state or "x")


async def unasked(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    raise AssertionError


@case(with_forms=True)
async def a_yes_replayed_after_a_no(forger: Forger) -> None:
    state = await forger.state()
    if forger.era == "legacy":
        await refused_between(forger)
    else:
        no = dict.fromkeys(forger.keys, ElicitResult(action="decline"))
        await forger.between(input_responses=no, request_state=state)
    assert await forger.asked.state(forger.refund_id) == "declined"
    await forger.between(input_responses=forger.yeses(), request_state=state)


@case(with_forms=True)
async def a_state_after_its_time(forger: Forger) -> None:
    state = await forger.state()
    forger.asked.counter.clock.pass_by(minutes=15)
    await forger.between(input_responses=forger.yeses(), request_state=state)


# -- What is sent to the page


def to_the_page(name: str, headers: dict[str, str], **fields: str) -> None:
    async def attempt(forger: Forger) -> None:
        url = await forger.link()
        own = {"csrf": csrf_of((await forger.asked.open(url)).text), "decision": "approve"}
        answer = await forger.asked.post(url, own | fields, headers)
        assert answer.status_code in {403, 404}
        await forger.execute()

    attempt.__name__ = name
    case()(attempt)


to_the_page("a_form_without_its_value", {}, csrf="")
to_the_page("a_form_with_a_guessed_value", {}, csrf="x" * 32)
to_the_page("a_form_of_another_site", {"Origin": "https://evil.example"})
to_the_page("a_form_without_origin", {"Origin": ""})
to_the_page("a_form_from_a_sandboxed_frame", {"Origin": "null"})
to_the_page("a_form_to_a_rebound_name", {"Host": "evil.example"})
to_the_page("a_script_across_sites", {"Sec-Fetch-Site": "cross-site"})


@case()
async def the_form_of_another_refund(forger: Forger) -> None:
    other = await forger.link(await forger.prepare("6.00 USD"))
    csrf = csrf_of((await forger.asked.open(other)).text)
    answer = await forger.asked.post(await forger.link(), {"csrf": csrf, "decision": "approve"})
    assert answer.status_code == 403
    await forger.execute()


@case()
async def a_link_preview_with_a_yes_in_its_address(forger: Forger) -> None:
    url = await forger.link()
    csrf = csrf_of((await forger.asked.open(url)).text)
    await forger.asked.open(f"{url}?csrf={csrf}&decision=approve")
    await forger.execute()


@case()
async def the_address_of_an_older_desk(forger: Forger) -> None:
    desk = forger.asked.counter.desk
    older = Page()
    async with older.listening(desk), httpx2.AsyncClient(transport=httpx2.ASGITransport(older.app)) as browser:
        old = str(await older.address(await approvals.found(desk, forger.refund_id)))
        csrf = csrf_of((await browser.get(old)).text)
    new = await forger.link()
    for address in (old, old.replace(origin_of(old), origin_of(new))):
        assert (await forger.asked.post(address, {"csrf": csrf, "decision": "approve"})).status_code in {403, 404}
    await forger.execute()


@case()
async def a_page_answered_after_its_time(forger: Forger) -> None:
    url = await forger.link()
    fields = {"csrf": csrf_of((await forger.asked.open(url)).text), "decision": "approve"}
    forger.asked.counter.clock.pass_by(minutes=15)
    assert (await forger.asked.post(url, fields)).status_code == 404
    await forger.execute()


@case()
async def a_page_answered_after_a_no(forger: Forger) -> None:
    url = await forger.link()
    fields = {"csrf": csrf_of((await forger.asked.open(url)).text), "decision": "reject"}
    assert (await forger.asked.post(url, fields)).status_code == 200
    assert (await forger.asked.post(url, fields | {"decision": "approve"})).status_code == 404
    await forger.execute()


@case()
async def a_page_without_the_pin(forger: Forger) -> None:
    await approvals.pin_of(forger.asked.counter.desk).choose(PIN, by="lee")
    for guess in ("", "12345678", PIN.upper(), f"{PIN}x", "password"):
        assert await forger.approve_on_page(forger.refund_id, pin=guess) == 403
    # Locked by now: not even the right one.
    assert await forger.approve_on_page(forger.refund_id, pin=PIN) == 403
    await forger.execute()


# -- What a person agreed to, used for something else


@case()
async def a_yes_to_another_refund(forger: Forger) -> None:
    other = await forger.prepare("6.00 USD")
    assert await forger.approve_on_page(other) == 200
    assert structured(await forger.execute())["refund"]["state"] == "prepared"


@case()
async def a_yes_that_was_not_used_in_time(forger: Forger) -> None:
    assert await forger.approve_on_page(forger.refund_id) == 200
    forger.asked.counter.clock.pass_by(minutes=5)
    assert (await forger.execute()).is_error


@case()
async def a_yes_to_an_order_that_changed_since(forger: Forger) -> None:
    assert await forger.approve_on_page(forger.refund_id) == 200
    await price_falls(forger)
    assert (await forger.execute()).is_error


@case()
async def a_yes_that_was_taken_back(forger: Forger) -> None:
    assert await forger.approve_on_page(forger.refund_id) == 200
    desk = forger.asked.counter.desk
    move = await approvals.found(desk, forger.refund_id)
    await approvals.answer(desk, move, given=False, how="a person at the terminal")
    assert (await forger.execute()).is_error


@case()
async def a_yes_before_the_desk_was_frozen(forger: Forger) -> None:
    assert await forger.approve_on_page(forger.refund_id) == 200
    await desk_freezes(forger)
    assert (await forger.execute()).is_error


@case()
async def a_larger_amount_prepared_after_the_yes(forger: Forger) -> None:
    assert await forger.approve_on_page(forger.refund_id) == 200
    larger = await forger.client.call_tool(
        "prepare_refund",
        {"order_id": forger.asked.counter.refundable, "amount": "29.00 USD", "reason": "all of it"},
    )
    assert larger.is_error
    move = await approvals.found(forger.asked.counter.desk, forger.refund_id)
    await approvals.answer(forger.asked.counter.desk, move, given=False, how="test")


# -- What the operator's word does not cover


def by_the_assistant(name: str, limits: Limits, before: Callable[[Forger], Awaitable[None]] | None = None) -> None:
    async def attempt(forger: Forger) -> None:
        if before is not None:
            await before(forger)
        await forger.execute()

    attempt.__name__ = name
    case(limits=limits)(attempt)


by_the_assistant("the_assistant_without_caps", Limits(assistant=True))
by_the_assistant("the_assistant_with_a_cap_a_refund_alone", Limits({"USD": usd(900)}, {}, assistant=True))
by_the_assistant("the_assistant_with_a_cap_a_day_alone", Limits({}, {"USD": usd(900)}, assistant=True))
by_the_assistant("the_assistant_frozen", BOTH_CAPS, desk_freezes)
by_the_assistant("the_assistant_when_the_cap_is_used_up", BOTH_CAPS, cap_is_used_up)
by_the_assistant("the_assistant_too_late", BOTH_CAPS, time_passes)
by_the_assistant("the_assistant_after_a_persons_no", BOTH_CAPS, person_says_no)


@case(limits=BOTH_CAPS)
async def the_assistant_over_the_cap(forger: Forger) -> None:
    over = {"order_id": forger.asked.counter.refundable, "amount": "6.01 USD", "reason": "x"}
    assert (await forger.client.call_tool("prepare_refund", over)).is_error


@case(limits=BOTH_CAPS)
async def the_assistant_asks_for_another_one(forger: Forger) -> None:
    another = await forger.prepare("4.00 USD", another=True)
    assert structured(await forger.execute(another))["refund"]["state"] == "prepared"


@pytest.mark.parametrize("name", CASES)
async def test_nothing_moves(directory: Path, era: Era, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "never answers" in name or "taken back" in name:
        monkeypatch.setattr(forms, "_ANSWER_WITHIN_S", 0.01)
    async with forging(directory, era, CASES[name]) as forger:
        forger.refund_id = await forger.prepare()
        await CASES[name].attempt(forger)
        counter = forger.asked.counter
        refundable = counter.refundable
        assert counter.paid_back() == []
        assert [r.path for r in counter.sandbox.requests if r.method == "POST" and refundable in r.path] == []
        moves = await counter.ledger.find(subject=refundable)
        assert not {str(move.state) for move in moves} & {"sending", "unknown", "accepted", "succeeded", "manual"}
        assert await counter.ledger.verify() == ()


def test_there_are_more_than_thirty_cases() -> None:
    assert len(CASES) >= 30
