"""Decisions about how parcels travel. Pure."""

import re

from bus.messages.shipping import ParcelStatus, SetShippingMethod
from bus.messages.texts import is_blank, is_harmful

_CURRENCY = re.compile(r"[A-Z]{3}")
MAX_PRICE = 99_999_999  # Minor units: the largest possible payment.
MAX_DAYS = 365
# Currencies in thousandths, of which Stripe takes tens only. Source: Stripe, "Three-decimal currencies".
_THREE_DECIMAL_CURRENCIES = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})

# Reports of parcels that go as planned. Any other is trouble, or a word that nobody here knows: a person finds out.
_AS_PLANNED = frozenset(
    {
        "booked", "pre_transit", "picked_up", "in_transit", "out_for_delivery", "available_for_pickup",
        "delivered",
    }
)  # fmt: skip


def is_trouble(status: ParcelStatus) -> bool:
    """Whether a parcel of this status may need a person."""
    return status not in _AS_PLANNED


def refusal(ask: SetShippingMethod) -> str:
    """The reason to refuse a method's new terms, in a sentence; empty if they are fine."""
    amounts = [ask.price.price, *([] if ask.price.free_from is None else [ask.price.free_from])]
    if is_blank(ask.title) or len(ask.title) > 100 or any(map(is_harmful, ask.title)):
        return "title: one line of 1 to 100 characters"
    if not 0 <= ask.days_min <= ask.days_max <= MAX_DAYS:
        return f"days: from 0 to {MAX_DAYS}, the fewest first"
    if not _CURRENCY.fullmatch(ask.price.currency):
        return "price: a currency is three capital letters, by ISO 4217"
    if not all(0 <= amount <= MAX_PRICE for amount in amounts):
        return f"price: 0 to {MAX_PRICE} minor units"
    if ask.price.currency in _THREE_DECIMAL_CURRENCIES and ask.price.price % 10:
        return f"price: an amount in {ask.price.currency} ends in 0"
    return ""
