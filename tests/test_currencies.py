"""The currencies that the desk knows, against the list of ISO 4217 as Debian's iso-codes 4.15 has it."""

import pytest

from clawver_orders.errors import InvalidArgument
from clawver_orders.money import CURRENCIES, Money, exponent, from_major, parse

LISTED = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN
SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG
XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWL
"""
NOBODY_PAYS_IN = {
    "funds": "BOV CHE CHW COU MXV USN",
    "units of banks": "XBA XBB XBC XBD XDR XSU XUA",
    "metals": "XAG XAU XPD XPT",
    "for tests, or none": "XTS XXX",
    "withdrawn": "CUC SLL ZWL",
}
SINCE_ADDED = {"XCG", "ZWG"}
DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


def test_every_currency_that_is_paid_in_is_known_and_no_other() -> None:
    unpaid = {code for codes in NOBODY_PAYS_IN.values() for code in codes.split()}
    assert (set(LISTED.split()) - unpaid) | SINCE_ADDED == CURRENCIES


def test_each_has_its_own_number_of_decimals() -> None:
    """Hostile 10."""
    others = {code: places for places, codes in DECIMALS.items() for code in codes.split()}
    assert {code: exponent(code) for code in CURRENCIES} == {code: others.get(code, 2) for code in CURRENCIES}


@pytest.mark.parametrize(
    ("written", "currency", "told"),
    [
        ("12,00", None, 'amount is not an amount with its currency. Write it like "24.99 USD".'),
        ("12.00 EUR", "USD", 'amount is in EUR, and must be in USD. Write it like "24.99 USD".'),
        ("12 USD", None, 'amount must have 2 decimals in USD. Write it like "24.99 USD".'),
        ("12.5 USD", None, 'amount must have 2 decimals in USD. Write it like "24.99 USD".'),
        ("12.00000 USD", None, 'amount is not an amount with its currency. Write it like "24.99 USD".'),
        (f"1{'0' * 15} JPY", None, 'amount is not an amount with its currency. Write it like "24.99 USD".'),
        ("12.00 JPY", None, 'amount has no decimals in JPY. Write it like "2499 JPY".'),
        ("10000000000000.00 USD", None, 'amount is more than any order can be. Write it like "24.99 USD".'),
    ],
)
def test_what_is_no_amount_is_told_with_how_to_write_one(written: str, currency: str | None, told: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse(written, currency=currency)
    assert str(caught.value) == f"invalid_argument: {told}"
    with pytest.raises(InvalidArgument) as caught:
        parse(written, currency=currency, field="price")
    assert str(caught.value) == f"invalid_argument: {told}".replace("amount", "price", 1)
    assert caught.value.field == "price"


def test_a_unit_below_nothing_has_its_sign() -> None:
    assert [str(Money(-1, code)) for code in ("USD", "JPY", "KWD")] == ["-0.01 USD", "-1 JPY", "-0.001 KWD"]


def test_two_currencies_that_met_are_both_named() -> None:
    with pytest.raises(ValueError, match=r"^USD and EUR are never added or compared$"):
        Money(1, "USD") + Money(1, "EUR")


@pytest.mark.parametrize("written", ["9999999999999.995", "-9999999999999.995"])
def test_what_is_rounded_up_to_more_than_any_order_can_be_is_absent(written: str) -> None:
    assert from_major(written, "USD") is None
    assert from_major(written[:-1], "USD") is not None
