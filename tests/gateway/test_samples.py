"""Every field of the gateway's own samples is read, or named here as one that is left alone."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from clawver_orders.http import Reply
from clawver_orders.money import Money
from clawver_orders.order import Address, Customer, Note, Order, Query
from clawver_orders.platforms.gateway.envelope import Asked, content_of
from clawver_orders.platforms.gateway.fields import Shop
from clawver_orders.platforms.gateway.listing import Listing
from clawver_orders.platforms.gateway.shopify import copy_from_wire, copy_transactions, joined
from clawver_orders.platforms.gateway.wire import copy_id_of, order_from_wire, transactions_from_wire
from tests.gateway.shop import FIXTURES, NOON, fixture

pytestmark = pytest.mark.anyio

SHOP = Shop("ops", "USD", ZoneInfo("Asia/Shanghai"), zone_assumed=False, now=lambda: NOON)
LEFT_ALONE = {
    # The envelopes' words for people.
    "message",
    "msg",
    # Secrets: the first two are tokens, the address opens the buyer's page without a login.
    "data.cart_token",
    "order.token",
    "data.order_status_url",
    "order.order_status_url",
    # The gateway's own numbers of shops and buyers, which nothing here can be asked by.
    "data.shop_id",
    "data.customer.id",
    "order.customer.id",
    # The sum of shipping is in shipping_fee; what the way is called is nowhere in our model.
    "data.shipping_lines",
    "data.shipping_lines.title",
    "data.shipping_lines.price",
    "order.shipping_lines.id",
    "order.shipping_lines.title",
    "order.shipping_lines.code",
    # The name without its sign, once more; and that a buyer went through the checkout, as every order's has.
    "order.number",
    "order.confirmed",
    # The order's own e-mail address and the name are read first; these where they are missing.
    "order.contact_email",
    "data.customer.email",
    "data.customer.phone",
    "data.customer.first_name",
    "data.customer.last_name",
    "order.customer.email",
}


class Seen(dict[str, object]):
    """A JSON object that notes which of its fields are read."""

    def __init__(self, body: Mapping[str, object], where: str, read: set[str], there: set[str]) -> None:
        super().__init__({name: _watched(value, f"{where}{name}", read, there) for name, value in body.items()})
        self._where = where
        self._read = read
        there |= {f"{where}{name}" for name in body}

    def __getitem__(self, name: str) -> object:
        self._read.add(f"{self._where}{name}")
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:
        self._read.add(f"{self._where}{name}")
        return super().get(name, default)


def _watched(value: object, where: str, read: set[str], there: set[str]) -> object:
    if isinstance(value, dict):
        return Seen(value, f"{where}.", read, there)
    if isinstance(value, list):
        return [
            _watched(entry, f"{where}", read, there)
            if not isinstance(entry, dict)
            else Seen(entry, f"{where}.", read, there)
            for entry in value
        ]
    return value


class Sample:
    """One answer of the documents; ``unread`` are the fields nobody looked at."""

    def __init__(self, name: str) -> None:
        self._read: set[str] = set()
        self._there: set[str] = set()
        body = json.loads((FIXTURES / f"{name}.json").read_bytes(), parse_float=Decimal)
        self.reply = Reply(200, {}, Seen(body, "", self._read, self._there), "json")

    def content(self, asked: Asked) -> Mapping[str, object]:
        return content_of(self.reply, asked)

    @property
    def unread(self) -> set[str]:
        return self._there - self._read - LEFT_ALONE


HOME = Address(
    name="林悦",
    lines=("1 Sample Street",),
    city="样例市",
    region="AK",
    postal_code="00000",
    country="US",
    phone="+1 555 0100",
)


def own_order() -> tuple[Sample, Order]:
    sample = Sample("order")
    return sample, order_from_wire(sample.content("order"), SHOP, asked="12345", view="whole")


def copy_order() -> tuple[Sample, Order]:
    sample = Sample("shopify-order")
    return sample, copy_from_wire(sample.content("copy"), SHOP, "5023658479")


async def test_every_field_of_the_list_is_read_and_mapped() -> None:
    sample = Sample("order-list")

    async def answer(_params: Mapping[str, str]) -> Mapping[str, object]:
        return sample.content("list")

    async def no_detail(_order_id: str) -> Order:
        raise AssertionError

    listing = Listing(answer, no_detail, lambda body: order_from_wire(body, SHOP, view="row"), "USD")
    page = await listing.page(Query(limit=10))
    assert sample.unread == set()
    assert (len(page.orders), page.total, page.next_cursor, page.notes) == (10, 158, "2.10.0", ())
    first = page.orders[0]
    assert (first.id, first.status, first.raw_status, first.payment_status) == ("1290", "confirmed", "paid", "paid")
    assert (first.customer.email, first.payment_method) == ("lin.yue@post.test", "unknown")
    assert first.totals.total == Money(1100, "USD")
    assert first.created_at == first.updated_at == datetime(2025, 4, 16, 3, 35, 10, tzinfo=UTC)
    assert (first.fulfillment_status, first.assumed, first.warnings) == (None, (("currency", "USD"),), ())
    failed = page.orders[5]
    assert (failed.id, failed.status, failed.payment_status) == ("1285", "failed", "failed")
    assert failed.updated_at == datetime(2025, 4, 15, 10, 58, 9, tzinfo=UTC)


async def test_every_field_of_the_order_is_read_and_mapped() -> None:
    sample, order = own_order()
    assert copy_id_of(sample.content("order"), SHOP) == "5023658479"
    (payment,) = transactions_from_wire(sample.content("order"), SHOP, "12345")
    assert sample.unread == set()
    assert (order.id, order.number, order.status, order.raw_status) == ("12345", "1001", "pending", "pending")
    assert (order.payment_status, order.fulfillment_status) == ("pending", "unfulfilled")
    assert order.created_at == order.updated_at == datetime(2025, 4, 16, 2, 30, 45, tzinfo=UTC)
    assert order.paid_at is None
    assert order.customer == Customer("林悦", "customer@mail.example", "+1 555 0100")
    assert order.shipping_address == order.billing_address == HOME
    totals = order.totals
    assert (totals.subtotal, totals.shipping) == (Money(4999, "USD"), Money(1000, "USD"))
    assert (totals.total, totals.tax, totals.refunded, totals.refundable) == (Money(5999, "USD"), None, None, None)
    [item] = order.items
    assert (item.id, item.variant_id, item.product_id) == ("12789456", "45997023526964", "8569874123")
    assert item.title == "Knitted Rhombus Geometric Jacquard Polo - coffee / S"
    assert (item.sku, item.quantity, item.unit_price) == ("KR-GP-CS", 1, Money(699, "USD"))
    assert (item.kind, item.variant_name, item.total) == ("unknown", None, None)
    assert order.notes == (Note("unknown", "通过支付网关创建的订单"),)
    assert (order.payment_method, order.assumed, order.warnings) == ("worldxinpay", (), ())
    assert (payment.id, payment.kind, payment.status, payment.order_id) == (
        "wxp_example",
        "sale",
        "pending",
        "12345",
    )
    assert (payment.amount, payment.channel) == (Money(5999, "USD"), "worldxinpay")


async def test_every_field_of_the_shopify_copy_is_read_and_mapped() -> None:
    sample, order = copy_order()
    (paid,) = copy_transactions(sample.content("copy"), SHOP, "5023658479", "12345")
    assert sample.unread == set()
    assert (order.id, order.number, order.status) == ("shopify:5023658479", "#1001", "pending")
    assert (order.payment_status, order.fulfillment_status) == ("pending", "unfulfilled")
    assert order.created_at == order.updated_at == datetime(2025, 4, 16, 14, 30, 45, tzinfo=UTC)
    assert order.customer == Customer("林悦", "customer@mail.example", "+1 555 0100")
    assert order.shipping_address == order.billing_address == HOME
    [item] = order.items
    assert (item.variant_id, item.variant_name, item.sku) == ("45997023526964", "coffee / S", "KR-GP-CS")
    totals = order.totals
    assert (totals.subtotal, totals.shipping) == (Money(4999, "USD"), Money(1000, "USD"))
    assert (totals.discount, totals.tax, totals.total) == (Money(0, "USD"), Money(0, "USD"), Money(5999, "USD"))
    assert (totals.refunded, order.refunds, order.refunds_complete) == (Money(0, "USD"), (), True)
    assert (order.payment_method, order.shipments) == ("worldxinpay", ())
    assert (order.assumed, order.warnings) == ((), ())
    assert (paid.id, paid.kind, paid.status, paid.order_id) == ("123456789", "sale", "pending", "12345")
    assert (paid.amount, paid.channel) == (Money(5999, "USD"), "worldxinpay")
    assert paid.created_at == datetime(2025, 4, 16, 14, 30, 45, tzinfo=UTC)


async def test_both_samples_are_one_order_and_show_that_the_zone_is_another() -> None:
    """The same wall clock stands in both, and only Shopify's says where: not in Shanghai."""
    order = joined(own_order()[1], copy_order()[1])
    assert (order.id, order.items[0].variant_name) == ("12345", "coffee / S")
    assert order.created_at == datetime(2025, 4, 16, 14, 30, 45, tzinfo=UTC)
    assert order.notes == (Note("unknown", "通过支付网关创建的订单"),)
    [warning] = order.warnings
    assert "time_zone" in warning


def test_what_is_left_alone_is_there() -> None:
    there: set[str] = set()
    for name in ("order-list", "order", "shopify-order"):
        Seen(fixture(name), "", set(), there)
    assert there >= LEFT_ALONE
