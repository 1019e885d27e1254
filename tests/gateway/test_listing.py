"""Lists: what the gateway filters, the dates that are looked for here, pages, and what the notes say of it."""

from datetime import timedelta
from typing import Any

import pytest

from clawver_orders.errors import BadResponseError, InvalidArgument
from clawver_orders.money import Money
from clawver_orders.order import Query, Status
from clawver_orders.platforms.gateway.client import CAPABILITIES
from clawver_orders.sandbox.gateway import Gateway
from tests.gateway.shop import NOON, Scripted, listed, own, row, sandbox, scripted, store_of

pytestmark = pytest.mark.anyio

TODAY = NOON - timedelta(hours=6)
PAID = '"confirmed" was asked for as "paid", a word of the gateway\'s that its documents do not list.'


async def ids(gateway: Scripted, **query: Any) -> list[str]:
    return [order.id for order in (await gateway.store.list_orders(Query(**query))).orders]


# What the gateway does itself.


async def test_a_list_sends_page_size_and_filters() -> None:
    gateway = scripted(listed(row(1, status="failed", payment_method="worldxinpay"), size=7))
    query = {"status": "failed", "payment_method": "worldxinpay", "search": "customer@mail.example", "limit": 7}
    assert await ids(gateway, **query) == ["1"]
    sent = {"search": "customer@mail.example", "status": "failed", "payment_method": "worldxinpay"}
    assert gateway.queries == [{"page": "1", "pageSize": "7", **sent}]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("pending", "pending"),
        ("confirmed", "paid"),
        ("processing", "processing"),
        ("completed", "completed"),
        ("cancelled", "cancelled"),
        ("failed", "failed"),
    ],
)
async def test_a_status_is_asked_in_the_gateways_word(ours: Status, theirs: str) -> None:
    gateway = scripted(listed(row(1, status=theirs)))
    page = await gateway.store.list_orders(Query(status=ours))
    assert gateway.queries[0]["status"] == theirs
    assert [order.status for order in page.orders] == [ours]
    assert page.notes == ((PAID,) if ours == "confirmed" else ())
    assert ours in CAPABILITIES.statuses


@pytest.mark.parametrize("status", ["shipped", "delivered", "unknown"])
async def test_a_status_that_the_gateway_does_not_have_is_refused_here(status: Status) -> None:
    gateway = scripted(listed())
    with pytest.raises(InvalidArgument, match="pending, confirmed") as refused:
        await gateway.store.list_orders(Query(status=status))
    assert refused.value.field == "status"
    assert gateway.requests == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_status", "paid"),
        ("fulfillment_status", "fulfilled"),
        ("date_field", "updated"),
        ("sort", "oldest"),
    ],
)
async def test_a_filter_that_the_gateway_would_leave_unheard_is_refused_here(field: str, value: str) -> None:
    gateway = scripted(listed())
    query: dict[str, Any] = {field: value}
    with pytest.raises(InvalidArgument) as refused:
        await gateway.store.list_orders(Query(**query))
    assert refused.value.field == field
    assert gateway.requests == []


async def test_the_total_and_the_next_page_are_told() -> None:
    gateway = scripted(
        listed(row(1), row(2), total=3, size=2),
        listed(row(3), total=3, page=2, size=2),
        options={"currency": "USD"},
    )
    store = gateway.store
    first = await store.list_orders(Query(limit=2))
    assert (first.total, first.next_cursor, first.notes) == (3, "2.2.0", ())
    second = await store.list_orders(Query(limit=2, cursor=first.next_cursor))
    assert ([order.id for order in second.orders], second.total, second.next_cursor) == (["3"], 3, None)
    assert gateway.queries[1] == {"page": "2", "pageSize": "2"}


async def test_a_gateway_with_a_smaller_page_of_its_own_is_followed() -> None:
    gateway = scripted(listed(row(1), row(2), total=3, size=2), listed(row(3), total=3, page=2, size=2))
    store = gateway.store
    first = await store.list_orders(Query(limit=20))
    assert first.next_cursor == "2.20.0"
    second = await store.list_orders(Query(limit=20, cursor=first.next_cursor))
    assert ([order.id for order in second.orders], second.next_cursor) == (["3"], None)


