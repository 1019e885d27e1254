"""What tools answer: structured as published, in a text that suffices alone, masked, within its budget."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from mcp_types import CallToolResult

from clawver_orders import order as model
from clawver_orders.desk.results import Listing
from clawver_orders.errors import RateLimitedError
from clawver_orders.events import Delivered
from clawver_orders.money import Money
from clawver_orders.order import Customer, Item, Order, Shipment, ShopRefund, Totals
from clawver_orders.server import render, results
from tests.counter import NOON, Counter, open_counter
from tests.server.serving import (
    Era,
    client_of,
    error_of,
    right_calls,
    server_of,
    structured,
    text_of,
    two_stores,
    yes,
)
from tests.server.tokens import tokens

pytestmark = pytest.mark.anyio

_TOLD = ("_id", ".id", ".message", "_url", ".url", ".tracking_number", ".state", ".money_moved")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


async def every_result(counter: Counter, era: Era) -> dict[str, CallToolResult]:
    """A good answer of every tool; each checked against its published schema."""
    found: dict[str, CallToolResult] = {}
    await counter.ledger.remember("clawver", Delivered("1", "order.shipped", counter.refundable))
    async with client_of(server_of(counter.desk), era, lambda _: yes()) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for name, arguments in right_calls(counter).items():
            found[name] = await client.call_tool(name, arguments)
        refund_id = structured(found["prepare_refund"])["refund"]["refund_id"]
        found["execute_refund"] = await client.call_tool("execute_refund", {"refund_id": refund_id})
        assert structured(found["execute_refund"])["refund"]["state"] == "succeeded"
        (hook,) = structured(found["list_webhooks"])["webhooks"]
        found["delete_webhook"] = await client.call_tool("delete_webhook", {"webhook_id": hook["id"]})
        assert set(found) == set(tools)
        for name, result in found.items():
            Draft202012Validator(tools[name].output_schema or {}, format_checker=FormatChecker()).validate(
                structured(result)
            )
    return found


def leaves(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value in a result, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


async def test_every_result_is_of_its_published_shape(counter: Counter, era: Era) -> None:
    for name, result in (await every_result(counter, era)).items():
        for path, value in leaves(result.structured_content):
            assert value is not None, (name, path)
            if path.endswith(("_at", ".at")):
                assert RFC_3339.fullmatch(value), (name, path, value)
            if re.search(r"\.(total|amount|refunded|refundable|subtotal|remaining)$", path):
                assert re.fullmatch(r"\d+\.\d\d USD", value), (name, path, value)


async def test_the_text_alone_suffices(counter: Counter, era: Era) -> None:
    """Ids, what happened, and what to do next stand in the text as in the structured result."""
    for name, result in (await every_result(counter, era)).items():
        text = text_of(result)
        told = 0
        for path, value in leaves(result.structured_content):
            if path.endswith(_TOLD) and not path.endswith((".product_id", ".processor_id")):
                assert str(value) in text, (name, path)
                told += 1
        assert told, name
        assert len(text) < 4000


async def test_the_sandbox_says_so_in_every_result(tmp_path: Path, era: Era) -> None:
    counter = open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}), sandbox_flag=True)
    for name, result in (await every_result(counter, era)).items():
        assert structured(result)["sandbox"] is True, name
        assert text_of(result).splitlines()[0].startswith("SANDBOX"), name


async def test_a_real_shop_does_not_speak_of_the_sandbox(counter: Counter) -> None:
    for result in (await every_result(counter, "auto")).values():
        assert "sandbox" not in structured(result)
        assert "SANDBOX" not in text_of(result)


def buyer_of(counter: Counter, order_id: str) -> Any:
    return counter.sandbox.shop.orders[order_id].customer


async def test_customers_are_masked_everywhere(counter: Counter, era: Era) -> None:
    everybody = [order.customer for order in counter.sandbox.shop.orders.values()]
    for name, result in (await every_result(counter, era)).items():
        said = text_of(result) + json.dumps(result.structured_content, ensure_ascii=False)
        for buyer in everybody:
            assert buyer.email not in said, name
            assert buyer.name not in said, name
            assert buyer.address.line1 not in said, name


async def test_only_one_whole_order_shows_its_buyer_where_the_operator_said_so(tmp_path: Path, era: Era) -> None:
    counter = open_counter(tmp_path, customer_data="full")
    order_id = counter.sandbox.hints["shipped_order"]
    buyer = buyer_of(counter, order_id)
    async with client_of(server_of(counter.desk), era) as client:
        order = await client.call_tool("get_order", {"order_id": order_id})
        rows = await client.call_tool("list_orders", {"limit": 100})
    assert structured(order)["order"]["customer"]["email"] == buyer.email
    assert buyer.address.line1 in structured(order)["order"]["shipping_address"]
    assert buyer.email in text_of(order)
    assert buyer.email not in text_of(rows) + json.dumps(structured(rows))


async def test_tokens_are_masked_unless_asked_for(counter: Counter, era: Era) -> None:
    order = counter.sandbox.shop.orders[counter.sandbox.hints["digital_order"]]
    async with client_of(server_of(counter.desk), era) as client:
        masked = await client.call_tool("get_receipt", {"checkout_id": order.checkout_id})
        shown = await client.call_tool("get_receipt", {"checkout_id": order.checkout_id, "show_tokens": True})
    for token in (order.status_token, order.items[0].download_token):
        assert token
        assert token not in text_of(masked) + json.dumps(structured(masked))
        assert token in text_of(shown)
        assert token in json.dumps(structured(shown))


async def test_words_of_buyers_and_shops_stand_in_marks_after_a_line_that_says_so(counter: Counter) -> None:
    """Hostile 22: what looks like a call or a message of the system is a quoted title."""
    async with client_of(server_of(counter.desk), "auto") as client:
        text = text_of(await client.call_tool("get_order", {"order_id": counter.sandbox.hints["hostile_fence"]}))
    assert text.splitlines()[0] == render.WHOSE
    (line,) = [line for line in text.splitlines() if "execute_refund" in line]
    quoted = line[line.index("«") : line.index("»")]
    assert "execute_refund" in quoted
    assert "System:" in quoted


async def test_errors_are_text_with_data_beside_it(counter: Counter, era: Era) -> None:
    async with client_of(server_of(counter.desk), era) as client:
        result = await client.call_tool("get_order", {"order_id": "ord_none"})
        assert error_of(result) == {"code": "not_found"}
        counter.fault("any:429:always")
        limited = await client.call_tool("get_order", {"order_id": counter.refundable})
        assert error_of(limited)["code"] == "rate_limited"
        named = await client.call_tool("get_order", {})
        assert error_of(named) == {"code": "invalid_argument", "field": "order_id"}


async def test_an_error_says_after_how_long_to_try_again(counter: Counter, era: Era) -> None:
    async def limited(*_: object, **__: object) -> Listing:
        raise RateLimitedError("The shop was asked too often", "Wait a minute", retry_after_s=60.0)

    counter.desk.list_orders = limited  # type: ignore[method-assign]
    async with client_of(server_of(counter.desk), era) as client:
        result = await client.call_tool("list_orders", {})
    assert error_of(result) == {"code": "rate_limited", "retry_after_s": 60.0}


async def test_a_bug_is_logged_and_told_without_what_it_says(
    counter: Counter, era: Era, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> Listing:
        raise KeyError("something inside")

    counter.desk.list_orders = broken  # type: ignore[method-assign]
    async with client_of(server_of(counter.desk), era) as client:
        result = await client.call_tool("list_orders", {})
    assert result.is_error
    assert text_of(result) == "Error executing tool list_orders"
    assert "something inside" in caplog.text


async def test_rows_name_their_store_where_there_are_several(tmp_path: Path, era: Era) -> None:
    counter = two_stores(tmp_path)
    async with client_of(server_of(counter.desk), era) as client:
        result = await client.call_tool("list_orders", {"store": "second", "limit": 2})
    assert {row["store"] for row in structured(result)["orders"]} == {"second"}
    assert "second" in text_of(result)


def orders_of_a_list() -> tuple[Order, ...]:
    """Twenty orders with every column that Clawver has, and ids of sixteen characters."""
    titles = ["Art Pack Vol. 1", "Slow Morning Mug", "Night Fox Hoodie", "Watercolor Brush Set", "Poster"]
    total = Money(2499, "USD")
    return tuple(
        Order(
            store="clawver",
            platform="clawver",
            id=f"ord_{0xA3F19C0D47E5 + 7919 * 65537 * index:012x}",
            status="delivered" if index % 2 else "confirmed",
            payment_status="partially_refunded" if index % 7 == 3 else "paid",
            fulfillment_status="fulfilled" if index % 2 else "unfulfilled",
            created_at=NOON - timedelta(minutes=397 * index),
            customer=Customer(email=f"{'jmzst'[index % 5]}aria@{'opbml'[index % 5]}ost.test"),
            items=(Item(id="item_1", title=titles[index % 5]),),
            totals=Totals(total=total, refunded=Money(500 if index % 7 == 3 else 0, "USD")),
        )
        for index in range(20)
    )


def test_twenty_orders_cost_what_they_may() -> None:
    orders = orders_of_a_list()
    assert {len(order.id) for order in orders} == {16}
    found = results.listing(Listing(orders), several=False)
    assert set(found["orders"][3]) == {
        "id",
        "status",
        "payment_status",
        "total",
        "refunded",
        "created_at",
        "customer",
        "items",
    }
    assert tokens(render.listing(found)) <= 880
    assert tokens(found) <= 1400


async def test_the_sandbox_list_costs_what_it_may(counter: Counter) -> None:
    async with client_of(server_of(counter.desk), "auto") as client:
        result = await client.call_tool("list_orders", {})
    assert len(structured(result)["orders"]) == 20
    assert tokens(text_of(result)) <= 880
    assert tokens(structured(result)) <= 1400


async def test_one_order_costs_what_it_may(counter: Counter) -> None:
    hints = counter.sandbox.hints
    async with client_of(server_of(counter.desk), "auto") as client:
        digital = await client.call_tool("get_order", {"order_id": hints["digital_order"]})
        whole = await client.call_tool("get_order", {"order_id": hints["partially_refunded_order"]})
    assert tokens(text_of(digital)) <= 120
    order = structured(whole)["order"]
    assert (len(order["items"]), len(order["shipments"]), len(order["refunds"])) == (2, 1, 1)
    assert tokens(text_of(whole)) <= 210


def test_amounts_of_several_currencies_keep_theirs() -> None:
    first, second, *_ = orders_of_a_list()
    second = replace(second, totals=Totals(total=Money(1500, "JPY")))
    text = render.listing(results.listing(Listing((first, second)), several=False))
    assert "24.99 USD" in text
    assert "1500 JPY" in text


def test_years_are_said_where_they_differ() -> None:
    first, second, *_ = orders_of_a_list()
    second = replace(second, created_at=datetime(2025, 1, 2, 3, 4, tzinfo=UTC))
    text = render.listing(results.listing(Listing((first, second)), several=False))
    assert "2026-11-20 12:00" in text
    assert "2025-01-02 03:04" in text


def test_an_empty_list_says_so_with_its_notes() -> None:
    found = results.listing(Listing((), notes=("The newest 600 orders were looked at.",)), several=False)
    assert render.listing(found) == "No orders found.\nThe newest 600 orders were looked at."


def test_a_page_says_how_to_go_on() -> None:
    found = results.listing(Listing(orders_of_a_list()[:1], next_cursor="abc", total=41), several=False)
    assert found["total"] == 41
    assert "41 orders" in render.listing(found)
    assert "cursor=abc" in render.listing(found)


def test_whatever_an_order_can_hold_is_told() -> None:
    """What Clawver never says, other platforms do; the shapes are theirs too."""
    at = datetime(2026, 11, 19, 8, 30, tzinfo=UTC)
    order = Order(
        store="shop",
        platform="other",
        id="5001",
        number="#1001",
        status="confirmed",
        payment_status="partially_refunded",
        raw_status="open",
        fulfillment_status="partially_fulfilled",
        payment_method="card present",
        created_at=at,
        updated_at=at,
        paid_at=at,
        cancelled_at=at + timedelta(days=1),
        closed_at=at + timedelta(days=2),
        customer=Customer(name="Maria Lopez", email="maria@shop.test", phone="+1 555 010 0199"),
        shipping_address=model.Address(name="Maria Lopez", lines=("1 Example St",), city="Austin", country="US"),
        billing_address=model.Address(city="Paris", country="FR"),
        items=(
            Item(
                id="i 1",
                title="Cup",
                quantity=3,
                sku="C-1",
                options=(("colour", "red"),),
                unit_price=Money(100, "USD"),
            ),
        ),
        totals=Totals(
            subtotal=Money(300, "USD"),
            shipping=Money(50, "USD"),
            total=Money(350, "USD"),
            refunded=Money(100, "USD"),
        ),
        refunds=(ShopRefund(id="r1", amount=Money(100, "USD"), processor_id="re_1"),),
        shipments=(
            Shipment(events=(model.ShipmentEvent(at, "left Austin"), model.ShipmentEvent(None, "waiting"))),
        ),
        notes=(model.Note(author="buyer", text="please hurry", id="n1", at=at), model.Note("system", "paid")),
        warnings=("The total is not the sum of its parts.",),
        assumed=(("currency", "USD"), ("time_zone", "UTC")),
    )
    result = results.order(order, full=True)
    text = render.order(result)
    for words in (
        "partially_fulfilled, number #1001",
        "subtotal 3.00, shipping 0.50, total 3.50, refunded 1.00 USD (assumed)",
        "created 2026-11-19 08:30Z, paid 08:30Z, cancelled 2026-11-20 08:30Z, closed 2026-11-21 08:30Z",
        "«Maria Lopez maria@shop.test +1 555 010 0199»",
        "Ship to: «Maria Lopez, 1 Example St, Austin, US»",
        "Bill to: «Paris, FR»",
        "Paid by: «card present»",
        "«i 1»: 3 x «Cup, colour: red» sku C-1 1.00",
        "Parcel: no tracking yet",
        "- 2026-11-19 08:30Z «left Austin»",
        "- «waiting»",
        "Refund r1: 1.00",
        "Note by buyer 2026-11-19 08:30Z: «please hurry»",
        "Note by system: «paid»",
        "Warning: The total is not the sum of its parts.",
        "Assumed: time_zone UTC",
    ):
        assert words in text, words
    masked = results.order(order, full=False)["order"]
    assert masked["customer"] == {"name": "M***", "email": "m***@s***.test", "phone": "***99"}
    assert masked["shipping_address"] == "Austin, US"


def test_a_row_of_an_order_that_says_little_has_few_keys() -> None:
    bare = Order(store="clawver", platform="clawver", id="ord_1", status="unknown", payment_status="unknown")
    assert results.row(bare, several=False) == {"id": "ord_1", "status": "unknown", "payment_status": "unknown"}
    named = replace(bare, customer=Customer(name="Maria"), items=tuple(Item(id=c, title=c) for c in "abcd"))
    assert results.row(named, several=False)["customer"] == "M***"
    assert results.row(named, several=False)["items"] == "a, b, 2 more"
    called = replace(bare, customer=Customer(phone="+1 555 010 0199"), fulfillment_status="restocked")
    assert results.row(called, several=False)["customer"] == "***99"
    assert results.row(called, several=False)["fulfillment_status"] == "restocked"
