"""A simple model of carts: what their lines are made of, and what they keep from others until when.

A cart has one hold for each kind of goods on the shelf, whatever lines need them. A line is held until its own end, and
its goods at least as long.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

HOLD_S: Final = 600
PLAIN: Final = (0, 1, 2)
BUNDLE: Final = 3
PARTS: Final = {BUNDLE: {1: 1, 2: 2}}  # Whatever else is sold is made of itself.


def parts_of(sku: int) -> dict[int, int]:
    """What one unit is made of."""
    return PARTS.get(sku, {sku: 1})


def made_of(lines: Mapping[int, int]) -> Counter[int]:
    """The goods on the shelf that lines are made of."""
    goods = Counter[int]()
    for sku, units in lines.items():
        for part, each in parts_of(sku).items():
            goods[part] += each * units
    return goods


@dataclass
class Cart:
    """A cart: its lines in order, until when each is held, and what is held for it on the shelf."""

    lines: dict[int, int] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    holds: dict[int, tuple[int, float]] = field(default_factory=dict)  # Of goods: units, and their end.

    def held(self, part: int) -> int:
        return self.holds.get(part, (0, 0.0))[0]

    def of_others(self, sku: int, now_s: float) -> Counter[int]:
        """What the lines beside this one are made of, as far as they are held."""
        return made_of({other: n for other, n in self.lines.items() if other != sku and self.ends[other] > now_s})

    def set(self, sku: int, units: int, now_s: float) -> None:
        """Hold a line, and with it all that its goods are held for."""
        end, others = now_s + HOLD_S, self.of_others(sku, now_s)
        for part, each in parts_of(sku).items():
            self.holds[part] = each * units + others[part], end
        self.lines[sku], self.ends[sku] = units, end
        for other in self._beside(sku, now_s):
            if parts_of(other).keys() <= parts_of(sku).keys():
                self.ends[other] = end

    def remove(self, sku: int, now_s: float) -> None:
        """Give back what no other line needs; what others need is held as long as the first of them."""
        if sku not in (*self.lines, *PLAIN):
            return
        others, beside = self.of_others(sku, now_s), self._beside(sku, now_s)
        end = min((self.ends[other] for other in beside), default=0.0)
        for part in parts_of(sku):
            self.holds.pop(part, None)
            if others[part]:
                self.holds[part] = others[part], end
        for other in beside:
            self.ends[other] = end
        self.take_out(sku)

    def hand_over(self) -> None:
        """Let an order have all lines, and what is held of their goods."""
        for part in made_of(self.lines):
            self.holds.pop(part, None)
        for sku in list(self.lines):
            self.take_out(sku)

    def take_out(self, sku: int) -> None:
        """Forget a line, and leave its goods."""
        self.lines.pop(sku, None)
        self.ends.pop(sku, None)

    def let_end(self, now_s: float) -> None:
        self.holds = {part: hold for part, hold in self.holds.items() if hold[1] > now_s}

    def _beside(self, sku: int, now_s: float) -> list[int]:
        """The other lines that are held and need some of the same goods."""
        shared = parts_of(sku).keys()
        return [
            other
            for other, end in self.ends.items()
            if other != sku and end > now_s and not shared.isdisjoint(parts_of(other))
        ]


def short_lines(lines: Mapping[int, int], reach: Sequence[int]) -> dict[int, int]:
    """The lines that can't be had in full, with what is left for each: the first lines are served first."""
    needs = made_of(lines)
    left = {part: reach[part] for part in needs if reach[part] < needs[part]}
    short: dict[int, int] = {}
    for sku, units in lines.items():
        scarce = {part: each for part, each in parts_of(sku).items() if part in left}
        served = min([units, *(left[part] // each for part, each in scarce.items())])
        for part, each in scarce.items():
            left[part] -= each * served
        if served < units:
            short[sku] = served
    return short
