"""Money: an exact amount in a currency's own decimals, written as one string such as ``24.99 USD``."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, Self

from clawver_orders.errors import InvalidArgument

# fmt: off
# ISO 4217, list one, without funds, metals and tests. Those whose number of decimals is not two:
_EXPONENTS: Final = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}
# BGN, HRK and ANG are no longer paid with, but stand on orders that are still refunded.
_TWO_DECIMALS: Final = frozenset({
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP",
    "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP",
    "GMD", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS",
    "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT",
    "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB",
    "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD",
    "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
})
# fmt: on
CURRENCIES: Final = _TWO_DECIMALS | frozenset(_EXPONENTS)

# No shop sells for more; a longer number is a mistake or an attack, and would not fit the ledger's 64 bits.
_MAX_DIGITS: Final = 15
_AMOUNT: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,4}))? ([A-Z]{3})", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)


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


def parse(text: object, *, field: str = "amount", currency: str | None = None) -> Money:
    """Read an amount of the form ``24.99 USD`` that a person or a model wrote.

    Only ASCII digits without leading zeros, the currency's own number of decimals, one space, a known ISO 4217
    code. A leading minus is read; whether it is allowed is the caller's question.

    Args:
        text: What was written; anything but a string is refused, a number above all.
        field: The argument's name, for the message.
        currency: The only currency that is allowed here, if there is one.

    Raises:
        InvalidArgument: Anything else; the message shows the form.
    """
    example = Money(2499, currency or "USD")
    match = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[4] not in CURRENCIES:
        raise InvalidArgument(
            f"{field} is not an amount with its currency", f'Write it like "{example}"', field=field
        )
    sign, whole, decimals, code = match[1], match[2], match[3] or "", match[4]
    if currency is not None and code != currency:
        raise InvalidArgument(
            f"{field} is in {code}, and must be in {currency}", f'Write it like "{example}"', field=field
        )
    places = exponent(code)
    if len(decimals) != places:
        wanted = f"must have {places} decimals in {code}" if places else f"has no decimals in {code}"
        raise InvalidArgument(f"{field} {wanted}", f'Write it like "{Money(2499, code)}"', field=field)
    minor = int(whole + decimals)
    if minor >= 10**_MAX_DIGITS:
        raise InvalidArgument(f"{field} is more than any order can be", f'Write it like "{example}"', field=field)
    return Money(-minor if sign else minor, code)


def from_minor(value: object, currency: str) -> Money | None:
    """Money of a whole number of minor units that came over the wire; None where it is absent or not one.

    Accepts int, a whole Decimal, and a string of digits; never a float, a bool, a fraction, NaN or an infinite
    number.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
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
        The money, rounded half up (away from zero) to the currency's decimals, and whether digits were lost by
        that; None where the value is absent, a float, no number or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        return None
    value = Decimal(value)
    if not value.is_finite() or value.adjusted() >= _MAX_DIGITS:
        return None
    places = exponent(currency)
    # A context of its own: the caller's may be too narrow, and rounding twice would make 0.00499… a cent.
    context = Context(prec=2 * _MAX_DIGITS, rounding=ROUND_HALF_UP)
    rounded = value.quantize(Decimal((0, (1,), -places)), context=context)
    minor = int(rounded.scaleb(places, context))
    if abs(minor) >= 10**_MAX_DIGITS:
        return None
    return Money(minor, currency), rounded != value