async def test_a_gateway_that_does_not_page_has_one_page_of_which_none_is_lost() -> None:
    gateway = scripted(listed(row(1), row(2), row(3), total=3, size=2))
    store = gateway.store
    first = await store.list_orders(Query(limit=2))
    second = await store.list_orders(Query(limit=2, cursor=first.next_cursor))
    assert [order.id for order in (*first.orders, *second.orders)] == ["1", "2", "3"]
    assert (first.next_cursor, second.next_cursor) == ("1.2.2", None)


@pytest.mark.parametrize("total", [None, ..., "many", -1, 2.5])
async def test_without_a_total_a_full_page_has_another(total: object) -> None:
    body = listed(row(1), row(2), size=2)
    body["data"]["total"] = total
    if total is ...:
        del body["data"]["total"]
    page = await scripted(body).store.list_orders(Query(limit=2))
    assert (page.total, page.next_cursor) == (None, "2.2.0")
    body["data"]["list"].pop()
    page = await scripted(body).store.list_orders(Query(limit=2))
    assert (page.total, page.next_cursor) == (None, None)


async def test_an_empty_page_ends_the_list_whatever_the_total_says() -> None:
    page = await scripted(listed(total=500)).store.list_orders(Query())
    assert (page.orders, page.next_cursor) == ((), None)


async def test_another_page_than_the_one_asked_for_is_refused() -> None:
    """hostile 62: otherwise the first page would be read for ever."""
    with pytest.raises(BadResponseError):
        await scripted(listed(row(1), page=1)).store.list_orders(Query(cursor="2.20.0"))


@pytest.mark.parametrize("cursor", ["", "2", "0.20.0", "1.0.0", "1.20", "1.20.-1", "a.b.c", "1.20.0 ", "１.20.0"])
async def test_a_cursor_of_nobody_is_refused(cursor: str) -> None:
    gateway = scripted(listed())
    with pytest.raises(InvalidArgument, match="next_cursor"):
        await gateway.store.list_orders(Query(cursor=cursor))
    assert gateway.requests == []


@pytest.mark.parametrize("rows", [None, {}, "none", ...])
async def test_an_answer_without_a_list_is_a_bad_response(rows: object) -> None:
    body = listed()
    body["data"]["list"] = rows
    if rows is ...:
        del body["data"]["list"]
    with pytest.raises(BadResponseError):
        await scripted(body).store.list_orders(Query())


async def test_rows_without_a_usable_id_are_left_out_and_said() -> None:
    page = await scripted(listed(row(1), None, "2", row(3, id=None), row(4, id=True))).store.list_orders(Query())
    assert [order.id for order in page.orders] == ["1"]
    assert page.notes == ("4 orders without a usable id: left out.",)


async def test_orders_come_newest_first_whatever_the_order_of_the_gateway() -> None:
    assert await ids(scripted(listed(row(3), row(1), row(9, created_at=None), row(2)))) == ["1", "2", "3", "9"]


async def test_without_a_currency_rows_have_no_total_and_the_notes_say_so() -> None:
    gateway = scripted(listed(row(1)), options={})
    page = await gateway.store.list_orders(Query())
    assert page.orders[0].totals.total is None
    assert page.orders[0].assumed == (("time_zone", "Asia/Shanghai"),)
    assert page.notes == ("The gateway's lists name no currency: set currency for this store to see totals here.",)
    gateway = scripted(listed(row(1)), options={"currency": "JPY"})
    [order] = (await gateway.store.list_orders(Query())).orders
    assert order.totals.total == Money(10, "JPY")
    assert order.assumed == (("currency", "JPY"), ("time_zone", "Asia/Shanghai"))


# What the gateway leaves unheard.


