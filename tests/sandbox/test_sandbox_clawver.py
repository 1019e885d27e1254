"""Clawver's dialect: reads, refunds and refusals in both generations."""

import json
from collections.abc import Callable
from datetime import datetime

import httpx2
import pytest

from clawver_orders.sandbox import READ_ONLY_KEY, Sandbox
from clawver_orders.sandbox.orders import Order

pytestmark = pytest.mark.anyio
Clock = Callable[[], datetime]
Connect = Callable[..., httpx2.AsyncClient]


def hinted(sandbox: Sandbox, hint: str) -> Order:
    return sandbox.shop.orders[sandbox.hints[hint]]


def code(answer: httpx2.Response) -> tuple[int, str]:
    """Status and error code of a refusal, after a look at its envelope."""
    body = answer.json()
    assert body["success"] is False
    assert body["error"]["message"]
    return answer.status_code, body["error"]["code"]


async def test_a_list_is_twenty_whole_orders_newest_first_without_a_cursor(
    sandbox: Sandbox, connect: Connect
) -> None:
    async with connect(sandbox) as client:
        body = (await client.get("/v1/orders")).json()
    assert set(body) == {"success", "data"}
    orders = body["data"]["orders"]
    assert len(orders) == 20
    assert orders == sorted(orders, key=lambda order: order["createdAt"], reverse=True)
    assert {"paymentStatus", "items", "refunds", "customerEmail"} <= set(orders[0])


async def test_a_list_may_say_at_its_top_that_there_is_more(clock: Clock, connect: Connect) -> None:
    async with connect(Sandbox(seed=7, now=clock, pagination="top", rows="sparse")) as client:
        body = (await client.get("/v1/orders?limit=5&cursor=anything")).json()
    assert body["pagination"] == {"cursor": None, "hasMore": True, "limit": 5}
    assert set(body["data"]["orders"][0]) == {"id", "status", "totalInCents", "createdAt"}


async def test_a_legacy_list_is_bare_rows_and_its_cursor_leads_through_all_of_them(
    legacy: Sandbox, connect: Connect
) -> None:
    seen: list[str] = []
    async with connect(legacy) as client:
        cursor = ""
        while True:
            body = (await client.get("/v1/orders", params={"limit": 7, "cursor": cursor})).json()
            page = body["meta"]["pagination"]
            seen += [order["id"] for order in body["data"]["orders"]]
            assert set(body["data"]["orders"][0]) == {"id", "status", "totalInCents", "createdAt"}
            assert page["hasMore"] is (page["cursor"] is not None)
            if not page["hasMore"]:
                break
            cursor = page["cursor"]
        assert code(await client.get("/v1/orders?cursor=b3JkX25vbmU")) == (400, "VALIDATION_ERROR")
        assert code(await client.get("/v1/orders?cursor=%ff")) == (400, "VALIDATION_ERROR")
    assert seen == [order.id for order in legacy.shop.newest_first()]


@pytest.mark.parametrize("status", ["pending", "confirmed", "processing", "shipped", "delivered", "cancelled"])
async def test_a_status_filters_the_list(sandbox: Sandbox, connect: Connect, status: str) -> None:
    async with connect(sandbox) as client:
        orders = (await client.get("/v1/orders", params={"status": status, "limit": 100})).json()["data"]["orders"]
    expected = {order.id for order in sandbox.shop.orders.values() if order.stage == status}
    assert {order["id"] for order in orders} == expected
    assert expected


@pytest.mark.parametrize("word", ["paid", "refunded", "complete", ""])
async def test_a_status_that_is_not_documented_yields_nothing_silently(
    sandbox: Sandbox, connect: Connect, word: str
) -> None:
    async with connect(sandbox) as client:
        answer = await client.get("/v1/orders", params={"status": word})
    assert (answer.status_code, answer.json()["data"]["orders"]) == (200, [])


async def test_the_legacy_generation_has_its_own_words(legacy: Sandbox, connect: Connect) -> None:
    async with connect(legacy) as client:
        lists = {
            word: (await client.get("/v1/orders", params={"status": word})).json()["data"]["orders"]
            for word in ("paid", "refunded", "confirmed")
        }
        order = (await client.get(f"/v1/orders/{legacy.hints['wrong_size_order']}")).json()["data"]["order"]
    assert lists["paid"]
    assert legacy.hints["partially_refunded_order"] in [order["id"] for order in lists["refunded"]]
    assert not lists["confirmed"]
    assert "paymentStatus" not in order
    assert "variantId" not in order["items"][0]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e1", "", "１０", "9" * 5000])
