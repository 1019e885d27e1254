"""Several stores, of which not all can do all: listed is what one of them has a use for."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp_types import PromptReference, TextResourceContents, Tool

from clawver_orders.order import Query
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.server import build
from clawver_orders.store import Capabilities
from tests.server.definitions import definitions
from tests.server.serving import Era, client_of, error_of, server_of, structured, text_of
from tests.server.shelf import EVERYTHING, Shelf, an_order, desk_of, paid
from tests.server.test_definitions import schemas
from tests.server.tokens import tokens

pytestmark = pytest.mark.anyio

READ = (True, False, True)
HINTS = {
    "prepare_refund": (False, False, False),
    "execute_refund": (False, True, True),
    "cancel_order": (False, True, False),
    "mark_order_paid": (False, True, False),
    "adjust_order_price": (False, True, False),
    "close_order": (False, False, True),
    "reopen_order": (False, False, True),
    "refresh_order": (False, False, False),
    "comment_order": (False, False, False),
    "create_webhook": (False, False, False),
    "delete_webhook": (False, True, True),
}
OPTIONAL_STORE = {"list_orders", "count_orders", "list_events", "check_refund"}


def shelves(directory: Path, **options: Any) -> tuple[Shelf, Shelf, Any]:
    first, second = Shelf("first").put(an_order("1"), paid("2")), Shelf("second").put(paid("7"))
    return first, second, desk_of(directory, [first, second], **options)


async def listed(directory: Path, **options: Any) -> dict[str, Tool]:
    _, _, desk = shelves(directory, **options)
    return {tool.name: tool for tool in await server_of(desk).list_tools()}


async def test_every_tool_there_is_says_its_hints(tmp_path: Path) -> None:
    tools = await listed(tmp_path)
    assert len(tools) == 23
    for tool in tools.values():
        hints = tool.annotations
        assert hints is not None
        found = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint)
        assert found == HINTS.get(tool.name, READ), tool.name
        assert hints.open_world_hint is True


async def test_every_tool_there_is_is_described_closed_and_plain(tmp_path: Path) -> None:
    for tool in (await listed(tmp_path)).values():
        assert tool.description
        assert all(argument["description"] for argument in tool.input_schema["properties"].values())
        assert tool.output_schema
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)
            for part in schemas(schema):
                assert not {"title", "$defs", "$ref", "anyOf", "oneOf", "allOf", "pattern"} & part.keys()
                if part.get("type") == "object":
                    assert part["additionalProperties"] in (False, {"type": "string"}), tool.name


async def test_a_read_only_desk_has_reads_alone(tmp_path: Path) -> None:
    everything, reads = await listed(tmp_path), await listed(tmp_path, read_only=True)
    assert set(everything) - set(reads) == set(HINTS)
    assert {"count_orders", "list_transactions", "check_refund"} <= set(reads)


async def test_the_store_is_asked_for_but_where_all_can_be_asked(tmp_path: Path) -> None:
    for name, tool in (await listed(tmp_path)).items():
        schema = tool.input_schema
        if name == "execute_refund":
            assert "store" not in schema["properties"]
            continue
        listed_by_name = ["first", "second"] if name in OPTIONAL_STORE else None
        assert schema["properties"]["store"].get("enum") == listed_by_name, name
        assert ("store" in schema.get("required", [])) is (name not in OPTIONAL_STORE), name


async def test_the_stores_are_named_in_the_instructions_and_to_whoever_names_another(tmp_path: Path) -> None:
    _, _, desk = shelves(tmp_path)
    server = server_of(desk)
    assert str(server.instructions).endswith(" Stores: first, second.")
    assert tokens(server.instructions) <= 120
    async with client_of(server, "auto") as client:
        for wrong in ("", "third"):
            result = await client.call_tool("get_order", {"order_id": "1", "store": wrong})
            assert error_of(result) == {"code": "invalid_argument", "field": "store"}
            assert "first, second" in text_of(result)


async def test_what_everything_costs_stays_within_its_budget(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, [Shelf(name) for name in ("clawver", "hey", "ops", "woo")])
    found = (await definitions(build(desk, capabilities=[EVERYTHING, ClawverStore.capabilities]))).values()
    seen = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in found]
    closed = [{**tool, "outputSchema": whole["outputSchema"]} for tool, whole in zip(seen, found, strict=True)]
    assert tokens(seen) <= 2450
    assert tokens(closed) <= 6200


@pytest.mark.parametrize(
    ("words", "tool"),
    [
        ("how many orders are unpaid", "count_orders"),
        ("cancel the order", "cancel_order"),
        ("paid in cash", "mark_order_paid"),
        ("discount on the price", "adjust_order_price"),
        ("write a note", "comment_order"),
        ("list payments", "list_transactions"),
        ("open it again", "reopen_order"),
        ("where is the parcel", "track_order"),
        ("money back", "prepare_refund"),
        ("what just happened", "list_events"),
        ("events", "list_events"),
    ],
)
async def test_a_search_for_everyday_words_finds_the_tool_among_all(tmp_path: Path, words: str, tool: str) -> None:
    tools = (await listed(tmp_path)).values()

    def score(candidate: Tool) -> int:
        known = set(re.findall(r"[a-z]+", f"{candidate.name} {candidate.description}".lower()))
        return len(set(words.split()) & known)

    best = max(score(candidate) for candidate in tools)
    assert tool in {candidate.name for candidate in tools if score(candidate) == best}


@pytest.mark.parametrize(
    ("argument", "tool"),
    [
        ("search", "list_orders"),
        ("after", "list_orders"),
        ("before", "list_orders"),
        ("payment_method", "list_orders"),
        ("date_field", "list_orders"),
        ("sort", "list_orders"),
        ("order_key", "get_order"),
        ("billing_email", "get_order"),
        ("comment_id", "comment_order"),
        ("as_customer", "comment_order"),
    ],
)
async def test_an_argument_is_listed_where_one_store_has_a_use_for_it(
    tmp_path: Path, argument: Any, tool: str
) -> None:
    _, _, desk = shelves(tmp_path)
    without = replace(EVERYTHING, arguments=EVERYTHING.arguments - {argument})
    for capabilities, there in (([without, without], False), ([without, EVERYTHING], True)):
        tools = {tool.name: tool for tool in await build(desk, capabilities=capabilities).list_tools()}
        assert (argument in tools[tool].input_schema["properties"]) is there
    async with client_of(build(desk, capabilities=[without]), "auto") as client:
        needed = {"comment_order": {"order_id": "1", "comment": "c"}, "get_order": {"order_id": "1"}}.get(tool, {})
        result = await client.call_tool(tool, {"store": "first", **needed, argument: "x"})
        assert error_of(result) == {"code": "invalid_argument", "field": argument}


async def test_words_are_those_of_all_stores(tmp_path: Path) -> None:
    _, _, desk = shelves(tmp_path)
    capabilities = [
        Capabilities(frozenset({"list_orders"}), statuses=("pending",), fulfillment_statuses=("unfulfilled",)),
        Capabilities(frozenset({"list_orders"}), statuses=("pending", "shipped"), arguments=frozenset({"sort"})),
    ]
    (tool,) = await build(desk, capabilities=capabilities).list_tools()
    arguments = tool.input_schema["properties"]
    assert arguments["status"]["enum"] == ["pending", "shipped"]
    assert "unfulfilled" in {
        *arguments["fulfillment_status"].get("enum", ()),
        arguments["fulfillment_status"].get("const"),
    }
    assert arguments["sort"]["enum"] == ["newest", "oldest"]
    assert set(arguments) == {"store", "status", "fulfillment_status", "sort", "limit", "cursor"}


async def test_what_can_be_searched_for_is_said_as_far_as_it_goes(tmp_path: Path) -> None:
    _, _, desk = shelves(tmp_path)
    for capabilities, said in ((ClawverStore.capabilities, False), (EVERYTHING, True)):
        tools = {tool.name: tool for tool in await build(desk, capabilities=[capabilities]).list_tools()}
        described = tools["list_orders"].input_schema["properties"]["search"]["description"]
        assert ("order number" in described) is said


async def test_a_list_passes_on_all_that_it_was_asked(tmp_path: Path, era: Era) -> None:
    first, second, desk = shelves(tmp_path)
    asked = {
        "status": "pending",
        "payment_status": "pending",
        "fulfillment_status": "unfulfilled",
        "payment_method": "wx",
        "search": "maria@shop.example",
        "after": "2026-11-01T00:00:00Z",
        "before": "2026-11-21T00:00:00Z",
        "date_field": "updated",
        "sort": "oldest",
        "limit": 5,
    }
    async with client_of(server_of(desk), era) as client:
        result = await client.call_tool("list_orders", {"store": "first", **asked})
        for name, word in (("date_field", "shipped"), ("sort", "-created"), ("fulfillment_status", "sent")):
            assert error_of(await client.call_tool("list_orders", {name: word}))["field"] == name
    (query,) = first.asked
    assert second.asked == []
    for name in asked.keys() - {"after", "before"}:
        assert getattr(query, name) == asked[name], name
    assert query.after is not None
    assert query.before is not None
    assert query.before > query.after
    (row,) = structured(result)["orders"]
    assert (row["store"], row["number"], row["payment_method"]) == ("first", "20261", "wx")
    assert "first\t1\t20261\tpending" in text_of(result)


async def test_without_a_store_all_are_asked(tmp_path: Path, era: Era) -> None:
    first, second, desk = shelves(tmp_path)
    async with client_of(server_of(desk), era) as client:
        rows = structured(await client.call_tool("list_orders", {}))["orders"]
        counted = await client.call_tool("count_orders", {})
        one = await client.call_tool("count_orders", {"store": "second"})
    assert {(row["store"], row["id"]) for row in rows} == {("first", "1"), ("first", "2"), ("second", "7")}
    assert [len(store.asked) for store in (first, second)] == [1, 1]
    assert isinstance(first.asked[0], Query)
    assert structured(counted) == {
        "counts": [
            {"store": "first", "all": 2, "pending_payment": 1},
            {"store": "second", "all": 1, "pending_payment": 1},
        ],
        "notes": [],
    }
    assert text_of(counted).splitlines() == ["first: all 2, pending payment 1", "second: all 1, pending payment 1"]
    assert [counts["store"] for counts in structured(one)["counts"]] == ["second"]


async def test_payments_of_another_order_are_left_out_and_named(tmp_path: Path, era: Era) -> None:
    shop = Shelf("only").put(paid("2"))
    async with client_of(server_of(desk_of(tmp_path, [shop])), era) as client:
        result = await client.call_tool("list_transactions", {"order_id": "2"})
        one = await client.call_tool("list_transactions", {"order_id": "2", "transaction_id": "t2"})
        counts = await client.call_tool("count_orders", {})
    found = structured(result)
    assert [transaction["id"] for transaction in found["transactions"]] == ["t1", "t2"]
    assert found["transactions"][0] == {
        "id": "t1",
        "kind": "sale",
        "status": "success",
        "amount": "100.00 CNY",
        "refundable": "100.00 CNY",
        "channel": "wx",
        "message": "paid » SYSTEM",
        "created_at": "2026-11-20T12:00:00Z",
        "succeeded_at": "2026-11-20T12:00:00Z",
    }
    (note,) = found["notes"]
    assert "t3" in note
    text = text_of(result)
    assert "t1: sale, success, 100.00 CNY, refundable 100.00 CNY, by wx" in text
    assert "«paid › SYSTEM»" in text
    assert note in text
    assert structured(one) == {"transactions": [{"id": "t2", "kind": "refund", "status": "pending"}], "notes": []}
    assert structured(counts)["counts"] == [{"all": 1, "pending_payment": 1}]


async def test_an_order_is_opened_as_its_buyer_where_a_key_is_given(tmp_path: Path, era: Era) -> None:
    shop = Shelf("only").put(paid("2"))
    async with client_of(server_of(desk_of(tmp_path, [shop])), era) as client:
        arguments = {"order_id": "2", "order_key": "wc_order_example", "billing_email": "maria@shop.example"}
        order = structured(await client.call_tool("get_order", arguments))["order"]
    assert order["number"] == "wc_order_example maria@shop.example"


async def test_stores_and_their_words_are_proposed_while_one_types(tmp_path: Path, era: Era) -> None:
    _, _, desk = shelves(tmp_path)
    async with client_of(server_of(desk), era) as client:

        async def proposed(name: str, value: str) -> list[str]:
            reference = PromptReference(name="daily_order_check")
            return (await client.complete(reference, {"name": name, "value": value})).completion.values

        assert await proposed("store", "") == ["first", "second"]
        assert await proposed("store", "se") == ["second"]
        assert await proposed("status", "ship") == ["shipped"]
        assert await proposed("payment_status", "void") == ["voided"]
        assert await proposed("fulfillment_status", "") == ["unfulfilled", "partially_fulfilled", "fulfilled"]
        assert await proposed("sort", "o") == ["oldest"]


async def test_an_order_of_each_store_is_a_resource(tmp_path: Path, era: Era) -> None:
    _, _, desk = shelves(tmp_path)
    async with client_of(server_of(desk), era) as client:
        for store, order_id in (("first", "2"), ("second", "7")):
            (content,) = (await client.read_resource(f"order://{store}/{order_id}")).contents
            assert isinstance(content, TextResourceContents)
            assert f'"store": "{store}"' in content.text
            assert f'"id": "{order_id}"' in content.text
