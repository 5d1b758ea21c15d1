"""A pattern for a whole text lets nothing stand before or behind it."""

from typing import Annotated

import msgspec
import pytest

from engine.patterns import whole

Country = Annotated[str, whole("[A-Z]{2}|none")]


@pytest.mark.parametrize("text", ["DE", "none"])
def test_what_matches_is_taken(text: str) -> None:
    assert msgspec.convert(text, Country) == text


@pytest.mark.parametrize("text", ["DE\n", "\nDE", "DE ", "xDE", "DExnone", "none\n", "", "DE\r\n"])
def test_nothing_may_stand_beside_it(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Country)
