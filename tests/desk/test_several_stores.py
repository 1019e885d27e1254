"""Several shops at one desk: asked at once, answered as one list, and none silences the others."""

import base64
import json
from pathlib import Path

import pytest

from clawver_orders.errors import DeskError, InvalidArgument, UnsupportedError
from clawver_orders.order import Order
from clawver_orders.sandbox import parse_fault
from tests.contract.shops import Counters, open_counters

pytestmark = pytest.mark.anyio

LISTING = ("clawver", "heidianer", "gateway", "woocommerce")


@pytest.fixture
def counters(tmp_path: Path) -> Counters:
    return open_counters(tmp_path, LISTING)


async def pages(counters: Counters, limit: int, **filters: str) -> list[Order]:
    found: list[Order] = []
    cursor = ""
    for _ in range(100):
        page = await counters.desk.list_orders("", limit=limit, cursor=cursor, **filters)
        assert len(page.orders) <= limit
        found += page.orders
        if not page.next_cursor:
            return found
        cursor = page.next_cursor
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("limit", [3, 20, 100])
async def test_all_pages_together_are_every_order_of_every_shop_once_newest_first(
    counters: Counters, limit: int
) -> None:
    found = await pages(counters, limit)
    told = [(order.store, order.id) for order in found]
    assert len(told) == len(set(told))
    for name in LISTING:
        expected = {order.id for order in await one_by_one(counters, name)}
        assert {order_id for store, order_id in told if store == name} == expected
    times = [order.created_at for order in found if order.created_at]
    assert times == sorted(times, reverse=True)


async def one_by_one(counters: Counters, name: str) -> list[Order]:
    found: list[Order] = []
    cursor = ""
    while True:
        page = await counters.desk.list_orders(name, limit=100, cursor=cursor)
        found += page.orders
        if not page.next_cursor:
            return found
        cursor = page.next_cursor


async def test_a_shop_that_is_down_is_named_and_the_others_answer(counters: Counters) -> None:
    counters.shops["gateway"].faults.add(parse_fault("any:503:always"))
    found = await counters.desk.list_orders("", limit=12)
    assert len(found.orders) == 12
    assert "gateway" not in {order.store for order in found.orders}
    assert any(note.startswith("gateway could not be asked (upstream)") for note in found.notes)


async def test_a_shop_that_was_down_is_asked_again_on_the_next_page(counters: Counters) -> None:
    counters.shops["heidianer"].faults.add(parse_fault("any:reset:always"))
    first = await counters.desk.list_orders("", limit=100)
    assert first.next_cursor
    counters.shops["heidianer"].faults.replace()
    second = await counters.desk.list_orders("", limit=100, cursor=first.next_cursor)
    assert "heidianer" in {order.store for order in second.orders}


async def test_when_every_shop_is_down_that_is_an_error(counters: Counters) -> None:
    for shop in counters.shops.values():
        shop.faults.add(parse_fault("any:500:always"))
    with pytest.raises(DeskError) as caught:
        await counters.desk.list_orders("", limit=5)
    assert caught.value.code == "upstream"
    with pytest.raises(DeskError):
        await counters.desk.count_orders("")


async def test_a_shop_that_cannot_be_filtered_so_is_left_out_and_named(counters: Counters) -> None:
    found = await counters.desk.list_orders("", fulfillment_status="fulfilled", limit=10)
    assert {order.store for order in found.orders} == {"heidianer"}
    assert any(note.startswith("clawver was not asked") for note in found.notes)


async def test_a_filter_that_no_shop_has_is_unsupported(counters: Counters) -> None:
    with pytest.raises(UnsupportedError):
        await counters.desk.list_orders("", fulfillment_status="restocked", payment_status="authorized")


@pytest.mark.parametrize(
    "cursor",
    ["x", "2", "é", "e30", base64.urlsafe_b64encode(b"[1,2,3]").decode(), "A" * 5000, "[" * 3000],
)
async def test_a_cursor_that_is_none_is_refused_before_any_shop_is_asked(counters: Counters, cursor: str) -> None:
    with pytest.raises(InvalidArgument):
        await counters.desk.list_orders("", cursor=cursor)
    assert all(shop.requests == [] for shop in counters.shops.values())


async def test_a_cursor_belongs_to_its_question_and_its_shops(counters: Counters) -> None:
    cursor = (await counters.desk.list_orders("", limit=5)).next_cursor
    assert cursor
    for change in ({"status": "pending"}, {"limit": 6}, {"sort": "oldest"}):
        with pytest.raises(DeskError) as caught:
            await counters.desk.list_orders("", **{"limit": 5, "cursor": cursor, **change})  # type: ignore[arg-type]
        assert caught.value.code in {"invalid_argument", "unsupported"}
    padded = cursor + "=" * (-len(cursor) % 4)
    mark, limit, places = json.loads(base64.urlsafe_b64decode(padded))
    for forged in (
        {"nobody": [None, 5, 0]},
        {**places, "clawver": [None, 5, -1]},
        {**places, "clawver": [7, 5, 0]},
        {},
    ):
        text = base64.urlsafe_b64encode(json.dumps([mark, limit, forged]).encode()).decode()
        with pytest.raises(InvalidArgument):
            await counters.desk.list_orders("", limit=5, cursor=text)


async def test_the_total_of_all_is_said_only_where_every_shop_says_its_own(tmp_path: Path) -> None:
    both = open_counters(tmp_path, ["heidianer", "gateway"])
    found = await both.desk.list_orders("", limit=2)
    assert found.total == sum(len(shop.shop.orders) for shop in both.shops.values())
    with_clawver = open_counters(tmp_path / "more", ["heidianer", "clawver"])
    assert (await with_clawver.desk.list_orders("", limit=2)).total is None


async def test_counts_of_all_are_told_store_by_store(counters: Counters) -> None:
    counters.shops["woocommerce"].faults.add(parse_fault("any:500:always"))
    counted = await counters.desk.count_orders("")
    assert [one.store for one in counted.stores] == ["heidianer"]
    assert counted.notes[0].startswith("woocommerce could not be asked (upstream)")
    assert counted.notes[1:] == ("clawver cannot count its orders.", "gateway cannot count its orders.")


@pytest.mark.parametrize("name", ["", "nobody", "CLAWVER", "clawver "])
async def test_one_order_is_asked_for_with_its_store(counters: Counters, name: str) -> None:
    with pytest.raises(InvalidArgument, match="clawver, heidianer, gateway, woocommerce") as caught:
        await counters.desk.get_order(name, "1")
    assert caught.value.field == "store"


async def test_a_shop_that_cannot_says_which_can(counters: Counters) -> None:
    with pytest.raises(UnsupportedError, match="heidianer, woocommerce can"):
        await counters.desk.cancel_order("gateway", "1", "x", None)
    with pytest.raises(UnsupportedError, match="heidianer can"):
        await counters.desk.adjust_order_price("clawver", "1", "-1.00 USD", None)


async def test_a_refund_is_of_its_store_whichever_ids_the_shops_share(counters: Counters) -> None:
    order_id = counters.shops["woocommerce"].hints["refundable_order"]
    refund = await counters.desk.prepare_refund("woocommerce", order_id, "full", "torn", another=False)
    assert refund.store == "woocommerce"
    assert await counters.desk.check_refund("heidianer") == ()
    assert [one.refund_id for one in await counters.desk.check_refund()] == [refund.refund_id]
