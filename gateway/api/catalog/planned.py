"""Changes of products that are made at a time, kept by staff."""

from typing import Any

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec.structs import asdict

from bus.messages.base import Instant, new_id
from bus.messages.catalog import ChangeProduct, GetProduct, NoSuchProduct
from bus.messages.planning import DropPlannedChange, ListPlannedChanges, NoSuchPlan, PlanChange, PlannedChange
from gateway.access import Member
from gateway.api.bodies import Body, JsonObject, Strict, View
from gateway.api.catalog.bodies import ProductChange, change_of
from gateway.api.lists import WholeListView
from gateway.context import Injected
from gateway.problems import not_found


class PlanBody(Body, frozen=True, kw_only=True):
    """A change of a product, as `PATCH` takes it, and its time."""

    due: Instant
    change: ProductChange


class PlanView(View, frozen=True, kw_only=True):
    """A planned change. `refused` says why it could not be made when its time came."""

    id: str
    due: Instant
    change: JsonObject
    by: str
    done_at: Instant | None
    refused: str | None


class PlanList(WholeListView[PlanView], frozen=True, kw_only=True):
    """The planned changes of a product: those to come by their time, then the last 50 of the past."""


@get("/products/{product_id:str}/planned", summary="List planned changes of a product")
async def list_planned(context: Injected, product_id: FromPath[str]) -> PlanList:
    """List the planned changes of a product, also of one that was removed."""
    found = await context.bus.ask(ListPlannedChanges(product_id=product_id))
    return PlanList(items=[_view(each) for each in found.changes])


@post(
    "/products/{product_id:str}/planned",
    dto=Strict[PlanBody],
    return_dto=None,
    summary="Plan a change of a product",
    refuses=["not_found"],
)
async def plan_change(
    context: Injected, staff: Member, product_id: FromPath[str], data: JSONBody[PlanBody]
) -> PlanView:
    """Plan a change. When its time comes it is made like any other; if it does not fit then, it says why."""
    product = await context.bus.ask(GetProduct(id=product_id, even_hidden=True))
    if isinstance(product, NoSuchProduct):
        raise not_found("product")
    change = change_of(product.id, data.change, str(staff))
    ask = PlanChange(product_id=product.id, id=new_id("plan"), due=data.due, change=change)
    answer = await context.bus.ask(ask)
    if isinstance(answer, NoSuchProduct):
        raise not_found("product")
    return _view(answer)


@delete("/products/{product_id:str}/planned/{plan_id:str}", summary="Drop a planned change", refuses=["not_found"])
async def drop_planned(context: Injected, product_id: FromPath[str], plan_id: FromPath[str]) -> None:
    """Drop a change that is to come."""
    if isinstance(await context.bus.ask(DropPlannedChange(product_id=product_id, id=plan_id)), NoSuchPlan):
        raise not_found("planned change")


def _view(plan: PlannedChange) -> PlanView:
    return PlanView(
        id=plan.id,
        due=plan.due,
        change=msgspec.Raw(msgspec.json.encode(_given(plan.change))),
        by=plan.by,
        done_at=plan.done_at,
        refused=plan.refused,
    )


def _given(change: ChangeProduct) -> dict[str, Any]:
    """Return the fields that a change sets, as a body has them."""
    left_out = {"id", "by", "expected", "cleared"}
    fields = {name: getattr(change, name) for name in change.__struct_fields__ if name not in left_out}
    given = {name: value for name, value in fields.items() if value is not None}
    skus = [{**asdict(sku), "on_sale": sku.is_on_sale} for sku in change.skus or ()]
    for sku in skus:
        del sku["is_on_sale"]
    return {**given, **({"skus": skus} if skus else {}), **({"clear": change.cleared} if change.cleared else {})}


STAFF = [list_planned, plan_change, drop_planned]
