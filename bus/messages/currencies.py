"""Currencies: their own decimals, and those of Stripe's amounts, which can differ.

Our amounts are in the smallest unit that people use: 5615 UGX is 5615 shillings. Stripe counts most currencies
likewise, but shillings and Icelandic crowns in hundredths, from the time when they had some: at Stripe it is 561500.
Sources: ISO 4217; Stripe, "Supported currencies" (zero-decimal, three-decimal, special cases, minimum and maximum
charge amounts; of several maxima the one that holds for every payment method).
"""

from typing import Final, NamedTuple, TypeAlias

Minor: TypeAlias = int  # Money in its currency's smallest unit: 1999 is 19.99 EUR, but 1999 JPY.
Currency: TypeAlias = str  # ISO 4217, upper case.


class _Terms(NamedTuple):
    """The terms on which Stripe takes a currency."""

    decimals: int = 2  # The currency's own.
    at_stripe: int = 2  # The decimals of Stripe's amounts.
    step: int = 1  # Stripe's amounts are multiples of this.
    digits: int = 8  # The most that Stripe's amounts have.
    least: int = 1  # The smallest charge, in Stripe's unit.


_TWO_DECIMALS: Final = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE
    CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK
    LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR
    RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER
    ZAR ZMW"""
_NO_DECIMALS: Final = (
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"  # MGA has fifths, which are not in use.
)
_NO_DECIMALS_BUT_AT_STRIPE: Final = "ISK UGX"
_THREE_DECIMALS: Final = "BHD JOD KWD OMR TND"  # Card networks want the last one to be 0.
_SYMBOLS: Final = {"EUR": "€", "GBP": "£", "ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "USD": "$", "VND": "₫"}
_DIGITS: Final = {"IDR": 12, "COP": 10, "INR": 9}
# For accounts that are paid out in the currency; others have the minimum of their own currency, converted.
_LEAST: Final = {
    30: "GBP",
    50: "ARS AUD BRL CAD CHF COP EUR IDR ILS INR JPY KRW NZD PHP RUB SGD USD ZAR",
    200: "AED MYR PLN RON",
    250: "DKK",
    300: "NOK SEK",
    400: "HKD",
    1000: "MXN THB",
    1500: "CZK",
    17500: "HUF",
}
_LEAST_OF: Final = {code: amount for amount, codes in _LEAST.items() for code in codes.split()}


def _terms(code: Currency, decimals: int, at_stripe: int, step: int = 1) -> _Terms:
    return _Terms(decimals, at_stripe, step, _DIGITS.get(code, 8), _LEAST_OF.get(code, step))


_TABLE: Final[dict[Currency, _Terms]] = {
    **{code: _terms(code, 2, 2) for code in _TWO_DECIMALS.split()},
    **{code: _terms(code, 0, 0) for code in _NO_DECIMALS.split()},
    **{code: _terms(code, 0, 2) for code in _NO_DECIMALS_BUT_AT_STRIPE.split()},
    **{code: _terms(code, 3, 3, step=10) for code in _THREE_DECIMALS.split()},
}
_UNKNOWN: Final = _Terms()  # Amounts stay as they are.

ALL: Final = tuple(sorted(_TABLE))


def is_known(currency: Currency) -> bool:
    """Whether Stripe takes payments in this currency."""
    return currency in _TABLE


def decimals(currency: Currency) -> int:
    """Return the number of digits after the decimal point; 2 for an unknown currency."""
    return _TABLE.get(currency, _UNKNOWN).decimals


def symbol(currency: Currency) -> str:
    """Return what stands before an amount: the sign, if people everywhere know it, or the code and a space."""
    return _SYMBOLS.get(currency, f"{currency} ")


def step(currency: Currency) -> Minor:
    """Return the step of amounts: 10 for KWD, whose amounts are multiples of 10; otherwise 1."""
    return _TABLE.get(currency, _UNKNOWN).step


def largest(currency: Currency) -> Minor:
    """Return the largest amount of one payment that Stripe takes."""
    terms = _TABLE.get(currency, _UNKNOWN)
    most: int = (10**terms.digits - 1) // _unit(terms)
    return most - most % terms.step


def least(currency: Currency) -> Minor:
    """Return the smallest amount of one payment that Stripe documents, or the smallest there is."""
    terms = _TABLE.get(currency, _UNKNOWN)
    return -(-terms.least // _unit(terms))


def stripe_unit(currency: Currency) -> int:
    """Return how many of Stripe's units make one of ours."""
    return _unit(_TABLE.get(currency, _UNKNOWN))


def _unit(terms: _Terms) -> int:
    return int(10 ** (terms.at_stripe - terms.decimals))
