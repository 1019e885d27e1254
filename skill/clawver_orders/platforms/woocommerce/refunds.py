"""Refunds on an order, and which of them gave money back.

WooCommerce writes a refund down first, then asks the payment method, and takes the record away again where that
says no. So a record alone proves nothing: ``refunded_payment`` says whether the money moved.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from clawver_orders.errors import BadResponseError
from clawver_orders.money import Money, from_major
from clawver_orders.order import ShopRefund
from clawver_orders.platforms.fields import Reading, json_object
from clawver_orders.platforms.woocommerce.fields import Fields, json_id
from clawver_orders.text import clean

# A marker of ours stands at the end of a reason, so a reason must not be cut short of it.
_REASON_CAP: Final = 1000
_MARKER: Final = re.compile(r"\[(R-[0-9A-Z]{8})\]")
_LAST_MARKER: Final = re.compile(r"\[R-[0-9A-Z]{8}\]\s*$")
# The most entries that one answer of /refunds holds.
PAGE: Final = 100
# Goes with a refund that is only written down, so that nobody waits for its money.
RECORDED: Final[Mapping[str, str]] = {"key": "_clawver_orders_recorded", "value": "yes"}


@dataclass(frozen=True, slots=True)
class Refunds:
    """What an order's refunds say.

    Attributes:
        refunds: Every refund that could be read.
        complete: Whether these are all, each with an id of its own and an amount.
        refunded: Their sum; None where they are not complete.
    """

    refunds: tuple[ShopRefund, ...]
    complete: bool
    refunded: Money | None


def refunds_of(order: Fields, currency: str | None, details: Sequence[object] | None) -> Refunds:
    """The refunds of an order.

    Args:
        order: Its body: ``refunds`` is the whole list, with amounts below zero.
        currency: The order's.
        details: Beside it what ``/refunds`` says: amounts above zero, dates, whether money moved, the newest first
            and at most PAGE of them; None where it was not read.
    """
    entries: list[Fields] | None = order.entries("refunds")
    if entries is None or currency is None:
        if "refunds" not in order.body:
            order.reading.warn("The shop does not say what was refunded.")
        return Refunds((), complete=False, refunded=None)
    listed = order.body.get("refunds")
    complete = isinstance(listed, list | dict) and len(entries) == len(listed)
    found: dict[str, ShopRefund] = {}
    for entry in entries:
        refund = _brief(entry, currency)
        complete = complete and refund is not None and refund.id not in found
        if refund is not None:
            found[refund.id] = refund
    for detail in details or ():
        body = json_object(detail)
        detailed = None if body is None else refund_from_v3(body, currency, order.reading)
        if detailed is None:
            complete = False
            continue
        # A refund that was made between the two reads stands in the later one only.
        complete = complete and found.get(detailed.id, detailed).amount == detailed.amount
        found[detailed.id] = detailed
    if details is not None and len(details) < PAGE and len(found) > len(details):
        complete = False
    if not complete:
        order.reading.warn("The shop's list of refunds contradicts itself; what was refunded is not known.")
    refunds = tuple(sorted(found.values(), key=lambda refund: int(refund.id)))
    refunded = sum((refund.amount for refund in refunds), Money(0, currency))
    return Refunds(refunds, complete, refunded if complete else None)


def _brief(entry: Fields, currency: str) -> ShopRefund | None:
    """A refund as the order's own list has it: ``{"id", "reason", "total": "-3.21"}``."""
    refund_id, amount = json_id(entry.body.get("id")), from_major(entry.body.get("total"), currency)
    if refund_id is None or amount is None or amount[1] or amount[0].minor > 0:
        return None
    return ShopRefund(refund_id, Money(-amount[0].minor, currency), entry.text("reason", _REASON_CAP))


def refund_from_v3(body: Mapping[str, object], currency: str, reading: Reading) -> ShopRefund | None:
    """A refund of ``/orders/{id}/refunds``; None where it has no id or no amount.

    The brackets of our marker are taken off where the shop does not say that the money moved: then it is no proof.
    """
    refund_id, amount = json_id(body.get("id")), from_major(body.get("amount"), currency)
    if refund_id is None or amount is None or amount[1] or amount[0].minor < 0:
        return None
    fields = Fields(body, reading)
    reason = fields.text("reason", _REASON_CAP)
    if reason and body.get("refunded_payment") is False and not _only_recorded(fields) and _MARKER.search(reason):
        reason = _MARKER.sub(r"\1", reason)
        reading.warn(
            "A refund of this desk is on record, and the shop does not say that its money moved: look at the "
            "payment method's own dashboard."
        )
    return ShopRefund(refund_id, amount[0], reason, fields.time("date_created_gmt"))


def _only_recorded(refund: Fields) -> bool:
    return any(meta.body.get("key") == RECORDED["key"] for meta in refund.entries("meta_data") or ())


def made(body: Mapping[str, object], amount: Money, reason: str, *, pays: bool, reading: Reading) -> ShopRefund:
    """The refund that an answer to ``POST /refunds`` shows, where it is this very one.

    Raises:
        BadResponseError: It is not, in words for the record.
    """
    refund = refund_from_v3(body, amount.currency, reading)
    if refund is None or refund.amount != amount:
        raise BadResponseError("without a refund of this amount", "Look at the order")
    said = body.get("reason")
    kept, wanted = clean(said, _REASON_CAP) or "", clean(reason, _REASON_CAP) or ""
    ours, theirs = _LAST_MARKER.search(wanted), _LAST_MARKER.search(kept)
    same = kept == wanted if ours is None or theirs is None else ours[0].strip() == theirs[0].strip()
    if not same:
        raise BadResponseError("with a refund of another reason", "Look at the order")
    if body.get("refunded_payment") is not pays:
        what = "does not say that its money moved" if pays else "says that its money moved, which was not asked for"
        raise BadResponseError(f"with the refund, of which the shop {what}", "Look at the payment method")
    return refund
