"""The currencies that Stripe takes, with their units, least and largest amounts. Pure.

Source: docs.stripe.com/currencies, "Supported presentment currencies", "Minor units in API amounts", "Special cases"
and "Minimum and maximum charge amounts". In the order of Stripe's own sentence about others.

The sandbox's account has a bank account in every currency that has a least amount, so nothing is converted. Where the
page states digits and an example that disagree (COP, HUF, JPY, LBP), the digits count.
"""

from typing import Final

from sandbox.stripe.errors import StripeError, invalid

_CODES = (
    "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf "
    "clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils "
    "inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk "
    "mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp "
    "sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw "
    "ghs svc"
)
SUPPORTED: Final = tuple(_CODES.split())
_WITHOUT_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
ZERO_DECIMAL: Final = frozenset(_WITHOUT_DECIMALS.split())
# The last digit must be 0, for the sake of Stripe's payments partners.
THREE_DECIMAL: Final = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# Stated with two decimals that must be 00. (HUF and TWD are whole in payouts only, which the sandbox has none of.)
WHOLE: Final = frozenset({"isk", "ugx"})

LEAST: Final = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
DIGITS: Final = {"idr": 12, "lbp": 11, "cop": 10, "huf": 10, "jpy": 10, "inr": 9}
DIGITS_OF_OTHERS: Final = 8
SYMBOLS: Final = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹"}


def checked(amount: int, currency: str) -> str:
    """Return the currency in lower case, if Stripe would charge this amount of it.

    Raises:
        StripeError: 400; nothing is stored under the idempotency key, as the work never begins.
    """
    code = currency.lower()
    if code not in SUPPORTED:
        message = f"Invalid currency: {code}. Stripe currently supports these currencies: {', '.join(SUPPORTED)}"
        raise invalid(message, param="currency", keep=False)
    if amount < (least := LEAST.get(code, 1)):
        message = f"Amount must be at least {spelt(least, code)} {code}"
        raise invalid(message, code="amount_too_small", param="amount", keep=False)
    if amount > (most := largest(code)):
        message = f"Amount must be no more than {spelt(most, code)}"
        raise invalid(message, code="amount_too_large", param="amount", keep=False)
    if (problem := odd_unit(amount, code)) is not None:
        raise problem
    return code


def odd_unit(amount: int, code: str) -> StripeError | None:
    """The refusal of an amount, of a charge or a refund, in a unit that the currency does not have."""
    if code in WHOLE and amount % 100:
        # Source: support.stripe.com, "Deprecation of fractional ISK charges and refunds".
        message = (
            f"Invalid amount. Currency {code.upper()} has become effectively zero-decimal and charged amounts must be "
            "evenly divisible by 100. See https://stripe.com/docs/currencies#special-cases for more information."
        )
        return invalid(message, code="invalid_charge_amount_no_decimal_compatible", param="amount", keep=False)
    if code in THREE_DECIMAL and amount % 10:
        # The rule is documented; the sentence is the sandbox's own.
        message = (
            f"Invalid amount. {code.upper()} is a three-decimal currency: round the amount to the nearest ten, so that "
            "its last digit is 0. See https://docs.stripe.com/currencies#three-decimal for more information."
        )
        return invalid(message, code="invalid_charge_amount", param="amount", keep=False)
    return None


def largest(code: str) -> int:
    """The largest amount, in minor units."""
    return int("9" * DIGITS.get(code, DIGITS_OF_OTHERS))


def decimals(code: str) -> int:
    """How many digits of an amount stand behind the point."""
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def spelt(amount: int, code: str) -> str:
    """An amount as Stripe's sentences spell it: `€0.50`, `¥50`."""
    places = decimals(code)
    whole, rest = divmod(amount, 10**places)
    return f"{SYMBOLS.get(code, '')}{whole:,}" + (f".{rest:0{places}}" if places else "")
