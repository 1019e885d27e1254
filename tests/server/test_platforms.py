"""One conversation over the four platforms, each with its made-up shop: every tool, its answer and its text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from mcp import Client
from mcp_types import CallToolResult, ElicitResult

from clawver_orders.platforms import MODULES, load
from clawver_orders.sandbox import parse_fault
from clawver_orders.server import build, render
from clawver_orders.store import ARGUMENTS, OPERATIONS, Capabilities
from tests.contract.shops import Counters, open_counters
from tests.server.definitions import definitions
from tests.server.serving import Era, client_of, error_of, server_of, structured, text_of, yes
from tests.server.test_arguments import WRONG, refused
from tests.server.test_results import RFC_3339, leaves
from tests.server.tokens import tokens

pytestmark = pytest.mark.anyio

_TOLD = ("_id", ".id", ".message", "_url", ".url", ".state", ".outcome", ".money_moved", ".all")


@pytest.fixture
def counters(tmp_path: Path) -> Counters:
    return open_counters(tmp_path, tuple(MODULES))


def right_calls(counters: Counters) -> list[tuple[str, dict[str, Any]]]:
    """A right call of every tool but those of Clawver alone, on each store that can do it."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("list_orders", {}),
        ("count_orders", {}),
        ("check_refund", {}),
    ]
    for store in counters.desk.stores:
        hints = counters.shops[store.name].hints
        read, waits = {"store": store.name, "order_id": hints["refundable_order"]}, hints["pending_order"]
        of_store: Mapping[str, list[dict[str, Any]]] = {
            "list_orders": [{"store": store.name, "limit": 5}],
            "get_order": [read],
            "track_order": [{**read, "order_id": hints["shipped_order"]}],
            "lookup_variants": [read],
            "list_transactions": [read],
            "count_orders": [{"store": store.name}],
            "comment_order": [{**read, "comment": "called back"}],
            "refresh_order": [read],
            "close_order": [read],
            "reopen_order": [read],
            "adjust_order_price": [{**read, "order_id": waits, "adjustment": "-2.00 CNY"}],
            "mark_order_paid": [{**read, "order_id": waits}],
            "cancel_order": [{**read, "order_id": hints["mixed_order"], "reason": "bought twice"}],
        }
        able = store.capabilities.operations
        calls += [(name, call) for name, these in of_store.items() if name in able for call in these]
    return calls


async def every_result(counters: Counters, era: Era) -> list[tuple[str, CallToolResult]]:
    """A good answer of each call; each checked against its published schema."""
    found: list[tuple[str, CallToolResult]] = []
    async with client_of(server_of(counters.desk), era, lambda _: yes()) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for name, arguments in right_calls(counters):
            result = await client.call_tool(name, arguments)
            validator = Draft202012Validator(tools[name].output_schema or {}, format_checker=FormatChecker())
            validator.validate(structured(result))
            found.append((name, result))
    return found


async def test_every_answer_is_of_its_shape_and_its_text_suffices_alone(counters: Counters, era: Era) -> None:
    found = await every_result(counters, era)
    assert len({name for name, _ in found}) == 14
    for name, result in found:
        text, told = text_of(result), 0
        for path, value in leaves(result.structured_content):
            assert value is not None, (name, path)
            if path.endswith(("_at", ".at")):
                assert RFC_3339.fullmatch(value), (name, path, value)
            if path.endswith(_TOLD) and not path.endswith((".product_id", ".processor_id", ".notes.id")):
                assert str(value) in text, (name, path)
                told += 1
        assert told or name == "check_refund", name
        assert len(text) < 5000
        assert "«" not in text or render.WHOSE in text


async def test_what_was_done_is_what_the_order_shows(counters: Counters) -> None:
    done = [(name, structured(result)) for name, result in await every_result(counters, "auto") if name in SHOWS]
    assert {name for name, _ in done} == set(SHOWS)
    for name, told in done:
        assert told["action"]["outcome"] == "done", told
        key, words = SHOWS[name]
        assert told["order"][key] in words, told


SHOWS = {
    "cancel_order": ("status", {"cancelled"}),
    "mark_order_paid": ("payment_status", {"paid"}),
    "adjust_order_price": ("total", {"24.99 CNY"}),
}


