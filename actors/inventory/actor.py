"""The inventory's turns: read, decide, write."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Protocol, TypeVar

import msgspec

from actors.inventory import books, importing, moving, rules, store
from actors.inventory.private import ReleaseExpired
from actors.inventory.reading import StockReading
from actors.inventory.shelf import Shelf
from bus.messages.audit import BooksRepaired, Repairs
from bus.messages.base import CartId, OrderId, Sku
from bus.messages.inventory import (
    AvailabilityTurned,
    CarryUnits,
    CheckoutHeld,
    CountShelves,
    CountsUndone,
    GiveBack,
    HoldForCheckout,
    HoldsMoved,
    HoldStock,
    HoldUnits,
    MoveHolds,
    OutOfStock,
    ReceiveStock,
    RepairStock,
    SetOnHand,
    ShelvesCounted,
    StockBelowHeld,
    StockCount,
    StockHeld,
    StockLevel,
    StockMoved,
    StockRefused,
    UndoCounts,
    UnitsGone,
    UnitsHeld,
    UnitsInUse,
    UnitsRetaken,
    UnknownSku,
)
from bus.messages.order import OrderCancelled, OrderCreated, OrderSettled, OrderShipped, PaymentCameLate
from bus.messages.payment import PaymentFailed, PaymentProcessing, PaymentReceived
from engine.actor import Bus, turn
from engine.alarm import Alarm
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadInput
from engine.postgres import Database
from engine.settings import PositiveInt, Seconds, Settings, meaning
from engine.transaction import Transaction

T = TypeVar("T")

_TELL_AGAIN = timedelta(minutes=2)  # Longer than readers cache a level.
_EXPIRING = CrashPoint("holds-expiring", "Holds have ended; their units have not been put back.")


class InventorySettings(Settings, frozen=True, kw_only=True):
    """How long units are set aside."""

    shopflow_cart_hold_s: Annotated[Seconds, meaning("How long a cart holds its units.")] = 600.0
    shopflow_cart_share: Annotated[
        float,
        msgspec.Meta(gt=0, le=1),
        meaning("The share of a SKU's unsold units that one cart may hold. 1: all of them."),
    ] = 0.5
    shopflow_cart_share_least: Annotated[
        PositiveInt, meaning("Units of a SKU that one cart may hold whatever its share is.")
    ] = 10
    shopflow_address_share: Annotated[
        float,
        msgspec.Meta(gt=0, le=1),
        meaning(
            "The share of a SKU's unsold units that all carts of one client address may hold together. 1: all of them. "
            "Nothing is counted where SHOPFLOW_HELD_UNITS is 0."
        ),
    ] = 0.7
    shopflow_address_share_least: Annotated[
        PositiveInt, meaning("Units of a SKU that all carts of one address may hold together whatever their share is.")
    ] = 10
    shopflow_checkout_hold_s: Annotated[
        Seconds, meaning("How long units are held from checkout until the order is placed: milliseconds as a rule.")
    ] = 600.0
    shopflow_payment_hold_s: Annotated[
        Seconds, meaning("How long an unpaid order holds its units; must outlive SHOPFLOW_PAYMENT_WINDOW_S by far.")
    ] = 2700.0


class LevelPublisher(Protocol):
    """Publishes new stock levels. A hint only: subscribers also poll now and then."""

    def publish_levels(self, levels: Sequence[StockLevel]) -> None:
        """Publish these levels soon; the newest of a SKU wins."""
        ...


class Inventory(StockReading):
    """Sets stock aside for carts and orders, and puts it back. The only writer of its tables."""

    def __init__(
        self, *, bus: Bus, database: Database, clock: Clock, updates: LevelPublisher, settings: InventorySettings
    ) -> None:
        super().__init__(database=database, clock=clock)
        self._updates = updates
        self._cart_hold = timedelta(seconds=settings.shopflow_cart_hold_s)
        self._shares = rules.Shares(
            cart=rules.Share(settings.shopflow_cart_share, settings.shopflow_cart_share_least),
            address=rules.Share(settings.shopflow_address_share, settings.shopflow_address_share_least),
        )
        self._checkout_hold = timedelta(seconds=settings.shopflow_checkout_hold_s)
        self._payment_hold = timedelta(seconds=settings.shopflow_payment_hold_s)
        self._alarm = Alarm(clock, lambda: bus.tell(ReleaseExpired()), again=timedelta(seconds=1))

    async def start(self) -> None:
        """Set the alarm to the next hold's end; publish again the levels that the last run may not have published."""
        self._alarm.set(await store.next_end(self._database))
        self._updates.publish_levels(await store.changed_since(self._database, self._clock.now() - _TELL_AGAIN))

    async def run(self) -> None:
        """Release expired holds as soon as they end."""
        await self._alarm.run()

    @turn
    async def hold(self, tx: Transaction, asks: Sequence[HoldStock]) -> Sequence[StockHeld | StockRefused | UnknownSku]:
        wanted = [(ask.cart_id, ask.sku) for ask in asks]
        until = tx.now + self._cart_hold
        return await self._decide(
            tx,
            lambda: store.lock_for_carts(tx, wanted),
            lambda shelf: rules.hold(asks, shelf, until, self._shares),
            lambda answers, _: {
                answer.sku for answer in answers if isinstance(answer, StockRefused) and not answer.is_share
            },
            until,
        )

    @turn
    async def hold_units(self, tx: Transaction, asks: Sequence[HoldUnits]) -> Sequence[UnitsHeld | OutOfStock]:
        wanted: list[tuple[CartId, Sku]] = [(ask.cart_id, units.sku) for ask in asks for units in ask.units]
        until = tx.now + self._cart_hold
        return await self._decide(
            tx,
            lambda: store.lock_for_carts(tx, wanted),
            lambda shelf: rules.hold_units(asks, shelf, until, self._shares),
            lambda answers, _: rules.short(answers),
            until,
        )

    @turn
    async def move_holds(self, tx: Transaction, ask: MoveHolds) -> HoldsMoved:
        wanted = [(cart_id, each.sku) for each in ask.units for cart_id in (ask.cart_id, ask.from_cart)]
        until = tx.now + self._cart_hold
        return await self._decide(
            tx,
            lambda: store.lock_for_carts(tx, wanted),
            lambda shelf: moving.move_holds(ask, shelf, until, self._shares),
            lambda answer, _: moving.short(ask, answer),
            until,
        )

    @turn
    async def hold_for_checkout(
        self, tx: Transaction, asks: Sequence[HoldForCheckout]
    ) -> Sequence[CheckoutHeld | OutOfStock]:
        orders = {ask.order_id for ask in asks}
        wanted: list[tuple[CartId, Sku]] = [(ask.cart_id, line.sku) for ask in asks for line in ask.lines]
        until = tx.now + self._checkout_hold
        return await self._decide(
            tx,
            lambda: store.lock_for_orders(tx, orders, wanted),
            lambda shelf: [rules.hold_for_checkout(ask, shelf, until) for ask in asks],
            lambda answers, _: rules.short(answers),
            until,
        )

    @turn
    async def await_payment(self, tx: Transaction, events: Sequence[OrderCreated]) -> None:
        await self._until_paid(tx, {event.order_id for event in events}, rules.await_payment)

    @turn
    async def await_bank(self, tx: Transaction, events: Sequence[PaymentProcessing]) -> None:
        await self._of_orders(tx, {event.order_id for event in events}, rules.await_bank)

    @turn
    async def await_payment_again(self, tx: Transaction, events: Sequence[PaymentFailed]) -> None:
        await self._until_paid(tx, {event.order_id for event in events}, rules.await_payment_again)

    @turn
    async def sell(self, tx: Transaction, events: Sequence[PaymentReceived]) -> None:
        await self._take_for_money(tx, [event.order_id for event in events], rules.sell)

    @turn
    async def sell_settled(self, tx: Transaction, events: Sequence[OrderSettled]) -> None:
        await self._take_for_money(tx, [event.order_id for event in events], rules.sell)

    @turn
    async def retake(self, tx: Transaction, events: Sequence[PaymentCameLate]) -> None:
        await self._take_for_money(tx, [event.order_id for event in events], rules.retake)

    @turn
    async def cancel(self, tx: Transaction, events: Sequence[OrderCancelled]) -> None:
        await self._of_orders(tx, {event.order_id for event in events}, rules.give_back)

    @turn
    async def ship(self, tx: Transaction, events: Sequence[OrderShipped]) -> None:
        await self._of_orders(tx, {event.order_id for event in events}, rules.ship)

    @turn
    async def give_back(self, tx: Transaction, asks: Sequence[GiveBack]) -> None:
        await self._of_orders(tx, {ask.order_id for ask in asks}, rules.abandon)

    @turn
    async def release_expired(self, tx: Transaction, timers: Sequence[ReleaseExpired]) -> None:
        _EXPIRING.reach()
        del timers  # One release serves all timers.
        await self._free_expired(tx, await store.skus_with_expired(tx))
        next_end = await store.next_end(tx)
        tx.after_commit(lambda: self._alarm.set(next_end))

    @turn
    async def set_on_hand(
        self, tx: Transaction, asks: Sequence[SetOnHand]
    ) -> Sequence[StockCount | StockBelowHeld | StockMoved]:
        skus = {ask.sku for ask in asks}
        await store.add_skus(tx, skus)
        shelf = await store.lock_with_expired(tx, skus)
        shelf.expire(tx.now)
        recounted = [ask.sku for ask in asks if ask.recount]
        by_ledger = {sums.sku: sums.on_hand_by_ledger for sums in await store.sums(tx, recounted)} if recounted else {}
        answers = [books.set_on_hand(ask, shelf, by_ledger.get(ask.sku) if ask.recount else None) for ask in asks]
        await self._save(tx, shelf)
        return answers

    @turn
    async def count_shelves(self, tx: Transaction, ask: CountShelves) -> ShelvesCounted:
        shelf, counted = await importing.count(tx, ask)
        await self._save(tx, shelf)
        return counted

    @turn
    async def undo_counts(self, tx: Transaction, ask: UndoCounts) -> CountsUndone:
        shelf, undone = await importing.undo(tx, ask)
        await self._save(tx, shelf)
        return undone

    @turn
    async def receive(self, tx: Transaction, ask: ReceiveStock) -> StockCount:
        await store.add_skus(tx, {ask.sku})
        shelf = await store.lock_with_expired(tx, {ask.sku})
        count = books.receive(ask, shelf)
        if isinstance(count, str):
            raise BadInput(count)
        await self._save(tx, shelf)
        return count

    @turn
    async def carry(self, tx: Transaction, ask: CarryUnits) -> StockCount | UnitsInUse:
        await store.add_skus(tx, {ask.name})
        shelf = await store.lock_with_expired(tx, {ask.sku, ask.name})
        shelf.expire(tx.now)
        answer = books.carry(ask, shelf)
        await self._save(tx, shelf)
        return answer

    @turn
    async def repair(self, tx: Transaction, ask: RepairStock) -> Repairs:
        shelf = await store.lock_with_expired(tx, [ask.sku])  # Every writer of holds or ledger locks the SKU first.
        made = [
            repair
            for sums in await store.sums(tx, [ask.sku])
            for repair in books.repair(sums, shelf, ask.above_version)
        ]
        tx.publish(*(BooksRepaired.of(repair, tx.now) for repair in made))
        await self._save(tx, shelf)
        return Repairs(repairs=tuple(made))

    async def _of_orders(
        self, tx: Transaction, orders: Collection[OrderId], decide: Callable[[OrderId, Shelf], None]
    ) -> None:
        shelf = await store.lock_for_orders(tx, orders)
        for order_id in orders:
            decide(order_id, shelf)
        await self._save(tx, shelf)

    async def _until_paid(
        self, tx: Transaction, orders: Collection[OrderId], decide: Callable[[OrderId, Shelf, datetime], None]
    ) -> None:
        until = tx.now + self._payment_hold
        shelf = await store.lock_for_orders(tx, orders)
        for order_id in orders:
            decide(order_id, shelf, until)
        await self._save(tx, shelf, until)

    async def _take_for_money(
        self,
        tx: Transaction,
        orders: Sequence[OrderId],
        take: Callable[[OrderId, Shelf], UnitsGone | UnitsRetaken | None],
    ) -> None:
        answers = await self._decide(
            tx,
            lambda: store.lock_for_orders(tx, set(orders)),
            lambda shelf: [take(order_id, shelf) for order_id in orders],
            lambda answers, shelf: {
                hold.sku
                for answer in answers
                if isinstance(answer, UnitsGone)
                for hold in shelf.of_order(answer.order_id)
            },
        )
        tx.publish(*(answer for answer in answers if answer is not None))

    async def _decide(
        self,
        tx: Transaction,
        lock: Callable[[], Awaitable[Shelf]],
        decide: Callable[[Shelf], T],
        short: Callable[[T, Shelf], Collection[Sku]],
        until: datetime | None = None,
    ) -> T:
        """Lock, decide and save. Before a refusal, release expired holds and decide again: they never block a buyer.

        Args:
            tx: The turn's transaction.
            lock: Locks and reads the shelf; called again after expired holds were released.
            decide: Changes the shelf; its changes of an earlier shelf are discarded.
            short: The SKUs of which an answer found too few units.
            until: End of the decided holds, if they end by the clock.
        """
        shelf = await lock()
        answer = decide(shelf)
        if (refused := short(answer, shelf)) and await self._free_expired(tx, refused):
            shelf = await lock()
            answer = decide(shelf)
        await self._save(tx, shelf, until)
        return answer

    async def _free_expired(self, tx: Transaction, skus: Collection[Sku]) -> bool:
        """Release the expired holds of these SKUs; return whether there were any."""
        shelf = await store.lock_with_expired(tx, skus)
        shelf.expire(tx.now)
        await self._save(tx, shelf)
        return bool(shelf.entries)

    async def _save(self, tx: Transaction, shelf: Shelf, until: datetime | None = None) -> None:
        await store.save(tx, shelf)
        if turned := shelf.turned():
            tx.publish(AvailabilityTurned(skus=turned))
        if levels := shelf.levels():
            tx.after_commit(lambda: self._updates.publish_levels(levels))
        if until is not None:
            tx.after_commit(lambda: self._alarm.no_later_than(until))
