"""The made-up shops send what happens in them, signed as each vendor does, and the receiver takes it."""

from pathlib import Path

import httpx2
import pytest

from clawver_orders.events import Inbox
from clawver_orders.sandbox import Sandbox, open_sandbox
from clawver_orders.webhooks import Receiver
from tests.webhooks.receiving import inbox_in, receiver, secrets_of

pytestmark = pytest.mark.anyio

SECRETS = {
    "clawver": "example-secret-of-clawver",
    "heidianer": "heidianer_webhook_secret_example",
    "woocommerce": "woocommerce_webhook_secret_example",
}
PLATFORMS = pytest.mark.parametrize("platform", SECRETS)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "state")


def shop(platform: str) -> Sandbox:
    return open_sandbox(platform, 7)


async def control(sandbox: Sandbox, what: str, **said: object) -> httpx2.Response:
    """What people do in the shop's dashboard."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=sandbox.app)) as client:
        return await client.post(f"http://localhost/_sandbox/{what}", json=said)


async def registered(sandbox: Sandbox, **said: object) -> None:
    platform = sandbox.platform
    if platform == "clawver":
        said = {"secret": SECRETS[platform]} | said
    answer = await control(sandbox, "webhooks", url=f"http://localhost/webhooks/{platform}", **said)
    assert answer.status_code == 201
    assert SECRETS[platform] not in answer.text


def taking(inbox: Inbox, platform: str) -> Receiver:
    return receiver(inbox, {platform: secrets_of(SECRETS[platform])})


async def told(sandbox: Sandbox, inbox: Inbox) -> list[tuple[str, str | None]]:
    """What the receiver has of the shop once it sent all, oldest first."""
    await sandbox.deliver(httpx2.ASGITransport(app=taking(inbox, sandbox.platform)))
    assert {delivery.answered for delivery in sandbox.deliveries} <= {200}
    return [(event.type, event.order_id) for event in reversed(await inbox.received(limit=100))]


WORDS = {
    "clawver": ["order.created", "order.paid", "order.refunded"],
    "heidianer": ["order_paid"],
    "woocommerce": ["order.created", "order.updated", "order.updated"],
}


@PLATFORMS
async def test_a_shop_tells_of_a_new_order_its_payment_and_a_refund(platform: str, inbox: Inbox) -> None:
    sandbox = shop(platform)
    await registered(sandbox)
    (bought,) = (await control(sandbox, "buy", kind="print")).json()["orders"]
    assert (await control(sandbox, "pay", order_id=bought["order_id"])).status_code == 200
    assert (await control(sandbox, "refund", order_id=bought["order_id"], amount_in_cents=100)).status_code == 200
    order_id = bought["order_id"] if platform == "clawver" else str(bought["number"])
    assert await told(sandbox, inbox) == [(word, order_id) for word in WORDS[platform]]


@PLATFORMS
async def test_only_events_that_were_asked_for_are_sent(platform: str, inbox: Inbox) -> None:
    sandbox = shop(platform)
    await registered(sandbox, events=["product_published"])
    (bought,) = (await control(sandbox, "buy")).json()["orders"]
    await control(sandbox, "pay", order_id=bought["order_id"])
    assert await told(sandbox, inbox) == []


@PLATFORMS
async def test_an_event_signed_with_another_secret_is_refused(platform: str, inbox: Inbox) -> None:
    sandbox = shop(platform)
    await registered(sandbox, secret="example-secret-of-somebody")
    (bought,) = (await control(sandbox, "buy")).json()["orders"]
    await control(sandbox, "pay", order_id=bought["order_id"])
    await sandbox.deliver(httpx2.ASGITransport(app=taking(inbox, platform)))
    assert {delivery.answered for delivery in sandbox.deliveries} == {401}
    assert await inbox.received() == ()


async def test_two_events_of_one_second_share_woocommerces_delivery_id_and_are_both_kept(
    inbox: Inbox, tmp_path: Path
) -> None:
    sandbox = shop("woocommerce")
    await registered(sandbox)
    at = sandbox.shop.now()
    sandbox.shop.now = lambda: at
    for _ in range(2):
        await control(sandbox, "buy")
    ids = {delivery.headers["x-wc-webhook-delivery-id"] for delivery in sandbox.deliveries}
    assert len(ids) == 1
    assert len(await told(sandbox, inbox)) == 2


@pytest.mark.parametrize("said", [{}, {"url": 7}, {"url": "http://localhost", "secret": ""}, {"events": "all"}])
async def test_a_destination_without_its_parts_is_refused(said: dict[str, object]) -> None:
    sandbox = shop("clawver")
    assert (await control(sandbox, "webhooks", **said)).status_code == 400
    assert sandbox.shop.webhooks == {}
