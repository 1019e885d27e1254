"""Writes as good as money: one request each, done where the answer shows it, unknown wherever it does not."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from clawver_orders.money import Money
from clawver_orders.platforms.heidianer import HeidianerStore, Tokens
from clawver_orders.sandbox.heidianer import READER
from clawver_orders.store import Answer, Deadline
from tests.heidianer.shop import (
    ORDER_ID,
    Key,
    Scripted,
    detail,
    order_body,
    sale,
    sandbox,
    scripted,
    store_of,
)

pytestmark = pytest.mark.anyio

CENT = Money(1, "CNY")
Write = Callable[[HeidianerStore, str, Deadline], Awaitable[Answer]]

WRITES: dict[str, Write] = {
    "refund": lambda store, order_id, may: store.refund(order_id, CENT, "torn [R-7K2M9Q4X]", may),
    "cancel": lambda store, order_id, may: store.cancel(order_id, "ordered twice [R-7K2M9Q4X]", may),
    "mark-paid": lambda store, order_id, may: store.mark_paid(order_id, may),
    "create-transaction": lambda store, order_id, may: store.mark_paid(order_id, may),
    "modify-price": lambda store, order_id, may: store.adjust_price(order_id, Money(-2000, "CNY"), may),
}
GOOD: dict[str, object] = {
    "refund": order_body(financial_status="refunded"),
    "cancel": order_body(order_status="cancelled"),
    "mark-paid": order_body(),
    "create-transaction": sale(),
    "modify-price": {"total_price_adjustment": "-20.00"},
}
PATHS = {
    "refund": "refund/",
    "cancel": "cancel/",
    "mark-paid": "manually_marked_as_paid/",
    "create-transaction": "transaction/",
    "modify-price": "modify_price/",
}


def opened(shop: Scripted, write: str, **options: Any) -> HeidianerStore:
    return shop.opened(mark_paid_by="transaction" if write == "create-transaction" else "order", **options)


async def send(write: str, *answers: object) -> Answer:
    shop = scripted(*answers)
    answer = await WRITES[write](opened(shop, write), ORDER_ID, lambda: True)
    assert len(shop.requests) == 1, "sent more than once"
    return answer


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_is_one_post_with_its_body_and_the_token_on_a_connection_of_its_own(write: str) -> None:
    shop = scripted(GOOD[write])
    answer = await WRITES[write](opened(shop, write), ORDER_ID, lambda: True)
    assert answer.kind == ("settling" if write == "modify-price" else "done")
    [request] = shop.requests
    assert (request.method, request.url.path) == ("POST", f"/api/orders/order/2894/{PATHS[write]}")
    assert request.headers["authorization"] == "Bearer heidianer_token_example"
    assert request.headers["accept-language"] == "en"
    assert request.headers["connection"] == "close"
    bodies = {
        "cancel": b'{"reason":"ordered twice [R-7K2M9Q4X]"}',
        "modify-price": b'{"total_price_adjustment":"-20.00"}',
    }
    assert request.content == bodies.get(write, b"")


LOST = [
    detail(408),
    detail(409),
    detail(425),
    detail(429, **{"retry-after": "3"}),
    detail(500),
    detail(502),
    detail(503),
    httpx2.Response(504),
    httpx2.Response(400, html="<h1>Bad request</h1>"),
    httpx2.Response(403, html="<h1>Firewall</h1>"),
    httpx2.Response(400),
    httpx2.Response(400, json={"error": "no"}),
    httpx2.Response(400, json={"detail": ""}),
    httpx2.Response(400, json={"detail": ["no"]}),
    httpx2.Response(400, json=["no"]),
    httpx2.Response(400, json=order_body(financial_status="refunded", order_status="cancelled")),
    httpx2.Response(404, content=b'{"detail":"Not fou'),
    httpx2.Response(200, html="<h1>Sign in</h1>"),
    httpx2.Response(200),
    httpx2.Response(202),
    httpx2.Response(204),
    httpx2.Response(206),
    httpx2.Response(304),
    *(httpx2.Response(status, headers={"location": "/login"}) for status in (301, 302, 303, 307, 308)),
    httpx2.Response(200, content=b'{"id": 2894, "order_st'),
    httpx2.Response(200, content=b"\xff\xfe"),
    httpx2.Response(200, json={"detail": "no"}),
    httpx2.Response(200, json=None),
    httpx2.Response(200, json=[]),
    httpx2.Response(200, json={}),
    httpx2.Response(200, json={"success": False}),
    httpx2.ReadError(""),
    httpx2.ReadTimeout(""),
    httpx2.WriteError(""),
    httpx2.RemoteProtocolError(""),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("answer", LOST, ids=repr)
async def test_whatever_does_not_show_it_may_have_been_done_and_is_unknown(write: str, answer: object) -> None:
    """hostile 41, 42, 43, 44, 49, 50, 52, 53, 56, 57"""
    told = await send(write, answer)
    assert told.kind == "unknown"
    assert told.evidence
    assert (told.shop_id, told.error, told.amount) == (None, None, None)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "conflict"),
        (401, "auth"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "unsupported"),
        (422, "conflict"),
    ],
)
async def test_a_whole_refusal_in_the_shops_own_form_is_one(write: str, status: int, code: str) -> None:
    """hostile 54"""
    told = await send(write, detail(status))
    assert (told.kind, told.error) == ("refused", code)
    assert "own words" not in told.evidence


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("broken", [httpx2.ConnectError(""), httpx2.ConnectTimeout("")])
async def test_a_shop_that_cannot_be_reached_got_nothing(write: str, broken: Exception) -> None:
    """hostile 37, 38, 40"""
    assert (await send(write, broken)).kind == "not_sent"


@pytest.mark.parametrize("write", WRITES)
async def test_a_deadline_that_passed_sends_nothing(write: str) -> None:
    shop = scripted(GOOD[write])
    assert (await WRITES[write](opened(shop, write), ORDER_ID, lambda: False)).kind == "not_sent"
    assert shop.requests == []


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("tokens", [Tokens(), Tokens(read=Key()), Tokens(write=Key(None))])
async def test_without_a_token_for_writes_nothing_is_sent_and_nothing_raised(write: str, tokens: Tokens) -> None:
    shop = scripted(GOOD[write])
    told = await WRITES[write](opened(shop, write, tokens=tokens), ORDER_ID, lambda: True)
    assert (told.kind, told.error, shop.requests) == ("not_sent", "setup", [])


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("order_id", ["../x", "", "a?b", "1/refund"])
async def test_an_id_that_is_none_is_not_sent(write: str, order_id: str) -> None:
    """hostile 13"""
    shop = scripted(GOOD[write])
    told = await WRITES[write](opened(shop, write), order_id, lambda: True)
    assert (told.kind, told.error, shop.requests) == ("not_sent", "invalid_argument", [])


@pytest.mark.parametrize("write", WRITES)
async def test_a_token_that_may_only_read_is_refused_and_moves_nothing(write: str) -> None:
    shop = sandbox()
    before = [(order.stage, order.payment, order.total) for order in shop.shop.orders.values()]
    store = store_of(shop, tokens=Tokens(both=Key(READER)))
    told = await WRITES[write](store, shop.hints["pending_order"], lambda: True)
    assert (told.kind, told.error) == ("refused", "forbidden")
    assert [(order.stage, order.payment, order.total) for order in shop.shop.orders.values()] == before


# Refunds.


async def test_a_refund_is_done_where_the_order_is_refunded_already() -> None:
    told = await send("refund", order_body(financial_status="refunded"))
    assert (told.kind, told.amount, told.remaining) == ("done", CENT, Money(0, "CNY"))


@pytest.mark.parametrize("changes", [{"is_refunding": True}, {"is_refunding": False}, {"is_refunding": None}, {}])
async def test_a_yes_with_the_order_as_it_was_is_settled_later(changes: dict[str, object]) -> None:
    told = await send("refund", order_body(**changes))
    assert (told.kind, told.amount) == ("settling", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 25326, "financial_status": "refunded"},
        {"id": None, "financial_status": "refunded"},
        {"financial_status": "pending"},
        {"financial_status": "partially_paid"},
        {"financial_status": "refunding"},
        {"financial_status": None},
        {"financial_status": "refunded", "total_price": "0.02"},
        {"financial_status": "refunded", "total_price": None},
        {"total_price": "0.02", "is_refunding": True},
    ],
)
async def test_another_order_another_total_or_an_odd_payment_is_unknown(changes: dict[str, object]) -> None:
    """hostile 30, 35, 62"""
    assert (await send("refund", order_body(**changes))).kind == "unknown"


async def test_a_refund_is_accepted_shown_as_under_way_and_settled_when_the_shop_is_asked() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["refundable_order"]
    before = await store.get_order(order_id)
    assert before.totals.total is not None
    told = await store.refund(order_id, before.totals.total, "torn", lambda: True)
    assert told.kind == "settling"
    under_way = await store.get_order(order_id)
    assert (under_way.refunding, under_way.payment_status, under_way.refunds) == (True, "paid", ())
    assert (await store.refund(order_id, before.totals.total, "torn", lambda: True)).error == "conflict"
    [pending] = [one for one in await store.transactions(order_id) if one.kind == "refund"]
    await store.refresh(order_id)
    after = await store.get_order(order_id)
    assert (after.refunding, after.payment_status) == (False, "refunded")
    [refund] = after.refunds
    assert (refund.id, refund.amount) == (pending.id, before.totals.total)
    assert (after.totals.refunded, after.totals.refundable) == (before.totals.total, Money(0, "CNY"))


@pytest.mark.parametrize(
    "fault", ["timeout-after", "reset-after", "close-after", "500-after", "html-after", "empty-after", "truncated"]
)
@pytest.mark.parametrize("write", WRITES)
async def test_a_lost_answer_is_unknown_although_the_shop_did_it(write: str, fault: str) -> None:
    """hostile 57"""
    shop = sandbox()
    order_id = shop.hints["refundable_order" if write == "refund" else "pending_order"]
    store = store_of(shop, mark_paid_by="transaction" if write == "create-transaction" else "order")
    before = await store.get_order(order_id)
    shop.faults.add(f"{write}:{fault}:1")
    shop.requests.clear()
    assert (await WRITES[write](store, order_id, lambda: True)).kind == "unknown"
    assert len(shop.requests) == 1
    after = await store.get_order(order_id)
    assert after != before


# Marking as paid, cancelling, another price.


@pytest.mark.parametrize("way", ["order", "transaction"])
async def test_an_order_is_marked_as_paid_in_the_way_that_the_settings_say(way: str) -> None:
    shop = sandbox()
    order_id = shop.hints["partially_paid_order"]
    told = await store_of(shop, mark_paid_by=way).mark_paid(order_id, lambda: True)
    assert told.kind == "done"
    assert [request.operation for request in shop.requests] == [
        "mark-paid" if way == "order" else "create-transaction"
    ]
    order = await store_of(shop).get_order(order_id)
    assert (order.payment_status, order.payment_method, order.warnings) == ("paid", "manual", ())
    again = await store_of(shop, mark_paid_by=way).mark_paid(order_id, lambda: True)
    assert (again.kind, again.error) == ("refused", "conflict")


@pytest.mark.parametrize(
    "changes",
    [
        {"order_id": 25326},
        {"order_id": None},
        {"status": "pending"},
        {"status": "failure"},
        {"status": None},
        {"transaction_type": "refund"},
        {"id": None},
    ],
)
async def test_a_payment_by_hand_that_is_not_this_orders_or_has_not_succeeded_is_unknown(
    changes: dict[str, object],
) -> None:
    """hostile 30: the vendor's own sample answers with another order's id."""
    assert (await send("create-transaction", sale(**changes))).kind == "unknown"


@pytest.mark.parametrize(
    ("write", "changes"),
    [
        ("mark-paid", {"financial_status": "pending"}),
        ("mark-paid", {"financial_status": None}),
        ("mark-paid", {"id": 2895}),
        ("cancel", {"order_status": "open"}),
        ("cancel", {"order_status": "cancelled", "id": 2895}),
        ("cancel", {"order_status": ...}),
    ],
)
async def test_an_order_that_is_not_what_it_was_to_become_is_unknown(
    write: str, changes: dict[str, object]
) -> None:
    """hostile 62"""
    assert (await send(write, order_body(**changes))).kind == "unknown"


@pytest.mark.parametrize("said", ["-20.00", "2.00", "-20", -20])
async def test_another_price_is_never_done_by_the_answer_alone(said: object) -> None:
    """The sample's answer to -20.00 is 2.00: only the total tells."""
    told = await send("modify-price", {"total_price_adjustment": said})
    assert (told.kind, told.amount) == ("settling", None)


