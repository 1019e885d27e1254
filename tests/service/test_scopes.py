"""What a token is good for: its tools, its stores, its refunds, and whether its forms count."""

from pathlib import Path
from typing import get_args

import pytest
from mcp import Client, MCPError
from mcp_types import ElicitResult

from clawver_orders.desk.results import Consent
from clawver_orders.desk.whose import Whose
from clawver_orders.errors import RefundError
from clawver_orders.refunds.machine import Kind, State
from clawver_orders.server.http import Terms
from clawver_orders.server.scopes import scope_of
from clawver_orders.server.tools import tools
from clawver_orders.store import ARGUMENTS, OPERATIONS, Capabilities
from clawver_orders.tokens import Scope
from tests.counter import Counter, open_counter
from tests.server.serving import Era, error_of, structured, text_of, two_stores, yes
from tests.service.serving import Service, a_service, client_at

pytestmark = pytest.mark.anyio

READ = {
    *("check_refund", "count_orders", "get_order", "get_public_order", "get_receipt", "list_events", "list_orders"),
    *("list_transactions", "lookup_variants", "regenerate_download", "track_order"),
}
WRITE = {"close_order", "comment_order", "list_webhooks", "refresh_order", "reopen_order"}
MONEY = {
    *("prepare_refund", "execute_refund", "cancel_order", "mark_order_paid", "adjust_order_price"),
    *("create_webhook", "delete_webhook"),
}


def test_every_tool_there_is_has_the_scope_that_it_needs(counter: Counter) -> None:
    everything = Capabilities(operations=frozenset(OPERATIONS), arguments=frozenset(ARGUMENTS))
    found: dict[Scope, set[str]] = {"read": set(), "write": set(), "refund": set()}
    for tool in tools(counter.desk, [everything]):
        found[scope_of(tool)].add(tool.name)
    assert found == {"read": READ, "write": WRITE, "refund": MONEY}
    # What is done once and for all, and confirmed by a person, is money.
    assert {kind for kind in get_args(Kind) if kind != "refund"} <= MONEY


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


@pytest.mark.parametrize(
    ("scopes", "has"),
    [(("read",), READ), (("read", "write"), READ | WRITE), (("read", "refund"), READ | MONEY)],
)
async def test_only_the_tools_of_its_scopes_are_listed(
    counter: Counter, era: Era, scopes: tuple[Scope, ...], has: set[str]
) -> None:
    token = await Service(counter).let_in("bot", *scopes)
    async with a_service(counter) as service, client_at(service.url, token, era) as client:
        listed = await names(client)
    assert "list_orders" in listed
    assert listed <= has
    assert ("prepare_refund" in listed) is ("refund" in scopes)
    assert ("list_webhooks" in listed) is ("write" in scopes)


async def test_a_tool_that_is_not_listed_cannot_be_called(counter: Counter, era: Era) -> None:
    token = await Service(counter).let_in("bot", "read", "write")
    refund = await counter.prepared()
    async with a_service(counter) as service, client_at(service.url, token, era) as client:
        for name, arguments in (
            ("prepare_refund", {"order_id": counter.refundable, "amount": "full", "reason": "x"}),
            ("execute_refund", {"refund_id": refund.refund_id}),
            ("delete_webhook", {"webhook_id": "wh_1"}),
        ):
            try:
                assert (await client.call_tool(name, arguments)).is_error
            except MCPError as error:
                assert name in error.message  # noqa: PT017 - both eras may refuse in their way
    assert counter.posts("") == 0


async def test_only_its_stores_are_there(tmp_path: Path, era: Era) -> None:
    counter = two_stores(tmp_path)
    token = await Service(counter).let_in("bot", stores=("second",))
    everything = await Service(counter).let_in("boss")
    async with a_service(counter) as service:
        async with client_at(service.url, everything, era) as client:
            orders = structured(await client.call_tool("list_orders", {}))["orders"]
            assert {order["store"] for order in orders} == {"clawver", "second"}
            tool = next(tool for tool in (await client.list_tools()).tools if tool.name == "get_order")
            assert "store" in tool.input_schema["properties"]
        async with client_at(service.url, token, era) as client:
            assert "clawver" not in (client.instructions or "").split("Stores:")[-1]
            orders = structured(await client.call_tool("list_orders", {}))["orders"]
            assert {order.get("store", "second") for order in orders} == {"second"}
            tool = next(tool for tool in (await client.list_tools()).tools if tool.name == "get_order")
            # With one store there is none to be named, and so none of another to be asked.
            assert "store" not in tool.input_schema["properties"]
            asked = await client.call_tool("get_order", {"order_id": orders[0]["id"], "store": "clawver"})
            assert error_of(asked)["code"] == "invalid_argument"
            with pytest.raises(MCPError):
                await client.read_resource(f"order://clawver/{orders[0]['id']}")
            await client.read_resource(f"order://second/{orders[0]['id']}")


async def test_a_token_for_a_store_that_is_gone_says_so(counter: Counter, era: Era) -> None:
    token = await Service(counter).let_in("bot", stores=("sold",))
    terms = Terms("127.0.0.1", 0, unset=[counter.desk.stores[0].capabilities])
    async with a_service(counter, terms) as service, client_at(service.url, token, era) as client:
        answer = await client.call_tool("list_orders", {})
    assert error_of(answer)["code"] == "setup"
    assert "None of the stores that you were let in for is configured" in text_of(answer)


