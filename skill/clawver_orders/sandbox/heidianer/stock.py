"""What a Heidianer shop has beside the made-up shop's own: postage, phones, remarks, and some rare orders."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from ..orders import Comment
from ..shop import Shop
from ..stock import HOODIE, LOOPS, MUG, POSTER, TEE, new_order
from . import bodies

_POSTAGE: Final = 800
_RARE: Final = (
    ("partially_paid_order", TEE),
    ("unseen_payment_order", MUG),
    ("many_transactions_order", HOODIE),
    ("foreign_transaction_order", POSTER),
    ("commented_order", LOOPS),
)


@dataclass(slots=True)
class Beyond:
    """What the shop's model has no place for, by the model's order id.

    Attributes:
        paid_unseen: Orders whose payment the channel knows, and the shop only when it asks.
        failed_tries: How many payments were tried in vain before the last.
        foreign: Orders whose list of transactions holds one of another order.
    """

    paid_unseen: set[str] = field(default_factory=set)
    failed_tries: dict[str, int] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)


def fill(shop: Shop, hints: dict[str, str]) -> Beyond:
    """Make the shop one of Heidianer's, and the hints say its numbers.

    Refunds of a part are taken out: this vendor has none.
    """
    phones: dict[str, str] = {}
    for order in shop.orders.values():
        whole = order.refunded == order.total
        phone = phones.setdefault(order.customer.email, f"100000000{len(phones):02}")
        order.customer = replace(order.customer, phone=phone)
        order.shipping = _POSTAGE if order.printed else 0
        order.discount = 300 if order.printed and order.number % 5 == 0 else 0
        order.refunds = [replace(refund, amount=order.total) for refund in order.refunds if whole]
        if order.stage == "cancelled":
            # As the vendor's page has it: three days unpaid, or by hand.
            order.cancelled_at = order.created_at + timedelta(days=3)
        if order.stage == "delivered" and order.printed and (shop.now() - order.created_at).days > 12:
            order.closed_at = order.created_at + timedelta(days=10)
            hints.setdefault("closed_order", order.id)
    beyond = _rare(shop, hints)
    del hints["partially_refunded_order"]
    hints |= {name: str(shop.orders[word].number) for name, word in hints.items() if word in shop.orders}
    hints["digital_item"] = str(bodies.line_id(shop.numbered(hints["digital_order"]), 0))
    pending = shop.numbered(hints["pending_order"])
    hints["customer_id"] = str(bodies.customer_id(pending))
    hints["phone"] = pending.customer.phone
    hints["order_number"] = bodies.order_number(pending)
    return beyond


def _rare(shop: Shop, hints: dict[str, str]) -> Beyond:
    """Orders paid in part, paid unseen, tried often, with a transaction too many, talked of: one of each."""
    for place, (name, product) in enumerate(_RARE):
        order = new_order(shop, [product], shop.now() - timedelta(hours=20 - place))
        order.customer = replace(order.customer, phone=f"1000000009{place}")
        order.shipping = _POSTAGE if order.printed else 0
        shop.orders[order.id] = order
        hints[name] = order.id
    shop.orders[hints["partially_paid_order"]].method = "deposit"
    for name in ("many_transactions_order", "foreign_transaction_order"):
        order = shop.orders[hints[name]]
        order.stage, order.payment, order.paid_at = "confirmed", "paid", order.created_at + timedelta(minutes=4)
    talked_of = shop.orders[hints["commented_order"]]
    talked_of.note = "请尽快发货，谢谢"
    talked_of.comments += [
        Comment(shop.new_number(), "customer", "Can I pay tomorrow?", talked_of.created_at + timedelta(hours=1)),
        Comment(shop.new_number(), "merchant", "Of course.", talked_of.created_at + timedelta(hours=2)),
    ]
    return Beyond(
        paid_unseen={hints["unseen_payment_order"]},
        failed_tries={hints["many_transactions_order"]: 11},
        foreign={hints["foreign_transaction_order"]},
    )
