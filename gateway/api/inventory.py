"""The books of the shelves: read, and set by counting."""

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.params import FromPath, JSONBody

from bus.messages.inventory import CountStock, SetOnHand, StockBelowHeld, StockCount
from gateway.api.bodies import Body, Strict, View
from gateway.context import Injected
from gateway.problems import Problem


class StockBody(Body, frozen=True, kw_only=True):
    """The units that were counted on the shelf."""

    on_hand: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
    recount: bool = False  # The ledger disagrees, and is corrected.


class StockView(View, frozen=True, kw_only=True):
    """The books of one SKU."""

    sku: str
    on_hand: int
    assigned: int
    held: int
    available: int
    version: int


@get("/stock/{sku:str}", summary="Read the stock of a SKU")
async def get_stock(context: Injected, sku: FromPath[str]) -> StockView:
    """Read the units on hand, and how many of them are sold but not shipped (`assigned`), or held."""
    count = await context.bus.ask(CountStock(sku=sku))
    if not isinstance(count, StockCount):
        raise Problem(404, "unknown_sku", f"There is no {sku}.")
    return _stock(count)


@put("/stock/{sku:str}", dto=Strict[StockBody], return_dto=None, summary="Set the stock of a SKU")
async def set_stock(context: Injected, sku: FromPath[str], data: JSONBody[StockBody]) -> StockView:
    """Set the units on hand, as counted, with those that are sold but not shipped.

    Refused if they are fewer than the units that are assigned or held.
    """
    answer = await context.bus.ask(SetOnHand(sku=sku, on_hand=data.on_hand, recount=data.recount))
    if isinstance(answer, StockBelowHeld):
        detail = f"{answer.assigned} units are sold and not gone, {answer.held} are held for carts and payments."
        raise Problem(409, "stock_below_held", detail, held=answer.held, assigned=answer.assigned)
    return _stock(answer)


def _stock(count: StockCount) -> StockView:
    return StockView(
        sku=count.sku,
        on_hand=count.on_hand,
        assigned=count.assigned,
        held=count.held,
        available=count.on_hand - count.assigned - count.held,
        version=count.version,
    )


STAFF = [get_stock, set_stock]
