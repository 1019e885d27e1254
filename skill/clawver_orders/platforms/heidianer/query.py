"""What may be asked of Heidianer's list, in its words: every filter of ours is one of its own."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from clawver_orders.errors import InvalidArgument
from clawver_orders.order import FulfillmentStatus, PaymentStatus, Query, Status

# The states of an order are three fields there. Each status of ours is an order_status, and maybe one of some
# words for payment and for fulfilment; wire.py reads them back in the same way.
_STATES: Final[Mapping[Status, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "pending": ("open", ("pending", "partially_paid"), ()),
    "confirmed": ("open", ("paid", "refunded"), ("pending",)),
    "processing": ("open", ("paid", "refunded"), ("partial",)),
    "shipped": ("open", ("paid", "refunded"), ("fulfilled",)),
    "completed": ("closed", (), ()),
    "cancelled": ("cancelled", (), ()),
}
_PAYMENTS: Final[Mapping[PaymentStatus, str]] = {
    "pending": "pending",
    "partially_paid": "partially_paid",
    "paid": "paid",
    "refunded": "refunded",
}
_FULFILLMENTS: Final[Mapping[FulfillmentStatus, str]] = {
    "unfulfilled": "pending",
    "partially_fulfilled": "partial",
    "fulfilled": "fulfilled",
}
STATUSES: Final = tuple(_STATES)
PAYMENT_STATUSES: Final = tuple(_PAYMENTS)
FULFILLMENT_STATUSES: Final = tuple(_FULFILLMENTS)

_MAX_SEARCHED: Final = 50
_CURSOR: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_CUSTOMER: Final = re.compile(r"customer:\s*([0-9]{1,18})", re.ASCII | re.IGNORECASE)
_PHONE: Final = re.compile(r"1[0-9]{10}|\+[0-9]{5,15}", re.ASCII)
# Order numbers have 23 to 25 digits in the vendor's samples; ids are counted up from one.
_NUMBER: Final = re.compile(r"[0-9]{20,40}", re.ASCII)
_ID: Final = re.compile(r"[0-9]{1,10}", re.ASCII)


def page_number(query: Query) -> int:
    """The page that is asked for; 1 where no cursor is given.

    Raises:
        InvalidArgument: The cursor is none of this platform's.
    """
    if query.cursor is None:
        return 1
    if not _CURSOR.fullmatch(query.cursor):
        raise InvalidArgument(
            "cursor is not one of this store's", "Take next_cursor of the page before, unchanged", field="cursor"
        )
    return int(query.cursor)


def parameters(query: Query) -> dict[str, str] | None:
    """The list's parameters; None where no order can be what is asked for, such as one unpaid and confirmed.

    Raises:
        InvalidArgument: A word, a search or a cursor that Heidianer has no filter for.
    """
    params = {"page": str(page_number(query)), "page_size": str(query.limit)}
    order_status, payments, fulfillments = "", tuple[str, ...](), tuple[str, ...]()
    if query.status is not None:
        order_status, payments, fulfillments = _words_of_status(query.status)
    if query.payment_status is not None:
        word = _PAYMENTS.get(query.payment_status)
        if word is None:
            raise _no_word("payment_status", query.payment_status, PAYMENT_STATUSES)
        if payments and word not in payments:
            return None
        payments = (word,)
    if query.fulfillment_status is not None:
        word = _FULFILLMENTS.get(query.fulfillment_status)
        if word is None:
            raise _no_word("fulfillment_status", query.fulfillment_status, FULFILLMENT_STATUSES)
        if fulfillments and word not in fulfillments:
            return None
        fulfillments = (word,)
    if query.payment_method is not None:
        raise InvalidArgument(
            "Heidianer's list cannot be filtered by payment method",
            "Leave payment_method out; list_transactions shows an order's",
            field="payment_method",
        )
    if order_status:
        params["order_status"] = order_status
    params |= _one_or_in("financial_status", payments) | _one_or_in("fulfillment_status", fulfillments)
    if query.search is not None:
        params |= _searched(query.search)
    if query.after is not None:
        params[f"{query.date_field}_at__gte"] = _stamp(query.after, "after")
    if query.before is not None:
        params[f"{query.date_field}_at__lte"] = _stamp(query.before, "before")
    params["order_by"] = f"{'-' if query.sort == 'newest' else ''}{query.date_field}_at"
    return params


def _words_of_status(status: Status) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    if status not in _STATES:
        if status == "delivered":
            raise InvalidArgument(
                'Heidianer has no status "delivered"',
                'Use "shipped", or "completed" for closed orders',
                field="status",
            )
        raise _no_word("status", status, STATUSES)
    return _STATES[status]


def _no_word(field: str, word: str, known: tuple[str, ...]) -> InvalidArgument:
    name = field.replace("_", " ")
    return InvalidArgument(f'Heidianer has no {name} "{word}"', f"Use one of: {', '.join(known)}", field=field)


def _one_or_in(name: str, words: tuple[str, ...]) -> dict[str, str]:
    if not words:
        return {}
    return {name if len(words) == 1 else f"{name}__in": ",".join(words)}


def _searched(search: str) -> dict[str, str]:
    """The filter for what somebody looks for: a buyer, a phone, an order's number, or ids.

    Raises:
        InvalidArgument: It is none of these; an e-mail address above all, which the API cannot search.
    """
    text = search.strip()
    if "@" in text:
        raise InvalidArgument(
            "Heidianer's orders cannot be searched by e-mail address",
            "Search by the buyer's phone number, an order number, or order ids with commas",
            field="search",
        )
    if customer := _CUSTOMER.fullmatch(text):
        return {"customer": customer[1]}
    phone = re.sub(r"[ ().-]", "", text)
    phone = re.sub(r"^(?:\+|00)86", "", phone)
    if _PHONE.fullmatch(phone):
        return {"customer__mobile": phone}
    parts = list(dict.fromkeys(part.strip() for part in text.split(",")))
    if len(parts) > _MAX_SEARCHED:
        raise InvalidArgument(
            f"search names {len(parts)} orders", f"Name at most {_MAX_SEARCHED} at a time", field="search"
        )
    for name, form in (("order_number", _NUMBER), ("id", _ID)):
        if all(form.fullmatch(part) for part in parts):
            return {name if len(parts) == 1 else f"{name}__in": ",".join(parts)}
    raise InvalidArgument(
        "Heidianer's orders cannot be searched for such words",
        "Search by the buyer's phone number, by order numbers or ids with commas, or write customer:1001 for a "
        "customer's id",
        field="search",
    )


def _stamp(at: datetime, field: str) -> str:
    """A time such as ``2000-01-01T00:00:00.000Z``; what is finer is rounded so that nothing asked for is missed.

    Raises:
        InvalidArgument: It is at the very end of what a calendar can hold.
    """
    try:
        utc = at.astimezone(UTC) + timedelta(microseconds=999 if field == "before" else 0)
    except OverflowError:
        raise InvalidArgument(
            f"{field} is no day of a shop", "Give a day such as 2026-03-01", field=field
        ) from None
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
