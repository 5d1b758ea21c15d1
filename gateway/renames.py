"""The rename of a SKU with its units. The catalog has the name, the inventory the units, by SKU.

The steps in order, each committed before the next begins:

1. The catalog reports whether the new name is free.
2. The inventory counts the units under the new name, in one turn: refused while any are sold or held. Carts and orders
   keep the old name, so the units they wait for must have left. The new name is not for sale yet.
3. The pictures that show the SKU name the new one.
4. The catalog renames the SKU, also where it is a part of bundles, and the units are for sale again. The old books
   stay, with their ledger and 0 on hand.

So at no time can units be sold twice. After a crash past step 2, a repeat finishes the rename; after step 4 it finds
no units left to carry.

Rejected: docs/decisions/0009.
"""

from msgspec import structs

from bus.messages.catalog import NoSuchProduct, NoSuchSku, Product, ProductExists, RenameSku
from bus.messages.inventory import CarryUnits, UnitsInUse
from bus.messages.media import CarryPictures
from engine.actor import Bus
from engine.crash import CrashPoint

_CARRIED = CrashPoint("rename-carried", "A SKU's units are under its new name; the catalog still has the old one.")


async def rename(bus: Bus, ask: RenameSku) -> Product | NoSuchProduct | NoSuchSku | ProductExists | UnitsInUse:
    """Rename a SKU of a product, as described at the top of this file. With `UnitsInUse` nothing has changed.

    Raises:
        BadInput: The catalog takes no such name.
    """
    sku, name = ask.sku, ask.name
    answer = await bus.ask(structs.replace(ask, is_trial=True))
    if not isinstance(answer, Product) or all(known.sku != sku for known in answer.skus) or sku == name:
        return answer
    carried = await bus.ask(CarryUnits(sku=sku, name=name))
    if isinstance(carried, UnitsInUse):
        return carried
    _CARRIED.reach()
    await bus.ask(CarryPictures(product_id=ask.id, sku=sku, name=name))
    answer = await bus.ask(ask)
    if not isinstance(answer, Product):  # The name was taken, or the product removed, in between.
        await bus.ask(CarryPictures(product_id=ask.id, sku=name, name=sku))
        await bus.ask(CarryUnits(sku=name, name=sku))
    return answer
