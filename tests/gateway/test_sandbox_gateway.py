"""The made-up gateway: its three envelopes, its quirks and its switches, seen without any of our clients."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from clawver_orders.sandbox import Sandbox, open_sandbox
from clawver_orders.sandbox.gateway import SHOPIFY, Gateway

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sandbox(dialect: Gateway | None = None) -> Sandbox:
    return Sandbox(seed=7, now=lambda: NOON, dialect=dialect or Gateway())


def client(shop: Sandbox) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=shop.app), base_url="http://sandbox.test")


async def get(shop: Sandbox, path: str, body: object = None) -> tuple[int, Any]:
    async with client(shop) as connection:
        answer = await connection.request("GET", path, json=body)
        return answer.status_code, answer.json()


async def copy_of(shop: Sandbox, hint: str, body: object = SHOPIFY) -> tuple[int, Any]:
    copy_id = 5_000_000_000 + int(shop.hints[hint])
    return await get(shop, f"/api/shopify/orders/{copy_id}", body)


async def own(shop: Sandbox, hint: str) -> dict[str, Any]:
    data: dict[str, Any] = (await get(shop, f"/api/orders/{shop.hints[hint]}"))[1]["data"]
    return data


def test_it_is_a_platform_of_the_sandbox_and_says_what_opens_it() -> None:
    shop = open_sandbox("gateway", 7)
    assert (shop.platform, shop.settings["shopify"]) == ("gateway", SHOPIFY)
    assert all(
        value.isdecimal() for name, value in shop.hints.items() if name.endswith("_order") and ":" not in value
    )


async def test_a_list_has_pages_a_total_and_rows_without_a_currency() -> None:
    shop = sandbox()
    status, body = await get(shop, "/api/orders")
    assert (status, body["success"], body["message"]) == (200, True, "操作成功")
    data = body["data"]
    assert (data["total"], data["page"], data["pageSize"], len(data["list"])) == (len(shop.shop.orders), 1, 10, 10)
    assert {len(row) for row in data["list"]} == {7}
    assert not any("currency" in row for row in data["list"])
    last = (await get(shop, "/api/orders?page=6&pageSize=10"))[1]["data"]
    assert len(last["list"]) == len(shop.shop.orders) - 50
    assert (await get(shop, "/api/orders?page=7&pageSize=10"))[1]["data"]["list"] == []
    assert (await get(shop, "/api/orders?page=0&pageSize=x"))[1]["data"]["pageSize"] == 10
    assert (await get(shop, "/api/orders?pageSize=5000"))[1]["data"]["pageSize"] == 100


async def test_filters_are_status_method_and_a_part_of_an_email() -> None:
    shop = sandbox()
    rows = (await get(shop, "/api/orders?pageSize=100"))[1]["data"]["list"]
    for name, text in (("status", "paid"), ("payment_method", "worldxinpay")):
        found = (await get(shop, f"/api/orders?pageSize=100&{name}={text}"))[1]["data"]
        assert found["list"] == [row for row in rows if row[name] == text]
        assert found["total"] == len(found["list"]) > 0
    found = (await get(shop, "/api/orders?pageSize=100&search=LINDQVIST"))[1]["data"]["list"]
    assert found == [row for row in rows if "lindqvist" in row["customer_email"]]
    assert (await get(shop, "/api/orders?status=nothing"))[1]["data"]["total"] == 0
    deaf = sandbox(Gateway(deaf=frozenset({"status"})))
    assert (await get(deaf, "/api/orders?status=nothing"))[1]["data"]["total"] == len(rows)


async def test_rows_say_paid_although_no_document_lists_it() -> None:
    words = [row["status"] for row in (await get(sandbox(), "/api/orders?pageSize=100"))[1]["data"]["list"]]
    assert set(words) == {"pending", "paid", "processing", "completed", "cancelled", "refunded", "failed"}


async def test_amounts_are_floats_and_times_the_wall_clock_of_shanghai() -> None:
    shop = sandbox()
    order = await own(shop, "shipped_order")
    model = shop.shop.numbered(shop.hints["shipped_order"])
    assert isinstance(order["total_amount"], float)
    assert order["total_amount"] == model.total / 100
    assert order["line_items"][0]["price"] == f"{model.items[0].price / 100:.2f}"
    wall = (model.created_at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    assert order["created_at"] == wall
    assert len(str(order["line_items"][0]["variant_id"])) == 14
    assert len(str((await own(shop, "long_amount_order"))["total_amount"])) > 10
    _, copy = await copy_of(shop, "shipped_order")
    assert copy["order"]["created_at"].endswith("-04:00")
    assert datetime.fromisoformat(copy["order"]["created_at"]) == model.created_at.replace(microsecond=0)


async def test_tokens_stand_in_the_bodies() -> None:
    shop = sandbox()
    order = await own(shop, "shipped_order")
    _, copy = await copy_of(shop, "shipped_order")
    found = (order["cart_token"], order["order_status_url"], copy["order"]["token"])
    assert all("secret-example" in text for text in found)


async def test_some_orders_contradict_themselves_or_their_copy() -> None:
    shop = sandbox()
    odd = await own(shop, "disagreeing_order")
    assert (odd["payment_status"], odd["financial_status"]) == ("unpaid", "paid")
    _, copy = await copy_of(shop, "diverging_order")
    assert float(copy["order"]["total_price"]) == (await own(shop, "diverging_order"))["total_amount"] - 5
    assert (await own(shop, "unsynced_order"))["shopify_order_id"] is None


async def test_refunds_in_the_dashboard_are_seen_in_both() -> None:
    shop = sandbox()
    order = shop.shop.numbered(shop.hints["refundable_order"])
    shop.shop.refund(order.id, order.total, "arrived torn")
    told = await own(shop, "refundable_order")
    assert (told["status"], told["payment_status"], told["financial_status"]) == (
        "refunded",
        "refunded",
        "refunded",
    )
    _, copy = await copy_of(shop, "refundable_order")
    kinds = [(each["kind"], each["amount"]) for each in copy["order"]["transactions"]]
    assert kinds[1] == ("refund", f"{order.total / 100:.2f}")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 400),
        ({}, 400),
        ([], 400),
        ({**SHOPIFY, "access_token": ""}, 400),
        ({**SHOPIFY, "access_token": "shpat_example_wrong"}, 401),
        ({**SHOPIFY, "shop_domain": "else.myshopify.com"}, 401),
    ],
)
async def test_a_copy_wants_the_credentials_in_the_body(body: object, status: int) -> None:
    for errors, http in (("200", 200), ("status", status)):
        shop = sandbox(Gateway(errors="200" if errors == "200" else "status"))
        found, answer = await copy_of(shop, "shipped_order", body)
        assert (found, answer["success"], answer["status_code"]) == (http, False, status)


async def test_shopify_forgets_after_sixty_days_and_the_gateway_does_not() -> None:
    shop = sandbox()
    assert (await own(shop, "old_order"))["id"] == int(shop.hints["old_order"])
    _, answer = await copy_of(shop, "old_order")
    assert answer == {"success": False, "error": "获取订单失败: Order not found", "status_code": 404}


async def test_errors_have_status_200_or_their_own() -> None:
    for errors, http in (("200", 200), ("status", 404)):
        shop = sandbox(Gateway(errors="200" if errors == "200" else "status"))
        assert await get(shop, "/api/orders/1") == (http, {"code": 1, "msg": "订单不存在", "status": 404})


async def test_what_is_no_path_is_a_page() -> None:
    async with client(sandbox()) as connection:
        for method, path in (
            ("GET", "/api/orders/abc"),
            ("GET", "/orders"),
            ("POST", "/api/orders"),
            ("GET", "/api"),
        ):
            answer = await connection.request(method, path)
            assert answer.status_code == 404
            assert "text/html" in answer.headers["content-type"]


async def test_a_login_stands_before_everything() -> None:
    async with client(sandbox(Gateway(login="redirect"))) as connection:
        answer = await connection.get("/api/orders")
        assert (answer.status_code, answer.headers["location"]) == (302, "/login?next=/orders")
    async with client(sandbox(Gateway(login="page"))) as connection:
        answer = await connection.get("/api/orders")
        assert (answer.status_code, "Sign in" in answer.text) == (200, True)


async def test_faults_come_in_the_envelope_of_lists() -> None:
    shop = sandbox()
    shop.faults.add("get:500:1", "list:429:1")
    status, body = await get(shop, f"/api/orders/{shop.hints['shipped_order']}")
    assert (status, body) == (500, {"success": False, "message": "查询订单失败: 数据库连接错误"})
    assert (await get(shop, "/api/orders"))[0] == 429


async def test_the_shops_draws_are_those_of_every_dialect() -> None:
    plain, made_up = Sandbox(seed=7, now=lambda: NOON), sandbox()
    assert list(plain.shop.orders) == list(made_up.shop.orders)
    assert plain.shop.new_id("x") == made_up.shop.new_id("x")


async def test_requests_are_kept_without_the_token() -> None:
    shop = sandbox()
    await copy_of(shop, "shipped_order")
    assert shop.requests[0].body == {**SHOPIFY, "access_token": "[removed]"}
    assert shop.requests[0].operation == "shopify"
