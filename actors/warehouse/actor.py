"""The warehouse's turns: pick lists wait, are picked, packed and shipped."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from actors.warehouse import rules, store
from actors.warehouse.rules import Step
from bus.messages.base import OrderId
from bus.messages.inventory import UnitsRetaken
from bus.messages.order import OrderCancelled, OrderCreated, OrderFulfilled, OrderSettled
from bus.messages.payment import DisputeClosed, DisputeOpened, FraudWarned, FullyRefunded, PaymentReceived
from bus.messages.warehouse import (
    IN_HAND,
    MOST_LISTS,
    ListPickLists,
    ListUnopened,
    MoneyInDoubt,
    NoSuchPickList,
    Open,
    Pack,
    Pick,
    PickList,
    PickListFacts,
    PickListPage,
    PutAside,
    ReadPickListFacts,
    ReadPickLists,
    Ship,
    TakeInHand,
    TakenByOther,
    TakeWave,
    WrongStep,
)
from engine.actor import Actor, call, turn
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_MOST_READ = 200
Answer: TypeAlias = PickList | NoSuchPickList | WrongStep | MoneyInDoubt


class Warehouse(Actor):
    """Turns paid orders into parcels."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @turn
    async def on_created(self, tx: Transaction, events: Sequence[OrderCreated]) -> None:
        await store.add(tx, events)

    @turn
    async def on_paid(self, tx: Transaction, events: Sequence[PaymentReceived]) -> None:
        await self._take_all(tx, {event.order_id for event in events}, "release")

    @turn
    async def on_settled(self, tx: Transaction, events: Sequence[OrderSettled]) -> None:
        await self._take_all(tx, {event.order_id for event in events}, "release")

    @turn
    async def on_cancelled(self, tx: Transaction, events: Sequence[OrderCancelled]) -> None:
        await self._take_all(tx, {event.order_id for event in events}, "cancel")

    @turn
    async def on_units_retaken(self, tx: Transaction, events: Sequence[UnitsRetaken]) -> None:
        await self._take_all(tx, {event.order_id for event in events}, "revive")

    @turn
    async def on_fully_refunded(self, tx: Transaction, events: Sequence[FullyRefunded]) -> None:
        await self._judge(tx, [(event.order_id, "refunded") for event in events], rules.doubt)

    @turn
    async def on_disputed(self, tx: Transaction, events: Sequence[DisputeOpened]) -> None:
        await self._judge(tx, [(event.order_id, f"dispute {event.dispute_id}") for event in events], rules.doubt)

    @turn
    async def on_dispute_closed(self, tx: Transaction, events: Sequence[DisputeClosed]) -> None:
        over = [(event.order_id, f"dispute {event.dispute_id}") for event in events if event.outcome != "lost"]
        await self._judge(tx, over, rules.trust)

    @turn
    async def on_fraud_warned(self, tx: Transaction, events: Sequence[FraudWarned]) -> None:
        await self._judge(tx, [(event.order_id, f"fraud warning {event.warning_id}") for event in events], rules.doubt)

    @turn
    async def on_fulfilled(self, tx: Transaction, events: Sequence[OrderFulfilled]) -> None:
        states = await store.lock_of_orders(tx, {event.order_id for event in events})
        for state in states:
            rules.confirm(state)
        await store.save(tx, states)

    @turn
    async def open(self, tx: Transaction, asks: Sequence[Open]) -> Sequence[PickList | NoSuchPickList | WrongStep]:
        return _without_doubts(await self._step(tx, [ask.id for ask in asks], "release"))

    @turn
    async def take_wave(self, tx: Transaction, ask: TakeWave) -> PickListPage:
        if not 1 <= ask.lists <= MOST_LISTS:
            raise BadInput(f"lists must be 1 to {MOST_LISTS}")
        states = await store.lock_wave(tx, ask.by, tx.now - IN_HAND, ask.lists)
        for state in states:
            rules.take_in_hand(state, ask.by, tx.now)
        await store.save(tx, states)
        lists = await store.read(tx, [state.id for state in states])
        return PickListPage(pick_lists=tuple(lists.values()), next=None)

    @turn
    async def take_in_hand(
        self, tx: Transaction, ask: TakeInHand
    ) -> PickList | NoSuchPickList | WrongStep | TakenByOther:
        state = (await store.lock(tx, [ask.id])).get(ask.id)
        if state is None:
            return NoSuchPickList(id=ask.id)
        since, is_others = state.picker_since, rules.is_others(state, ask.by, tx.now)
        if not rules.take_in_hand(state, ask.by, tx.now, take_over=ask.take_over):
            if is_others and since is not None:
                return TakenByOther(id=ask.id, since=since)
            return WrongStep(id=ask.id, status=state.status)
        await store.save(tx, [state])
        return (await store.read(tx, [ask.id]))[ask.id]

    @turn
    async def put_aside(self, tx: Transaction, ask: PutAside) -> PickList | NoSuchPickList:
        state = (await store.lock(tx, [ask.id])).get(ask.id)
        if state is None:
            return NoSuchPickList(id=ask.id)
        rules.put_aside(state, ask.by)
        await store.save(tx, [state])
        return (await store.read(tx, [ask.id]))[ask.id]

    @turn
    async def pick(
        self, tx: Transaction, asks: Sequence[Pick]
    ) -> Sequence[PickList | NoSuchPickList | WrongStep | TakenByOther]:
        states = await store.lock(tx, {ask.id for ask in asks})
        others = {
            one.id: TakenByOther(id=one.id, since=one.picker_since)
            for ask in asks
            if (one := states.get(ask.id)) and one.picker_since and rules.is_others(one, ask.by, tx.now) and ask.by
        }
        steps = iter(_without_doubts(await self._step(tx, [ask.id for ask in asks if ask.id not in others], "pick")))
        return [others[ask.id] if ask.id in others else next(steps) for ask in asks]

    @turn
    async def pack(self, tx: Transaction, asks: Sequence[Pack]) -> Sequence[Answer]:
        return await self._step(tx, [ask.id for ask in asks], "pack", {a.id for a in asks if a.despite_doubt})

    @turn
    async def ship(self, tx: Transaction, asks: Sequence[Ship]) -> Sequence[Answer]:
        return await self._step(tx, [ask.id for ask in asks], "ship", {a.id for a in asks if a.despite_doubt})

    @call(limit=4)  # A statement outside any turn: a long list delays no parcel.
    async def browse(self, ask: ListPickLists) -> PickListPage:
        return await store.page(self._database, ask)

    @call(limit=4)
    async def read(self, ask: ReadPickLists) -> PickListPage:
        if len(ask.ids) > _MOST_READ:
            raise BadInput(f"at most {_MOST_READ} pick lists in one request")
        return PickListPage(pick_lists=tuple((await store.read(self._database, ask.ids)).values()), next=None)

    @call(limit=4)
    async def facts(self, ask: ReadPickListFacts) -> PickListFacts:
        return PickListFacts(facts=tuple(await store.facts(self._database, ask.after, ask.until)))

    @call(limit=4)
    async def list_unopened(self, ask: ListUnopened) -> PickListFacts:
        return PickListFacts(facts=tuple(await store.unopened(self._database, ask)))

    async def _take_all(self, tx: Transaction, orders: Collection[OrderId], step: Step) -> None:
        states = await store.lock_of_orders(tx, orders)
        for state in states:
            rules.take(state, step)
        await store.save(tx, states)

    async def _judge(
        self,
        tx: Transaction,
        reasons: Sequence[tuple[OrderId, str]],
        decide: Callable[[rules.PickListState, str], None],
    ) -> None:
        """Begin or end a doubt about all parcels of an order, for each reason."""
        states = await store.lock_of_orders(tx, {order_id for order_id, _ in reasons})
        for order_id, reason in reasons:
            for state in states:
                if state.order_id == order_id:
                    decide(state, reason)
        await store.save(tx, states)

    async def _step(
        self, tx: Transaction, ids: Sequence[OrderId], step: Step, despite_doubt: Collection[OrderId] = ()
    ) -> list[Answer]:
        states = await store.lock(tx, set(ids))
        doubts = {
            one.id: tuple(one.doubts)
            for one in states.values()
            if rules.is_doubtful(one, step, despite_doubt=one.id in despite_doubt)
        }
        taken = {one.id: rules.take(one, step) for one in states.values() if one.id not in doubts}
        await store.save(tx, states.values())
        lists = await store.read(tx, states)
        return [self._answer(each, states, doubts, taken, lists) for each in ids]

    @staticmethod
    def _answer(
        list_id: OrderId,
        states: Mapping[OrderId, rules.PickListState],
        doubts: Mapping[OrderId, tuple[str, ...]],
        taken: Mapping[OrderId, bool],
        lists: Mapping[OrderId, PickList],
    ) -> Answer:
        if list_id not in states:
            return NoSuchPickList(id=list_id)
        if list_id in doubts:
            return MoneyInDoubt(id=list_id, doubts=doubts[list_id])
        return lists[list_id] if taken[list_id] else WrongStep(id=list_id, status=states[list_id].status)


def _without_doubts(answers: Sequence[Answer]) -> list[PickList | NoSuchPickList | WrongStep]:
    """Answers to steps that never ask about money."""
    return [answer for answer in answers if not isinstance(answer, MoneyInDoubt)]
