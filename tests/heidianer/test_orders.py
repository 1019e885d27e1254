"""What is no money: closing, reopening, asking the channels, comments, counts, transactions; writes sent once."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    ConflictError,
    DeskError,
    ForbiddenError,
    InvalidArgument,
    NetworkError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    SetupError,
)
from clawver_orders.http import Http
from clawver_orders.money import Money
from clawver_orders.order import Counts
from clawver_orders.platforms import load, opened_by
from clawver_orders.platforms.heidianer import HeidianerStore, Tokens
from clawver_orders.sandbox.heidianer import BUYER, READER, WRITER
from tests.heidianer.shop import (
    NOON,
    ORDER_ID,
    Key,
    detail,
    order_body,
    page,
    sale,
    sample,
    sandbox,
    scripted,
    store_of,
)

pytestmark = pytest.mark.anyio

CALLS: dict[str, Callable[[HeidianerStore, str], Awaitable[object]]] = {
    "close": lambda store, order_id: store.close(order_id),
    "reopen": lambda store, order_id: store.reopen(order_id),
    "check-paid": lambda store, order_id: store.refresh(order_id),
    "add-comment": lambda store, order_id: store.comment(order_id, "hello"),
    "update-comment": lambda store, order_id: store.comment(order_id, "hello", comment_id="8061"),
    "customer-comment": lambda store, order_id: store.comment(order_id, "hello", as_customer=True),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        httpx2.ReadTimeout(""),
        httpx2.ReadError(""),
        httpx2.RemoteProtocolError(""),
        detail(500),
        detail(503),
        detail(408),
        httpx2.Response(502, html="<h1>Bad gateway</h1>"),
        httpx2.Response(200, html="<h1>Sign in</h1>"),
        httpx2.Response(302, headers={"location": "/login"}),
        httpx2.Response(200, content=b'{"id": 28'),
    ],
    ids=repr,
)
async def test_what_may_have_been_done_is_said_to_be_not_known_and_is_never_repeated(
    call: str, answer: object
) -> None:
    """hostile 41, 42, 43, 44, 49, 53, 57: reads that change something are not repeated either."""
    shop = scripted(answer)
    with pytest.raises(NetworkError, match="is not known") as caught:
        await CALLS[call](shop.store, ORDER_ID)
    assert "get_order" in caught.value.next_step
    assert len(shop.requests) == 1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.ConnectError(""), NotSentError),
        (detail(401), AuthError),
        (detail(403), ForbiddenError),
        (detail(404), NotFoundError),
        (detail(409), ConflictError),
        (detail(429, **{"retry-after": "5"}), RateLimitedError),
    ],
    ids=repr,
)
async def test_a_no_is_told_as_one(call: str, answer: object, error: type[DeskError]) -> None:
    """hostile 37, 54, 56"""
    shop = scripted(answer)
    with pytest.raises(error) as caught:
        await CALLS[call](shop.store, ORDER_ID)
    assert "own words" not in str(caught.value)
    assert len(shop.requests) <= 2


@pytest.mark.parametrize("call", CALLS)
async def test_without_a_token_the_call_says_which_to_set(call: str) -> None:
    shop = scripted(order_body())
    with pytest.raises(SetupError) as caught:
        await CALLS[call](shop.opened(tokens=Tokens()), ORDER_ID)
    wanted = {"check-paid": "read_token", "customer-comment": "customer_token"}.get(call, "write_token")
    assert caught.value.field == wanted
    assert wanted in caught.value.next_step
    assert shop.requests == []


@pytest.mark.parametrize("call", ["close", "reopen", "add-comment", "update-comment"])
async def test_a_token_that_may_only_read_names_the_one_that_may_write(call: str) -> None:
    shop = sandbox()
    store = store_of(shop, tokens=Tokens(both=Key(READER)))
    with pytest.raises(ForbiddenError, match=r"orders:write.*write_token"):
        await CALLS[call](store, shop.hints["commented_order"])


async def test_two_tokens_are_kept_apart() -> None:
    shop = sandbox()
    store = store_of(shop, tokens=Tokens(read=Key(READER), write=Key(WRITER)))
    order_id = shop.hints["shipped_order"]
    await store.close(order_id)
    await store.refresh(order_id)
    assert (await store.get_order(order_id)).status == "completed"
    assert {request.status for request in shop.requests} == {200, 204}
    with pytest.raises(ForbiddenError, match=r"orders:read.*read_token"):
        await store_of(shop, tokens=Tokens(both=Key(WRITER))).get_order(order_id)


# Closing and reopening.


async def test_a_paid_order_is_closed_and_taken_back() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["shipped_order"]
    await store.close(order_id)
    closed = await store.get_order(order_id)
    assert (closed.status, closed.raw_status, closed.closed_at) == ("completed", "closed", NOON)
    await store.reopen(order_id)
    assert (await store.get_order(order_id)).status == "shipped"


async def test_an_unpaid_order_cannot_be_closed() -> None:
    shop = sandbox()
    with pytest.raises(ConflictError, match="as the order stands"):
        await store_of(shop).close(shop.hints["pending_order"])


@pytest.mark.parametrize("body", [order_body(id=25326), {}, [], {"detail": "x"}, None])
async def test_an_answer_without_the_order_that_was_closed_is_said(body: object) -> None:
    """hostile 30"""
    with pytest.raises(BadResponseError, match="closed"):
        await scripted(body).store.close(ORDER_ID)


# The payment channels.


async def test_asking_the_channels_finds_a_payment_that_the_shop_did_not_see() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["unseen_payment_order"]
    assert (await store.get_order(order_id)).payment_status == "pending"
    shop.requests.clear()
    await store.refresh(order_id)
    assert [request.operation for request in shop.requests] == ["check-paid", "check-refund"]
    assert {request.method for request in shop.requests} == {"GET"}
    assert (await store.get_order(order_id)).payment_status == "paid"


async def test_where_one_of_the_two_has_nothing_to_ask_the_other_counts() -> None:
    await scripted(check_paid=detail(400), check_refund=httpx2.Response(204)).store.refresh(ORDER_ID)
    await scripted(check_paid=httpx2.Response(204), check_refund=detail(400)).store.refresh(ORDER_ID)
    with pytest.raises(ConflictError, match="nothing to ask"):
        await scripted(detail(400)).store.refresh(ORDER_ID)


# Comments.


async def test_a_comment_is_written_found_and_rewritten() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["refundable_order"]
    [written] = await store.comment(order_id, "我们会尽快为您发货")
    assert (written.author, written.text) == ("店主", "我们会尽快为您发货")
    assert written.id is not None
    [rewritten] = await store.comment(order_id, "It left today", comment_id=written.id)
    assert (rewritten.id, rewritten.text) == (written.id, "It left today")
    assert [request.method for request in shop.requests] == ["POST", "GET", "PATCH", "GET"]
    assert shop.requests[2].body == {"id": int(written.id), "comment": "It left today", "metafield": {}}


async def test_a_comment_as_the_buyer_goes_with_the_buyers_token_and_no_other() -> None:
    shop = scripted(httpx2.Response(204), order_body(timeline=[]))
    await shop.store.comment(ORDER_ID, "请尽快发货", as_customer=True)
    post, read = shop.requests
    assert (post.method, post.url.path) == ("POST", "/api/customers/order/2894/add_comment/")
    assert post.headers["authorization"] == f"CustomerToken {BUYER}"
    assert read.headers["authorization"].startswith("Bearer ")
    made_up = sandbox()
    notes = await store_of(made_up).comment(made_up.hints["pending_order"], "请尽快发货", as_customer=True)
    assert [(note.author, note.text) for note in notes] == [("customer", "请尽快发货")]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_buyers_token_that_is_refused_is_named(status: int) -> None:
    with pytest.raises(DeskError, match="customer_token"):
        await scripted(detail(status)).store.comment(ORDER_ID, "hello", as_customer=True)


async def test_a_buyers_comment_cannot_be_rewritten() -> None:
    shop = scripted(order_body())
    with pytest.raises(InvalidArgument) as caught:
        await shop.store.comment(ORDER_ID, "hello", comment_id="1", as_customer=True)
    assert (caught.value.field, shop.requests) == ("comment_id", [])


@pytest.mark.parametrize("comment_id", ["x", "-1", "1.0", "１", " 1", "9" * 30])
async def test_a_comment_is_rewritten_by_its_number_only(comment_id: str) -> None:
    shop = scripted(order_body())
    with pytest.raises(InvalidArgument, match="number of a comment"):
        await shop.store.comment(ORDER_ID, "hello", comment_id=comment_id)
    assert shop.requests == []


async def test_a_comment_that_is_not_there_is_not_found() -> None:
    shop = sandbox()
    with pytest.raises(NotFoundError, match="such order or comment"):
        await store_of(shop).comment(shop.hints["commented_order"], "hello", comment_id="1")


async def test_a_comment_that_was_written_is_not_said_to_be_lost_where_the_notes_cannot_be_read() -> None:
    shop = scripted(httpx2.Response(204), detail(404))
    with pytest.raises(NetworkError, match="was written") as caught:
        await shop.store.comment(ORDER_ID, "hello")
    assert "Do not write it again" in caught.value.next_step


# Counts and transactions.


async def test_the_counts_are_those_of_the_list() -> None:
    shop = sandbox()
    store = store_of(shop)
    counts = await store.counts()
    assert counts.all == len(shop.shop.orders)
    by_hand = {
        name: sum(order.stage == stage for order in shop.shop.orders.values())
        for name, stage in (("pending_payment", "pending"), ("cancelled", "cancelled"))
    }
    assert (counts.pending_payment, counts.cancelled) == (by_hand["pending_payment"], by_hand["cancelled"])
    parts = (counts.pending_payment, counts.pending_fulfillment, counts.fulfilled, counts.cancelled, counts.closed)
    assert sum(part or 0 for part in parts) == counts.all


@pytest.mark.parametrize("body", [{}, None, {"count": 9}, "9"])
async def test_an_answer_that_is_no_list_of_counts_is_refused(body: object) -> None:
    """hostile 49"""
    with pytest.raises(BadResponseError):
        await scripted(body).store.counts()


async def test_a_count_that_is_none_is_absent() -> None:
    rows = [{"value": "count", "count": 9}, {"value": "closed", "count": "3"}, {"value": 7, "count": 1}, None, "x"]
    assert await scripted(rows).store.counts() == Counts(all=9)


async def test_transactions_are_told_with_the_order_they_say_they_are_of() -> None:
    """hostile 30: whoever shows them leaves out what is another order's."""
    shop = sandbox()
    found = await store_of(shop).transactions(shop.hints["foreign_transaction_order"])
    assert [entry.order_id for entry in found] == [shop.hints["foreign_transaction_order"], "25326"]


