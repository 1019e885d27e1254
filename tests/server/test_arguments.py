"""What is not what the published schema says is refused in our words, and never reaches the shop."""

from typing import Any
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from tests.counter import Counter
from tests.server.serving import Era, client_of, error_of, right_calls, server_of, structured, text_of

pytestmark = pytest.mark.anyio

WRONG: dict[str, list[Any]] = {
    "string": [None, True, 1, 24.5, ["a"], {"a": "b"}],
    "integer": [None, True, "20", 24.0, 24.5, 0, -5, 101, 2**63, 2**70, 10**400, [20], {"limit": 20}],
    "boolean": [None, 0, 1, "true", "false", "yes", [], {}],
    "array": [None, "order.paid", '["order.paid"]', {"0": "order.paid"}, [1], [None], [["order.paid"]], ["paid"]],
}


async def refused(client: Client, tool: str, arguments: dict[str, Any], code: str = "invalid_argument") -> str:
    result = await client.call_tool(tool, arguments)
    error = error_of(result)
    assert error["code"] == code, text_of(result)
    assert len(text_of(result)) < 600
    return text_of(result)


async def test_arguments_that_no_tool_has_are_refused_by_every_tool(counter: Counter, era: Era) -> None:
    """Hostile 11: a model cannot confirm by itself, force, or pretend."""
    calls = {
        **right_calls(counter),
        "execute_refund": {"refund_id": "R-00000000"},
        "delete_webhook": {"webhook_id": "w"},
    }
    async with client_of(server_of(counter.desk), era) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == set(calls)
        before = len(counter.sandbox.requests)
        for tool in tools:
            for unknown in ("confirm", "force", "dry_run", "Order_id", "x" * 10_000, ""):
                text = await refused(client, tool.name, {**calls[tool.name], unknown: True})
                assert "no argument" in text
        assert len(counter.sandbox.requests) == before


async def test_mistyped_arguments_are_refused_by_every_tool(counter: Counter, era: Era) -> None:
    """Hostile 1 to 4, 6, 12: what the published schema refuses is refused, and nothing is coerced."""
    calls = {
        **right_calls(counter),
        "execute_refund": {"refund_id": "R-00000000"},
        "delete_webhook": {"webhook_id": "w"},
    }
    async with client_of(server_of(counter.desk), era) as client:
        before = len(counter.sandbox.requests)
        for tool in (await client.list_tools()).tools:
            validator = Draft202012Validator(tool.input_schema)
            for name, schema in tool.input_schema["properties"].items():
                for wrong in WRONG[schema["type"]]:
                    arguments = {**calls[tool.name], name: wrong}
                    # JSON Schema counts 24.0 as a whole number; a model that writes it means something else.
                    assert wrong == 24.0 or not validator.is_valid(arguments), (tool.name, name, wrong)
                    text = await refused(client, tool.name, arguments)
                    assert name in text
                if "enum" in schema:
                    for wrong in ("", "PAID", "complete", "ſhipped", " paid"):
                        text = await refused(client, tool.name, {**calls[tool.name], name: wrong})
                        assert all(word in text for word in schema["enum"])
        assert len(counter.sandbox.requests) == before


async def test_missing_arguments_are_named_by_every_tool(counter: Counter, era: Era) -> None:
    """Hostile 12."""
    calls = {
        **right_calls(counter),
        "execute_refund": {"refund_id": "R-00000000"},
        "delete_webhook": {"webhook_id": "w"},
    }
    async with client_of(server_of(counter.desk), era) as client:
        for tool in (await client.list_tools()).tools:
            for name in tool.input_schema.get("required", []):
                without = {key: value for key, value in calls[tool.name].items() if key != name}
                assert f"{name} is missing" in await refused(client, tool.name, without)


async def test_not_a_number_is_no_number(counter: Counter) -> None:
    """Hostile 7: these exist in Python's JSON only."""
    async with client_of(server_of(counter.desk), "auto") as client:
        for wrong in (float("nan"), float("inf"), float("-inf")):
            await refused(client, "list_orders", {"limit": wrong})


AMOUNTS = [
    *("249900", "24", "24.5", "24.00", "2499", "", " ", "USD", "24.99USD", "24.99  USD", "USD 24.99"),
    *("-5.00 USD", "0.00 USD", "-0.00 USD", "0 USD"),
    *("9223372036854775808.00 USD", f"{10**400}.00 USD", "NaN USD", "Infinity USD", "1e400 USD"),
    *("1e3 USD", "1_000.00 USD", " 12.00 USD", "12.00 USD ", "+5.00 USD", "0x10 USD", "１２.00 USD", "١٢.00 USD"),
    *("24.99", "24.99 usd", "24.99 XYZ", "24.99 EUR", "1500.00 JPY", "5.000 USD", "5.0 USD", "5 USD"),
    *("1.00 KWD", "FULL", "all", "5.00 USD\n", "5.00\u00a0USD"),
]


