"""Every field of the vendor's own samples is read, or named here as one that is left alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from clawver_orders.http import Reply
from clawver_orders.money import Money
from clawver_orders.order import Address, Item, Order
from clawver_orders.platforms.heidianer.answers import page_of
from clawver_orders.platforms.heidianer.fields import Fields, Reading
from clawver_orders.platforms.heidianer.payment import Entries, transaction_from_wire
from clawver_orders.platforms.heidianer.wire import counts_from_wire, order_from_wire
from tests.heidianer.shop import NOON, sample

pytestmark = pytest.mark.anyio

# Why each is left alone: bearer secrets · pictures · weights · where the buyer came from and what mail they take ·
# free data of other programs · rows of the address book and of the state's list of districts · discounts, which the
# samples show empty and total_discounts sums up · the name of a page.
LEFT_ALONE = {
    *("token", "cart_token"),
    *("lines.image", "lines.variant.image"),
    *("total_weight", "lines.variant.grams"),
    *("referring_platform", "buyer_accepts_marketing"),
    *("metafield", "shipping_address.metafield"),
    *("shipping_address.id", "shipping_address.customer_address_id"),
    *("shipping_address.created_at", "shipping_address.updated_at"),
    *("shipping_address.place", "shipping_address.place.id", "shipping_address.place.name"),
    *("shipping_address.place.code", "shipping_address.place.parent", "shipping_address.place.area"),
    "shipping_address.place.short_name",
    "discounts",
    "lines.product.name",
    "fulfillments.id",
    # The line says the price that was paid; the variant's own may have changed since, and so may its name.
    *("lines.variant.price", "lines.variant.title", "lines.title", "lines.product.title"),
}
TRANSACTION_LEFT_ALONE = {
    # Numbers, banks and web pages of the payment channel, and when its offer ends; a refund's number is read.
    *("transaction_number", "payment_backend", "delegated", "voucher_id", "refund_url", "expires_at", "refund_id"),
}


class Seen(dict[str, object]):
    """A JSON object that notes which of its fields are read."""

    def __init__(self, body: Mapping[str, object], where: str, read: set[str], there: set[str]) -> None:
        super().__init__({name: _watched(value, f"{where}{name}", read, there) for name, value in body.items()})
        self._where = where
        self._read = read
        there |= {f"{where}{name}" for name in body}

    def get(self, name: str, default: object = None) -> object:
        self._read.add(f"{self._where}{name}")
        return super().get(name, default)


def _watched(value: object, where: str, read: set[str], there: set[str]) -> object:
    if isinstance(value, dict):
        return Seen(value, f"{where}.", read, there)
    if isinstance(value, list):
        return [_watched(entry, where, read, there) for entry in value]
    return value


class Watched:
    """A sample; ``unread``: what nobody looked at; ``idle``: what is named as left alone, and is read or absent."""

    def __init__(self, body: Mapping[str, object], left_alone: set[str]) -> None:
        self._read: set[str] = set()
        self._there: set[str] = set()
        self._left_alone = left_alone
        self.body = Seen(body, "", self._read, self._there)

    @property
    def unread(self) -> set[str]:
        return self._there - self._read - self._left_alone

    @property
    def idle(self) -> set[str]:
        return self._left_alone & self._read | self._left_alone - self._there


def reading() -> Reading:
    return Reading("CNY", NOON)


def order_of(body: Mapping[str, object], *transactions: Mapping[str, object], complete: bool = True) -> Order:
    shared = reading()
    entries = Entries([Fields(entry, shared) for entry in transactions], complete)
    return order_from_wire(body, store="hey", reading=shared, asked="2894", entries=entries)


def test_every_field_of_the_order_is_read_and_mapped() -> None:
    watched = Watched(sample("order"), LEFT_ALONE)
    order = order_of(watched.body)
    assert watched.unread == set()
    assert watched.idle == set()
    assert (order.id, order.number) == ("2894", "3096201701031645115932861")
    assert (order.status, order.raw_status) == ("shipped", "open")
    assert (order.payment_status, order.fulfillment_status) == ("paid", "fulfilled")
    assert order.created_at == datetime(2017, 1, 3, 8, 45, 11, 595964, tzinfo=UTC)
    assert order.updated_at == datetime(2017, 1, 4, 18, 20, 39, 588614, tzinfo=UTC)
    assert (order.paid_at, order.cancelled_at, order.closed_at) == (None, None, None)
    assert (order.customer.name, order.customer.email, order.customer.phone) == (
        "示例买家",
        "buyer@mail.example",
        "10000000001",
    )
    assert order.shipping_address == Address(
        name="Example Buyer",
        lines=("示例路89号", "3楼示例社", "静安区"),
        city="上海市",  # the sample's own city is a placeholder of cities that are provinces
        region="上海市",
        phone="10000000002",
    )
    cent = Money(1, "CNY")
    assert order.items == (
        Item(
            id="3204",
            title="大图小商品",
            kind="physical",
            quantity=1,
            product_id="575",
            variant_id="866",
            variant_name="颜色: 红色, 尺寸: 小号, 材质: 咦",
            options=(("颜色", "红色"), ("尺寸", "小号"), ("材质", "棉")),
            sku="1501DB",
            unit_price=cent,
            total=cent,
        ),
    )
    zero = Money(0, "CNY")
    totals = order.totals
    assert (totals.subtotal, totals.shipping, totals.discount, totals.total) == (cent, zero, zero, cent)
    assert [(note.author, note.text) for note in order.notes] == [("customer", "没有备注!")]
    assert order.assumed == (("currency", "CNY"),)


def test_the_samples_parcel_is_none_and_its_contradictions_are_said() -> None:
    """A company that is called "needs no logistics", a number "--", though the order needs shipping."""
    order = order_of(sample("order"))
    assert order.shipments == ()
    assert sorted(order.warnings) == [
        "An item's variant has other options now than its name says; the name is as it was ordered.",
        "The order needs shipping, and the shop says that it was sent without a parcel.",
    ]


def test_every_field_of_a_parcel_with_a_history_is_read() -> None:
    body = sample("order")
    scan = {"time": "2017-01-04 18:20:39", "context": "快件已签收"}
    parcel = {"tracking_company": "SF", "tracking_number": "EX1", "tracking_url": "https://track.example/EX1"}
    body["fulfillments"][0] |= {**parcel, "tracking_info": "on its way", "kd100_data": [scan]}
    watched = Watched(body, LEFT_ALONE)
    order = order_of(watched.body)
    assert watched.unread == set()
    [shipment] = order.shipments
    assert (shipment.carrier, shipment.tracking_number, shipment.status) == ("SF", "EX1", "on its way")
    assert shipment.tracking_url == "https://track.example/EX1"
    [event] = shipment.events
    assert (event.at, event.text) == (datetime(2017, 1, 4, 10, 20, 39, tzinfo=UTC), "快件已签收")
    assert ("time_zone", "Asia/Shanghai") in order.assumed


def test_every_field_that_only_the_vendors_dashboard_knows_is_read() -> None:
    more = {"paid_at": "2017-01-03T08:46:00.000001Z", "is_refunding": True}
    watched = Watched({**sample("order"), **more}, LEFT_ALONE)
    order = order_of(watched.body)
    assert watched.unread == set()
    assert order.paid_at == datetime(2017, 1, 3, 8, 46, 0, 1, tzinfo=UTC)
    assert order.refunding


@pytest.mark.parametrize("name", ["transaction", "transaction-created"])
def test_every_field_of_a_transaction_is_read_and_mapped(name: str) -> None:
    body: dict[str, Any] = sample(name)
    watched = Watched(body, TRANSACTION_LEFT_ALONE)
    one = transaction_from_wire(Fields(watched.body, reading()))
    # The bank's word is looked at only where the channel says nothing.
    assert watched.unread == set()
    assert watched.idle == set()
    assert one is not None
    assert (one.id, one.order_id, one.kind) == ("9496", "25326", "sale")
    assert one.status == ("pending" if name == "transaction" else "success")
    assert (one.amount, one.refundable) == (Money(5, "CNY"), Money(5, "CNY"))
    assert (one.channel, one.message) == ("wx_pub", None)
    assert one.created_at == datetime(2017, 10, 10, 10, 34, 22, 83955, tzinfo=UTC)
    assert one.succeeded_at is None


def test_the_samples_transaction_is_of_another_order_and_left_out() -> None:
    """hostile 30: order 2894, order_id 25326."""
    order = order_of(sample("order"), sample("transaction"))
    assert any("of another order" in warning for warning in order.warnings)
    assert (order.refunds_complete, order.totals.refunded, order.payment_method) == (False, None, None)


def test_every_field_of_the_list_is_read() -> None:
    watched = Watched(sample("order-list"), {"previous"})
    page = page_of(Reply(200, {}, watched.body, "json"), 1)
    rows = [order_from_wire(row, store="hey", reading=reading(), view="row") for row in page.entries]  # type: ignore[arg-type]
    assert watched.unread == set()
    assert (page.count, page.following, page.cut) == (2, 2, False)
    assert [(row.id, row.number, row.status) for row in rows] == [
        ("2894", "3096201701031645115932861", "unknown"),
        ("2895", "3096201701031645115932861", "unknown"),
    ]
    assert {row.payment_status for row in rows} == {"unknown"}


def test_the_counts_are_told_by_their_value() -> None:
    """The title stands in two languages, and is left alone."""
    counts = counts_from_wire(sample("count"))
    assert (counts.all, counts.pending_payment, counts.pending_fulfillment) == (9, 2, 2)
    assert (counts.fulfilled, counts.cancelled, counts.closed) == (0, 2, 3)