async def test_one_transaction_is_read_by_its_id() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["refunded_order"]
    listed = await store.transactions(order_id)
    assert [(entry.kind, entry.status) for entry in listed] == [("sale", "success"), ("refund", "success")]
    assert await store.transactions(order_id, listed[1].id) == (listed[1],)
    with pytest.raises(NotFoundError, match="transaction"):
        await store.transactions(order_id, "1")


async def test_another_transaction_than_the_one_asked_for_is_refused() -> None:
    """hostile 62"""
    with pytest.raises(BadResponseError, match="another transaction"):
        await scripted(sale()).store.transactions(ORDER_ID, "1")
    [one] = await scripted(sale()).store.transactions(ORDER_ID, "9496")
    assert (one.amount, one.refundable) == (Money(1, "CNY"), Money(1, "CNY"))


async def test_a_transaction_without_an_id_is_not_passed_over_in_silence() -> None:
    with pytest.raises(BadResponseError, match="cannot be read"):
        await scripted(page(sale(), sale(id=None))).store.transactions(ORDER_ID)


async def test_the_message_of_a_payment_that_failed_is_told() -> None:
    failed = sale(status="failure", refund_msg="", issue="the bank <b>said</b> no")
    [entry] = await scripted(page(failed)).store.transactions(ORDER_ID)
    assert (entry.status, entry.message) == ("failure", "the bank said no")