async def prepare(client: Client, counter: Counter, amount: str = "5.00 USD") -> str:
    arguments = {"order_id": counter.refundable, "amount": amount, "reason": "arrived torn"}
    refund_id: str = structured(await client.call_tool("prepare_refund", arguments))["refund"]["refund_id"]
    return refund_id


async def test_a_refund_is_there_for_who_prepared_it_and_for_a_person(counter: Counter, era: Era) -> None:
    tokens = [await Service(counter).let_in(name, forms=True) for name in ("first", "second")]
    async with (
        a_service(counter) as service,
        client_at(service.url, tokens[0], era) as first,
        client_at(service.url, tokens[1], era, lambda _: yes()) as second,
    ):
        refund_id = await prepare(first, counter)
        for tool in ("execute_refund", "check_refund"):
            assert error_of(await second.call_tool(tool, {"refund_id": refund_id}))["code"] == "refund.not_found"
        for asked in ({}, {"order_id": counter.refundable}):
            assert structured(await second.call_tool("check_refund", asked))["refunds"] == []
            found = structured(await first.call_tool("check_refund", asked))["refunds"]
            assert [refund["refund_id"] for refund in found] == [refund_id]
        assert refund_id not in str(await second.read_resource("refunds://open"))
        assert refund_id in str(await first.read_resource("refunds://open"))
        # The same words of another are another refund.
        assert await prepare(second, counter) != refund_id
        assert await prepare(first, counter) == refund_id
        # A person has them all before them; what they approve, only who prepared it sends.
        await counter.desk.moves.confirmed(
            await counter.desk.refunds.held(refund_id), Consent(given=True, how="terminal")
        )
        assert error_of(await second.call_tool("execute_refund", {"refund_id": refund_id}))
        assert counter.paid_back() == []
        done = structured(await first.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
    assert (done["state"], done["confirmed_by"]) == ("succeeded", "terminal")
    assert counter.paid_back() == [500]
    move = await counter.ledger.get(refund_id)
    assert move is not None
    assert move.principal == "first"
    events = await counter.ledger.events(refund_id)
    assert events[0].by == "assistant first"


async def test_a_desk_over_stdio_has_none_of_the_services_refunds(tmp_path: Path) -> None:
    counter = open_counter(tmp_path)
    over_stdio = counter.desk.before(Whose(""), read_only=False, trust_forms=True)
    theirs = await counter.desk.before(Whose("bot"), read_only=False, trust_forms=False).prepare_refund(
        "", counter.refundable, "5.00 USD", "arrived torn", another=False
    )
    with pytest.raises(RefundError, match="no refund with that id"):
        await over_stdio.execute_refund(theirs.refund_id, Consent(given=True, how="form"))
    own = await over_stdio.prepare_refund("", counter.refundable, "5.00 USD", "arrived torn", another=False)
    assert own.refund_id != theirs.refund_id
    done = await over_stdio.execute_refund(own.refund_id, Consent(given=True, how="form"))
    assert done.state is State.SUCCEEDED


@pytest.mark.parametrize("forms", [True, False])
async def test_a_form_counts_only_where_the_token_says_so(counter: Counter, era: Era, forms: bool) -> None:
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        return yes()

    token = await Service(counter).let_in("bot", forms=forms)
    async with a_service(counter) as service, client_at(service.url, token, era, answer) as client:
        refund_id = await prepare(client, counter)
        refund = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
    assert refund["state"] == ("succeeded" if forms else "prepared")
    assert len(asked) == forms
    assert counter.paid_back() == ([500] if forms else [])
    if not forms:
        assert "clawver-orders approve" in refund["message"]
        assert "url" not in refund["approval"]
    else:
        assert "Prepared by: bot" in asked[0]


async def test_settings_that_trust_no_forms_trust_no_tokens_either(tmp_path: Path, era: Era) -> None:
    counter = open_counter(tmp_path, trust_forms=False)
    token = await Service(counter).let_in("bot", forms=True)
    async with a_service(counter) as service, client_at(service.url, token, era, lambda _: yes()) as client:
        refund_id = await prepare(client, counter)
        refund = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
    assert refund["state"] == "prepared"


async def test_what_the_whole_desk_refuses_no_scope_allows(tmp_path: Path, era: Era) -> None:
    counter = open_counter(tmp_path, read_only=True)
    token = await Service(counter).let_in("bot")
    async with a_service(counter) as service, client_at(service.url, token, era) as client:
        assert await names(client) <= READ | {"list_webhooks"}


async def test_an_action_that_one_prepared_is_not_carried_on_by_another(tmp_path: Path) -> None:
    counter = open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}))
    first, second = (
        counter.desk.before(Whose(name), read_only=False, trust_forms=False) for name in ("first", "second")
    )
    url, events = "https://hooks.example/claw", ("order.paid",)
    one = await first.create_webhook("", url, events, None)
    assert (await first.create_webhook("", url, events, None)).action.action_id == one.action.action_id
    assert (await second.create_webhook("", url, events, None)).action.action_id != one.action.action_id
