"""A person's yes through the client's own form: works once, in both eras, and nothing else counts as one."""

from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client import ClientRequestContext
from mcp_types import (
    INTERNAL_ERROR,
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    InputRequiredResult,
)

from clawver_orders import approvals
from clawver_orders.server import forms
from tests.counter import Counter, open_counter
from tests.server.serving import Era, client_of, error_of, server_of, structured, text_of, yes

pytestmark = pytest.mark.anyio

HOOK = {"url": "https://hooks.example/claw", "events": ["order.paid", "order.refunded"]}


async def prepared(client: Client, counter: Counter, **more: Any) -> str:
    arguments = {"order_id": counter.refundable, "amount": "5.00 USD", "reason": "arrived torn", **more}
    refund_id: str = structured(await client.call_tool("prepare_refund", arguments))["refund"]["refund_id"]
    return refund_id


async def executed(client: Client, refund_id: str) -> CallToolResult:
    return await client.call_tool("execute_refund", {"refund_id": refund_id})


async def test_a_yes_in_the_form_pays_once_however_often_it_is_called(counter: Counter, era: Era) -> None:
    """Hostile 20: answered twice."""
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        return yes()

    async with client_of(server_of(counter.desk), era, answer) as client:
        refund_id = await prepared(client, counter)
        assert counter.paid_back() == []
        first = structured(await executed(client, refund_id))["refund"]
        again = structured(await executed(client, refund_id))["refund"]
    assert (first["state"], first["money_moved"], first["confirmed_by"]) == ("succeeded", "yes", "form")
    assert again == first
    assert counter.paid_back() == [500]
    assert len(asked) == 1


async def test_the_form_says_what_will_happen_from_the_record(counter: Counter, era: Era) -> None:
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        return yes()

    async with client_of(server_of(counter.desk), era, answer) as client:
        await executed(client, await prepared(client, counter))
    (text,) = asked
    buyer = counter.sandbox.shop.orders[counter.refundable].customer
    for words in ("clawver", counter.refundable, "5.00 USD", "29.00 USD", "24.00 USD", "«arrived torn»"):
        assert words in text
    assert len(text) <= 1000
    assert "http" not in text
    assert buyer.email not in text


async def test_a_note_is_kept_with_the_receipt(counter: Counter, era: Era) -> None:
    def answer(_: str) -> ElicitResult:
        return ElicitResult(action="accept", content={"approve": True, "note": "boss\x1b[31m said so"})

    async with client_of(server_of(counter.desk), era, answer) as client:
        refund = structured(await executed(client, await prepared(client, counter)))["refund"]
    assert refund["confirmed_by"] == "form, note: boss said so"


@pytest.mark.parametrize(
    "answer",
    [
        ElicitResult(action="decline"),
        ElicitResult(action="cancel"),
        ElicitResult(action="accept", content={"approve": False}),
    ],
    ids=["declined", "closed", "no"],
)
async def test_a_no_is_recorded_and_final(counter: Counter, era: Era, answer: ElicitResult) -> None:
    """Hostile 20: decline, cancel."""
    async with client_of(server_of(counter.desk), era, lambda _: answer) as client:
        refund_id = await prepared(client, counter)
        assert error_of(await executed(client, refund_id))["code"] == "refund.declined"
        assert error_of(await executed(client, refund_id))["code"] == "refund.declined"
    assert counter.posts() == 0


@pytest.mark.parametrize(
    "content",
    [None, {}, {"approve": "true"}, {"approve": 1}, {"note": "yes"}, {"approved": True}, {"approve": ["true"]}],
    ids=str,
)
async def test_an_accepted_form_without_a_real_yes_confirms_nothing(
    counter: Counter, era: Era, content: dict[str, Any] | None
) -> None:
    """Hostile 20: accept without content, wrong types."""
    answers = iter([ElicitResult(action="accept", content=content), yes()])
    async with client_of(server_of(counter.desk), era, lambda _: next(answers)) as client:
        refund_id = await prepared(client, counter)
        result = await executed(client, refund_id)
        assert error_of(result) == {"code": "invalid_argument", "field": "approve"}
        assert "nothing was sent" in text_of(result)
        assert counter.posts() == 0
        # The refund waits as before, and a real yes still counts.
        assert structured(await executed(client, refund_id))["refund"]["state"] == "succeeded"


