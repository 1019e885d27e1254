"""One order, its downloads, the buyer's view, receipts; and everything that can come back instead."""

from datetime import timedelta
from typing import Any

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
    RateLimitedError,
    SetupError,
    UpstreamError,
)
from clawver_orders.money import Money
from clawver_orders.order import Query
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.store import Store
from tests.clawver.shops import (
    KEY,
    NOON,
    Call,
    Key,
    data,
    error,
    order_body,
    sandbox,
    scripted,
    store_of,
    store_over,
)

pytestmark = pytest.mark.anyio

BOTH = pytest.mark.parametrize("generation", ["current", "legacy"])
READS: dict[str, Call] = {
    "list": lambda store: store.list_orders(Query()),
    "get": lambda store: store.get_order("ord_abc123"),
    "download": lambda store: store.download("ord_abc123", "item_xyz", None),
    "buyer's download": lambda store: store.download("ord_abc123", "item_xyz", "token-example"),
    "buyer's view": lambda store: store.public_order("ord_abc123", "token-example"),
    "receipt": lambda store: store.receipt("chk_1"),
    "webhooks": lambda store: store.list_webhooks(),
}
EVERY_READ = pytest.mark.parametrize("call", READS.values(), ids=READS.keys())
WITH_KEY = ("list", "get", "download", "webhooks")


def test_the_store_fulfils_the_protocol() -> None:
    store: Store = store_of(sandbox())
    assert (store.name, store.platform) == ("clawver", "clawver")
    assert store.capabilities.operations >= {"list_orders", "refund", "webhooks", "get_receipt"}
    assert store.capabilities.keeps_reason
    assert "order.fulfillment_failed" in store.capabilities.webhook_events


# The key.


@pytest.mark.parametrize("name", WITH_KEY)
async def test_a_missing_key_is_an_error_of_the_first_call_and_nothing_is_sent(name: str) -> None:
    shop = sandbox()
    with pytest.raises(SetupError, match="CLAW_API_KEY"):
        await READS[name](store_of(shop, key=Key(None)))
    assert shop.requests == []


@pytest.mark.parametrize("name", sorted(set(READS) - set(WITH_KEY)))
async def test_what_a_buyer_may_see_is_asked_without_the_key(name: str) -> None:
    shop = scripted(error(404, "RESOURCE_NOT_FOUND"))
    with pytest.raises(NotFoundError):
        await READS[name](shop.store)
    assert "authorization" not in shop.requests[0].headers
    assert KEY not in str(shop.requests[0].url)


@pytest.mark.parametrize("text", ["claw_sk\r\nX-Evil: 1", "claw_sk_test_example ", "claw_é"])
async def test_a_key_that_no_header_can_hold_is_a_setup_error_without_the_key(text: str) -> None:
    with pytest.raises(SetupError) as refused:
        await store_of(sandbox(), key=Key(text)).get_order("ord_1")
    assert "claw_" not in str(refused.value)


async def test_a_wrong_key_is_auth_and_the_key_is_not_shown() -> None:
    with pytest.raises(AuthError) as refused:
        await store_of(sandbox(), key=Key("claw_sk_test_wrong_example")).list_orders(Query())
    assert "claw_sk" not in str(refused.value)


async def test_a_ping_asks_for_one_order_and_tells_the_clock_of_the_shop() -> None:
    shop = scripted(httpx2.Response(200, json=data(orders=[]), headers={"date": "Mon, 02 Mar 2026 12:00:00 GMT"}))
    assert await shop.store.ping() == NOON
    assert shop.queries == [{"limit": "1"}]
    assert await scripted(data(orders=[])).store.ping() is None
    with pytest.raises(AuthError):
        await store_of(sandbox(), key=Key("claw_sk_test_wrong_example")).ping()


# One order.


