"""Colours as people can read them."""

import pytest

from bus.messages.colours import READABLE, contrast, is_colour, mixed, readable


def test_contrast_goes_from_1_to_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # Source: WCAG, the lightest grey of 4.5.


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345G", "#1f5c4a;", "#1F5C4A", "#1f5c4a\n"])
def test_only_six_small_hex_digits_are_a_colour(text: str) -> None:
    assert not is_colour(text)


def test_a_colour_is_mixed_until_it_can_be_read() -> None:
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"
    assert contrast(readable("#1f5c4a", "#222b27", "#ffffff"), "#222b27") >= READABLE
    assert readable("#ffffff", "#000000", "#ffffff") == "#ffffff"
