"""Details of the entries of an order's timeline, beside their names: phrases with gaps, for readers of any language.

An entry's detail is stored as it was written: a code, an amount, or words with both. It is read back here into a phrase
and what stands in its gaps, so that a page says the phrase in its reader's language and writes amounts likewise.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from bus.messages import currencies, words
from bus.messages.base import Money

# Source: Stripe API reference, disputes, `reason`.
DISPUTES: Final[Mapping[str, str]] = {
    "bank_cannot_process": "the bank can't process it",
    "check_returned": "a check came back",
    "credit_not_processed": "a refund did not arrive",
    "customer_initiated": "the buyer asked the bank",
    "debit_not_authorized": "the debit was not allowed",
    "duplicate": "it was paid twice",
    "fraudulent": "the buyer did not pay this",
    "general": "no reason was given",
    "incorrect_account_details": "the account is not right",
    "insufficient_funds": "there is not enough money",
    "noncompliant": "rules of the card were broken",
    "product_not_received": "the goods did not arrive",
    "product_unacceptable": "the goods are not as promised",
    "subscription_canceled": "it was called off before",
    "unrecognized": "the buyer does not know the payment",
}
OUTCOMES: Final[Mapping[str, str]] = {
    "won": "won by the shop",
    "lost": "lost by the shop",
    "closed": "closed",
}
# Source: Stripe API reference, early fraud warnings, `fraud_type`.
FRAUDS: Final[Mapping[str, str]] = {
    "card_never_received": "The card never reached its owner",
    "fraudulent_card_application": "The card was asked for in a false name",
    "made_with_counterfeit_card": "The card is a copy",
    "made_with_lost_card": "The card was lost",
    "made_with_stolen_card": "The card was stolen",
    "misc": "No kind of fraud was named",
    "unauthorized_use_of_card": "The card's owner did not allow it",
}
FIELDS: Final[Mapping[str, str]] = {
    "email": "E-mail",
    "name": "Name",
    "phone": "Phone",
    "address": "Postal address",
}
PURPOSES: Final[Mapping[str, str]] = {"order": "the order itself"}

# By event, the most telling first. What fits none of them is shown as it was written.
PHRASES: Final[Mapping[str, Sequence[str]]] = {
    "PaymentProcessing": ("The bank has been asked.",),
    "FurtherPaymentReceived": ("%(amount)s for %(purpose)s",),
    "RefundFailed": ("%(amount)s: %(why)s",),
    "RefundsCorrected": ("%(amount)s was written down, %(rest)s went back",),
    "FullyRefunded": ("All of its money goes back.",),
    "DisputeOpened": ("inquiry about %(amount)s: %(reason)s", "%(amount)s: %(reason)s"),
    "DisputeClosed": ("%(amount)s: %(outcome)s",),
    "DisputeFundsMoved": ("%(amount)s withdrawn", "%(amount)s put back"),
    "FraudWarned": ("%(fraud)s",),
    "UnitsGone": ("The units were sold to somebody else; the money goes back.",),
    "UnitsRetaken": ("The units could be had again.",),
    "DoneByStaff": ("cancelled by %(person)s", "refunded %(amount)s by %(person)s"),
    "BuyerCorrected": ("%(fields)s by %(person)s",),
}
_CODES: Final[Mapping[str, Mapping[str, str]]] = {
    "reason": DISPUTES,
    "outcome": OUTCOMES,
    "fraud": FRAUDS,
    "fields": FIELDS,
    "purpose": PURPOSES,
}
_MONEY: Final = ("amount", "rest")
_UNNAMED_CARRIER: Final = "Carrier "  # As one is called that the settings give no other name.

_SYMBOLS: Final = {currencies.symbol(code).strip(): code for code in currencies.ALL}
_SYMBOL: Final = "|".join(sorted(map(re.escape, _SYMBOLS), key=len, reverse=True))
# As `Money` writes it, -CHF 5.00; and as earlier versions did, 19.99 EUR.
_AMOUNT: Final = re.compile(
    rf"(?<![\w.])(?P<sign>-?)(?P<symbol>{_SYMBOL}) ?(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?)(?!\w)"
    r"|(?<![\w.])(?P<old>-?\d+(?:\.\d+)?) (?P<code>[A-Z]{3})\b"
)
_GAP: Final = re.compile(r"%\((\w+)\)s")


class Phrase(NamedTuple):
    """A phrase in English, and what stands in its gaps.

    Args:
        text: With a `%(name)s` for each gap.
        amounts: Money, by gap.
        words: Words in English, by gap; several are a list.
        given: Names, numbers and texts of others, by gap: they stay as they are in any language.
    """

    text: str
    amounts: Mapping[str, Money] = MappingProxyType({})
    words: Mapping[str, Sequence[str]] = MappingProxyType({})
    given: Mapping[str, str] = MappingProxyType({})

    def __str__(self) -> str:
        """Write it in English."""
        said = {gap: ", ".join(each) for gap, each in self.words.items()}
        return self.text % {**self.amounts, **said, **self.given}


def detail(event: str, text: str) -> str:
    """Write the detail of a timeline's entry in English; "" if there is nothing to say."""
    return str(phrase(event, text))


