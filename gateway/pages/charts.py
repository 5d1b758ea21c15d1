"""Charts as shapes to draw: the server lays them out, templates write them as SVG. Pure.

All lengths are units of the drawing, which is WIDTH wide and HEIGHT high and scales with its place on the page.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

WIDTH: Final = 640
HEIGHT: Final = 160
_GAP: Final = 0.25  # Between bars, of the room of each.
_LEAST: Final = 1.0  # So that nothing is told from little.


class Bar(NamedTuple):
    """A bar: its upper left corner, its size, and the middle of its foot."""

    x: float
    y: float
    width: float
    height: float
    middle: float


class BarChart(NamedTuple):
    """Bars over a line at HEIGHT; `mark` is the height of a value to compare with, None without one."""

    bars: Sequence[Bar]
    mark: float | None


def bar_chart(values: Sequence[int], mark: int | None = None) -> BarChart:
    """Lay out bars of these values, all at least 0; the highest reaches the top.

    Args:
        values: One for each bar; at least one.
        mark: A value to draw a line at.
    """
    top = max([*values, mark or 0, 1])
    room = WIDTH / len(values)
    bars = [_bar(place, max(0, value) / top * HEIGHT, room) for place, value in enumerate(values)]
    return BarChart(bars, None if mark is None else round(HEIGHT - mark / top * HEIGHT, 1))


def pair_chart(values: Sequence[int], before: Sequence[int]) -> Sequence[tuple[Bar, Bar | None]]:
    """Lay out two bars beside each other for each place: one of before, and one of now as far as there is one yet.

    Args:
        values: Of now, at least 0; no more than of before.
        before: What they are compared with, at least 0; at least one.
    """
    top, room = max([*values, *before, 1]), WIDTH / len(before)
    return [
        (_half(place, was / top, room, 0), _half(place, values[place] / top, room, 1) if place < len(values) else None)
        for place, was in enumerate(before)
    ]


def line_points(values: Sequence[int], width: int = 100, height: int = 24) -> str:
    """Write the points of a small line through these values, as `polyline` takes them; "" for fewer than two."""
    if len(values) < 2:
        return ""
    top, step = max([*values, 1]), width / (len(values) - 1)
    return " ".join(f"{place * step:.1f},{height - value / top * height:.1f}" for place, value in enumerate(values))


def _bar(place: int, height: float, room: float) -> Bar:
    height, width = max(height, _LEAST), room * (1 - _GAP)
    x = place * room + room * _GAP / 2
    return Bar(round(x, 1), round(HEIGHT - height, 1), round(width, 1), round(height, 1), round(x + width / 2, 1))


def _half(place: int, part: float, room: float, side: int) -> Bar:
    """Lay out one of two bars that share a room; `part` is its part of HEIGHT."""
    width, height = room * (1 - _GAP) / 2, max(part * HEIGHT, _LEAST)
    x = place * room + room * _GAP / 2 + side * width
    middle = place * room + room / 2
    return Bar(round(x, 1), round(HEIGHT - height, 1), round(width, 1), round(height, 1), round(middle, 1))
