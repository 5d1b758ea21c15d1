"""The inventory: units on the shelf, and units held for carts and orders."""

from datetime import datetime
from typing import Final, Literal

from bus.messages.audit import Findings, Repairs
from bus.messages.base import CartId, Fact, OrderId, ReadSpan, Sku, Units, Value
from engine.message import Command, Event, Query, Reply

MOST_UNITS: Final = 1_000_000_000  # On hand of one SKU.


class StockLevel(Value, frozen=True, kw_only=True):
    """The available units of a SKU. A higher version is newer; versions never go back."""

    sku: Sku
    available: int
    version: int


class StockLevels(Reply):
    """Stock levels in the order of the request; a SKU without books is missing."""

    levels: tuple[StockLevel, ...]


class GetStock(Query[StockLevels]):
    """Read the stock levels of many SKUs at once, at most 1,000."""

    skus: tuple[Sku, ...]


class StockCount(Reply):
    """The books of one SKU."""

    sku: Sku
    on_hand: int  # Units that a picker can count, and packed ones that wait for their carrier.
    held: int  # Set aside for carts and payments.
    version: int
    assigned: int = 0  # Sold, and not yet gone.


class UnknownSku(Reply):
    """The shop has no such SKU."""

    sku: Sku


class StockBelowHeld(Reply):
    """The count is refused: it is lower than the units promised to carts and orders, which must end first."""

    sku: Sku
    held: int
    assigned: int = 0


class StockMoved(Reply):
    """The count is refused: units came, went or were promised since the books were read. The books of now."""

    sku: Sku
    on_hand: int
    held: int
    version: int
    assigned: int


class CountStock(Query[StockCount | UnknownSku]):
    """Read the books of one SKU."""

    sku: Sku


class SetOnHand(Command[StockCount | StockBelowHeld | StockMoved]):
    """Record the units counted on the shelf, sold units that wait to leave included. Opens the books of a new SKU."""

    sku: Sku
    on_hand: int  # 0 to 1,000,000,000.
    recount: bool = False  # The units were counted because the ledger disagrees: it is corrected.
    version: int | None = None  # Of the books that the counter has seen; with others the count is refused.
    by: str = ""  # Who of the staff has counted.


class ShelfCount(Value, frozen=True, kw_only=True):
    """The units of one SKU that an import finds."""

    sku: Sku
    on_hand: int  # 0 to 1,000,000,000.


class ShelfCounted(Value, frozen=True, kw_only=True):
    """The units on hand of one SKU before a count; None: it had no books. Refused where more are promised."""

    sku: Sku
    before: int | None
    refused: int | None = None  # The units that are sold or held.


class ShelvesCounted(Reply):
    """The answers to counts, in their order."""

    counts: tuple[ShelfCounted, ...]


class CountShelves(Command[ShelvesCounted]):
    """Record counts of many SKUs, each once; at most 1,000. Each is taken or refused by itself."""

    counts: tuple[ShelfCount, ...]
    import_id: str
    is_trial: bool = False  # Change nothing.
    is_again: bool = False  # They may have been recorded already, and shall be answered as then.


class CountsUndone(Reply):
    """A part of an import's counts, undone where that could be."""

    restored: int
    kept: tuple[tuple[Sku, str], ...]  # A SKU, and a sentence.
    next: Sku | None  # Pass it as `after`; None at the end.


class UndoCounts(Command[CountsUndone]):
    """Set back the counts of an import. A SKU of which units came or went since stays, and is told."""

    import_id: str
    after: Sku = ""  # The SKU that the last part ended at.


class StockList(Reply):
    """The books of SKUs, by name, and the cursor of the next page; None at the end."""

    counts: tuple[StockCount, ...]
    next: str | None


class ListStock(Query[StockList]):
    """List the books of SKUs."""

    limit: int = 20  # 1 to 100.
    q: str = ""  # How the SKU begins; case does not count.
    low: int | None = None  # Only those with at most so many available.
    after: str = ""


class ReadStock(Query[StockList]):
    """Read the books of these SKUs, 1,000 at most, by name. A SKU without books is missing."""

    skus: tuple[Sku, ...]


class LiveHold(Value, frozen=True, kw_only=True):
    """Units that are promised to somebody now: to a cart, to an order that is being paid, or sold and not gone."""

    stage: Literal["cart", "checkout", "payment", "sold"]
    quantity: int
    until: datetime | None  # None: until the parcel leaves.
    order_id: OrderId | None


class LiveHolds(Reply):
    """The holds of a SKU, those that end first at the beginning; 200 at most, of so many units in all."""

    holds: tuple[LiveHold, ...]
    units: int  # Of these holds.


class ListHolds(Query[LiveHolds]):
    """List who holds units of a SKU. Payments that a bank still decides about have no end, and are not listed."""

    sku: Sku


class Movement(Value, frozen=True, kw_only=True):
    """A line of the ledger: units that came, went, or were promised."""

    at: datetime
    on_hand: int  # By how many it changed; so below.
    assigned: int
    held: int
    reason: str
    reference: str  # The order, the cart, the member of staff, the import.
    order_id: OrderId | None


class StockLedger(Reply):
    """Movements of a SKU, the last first, and the cursor of the next page; None at the end."""

    movements: tuple[Movement, ...]
    next: str | None


class ReadLedger(Query[StockLedger]):
    """Read what became of the units of one SKU."""

    sku: Sku
    limit: int = 20  # 1 to 100.
    after: str = ""


