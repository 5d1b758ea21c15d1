"""The warehouse's steps: the goods of an order are picked, packed and shipped."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from bus.messages.base import Instant, OrderLine, units_of
from bus.messages.warehouse import (
    MOST_LISTS,
    ListPickLists,
    MoneyInDoubt,
    NoSuchPickList,
    Open,
    Pack,
    Pick,
    PickList,
    PickListStatus,
    PutAside,
    ReadPickLists,
    Ship,
    TakeInHand,
    TakenByOther,
    TakeWave,
    WrongStep,
)
from gateway.access import Member
from gateway.api.bodies import Body, Strict, View
from gateway.api.goods import GoodView, read_goods
from gateway.api.lists import Limit, ListView
from gateway.api.order import read_order
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem, not_found


class WaveBody(Body, frozen=True, kw_only=True):
    """How many open lists one wants in hand, in all."""

    lists: Annotated[int, msgspec.Meta(ge=1, le=MOST_LISTS)]


class UnitsView(View, frozen=True, kw_only=True):
    """Units of one SKU to take from the shelf: of a bundle, those of its parts."""

    sku: str
    quantity: int


class PickListView(View, frozen=True, kw_only=True):
    """The goods to take from the shelves for one order. `units` are what is taken, in the order of their SKUs.

    `in_hand` says who has it in hand: you, or somebody else, since `in_hand_since`.
    """

    id: str
    order_id: str
    number: str
    status: PickListStatus
    lines: Sequence[OrderLine]
    units: Sequence[UnitsView]
    weight_g: int
    created_at: Instant
    doubts: Sequence[str]
    in_hand: Literal["nobody", "you", "other"]
    in_hand_since: Instant | None


class PickLists(ListView[PickListView], frozen=True, kw_only=True):
    """Pick lists, the oldest first."""


class RoundView(View, frozen=True, kw_only=True):
    """Pick lists, the oldest first, and the articles on them."""

    items: Sequence[PickListView]
    goods: Sequence[GoodView]


@get("/pick-lists", summary="List pick lists")
async def list_pick_lists(
    context: Injected,
    staff: Member,
    status: FromQuery[PickListStatus | None] = None,
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> PickLists:
    """List pick lists, the oldest first. Those that are `open` are ready to pick."""
    page = await context.bus.ask(ListPickLists(limit=limit, status=status, after=cursor))
    return PickLists(items=[_view(context, staff, each) for each in page.pick_lists], next=page.next)


@get("/pick-lists/in-hand", summary="Read the pick lists that one has in hand")
async def in_hand(context: Injected, staff: Member) -> RoundView:
    """Read the lists that you have in hand, picked and packed ones too, the oldest first; at most 100."""
    page = await context.bus.ask(ListPickLists(limit=100, picker=str(staff)))
    return await _round(context, staff, page.pick_lists)


@get("/pick-lists/{list_id:str}", summary="Read a pick list", refuses=["not_found"])
async def read_list(context: Injected, staff: Member, list_id: FromPath[str]) -> RoundView:
    """Read one list, with the articles on it."""
    page = await context.bus.ask(ReadPickLists(ids=(list_id,)))
    if not page.pick_lists:
        raise not_found("pick list")
    return await _round(context, staff, page.pick_lists)


@post("/pick-lists/wave", dto=Strict[WaveBody], return_dto=None, status_code=200, summary="Take a wave of pick lists")
async def take_wave(context: Injected, staff: Member, data: JSONBody[WaveBody]) -> RoundView:
    """Take the oldest open lists in hand, until you have so many in all. Others' lists stay with them for 30 minutes.

    Safe to repeat. Answers all open lists that you have then.
    """
    page = await context.bus.ask(TakeWave(by=str(staff), lists=data.lists))
    return await _round(context, staff, page.pick_lists)


@post(
    "/pick-lists/{list_id:str}/take",
    status_code=200,
    summary="Take a pick list in hand",
    refuses=["not_found", "taken", "wrong_step"],
)
async def take(context: Injected, staff: Member, list_id: FromPath[str], over: FromQuery[bool] = False) -> PickListView:
    """Take one open or picked list in hand. Safe to repeat.

    Answers 409 `taken` while somebody else has it, for 30 minutes after they took it; with `over` it is yours then.
    """
    return view_of(context, staff, await context.bus.ask(TakeInHand(id=list_id, by=str(staff), take_over=over)))


@post(
    "/pick-lists/{list_id:str}/put-aside",
    status_code=200,
    summary="Give a pick list back",
    refuses=["not_found"],
)
async def put_aside(context: Injected, staff: Member, list_id: FromPath[str]) -> PickListView:
    """Give back a list that you have in hand, for others to take. Safe to repeat; somebody else's stays theirs."""
    return view_of(context, staff, await context.bus.ask(PutAside(id=list_id, by=str(staff))))