async def test_a_limit_out_of_range_is_refused(sandbox: Sandbox, connect: Connect, limit: str) -> None:
    async with connect(sandbox) as client:
        assert code(await client.get("/v1/orders", params={"limit": limit})) == (400, "VALIDATION_ERROR")


async def test_an_order_tells_its_money_items_and_parcel(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox) as client:
        shipped = (await client.get(f"/v1/orders/{sandbox.hints['shipped_order']}")).json()["data"]["order"]
        digital = (await client.get(f"/v1/orders/{sandbox.hints['digital_order']}")).json()["data"]["order"]
    assert (shipped["status"], shipped["paymentStatus"]) == ("shipped", "paid")
    assert shipped["trackingUrl"].startswith("https://track.example/")
    assert shipped["trackingNumber"] in shipped["trackingUrl"]
    assert shipped["shippingAddress"]["country"]
    assert (digital["status"], digital["shippingAddress"], digital["carrier"]) == ("delivered", None, None)
    assert (digital["totalInCents"], digital["platformFeeInCents"]) == (2499, 50)
    assert digital["createdAt"].endswith("Z")


async def test_the_platforms_fee_is_two_percent_rounded_half_up(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox) as client:
        order = (await client.get(f"/v1/orders/{sandbox.hints['failed_order']}")).json()["data"]["order"]
    assert (order["subtotalInCents"], order["platformFeeInCents"]) == (775, 16)


async def test_a_refund_of_more_than_is_left_is_refused_and_says_what_is(
    sandbox: Sandbox, connect: Connect
) -> None:
    order = hinted(sandbox, "digital_order")
    sandbox.shop.refund(order.id, 500, "x")
    async with connect(sandbox) as client:
        answer = await client.post(f"/v1/orders/{order.id}/refund", json={"amountInCents": 2000, "reason": "x"})
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"] == {"remainingInCents": 1999}
    assert order.refunded == 500


async def test_a_printed_item_says_its_size_and_a_file_does_not(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox) as client:
        order = (await client.get(f"/v1/orders/{sandbox.hints['mixed_order']}")).json()["data"]["order"]
    printed, file = order["items"]
    assert printed["productType"] == "print_on_demand"
    assert printed["variantName"].startswith("Heavy Cotton Tee / ")
    assert file["productType"] == "digital"
    assert "variantId" not in file


async def test_an_owner_gets_a_new_link_each_time(sandbox: Sandbox, connect: Connect) -> None:
    path = f"/v1/orders/{sandbox.hints['digital_order']}/download/{sandbox.hints['digital_item']}"
    async with connect(sandbox) as client:
        first, second = [(await client.get(path)).json()["data"] for _ in range(2)]
    assert first["downloadUrl"] != second["downloadUrl"]
    assert first["expiresInMinutes"] == 60
    assert (first["fileName"], first["fileSizeBytes"]) == ("Art_Pack_Vol_1.zip", 52_428_800)


async def test_what_is_printed_unpaid_or_paid_back_cannot_be_downloaded(sandbox: Sandbox, connect: Connect) -> None:
    mixed, refunded = hinted(sandbox, "mixed_order"), hinted(sandbox, "refunded_order")
    async with connect(sandbox) as client:
        printed = await client.get(f"/v1/orders/{mixed.id}/download/{mixed.items[0].id}")
        back = await client.get(f"/v1/orders/{refunded.id}/download/{refunded.items[0].id}")
        none = await client.get(f"/v1/orders/{mixed.id}/download/item_none")
    assert code(printed) == (400, "VALIDATION_ERROR")
    assert code(back) == (409, "CONFLICT")
    assert code(none) == (404, "RESOURCE_NOT_FOUND")


async def test_a_receipt_has_the_tokens_that_open_the_public_endpoints_without_a_key(
    sandbox: Sandbox, connect: Connect
) -> None:
    async with connect(sandbox, None) as client:
        checkout = sandbox.hints["two_order_checkout"]
        receipt = (await client.get(f"/v1/checkout/{checkout}/receipt")).json()["data"]["receipt"]
        assert receipt["checkoutId"] == checkout
        digital, printed = receipt["orders"]
        file = digital["items"][0]
        link = await client.get(
            f"/v1/orders/{digital['id']}/download/{file['id']}/public", params={"token": file["downloadToken"]}
        )
        status = await client.get(
            f"/v1/orders/{printed['id']}/public", params={"token": printed["orderStatusToken"]}
        )
    assert link.json()["data"]["fileName"] == "Art_Pack_Vol_1.zip"
    shown = status.json()["data"]["order"]
    assert (shown["id"], shown["status"]) == (printed["id"], "processing")
    assert not {"customerEmail", "shippingAddress", "refunds", "platformFeeInCents"} & set(shown)
    assert "downloadToken" not in printed["items"][0]


