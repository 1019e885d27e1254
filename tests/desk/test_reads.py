"""Reads at the desk, over the sandbox: what is asked and what is told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError, InvalidArgument, SetupError
from tests.counter import NOON, Clock, Counter, Secrets, open_counter

pytestmark = pytest.mark.anyio


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path)


async def test_orders_come_newest_first_and_as_many_as_asked(counter: Counter) -> None:
    listing = await counter.desk.list_orders("", limit=7)
    times = [order.created_at for order in listing.orders]
    assert len(times) == 7
    assert times == sorted(times, reverse=True)  # type: ignore[type-var]


async def test_todays_paid_orders_hold_the_digital_ones_that_went_straight_to_delivered(counter: Counter) -> None:
    listing = await counter.desk.list_orders("", payment_status="paid", after="2026-11-20", limit=100)
    assert {"delivered"} <= {order.status for order in listing.orders}
    assert all(order.payment_status == "paid" for order in listing.orders)
    assert all(order.created_at and order.created_at.date() == NOON.date() for order in listing.orders)


async def test_a_day_is_meant_whole_and_in_the_desks_own_zone(counter: Counter) -> None:
    of_day = await counter.desk.list_orders("", after="2026-11-19", before="2026-11-19", limit=100)
    assert of_day.orders
    assert {order.created_at.date().isoformat() for order in of_day.orders if order.created_at} == {"2026-11-19"}
    until = (NOON - timedelta(days=2)).isoformat()
    older = await counter.desk.list_orders("", before=until, limit=3)
    assert all(order.created_at and order.created_at <= NOON - timedelta(days=2) for order in older.orders)


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("status", {"status": "complete"}),
        ("payment_status", {"payment_status": "unpaid"}),
        ("after", {"after": "yesterday"}),
        ("after", {"after": "2026-13-01"}),
        ("before", {"before": "2026-11-20T09:00:00"}),
        ("after", {"after": "2026-11-20", "before": "2026-11-19"}),
        ("limit", {"limit": 0}),
        ("limit", {"limit": 101}),
    ],
)
async def test_a_word_or_a_form_that_the_desk_does_not_know_is_refused_before_anything_is_asked(
    counter: Counter, field: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await counter.desk.list_orders("", **arguments)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert counter.sandbox.requests == []


async def test_parcels_are_told_in_one_sentence(counter: Counter) -> None:
    hints = counter.sandbox.hints
    shipped = await counter.desk.track_order("", hints["shipped_order"])
    assert (shipped.status, len(shipped.shipments)) == ("shipped", 1)
    assert shipped.shipments[0].tracking_number
    assert shipped.message == "1 parcel on its way."
    for hint, words in {
        "digital_order": "Only downloads",
        "pending_order": "not paid",
        "cancelled_order": "cancelled",
        "processing_order": "not shipped yet",
    }.items():
        told = await counter.desk.track_order("", hints[hint])
        assert words in told.message, hint
        assert told.shipments == ()


async def test_a_parcel_without_tracking_is_told_as_such(counter: Counter) -> None:
    order_id = counter.sandbox.hints["shipped_order"]
    order = counter.sandbox.shop.orders[order_id]
    order.tracking_number = order.tracking_url = None
    told = await counter.desk.track_order("", order_id)
    assert "without a tracking number yet" in told.message
    order.carrier = None
    told = await counter.desk.track_order("", order_id)
    assert (told.shipments, "gives no tracking" in told.message) == ((), True)


async def test_an_item_without_its_size_is_told_as_such(counter: Counter) -> None:
    order_id = counter.sandbox.hints["wrong_size_order"]
    counter.sandbox.faults.clear()
    item = counter.sandbox.shop.orders[order_id].items[0]
    item.variant_id = None
    item.variant = replace(item.variant, name="") if item.variant else None
    told = await counter.desk.lookup_variants("", order_id)
    assert "ask the buyer" in told.message


async def test_a_delivered_parcel_is_told_as_such(counter: Counter) -> None:
    order_id = counter.sandbox.hints["shipped_order"]
    counter.sandbox.shop.advance(order_id)
    told = await counter.desk.track_order("", order_id)
    assert (told.status, "was delivered" in told.message) == ("delivered", True)


async def test_the_size_that_was_ordered_is_told_and_downloads_have_none(counter: Counter) -> None:
    size = await counter.desk.lookup_variants("", counter.sandbox.hints["wrong_size_order"])
    assert size.items[0].variant_id
    assert size.items[0].variant_name
    assert "no exchange" in size.message
    none = await counter.desk.lookup_variants("", counter.sandbox.hints["digital_order"])
    assert (none.items, "Only downloads" in none.message) == ((), True)


async def test_a_new_download_link_is_made_by_the_shop_and_by_the_buyers_token(counter: Counter) -> None:
    hints = counter.sandbox.hints
    link = await counter.desk.regenerate_download("", hints["digital_order"], hints["digital_item"])
    assert link.url.startswith("https://")
    assert link.expires_at == NOON + timedelta(minutes=60)
    receipt = await counter.desk.get_receipt("", hints["checkout_id"])
    order = next(order for order in receipt.orders if order.id == hints["digital_order"])
    token = next(item.download_token for item in order.items if item.id == hints["digital_item"])
    assert token
    assert order.status_token
    public = await counter.desk.regenerate_download("", order.id, hints["digital_item"], token)
    assert public.url.startswith("https://")
    seen = await counter.desk.get_public_order("", order.id, order.status_token)
    assert seen.id == order.id


async def test_without_a_store_every_call_says_how_to_set_one_up(tmp_path: Path) -> None:
    counter, clock = open_counter(tmp_path), Clock()
    desk = Desk([], counter.ledger, counter.ledger, now=clock.now, awake=lambda: 0.0, keep_secret=Secrets().keep)
    for call in (
        desk.list_orders(""),
        desk.get_order("", "1"),
        desk.check_refund(),
        desk.prepare_refund("", "1", "full", "torn", False),
        desk.create_webhook("", "https://hooks.example/x", ("order.paid",), None),
    ):
        with pytest.raises(SetupError, match=r"CLAW_API_KEY|No store"):
            await call


async def test_a_store_that_is_not_configured_is_refused_with_the_ones_that_are(counter: Counter) -> None:
    with pytest.raises(DeskError, match="not one of the configured") as caught:
        await counter.desk.get_order("woo", "1")
    assert "clawver" in str(caught.value)
