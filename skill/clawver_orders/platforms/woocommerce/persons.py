"""Who bought and where it goes: billing and shipping, which the Store API and REST v3 spell alike."""

from typing import Final

from clawver_orders.order import Address, Customer
from clawver_orders.platforms.woocommerce.fields import Fields

_LINES: Final = ("company", "address_1", "address_2")


def customer_of(billing: Fields | None) -> Customer:
    """The buyer, as the bill names them."""
    if billing is None:
        return Customer()
    return Customer(name=_name(billing), email=billing.text("email", 320), phone=billing.text("phone", 40))


def address_of(address: Fields | None) -> Address | None:
    """An address; None where nothing in it is filled in."""
    if address is None:
        return None
    found = Address(
        name=_name(address),
        lines=tuple(line for name in _LINES if (line := address.text(name))),
        city=address.text("city"),
        region=address.text("state"),
        postal_code=address.text("postcode", 40),
        country=address.text("country", 40),
        phone=address.text("phone", 40),
    )
    return None if found == Address() else found


def _name(fields: Fields) -> str | None:
    return " ".join(name for part in ("first_name", "last_name") if (name := fields.text(part))) or None