class ReceiveStock(Command[StockCount]):
    """Add units that have arrived, to those on hand. Opens the books of a new SKU."""

    sku: Sku
    received: int  # 1 to 1,000,000,000, and no more on hand afterwards.
    by: str = ""  # Who of the staff has received them.


class UnitsInUse(Reply):
    """The units can't be carried: some are sold or held, or the new name has units already."""

    sku: Sku
    on_hand: int
    assigned: int
    held: int


class CarryUnits(Command[StockCount | UnitsInUse]):
    """Count all units of a renamed SKU under its new name. Safe to send twice: the second time none are left to carry.

    Refused while any of the units are sold or held, or while units are counted under the new name already.
    """

    sku: Sku
    name: Sku


class StockHeld(Reply):
    """The units are held."""

    sku: Sku
    quantity: int
    until: datetime  # UTC. Units that are not sold by then go back on the shelf.


class StockRefused(Reply):
    """Fewer units are left than wanted, or fewer are for one cart, or for the carts of one address."""

    sku: Sku
    available: int  # The most that this cart could have.
    is_share: bool = False  # More are left, for other carts.


class HoldStock(Command[StockHeld | StockRefused | UnknownSku]):
    """Hold units of one SKU for a cart. Safe to send twice: the quantity is the total."""

    cart_id: CartId
    sku: Sku
    quantity: int  # The total, 0 to 99; 0 gives all units back.
    not_after: datetime | None = None  # The latest end of this hold.
    elsewhere: tuple[Units, ...] | None = None  # Held by other carts of the buyer's address; None: nobody counts them.


class CheckoutHeld(Reply):
    """All lines are held for the order."""

    until: datetime


class OutOfStock(Reply):
    """At least one line is not available in full; nothing was changed."""

    short: tuple[StockRefused, ...]


class UnitsHeld(Reply):
    """All of the units are held."""

    until: datetime  # UTC.


class HoldUnits(Command[UnitsHeld | OutOfStock]):
    """Hold units of several SKUs for a cart, all or none. Safe to send twice: the quantities are totals.

    For lines that share units: bundles, and a SKU in several lines. Holds of SKUs that are not named stay.
    """

    cart_id: CartId
    units: tuple[Units, ...]  # Each SKU once, with its total for the cart; 0 gives all units back.
    not_after: datetime | None = None  # The latest end of these holds.
    elsewhere: tuple[Units, ...] | None = None  # As in `HoldStock`.


class HoldsMoved(Reply):
    """The units that a cart holds now: of each SKU all that was wanted, or as much as there is."""

    held: tuple[Units, ...]
    until: datetime  # UTC.


class MoveHolds(Command[HoldsMoved]):
    """Give one cart's holds to another, and hold more for it as far as there is. Safe to send twice; never refused.

    Units that neither of the two needs any more are given back.
    """

    cart_id: CartId  # Gets them.
    from_cart: CartId
    units: tuple[Units, ...]  # Each SKU once, with its total for the first cart.
    not_after: datetime | None = None  # The latest end of these holds.


class HoldForCheckout(Command[CheckoutHeld | OutOfStock]):
    """Turn a cart's holds into an order's: all units or none. Safe to send twice: the order is its key."""

    cart_id: CartId
    order_id: OrderId
    lines: tuple[Units, ...]  # Each SKU once; bundles are their parts.


class GiveBack(Command[None]):
    """Put the units of a checkout that placed no order back on the shelf."""

    order_id: OrderId


class UnitsRetaken(Event):
    """Money came after the holds had ended, and the units were still available."""

    order_id: OrderId


class UnitsGone(Event):
    """Money came after the holds had ended, and the units are no longer available."""

    order_id: OrderId


class AvailabilityTurned(Event):
    """SKUs sold out, or came back: all that did in one turn. Readers ask for the levels of now."""

    skus: tuple[Sku, ...]


class AuditStock(Query[Findings]):
    """Recompute every counter from the ledger and the holds."""


class ListLevels(Query[StockLevels]):
    """List the stock levels of all SKUs, page by page."""

    after: Sku = ""
    limit: int = 500


class ListLowStock(Query[StockLevels]):
    """List SKUs of which few units are left, the fewest first: of those that have moved lately, not of all."""

    most: int = 5  # Available at the most; SKUs without any are left out.
    limit: int = 12  # 1 to 100.


class HoldEnd(Value, frozen=True, kw_only=True):
    """The first end of a SKU's holds. Its units are free then, unless they are bought before."""

    sku: Sku
    at: datetime


class HoldEnds(Reply):
    """The first ends of holds, in order of SKUs; a SKU without holds that end is missing."""

    ends: tuple[HoldEnd, ...]


class ReadHoldEnds(Query[HoldEnds]):
    """Read when units come back at the latest: the first end of the holds of SKUs, 100 at most.

    It reads all holds that end, for these have no index by SKU: ask it of what is sold out.
    """

    skus: tuple[Sku, ...]


class HoldFact(Fact, frozen=True, kw_only=True):
    """The hold of one order line, and its stage."""

    order_id: OrderId
    sku: Sku
    quantity: int
    stage: str

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class HoldFacts(Reply):
    """Facts about holds, in any order."""

    facts: tuple[HoldFact, ...]


class ReadHoldFacts(ReadSpan[HoldFacts]):
    """Read the holds of orders, by the orders' ids."""


class RepairStock(Command[Repairs]):
    """Set the sold and held units of a SKU to the sums of its holds, if these fit, and make the ledger agree."""

    sku: Sku
    above_version: int = 0  # Readers have a wrong level of this version: publish a newer one.
