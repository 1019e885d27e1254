"""Cancelling, marking as paid, completing, notes and counts."""

import anyio
import httpx2
import pytest

from clawver_orders.errors import (
    BadResponseError,
    DeskError,
    ForbiddenError,
    NetworkError,
    NotSentError,
    UnsupportedError,
)
from clawver_orders.money import Money
from clawver_orders.order import Counts
from clawver_orders.store import Answer
from tests.woocommerce.shop import READ_ONLY, Scripted, body_of, error, sandbox, store_of

pytestmark = pytest.mark.anyio

PROBE = "GET /wp-json/wc/v3/orders"
LOST = [
    httpx2.ReadError(""),
    httpx2.ReadTimeout(""),
    httpx2.WriteError(""),
    httpx2.RemoteProtocolError(""),
    httpx2.Response(500, json={"code": "internal_server_error", "message": "x", "data": {"status": 500}}),
    httpx2.Response(502, html="<h1>Bad gateway</h1>"),
    httpx2.Response(504),
    httpx2.Response(200, html="<h1>Log in</h1>"),
    httpx2.Response(200),
    httpx2.Response(204),
    httpx2.Response(301, headers={"location": "/x"}),
    httpx2.Response(200, content=b'{"id":22,"stat'),
    error(409, "woocommerce_rest_x"),
    error(429, "woocommerce_rest_x"),
]


def order(**changes: object) -> dict[str, object]:
    return body_of("v3_order_guest_pending", **changes)


async def cancel(answer: object) -> Answer:
    shop = Scripted({PROBE: [], "PUT /wp-json/wc/v3/orders/22": answer})
    told = await shop.store.cancel("22", "changed their mind", lambda: True)
    assert len(shop.writes) == 1
    assert shop.writes[0].content == b'{"status":"cancelled"}'
    return told


async def mark_paid(answer: object, **before: object) -> tuple[Answer, list[bytes]]:
    shop = Scripted({"GET /wp-json/wc/v3/orders/22": order(**before), "PUT /wp-json/wc/v3/orders/22": answer})
    told = await shop.store.mark_paid("22", lambda: True)
    return told, [request.content for request in shop.writes]


# Cancelling.


async def test_an_order_is_cancelled_where_the_answer_shows_it() -> None:
    shop = sandbox()
    order_id = shop.hints["processing_order"]
    store = store_of(shop)
    assert (await store.cancel(order_id, "sold out", lambda: True)).kind == "done"
    seen = await store.get_order(order_id)
    assert (seen.status, seen.payment_status) == ("cancelled", "paid")
    assert sum(request.method != "GET" for request in shop.requests) == 1


@pytest.mark.parametrize(
    "body", [order(), order(status="cancelled", id=23), order(status="cancelled", id=None), [], None, {}]
)
async def test_a_yes_that_does_not_show_the_cancelled_order_is_unknown(body: object) -> None:
    """hostile 30, 49"""
    assert (await cancel(httpx2.Response(200, json=body))).kind == "unknown"


@pytest.mark.parametrize("lost", LOST, ids=repr)
async def test_a_lost_answer_to_a_cancel_is_unknown(lost: object) -> None:
    """hostile 41, 42, 43, 44, 49, 50, 52, 53, 56, 57"""
    assert (await cancel(lost)).kind == "unknown"


async def test_a_refused_cancel_is_refused_and_a_late_one_is_not_sent() -> None:
    refused = await cancel(error(404, "woocommerce_rest_shop_order_invalid_id"))
    assert (refused.kind, refused.error) == ("refused", "not_found")
    shop = Scripted({PROBE: []})
    assert (await shop.store.cancel("22", "x", lambda: False)).kind == "not_sent"
    assert (await shop.store.cancel("../22", "x", lambda: True)).error == "invalid_argument"
    assert shop.writes == []


# Marking as paid.


async def test_an_unpaid_order_is_marked_as_paid() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["pending_order"]
    assert (await store.mark_paid(order_id, lambda: True)).kind == "done"
    seen = await store.get_order(order_id)
    assert (seen.payment_status, seen.paid_at is not None) == ("paid", True)
    [write] = [request for request in shop.requests if request.method == "PUT"]
    assert write.body == {"set_paid": True}


async def test_an_order_that_waits_for_a_transfer_gets_its_next_status_since_set_paid_does_nothing_there() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["on_hold_order"]
    assert (await store.mark_paid(order_id, lambda: True)).kind == "done"
    [write] = [request for request in shop.requests if request.method == "PUT"]
    assert write.body == {"status": "processing"}
    assert (await store.get_order(order_id)).payment_status == "paid"
    _, [sent] = await mark_paid(
        order(date_paid_gmt="2026-11-21T21:06:29"), status="on-hold", needs_processing=False
    )
    assert sent == b'{"status":"completed"}'


async def test_an_order_with_a_date_of_payment_is_not_marked_again() -> None:
    told, sent = await mark_paid(order(), date_paid_gmt="2026-11-21T21:06:29")
    assert (told.kind, told.error, sent) == ("not_sent", "conflict", [])


async def test_a_yes_without_a_date_of_payment_is_unknown() -> None:
    told, sent = await mark_paid(order())
    assert (told.kind, len(sent)) == ("unknown", 1)


@pytest.mark.parametrize("lost", LOST, ids=repr)
async def test_a_lost_answer_to_marking_as_paid_is_unknown(lost: object) -> None:
    """hostile 41, 42, 43, 44, 49, 50, 52, 53, 56, 57"""
    told, sent = await mark_paid(lost)
    assert (told.kind, len(sent)) == ("unknown", 1)


