"""The sandbox's own endpoints."""

from collections.abc import Callable

import httpx2
import pytest

from clawver_orders.sandbox import Sandbox

pytestmark = pytest.mark.anyio
Connect = Callable[..., httpx2.AsyncClient]


async def test_the_sandbox_says_what_it_is_and_what_to_try_without_a_key(
    sandbox: Sandbox, connect: Connect
) -> None:
    async with connect(sandbox, None) as client:
        about = (await client.get("/_sandbox")).json()
    assert (about["sandbox"], about["seed"], about["generation"]) == (True, 7, "current")
    assert about["key"] == "claw_sk_test_example"
    assert about["orders"] == len(sandbox.shop.orders)
    hints = about["try"]
    assert sandbox.shop.orders[hints["shipped_order"]].stage == "shipped"
    assert sandbox.shop.orders[hints["refunded_order"]].payment_status == "refunded"
    assert len(sandbox.shop.checkout(hints["two_order_checkout"])) == 2
    assert {"refund", "list", "any"} <= set(about["fault_operations"])
    assert {"timeout", "stale", "429"} <= set(about["fault_kinds"])


async def test_what_reached_the_shop_is_told_without_secrets_and_can_be_forgotten(
    sandbox: Sandbox, connect: Connect
) -> None:
    order = sandbox.hints["digital_order"]
    async with connect(sandbox) as client:
        await client.get(f"/v1/orders/{order}/public", params={"token": "ost_secret_example", "x": "1"})
        await client.post(f"/v1/orders/{order}/refund", json={"amountInCents": 5, "reason": "x"})
        await client.post("/v1/webhooks", json={"secret": "example-secret-16"})
        await client.get("/v1/orders/a%2fb?")
        await client.post("/v1/webhooks", content=b"{")
        told = await client.get("/_sandbox/requests")
        await client.delete("/_sandbox/requests")
        forgotten = (await client.get("/_sandbox/requests")).json()["requests"]
    public, refund, webhook, odd, broken = told.json()["requests"]
    assert public["query"] == {"token": "[removed]", "x": "1"}
    assert (public["method"], public["path"], public["operation"]) == (
        "GET",
        f"/v1/orders/{order}/public",
        "public-status",
    )
    assert refund["body"] == {"amountInCents": 5, "reason": "x"}
    assert (refund["status"], refund["operation"], refund["fault"]) == (200, "refund", None)
    assert webhook["body"] == {"secret": "[removed]"}
    assert (odd["path"], odd["operation"], odd["status"]) == ("/v1/orders/a%2fb", "get", 404)
    assert broken["body"] is None
    assert public["at"] == "2026-03-14T15:09:26.535000+00:00"
    for secret in ("ost_secret_example", "example-secret-16", sandbox.key):
        assert secret not in told.text
    assert forgotten == []


