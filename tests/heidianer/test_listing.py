"""Lists: every filter of the vendor's page, reached by words of ours, and pages by their number alone."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import httpx2
import pytest

from clawver_orders.errors import BadResponseError, InvalidArgument, NotFoundError
from clawver_orders.order import (
    FULFILLMENT_STATUSES,
    PAYMENT_STATUSES,
    STATUSES,
    DateField,
    Order,
    Query,
    Sort,
)
from clawver_orders.platforms.heidianer.query import parameters
from tests.heidianer.shop import detail, order_body, page, sandbox, scripted, store_of

pytestmark = pytest.mark.anyio

PLAIN = {"page": "1", "page_size": "20", "order_by": "-created_at"}


def asked(**query: Any) -> dict[str, str]:
    """What is asked of the shop, beside what always is."""
    found = parameters(Query(**query))
    assert found is not None
    return {name: value for name, value in found.items() if PLAIN.get(name) != value}


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ({}, {}),
        ({"status": "pending"}, {"order_status": "open", "financial_status__in": "pending,partially_paid"}),
        (
            {"status": "confirmed"},
            {"order_status": "open", "financial_status__in": "paid,refunded", "fulfillment_status": "pending"},
        ),
        (
            {"status": "processing"},
            {"order_status": "open", "financial_status__in": "paid,refunded", "fulfillment_status": "partial"},
        ),
        (
            {"status": "shipped"},
            {"order_status": "open", "financial_status__in": "paid,refunded", "fulfillment_status": "fulfilled"},
        ),
        ({"status": "completed"}, {"order_status": "closed"}),
        ({"status": "cancelled"}, {"order_status": "cancelled"}),
        ({"payment_status": "partially_paid"}, {"financial_status": "partially_paid"}),
        ({"fulfillment_status": "partially_fulfilled"}, {"fulfillment_status": "partial"}),
        (
            {"status": "shipped", "payment_status": "paid", "fulfillment_status": "fulfilled"},
            {"order_status": "open", "financial_status": "paid", "fulfillment_status": "fulfilled"},
        ),
        (
            {"status": "cancelled", "payment_status": "refunded"},
            {"order_status": "cancelled", "financial_status": "refunded"},
        ),
        ({"search": "2894"}, {"id": "2894"}),
        ({"search": " 2894, 2895 ,2894"}, {"id__in": "2894,2895"}),
        ({"search": "3096201701031645115932861"}, {"order_number": "3096201701031645115932861"}),
        (
            {"search": "902120170216180721014779,433220170204145333437189"},
            {"order_number__in": "902120170216180721014779,433220170204145333437189"},
        ),
        ({"search": "10000000001"}, {"customer__mobile": "10000000001"}),
        ({"search": "+86 100-0000-0001"}, {"customer__mobile": "10000000001"}),
        ({"search": "0086 100 0000 0001"}, {"customer__mobile": "10000000001"}),
        ({"search": "+852 5555 0100"}, {"customer__mobile": "+85255550100"}),
        ({"search": "customer:1001"}, {"customer": "1001"}),
        ({"search": "Customer: 1001"}, {"customer": "1001"}),
        ({"sort": "oldest"}, {"order_by": "created_at"}),
        ({"date_field": "updated"}, {"order_by": "-updated_at"}),
        ({"date_field": "paid", "sort": "oldest"}, {"order_by": "paid_at"}),
        ({"limit": 7, "cursor": "3"}, {"page_size": "7", "page": "3"}),
    ],
)
def test_a_question_of_ours_is_asked_in_the_shops_words(query: dict[str, Any], params: dict[str, str]) -> None:
    assert asked(**query) == params


@pytest.mark.parametrize("date_field", get_args(DateField))
def test_days_are_asked_for_by_the_date_that_is_meant_in_utc(date_field: DateField) -> None:
    after = datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=8)))
    before = datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=UTC)
    params = asked(date_field=date_field, after=after, before=before)
    assert params[f"{date_field}_at__gte"] == "2026-02-28T16:00:00.000Z"
    assert params[f"{date_field}_at__lte"] == "2026-03-03T00:00:00.000Z"


def test_a_day_at_the_end_of_all_calendars_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="before"):
        asked(before=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
    with pytest.raises(InvalidArgument, match="after"):
        asked(after=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "delivered"}, "status"),
        ({"status": "failed"}, "status"),
        ({"status": "unknown"}, "status"),
        ({"payment_status": "partially_refunded"}, "payment_status"),
        ({"payment_status": "voided"}, "payment_status"),
        ({"fulfillment_status": "restocked"}, "fulfillment_status"),
        ({"payment_method": "wx_pub"}, "payment_method"),
        ({"search": "buyer@mail.example"}, "search"),
        ({"search": "red shoes"}, "search"),
        ({"search": ","}, "search"),
        ({"search": "2894,3096201701031645115932861"}, "search"),
        ({"search": ",".join(map(str, range(1, 60)))}, "search"),
        ({"search": "１２"}, "search"),
        ({"search": "١٢"}, "search"),
        ({"search": "1&order_status=open"}, "search"),
        ({"search": "customer:a"}, "search"),
        *(({"cursor": cursor}, "cursor") for cursor in ("0", "-1", "x", "1&page_size=9", "１", "9999999", "")),
    ],
)
def test_what_the_shop_cannot_filter_is_refused_before_anything_is_sent(query: dict[str, Any], field: str) -> None:
    """hostile 8, 12, 13"""
    with pytest.raises(InvalidArgument) as caught:
        parameters(Query(**query))
    assert caught.value.field == field
    assert caught.value.next_step


async def test_an_e_mail_is_refused_with_what_can_be_searched_instead() -> None:
    shop = scripted(page())
    with pytest.raises(InvalidArgument, match="phone number, an order number, or order ids"):
        await shop.store.list_orders(Query(search="buyer@mail.example"))
    assert shop.requests == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "pending", "payment_status": "paid"},
        {"status": "confirmed", "payment_status": "pending"},
        {"status": "shipped", "fulfillment_status": "unfulfilled"},
    ],
)
async def test_what_no_order_can_be_is_answered_without_asking(query: dict[str, Any]) -> None:
    shop = scripted(page(order_body()))
    found = await shop.store.list_orders(Query(**query))
    assert (found.orders, found.total, shop.requests) == ((), 0, [])
    assert "leave one of the filters out" in found.notes[0]


async def test_the_list_is_asked_with_the_token_in_english_and_a_slash_at_the_end() -> None:
    shop = scripted(page(order_body()))
    found = await shop.store.list_orders(Query(limit=2))
    [request] = shop.requests
    assert request.url.path == "/api/orders/order/"
    assert request.headers["authorization"] == "Bearer heidianer_token_example"
    assert request.headers["accept-language"] == "en"
    assert (found.total, found.next_cursor, found.notes) == (1, None, ())


@pytest.mark.parametrize(
    ("following", "cursor", "cut"),
    [
        (None, None, False),
        ("http://evil.example/steal?page=3&page_size=2", "3", False),
        ("https://shop.test/api/orders/order/?status=open&page=4", "4", False),
        ("?page=3", "3", False),
        ("http://shop.test/?page=2", None, True),
        ("http://shop.test/?page=1", None, True),
        ("http://shop.test/?page=-3", None, True),
        ("http://shop.test/?page=３", None, True),
        ("http://shop.test/?page=3&page=4", None, True),
        ("http://shop.test/?page=99999999999", None, True),
        ("http://shop.test/", None, True),
        ("http://[", None, True),
        (3, None, True),
        ({"page": 3}, None, True),
    ],
)
async def test_of_the_next_link_only_the_number_is_used(following: Any, cursor: str | None, cut: bool) -> None:
    """hostile 53: it is plain http, and would carry the token anywhere."""
    shop = scripted(page(order_body(), count=9, following=following))
    found = await shop.store.list_orders(Query(cursor="2", limit=2))
    assert found.next_cursor == cursor
    assert any("cannot be used" in note for note in found.notes) == cut
    if cursor is not None:
        await shop.store.list_orders(Query(cursor=cursor, limit=2))
    assert {request.url.host for request in shop.requests} == {"shop.test"}
    assert {request.url.scheme for request in shop.requests} == {"https"}


async def test_a_page_that_is_gone_says_to_begin_anew() -> None:
    with pytest.raises(InvalidArgument, match="without cursor") as caught:
        await scripted(detail(404)).store.list_orders(Query(cursor="99"))
    assert caught.value.field == "cursor"


async def test_a_shop_without_such_a_list_at_all_is_told_as_that() -> None:
    """hostile 55"""
    with pytest.raises(NotFoundError, match="no list of orders"):
        await scripted(detail(404)).store.list_orders(Query())


@pytest.mark.parametrize(
    "body",
    [[], None, "x", {}, {"results": None}, {"results": {}}, {"detail": "x"}, {"count": 2, "next": None}],
)
async def test_an_answer_that_is_no_page_is_no_list(body: object) -> None:
    """hostile 49"""
    with pytest.raises(BadResponseError):
        await scripted(body).store.list_orders(Query())


async def test_one_wrong_row_does_not_hide_the_others() -> None:
    rows = [None, 7, {}, {"id": None}, {"id": "a b"}, order_body(), order_body(id=2895, total_price="lots")]
    found = await scripted(page(*rows)).store.list_orders(Query())
    assert [order.id for order in found.orders] == ["2894", "2895"]
    assert found.notes == ("5 of the orders had no usable id: left out.",)


@pytest.mark.parametrize("count", [None, "2", -1, 1.5, True])
async def test_a_total_that_is_none_is_absent(count: object) -> None:
    body = {**page(order_body()), "count": count}
    assert (await scripted(body).store.list_orders(Query())).total is None


async def all_rows(store: Any, **query: Any) -> list[Order]:
    rows: list[Order] = []
    cursor: str | None = None
    while True:
        found = await store.list_orders(Query(cursor=cursor, **query))
        rows += found.orders
        cursor = found.next_cursor
        if cursor is None:
            assert found.total == len(rows)
            return rows


async def test_every_order_is_in_exactly_one_of_the_statuses_and_is_shown_with_it() -> None:
    """The words that are asked for are those that are read back."""
    shop = sandbox()
    store = store_of(shop)
    found: dict[str, str] = {}
    for status in STATUSES:
        if status in store.capabilities.statuses:
            for row in await all_rows(store, status=status, limit=7):
                assert (row.status, found.get(row.id)) == (status, None)
                found[row.id] = status
    assert set(found) == {str(order.number) for order in shop.shop.orders.values()}
    assert set(found.values()) == set(store.capabilities.statuses)


@pytest.mark.parametrize("word", PAYMENT_STATUSES)
async def test_payment_statuses_are_filtered_by_the_shop(word: Any) -> None:
    store = store_of(sandbox())
    if word in store.capabilities.payment_statuses:
        assert {row.payment_status for row in await all_rows(store, payment_status=word, limit=50)} == {word}


@pytest.mark.parametrize("word", FULFILLMENT_STATUSES)
async def test_fulfillment_statuses_are_filtered_by_the_shop(word: Any) -> None:
    store = store_of(sandbox())
    if word in store.capabilities.fulfillment_statuses:
        assert {row.fulfillment_status for row in await all_rows(store, fulfillment_status=word)} == {word}


@pytest.mark.parametrize("date_field", get_args(DateField))
@pytest.mark.parametrize("sort", get_args(Sort))
async def test_rows_come_by_the_date_that_is_meant(date_field: DateField, sort: Sort) -> None:
    shop = sandbox()
    rows = await all_rows(store_of(shop), date_field=date_field, sort=sort, payment_status="paid", limit=100)
    dates = [getattr(row, f"{date_field}_at") for row in rows]
    assert len(rows) > 20
    assert dates == sorted(dates, reverse=sort == "newest")


@pytest.mark.parametrize("date_field", get_args(DateField))
async def test_days_bound_the_list_on_both_sides(date_field: DateField) -> None:
    shop = sandbox()
    store = store_of(shop)
    every = [row for row in await all_rows(store, limit=100) if getattr(row, f"{date_field}_at")]
    dates = sorted(getattr(row, f"{date_field}_at") for row in every)
    after, before = dates[5], dates[-6]
    rows = await all_rows(store, date_field=date_field, after=after, before=before, limit=100)
    assert {row.id for row in rows} == {
        row.id for row in every if after <= getattr(row, f"{date_field}_at") <= before
    }


async def test_a_buyer_is_found_by_phone_by_customer_and_by_order_number() -> None:
    shop = sandbox()
    store = store_of(shop)
    hints = shop.hints
    by_phone = await all_rows(store, search=hints["phone"], limit=50)
    assert hints["pending_order"] in {row.id for row in by_phone}
    assert {row.customer.phone for row in by_phone} == {hints["phone"]}
    by_customer = await all_rows(store, search=f"customer:{hints['customer_id']}", limit=50)
    assert hints["pending_order"] in {row.id for row in by_customer}
    assert len({row.customer.email for row in by_customer}) == 1
    assert [row.id for row in await all_rows(store, search=hints["order_number"])] == [hints["pending_order"]]
    both = f"{hints['pending_order']},{hints['shipped_order']}"
    assert {row.id for row in await all_rows(store, search=both)} == set(both.split(","))


async def test_a_row_has_no_address_no_parcel_and_no_remarks() -> None:
    body = order_body(fulfillments=[{"id": 1, "tracking_number": "EX1"}])
    [row] = (await scripted(page(body)).store.list_orders(Query())).orders
    assert (row.shipping_address, row.shipments, row.notes) == (None, (), ())
    assert row.items
    assert (row.refunds_complete, row.totals.refunded, row.totals.refundable) == (False, None, None)


async def test_a_list_is_tried_again_after_a_hiccup_and_then_told() -> None:
    """hostile 57"""
    shop = scripted(httpx2.Response(502), detail(503), page(order_body()))
    assert (await shop.store.list_orders(Query())).total == 1
    assert len(shop.requests) == 3
