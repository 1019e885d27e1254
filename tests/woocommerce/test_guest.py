"""The Store API opens a guest's order with its key and the address on its bill, and says no in several ways."""

from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    DeskError,
    ForbiddenError,
    InvalidArgument,
    NotFoundError,
    RateLimitedError,
    SetupError,
    UnsupportedError,
    UpstreamError,
)
from clawver_orders.money import Money
from clawver_orders.order import Query
from clawver_orders.sandbox import Sandbox
from tests.woocommerce.shop import (
    NONE,
    NOON,
    PAIR,
    Scripted,
    as_answer,
    body_of,
    error,
    read_guest,
    recorded,
    sandbox,
    store_of,
)

pytestmark = pytest.mark.anyio


def guest(shop: Sandbox) -> tuple[str, str, str]:
    return shop.hints["guest_order"], shop.hints["guest_key"], shop.hints["guest_email"]


async def refused(answer: object) -> DeskError:
    with pytest.raises(DeskError) as caught:
        await Scripted({"/order/23": answer}, keys=NONE).store.guest_order(
            "23", "wc_order_example", "a@mail.example"
        )
    assert "own words" not in str(caught.value)
    assert "wc_order_example" not in str(caught.value)
    return caught.value


async def test_a_guests_order_opens_without_any_key_of_the_shop() -> None:
    shop = sandbox()
    order_id, key, email = guest(shop)
    order = await store_of(shop, keys=NONE).guest_order(order_id, key, email)
    assert (order.id, order.status, order.payment_status) == (order_id, "processing", "paid")
    assert order.totals.total == Money(shop.shop.numbered(order_id).total, "USD")
    assert key not in repr(order)
    [request] = shop.requests
    assert (request.method, request.path) == ("GET", f"/wp-json/wc/store/v1/order/{order_id}")


async def test_it_opens_with_rest_keys_too_and_they_are_not_sent_along() -> None:
    shop = Scripted({"/order/23": body_of("get_guest_processing")}, keys=PAIR)
    assert (await shop.store.guest_order("23", "wc_order_example", "guest+1@mail.example")).id == "23"
    [request] = shop.requests
    assert "authorization" not in request.headers
    # A bare + would be read as a space.
    assert b"billing_email=guest%2B1%40mail.example" in request.url.query


async def test_case_and_spaces_of_the_address_do_not_matter() -> None:
    shop = sandbox()
    order_id, key, email = guest(shop)
    assert (await store_of(shop, keys=NONE).guest_order(order_id, key, f" {email.upper()} ")).id == order_id


async def test_without_the_address_the_parameter_is_left_out_and_without_the_key_nothing_is_sent() -> None:
    shop = Scripted({"/order/23": body_of("get_guest_processing")}, keys=NONE)
    await shop.store.guest_order("23", "wc_order_example", "")
    assert shop.requests[0].url.query == b"key=wc_order_example"
    with pytest.raises(InvalidArgument, match="order_key is missing"):
        await shop.store.guest_order("23", "", "a@mail.example")
    assert len(shop.requests) == 1


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("err_wrong_key", AuthError, "order_key is not the key"),
        ("err_missing_email", AuthError, "billing_email is not the address"),
        ("err_unknown_id", NotFoundError, "the shop has no such order"),
        ("err_customer_anonymous", ForbiddenError, "registered customer's"),
        ("rate_limit_4", RateLimitedError, "in 30 seconds"),
    ],
)
async def test_each_recorded_no_is_told_as_what_it_is(name: str, kind: type[DeskError], said: str) -> None:
    told = await refused(as_answer(recorded(name)))
    assert type(told) is kind
    assert said in str(told)


