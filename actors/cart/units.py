"""The units on shelves that a cart's lines are made of. Pure.

The inventory holds units of SKUs for a cart, and knows nothing of lines and bundles. So lines that share units are held
together: of each SKU the total that they need, all or none. Why: docs/decisions/0036.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import structs

from actors.cart.inputs import sku_of
from bus.messages.base import OrderLine, Sku, Units, units_of
from bus.messages.cart import Cart, CartLine, HeldElsewhere
from bus.messages.inventory import StockRefused

L = TypeVar("L", CartLine, OrderLine)


def wanted(cart: Cart, line: CartLine, now: datetime) -> dict[Sku, int]:
    """The total of each SKU that a cart has to hold when this line is set.

    Args:
        cart: As it is stored.
        line: As it shall be. Units that only its predecessor needed are given back, unless other lines need them.
        now: The time: lines whose holds have ended need nothing.
    """
    own, others = units_of([line]), _held(cart, line.id, now)
    left = {sku: 0 for sku in _of_line(cart, line.id) if sku not in own and sku not in others}
    return {sku: units + others.get(sku, 0) for sku, units in own.items()} | left


def released(cart: Cart, line_id: str, now: datetime) -> dict[Sku, int]:
    """The total of each SKU that a cart has to hold when this line is gone, whether the cart has it or not."""
    others = _held(cart, line_id, now)
    return {each: others.get(each, 0) for each in _of_line(cart, line_id) or {sku_of(line_id): 0}}


def sharing(cart: Cart, skus: Collection[Sku], but: str) -> list[CartLine]:
    """The lines that need units of one of these SKUs, without one line."""
    return [line for line in cart.lines if line.id != but and not units_of([line]).keys().isdisjoint(skus)]


def renewed(cart: Cart, skus: Collection[Sku], until: datetime, now: datetime) -> Cart:
    """The cart whose held units of these SKUs are held until then: all units of a line, or some of them."""
    lines = [line if line.held_until <= now else _renewed(line, units_of([line]), skus, until) for line in cart.lines]
    return structs.replace(cart, lines=tuple(lines))


def shortened(cart: Cart, skus: Collection[Sku], end: datetime) -> Cart:
    """The cart whose units of these SKUs are held together until then: no line that needs any of them longer."""
    lines = [
        structs.replace(line, held_until=min(end, line.held_until)) if units_of([line]).keys() & skus else line
        for line in cart.lines
    ]
    return structs.replace(cart, lines=tuple(lines))


def _renewed(line: CartLine, units: Mapping[Sku, int], skus: Collection[Sku], until: datetime) -> CartLine:
    if units.keys().isdisjoint(skus):
        return line
    end = until if units.keys() <= set(skus) else min(until, line.held_until)
    return structs.replace(line, held_until=end)


def refused(line: CartLine, totals: Mapping[Sku, int], short: Sequence[StockRefused]) -> StockRefused:
    """The refusal of a line, made of the refusals of its units.

    Args:
        line: As it was to be.
        totals: The units that were asked for, with those of other lines.
        short: The SKUs of which fewer can be had, each with the most that the cart could hold.
    """
    reach = {each.sku: _reach(line, each.sku, each.available, totals) for each in short}
    tightest = min(short, key=lambda each: reach[each.sku])
    return StockRefused(sku=line.sku, available=reach[tightest.sku], is_share=tightest.is_share)


def short_lines(lines: Sequence[OrderLine], short: Sequence[StockRefused]) -> tuple[StockRefused, ...]:
    """The lines that units are lacking for, with what is left for each; the first lines are served first."""
    left = {each.sku: each.available for each in short}
    return tuple(StockRefused(sku=line.sku, available=units) for line, units in _served(lines, left))


def lacking(lines: Sequence[CartLine], available: Mapping[Sku, int]) -> list[tuple[CartLine, int]]:
    """The lines that can't be had in full, with what is left for each; the first lines are served first.

    Args:
        lines: Without holds.
        available: Units by SKU.
    """
    return _served(lines, {sku: available.get(sku, 0) for sku in units_of(lines)})


def _served(lines: Sequence[L], left: dict[Sku, int]) -> list[tuple[L, int]]:
    """Serve lines in order from what is left of some SKUs; return those that do not get all, and what they get."""
    short: list[tuple[L, int]] = []
    for line in lines:
        needs: dict[Sku, int] = {sku: n // line.quantity for sku, n in units_of([line]).items() if sku in left}
        served = min([line.quantity, *(left[sku] // units for sku, units in needs.items())])
        for sku, units in needs.items():
            left[sku] -= served * units
        if served < line.quantity:
            short.append((line, served))
    return short


def elsewhere(held: Sequence[HeldElsewhere], skus: Collection[Sku]) -> tuple[Units, ...]:
    """The units of these SKUs that other carts hold, as a message has them."""
    return tuple(Units(sku=each.sku, quantity=each.units) for each in held if each.sku in skus)


def as_units(totals: Mapping[Sku, int]) -> tuple[Units, ...]:
    """The totals as a message has them."""
    return tuple(Units(sku=sku, quantity=quantity) for sku, quantity in totals.items())


def _reach(line: CartLine, sku: Sku, available: int, totals: Mapping[Sku, int]) -> int:
    """The most that there could be of a line, by one of its SKUs, if the other lines have theirs."""
    own = units_of([line])[sku]
    return max(0, (available - (totals[sku] - own)) // (own // line.quantity))


def _held(cart: Cart, but: str, now: datetime) -> dict[Sku, int]:
    return units_of(line for line in cart.lines if line.id != but and line.held_until > now)


def _of_line(cart: Cart, line_id: str) -> dict[Sku, int]:
    return units_of(line for line in cart.lines if line.id == line_id)
