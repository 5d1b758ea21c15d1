"""The catalog's handlers of changes that are made at a time."""

from msgspec import structs

from actors.catalog import planned, planning_rules, store
from actors.catalog.private import ApplyPlanned
from actors.catalog.writing import Writing
from bus.messages.catalog import NoSuchProduct
from bus.messages.planning import (
    MOST_PLANNED,
    DropPlannedChange,
    ListPlannedChanges,
    NoSuchPlan,
    PlanChange,
    PlannedChange,
    PlannedChangeDropped,
    PlannedChanges,
)
from engine.actor import call, turn
from engine.errors import BadInput
from engine.transaction import Transaction


class PlannedTurns(Writing):
    """Keeps planned changes, and makes them. A part of the catalog, which inherits its handlers."""

    @turn
    async def plan(self, tx: Transaction, ask: PlanChange) -> PlannedChange | NoSuchProduct:
        if ask.product_id not in await store.lock(tx, [ask.product_id]):
            return NoSuchProduct(id=ask.product_id)
        before = await planned.one(tx, ask.product_id, ask.id)
        if refused := planning_rules.refusal(ask.due, ask.change, before, tx.now):
            raise BadInput(refused)
        if await planned.number(tx, ask.product_id, but=ask.id) >= MOST_PLANNED:
            raise BadInput(f"at most {MOST_PLANNED} changes of a product are to come")
        change = structs.replace(ask.change, id=ask.product_id)
        plan = PlannedChange(id=ask.id, product_id=ask.product_id, due=ask.due, change=change, by=change.by)
        await planned.write(tx, plan)
        tx.schedule(ApplyPlanned(product_id=plan.product_id, id=plan.id), plan.due)
        return plan

    @turn
    async def apply_planned(self, tx: Transaction, ask: ApplyPlanned) -> None:
        """Make a planned change by the rules of all changes. One that does not fit any more is kept, with why."""
        await store.lock(tx, ())
        plan = await planned.one(tx, ask.product_id, ask.id)
        if plan is None or plan.done_at is not None or plan.due > tx.now:
            return  # It was dropped, or has another time by now, and so another timer.
        try:
            refused = planning_rules.reason(await self._change(tx, plan.change))
        except BadInput as error:  # Raised before anything is written.
            refused = str(error)
        await planned.note_done(tx, plan.id, refused)

    @turn
    async def drop_planned(self, tx: Transaction, ask: DropPlannedChange) -> PlannedChangeDropped | NoSuchPlan:
        await store.lock(tx, ())
        plan = await planned.one(tx, ask.product_id, ask.id)
        if plan is None or plan.done_at is not None:
            return NoSuchPlan(id=ask.id)
        await planned.drop(tx, plan.id)
        return PlannedChangeDropped(id=plan.id)

    @call(limit=4)
    async def list_planned(self, ask: ListPlannedChanges) -> PlannedChanges:
        return PlannedChanges(changes=await planned.of_product(self._database, ask.product_id))