@BOTH
async def test_an_order_is_read_whole(generation: str) -> None:
    shop = sandbox(generation=generation)
    known = shop.shop.orders[shop.hints["shipped_order"]]
    order = await store_of(shop).get_order(known.id)
    assert (order.id, order.status, order.payment_status) == (known.id, "shipped", "paid")
    assert order.totals.total == Money(known.total, "USD")
    assert order.totals.refundable == Money(known.remaining, "USD")
    assert order.customer.email == known.customer.email
    assert known.address is not None
    assert order.shipping_address is not None
    assert (order.shipping_address.city, order.shipping_address.country) == (
        known.address.city,
        known.address.country,
    )
    [parcel] = order.shipments
    assert (parcel.carrier, parcel.tracking_number) == (known.carrier, known.tracking_number)
    assert parcel.tracking_url == known.tracking_url
    assert order.warnings == ()


@pytest.mark.parametrize("hint", ["wrong_size_order", "wrong_size_printful_order"])
async def test_the_variant_that_was_ordered_is_read(hint: str) -> None:
    shop = sandbox()
    known = shop.shop.orders[shop.hints[hint]].items[0]
    [item] = (await store_of(shop).get_order(shop.hints[hint])).items
    assert known.variant is not None
    assert (item.kind, item.variant_id, item.variant_name) == (
        "print_on_demand",
        known.variant_id,
        known.variant.name,
    )


@BOTH
@pytest.mark.parametrize(
    ("hint", "payment"), [("partially_refunded_order", "partially_refunded"), ("refunded_order", "refunded")]
)
async def test_what_went_back_is_read_from_the_money(generation: str, hint: str, payment: str) -> None:
    """hostile 28"""
    shop = sandbox(generation=generation)
    known = shop.shop.orders[shop.hints[hint]]
    order = await store_of(shop).get_order(known.id)
    assert order.payment_status == payment
    assert order.totals.refunded == Money(known.refunded, "USD")
    assert order.totals.refundable == Money(known.remaining, "USD")
    assert len(order.refunds) == len(known.refunds)


@BOTH
async def test_every_order_of_the_sandbox_can_be_read(generation: str) -> None:
    shop = sandbox(generation=generation)
    store = store_of(shop)
    for known in shop.shop.orders.values():
        order = await store.get_order(known.id)
        assert order.totals.total == Money(known.total, "USD")
        assert len(order.items) == len(known.items)


async def test_another_currency_of_the_settings_is_used_and_said() -> None:
    store = store_over(httpx2.ASGITransport(sandbox().app), currency="EUR")
    [row] = (await store.list_orders(Query(limit=1))).orders
    assert row.totals.total is not None
    assert row.totals.total.currency == "EUR"
    assert row.assumed == (("currency", "EUR"),)


@pytest.mark.parametrize("order_id", ["../refund", "1/../2", "%2e%2e", "a?x=1", "#", "a\r\nb", "\0", "", "x" * 201])
async def test_an_id_that_is_no_id_is_refused_before_anything_is_sent(order_id: str) -> None:
    """hostile 13"""
    shop = sandbox()
    store = store_of(shop)
    for call in (
        store.get_order(order_id),
        store.download(order_id, "item", None),
        store.download("ord_1", order_id, "token-example"),
        store.public_order(order_id, "token-example"),
        store.receipt(order_id),
        store.delete_webhook(order_id),
    ):
        with pytest.raises(InvalidArgument):
            await call
    assert shop.requests == []


async def test_a_missing_order_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="the shop has no such order"):
        await store_of(sandbox()).get_order("ord_missing")


# Answers that make no sense.


@EVERY_READ
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"<html><title>Log in</title></html>",
        b'{"success":true}',
        b'{"success":true,"data":null}',
        b'{"success":true,"data":[1',
        b'{"success":1,"data":{}}',
        b'{"data":{"order":{"id":"ord_abc123"}}}',
        b'{"success":true,"data":{"order":null,"orders":null,"webhooks":null}}',
        b'{"success":true,"success":true,"data":{}}',
        b'{"success":true,"data":{"order":{"id":"\xff"}}}',
        b"[" * 100_000,
    ],
)
async def test_an_answer_outside_the_envelope_is_a_bad_response(call: Call, body: bytes) -> None:
    """hostile 34, 44, 49, 50, 51"""
    answer = httpx2.Response(200, content=body, headers={"content-type": "application/json"})
    with pytest.raises(BadResponseError):
        await call(scripted(answer).store)


