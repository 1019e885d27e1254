"""What Heidianer writes in its own way: words that stand for nothing, and times of Beijing without their zone."""

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final

from clawver_orders.platforms import fields

# China has had one zone and no summer time since 1991.
BEIJING: Final = timezone(timedelta(hours=8))
# The last means "needs no parcel service".
NOTHING: Final = ("", "--", "不需要物流")


@dataclass(frozen=True, slots=True)
class Reading(fields.Reading):
    """As on every platform; the currency is always the assumed one."""

    currency: str


@dataclass(frozen=True, slots=True)
class Fields(fields.Fields):
    """One JSON object in Heidianer's words."""

    reading: Reading

    def text(self, name: str, cap: int = 200, *, lines: bool = False, cards: bool = True) -> str | None:
        """A text, as on every platform; None where it only says "nothing"."""
        return None if self._nothing(name) else fields.Fields.text(self, name, cap, lines=lines, cards=cards)

    def address(self, name: str) -> str | None:
        """A web address that is safe to show as a link; None where it only says "nothing"."""
        return None if self._nothing(name) else fields.Fields.address(self, name)

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.body.get(name)
        if value is None or isinstance(value, bool):
            return value
        return self._or_warn(None, name, "true or false")

    def _nothing(self, name: str) -> bool:
        value = self.body.get(name)
        return isinstance(value, str) and value.strip() in NOTHING
