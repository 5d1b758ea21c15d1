"""Decisions of the inventory about units that carts and orders want. Pure: no await, no clock, no database.

A `Shelf` is what a turn has locked; decisions change it. What becomes of a hold is the table of `life.py`.
"""

from collections.abc import Sequence
from datetime import datetime

from actors.inventory.life import HELD, HOLD_NEXT, PLACED, Fact
from actors.inventory.shelf import Hold, Shelf
from bus.messages.base import Line, OrderId
from bus.messages.inventory import (
    CheckoutHeld,
    HoldForCheckout,
    HoldStock,
    OutOfStock,
    StockHeld,
    StockRefused,
    UnitsGone,
    UnitsRetaken,
    UnknownSku,
)


def hold(asks: Sequence[HoldStock], shelf: Shelf, until: datetime) -> list[StockHeld | StockRefused | UnknownSku]:
    """Answer in order of arrival, each in full or not at all; `shelf` is left as it will be.

    Never a part: a customer who asked for three and gets two costs more than a lost sale.
    """
    return [_hold(ask, shelf, until) for ask in asks]


def _hold(ask: HoldStock, shelf: Shelf, until: datetime) -> StockHeld | StockRefused | UnknownSku:
    books = shelf.stock.get(ask.sku)
    if books is None:
        return UnknownSku(sku=ask.sku)
    own = shelf.of_cart(ask.cart_id, ask.sku)
    has = own.quantity if own else 0
    reach = books.available + has  # One's own hold is never in one's way.
    if ask.quantity > reach:
        return StockRefused(sku=ask.sku, available=reach)
    if ask.quantity != has:
        shelf.book(ask.sku, held=ask.quantity - has, reason="cart", reference=ask.cart_id)
    if own and not ask.quantity:
        shelf.drop(own)
    elif own:
        own.quantity, own.expires_at, own.dirty = ask.quantity, until, True
    elif ask.quantity:
        shelf.add(Hold(ask.sku, ask.cart_id, None, ask.quantity, "cart", until))
    return StockHeld(sku=ask.sku, quantity=ask.quantity, until=until)


def hold_for_checkout(ask: HoldForCheckout, shelf: Shelf, until: datetime) -> CheckoutHeld | OutOfStock:
    """Turn a cart's holds into an order's, all lines or none; what the cart no longer holds is taken anew.

    A repeat changes nothing. A cart that comes back changed before its order was placed is held as it is now. What an
    order has given back is left alone: it was called off, and late money may still ask for just those units.
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
        if again := earlier.get(line.sku):  # It had expired, or was of another quantity, before the order was placed.
            shelf.hold_again(again, line.quantity, until)
        else:
            shelf.add(Hold(line.sku, ask.cart_id, ask.order_id, line.quantity, "checkout", until))
    return CheckoutHeld(until=until)


def _shortage(line: Line, has: int, shelf: Shelf) -> StockRefused | None:
    books = shelf.stock.get(line.sku)
    reach = (books.available if books else 0) + has
    return StockRefused(sku=line.sku, available=reach) if line.quantity > reach else None


def _drop_others(ask: HoldForCheckout, shelf: Shelf) -> None:
    """What left the cart since is not of this order."""
    wanted = {line.sku for line in ask.lines}
    for hold in [hold for hold in shelf.of_order(ask.order_id) if hold.sku not in wanted]:
        if hold.stage in HELD:
            shelf.book(hold.sku, held=-hold.quantity, reason="released", reference=ask.order_id)
        shelf.drop(hold)


def await_payment(order_id: OrderId, shelf: Shelf, until: datetime) -> None:
    """Hold a placed order's units for its money. They outlive the time the buyer has to pay."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "order_placed", until)


def await_bank(order_id: OrderId, shelf: Shelf) -> None:
    """Hold the units until a bank has decided, which may take days: no clock ends that."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "processing")


def await_payment_again(order_id: OrderId, shelf: Shelf, until: datetime) -> None:
    """Hold the units for another try: the bank has said no."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "payment_failed", until)


def sell(order_id: OrderId, shelf: Shelf) -> UnitsGone | None:
    """Assign the units: money is here. Holds that had run out are taken again, all or none."""
    holds = shelf.of_order(order_id)
    for hold in holds:
        if hold.stage in HELD:
            shelf.advance(hold, "paid")
    expired = [hold for hold in holds if hold.stage == "expired"]
    if _take_again(expired, "paid", shelf):
        return None
    return UnitsGone(order_id=order_id)


def retake(order_id: OrderId, shelf: Shelf) -> UnitsRetaken | UnitsGone | None:
    """Assign the units of an order that had been called off for want of money: all or none."""
    given_back = [hold for hold in shelf.of_order(order_id) if (hold.stage, "paid_late") in HOLD_NEXT]
    if not given_back:
        return None  # A repeat: they are sold.
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

    Units whose hold had run out may be promised to others by now. They stay on the books, and the audit finds them.
    """
    for hold in shelf.of_order(order_id):
        if hold.stage != "expired" or hold.quantity <= shelf.stock[hold.sku].available:
            shelf.advance(hold, "shipped")


def give_back(order_id: OrderId, shelf: Shelf) -> None:
    """Free the units of an order that will not be delivered, held or sold."""
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "order_cancelled")


def abandon(order_id: OrderId, shelf: Shelf) -> None:
    """Free what a checkout set aside that came to nothing. What is sold stays sold (to late money).

    As if it had run out: "returned" is what a placed order gave back, and a repeat of this checkout may yet place it.
    """
    for hold in shelf.of_order(order_id):
        shelf.advance(hold, "abandoned")
