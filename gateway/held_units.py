"""The bounds on units that all carts of one client address hold together: of all SKUs, and of each.

Counted by the process that serves the address, from the answers that carts get: so it costs a buyer no round trip. A
hold is counted until its end, also when it has become an order's meanwhile. Of each SKU it is known, too, since when
the address has held it, in whichever carts.

The inventory decides what an address may hold of one SKU, because it knows the unsold units; the cart decides for how
long. Both are told what the address's other carts hold. Why: docs/decisions/0040.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from bus.messages.base import CartId, Sku, units_of
from bus.messages.cart import Cart, CartLine, HeldElsewhere
from engine.message import Reply
from gateway.holdings import HeldLine, Holdings, Stretch
from gateway.problems import too_many
from gateway.refusals import Refusals

_SWEEP_FROM: Final = 10_000  # Addresses; with more of them, those without holds are forgotten now and then.
_UNKNOWN_END: Final = timedelta(minutes=10)  # Of a hold whose answer is still to come.
_MOST_BUNDLES: Final = 10_000  # Whose parts are remembered.


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
        self._held: dict[str, Holdings] = {}
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
        known = self._of(address)
        before = known.get(cart_id, line)
        if known.total - (before.total if before else 0) + units > self._most:
            self._refuse(address, known, cart_id, line)
        if before is None or before.total < units:
            known.put(cart_id, line, HeldLine({_sku_of(line): max(units, 0)}, self._utc() + _UNKNOWN_END))
        got: list[Reply] = []
        try:
            yield got.append
        finally:
            cart = next((cart for cart in got if isinstance(cart, Cart)), None)
            self._settle(known, cart_id, line, cart, before)

    def elsewhere(self, address: str, cart_id: CartId, line: str) -> tuple[HeldElsewhere, ...] | None:
        """Return what other carts of an address hold of a line's SKUs; None if nothing is counted."""
        if not self._most:
            return None
        known, sku, now = self._of(address), _sku_of(line), self._utc()
        found: list[HeldElsewhere] = []
        for each in self._parts.get(sku, (sku,)):
            units, stretch = known.elsewhere(each, cart_id), known.stretch(each)
            if stretch is None or stretch.until + self._rest <= now:
                stretch = Stretch(now, now) if units else None
            if stretch:
                found.append(HeldElsewhere(sku=each, units=units, since=stretch.since, until=stretch.until))
        return tuple(found)

    def units(self, address: str, cart_id: CartId, line: str) -> int:
        """Return how many units of a line are counted for an address."""
        hold = self._of(address).get(cart_id, line)
        return hold.total if hold else 0

    def let_go(self, address: str, cart_id: CartId, line: str) -> None:
        """Count a line's units no more: it was removed."""
        if known := self._held.get(address):
            known.drop(cart_id, line)

    def _of(self, address: str) -> Holdings:
        """Return what is known of an address, without what has ended."""
        now = self._utc()
        if len(self._held) >= self._sweep_at:
            for known in self._held.values():
                known.forget(now, self._rest)
                known.prune(now, self._rest)
            self._held = {each: known for each, known in self._held.items() if known}
            self._sweep_at = max(_SWEEP_FROM, 2 * len(self._held))
        known = self._held.setdefault(address, Holdings())
        known.forget(now, self._rest)
        return known

    def _settle(
        self, known: Holdings, cart_id: CartId, line_id: str, cart: Cart | None, before: HeldLine | None
    ) -> None:
        line = next((line for line in cart.lines if line.id == line_id), None) if cart else None
        if line is not None:
            known.put(cart_id, line_id, HeldLine(units_of([line]), line.held_until))
            self._note(known, line)
        elif before is not None:
            known.put(cart_id, line_id, before)
        else:
            known.drop(cart_id, line_id)

    def _note(self, known: Holdings, line: CartLine) -> None:
        """Note since when the SKUs of a line are held, and the parts of a bundle."""
        skus = tuple(units_of([line]))
        if line.held_since:
            for sku in skus:
                known.extend(sku, line.held_since, line.held_until)
        if line.parts:
            if len(self._parts) >= _MOST_BUNDLES:
                self._parts.clear()
            self._parts[line.sku] = skus

    def _refuse(self, address: str, known: Holdings, cart_id: CartId, line: str) -> None:
        self._refusals.note("held_units", address)
        waits_s = ((until - self._utc()).total_seconds() for until in known.ends(but=(cart_id, line)))
        wait_s = min(waits_s, default=60.0)
        raise too_many(wait_s, f"Carts of one address hold at most {self._most} units together. Check out first.")


def _sku_of(line: str) -> Sku:
    """Return the SKU of a line's id: what stands before its inputs."""
    return line.partition("~")[0]
