"""What WooCommerce keeps beside the shop's books: numbers, order keys, who is registered, what lies in the bin."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ..orders import Order, Refund
from ..shop import Shop
from ..stock import CUSTOMERS, MUG, PLANNER, TEE, new_order

DECIMALS: Final = {"JPY": 0, "KWD": 3}
# What each way of paying can do, as a payment gateway's method_supports says it.
GATEWAYS: Final[dict[str, tuple[str, list[str]]]] = {
    "card": ("Card", ["products", "refunds", "tokenization"]),
    "cod": ("Cash on delivery", ["products"]),
    "bacs": ("Direct bank transfer", ["products"]),
}
_UNPAID: Final = ("pending", "failed", "checkout-draft")


@dataclass(slots=True)
class Books:
    """Of one shop.

    Attributes:
        currency: The shop's.
        numbers: Whole numbers for what the shop knows by other ids: items, products, variants and refunds.
        currencies: Of orders that were taken in another currency than the shop's.
        bin: Orders that were thrown away, by their number: out of the shop, and still shown to who asks for one.
        drafts: Orders of checkouts that nobody finished.
        deleted: Products that are no longer there.
        metas: What was written beside a refund, by the refund's id.
    """

    currency: str
    numbers: dict[str, int] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    bin: dict[str, Order] = field(default_factory=dict)
    drafts: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    metas: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _first: int = 0

    @property
    def decimals(self) -> int:
        """With how many decimals the shop shows prices."""
        return DECIMALS.get(self.currency, 2)

    def number(self, thing: str) -> int:
        """The whole number of something, given out when it is first asked for."""
        return self.numbers.setdefault(thing, self._first + len(self.numbers))

    def currency_of(self, order: Order) -> str:
        """The order's own currency."""
        return self.currencies.get(order.id, self.currency)

    def key(self, order: Order) -> str:
        """The order's key: who has it, opens it."""
        return f"wc_order_example_{order.status_token.rpartition('_')[2]}"

    def customer_id(self, order: Order) -> int:
        """The registered customer's number; 0 for a guest."""
        place = CUSTOMERS.index(order.customer) if order.customer in CUSTOMERS else 1
        return 2 + place if place % 3 == 0 else 0

    def status(self, order: Order) -> str:
        """WooCommerce's word for where an order stands."""
        if str(order.number) in self.bin:
            return "trash"
        if order.id in self.drafts:
            return "checkout-draft"
        if order.stage == "cancelled":
            return "cancelled"
        if order.refunds and not order.remaining:
            return "refunded"
        if order.stage == "pending":
            if order.payment == "failed":
                return "failed"
            return "on-hold" if order.method == "bacs" else "pending"
        return "completed" if order.stage in ("shipped", "delivered") else "processing"

    def needs_payment(self, order: Order) -> bool:
        """Whether it can be paid at the checkout."""
        return self.status(order) in _UNPAID and order.total > 0

    def order(self, shop: Shop, number: int) -> Order:
        """The order with this number, in the shop or in the bin.

        Raises:
            Refusal: There is none.
        """
        return self.bin.get(str(number)) or shop.numbered(str(number))

    def refunds(self, order: Order) -> list[Refund]:
        """The refunds of an order, the newest first."""
        return list(reversed(order.refunds))

    def order_of_refund(self, shop: Shop, number: int) -> Order | None:
        """The order that has the refund with this number."""
        for order in shop.orders.values():
            if any(self.number(refund.id) == number for refund in order.refunds):
                return order
        return None


def stock(shop: Shop, hints: dict[str, str], books: Books) -> None:
    """Make a shop such as WooCommerce's are, and let the hints say numbers."""
    usual = [order for order in shop.orders.values() if order.id not in hints.values() and not order.refunds]
    for order in shop.orders.values():
        if order.printed and not order.refunds:
            order.shipping = 500
    done = [order for order in usual if order.stage == "delivered" and order.printed]
    done[0].method, done[0].note = "cod", "Please ring twice"
    marked = {"cod_order": done[0]}
    if DECIMALS.get(shop.currency, 2) == 2:
        marked["other_currency_order"] = done[1]
        books.currencies[done[1].id] = "EUR" if shop.currency != "EUR" else "USD"
    done[2].discount, done[2].adjustment = 300, 200
    marked["fee_and_coupon_order"] = done[2]
    marked["trashed_order"] = next(order for order in usual if order.stage == "cancelled")
    books.bin[str(marked["trashed_order"].number)] = shop.orders.pop(marked["trashed_order"].id)
    books.deleted.add(PLANNER.id)
    marked["deleted_product_order"] = next(o for o in usual if any(i.product is PLANNER for i in o.items))
    for name, product, hours in (("on_hold_order", TEE, 5), ("draft_order", MUG, 1)):
        order = new_order(shop, (product,), shop.now() - timedelta(hours=hours))
        order.method = "bacs" if name == "on_hold_order" else "card"
        shop.orders[order.id] = order
        marked[name] = order
    books.drafts.add(marked["draft_order"].id)
    paid = [order for order in usual if books.status(order) == "processing"]
    marked["guest_order"], marked["registered_order"] = paid[:2]
    for order, customer in zip(paid, (CUSTOMERS[1], CUSTOMERS[0]), strict=False):
        order.customer, order.address = customer, customer.address
    for name, order_id in list(hints.items()):
        if order_id in shop.orders:
            hints[name] = str(shop.orders[order_id].number)
    first = min(order.number for order in shop.orders.values())
    books._first = first * 1000  # noqa: SLF001 - made here: no two seeds share a number
    hints["digital_item"] = str(books.number(hints["digital_item"]))
    hints |= {name: str(order.number) for name, order in marked.items()}
    hints["guest_key"] = books.key(marked["guest_order"])
    hints["guest_email"] = marked["guest_order"].customer.email
