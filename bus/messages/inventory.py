"""The inventory: what is on the shelf, and what of it is set aside for whom."""

from datetime import datetime

from bus.messages.audit import Findings, Repairs
from bus.messages.base import CartId, Fact, Line, OrderId, ReadSpan, Sku, Value
from engine.message import Command, Event, Query, Reply


class StockLevel(Value, frozen=True, kw_only=True):
    """How many units of a SKU anybody could have now. A higher version is newer; versions never go back."""

    sku: Sku
    available: int
    version: int


class StockLevels(Reply):
    """In the order they were asked for; a SKU without stock of its own is missing."""

    levels: tuple[StockLevel, ...]


class GetStock(Query[StockLevels]):
    """Ask for many SKUs at once, at most 1,000."""

    skus: tuple[Sku, ...]


class StockCount(Reply):
    """The books of one SKU."""

    sku: Sku
    on_hand: int  # What a picker can count, with what is packed and waits for its carrier.
    held: int  # Set aside for carts and payments.
    version: int
    assigned: int = 0  # Sold, and not gone.


class UnknownSku(Reply):
    """The shop has no such SKU."""

    sku: Sku


class StockBelowHeld(Reply):
    """A count lower than what is promised to carts and orders is refused: first let those end."""

    sku: Sku
    held: int
    assigned: int = 0


class CountStock(Query[StockCount | UnknownSku]):
    """Read the books of one SKU."""

    sku: Sku


class SetOnHand(Command[StockCount | StockBelowHeld]):
    """Write down what was counted on the shelf, sold units that wait to leave included. A new SKU begins here."""

    sku: Sku
    on_hand: int  # 0 to 1,000,000,000.
    recount: bool = False  # The units were counted because the ledger says otherwise: it is made to agree.


class UnitsInUse(Reply):
    """Units of this SKU stand in the way: sold, held, or counted where none should be."""

    sku: Sku
    on_hand: int
    assigned: int
    held: int


class CarryUnits(Command[StockCount | UnitsInUse]):
    """Count all units of a SKU under another name, as it is renamed. Safe to send twice: then none are left to carry.

    Refused while any of them are sold or held, or while units are counted under the other name already.
    """

    sku: Sku
    name: Sku


class StockHeld(Reply):
    """Set aside."""

    sku: Sku
    quantity: int
    until: datetime  # UTC. What is not sold by then goes back on the shelf.


class StockRefused(Reply):
    """Not so many are left."""

    sku: Sku
    available: int  # What this cart could have had.


class HoldStock(Command[StockHeld | StockRefused | UnknownSku]):
    """Set units of one SKU aside for a cart. Safe to send twice: it says how many in all."""

    cart_id: CartId
    sku: Sku
    quantity: int  # Wanted in all, 0 to 99; 0 gives them back.


class CheckoutHeld(Reply):
    """Everything is set aside for the order."""

    until: datetime


class OutOfStock(Reply):
    """At least one line can't be had in full; nothing was changed."""

    short: tuple[StockRefused, ...]


class HoldForCheckout(Command[CheckoutHeld | OutOfStock]):
    """Turn a cart's holds into an order's: all lines or none. Safe to send twice: the order is its key."""

    cart_id: CartId
    order_id: OrderId
    lines: tuple[Line, ...]


class GiveBack(Command[None]):
    """Checkout did not come to an order: what was set aside for it goes back on the shelf."""

    order_id: OrderId


class UnitsRetaken(Event):
    """Money came after the holds were gone, and the units could be had again."""

    order_id: OrderId


class UnitsGone(Event):
    """Money came after the holds were gone, and somebody else has the units."""

    order_id: OrderId


class AuditStock(Query[Findings]):
    """Recompute every counter from the ledger and the holds."""


class ListLevels(Query[StockLevels]):
    """What is available of every SKU, page by page."""

    after: Sku = ""
    limit: int = 500


class HoldFact(Fact, frozen=True, kw_only=True):
    """What became of the units of one line."""

    order_id: OrderId
    sku: Sku
    quantity: int
    stage: str

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class HoldFacts(Reply):
    """In any order."""

    facts: tuple[HoldFact, ...]


class ReadHoldFacts(ReadSpan[HoldFacts]):
    """Read the holds of orders, by the orders' ids."""


class RepairStock(Command[Repairs]):
    """Set what is sold and held of a SKU to the sums of its holds, if that fits, and make the ledger agree."""

    sku: Sku
    above_version: int = 0  # Readers were told a wrong level of this version: tell them a newer one.
