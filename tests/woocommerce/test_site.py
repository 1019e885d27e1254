"""Where a site answers: below /wp-json, or by ?rest_route= with plain permalinks, found out by the first read."""

import httpx2
import pytest

from clawver_orders.errors import AuthError, BadResponseError, DeskError, SetupError
from clawver_orders.money import Money
from clawver_orders.order import Query
from tests.woocommerce.shop import NONE, Key, Scripted, as_answer, body_of, error, recorded, sandbox, store_of

pytestmark = pytest.mark.anyio

MOVED = as_answer(recorded("state_plain_permalinks_wp_json"))


async def test_with_plain_permalinks_the_other_way_is_found_once_and_kept() -> None:
    shop = sandbox(permalinks="plain")
    store = store_of(shop, keys=NONE)
    guest = shop.hints["guest_order"], shop.hints["guest_key"], shop.hints["guest_email"]
    assert (await store.guest_order(*guest)).id == guest[0]
    assert [(request.path, request.status) for request in shop.requests] == [
        (f"/wp-json/wc/store/v1/order/{guest[0]}", 301),
        ("/", 200),
    ]
    await store.guest_order(*guest)
    assert [request.path for request in shop.requests[2:]] == ["/"]


async def test_rest_v3_works_with_plain_permalinks_where_the_shop_reads_keys_so() -> None:
    shop = sandbox(permalinks="plain", core="11.1")
    store = store_of(shop)
    order_id = shop.hints["refundable_order"]
    assert (await store.list_orders(Query(limit=2, status="processing"))).total is not None
    assert (await store.get_order(order_id)).id == order_id
    answer = await store.refund(order_id, Money(500, "USD"), "torn [R-7K2M9Q4X]", lambda: True)
    assert answer.kind == "done"
    [write] = [request for request in shop.requests if request.method == "POST"]
    assert (write.path, write.query) == ("/", {"rest_route": f"/wc/v3/orders/{order_id}/refunds"})


async def test_a_write_before_any_read_asks_first_which_way_the_site_answers() -> None:
    shop = sandbox(permalinks="plain", core="11.1")
    answer = await store_of(shop).refund(
        shop.hints["refundable_order"], Money(500, "USD"), "torn [R-7K2M9Q4X]", lambda: True
    )
    assert answer.kind == "done"
    assert [request.method for request in shop.requests] == ["GET", "GET", "POST"]


async def test_keys_that_plain_permalinks_keep_from_being_read_are_told_so_and_nothing_is_sent() -> None:
    shop = sandbox(permalinks="plain")
    store = store_of(shop)
    with pytest.raises(AuthError, match="plain permalinks"):
        await store.get_order(shop.hints["refundable_order"])
    answer = await store.refund(shop.hints["refundable_order"], Money(500, "USD"), "torn", lambda: True)
    assert (answer.kind, answer.error) == ("not_sent", "auth")
    assert all(request.method == "GET" for request in shop.requests)


@pytest.mark.parametrize(
    "astray",
    [
        MOVED,
        httpx2.Response(200, html="<h1>Front page</h1>"),
        httpx2.Response(404, html="<h1>Not Found</h1>"),
        httpx2.Response(302, headers={"location": "https://shop.test/"}),
    ],
    ids=repr,
)
async def test_a_redirect_the_front_page_or_a_missing_page_lead_to_the_other_way(astray: httpx2.Response) -> None:
    """hostile 49, 53"""
    shop = Scripted({"GET /wp-json/wc/v3/orders": astray, "GET /": [body_of("v3_order_guest_pending")]})
    page = await shop.store.list_orders(Query(limit=1))
    assert [order.id for order in page.orders] == ["22"]
    assert shop.requests[1].url.params["rest_route"] == "/wc/v3/orders"
    assert shop.requests[1].url.params["per_page"] == "1"


async def test_where_neither_way_answers_the_address_is_told_to_be_wrong() -> None:
    """hostile 49, 53"""
    for astray in (MOVED, httpx2.Response(404, html="<h1>Not Found</h1>"), httpx2.Response(200, html="<h1>x</h1>")):
        shop = Scripted({"/wc/v3/orders": astray})
        with pytest.raises(BadResponseError, match="base_url"):
            await shop.store.list_orders(Query())
        assert len(shop.requests) == 2


async def test_a_sound_answer_by_wp_json_is_never_asked_for_the_other_way() -> None:
    shop = Scripted({"/wc/v3/orders": error(404, "rest_no_route")})
    with pytest.raises(SetupError, match="without /wp-json"):
        await shop.store.list_orders(Query())
    assert len(shop.requests) == 1


async def test_a_page_after_a_sound_answer_is_a_bad_answer_and_no_other_way() -> None:
    shop = sandbox()
    store = store_of(shop)
    await store.ping()
    shop.faults.add("list:html:1")
    with pytest.raises(BadResponseError, match="web page"):
        await store.list_orders(Query())
    assert all(request.path != "/" for request in shop.requests)


async def test_a_broken_answer_says_nothing_of_the_way() -> None:
    shop = sandbox()
    store = store_of(shop)
    shop.faults.add("list:truncated:1")
    with pytest.raises(BadResponseError):
        await store.list_orders(Query())
    assert (await store.list_orders(Query(limit=1))).orders
    assert {request.path for request in shop.requests} == {"/wp-json/wc/v3/orders"}


@pytest.mark.parametrize(
    ("keys", "named"),
    [((Key("ck_example"), None), "no consumer_secret"), ((None, Key("cs_example")), "no consumer_key")],
)
async def test_one_key_of_the_pair_is_a_mistake_in_the_settings_that_names_the_other(
    keys: tuple[Key | None, Key | None], named: str
) -> None:
    shop = sandbox()
    store = store_of(shop, keys=keys)
    assert "list_orders" in store.capabilities.operations
    with pytest.raises(SetupError, match=named):
        await store.list_orders(Query())
    assert shop.requests == []


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ((Key("ck_example_other"), Key("cs_example")), "does not know the key"),
        ((Key("ck_example_readwrite"), Key("cs_example_wrong")), "does not accept the key's secret"),
    ],
)
async def test_wrong_keys_are_told_apart(pair: tuple[Key, Key], said: str) -> None:
    """hostile 54"""
    shop = sandbox()
    with pytest.raises(AuthError, match=said):
        await store_of(shop, keys=pair).list_orders(Query())


async def test_no_secret_stands_in_an_error() -> None:
    shop = sandbox()
    for keys in ((Key("ck_example_other"), Key("cs_example_x")), (Key("ck_example\n"), Key("cs_example_x"))):
        with pytest.raises(DeskError) as caught:
            await store_of(shop, keys=keys).list_orders(Query())
        assert "ck_example" not in repr(caught.value)
        assert "cs_example" not in repr(caught.value)
