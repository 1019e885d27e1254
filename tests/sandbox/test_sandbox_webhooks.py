"""Webhooks: registered, signed, and sent on this machine only."""

import hashlib
import hmac
import json
from collections.abc import Callable

import httpx2
import pytest

from clawver_orders.sandbox import Sandbox

pytestmark = pytest.mark.anyio
Connect = Callable[..., httpx2.AsyncClient]

SECRET = "example-secret-16"
ALL = ["order.created", "order.paid", "order.shipped", "order.fulfilled", "order.refunded", "order.cancelled"]


async def register(client: httpx2.AsyncClient, **changes: object) -> httpx2.Response:
    body = {"url": "http://127.0.0.1:9/hook", "events": ALL, "secret": SECRET} | changes
    return await client.post("/v1/webhooks", json=body)


async def test_a_webhook_is_made_listed_and_removed_and_its_secret_never_shown(
    sandbox: Sandbox, connect: Connect
) -> None:
    async with connect(sandbox) as client:
        made = await register(client, url="https://shop.example/hook", events=["order.paid"])
        listed = (await client.get("/v1/webhooks")).json()["data"]["webhooks"]
        gone = await client.delete(f"/v1/webhooks/{listed[0]['id']}")
        again = await client.delete(f"/v1/webhooks/{listed[0]['id']}")
        empty = (await client.get("/v1/webhooks")).json()["data"]["webhooks"]
    webhook = made.json()["data"]["webhook"]
    assert (made.status_code, webhook["url"]) == (201, "https://shop.example/hook")
    assert listed == [webhook]
    assert SECRET not in made.text
    assert (gone.status_code, again.status_code, empty) == (200, 404, [])
    assert SECRET not in repr(sandbox.requests)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://shop.example/hook"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "https://"},
        {"url": "https://[broken"},
        {"url": 5},
        {"events": []},
        {"events": ["order.exploded"]},
        {"events": [["order.paid"]]},
        {"events": "order.paid"},
        {"secret": "fifteen-letters"},
        {"secret": None},
    ],
)
async def test_a_webhook_with_wrong_arguments_is_refused(
    sandbox: Sandbox, connect: Connect, wrong: dict[str, object]
) -> None:
    async with connect(sandbox) as client:
        answer = await register(client, **wrong)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"]["field"] == next(iter(wrong))
    assert not sandbox.shop.webhooks


async def test_every_event_is_queued_with_a_signature_over_its_raw_body(sandbox: Sandbox, connect: Connect) -> None:
    shop, order = sandbox.shop, sandbox.hints["refundable_order"]
    async with connect(sandbox) as client:
        await register(client)
        bought = (await client.post("/_sandbox/buy", json={})).json()["orders"][0]["order_id"]
        shop.pay(bought)
        for _ in range(3):
            shop.advance(order)
        shop.refund(order, 100, "x")
        shop.cancel(sandbox.hints["pending_order"])
    assert [delivery.event for delivery in sandbox.deliveries] == [
        "order.created",
        "order.paid",
        "order.fulfilled",
        "order.shipped",
        "order.fulfilled",
        "order.refunded",
        "order.cancelled",
    ]
    for delivery in sandbox.deliveries:
        expected = hmac.new(SECRET.encode(), delivery.body, hashlib.sha256).hexdigest()
        assert delivery.headers["x-claw-signature"] == f"sha256={expected}"
        body = json.loads(delivery.body)
        assert body["event"] == delivery.event
        assert body["data"]["orderId"] in sandbox.shop.orders
    assert {delivery.state for delivery in sandbox.deliveries} == {"queued"}


async def test_only_what_was_asked_for_is_sent_and_only_from_then_on(sandbox: Sandbox, connect: Connect) -> None:
    order = sandbox.hints["refundable_order"]
    sandbox.shop.refund(order, 100, "before anyone listened")
    async with connect(sandbox) as client:
        await register(client, events=["order.refunded"])
        sandbox.shop.advance()
        sandbox.shop.refund(order, 200, "x")
    assert [delivery.event for delivery in sandbox.deliveries] == ["order.refunded"]


async def test_a_delivery_reaches_its_receiver_once_and_records_the_answer(
    sandbox: Sandbox, connect: Connect
) -> None:
    got: list[httpx2.Request] = []

    def receiver(request: httpx2.Request) -> httpx2.Response:
        got.append(request)
        return httpx2.Response(307, headers={"Location": "http://127.0.0.1/elsewhere"})

    async with connect(sandbox) as client:
        await register(client)
    sandbox.shop.refund(sandbox.hints["refundable_order"], 100, "x")
    for _ in range(2):
        await sandbox.deliver(httpx2.MockTransport(receiver))
    delivery = sandbox.deliveries[0]
    assert len(got) == 1
    assert got[0].content == delivery.body
    assert got[0].headers["X-Claw-Signature"] == delivery.headers["x-claw-signature"]
    assert (delivery.state, delivery.answered) == ("sent", 307)


async def test_a_receiver_that_is_down_and_one_elsewhere_are_recorded(sandbox: Sandbox, connect: Connect) -> None:
    def down(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    async with connect(sandbox) as client:
        await register(client)
        await register(client, url="https://shop.example/hook")
    sandbox.shop.refund(sandbox.hints["refundable_order"], 100, "x")
    await sandbox.deliver(httpx2.MockTransport(down))
    assert [delivery.state for delivery in sandbox.deliveries] == ["failed", "skipped"]