async def test_an_amount_that_is_not_exact_moves_nothing(counter: Counter, era: Era) -> None:
    """Hostile 2, 5 to 8, 10: only exact decimals of the order's own currency are amounts."""
    async with client_of(server_of(counter.desk), era) as client:
        for amount in AMOUNTS:
            arguments = {"order_id": counter.refundable, "amount": amount, "reason": "torn"}
            error = error_of(await client.call_tool("prepare_refund", arguments))
            assert error["code"] in {"invalid_argument", "refund.too_much"}, amount
        assert counter.paid_back() == []
        assert structured(await client.call_tool("check_refund", {})) == {"refunds": []}


async def test_cents_given_as_units_show_what_is_left(counter: Counter, era: Era) -> None:
    """Hostile 9: 2900.00 for 29.00 is refused with the currency and what is left, so that it is seen."""
    async with client_of(server_of(counter.desk), era) as client:
        text = await refused(
            client,
            "prepare_refund",
            {"order_id": counter.refundable, "amount": "2900.00 USD", "reason": "torn"},
            "refund.too_much",
        )
        assert "29.00 USD" in text


TOOLS_OF_AN_ORDER: dict[str, dict[str, Any]] = {
    "get_order": {},
    "track_order": {},
    "lookup_variants": {},
    "regenerate_download": {"item_id": "item_1"},
    "get_public_order": {"token": "tok_example"},
    "prepare_refund": {"amount": "5.00 USD", "reason": "arrived torn"},
}


async def test_an_id_that_is_no_id_is_not_sent(counter: Counter, era: Era) -> None:
    """Hostile 13: by no tool that takes an order's id."""
    wrong = [
        *("", ".", "..", "../refund", "1/../2", "%2e%2e", "%2E%2E%2Frefund", "a?x=1", "a#b", "a/b", "a\\b"),
        *("a\r\nX-Evil: 1", "a\x00b", "x" * 10_000, "\u202eabc"),
    ]
    async with client_of(server_of(counter.desk), era) as client:
        before = len(counter.sandbox.requests)
        for tool, more in TOOLS_OF_AN_ORDER.items():
            for order_id in wrong:
                await refused(client, tool, {"order_id": order_id, **more})
        assert len(counter.sandbox.requests) == before


async def test_an_odd_id_stays_one_segment_of_the_path(counter: Counter, era: Era) -> None:
    """Hostile 13."""
    async with client_of(server_of(counter.desk), era) as client:
        for order_id in ("📦", "a b", "ord;1", "ord&x=1", "{order_id}"):
            await refused(client, "get_order", {"order_id": order_id}, "not_found")
            assert counter.sandbox.requests[-1].path == f"/v1/orders/{quote(order_id, safe='')}"


async def test_a_lone_surrogate_is_refused_and_the_server_lives(counter: Counter) -> None:
    """Hostile 13."""
    async with client_of(server_of(counter.desk), "auto") as client:
        await refused(client, "get_order", {"order_id": "ord_\ud800"})
        assert structured(await client.call_tool("list_orders", {"limit": 1}))["orders"]


REASONS = {
    "torn\x00 \x1b[31mcover\u202e": "torn cover",
    "torn [R-7K2M9Q4X]": "torn",
    "torn [R-7K2M9Q4X] [R-00000000] cover": "torn cover",
}


async def test_a_reason_is_cleaned_and_needed(counter: Counter, era: Era) -> None:
    """Hostile 14: control, bidi, markers of ours and of other refunds."""
    async with client_of(server_of(counter.desk), era) as client:
        arguments = {"order_id": counter.refundable, "amount": "5.00 USD"}
        for reason in ("", "   ", "\x00\x07\x1b[31m", "\u202e\u200b"):
            await refused(client, "prepare_refund", {**arguments, "reason": reason})
        for reason, kept in REASONS.items():
            result = await client.call_tool("prepare_refund", {**arguments, "reason": reason})
            assert structured(result)["refund"]["reason"].split() == kept.split()


async def test_a_reason_of_ten_megabytes_is_cut(counter: Counter) -> None:
    """Hostile 14."""
    async with client_of(server_of(counter.desk), "auto") as client:
        arguments = {"order_id": counter.refundable, "amount": "5.00 USD", "reason": "torn " * 2_000_000}
        result = structured(await client.call_tool("prepare_refund", arguments))
        assert len(result["refund"]["reason"]) <= 200


async def test_a_guessed_refund_id_is_not_found(counter: Counter, era: Era) -> None:
    """Hostile 15."""
    async with client_of(server_of(counter.desk), era) as client:
        for refund_id in ("", "R-00000000", "r-00000000", "R-0000000", "../R-00000000", "R" * 10_000):
            text = await refused(client, "execute_refund", {"refund_id": refund_id}, "refund.not_found")
            assert len(text) < 300


async def test_a_time_that_is_none_is_refused(counter: Counter, era: Era) -> None:
    async with client_of(server_of(counter.desk), era) as client:
        for wrong in ("yesterday", "2026-13-01", "2026-02-30", "01.02.2026", "2026-01-01T00:00", "now()"):
            assert "after" in await refused(client, "list_orders", {"after": wrong})


async def test_a_wrong_cursor_is_refused(counter: Counter, era: Era) -> None:
    async with client_of(server_of(counter.desk), era) as client:
        await refused(client, "list_orders", {"cursor": "../x" * 3000})
