"""Destinations of the shop's events: made once, listed without secrets, removed."""

import httpx2
import pytest

from clawver_orders.errors import BadResponseError, ForbiddenError, NetworkError, NotFoundError, NotSentError
from clawver_orders.order import Webhook
from clawver_orders.sandbox import READ_ONLY_KEY
from clawver_orders.store import Answer
from tests.clawver.shops import Key, Scripted, data, error, sandbox, scripted, store_of

pytestmark = pytest.mark.anyio

URL = "https://hooks.shop.test/clawver"
EVENTS = ("order.paid", "order.refunded")
SECRET = "example-secret-of-thirty-characters"


async def create(shop: Scripted) -> Answer:
    answer = await shop.store.create_webhook(URL, EVENTS, SECRET, lambda: True)
    assert len(shop.requests) <= 1
    return answer


async def test_a_webhook_is_made_listed_and_removed() -> None:
    shop = sandbox()
    store = store_of(shop)
    answer = await store.create_webhook(URL, EVENTS, SECRET, lambda: True)
    [known] = shop.shop.webhooks.values()
    assert (answer.kind, answer.shop_id) == ("done", known.id)
    assert (known.url, known.events, known.secret) == (URL, EVENTS, SECRET)
    listed = await store.list_webhooks()
    assert listed == (Webhook(known.id, URL, EVENTS),)
    assert SECRET not in repr(listed) + repr(answer)
    await store.delete_webhook(known.id)
    assert shop.shop.webhooks == {}
    with pytest.raises(NotFoundError, match="no such webhook"):
        await store.delete_webhook(known.id)


@pytest.mark.parametrize(
    "body",
    [
        data(webhook={"id": "wh_1", "url": URL}),
        data(id="wh_1", url=URL, secret=SECRET),
        data(webhook={"id": "wh_1", "url": URL, "events": ["order.paid", 7, "a b"]}),
    ],
)
async def test_a_yes_with_id_and_address_is_done(body: object) -> None:
    answer = await create(scripted(body))
    assert (answer.kind, answer.shop_id) == ("done", "wh_1")
    assert SECRET not in repr(answer)


@pytest.mark.parametrize(
    "body",
    [
        data(),
        data(webhook={"id": "wh_1"}),
        data(webhook={"id": "wh_1", "url": "https://other.test/"}),
        data(webhook={"url": URL}),
        {"success": False},
        [],
        error(409, "CONFLICT"),
        error(500, "INTERNAL_ERROR"),
        httpx2.ReadTimeout(""),
    ],
)
async def test_a_webhook_that_the_answer_does_not_show_is_unknown(body: object) -> None:
    assert (await create(scripted(body))).kind == "unknown"


async def test_a_refusal_is_one() -> None:
    answer = await create(scripted(error(400, "VALIDATION_ERROR")))
    assert (answer.kind, answer.error) == ("refused", "invalid_argument")
    answer = await store_of(sandbox(), key=Key(READ_ONLY_KEY)).create_webhook(URL, EVENTS, SECRET, lambda: True)
    assert (answer.kind, answer.error) == ("refused", "forbidden")


async def test_without_a_key_nothing_is_sent() -> None:
    shop = sandbox()
    answer = await store_of(shop, key=Key(None)).create_webhook(URL, EVENTS, SECRET, lambda: True)
    assert (answer.kind, answer.error, shop.requests) == ("not_sent", "setup", [])


@pytest.mark.parametrize(
    "body", [data(webhooks=[{"id": 5, "url": URL}]), {"success": True, "data": [{"id": 5, "url": URL}]}]
)
async def test_the_list_is_read_in_both_shapes(body: object) -> None:
    assert await scripted(body).store.list_webhooks() == (Webhook("5", URL),)


async def test_a_webhook_of_wrong_parts_is_listed_as_far_as_it_can_be() -> None:
    body = data(
        webhooks=[{"url": URL}, 7, {"id": "wh_1", "url": "javascript:x", "events": "all", "secret": SECRET}]
    )
    assert await scripted(body).store.list_webhooks() == (Webhook("wh_1", ""),)


@pytest.mark.parametrize("body", [data(), data(webhooks={}), {"success": True, "data": "none"}])
async def test_an_answer_without_a_list_is_a_bad_response(body: object) -> None:
    with pytest.raises(BadResponseError):
        await scripted(body).store.list_webhooks()


@pytest.mark.parametrize("answer", [httpx2.Response(204), {"success": True}, data(deleted=True)])
async def test_a_removal_may_be_answered_with_or_without_a_body(answer: object) -> None:
    shop = scripted(answer)
    await shop.store.delete_webhook("wh_1")
    assert [(request.method, request.url.path) for request in shop.requests] == [("DELETE", "/v1/webhooks/wh_1")]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(404, "RESOURCE_NOT_FOUND"), NotFoundError),
        (httpx2.Response(403, json={}), ForbiddenError),
        (httpx2.ConnectError(""), NotSentError),
        (httpx2.ReadTimeout(""), NetworkError),
        (httpx2.Response(302, headers={"location": "/"}), NetworkError),
        (httpx2.Response(502, html="<h1>"), NetworkError),
        ([], BadResponseError),
    ],
)
async def test_a_removal_that_did_not_work_says_so_and_is_not_repeated(
    answer: object, kind: type[Exception]
) -> None:
    shop = scripted(answer)
    with pytest.raises(kind):
        await shop.store.delete_webhook("wh_1")
    assert len(shop.requests) == 1
