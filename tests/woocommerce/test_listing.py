"""Lists of REST v3: what the shop filters, what is filtered here, and where a list goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from clawver_orders.errors import BadResponseError, DeskError, InvalidArgument
from clawver_orders.order import PaymentStatus, Query, Status
from clawver_orders.platforms.woocommerce.listing import PAYMENT_STATUSES, STATUSES
from tests.woocommerce.shop import NOON, Scripted, as_answer, body_of, recorded, sandbox, store_of

pytestmark = pytest.mark.anyio


def row(number: int, **changes: object) -> dict[str, Any]:
    return body_of("v3_order_guest_pending", id=number, number=str(number), **changes)


def listed(*rows: object, total: object = ...) -> httpx2.Response:
    headers = {} if total is ... else {"x-wp-total": str(total)}
    return httpx2.Response(200, json=list(rows), headers=headers)


async def sent(**query: Any) -> dict[str, str]:
    """What the shop is asked for a query, without what every list asks for."""
    shop = Scripted({"/wc/v3/orders": []})
    await shop.store.list_orders(Query(**query))
    [request] = shop.requests
    params = dict(request.url.params)
    assert "order_key" not in params.pop("_fields")
    assert params.pop("orderby") == "date"
    return params


async def test_a_list_asks_for_the_newest_first_and_for_no_more_than_is_shown() -> None:
    assert await sent() == {"per_page": "20", "page": "1", "order": "desc"}
    assert await sent(limit=7, sort="oldest") == {"per_page": "7", "page": "1", "order": "asc"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"status": "pending"}, "pending,on-hold,checkout-draft"),
        ({"status": "processing"}, "processing"),
        ({"status": "completed"}, "completed"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "failed"}, "failed"),
        ({"payment_status": "paid"}, "processing,completed"),
        ({"payment_status": "refunded"}, "refunded"),
        ({"payment_status": "pending"}, "pending,on-hold,checkout-draft"),
        ({"payment_status": "paid", "status": "completed"}, "completed"),
    ],
)
async def test_our_words_are_sent_as_the_shops(query: dict[str, Any], words: str) -> None:
    assert (await sent(**query))["status"] == words


async def test_what_no_order_can_be_is_not_asked_for() -> None:
    shop = Scripted({})
    page = await shop.store.list_orders(Query(status="processing", payment_status="refunded"))
    assert (page.orders, page.total, shop.requests) == ((), 0, [])
    assert page.notes


@pytest.mark.parametrize(
    ("word", "hint"),
    [("confirmed", "processing"), ("shipped", "completed"), ("delivered", "completed"), ("unknown", "Use one of")],
)
async def test_a_status_that_woocommerce_does_not_know_is_refused_with_the_one_that_it_does(
    word: Status, hint: str
) -> None:
    assert word not in STATUSES
    with pytest.raises(InvalidArgument, match=hint) as refused:
        await sent(status=word)
    assert refused.value.field == "status"


@pytest.mark.parametrize("word", ["authorized", "partially_paid", "partially_refunded", "voided", "unknown"])
async def test_a_payment_status_that_cannot_be_asked_for_is_refused(word: PaymentStatus) -> None:
    assert word not in PAYMENT_STATUSES
    with pytest.raises(InvalidArgument) as refused:
        await sent(payment_status=word)
    assert refused.value.field == "payment_status"


@pytest.mark.parametrize("field", ["fulfillment_status", "payment_method"])
async def test_filters_that_woocommerce_does_not_have_are_refused(field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await sent(**{field: "fulfilled"})
    assert refused.value.field == field


async def test_dates_are_sent_in_gmt_and_one_second_wider_since_the_shop_leaves_its_own_second_out() -> None:
    east = datetime.fromisoformat("2026-11-20T20:00:00+08:00")
    assert await sent(after=east, before=east) == {
        "per_page": "20",
        "page": "1",
        "order": "desc",
        "after": "2026-11-20T11:59:59",
        "before": "2026-11-20T12:00:01",
        "dates_are_gmt": "true",
    }
    parts = await sent(after=east.replace(microsecond=1), before=east.replace(microsecond=999_999))
    assert (parts["after"], parts["before"]) == ("2026-11-20T12:00:00", "2026-11-20T12:00:01")
    changed = await sent(after=east, date_field="updated")
    assert (changed["modified_after"], "after" in changed) == ("2026-11-20T11:59:59", False)


async def test_the_time_of_payment_cannot_be_asked_for() -> None:
    with pytest.raises(InvalidArgument) as refused:
        await sent(after=NOON, date_field="paid")
    assert refused.value.field == "date_field"


async def test_both_ends_of_a_range_are_within_it() -> None:
    shop = sandbox()
    store = store_of(shop)
    order = shop.shop.numbered(shop.hints["processing_order"])
    whole = order.created_at.replace(microsecond=0)
    second = timedelta(seconds=1)
    for after, before, within in (
        (whole, whole + second, True),
        (whole - second, whole, True),
        (whole + second, whole + 2 * second, False),
        (whole - 2 * second, whole - second, False),
    ):
        page = await store.list_orders(Query(after=after, before=before, limit=100))
        assert ([one.id for one in page.orders] == [str(order.number)]) is within


@pytest.mark.parametrize(
    ("search", "params"),
    [
        ("mara", {"search": "mara"}),
        ("8001", {"search": "8001"}),
        ("+1 555 0100", {"search": "+1 555 0100"}),
        ("8001,8002 , 8003", {"include": "8001,8002,8003"}),
        ("customer:12", {"customer": "12"}),
        ("Customer: 12", {"customer": "12"}),
        ("customer:x", {"search": "customer:x"}),
        ("a@mail.example", {"search": "a@mail.example"}),
    ],
)
async def test_a_search_is_sent_as_what_it_is(search: str, params: dict[str, str]) -> None:
    found = await sent(search=search)
    assert {name: found[name] for name in ("search", "include", "customer") if name in found} == params


async def test_more_ids_than_a_page_has_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="at most 100"):
        await sent(search=",".join(map(str, range(1, 102))))


async def test_ids_an_address_and_a_customer_are_found_in_the_made_up_shop() -> None:
    shop = sandbox()
    store = store_of(shop)
    ids = shop.hints["refundable_order"], shop.hints["shipped_order"]
    page = await store.list_orders(Query(search=",".join(ids)))
    assert {order.id for order in page.orders} == set(ids)
    email = shop.hints["guest_email"]
    mine = await store.list_orders(Query(search=email.upper(), limit=100))
    assert mine.orders
    assert {order.customer.email for order in mine.orders} == {email}
    assert not (await store.list_orders(Query(search="customer:999"))).orders


async def test_of_an_address_only_the_whole_one_counts() -> None:
    near = {**body_of("v3_order_guest_pending")["billing"], "email": "xguest@mail.example"}
    shop = Scripted({"/wc/v3/orders": listed(row(1), row(2, billing=near), total=9)})
    page = await shop.store.list_orders(Query(search="Guest@mail.example", limit=2))
    assert [order.id for order in page.orders] == ["1"]
    assert page.notes == ("1 orders of this page are of another e-mail address: left out.",)
    assert (page.total, page.next_cursor) == (None, "2")


async def test_paid_leaves_out_what_went_back() -> None:
    refunds = [{"id": 5, "reason": "", "total": "-1.00"}]
    rows = row(1, status="processing"), row(2, status="completed", refunds=refunds)
    page = await Scripted({"/wc/v3/orders": listed(*rows, total=2)}).store.list_orders(Query(payment_status="paid"))
    assert [order.id for order in page.orders] == ["1"]
    assert (page.total, len(page.notes)) == (None, 1)


# Pages.


async def test_all_orders_come_once_over_pages_of_any_size() -> None:
    shop = sandbox()
    store = store_of(shop)
    seen: list[str] = []
    cursor: str | None = None
    for limit in (7, 7, 10, 3, 100):
        page = await store.list_orders(Query(limit=limit, cursor=cursor))
        assert page.total == len(shop.shop.orders)
        seen += [order.id for order in page.orders]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == [str(order.number) for order in shop.shop.newest_first()]


async def test_a_page_is_asked_for_by_its_number_or_where_sizes_changed_by_its_place() -> None:
    assert (await sent(limit=5, cursor="10"))["page"] == "3"
    odd = await sent(limit=7, cursor="10")
    assert (odd["offset"], "page" in odd) == ("10", False)


@pytest.mark.parametrize(
    ("rows", "total", "cursor"),
    [(2, 3, "2"), (2, 2, None), (1, 9, None), (0, 9, None), (2, ..., "2"), (2, "x", "2")],
)
async def test_a_list_goes_on_while_the_shop_says_that_there_is_more(
    rows: int, total: object, cursor: str | None
) -> None:
    shop = Scripted({"/wc/v3/orders": listed(*[row(number) for number in range(1, rows + 1)], total=total)})
    assert (await shop.store.list_orders(Query(limit=2))).next_cursor == cursor


@pytest.mark.parametrize("cursor", ["", "0", "-1", "abc", "1" * 10, "2.20", "١"])
async def test_a_cursor_of_nobody_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await sent(cursor=cursor)
    assert refused.value.field == "cursor"


async def test_the_recorded_page_is_read() -> None:
    shop = Scripted({"/wc/v3/orders": as_answer(recorded("v3_orders_list"))})
    page = await shop.store.list_orders(Query(limit=2, cursor="2"))
    assert [(order.id, order.status, order.payment_status) for order in page.orders] == [
        ("49", "pending", "pending"),
        ("48", "processing", "paid"),
    ]
    assert (page.total, page.next_cursor, page.notes) == (26, "4", ())
    assert page.orders[1].created_at == datetime(2026, 11, 21, 21, 6, 30, tzinfo=UTC)
    assert [item.title for item in page.orders[1].items] == ["Mug"]
    assert page.orders[1].shipping_address is None


# Rows as they should not arrive.


async def test_rows_that_are_no_orders_are_left_out_and_said() -> None:
    shop = Scripted({"/wc/v3/orders": listed(row(1), None, "x", {"status": "pending"}, row(2) | {"id": "a b"})})
    page = await shop.store.list_orders(Query())
    assert [order.id for order in page.orders] == ["1"]
    assert page.notes == ("4 orders without a usable id: left out.",)


@pytest.mark.parametrize("body", [{}, {"orders": []}, None, "x", 7])
async def test_an_answer_that_is_no_list_is_a_bad_response(body: object) -> None:
    """hostile 49"""
    with pytest.raises(BadResponseError):
        await Scripted({"/wc/v3/orders": httpx2.Response(200, json=body)}).store.list_orders(Query())


@pytest.mark.parametrize(
    "fault",
    [
        *("timeout", "reset", "close", "500", "503", "429", "401", "403", "404", "302", "html", "empty", "null"),
        *("204", "206", "304", "nested", "bad-utf8", "truncated", "cut"),
    ],
)
async def test_every_fault_of_a_list_is_an_error_of_ours(fault: str) -> None:
    """hostile 41, 42, 43, 44, 49, 50, 51, 52, 53, 54, 56, 57"""
    shop = sandbox()
    store = store_of(shop)
    await store.ping()
    shop.faults.add(f"list:{fault}:3")
    with pytest.raises(DeskError) as caught:
        await store.list_orders(Query())
    assert caught.value.next_step
    assert (await store_of(sandbox()).list_orders(Query(limit=1))).orders


async def test_a_slow_limit_is_waited_for_and_asked_again() -> None:
    """hostile 56"""
    shop = sandbox()
    shop.faults.add("list:429:1")
    assert (await store_of(shop).list_orders(Query(limit=1))).orders
    assert [request.status for request in shop.requests] == [429, 200]
