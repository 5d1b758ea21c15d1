"""Decisions of the inventory. Pure: no await, no clock, no database.

A `Shelf` is what a turn has locked: the books of some SKUs and the live holds that matter to it. Decisions change it,
and it remembers what changed, so that the store can write exactly that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.audit import REPAIR, RepairMade
from bus.messages.base import CartId, Finding, Line, OrderId, Sku
from bus.messages.inventory import (
    CheckoutHeld,
    HoldForCheckout,
    HoldStock,
    OutOfStock,
    SetOnHand,
    StockBelowHeld,
    StockCount,
    StockHeld,
    StockLevel,
    StockRefused,
    UnitsGone,
    UnitsRetaken,
    UnknownSku,
)

Stage: TypeAlias = Literal["cart", "checkout", "payment", "sold", "expired", "returned"]
LIVE: frozenset[Stage] = frozenset({"cart", "checkout", "payment"})


@dataclass(slots=True)
class Hold:
    """Units of one SKU for one cart or order. An id of 0 is a hold that is not stored yet."""

    sku: Sku
    cart_id: CartId
    order_id: OrderId | None
    quantity: int
    stage: Stage
    expires_at: datetime | None
    id: int = 0
    dirty: bool = False
    stored: bool = True


@dataclass(slots=True)
class Stock:
    """The books of one SKU."""

    sku: Sku
    on_hand: int
    held: int
    version: int
    dirty: bool = False

    @property
    def available(self) -> int:
        """What anybody could have now."""
        return self.on_hand - self.held


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger."""

    sku: Sku
    on_hand_change: int
    held_change: int
    reason: str
    reference: str


class Shelf:
    """Books and holds that a turn has locked, and what it changed of them."""

    def __init__(self, stock: Iterable[Stock], holds: Iterable[Hold]) -> None:
        self.stock = {books.sku: books for books in stock}
        self.entries: list[Entry] = []
        self.gone: dict[tuple[CartId | OrderId, Sku], Hold] = {}  # They leave no row; the ledger tells of them.
        self._of_carts: dict[tuple[CartId, Sku], Hold] = {}
        self._of_orders: dict[OrderId, list[Hold]] = {}
        for hold in holds:
            self._keep(hold)

    @property
    def touched(self) -> list[Hold]:
        """Holds to be written."""
        return [hold for hold in self.holds() if hold.dirty]

    def holds(self) -> Iterable[Hold]:
        """All holds that are here."""
        yield from self._of_carts.values()
        for holds in self._of_orders.values():
            yield from holds

    def entries_of(self, sku: Sku) -> list[Entry]:
        """What is to be written to the ledger about one SKU."""
        return [entry for entry in self.entries if entry.sku == sku]

    def levels(self) -> list[StockLevel]:
        """What changed, as the world is told."""
        return [
            StockLevel(sku=books.sku, available=books.available, version=books.version)
            for books in self.stock.values()
            if books.dirty
        ]

    def of_cart(self, cart_id: CartId, sku: Sku) -> Hold | None:
        """A cart's hold."""
        return self._of_carts.get((cart_id, sku))

    def of_order(self, order_id: OrderId) -> Sequence[Hold]:
        """An order's holds, whatever became of them."""
        return self._of_orders.get(order_id, ())

    def book(self, sku: Sku, *, on_hand: int = 0, held: int = 0, reason: str, reference: str) -> None:
        """Change the books of one SKU, with an entry in the ledger."""
        books = self.stock[sku]
        books.on_hand += on_hand
        books.held += held
        if not books.dirty:
            books.version += 1
            books.dirty = True
        self.entries.append(Entry(sku, on_hand, held, reason, reference))

    def add(self, hold: Hold) -> None:
        """A hold that begins now; in the row of one that has just ended, if there is one."""
        earlier = self.gone.pop((hold.order_id or hold.cart_id, hold.sku), None)
        hold.id, hold.stored = (earlier.id, True) if earlier else (0, False)
        hold.dirty = True
        self._keep(hold)

    def drop(self, hold: Hold) -> None:
        """A cart's hold that ends, or a line that left an order before it was placed."""
        if hold.order_id is None:
            del self._of_carts[hold.cart_id, hold.sku]
        else:
            self._of_orders[hold.order_id].remove(hold)
        if hold.stored:
            self.gone[hold.order_id or hold.cart_id, hold.sku] = hold

    def move(self, hold: Hold, stage: Stage, expires_at: datetime | None) -> None:
        """An order's hold goes on to another stage."""
        hold.stage = stage
        hold.expires_at = expires_at
        hold.dirty = True

    def expire(self, now: datetime) -> None:
        """Free every hold here whose end has passed."""
        for hold in [hold for hold in self.holds() if hold.expires_at is not None and hold.expires_at <= now]:
            self.book(hold.sku, held=-hold.quantity, reason="expired", reference=hold.order_id or hold.cart_id)
            if hold.order_id is None:
                self.drop(hold)
            else:
                self.move(hold, "expired", None)

    def _keep(self, hold: Hold) -> None:
        if hold.order_id is None:
            self._of_carts[hold.cart_id, hold.sku] = hold
        else:
            self._of_orders.setdefault(hold.order_id, []).append(hold)


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
    live = {hold.sku: hold.quantity for hold in holds if hold.stage in LIVE}
    is_placed = any(hold.stage in ("payment", "sold", "returned") for hold in holds)
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
            again.quantity = line.quantity
            shelf.move(again, "checkout", until)
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
        if hold.stage in LIVE:
            shelf.book(hold.sku, held=-hold.quantity, reason="released", reference=ask.order_id)
        shelf.drop(hold)


