"""The schemas of the wire formats hold for the sandbox's answers, the recorded ones and the document's sample."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.woocommerce import KEY, SECRET
from tests.woocommerce.shop import FIXTURES, recorded, sandbox

pytestmark = pytest.mark.anyio
Validate = Callable[[str, Any], list[str]]

SCHEMAS = Path(__file__).parents[2] / "references" / "schemas" / "woocommerce"
OF_RECORDS = {
    "v3_order_unknown": "error",
    "v3_noauth": "error",
    "v3_readonly_refund_post": "error",
    "v3_refund_api_cod": "error",
    "v3_refund_post_too_much": "error",
    "v3_orders_list": "order-list",
    "v3_refunds_guest_refunded_partial": "refund-list",
    "v3_refund_by_line": "refund",
    "v3_refund_one": "refund",
    "native_jpy_store": "store-order",
    "rate_limit_4": "error",
}


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
        return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(instance)]

    return validate


def schema_of(name: str) -> str:
    if name in OF_RECORDS:
        return OF_RECORDS[name]
    return "error" if name.startswith("err_") else "store-order" if name.startswith("get_") else "order"


def guest(shop: Sandbox, hint: str) -> str:
    """The address of an order with its key and its buyer's address."""
    order_id = shop.hints[hint]
    order = next(one for one in shop.shop.orders.values() if str(one.number) == order_id)
    key = f"wc_order_example_{order.status_token.rpartition('_')[2]}"
    return f"/wp-json/wc/store/v1/order/{order_id}?key={key}&billing_email={order.customer.email}"


async def answers(shop: Sandbox) -> list[tuple[str, Any]]:
    """Every operation's answer, with the name of its schema."""
    found: list[tuple[str, Any]] = []
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=shop.app), base_url="http://shop.test", auth=(KEY, SECRET)
    )
    async with client:

        async def ask(schema: str, method: str, path: str, body: object = None) -> Any:
            answer = await client.request(method, path, json=body)
            found.append((schema, answer.json()))
            return found[-1][1]

        orders = "/wp-json/wc/v3/orders"
        await ask("store-index", "GET", "/wp-json/wc/store/v1")
        await ask("order-list", "GET", f"{orders}?per_page=100")
        await ask("order-list", "GET", f"{orders}?status=trash")
        for hint in ("guest_order", "deleted_product_order", "fee_and_coupon_order", "failed_order", "draft_order"):
            order = shop.shop.numbered(shop.hints[hint])
            order.customer = shop.shop.numbered(shop.hints["guest_order"]).customer
            await ask("store-order", "GET", guest(shop, hint))
        refundable, cod = shop.hints["refundable_order"], shop.hints["cod_order"]
        refund = {"amount": "1", "reason": "torn"}
        made = await ask("refund", "POST", f"{orders}/{refundable}/refunds", refund)
        await ask("refund", "GET", f"{orders}/{refundable}/refunds/{made['id']}")
        await ask("refund", "POST", f"{orders}/{cod}/refunds", {**refund, "api_refund": False})
        await ask("refund", "POST", f"{orders}/{cod}/refunds", {"api_refund": False})
        await ask("refund-list", "GET", f"{orders}/{refundable}/refunds")
        await ask("note", "POST", f"{orders}/{refundable}/notes", {"note": "hello"})
        await ask("note-list", "GET", f"{orders}/{refundable}/notes")
        await ask("order", "GET", f"{orders}/{refundable}")
        await ask("order", "PUT", f"{orders}/{shop.hints['pending_order']}", {"set_paid": True})
        await ask("order", "PUT", f"{orders}/{shop.hints['on_hold_order']}", {"status": "cancelled"})
        await ask("payment-gateway", "GET", "/wp-json/wc/v3/payment_gateways/cod")
        await ask("error", "GET", "/wp-json/wc/v3/payment_gateways/none")
        await ask("error", "GET", f"{orders}/1")
        await ask("error", "GET", f"{orders}?per_page=0")
        await ask("error", "GET", "/wp-json/wc/v3/nothing")
        await ask("error", "GET", "/wp-json/wc/store/v1/order/1?key=x")
        await ask("error", "POST", f"{orders}/{cod}/refunds", refund)
        await ask("error", "POST", f"{orders}/{refundable}/refunds", {**refund, "amount": "99999"})
        await ask("error", "PUT", f"{orders}/{refundable}", {"status": "lost"})
        shop.faults.add("any:500", "any:429")
        await ask("error", "GET", orders)
        await ask("error", "GET", orders)
    return found


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
async def test_the_sandbox_answers_as_the_schemas_say(currency: str, validate: Validate) -> None:
    used = set()
    for schema, body in await answers(sandbox(currency)):
        used.add(f"{schema}.json")
        assert validate(schema, body) == [], (schema, body)
    assert used | {"parts.json"} == {path.name for path in SCHEMAS.iterdir()}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_real_one_answered_and_the_documents_sample_keep_to_the_schemas(
    path: Path, validate: Validate
) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    if path.stem == "state_plain_permalinks_wp_json":
        assert record["status"] == 301
        return
    body = record if path.stem == "document_order" else record["body"]
    schema = "store-order" if path.stem == "document_order" else schema_of(path.stem)
    assert validate(schema, body) == []


WRONG: list[tuple[str, str, tuple[str | int, ...], object]] = [
    ("order", "v3_order_guest_pending", ("id",), "22"),
    ("order", "v3_order_guest_pending", ("total",), 22.85),
    ("order", "v3_order_guest_pending", ("total",), "-22.85"),
    ("order", "v3_order_guest_pending", ("currency",), "dollars"),
    ("order", "v3_order_guest_pending", ("date_created_gmt",), "2026-11-21T21:06:29Z"),
    ("order", "v3_order_guest_pending", ("line_items", 0, "total"), None),
    ("order", "v3_order_guest_refunded_partial", ("refunds", 0, "total"), -3.21),
    ("refund", "v3_refund_one", ("amount",), "-3.21"),
    ("refund", "v3_refund_one", ("refunded_payment",), "no"),
    ("store-order", "get_guest_pending", ("totals", "total_price"), "22.85"),
    ("store-order", "get_guest_pending", ("totals", "total_price"), 2285),
    ("store-order", "get_guest_pending", ("items", 0, "key"), ""),
    ("store-order", "get_guest_pending", ("items", 0, "totals", "line_total"), -1),
    ("error", "err_unknown_id", ("code",), 404),
    ("error", "err_unknown_id", ("data",), "404"),
]


@pytest.mark.parametrize(("schema", "name", "path", "value"), WRONG)
def test_the_schemas_catch_a_wrong_value(
    schema: str, name: str, path: tuple[str | int, ...], value: object, validate: Validate
) -> None:
    body = recorded(name)["body"]
    assert validate(schema, body) == []
    at: Any = body
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert validate(schema, body)
    del at[path[-1]]
    assert validate(schema, body)


async def test_the_sandbox_has_the_members_that_the_real_one_has_and_no_others() -> None:
    shop = sandbox()
    bodies = {schema: body for schema, body in await answers(shop) if schema in {"order", "refund", "store-order"}}
    for schema, name in (
        ("order", "v3_order_guest_pending"),
        ("refund", "v3_refund_one"),
        ("store-order", "get_guest_pending"),
    ):
        real, made = recorded(name)["body"], bodies[schema]
        assert set(made) == set(real), schema
        for member in ("line_items", "items"):
            if real.get(member):
                assert set(made[member][0]) == set(real[member][0])
        for member in ("totals", "billing", "billing_address"):
            if isinstance(real.get(member), dict):
                assert set(made[member]) == set(real[member])
