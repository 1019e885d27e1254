"""What the gateway's orders and Shopify's copies have in common: buyers, addresses, items, notes, sums."""

from typing import Final

from clawver_orders.money import Money
from clawver_orders.order import Address, Customer, FulfillmentStatus, Item, Kind, Note
from clawver_orders.platforms import fields
from clawver_orders.platforms.fields import json_id
from clawver_orders.platforms.gateway.fields import Fields

_FULFILLMENTS: Final[dict[str, FulfillmentStatus]] = {
    "unfulfilled": "unfulfilled",
    # The gateway's word and Shopify's.
    "partially_fulfilled": "partially_fulfilled",
    "partial": "partially_fulfilled",
    "fulfilled": "fulfilled",
    "restocked": "restocked",
}


def checked_id(body_id: object, asked: str | None) -> str:
    """The id of an order's body, which must be the one asked for.

    Raises:
        BadResponseError: It is unusable, or another order's.
    """
    return fields.checked_id(json_id(body_id), asked, "tell its keeper")


def currency_of(order: Fields, assumed: str | None) -> tuple[str | None, bool]:
    """The currency of an order's amounts, and whether it is assumed; what is not known is said."""
    said = order.currency("currency")
    if said is None and assumed is None:
        order.reading.warn(
            "The shop names no currency, so no amounts are shown; set currency for this store in the settings."
        )
    return said or assumed, said is None and assumed is not None


def fulfillment_of(order: Fields, *, silent: FulfillmentStatus) -> FulfillmentStatus:
    """How much of it was sent. ``silent`` is what a null means: nothing yet in Shopify, unknown in the gateway."""
    word = order.text("fulfillment_status", 40)
    if word is None:
        return silent
    if word not in _FULFILLMENTS:
        order.reading.warn("The shop's word for the fulfilment is a new one; it is shown as unknown.")
    return _FULFILLMENTS.get(word, "unknown")


def name_of(person: Fields) -> str | None:
    """First and last name; in Chinese the other way round, and without a space."""
    first, last = person.text("first_name"), person.text("last_name")
    if first and last and "\u4e00" <= first[0] <= "\u9fff" and "\u4e00" <= last[0] <= "\u9fff":
        return f"{last}{first}"
    return " ".join(part for part in (first, last) if part) or None


def customer_of(order: Fields, name: str, email: str, phone: str) -> Customer:
    """The buyer: the order's own fields of these names, else those of its ``customer``."""
    inner = order.inside("customer")
    person = inner or Fields({}, order.reading)
    return Customer(
        name=order.text(name) or name_of(person),
        email=order.text(email, 320) or person.text("email", 320),
        phone=order.text(phone, 40) or person.text("phone", 40),
    )


def address_of(order: Fields, name: str) -> Address | None:
    """Where a parcel or a bill goes; None where nothing is said."""
    address = order.inside(name)
    if address is None:
        return None
    lines = tuple(line for part in ("address1", "address2") if (line := address.text(part)))
    read = Address(
        name=name_of(address) or address.text("name"),
        lines=lines,
        city=address.text("city"),
        region=address.text("province"),
        postal_code=address.text("zip"),
        country=address.text("country"),
        phone=address.text("phone", 40),
    )
    return read if read != Address() else None


def items_of(order: Fields, name: str) -> tuple[Item, ...]:
    """The lines of an order; their sum is never held against its totals."""
    return tuple(_item(item) for item in order.entries(name) or ())


def _item(item: Fields) -> Item:
    sent = item.body.get("requires_shipping")
    kind: Kind = "physical" if sent is True else "unknown"
    return Item(
        id=item.id("id") or "",
        title=item.text("title", 300) or item.text("name", 300) or "",
        kind=kind,
        quantity=item.quantity("quantity"),
        product_id=item.id("product_id"),
        variant_id=item.id("variant_id"),
        variant_name=item.text("variant_title"),
        sku=item.text("sku", 100, cards=False),
        unit_price=item.money("price"),
    )


def sum_of(order: Fields, name: str) -> Money | None:
    """The sum of a list's prices; None where there is no list, or a price of it cannot be read."""
    entries = order.entries(name)
    if entries is None or order.reading.currency is None:
        return None
    prices = [entry.money("price") for entry in entries]
    total = Money(0, order.reading.currency)
    for price in prices:
        if price is None:
            return None
        total += price
    return total


def notes_of(order: Fields, name: str) -> tuple[Note, ...]:
    """The order's remark; whose it is, neither of the two says."""
    text = order.text(name, 2000, lines=True)
    return (Note("unknown", text),) if text else ()
