"""The bounds on units that all carts of one client address hold together: of all SKUs, and of each.

Counted by the process that serves the address, from the answers that carts get: so it costs a buyer no round trip. A
hold is counted until its end, also when it has become an order's meanwhile. Of each SKU it is known, too, since when
the address has held it, in whichever carts.

The inventory decides what an address may hold of one SKU, because it knows the unsold units; the cart decides for how
long. Both are told what the address's other carts hold. Why: docs/decisions/0040.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from bus.messages.base import CartId, Sku, units_of
from bus.messages.cart import Cart, CartLine, HeldElsewhere
from engine.message import Reply
from gateway.problems import too_many
from gateway.refusals import Refusals

_SWEEP_FROM: Final = 10_000  # Addresses; with more of them, those without holds are forgotten now and then.
_UNKNOWN_END: Final = timedelta(minutes=10)  # Of a hold whose answer is still to come.
_MOST_BUNDLES: Final = 10_000  # Whose parts are remembered.

_Key: TypeAlias = tuple[CartId, str]  # A cart, and a line.


@dataclass(slots=True)
class _Hold:
    units: Mapping[Sku, int]
    until: datetime

    @property
    def total(self) -> int:
        return sum(self.units.values())


@dataclass(slots=True)
class _Stretch:
    """The time for which an address has held a SKU without a rest."""

    since: datetime
    until: datetime


@dataclass(slots=True)
class _Address:
    holds: dict[_Key, _Hold] = field(default_factory=dict)
    stretches: dict[Sku, _Stretch] = field(default_factory=dict)

    def forget(self, now: datetime, rest: timedelta) -> None:
        """Forget what has ended, and stretches after which a SKU has rested."""
        self.holds = {key: hold for key, hold in self.holds.items() if hold.until > now}
        self.stretches = {sku: stretch for sku, stretch in self.stretches.items() if stretch.until + rest > now}


class HeldUnits:
    """Counts held units by client address.

    Args:
        most: Units of one address, of all SKUs; 0 lifts the bound, and nothing is counted.
        utc: The time in UTC.
        refusals: Counts and logs what is refused.
        rest: How long a SKU is not held before another stretch of holding it begins.
    """

    def __init__(self, most: int, utc: Callable[[], datetime], refusals: Refusals, *, rest: timedelta) -> None:
        self._most = most
        self._utc = utc
        self._refusals = refusals
        self._rest = rest
        self._held: dict[str, _Address] = {}
        self._parts: dict[Sku, tuple[Sku, ...]] = {}  # Of bundles that were in carts.
        self._sweep_at = _SWEEP_FROM

    @contextmanager
    def holding(self, address: str, cart_id: CartId, line: str, units: int) -> Iterator[Callable[[Reply], None]]:
        """Count units while a cart asks for them; afterwards by the answer that is passed to the yielded function.

        Raises:
            Problem: The address's carts would hold too many.
        """
        if not self._most:
            yield lambda _: None
            return
        key, known = (cart_id, line), self._of(address)
        before = known.holds.get(key)
        others = [hold for of, hold in known.holds.items() if of != key]
        if sum(hold.total for hold in others) + units > self._most:
            self._refuse(address, others)
        if before is None or before.total < units:
            known.holds[key] = _Hold({_sku_of(line): max(units, 0)}, self._utc() + _UNKNOWN_END)
        got: list[Reply] = []
        try:
            yield got.append
        finally:
            self._settle(known, key, next((cart for cart in got if isinstance(cart, Cart)), None), before)

    def elsewhere(self, address: str, cart_id: CartId, line: str) -> tuple[HeldElsewhere, ...] | None:
        """Return what other carts of an address hold of a line's SKUs; None if nothing is counted."""
        if not self._most:
            return None
        known, sku, now = self._of(address), _sku_of(line), self._utc()
        found: list[HeldElsewhere] = []
        for each in self._parts.get(sku, (sku,)):
            units = sum(hold.units.get(each, 0) for (cart, _), hold in known.holds.items() if cart != cart_id)
            stretch = known.stretches.get(each) or (_Stretch(now, now) if units else None)
            if stretch:
                found.append(HeldElsewhere(sku=each, units=units, since=stretch.since, until=stretch.until))
        return tuple(found)

    def units(self, address: str, cart_id: CartId, line: str) -> int:
        """Return how many units of a line are counted for an address."""
        hold = self._of(address).holds.get((cart_id, line))
        return hold.total if hold else 0

    def let_go(self, address: str, cart_id: CartId, line: str) -> None:
        """Count a line's units no more: it was removed."""
        if known := self._held.get(address):
            known.holds.pop((cart_id, line), None)

    def _of(self, address: str) -> _Address:
        """Return what is known of an address, without what has ended."""
        now = self._utc()
        if len(self._held) >= self._sweep_at:
            for known in self._held.values():
                known.forget(now, self._rest)
            self._held = {each: known for each, known in self._held.items() if known.holds or known.stretches}
            self._sweep_at = max(_SWEEP_FROM, 2 * len(self._held))
        known = self._held.setdefault(address, _Address())
        known.forget(now, self._rest)
        return known

    def _settle(self, known: _Address, key: _Key, cart: Cart | None, before: _Hold | None) -> None:
        line = next((line for line in cart.lines if line.id == key[1]), None) if cart else None
        if line is not None:
            known.holds[key] = _Hold(units_of([line]), line.held_until)
            self._note(known, line)
        elif before is not None:
            known.holds[key] = before
        else:
            known.holds.pop(key, None)

    def _note(self, known: _Address, line: CartLine) -> None:
        """Note since when the SKUs of a line are held, and the parts of a bundle."""
        skus = tuple(units_of([line]))
        for sku in skus if line.held_since else ():
            last = known.stretches.get(sku)
            until = max(last.until, line.held_until) if last else line.held_until
            known.stretches[sku] = _Stretch(line.held_since or until, until)
        if line.parts:
            if len(self._parts) >= _MOST_BUNDLES:
                self._parts.clear()
            self._parts[line.sku] = skus

    def _refuse(self, address: str, holds: list[_Hold]) -> None:
        self._refusals.note("held_units", address)
        wait_s = min(((hold.until - self._utc()).total_seconds() for hold in holds), default=60.0)
        raise too_many(wait_s, f"Carts of one address hold at most {self._most} units together. Check out first.")


def _sku_of(line: str) -> Sku:
    """Return the SKU of a line's id: what stands before its inputs."""
    return line.partition("~")[0]
