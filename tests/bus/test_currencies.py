"""A currency's decimals and its unit at Stripe are two things; nothing is rounded between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.messages.amounts import from_stripe, price_refusal, seen_at_stripe, to_stripe
from bus.messages.base import Money
from bus.messages.currencies import ALL, decimals, is_known, largest, least, step


def money(amount: int, currency: str) -> Money:
    return Money(amount=amount, currency=currency)


@st.composite
def amounts(draw: st.DrawFn) -> Money:
    currency = draw(st.sampled_from(ALL))
    return money(draw(st.integers(1, largest(currency) // step(currency))) * step(currency), currency)


@given(amounts())
def test_what_goes_to_stripe_comes_back_the_same(amount: Money) -> None:
    assert from_stripe(to_stripe(amount), amount.currency) == amount


@given(amounts())
def test_what_may_be_a_price_may_be_sent(amount: Money) -> None:
    assert price_refusal(amount.amount, amount.currency) is None
    assert len(str(to_stripe(amount))) <= (12 if amount.currency == "IDR" else 10)


@given(st.sampled_from(ALL), st.integers(0, 10**13))
def test_what_comes_from_stripe_is_whole_or_refused_and_never_rounded(currency: str, counted: int) -> None:
    kept, problem = seen_at_stripe(counted, currency)

    if problem:
        assert kept.amount == counted
        with pytest.raises(ValueError, match=str(counted)):
            from_stripe(counted, currency)
    else:
        assert kept == from_stripe(counted, currency)
        assert counted in (kept.amount, kept.amount * 100)


@pytest.mark.parametrize(
    ("amount", "at_stripe"),
    [
        (money(5615, "UGX"), 561500),
        (money(5615, "ISK"), 561500),
        (money(500, "JPY"), 500),
        (money(500, "MGA"), 500),
        (money(1230, "KWD"), 1230),
        (money(1999, "EUR"), 1999),
        (money(999_999_999_999, "IDR"), 999_999_999_999),
        (money(5615, "XTS"), 5615),
    ],
    ids=str,
)
def test_amounts_as_stripe_counts_them(amount: Money, at_stripe: int) -> None:
    assert to_stripe(amount) == at_stripe
    assert from_stripe(at_stripe, amount.currency) == amount


def test_three_decimals_end_in_a_zero() -> None:
    with pytest.raises(ValueError, match=r"KWD 1\.234"):
        to_stripe(money(1234, "KWD"))
    assert price_refusal(1234, "KWD") == (
        "price must end in 0, as KWD 1.230 or KWD 1.240 does, and KWD 1.234 does not: cards take nothing finer"
    )
    assert "as KWD 0.010 does" in str(price_refusal(4, "KWD"))


def test_a_fraction_of_a_shilling_is_kept_with_what_is_wrong() -> None:
    kept, problem = seen_at_stripe(5615, "UGX")

    assert kept == money(5615, "UGX")
    assert problem == "Stripe counts 5615 in hundredths of UGX, and that is no whole amount"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (money(1999, "EUR"), "€19.99"),
        (money(5, "EUR"), "€0.05"),
        (money(-5, "EUR"), "-€0.05"),
        (money(0, "EUR"), "€0.00"),
        (money(1999, "JPY"), "¥1,999"),
        (money(5615, "UGX"), "UGX 5,615"),
        (money(5615, "ISK"), "ISK 5,615"),
        (money(1999, "MGA"), "MGA 1,999"),
        (money(1230, "KWD"), "KWD 1.230"),
        (money(10**17 + 1, "EUR"), "€1,000,000,000,000,000.01"),
        (money(1999, "XTS"), "XTS 19.99"),
    ],
)
def test_money_is_written_in_its_currencys_own_decimals(amount: Money, written: str) -> None:
    assert str(amount) == written


@pytest.mark.parametrize(
    ("currency", "most"),
    [
        ("EUR", 99_999_999),
        ("JPY", 99_999_999),
        ("KWD", 99_999_990),
        ("ISK", 999_999),
        ("UGX", 999_999),
        ("IDR", 999_999_999_999),
        ("COP", 9_999_999_999),
        ("INR", 999_999_999),
    ],
)
def test_the_most_of_one_payment_is_the_currencys(currency: str, most: int) -> None:
    assert largest(currency) == most
    assert price_refusal(most, currency) is None
    assert str(money(most, currency)) in str(price_refusal(most + step(currency), currency))


@pytest.mark.parametrize(
    ("currency", "amount"), [("EUR", 50), ("GBP", 30), ("JPY", 50), ("HUF", 17500), ("KWD", 10), ("ISK", 1), ("XCD", 1)]
)
def test_the_least_of_one_payment_is_the_currencys(currency: str, amount: int) -> None:
    assert least(currency) == amount


@pytest.mark.parametrize("amount", [0, -1, -1000])
def test_a_price_is_more_than_nothing(amount: int) -> None:
    assert price_refusal(amount, "KWD") == "price must be more than 0"


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XTS", "XAU", "BTC"])
def test_what_stripe_does_not_take_is_not_known_and_no_price(currency: str) -> None:
    assert not is_known(currency)
    assert decimals(currency) == 2
    assert "takes no payments" in str(price_refusal(100, currency))


def test_each_currency_stands_in_the_table_once() -> None:
    assert len(set(ALL)) == len(ALL) == 140
