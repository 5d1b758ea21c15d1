"""A SKU gets another name, and its units come along. The catalog has the name, the inventory the units, by SKU.

The order of the steps, each of which is committed before the next begins:

1. The catalog says whether the new name can be had.
2. The inventory counts the units under the new name, in one turn: refused while any are sold or held. Carts and orders
   keep the old name, so what they wait for must have left. Nobody sells the new name yet.
3. The catalog renames it, and the units are for sale again. The old books stay, with none on hand and their ledger.

So at no time can units be sold twice. A crash after 2, or a repeat after 3, is finished by asking again: nothing is
left under the old name to carry.

Rejected: docs/decisions/0009.
"""

from bus.messages.base import ProductId, Sku
from bus.messages.catalog import NoSuchProduct, NoSuchSku, Product, ProductExists, RenameSku
from bus.messages.inventory import CarryUnits, UnitsInUse
from engine.actor import Bus
from engine.crash import CrashPoint

_CARRIED = CrashPoint("rename-carried", "A SKU's units are under its new name; the catalog still has the old one.")


async def rename(
    bus: Bus, product_id: ProductId, sku: Sku, name: Sku
) -> Product | NoSuchProduct | NoSuchSku | ProductExists | UnitsInUse:
    """Rename a SKU of a product; see this file's first lines. Where units stand in the way nothing was changed.

    Raises:
        BadInput: The catalog takes no such name.
    """
    ask = RenameSku(id=product_id, sku=sku, name=name)
    answer = await bus.ask(RenameSku(id=product_id, sku=sku, name=name, is_trial=True))
    if not isinstance(answer, Product) or all(known.sku != sku for known in answer.skus) or sku == name:
        return answer
    carried = await bus.ask(CarryUnits(sku=sku, name=name))
    if isinstance(carried, UnitsInUse):
        return carried
    _CARRIED.reach()
    answer = await bus.ask(ask)
    if not isinstance(answer, Product):  # Somebody else has taken the name, or the product, in between.
        await bus.ask(CarryUnits(sku=name, name=sku))
    return answer
