"""What WooCommerce writes in its own way: WordPress's ids, times in GMT without a zone, PHP's lists and objects."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Self

from clawver_orders.platforms import fields
from clawver_orders.platforms.fields import Reading, json_count, json_object

_ID: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
_MOST_PIECES: Final = 10**9


def reading(now: datetime, currency: str | None = None) -> Reading:
    """Begins the reading of an order; its times are in GMT.

    Args:
        now: The present time.
        currency: Of its amounts, where it is known already.
    """
    return Reading(currency, now, UTC)


def json_id(value: object) -> str | None:
    """An id as a string where the value is one: a whole number of WordPress, as number or text."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Fields(fields.Fields):
    """One JSON object in WooCommerce's words."""

    def id(self, name: str) -> str | None:
        """An id, as a string; None for 0, which is WordPress's word for none."""
        value = self.body.get(name)
        return None if value in (None, 0, "", "0") else self._or_warn(json_id(value), name, "an id")

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
        """A moment in whole seconds, as all of WordPress's are."""
        at = fields.Fields.time(self, name)
        return None if at is None else at.replace(microsecond=0)

    def flag(self, name: str) -> bool | None:
        """A yes or no; None where it is not said."""
        value = self.body.get(name)
        return value if isinstance(value, bool) else None

    def quantity(self, name: str) -> int:
        """How many; 1 where the shop does not say it in whole pieces."""
        count = json_count(self.body.get(name))
        if count and count < _MOST_PIECES:
            return count
        self.reading.warn(f"{name} is not a number of pieces; 1 is shown.")
        return 1

    def inside(self, name: str) -> Self | None:
        """An object inside this one. PHP writes an empty one as ``[]``."""
        return None if self.body.get(name) == [] else fields.Fields.inside(self, name)

    def entries(self, name: str) -> list[Self] | None:
        """The objects of a list; None where there is no list. PHP writes a list with gaps as an object."""
        gaps = json_object(self.body.get(name))
        if gaps is None:
            return fields.Fields.entries(self, name)
        return fields.Fields.entries(type(self)({name: list(gaps.values())}, self.reading), name)
