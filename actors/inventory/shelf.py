"""The rows that a turn has locked: the books of some SKUs, and the holds that matter to the turn. Pure.

Decisions change a `Shelf`; the shelf records the changes, so that the store writes exactly these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from actors.inventory.life import HOLD_NEXT, Fact, Stage
from bus.messages.base import CartId, OrderId, Sku
from bus.messages.inventory import StockCount, StockLevel


@dataclass(slots=True)
class Hold:
    """Units of one SKU for one cart or order. An id of 0: the hold is not stored yet."""

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
    assigned: int
    held: int
    version: int
    dirty: bool = False

    @property
    def promised(self) -> int:
        """Units that are sold or held."""
        return self.assigned + self.held

    @property
    def available(self) -> int:
        """Units that can still be held."""
        return self.on_hand - self.promised

    def counted(self) -> StockCount:
        """The books as other domains read them."""
        return StockCount(
            sku=self.sku, on_hand=self.on_hand, assigned=self.assigned, held=self.held, version=self.version
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger: what changed, and why."""

    sku: Sku
    on_hand: int
    assigned: int
    held: int
    reason: str
    reference: str


class Shelf:
    """Books and holds that a turn has locked, with the turn's changes."""

    def __init__(self, stock: Iterable[Stock], holds: Iterable[Hold]) -> None:
        self.stock = {books.sku: books for books in stock}
        self._were_available = {sku for sku, books in self.stock.items() if books.available > 0}
        self.entries: list[Entry] = []
        self.gone: dict[tuple[CartId | OrderId, Sku], Hold] = {}  # Their rows are deleted; the ledger records them.
        self._of_carts: dict[tuple[CartId, Sku], Hold] = {}
        self._of_orders: dict[OrderId, list[Hold]] = {}
        for hold in holds:
            self._keep(hold)

    @property
    def touched(self) -> list[Hold]:
        """Holds to be written."""
        return [hold for hold in self.holds() if hold.dirty]

    def holds(self) -> Iterable[Hold]:
        """All holds of this shelf."""
        yield from self._of_carts.values()
        for holds in self._of_orders.values():
            yield from holds

    def entries_of(self, sku: Sku) -> list[Entry]:
        """Ledger entries about one SKU that are to be written."""
        return [entry for entry in self.entries if entry.sku == sku]

    def levels(self) -> list[StockLevel]:
        """Levels of the changed SKUs, as they are published."""
        return [
            StockLevel(sku=books.sku, available=books.available, version=books.version)
            for books in self.stock.values()
            if books.dirty
        ]

    def turned(self) -> tuple[Sku, ...]:
        """SKUs that sold out, or came back."""
        return tuple(sku for sku, books in self.stock.items() if (books.available > 0) != (sku in self._were_available))

    def of_cart(self, cart_id: CartId, sku: Sku) -> Hold | None:
        """A cart's hold."""
        return self._of_carts.get((cart_id, sku))

    def of_order(self, order_id: OrderId) -> Sequence[Hold]:
        """An order's holds, in any stage."""
        return self._of_orders.get(order_id, ())

    def book(
        self, sku: Sku, *, on_hand: int = 0, assigned: int = 0, held: int = 0, reason: str, reference: str
    ) -> None:
        """Change the books of one SKU, with an entry in the ledger."""
        books = self.stock[sku]
        books.on_hand += on_hand
        books.assigned += assigned
        books.held += held
        if not books.dirty:
            books.version += 1
            books.dirty = True
        self.entries.append(Entry(sku, on_hand, assigned, held, reason, reference))

    def add(self, hold: Hold) -> None:
        """Begin a hold; reuse the row of its predecessor, if that has just ended."""
        earlier = self.gone.pop((hold.order_id or hold.cart_id, hold.sku), None)
        hold.id, hold.stored = (earlier.id, True) if earlier else (0, False)
        hold.dirty = True
        self._keep(hold)

    def drop(self, hold: Hold) -> None:
        """End a cart's hold, or an order's hold of a line that was removed before the order was placed."""
        if hold.order_id is None:
            del self._of_carts[hold.cart_id, hold.sku]
        else:
            self._of_orders[hold.order_id].remove(hold)
        if hold.stored:
            self.gone[hold.order_id or hold.cart_id, hold.sku] = hold

    def hold_again(self, hold: Hold, quantity: int, until: datetime) -> None:
        """Set an order's hold to another number of units, before the order is placed."""
        hold.quantity, hold.stage, hold.expires_at, hold.dirty = quantity, "checkout", until, True

    def advance(self, hold: Hold, fact: Fact, until: datetime | None = None) -> bool:
        """Move an order's hold along its table, with the row's bookkeeping; False if the table has no such row.

        Args:
            hold: A hold of this shelf.
            fact: The event that has happened.
            until: End of the new stage, if that ends by the clock.
        """
        move = HOLD_NEXT.get((hold.stage, fact))
        if move is None:
            return False
        if move.reason:
            self.book(
                hold.sku,
                on_hand=move.on_hand * hold.quantity,
                assigned=move.assigned * hold.quantity,
                held=move.held * hold.quantity,
                reason=move.reason,
                reference=hold.order_id or hold.cart_id,
            )
        hold.stage, hold.expires_at, hold.dirty = move.stage, until, True
        return True

    def expire(self, now: datetime) -> None:
        """Release every hold of this shelf whose end has passed."""
        for hold in [hold for hold in self.holds() if hold.expires_at is not None and hold.expires_at <= now]:
            if hold.order_id is None:
                self.book(hold.sku, held=-hold.quantity, reason="expired", reference=hold.cart_id)
                self.drop(hold)
            else:
                self.advance(hold, "ended")

    def _keep(self, hold: Hold) -> None:
        if hold.order_id is None:
            self._of_carts[hold.cart_id, hold.sku] = hold
        else:
            self._of_orders.setdefault(hold.order_id, []).append(hold)
