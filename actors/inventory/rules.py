"""Decisions of the inventory about units that carts and orders want. Pure: no await, no clock, no database.

A `Shelf` holds the rows that a turn has locked; decisions change it. A hold's life is the table in `life.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from actors.inventory.life import HELD, HOLD_NEXT, PLACED, Fact
from actors.inventory.shelf import Hold, Shelf
from bus.messages.base import CartId, OrderId, Sku, Units
from bus.messages.inventory import (
    CheckoutHeld,
    HoldForCheckout,
    HoldStock,
    HoldUnits,
    OutOfStock,
    StockHeld,
    StockRefused,
    UnitsGone,
    UnitsHeld,
    UnitsRetaken,
    UnknownSku,
)
from engine.message import Reply


@dataclass(frozen=True, slots=True)
class Share:
    """The units of a SKU that one may hold: a share of those that are not sold, and in any case a few."""

    share: float = 1.0  # More than 0, at most 1.
    least: int = 1  # Units; so a SKU with few units can be sold.

    def of(self, unsold: int) -> int:
        """Return the number for a SKU with so many unsold units."""
        return max(self.least, math.floor(self.share * unsold))


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of one cart, and of all carts of one client address."""

    cart: Share = Share()
    address: Share = Share()

    def of(self, unsold: int, elsewhere: int | None) -> int:
        """Return the units for one cart.

        Args:
            unsold: Units of the SKU that are not sold.
            elsewhere: Of these, units that other carts of the same address hold; None: nobody counts them.
        """
        own = self.cart.of(unsold)
        return own if elsewhere is None else max(0, min(own, self.address.of(unsold) - elsewhere))


def hold(
    asks: Sequence[HoldStock], shelf: Shelf, until: datetime, shares: Shares = Shares()
) -> list[StockHeld | StockRefused | UnknownSku]:
    """Answer in order of arrival, each in full or not at all, and update `shelf`.

    Never in part: a customer who asked for three and gets two costs more than a lost sale.
    """
    return [_hold(ask, shelf, end_of(until, ask.not_after), shares) for ask in asks]


def hold_units(
    asks: Sequence[HoldUnits], shelf: Shelf, until: datetime, shares: Shares = Shares()
) -> list[UnitsHeld | OutOfStock]:
    """Answer in order of arrival, each with all of its SKUs or none, and update `shelf`."""
    return [_hold_all(ask, shelf, end_of(until, ask.not_after), shares) for ask in asks]


def _hold(ask: HoldStock, shelf: Shelf, until: datetime, shares: Shares) -> StockHeld | StockRefused | UnknownSku:
    if ask.sku not in shelf.stock:
        return UnknownSku(sku=ask.sku)
    refused = _refusal(ask, ask, shelf, shares)
    if refused:
        return refused
    take(ask.cart_id, ask, shelf, until)
    return StockHeld(sku=ask.sku, quantity=ask.quantity, until=until)


def _hold_all(ask: HoldUnits, shelf: Shelf, until: datetime, shares: Shares) -> UnitsHeld | OutOfStock:
    if short := tuple(refused for units in ask.units if (refused := _refusal(ask, units, shelf, shares))):
        return OutOfStock(short=short)
    for units in ask.units:
        take(ask.cart_id, units, shelf, until)
    return UnitsHeld(until=until)


def _refusal(
    ask: HoldStock | HoldUnits, wanted: Units | HoldStock, shelf: Shelf, shares: Shares
) -> StockRefused | None:
    books, own = shelf.stock.get(wanted.sku), shelf.of_cart(ask.cart_id, wanted.sku)
    others = None if ask.elsewhere is None else sum(each.quantity for each in ask.elsewhere if each.sku == wanted.sku)
    has = own.quantity if own else 0
    reach = books.available + has if books else 0  # A cart's own hold never blocks that cart.
    # Nor is it taken away when others are sold.
    most = max(has, shares.of(books.on_hand - books.assigned, others)) if books else 0
    if wanted.quantity > reach:
        return StockRefused(sku=wanted.sku, available=min(reach, most))
    if wanted.quantity > most:
        return StockRefused(sku=wanted.sku, available=most, is_share=True)
    return None


def take(cart_id: CartId, wanted: Units | HoldStock, shelf: Shelf, until: datetime) -> None:
    """Set a cart's hold to so many units, which are there; 0 ends it."""
    own = shelf.of_cart(cart_id, wanted.sku)
    has = own.quantity if own else 0
    if wanted.quantity != has:
        shelf.book(wanted.sku, held=wanted.quantity - has, reason="cart", reference=cart_id)
    if own and not wanted.quantity:
        shelf.drop(own)
    elif own:
        own.quantity, own.expires_at, own.dirty = wanted.quantity, until, True
    elif wanted.quantity:
        shelf.add(Hold(wanted.sku, cart_id, None, wanted.quantity, "cart", until))


def end_of(until: datetime, not_after: datetime | None) -> datetime:
    """Return the end of a hold that is to last until then, if it may."""
    return until if not_after is None else min(until, not_after)


