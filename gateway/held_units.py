"""The bound on units that all carts of one client address hold together.

Counted by the process that serves the address, from the answers that carts get: so it costs a buyer no round trip. A
hold is counted until its end, also when it has become an order's meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from bus.messages.base import CartId, units_of
from bus.messages.cart import Cart
from engine.message import Reply
from gateway.problems import too_many
from gateway.refusals import Refusals

_SWEEP_FROM: Final = 10_000  # Addresses; with more of them, those without holds are forgotten now and then.
_UNKNOWN_END: Final = timedelta(minutes=10)  # Of a hold whose answer is still to come.

_Holds: TypeAlias = "dict[tuple[CartId, str], _Hold]"  # By cart, and line.


@dataclass(slots=True)
class _Hold:
    units: int
    until: datetime


class HeldUnits:
    """Counts held units by client address.

    Args:
        most: Units of one address; 0 lifts the bound.
        utc: The time in UTC.
        refusals: Counts and logs what is refused.
    """

    def __init__(self, most: int, utc: Callable[[], datetime], refusals: Refusals) -> None:
        self._most = most
        self._utc = utc
        self._refusals = refusals
        self._held: dict[str, _Holds] = {}
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
        key, holds = (cart_id, line), self._of(address)
        before = holds.get(key)
        others = [hold for of, hold in holds.items() if of != key]
        if sum(hold.units for hold in others) + units > self._most:
            self._refuse(address, others)
        holds[key] = _Hold(max(units, before.units if before else 0), self._utc() + _UNKNOWN_END)
        got: list[Reply] = []
        try:
            yield got.append
        finally:
            self._settle(holds, key, next((cart for cart in got if isinstance(cart, Cart)), None), before)

    def units(self, address: str, cart_id: CartId, line: str) -> int:
        """Return how many units of a line are counted for an address."""
        hold = self._of(address).get((cart_id, line))
        return hold.units if hold else 0

    def let_go(self, address: str, cart_id: CartId, line: str) -> None:
        """Count a line's units no more: it was removed."""
        self._held.get(address, {}).pop((cart_id, line), None)

    def _of(self, address: str) -> _Holds:
        """Return the holds of an address that have not ended."""
        if len(self._held) >= self._sweep_at:
            now = self._utc()
            self._held = {known: holds for known, holds in self._held.items() if _running(holds, now)}
            self._sweep_at = max(_SWEEP_FROM, 2 * len(self._held))
        holds = self._held.setdefault(address, {})
        running = _running(holds, self._utc())
        for key in holds.keys() - running.keys():
            del holds[key]
        return holds

    @staticmethod
    def _settle(holds: _Holds, key: tuple[CartId, str], cart: Cart | None, before: _Hold | None) -> None:
        line = next((line for line in cart.lines if line.id == key[1]), None) if cart else None
        if line is not None:
            holds[key] = _Hold(sum(units_of([line]).values()), line.held_until)
        elif before is not None:
            holds[key] = before
        else:
            holds.pop(key, None)

    def _refuse(self, address: str, holds: list[_Hold]) -> None:
        self._refusals.note("held_units", address)
        wait_s = min(((hold.until - self._utc()).total_seconds() for hold in holds), default=60.0)
        raise too_many(wait_s, f"Carts of one address hold at most {self._most} units together. Check out first.")


def _running(holds: _Holds, now: datetime) -> _Holds:
    return {key: hold for key, hold in holds.items() if hold.until > now}
