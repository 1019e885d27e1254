"""The schemas of the gateway's wire hold for the sandbox's answers and for the documents' own samples."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from clawver_orders.sandbox.gateway import SHOPIFY, Gateway
from tests.gateway.shop import FIXTURES, fixture, sandbox

pytestmark = pytest.mark.anyio
Validate = Callable[[str, Any], list[str]]

SCHEMAS = Path(__file__).parents[2] / "references" / "schemas" / "gateway"


@pytest.fixture(scope="module")
def validate() -> Validate:
    """What is wrong with an instance by the schema of this name; empty where nothing is."""
    documents = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        [(document["$id"], Resource.from_contents(document)) for document in documents.values()]
    )

    def validate(name: str, instance: Any) -> list[str]:
        schema = documents[f"{name}.json"]
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())
        return [error.message for error in validator.iter_errors(instance)]

    return validate


@pytest.mark.parametrize("errors", ["200", "status"])
async def test_the_sandbox_answers_as_the_schemas_say(errors: str, validate: Validate) -> None:
    shop = sandbox(Gateway(errors="200" if errors == "200" else "status"))
    used = {"parts.json", "shopify-request.json"}
    assert validate("shopify-request", SHOPIFY) == []
    transport = httpx2.ASGITransport(app=shop.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:

        async def get(schema: str, path: str, body: object = SHOPIFY) -> None:
            answer = (await client.request("GET", path, json=body)).json()
            used.add(f"{schema}.json")
            assert validate(schema, answer) == [], (path, answer)

        await get("order-list", "/api/orders?pageSize=100")
        await get("order-list", "/api/orders?status=nothing")
        shown = {shop.hints["old_order"], shop.hints["unsynced_order"]}
        for order in shop.shop.orders.values():
            await get("order", f"/api/orders/{order.number}")
            known = str(order.number) not in shown
            await get(
                "shopify-order" if known else "error-shopify", f"/api/shopify/orders/{5 * 10**9 + order.number}"
            )
        await get("error-order", "/api/orders/1")
        await get("error-shopify", "/api/shopify/orders/1", {})
        shop.faults.add("list:500:1")
        await get("error-list", "/api/orders")
    assert used == {path.name for path in SCHEMAS.iterdir()}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_the_documents_samples_keep_to_the_schemas(path: Path, validate: Validate) -> None:
    assert validate(path.stem, json.loads(path.read_bytes())) == []


WRONG: list[tuple[str, tuple[str | int, ...], object]] = [
    ("order-list", ("success",), False),
    ("order-list", ("data", "list", 0, "id"), "1290"),
    ("order-list", ("data", "list", 0, "total_amount"), "11.0"),
    ("order-list", ("data", "list", 0, "created_at"), "2025-04-16T11:35:10Z"),
    ("order-list", ("data", "list", 0, "status"), "shipped"),
    ("order-list", ("data", "total"), None),
    ("order", ("code",), 1),
    ("order", ("data", "total_amount"), -1.0),
    ("order", ("data", "line_items", 0, "price"), 6.99),
    ("order", ("data", "line_items", 0, "variant_id"), 4.5),
    ("order", ("data", "payment_status"), "pending"),
    ("order", ("data", "financial_status"), "unpaid"),
    ("order", ("data", "fulfillment_status"), "partial"),
    ("order", ("data", "currency"), "usd"),
    ("shopify-order", ("order", "total_price"), 59.99),
    ("shopify-order", ("order", "created_at"), "2025-04-16 10:30:45"),
    ("shopify-order", ("order", "fulfillment_status"), "partially_fulfilled"),
    ("shopify-order", ("order", "line_items", 0, "variant_title"), 5),
    ("shopify-order", ("order", "transactions", 0, "kind"), "payment"),
    ("shopify-request", ("shop_domain",), "https://example.myshopify.com"),
    ("error-list", ("success",), True),
    ("error-order", ("code",), 0),
    ("error-order", ("status",), 200),
    ("error-shopify", ("status_code",), "404"),
]


@pytest.mark.parametrize(("name", "path", "value"), WRONG)
def test_the_schemas_catch_a_wrong_value(
    name: str, path: tuple[str | int, ...], value: object, validate: Validate
) -> None:
    wrong = deepcopy(fixture(name))
    at: Any = wrong
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert validate(name, wrong)
    del at[path[-1]]
    assert validate(name, wrong)


def test_a_row_has_no_currency_and_new_members_are_welcome(validate: Validate) -> None:
    sample = fixture("order-list")
    sample["data"]["list"][0]["gift_message"] = "hello"
    assert validate("order-list", sample) == []
    sample["data"]["list"][0]["currency"] = "USD"
    assert validate("order-list", sample)
