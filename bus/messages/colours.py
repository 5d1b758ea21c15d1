"""Colours as people can read them: contrast and mixtures. Source: W3C, WCAG 2.2, "Contrast ratio"."""

import re
from typing import Final

READABLE: Final = 4.5  # The least contrast between letters and what is behind them.
_COLOUR: Final = re.compile("#[0-9a-f]{6}", re.ASCII)


def is_colour(text: str) -> bool:
    """Whether a text is a colour as pages write it: `#1f5c4a`."""
    return _COLOUR.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 (the same) to 21 (black and white)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """Mix a colour with a share (0 to 1) of another."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(own + (theirs - own) * share):02x}" for own, theirs in pairs)


def readable(colour: str, behind: str, towards: str) -> str:
    """Mix a colour with another, a twentieth at a time, until letters in it can be read on what is behind them."""
    steps = (mixed(colour, towards, step / 20) for step in range(21))
    return next((each for each in steps if contrast(each, behind) >= READABLE), towards)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
