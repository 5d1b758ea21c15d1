"""The warehouse's turns: lists that wait, are picked, packed and shipped."""

from collections.abc import Sequence

from actors.warehouse import rules, store
from actors.warehouse.rules import Step
from bus.messages.base import OrderId
from bus.messages.inventory import UnitsRetaken
from bus.messages.order import OrderCancelled, OrderCreated, OrderFulfilled, OrderSettled
from bus.messages.payment import PaymentReceived
from bus.messages.warehouse import (
    ListPickLists,
    ListUnopened,
    NoSuchPickList,
    Open,
    Pack,
    Pick,
    PickList,
    PickListFacts,
    PickListPage,
    ReadPickListFacts,
    Ship,
    WrongStep,
)
from engine.actor import Actor, call, turn
from engine.postgres import Database, Transaction


class Warehouse(Actor):
    """Turns paid orders into parcels."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @turn
    async def on_created(self, tx: Transaction, events: Sequence[OrderCreated]) -> None:
        await store.add(tx, events)

    @turn
    async def on_paid(self, tx: Transaction, events: Sequence[PaymentReceived]) -> None:
        await self._take_all(tx, [event.order_id for event in events], "release")

    @turn
    async def on_settled(self, tx: Transaction, events: Sequence[OrderSettled]) -> None:
        await self._take_all(tx, [event.order_id for event in events], "release")

    @turn
    async def on_cancelled(self, tx: Transaction, events: Sequence[OrderCancelled]) -> None:
        await self._take_all(tx, [event.order_id for event in events], "cancel")

    @turn
    async def on_units_retaken(self, tx: Transaction, events: Sequence[UnitsRetaken]) -> None:
        await self._take_all(tx, [event.order_id for event in events], "revive")

    @turn
    async def on_fulfilled(self, tx: Transaction, events: Sequence[OrderFulfilled]) -> None:
        states = await store.lock(tx, {event.order_id for event in events})
        for state in states.values():
            rules.confirm(state)
        await store.save(tx, states.values())

    @turn
    async def open(self, tx: Transaction, asks: Sequence[Open]) -> Sequence[PickList | NoSuchPickList | WrongStep]:
        return await self._step(tx, [ask.id for ask in asks], "release")

    @turn
    async def pick(self, tx: Transaction, asks: Sequence[Pick]) -> Sequence[PickList | NoSuchPickList | WrongStep]:
        return await self._step(tx, [ask.id for ask in asks], "pick")

    @turn
    async def pack(self, tx: Transaction, asks: Sequence[Pack]) -> Sequence[PickList | NoSuchPickList | WrongStep]:
        return await self._step(tx, [ask.id for ask in asks], "pack")

    @turn
    async def ship(self, tx: Transaction, asks: Sequence[Ship]) -> Sequence[PickList | NoSuchPickList | WrongStep]:
        return await self._step(tx, [ask.id for ask in asks], "ship")

    @call(limit=4)  # A reading statement of its own: a long list holds up no parcel.
    async def browse(self, ask: ListPickLists) -> PickListPage:
        return await store.page(self._database, ask)

    @call(limit=4)
    async def facts(self, ask: ReadPickListFacts) -> PickListFacts:
        return PickListFacts(facts=tuple(await store.facts(self._database, ask.after, ask.until)))

    @call(limit=4)
    async def list_unopened(self, ask: ListUnopened) -> PickListFacts:
        return PickListFacts(facts=tuple(await store.unopened(self._database, ask)))

    async def _take_all(self, tx: Transaction, ids: Sequence[OrderId], step: Step) -> None:
        states = await store.lock(tx, set(ids))
        for state in states.values():
            rules.take(state, step)
        await store.save(tx, states.values())

    async def _step(
        self, tx: Transaction, ids: Sequence[OrderId], step: Step
    ) -> list[PickList | NoSuchPickList | WrongStep]:
        states = await store.lock(tx, set(ids))
        taken = {order_id: rules.take(state, step) for order_id, state in states.items()}
        await store.save(tx, states.values())
        lists = await store.read(tx, states)
        return [
            NoSuchPickList(id=order_id)
            if order_id not in states
            else (lists[order_id] if taken[order_id] else WrongStep(id=order_id, status=states[order_id].status))
            for order_id in ids
        ]
