"""One refund, one request: done, refused, not sent; and unknown wherever money may have moved unseen."""

from typing import Any

import httpx2
import pytest

from clawver_orders.money import Money
from clawver_orders.store import Answer
from tests.clawver.shops import (
    KEY,
    REFUND,
    Key,
    Scripted,
    data,
    error,
    order_body,
    sandbox,
    scripted,
    store_of,
    store_over,
)

pytestmark = pytest.mark.anyio

FIVE = Money(500, "USD")
REASON = "Too small [R-7K2M9Q4X]"


def refunded(*refunds: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return data(order=order_body(**{"paymentStatus": "partially_refunded", "refunds": list(refunds), **changes}))


async def send(shop: Scripted, reason: str = REASON) -> Answer:
    answer = await shop.store.refund("ord_abc123", FIVE, reason, lambda: True)
    assert len(shop.requests) <= 1, "a refund was sent twice"
    return answer


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_a_refund_is_done_where_the_answer_shows_it(generation: str) -> None:
    shop = sandbox(generation=generation)
    order_id = shop.hints["refundable_order"]
    answer = await store_of(shop).refund(order_id, FIVE, REASON, lambda: True)
    [known] = shop.shop.orders[order_id].refunds
    assert (answer.kind, answer.shop_id, answer.amount) == ("done", known.id, FIVE)
    assert answer.processor_id == known.processor_id
    # The old answer leaves the total out: what remains does not follow from it.
    left = shop.shop.orders[order_id].remaining
    assert answer.remaining == (Money(left, "USD") if generation == "current" else None)
    [request] = shop.requests
    assert (request.method, request.path) == ("POST", f"/v1/orders/{order_id}/refund")
    assert request.body == {"amountInCents": 500, "reason": REASON}


async def test_the_request_has_the_key_and_a_connection_of_its_own() -> None:
    shop = scripted(refunded(REFUND))
    assert (await send(shop)).kind == "done"
    [request] = shop.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["connection"] == "close"
    assert request.content == b'{"amountInCents":500,"reason":"Too small [R-7K2M9Q4X]"}'


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
    answer = await send(scripted(refunded({**REFUND, "reason": kept})))
    assert answer.kind == kind


@pytest.mark.parametrize(
    ("sent", "kept", "kind"),
    [
        ("Too small", " Too small ", "done"),
        ("cafe\u0301", "caf\u00e9", "done"),
        ("Too small", "Too sma", "unknown"),
    ],
)
async def test_a_reason_without_a_marker_counts_whole(sent: str, kept: str, kind: str) -> None:
    assert (await send(scripted(refunded({**REFUND, "reason": kept})), sent)).kind == kind


@pytest.mark.parametrize(
    "body",
    [
        refunded(),
        refunded({**REFUND, "amountInCents": 501}),
        refunded({**REFUND, "amountInCents": None}),
        refunded(REFUND, {**REFUND, "id": "ref_2"}),
        refunded(REFUND, id="ord_other"),
        refunded(REFUND, id=None),
        refunded(REFUND, refunds=None),
        data(),
        data(order=None),
        {"success": True},
        {"success": False},
        {"order": order_body(refunds=[REFUND])},
        [],
        None,
    ],
)
async def test_a_yes_that_does_not_show_this_refund_is_unknown(body: object) -> None:
    """hostile 30, 34, 49"""
    assert (await send(scripted(body))).kind == "unknown"


@pytest.mark.parametrize(
    ("status", "code", "error_code"),
    [
        (400, "VALIDATION_ERROR", "invalid_argument"),
        (401, "UNAUTHORIZED", "auth"),
        (403, "FORBIDDEN", "forbidden"),
        (404, "RESOURCE_NOT_FOUND", "not_found"),
        (422, "SOMETHING_NEW", "conflict"),
        (401, "SOMETHING_NEW", "auth"),
        (403, "SOMETHING_NEW", "forbidden"),
        (404, "SOMETHING_NEW", "not_found"),
    ],
)
async def test_a_whole_refusal_in_the_shops_own_form_is_one(status: int, code: str, error_code: str) -> None:
    """hostile 54"""
    answer = await send(scripted(error(status, code)))
    assert (answer.kind, answer.error) == ("refused", error_code)
    assert "own words" not in answer.evidence


@pytest.mark.parametrize(
    "answer",
    [
        error(408, "VALIDATION_ERROR"),
        error(409, "CONFLICT"),
        error(409, "VALIDATION_ERROR"),
        error(425, "VALIDATION_ERROR"),
        error(429, "RATE_LIMITED"),
        error(429, "RATE_LIMIT_EXCEEDED"),
        error(400, "RATE_LIMITED"),
        error(400, "CONFLICT"),
        error(400, "INTERNAL_ERROR"),
        error(500, "INTERNAL_ERROR"),
        error(500, "VALIDATION_ERROR"),
        error(503, "VALIDATION_ERROR"),
        error(200, "VALIDATION_ERROR"),
        httpx2.Response(400, json={"error": {"code": "VALIDATION_ERROR"}}),
        httpx2.Response(400, json={"success": False, "error": "VALIDATION_ERROR"}),
        httpx2.Response(400, json={"success": False, "error": {"code": ""}}),
        httpx2.Response(400, html="<h1>Bad request</h1>"),
        httpx2.Response(400),
        httpx2.Response(403, html="<h1>Firewall</h1>"),
        httpx2.Response(404, content=b'{"success":false,"error":{"code":"RESOURCE_NOT_FO'),
        httpx2.Response(500, json=refunded(REFUND)),
        httpx2.Response(400, json=refunded(REFUND)),
        httpx2.Response(502, html="<h1>Bad gateway</h1>"),
        httpx2.Response(504),
        httpx2.Response(200, html="<h1>Sign in</h1>"),
        httpx2.Response(200),
        httpx2.Response(202),
        httpx2.Response(204),
        httpx2.Response(206),
        httpx2.Response(304),
        *(httpx2.Response(status, headers={"location": "/v1/orders/x"}) for status in (301, 302, 303, 307, 308)),
        httpx2.ReadError(""),
        httpx2.ReadTimeout(""),
        httpx2.WriteError(""),
        httpx2.RemoteProtocolError(""),
        httpx2.Response(200, content=b'{"success":true,"data":{"order":'),
    ],
    ids=repr,
)
async def test_anything_else_may_have_been_paid_and_is_unknown(answer: object) -> None:
    """hostile 41, 42, 43, 44, 49, 50, 52, 53, 56, 57"""
    told = await send(scripted(answer))
    assert told.kind == "unknown"
    assert told.evidence
    assert (told.shop_id, told.error) == (None, None)


@pytest.mark.parametrize(
    "fault", ["timeout-after", "reset-after", "close-after", "500-after", "html-after", "truncated"]
)
async def test_a_lost_answer_is_unknown_although_the_shop_has_paid(fault: str) -> None:
    """hostile 57"""
    shop = sandbox()
    order_id = shop.hints["refundable_order"]
    shop.faults.add(f"refund:{fault}:1")
    store = store_of(shop)
    assert (await store.refund(order_id, FIVE, REASON, lambda: True)).kind == "unknown"
    assert len(shop.requests) == 1
    [refund] = (await store.get_order(order_id)).refunds
    assert (refund.amount, refund.reason) == (FIVE, REASON)


async def test_a_refusal_of_the_sandbox_moves_nothing() -> None:
    shop = sandbox()
    for hint, amount in (("refundable_order", 10**9), ("pending_order", 500)):
        answer = await store_of(shop).refund(shop.hints[hint], Money(amount, "USD"), REASON, lambda: True)
        assert (answer.kind, answer.error) == ("refused", "invalid_argument")
        assert shop.shop.orders[shop.hints[hint]].refunds == []


async def test_a_deadline_that_passed_sends_nothing() -> None:
    shop = scripted(refunded(REFUND))
    answer = await shop.store.refund("ord_abc123", FIVE, REASON, lambda: False)
    assert (answer.kind, shop.requests) == ("not_sent", [])


@pytest.mark.parametrize("broken", [httpx2.ConnectError(""), httpx2.ConnectTimeout("")])
async def test_a_shop_that_cannot_be_reached_got_nothing(broken: Exception) -> None:
    """hostile 37, 38, 40"""
    assert (await send(scripted(broken))).kind == "not_sent"


async def test_without_a_key_or_with_a_wrong_id_nothing_is_sent_and_nothing_raised() -> None:
    shop = scripted(refunded(REFUND))
    store = store_over(httpx2.MockTransport(shop.answer), key=Key(None))
    no_key = await store.refund("ord_abc123", FIVE, REASON, lambda: True)
    assert (no_key.kind, no_key.error) == ("not_sent", "setup")
    no_id = await shop.store.refund("../ord", FIVE, REASON, lambda: True)
    assert (no_id.kind, no_id.error) == ("not_sent", "invalid_argument")
    bad_key = await store_over(httpx2.MockTransport(shop.answer), key=Key("a\nb")).refund(
        "ord_abc123", FIVE, REASON, lambda: True
    )
    assert (bad_key.kind, bad_key.error) == ("not_sent", "setup")
    assert shop.requests == []
