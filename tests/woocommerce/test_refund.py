"""One refund, one request: done, refused, not sent; and unknown wherever money may have moved unseen."""

from typing import Any

import httpx2
import pytest

from clawver_orders.errors import BadResponseError, ForbiddenError, NetworkError
from clawver_orders.money import Money
from clawver_orders.store import Answer
from tests.woocommerce.shop import (
    NONE,
    READ_ONLY,
    Key,
    Scripted,
    as_answer,
    body_of,
    error,
    read_v3,
    recorded,
    sandbox,
    store_of,
    store_over,
)

pytestmark = pytest.mark.anyio

FIVE = Money(500, "USD")
REASON = "Too small [R-7K2M9Q4X]"
PROBE = "GET /wp-json/wc/v3/orders"


def made(**changes: object) -> dict[str, Any]:
    """The answer to a refund, as a real one gives it."""
    said = {"amount": "5.00", "reason": REASON, "refunded_payment": True, **changes}
    return body_of("v3_refund_one", **said)


def created(body: object) -> httpx2.Response:
    return httpx2.Response(201, json=body)


def shop_that(answer: object) -> Scripted:
    return Scripted({PROBE: [], "POST /wp-json/wc/v3/orders/22/refunds": answer})


async def send(answer: object, reason: str = REASON) -> Answer:
    shop = shop_that(answer)
    told = await shop.store.refund("22", FIVE, reason, lambda: True)
    assert len(shop.writes) == 1
    return told


# Done.


@pytest.mark.parametrize(
    ("currency", "minor", "written"), [("USD", 500, "5.00"), ("JPY", 500, "500"), ("KWD", 1255, "1.255")]
)
async def test_a_refund_is_done_where_the_answer_shows_it(currency: str, minor: int, written: str) -> None:
    shop = sandbox(currency)
    order_id = shop.hints["refundable_order"]
    store = store_of(shop)
    answer = await store.refund(order_id, Money(minor, currency), REASON, lambda: True)
    assert (answer.kind, answer.amount) == ("done", Money(minor, currency))
    [request] = [request for request in shop.requests if request.method == "POST"]
    assert request.path == f"/wp-json/wc/v3/orders/{order_id}/refunds"
    # Line items untouched, nothing put back on the shelf, and the payment method is asked to pay.
    assert request.body == {"amount": written, "reason": REASON, "api_refund": True, "api_restock": False}
    order = await store.get_order(order_id)
    [refund] = order.refunds
    assert (refund.id, refund.amount, refund.reason) == (answer.shop_id, Money(minor, currency), REASON)
    assert order.payment_status == "partially_refunded"
    assert shop.shop.numbered(order_id).refunds[0].processor_id


async def test_the_request_has_the_keys_and_a_connection_of_its_own() -> None:
    shop = shop_that(created(made()))
    assert (await shop.store.refund("22", FIVE, REASON, lambda: True)).kind == "done"
    [request] = shop.writes
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("kept", "kind"),
    [
        ("Too small [R-7K2M9Q4X]", "done"),
        ("  Too small [R-7K2M9Q4X]  ", "done"),
        ("[R-7K2M9Q4X]", "done"),
        ("Too small", "unknown"),
        ("Too small [R-7K2M9Q4Y]", "unknown"),
        (None, "unknown"),
        (7, "unknown"),
    ],
)
async def test_a_refund_is_recognised_by_the_marker_in_its_reason(kept: object, kind: str) -> None:
    assert (await send(created(made(reason=kept)))).kind == kind


@pytest.mark.parametrize(
    "body",
    [
        made(amount="5.01"),
        made(amount="-5.00"),
        made(amount=""),
        made(amount=None),
        made(amount="5.001"),
        made(id=None),
        made(id="x"),
        made(refunded_payment=...),
        {"status": "success", "order_id": "22", "message": "操作成功"},
        [made()],
        [],
        None,
        True,
    ],
    ids=repr,
)
async def test_a_yes_that_does_not_show_this_refund_is_unknown(body: object) -> None:
    """hostile 26, 30, 49"""
    assert (await send(created(body))).kind == "unknown"


async def test_a_record_of_which_the_shop_does_not_say_that_money_moved_is_unknown() -> None:
    answer = await send(created(made(refunded_payment=False)))
    assert answer.kind == "unknown"
    assert "money moved" in answer.evidence