def hold_for_checkout(ask: HoldForCheckout, shelf: Shelf, until: datetime) -> CheckoutHeld | OutOfStock:
    """Turn a cart's holds into an order's, all lines or none; units that the cart no longer holds are held again.

    A repeat changes nothing. If the cart changed before its order was placed, the order's holds follow the cart. Units
    that an order has returned are left alone: it was called off, and late money may still ask for just those units.
    """
    holds = shelf.of_order(ask.order_id)
    live = {hold.sku: hold.quantity for hold in holds if hold.stage in HELD}
    is_placed = any(hold.stage in PLACED for hold in holds)
    if is_placed or (live and live == {line.sku: line.quantity for line in ask.lines}):
        return CheckoutHeld(until=min((hold.expires_at for hold in holds if hold.expires_at), default=until))
    own = {line.sku: shelf.of_cart(ask.cart_id, line.sku) for line in ask.lines}
    has = {sku: live.get(sku, 0) + (hold.quantity if hold else 0) for sku, hold in own.items()}
    short = tuple(refused for line in ask.lines if (refused := _shortage(line, has[line.sku], shelf)))
    if short:
        return OutOfStock(short=short)
    _drop_others(ask, shelf)
    earlier = {hold.sku: hold for hold in holds}
    for line in ask.lines:
        if of_cart := own[line.sku]:
            shelf.drop(of_cart)
        shelf.book(line.sku, held=line.quantity - has[line.sku], reason="checkout", reference=ask.order_id)
        if again := earlier.get(line.sku):  # Expired, or of another quantity, from before the order was placed.
            shelf.hold_again(again, line.quantity, until)
        else:
            shelf.add(Hold(line.sku, ask.cart_id, ask.order_id, line.quantity, "checkout", until))
    return CheckoutHeld(until=until)


def _shortage(line: Units, has: int, shelf: Shelf) -> StockRefused | None:
    books = shelf.stock.get(line.sku)
    reach = (books.available if books else 0) + has
    return StockRefused(sku=line.sku, available=reach) if line.quantity > reach else None


def _drop_others(ask: HoldForCheckout, shelf: Shelf) -> None:
    """Drop the order's holds of SKUs that have left the cart since."""
    wanted = {line.sku for line in ask.lines}
    for hold in [hold for hold in shelf.of_order(ask.order_id) if hold.sku not in wanted]:
        if hold.stage in HELD:
            shelf.book(hold.sku, held=-hold.quantity, reason="released", reference=ask.order_id)
        shelf.drop(hold)


def await_payment(order_id: OrderId, shelf: Shelf, until: datetime) -> None:
    """Hold a placed order's units until it is paid. The holds outlive the buyer's time to pay."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "order_placed", until)


def await_bank(order_id: OrderId, shelf: Shelf) -> None:
    """Hold the units until the bank has decided, which may take days: no clock ends these holds."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "processing")


def await_payment_again(order_id: OrderId, shelf: Shelf, until: datetime) -> None:
    """Hold the units for another payment: the bank has refused the first."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "payment_failed", until)


def sell(order_id: OrderId, shelf: Shelf) -> UnitsGone | None:
    """Assign a paid order's units. Expired holds are taken again, all or none."""
    holds = shelf.of_order(order_id)
    for hold in holds:
        if hold.stage in HELD:
            shelf.advance(hold, "paid")
    expired = [hold for hold in holds if hold.stage == "expired"]
    if _take_again(expired, "paid", shelf):
        return None
    return UnitsGone(order_id=order_id)


def retake(order_id: OrderId, shelf: Shelf) -> UnitsRetaken | UnitsGone | None:
    """Assign the units of an order that was cancelled unpaid and has been paid since: all or none."""
    given_back = [hold for hold in shelf.of_order(order_id) if (hold.stage, "paid_late") in HOLD_NEXT]
    if not given_back:
        return None  # A repeat: the units are assigned already.
    is_taken = _take_again(given_back, "paid_late", shelf)
    return UnitsRetaken(order_id=order_id) if is_taken else UnitsGone(order_id=order_id)


def _take_again(holds: Sequence[Hold], fact: Fact, shelf: Shelf) -> bool:
    if any(shelf.stock[hold.sku].available < hold.quantity for hold in holds):
        return False
    for hold in holds:
        shelf.advance(hold, fact)
    return True


def ship(order_id: OrderId, shelf: Shelf) -> None:
    """Take an order's units off the books: a carrier has them.

    The units of an expired hold may be promised to others by now. They stay on the books, and the audit finds them.
    """
    for hold in shelf.of_order(order_id):
        if hold.stage != "expired" or hold.quantity <= shelf.stock[hold.sku].available:
            shelf.advance(hold, "shipped")


def give_back(order_id: OrderId, shelf: Shelf) -> None:
    """Release the units, held or sold, of an order that will not be delivered."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "order_cancelled")


def abandon(order_id: OrderId, shelf: Shelf) -> None:
    """Release the holds of a checkout that failed. Units that are sold (to late money) stay sold.

    The holds expire and are not `returned`: only a placed order returns units, and a repeat may yet place this one.
    """
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "abandoned")


def short(answers: Sequence[Reply]) -> set[Sku]:
    """Return the SKUs of which too few units are left, and not only too few for one cart."""
    refused = [refusal for answer in answers if isinstance(answer, OutOfStock) for refusal in answer.short]
    return {refusal.sku for refusal in refused if not refusal.is_share}
