"""Shopify's copy of an order: how it is asked for, what it knows better, and what is done without it."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from clawver_orders.errors import AuthError, NotFoundError, SetupError
from clawver_orders.money import Money
from clawver_orders.order import Shipment
from clawver_orders.platforms.gateway import Shopify
from tests.gateway.shop import (
    ALONE,
    WITH_SHOPIFY,
    Token,
    fixture,
    own,
    read_both,
    read_copy,
    sandbox,
    scripted,
    shopify,
    store_of,
)

pytestmark = pytest.mark.anyio

PARCEL: dict[str, Any] = {
    "id": 1,
    "status": "success",
    "tracking_company": "UPS",
    "tracking_number": "4242424242424242",
    "tracking_url": "https://track.example/EX1",
}
SALE: dict[str, Any] = fixture("shopify-order")["order"]["transactions"][0]


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def refund(**changes: object) -> dict[str, Any]:
    return {**SALE, "id": 7, "kind": "refund", "status": "success", "amount": "5.00", **changes}


# How it is asked for.


async def test_the_copy_is_asked_for_with_a_body_and_nothing_in_the_address() -> None:
    gateway = scripted(own(), shopify(), options=WITH_SHOPIFY)
    order = await gateway.store.get_order("12345")
    assert order.items[0].variant_name == "coffee / S"
    first, second = gateway.requests
    assert first.url.path == "/api/orders/12345"
    assert (second.method, second.url.path, second.url.query) == ("GET", "/api/shopify/orders/5023658479", b"")
    assert json.loads(second.content) == fixture("shopify-request")
    assert second.headers["content-type"] == "application/json"
    assert "authorization" not in second.headers


async def test_the_token_is_in_no_error_no_log_and_no_order(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = {**WITH_SHOPIFY, "shopify": Shopify("example.myshopify.com", Token("shpat_example_wrong"), 42)}
    store = store_of(sandbox(), wrong)
    with pytest.raises(AuthError) as refused:
        await store.get_order("shopify:5000008012")
    assert "shpat" not in f"{refused.value!r} {refused.value} {refused.value.__cause__}"
    order = await store.get_order("8012")
    assert "Shopify does not accept this store's token" in order.warnings[0]
    assert "shpat" not in repr(order)
    assert "shpat" not in caplog.text


async def test_without_settings_orders_are_the_gateways_alone() -> None:
    gateway = scripted(own())
    order = await gateway.store.get_order("12345")
    assert (order.items[0].variant_name, order.warnings, len(gateway.requests)) == (None, (), 1)
    assert "track_order" not in gateway.store.capabilities.operations
    with pytest.raises(SetupError, match="shopify") as missing:
        await gateway.store.get_order("shopify:5023658479")
    assert missing.value.field == "shopify"
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("nothing", [None, "", ...])
async def test_an_order_without_a_copy_is_the_gateways_alone(nothing: object) -> None:
    gateway = scripted(own(shopify_order_id=nothing), options=WITH_SHOPIFY)
    order = await gateway.store.get_order("12345")
    assert (order.id, order.warnings, len(gateway.requests)) == ("12345", (), 1)
    assert [payment.id for payment in await gateway.store.transactions("12345")] == ["wxp_example"]


async def test_a_missing_token_hides_the_copy_and_not_the_order() -> None:
    options = {**ALONE, "shopify": Shopify("example.myshopify.com", Token(None), 42)}
    gateway = scripted(own(), options=options)
    order = await gateway.store.get_order("12345")
    assert order.totals.total == usd(5999)
    [warning] = order.warnings
    assert "SHOPIFY_TOKEN is not set" in warning
    with pytest.raises(SetupError):
        await gateway.store.get_order("shopify:5023658479")


@pytest.mark.parametrize(
    "answer",
    [
        fixture("error-shopify"),
        httpx2.Response(404, json=fixture("error-shopify")),
        httpx2.Response(500, json={"success": False, "error": "x", "status_code": 500}),
        httpx2.Response(302, headers={"location": "/login"}),
        httpx2.Response(200, content=b"<html>Sign in</html>"),
        httpx2.Response(200, content=b"{"),
        httpx2.ConnectError("no"),
        {"success": True},
        shopify(id=1),
        {"code": 0, "data": []},
    ],
)
async def test_a_copy_that_cannot_be_read_leaves_the_gateways_order_and_a_warning(answer: object) -> None:
    """hostile 30, 42, 44, 49, 53, 55, 57"""
    order = await scripted(own(), answer, options=WITH_SHOPIFY).store.get_order("12345")
    assert (order.id, order.totals.total, len(order.items)) == ("12345", usd(5999), 1)
    [warning] = order.warnings
    assert warning.startswith("Shopify's copy of this order could not be read (")


async def test_an_id_of_a_copy_that_is_none_is_said() -> None:
    order = await scripted(own(shopify_order_id="../../admin"), options=WITH_SHOPIFY).store.get_order("12345")
    assert "could not be read" in order.warnings[0]


async def test_an_order_older_than_sixty_days_is_read_without_its_copy() -> None:
    shop = sandbox()
    store, old = store_of(shop), shop.hints["old_order"]
    order = await store.get_order(old)
    assert order.payment_status == "paid"
    assert "60 days" in order.warnings[0]
    [payment] = await store.transactions(old)
    assert payment.id == f"wxp_example_{old}"
    with pytest.raises(NotFoundError, match="60 days"):
        await store.get_order(f"shopify:{5_000_000_000 + int(old)}")
    with pytest.raises(NotFoundError):
        await store.transactions(f"shopify:{5_000_000_000 + int(old)}")


# What it says.


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"financial_status": "pending"}, "pending"),
        ({"financial_status": "authorized"}, "pending"),
        ({"financial_status": "paid"}, "confirmed"),
        ({"financial_status": "refunded"}, "confirmed"),
        ({"financial_status": "paid", "fulfillment_status": "partial"}, "processing"),
        ({"financial_status": "paid", "fulfillment_status": "fulfilled"}, "shipped"),
        ({"fulfillment_status": "fulfilled", "closed_at": "2025-05-01T00:00:00Z"}, "completed"),
        ({"closed_at": "2025-05-01T00:00:00Z", "cancelled_at": "2025-05-01T00:00:00Z"}, "cancelled"),
    ],
)
async def test_how_far_a_copy_got_follows_from_its_fields(changes: dict[str, object], status: str) -> None:
    assert (await read_copy(**changes)).status == status


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("pending", "pending"),
        ("authorized", "authorized"),
        ("partially_paid", "partially_paid"),
        ("paid", "paid"),
        ("partially_refunded", "partially_refunded"),
        ("refunded", "refunded"),
        ("voided", "voided"),
        ("expired", "unknown"),
        (None, "unknown"),
    ],
)
async def test_shopifys_words_for_the_payment_are_ours(word: object, meant: str) -> None:
    assert (await read_copy(financial_status=word)).payment_status == meant


async def test_parcels_are_told_with_number_and_address() -> None:
    order = await read_copy(fulfillments=[PARCEL, PARCEL | {"shipment_status": "delivered", "tracking_url": None}])
    first, second = order.shipments
    assert first == Shipment("UPS", "4242424242424242", "https://track.example/EX1", "success")
    assert (second.tracking_url, second.status) == (None, "delivered")


async def test_a_fulfilment_of_several_parcels_is_several_and_one_of_none_is_not_there() -> None:
    urls = ["https://track.example/A", "javascript:alert(1)"]
    several = PARCEL | {"tracking_numbers": ["A", "B"], "tracking_urls": urls}
    order = await read_copy(fulfillments=[several, PARCEL | {"status": "cancelled"}])
    assert [(parcel.tracking_number, parcel.tracking_url) for parcel in order.shipments] == [
        ("A", "https://track.example/A"),
        ("B", None),
    ]
    order = await read_copy(fulfillments=[PARCEL | {"tracking_numbers": ["A", "B"]}])
    assert [parcel.tracking_url for parcel in order.shipments] == [None, None]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//x.test", "https://a@b.test/", "https://[x", 5]
)
async def test_an_address_that_is_no_link_is_left_out(url: object) -> None:
    """hostile 24"""
    order = await read_copy(fulfillments=[PARCEL | {"tracking_url": url}])
    assert order.shipments[0].tracking_url is None
    assert order.warnings == ("tracking_url is not a plain http or https address; it is left out.",)


async def test_what_went_back_is_the_sum_of_the_refunds_that_succeeded() -> None:
    entries = [SALE, refund(), refund(id=8, amount="2.50"), refund(id=9, status="failure")]
    order = await read_copy(financial_status="partially_refunded", transactions=entries)
    assert [(back.id, back.amount) for back in order.refunds] == [("7", usd(500)), ("8", usd(250))]
    assert (order.totals.refunded, order.refunds_complete, order.warnings) == (usd(750), True, ())
    assert order.refunds[0].created_at == datetime(2025, 4, 16, 14, 30, 45, tzinfo=UTC)
    assert order.totals.refundable is None


@pytest.mark.parametrize(
    "entries",
    [
        [refund(id=None)],
        [refund(amount=None)],
        [refund(amount="-5.00")],
        [refund(), refund()],
        [refund(amount="x")],
    ],
)
async def test_a_refund_that_is_not_sound_makes_what_went_back_unknown(entries: list[object]) -> None:
    """hostile 27"""
    order = await read_copy(transactions=entries)
    assert (order.totals.refunded, order.refunds, order.refunds_complete) == (None, (), False)
    assert any("what went back is not known" in warning for warning in order.warnings)


async def test_a_list_without_the_refund_that_the_word_tells_of_is_incomplete() -> None:
    """hostile 32"""
    order = await read_copy(financial_status="refunded")
    assert (order.payment_status, order.totals.refunded, order.refunds_complete) == ("refunded", None, False)
    assert "lists no refund" in order.warnings[0]
    for nothing in (None, ..., "x"):
        order = await read_copy(transactions=nothing)
        assert (order.totals.refunded, order.refunds_complete) == (None, False)


async def test_a_refund_in_another_currency_is_not_added_up() -> None:
    """hostile 31"""
    order = await read_copy(financial_status="partially_refunded", transactions=[refund(currency="EUR")])
    assert (order.refunds[0].amount, order.totals.refunded) == (Money(500, "EUR"), None)


async def test_the_contact_email_stands_in_where_there_is_no_other() -> None:
    order = await read_copy(email=None, customer=None, contact_email="else@mail.example")
    assert order.customer.email == "else@mail.example"


# Both as one.


async def test_the_copy_supplies_variants_parcels_refunds_and_exact_money() -> None:
    shop = sandbox()
    store = store_of(shop)
    shipped = await store.get_order(shop.hints["shipped_order"])
    model = shop.shop.numbered(shipped.id)
    [parcel] = shipped.shipments
    assert (parcel.carrier, parcel.tracking_number) == (model.carrier, model.tracking_number)
    assert (shipped.status, shipped.fulfillment_status) == ("processing", "fulfilled")
    wrong_size = await store.get_order(shop.hints["wrong_size_order"])
    [item] = wrong_size.items
    assert item.variant_name == "Heavy Cotton Tee / M"
    assert item.variant_id is not None
    assert len(item.variant_id) == 14
    part = await store.get_order(shop.hints["partially_refunded_order"])
    assert (part.payment_status, part.totals.refunded) == ("partially_refunded", usd(500))
    assert (part.refunds_complete, part.totals.refundable) == (True, None)
    whole = await store.get_order(shop.hints["refunded_order"])
    assert whole.totals.refunded == whole.totals.total
    assert (shipped.warnings, wrong_size.warnings, part.warnings, whole.warnings) == ((), (), (), ())


@pytest.mark.parametrize(
    ("own_changes", "copy_changes", "words"),
    [
        ({"total_amount": 54.99}, {}, "the total: 54.99 USD and 59.99 USD; Shopify's is shown"),
        ({}, {"currency": "EUR"}, "the total: 59.99 USD and 59.99 EUR"),
        ({}, {"financial_status": "paid"}, "the payment: pending and paid"),
        ({}, {"fulfillment_status": "fulfilled"}, "the fulfilment: unfulfilled and fulfilled"),
        ({}, {"name": "#1002"}, "another order's copy"),
        ({}, {"email": "else@mail.example"}, "two e-mail addresses"),
        ({}, {"cancelled_at": "2025-04-17T00:00:00Z"}, "copy was cancelled"),
        ({}, {"line_items": [{"id": 1}, {"id": 2}]}, "not the same number of items"),
        ({}, {"created_at": "2025-04-16T10:30:45-04:00"}, "time_zone"),
    ],
)
async def test_what_the_two_say_differently_is_said(
    own_changes: dict[str, object], copy_changes: dict[str, object], words: str
) -> None:
    """hostile 28, 31"""
    together: dict[str, object] = {"created_at": "2025-04-16T10:30:45+08:00"}
    order = await read_both(own_changes, {**together, **copy_changes})
    [warning] = order.warnings
    assert words in warning
    assert order.id == "12345"
    assert (await read_both({}, together)).warnings == ()


async def test_what_only_one_says_is_no_difference() -> None:
    silent = dict.fromkeys(("total_amount", "financial_status", "payment_status", "order_number", "customer_email"))
    order = await read_both(
        {**silent, "customer": None, "created_at": None, "fulfillment_status": None, "line_items": []},
        {"financial_status": "paid", "fulfillment_status": "fulfilled"},
    )
    assert order.payment_status == "paid"
    assert (order.totals.total, order.number, order.customer.email) == (usd(5999), "#1001", "customer@mail.example")
    assert (order.fulfillment_status, len(order.items)) == ("fulfilled", 1)
    order = await read_both({}, dict.fromkeys(fixture("shopify-order")["order"], None) | {"id": 5023658479})
    assert (order.totals.total, order.number, len(order.items)) == (usd(5999), "1001", 1)
    assert order.payment_status == "pending"


async def test_money_of_a_copy_without_a_currency_is_assumed_and_said() -> None:
    order = await read_both({}, {"currency": None})
    assert order.assumed == (("currency", "USD"),)
    order = await read_both({"currency": None}, {})
    assert order.assumed == ()


# Transactions.


async def test_transactions_are_the_gateways_and_shopifys() -> None:
    shop = sandbox()
    store, order_id = store_of(shop), shop.hints["partially_refunded_order"]
    gateways, sale, back = await store.transactions(order_id)
    assert (gateways.kind, gateways.status, gateways.id) == ("sale", "success", f"wxp_example_{order_id}")
    assert (sale.kind, sale.amount, back.kind, back.amount) == ("sale", gateways.amount, "refund", usd(500))
    assert {each.order_id for each in (gateways, sale, back)} == {order_id}
    assert await store.transactions(order_id, back.id) == (back,)
    with pytest.raises(NotFoundError):
        await store.transactions(order_id, "none")
    of_copy = await store.transactions(f"shopify:{5_000_000_000 + int(order_id)}")
    assert [each.id for each in of_copy] == [sale.id, back.id]
    assert {each.order_id for each in of_copy} == {f"shopify:{5_000_000_000 + int(order_id)}"}


async def test_a_transaction_of_another_order_says_whose_it_is() -> None:
    """hostile 30"""
    entries = [SALE, SALE | {"id": 2, "order_id": 99}, SALE | {"id": 3, "order_id": None}]
    gateway = scripted(own(), shopify(transactions=entries), options=WITH_SHOPIFY)
    _, first, second, third = await gateway.store.transactions("12345")
    assert [each.order_id for each in (first, second, third)] == ["12345", "shopify:99", "12345"]


async def test_shopify_failing_is_an_error_where_only_transactions_were_asked_for() -> None:
    gateway = scripted(own(), httpx2.Response(500, json={"success": False, "error": "x"}), options=WITH_SHOPIFY)
    with pytest.raises(Exception, match="upstream"):
        await gateway.store.transactions("12345")