# Refused.


@pytest.mark.parametrize(
    ("status", "code", "error_code"),
    [
        (400, "rest_invalid_param", "invalid_argument"),
        (400, "woocommerce_rest_something_new", "invalid_argument"),
        (401, "woocommerce_rest_cannot_view", "auth"),
        (401, "woocommerce_rest_authentication_error", "forbidden"),
        (401, "woocommerce_rest_cannot_create", "forbidden"),
        (403, "woocommerce_rest_cannot_create", "forbidden"),
        (404, "woocommerce_rest_shop_order_invalid_id", "not_found"),
        (404, "rest_no_route", "setup"),
        (410, "woocommerce_rest_something_new", "conflict"),
    ],
)
async def test_a_whole_refusal_in_the_shops_own_form_is_one(status: int, code: str, error_code: str) -> None:
    """hostile 54, 55"""
    answer = await send(error(status, code))
    assert (answer.kind, answer.error) == ("refused", error_code)
    assert "own words" not in answer.evidence


async def test_a_key_that_may_only_read_is_refused_as_forbidden() -> None:
    real = await send(as_answer(recorded("v3_readonly_refund_post")))
    assert (real.kind, real.error) == ("refused", "forbidden")
    shop = sandbox()
    answer = await store_of(shop, keys=READ_ONLY).refund(shop.hints["refundable_order"], FIVE, REASON, lambda: True)
    assert (answer.kind, answer.error) == ("refused", "forbidden")
    assert shop.shop.numbered(shop.hints["refundable_order"]).refunds == []


# Unknown.


@pytest.mark.parametrize("name", ["v3_refund_api_cod", "v3_refund_post_too_much"])
async def test_the_500_of_every_refusal_of_a_refund_stays_unknown(name: str) -> None:
    answer = await send(as_answer(recorded(name)))
    assert (answer.kind, answer.error) == ("unknown", None)


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "rate_limit_exceeded"),
        error(408, "woocommerce_rest_x"),
        error(409, "woocommerce_rest_x"),
        error(425, "woocommerce_rest_x"),
        error(429, "woocommerce_rest_x"),
        error(500, "woocommerce_rest_cannot_create_order_refund", 500),
        error(500, "woocommerce_rest_invalid_order_id", 404),
        error(500, "internal_server_error"),
        error(503, "wp_die"),
        error(200, "woocommerce_rest_cannot_view"),
        error(403, "blocked_by_firewall"),
        error(403, "Forbidden"),
        httpx2.Response(400, json={"code": "rest_invalid_param"}),
        httpx2.Response(400, json={"code": "rest_invalid_param", "message": "x"}),
        httpx2.Response(400, json=["rest_invalid_param"]),
        httpx2.Response(403, html="<h1>Firewall</h1>"),
        httpx2.Response(404, content=b'{"code":"rest_no_route","mess'),
        httpx2.Response(500, json=made()),
        httpx2.Response(400, json=made()),
        httpx2.Response(202, json=made()),
        httpx2.Response(502, html="<h1>Bad gateway</h1>"),
        httpx2.Response(504),
        httpx2.Response(200, html="<h1>Log in</h1>"),
        httpx2.Response(200),
        httpx2.Response(204),
        httpx2.Response(206),
        httpx2.Response(304),
        *(httpx2.Response(status, headers={"location": "/x"}) for status in (301, 302, 303, 307, 308)),
        httpx2.ReadError(""),
        httpx2.ReadTimeout(""),
        httpx2.WriteError(""),
        httpx2.RemoteProtocolError(""),
        httpx2.Response(201, content=b'{"id":31,"amount":'),
    ],
    ids=repr,
)
async def test_anything_else_may_have_been_paid_and_is_unknown(answer: object) -> None:
    """hostile 41, 42, 43, 44, 49, 50, 52, 53, 56, 57"""
    told = await send(answer)
    assert told.kind == "unknown"
    assert told.evidence
    assert (told.shop_id, told.error) == (None, None)


