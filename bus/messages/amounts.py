"""Amounts of money at Stripe: prices that can be paid, and amounts in Stripe's units."""

from bus.messages.base import Currency, Minor, Money
from bus.messages.currencies import is_known, largest, step, stripe_unit


def price_refusal(amount: Minor, currency: Currency) -> str | None:
    """Return why an amount can't be a price, as a sentence for the person who set it; None if it can."""
    if not is_known(currency):
        return f"price: Stripe takes no payments in {currency}"
    most, multiple = Money(amount=largest(currency), currency=currency), step(currency)
    if amount <= 0:
        return "price must be more than 0"
    if amount > most.amount:
        return f"price must be at most {most}, the most that Stripe takes in one payment"
    if amount % multiple:
        below = Money(amount=amount - amount % multiple, currency=currency)
        above = Money(amount=below.amount + multiple, currency=currency)
        near = f"{below} or {above}" if below.amount else str(above)
        written = Money(amount=amount, currency=currency)
        return f"price must end in 0, as {near} does, and {written} does not: cards take nothing finer"
    return None


def to_stripe(money: Money) -> int:
    """Convert an amount to Stripe's unit: 561500 for 5615 UGX, 1999 for 19.99 EUR. Unknown currencies stay as they are.

    Raises:
        ValueError: Stripe takes no such amount, as 1.234 KWD. The message is a sentence.
    """
    multiple = step(money.currency)
    if money.amount % multiple:
        raise ValueError(f"{money} is no multiple of {Money(amount=multiple, currency=money.currency)}")
    return money.amount * stripe_unit(money.currency)


def from_stripe(amount: int, currency: Currency) -> Money:
    """Convert Stripe's amount to ours: 5615 UGX for 561500. Unknown currencies stay as they are.

    Args:
        amount: In Stripe's unit.
        currency: In upper case.

    Raises:
        ValueError: The amount is not a whole number of our units, and is not rounded. The message is a sentence.
    """
    whole, rest = divmod(amount, stripe_unit(currency))
    if rest:
        raise ValueError(f"Stripe counts {amount} in hundredths of {currency}, and that is no whole amount")
    return Money(amount=whole, currency=currency)


def seen_at_stripe(amount: int, currency: Currency) -> tuple[Money, str]:
    """Convert for stored records: an invalid amount stays as it is, with the reason beside it; "" for a valid one."""
    try:
        return from_stripe(amount, currency), ""
    except ValueError as wrong:
        return Money(amount=amount, currency=currency), str(wrong)