def phrase(event: str, text: str) -> Phrase:
    """Read the detail of a timeline's entry.

    Args:
        event: Of the entry.
        text: As it is stored: a code, an amount or words.
    """
    match event:
        case "OrderCancelled":
            return Phrase(words.CANCELLED.get(text, ""))
        case "PaymentDeclined" | "PaymentFailed":
            return Phrase(words.declined(text))
        case "ParcelMoved":
            return _parcel(text)
        case "OrderShipped":
            return _as_given(text.removeprefix(_UNNAMED_CARRIER))  # The title says already that it is a carrier's.
        case _:
            fitting = (_read(each, text) for each in PHRASES.get(event, ()))
            return next((found for found in fitting if found), None) or _with_amounts(text)


def _parcel(text: str) -> Phrase:
    code, _, said = text.partition(": ")
    status = words.parcel(code)
    if not said or said == status:
        return Phrase("%(status)s", words={"status": [status]})
    return Phrase("%(status)s: %(text)s", words={"status": [status]}, given={"text": said})


def _as_given(text: str) -> Phrase:
    return Phrase("%(text)s", given={"text": text}) if text else Phrase("")


def _read(form: str, text: str) -> Phrase | None:
    """Read a text that has the form of a phrase; None if it has another one."""
    if not (found := _pattern(form).fullmatch(text)):
        return None
    gaps = found.groupdict()
    amounts = {gap: money for gap in gaps if gap in _MONEY and (money := _money(gaps[gap]))}
    if len(amounts) < sum(gap in _MONEY for gap in gaps):
        return None
    said = {gap: [_word(gap, code) for code in gaps[gap].split(", ")] for gap in gaps if gap in _CODES}
    given = {gap: value for gap, value in gaps.items() if gap not in amounts and gap not in said}
    return Phrase(form, amounts, said, given)


def _word(gap: str, code: str) -> str:
    return _CODES[gap].get(code, code.replace("_", " "))


def _pattern(form: str) -> re.Pattern[str]:
    """Make a pattern of a phrase, whose gaps are groups; the last one takes all that is left."""
    parts = _GAP.split(form)
    return re.compile("".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))


def _with_amounts(text: str) -> Phrase:
    """Make a phrase of a text that nobody here knows: its amounts are its gaps."""
    amounts = dict[str, Money]()

    def gap(found: re.Match[str]) -> str:
        if (money := _money(found[0])) is None:
            return found[0]
        name = f"amount{len(amounts) or ''}"
        amounts[name] = money
        return f"%({name})s"

    form = _AMOUNT.sub(gap, text.replace("%", "%%"))
    return Phrase(form, amounts)


def _money(text: str) -> Money | None:
    """Read an amount back; None if it is none."""
    if not (found := _AMOUNT.fullmatch(text)):
        return None
    number = found["number"] or found["old"]
    currency = found["code"] or _SYMBOLS[found["symbol"]]
    whole, _, rest = number.replace(",", "").partition(".")
    if len(rest) != currencies.decimals(currency):
        return None
    return Money(amount=int(f"{found['sign'] or ''}{whole}{rest}"), currency=currency)
