"""What stands in the shop when it opens."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from clawver_orders.sandbox import Sandbox


def state(sandbox: Sandbox) -> str:
    """Everything a shop consists of, as text."""
    return repr((sandbox.shop.orders, sandbox.hints))


def test_the_same_seed_and_clock_make_the_same_shop(sandbox: Sandbox) -> None:
    twin = Sandbox(seed=7, now=sandbox.now)
    assert state(twin) == state(sandbox)
    for shop in (twin.shop, sandbox.shop):
        shop.refund(sandbox.hints["refundable_order"], 100, "again")
    assert state(twin) == state(sandbox)


def test_no_two_seeds_share_an_id(sandbox: Sandbox) -> None:
    for seed in (0, 1, 7 + 36, 7 * 36, 2**32):
        other = Sandbox(seed=seed, now=sandbox.now)
        assert not set(other.shop.orders) & set(sandbox.shop.orders)
        assert all(order_id[12:] != "7" for order_id in other.shop.orders)
    assert {order_id[12:] for order_id in sandbox.shop.orders} == {"7"}


def test_a_sandbox_without_a_seed_picks_one_and_says_it() -> None:
    first, second = Sandbox(), Sandbox()
    assert first.seed is not None
    assert first.seed != second.seed
    assert not set(first.shop.orders) & set(second.shop.orders)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Sandbox(seed=-1)


def test_the_shop_has_orders_in_every_state_of_the_last_thirty_days(sandbox: Sandbox) -> None:
    orders = list(sandbox.shop.orders.values())
    assert len(orders) >= 40
    assert {order.stage for order in orders} == {
        "pending",
        "confirmed",
        "processing",
        "shipped",
        "delivered",
        "cancelled",
    }
    assert {order.payment_status for order in orders} == {
        "pending",
        "paid",
        "failed",
        "partially_refunded",
        "refunded",
    }
    now = sandbox.now()
    assert all(now - timedelta(days=31) < order.created_at < now for order in orders)
    assert all(order.paid_at < now for order in orders if order.paid_at)
    assert all(order.created_at < refund.created_at < now for order in orders for refund in order.refunds)
    assert sum(order.created_at.date() == now.date() for order in orders) >= 8
    assert len({order.customer.email for order in orders}) >= 8
    assert max(Counter(order.checkout_id for order in orders).values()) == 2
    assert max(len(order.items) for order in orders) == 2


def test_there_are_orders_of_today_even_right_after_midnight() -> None:
    midnight = datetime(2026, 3, 14, 0, 0, 30, tzinfo=UTC)
    sandbox = Sandbox(seed=3, now=lambda: midnight)
    today = [order for order in sandbox.shop.orders.values() if order.created_at.date() == midnight.date()]
    assert len(today) >= 8
    assert all(order.created_at < midnight for order in today)


def test_only_orders_on_their_way_have_a_parcel(sandbox: Sandbox) -> None:
    for order in sandbox.shop.orders.values():
        sent = order.printed and order.stage in ("shipped", "delivered")
        assert bool(order.tracking_url) is bool(order.tracking_number) is bool(order.carrier) is sent
        assert bool(order.address) is order.printed


def test_people_live_under_names_that_are_nobodys(sandbox: Sandbox) -> None:
    for order in sandbox.shop.orders.values():
        assert order.customer.email.rpartition(".")[2] in ("example", "test")


def test_the_wrong_size_orders_name_their_variant_by_either_id(sandbox: Sandbox) -> None:
    by_product = sandbox.shop.orders[sandbox.hints["wrong_size_order"]].items[0]
    by_printer = sandbox.shop.orders[sandbox.hints["wrong_size_printful_order"]].items[0]
    assert by_product.variant
    assert by_product.variant_id == by_product.variant.id == "tee-m"
    assert by_printer.variant
    assert by_printer.variant_id == by_printer.variant.printful_id == "5532"


def test_buyers_write_what_buyers_should_not(sandbox: Sandbox) -> None:
    """hostile 21, 22, 23, 24, 36: the material for the desk's tests."""

    def name(hint: str) -> str:
        address = sandbox.shop.orders[sandbox.hints[hint]].address
        assert address
        return address.name

    def title(hint: str) -> str:
        return sandbox.shop.orders[sandbox.hints[hint]].items[0].title

    assert "Ignore previous instructions" in name("hostile_injection")
    assert {"\u200b", "\u202e", "\x1b", "\U000e0072"} <= set(name("hostile_hidden"))
    assert "<script>" in name("hostile_script")
    assert "4242 4242" in name("hostile_card")
    assert "</tool_result>" in title("hostile_fence")
    assert "![stock](https://" in title("hostile_image")