@pytest.mark.parametrize("said", [None, "", "lots", True, [], "NaN"])
async def test_an_answer_without_an_adjustment_leaves_open_whether_the_price_changed(said: object) -> None:
    assert (await send("modify-price", {"total_price_adjustment": said})).kind == "unknown"


@pytest.mark.parametrize(("minor", "text"), [(-2000, "-20.00"), (5, "0.05"), (100, "1.00"), (-5, "-0.05")])
async def test_the_adjustment_is_sent_as_a_signed_decimal(minor: int, text: str) -> None:
    shop = scripted({"total_price_adjustment": text})
    await shop.store.adjust_price(ORDER_ID, Money(minor, "CNY"), lambda: True)
    assert shop.requests[0].content == f'{{"total_price_adjustment":"{text}"}}'.encode()


async def test_a_new_price_shows_in_the_total_with_a_warning() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["pending_order"]
    before = (await store.get_order(order_id)).totals.total
    assert before is not None
    assert (await store.adjust_price(order_id, Money(-250, "CNY"), lambda: True)).kind == "settling"
    order = await store.get_order(order_id)
    assert order.totals.total == before - Money(250, "CNY")
    assert any("changed by -2.50 CNY" in warning for warning in order.warnings)
    paid = await store.adjust_price(shop.hints["refundable_order"], Money(-250, "CNY"), lambda: True)
    assert (paid.kind, paid.error) == ("refused", "conflict")


async def test_an_order_is_cancelled_with_its_reason_kept() -> None:
    shop = sandbox()
    store = store_of(shop)
    order_id = shop.hints["pending_order"]
    assert (await store.cancel(order_id, "ordered twice", lambda: True)).kind == "done"
    order = await store.get_order(order_id)
    assert (order.status, [note.text for note in order.notes]) == ("cancelled", ["ordered twice"])
    sent = await store.cancel(shop.hints["shipped_order"], "too late", lambda: True)
    assert (sent.kind, sent.error) == ("refused", "conflict")