@pytest.mark.parametrize("success", [1, "true", None, False, ...])
async def test_only_true_is_success(success: object) -> None:
    body = {"success": success, "data": {"order": order_body()}}
    with pytest.raises(BadResponseError):
        await scripted({name: value for name, value in body.items() if value is not ...}).store.get_order(
            "ord_abc123"
        )


@EVERY_READ
@pytest.mark.parametrize("status", [201, 202, 204, 206, 301, 302, 304, 307, 308])
async def test_statuses_that_bring_no_answer_are_a_bad_response(call: Call, status: int) -> None:
    """hostile 52, 53"""
    answer = httpx2.Response(status, headers={"location": "https://elsewhere.test/"})
    shop = scripted(answer)
    with pytest.raises(BadResponseError):
        await call(shop.store)
    assert {request.url.host for request in shop.requests} == {"api.clawver.test"}


@EVERY_READ
async def test_a_failure_inside_a_200_is_an_error_by_its_code(call: Call) -> None:
    """hostile 49"""
    for code, kind in (
        ("INTERNAL_ERROR", UpstreamError),
        ("SOMETHING_NEW", UpstreamError),
        ("FORBIDDEN", ForbiddenError),
    ):
        with pytest.raises(kind) as told:
            await call(scripted(error(200, code)).store)
        assert "own words" not in str(told.value)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "VALIDATION_ERROR", InvalidArgument),
        (401, "UNAUTHORIZED", AuthError),
        (403, "FORBIDDEN", ForbiddenError),
        (404, "RESOURCE_NOT_FOUND", NotFoundError),
        (409, "CONFLICT", ConflictError),
        (429, "RATE_LIMITED", RateLimitedError),
        (429, "RATE_LIMIT_EXCEEDED", RateLimitedError),
        (400, "RATE_LIMITED", RateLimitedError),
        (500, "INTERNAL_ERROR", UpstreamError),
        (404, "SOMETHING_NEW", NotFoundError),
        (418, "SOMETHING_NEW", UpstreamError),
    ],
)
async def test_each_error_code_is_one_of_our_errors_with_a_next_step(
    status: int, code: str, kind: type[DeskError]
) -> None:
    """hostile 54, 55, 56, 57"""
    with pytest.raises(kind) as told:
        await scripted(error(status, code)).store.get_order("ord_abc123")
    assert type(told.value) is kind
    assert told.value.next_step
    assert "own words" not in str(told.value)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"success":false}', b'{"success":false,"error":{"code":7}}']
)
@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthError), (403, ForbiddenError), (404, NotFoundError), (500, UpstreamError)]
)
async def test_an_error_without_an_envelope_is_told_by_its_status(
    status: int, kind: type[DeskError], body: bytes
) -> None:
    with pytest.raises(kind):
        await scripted(httpx2.Response(status, content=body)).store.get_order("ord_abc123")


async def test_a_failure_without_a_code_is_a_bad_response() -> None:
    with pytest.raises(BadResponseError):
        await scripted({"success": False}).store.get_order("ord_abc123")


@pytest.mark.parametrize("code", ["RATE_LIMITED", "RATE_LIMIT_EXCEEDED"])
async def test_the_time_to_wait_is_handed_on(code: str) -> None:
    """hostile 56"""
    with pytest.raises(RateLimitedError, match="in 30 seconds") as told:
        await scripted(error(429, code, **{"retry-after": "30"})).store.get_order("ord_abc123")
    assert told.value.retry_after_s == 30


@EVERY_READ
async def test_a_broken_connection_is_a_network_error(call: Call) -> None:
    """hostile 41, 42, 43"""
    for broken in (httpx2.ReadError(""), httpx2.ReadTimeout(""), httpx2.RemoteProtocolError("")):
        with pytest.raises(NetworkError):
            await call(scripted(broken).store)


