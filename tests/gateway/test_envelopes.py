"""The three envelopes, told apart by what is in them; errors with HTTP 200; logins; and what is no answer."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from clawver_orders.errors import (
    AuthError,
    BadResponseError,
    DeskError,
    ForbiddenError,
    InvalidArgument,
    NetworkError,
    NotFoundError,
    RateLimitedError,
    SetupError,
    UnsupportedError,
    UpstreamError,
)
from clawver_orders.money import Money
from clawver_orders.order import Order, Query
from clawver_orders.platforms.gateway import GatewayStore
from clawver_orders.sandbox import parse_fault
from clawver_orders.sandbox.gateway import Gateway
from tests.gateway.shop import WITH_SHOPIFY, fixture, listed, own, row, sandbox, scripted, shopify, store_of

pytestmark = pytest.mark.anyio

Call = Callable[[GatewayStore], Awaitable[object]]
CALLS: dict[str, Call] = {
    "ping": lambda store: store.ping(),
    "list": lambda store: store.list_orders(Query()),
    "get": lambda store: store.get_order("12345"),
    "transactions": lambda store: store.transactions("12345"),
    "copy": lambda store: store.get_order("shopify:5023658479"),
}
LOGIN = "<!doctype html><html><body><form>Sign in</form></body></html>"


def html(status: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, content=LOGIN, headers={"content-type": "text/html", **headers})


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> Call:
    return CALLS[request.param]


async def failing(call: Call, *answers: object) -> DeskError:
    with pytest.raises(DeskError) as caught:
        await call(scripted(*answers, options=WITH_SHOPIFY).store)
    assert caught.value.next_step
    assert "shpat" not in str(caught.value)
    return caught.value


# A yes and a no, whatever the status.


@pytest.mark.parametrize("status", [200, 404])
async def test_each_envelope_says_no_with_any_status(status: int) -> None:
    """hostile 49"""
    for call, name in (("get", "error-order"), ("copy", "error-shopify")):
        error = await failing(CALLS[call], httpx2.Response(status, json=fixture(name)))
        assert isinstance(error, NotFoundError)
    error = await failing(CALLS["list"], httpx2.Response(200, json=fixture("error-list")))
    assert isinstance(error, UpstreamError)
    assert "数据库" not in str(error)


async def test_an_envelope_is_known_by_its_content_and_not_by_who_sent_it() -> None:
    order = own()["data"]
    for body in ({"success": True, "data": order}, {"code": "0", "data": order}, {"order": order}, own()):
        assert (await scripted(body).store.get_order("12345")).totals.total == Money(5999, "USD")
    page = await scripted({"code": 0, "msg": "success", "data": listed(row(1))["data"]}).store.list_orders(Query())
    assert [found.id for found in page.orders] == ["1"]


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "message": "no"},
        {"success": False, "data": {}},
        {"success": False, "order": {"id": 5023658479}},
        {"code": 1, "msg": "no"},
        {"code": -1, "data": {"id": 12345}},
        {"code": "E1", "data": {"id": 12345}},
        {"success": True, "code": 7, "data": {"id": 12345}},
        {"success": False, "code": 0, "data": {"id": 12345}},
    ],
)
async def test_a_no_in_200_is_an_error_in_every_envelope(call: Call, body: object) -> None:
    """hostile 49"""
    assert isinstance(await failing(call, body), UpstreamError)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "msg": "success"},
        {"code": 0, "msg": "success", "data": None},
        {"code": 0, "data": {}},
        {"code": 0, "data": []},
        {"success": True},
        {"success": True, "order": None},
        {"success": True, "data": "12345"},
        {"success": "true", "data": {"id": 12345, "list": []}},
        {"data": {"id": 12345, "list": []}},
        {"code": None, "data": {"id": 12345, "list": []}},
        {"code": True, "data": {"id": 12345, "list": []}},
        {},
    ],
)
async def test_a_yes_without_data_and_data_without_a_yes_are_bad_responses(call: Call, body: object) -> None:
    """hostile 49"""
    assert isinstance(await failing(call, body), BadResponseError)


async def test_the_status_of_http_is_asked_before_the_one_in_the_body() -> None:
    body = {"code": 1, "msg": "订单不存在", "status": 404}
    assert isinstance(await failing(CALLS["get"], httpx2.Response(500, json=body)), UpstreamError)
    assert isinstance(await failing(CALLS["get"], httpx2.Response(429, json=body)), RateLimitedError)
    assert isinstance(
        await failing(CALLS["get"], httpx2.Response(200, json=body | {"status": 403})), ForbiddenError
    )
    assert isinstance(await failing(CALLS["get"], httpx2.Response(200, json=body | {"status": "401"})), AuthError)


async def test_a_no_without_any_status_is_told_by_its_words_or_as_a_failure() -> None:
    assert isinstance(await failing(CALLS["get"], {"code": 1, "msg": "订单不存在"}), NotFoundError)
    assert isinstance(await failing(CALLS["copy"], {"success": False, "error": "Order Not Found"}), NotFoundError)
    strange: tuple[object, ...] = (None, "soon", 200, 302, 650, 0, 10**30, True, {})
    for status in strange:
        error = await failing(CALLS["get"], {"code": 1, "msg": "数据库连接错误", "status": status})
        assert str(error) == "upstream: the gateway answered that it failed. Try again in a few minutes."


async def test_a_yes_with_the_status_of_a_failure_is_not_believed(call: Call) -> None:
    error = await failing(call, httpx2.Response(500, json=own() | {"success": True}))
    assert isinstance(error, UpstreamError)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, SetupError, "settings say of Shopify"),
        (401, AuthError, "token"),
        (403, ForbiddenError, "read_orders"),
        (404, NotFoundError, "60 days"),
        (429, RateLimitedError, "too often"),
        (500, UpstreamError, "failed"),
    ],
)
@pytest.mark.parametrize("with_200", [True, False])
async def test_what_shopify_says_is_told_as_shopifys(
    status: int, kind: type[DeskError], words: str, with_200: bool
) -> None:
    """hostile 54"""
    body = {"success": False, "error": "获取订单失败: no", "status_code": status}
    error = await failing(CALLS["copy"], httpx2.Response(200 if with_200 else status, json=body))
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 409, 410, 422, 429, 500, 502, 503, 504])
async def test_every_error_of_the_gateway_is_one_of_ours(call: Call, status: int) -> None:
    """hostile 54, 56, 57"""
    error = await failing(call, httpx2.Response(status, json={"code": 1, "msg": "secret words", "status": status}))
    assert "secret words" not in str(error)
    kinds = {401: AuthError, 403: ForbiddenError, 429: RateLimitedError, 410: NotFoundError}
    if status in kinds:
        assert type(error) is kinds[status]
    if status >= 500:
        assert type(error) is UpstreamError


async def test_a_retry_after_is_passed_on() -> None:
    """hostile 56"""
    limited = httpx2.Response(429, json={"code": 1, "msg": "x"}, headers={"retry-after": "7"})
    error = await failing(CALLS["get"], limited)
    assert error.retry_after_s == 7.0


# Logins.


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_redirect_to_another_page_is_a_login(call: Call, status: int) -> None:
    """hostile 53"""
    error = await failing(call, httpx2.Response(status, headers={"location": "https://elsewhere.test/login"}))
    assert isinstance(error, AuthError)
    assert "elsewhere" not in str(error)


@pytest.mark.parametrize("status", [301, 308])
async def test_an_address_that_has_moved_is_a_wrong_setting_and_no_login(call: Call, status: int) -> None:
    """hostile 53"""
    error = await failing(call, httpx2.Response(status, headers={"location": "https://elsewhere.test/"}))
    assert isinstance(error, BadResponseError)
    assert "base_url" in str(error)


@pytest.mark.parametrize("status", [200, 401, 403])
async def test_a_page_is_a_login(call: Call, status: int) -> None:
    """hostile 49"""
    assert isinstance(await failing(call, html(status)), AuthError)


async def test_a_page_that_is_called_json_is_a_login_too(call: Call) -> None:
    """hostile 49"""
    answer = httpx2.Response(200, content=LOGIN, headers={"content-type": "application/json"})
    assert isinstance(await failing(call, answer), AuthError)


async def test_a_page_of_the_web_framework_is_a_wrong_address(call: Call) -> None:
    error = await failing(call, html(404))
    assert isinstance(error, BadResponseError)
    assert "without /api" in str(error)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_page_of_maintenance_is_a_failure_of_the_shop(call: Call, status: int) -> None:
    """hostile 57"""
    assert isinstance(await failing(call, html(status)), UpstreamError)


@pytest.mark.parametrize("login", ["redirect", "page"])
async def test_the_made_up_gateway_can_stand_behind_a_login(call: Call, login: str) -> None:
    gateway = Gateway(login="redirect" if login == "redirect" else "page")
    with pytest.raises(AuthError, match="login"):
        await call(store_of(sandbox(gateway)))


# What is no answer.


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"true",
        b"12345",
        b'"ok"',
        b'{"code":0,"msg":"success","data":{"id":12345',
        b'{"code":0,"data":{"id":12345,"total_amount":NaN}}',
        b'{"code":0,"data":{"id":12345,"total_amount":1e999}}',
        b'{"code":0,"data":{"id":' + b"1" * 5000 + b"}}",
        b'{"code":0,"code":1,"data":{"id":12345}}',
        b"[" * 100_000,
        '{"code":0}'.encode("utf-16"),
        b'{"code":0,"msg":"\xff"}',
    ],
)
async def test_what_is_no_whole_json_object_is_a_bad_response(call: Call, content: bytes) -> None:
    """hostile 26, 34, 44, 49, 50, 51"""
    assert isinstance(await failing(call, content), BadResponseError)


@pytest.mark.parametrize("status", [202, 204, 206, 304])
async def test_statuses_that_no_read_has_are_bad_responses(call: Call, status: int) -> None:
    """hostile 52"""
    assert isinstance(await failing(call, httpx2.Response(status)), BadResponseError)


@pytest.mark.parametrize("kind", ["timeout", "reset", "close", "cut"])
async def test_a_connection_that_breaks_is_an_error_of_the_network(call: Call, kind: str) -> None:
    """hostile 41, 42, 43, 44"""
    shop = sandbox()
    shop.faults.add(parse_fault(f"any:{kind}:always"))
    with pytest.raises(NetworkError):
        await call(store_of(shop))


async def test_a_read_is_repeated_and_the_answer_of_the_second_try_counts() -> None:
    """hostile 57, 61: the body of the GET goes with it each time."""
    shop = sandbox()
    shop.faults.add(parse_fault("shopify:503:1"), parse_fault("get:reset:1"))
    order = await store_of(shop).get_order(shop.hints["shipped_order"])
    assert order.shipments
    assert [request.operation for request in shop.requests] == ["get", "get", "shopify", "shopify"]
    bodies = [request.body for request in shop.requests if request.operation == "shopify"]
    assert bodies[0] is not None
    assert bodies[0] == bodies[1]


# Who is asked for.


@pytest.mark.parametrize("other", [12346, "12346", None, "", True, 1.5, [], {}, -1, ...])
async def test_another_order_than_the_one_asked_for_is_refused(other: object) -> None:
    """hostile 30, 62"""
    with pytest.raises(BadResponseError):
        await scripted(own(id=other)).store.get_order("12345")
    with pytest.raises(BadResponseError):
        await scripted(own(id=other)).store.transactions("12345")
    with pytest.raises(BadResponseError):
        await scripted(shopify(id=other), options=WITH_SHOPIFY).store.get_order("shopify:5023658479")


@pytest.mark.parametrize(
    "order_id",
    [
        "",
        "abc",
        "1/../2",
        "../1",
        "1?x=1",
        "1#",
        "1%2f",
        "-1",
        "1.0",
        "１２",
        "1\n",
        "1" * 21,
        "shopify:",
        "shopify:a",
        "shopify:1/2",
        "Shopify:1",
        "shopify: 1",
        "\ud800",
    ],
)
async def test_an_id_that_is_none_is_refused_before_anything_is_sent(order_id: str) -> None:
    """hostile 13"""
    gateway = scripted(own(), options=WITH_SHOPIFY)
    for read in (gateway.store.get_order, gateway.store.transactions):
        with pytest.raises(InvalidArgument) as refused:
            await read(order_id)
        assert refused.value.field == "order_id"
    assert gateway.requests == []


async def test_there_are_no_writes() -> None:
    gateway = scripted(own())
    store, amount = gateway.store, Money(1, "USD")
    for write in (
        store.refund("12345", amount, "x", lambda: True),
        store.cancel("12345", "x", lambda: True),
        store.mark_paid("12345", lambda: True),
        store.adjust_price("12345", amount, lambda: True),
        store.close("12345"),
        store.comment("12345", "x"),
    ):
        with pytest.raises(UnsupportedError):
            await write
    assert gateway.requests == []


async def test_orders_are_read_without_any_key() -> None:
    gateway = scripted(own())
    order = await gateway.store.get_order("12345")
    assert isinstance(order, Order)
    [request] = gateway.requests
    assert (request.method, request.url.path) == ("GET", "/api/orders/12345")
    assert "authorization" not in request.headers
    assert request.content == b""


async def test_a_ping_reads_one_row_and_tells_the_shops_clock() -> None:
    gateway = scripted(
        httpx2.Response(200, json=listed(row(1), size=1), headers={"date": "Mon, 02 Mar 2026 12:00:05 GMT"})
    )
    answered = await gateway.store.ping()
    assert answered is not None
    assert answered.second == 5
    assert gateway.queries == [{"page": "1", "pageSize": "1"}]
