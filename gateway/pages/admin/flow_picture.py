"""The picture of the flow: actors in layers, from those that publish to those that only listen. Pure.

An order of the actors in which few arrows lead back is found greedily (Eades, Lin and Smyth, 1993); each actor then
stands one layer behind the last that it listens to, and near those that it hears of. Sizes are in SVG's units.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from statistics import mean
from typing import Final, TypeAlias

import msgspec

Pair: TypeAlias = tuple[str, str]  # A publisher, and a listener.

_WIDE: Final = 132
_HIGH: Final = 44
_BETWEEN: Final = 84  # Two layers.
_BELOW: Final = 20  # Two actors of a layer.
_PASS: Final = 6  # A way that passes.
_MARGIN: Final = 24
_ROUNDS: Final = 8


class FlowBox(msgspec.Struct, frozen=True, kw_only=True):
    """An actor: its middle, and its size."""

    name: str
    x: float
    y: float
    width: int = _WIDE
    height: int = _HIGH


class FlowLine(msgspec.Struct, frozen=True, kw_only=True):
    """The way of all events from one actor to another, as a path of SVG."""

    publisher: str
    subscriber: str
    path: str
    is_back: bool  # It leads against the order of the layers.


class FlowPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes and lines, and the size of all."""

    width: float
    height: float
    boxes: Sequence[FlowBox]
    lines: Sequence[FlowLine]


def draw(pairs: Collection[Pair]) -> FlowPicture:
    """Draw actors and the pairs of them between which events flow. Each pair is drawn once; loops are left out."""
    ways = sorted({pair for pair in pairs if pair[0] != pair[1]})
    layers = layers_of(ways)
    column = {name: place for place, layer in enumerate(layers) for name in layer}
    chains = {way: _chain(way, column) for way in ways}
    for chain in chains.values():
        for place, name in enumerate(chain[1:-1], 1):
            layers[column[chain[0]] + place].append(name)
    placed = arranged(layers, [step for chain in chains.values() for step in pairwise(chain)])
    boxes, height = _boxes(placed)
    lines = [_line([boxes[name] for name in chain], place) for place, chain in enumerate(chains.values())]
    shown = [box for name, box in boxes.items() if name in column]
    backs = sum(line.is_back for line in lines)
    width = 2 * _MARGIN + len(layers) * (_WIDE + _BETWEEN) - _BETWEEN
    return FlowPicture(width=max(width, 2 * _MARGIN), height=height + (_HIGH if backs else 0), boxes=shown, lines=lines)


def _chain(way: Pair, column: Mapping[str, int]) -> list[str]:
    """Return the stops of a way: a place of its own in each layer that it passes, so that it goes behind no box."""
    by, to = way
    return [by, *(f"{by} {to} {between}" for between in range(column[by] + 1, column[to])), to]


def _boxes(layers: Sequence[Sequence[str]]) -> tuple[dict[str, FlowBox], float]:
    """Place all names of all layers, each layer in the middle of the height; return the height, too."""
    sizes = [[_PASS if " " in name else _HIGH for name in layer] for layer in layers]
    room = [sum(each) + _BELOW * (len(each) - 1) for each in sizes]
    height = max(room, default=0) + 2 * _MARGIN
    boxes = dict[str, FlowBox]()
    for column, (layer, high) in enumerate(zip(layers, sizes, strict=True)):
        y = (height - room[column]) / 2
        x = _MARGIN + _WIDE / 2 + column * (_WIDE + _BETWEEN)
        for name, each in zip(layer, high, strict=True):
            boxes[name] = FlowBox(name=name, x=x, y=y + each / 2, height=each)
            y += each + _BELOW
    return boxes, height


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


def _line(stops: Sequence[FlowBox], place: int) -> FlowLine:
    """Draw a curve from one box to another, past the stops between; one that leads back goes around below."""
    by, to = stops[0], stops[-1]
    if to.x <= by.x:
        low = max(by.y, to.y) + _HIGH + 7 * (place % 5)
        start_y, end_y = by.y + by.height / 2, to.y + to.height / 2
        path = f"M{by.x:g} {start_y:g}C{by.x:g} {low + 20:g} {to.x:g} {low + 20:g} {to.x:g} {end_y:g}"
        return FlowLine(publisher=by.name, subscriber=to.name, path=path, is_back=True)
    path = f"M{by.x + by.width / 2:g} {by.y:g}"
    for before, after in pairwise(stops):
        start, end = before.x + before.width / 2, after.x - after.width / 2
        middle = (start + end) / 2
        path += f"C{middle:g} {before.y:g} {middle:g} {after.y:g} {end:g} {after.y:g}"
        path += f"H{after.x + after.width / 2:g}" if after is not to else ""
    return FlowLine(publisher=by.name, subscriber=to.name, path=path, is_back=False)