@pytest.mark.parametrize(
    "fault",
    [
        "timeout-after",
        "reset-after",
        "close-after",
        "500-after",
        "502-after",
        "504-after",
        "html-after",
        "empty-after",
        "null-after",
        "202-after",
        "302-after",
        "truncated",
        "cut",
    ],
)
async def test_a_lost_answer_is_unknown_and_the_next_look_shows_the_refund(fault: str) -> None:
    """hostile 57"""
    shop = sandbox()
    order_id = shop.hints["refundable_order"]
    store = store_of(shop)
    await store.ping()
    shop.faults.add(f"refund:{fault}:1")
    assert (await store.refund(order_id, FIVE, REASON, lambda: True)).kind == "unknown"
    assert sum(request.method == "POST" for request in shop.requests) == 1
    [refund] = (await store.get_order(order_id)).refunds
    assert (refund.amount, refund.reason) == (FIVE, REASON)


async def test_a_record_whose_money_has_not_moved_yet_is_no_proof_of_our_refund() -> None:
    """WooCommerce writes the refund down, then asks the payment method; a look in between must not believe it."""
    waiting = made(id=61, refunded_payment=False)
    body = body_of(
        "v3_order_guest_pending", status="processing", refunds=[{"id": 61, "reason": REASON, "total": "-5.00"}]
    )
    order = await Scripted({"/22": body, "/refunds": [waiting]}).store.get_order("22")
    [refund] = order.refunds
    assert refund.reason == "Too small R-7K2M9Q4X"
    assert any("does not say that its money moved" in warning for warning in order.warnings)
    assert (order.refunds_complete, order.totals.refunded) == (True, FIVE)
    paid = {**waiting, "refunded_payment": True}
    order = await Scripted({"/22": body, "/refunds": [paid]}).store.get_order("22")
    assert order.refunds[0].reason == REASON
    assert order.warnings == ()


async def test_a_refund_of_a_person_in_the_dashboard_keeps_its_words() -> None:
    """hostile 82"""
    manual = made(id=61, refunded_payment=False, reason="by hand")
    body = body_of(
        "v3_order_guest_pending",
        status="processing",
        refunds=[{"id": 61, "reason": "by hand", "total": "-5.00"}],
    )
    order = await Scripted({"/22": body, "/refunds": [manual]}).store.get_order("22")
    assert (order.refunds[0].reason, order.warnings) == ("by hand", ())


# Not sent.


async def test_a_deadline_that_passed_sends_nothing() -> None:
    shop = shop_that(created(made()))
    answer = await shop.store.refund("22", FIVE, REASON, lambda: False)
    assert (answer.kind, shop.writes) == ("not_sent", [])


@pytest.mark.parametrize("broken", [httpx2.ConnectError(""), httpx2.ConnectTimeout("")])
async def test_a_shop_that_cannot_be_reached_got_nothing(broken: Exception) -> None:
    """hostile 37, 38, 40"""
    assert (await send(broken)).kind == "not_sent"


@pytest.mark.parametrize("order_id", ["../22", "0", "007", "22a", "", "١٢", "22?x=1", "-1", "9" * 40])
async def test_a_wrong_id_sends_nothing_and_raises_nothing(order_id: str) -> None:
    """hostile 13: 007 would open order 7 and be another one in the record."""
    shop = shop_that(created(made()))
    answer = await shop.store.refund(order_id, FIVE, REASON, lambda: True)
    assert (answer.kind, answer.error, shop.requests) == ("not_sent", "invalid_argument", [])


@pytest.mark.parametrize(
    ("keys", "error_code"),
    [
        ((Key(None), Key("cs_example")), "setup"),
        ((Key("ck_example"), None), "setup"),
        ((None, Key("cs_example")), "setup"),
        (NONE, "unsupported"),
    ],
)
async def test_without_keys_nothing_is_sent_and_nothing_raised(keys: Any, error_code: str) -> None:
    shop = shop_that(created(made()))
    answer = await store_over(httpx2.MockTransport(shop.answer), keys=keys).refund("22", FIVE, REASON, lambda: True)
    assert (answer.kind, answer.error, shop.requests) == ("not_sent", error_code, [])


async def test_a_site_that_does_not_answer_the_read_before_gets_no_write() -> None:
    shop = Scripted({PROBE: httpx2.ReadError("")})
    answer = await shop.store.refund("22", FIVE, REASON, lambda: True)
    assert (answer.kind, shop.writes) == ("not_sent", [])


# What a refund would do.


