"""Lists: what the API filters, what is filtered here, how far that reached, and both generations."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from clawver_orders.errors import BadResponseError, InvalidArgument
from clawver_orders.order import PaymentStatus, Query, Status
from tests.clawver.shops import KEY, NOON, Scripted, data, error, order_body, sandbox, scripted, store_of

pytestmark = pytest.mark.anyio

TODAY = NOON.replace(hour=0)
MAY_BE_MORE = (
    "There may be more orders, and this shop's list gives no next page: raise limit up to 100, or ask for one "
    "status at a time."
)


def row(number: int, **changes: object) -> dict[str, Any]:
    """A full row; the higher its number, the older it is."""
    created = (NOON - timedelta(hours=number)).isoformat().replace("+00:00", "Z")
    return order_body(**{"id": f"ord_{number}", "createdAt": created, **changes})


def bare(number: int, status: str = "paid") -> dict[str, Any]:
    """A row of the old generation."""
    whole = row(number, status=status)
    return {name: whole[name] for name in ("id", "status", "totalInCents", "createdAt")}


def listed(*rows: object, cursor: object = ..., where: str = "meta", has_more: object = ...) -> dict[str, object]:
    body = data(orders=list(rows))
    pagination: dict[str, object] = {"limit": 20}
    pagination |= {} if cursor is ... else {"cursor": cursor}
    pagination |= {} if has_more is ... else {"hasMore": has_more}
    if len(pagination) > 1:
        body |= {"meta": {"pagination": pagination}} if where == "meta" else {"pagination": pagination}
    return body


async def ids(shop: Scripted, **query: Any) -> list[str]:
    return [order.id for order in (await shop.store.list_orders(Query(**query))).orders]


# What the API does itself.


async def test_a_list_sends_limit_status_and_the_key() -> None:
    shop = scripted(listed(row(1, status="shipped")))
    assert await ids(shop, status="shipped", limit=7) == ["ord_1"]
    [request] = shop.requests
    assert (request.method, request.url.path) == ("GET", "/v1/orders")
    assert shop.queries == [{"status": "shipped", "limit": "7"}]
    assert request.headers["authorization"] == f"Bearer {KEY}"


async def test_orders_come_newest_first_whatever_the_order_of_the_shop() -> None:
    shop = scripted(listed(row(3), row(1), row(9, createdAt=None), row(2)))
    assert await ids(shop) == ["ord_1", "ord_2", "ord_3", "ord_9"]


@pytest.mark.parametrize("where", ["meta", "top"])
async def test_a_cursor_is_followed_wherever_it_stands(where: str) -> None:
    shop = scripted(listed(row(1), cursor="abc=&?/é", where=where), listed(row(2), cursor=None, where=where))
    store = shop.store
    first = await store.list_orders(Query(limit=1))
    assert (first.next_cursor, first.notes) == ("0.abc=&?/é", ())
    second = await store.list_orders(Query(limit=1, cursor=first.next_cursor))
    assert [order.id for order in second.orders] == ["ord_2"]
    assert second.next_cursor is None
    assert shop.queries[1] == {"limit": "1", "cursor": "abc=&?/é"}


@pytest.mark.parametrize("cursor", [5, "", "x" * 501, {}, True])
async def test_a_cursor_that_is_none_is_not_followed(cursor: object) -> None:
    page = await scripted(listed(row(1), cursor=cursor)).store.list_orders(Query(limit=5))
    assert page.next_cursor is None


async def test_a_shop_that_says_there_is_no_more_is_believed() -> None:
    page = await scripted(listed(row(1), cursor="abc", has_more=False)).store.list_orders(Query(limit=1))
    assert (page.next_cursor, page.notes) == (None, ())


async def test_a_cursor_that_points_at_itself_ends_the_list() -> None:
    shop = scripted(listed(row(1), cursor="abc"))
    page = await shop.store.list_orders(Query(limit=1, cursor="0.abc"))
    assert page.next_cursor is None
    assert len(shop.requests) == 1


async def test_a_full_page_without_a_cursor_says_that_there_may_be_more() -> None:
    shop = scripted(listed(row(1), row(2)))
    page = await shop.store.list_orders(Query(limit=2))
    assert (page.next_cursor, page.notes) == (None, (MAY_BE_MORE,))
    assert (await shop.store.list_orders(Query(limit=3))).notes == ()


async def test_a_page_cut_at_a_round_number_says_that_there_may_be_more() -> None:
    shop = scripted(listed(*[row(number) for number in range(50)]))
    assert (await shop.store.list_orders(Query(limit=100))).notes == (MAY_BE_MORE,)


async def test_more_rows_than_asked_for_wait_for_the_next_page() -> None:
    shop = scripted(listed(row(1), row(2), row(3)))
    store = shop.store
    first = await store.list_orders(Query(limit=2))
    second = await store.list_orders(Query(limit=2, cursor=first.next_cursor))
    assert [order.id for order in (*first.orders, *second.orders)] == ["ord_1", "ord_2", "ord_3"]
    assert (first.next_cursor, second.next_cursor) == ("2.", None)


async def test_rows_of_another_status_than_asked_for_are_not_shown() -> None:
    assert await ids(scripted(listed(row(1, status="shipped"), row(2, status="pending"))), status="shipped") == [
        "ord_1"
    ]


async def test_rows_without_a_usable_id_are_left_out_and_said() -> None:
    page = await scripted(
        listed(row(1), {"status": "paid"}, None, "ord_2", row(2) | {"id": "a b"})
    ).store.list_orders(Query())
    assert [order.id for order in page.orders] == ["ord_1"]
    assert page.notes == ("4 orders without a usable id: left out.",)


@pytest.mark.parametrize("orders", [None, {}, "none", ...])
async def test_an_answer_without_a_list_is_a_bad_response(orders: object) -> None:
    body = data() if orders is ... else data(orders=orders)
    with pytest.raises(BadResponseError):
        await scripted(body).store.list_orders(Query())


# What cannot be asked.


@pytest.mark.parametrize(
    ("status", "hint"),
    [("failed", "payment_status"), ("completed", "delivered"), ("unknown", "pending, confirmed")],
)
async def test_a_status_that_the_shop_would_answer_with_nothing_is_refused_here(status: Status, hint: str) -> None:
    shop = scripted(listed())
    with pytest.raises(InvalidArgument, match=hint) as refused:
        await shop.store.list_orders(Query(status=status))
    assert refused.value.field == "status"
    assert shop.requests == []


@pytest.mark.parametrize("word", ["authorized", "partially_paid", "voided", "unknown"])
async def test_a_payment_status_that_clawver_does_not_know_is_refused(word: PaymentStatus) -> None:
    with pytest.raises(InvalidArgument, match="partially_refunded") as refused:
        await scripted(listed()).store.list_orders(Query(payment_status=word))
    assert refused.value.field == "payment_status"


@pytest.mark.parametrize("cursor", ["", "abc", "-1.abc", "1", "999999.x", "0." + "x" * 501])
async def test_a_cursor_of_nobody_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="next_cursor"):
        await scripted(listed()).store.list_orders(Query(cursor=cursor))


@pytest.mark.parametrize("search", ["+1 555 0100", "(555) 0100", "030 123456"])
async def test_a_phone_number_is_refused_because_clawver_keeps_none(search: str) -> None:
    with pytest.raises(InvalidArgument, match="phone"):
        await scripted(listed()).store.list_orders(Query(search=search))


@pytest.mark.parametrize("search", ["blue shirt", "a,,b", "", ",", "ord\n1", "é"])
async def test_words_that_are_no_ids_are_refused(search: str) -> None:
    with pytest.raises(InvalidArgument, match="e-mail"):
        await scripted(listed()).store.list_orders(Query(search=search))


async def test_more_than_six_ids_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="6 at a time"):
        await scripted(listed()).store.list_orders(Query(search="1,2,3,4,5,6,7"))


# What is done here.


async def test_ids_are_read_one_by_one_and_the_missing_one_is_named() -> None:
    shop = sandbox()
    first, second = list(shop.shop.orders)[:2]
    page = await store_of(shop).list_orders(Query(search=f"{first}, {second},ord_missing,{first}"))
    assert {order.id for order in page.orders} == {first, second}
    assert page.notes == ("No such order: ord_missing. Search finds order ids and whole e-mail addresses.",)
    assert len(shop.requests) == 3


async def test_ids_that_do_not_match_the_other_filters_are_said() -> None:
    shop = sandbox()
    page = await store_of(shop).list_orders(Query(search=shop.hints["pending_order"], payment_status="paid"))
    assert page.orders == ()
    assert page.notes == ("1 order with these ids did not match the other filters.",)


async def test_the_payment_status_is_looked_for_here() -> None:
    shop = sandbox()
    page = await store_of(shop).list_orders(Query(payment_status="failed"))
    failed = {order.id for order in shop.shop.orders.values() if order.payment_status == "failed"}
    assert shop.hints["failed_order"] in failed
    assert {order.id for order in page.orders} == failed
    assert page.notes == (
        f"Looked through the newest {len(shop.shop.orders)} orders; there are no others that can match.",
    )
    assert [request.query for request in shop.requests] == [{"limit": "100"}]


async def test_an_email_is_looked_for_whole_and_in_any_case() -> None:
    shop = sandbox()
    order = shop.shop.orders[shop.hints["digital_order"]]
    email = order.customer.email
    expected = {each.id for each in shop.shop.orders.values() if each.customer.email == email}
    store = store_of(shop)
    page = await store.list_orders(Query(search=f" {email.upper()} ", limit=100))
    assert {each.id for each in page.orders} == expected
    assert (await store.list_orders(Query(search=email[1:]))).orders == ()


async def test_dates_include_their_bounds() -> None:
    shop = scripted(listed(row(1), row(2), row(3), row(4)))
    assert await ids(shop, after=NOON - timedelta(hours=3), before=NOON - timedelta(hours=2)) == ["ord_2", "ord_3"]


async def test_orders_without_a_readable_date_are_left_out_of_dates_and_said() -> None:
    page = await scripted(listed(row(1), row(2, createdAt="soon"))).store.list_orders(Query(after=TODAY))
    assert [order.id for order in page.orders] == ["ord_1"]
    assert "1 order without a readable date: left out." in page.notes


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_a_daily_check_does_not_miss_digital_orders(generation: str) -> None:
    shop = sandbox(generation=generation)
    page = await store_of(shop).list_orders(Query(after=TODAY, payment_status="paid", limit=100))
    expected = {
        order.id
        for order in shop.shop.orders.values()
        if order.created_at >= TODAY and order.payment_status == "paid" and order.stage != "cancelled"
    }
    assert shop.hints["digital_order"] in expected
    assert {order.id for order in page.orders} == expected


async def test_a_search_reads_on_until_it_has_enough() -> None:
    shop = scripted(
        listed(row(1), row(2), cursor="b"),
        listed(row(3, paymentStatus="failed"), row(4), cursor="c"),
        listed(row(5)),
    )
    page = await shop.store.list_orders(Query(payment_status="failed", limit=1))
    assert [order.id for order in page.orders] == ["ord_3"]
    assert len(shop.requests) == 2
    assert page.next_cursor == "1.b"
    [note] = page.notes
    assert note == (
        "Looked through the newest 3 orders, back to 2026-03-02; older ones were not looked at: pass next_cursor "
        "to go on."
    )


async def test_a_search_goes_on_where_it_stopped_and_skips_nothing() -> None:
    shop = sandbox(pagination="top")
    store = store_of(shop)
    wanted = {order.id for order in shop.shop.orders.values() if order.payment_status == "paid"}
    found: list[str] = []
    cursor = None
    while True:
        page = await store.list_orders(Query(payment_status="paid", limit=3, cursor=cursor))
        found += [order.id for order in page.orders]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == len(set(found))
    assert set(found) == wanted


async def test_a_search_reads_at_most_six_pages_and_says_how_far_it_came() -> None:
    pages = [listed(row(number), cursor=f"c{number}") for number in range(1, 10)]
    shop = scripted(*pages)
    page = await shop.store.list_orders(Query(payment_status="failed"))
    assert len(shop.requests) == 6
    assert (page.orders, page.next_cursor) == ((), "0.c6")
    assert page.notes[0].startswith("Looked through the newest 6 orders, back to 2026-03-02; older ones")


async def test_a_search_ends_at_the_end_of_the_list_where_the_limit_is_reached_too() -> None:
    shop = scripted(listed(row(1), cursor="b"), listed(row(2)))
    store = shop.store
    page = await store.list_orders(Query(payment_status="paid", limit=1))
    assert page.next_cursor == "0.b"
    page = await store.list_orders(Query(payment_status="paid", limit=1, cursor=page.next_cursor))
    assert ([order.id for order in page.orders], page.next_cursor) == (["ord_2"], None)
    assert page.notes == ("Looked through the next 1 order; there are no others that can match.",)


async def test_a_search_stops_where_only_older_orders_follow() -> None:
    shop = scripted(listed(row(1), row(2), cursor="b"), listed(row(20), row(21), cursor="c"))
    page = await shop.store.list_orders(Query(after=TODAY))
    assert [order.id for order in page.orders] == ["ord_1", "ord_2"]
    assert (page.next_cursor, len(shop.requests)) == (None, 2)
    assert page.notes == ("Looked through the newest 4 orders; there are no others that can match.",)


async def test_a_search_in_a_list_without_cursor_says_what_it_could_not_reach() -> None:
    shop = scripted(listed(*[row(number) for number in range(100)]))
    page = await shop.store.list_orders(Query(payment_status="failed"))
    assert page.next_cursor is None
    [note] = page.notes
    assert note == (
        "Looked through the newest 100 orders, back to 2026-02-26; older ones were not looked at: this shop's list "
        "goes no further, ask for one status at a time to see more."
    )


async def test_an_order_that_moves_between_two_pages_is_shown_once() -> None:
    shop = scripted(listed(row(1), row(2), cursor="b"), listed(row(2), row(3)))
    assert await ids(shop, payment_status="paid") == ["ord_1", "ord_2", "ord_3"]


async def test_pages_that_lead_in_a_circle_are_left() -> None:
    shop = scripted(listed(row(1), cursor="b"), listed(row(2), cursor="c"), listed(row(3), cursor="b"))
    page = await shop.store.list_orders(Query(payment_status="failed"))
    assert (len(shop.requests), page.next_cursor) == (3, None)


# Short rows of the old generation.


async def test_short_rows_are_opened_for_an_email_within_the_same_six_reads() -> None:
    whole = [data(order=row(number, status="paid", paymentStatus=...)) for number in range(1, 6)]
    shop = scripted(listed(*[bare(number) for number in range(1, 9)]), *whole)
    page = await shop.store.list_orders(Query(search="customer@mail.example", limit=20))
    assert [order.id for order in page.orders] == [f"ord_{number}" for number in range(1, 6)]
    assert [request.url.path for request in shop.requests[1:]] == [f"/v1/orders/ord_{n}" for n in range(1, 6)]
    assert page.next_cursor == "5."
    assert page.notes[0].startswith("Looked through the newest 5 orders, back to 2026-03-02")


async def test_short_rows_are_not_opened_where_their_date_rules_them_out() -> None:
    shop = scripted(listed(bare(1), bare(30)), data(order=row(1, paymentStatus=...)))
    assert await ids(shop, search="customer@mail.example", after=TODAY) == ["ord_1"]
    assert len(shop.requests) == 2


async def test_a_short_row_that_vanished_is_no_hit_and_no_error() -> None:
    shop = scripted(
        listed(bare(1), bare(2)), error(404, "RESOURCE_NOT_FOUND"), data(order=row(2, paymentStatus=...))
    )
    assert await ids(shop, search="customer@mail.example") == ["ord_2"]


async def test_old_orders_called_refunded_are_opened_to_see_how_much_went_back() -> None:
    shop = sandbox(generation="legacy")
    store = store_of(shop)
    wanted = {order.id for order in shop.shop.orders.values() if order.payment_status == "partially_refunded"}
    found: set[str] = set()
    cursor = None
    while True:
        page = await store.list_orders(Query(payment_status="partially_refunded", limit=100, cursor=cursor))
        found |= {order.id for order in page.orders}
        cursor = page.next_cursor
        if cursor is None:
            break
    assert wanted
    assert found == wanted


async def test_an_old_order_whose_row_does_not_tell_the_payment_is_opened() -> None:
    shop = scripted(listed(bare(1, "cancelled")), data(order=row(1, status="cancelled", paymentStatus=...)))
    assert await ids(shop, payment_status="paid") == ["ord_1"]


# Which generation.


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_confirmed_finds_the_paid_orders_of_both_generations(generation: str) -> None:
    shop = sandbox(generation=generation)
    expected = {order.id for order in shop.shop.orders.values() if order.stage == "confirmed" and not order.refunds}
    page = await store_of(shop).list_orders(Query(status="confirmed", limit=100))
    assert expected
    assert {order.id for order in page.orders if order.payment_status == "paid"} == expected
    assert {order.status for order in page.orders} == {"confirmed"}


async def test_a_shop_of_unknown_generation_is_asked_both_words_and_the_answer_is_remembered() -> None:
    shop = scripted(listed(), listed(bare(1)), listed(bare(2)))
    store = shop.store
    assert len((await store.list_orders(Query(status="confirmed"))).orders) == 1
    assert len((await store.list_orders(Query(status="confirmed"))).orders) == 1
    assert [query["status"] for query in shop.queries] == ["confirmed", "paid", "paid"]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (listed(row(1, status="pending")), ["confirmed"]),
        (listed(bare(1, "confirmed")), ["confirmed"]),
        (listed(bare(1, "refunded")), ["paid"]),
        (listed(bare(1, "pending"), cursor="abc"), ["paid"]),
        (listed(bare(1, "pending")), ["confirmed", "paid"]),
        (listed(), ["confirmed", "paid"]),
    ],
)
async def test_the_generation_is_learned_from_what_arrives(first: dict[str, object], words: list[str]) -> None:
    shop = scripted(first, listed())
    store = shop.store
    await store.list_orders(Query())
    await store.list_orders(Query(status="confirmed"))
    assert [query["status"] for query in shop.queries[1:]] == words


async def test_a_place_in_a_list_of_paid_orders_is_kept_over_a_restart() -> None:
    shop = sandbox(generation="legacy")
    query = Query(status="confirmed", limit=3)
    first = await store_of(shop).list_orders(query)
    second = await store_of(shop).list_orders(replace(query, cursor=first.next_cursor))
    assert shop.requests[-1].query["status"] == "paid"
    assert len(second.orders) == 3
    assert not {order.id for order in first.orders} & {order.id for order in second.orders}


async def test_pages_out_of_order_are_put_in_order() -> None:
    assert await ids(scripted(listed(row(5), cursor="b"), listed(row(2))), payment_status="paid") == [
        "ord_2",
        "ord_5",
    ]


async def test_a_single_order_teaches_the_generation_too() -> None:
    shop = scripted(data(order=order_body()), listed())
    store = shop.store
    await store.get_order("ord_abc123")
    await store.list_orders(Query(status="confirmed"))
    assert [query.get("status") for query in shop.queries] == [None, "confirmed"]


async def test_an_error_of_the_list_is_told_and_the_page_not_shortened() -> None:
    shop = scripted(listed(row(1), cursor="b"), httpx2.Response(500, json={}))
    with pytest.raises(Exception, match="upstream"):
        await shop.store.list_orders(Query(payment_status="failed"))