@post(
    "/pick-lists/{list_id:str}/open",
    status_code=200,
    summary="Open a pick list",
    refuses=["not_found", "not_paid", "wrong_step", "money_in_doubt"],
)
async def open_list(context: Injected, staff: Member, list_id: FromPath[str]) -> PickListView:
    """Open the pick list of a paid order, if it still waits for the payment. Safe to repeat."""
    return await open_paid(context, staff, list_id)


@post(
    "/pick-lists/{list_id:str}/pick",
    status_code=200,
    summary="Mark a pick list as picked",
    refuses=["not_found", "taken", "wrong_step", "money_in_doubt"],
)
async def pick(context: Injected, staff: Member, list_id: FromPath[str]) -> PickListView:
    """Record that all goods were taken from the shelves. Safe to repeat. 409 `taken`: somebody else has it in hand."""
    return view_of(context, staff, await context.bus.ask(Pick(id=list_id, by=str(staff))))


@post(
    "/pick-lists/{list_id:str}/pack",
    status_code=200,
    summary="Mark a pick list as packed",
    refuses=["not_found", "wrong_step", "money_in_doubt"],
)
async def pack(
    context: Injected, staff: Member, list_id: FromPath[str], despite_doubt: FromQuery[bool] = False
) -> PickListView:
    """Record that the goods are in a parcel. Safe to repeat.

    Answers 409 `money_in_doubt` while the order's money is disputed or refunded, unless `despite_doubt` is set.
    """
    return view_of(context, staff, await context.bus.ask(Pack(id=list_id, despite_doubt=despite_doubt)))


@post(
    "/pick-lists/{list_id:str}/ship",
    status_code=200,
    summary="Ship a packed order",
    refuses=["not_found", "wrong_step", "money_in_doubt"],
)
async def ship(
    context: Injected, staff: Member, list_id: FromPath[str], despite_doubt: FromQuery[bool] = False
) -> PickListView:
    """Book the carrier for the parcel. Safe to repeat. Answers 409 `money_in_doubt` as packing does."""
    return view_of(context, staff, await context.bus.ask(Ship(id=list_id, despite_doubt=despite_doubt)))


async def open_paid(context: GatewayContext, staff: Member, list_id: str) -> PickListView:
    """Open a pick list.

    Raises:
        Problem: Its order is not paid, or the list is not there, or further on.
    """
    if (await read_order(context, list_id)).status != "paid":
        raise Problem(409, "not_paid", "Only the list of an order that is paid can be opened.")
    return view_of(context, staff, await context.bus.ask(Open(id=list_id)))


async def _round(context: GatewayContext, staff: Member, lists: Sequence[PickList]) -> RoundView:
    goods = await read_goods(context, {sku for each in lists for sku in units_of(each.lines)})
    items = [_view(context, staff, each) for each in lists]
    return RoundView(items=items, goods=[goods[sku] for sku in sorted(goods)])


def _view(context: GatewayContext, staff: Member, pick_list: PickList) -> PickListView:
    picker = pick_list.picker_at(context.clock.now())
    return PickListView(
        id=pick_list.id,
        order_id=pick_list.of_order,
        number=pick_list.number,
        status=pick_list.status,
        lines=pick_list.lines,
        units=[UnitsView(sku=sku, quantity=count) for sku, count in sorted(units_of(pick_list.lines).items())],
        weight_g=pick_list.weight_g,
        created_at=pick_list.created_at,
        doubts=pick_list.doubts,
        in_hand="nobody" if not picker else "you" if picker == str(staff) else "other",
        in_hand_since=pick_list.picker_since if picker else None,
    )


def view_of(
    context: GatewayContext,
    staff: Member,
    answer: PickList | NoSuchPickList | WrongStep | MoneyInDoubt | TakenByOther,
) -> PickListView:
    """Show a pick list after a step.

    Raises:
        Problem: The step was refused.
    """
    match answer:
        case PickList():
            return _view(context, staff, answer)
        case TakenByOther():
            raise Problem(409, "taken", "Somebody else has this pick list in hand.", since=answer.since)
        case NoSuchPickList():
            raise not_found("pick list")
        case MoneyInDoubt():
            detail = f"Its money is in doubt ({', '.join(answer.doubts)}). Repeat with ?despite_doubt=true to go on."
            raise Problem(409, "money_in_doubt", detail, doubts=answer.doubts)
        case WrongStep():
            raise Problem(409, "wrong_step", f"The pick list is {answer.status}.", pick_list_status=answer.status)


STAFF = [list_pick_lists, in_hand, read_list, take_wave, take, put_aside, open_list, pick, pack, ship]
