"""What every platform owes the desk, tried on each over its made-up shop; a toy platform is one of them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from clawver_orders import platforms
from clawver_orders.errors import (
    DeskError,
    InvalidArgument,
    NotFoundError,
    RateLimitedError,
    RefundError,
    UnsupportedError,
)
from clawver_orders.events import Delivered
from clawver_orders.order import FULFILLMENT_STATUSES, PAYMENT_STATUSES, STATUSES, Order
from clawver_orders.platforms import MODULES
from clawver_orders.refunds.machine import State
from clawver_orders.sandbox import parse_fault
from clawver_orders.server import results
from clawver_orders.store import ARGUMENTS, OPERATIONS, Capabilities, Operation, Store
from tests.contract.shops import NAMES, Counters, open_counters
from tests.counter import YES

pytestmark = pytest.mark.anyio


@pytest.fixture(params=NAMES)
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> Counters:
    return open_counters(tmp_path, [request.param])


def capable(operation: Operation) -> list[str]:
    return [name for name in NAMES if operation in platforms.load(name, _modules()).capabilities.operations]


def _modules() -> dict[str, str]:
    return {**MODULES, "toy": "tests.toy"}


def hint(counters: Counters, name: str) -> str:
    return counters.only.hints[name]


# What is done for each operation, and what must come of it.


async def _list(c: Counters) -> None:
    found = await c.desk.list_orders("", limit=5)
    assert 0 < len(found.orders) <= 5


async def _get(c: Counters) -> None:
    order = await c.desk.get_order("", hint(c, "refundable_order"))
    assert order.id == hint(c, "refundable_order")
    assert order.totals.total is not None
    assert order.items
    assert order.status in STATUSES
    assert order.payment_status == "paid"
    assert order.fulfillment_status is None or order.fulfillment_status in FULFILLMENT_STATUSES


async def _track(c: Counters) -> None:
    found = await c.desk.track_order("", hint(c, "shipped_order"))
    assert found.message
    assert found.order_id == hint(c, "shipped_order")


async def _variants(c: Counters) -> None:
    found = await c.desk.lookup_variants("", hint(c, "wrong_size_order"))
    assert found.items
    assert found.message


async def _download(c: Counters) -> None:
    found = await c.desk.regenerate_download("", hint(c, "digital_order"), hint(c, "digital_item"))
    assert found.url.startswith("https://")


async def _public(c: Counters) -> None:
    order = c.only.shop.orders.get(hint(c, "digital_order"))
    token = order.status_token if order else "no such token"
    assert (await c.desk.get_public_order("", hint(c, "digital_order"), token)).id == hint(c, "digital_order")


async def _receipt(c: Counters) -> None:
    assert (await c.desk.get_receipt("", hint(c, "checkout_id"))).orders


async def _refund(c: Counters) -> None:
    order_id = hint(c, "refundable_order")
    prepared = await c.desk.prepare_refund("", order_id, "full", "arrived torn", another=False)
    assert (prepared.state, prepared.money_moved) == (State.PREPARED, "no")
    assert c.writes() == []
    done = await c.desk.execute_refund(prepared.refund_id, YES)
    assert done.state in {State.SUCCEEDED, State.ACCEPTED}
    assert len(c.writes()) == 1
    again = await c.desk.execute_refund(prepared.refund_id, YES)
    assert again.state in {State.SUCCEEDED, State.ACCEPTED}
    assert len(c.writes()) == 1
    assert books(c, order_id) == [prepared.amount.minor]


async def _cancel(c: Counters) -> None:
    acted = await c.desk.cancel_order("", hint(c, "pending_order"), "ordered twice", YES)
    assert (acted.action.outcome, acted.order.status) == ("done", "cancelled")
    assert len(c.writes()) == 1
    with pytest.raises(DeskError) as caught:
        await c.desk.cancel_order("", hint(c, "pending_order"), "ordered twice", YES)
    assert caught.value.code == "conflict"
    assert len(c.writes()) == 1


async def _mark_paid(c: Counters) -> None:
    acted = await c.desk.mark_order_paid("", hint(c, "pending_order"), YES)
    assert (acted.action.outcome, acted.order.payment_status) == ("done", "paid")
    assert len(c.writes()) == 1


async def _adjust(c: Counters) -> None:
    before = await c.desk.get_order("", hint(c, "pending_order"))
    assert before.totals.total is not None
    acted = await c.desk.adjust_order_price("", before.id, f"-1.00 {before.totals.total.currency}", YES)
    assert acted.order.totals.total is not None
    assert (acted.action.outcome, before.totals.total.minor - acted.order.totals.total.minor) == ("done", 100)


async def _close(c: Counters) -> None:
    assert (await c.desk.close_order("", hint(c, "shipped_order"))).status == "completed"


async def _reopen(c: Counters) -> None:
    if "reopen_order" in c.store.capabilities.operations:
        c.only.shop.close(c.only.shop.numbered(hint(c, "shipped_order")).id)
    assert (await c.desk.reopen_order("", hint(c, "shipped_order"))).status != "completed"


async def _refresh(c: Counters) -> None:
    assert (await c.desk.refresh_order("", hint(c, "refundable_order"))).payment_status == "paid"


async def _comment(c: Counters) -> None:
    written = "We send it tomorrow: https://shop.test/when"
    commented = await c.desk.comment_order("", hint(c, "refundable_order"), written)
    assert any("We send it tomorrow" in note.text for note in commented.notes)
    order = c.only.shop.numbered(hint(c, "refundable_order"))
    assert [comment.text for comment in order.comments] == [written]


async def _count(c: Counters) -> None:
    (counted,) = (await c.desk.count_orders("")).stores
    assert counted.counts.all == len(c.only.shop.orders)


async def _transactions(c: Counters) -> None:
    found = await c.desk.list_transactions("", hint(c, "refundable_order"))
    assert any(one.kind in {"sale", "capture"} and one.amount is not None for one in found.transactions)
    one = await c.desk.list_transactions("", hint(c, "refundable_order"), found.transactions[0].id)
    assert [transaction.id for transaction in one.transactions] == [found.transactions[0].id]


async def _webhooks(c: Counters) -> None:
    assert await c.desk.list_webhooks("") == ()


async def _events(c: Counters) -> None:
    assert await c.desk.list_events(c.store.name) == ()
    await c.ledger.remember(c.store.name, Delivered("1", "order.paid", "7"))
    (event,) = await c.desk.list_events(c.store.name)
    assert (event.store, event.type, event.order_id, event.at) == (c.store.name, "order.paid", "7", c.clock.at)
    assert c.only.requests == []


CALLS: dict[Operation, Callable[[Counters], Awaitable[None]]] = {
    "list_orders": _list,
    "get_order": _get,
    "track_order": _track,
    "lookup_variants": _variants,
    "regenerate_download": _download,
    "get_public_order": _public,
    "get_receipt": _receipt,
    "refund": _refund,
    "cancel_order": _cancel,
    "mark_order_paid": _mark_paid,
    "adjust_order_price": _adjust,
    "close_order": _close,
    "reopen_order": _reopen,
    "refresh_order": _refresh,
    "comment_order": _comment,
    "count_orders": _count,
    "list_transactions": _transactions,
    "webhooks": _webhooks,
    "list_events": _events,
}


def books(c: Counters, order_id: str) -> list[int]:
    """What the shop gave back on an order, or has accepted to, by its own books."""
    shop = c.only.shop
    order = shop.orders.get(order_id) or shop.numbered(order_id)
    waiting = [order.refunding.amount] if order.refunding else []
    return [refund.amount for refund in order.refunds] + waiting


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_a_platform_declares_works_and_what_it_does_not_is_unsupported(
    counters: Counters, operation: Operation
) -> None:
    if operation in counters.store.capabilities.operations:
        await CALLS[operation](counters)
    else:
        with pytest.raises(UnsupportedError) as caught:
            await CALLS[operation](counters)
        assert counters.store.name in str(caught.value) or operation == "count_orders"
        assert counters.writes() == []


@pytest.mark.parametrize("argument", ARGUMENTS)
async def test_an_argument_that_a_shop_has_no_use_for_is_refused(counters: Counters, argument: str) -> None:
    if argument in counters.store.capabilities.arguments:
        return
    values = {"after": "2026-01-01", "before": "2027-01-01", "date_field": "updated", "sort": "oldest"}
    given: Any = {argument: True if argument == "as_customer" else values.get(argument, "x@shop.example")}
    match argument:
        case "order_key" | "billing_email":
            call: Awaitable[Any] = counters.desk.get_order("", "1", **given)
        case "comment_id" | "as_customer":
            call = counters.desk.comment_order("", "1", "x", **given)
        case _:
            call = counters.desk.list_orders("", **given)
    with pytest.raises(UnsupportedError):
        await call
    assert counters.only.requests == []


async def everything(counters: Counters, limit: int = 7, **filters: Any) -> list[Order]:
    """All pages of a list."""
    found: list[Order] = []
    cursor = ""
    for _ in range(40):
        page = await counters.desk.list_orders("", limit=limit, cursor=cursor, **filters)
        assert len(page.orders) <= limit
        found += page.orders
        if not page.next_cursor:
            return found
        cursor = page.next_cursor
    raise AssertionError("the list does not end")


def lists(counters: Counters) -> bool:
    return "list_orders" in counters.store.capabilities.operations


async def test_filters_by_our_words_give_orders_of_those_words(counters: Counters) -> None:
    if not lists(counters):
        return
    can = counters.store.capabilities
    for field, words in (
        ("status", can.statuses),
        ("payment_status", can.payment_statuses),
        ("fulfillment_status", can.fulfillment_statuses),
    ):
        for word in words:
            for order in (await counters.desk.list_orders("", **{field: word}, limit=30)).orders:
                assert getattr(order, field) in {word, "unknown", None}, (field, word, order)


async def test_no_order_is_told_twice_however_short_the_pages_are(counters: Counters) -> None:
    if not lists(counters):
        return
    ids = [order.id for order in await everything(counters)]
    assert len(ids) == len(set(ids))
    assert len(ids) > 6


@pytest.mark.parametrize("order_id", ["999999999", "ord_nobody", "0", "-1"])
async def test_an_unknown_order_is_not_found_and_never_another(counters: Counters, order_id: str) -> None:
    with pytest.raises((NotFoundError, InvalidArgument)):
        await counters.desk.get_order("", order_id)


@pytest.mark.parametrize(
    "order_id",
    ["../refund", "1/../2", "%2e%2e", "a?x=1", "#", "1\r\nX: 1", "\0", "x" * 10_000, "\ud800", "\u202e1"],
)
async def test_an_id_that_is_none_never_reaches_the_shop_hostile_13(counters: Counters, order_id: str) -> None:
    with pytest.raises((NotFoundError, InvalidArgument)):
        await counters.desk.get_order("", order_id)
    assert counters.only.requests == []


async def test_no_secret_of_the_shop_is_told_with_an_order(counters: Counters) -> None:
    orders = await everything(counters, limit=20) if lists(counters) else []
    ids = [value for name, value in counters.only.hints.items() if name.endswith("_order")]
    orders += [await counters.desk.get_order("", order_id) for order_id in ids]
    told = "".join(str(results.order(order, full=False)) for order in orders)
    for order in counters.only.shop.orders.values():
        assert order.status_token not in told
        assert order.customer.email not in told
        assert not any(item.download_token and item.download_token in told for item in order.items)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("any:500:always", "upstream"),
        ("any:502:always", "upstream"),
        ("any:401:always", "auth"),
        ("any:403:always", "forbidden"),
        ("any:429:always,retry_after=30", "rate_limited"),
        ("any:html:always", "bad_response"),
        ("any:empty:always", "bad_response"),
        ("any:null:always", "bad_response"),
        ("any:array:always", "bad_response"),
        ("any:nested:always", "bad_response"),
        ("any:bad-utf8:always", "bad_response"),
        ("any:truncated:always", "bad_response"),
        ("any:timeout:always", "network"),
        ("any:reset:always", "network"),
        ("any:302:always", "bad_response"),
    ],
)
async def test_a_shop_that_fails_is_told_in_the_same_words_everywhere(
    counters: Counters, fault: str, code: str
) -> None:
    counters.only.faults.add(parse_fault(fault))
    with pytest.raises(DeskError) as caught:
        await counters.desk.get_order("", hint(counters, "refundable_order"))
    allowed = {code, "auth"} if fault in {"any:html:always", "any:302:always"} else {code}
    assert caught.value.code in allowed
    assert caught.value.next_step
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_after_s == 30


LOST = (
    *("timeout-after", "reset-after", "close-after", "500-after", "502-after", "503-after", "504-after"),
    *("html-after", "empty-after", "null-after", "array-after", "truncated", "bad-utf8-after"),
    *("409-after", "429-after"),
)


@pytest.mark.parametrize("platform", capable("refund"))
@pytest.mark.parametrize("kind", LOST)
async def test_a_lost_answer_to_a_refund_is_unknown_and_found_later(
    tmp_path: Path, platform: str, kind: str
) -> None:
    c = open_counters(tmp_path, [platform])
    order_id = hint(c, "refundable_order")
    prepared = await c.desk.prepare_refund("", order_id, "full", "arrived torn", another=False)
    c.only.faults.add(parse_fault(f"refund:{kind}:1"))
    lost = await c.desk.execute_refund(prepared.refund_id, YES)
    assert (lost.state, lost.money_moved) == (State.UNKNOWN, "unknown")
    with pytest.raises(RefundError, match=r"refund\.open"):
        await c.desk.prepare_refund("", order_id, "full", "please again", another=True)
    again = await c.desk.execute_refund(prepared.refund_id, YES)
    assert again.state in {State.UNKNOWN, State.ACCEPTED, State.SUCCEEDED}
    order = c.only.shop.orders.get(order_id) or c.only.shop.numbered(order_id)
    c.only.shop.settle_refund(order.id)
    (found,) = await c.desk.check_refund(refund_id=prepared.refund_id)
    assert (found.state, found.money_moved) == (State.SUCCEEDED, "yes")
    assert books(c, order_id) == [prepared.amount.minor]
    assert len(c.writes()) == 1


ACTS: dict[Operation, Callable[[Counters], Awaitable[Any]]] = {
    "cancel_order": lambda c: c.desk.cancel_order("", hint(c, "pending_order"), "ordered twice", YES),
    "mark_order_paid": lambda c: c.desk.mark_order_paid("", hint(c, "pending_order"), YES),
    "adjust_order_price": lambda c: c.desk.adjust_order_price("", hint(c, "pending_order"), "-1.00 CNY", YES),
}


@pytest.mark.parametrize(
    ("operation", "platform"), [(operation, name) for operation in ACTS for name in capable(operation)]
)
@pytest.mark.parametrize("kind", LOST)
async def test_a_lost_answer_to_an_action_is_unknown_and_the_same_call_goes_on(
    tmp_path: Path, operation: Operation, platform: str, kind: str
) -> None:
    c = open_counters(tmp_path, [platform])
    c.only.faults.add(parse_fault(f"write:{kind}:1"))
    lost = await ACTS[operation](c)
    assert (lost.action.outcome, lost.action.state) == ("unknown", State.UNKNOWN)
    found = await ACTS[operation](c)
    assert (found.action.outcome, found.action.state) == ("done", State.SUCCEEDED)
    assert found.action.action_id == lost.action.action_id
    assert len(c.writes()) == 1


@pytest.mark.parametrize("platform", NAMES)
async def test_a_read_only_desk_sends_no_write_to_any_shop(tmp_path: Path, platform: str) -> None:
    c = open_counters(tmp_path, [platform], read_only=True)
    writes = {"refund", *ACTS, "close_order", "reopen_order", "refresh_order", "comment_order"}
    for operation in c.store.capabilities.operations & writes:
        with pytest.raises(RefundError, match=r"refund\.read_only"):
            await CALLS[operation](c)
    assert c.writes() == []
    assert not any("/check_" in request.path for request in c.only.requests)


def test_every_word_that_a_platform_declares_is_one_of_ours() -> None:
    for name in NAMES:
        can = platforms.load(name, _modules()).capabilities
        assert can.operations <= set(OPERATIONS)
        assert set(can.statuses) <= set(STATUSES)
        assert set(can.payment_statuses) <= set(PAYMENT_STATUSES)
        assert set(can.fulfillment_statuses) <= set(FULFILLMENT_STATUSES)
        assert can.arguments <= set(ARGUMENTS)


async def test_a_platform_that_does_nothing_is_unsupported_in_everything() -> None:
    class Nothing(Store):
        name, platform = "nothing", "none"
        capabilities = Capabilities(frozenset())

    nothing = Nothing()
    calls: dict[str, tuple[Any, ...]] = {"list_orders": (None,), "comment": ("1", "x")}
    for method in ("get_order", "receipt", "close", "reopen", "refresh", "delete_webhook"):
        calls[method] = ("1",)
    for method in ("ping", "counts", "list_webhooks"):
        calls[method] = ()
    calls |= {
        "guest_order": ("1", "k", "e"),
        "download": ("1", "2", None),
        "public_order": ("1", "t"),
        "refund": ("1", None, "r", None),
        "record_refund": ("1", None, "r", None),
        "cancel": ("1", "r", None),
        "mark_paid": ("1", None),
        "adjust_price": ("1", None, None),
        "transactions": ("1",),
        "create_webhook": ("u", (), "s", None),
    }
    for method, arguments in calls.items():
        with pytest.raises(UnsupportedError, match="nothing"):
            await getattr(nothing, method)(*arguments)
    assert await nothing.refund_effect(None) == "money"  # type: ignore[arg-type]
    await nothing.aclose()
    assert len(get_args(Operation)) == len(OPERATIONS) == len(CALLS)
