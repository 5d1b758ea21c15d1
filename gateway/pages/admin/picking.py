"""Pick and pack: what waits, a round through the shelves, and parcels. For a phone in one hand."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from gateway.api.goods import GoodView
from gateway.api.warehouse import PickLists, PickListView, RoundView
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, cursor_of, screen
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask

_API: Final = "/admin/api/pick-lists"
_ROUND: Final = "/admin/pick/round"
_LIMIT: Final = 50
_STATES: Final = ("open", "picked", "packed")
WAVES: Final = (1, 3, 5, 10, 20)


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a round: an article, and how many units each list needs of it."""

    sku: str
    good: GoodView | None
    lists: Sequence[tuple[PickListView, int]]

    @property
    def units(self) -> int:
        """The units of all lists together."""
        return sum(count for _, count in self.lists)


@get("/admin/pick", include_in_schema=False)
async def waiting(request: Http) -> Response[bytes]:
    """List what waits to be picked, packed or shipped, the oldest first."""
    return await _list(request)


@post("/admin/pick/wave", include_in_schema=False, guards=[own_forms_only])
async def take_wave(request: Http) -> Response[bytes]:
    """Take the oldest lists in hand, and begin."""
    lists = (await read_form(request)).number("lists") or 1
    taken = (await ask(request, "POST", f"{_API}/wave", body={"lists": lists})).read(RoundView)
    return see(_ROUND if taken.items else "/admin/pick")


@post("/admin/pick/{list_id:str}/take", include_in_schema=False, guards=[own_forms_only])
async def take(request: Http, list_id: FromPath[str]) -> Response[bytes]:
    """Take one list in hand, and begin; where a colleague has it, ask whether it is to be taken over."""
    over = "over=true" if (await read_form(request)).get("over") else ""
    try:
        await ask(request, "POST", f"{_API}/{quote(list_id, safe='')}/take", query=over)
    except Refused as refused:
        if refused.status != 409:
            raise
        return await _list(request, refused=refused, of_list=list_id)
    return see(_ROUND)


@get("/admin/pick/round", include_in_schema=False)
async def walk(request: Http) -> Response[bytes]:
    """Show what one has in hand: the units to take, in the order of the shelves, and the parcels to pack."""
    return await _round(request)


@post("/admin/pick/{list_id:str}/{step:str}", include_in_schema=False, guards=[own_forms_only])
async def step_on(request: Http, list_id: FromPath[str], step: FromPath[str]) -> Response[bytes]:
    """Take a step with a list in hand: `picked`, `send` (packed and shipped), `packed`, or `put-aside`."""
    form, path = await read_form(request), f"{_API}/{quote(list_id, safe='')}"
    despite = "despite_doubt=true" if form.get("despite_doubt") else ""
    steps = {"picked": ["pick"], "packed": ["pack"], "send": ["pack", "ship"], "put-aside": ["put-aside"]}
    try:
        for each in steps.get(step, ["put-aside"]):
            await ask(request, "POST", f"{path}/{each}", query=despite if each in ("pack", "ship") else "")
    except Refused as refused:
        if refused.status != 409:
            raise
        return await _round(request, refused=refused, of_list=list_id)
    return see(_ROUND)


async def _list(request: Http, *, refused: Refused | None = None, of_list: str = "") -> Response[bytes]:
    asked = str(request.query_params.get("state", ""))
    state = asked if asked in _STATES else "open"
    query = urlencode({"status": state, "limit": _LIMIT, "cursor": cursor_of(request)})
    listed = (await ask(request, "GET", _API, query=query)).read(PickLists)
    mine = (await ask(request, "GET", f"{_API}/in-hand")).read(RoundView)
    return await screen(
        request,
        "pick.html",
        refused=refused,
        listed=listed,
        state=state,
        in_hand=len(mine.items),
        taken=of_list if refused and refused.code == "taken" else "",
        waves=WAVES,
    )


async def _round(request: Http, *, refused: Refused | None = None, of_list: str = "") -> Response[bytes]:
    found = (await ask(request, "GET", f"{_API}/in-hand")).read(RoundView)
    return await screen(
        request,
        "round.html",
        refused=refused,
        lists=found.items,
        stops=stops_of(found),
        boxes={each.id: place for place, each in enumerate(found.items, 1)},
        doubtful=of_list if refused and refused.code == "money_in_doubt" else "",
    )


def stops_of(found: RoundView) -> Sequence[Stop]:
    """Return the places of a round through the shelves, in the order of the SKUs."""
    goods = {good.sku: good for good in found.goods}
    wanted = dict[str, list[tuple[PickListView, int]]]()
    for each in found.items:
        for units in each.units if each.status == "open" else ():
            wanted.setdefault(units.sku, []).append((each, units.quantity))
    return [Stop(sku=sku, good=goods.get(sku), lists=lists) for sku, lists in sorted(wanted.items())]


PART = PortalPart(
    screens=[Screen(path="/admin/pick", title="Pick and pack", group="day", key="read_parcels", letter="k")],
    routes=[waiting, take_wave, walk, take, step_on],
)
