"""Decisions about holds that go from one cart to another. Pure: see rules.py."""

from datetime import datetime

from actors.inventory.rules import Shares, end_of, take
from actors.inventory.shelf import Shelf
from bus.messages.base import Sku, Units
from bus.messages.inventory import HoldsMoved, MoveHolds


def move_holds(ask: MoveHolds, shelf: Shelf, until: datetime, shares: Shares) -> HoldsMoved:
    """Give one cart what another holds, and what is wanted beyond that as far as there is; update `shelf`.

    What the two hold together is never in each other's way, and is kept also where a cart of today could not hold as
    much: nobody loses units by signing in. Beyond it the bounds of every cart apply.
    """
    end = end_of(until, ask.not_after)
    held = [Units(sku=each.sku, quantity=_moved(ask, each, shelf, end, shares)) for each in ask.units]
    return HoldsMoved(held=tuple(held), until=end)


def short(ask: MoveHolds, answer: HoldsMoved) -> set[Sku]:
    """Return the SKUs of which less could be held than was wanted."""
    wanted = {each.sku: each.quantity for each in ask.units}
    return {each.sku for each in answer.held if each.quantity < wanted[each.sku]}


def _moved(ask: MoveHolds, wanted: Units, shelf: Shelf, until: datetime, shares: Shares) -> int:
    books = shelf.stock.get(wanted.sku)
    if books is None:
        return 0
    own, theirs = shelf.of_cart(ask.cart_id, wanted.sku), shelf.of_cart(ask.from_cart, wanted.sku)
    both = (own.quantity if own else 0) + (theirs.quantity if theirs else 0)
    most = max(both, shares.of(books.on_hand - books.assigned, None))
    units = min(wanted.quantity, books.available + both, most)
    if theirs is not None:
        shelf.book(wanted.sku, held=-theirs.quantity, reason="cart", reference=ask.from_cart)
        shelf.drop(theirs)
    take(ask.cart_id, Units(sku=wanted.sku, quantity=units), shelf, until)
    return units
