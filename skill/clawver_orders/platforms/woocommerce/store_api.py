"""The Store API's words into ours: one order as its buyer sees it, without dates, payment method or refunds.

Two things in it mislead (measured on WooCommerce 8.9.1 and 10.5.0). ``totals`` is scaled by 100 whatever
``currency_minor_unit`` says, lines and fees are scaled by it. The currency is the shop's, also on an order that was
taken in another. ``items[].key`` is the order's key, a secret: it is never read.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from clawver_orders.money import Money, exponent, from_major
from clawver_orders.order import Item, Order, Totals
from clawver_orders.platforms.fields import json_object
from clawver_orders.platforms.woocommerce.fields import Fields, reading
from clawver_orders.platforms.woocommerce.persons import address_of, customer_of
from clawver_orders.platforms.woocommerce.rest_v3 import checked_id, each
from clawver_orders.platforms.woocommerce.words import fulfillment_of, payment_of, status_of
from clawver_orders.text import clean

_HUNDREDTHS: Final = 2
_OUT_OF_STOCK: Final = "woocommerce_rest_out_of_stock"


def order_from_store(body: Mapping[str, object], *, store: str, now: datetime, asked: str) -> Order:
    """One order of ours from ``GET /wc/store/v1/order/{id}``.

    Args:
        body: The order object.
        store: The store's name.
        now: The present time.
        asked: The id that was asked for.

    Raises:
        BadResponseError: The order has no usable id, or it is another order than the one asked for.
    """
    order_id = checked_id(body, asked)
    order = Fields(body, reading(now))
    items = order.entries("items") or []
    money = order.inside("totals") or Fields({}, order.reading)
    currency, unit = _currency(money, items)
    status, raw = status_of(order)
    scale = _scale(order, money, items, unit)
    total = _amount(money, "total_price", currency, scale)
    refunded = _amount(money, "total_refund", currency, scale)
    billing = order.inside("billing_address")
    _warn(order, currency, scale)
    return Order(
        store=store,
        platform="woocommerce",
        id=order_id,
        status=status,
        raw_status=raw,
        payment_status=payment_of(order, raw, total, refunded, None),
        fulfillment_status=fulfillment_of(status, ships=order.flag("needs_shipping")),
        customer=customer_of(billing),
        shipping_address=address_of(order.inside("shipping_address")),
        billing_address=address_of(billing),
        items=tuple(_item(item, currency, unit) for item in items),
        totals=Totals(
            subtotal=_amount(money, "subtotal", currency, scale),
            shipping=_amount(money, "total_shipping", currency, scale),
            discount=_amount(money, "total_discount", currency, scale),
            tax=_amount(money, "total_tax", currency, scale),
            fees=_amount(money, "total_fees", currency, scale),
            total=total,
            refunded=refunded,
        ),
        warnings=tuple(order.reading.warnings),
        assumed=(("currency", currency),) if currency else (),
    )


def _currency(money: Fields, items: list[Fields]) -> tuple[str | None, int | None]:
    """The shop's currency and its number of decimals, of ``totals`` or, as in the documents' sample, of a line."""
    sources = [money, *(inner for item in items if (inner := item.inside("totals")) is not None)]
    for source in sources:
        currency, unit = source.currency("currency_code"), source.body.get("currency_minor_unit")
        if currency is None:
            continue
        if isinstance(unit, int) and not isinstance(unit, bool) and 0 <= unit <= 6:
            return currency, unit
        money.reading.warn("The shop does not say how it scales amounts; those of the lines are not shown.")
        return currency, None
    money.reading.warn("The shop does not say its currency; no amount is shown.")
    return None, None


def _scale(order: Fields, money: Fields, items: list[Fields], unit: int | None) -> int:
    """By how many digits ``totals`` is scaled: two, unless the lines prove that a shop does as documented."""
    if unit in (None, _HUNDREDTHS):
        return _HUNDREDTHS
    lines = [totals.number("line_total") for item in items if (totals := item.inside("totals")) is not None]
    said = money.number("total_items")
    if said is None or not lines or None in lines or not any(lines):
        order.reading.warn("Whether the totals are in hundredths cannot be checked; they are taken as such.")
        return _HUNDREDTHS
    real = sum((line for line in lines if line is not None), Decimal(0)).scaleb(-unit)
    if said == real.quantize(Decimal("0.01"), ROUND_HALF_UP).scaleb(_HUNDREDTHS):
        return _HUNDREDTHS
    if said == real.scaleb(unit):
        return unit
    order.reading.warn("The totals do not fit the lines; they are taken as hundredths.")
    return _HUNDREDTHS


def _amount(fields: Fields, name: str, currency: str | None, scale: int | None) -> Money | None:
    number = fields.number(name)
    if number is None or currency is None or scale is None:
        return None
    found = from_major(number.scaleb(-scale), currency)
    if found is None:
        fields.reading.warn(f"{name} is not an amount; it is left out.")
        return None
    if found[1]:
        fields.reading.warn(f"{name} has more decimals than {currency}; it is rounded.")
    return found[0]


def _warn(order: Fields, currency: str | None, scale: int) -> None:
    if currency is not None:
        order.reading.warn(
            f"The Store API names the shop's currency ({currency}); an order taken in another one shows its "
            "amounts under it unchanged."
        )
        if exponent(currency) > scale:
            order.reading.warn(
                f"The Store API gives totals in hundredths: the last digit of {currency} is missing."
            )
    for error in order.entries("errors") or ():
        if error.body.get("code") == _OUT_OF_STOCK:
            order.reading.warn("The shop says that something of this order is out of stock.")
        else:
            order.reading.warn("The shop says that something hinders this order from being paid.")


def _item(item: Fields, currency: str | None, unit: int | None) -> Item:
    item_id = item.id("id")
    if item_id is None:
        item.reading.warn("An item has no id.")
    quantity = item.quantity("quantity")
    variation = _pairs(item, "variation", ("attribute", "raw_attribute"), ("value",))
    typed = _pairs(item, "item_data", ("display_key", "key"), ("display_value", "value"))
    totals = item.inside("totals") or Fields({}, item.reading)
    return Item(
        id=item_id or "",
        title=item.text("name", 300) or "",
        quantity=quantity,
        variant_name=", ".join(value for _, value in variation) or None,
        options=tuple(dict.fromkeys((*variation, *typed))),
        sku=item.text("sku", 100, cards=False),
        unit_price=each(_amount(totals, "line_subtotal", currency, unit), quantity),
        total=_amount(totals, "line_total", currency, unit),
    )


def _pairs(item: Fields, name: str, keys: tuple[str, ...], values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What was chosen or typed, from a list or, as PHP writes it, from an object keyed by numbers."""
    found = []
    listed = item.body.get(name)
    for entry in (
        (listed.values() if isinstance(listed, dict) else listed) if isinstance(listed, dict | list) else ()
    ):
        if (pair := json_object(entry)) is None:
            continue
        key = next((text for one in keys if (text := clean(pair.get(one), 100))), None)
        value = next((text for one in values if (text := clean(pair.get(one), 200))), None)
        if key and value:
            found.append((key, value))
    return tuple(found)
