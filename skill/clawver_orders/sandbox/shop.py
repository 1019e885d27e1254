"""The made-up shop: its state in memory, and everything that can happen to it.

What changes an order is told in an Event; a dialect turns that into its vendor's words.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from .orders import Comment, Order, Refund, Stage

EventName = Literal["created", "paid", "shipped", "fulfilled", "refunded", "cancelled", "changed"]
Problem = Literal["not_found", "invalid", "conflict"]

_NEXT_STAGE: dict[Stage, Stage] = {"confirmed": "processing", "processing": "shipped", "shipped": "delivered"}
_CARRIERS = ("USPS", "UPS", "DHL", "Yanwen")
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Refusal(Exception):  # noqa: N818 - the shop's word for it
    """The shop says no.

    Args:
        problem: What kind of no; a dialect has its vendor's code for it.
        message: One sentence for a developer.
        details: More, as data.
    """

    def __init__(self, problem: Problem, message: str, details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message
        self.details = details


@dataclass(frozen=True, slots=True)
class Webhook:
    """A place that wants to be told. ``events`` in the vendor's words; none means all."""

    id: str
    url: str
    events: tuple[str, ...]
    secret: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an order."""

    name: EventName
    order: Order
    at: datetime


class Shop:
    """The shop's state, and everything that can happen to it.

    Args:
        seed: A whole number, not negative. It stands in every id, so that no two seeds share one.
        now: The clock; answers aware datetimes.
        currency: Of every amount; an ISO 4217 code.
    """

    def __init__(self, seed: int, now: Callable[[], datetime], currency: str = "USD") -> None:
        if seed < 0:
            raise ValueError("a seed is a whole number that is not negative")
        self.now = now
        self.currency = currency
        self.random = random.Random(seed)  # noqa: S311 - has to be repeatable; nothing here is secret
        self.orders: dict[str, Order] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.listeners: list[Callable[[Event], None]] = []
        self._mark = _base36(seed)
        # Numbers of two seeds do not meet either, so that a record of another shop's refunds never fits.
        self._numbers = (seed % 1_000_000 + 1) * 1000

    def new_id(self, prefix: str) -> str:
        """An id such as ``ord_4k2m9q7x1``: eight letters, then the seed, so that it can be of one seed only."""
        letters = "".join(self.random.choice(_LETTERS) for _ in range(8))
        return f"{prefix}_{letters}{self._mark}"

    def new_number(self) -> int:
        """The next whole number of a row, as shops with numbered rows give out."""
        self._numbers += 1
        return self._numbers

    def numbered(self, number: str) -> Order:
        """The order that is known by this number.

        Raises:
            Refusal: There is none.
        """
        for order in self.orders.values():
            if str(order.number) == number:
                return order
        raise Refusal("not_found", "Order not found")

    def snapshot(self) -> "Shop":
        """A copy that later changes do not reach, for stale reads."""
        other = copy.copy(self)
        other.orders, other.webhooks = copy.deepcopy((self.orders, self.webhooks))
        other.listeners = []
        return other

    def order(self, order_id: str) -> Order:
        """One order.

        Raises:
            Refusal: There is none.
        """
        if order_id not in self.orders:
            raise Refusal("not_found", "Order not found")
        return self.orders[order_id]

    def newest_first(self) -> list[Order]:
        """All orders, the newest first."""
        return sorted(self.orders.values(), key=lambda order: (order.created_at, order.id), reverse=True)

    def checkout(self, checkout_id: str) -> list[Order]:
        """The orders of one checkout, never none.

        Raises:
            Refusal: There is no such checkout.
        """
        found = [order for order in self.orders.values() if order.checkout_id == checkout_id]
        if not found:
            raise Refusal("not_found", "Checkout not found")
        return found

    def check_refund(self, order_id: str, amount: int) -> Order:
        """Whether this refund is possible now; the order, if it is.

        Raises:
            Refusal: No such order, nothing was paid, or not so much is left.
        """
        order = self.order(order_id)
        if order.payment != "paid":
            raise Refusal("invalid", "Order is not paid", {"paymentStatus": order.payment_status})
        if not order.remaining:
            raise Refusal("conflict", "Order is already fully refunded")
        if amount > order.remaining:
            raise Refusal(
                "invalid", "amountInCents exceeds the refundable amount", {"remainingInCents": order.remaining}
            )
        return order

    def refund(self, order_id: str, amount: int, reason: str) -> Refund:
        """Give money back, at once.

        Args:
            order_id: The order.
            amount: Cents, more than zero.
            reason: Kept as it is.

        Raises:
            Refusal: As check_refund.
        """
        order = self.check_refund(order_id, amount)
        refund = Refund(self.new_id("ref"), amount, reason, self.new_id("re_example"), self.now())
        order.refunds.append(refund)
        self._tell("refunded", order)
        return refund

    def record_refund(self, order_id: str, amount: int, reason: str) -> Refund:
        """Write down a refund whose money goes another way: it has no processor's id.

        Raises:
            Refusal: As check_refund.
        """
        order = self.check_refund(order_id, amount)
        refund = Refund(self.new_id("ref"), amount, reason, "", self.now())
        order.refunds.append(refund)
        self._tell("refunded", order)
        return refund

    def start_refund(self, order_id: str, reason: str = "") -> Refund:
        """Accept that all that is left goes back; the payment channel settles it later (settle_refund).

        Raises:
            Refusal: As check_refund; or one is under way.
        """
        order = self.order(order_id)
        if order.refunding is not None:
            raise Refusal("conflict", "Order is already being refunded")
        self.check_refund(order_id, order.remaining or 1)
        order.refunding = Refund(self.new_id("ref"), order.remaining, reason, self.new_id("re_example"), self.now())
        self._tell("changed", order)
        return order.refunding

    def settle_refund(self, order_id: str) -> Order:
        """The payment channel has paid back what was accepted; nothing where nothing was.

        Raises:
            Refusal: No such order.
        """
        order = self.order(order_id)
        if order.refunding is not None:
            order.refunds.append(order.refunding)
            order.refunding = None
            self._tell("refunded", order)
        return order

    def place(self, order: Order) -> Order:
        """Take a new, unpaid order in."""
        self.orders[order.id] = order
        self._tell("created", order)
        return order

    def pay(self, order_id: str) -> Order:
        """The buyer's payment arrives; an order of files alone is delivered with it.

        Raises:
            Refusal: No such order, or it is not waiting for money.
        """
        order = self.order(order_id)
        if order.stage != "pending":
            raise Refusal("conflict", "Order does not wait for a payment")
        order.payment, order.paid_at, order.stage = "paid", self.now(), "confirmed"
        self._tell("paid", order)
        if not order.printed:
            order.stage = "delivered"
            self._tell("fulfilled", order)
        return order

    def mark_paid(self, order_id: str) -> Order:
        """The merchant says that it was paid by other means; as pay.

        Raises:
            Refusal: As pay.
        """
        order = self.pay(order_id)
        order.by_hand = True
        return order

    def cancel(self, order_id: str, reason: str = "") -> Order:
        """Cancel an order that has not left; a payment is not given back by that.

        Raises:
            Refusal: No such order, or it has left.
        """
        order = self.order(order_id)
        if order.stage not in ("pending", "confirmed"):
            raise Refusal("conflict", "Order can no longer be cancelled")
        order.stage, order.cancelled_at, order.cancel_reason = "cancelled", self.now(), reason
        self._tell("cancelled", order)
        return order

    def set_stage(self, order_id: str, stage: Stage, *, paid: bool = False) -> Order:
        """The merchant says how far an order got, in a shop that checks nothing.

        Args:
            order_id: The order.
            stage: Where it is now.
            paid: Whether it counts as paid by that, if it was not before.

        Raises:
            Refusal: No such order.
        """
        order = self.order(order_id)
        order.stage = stage
        order.cancelled_at = self.now() if stage == "cancelled" else None
        order.closed_at = self.now() if stage == "delivered" else None
        if paid and order.payment != "paid":
            order.payment, order.paid_at = "paid", self.now()
        self._tell("cancelled" if stage == "cancelled" else "changed", order)
        return order

    def close(self, order_id: str) -> Order:
        """The merchant calls a paid order done.

        Raises:
            Refusal: No such order, not paid, or cancelled.
        """
        order = self.order(order_id)
        if order.payment != "paid" or order.stage == "cancelled":
            raise Refusal("conflict", "Only a paid order can be closed")
        order.closed_at = order.closed_at or self.now()
        self._tell("changed", order)
        return order

    def reopen(self, order_id: str) -> Order:
        """Take a closed order back.

        Raises:
            Refusal: No such order, or it was cancelled.
        """
        order = self.order(order_id)
        if order.stage == "cancelled":
            raise Refusal("conflict", "A cancelled order stays cancelled")
        order.closed_at = None
        self._tell("changed", order)
        return order

    def adjust(self, order_id: str, by: int) -> Order:
        """Change the total of an unpaid order by a signed amount, in cents.

        Raises:
            Refusal: No such order, it does not wait for money, or the total would be below zero.
        """
        order = self.order(order_id)
        if order.stage != "pending" or order.payment == "paid":
            raise Refusal("conflict", "Only the price of an unpaid order can change")
        if order.total + by < 0:
            raise Refusal("invalid", "The total would be below zero")
        order.adjustment += by
        self._tell("changed", order)
        return order

    def comment(self, order_id: str, author: Literal["merchant", "customer"], text: str) -> Comment:
        """Write a remark on an order.

        Raises:
            Refusal: No such order.
        """
        order = self.order(order_id)
        comment = Comment(self.new_number(), author, text, self.now())
        order.comments.append(comment)
        self._tell("changed", order)
        return comment

    def rewrite(self, order_id: str, number: int, text: str) -> Comment:
        """Rewrite one of the merchant's remarks.

        Raises:
            Refusal: No such order, or no such remark of the merchant's.
        """
        order = self.order(order_id)
        for place, comment in enumerate(order.comments):
            if comment.number == number and comment.author == "merchant":
                order.comments[place] = replace(comment, text=text)
                self._tell("changed", order)
                return order.comments[place]
        raise Refusal("not_found", "Comment not found")

    def advance(self, order_id: str | None = None) -> list[Order]:
        """Move printed orders one stage on: confirmed, processing, shipped (with a parcel number), delivered.

        Args:
            order_id: Only this one; otherwise all that can move.

        Returns:
            The orders that moved.

        Raises:
            Refusal: No such order.
        """
        orders = list(self.orders.values()) if order_id is None else [self.order(order_id)]
        moved = [order for order in orders if order.printed and order.stage in _NEXT_STAGE]
        for order in moved:
            order.stage = _NEXT_STAGE[order.stage]
            if order.stage == "shipped":
                self.give_parcel(order)
                self._tell("shipped", order)
            elif order.stage == "delivered":
                self._tell("fulfilled", order)
        return moved

    def give_parcel(self, order: Order) -> None:
        """Give an order its carrier and number."""
        order.carrier = self.random.choice(_CARRIERS)
        order.tracking_number = f"EX{self.random.randrange(10**9, 10**10)}"
        order.tracking_url = f"https://track.example/{order.carrier.lower()}/{order.tracking_number}"

    def add_webhook(self, url: str, events: tuple[str, ...], secret: str) -> Webhook:
        """Register a destination."""
        webhook = Webhook(self.new_id("wh"), url, events, secret, self.now())
        self.webhooks[webhook.id] = webhook
        return webhook

    def remove_webhook(self, webhook_id: str) -> None:
        """Forget a destination.

        Raises:
            Refusal: There is none.
        """
        if webhook_id not in self.webhooks:
            raise Refusal("not_found", "Webhook not found")
        del self.webhooks[webhook_id]

    def _tell(self, name: EventName, order: Order) -> None:
        order.updated_at = self.now()
        for listener in self.listeners:
            listener(Event(name, order, self.now()))


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _LETTERS[rest] + digits
        if not number:
            return digits
