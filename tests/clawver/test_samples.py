"""Every field of the vendor's own samples is read, or named here as one that is left alone."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from clawver_orders.http import Reply
from clawver_orders.money import Money
from clawver_orders.order import Order, Query
from clawver_orders.platforms.clawver.envelope import data_of
from clawver_orders.platforms.clawver.listing import Listing
from clawver_orders.platforms.clawver.wire import View, download_from_wire, order_from_wire
from clawver_orders.platforms.fields import json_object
from tests.clawver.shops import FIXTURES, NOON, order_body

pytestmark = pytest.mark.anyio

# The platform's fee is between the shop and Clawver; the page size is the one that was asked for.
LEFT_ALONE = {"data.order.platformFeeInCents", "meta.pagination.limit"}


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


class Sample:
    """One answer of the documents; ``unread`` are the fields nobody looked at."""

    def __init__(self, body: Mapping[str, object]) -> None:
        self._read: set[str] = set()
        self._there: set[str] = set()
        self.reply = Reply(200, {}, Seen(body, "", self._read, self._there), "json")

    @property
    def unread(self) -> set[str]:
        return self._there - self._read - LEFT_ALONE


def sample(name: str) -> Sample:
    return Sample(json.loads((FIXTURES / f"{name}.json").read_bytes()))


def to_order(body: Mapping[str, object], view: View) -> Order:
    return order_from_wire(body, store="clawver", currency="USD", now=NOON, view=view)


def order_in(answer: Sample) -> Order:
    body = json_object(data_of(answer.reply).get("order"))
    assert body is not None
    return to_order(body, "whole")


async def test_every_field_of_the_old_order_is_read_and_mapped() -> None:
    answer = sample("order")
    order = order_in(answer)
    assert answer.unread == set()
    assert (order.id, order.status, order.raw_status) == ("ord_abc123", "confirmed", "paid")
    assert (order.payment_status, order.fulfillment_status) == ("paid", "unfulfilled")
    assert order.created_at == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert order.paid_at == datetime(2024, 1, 15, 10, 31, tzinfo=UTC)
    assert order.customer.email == "customer@mail.example"
    assert order.totals.subtotal == order.totals.total == order.totals.refundable == Money(2499, "USD")
    assert order.totals.refunded == Money(0, "USD")
    assert order.totals.fees is None
    assert (order.refunds, order.refunds_complete) == ((), True)
    assert (order.shipments, order.shipping_address) == ((), None)
    assert order.assumed == (("currency", "USD"),)
    [item] = order.items
    assert (item.id, item.product_id, item.title) == ("item_xyz", "prod_123", "AI Art Pack Vol. 1")
    assert (item.kind, item.quantity) == ("digital", 1)
    assert (item.unit_price, item.total) == (Money(999, "USD"), Money(999, "USD"))
    assert order.warnings == ()


async def test_every_field_of_the_old_refund_is_read_and_the_money_beats_the_word() -> None:
    """hostile 28: the sample says refunded where 5.00 of 24.99 went back."""
    answer = sample("refund-response")
    order = order_in(answer)
    assert answer.unread == set()
    [refund] = order.refunds
    assert (refund.id, refund.amount, refund.processor_id) == ("ref_xyz", Money(500, "USD"), "re_xxx")
    assert refund.reason == "Partial refund for missing item"
    assert refund.created_at == datetime(2024, 1, 15, 11, tzinfo=UTC)
    assert (order.status, order.raw_status) == ("unknown", "refunded")
    assert order.totals.refunded == Money(500, "USD")
    assert order.totals.refundable is None


async def test_every_field_of_the_old_list_is_read_and_mapped() -> None:
    answer = sample("order-list-legacy")

    async def read(_params: Mapping[str, str]) -> Reply:
        return answer.reply

    async def no_detail(_order_id: str) -> Order:
        raise AssertionError

    listing = Listing(read, no_detail, lambda body: to_order(body, "row"))
    page = await listing.page(Query())
    assert answer.unread == set()
    [row] = page.orders
    assert (row.id, row.status, row.payment_status) == ("ord_abc123", "confirmed", "paid")
    assert row.totals.total == Money(2499, "USD")
    assert row.totals.refunded is None
    assert row.created_at == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert (row.items, row.warnings) == ((), ())
    assert page.next_cursor == "0.next_page_id"


async def test_every_field_of_the_download_is_read_and_mapped() -> None:
    answer = sample("download")
    download = download_from_wire(data_of(answer.reply), NOON)
    assert answer.unread == set()
    assert download.url == "https://storage.clawver.example/downloads/signed-url"
    assert download.expires_at == datetime(2026, 3, 2, 13, tzinfo=UTC)
    assert (download.file_name, download.file_size_bytes) == ("AI_Art_Pack_Vol_1.zip", 52428800)
    assert download.assumed == ()


async def test_every_field_that_the_new_documents_name_is_read_and_mapped() -> None:
    changes = {
        "status": "shipped",
        "trackingUrl": "https://track.example/EX1",
        "trackingNumber": "4242424242424242",
        "carrier": "USPS",
    }
    answer = Sample({"success": True, "data": {"order": order_body(**changes)}})
    order = order_in(answer)
    assert answer.unread == set()
    [item], [parcel] = order.items, order.shipments
    assert (item.kind, item.variant_id, item.variant_name) == ("print_on_demand", "4012", "Heavy Tee / S")
    assert (parcel.carrier, parcel.tracking_number) == ("USPS", "4242424242424242")
    assert parcel.tracking_url == "https://track.example/EX1"
    assert (order.status, order.fulfillment_status) == ("shipped", "fulfilled")