@pytest.mark.parametrize(
    ("query", "other"),
    [
        ({"status": "failed"}, {"status": "paid"}),
        ({"search": "lin.yue@post.test"}, {"customer_email": "mara@lindqvist.example"}),
        ({"payment_method": "worldxinpay"}, {"payment_method": "unknown"}),
    ],
)
async def test_what_was_not_filtered_is_left_out_here_and_said(query: Any, other: Any) -> None:
    fits = {"status": "failed", "customer_email": "Lin.Yue@post.test", "payment_method": "WorldXinPay"}
    gateway = scripted(listed(row(1, **fits), row(2, **{**fits, **other}), row(3, **{**fits, **other})))
    page = await gateway.store.list_orders(Query(**query))
    assert ([order.id for order in page.orders], page.total) == (["1"], None)
    [name] = query
    assert page.notes[0] == f"The gateway did not filter by {name}: 2 orders without it were left out here."
    assert page.notes[1] == "Looked through the first 3 orders of 3 in the gateway's list, to its end."


async def test_a_gateway_that_is_deaf_is_read_on_to_find_what_is_asked_for() -> None:
    shop = sandbox(Gateway(deaf=frozenset({"status"})))
    page = await store_of(shop).list_orders(Query(status="failed", limit=20))
    assert [order.id for order in page.orders] == [shop.hints["failed_order"]]
    assert len(shop.requests) == 3
    assert "did not filter by status" in page.notes[0]


async def test_a_row_that_does_not_say_what_was_asked_for_is_believed_to_fit() -> None:
    gateway = scripted(listed(row(1, status=None, customer_email=None, payment_method=None)))
    page = await gateway.store.list_orders(Query(status="failed", search="a@mail.example", payment_method="x"))
    assert ([order.id for order in page.orders], page.notes) == (["1"], ())


# Search.


async def test_ids_are_read_one_by_one_and_the_missing_one_is_named() -> None:
    shop = sandbox()
    first, second = shop.hints["shipped_order"], shop.hints["failed_order"]
    page = await store_of(shop).list_orders(Query(search=f" {first}, {second} ,999,{first}"))
    assert {order.id for order in page.orders} == {first, second}
    assert page.notes == ("No such order: 999. Search finds order ids and e-mail addresses.",)
    assert [request.operation for request in shop.requests] == ["get", "get", "get"]


async def test_ids_that_do_not_match_the_other_filters_are_said() -> None:
    shop = sandbox()
    store, failed = store_of(shop), shop.hints["failed_order"]
    others: tuple[Any, ...] = (
        {"status": "pending"},
        {"payment_method": "x"},
        {"before": NOON - timedelta(days=99)},
    )
    for filters in others:
        page = await store.list_orders(Query(search=failed, **filters))
        assert page.orders == ()
        assert page.notes == ("1 order with these ids did not match the other filters.",)


async def test_an_email_is_found_in_any_case() -> None:
    shop = sandbox()
    email = next(iter(shop.shop.orders.values())).customer.email
    expected = {str(order.number) for order in shop.shop.orders.values() if order.customer.email == email}
    page = await store_of(shop).list_orders(Query(search=email.upper(), limit=100))
    assert {order.id for order in page.orders} == expected
    assert (page.total, page.notes) == (len(expected), ())


async def test_a_part_of_an_email_is_asked_for_with_a_word_of_caution() -> None:
    page = await scripted(listed(row(1))).store.list_orders(Query(search="customer"))
    assert [order.id for order in page.orders] == ["1"]
    assert page.notes == (
        "The gateway searches e-mail addresses only; whether it finds parts of one is not documented.",
    )


@pytest.mark.parametrize("search", ["+1 555 0100", "blue shirt", "#1001", "", "1,,2", "悦", "a\nb", "1" * 19])
async def test_a_search_for_anything_else_is_refused(search: str) -> None:
    gateway = scripted(listed())
    with pytest.raises(InvalidArgument, match="e-mail") as refused:
        await gateway.store.list_orders(Query(search=search))
    assert refused.value.field == "search"
    assert gateway.requests == []


async def test_more_than_six_ids_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="at most 6"):
        await scripted(own()).store.list_orders(Query(search="1,2,3,4,5,6,7"))


# Dates.


async def test_dates_are_looked_for_here_and_include_their_bounds() -> None:
    gateway = scripted(listed(*[row(number) for number in range(1, 6)], size=100))
    page = await gateway.store.list_orders(
        Query(after=NOON - timedelta(hours=4), before=NOON - timedelta(hours=2), limit=20)
    )
    assert [order.id for order in page.orders] == ["2", "3", "4"]
    assert gateway.queries == [{"page": "1", "pageSize": "100"}]
    assert (page.total, page.next_cursor) == (None, None)
    assert page.notes == ("Looked through the first 5 orders of 5 in the gateway's list, to its end.",)


