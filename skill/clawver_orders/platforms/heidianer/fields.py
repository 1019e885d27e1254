"""Reads one JSON object of Heidianer's field by field: what has a wrong form is absent, and is warned about.

The vendor shows one body of each kind and calls its list of fields a part. So no field but an id can be relied
on, and a single wrong field must not hide the whole order.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, TypeVar
from urllib.parse import urlsplit

from clawver_orders.money import Money, from_major
from clawver_orders.text import clean

_T = TypeVar("_T")
_ID: Final = re.compile(r"[!-~]{1,200}")
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_URL: Final = re.compile(r"https?://[!-~]{1,2000}", re.IGNORECASE)
# Zero and other placeholders decode to 1970; no shop of this kind is older.
_OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
# A clock that runs ahead or a mistaken zone is less than a day off.
_AHEAD: Final = timedelta(days=1)
# China has had one zone and no summer time since 1991.
BEIJING: Final = timezone(timedelta(hours=8))
# What Heidianer writes where there is nothing; the last means "needs no parcel service".
NOTHING: Final = ("", "--", "不需要物流")


@dataclass(frozen=True, slots=True)
class Reading:
    """What all fields of one order share: the currency, the present time, and the warnings in their order."""

    currency: str
    now: datetime
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, sentence: str) -> None:
        """Keep a sentence of ours for the order's ``warnings``, once however often it is said."""
        self.warnings[sentence] = None


def json_object(value: object) -> Mapping[str, object] | None:
    """The value where it is a JSON object."""
    return value if isinstance(value, dict) else None


def json_id(value: object) -> str | None:
    """An id as a string where the value is one: printable ASCII without spaces, or a whole number."""
    if isinstance(value, str):
        return value if _ID.fullmatch(value) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**30:
        return str(value)
    return None


def json_count(value: object) -> int | None:
    """A whole number from 0 to 10^12 where the value is one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= 10**12 else None


def json_time(value: object, zone: timezone | None = None) -> datetime | None:
    """A moment in UTC where the value is a time; one without a zone is of ``zone``, if there is one."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match[4] is None and zone is None):
        return None
    day, clock, fraction, offset = match.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{(offset or '').upper()}")
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


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object in the vendor's words; every method reads a field by its name.

    Absent and null are the same. Texts come cleaned, times in UTC, money in the store's currency.
    """

    body: Mapping[str, object]
    reading: Reading

    def _or_warn(self, found: _T | None, name: str, promised: str) -> _T | None:
        if found is None:
            self.reading.warn(f"{name} is not {promised}; it is left out.")
        return found

    def text(self, name: str, cap: int = 200, *, cards: bool = True) -> str | None:
        """A text of a person or of the shop, cleaned and cut at ``cap``; None where it only says "nothing"."""
        value = self.body.get(name)
        if isinstance(value, str):
            return None if value.strip() in NOTHING else clean(value, cap, cards=cards) or None
        return None if value is None else self._or_warn(None, name, "a text")

    def word(self, name: str, known: Container[str]) -> str | None:
        """A word of the documents as it is, another one cleaned and cut."""
        value = self.body.get(name)
        return value if isinstance(value, str) and value in known else self.text(name, 40)

    def id(self, name: str) -> str | None:
        """An id, as a string."""
        value = self.body.get(name)
        return None if value in (None, "") else self._or_warn(json_id(value), name, "an id")

    def money(self, name: str) -> Money | None:
        """An amount of zero or more in whole yuan and its decimals."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        amount, lost = from_major(value, self.reading.currency) or (None, False)
        if amount is not None and amount.minor < 0:
            amount = None
        if lost:
            self.reading.warn(f"{name} has more decimals than {self.reading.currency}; it is rounded.")
        return self._or_warn(amount, name, "an amount")

    def time(self, name: str) -> datetime | None:
        """A moment with its zone, between the year 2000 and now."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        at = self._or_warn(json_time(value), name, "a time with its zone")
        if at is None or _OLDEST <= at <= self.reading.now + _AHEAD:
            return at
        return self._or_warn(None, name, "a time between the year 2000 and now")

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.body.get(name)
        if value is None or isinstance(value, bool):
            return value
        return self._or_warn(None, name, "true or false")

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
        if value is None or (isinstance(value, str) and value.strip() in NOTHING):
            return None
        return self._or_warn(web_address(value), name, "a plain http or https address")

    def inside(self, name: str) -> "Fields | None":
        """An object inside this one."""
        value = self.body.get(name)
        inner = json_object(value)
        if inner is not None:
            return Fields(inner, self.reading)
        return None if value is None else self._or_warn(None, name, "an object")

    def entries(self, name: str) -> "list[Fields]":
        """The objects of a list; what is no object is warned about, and where there is no list there are none."""
        value = self.body.get(name)
        if isinstance(value, list):
            return [entry for each in value if (entry := self._entry(name, each)) is not None]
        if value is not None:
            self._or_warn(None, name, "a list")
        return []

    def _entry(self, name: str, entry: object) -> "Fields | None":
        inner = json_object(entry)
        if inner is not None:
            return Fields(inner, self.reading)
        return self._or_warn(None, f"An entry of {name}", "an object")