async def test_without_forms_the_answer_says_how_a_person_approves(counter: Counter, era: Era) -> None:
    async with client_of(server_of(counter.desk), era) as client:
        refund_id = await prepared(client, counter)
        result = await executed(client, refund_id)
        refund = structured(result)["refund"]
        assert (refund["state"], refund["money_moved"]) == ("prepared", "no")
        assert refund["approval"]["expires_at"] == "2026-11-20T12:15:00Z"
        assert f"clawver-orders approve {refund_id}" in text_of(result)
        assert counter.posts() == 0

        move = await approvals.found(counter.desk, refund_id)
        await approvals.answer(counter.desk, move, given=True, how="terminal")
        assert counter.posts() == 0
        refund = structured(await executed(client, refund_id))["refund"]
    assert (refund["state"], refund["confirmed_by"]) == ("succeeded", "terminal")
    assert counter.paid_back() == [500]


async def test_forms_that_are_not_trusted_are_not_shown(tmp_path: Any, era: Era) -> None:
    counter = open_counter(tmp_path, trust_forms=False)

    def answer(_: str) -> ElicitResult:
        raise AssertionError("nobody is to be asked")

    async with client_of(server_of(counter.desk), era, answer) as client:
        refund_id = await prepared(client, counter)
        assert structured(await executed(client, refund_id))["refund"]["state"] == "prepared"
    assert counter.posts() == 0