async def test_public_endpoints_refuse_a_missing_and_a_wrong_token(sandbox: Sandbox, connect: Connect) -> None:
    order = hinted(sandbox, "digital_order")
    other = hinted(sandbox, "refunded_order")
    paths = (f"/v1/orders/{order.id}/public", f"/v1/orders/{order.id}/download/{order.items[0].id}/public")
    async with connect(sandbox) as client:
        for path in paths:
            assert code(await client.get(path)) == (401, "UNAUTHORIZED")
            assert code(await client.get(path, params={"token": ""})) == (401, "UNAUTHORIZED")
            for token in (other.status_token, "ключ", "x"):
                assert code(await client.get(path, params={"token": token})) == (403, "FORBIDDEN")
        assert code(await client.get("/v1/checkout/chk_none/receipt")) == (404, "RESOURCE_NOT_FOUND")
        assert code(await client.get("/v1/orders/ord_none/public?token=x")) == (404, "RESOURCE_NOT_FOUND")


async def test_a_refund_changes_the_order(sandbox: Sandbox, connect: Connect) -> None:
    order = hinted(sandbox, "digital_order")
    async with connect(sandbox) as client:
        part = await client.post(
            f"/v1/orders/{order.id}/refund", json={"amountInCents": 500, "reason": "Scratched [R-7K2M9Q4X]"}
        )
        rest = await client.post(
            f"/v1/orders/{order.id}/refund", json={"amountInCents": 1999, "reason": "All of it"}
        )
        after = await client.post(f"/v1/orders/{order.id}/refund", json={"amountInCents": 1, "reason": "And more"})
    shown = part.json()["data"]["order"]
    assert (shown["paymentStatus"], shown["status"]) == ("partially_refunded", "delivered")
    assert shown["refunds"][0]["reason"] == "Scratched [R-7K2M9Q4X]"
    assert shown["refunds"][0]["stripeRefundId"].startswith("re_example")
    assert rest.json()["data"]["order"]["paymentStatus"] == "refunded"
    assert code(after) == (409, "CONFLICT")
    assert [refund.amount for refund in order.refunds] == [500, 1999]


async def test_a_legacy_refund_of_a_part_makes_the_order_refunded_and_leaves_the_rest_to_refund(
    legacy: Sandbox, connect: Connect
) -> None:
    """hostile 28."""
    order = hinted(legacy, "refundable_order")
    async with connect(legacy) as client:
        path = f"/v1/orders/{order.id}/refund"
        part = (await client.post(path, json={"amountInCents": 500, "reason": "A part"})).json()["data"]["order"]
        rest = await client.post(path, json={"amountInCents": order.remaining, "reason": "The rest"})
        late = await client.post(
            f"/v1/orders/{legacy.hints['shipped_order']}/refund", json={"amountInCents": 1, "reason": "Gone"}
        )
    assert set(part) == {"id", "status", "refunds"}
    assert part["status"] == "refunded"
    assert rest.status_code == 200
    assert code(late) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        {"amountInCents": True, "reason": "x"},
        {"amountInCents": "500", "reason": "x"},
        {"amountInCents": 500.0, "reason": "x"},
        {"amountInCents": 0, "reason": "x"},
        {"amountInCents": -5, "reason": "x"},
        {"amountInCents": 2500, "reason": "x"},
        {"amountInCents": 2**70, "reason": "x"},
        {"amountInCents": 500, "reason": "  "},
        {"amountInCents": 500, "reason": None},
        {"amountInCents": 500},
        {"reason": "x"},
        [],
    ],
)
async def test_a_refund_with_wrong_arguments_is_refused_and_moves_nothing(
    sandbox: Sandbox, connect: Connect, body: object
) -> None:
    """hostile 1 to 6, at the shop's side."""
    order = hinted(sandbox, "digital_order")
    async with connect(sandbox) as client:
        answer = await client.post(f"/v1/orders/{order.id}/refund", json=body)
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert not order.refunds


