"""The made-up WooCommerce answers as the real one was recorded to, no and yes alike."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.woocommerce import KEY, READ_ONLY_KEY, READ_ONLY_SECRET, SECRET, dialect
from tests.woocommerce.shop import NOON, recorded, sandbox

pytestmark = pytest.mark.anyio

STORE = "/wp-json/wc/store/v1/order"
ORDERS = "/wp-json/wc/v3/orders"
OWNER = (KEY, SECRET)


def client_of(shop: Sandbox, **options: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=shop.app), base_url="http://shop.test", **options)


@pytest.fixture
def shop() -> Sandbox:
    return sandbox()


@pytest.fixture
async def client(shop: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(shop, headers={"accept": "application/json"}) as client:
        yield client


def key_of(shop: Sandbox, order_id: str) -> str:
    return f"wc_order_example_{shop.shop.numbered(order_id).status_token.rpartition('_')[2]}"


def same_no(answer: httpx2.Response, name: str) -> None:
    """Whether an answer is the recorded one, apart from what is written in it for people."""
    real = recorded(name)
    assert answer.status_code == real["status"]
    body = answer.json()
    assert (body["code"], body["data"]) == (real["body"]["code"], real["body"]["data"])
    assert body["message"] == real["body"]["message"] or name == "rate_limit_4"


async def test_the_store_api_says_each_recorded_no(shop: Sandbox, client: httpx2.AsyncClient) -> None:
    order_id, key, email = (shop.hints[name] for name in ("guest_order", "guest_key", "guest_email"))
    right = {"key": key, "billing_email": email}
    same_no(await client.get(f"{STORE}/{order_id}", params={**right, "key": "wc_order_example_x"}), "err_wrong_key")
    same_no(await client.get(f"{STORE}/{order_id}", params={"key": key}), "err_missing_email")
    same_no(await client.get(f"{STORE}/999999", params=right), "err_unknown_id")
    theirs = shop.hints["registered_order"]
    owner = shop.shop.numbered(theirs).customer.email
    same_no(
        await client.get(f"{STORE}/{theirs}", params={"key": key_of(shop, theirs), "billing_email": owner}),
        "err_customer_anonymous",
    )
    wrong = await client.get(f"{STORE}/{order_id}", params={**right, "billing_email": "x@mail.example"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "woocommerce_rest_invalid_billing_email")
    both = await client.get(f"{STORE}/{order_id}", params={"key": "x", "billing_email": "x"})
    assert both.json()["code"] == "woocommerce_rest_invalid_order"


@pytest.mark.parametrize("path", ["x", "-1", "", "12x"])
async def test_what_is_no_number_is_no_route(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(f"{STORE}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "rest_no_route")
    assert (await client.post(f"{STORE}/22")).status_code == 404


async def test_the_store_api_accepts_what_the_real_one_does(shop: Sandbox, client: httpx2.AsyncClient) -> None:
    order_id, key, email = (shop.hints[name] for name in ("guest_order", "guest_key", "guest_email"))
    params = {"key": f" {key} ", "billing_email": email.upper(), "more": "x"}
    for path in (f"{STORE}/{order_id}/", f"/wp-json/wc/store/order/{order_id}", f"{STORE}/000{order_id}"):
        answer = await client.get(path, params=params, headers={"authorization": "Basic nonsense"})
        assert answer.status_code == 200, path
    few = await client.get(f"{STORE}/{order_id}", params={**params, "_fields": "id,totals"})
    assert set(few.json()) == {"id", "totals"}
    assert (await client.get("/", params={**params, "rest_route": f"/wc/store/v1/order/{order_id}"})).json()["id"]


async def test_every_line_holds_the_orders_key(shop: Sandbox, client: httpx2.AsyncClient) -> None:
    order_id, key, email = (shop.hints[name] for name in ("guest_order", "guest_key", "guest_email"))
    body = (await client.get(f"{STORE}/{order_id}", params={"key": key, "billing_email": email})).json()
    assert {item["key"] for item in body["items"]} == {key}


async def test_rest_v3_says_each_recorded_no(shop: Sandbox) -> None:
    cod, refundable = shop.hints["cod_order"], shop.hints["refundable_order"]
    refund = {"amount": "1.00"}
    async with client_of(shop) as anyone:
        same_no(await anyone.get(f"{ORDERS}/{cod}"), "v3_noauth")
        assert (await anyone.get(ORDERS)).json()["message"] == "Sorry, you cannot list resources."
    async with client_of(shop, auth=OWNER) as owner:
        same_no(await owner.get(f"{ORDERS}/999999"), "v3_order_unknown")
        same_no(await owner.post(f"{ORDERS}/{cod}/refunds", json=refund), "v3_refund_api_cod")
        much = {"amount": "9999.00", "api_refund": False}
        same_no(await owner.post(f"{ORDERS}/{refundable}/refunds", json=much), "v3_refund_post_too_much")
        unknown = await owner.get(f"{ORDERS}/{refundable}/refunds/1")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "woocommerce_rest_invalid_order_refund_id")
    async with client_of(shop, auth=(READ_ONLY_KEY, READ_ONLY_SECRET)) as reader:
        assert (await reader.get(f"{ORDERS}/{cod}")).status_code == 200
        same_no(await reader.post(f"{ORDERS}/{cod}/refunds", json=refund), "v3_readonly_refund_post")
    async with client_of(shop, auth=(KEY, "cs_example_wrong")) as wrong:
        assert (await wrong.get(ORDERS)).json()["code"] == "woocommerce_rest_authentication_error"


async def test_the_rate_limit_is_the_recorded_one(shop: Sandbox) -> None:
    limited = sandbox(rate_limit=True)
    async with client_of(limited) as client:
        answers = [await client.get(f"{STORE}/1") for _ in range(26)]
    same_no(answers[-1], "rate_limit_4")
    assert {name for name in answers[-1].headers if name.startswith("ratelimit")} == {
        name.lower() for name in recorded("rate_limit_4")["headers"] if name.startswith("RateLimit")
    }
    assert all(answer.status_code == 404 for answer in answers[:-1])
    async with client_of(limited, auth=OWNER) as owner:
        assert (await owner.get(ORDERS)).status_code == 200


async def test_refunds_behave_as_recorded(shop: Sandbox) -> None:
    order_id = shop.hints["refundable_order"]
    total = shop.shop.numbered(order_id).total
    async with client_of(shop, auth=OWNER) as owner:
        where = f"{ORDERS}/{order_id}/refunds"
        zero = await owner.post(where, json={"amount": "0"})
        assert (zero.status_code, zero.json()["amount"]) == (201, "0.00")
        none = await owner.post(where, json={})
        assert (none.status_code, none.json()["amount"]) == (201, "")
        first = (await owner.post(where, json={"amount": "5.00", "reason": "torn"})).json()
        assert (first["refunded_payment"], first["amount"]) == (True, "5.00")
        order = (await owner.get(f"{ORDERS}/{order_id}")).json()
        assert order["status"] == "processing"
        assert {"id": first["id"], "reason": "torn", "total": "-5.00"} in order["refunds"]
        rest = f"{(total - 500) / 100:.2f}"
        last = (await owner.post(where, json={"amount": rest, "api_refund": False})).json()
        assert last["refunded_payment"] is False
        assert (await owner.get(f"{ORDERS}/{order_id}")).json()["status"] == "refunded"
        listed = await owner.get(where)
        assert listed.json()[0]["id"] == last["id"]
        assert listed.headers["x-wp-total"] == "4"
        again = await owner.post(where, json={"amount": "0.01"})
        assert again.status_code == 500


async def test_maintenance_and_fatal_errors_are_json_only_to_whom_asks_for_it(shop: Sandbox) -> None:
    spoken: Any = shop.dialect
    spoken.maintenance = True
    async with client_of(shop) as client:
        page = await client.get(f"{STORE}/1", headers={"accept": "*/*"})
        assert (page.status_code, page.headers["retry-after"]) == (503, "600")
        assert page.headers["content-type"].startswith("text/html")
        data = await client.get(f"{STORE}/1", headers={"accept": "application/json"})
        assert (data.status_code, data.json()["code"]) == (503, "wp_die")


async def test_plain_permalinks_redirect_as_recorded() -> None:
    async with client_of(sandbox(permalinks="plain")) as client:
        moved = await client.get(f"{STORE}/1")
        real = recorded("state_plain_permalinks_wp_json")
        assert (moved.status_code, moved.text) == (real["status"], real["body_text"])
        assert moved.headers["location"].endswith("/1/")
        front = await client.get(f"{STORE}/1/")
        assert (front.status_code, front.headers["content-type"][:9]) == (200, "text/html")


async def test_the_list_pages_by_headers_and_leaves_the_bin_out(shop: Sandbox) -> None:
    async with client_of(shop, auth=OWNER) as owner:
        page = await owner.get(ORDERS, params={"per_page": "20", "page": "2"})
        assert (len(page.json()), page.headers["x-wp-total"]) == (20, str(len(shop.shop.orders)))
        assert page.headers["x-wp-totalpages"] == "3"
        trash = await owner.get(ORDERS, params={"status": "trash"})
        assert [order["id"] for order in trash.json()] == [int(shop.hints["trashed_order"])]
        for name, value in (("status", "lost"), ("per_page", "101"), ("page", "0"), ("after", "yesterday")):
            wrong = await owner.get(ORDERS, params={name: value})
            assert (wrong.status_code, wrong.json()["code"]) == (400, "rest_invalid_param")


async def test_an_order_on_hold_takes_no_notice_of_set_paid(shop: Sandbox) -> None:
    order_id = shop.hints["on_hold_order"]
    async with client_of(shop, auth=OWNER) as owner:
        body = (await owner.put(f"{ORDERS}/{order_id}", json={"set_paid": True})).json()
        assert (body["status"], body["date_paid"], body["date_paid_gmt"]) == ("on-hold", None, None)
        paid = (await owner.put(f"{ORDERS}/{order_id}", json={"status": "processing"})).json()
        assert (paid["status"], paid["date_paid_gmt"]) == ("processing", "2026-11-22T12:00:00")
        assert paid["date_paid"] == "2026-11-22T13:00:00"


@pytest.mark.parametrize("seed", range(12))
async def test_every_seed_has_all_the_hints_and_numbers_of_its_own(seed: int) -> None:
    shop = Sandbox(seed=seed, now=lambda: NOON, dialect=dialect())
    assert set(shop.hints) == set(sandbox().hints)
    async with client_of(shop, auth=OWNER) as owner:
        orders = (await owner.get(ORDERS, params={"per_page": "100"})).json()
    assert {order["id"] // 1000 for order in orders} == {seed + 1}
    params = {"key": shop.hints["guest_key"], "billing_email": shop.hints["guest_email"]}
    async with client_of(shop) as guest:
        assert (await guest.get(f"{STORE}/{shop.hints['guest_order']}", params=params)).status_code == 200
