"""Amounts: only exact ASCII decimals of the currency's own scale, and nothing that is nearly one."""

from contextlib import suppress
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawver_orders.errors import InvalidArgument
from clawver_orders.money import CURRENCIES, Money, exponent, from_major, from_minor, parse

MINOR = st.integers(-(10**15) + 1, 10**15 - 1)
MONEY = st.builds(Money, MINOR, st.sampled_from(sorted(CURRENCIES)))
SCALES = {"USD": 2, "EUR": 2, "CNY": 2, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3, "CLF": 4}


def kind(value: object) -> str:
    """A test's name for a value that may be too long to write down."""
    return type(value).__name__


def read(written: str) -> Money | None:
    """What parse makes of it; None where it refuses as it should."""
    with suppress(InvalidArgument):
        return parse(written)
    with pytest.raises(InvalidArgument, match=r'"[0-9.]+ [A-Z]{3}"\.$') as caught:
        parse(written)
    assert caught.value.field == "amount"
    return None


@given(MONEY)
def test_what_is_written_is_read_again(money: Money) -> None:
    assert parse(str(money)) == money
    assert parse(str(money), currency=money.currency) == money


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money(2499, "USD"), "24.99 USD"),
        (Money(-5, "USD"), "-0.05 USD"),
        (Money(0, "USD"), "0.00 USD"),
        (Money(1500, "JPY"), "1500 JPY"),
        (Money(0, "JPY"), "0 JPY"),
        (Money(1, "KWD"), "0.001 KWD"),
        (Money(-12345, "CLF"), "-1.2345 CLF"),
    ],
)
def test_money_is_written_in_the_currencys_own_decimals(money: Money, written: str) -> None:
    assert str(money) == written
    assert f"{money.number} {money.currency}" == written


@pytest.mark.parametrize(("currency", "places"), SCALES.items())
def test_each_currency_has_its_own_number_of_decimals(currency: str, places: int) -> None:
    """Hostile 10: JPY 0, KWD 3."""
    assert exponent(currency) == places
    for other in range(6):
        written = "1" + ("." + "0" * other if other else "") + f" {currency}"
        if other == places:
            assert parse(written) == Money(10**places, currency)
        else:
            with pytest.raises(InvalidArgument, match=r"decimals|not an amount"):
                parse(written)


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.text("0123456789.-+eE_, USDJPYKW١２", max_size=30),
        st.from_regex(r"-?[0-9]{0,20}\.?[0-9]{0,6} ?(USD|JPY|KWD|usd|XXX)?", fullmatch=True),
    )
)
@example("1.00 USD\n")
def test_only_exact_ascii_decimals_are_amounts_and_anything_else_is_our_error(written: str) -> None:
    money = read(written)
    if money is None:
        return
    number, code = written.split(" ")
    assert written.isascii()
    assert str(abs(money.minor)).rjust(exponent(code) + 1, "0") == number.lstrip("-").replace(".", "")
    assert Fraction(money.minor, 10 ** exponent(code)) == Fraction(number)


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, 249900, 24.0, 24.5, -5, 0, -0.0, 2**63, 2**70, 10**400),
        *(float("nan"), float("inf"), Decimal("24.99"), None, [], {}, b"24.99 USD", ["24.99 USD"]),
        *("249900", "24.99", "", " ", "full", "NaN USD", "Infinity USD", "1e400 USD", "1e3 USD", "1_000 USD"),
        *(" 12.00 USD", "12.00 USD ", "12.00  USD", "12.00\tUSD", "12.00\u00a0USD", "12.00USD", "USD 12.00"),
        *("$12.00", "+5.00 USD", "--5.00 USD", "0x10 USD", "１２.00 USD", "١٢.00 USD", "12,00 USD", "1,200.00 USD"),
        *(".50 USD", "5. USD", "012.00 USD", "00.50 USD", "12.00 usd", "12.00 Usd", "12.00 XXX", "12.00 US"),
        *("12.00 USDT", '"12.00 USD"', "12.00 USD\x00", "9" * 5000 + " JPY"),
        *(f"{2**63}.00 USD", "1" + "0" * 15 + ".00 USD", "10000000000000.00 USD"),
    ],
    ids=kind,
)  # fmt: skip
def test_whatever_is_nearly_an_amount_is_refused_with_the_form_to_use(value: object) -> None:
    """Hostile 1 to 8 and 10."""
    with pytest.raises(InvalidArgument) as caught:
        parse(value)
    assert str(caught.value).startswith("invalid_argument: amount ")
    assert "USD" in caught.value.next_step


def test_a_whole_number_for_an_amount_shows_how_it_is_written_in_the_orders_currency() -> None:
    """Hostile 9: 2499 for 24.99."""
    with pytest.raises(InvalidArgument, match=r'Write it like "2\.499 KWD"'):
        parse("2499", currency="KWD")


def test_another_currency_than_the_orders_is_refused_and_both_are_named() -> None:
    """Hostile 10."""
    with pytest.raises(InvalidArgument, match="price is in EUR, and must be in USD") as caught:
        parse("24.99 EUR", field="price", currency="USD")
    assert caught.value.field == "price"