@pytest.mark.parametrize("content", [b"", b"{", b'{"amountInCents":NaN}', b"[" * 100_000, b"\xff", b"9" * 5000])
async def test_a_body_that_is_not_json_is_refused(sandbox: Sandbox, connect: Connect, content: bytes) -> None:
    path = f"/v1/orders/{sandbox.hints['digital_order']}/refund"
    async with connect(sandbox) as client:
        headers = {"Content-Type": "application/json"}
        assert code(await client.post(path, content=content, headers=headers)) == (400, "VALIDATION_ERROR")
        right = json.dumps({"amountInCents": 1, "reason": "x"}).encode()
        assert code(await client.post(path, content=right)) == (400, "VALIDATION_ERROR")
        assert code(await client.post(path, content=b"x" * (1 << 20) + b"x")) == (413, "VALIDATION_ERROR")


@pytest.mark.parametrize("hint", ["pending_order", "failed_order"])
async def test_an_unpaid_order_is_not_refunded(sandbox: Sandbox, connect: Connect, hint: str) -> None:
    async with connect(sandbox) as client:
        answer = await client.post(
            f"/v1/orders/{sandbox.hints[hint]}/refund", json={"amountInCents": 1, "reason": "x"}
        )
    assert code(answer) == (400, "VALIDATION_ERROR")


async def test_a_lone_surrogate_in_a_reason_comes_back_as_it_went(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox) as client:
        answer = await client.post(
            f"/v1/orders/{sandbox.hints['digital_order']}/refund",
            content=b'{"amountInCents":1,"reason":"a\\ud800"}',
            headers={"Content-Type": "application/json"},
        )
    assert b"a\\ud800" in answer.content


@pytest.mark.parametrize("key", [None, "", "claw_sk_test_other_example"])
async def test_a_missing_or_wrong_key_is_unauthorized(sandbox: Sandbox, connect: Connect, key: str | None) -> None:
    order = sandbox.hints["digital_order"]
    async with connect(sandbox, key) as client:
        for path in ("/v1/orders", f"/v1/orders/{order}", "/v1/webhooks"):
            assert code(await client.get(path)) == (401, "UNAUTHORIZED")
        assert code(await client.post(f"/v1/orders/{order}/refund", json={})) == (401, "UNAUTHORIZED")


async def test_the_read_only_key_reads_and_changes_nothing(sandbox: Sandbox, connect: Connect) -> None:
    order = hinted(sandbox, "digital_order")
    async with connect(sandbox, READ_ONLY_KEY) as client:
        assert (await client.get("/v1/orders")).status_code == 200
        refund = await client.post(f"/v1/orders/{order.id}/refund", json={"amountInCents": 1, "reason": "x"})
        assert code(refund) == (403, "FORBIDDEN")
        assert code(await client.delete("/v1/webhooks/wh_none")) == (403, "FORBIDDEN")
    assert not order.refunds


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("GET", "/v1/orders/"),
        ("GET", "/v1/orders/%2e%2e/orders"),
        ("GET", "/v1/orders/a%2Fpublic"),
        ("HEAD", "/v1/orders"),
        ("PUT", "/v1/orders"),
        ("POST", "/v1/orders"),
        ("GET", "/orders"),
        ("GET", "/"),
    ],
)
async def test_what_does_not_exist_is_not_found(sandbox: Sandbox, connect: Connect, method: str, path: str) -> None:
    async with connect(sandbox) as client:
        answer = await client.request(method, path)
    assert answer.status_code == 404
    if method != "HEAD":
        assert answer.json()["error"]["code"] == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(("generation", "word"), [("current", "RATE_LIMITED"), ("legacy", "RATE_LIMIT_EXCEEDED")])
async def test_the_sixty_first_call_of_a_minute_is_refused_in_each_generations_word(
    clock: Clock, move: Callable[[float], None], connect: Connect, generation: str, word: str
) -> None:
    sandbox = Sandbox(
        seed=7, generation="legacy" if generation == "legacy" else "current", now=clock, rate_limit=True
    )
    async with connect(sandbox) as client:
        for _ in range(60):
            assert (await client.get("/v1/webhooks")).status_code == 200
        move(20)
        refused = await client.get("/v1/webhooks")
        assert code(refused) == (429, word)
        assert refused.headers["Retry-After"] == "40"
        move(40)
        assert (await client.get("/v1/webhooks")).status_code == 200


async def test_without_the_switch_nobody_is_limited(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox) as client:
        assert {(await client.get("/v1/webhooks")).status_code for _ in range(70)} == {200}
