"""Actions for many orders or pick lists at once. Each is done as it is alone: by the same command and right.

Each has an answer of its own, and one that is refused stops no other. Nothing is done for all or none: what was done
before a crash stands, and the whole request may be sent again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec
from litestar import post
from litestar.params import JSONBody

from bus.messages.warehouse import Pack, Pick, Ship
from engine.errors import ShopFlowError
from gateway import acts
from gateway.access import Member
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import WholeListView
from gateway.api.order import call_off
from gateway.api.warehouse import open_paid, view_of
from gateway.context import GatewayContext, Http, Injected
from gateway.problems import Problem
from gateway.rights import right_of

MOST_AT_ONCE: Final = 200
_TOGETHER: Final = 50  # Asked at the same time: as many as one turn takes with ease.

Ids = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=200)]],
    msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE),
]
Do = Callable[[str], Awaitable[str]]  # Does it for one id, and returns the status that it has then.


class OrdersBody(Body, frozen=True, kw_only=True):
    """The orders, and what to do with each."""

    action: Literal["cancel"]
    ids: Ids


class PickListsBody(Body, frozen=True, kw_only=True):
    """The pick lists, and the step of each."""

    action: Literal["open", "pick", "pack", "ship"]
    ids: Ids


class DoneView(View, frozen=True, kw_only=True):
    """The outcome of one of them: its status now, or the code of the refusal and its sentence."""

    id: str
    done: bool
    status: str | None
    code: str | None
    detail: str | None


class DoneList(WholeListView[DoneView], frozen=True, kw_only=True):
    """The outcome of each, in the order in which they were named."""


@post(
    "/orders/bulk",
    status_code=200,
    dto=Strict[OrdersBody],
    return_dto=None,
    summary="Cancel several orders",
)
async def orders_in_bulk(context: Injected, request: Http, staff: Member, data: JSONBody[OrdersBody]) -> DoneList:
    """Cancel up to 200 orders, each as `POST /orders/{id}/cancel` does. Each has an answer of its own."""

    async def cancel(order_id: str) -> str:
        return (await call_off(context, order_id, staff)).status

    return await _each(request, staff.id, "/orders/{order_id}/cancel", data.ids, cancel)


@post(
    "/pick-lists/bulk",
    status_code=200,
    dto=Strict[PickListsBody],
    return_dto=None,
    summary="Take a step with several pick lists",
)
async def pick_lists_in_bulk(
    context: Injected, request: Http, staff: Member, data: JSONBody[PickListsBody]
) -> DoneList:
    """Open, pick, pack or ship up to 200 pick lists. Each has an answer of its own; money in doubt is refused."""
    template = f"/admin/api/pick-lists/{{list_id}}/{data.action}"
    return await _each(request, staff.id, template, data.ids, _steps(context, staff)[data.action])


def _steps(context: GatewayContext, staff: Member) -> Mapping[str, Do]:
    async def open_one(list_id: str) -> str:
        return (await open_paid(context, staff, list_id)).status

    async def pick(list_id: str) -> str:
        return view_of(context, staff, await context.bus.ask(Pick(id=list_id, by=str(staff)))).status

    async def pack(list_id: str) -> str:
        return view_of(context, staff, await context.bus.ask(Pack(id=list_id))).status

    async def ship(list_id: str) -> str:
        return view_of(context, staff, await context.bus.ask(Ship(id=list_id))).status

    return {"open": open_one, "pick": pick, "pack": pack, "ship": ship}


async def _each(request: Http, staff_id: str, template: str, ids: Sequence[str], do: Do) -> DoneList:
    """Record and do each, once however often it is named."""
    right = right_of("POST", template)
    assert right is not None, "what is done in bulk can be done alone"
    done, wanted = dict[str, DoneView](), list(dict.fromkeys(ids))
    for start in range(0, len(wanted), _TOGETHER):
        some = wanted[start : start + _TOGETHER]
        await acts.record_each(request, staff_id, right, template, some)
        done |= {view.id: view for view in await asyncio.gather(*(_one(each, do) for each in some))}
    return DoneList(items=[done[each] for each in wanted])


async def _one(id_: str, do: Do) -> DoneView:
    try:
        return DoneView(id=id_, done=True, status=await do(id_), code=None, detail=None)
    except Problem as refused:
        return DoneView(id=id_, done=False, status=None, code=refused.code, detail=refused.detail)
    except ShopFlowError as error:  # The others may have been done: so this is an answer, and no 503 of all.
        return DoneView(id=id_, done=False, status=None, code="unavailable", detail=type(error).__name__)


STAFF = [orders_in_bulk, pick_lists_in_bulk]
