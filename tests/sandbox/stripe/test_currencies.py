"""Which currencies and amounts Stripe takes, and in which words it refuses the others."""

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sandbox.stripe.currencies import LEAST, SUPPORTED, THREE_DECIMAL, WHOLE, ZERO_DECIMAL, checked, largest, spelt
from sandbox.stripe.errors import StripeError
from tests.sandbox.world import World, open_world


def refusal(amount: int, currency: str) -> tuple[str | None, str | None]:
    """The code and the parameter of a refusal; ("", "") if there is none."""
    try:
        checked(amount, currency)
    except StripeError as error:
        return error.body.code, error.body.param
    return "", ""


def unit(currency: str) -> int:
    """What every amount must be a multiple of."""
    return 100 if currency in WHOLE else 10 if currency in THREE_DECIMAL else 1


@given(st.sampled_from(SUPPORTED), st.integers(1, 10**13))
def test_an_amount_is_taken_within_its_currencys_bounds_and_in_its_unit(currency: str, amount: int) -> None:
    expected = (
        "amount_too_small"
        if amount < LEAST.get(currency, 1)
        else "amount_too_large"
        if amount > largest(currency)
        else ""
        if amount % unit(currency) == 0
        else "invalid_charge_amount_no_decimal_compatible"
        if currency in WHOLE
        else "invalid_charge_amount"
    )
    assert refusal(amount, currency)[0] == refusal(amount, currency.upper())[0] == expected


@given(st.text(max_size=5))
def test_a_currency_that_stripe_does_not_know_is_refused(currency: str) -> None:
    assert (refusal(10_000, currency) == (None, "currency")) == (currency.lower() not in SUPPORTED)


def test_the_tables_speak_of_known_currencies() -> None:
    assert len(set(SUPPORTED)) == len(SUPPORTED) >= 135
    assert {*LEAST, *ZERO_DECIMAL, *THREE_DECIMAL, *WHOLE} <= set(SUPPORTED)
    assert not ZERO_DECIMAL & THREE_DECIMAL
    assert not (ZERO_DECIMAL | THREE_DECIMAL) & WHOLE


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "eur", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (17_499, "huf", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (1_000_000_000_000, "idr", "amount_too_large"),
        (5615, "ugx", "invalid_charge_amount_no_decimal_compatible"),
        (4010, "isk", "invalid_charge_amount_no_decimal_compatible"),
        (5124, "kwd", "invalid_charge_amount"),
    ],
)
def test_what_is_refused(amount: int, currency: str, code: str) -> None:
    assert refusal(amount, currency) == (code, "amount")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (50, "eur"), (30, "gbp"), (99_999_999, "usd"), (999_999_999_999, "idr"), (9_999_999_999, "jpy"), (50, "jpy"),
        (561_500, "ugx"), (4000, "isk"), (5120, "kwd"), (1, "xof"),
    ],
)  # fmt: skip
def test_what_is_taken(amount: int, currency: str) -> None:
    assert refusal(amount, currency) == ("", "")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(50, "eur", "€0.50"), (99_999_999, "usd", "$999,999.99"), (50, "jpy", "¥50"), (5120, "kwd", "5.120")],
)
def test_amounts_are_spelt_as_stripe_spells_them(amount: int, currency: str, text: str) -> None:
    assert spelt(amount, currency) == text


async def create(world: World, amount: int, currency: str) -> stripe.PaymentIntent:
    return await world.intents.create_async({"amount": amount, "currency": currency}, {"idempotency_key": "k"})


async def test_capitals_are_taken_and_refusals_leave_the_key_free() -> None:
    async with open_world() as world:
        words = {
            (1000, "xyz"): r"Invalid currency: xyz\. Stripe currently supports these currencies: usd, aed, ",
            (49, "EUR"): r"Amount must be at least €0\.50 eur",
            (100_000_000, "usd"): r"Amount must be no more than \$999,999\.99",
            (1050, "ugx"): "UGX has become effectively zero-decimal",
        }
        for (amount, currency), message in words.items():
            with pytest.raises(stripe.InvalidRequestError, match=message):
                await create(world, amount, currency)
        assert world.sandbox.payment_intents() == []

        made = await create(world, 1999, "EUR")

        assert (made.currency, world.sandbox.payment_intents()[0].currency) == ("eur", "eur")


async def test_a_refund_is_in_the_currencys_unit_too() -> None:
    async with open_world() as world:
        made = await create(world, 4000, "isk")
        await world.intents.confirm_async(made.id, {"payment_method": "pm_card_visa"})
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await world.refunds.create_async({"payment_intent": made.id, "amount": 1050})
        assert refused.value.code == "invalid_charge_amount_no_decimal_compatible"
        assert (await world.refunds.create_async({"payment_intent": made.id, "amount": 1000})).amount == 1000