@pytest.mark.parametrize("broken", [httpx2.ReadError(""), error(500, "x"), error(404, "x"), order(id=23)])
async def test_without_the_read_before_nothing_is_marked(broken: object) -> None:
    shop = Scripted({"GET /wp-json/wc/v3/orders/22": broken})
    assert (await shop.store.mark_paid("22", lambda: True)).kind == "not_sent"
    assert shop.writes == []


async def test_a_key_that_may_only_read_changes_nothing() -> None:
    shop = sandbox()
    store = store_of(shop, keys=READ_ONLY)
    for answer in (
        await store.cancel(shop.hints["pending_order"], "x", lambda: True),
        await store.mark_paid(shop.hints["pending_order"], lambda: True),
    ):
        assert (answer.kind, answer.error) == ("refused", "forbidden")
    with pytest.raises(ForbiddenError, match="only read"):
        await store.close(shop.hints["shipped_order"])
    with pytest.raises(ForbiddenError, match="only read"):
        await store.comment(shop.hints["shipped_order"], "hello")
    assert shop.shop.numbered(shop.hints["pending_order"]).stage == "pending"


# Completing.


async def test_closing_completes_the_order() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["processing_order"]
    await store.close(order_id)
    seen = await store.get_order(order_id)
    assert (seen.status, seen.fulfillment_status, seen.closed_at is not None) == ("completed", "fulfilled", True)


async def test_a_close_whose_answer_is_lost_says_that_it_is_not_known() -> None:
    """hostile 42, 57"""
    for lost in LOST:
        shop = Scripted({PROBE: [], "PUT /wp-json/wc/v3/orders/22": lost})
        with pytest.raises(NetworkError, match="whether the order was closed is not known"):
            await shop.store.close("22")
        assert len(shop.writes) == 1
    shop = Scripted({PROBE: [], "PUT /wp-json/wc/v3/orders/22": httpx2.ConnectError("")})
    with pytest.raises(NotSentError):
        await shop.store.close("22")


@pytest.mark.parametrize("body", [order(), order(id=23, status="completed"), [], {}, 7])
async def test_a_close_that_the_answer_does_not_show_is_an_error(body: object) -> None:
    shop = Scripted({PROBE: [], "PUT /wp-json/wc/v3/orders/22": httpx2.Response(200, json=body)})
    with pytest.raises(BadResponseError):
        await shop.store.close("22")


# Notes.


async def test_a_note_is_the_merchants_and_private() -> None:
    shop = sandbox()
    order_id = shop.hints["shipped_order"]
    notes = await store_of(shop).comment(order_id, "Called the carrier")
    assert [(note.author, note.text) for note in notes] == [
        ("merchant", "Called the carrier"),
        ("system", "Order placed at the checkout."),
    ]
    [write] = [request for request in shop.requests if request.method == "POST"]
    assert write.body == {"note": "Called the carrier", "customer_note": False, "added_by_user": True}


async def test_a_note_that_was_written_is_told_even_where_the_others_cannot_be_read() -> None:
    shop = sandbox()
    store = store_of(shop)
    await store.ping()
    shop.faults.add("notes:500:1")
    notes = await store.comment(shop.hints["shipped_order"], "Called the carrier")
    assert [note.text for note in notes] == ["Called the carrier"]


async def test_a_note_whose_answer_is_lost_says_that_it_is_not_known() -> None:
    shop = sandbox()
    store = store_of(shop)
    await store.ping()
    shop.faults.add("comment:timeout-after:1")
    with pytest.raises(NetworkError, match="whether the note was written is not known"):
        await store.comment(shop.hints["shipped_order"], "Called the carrier")
    assert len(shop.shop.numbered(shop.hints["shipped_order"]).comments) == 1


async def test_notes_are_not_rewritten_and_not_written_as_the_buyer() -> None:
    shop = sandbox()
    store = store_of(shop)
    with pytest.raises(UnsupportedError):
        await store.comment("8001", "x", comment_id="5")
    with pytest.raises(UnsupportedError):
        await store.comment("8001", "x", as_customer=True)
    assert shop.requests == []


# Counts, and what there is not.


async def test_orders_are_counted_by_the_shops_own_headers() -> None:
    shop = sandbox()
    counts = await store_of(shop).counts()
    assert counts == Counts(
        all=len(shop.shop.orders), pending_payment=1, pending_fulfillment=15, fulfilled=34, cancelled=2
    )
    assert len(shop.requests) == 5


async def test_a_count_that_the_shop_does_not_say_is_absent_and_a_fault_is_an_error() -> None:
    assert await Scripted({"/wc/v3/orders": []}).store.counts() == Counts()
    with pytest.raises(DeskError):
        await Scripted({"/wc/v3/orders": error(401, "woocommerce_rest_cannot_view")}).store.counts()


async def test_five_counts_at_once_find_the_way_by_themselves() -> None:
    shop = sandbox(permalinks="plain", core="11.1")
    store = store_of(shop)
    with anyio.fail_after(10):
        assert (await store.counts()).all == len(shop.shop.orders)
    assert (await store.get_order(shop.hints["shipped_order"])).id == shop.hints["shipped_order"]


async def test_what_woocommerce_does_not_have_is_unsupported() -> None:
    store = store_of(sandbox())
    for call in (
        store.reopen("8001"),
        store.refresh("8001"),
        store.transactions("8001"),
        store.list_webhooks(),
        store.receipt("x"),
        store.adjust_price("8001", Money(-100, "USD"), lambda: True),
    ):
        with pytest.raises(UnsupportedError):
            await call
