"""Holdings of one client address, by cart and line. Every sum that a request asks for is kept, and none made anew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Final

from bus.messages.base import CartId, Sku

_PRUNE_FROM: Final = 64  # Stretches; with more, those that are over are forgotten each time their number has doubled.


@dataclass(frozen=True, slots=True)
class HeldLine:
    """The units that a line holds, by SKU, and until when."""

    units: Mapping[Sku, int]
    until: datetime

    @property
    def total(self) -> int:
        """The units of all SKUs."""
        return sum(self.units.values())


@dataclass(slots=True)
class Stretch:
    """The time for which an address has held a SKU without a rest."""

    since: datetime
    until: datetime


class Holdings:
    """The holds of an address, and since when it holds each SKU."""

    __slots__ = ("_carts", "_ends", "_prune_at", "_stretches", "_units", "total")

    def __init__(self) -> None:
        self.total = 0  # Units of all SKUs.
        self._units: dict[Sku, int] = {}
        self._carts: dict[CartId, dict[str, HeldLine]] = {}
        self._ends: list[tuple[datetime, CartId, str]] = []  # A heap. Of a hold that was replaced, its old end, too.
        self._stretches: dict[Sku, Stretch] = {}
        self._prune_at = _PRUNE_FROM

    def __bool__(self) -> bool:
        """Whether there is anything to know."""
        return bool(self._carts or self._stretches)

    def get(self, cart_id: CartId, line: str) -> HeldLine | None:
        """Return the hold of a line."""
        return self._carts.get(cart_id, {}).get(line)

    def put(self, cart_id: CartId, line: str, hold: HeldLine) -> None:
        """Set the hold of a line."""
        self.drop(cart_id, line)
        self._carts.setdefault(cart_id, {})[line] = hold
        heappush(self._ends, (hold.until, cart_id, line))
        self._add(hold.units, 1)

    def drop(self, cart_id: CartId, line: str) -> None:
        """Forget the hold of a line, if there is one."""
        lines = self._carts.get(cart_id, {})
        if (hold := lines.pop(line, None)) is not None:
            self._add(hold.units, -1)
            if not lines:
                del self._carts[cart_id]

    def elsewhere(self, sku: Sku, cart_id: CartId) -> int:
        """Return the units of a SKU that other carts hold."""
        own = self._carts.get(cart_id, {}).values()
        return self._units.get(sku, 0) - sum(hold.units.get(sku, 0) for hold in own)

    def ends(self, *, but: tuple[CartId, str]) -> Iterator[datetime]:
        """The ends of all holds but one."""
        return (
            hold.until
            for cart_id, lines in self._carts.items()
            for line, hold in lines.items()
            if (cart_id, line) != but
        )

    def stretch(self, sku: Sku) -> Stretch | None:
        """Return the time for which a SKU has been held."""
        return self._stretches.get(sku)

    def extend(self, sku: Sku, since: datetime, until: datetime) -> None:
        """Note that a SKU is held since and until then."""
        last = self._stretches.get(sku)
        self._stretches[sku] = Stretch(since, max(last.until, until) if last else until)

    def forget(self, now: datetime, rest: timedelta) -> None:
        """Forget the holds that have ended, and stretches after which a SKU has rested."""
        while self._ends and self._ends[0][0] <= now:
            _, cart_id, line = heappop(self._ends)
            hold = self.get(cart_id, line)
            if hold is not None and hold.until <= now:
                self.drop(cart_id, line)
        if len(self._stretches) >= self._prune_at:
            self.prune(now, rest)

    def prune(self, now: datetime, rest: timedelta) -> None:
        """Forget all stretches after which a SKU has rested."""
        self._stretches = {sku: each for sku, each in self._stretches.items() if each.until + rest > now}
        self._prune_at = max(_PRUNE_FROM, 2 * len(self._stretches))

    def _add(self, units: Mapping[Sku, int], sign: int) -> None:
        for sku, count in units.items():
            self.total += sign * count
            if left := self._units.get(sku, 0) + sign * count:
                self._units[sku] = left
            else:
                self._units.pop(sku, None)
