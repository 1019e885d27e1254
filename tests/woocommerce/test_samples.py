"""Every field of the recorded answers and of the document's sample is read, or named here as left alone."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from clawver_orders.money import Money
from clawver_orders.order import Address, Order
from clawver_orders.platforms.woocommerce.rest_v3 import order_from_v3
from clawver_orders.platforms.woocommerce.store_api import order_from_store
from tests.woocommerce.shop import FIXTURES, NOON, recorded

# A name stands for itself wherever it is, a path for one place, one that ends in a star for all below it.
# The Store API says how the shop writes money; we write it our own way.
_WRITING = {
    "currency_symbol",
    "currency_decimal_separator",
    "currency_thousand_separator",
    "currency_prefix",
    "currency_suffix",
}
STORE_LEFT_ALONE = _WRITING | {
    # The order's key, a secret.
    "items.key",
    # About the product as it is sold now, not about what was bought.
    "items.quantity_limits.*",
    "items.prices.*",
    "items.short_description",
    "items.description",
    "items.images.*",
    "items.permalink",
    "items.low_stock_remaining",
    "items.backorders_allowed",
    "items.show_backorder_badge",
    "items.sold_individually",
    "items.catalog_visibility",
    # Fees, coupons and taxes are told as sums; some of the sums count a tax twice, or differ from the documents'.
    "coupons.*",
    "fees.*",
    "totals.tax_lines.*",
    "totals.total_items",
    "totals.total_items_tax",
    "totals.total_fees_tax",
    "totals.total_discount_tax",
    "totals.total_shipping_tax",
    "items.totals.line_subtotal_tax",
    "items.totals.line_total_tax",
    # Said once for all lines.
    "items.totals.currency_code",
    "items.totals.currency_minor_unit",
    # Second names of what is read by its first.
    "items.variation.raw_attribute",
    "items.item_data.key",
    "items.item_data.value",
    # How it could be paid at the checkout.
    "needs_payment",
    "payment_requirements",
}
V3_LEFT_ALONE = {
    # Whoever has these opens the order.
    "order_key",
    "payment_url",
    # About the shop, the visit and the book-keeping.
    "parent_id",
    "version",
    "prices_include_tax",
    "cart_hash",
    "created_via",
    "customer_id",
    "customer_ip_address",
    "customer_user_agent",
    "transaction_id",
    "payment_method_title",
    "is_editable",
    "needs_payment",
    "currency_symbol",
    "_links.*",
    # The same times by the site's clock, without its zone.
    "date_created",
    "date_modified",
    "date_completed",
    "date_paid",
    # Taxes, fees, coupons and shipping are told as sums.
    "discount_tax",
    "shipping_tax",
    "cart_tax",
    "tax_lines.*",
    "shipping_lines.*",
    "coupon_lines.*",
    "fee_lines.id",
    "fee_lines.name",
    "fee_lines.amount",
    "fee_lines.tax_class",
    "fee_lines.tax_status",
    "fee_lines.total_tax",
    "line_items.tax_class",
    "line_items.subtotal_tax",
    "line_items.total_tax",
    "line_items.taxes.*",
    "fee_lines.taxes.*",
    "fee_lines.meta_data.*",
    # About the product, or a price after discounts, rounded as it may be.
    "line_items.global_unique_id",
    "line_items.parent_name",
    "line_items.price",
    "line_items.image.*",
    # Of a refund by lines; refunds of ours have none.
    "refunds/.refunded_by",
    "refunds/.line_items.*",
    "refunds/.meta_data.id",
    "refunds/.meta_data.value",
    "refunds/.date_created",
    "refunds/._links.*",
}


class Seen(dict[str, object]):
    """A JSON object that notes which of its fields are read."""

    def __init__(self, body: Mapping[str, object], where: str, read: set[str]) -> None:
        super().__init__({name: watched(value, f"{where}{name}", read) for name, value in body.items()})
        self._where, self._read = where, read

    def get(self, name: str, default: object = None) -> object:
        self._read.add(f"{self._where}{name}")
        return super().get(name, default)

    def values(self) -> Any:
        return super().values()


def watched(value: object, where: str, read: set[str]) -> object:
    if isinstance(value, dict):
        # PHP's lists with gaps are keyed by numbers, which are no names of fields.
        if value and all(name.isdigit() for name in value):
            return {name: watched(entry, where, read) for name, entry in value.items()}
        return Seen(value, f"{where}." if where else "", read)
    if isinstance(value, list):
        return [watched(entry, where, read) for entry in value]
    return value


def leaves(value: object, where: str = "") -> Iterator[str]:
    """The paths of all values that are no objects and no lists; empty ones count as well."""
    if isinstance(value, dict) and value:
        numbered = all(name.isdigit() for name in value)
        for name, inner in value.items():
            yield from leaves(inner, where if numbered else f"{where}.{name}".lstrip("."))
    elif isinstance(value, list) and value:
        for entry in value:
            yield from leaves(entry, where)
    else:
        yield where


def unread(body: object, read: Iterable[str], alone: set[str]) -> set[str]:
    stars = tuple(name[:-1] for name in alone if name.endswith("*"))
    return {
        path
        for path in leaves(body)
        if path not in set(read)
        and path not in alone
        and path.rpartition(".")[2] not in (alone & _WRITING)
        and not f"{path}.".startswith(stars)
    }


STORE = ["document_order", *sorted(path.stem for path in FIXTURES.glob("get_guest_*")), "native_jpy_store"]
V3 = ["v3_order_guest_pending", "v3_order_guest_refunded_partial", "native_jpy_v3"]


def body_in(name: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return whole if name == "document_order" else whole["body"]


def store_order(name: str) -> tuple[Order, set[str], dict[str, Any]]:
    body, read = body_in(name), set[str]()
    order = order_from_store(Seen(body, "", read), store="woo", now=NOON, asked=str(body["id"]))
    return order, read, body


@pytest.mark.parametrize("name", STORE)
def test_every_field_of_an_order_of_the_store_api_is_read_or_left_alone_on_purpose(name: str) -> None:
    _, read, body = store_order(name)
    assert unread(body, read, STORE_LEFT_ALONE) == set()


@pytest.mark.parametrize("name", V3)
def test_every_field_of_an_order_of_rest_v3_is_read_or_left_alone_on_purpose(name: str) -> None:
    body, read = body_in(name), set[str]()
    order_from_v3(Seen(body, "", read), store="woo", now=NOON)
    assert unread(body, read, V3_LEFT_ALONE) == set()


def test_every_field_of_a_list_is_read_or_left_alone_on_purpose() -> None:
    for row in recorded("v3_orders_list")["body"]:
        read = set[str]()
        order_from_v3(Seen(row, "", read), store="woo", now=NOON)
        assert unread(row, read, V3_LEFT_ALONE) == set()


def test_every_field_of_the_refunds_is_read_or_left_alone_on_purpose() -> None:
    order, read = body_in("v3_order_guest_refunded_partial"), set[str]()
    details = [recorded("v3_refund_one")["body"], *recorded("v3_refunds_guest_refunded_partial")["body"][:1]]
    seen = [Seen(detail, "refunds/.", read) for detail in details]
    order_from_v3(order, store="woo", now=NOON, refund_details=seen)
    left = {path for detail in details for path in unread({"refunds/": detail}, read, V3_LEFT_ALONE)}
    assert (
        left - {f"refunds/.{name}" for name in ("line_items", "shipping_lines", "tax_lines", "fee_lines")} == set()
    )


# What the fields become.


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def test_the_documents_sample_is_understood_although_its_status_is_translated() -> None:
    order, _, _ = store_order("document_order")
    assert (order.id, order.status, order.raw_status, order.payment_status) == ("147", "pending", "待审", "pending")
    assert any("translated" in warning for warning in order.warnings)
    assert order.totals.total == Money(2184, "GBP")
    assert order.totals.subtotal == Money(2105, "GBP")
    assert [item.total for item in order.items] == [Money(800, "GBP"), Money(884, "GBP")]
    assert order.assumed == (("currency", "GBP"),)


def test_a_guests_order_with_fee_tax_and_coupon_is_mapped_whole() -> None:
    order, _, _ = store_order("get_guest_fee_tax_coupon")
    assert (order.id, order.status, order.payment_status) == ("33", "processing", "paid")
    assert order.fulfillment_status == "unfulfilled"
    totals = order.totals
    assert (totals.subtotal, totals.discount, totals.shipping) == (usd(2999), usd(600), usd(500))
    assert (totals.fees, totals.tax, totals.total, totals.refunded) == (usd(300), usd(284), usd(3483), usd(0))
    assert totals.refundable is None
    assert order.refunds_complete is False
    beanie, mug = order.items
    assert (beanie.id, beanie.quantity, beanie.title, beanie.sku) == ("26", 2, "Beanie", "woo-beanie")
    assert (beanie.unit_price, beanie.total, mug.total) == (usd(1000), usd(1599), usd(800))
    assert order.customer.name == "Dana Sample"
    assert order.customer.email == "guest@mail.example"
    assert order.shipping_address == Address(
        "Dana Sample", ("1 Sample Street", "Top floor"), "New York", "NY", "10023", "US", "555-0100"
    )
    assert order.created_at is None
    assert order.payment_method is None


def test_a_variation_is_named_by_what_was_chosen() -> None:
    order, _, _ = store_order("get_guest_variation")
    [item] = order.items
    assert item.variant_name == "Blue, XL"
    assert item.options == (("Colour", "Blue"), ("Size", "XL"))


def test_a_part_that_went_back_is_seen_in_the_store_api() -> None:
    order, _, _ = store_order("get_guest_refunded_partial")
    assert (order.status, order.payment_status) == ("completed", "partially_refunded")
    assert (order.totals.total, order.totals.refunded) == (usd(2722), usd(500))


def test_yen_are_yen_in_both_apis_although_the_totals_are_in_hundredths() -> None:
    guest, _, _ = store_order("native_jpy_store")
    owner = order_from_v3(body_in("native_jpy_v3"), store="woo", now=NOON)
    assert guest.totals.total == owner.totals.total == Money(2000, "JPY")
    assert guest.totals.fees == owner.totals.fees == Money(500, "JPY")
    assert guest.totals.refunded == owner.totals.refunded == Money(500, "JPY")
    assert guest.items[0].total == owner.items[0].total == Money(1500, "JPY")
    assert not any("hundredths" in warning for warning in guest.warnings)


def test_an_order_of_rest_v3_is_mapped_whole() -> None:
    order = order_from_v3(body_in("v3_order_guest_pending"), store="woo", now=NOON)
    assert (order.id, order.number, order.status, order.raw_status) == ("22", "22", "pending", "pending")
    assert (order.payment_status, order.fulfillment_status) == ("pending", "unfulfilled")
    assert order.payment_method == "cod"
    assert order.created_at == order.updated_at == datetime(2026, 11, 21, 21, 6, 29, tzinfo=UTC)
    assert (order.paid_at, order.closed_at) == (None, None)
    totals = order.totals
    assert (totals.subtotal, totals.discount, totals.shipping) == (usd(1999), usd(400), usd(500))
    assert (totals.tax, totals.fees, totals.total) == (usd(186), usd(0), usd(2285))
    assert (totals.refunded, totals.refundable) == (usd(0), None)
    beanie, _ = order.items
    assert (beanie.id, beanie.product_id, beanie.variant_id) == ("1", "12", None)
    assert (beanie.unit_price, beanie.total) == (usd(1000), usd(799))
    assert (order.assumed, order.warnings) == ((), ())


def test_refunds_of_rest_v3_have_their_dates_and_amounts_above_zero() -> None:
    details = recorded("v3_refunds_guest_refunded_partial")["body"]
    body = body_in("v3_order_guest_refunded_partial")
    order = order_from_v3(body, store="woo", now=NOON, refund_details=details)
    assert [(refund.id, refund.amount, refund.reason) for refund in order.refunds] == [
        ("31", usd(321), "lab"),
        ("32", usd(179), "lab"),
    ]
    assert order.refunds[0].created_at == datetime(2026, 11, 21, 21, 6, 29, tzinfo=UTC)
    assert order.refunds_complete
    assert (order.totals.refunded, order.totals.refundable) == (usd(500), usd(2222))
    assert (order.status, order.payment_status) == ("completed", "partially_refunded")
    assert order.closed_at is not None


@pytest.mark.parametrize("name", [*STORE, *V3])
def test_no_key_of_an_order_leaves_the_reading(name: str) -> None:
    body = body_in(name)
    if name in V3:
        order = order_from_v3(body, store="woo", now=NOON)
    else:
        order = order_from_store(body, store="woo", now=NOON, asked=str(body["id"]))
    assert "wc_order" not in repr(order)
    assert "example-line" not in repr(order)
