"""Errors are named after what their catcher should do, and say who is meant."""

import pytest

from engine import errors


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (errors.Unavailable("Stripe"), "Stripe is unavailable"),
        (errors.Unavailable("Stripe", "timed out"), "Stripe is unavailable: timed out"),
        (errors.Overloaded("inventory"), "inventory is unavailable: its mailbox is full"),
        (errors.DeadlineExceeded("inventory", 10.0), "inventory is unavailable: no answer within 10 s"),
    ],
)
def test_an_error_says_who_is_meant_and_why(error: errors.Unavailable, sentence: str) -> None:
    assert str(error) == sentence


@pytest.mark.parametrize("error", [errors.Overloaded("x"), errors.DeadlineExceeded("x", 1)])
def test_who_is_told_to_come_back_is_told_when(error: errors.Unavailable) -> None:
    assert error.retry_after_s == 1.0


def test_what_is_never_retried_and_what_is_are_told_apart() -> None:
    assert issubclass(errors.BadSetting, errors.BadInput)
    assert issubclass(errors.Overloaded, errors.Unavailable)
    assert issubclass(errors.DeadlineExceeded, errors.Unavailable)
    assert not issubclass(errors.BadInput, errors.Unavailable)
    assert not issubclass(errors.Conflict, errors.Unavailable)