async def test_a_method_that_can_give_money_back_does_and_others_do_not() -> None:
    shop = sandbox()
    store = store_of(shop)
    card = await store.get_order(shop.hints["refundable_order"])
    cash = await store.get_order(shop.hints["cod_order"])
    assert await store.refund_effect(card) == "money"
    assert await store.refund_effect(cash) == "none"
    assert await store_of(shop, record_only=True).refund_effect(cash) == "record"
    assert await store_of(shop, record_only=True).refund_effect(card) == "money"


@pytest.mark.parametrize(
    "supports", [["products"], {"0": "products", "2": "tokenization"}, [], ["Refunds", "partial-refunds"]]
)
async def test_a_method_without_refunds_pays_nothing(supports: object) -> None:
    shop = Scripted({"/cod": {"id": "cod", "method_supports": supports}})
    assert await shop.store.refund_effect(await read_v3()) == "none"


async def test_features_written_as_an_object_are_read_too() -> None:
    shop = Scripted({"/cod": {"id": "cod", "method_supports": {"1": "products", "3": "refunds"}}})
    assert await shop.store.refund_effect(await read_v3()) == "money"


@pytest.mark.parametrize("method", ["", "../orders", "a b", None, 7, "x" * 200])
async def test_an_order_without_a_method_that_can_be_asked_about_pays_nothing(method: object) -> None:
    shop = Scripted({})
    order = await read_v3(payment_method=method)
    assert await shop.store.refund_effect(order) == "none"
    assert shop.requests == []


async def test_a_method_that_is_no_longer_installed_pays_nothing() -> None:
    shop = Scripted({"/cod": error(404, "woocommerce_rest_payment_gateway_invalid")})
    assert await shop.store.refund_effect(await read_v3()) == "none"


async def test_a_key_that_may_not_read_methods_is_told_which_right_is_missing() -> None:
    shop = Scripted({"/cod": error(403, "woocommerce_rest_cannot_view")})
    with pytest.raises(ForbiddenError, match="manage_woocommerce"):
        await shop.store.refund_effect(await read_v3())


@pytest.mark.parametrize(
    "body",
    [
        {"id": "cod"},
        {"id": "other", "method_supports": ["refunds"]},
        {"id": "cod", "method_supports": "refunds"},
        ["refunds"],
        httpx2.Response(200, html="<h1>Log in</h1>"),
    ],
)
async def test_an_answer_that_does_not_say_what_the_method_can_do_is_an_error(body: object) -> None:
    with pytest.raises(BadResponseError):
        await Scripted({"/cod": body}).store.refund_effect(await read_v3())


async def test_a_shop_that_cannot_be_asked_about_the_method_is_an_error() -> None:
    with pytest.raises(NetworkError):
        await Scripted({"/cod": httpx2.ReadError("")}).store.refund_effect(await read_v3())


# Only written down.


async def test_a_refund_that_is_only_written_down_asks_nobody_to_pay_and_keeps_its_marker() -> None:
    shop = sandbox()
    order_id = shop.hints["cod_order"]
    store = store_of(shop, record_only=True)
    answer = await store.record_refund(order_id, FIVE, REASON, lambda: True)
    assert (answer.kind, answer.amount) == ("done", FIVE)
    [request] = [request for request in shop.requests if request.method == "POST"]
    assert isinstance(request.body, dict)
    assert (request.body["api_refund"], request.body["api_restock"]) == (False, False)
    order = await store.get_order(order_id)
    assert [(refund.reason, refund.amount) for refund in order.refunds] == [(REASON, FIVE)]
    assert order.warnings == ()
    assert shop.shop.numbered(order_id).refunds[0].processor_id == ""


async def test_a_record_that_moved_money_unasked_is_unknown() -> None:
    shop = shop_that(created(made()))
    answer = await shop.store.record_refund("22", FIVE, REASON, lambda: True)
    assert answer.kind == "unknown"
    assert "not asked for" in answer.evidence


async def test_cash_on_delivery_answers_500_and_nothing_is_written_down() -> None:
    shop = sandbox()
    order_id = shop.hints["cod_order"]
    assert (await store_of(shop).refund(order_id, FIVE, REASON, lambda: True)).kind == "unknown"
    assert shop.shop.numbered(order_id).refunds == []
