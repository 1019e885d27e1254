"""The schemas of the wire formats hold for the sandbox's answers and for the vendor's own samples."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from clawver_orders.sandbox import Sandbox

pytestmark = pytest.mark.anyio
Connect = Callable[..., httpx2.AsyncClient]
Validate = Callable[[str, Any], list[str]]

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "references" / "schemas" / "clawver"
SAMPLES = ROOT / "tests" / "fixtures" / "clawver"


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


async def answers(sandbox: Sandbox, client: httpx2.AsyncClient) -> list[tuple[str, Any]]:
    """Every operation's answer, with the name of its schema."""
    lists = f"order-list-{sandbox.generation}"
    digital, item = sandbox.hints["digital_order"], sandbox.hints["digital_item"]
    refundable = sandbox.hints["refundable_order"]
    found: list[tuple[str, Any]] = []

    async def get(schema: str, path: str) -> Any:
        found.append((schema, (await client.get(path)).json()))
        return found[-1][1]["data"] if found[-1][1]["success"] else None

    async def post(schema: str, path: str, body: object) -> Any:
        found.append((schema, (await client.post(path, json=body)).json()))
        return found[-1][1]["data"] if found[-1][1]["success"] else None

    await get(lists, "/v1/orders?limit=100")
    await get(lists, "/v1/orders?limit=2")
    await get(lists, "/v1/orders?status=nothing")
    for order_id in sandbox.shop.orders:
        await get("order", f"/v1/orders/{order_id}")
    await get("download", f"/v1/orders/{digital}/download/{item}")
    receipt = await get("receipt", f"/v1/checkout/{sandbox.hints['checkout_id']}/receipt")
    await get("receipt", f"/v1/checkout/{sandbox.hints['two_order_checkout']}/receipt")
    bought = receipt["receipt"]["orders"][0]
    token = bought["items"][0]["downloadToken"]
    await get("public-download", f"/v1/orders/{digital}/download/{item}/public?token={token}")
    await get("public-status", f"/v1/orders/{digital}/public?token={bought['orderStatusToken']}")
    await post("refund-response", f"/v1/orders/{refundable}/refund", {"amountInCents": 500, "reason": "A part"})
    await get("order", f"/v1/orders/{refundable}")
    body = {"url": "https://shop.example/hook", "events": ["order.refunded"], "secret": "example-secret-16"}
    webhook = await post("webhook", "/v1/webhooks", body)
    await get("webhook-list", "/v1/webhooks")
    sandbox.shop.refund(refundable, 1, "x")
    found.append(("webhook-event", json.loads(sandbox.deliveries[-1].body)))
    gone = await client.delete(f"/v1/webhooks/{webhook['webhook']['id']}")
    found.append(("webhook-deleted", gone.json()))
    for path in ("/v1/orders/none", "/v1/orders?limit=0", "/v1/none", f"/v1/orders/{digital}/public"):
        await get("error", path)
    sandbox.faults.add("any:500", "any:429")
    await get("error", "/v1/orders")
    await get("error", "/v1/orders")
    await post("error", f"/v1/orders/{digital}/refund", {"amountInCents": 10**6, "reason": "x"})
    return found


async def test_the_sandbox_answers_as_the_schemas_say(
    sandbox: Sandbox, legacy: Sandbox, connect: Connect, validate: Validate
) -> None:
    used = set()
    for shop in (sandbox, legacy):
        async with connect(shop) as client:
            for schema, body in await answers(shop, client):
                used.add(f"{schema}.json")
                assert validate(schema, body) == [], (schema, body)
    assert used | {"parts.json"} == {path.name for path in SCHEMAS.iterdir()}


async def test_lists_with_pagination_at_the_top_or_bare_rows_keep_to_the_schema(
    sandbox: Sandbox, connect: Connect, validate: Validate
) -> None:
    other = Sandbox(seed=7, now=sandbox.now, rows="sparse", pagination="top")
    async with connect(other) as client:
        assert validate("order-list-current", (await client.get("/v1/orders")).json()) == []


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_samples_of_clawver_skill_1_0_0_keep_to_the_schemas(path: Path, validate: Validate) -> None:
    assert validate(path.stem, json.loads(path.read_text(encoding="utf-8"))) == []


WRONG: list[tuple[str, tuple[str | int, ...], object]] = [
    ("order", ("success",), False),
    ("order", ("data", "order", "totalInCents"), "2499"),
    ("order", ("data", "order", "totalInCents"), 24.99),
    ("order", ("data", "order", "totalInCents"), -1),
    ("order", ("data", "order", "status"), "complete"),
    ("order", ("data", "order", "createdAt"), "yesterday"),
    ("order", ("data", "order", "paidAt"), 1705314600),
    ("order", ("data", "order", "items", 0, "quantity"), "1"),
    ("order", ("data", "order", "items", 0, "productType"), "poster"),
    ("order", ("data", "order", "refunds"), None),
    ("order", ("data", "order", "paymentStatus"), "paid"),
    ("order-list-legacy", ("data", "orders", 0, "id"), 5),
    ("order-list-legacy", ("data", "orders", 0, "totalInCents"), True),
    ("order-list-legacy", ("meta", "pagination", "hasMore"), "yes"),
    ("order-list-legacy", ("meta", "pagination", "cursor"), 2),
    ("download", ("data", "downloadUrl"), "http://storage.clawver.example/x"),
    ("download", ("data", "expiresInMinutes"), "60"),
    ("refund-response", ("data", "order", "refunds", 0, "amountInCents"), 0),
    ("refund-response", ("data", "order", "refunds", 0, "reason"), ""),
    ("webhook-event", ("timestamp",), "2024-01-15 10:30"),
    ("webhook-event", ("data", "orderId"), None),
]


@pytest.mark.parametrize(("name", "path", "value"), WRONG)
def test_the_schemas_catch_a_wrong_value(
    name: str, path: tuple[str | int, ...], value: object, validate: Validate
) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    wrong = deepcopy(sample)
    at: Any = wrong
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert validate(name, wrong)
    for step in path[:-1]:
        sample = sample[step]
    if path[-1] in sample:
        del at[path[-1]]
        assert validate(name, wrong)


def test_a_printed_item_of_today_needs_its_variant_and_new_members_are_welcome(validate: Validate) -> None:
    sample = json.loads((SAMPLES / "order.json").read_text(encoding="utf-8"))
    order = sample["data"]["order"]
    order |= {"status": "confirmed", "paymentStatus": "paid", "giftMessage": "hello"}
    assert validate("order", sample) == []
    order["items"][0]["productType"] = "print_on_demand"
    assert validate("order", sample)
    order["items"][0] |= {"variantId": "4012", "variantName": "Tee / S"}
    assert validate("order", sample) == []