async def test_faults_are_put_as_texts_or_objects_in_place_of_what_was_there(
    sandbox: Sandbox, connect: Connect
) -> None:
    async with connect(sandbox) as client:
        first = await client.put("/_sandbox/faults", json={"faults": ["any:500:always"]})
        assert (await client.get("/v1/orders")).status_code == 500
        wrong = await client.put("/_sandbox/faults", json={"faults": ["list:500", "list:explode"]})
        assert (await client.get("/v1/orders")).status_code == 500
        await client.put(
            "/_sandbox/faults", json={"faults": [{"operation": "list", "kind": "503", "times": 2}, "get:500"]}
        )
        assert (await client.get("/v1/orders")).status_code == 503
        left = (await client.get("/_sandbox/faults")).json()["faults"]
        none = await client.put("/_sandbox/faults", json={"faults": []})
        assert (await client.get("/v1/orders")).status_code == 200
    assert first.json()["faults"][0]["times"] is None
    assert wrong.status_code == 400
    assert "explode" in wrong.json()["error"]
    assert [(fault["operation"], fault["kind"], fault["times"]) for fault in left] == [
        ("list", "503", 1),
        ("get", "500", 1),
    ]
    assert none.json() == {"faults": []}


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'{"faults": "any:500"}',
        b'{"faults": [5]}',
        b'{"faults": [{"kind": "500"}]}',
        b'{"faults": [{"operation": "any", "kind": "500", "reads": []}]}',
        b'{"faults": [{"operation": "any", "kind": "500", "times": 1e400}]}',
        b'{"faults": [{"operation": "any", "kind": "500", "when": "never"}]}',
    ],
)
async def test_wrong_faults_are_refused_with_a_reason(sandbox: Sandbox, connect: Connect, body: bytes) -> None:
    async with connect(sandbox) as client:
        answer = await client.put("/_sandbox/faults", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_printed_orders_move_on_stage_by_stage(sandbox: Sandbox, connect: Connect) -> None:
    order = sandbox.hints["refundable_order"]
    async with connect(sandbox) as client:
        stages = []
        for _ in range(3):
            moved = (await client.post("/_sandbox/advance", json={"order_id": order})).json()["orders"]
            shown = (await client.get(f"/v1/orders/{order}")).json()["data"]["order"]
            stages.append((moved[0]["status"], shown["status"], shown["trackingNumber"] is not None))
        done = (await client.post("/_sandbox/advance", json={"order_id": order})).json()["orders"]
        everything = (await client.post("/_sandbox/advance")).json()["orders"]
        none = await client.post("/_sandbox/advance", json={"order_id": "ord_none"})
    assert stages == [
        ("processing", "processing", False),
        ("shipped", "shipped", True),
        ("delivered", "delivered", True),
    ]
    assert done == []
    assert len(everything) > 10
    assert none.status_code == 404


async def test_people_buy_pay_cancel_and_refund_in_the_dashboard(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox) as client:

        async def happen(name: str, **body: object) -> tuple[int, object]:
            answer = await client.post(f"/_sandbox/{name}", json=body)
            orders = answer.json().get("orders")
            return answer.status_code, orders and (orders[0]["status"], orders[0]["payment_status"])

        file = (await client.post("/_sandbox/buy")).json()["orders"][0]["order_id"]
        tee = (await client.post("/_sandbox/buy", json={"kind": "print"})).json()["orders"][0]["order_id"]
        newest = (await client.get("/v1/orders?limit=2")).json()["data"]["orders"]
        assert {order["id"] for order in newest} == {file, tee}
        assert await happen("pay", order_id=file) == (200, ("delivered", "paid"))
        assert await happen("pay", order_id=file) == (409, None)
        assert await happen("pay", order_id=tee) == (200, ("confirmed", "paid"))
        assert await happen("refund", order_id=tee, amount_in_cents=100) == (
            200,
            ("confirmed", "partially_refunded"),
        )
        assert await happen("refund", order_id=tee, amount_in_cents=True) == (400, None)
        assert await happen("refund", order_id=tee, amount_in_cents=10**9) == (400, None)
        assert await happen("cancel", order_id=tee) == (200, ("cancelled", "partially_refunded"))
        assert await happen("cancel", order_id=file) == (409, None)
        assert await happen("cancel", order_id=5) == (400, None)
        assert await happen("explode", order_id=file) == (404, None)
        assert (await client.get("/_sandbox/nothing")).status_code == 404


async def test_deliveries_are_told(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox) as client:
        body = {"url": "http://127.0.0.1:9/", "events": ["order.refunded"], "secret": "example-secret-16"}
        await client.post("/v1/webhooks", json=body)
        sandbox.shop.refund(sandbox.hints["refundable_order"], 100, "x")
        told = (await client.get("/_sandbox/deliveries")).json()["deliveries"]
    assert [(row["event"], row["state"]) for row in told] == [("order.refunded", "queued")]
    assert '"event":"order.refunded"' in told[0]["body"]


async def test_the_app_lets_what_is_not_http_pass(sandbox: Sandbox) -> None:
    async def receive() -> dict[str, object]:
        raise AssertionError

    async def send(message: object) -> None:
        raise AssertionError(message)

    await sandbox.app({"type": "lifespan"}, receive, send)
    assert not sandbox.requests
