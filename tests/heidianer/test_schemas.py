"""The schemas of the wire formats hold for the sandbox's answers and for the vendor's own samples."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.heidianer import BOTH
from tests.heidianer.shop import FIXTURES, sample, sandbox

pytestmark = pytest.mark.anyio
Validate = Callable[[str, Any], list[str]]

SCHEMAS = Path(__file__).parents[2] / "references" / "schemas" / "heidianer"


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


async def answers(shop: Sandbox) -> list[tuple[str, Any]]:
    """Every operation's answer, with the name of its schema."""
    found: list[tuple[str, Any]] = []
    transport = httpx2.ASGITransport(app=shop.app)
    headers = {"Authorization": f"Bearer {BOTH}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test/api", headers=headers) as client:

        async def ask(schema: str, method: str, path: str, body: object = None) -> Any:
            answer = await client.request(method, path, json=body)
            found.append((schema, answer.json()))
            return found[-1][1]

        await ask("order-list", "GET", "/orders/order/?page_size=100")
        await ask("order-list", "GET", "/orders/order/?page_size=2&page=2")
        await ask("count", "GET", "/orders/order/count/")
        for order in list(shop.shop.orders.values()):
            await ask("order", "GET", f"/orders/order/{order.number}/")
            listed = await ask("transaction-list", "GET", f"/orders/order/{order.number}/transaction/")
            one = listed["results"][0]["id"]
            await ask("transaction", "GET", f"/orders/order/{order.number}/transaction/{one}/")
        refundable, pending = shop.hints["refundable_order"], shop.hints["pending_order"]
        await ask(
            "modify-price", "POST", f"/orders/order/{pending}/modify_price/", {"total_price_adjustment": "-2.00"}
        )
        await ask("order", "POST", f"/orders/order/{pending}/manually_marked_as_paid/")
        await ask("order", "POST", f"/orders/order/{pending}/close/")
        await ask("order", "POST", f"/orders/order/{pending}/reopen/")
        await ask("order", "POST", f"/orders/order/{pending}/cancel/", {"reason": "test"})
        await ask("order", "POST", f"/orders/order/{refundable}/refund/")
        await ask("transaction-list", "GET", f"/orders/order/{refundable}/transaction/")
        await client.get(f"/orders/order/{refundable}/check_refund/")
        await ask("order", "GET", f"/orders/order/{refundable}/")
        paid = shop.hints["partially_paid_order"]
        await ask("transaction-created", "POST", f"/orders/order/{paid}/transaction/")
        await ask("order", "GET", f"/orders/order/{paid}/")
        for path in ("/orders/order/1/", "/orders/none/", "/orders/order/?page=0", "/orders/order/?page=999"):
            await ask("error", "GET", path)
        await ask("error", "POST", f"/orders/order/{refundable}/refund/")
        await ask("field-errors", "GET", "/orders/order/?order_by=-id")
        await ask("field-errors", "GET", "/orders/order/?created_at__gte=yesterday")
        await ask("field-errors", "POST", f"/orders/order/{pending}/add_comment/", {"comment": ""})
        shop.faults.add("any:500", "any:429")
        await ask("error", "GET", "/orders/order/")
        await ask("error", "GET", "/orders/order/")
    return found


async def test_the_sandbox_answers_as_the_schemas_say(validate: Validate) -> None:
    used = set()
    for schema, body in await answers(sandbox()):
        used.add(f"{schema}.json")
        assert validate(schema, body) == [], (schema, body)
    assert used | {"parts.json"} == {path.name for path in SCHEMAS.iterdir()}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_the_samples_of_the_vendors_page_keep_to_the_schemas(path: Path, validate: Validate) -> None:
    assert validate(path.stem, sample(path.stem)) == []


WRONG: list[tuple[str, tuple[str | int, ...], object]] = [
    ("order", ("total_price",), 0.01),
    ("order", ("total_price",), "0.011"),
    ("order", ("total_price",), None),
    ("order", ("order_number",), 3096201701031645115932861),
    ("order", ("order_status",), "done"),
    ("order", ("financial_status",), "partially_refunded"),
    ("order", ("fulfillment_status",), None),
    ("order", ("created_at",), "2017-01-03 08:45:11"),
    ("order", ("created_at",), "2017-01-03T08:45:11+08:00"),
    ("order", ("cancelled_at",), "2017-01-03T08:45:11.595964Z"),
    ("order", ("lines", 0, "quantity"), "1"),
    ("order", ("lines", 0, "price"), 1),
    ("order", ("fulfillments", 0, "kd100_data"), {}),
    ("transaction", ("status",), "done"),
    ("transaction", ("transaction_type",), "void"),
    ("transaction", ("order_id",), "25326"),
    ("transaction", ("amount",), "-0.05"),
    ("transaction-created", ("status",), "pending"),
    ("transaction-list", ("next",), "http://shop.heidianer.example/api/orders/order/"),
    ("order-list", ("results", 0, "id"), "2894"),
    ("order-list", ("count",), None),
    ("count", (0, "value"), "all"),
    ("modify-price", ("total_price_adjustment",), -20),
]


@pytest.mark.parametrize(("name", "path", "value"), WRONG)
def test_the_schemas_catch_a_wrong_value(
    name: str, path: tuple[str | int, ...], value: object, validate: Validate
) -> None:
    wrong = sample(name)
    at: Any = wrong
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert validate(name, wrong)
