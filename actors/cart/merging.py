"""Two carts of one person become one. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import structs

from actors.cart.rules import MAX_LINES, Renewal, line_of
from bus.messages.base import Sku, units_of
from bus.messages.cart import Cart, CartLine, MergedLine

MOST_LINES = 2 * MAX_LINES  # Of a cart into which others were merged: no line is lost at the first sign-in.


def is_anothers(cart: Cart, owner: str) -> bool:
    """Whether a cart is another customer's: on a shared computer its id may still be known."""
    return cart.owner not in ("", owner)


def merged(own: Cart, guest: Cart, renewal: Renewal, now: datetime) -> Cart:
    """Return a cart with the lines of both, of each the greater quantity: what somebody put into both is meant once."""
    lines = {line.id: line for line in own.lines}
    for line in guest.lines:
        if line.id in lines or len(lines) < MOST_LINES:
            lines[line.id] = _greater(lines.get(line.id), line, renewal, now)
    return structs.replace(own, lines=tuple(lines.values()))


def holdable(cart: Cart, renewal: Renewal, now: datetime) -> list[CartLine]:
    """Return the lines that may be held: others were held for as long as may be, and have to rest."""
    return [line for line in cart.lines if line.is_for_sale and renewal.since(line, now) + renewal.most > now]


def not_after(lines: Sequence[CartLine], renewal: Renewal, now: datetime) -> datetime | None:
    """Return the latest end of a hold of these lines together."""
    return min((renewal.since(line, now) + renewal.most for line in lines), default=None)


def with_holds(cart: Cart, lines: Sequence[CartLine], held: Mapping[Sku, int], until: datetime, now: datetime) -> Cart:
    """Return the cart whose lines say whether they are held: each in full or not at all, the first ones first."""
    left, may_be_held, kept = dict(held), {line.id for line in lines}, []
    for line in cart.lines:
        needs = units_of([line])
        is_held = line.id in may_be_held and all(left.get(sku, 0) >= units for sku, units in needs.items())
        for sku, units in needs.items() if is_held else ():
            left[sku] -= units
        kept.append(structs.replace(line, held_until=until if is_held else min(line.held_until, now)))
    return structs.replace(cart, lines=tuple(kept))


def needed(cart: Cart, now: datetime) -> dict[Sku, int]:
    """Return the units that a cart's held lines need."""
    return units_of(line for line in cart.lines if line.held_until > now)


def changes(own: Cart, guest: Cart, now_is: Cart, now: datetime) -> tuple[MergedLine, ...]:
    """List the lines that are not as they were in both carts."""
    listed = []
    for line in now_is.lines:
        before, other = line_of(own, line.id), line_of(guest, line.id)
        counts = before.quantity if before else 0, other.quantity if other else 0
        if counts[0] != counts[1]:
            listed.append(
                MergedLine(
                    id=line.id,
                    title=line.title,
                    own=counts[0],
                    guest=counts[1],
                    quantity=line.quantity,
                    is_held=line.held_until > now,
                )
            )
    return tuple(listed)


def _greater(own: CartLine | None, guest: CartLine, renewal: Renewal, now: datetime) -> CartLine:
    if own is None:
        return guest
    since = min(renewal.since(own, now), renewal.since(guest, now))
    return structs.replace(
        own if own.quantity >= guest.quantity else guest,
        held_since=since,
        held_until=max(own.held_until, guest.held_until),
    )
