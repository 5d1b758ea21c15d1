"""Inputs of goods files: what is written comes back, and what can't be read is refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.goods.inputs import read_inputs, write_inputs
from bus.messages.base import Money
from bus.messages.inputs import INPUT_KEY, Input

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
CHOICES = st.lists(WORDS, min_size=1, max_size=4).map(tuple)
PRICES = st.none() | st.integers(0, 10**9).map(lambda amount: Money(amount=amount, currency="EUR"))
INPUTS = st.builds(
    Input, key=st.from_regex(INPUT_KEY, fullmatch=True), title=WORDS, max_length=st.integers(1, 500), surcharge=PRICES,
    is_required=st.booleans(),
) | st.builds(
    Input, key=st.just("wrap"), title=WORDS, kind=st.just("choice"), choices=CHOICES, surcharge=PRICES,
    is_required=st.booleans(),
)  # fmt: skip


def read(cell: str) -> tuple[Input, ...]:
    return read_inputs(cell, "EUR", int)


@given(st.lists(INPUTS, min_size=1, max_size=3).map(tuple))
def test_what_is_written_comes_back(inputs: tuple[Input, ...]) -> None:
    assert read(write_inputs(inputs)) == inputs


def test_inputs_are_written_as_people_do() -> None:
    cell = r" name |Your name|text|required|up to 30|+ 500;; wrap | Gift wrap | choice Red, Dark blue, A\,B\;C\|D ;"

    assert read(cell) == (
        Input(
            key="name", title="Your name", max_length=30, surcharge=Money(amount=500, currency="EUR"), is_required=True
        ),
        Input(key="wrap", title="Gift wrap", kind="choice", choices=("Red", "Dark blue", "A,B;C|D")),
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("name", "inputs must be written as name"),
        ("name | Your name", "inputs must be written as name"),
        ("name | Your name | number", "inputs: name must be text, or choice"),
        ("name | Your name | choice", "inputs: name must be text, or choice"),
        ("name | Your name | text | 30", "inputs must be written as .*not '30'"),
        ("name | Your name | text | up to 3000", "not 'up to 3000'"),
        ("name | Your name | text | +500 | +400", "and something else before"),
        ("name | Your name | text | +a lot", "inputs: surcharge: "),
    ],
)
def test_what_can_not_be_read_is_refused_in_words(cell: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(cell)