def await_payment(order_id: OrderId, shelf: Shelf, until: datetime) -> None:
    """The order is placed: its holds wait for money. They outlive the time the buyer has to pay."""
    for hold in shelf.of_order(order_id):
        if hold.stage == "checkout":
            shelf.move(hold, "payment", until)


def sell(order_id: OrderId, shelf: Shelf) -> UnitsGone | None:
    """Money is here: the units leave the books. Holds that had run out are taken again, all or none."""
    holds = shelf.of_order(order_id)
    for hold in holds:
        if hold.stage in LIVE:
            shelf.book(hold.sku, on_hand=-hold.quantity, held=-hold.quantity, reason="sold", reference=order_id)
            shelf.move(hold, "sold", None)
    expired = [hold for hold in holds if hold.stage == "expired"]
    if _retake(expired, shelf):
        return None
    return UnitsGone(order_id=order_id)


def retake(order_id: OrderId, shelf: Shelf) -> UnitsRetaken | UnitsGone | None:
    """Money is here for an order that had been called off for want of it: take its units again, all or none."""
    given_back = [hold for hold in shelf.of_order(order_id) if hold.stage in ("returned", "expired")]
    if not given_back:
        return None  # A repeat: they are sold.
    return UnitsRetaken(order_id=order_id) if _retake(given_back, shelf) else UnitsGone(order_id=order_id)


def _retake(holds: Sequence[Hold], shelf: Shelf) -> bool:
    if any(shelf.stock[hold.sku].available < hold.quantity for hold in holds):
        return False
    for hold in holds:
        shelf.book(hold.sku, on_hand=-hold.quantity, reason="sold late", reference=hold.order_id or "")
        shelf.move(hold, "sold", None)
    return True


def give_back(order_id: OrderId, shelf: Shelf) -> None:
    """The order will not be delivered: held units are free again, sold ones go back on the shelf."""
    for hold in shelf.of_order(order_id):
        if hold.stage in LIVE:
            shelf.book(hold.sku, held=-hold.quantity, reason="released", reference=order_id)
        elif hold.stage == "sold":
            shelf.book(hold.sku, on_hand=hold.quantity, reason="returned", reference=order_id)
        shelf.move(hold, "returned", None)


