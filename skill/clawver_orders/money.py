"""Money: an exact amount in a currency's own decimals, written as one string such as ``24.99 USD``."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Self

from clawver_orders.errors import InvalidArgument

# ISO 4217 currencies whose number of decimals is not two (list one, minor units).
_EXPONENTS: Final = {
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
_TWO_DECIMALS: Final = frozenset(
    ["AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG"]
)
CURRENCIES: Final = _TWO_DECIMALS | frozenset(_EXPONENTS)

# No shop sells for more; a longer number is a mistake or an attack (and would make Decimal work hard).
_MAX_DIGITS: Final = 15
_AMOUNT: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,4}))? ([A-Z]{3})", re.ASCII)


def exponent(currency: str) -> int:
    """The number of decimals of an ISO 4217 currency, such as 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of a currency; may be negative or zero.

    Attributes:
        minor: The amount in the currency's smallest unit: 2499 for 24.99 USD, 1500 for 1500 JPY.
        currency: An ISO 4217 code.
    """

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{self.number} {self.currency}"

    @property
    def number(self) -> str:
        """The amount without its currency, in the currency's own decimals: ``24.99``."""
        places = exponent(self.currency)
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"

    def _same(self, other: Self) -> Self:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} are never added or compared")
        return other

    def __add__(self, other: Self) -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Self) -> bool:
        return self.minor <= self._same(other).minor


def parse(text: str, *, field: str = "amount", currency: str | None = None) -> Money:
    """Read an amount of the form ``24.99 USD`` that a person or a model wrote.

    Only ASCII digits, the currency's own number of decimals, one space, a known ISO 4217 code. A leading minus
    is read; whether it is allowed is the caller's question.

    Args:
        text: What was written.
        field: The argument's name, for the message.
        currency: The only currency that is allowed here, if there is one.

    Raises:
        InvalidArgument: Anything else; the message shows the form.
    """
    example = Money(2499, currency or "USD")
    match = _AMOUNT.fullmatch(text)
    if match is None or match[4] not in CURRENCIES:
        raise InvalidArgument(
            f"{field} is not an amount with its currency", f'Write it like "{example}"', field=field
        )
    sign, whole, decimals, code = match.groups()
    if currency is not None and code != currency:
        raise InvalidArgument(
            f"{field} is in {code}, the order is in {currency}", f'Write it like "{example}"', field=field
        )
    places = exponent(code)
    if len(decimals or "") != places:
        form = Money(2499, code)
        raise InvalidArgument(
            f"{field} must have {places} decimals in {code}"
            if places
            else f"{field} has no decimals in {code}",
            f'Write it like "{form}"',
            field=field,
        )
    minor = int(whole + (decimals or ""))
    return Money(-minor if sign else minor, code)


def from_minor(value: object, currency: str) -> Money | None:
    """Money of a whole number of minor units that came over the wire; None where it is absent or not one.

    Accepts int, a whole Decimal, and a string of digits; never a bool, a fraction, NaN or an infinite number.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not re.fullmatch(r"-?[0-9]{1,15}", value, re.ASCII):
            return None
        value = int(value)
    if isinstance(value, Decimal):
        if not value.is_finite() or value.adjusted() >= _MAX_DIGITS or value != value.to_integral_value():
            return None
        value = int(value)
    if not isinstance(value, int) or abs(value) >= 10**_MAX_DIGITS:
        return None
    return Money(value, currency)


def from_major(value: object, currency: str) -> tuple[Money, bool] | None:
    """Money of an amount in major units that came over the wire, such as ``"24.99"`` or Decimal("24.990").

    Returns:
        The money, rounded half up to the currency's decimals, and whether digits were lost by that; None where
        the value is absent or no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    if isinstance(value, str):
        if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", value, re.ASCII):
            return None
        value = Decimal(value)
    if isinstance(value, int):
        if abs(value) >= 10**_MAX_DIGITS:
            return None
        value = Decimal(value)
    if not value.is_finite() or value.adjusted() >= _MAX_DIGITS:
        return None
    exact = value.scaleb(exponent(currency))
    minor = exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Money(int(minor), currency), minor != exact
