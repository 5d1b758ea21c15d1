"""The picture of the flow: actors in layers, from those that publish to those that only listen. Pure.

An order of the actors in which few arrows lead back is found greedily (Eades, Lin and Smyth, 1993); each actor then
stands one layer behind the last that it listens to, and near those that it hears of. Sizes are in SVG's units.
"""

from collections.abc import Collection, Mapping, Sequence
from statistics import mean
from typing import Final, TypeAlias

import msgspec

Pair: TypeAlias = tuple[str, str]  # A publisher, and a listener.

_WIDE: Final = 132
_HIGH: Final = 44
_BETWEEN: Final = 92  # Two layers.
_BELOW: Final = 34  # Two actors of a layer.
_MARGIN: Final = 24
_ROUNDS: Final = 8


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """An actor: its middle, and its size."""

    name: str
    x: float
    y: float
    width: int = _WIDE
    height: int = _HIGH


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The way of all events from one actor to another, as a path of SVG."""

    publisher: str
    subscriber: str
    path: str
    is_back: bool  # It leads against the order of the layers.


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes and lines, and the size of all."""

    width: float
    height: float
    boxes: Sequence[Box]
    lines: Sequence[Line]


def draw(pairs: Collection[Pair]) -> Picture:
    """Draw actors and the pairs of them between which events flow. Each pair is drawn once; loops are left out."""
    ways = sorted({pair for pair in pairs if pair[0] != pair[1]})
    layers = arranged(layers_of(ways), ways)
    tallest = max((len(layer) for layer in layers), default=0)
    height = 2 * _MARGIN + tallest * (_HIGH + _BELOW) - _BELOW
    boxes = dict[str, Box]()
    for column, layer in enumerate(layers):
        top = (height - len(layer) * (_HIGH + _BELOW) + _BELOW + _HIGH) / 2
        x = _MARGIN + _WIDE / 2 + column * (_WIDE + _BETWEEN)
        for row, name in enumerate(layer):
            boxes[name] = Box(name=name, x=x, y=top + row * (_HIGH + _BELOW))
    width = 2 * _MARGIN + len(layers) * (_WIDE + _BETWEEN) - _BETWEEN
    lines = [_line(boxes[by], boxes[to], place) for place, (by, to) in enumerate(ways)]
    return Picture(width=width, height=height + 2 * _HIGH, boxes=list(boxes.values()), lines=lines)


def layers_of(ways: Sequence[Pair]) -> list[list[str]]:
    """Arrange actors in layers: each behind all that it listens to, but for the few arrows that lead back."""
    order = {name: place for place, name in enumerate(_greedy(ways))}
    layer = dict.fromkeys(order, 0)
    for name, place in order.items():
        before = [layer[by] for by, to in ways if to == name and order[by] < place]
        layer[name] = 1 + max(before) if before else 0
    found: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in order:
        found[layer[name]].append(name)
    return found


def arranged(layers: list[list[str]], ways: Sequence[Pair]) -> list[list[str]]:
    """Order each layer by the middle of those that its actors are tied to, so that fewer lines cross."""
    near: dict[str, list[str]] = {name: [] for layer in layers for name in layer}
    for by, to in ways:
        near[by].append(to)
        near[to].append(by)
    for _ in range(_ROUNDS):
        place: Mapping[str, float] = {
            name: (row + 0.5) / len(layer) for layer in layers for row, name in enumerate(layer)
        }
        layers = [sorted(layer, key=lambda name: (mean(place[each] for each in near[name]), name)) for layer in layers]
    return layers


def _greedy(ways: Sequence[Pair]) -> list[str]:
    """Order the actors: whoever only listens goes last, whoever only publishes first, else who publishes most."""
    left, first, last = dict.fromkeys(name for way in ways for name in way), list[str](), list[str]()
    while left:
        inside = [(by, to) for by, to in ways if by in left and to in left]
        out = {name: sum(by == name for by, _ in inside) for name in left}
        into = {name: sum(to == name for _, to in inside) for name in left}
        if sinks := [name for name in left if not out[name]]:
            last[:0] = sinks
            gone = sinks
        else:
            gone = [max(left, key=lambda name: (out[name] - into[name], name))]
            first += gone
        for name in gone:
            del left[name]
    return first + last


def _line(by: Box, to: Box, place: int) -> Line:
    """Draw a curve from one box to another; one that leads back goes around below."""
    if to.x > by.x:
        start, end = by.x + by.width / 2, to.x - to.width / 2
        bend = (end - start) / 2
        path = f"M{start:g} {by.y:g}C{start + bend:g} {by.y:g} {end - bend:g} {to.y:g} {end:g} {to.y:g}"
        return Line(publisher=by.name, subscriber=to.name, path=path, is_back=False)
    low = max(by.y, to.y) + _HIGH + 6 * (place % 6)
    start_y, end_y = by.y + by.height / 2, to.y + to.height / 2
    path = f"M{by.x:g} {start_y:g}C{by.x:g} {low + 30:g} {to.x:g} {low + 30:g} {to.x:g} {end_y:g}"
    return Line(publisher=by.name, subscriber=to.name, path=path, is_back=True)
