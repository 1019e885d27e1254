"""Reads one JSON object of WooCommerce's field by field: what has a wrong form is absent, and is warned about.

Plugins add to and change every body, so no field but an id can be relied on, and a single wrong field must not hide
the whole order.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlsplit

from clawver_orders.money import CURRENCIES, Money, from_major
from clawver_orders.text import clean

_T = TypeVar("_T")
_ID: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?Z?", re.ASCII
)
_URL: Final = re.compile(r"https?://[!-~]{1,2000}", re.IGNORECASE)
# Zero and other placeholders decode to 1970; WooCommerce is younger than this.
_OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
# A clock that runs ahead or a mistaken zone is less than a day off.
_AHEAD: Final = timedelta(days=1)
_MOST_PIECES: Final = 10**9


@dataclass(frozen=True, slots=True)
class Reading:
    """What all fields of one order share: the present time, and the warnings in their order."""

    now: datetime
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, sentence: str) -> None:
        """Keep a sentence of ours for the order's ``warnings``, once however often it is said."""
        self.warnings[sentence] = None


def json_object(value: object) -> Mapping[str, object] | None:
    """The value where it is a JSON object."""
    return value if isinstance(value, dict) else None


def json_id(value: object) -> str | None:
    """An id as a string where the value is one: a whole number of WordPress, as number or text."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def json_time(value: object) -> datetime | None:
    """A moment in UTC where the value is one of WordPress's GMT times, which come without a zone."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=UTC)
    except ValueError:
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
    """One JSON object in WooCommerce's words; every method reads a field by its name.

    Absent and null are the same, and mostly the empty text too. Texts come cleaned, times in UTC.
    """

    body: Mapping[str, object]
    reading: Reading

    def _or_warn(self, found: _T | None, name: str, promised: str) -> _T | None:
        if found is None:
            self.reading.warn(f"{name} is not {promised}; it is left out.")
        return found

    def text(self, name: str, cap: int = 200, *, lines: bool = False, cards: bool = True) -> str | None:
        """A text of a person or of the shop, cleaned and cut at ``cap`` characters; None where nothing is left."""
        value = self.body.get(name)
        if isinstance(value, str):
            return clean(value, cap, lines=lines, cards=cards) or None
        return None if value is None else self._or_warn(None, name, "a text")

    def id(self, name: str) -> str | None:
        """An id, as a string; None for 0, which is WordPress's word for none."""
        value = self.body.get(name)
        if value in (None, 0, "", "0"):
            return None
        return self._or_warn(json_id(value), name, "an id")

    def money(self, name: str, currency: str | None, *, signed: bool = False) -> Money | None:
        """An amount in major units, such as ``"22.85"``; zero or more, unless it may be below."""
        value = self.body.get(name)
        if value in (None, "") or currency is None:
            return None
        found = from_major(value, currency)
        if found is None or (found[0].minor < 0 and not signed):
            return self._or_warn(None, name, "an amount")
        if found[1]:
            self.reading.warn(f"{name} has more decimals than {currency}; it is rounded.")
        return found[0]

    def number(self, name: str) -> Decimal | None:
        """A whole number that comes as digits in a text, as all amounts of the Store API do."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        if (
            isinstance(value, int | str)
            and not isinstance(value, bool)
            and re.fullmatch(r"[0-9]{1,15}", str(value))
        ):
            return Decimal(value)
        return self._or_warn(None, name, "an amount")

    def time(self, name: str) -> datetime | None:
        """A moment between the year 2000 and now, from a field in GMT."""
        value = self.body.get(name)
        if value in (None, ""):
            return None
        at = self._or_warn(json_time(value), name, "a time")
        if at is None or _OLDEST <= at <= self.reading.now + _AHEAD:
            return at
        return self._or_warn(None, name, "a time between the year 2000 and now")

    def flag(self, name: str) -> bool | None:
        """A yes or no; None where it is not said."""
        value = self.body.get(name)
        return value if isinstance(value, bool) else None

    def quantity(self, name: str) -> int:
        """How many; 1 where the shop does not say it in whole pieces."""
        value = self.body.get(name)
        if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < _MOST_PIECES:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_PIECES:
            return value
        self.reading.warn(f"{name} is not a number of pieces; 1 is shown.")
        return 1

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
        return self._or_warn(code if code in CURRENCIES else None, name, "a currency that is known here")

    def inside(self, name: str) -> "Fields | None":
        """An object inside this one. PHP writes an empty one as ``[]``."""
        value = self.body.get(name)
        inner = json_object(value)
        if inner is not None:
            return Fields(inner, self.reading)
        return None if value in (None, []) else self._or_warn(None, name, "an object")

    def entries(self, name: str) -> "list[Fields] | None":
        """The objects of a list; None where there is no list. PHP writes a list with gaps as an object."""
        value = self.body.get(name)
        if isinstance(value, dict):
            value = list(value.values())
        if not isinstance(value, list):
            return None if value is None else self._or_warn(None, name, "a list")
        found = [Fields(inner, self.reading) for entry in value if (inner := json_object(entry)) is not None]
        if len(found) < len(value):
            self.reading.warn(f"An entry of {name} is not an object; it is left out.")
        return found
