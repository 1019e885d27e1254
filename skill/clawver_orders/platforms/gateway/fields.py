"""Reads one JSON object of the gateway's or of Shopify's field by field: what has a wrong form is absent, and said.

Amounts come as numbers and as texts in one body, times with a zone and without one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlsplit

from clawver_orders.money import CURRENCIES, Money, from_major
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
# China has had one zone without summer time since 1991, so no table of zones is needed for it.
ASSUMED_ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Shop:
    """What the settings say of a shop and its answers do not.

    Attributes:
        name: The store's name.
        currency: Assumed where an answer names none; None where nothing is assumed.
        zone: Of times that come without one.
        zone_assumed: Whether the settings are silent about the zone.
        now: The present time, aware.
    """

    name: str
    currency: str | None
    zone: tzinfo
    zone_assumed: bool
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Reading:
    """What all fields of one order share: the currency, if known, the zone, and the warnings in their order."""

    currency: str | None
    zone: tzinfo
    now: datetime
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
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    return None


def json_count(value: object) -> int | None:
    """A whole number from 0 to 10^12 where the value is one, also as 3.0."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, Decimal) and (not value.is_finite() or value.adjusted() > 12 or value % 1):
        return None
    return int(value) if 0 <= value <= 10**12 else None


def json_time(value: object, zone: tzinfo) -> tuple[datetime, bool] | None:
    """A moment in UTC, and whether it is beyond doubt; None where the value is no time.

    A time without a zone is the wall clock's in ``zone``. When clocks go back it stands for two moments, of which
    this is the first; when they go forward it stands for none.
    """
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, clock, fraction, said = match.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{(said or '').upper()}")
        if said:
            return at.astimezone(UTC), True
        local = at.replace(tzinfo=zone)
        return local.astimezone(UTC), local.utcoffset() == local.replace(fold=1).utcoffset()
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

    Absent and null are the same. Texts come cleaned, times in UTC, money in the order's currency.
    """

    body: Mapping[str, object]
    reading: Reading

    def _or_warn(self, found: _T | None, name: str, promised: str) -> _T | None:
        if found is None:
            self.reading.warn(f"{name} is not {promised}; it is left out.")
        return found

    def text(self, name: str, cap: int = 200, *, lines: bool = False, cards: bool = True) -> str | None:
        """A text of a person or of the shop, cleaned and cut at ``cap`` characters; an empty one is none."""
        value = self.body.get(name)
        if isinstance(value, str):
            return clean(value, cap, lines=lines, cards=cards) or None
        return None if value is None else self._or_warn(None, name, "a text")

    def word(self, name: str) -> str | None:
        """A short word of the vendor's: as it is where it is one, else cleaned and cut."""
        value = self.body.get(name)
        if isinstance(value, str) and value.isascii() and value.isidentifier() and len(value) <= 40:
            return value
        return self.text(name, 40)

    def id(self, name: str) -> str | None:
        """An id, as a string; whole numbers keep all their digits."""
        value = self.body.get(name)
        return None if value in (None, "") else self._or_warn(json_id(value), name, "an id")

    def money(self, name: str) -> Money | None:
        """An amount of zero or more in the currency's main unit; None, too, where the currency is not known."""
        value = self.body.get(name)
        if value in (None, "") or self.reading.currency is None:
            return None
        read = from_major(value, self.reading.currency)
        if read is None or read[0].minor < 0:
            return self._or_warn(None, name, "an amount of zero or more")
        if read[1]:
            self.reading.warn(f"{name} has more decimals than {self.reading.currency} has; it is rounded half up.")
        return read[0]

    def time(self, name: str) -> datetime | None:
        """A moment between the year 2000 and now; without a zone of its own, in the shop's."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        read = self._or_warn(json_time(value, self.reading.zone), name, "a time")
        if read is None:
            return None
        at, certain = read
        if not _OLDEST <= at <= self.reading.now + _AHEAD:
            return self._or_warn(None, name, "a time between the year 2000 and now")
        if not certain:
            self.reading.warn(
                f"{name} falls into the hour in which the shop's clocks change, and may be an hour off."
            )
        return at

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

    def inside(self, name: str) -> "Fields | None":
        """An object inside this one."""
        value = self.body.get(name)
        inner = json_object(value)
        if inner is not None:
            return Fields(inner, self.reading)
        return None if value is None else self._or_warn(None, name, "an object")

    def entries(self, name: str) -> "list[Fields] | None":
        """The objects of a list; None where there is no list."""
        value = self.body.get(name)
        if not isinstance(value, list):
            return None if value is None else self._or_warn(None, name, "a list")
        inner = [json_object(entry) for entry in value]
        if None in inner:
            self.reading.warn(f"An entry of {name} is not an object; it is left out.")
        return [Fields(entry, self.reading) for entry in inner if entry is not None]