async def test_the_rate_limit_is_a_400_and_says_when() -> None:
    """hostile 56"""
    assert (await refused(as_answer(recorded("rate_limit_4")))).retry_after_s == 30
    assert (await refused(error(400, "rate_limit_exceeded"))).retry_after_s is None


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (error(404, "rest_no_route"), SetupError, "WooCommerce is active"),
        (error(401, "rest_not_logged_in"), ForbiddenError, "closes its REST API"),
        (error(400, "rest_invalid_param"), InvalidArgument, "does not accept"),
        (error(401, "something_new"), AuthError, ""),
        (error(403, "woocommerce_rest_invalid_user"), ForbiddenError, "set consumer_key and consumer_secret"),
        (error(500, "internal_server_error"), UpstreamError, "and not a refund's"),
        (error(500, "wp_die"), UpstreamError, "HTTP 500"),
        (error(503, "wp_die"), UpstreamError, "HTTP 503"),
        (httpx2.Response(500, html="<h1>critical error</h1>"), UpstreamError, "HTTP 500"),
        (httpx2.Response(503, html="<h1>Maintenance</h1>", headers={"retry-after": "600"}), UpstreamError, "503"),
        (httpx2.Response(403, html="<h1>Firewall</h1>"), BadResponseError, "firewall"),
        (httpx2.Response(200, html="<h1>Log in</h1>"), BadResponseError, "web page"),
        (httpx2.Response(200, content=b""), BadResponseError, "no complete, sound JSON"),
        (httpx2.Response(200, content=b'{"id":23,"items":['), BadResponseError, "no complete, sound JSON"),
        (httpx2.Response(200, content=b'{"id":23,"id":23}'), BadResponseError, "no complete, sound JSON"),
        (httpx2.Response(200, content=b"[" * 100_000), BadResponseError, "no complete, sound JSON"),
        (httpx2.Response(200, content=b"\xff\xfe{}"), BadResponseError, "no complete, sound JSON"),
        (b"null", BadResponseError, "WooCommerce's form"),
        ([], BadResponseError, "WooCommerce's form"),
        (error(200, "woocommerce_rest_invalid_order"), AuthError, "order_key"),
    ],
    ids=str,
)
async def test_every_other_no_and_nonsense_has_a_next_step(
    answer: object, kind: type[DeskError], said: str
) -> None:
    """hostile 44, 48, 49, 50, 51, 54, 57"""
    told = await refused(answer)
    assert type(told) is kind
    assert said in str(told)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "failed", "order_id": "23", "message": "订单不存在"},
        {"status": "success", "order_id": "23", "message": "操作成功"},
        {"status": "failed", "order_id": "%s", "message": ""},
    ],
)
async def test_the_envelope_that_a_translated_document_made_up_is_no_order(body: dict[str, object]) -> None:
    assert type(await refused(body)) is BadResponseError


async def test_another_order_than_the_one_asked_for_is_refused() -> None:
    """hostile 30"""
    told = await refused(body_of("get_guest_pending"))
    assert "another order" in str(told)


# As the made-up shop answers, whole.


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"key": "wc_order_example_wrong"}, AuthError),
        ({"email": "x@mail.example"}, AuthError),
        ({"email": ""}, AuthError),
        ({"order": "1"}, NotFoundError),
        ({"order": "99999999"}, NotFoundError),
    ],
)
async def test_the_made_up_shop_opens_to_nobody_else(change: dict[str, str], kind: type[DeskError]) -> None:
    shop = sandbox()
    order_id, key, email = guest(shop)
    with pytest.raises(kind):
        await store_of(shop, keys=NONE).guest_order(
            change.get("order", order_id), change.get("key", key), change.get("email", email)
        )


async def test_a_registered_customers_order_opens_to_no_guest_even_with_its_key() -> None:
    shop = sandbox()
    order_id = shop.hints["registered_order"]
    order = shop.shop.numbered(order_id)
    key = f"wc_order_example_{order.status_token.rpartition('_')[2]}"
    with pytest.raises(ForbiddenError, match="set consumer_key and consumer_secret"):
        await store_of(shop, keys=NONE).guest_order(order_id, key, order.customer.email)
    assert (await store_of(shop).get_order(order_id)).id == order_id


async def test_a_refunds_id_is_a_500_and_told_as_such() -> None:
    shop = sandbox()
    order_id = shop.hints["partially_refunded_order"]
    refund = (await store_of(shop).get_order(order_id)).refunds[0]
    with pytest.raises(UpstreamError, match="not a refund's"):
        await store_of(shop, keys=NONE).guest_order(refund.id, "wc_order_example", "a@mail.example")


async def test_a_trashed_order_and_a_draft_are_still_shown_and_said_to_be() -> None:
    shop = sandbox()
    store = store_of(shop)
    trashed = await store.get_order(shop.hints["trashed_order"])
    assert (trashed.status, trashed.raw_status, trashed.payment_status) == ("unknown", "trash", "unknown")
    assert any("trash" in warning for warning in trashed.warnings)
    draft = await store.get_order(shop.hints["draft_order"])
    assert (draft.status, draft.raw_status) == ("pending", "checkout-draft")


async def test_an_order_whose_product_is_gone_opens_with_what_was_paid() -> None:
    shop = sandbox()
    order_id = shop.hints["deleted_product_order"]
    order = shop.shop.numbered(order_id)
    order.customer = shop.shop.numbered(shop.hints["guest_order"]).customer
    key = f"wc_order_example_{order.status_token.rpartition('_')[2]}"
    seen = await store_of(shop, keys=NONE).guest_order(order_id, key, order.customer.email)
    assert [(item.title, item.total) for item in seen.items] == [("年度手帐模板 2026", Money(1599, "USD"))]
    assert seen.items[0].sku is None
    assert seen.fulfillment_status == "not_required"