# Downloads.


def link(**changes: object) -> dict[str, Any]:
    values = {
        "downloadUrl": "https://files.clawver.test/a.zip?signature=example",
        "expiresInMinutes": 15,
        "fileName": "a.zip",
        "fileSizeBytes": 7,
        **changes,
    }
    return data(**{name: value for name, value in values.items() if value is not ...})


@BOTH
async def test_the_shop_and_the_buyer_get_a_link(generation: str) -> None:
    shop = sandbox(generation=generation)
    order = shop.shop.orders[shop.hints["digital_order"]]
    store = store_of(shop)
    own = await store.download(order.id, order.items[0].id, None)
    public = await store.download(order.id, order.items[0].id, order.items[0].download_token)
    for download in (own, public):
        assert download.url.startswith("https://")
        assert download.expires_at == NOON + timedelta(minutes=60)
        assert download.file_name == order.items[0].product.file_name
        assert download.file_size_bytes == order.items[0].product.file_size
    assert [request.path.rpartition("/")[2] for request in shop.requests] == [order.items[0].id, "public"]


@pytest.mark.parametrize(("hint", "kind"), [("wrong_size_order", InvalidArgument), ("refunded_order", DeskError)])
async def test_an_item_without_a_download_says_what_to_look_at(hint: str, kind: type[DeskError]) -> None:
    shop = sandbox()
    order = shop.shop.orders[shop.hints[hint]]
    with pytest.raises(kind, match="must be in it, be digital, and be paid for"):
        await store_of(shop).download(order.id, order.items[0].id, None)


async def test_a_wrong_token_says_where_a_right_one_is() -> None:
    shop = sandbox()
    order = shop.shop.orders[shop.hints["digital_order"]]
    with pytest.raises(DeskError, match="download_token from the receipt"):
        await store_of(shop).download(order.id, order.items[0].id, "token-example")


async def test_a_link_expires_by_the_clock_of_the_shop() -> None:
    answer = scripted(httpx2.Response(200, json=link(), headers={"date": "Mon, 02 Mar 2026 09:00:00 GMT"}))
    download = await answer.store.download("o", "i", None)
    assert download.expires_at == NOON - timedelta(hours=3) + timedelta(minutes=15)


@pytest.mark.parametrize("minutes", [..., None, 0, -5, "60", True, 1.5, 10**9, []])
async def test_a_link_without_a_believable_time_lives_an_hour_and_says_so(minutes: object) -> None:
    download = await scripted(link(expiresInMinutes=minutes)).store.download("o", "i", None)
    assert download.expires_at == NOON + timedelta(minutes=60)
    assert download.assumed == (("expires_in_minutes", "60"),)


@pytest.mark.parametrize(
    "url",
    [
        ...,
        None,
        "",
        "http://files.clawver.test/a",
        "javascript:alert(1)",
        "https://u:p@files.test/a",
        "https:///a",
        7,
    ],
)
async def test_a_link_that_is_not_private_is_a_bad_response(url: object) -> None:
    with pytest.raises(BadResponseError):
        await scripted(link(downloadUrl=url)).store.download("o", "i", None)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:9"])
async def test_a_link_to_this_machine_may_be_plain(host: str) -> None:
    download = await scripted(link(downloadUrl=f"http://{host}/a")).store.download("o", "i", None)
    assert download.url == f"http://{host}/a"


async def test_a_file_is_named_as_far_as_its_name_is_one() -> None:
    download = await scripted(link(fileName=["x"], fileSizeBytes="7")).store.download("o", "i", None)
    assert (download.file_name, download.file_size_bytes) == (None, None)
    download = await scripted(link(fileName="a\u202egpj.exe", fileSizeBytes=-1)).store.download("o", "i", None)
    assert (download.file_name, download.file_size_bytes) == ("agpj.exe", None)


# The buyer's view, and receipts.


