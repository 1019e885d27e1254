"""What Clawver writes in its own way: amounts in whole cents, and "--" where there is no address."""

from dataclasses import dataclass

from clawver_orders.money import Money, from_minor
from clawver_orders.platforms import fields


@dataclass(frozen=True, slots=True)
class Reading(fields.Reading):
    """As on every platform; the currency is the assumed one where the body names none."""

    currency: str


@dataclass(frozen=True, slots=True)
class Fields(fields.Fields):
    """One JSON object in Clawver's words."""

    reading: Reading

    def cents(self, name: str) -> Money | None:
        """An amount in whole cents, zero or more."""
        value = self.body.get(name)
        if value is None:
            return None
        amount = from_minor(value, self.reading.currency)
        if amount is not None and amount.minor < 0:
            amount = None
        return self._or_warn(amount, name, "a whole number of cents")

    def address(self, name: str) -> str | None:
        """A web address that is safe to show as a link; "--" stands for none."""
        return None if self.body.get(name) == "--" else fields.Fields.address(self, name)
