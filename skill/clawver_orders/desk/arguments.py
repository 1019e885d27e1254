"""What an assistant wrote, read into what is meant; an empty text means that nothing was said."""

from datetime import date, datetime, time, tzinfo
from typing import Final, cast, get_args

from clawver_orders.errors import InvalidArgument
from clawver_orders.order import (
    FULFILLMENT_STATUSES,
    PAYMENT_STATUSES,
    STATUSES,
    DateField,
    FulfillmentStatus,
    PaymentStatus,
    Query,
    Sort,
    Status,
)
from clawver_orders.store import Capabilities

_COMMENT_CAP: Final = 1000


def query(
    *,
    status: str,
    payment_status: str,
    fulfillment_status: str,
    payment_method: str,
    search: str,
    after: str,
    before: str,
    date_field: str,
    sort: str,
    limit: int,
    cursor: str,
    zone: tzinfo | None,
) -> Query:
    """What to list. ``after`` and ``before`` are days in the desk's zone, or times; both are inclusive.

    Raises:
        InvalidArgument: Something is not of the right form; the message shows what is.
    """
    if not 1 <= limit <= 100:
        raise InvalidArgument("limit is not between 1 and 100", "Ask for 1 to 100 orders", field="limit")
    since, until = _moment(after, "after", time.min, zone), _moment(before, "before", time.max, zone)
    if since and until and since > until:
        raise InvalidArgument("after is later than before", "Give the earlier one as after", field="after")
    return Query(
        status=cast("Status | None", _word(status, STATUSES, "status")),
        payment_status=cast("PaymentStatus | None", _word(payment_status, PAYMENT_STATUSES, "payment_status")),
        fulfillment_status=cast(
            "FulfillmentStatus | None", _word(fulfillment_status, FULFILLMENT_STATUSES, "fulfillment_status")
        ),
        payment_method=payment_method.strip() or None,
        search=search.strip() or None,
        after=since,
        before=until,
        date_field=cast("DateField", _word(date_field, get_args(DateField), "date_field") or "created"),
        sort=cast("Sort", _word(sort, get_args(Sort), "sort") or "newest"),
        limit=limit,
        cursor=cursor or None,
    )


def refuse_fulfillment(word: str, capabilities: Capabilities) -> None:
    """Refuse a fulfilment status by which a store's list cannot be filtered.

    Raises:
        InvalidArgument: It cannot.
    """
    known = capabilities.fulfillment_statuses
    if word and word not in known:
        raise InvalidArgument(
            f"This shop's list cannot be filtered by fulfillment_status {word}",
            f"Use one of: {', '.join(known)}" if known else "Leave fulfillment_status out",
            field="fulfillment_status",
        )


def comment(written: str) -> str:
    """A comment as it is sent: as it was written, since it is the shop's own word to its buyer.

    Raises:
        InvalidArgument: It is empty, too long, or holds characters that cannot be seen.
    """
    kept = written.strip()
    if not kept or len(kept) > _COMMENT_CAP or not kept.replace("\n", "").isprintable():
        raise InvalidArgument(
            f"comment is empty, longer than {_COMMENT_CAP} characters, or holds characters that cannot be seen",
            "Say it in ordinary characters, and in fewer words",
            field="comment",
        )
    return kept


def _moment(written: str, field: str, of_day: time, zone: tzinfo | None) -> datetime | None:
    """A time, or a whole day."""
    if not written:
        return None
    try:
        if len(written) == 10:
            return datetime.combine(date.fromisoformat(written), of_day, zone)
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidArgument(
            f"{field} is neither a day nor a time with its zone",
            "Write 2026-01-31, or 2026-01-31T09:00:00Z",
            field=field,
        )
    return moment


def _word(written: str, words: tuple[str, ...], field: str) -> str | None:
    if written and written not in words:
        raise InvalidArgument(f"{field} is not a word of this desk", f"Use one of: {', '.join(words)}", field=field)
    return written or None