# The store as a whole.


async def test_the_shops_clock_is_asked_with_one_order() -> None:
    shop = scripted(
        httpx2.Response(200, json=page(order_body()), headers={"date": "Mon, 02 Mar 2026 12:00:00 GMT"})
    )
    assert await shop.store.ping() == NOON
    assert shop.sent == ["GET /api/orders/order/?page=1&page_size=1"]
    with pytest.raises(BadResponseError):
        await scripted(sample("count")).store.ping()
    await shop.store.aclose()


async def test_a_store_is_opened_by_its_settings() -> None:
    platform = load("heidianer")
    shop = sandbox()
    said = {**shop.settings, "mark_paid_by": "transaction"}
    settings = opened_by("hey", "heidianer", "https://shop.test", said)
    http = Http(settings.base_url, transport=httpx2.ASGITransport(shop.app))
    store = platform.open(settings, http, lambda: NOON)
    assert (store.name, store.platform) == ("hey", "heidianer")
    assert store.capabilities == platform.capabilities
    assert (await store.mark_paid(shop.hints["pending_order"], lambda: True)).kind == "done"
    assert shop.requests[-1].operation == "create-transaction"
    assert (await store.get_order(shop.hints["pending_order"])).assumed == (("currency", "CNY"),)


def test_the_settings_are_those_of_the_page() -> None:
    platform = load("heidianer")
    names = [key.name for key in platform.keys]
    assert names == ["base_url", "token", "read_token", "write_token", "customer_token", "mark_paid_by", "currency"]
    assert [key.name for key in platform.keys if key.required] == ["base_url"]
    assert "as_customer" in platform.capabilities.arguments
    assert (platform.capabilities.partial_refunds, platform.capabilities.keeps_reason) == (False, False)