@pytest.mark.parametrize(
    ("store", "amount", "moved"), [("heidianer", "full", "pending"), ("woocommerce", "5.00 USD", "yes")]
)
async def test_money_goes_back_after_a_yes_and_where_it_settles_later_that_is_said(
    counters: Counters, era: Era, store: str, amount: str, moved: str
) -> None:
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        return yes()

    order = {"store": store, "order_id": counters.shops[store].hints["refundable_order"]}
    async with client_of(server_of(counters.desk), era, answer) as client:
        prepared = await client.call_tool("prepare_refund", {**order, "amount": amount, "reason": "torn"})
        refund_id = structured(prepared)["refund"]["refund_id"]
        executed = await client.call_tool("execute_refund", {"refund_id": refund_id})
        again = await client.call_tool("execute_refund", {"refund_id": refund_id})
    refund = structured(executed)["refund"]
    assert refund["money_moved"] == moved
    assert f"money moved: {moved}" in text_of(executed)
    assert structured(again)["refund"]["money_moved"] == moved
    assert len(counters.writes()) == 1
    (text,) = asked
    assert f"Store: {store}\n" in text
    assert f"Amount: {refund['amount']}\n" in text


async def test_nobody_is_named_in_what_any_platform_tells(counters: Counters) -> None:
    found = await every_result(counters, "auto")
    buyers = [order.customer for shop in counters.shops.values() for order in shop.shop.orders.values()]
    for name, result in found:
        said = text_of(result) + str(result.structured_content)
        for buyer in buyers:
            assert buyer.email not in said, name
            assert buyer.address.line1 not in said, name


async def test_what_a_shop_cannot_do_is_told_with_who_can_and_what_to_do(counters: Counters, era: Era) -> None:
    async with client_of(server_of(counters.desk), era, lambda _: yes()) as client:
        result = await client.call_tool(
            "cancel_order", {"store": "gateway", "order_id": "8005", "reason": "bought twice"}
        )
        odd = await client.call_tool("list_orders", {"store": "clawver", "sort": "oldest"})
    assert error_of(result)["code"] == "unsupported"
    assert "heidianer, woocommerce can" in text_of(result)
    assert error_of(odd) == {"code": "unsupported", "field": "sort"}
    assert counters.writes() == []


async def test_one_shop_that_is_down_does_not_silence_the_others(counters: Counters, era: Era) -> None:
    counters.shops["heidianer"].faults.add(parse_fault("any:500:always"))
    async with client_of(server_of(counters.desk), era) as client:
        listed = await client.call_tool("list_orders", {})
        counted = await client.call_tool("count_orders", {})
    assert {row["store"] for row in structured(listed)["orders"]} == {"clawver", "gateway", "woocommerce"}
    assert [counts["store"] for counts in structured(counted)["counts"]] == ["woocommerce"]
    for result in (listed, counted):
        notes = [note for note in structured(result)["notes"] if "heidianer" in note]
        assert notes
        assert all(note in text_of(result) for note in notes)


async def test_wrong_arguments_are_refused_by_every_tool_of_any_platform(counters: Counters) -> None:
    """Hostile 1 to 4, 6, 11, 12: with the arguments of the other platforms, too."""
    own = dict(right_calls(counters))
    async with client_of(server_of(counters.desk), "auto") as client:
        for tool in (await client.list_tools()).tools:
            if tool.name not in own:
                continue
            await wrong_calls(client, tool.name, tool.input_schema, own[tool.name])
    assert counters.writes() == []
    assert [shop.requests for shop in counters.shops.values()] == [[], [], [], []]


async def wrong_calls(client: Client, tool: str, schema: Mapping[str, Any], right: dict[str, Any]) -> None:
    for unknown in ("confirm", "access_token", "shop_domain", "x" * 1000):
        assert "no argument" in await refused(client, tool, {**right, unknown: "x"})
    for name, argument in schema["properties"].items():
        for wrong in WRONG[argument["type"]]:
            assert name in await refused(client, tool, {**right, name: wrong})
        if "enum" in argument:
            text = await refused(client, tool, {**right, name: "ſhipped"})
            assert all(word in text for word in argument["enum"])
    for name in schema.get("required", []):
        without = {key: value for key, value in right.items() if key != name}
        assert f"{name} is missing" in await refused(client, tool, without)


async def test_the_definitions_of_all_four_stay_within_their_budget(counters: Counters) -> None:
    guest = Capabilities(frozenset({"get_order"}), arguments=frozenset({"order_key", "billing_email"}))
    capabilities = [*(load(name).capabilities for name in MODULES), guest]
    assert {name for one in capabilities for name in one.operations} == set(OPERATIONS)
    assert {name for one in capabilities for name in one.arguments} == set(ARGUMENTS)
    found = (await definitions(build(counters.desk, capabilities=capabilities))).values()
    seen = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in found]
    closed = [{**tool, "outputSchema": whole["outputSchema"]} for tool, whole in zip(seen, found, strict=True)]
    assert len(seen) == 23
    assert tokens(seen) <= 2450
    assert tokens(closed) <= 6200