async def test_dates_go_with_the_gateways_own_filters() -> None:
    shop = sandbox()
    page = await store_of(shop).list_orders(Query(after=TODAY, status="confirmed", limit=100))
    expected = {
        str(order.number)
        for order in shop.shop.orders.values()
        if order.created_at >= TODAY and order.stage == "confirmed"
    }
    assert expected
    assert {order.id for order in page.orders} == expected
    assert shop.requests[0].query["status"] == "paid"
    assert page.notes[0] == PAID


async def test_reading_stops_where_only_older_orders_follow_and_says_that_it_believed_the_order() -> None:
    gateway = scripted(
        listed(row(1), row(2), total=900, size=2),
        listed(row(20), row(21), total=900, page=2, size=2),
        listed(row(30), row(31), total=900, page=3, size=2),
    )
    page = await gateway.store.list_orders(Query(after=NOON - timedelta(hours=12)))
    assert ([order.id for order in page.orders], page.next_cursor) == (["1", "2"], None)
    assert len(gateway.requests) == 2
    [note] = page.notes
    assert note == (
        "Looked through the first 4 orders of 900 in the gateway's list, back to 2026-03-01, which came newest "
        "first, and stopped where only older ones followed; the gateway does not promise that order."
    )


async def test_a_list_that_is_not_newest_first_is_read_to_its_end() -> None:
    gateway = scripted(
        listed(row(20), row(19), total=6, size=2),
        listed(row(30), row(31), total=6, page=2, size=2),
        listed(row(1), row(40), total=6, page=3, size=2),
    )
    page = await gateway.store.list_orders(Query(after=NOON - timedelta(hours=12)))
    assert [order.id for order in page.orders] == ["1"]
    assert len(gateway.requests) == 3
    assert page.notes[0].endswith("to its end.")


async def test_a_search_reads_at_most_six_pages_and_goes_on_where_it_stopped() -> None:
    pages = [listed(row(number), total=90, page=number, size=1) for number in range(1, 13)]
    gateway = scripted(*pages)
    store = gateway.store
    page = await store.list_orders(Query(before=NOON - timedelta(days=3)))
    assert (len(gateway.requests), page.orders, page.next_cursor) == (6, (), "7.100.0")
    [note] = page.notes
    assert note == (
        "Looked through the first 6 orders of 90 in the gateway's list, back to 2026-03-02; its order is not "
        "documented, so any may follow: pass next_cursor to go on."
    )
    await store.list_orders(Query(before=NOON - timedelta(days=3), cursor=page.next_cursor))
    assert gateway.queries[6]["page"] == "7"


async def test_a_search_by_dates_goes_on_within_a_page_and_skips_nothing() -> None:
    shop = sandbox()
    store = store_of(shop)
    after = NOON - timedelta(days=20)
    wanted = {str(order.number) for order in shop.shop.orders.values() if order.created_at >= after}
    found: list[str] = []
    cursor = None
    for _ in range(len(wanted)):
        page = await store.list_orders(Query(after=after, limit=3, cursor=cursor))
        found += [order.id for order in page.orders]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == len(set(found))
    assert set(found) == wanted


async def test_orders_without_a_readable_date_are_left_out_of_dates_and_said() -> None:
    page = await scripted(listed(row(1), row(2, created_at="soon"))).store.list_orders(Query(after=TODAY))
    assert [order.id for order in page.orders] == ["1"]
    assert "1 order without a readable date: left out." in page.notes


async def test_an_order_that_moves_between_two_pages_is_shown_once() -> None:
    gateway = scripted(
        listed(row(1), row(2), total=4, size=2), listed(row(2), row(3), total=4, page=2, size=2), options={}
    )
    assert await ids(gateway, after=NOON - timedelta(days=2)) == ["1", "2", "3"]


async def test_ten_thousand_rows_are_read() -> None:
    """hostile 25"""
    rows = [row(1, id=number) for number in range(10_000)]
    assert len((await scripted(listed(*rows, total=10_000)).store.list_orders(Query(limit=100))).orders) == 100
