"""Reads one JSON object of a shop's field by field: what has a wrong form is absent, and is warned about.

Documents show a few bodies, and shops add to them and change them. So no field but an id can be relied on, and a
single wrong field must not hide the whole order. What a platform reads in another way stands in its own fields.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

from clawver_orders.errors import BadResponseError
from clawver_orders.money import CURRENCIES, Money, from_major
from clawver_orders.text import clean

_T = TypeVar("_T")
_ID: Final = re.compile(r"[!-~]{1,200}")
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_URL: Final = re.compile(r"https?://[!-~]{1,2000}", re.IGNORECASE)
# Zero and other placeholders decode to 1970; no shop of these kinds is older.
_OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
# A clock that runs ahead or a mistaken zone is less than a day off.
_AHEAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What all fields of one order share.

    Attributes:
        currency: Of its amounts; None where it is not known, and so no amount can be read.
        now: The present time; later moments are wrong.
        zone: Of times that come without one; None where these are wrong.
        warnings: Sentences of ours, in their order.
    """

    currency: str | None
    now: datetime
    zone: tzinfo | None = None
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, sentence: str) -> None:
        """Keep a sentence of ours for the order's ``warnings``, once however often it is said."""
        self.warnings[sentence] = None


def json_object(value: object) -> Mapping[str, object] | None:
    """The value where it is a JSON object."""
    return value if isinstance(value, dict) else None


def json_id(value: object) -> str | None:
    """An id as a string where the value is one: printable ASCII without spaces, or a whole number as it stood."""
    if isinstance(value, str):
        return value if _ID.fullmatch(value) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**30:
        return str(value)
    return None


def json_count(value: object) -> int | None:
    """A whole number from 0 to 10^12 where the value is one, also as 3.0."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, Decimal) and (not value.is_finite() or value.adjusted() > 12 or value % 1):
        return None
    return int(value) if 0 <= value <= 10**12 else None


def written_time(value: object) -> datetime | None:
    """A time as it is written, aware only if its zone is; digits after microseconds are cut."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{(offset or '').upper()}")
    except ValueError:
        return None


def json_time(value: object, zone: tzinfo | None = None) -> datetime | None:
    """A moment in UTC where the value is a time; one without a zone is of ``zone``, if there is one."""
    at = written_time(value)
    if at is None or (at.tzinfo is None and zone is None):
        return None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def web_address(value: object) -> str | None:
    """The value where it is an http or https address of printable ASCII with a host and no user in it."""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.hostname and "@" not in parts.netloc else None


def checked_id(
    order_id: str | None, asked: str | None, if_it_stays: str = "report it to the shop's support"
) -> str:
    """The id of an order's body, which must be the one asked for, if one was.

    Raises:
        BadResponseError: It is unusable, or another order's.
    """
    if order_id is None:
        raise BadResponseError(
            "the shop's answer holds an order without a usable id", f"Try once more; if it stays, {if_it_stays}"
        )
    if asked is not None and order_id != asked:
        raise BadResponseError(
            "the shop answered with another order than the one asked for",
            "Check the order id and try once more; do nothing with the answer",
        )
    return order_id


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object in the vendor's words; every method reads a field by its name.

    Absent, null and the empty text are the same. Texts come cleaned, times in UTC, money in the order's currency.
    """

    body: Mapping[str, object]
    reading: Reading

    def _or_warn(self, found: _T | None, name: str, promised: str) -> _T | None:
        if found is None:
            self.reading.warn(f"{name} is not {promised}; it is left out.")
        return found

    def text(self, name: str, cap: int = 200, *, lines: bool = False, cards: bool = True) -> str | None:
        """A text of a person or of the shop, cleaned and cut at ``cap``; ``lines`` and ``cards`` as in text.py."""
        value = self.body.get(name)
        if isinstance(value, str):
            return clean(value, cap, lines=lines, cards=cards) or None
        return None if value is None else self._or_warn(None, name, "a text")

    def id(self, name: str) -> str | None:
        """An id, as a string; whole numbers keep all their digits."""
        value = self.body.get(name)
        return None if value in (None, "") else self._or_warn(json_id(value), name, "an id")

    def money(self, name: str, *, signed: bool = False) -> Money | None:
        """An amount in the currency's main unit; zero or more, unless it may be below."""
        value = self.body.get(name)
        if value in (None, "") or self.reading.currency is None:
            return None
        found = from_major(value, self.reading.currency)
        if found is None or (found[0].minor < 0 and not signed):
            return self._or_warn(None, name, "an amount")
        if found[1]:
            self.reading.warn(f"{name} has more decimals than {self.reading.currency}; it is rounded.")
        return found[0]

    def time(self, name: str) -> datetime | None:
        """A moment between the year 2000 and now."""
        value, zone = self.body.get(name), self.reading.zone
        if value in (None, ""):
            return None
        at = self._or_warn(json_time(value, zone), name, "a time" if zone else "a time with its zone")
        if at is None or _OLDEST <= at <= self.reading.now + _AHEAD:
            return at
        return self._or_warn(None, name, "a time between the year 2000 and now")

    def quantity(self, name: str) -> int:
        """How many; 1 where the shop does not say it."""
        value = self.body.get(name)
        if value is None:
            return 1
        count = json_count(value)
        if not count:
            self.reading.warn(f"{name} is not a number of pieces; 1 is shown.")
        return count or 1

    def address(self, name: str) -> str | None:
        """A web address that is safe to show as a link."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        return self._or_warn(web_address(value), name, "a plain http or https address")

    def currency(self, name: str) -> str | None:
        """An ISO 4217 code."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        code = value.upper() if isinstance(value, str) else ""
        return self._or_warn(code if code in CURRENCIES else None, name, "a currency")

    def inside(self, name: str) -> Self | None:
        """An object inside this one."""
        value = self.body.get(name)
        inner = json_object(value)
        if inner is not None:
            return type(self)(inner, self.reading)
        return None if value is None else self._or_warn(None, name, "an object")

    def entries(self, name: str) -> list[Self] | None:
        """The objects of a list; None where there is no list."""
        value = self.body.get(name)
        if not isinstance(value, list):
            return None if value is None else self._or_warn(None, name, "a list")
        found = [type(self)(inner, self.reading) for entry in value if (inner := json_object(entry)) is not None]
        if len(found) < len(value):
            self.reading.warn(f"An entry of {name} is not an object; it is left out.")
        return found
