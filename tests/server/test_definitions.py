"""What holds for every tool's definition, and for all of them together."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp_types import Tool

from clawver_orders.server import build
from clawver_orders.store import Capabilities
from tests.counter import Counter, open_counter
from tests.server.definitions import FOLDER, definitions
from tests.server.serving import server_of, two_stores
from tests.server.tokens import tokens

pytestmark = pytest.mark.anyio

WRITES = {"prepare_refund", "execute_refund", "create_webhook", "delete_webhook"}
# readOnly, destructive, idempotent; what is not named is a read.
ANNOTATIONS = {
    "prepare_refund": (False, False, False),
    "execute_refund": (False, True, True),
    "create_webhook": (False, False, False),
    "delete_webhook": (False, True, True),
}


async def listed(counter: Counter) -> list[Tool]:
    return await server_of(counter.desk).list_tools()


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all schemas in it."""
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            for inner in value.values() if key == "properties" else [value]:
                yield from schemas(inner)


async def test_the_definitions_are_the_pinned_ones(counter: Counter) -> None:
    pinned = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
    found = await definitions(server_of(counter.desk))
    assert found == pinned, "python -m tests.server.definitions writes them anew"


async def test_definitions_stay_within_their_token_budgets(counter: Counter) -> None:
    found = (await definitions(server_of(counter.desk))).values()
    seen = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in found]
    with_output = [{**tool, "outputSchema": whole["outputSchema"]} for tool, whole in zip(seen, found, strict=True)]
    assert len(seen) == 14
    assert tokens(seen) <= 1350
    assert tokens(with_output) <= 3800


async def test_every_tool_is_described_and_so_is_every_argument(counter: Counter) -> None:
    for tool in await listed(counter):
        assert tool.description, tool.name
        assert tool.description.casefold() != tool.name
        for name, argument in tool.input_schema["properties"].items():
            assert argument["description"], (tool.name, name)


async def test_every_tool_says_all_four_hints(counter: Counter) -> None:
    for tool in await listed(counter):
        hints = tool.annotations
        assert hints is not None
        found = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint)
        assert found == ANNOTATIONS.get(tool.name, (True, False, True)), tool.name
        assert hints.open_world_hint is True


async def test_every_schema_is_closed_and_plain(counter: Counter) -> None:
    for tool in await listed(counter):
        assert tool.output_schema is not None
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
            for part in schemas(schema):
                unwanted = {
                    "title",
                    "$defs",
                    "$ref",
                    "anyOf",
                    "oneOf",
                    "allOf",
                    "minLength",
                    "maxLength",
                    "pattern",
                }
                assert not unwanted & part.keys(), (tool.name, part)
                if part.get("type") == "object":
                    assert part["additionalProperties"] is False or part["additionalProperties"] == {
                        "type": "string"
                    }, (tool.name, part)


async def test_no_tool_needs_four_arguments_or_an_object(counter: Counter) -> None:
    for tool in await listed(counter):
        assert len(tool.input_schema.get("required", [])) < 4, tool.name
        kinds = {argument["type"] for argument in tool.input_schema["properties"].values()}
        assert kinds <= {"string", "integer", "boolean", "array"}, tool.name


async def test_words_are_enums_of_what_the_shop_knows(counter: Counter) -> None:
    arguments = {tool.name: tool.input_schema["properties"] for tool in await listed(counter)}
    capabilities = counter.desk.stores[0].capabilities
    assert arguments["list_orders"]["status"]["enum"] == list(capabilities.statuses)
    assert arguments["list_orders"]["payment_status"]["enum"] == list(capabilities.payment_statuses)
    assert arguments["create_webhook"]["events"]["items"]["enum"] == list(capabilities.webhook_events)
    limit = arguments["list_orders"]["limit"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 20)


async def test_arguments_that_no_store_uses_are_not_listed(counter: Counter) -> None:
    for tool in await listed(counter):
        assert not {
            "store",
            "fulfillment_status",
            "payment_method",
            "date_field",
            "sort",
            "confirm",
        } & set(tool.input_schema["properties"]), tool.name


async def test_with_two_stores_the_store_is_asked_for(tmp_path: Path) -> None:
    tools = {tool.name: tool.input_schema for tool in await listed(two_stores(tmp_path))}
    for name, schema in tools.items():
        if name == "execute_refund":
            assert "store" not in schema["properties"]
            continue
        optional = name in {"list_orders", "list_events", "check_refund"}
        # Where a store must be named, the names cost too much to be said again in each tool.
        assert schema["properties"]["store"].get("enum") == (["clawver", "second"] if optional else None), name
        assert ("store" not in schema.get("required", [])) is optional, name


async def test_a_read_only_desk_has_no_writing_tool(tmp_path: Path, counter: Counter) -> None:
    everything = {tool.name for tool in await listed(counter)}
    read_only = {tool.name for tool in await listed(open_counter(tmp_path / "read_only", read_only=True))}
    assert everything - read_only == WRITES
    assert "regenerate_download" in read_only
    assert "check_refund" in read_only


async def test_tools_that_no_platform_has_are_not_listed(counter: Counter) -> None:
    server = build(counter.desk, capabilities=[Capabilities(frozenset({"list_orders", "get_order"}))])
    tools = {tool.name: tool for tool in await server.list_tools()}
    assert set(tools) == {"list_orders", "get_order"}
    assert "status" not in tools["list_orders"].input_schema["properties"]


async def test_without_a_store_the_tools_of_the_given_platforms_are_listed(counter: Counter) -> None:
    capabilities = [counter.desk.stores[0].capabilities]
    everything = {tool.name for tool in await listed(counter)}
    counter.desk.abilities.stores = ()
    assert {tool.name for tool in await build(counter.desk, capabilities=capabilities).list_tools()} == everything


@pytest.mark.parametrize(
    ("words", "tool"),
    [
        ("where is the parcel", "track_order"),
        ("money back", "prepare_refund"),
        ("wrong size", "lookup_variants"),
        ("new download link expired", "regenerate_download"),
        ("unpaid orders", "list_orders"),
        ("receipt of checkout", "get_receipt"),
        ("what became of the refund", "check_refund"),
        ("remove a webhook", "delete_webhook"),
        ("order details customer", "get_order"),
    ],
)
async def test_a_search_for_everyday_words_finds_the_tool(counter: Counter, words: str, tool: str) -> None:
    def score(candidate: Tool) -> int:
        known = set(re.findall(r"[a-z]+", f"{candidate.name} {candidate.description}".lower()))
        return len(set(words.split()) & known)

    tools = await listed(counter)
    best = max(score(candidate) for candidate in tools)
    assert tool in {candidate.name for candidate in tools if score(candidate) == best}


async def test_the_instructions_are_short(counter: Counter) -> None:
    assert tokens(server_of(counter.desk).instructions) <= 120
