"""Shelves for the inventory's rules, and a warehouse in memory that keeps what they decide as the tables would."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from actors.inventory import rules
from actors.inventory.books import StockSums, set_on_hand
from actors.inventory.life import ENDING, HELD, Stage
from actors.inventory.shelf import Entry, Hold, Shelf, Stock
from bus.messages.base import CartId, Line, OrderId, Sku
from bus.messages.inventory import (
    CheckoutHeld,
    HoldForCheckout,
    HoldStock,
    HoldUnits,
    OutOfStock,
    SetOnHand,
    StockBelowHeld,
    StockCount,
    StockHeld,
    StockMoved,
    StockRefused,
    UnitsGone,
    UnitsHeld,
    UnitsRetaken,
    UnknownSku,
)

T = TypeVar("T")

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=10)
LAMP, MUG = "LAMP", "MUG"
FIRST_CART, SECOND_CART = "cart_1", "cart_2"
ORDER = "ord_1"


def shelf_of(*holds: Hold, **on_hand: int) -> Shelf:
    """So many units of each SKU, and of them what these holds hold or have been assigned."""

    def units(sku: Sku, stages: Collection[Stage]) -> int:
        return sum(hold.quantity for hold in holds if hold.sku == sku and hold.stage in stages)

    stock = [Stock(sku, count, units(sku, {"sold"}), units(sku, HELD), version=1) for sku, count in on_hand.items()]
    return Shelf(stock, holds)


def ask(cart_id: CartId, sku: Sku, quantity: int) -> HoldStock:
    return HoldStock(cart_id=cart_id, sku=sku, quantity=quantity)


def checkout(*lines: tuple[Sku, int], cart_id: CartId = FIRST_CART, order_id: OrderId = ORDER) -> HoldForCheckout:
    return HoldForCheckout(
        cart_id=cart_id, order_id=order_id, lines=tuple(Line(sku=sku, quantity=quantity) for sku, quantity in lines)
    )


def cart_hold(sku: Sku, quantity: int, *, cart_id: CartId = FIRST_CART, until: datetime = LATER, id: int = 1) -> Hold:  # noqa: A002 - as the hold calls it
    return Hold(sku, cart_id, None, quantity, "cart", until, id=id)


def order_hold(sku: Sku, quantity: int, stage: Stage, *, until: datetime = LATER, id: int = 1) -> Hold:  # noqa: A002 - as above
    return Hold(sku, FIRST_CART, ORDER, quantity, stage, until if stage in ENDING else None, id=id)


def books(shelf: Shelf, sku: Sku) -> tuple[int, int, int]:
    """On hand, assigned, and held."""
    stock = shelf.stock[sku]
    return stock.on_hand, stock.assigned, stock.held


class Store:
    """What is kept between turns. Each command is a turn of one message, read and written as store.py does."""

    def __init__(self, **on_hand: int) -> None:
        self.now = NOON
        self.stock = {sku: Stock(sku, 0, 0, 0, version=1) for sku in on_hand}
        self.holds: dict[int, Hold] = {}
        self.ledger: list[Entry] = []
        self._last_id = 0
        for sku, units in on_hand.items():
            self.count(sku, units)

    def hold(self, *asks: HoldStock) -> Sequence[StockHeld | StockRefused | UnknownSku]:
        wanted = {(ask.cart_id, ask.sku) for ask in asks}
        return self._free_if_refused(
            lambda: self._shelf_of_carts(wanted),
            lambda shelf: rules.hold(asks, shelf, self.now + timedelta(minutes=10)),
            lambda answers: {answer.sku for answer in answers if isinstance(answer, StockRefused)},
        )

    def hold_units(self, *asks: HoldUnits) -> Sequence[UnitsHeld | OutOfStock]:
        wanted = {(ask.cart_id, units.sku) for ask in asks for units in ask.units}
        return self._free_if_refused(
            lambda: self._shelf_of_carts(wanted),
            lambda shelf: rules.hold_units(asks, shelf, self.now + timedelta(minutes=10)),
            lambda answers: {one.sku for each in answers if isinstance(each, OutOfStock) for one in each.short},
        )

    def checkout(self, ask: HoldForCheckout) -> CheckoutHeld | OutOfStock:
        wanted = {(ask.cart_id, line.sku) for line in ask.lines}
        return self._free_if_refused(
            lambda: self._shelf_of_order(ask.order_id, wanted),
            lambda shelf: rules.hold_for_checkout(ask, shelf, self.now + timedelta(minutes=10)),
            lambda answer: {one.sku for one in answer.short} if isinstance(answer, OutOfStock) else set(),
        )

    def await_payment(self, order_id: OrderId) -> None:
        shelf = self._shelf_of_order(order_id)
        rules.await_payment(order_id, shelf, self.now + timedelta(minutes=45))
        self._save(shelf)

    def sell(self, order_id: OrderId) -> UnitsGone | None:
        shelf = self._shelf_of_order(order_id)
        answer = rules.sell(order_id, shelf)
        self._save(shelf)
        return answer

    def retake(self, order_id: OrderId) -> UnitsRetaken | UnitsGone | None:
        shelf = self._shelf_of_order(order_id)
        answer = rules.retake(order_id, shelf)
        self._save(shelf)
        return answer

    def give_back(self, order_id: OrderId) -> None:
        self._of_order(order_id, rules.give_back)

    def await_bank(self, order_id: OrderId) -> None:
        self._of_order(order_id, rules.await_bank)

    def await_payment_again(self, order_id: OrderId) -> None:
        until = self.now + timedelta(minutes=45)
        self._of_order(order_id, lambda order_id, shelf: rules.await_payment_again(order_id, shelf, until))

    def ship(self, order_id: OrderId) -> None:
        self._of_order(order_id, rules.ship)

    def _of_order(self, order_id: OrderId, decide: Callable[[OrderId, Shelf], None]) -> None:
        shelf = self._shelf_of_order(order_id)
        decide(order_id, shelf)
        self._save(shelf)

    def count(self, sku: Sku, units: int) -> StockCount | StockBelowHeld | StockMoved:
        self.free_expired({sku})
        shelf = self._shelf([])
        answer = set_on_hand(SetOnHand(sku=sku, on_hand=units), shelf)
        self._save(shelf)
        return answer

    def free_expired(self, skus: Collection[Sku]) -> bool:
        ended = [h for h in self.holds.values() if h.sku in skus and h.expires_at and h.expires_at <= self.now]
        shelf = self._shelf(ended)
        shelf.expire(self.now)
        self._save(shelf)
        return bool(shelf.entries)

    def snapshot(self) -> tuple[list[Stock], list[Hold], int]:
        """Everything that a repeat could change."""
        return [replace(books) for books in self.stock.values()], self._copies(self.holds.values()), len(self.ledger)

    def sums(self) -> list[StockSums]:
        """As the audit reads them."""
        return [
            StockSums(
                sku=sku,
                on_hand=books.on_hand,
                assigned=books.assigned,
                held=books.held,
                assigned_by_holds=sum(h.quantity for h in self.holds.values() if (h.sku, h.stage) == (sku, "sold")),
                held_by_holds=sum(h.quantity for h in self.holds.values() if h.sku == sku and h.stage in HELD),
                on_hand_by_ledger=sum(entry.on_hand for entry in self.ledger if entry.sku == sku),
                assigned_by_ledger=sum(entry.assigned for entry in self.ledger if entry.sku == sku),
                held_by_ledger=sum(entry.held for entry in self.ledger if entry.sku == sku),
            )
            for sku, books in self.stock.items()
        ]

    def of_cart(self, cart_id: CartId) -> dict[Sku, int]:
        return {h.sku: h.quantity for h in self.holds.values() if (h.cart_id, h.order_id) == (cart_id, None)}

    def of_order(self, order_id: OrderId) -> dict[Sku, tuple[Stage, int]]:
        return {h.sku: (h.stage, h.quantity) for h in self.holds.values() if h.order_id == order_id}

    def reach(self, sku: Sku, cart_id: CartId, order_id: OrderId | None = None) -> int:
        """What this cart or order could have: all that nobody else holds at this moment."""
        others = (
            hold.quantity
            for hold in self.holds.values()
            if hold.sku == sku
            and hold.stage in HELD
            and (hold.expires_at is None or hold.expires_at > self.now)
            and not (hold.cart_id == cart_id and hold.order_id is None)
            and not (hold.order_id is not None and hold.order_id == order_id)
        )
        return self.stock[sku].on_hand - self.stock[sku].assigned - sum(others)

    def _free_if_refused(
        self, lock: Callable[[], Shelf], decide: Callable[[Shelf], T], refused: Callable[[T], set[Sku]]
    ) -> T:
        """As the actor: a hold whose end has passed never refuses anybody."""
        shelf = lock()
        answer = decide(shelf)
        if (short := refused(answer)) and self.free_expired(short):
            shelf = lock()
            answer = decide(shelf)
        self._save(shelf)
        return answer

    def _shelf_of_carts(self, wanted: Collection[tuple[CartId, Sku]]) -> Shelf:
        return self._shelf(h for h in self.holds.values() if h.order_id is None and (h.cart_id, h.sku) in wanted)

    def _shelf_of_order(self, order_id: OrderId, wanted: Collection[tuple[CartId, Sku]] = ()) -> Shelf:
        return self._shelf(
            hold
            for hold in self.holds.values()
            if hold.order_id == order_id or (hold.order_id is None and (hold.cart_id, hold.sku) in wanted)
        )

    def _shelf(self, holds: Iterable[Hold]) -> Shelf:
        return Shelf([replace(books) for books in self.stock.values()], self._copies(holds))

    def _save(self, shelf: Shelf) -> None:
        """Write what the shelf says has changed, and nothing else; the tables' checks are assertions here."""
        for books in shelf.stock.values():
            if books.dirty:
                assert min(books.assigned, books.held) >= 0, "held and assigned are counts"
                assert books.assigned + books.held <= books.on_hand, "never_oversold"
                assert books.version == self.stock[books.sku].version + 1, "a turn is one version"
                self.stock[books.sku] = replace(books, dirty=False)
        for hold in shelf.touched:
            assert hold.quantity > 0
            assert (hold.stage == "cart") == (hold.order_id is None)
            assert (hold.stage in ENDING) == (hold.expires_at is not None)
            if not hold.stored:
                self._last_id = hold.id = self._last_id + 1
            self.holds[hold.id] = replace(hold, dirty=False, stored=True)
        # PostgreSQL checks what begins before what ends in the same statement is gone.
        owners = [(hold.order_id or hold.cart_id, hold.sku, hold.order_id is None) for hold in self.holds.values()]
        assert len(owners) == len(set(owners)), "one hold of a cart or order"
        for ended in shelf.gone.values():
            del self.holds[ended.id]
        self.ledger.extend(shelf.entries)

    @staticmethod
    def _copies(holds: Iterable[Hold]) -> list[Hold]:
        return [replace(hold) for hold in holds]