async def test_a_site_in_maintenance_says_try_later() -> None:
    shop = sandbox()
    spoken: Any = shop.dialect
    spoken.maintenance = True
    with pytest.raises(UpstreamError, match="503"):
        await store_of(shop, keys=NONE).guest_order(*guest(shop))


async def test_too_many_calls_in_ten_seconds_are_told_with_how_long_to_wait() -> None:
    clock = [NOON]
    shop = sandbox(now=lambda: clock[0], rate_limit=True)
    store = store_of(shop, keys=NONE)
    for _ in range(25):
        await store.guest_order(*guest(shop))
    with pytest.raises(RateLimitedError) as caught:
        await store.guest_order(*guest(shop))
    assert caught.value.retry_after_s == 10
    clock[0] += timedelta(seconds=11)
    assert (await store.guest_order(*guest(shop))).id == shop.hints["guest_order"]


# WooCommerce 8.9.


async def test_an_older_core_answers_403_to_unknown_ids_and_401_to_zero() -> None:
    shop = sandbox(core="8.9")
    store = store_of(shop, keys=NONE)
    with pytest.raises(ForbiddenError, match="or does not exist"):
        await store.guest_order("1", "wc_order_example", "a@mail.example")
    with pytest.raises(InvalidArgument):
        await store.guest_order("0", "wc_order_example", "a@mail.example")


async def test_an_older_core_minds_the_case_of_the_address_but_not_in_the_first_ten_minutes() -> None:
    clock: list[datetime] = [NOON]
    shop = sandbox(now=lambda: clock[0], core="8.9")
    order_id, key, email = guest(shop)
    store = store_of(shop, keys=NONE)
    with pytest.raises(AuthError, match="billing_email"):
        await store.guest_order(order_id, key, email.upper())
    clock[0] = shop.shop.numbered(order_id).created_at + timedelta(minutes=9)
    assert (await store.guest_order(order_id, key, "x@mail.example")).id == order_id


# Without keys of the shop.


async def test_without_rest_keys_get_order_asks_for_what_stands_in_the_buyers_mail() -> None:
    store = store_of(sandbox(), keys=NONE)
    assert store.capabilities.operations == {"get_order", "list_events"}
    assert store.capabilities.arguments == {"order_key", "billing_email"}
    with pytest.raises(InvalidArgument, match="order mail"):
        await store.get_order("8001")


async def test_without_rest_keys_the_rest_is_unsupported_and_a_ping_works() -> None:
    shop = sandbox()
    store = store_of(shop, keys=NONE)
    with pytest.raises(UnsupportedError):
        await store.list_orders(Query())
    with pytest.raises(UnsupportedError):
        await store.counts()
    assert shop.requests == []
    assert await store.ping() is None
    assert shop.requests[0].status == 200


# Money that the Store API makes hard to read.


async def test_the_currency_is_the_shops_and_said_to_be_assumed() -> None:
    order = await read_guest()
    assert order.assumed == (("currency", "USD"),)
    assert any("taken in another one" in warning for warning in order.warnings)


@pytest.mark.parametrize(
    ("unit", "line", "items", "total", "read"),
    [
        (0, "1500", "150000", "200000", Money(2000, "JPY")),
        # A shop that once does as documented is believed, where its lines prove it.
        (0, "1500", "1500", "2000", Money(2000, "JPY")),
        (3, "1255", "126", "226", Money(2260, "KWD")),
        (3, "1255", "1255", "2255", Money(2255, "KWD")),
        (0, "15", "1500", "2000", Money(2000, "USD")),
        (2, "1500", "999", "2000", Money(2000, "USD")),
    ],
)
async def test_totals_are_hundredths_unless_the_lines_prove_otherwise(
    unit: int, line: str, items: str, total: str, read: Money
) -> None:
    body = body_of("native_jpy_store")
    said = {"currency_code": read.currency, "currency_minor_unit": unit}
    body["items"][0]["totals"] |= {**said, "line_total": line, "line_subtotal": line}
    totals = {**body["totals"], **said, "total_items": items, "total_price": total, "total_refund": "0"}
    order = await read_guest("native_jpy_store", items=body["items"], totals=totals)
    assert order.totals.total == read
    assert not any("cannot be checked" in warning or "do not fit" in warning for warning in order.warnings)


async def test_a_third_decimal_that_is_lost_is_said() -> None:
    shop = sandbox("KWD")
    order_id, key, email = guest(shop)
    owner = await store_of(shop).get_order(order_id)
    order = await store_of(shop, keys=NONE).guest_order(order_id, key, email)
    assert any("last digit of KWD is missing" in warning for warning in order.warnings)
    assert order.items[0].total == owner.items[0].total
    assert order.totals.total is not None
    assert owner.totals.total is not None
    assert abs(order.totals.total.minor - owner.totals.total.minor) < 10


