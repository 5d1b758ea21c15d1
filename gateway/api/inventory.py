"""The books of the shelves: read, and set by counting."""

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import structs

from bus.messages.base import Instant
from bus.messages.catalog import CheckSku
from bus.messages.inventory import (
    MOST_UNITS,
    CountStock,
    ReadLedger,
    ReceiveStock,
    SetOnHand,
    StockBelowHeld,
    StockCount,
    StockMoved,
)
from gateway.access import Member
from gateway.api.bodies import LARGEST, Body, Strict, View
from gateway.api.lists import Limit, ListView
from gateway.bundles import read_bundles
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem


class StockBody(Body, frozen=True, kw_only=True):
    """The units that were counted on the shelf, or those that have arrived."""

    on_hand: Annotated[int, msgspec.Meta(ge=0, le=MOST_UNITS)] | None = None
    recount: bool = False  # The ledger disagrees, and is corrected.
    version: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | None = None  # Of the books that the counter has seen.
    received: Annotated[int, msgspec.Meta(ge=1, le=MOST_UNITS)] | None = None

    def __post_init__(self) -> None:
        if (self.on_hand is None) == (self.received is None):
            raise ValueError("give either on_hand or received")
        if self.received is not None and (self.recount or self.version is not None):
            raise ValueError("recount and version belong to on_hand")


class StockView(View, frozen=True, kw_only=True):
    """The books of one SKU."""

    sku: str
    on_hand: int
    assigned: int
    held: int
    available: int
    version: int


class MovementView(View, frozen=True, kw_only=True):
    """Units that came, went or were promised: by how many each number changed, why, and for which order.

    `reference` is the order, the cart, the member of staff who counted, or the import.
    """

    at: Instant
    on_hand: int
    assigned: int
    held: int
    reason: str
    reference: str
    order_id: str | None


class LedgerView(ListView[MovementView], frozen=True, kw_only=True):
    """A page of movements, the last first, and the cursor of the next page; null at the end."""


@get("/stock/{sku:str}/ledger", summary="Read what became of a SKU's units", refuses=["unknown_sku"])
async def get_ledger(
    context: Injected, sku: FromPath[str], limit: Limit = 20, cursor: FromQuery[str] = ""
) -> LedgerView:
    """List the movements of a SKU, the last first, with their times, causes and orders."""
    await read_books(context, sku)
    page = await context.bus.ask(ReadLedger(sku=sku, limit=limit, after=cursor))
    return LedgerView(items=[MovementView(**structs.asdict(each)) for each in page.movements], next=page.next)


@get("/stock/{sku:str}", summary="Read the stock of a SKU", refuses=["unknown_sku"])
async def get_stock(context: Injected, sku: FromPath[str]) -> StockView:
    """Read the units on hand, and how many of them are sold but not shipped (`assigned`), or held."""
    return stock_view(await read_books(context, sku))


@put(
    "/stock/{sku:str}",
    dto=Strict[StockBody],
    return_dto=None,
    summary="Set the stock of a SKU, or add to it",
    refuses=["unknown_sku", "no_own_stock", "stock_below_held", "stock_moved"],
)
async def set_stock(context: Injected, staff: Member, sku: FromPath[str], data: JSONBody[StockBody]) -> StockView:
    """Set the units on hand as counted, with those that are sold but not shipped; or add units that were `received`.

    A count of fewer units than are sold or held is refused (409 `stock_below_held`), as is one of other books than the
    given `version` (409 `stock_moved`). A bundle has no units of its own (409 `no_own_stock`). With an
    `Idempotency-Key` a repeat adds nothing.
    """
    await read_books(context, sku)
    if (data.on_hand or data.received) and await read_bundles(context.bus, [sku]):
        raise Problem(409, "no_own_stock", f"{sku} is a bundle: set the stock of its parts.")
    if data.received is not None:
        return stock_view(await context.bus.ask(ReceiveStock(sku=sku, received=data.received, by=str(staff))))
    assert data.on_hand is not None
    ask = SetOnHand(sku=sku, on_hand=data.on_hand, recount=data.recount, version=data.version, by=str(staff))
    answer = await context.bus.ask(ask)
    if isinstance(answer, StockCount):
        return stock_view(answer)
    raise _refused(answer)


def _refused(answer: StockBelowHeld | StockMoved) -> Problem:
    if isinstance(answer, StockBelowHeld):
        detail = f"{answer.assigned} units are sold and not gone, {answer.held} are held for carts and payments."
        return Problem(409, "stock_below_held", detail, held=answer.held, assigned=answer.assigned)
    detail = f"Units have moved since: {answer.on_hand} are on hand now. Read the stock again before you set it."
    return Problem(409, "stock_moved", detail, on_hand=answer.on_hand, version=answer.version)


async def read_books(context: GatewayContext, sku: str) -> StockCount:
    """Read a SKU's books, which may be without an entry yet.

    Raises:
        Problem: 404: the SKU is not for sale, and never was. A SKU with a similar name is named.
    """
    count = await context.bus.ask(CountStock(sku=sku))
    if isinstance(count, StockCount):
        return count
    check = await context.bus.ask(CheckSku(sku=sku))
    if not check.is_sold:
        hint = f" Did you mean {check.similar}?" if check.similar else ""
        raise Problem(404, "unknown_sku", f"There is no SKU of this name.{hint}", similar=check.similar)
    return StockCount(sku=sku, on_hand=0, held=0, version=1)  # As books begin.


def stock_view(count: StockCount) -> StockView:
    """Show the books of a SKU."""
    return StockView(
        sku=count.sku,
        on_hand=count.on_hand,
        assigned=count.assigned,
        held=count.held,
        available=count.on_hand - count.assigned - count.held,
        version=count.version,
    )


STAFF = [get_ledger, get_stock, set_stock]