async def test_a_form_that_nobody_answers_confirms_nothing(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 20: never answered. Only the older era waits inside the call."""
    monkeypatch.setattr(forms, "_ANSWER_WITHIN_S", 0.01)

    async def never(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        await anyio.sleep_forever()
        raise AssertionError

    async with Client(server_of(counter.desk), mode="legacy", elicitation_callback=never) as client:
        refund_id = await prepared(client, counter)
        refund = structured(await executed(client, refund_id))["refund"]
    assert (refund["state"], refund["money_moved"]) == ("prepared", "no")
    assert counter.posts() == 0


async def test_a_client_that_cannot_show_its_form_is_one_without_forms(counter: Counter) -> None:
    async def broken(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
        return ErrorData(code=INTERNAL_ERROR, message="no window")

    async with Client(server_of(counter.desk), mode="legacy", elicitation_callback=broken) as client:
        refund_id = await prepared(client, counter)
        assert structured(await executed(client, refund_id))["refund"]["state"] == "prepared"
    assert counter.posts() == 0


async def first_round(client: Client, refund_id: str) -> InputRequiredResult:
    result = await client.session.call_tool("execute_refund", {"refund_id": refund_id}, allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    return result


async def second_round(
    client: Client, refund_id: str, asked: InputRequiredResult, *, state: str | None
) -> CallToolResult | InputRequiredResult:
    return await client.session.call_tool(
        "execute_refund",
        {"refund_id": refund_id},
        input_responses=dict.fromkeys(asked.input_requests or {}, yes()),
        request_state=state,
        allow_input_required=True,
    )


async def test_a_replayed_answer_pays_once(counter: Counter) -> None:
    """Hostile 19: the state is sealed, but it can be sent again; the ledger counts."""
    async with client_of(server_of(counter.desk), "auto", lambda _: yes()) as client:
        refund_id = await prepared(client, counter)
        asked = await first_round(client, refund_id)
        for _ in range(3):
            result = await second_round(client, refund_id, asked, state=asked.request_state)
            assert isinstance(result, CallToolResult)
            assert structured(result)["refund"]["state"] == "succeeded"
    assert counter.paid_back() == [500]


async def test_an_answer_to_a_question_that_was_not_asked_confirms_nothing(counter: Counter) -> None:
    """Hostile 20: a forged first shot."""
    async with client_of(server_of(counter.desk), "auto", lambda _: yes()) as client:
        refund_id = await prepared(client, counter)
        asked = await first_round(client, refund_id)
        assert isinstance(await second_round(client, refund_id, asked, state=None), InputRequiredResult)
    assert counter.posts() == 0


async def test_a_state_that_was_tampered_with_or_moved_confirms_nothing(counter: Counter) -> None:
    """Hostile 19: tampered, moved to another refund and to another tool."""
    async with client_of(server_of(counter.desk), "auto", lambda _: yes()) as client:
        refund_id = await prepared(client, counter)
        other = await prepared(client, counter, amount="6.00 USD")
        asked = await first_round(client, refund_id)
        assert asked.request_state
        for state, target in [
            (asked.request_state[:-2] + "xx", refund_id),
            ("{}", refund_id),
            (asked.request_state, other),
        ]:
            with pytest.raises(MCPError):
                await second_round(client, target, asked, state=state)
        with pytest.raises(MCPError):
            await client.session.call_tool(
                "create_webhook",
                HOOK,
                input_responses=dict.fromkeys(asked.input_requests or {}, yes()),
                request_state=asked.request_state,
                allow_input_required=True,
            )
    assert counter.posts() == 0
    assert counter.posts("/webhooks") == 0


async def test_a_question_that_expired_confirms_nothing(counter: Counter) -> None:
    """Hostile 19: expired."""
    async with client_of(server_of(counter.desk), "auto", lambda _: yes()) as client:
        refund_id = await prepared(client, counter)
        asked = await first_round(client, refund_id)
        counter.clock.pass_by(minutes=16)
        result = await second_round(client, refund_id, asked, state=asked.request_state)
        assert isinstance(result, CallToolResult)
        assert error_of(result)["code"] == "refund.expired"
    assert counter.posts() == 0


async def test_a_webhook_is_registered_after_a_yes(counter: Counter, era: Era) -> None:
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        return yes()

    async with client_of(server_of(counter.desk), era, answer) as client:
        result = structured(await client.call_tool("create_webhook", HOOK))
        assert result["action"]["outcome"] == "done"
        assert result["webhook"]["id"]
        (secret,) = counter.secrets.kept.values()
        listed = structured(await client.call_tool("list_webhooks", {}))["webhooks"]
        assert listed == [result["webhook"]]
        deleted = await client.call_tool("delete_webhook", {"webhook_id": result["webhook"]["id"]})
        assert structured(deleted)["webhook_id"] == result["webhook"]["id"]
        assert structured(await client.call_tool("list_webhooks", {})) == {"webhooks": []}
    (text,) = asked
    assert "«https://hooks.example/claw»" in text
    assert "order.paid" in text
    assert secret not in str((result, listed, deleted))
    assert counter.secrets.kept == {}


async def test_a_webhook_without_a_yes_is_not_registered(counter: Counter, era: Era) -> None:
    async with client_of(server_of(counter.desk), era, lambda _: ElicitResult(action="decline")) as client:
        assert error_of(await client.call_tool("create_webhook", HOOK))["code"] == "refund.declined"
    async with client_of(server_of(counter.desk), era) as client:
        result = structured(await client.call_tool("create_webhook", HOOK))
        assert result["action"]["outcome"] == "no"
        assert result["action"]["approval"]["expires_at"]
        assert "id" not in result["webhook"]
    assert counter.posts("/webhooks") == 0


async def test_nobody_is_asked_about_a_host_that_is_not_allowed(counter: Counter, era: Era) -> None:
    def answer(_: str) -> ElicitResult:
        raise AssertionError("nobody is to be asked")

    async with client_of(server_of(counter.desk), era, answer) as client:
        result = await client.call_tool("create_webhook", {**HOOK, "url": "https://evil.example/claw"})
        assert error_of(result)["code"] == "forbidden"
    assert counter.posts("/webhooks") == 0


async def test_a_hundred_calls_at_once_pay_once(counter: Counter, era: Era) -> None:
    """Hostile 16."""
    answers: list[dict[str, Any]] = []
    async with client_of(server_of(counter.desk), era) as client:
        refund_id = await prepared(client, counter)
        move = await approvals.found(counter.desk, refund_id)
        await approvals.answer(counter.desk, move, given=True, how="terminal")

        async def call() -> None:
            answers.append(structured(await executed(client, refund_id))["refund"])

        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(call)
        assert len(answers) == 100
        assert {answer["state"] for answer in answers} <= {"confirmed", "sending", "succeeded"}
        assert structured(await executed(client, refund_id))["refund"]["state"] == "succeeded"
    assert counter.paid_back() == [500]


async def test_three_hundred_calls_at_once_are_all_answered(counter: Counter, era: Era) -> None:
    """Hostile 17."""
    answered: list[str] = []
    async with client_of(server_of(counter.desk), era) as client:

        async def call() -> None:
            answered.append(text_of(await client.call_tool("list_webhooks", {})))

        async with anyio.create_task_group() as tasks:
            for _ in range(300):
                tasks.start_soon(call)
    assert answered == ["The shop has no webhooks."] * 300
