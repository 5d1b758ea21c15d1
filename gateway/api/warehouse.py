"""The warehouse's steps: the goods of an order are picked, packed and shipped."""

from collections.abc import Sequence

from litestar import get, post
from litestar.params import FromPath, FromQuery

from bus.messages.base import Instant, OrderLine
from bus.messages.warehouse import (
    ListPickLists,
    MoneyInDoubt,
    NoSuchPickList,
    Open,
    Pack,
    Pick,
    PickList,
    PickListStatus,
    Ship,
    WrongStep,
)
from gateway.api.bodies import View
from gateway.api.lists import Limit, ListView
from gateway.api.order import read_order
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem, not_found


class PickListView(View, frozen=True, kw_only=True):
    """The goods to take from the shelves for one order."""

    id: str
    order_id: str
    number: str
    status: PickListStatus
    lines: Sequence[OrderLine]
    weight_g: int
    created_at: Instant
    doubts: Sequence[str]


class PickLists(ListView[PickListView], frozen=True, kw_only=True):
    """Pick lists, the oldest first."""


@get("/pick-lists", summary="List pick lists")
async def list_pick_lists(
    context: Injected,
    status: FromQuery[PickListStatus | None] = None,
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> PickLists:
    """List pick lists, the oldest first. Those that are `open` are ready to pick."""
    page = await context.bus.ask(ListPickLists(limit=limit, status=status, after=cursor))
    return PickLists(items=[_view(pick_list) for pick_list in page.pick_lists], next=page.next)


@post(
    "/pick-lists/{list_id:str}/open",
    status_code=200,
    summary="Open a pick list",
    refuses=["not_found", "not_paid", "wrong_step", "money_in_doubt"],
)
async def open_list(context: Injected, list_id: FromPath[str]) -> PickListView:
    """Open the pick list of a paid order, if it still waits for the payment. Safe to repeat."""
    return await open_paid(context, list_id)


@post(
    "/pick-lists/{list_id:str}/pick",
    status_code=200,
    summary="Mark a pick list as picked",
    refuses=["not_found", "wrong_step", "money_in_doubt"],
)
async def pick(context: Injected, list_id: FromPath[str]) -> PickListView:
    """Record that all goods were taken from the shelves. Safe to repeat."""
    return view_of(await context.bus.ask(Pick(id=list_id)))


@post(
    "/pick-lists/{list_id:str}/pack",
    status_code=200,
    summary="Mark a pick list as packed",
    refuses=["not_found", "wrong_step", "money_in_doubt"],
)
async def pack(context: Injected, list_id: FromPath[str], despite_doubt: FromQuery[bool] = False) -> PickListView:
    """Record that the goods are in a parcel. Safe to repeat.

    Answers 409 `money_in_doubt` while the order's money is disputed or refunded, unless `despite_doubt` is set.
    """
    return view_of(await context.bus.ask(Pack(id=list_id, despite_doubt=despite_doubt)))


@post(
    "/pick-lists/{list_id:str}/ship",
    status_code=200,
    summary="Ship a packed order",
    refuses=["not_found", "wrong_step", "money_in_doubt"],
)
async def ship(context: Injected, list_id: FromPath[str], despite_doubt: FromQuery[bool] = False) -> PickListView:
    """Book the carrier for the parcel. Safe to repeat. Answers 409 `money_in_doubt` as packing does."""
    return view_of(await context.bus.ask(Ship(id=list_id, despite_doubt=despite_doubt)))


async def open_paid(context: GatewayContext, list_id: str) -> PickListView:
    """Open a pick list.

    Raises:
        Problem: Its order is not paid, or the list is not there, or further on.
    """
    if (await read_order(context, list_id)).status != "paid":
        raise Problem(409, "not_paid", "Only the list of an order that is paid can be opened.")
    return view_of(await context.bus.ask(Open(id=list_id)))


def _view(pick_list: PickList) -> PickListView:
    return PickListView(
        id=pick_list.id,
        order_id=pick_list.order_id or pick_list.id,
        number=pick_list.number,
        status=pick_list.status,
        lines=pick_list.lines,
        weight_g=pick_list.weight_g,
        created_at=pick_list.created_at,
        doubts=pick_list.doubts,
    )


def view_of(answer: PickList | NoSuchPickList | WrongStep | MoneyInDoubt) -> PickListView:
    """Show a pick list after a step.

    Raises:
        Problem: The step was refused.
    """
    match answer:
        case PickList():
            return _view(answer)
        case NoSuchPickList():
            raise not_found("pick list")
        case MoneyInDoubt():
            detail = f"Its money is in doubt ({', '.join(answer.doubts)}). Repeat with ?despite_doubt=true to go on."
            raise Problem(409, "money_in_doubt", detail, doubts=answer.doubts)
        case WrongStep():
            raise Problem(409, "wrong_step", f"The pick list is {answer.status}.", pick_list_status=answer.status)


STAFF = [list_pick_lists, open_list, pick, pack, ship]