@BOTH
async def test_a_buyer_sees_the_order_by_its_token(generation: str) -> None:
    shop = sandbox(generation=generation)
    known = shop.shop.orders[shop.hints["shipped_order"]]
    order = await store_of(shop).public_order(known.id, known.status_token)
    assert (order.id, order.status) == (known.id, "shipped")
    assert order.shipments[0].tracking_number == known.tracking_number
    assert order.customer.email is None
    assert order.warnings == ()


async def test_a_wrong_status_token_says_so() -> None:
    shop = sandbox()
    with pytest.raises(DeskError, match="for this id and token"):
        await store_of(shop).public_order(shop.hints["shipped_order"], "token-example")


async def test_a_buyers_view_may_come_bare_and_without_an_id() -> None:
    order = await scripted(data(status="shipped", paymentStatus="paid")).store.public_order(
        "ord_1", "token-example"
    )
    assert (order.id, order.status, order.payment_status) == ("ord_1", "shipped", "paid")
    with pytest.raises(BadResponseError):
        await scripted(data(order=order_body())).store.public_order("ord_1", "token-example")


async def test_a_token_with_signs_of_its_own_arrives_as_it_is() -> None:
    shop = scripted(data(status="shipped"))
    await shop.store.public_order("ord_1", "a&b=c#d/é ?")
    assert shop.queries == [{"token": "a&b=c#d/é ?"}]


@BOTH
async def test_a_receipt_lists_its_orders_and_hides_its_tokens(generation: str) -> None:
    shop = sandbox(generation=generation)
    checkout = shop.hints["two_order_checkout"]
    receipt = await store_of(shop).receipt(checkout)
    known = {order.id: order for order in shop.shop.checkout(checkout)}
    assert {order.id for order in receipt.orders} == set(known)
    for order in receipt.orders:
        assert order.status_token == known[order.id].status_token
        assert order.total == Money(known[order.id].total, "USD")
        assert [item.id for item in order.items] == [item.id for item in known[order.id].items]
        assert [item.download_token for item in order.items] == [
            item.download_token for item in known[order.id].items
        ]
    assert str(next(iter(known.values())).status_token) not in repr(receipt)


async def test_a_missing_checkout_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="the shop has no such checkout"):
        await store_of(sandbox()).receipt("chk_missing")


@pytest.mark.parametrize(
    "body",
    [
        data(orders=[{"id": "ord_1", "items": [{"itemId": 5, "title": "Tee"}]}]),
        data(order={"orderId": "ord_1", "items": [{"id": "5", "productName": "Tee"}]}),
        data(
            receipt={"checkoutId": "chk_1", "orders": [{"id": "ord_1", "items": [{"id": 5, "title": "Tee"}, 0]}, 7]}
        ),
    ],
)
async def test_a_receipt_of_another_shape_is_read_as_far_as_it_is_known(body: object) -> None:
    receipt = await scripted(body).store.receipt("chk_1")
    assert receipt.checkout_id == "chk_1"
    [order] = receipt.orders
    [item] = order.items
    assert (order.id, item.id, item.title, item.download_token) == ("ord_1", "5", "Tee", None)


@pytest.mark.parametrize("body", [data(), data(receipt={"checkoutId": "chk_2", "orders": []}), data(orders={})])
async def test_a_receipt_that_nobody_can_read_is_a_bad_response(body: object) -> None:
    with pytest.raises(BadResponseError):
        await scripted(body).store.receipt("chk_1")


@pytest.mark.parametrize("token", ["a b", "x\n", "é", "", 7, None, "x" * 2001])
async def test_a_token_that_cannot_be_one_is_left_out(token: object) -> None:
    body = data(orders=[{"id": "ord_1", "orderStatusToken": token, "items": []}])
    assert (await scripted(body).store.receipt("chk_1")).orders[0].status_token is None


async def test_the_store_can_be_told_apart_from_another() -> None:
    shop = scripted(data(order=order_body()))
    order = await shop.store.get_order("ord_abc123")
    assert (order.store, order.platform) == ("clawver", ClawverStore.platform)
