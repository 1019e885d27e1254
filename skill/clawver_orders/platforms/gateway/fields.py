"""What the gateway and Shopify write in their own way: times in the shop's zone, and amounts, rounded half up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final

from clawver_orders.money import Money, from_major
from clawver_orders.platforms import fields
from clawver_orders.platforms.fields import Reading, written_time

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

    def reading(self) -> Reading:
        """Begins the reading of an order of this shop."""
        return Reading(self.currency, self.now(), self.zone)


@dataclass(frozen=True, slots=True)
class Fields(fields.Fields):
    """One JSON object in the words of the gateway or of Shopify."""

    def money(self, name: str, *, signed: bool = False) -> Money | None:
        """An amount, as on every platform, in the gateway's own words for what is wrong with one."""
        value = self.body.get(name)
        if value in (None, "") or self.reading.currency is None:
            return None
        read = from_major(value, self.reading.currency)
        if read is None or (read[0].minor < 0 and not signed):
            return self._or_warn(None, name, "an amount of zero or more")
        if read[1]:
            self.reading.warn(f"{name} has more decimals than {self.reading.currency} has; it is rounded half up.")
        return read[0]

    def time(self, name: str) -> datetime | None:
        """A moment, as on every platform; one without a zone is the wall clock's, which may be in doubt.

        When clocks go back it stands for two moments, of which this is the first; when they go forward, for none.
        """
        at = fields.Fields.time(self, name)
        written = written_time(self.body.get(name))
        if at is None or written is None or written.tzinfo is not None:
            return at
        local = written.replace(tzinfo=self.reading.zone)
        if local.utcoffset() != local.replace(fold=1).utcoffset():
            self.reading.warn(
                f"{name} falls into the hour in which the shop's clocks change, and may be an hour off."
            )
        return at
