"""The Store API's order: whole numbers, in the shop's currency, and its ``totals`` always in hundredths."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from ..orders import Address, Item, Order
from .books import Books

_SYMBOLS: Final = {"USD": "$", "JPY": "¥", "KWD": "د.ك", "EUR": "€"}
# The buyer picks sizes only; so do the recorded answers.
_ATTRIBUTE: Final = ("size", "Size")


def order(books: Books, order: Order) -> dict[str, object]:
    """The whole order."""
    return {
        "id": order.number,
        "status": books.status(order),
        "items": [_item(books, order, item) for item in order.items],
        "coupons": _coupons(books, order),
        "fees": _fees(books, order),
        "totals": _totals(books, order),
        "shipping_address": address(order.address, order.customer.phone),
        "billing_address": _billing(order),
        "needs_payment": books.needs_payment(order),
        "needs_shipping": order.printed,
        "payment_requirements": ["products"],
        "errors": _errors(books, order),
    }


def currency(books: Books) -> dict[str, object]:
    """What goes with every amount. The currency is the shop's, whatever the order's is."""
    return {
        "currency_code": books.currency,
        "currency_symbol": _SYMBOLS.get(books.currency, books.currency),
        "currency_minor_unit": books.decimals,
        "currency_decimal_separator": ".",
        "currency_thousand_separator": ",",
        "currency_prefix": _SYMBOLS.get(books.currency, books.currency),
        "currency_suffix": "",
    }


def hundredths(minor: int, decimals: int) -> str:
    """An amount of ``totals``: scaled by 100 with any number of decimals, so that a third one is rounded away."""
    return str((Decimal(minor).scaleb(2 - decimals)).quantize(Decimal(1), ROUND_HALF_UP))


def _totals(books: Books, order: Order) -> dict[str, object]:
    amounts = {
        "subtotal": order.subtotal,
        "total_discount": order.discount,
        "total_shipping": order.shipping,
        "total_fees": order.adjustment,
        "total_tax": 0,
        "total_refund": order.refunded,
        "total_price": order.total,
        "total_items": order.subtotal - order.discount,
        "total_items_tax": 0,
        "total_fees_tax": 0,
        "total_discount_tax": 0,
        "total_shipping_tax": 0,
    }
    shown = {name: hundredths(minor, books.decimals) for name, minor in amounts.items()}
    return {**shown, "tax_lines": [], **currency(books)}


def _item(books: Books, order: Order, item: Item) -> dict[str, object]:
    there = item.product.id not in books.deleted
    size = item.variant.size if item.variant else None
    key, name = _ATTRIBUTE
    paid = item.total - (order.discount if item is order.items[0] else 0)
    slug = item.product.id.removeprefix("prod_")
    return {
        "key": books.key(order),
        "id": books.number(item.id),
        "quantity": item.quantity,
        "quantity_limits": {
            "minimum": item.quantity,
            "maximum": item.quantity,
            "multiple_of": 1,
            "editable": False,
        },
        "name": f"{item.title} - {size}" if size else item.title,
        "short_description": "<p>Made to order.</p>" if there else "",
        "description": "<p>One <strong>good</strong> thing.</p>" if there else "",
        "sku": slug if there else "",
        "low_stock_remaining": None,
        "backorders_allowed": False,
        "show_backorder_badge": False,
        "sold_individually": False,
        "permalink": f"https://shop.example/product/{slug}/" if there else "",
        "images": [],
        "variation": [{"raw_attribute": key, "attribute": name, "value": size}] if size else [],
        "item_data": {
            str(books.number(f"{item.id}/size")): {
                "key": key,
                "value": size,
                "display_key": name,
                "display_value": f"<p>{size}</p>\n",
            }
        }
        if size
        else [],
        "prices": _prices(books, item, there=there),
        "totals": {
            "line_subtotal": str(item.total),
            "line_subtotal_tax": "0",
            "line_total": str(paid),
            "line_total_tax": "0",
            **currency(books),
        },
        "catalog_visibility": "visible" if there else "hidden",
    }


def _prices(books: Books, item: Item, *, there: bool) -> dict[str, object]:
    """What the product costs now, not what was paid; all empty where there is no product any more."""
    now = str(item.product.price)
    raw = str(Decimal(item.product.price).scaleb(6 - books.decimals).quantize(Decimal(1)))
    names = ("price", "regular_price", "sale_price")
    shown = dict.fromkeys(names, now if there else "")
    precise = dict.fromkeys(names, raw if there else "")
    of = currency(books)
    if not there:
        of |= {"currency_code": "", "currency_symbol": ""}
    return {**shown, "price_range": None, **of, "raw_prices": {"precision": 6, **precise}}


def _coupons(books: Books, order: Order) -> list[dict[str, object]]:
    if not order.discount:
        return []
    taken = {"total_discount": str(order.discount), "total_discount_tax": "0"}
    return [{"code": "example-off", "discount_type": "fixed_cart", "totals": {**taken, **currency(books)}}]


def _fees(books: Books, order: Order) -> list[dict[str, object]]:
    if not order.adjustment:
        return []
    totals = {"total": str(order.adjustment), "total_tax": "0", **currency(books)}
    return [{"key": books.number(f"{order.id}/fee"), "name": "Gift wrap", "totals": totals}]


def _errors(books: Books, order: Order) -> list[dict[str, object]]:
    if books.status(order) != "failed":
        return []
    return [{"code": "woocommerce_rest_out_of_stock", "message": "Sorry, one of the items is out of stock."}]


def _billing(order: Order) -> dict[str, object]:
    return address(order.customer.address, order.customer.phone, email=order.customer.email)


def address(address: Address | None, phone: str, *, email: str | None = None) -> dict[str, object]:
    """An address as both APIs write it: all empty where nothing is sent."""
    names = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country")
    if address is None:
        return {**dict.fromkeys(names, ""), "phone": ""}
    first, _, last = address.name.partition(" ")
    values = (
        first,
        last,
        "",
        address.line1,
        address.line2 or "",
        address.city,
        address.state or "",
        address.postal_code,
        address.country,
    )
    return {
        **dict(zip(names, values, strict=True)),
        **({"email": email} if email is not None else {}),
        "phone": phone,
    }