def test_the_greatest_amount_fits_into_64_bits() -> None:
    """Hostile 6."""
    assert parse("9999999999999.99 USD").minor == 10**15 - 1
    assert parse("-999999999999999 JPY").minor == -(10**15) + 1
    for written in ("10000000000000.00 USD", "-100000000000.0000 CLF"):
        with pytest.raises(InvalidArgument, match="more than any order"):
            parse(written)


@given(MONEY, MINOR)
def test_sums_and_comparisons_are_those_of_the_minor_units(money: Money, minor: int) -> None:
    other = Money(minor, money.currency)
    assert (money + other).minor == money.minor + minor
    assert (money - other).minor == money.minor - minor
    assert (money + other) - other == money
    assert (money < other) == (money.minor < minor)
    assert (money <= other) == (money.minor <= minor)
    assert (money > other) == (money.minor > minor)


def test_two_currencies_are_never_added_or_compared() -> None:
    dollars, euros = Money(1, "USD"), Money(1, "EUR")
    assert dollars != euros
    for operation in ("__add__", "__sub__", "__lt__", "__le__"):
        with pytest.raises(ValueError, match="USD and EUR"):
            getattr(dollars, operation)(euros)


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        *((0, 0), (2499, 2499), (-5, -5), ("2499", 2499), ("-5", -5), (Decimal(2499), 2499)),
        *((Decimal("2.4990E3"), 2499), (10**15 - 1, 10**15 - 1), ("9" * 15, 10**15 - 1), (Decimal("0E-9"), 0)),
    ],
    ids=kind,
)  # fmt: skip
def test_minor_units_over_the_wire_are_whole_numbers(value: object, minor: int) -> None:
    assert from_minor(value, "USD") == Money(minor, "USD")


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 19.99, 24.0, float("nan"), float("inf")),
        *("", "24.99", " 1", "1 ", "1\n", "١", "1e3", "+1", "0x1"),
        *(10**15, -(10**15), 10**5000, "1" * 16, "9" * 5000, Decimal("24.5"), Decimal("NaN"), Decimal("sNaN")),
        *(Decimal("Infinity"), Decimal("1E309"), Decimal("1E+999999"), Decimal("-1E15"), [], {}, b"1"),
    ],
    ids=kind,
)  # fmt: skip
def test_what_is_no_whole_number_of_minor_units_is_absent(value: object) -> None:
    """Hostile 26."""
    assert from_minor(value, "USD") is None


@pytest.mark.parametrize(
    ("value", "currency", "minor", "lost"),
    [
        ("24.99", "USD", 2499, False),
        ("24.990", "USD", 2499, False),
        (Decimal("24.990000000000"), "USD", 2499, False),
        (24, "USD", 2400, False),
        ("-0.05", "USD", -5, False),
        ("24.995", "USD", 2500, True),
        ("-24.995", "USD", -2500, True),
        ("24.994", "USD", 2499, True),
        ("1500", "JPY", 1500, False),
        ("1500.00", "JPY", 1500, False),
        ("1500.5", "JPY", 1501, True),
        ("1.234", "KWD", 1234, False),
        (Decimal("0.0049999999999999999999999999999999999999"), "USD", 0, True),
        (Decimal("1.0000000000000000000000000000000000000001"), "USD", 100, True),
        (Decimal("1E-99999999"), "USD", 0, True),
        (Decimal("9999999999999.99"), "USD", 10**15 - 1, False),
    ],
)
def test_major_units_over_the_wire_are_rounded_once_and_a_loss_is_told(
    value: object, currency: str, minor: int, lost: bool
) -> None:
    assert from_major(value, currency) == (Money(minor, currency), lost)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 19.99, 24.0, float("nan"), float("-inf")),
        *("", "24,99", " 1", "1.", ".5", "1e3", "NaN", "+1", "١"),
        *(10**15, 10**5000, "1" * 16, "9" * 5000, "1.0000000000001", Decimal("NaN"), Decimal("sNaN")),
        *(Decimal("Infinity"), Decimal("1E309"), Decimal(10**13), Decimal("9999999999999.995"), [], {}, b"1"),
    ],
    ids=kind,
)  # fmt: skip
def test_what_is_no_amount_in_major_units_is_absent(value: object) -> None:
    """Hostile 26."""
    assert from_major(value, "USD") is None


@given(
    st.decimals(allow_nan=True, allow_infinity=True) | st.integers() | st.text() | st.floats(),
    st.sampled_from(sorted(SCALES)),
)
def test_no_number_over_the_wire_raises_and_none_is_off_by_more_than_half_a_unit(
    value: object, currency: str
) -> None:
    from_minor(value, currency)
    major = from_major(value, currency)
    if major is None or isinstance(value, str):
        return
    assert isinstance(value, int | Decimal)
    money, lost = major
    difference = abs(Fraction(value) * 10 ** exponent(currency) - money.minor)
    assert difference <= Fraction(1, 2)
    assert lost == (difference != 0)


def test_the_callers_own_decimal_settings_change_nothing() -> None:
    with localcontext() as context:
        context.prec = 3
        assert from_major("1234567.89", "USD") == (Money(123456789, "USD"), False)
        assert from_minor(Decimal(123456789), "USD") == Money(123456789, "USD")