async def test_totals_that_cannot_be_checked_or_do_not_fit_are_said() -> None:
    nothing = await read_guest("native_jpy_store", items=[])
    assert any("cannot be checked" in warning for warning in nothing.warnings)
    totals = {**body_of("native_jpy_store")["totals"], "total_items": "777"}
    odd = await read_guest("native_jpy_store", totals=totals)
    assert any("do not fit" in warning for warning in odd.warnings)


async def test_an_order_in_another_currency_shows_its_amounts_under_the_shops() -> None:
    shop = sandbox()
    order_id = shop.hints["other_currency_order"]
    order = shop.shop.numbered(order_id)
    order.customer = shop.shop.numbered(shop.hints["guest_order"]).customer
    key = f"wc_order_example_{order.status_token.rpartition('_')[2]}"
    seen = await store_of(shop, keys=NONE).guest_order(order_id, key, order.customer.email)
    owner = await store_of(shop).get_order(order_id)
    assert (seen.totals.total, owner.totals.total) == (Money(order.total, "USD"), Money(order.total, "EUR"))


async def test_what_hinders_a_payment_is_said_in_our_words() -> None:
    failed = await read_guest(
        errors=[{"code": "woocommerce_rest_out_of_stock", "message": "Sorry"}, {"code": "x", "message": "y"}]
    )
    assert sum("out of stock" in warning for warning in failed.warnings) == 1
    assert sum("hinders" in warning for warning in failed.warnings) == 1


@pytest.mark.parametrize("data", [[], {}, None, "x", [None, 5], {"1": "x"}, [{"key": "a"}, {"value": "b"}]])
async def test_item_data_of_any_form_leaves_the_order_readable(data: object) -> None:
    item = {**body_of("get_guest_pending")["items"][0], "item_data": data, "variation": data}
    order = await read_guest(items=[item])
    assert order.items[0].options == ()


async def test_item_data_is_read_as_a_list_and_as_an_object() -> None:
    entry = {"key": "engraving", "value": "MARA", "display_key": "Engraving", "display_value": "<p>MARA</p>\n"}
    item = body_of("get_guest_pending")["items"][0]
    for data in ([entry], {"350": entry}):
        order = await read_guest(items=[{**item, "item_data": data}])
        assert order.items[0].options == (("Engraving", "MARA"),)


@pytest.mark.parametrize("currency", ["", None, "XBT", 7, ...])
async def test_without_a_currency_no_amount_is_shown(currency: object) -> None:
    said = {} if currency is ... else {"currency_code": currency}
    body = body_of("get_guest_pending")
    for place in (body["totals"], *(item["totals"] for item in body["items"])):
        del place["currency_code"]
        place.update(said)
    order = await read_guest(items=body["items"], totals=body["totals"])
    assert (order.totals.total, order.items[0].total, order.assumed) == (None, None, ())
    assert any("does not say its currency" in warning for warning in order.warnings)


@pytest.mark.parametrize("unit", [None, "2", -1, 7, True])
async def test_without_its_scale_the_lines_have_no_amounts(unit: object) -> None:
    totals = {**body_of("get_guest_pending")["totals"], "currency_minor_unit": unit}
    order = await read_guest(totals=totals)
    assert (order.totals.total, order.items[0].total) == (Money(2285, "USD"), None)
    assert any("how it scales amounts" in warning for warning in order.warnings)


@pytest.mark.parametrize("amount", ["-5", "22.85", "1e3", True, [], {}, "9" * 16, 10**16, "٢٢"])
async def test_an_amount_that_is_none_is_left_out_and_said(amount: object) -> None:
    """hostile 26"""
    totals = {**body_of("get_guest_pending")["totals"], "total_price": amount}
    order = await read_guest(totals=totals)
    assert order.totals.total is None
    assert "total_price is not an amount; it is left out." in order.warnings


@pytest.mark.parametrize("shape", [None, [], "x", 7, ...])
async def test_an_order_without_its_totals_or_items_is_still_readable(shape: object) -> None:
    order = await read_guest(totals=shape, items=shape, billing_address=shape, errors=shape)
    assert (order.id, order.items, order.totals.total) == ("22", (), None)


async def test_an_amount_finer_than_its_currency_is_rounded_and_said() -> None:
    item = body_of("get_guest_pending")["items"][0]
    item["totals"] |= {"currency_minor_unit": 3, "line_total": "7995"}
    totals = {**body_of("get_guest_pending")["totals"], "currency_minor_unit": 3}
    order = await read_guest(items=[item], totals=totals)
    assert order.items[0].total == Money(800, "USD")
    assert "line_total has more decimals than USD; it is rounded." in order.warnings
