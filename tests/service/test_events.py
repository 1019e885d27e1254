"""An event that the service itself received, as a process: told at once to who follows there, in both eras."""

import hashlib
import hmac
from pathlib import Path

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client

from tests.approvals.desks import a_shop
from tests.server.following import following
from tests.server.serving import Era, structured
from tests.service.serving import a_worker, let_in, record_of

pytestmark = pytest.mark.anyio

SECRET = "whsec_example"
STORE = """
[stores.clawver]
platform = "clawver"
base_url = "{url}"
api_key = {{ env = "CLAW_API_KEY" }}
webhook_secret = {{ env = "HOOK_SECRET" }}
"""


async def shipped(url: str, order_id: str, number: int) -> int:
    """What a service answers to an event, which the shop sends to another name than programs do."""
    body = b'{"event":"order.shipped","number":%d,"data":{"orderId":"%b"}}' % (number, order_id.encode())
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as shop:
        hooks = url.removesuffix("/mcp") + "/webhooks/clawver"
        headers = {"X-Claw-Signature": signature, "Host": "hooks.example"}
        return (await shop.post(hooks, content=body, headers=headers)).status_code


async def test_an_event_that_the_service_received_is_told_to_who_follows_there(tmp_path: Path, era: Era) -> None:
    token = await let_in(record_of(tmp_path), "bot", "read")
    config = tmp_path / "config.toml"
    async with a_shop() as (sandbox, shop_url):
        order_id = sandbox.hints["refundable_order"]
        follows = {f"order://clawver/{order_id}", "orders://events"}
        config.write_text(STORE.format(url=shop_url))
        headers = {"Authorization": f"Bearer {token}"}
        with a_worker(tmp_path, shop_url, "--config", str(config), HOOK_SECRET=SECRET) as worker:
            async with (
                httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http,
                following(streamable_http_client(worker.url, http_client=http), era, *follows) as follower,
            ):
                while sandbox.shop.orders[order_id].stage != "shipped":
                    sandbox.shop.advance(order_id)
                told: set[str] = set()
                number = 0
                with anyio.fail_after(60):
                    # Again and again: a program of the earlier era opens its stream after all else.
                    while told != follows:
                        number += 1
                        assert await shipped(worker.url, order_id, number) == 200
                        with anyio.move_on_after(5):
                            while told != follows:
                                told.add(await follower.came.receive())
                tracked = structured(await follower.client.call_tool("track_order", {"order_id": order_id}))
                listed = structured(await follower.client.call_tool("list_events", {"order_id": order_id}))
            assert await anyio.to_thread.run_sync(worker.stop) == 0
    assert tracked["status"] == "shipped"
    assert [event["type"] for event in listed["events"]] == ["order.shipped"] * number