def abandon(order_id: OrderId, shelf: Shelf) -> None:
    """Its checkout came to nothing: what only that set aside is free again. What is sold stays sold (to late money).

    As if it had run out: "returned" is what a placed order gave back, and a repeat of this checkout may yet place it.
    """
    for hold in shelf.of_order(order_id):
        if hold.stage == "checkout":
            shelf.book(hold.sku, held=-hold.quantity, reason="released", reference=order_id)
            shelf.move(hold, "expired", None)


def set_on_hand(ask: SetOnHand, shelf: Shelf, by_ledger: int | None = None) -> StockCount | StockBelowHeld:
    """Write down what was counted, unless more is promised than that.

    Args:
        ask: What was counted.
        shelf: Its books.
        by_ledger: What the ledger says is on hand, if it is to be made to agree; None if it does.
    """
    books = shelf.stock[ask.sku]
    if ask.on_hand < books.held:
        return StockBelowHeld(sku=ask.sku, held=books.held)
    if ask.on_hand != books.on_hand:
        shelf.book(ask.sku, on_hand=ask.on_hand - books.on_hand, reason="counted", reference="")
    if by_ledger is not None:
        missing = books.on_hand - by_ledger - sum(entry.on_hand_change for entry in shelf.entries_of(ask.sku))
        if missing:
            shelf.entries.append(Entry(ask.sku, missing, 0, "recounted", ""))
    return StockCount(sku=ask.sku, on_hand=books.on_hand, held=books.held, version=books.version)


@dataclass(frozen=True, slots=True)
class Sums:
    """What the rows and the ledger say of one SKU."""

    sku: Sku
    on_hand: int
    held: int
    held_by_holds: int
    on_hand_by_ledger: int
    held_by_ledger: int


_COUNT = 'count the shelf, then PUT /admin/api/stock/{sku} {{"on_hand": <what is there>, "recount": true}}'


def audit(sums: Sums) -> list[Finding]:
    """Compare the counters with what they can be computed from."""
    fits = 0 <= sums.held_by_holds <= sums.on_hand
    held = REPAIR if fits else "more is promised than is there: cancel orders until it fits, then repair"
    compared = [
        ("held = live holds", sums.held, sums.held_by_holds, held),
        ("held = ledger", sums.held, sums.held_by_ledger, held),
        ("on hand = ledger", sums.on_hand, sums.on_hand_by_ledger, _COUNT.format(sku=sums.sku)),
    ]
    findings = [
        Finding(rule=f"I3 {rule}", about=sums.sku, detail=f"{counter} is counted, {computed} computed", remedy=remedy)
        for rule, counter, computed, remedy in compared
        if counter != computed
    ]
    if not 0 <= sums.held <= sums.on_hand:
        detail = f"{sums.held} are held of {sums.on_hand}"
        findings.append(Finding(rule="I3 never oversold", about=sums.sku, detail=detail, remedy=held))
    return findings


def repair(sums: Sums, shelf: Shelf, above_version: int) -> list[RepairMade]:
    """Set what is held to the sum of the live holds, if that fits, and make the ledger agree; say what was done.

    What is on hand is not touched: only who counts the shelf knows.
    """
    books, made = shelf.stock[sums.sku], list[RepairMade]()
    fits = 0 <= sums.held_by_holds <= sums.on_hand
    if fits and not (sums.held == sums.held_by_holds == sums.held_by_ledger):
        before = f"{sums.held} held, {sums.held_by_holds} by holds, {sums.held_by_ledger} by ledger"
        # The entry is what the ledger lacks, which need not be what the counter lacks.
        shelf.book(sums.sku, held=sums.held_by_holds - sums.held_by_ledger, reason="repaired", reference="")
        books.held = sums.held_by_holds
        made.append(RepairMade(rule="I3 held", about=sums.sku, before=before, after=f"{books.held} held"))
    if above_version:
        before = f"version {books.version}, readers were told {above_version}"
        books.version = max(books.version, above_version) + 1
        books.dirty = True
        after = f"version {books.version}, told anew"
        made.append(RepairMade(rule="I9 level", about=sums.sku, before=before, after=after))
    return made
