"""A SKU gets another name, and its units come along. The catalog has the name, the inventory the units, by SKU.

The order of the steps, each of which is committed before the next begins:

1. Nothing is held or promised under the old name, and the new one is free and has no units: else it is refused, with
   the numbers. Carts and orders go on calling things as they were called, so what they wait for must have left.
2. The units are counted under the new name. Nobody can buy them yet, for nobody sells it.
3. None are counted under the old name. The inventory refuses that if a cart was quicker; then step 2 is taken back.
4. The catalog renames it, and the units are for sale again. The old books stay, with none on hand and their ledger.

So at no time can units be sold twice. A crash after 3, or a repeat after 4, is finished by asking again: there is
nothing under the old name to carry. A crash after 2 leaves units under both names, one of which is not for sale. Asking
again can't tell them from others that were counted under the new name, so it says so, and how to go on.

Rejected: to rename first, or to empty the old name first. A crash would leave units that nobody counts, or a count of
which nobody can tell whether it was carried or is what sales have left of it.
"""

from bus.messages.base import ProductId, Sku
from bus.messages.catalog import NoSuchProduct, NoSuchSku, Product, ProductExists, RenameSku
from bus.messages.inventory import CountStock, SetOnHand, StockCount
from engine.actor import Bus
from engine.crash import CrashPoint

_COUNTED = CrashPoint("rename-counted", "A SKU's units are counted under its new name, and still under the old one.")
_CARRIED = CrashPoint("rename-carried", "A SKU's units are under its new name; the catalog still has the old one.")


class SkuInUse(Exception):
    """There are units of this SKU that stand in the way."""

    def __init__(self, sku: Sku, on_hand: int, held: int, *, is_new: bool) -> None:
        super().__init__(sku)
        self.sku = sku
        self.on_hand = on_hand
        self.held = held
        self.is_new = is_new  # The name that was asked for, and not the one that it has.


async def rename(
    bus: Bus, product_id: ProductId, sku: Sku, name: Sku
) -> Product | NoSuchProduct | NoSuchSku | ProductExists:
    """Rename a SKU of a product; see this file's first lines.

    Raises:
        SkuInUse: Units are held or promised under the old name, or counted under the new one. Nothing was changed.
        BadInput: The catalog takes no such name.
    """
    ask = RenameSku(id=product_id, sku=sku, name=name)
    answer = await bus.ask(RenameSku(id=product_id, sku=sku, name=name, is_trial=True))
    if not isinstance(answer, Product) or all(known.sku != sku for known in answer.skus) or sku == name:
        return answer
    units = await _units_to_carry(bus, sku, name)
    if units:
        await bus.ask(SetOnHand(sku=name, on_hand=units))
        _COUNTED.reach()
        emptied = await bus.ask(SetOnHand(sku=sku, on_hand=0))
        if not isinstance(emptied, StockCount):
            await bus.ask(SetOnHand(sku=name, on_hand=0))
            raise SkuInUse(sku, units, emptied.held, is_new=False)
        _CARRIED.reach()
    answer = await bus.ask(ask)
    if units and not isinstance(answer, Product):  # Somebody else has taken the name, or the product, in between.
        await bus.ask(SetOnHand(sku=sku, on_hand=units))
        await bus.ask(SetOnHand(sku=name, on_hand=0))
    return answer


async def _units_to_carry(bus: Bus, sku: Sku, name: Sku) -> int:
    old, new = await bus.ask(CountStock(sku=sku)), await bus.ask(CountStock(sku=name))
    if not isinstance(old, StockCount):
        return 0
    if old.held:
        raise SkuInUse(sku, old.on_hand, old.held, is_new=False)
    if old.on_hand and isinstance(new, StockCount) and (new.on_hand or new.held):
        raise SkuInUse(name, new.on_hand, new.held, is_new=True)
    return old.on_hand
