"""The orders' turns: each fact moves orders along their table."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated, TypeVar

from prometheus_client import Counter

from actors.order import resealing, rules, store
from actors.order.desk import StaffedOrders
from actors.order.person import PersonalOrders
from actors.order.private import PaymentOverdue
from actors.order.rules import OrderState
from bus.messages.audit import BooksRepaired, Findings
from bus.messages.base import OrderId
from bus.messages.inventory import UnitsGone, UnitsRetaken
from bus.messages.order import (
    AuditOrders,
    BoughtOrders,
    CancelOrder,
    CorrectRefunded,
    FindOrders,
    GetOrder,
    KnownOrders,
    ListBoughtOrders,
    ListOwedOrders,
    NoSuchOrder,
    NotCancellable,
    Order,
    OrderCreated,
    OrderFacts,
    OrderProgressed,
    OrderSettled,
    OwedOrders,
    PlaceOrder,
    ReadOrderFacts,
    ReadSold,
    Sold,
)
from bus.messages.payment import (
    DisputeClosed,
    DisputeFundsMoved,
    DisputeOpened,
    FraudWarned,
    FullyRefunded,
    FurtherPaymentReceived,
    PaymentDeclined,
    PaymentFailed,
    PaymentProcessing,
    PaymentReceived,
    RefundFailed,
    RefundProcessed,
)
from bus.messages.shipping import ParcelMoved, ShipmentBooked
from bus.messages.warehouse import ParcelPacked, PickingStarted
from engine.actor import Actor, call, turn
from engine.clock import Clock
from engine.message import Message
from engine.postgres import Database
from engine.resealing import in_batches
from engine.settings import PositiveInt, Seconds, Settings, meaning
from engine.transaction import Transaction
from engine.vault import Vault

M = TypeVar("M", bound=Message)


_UNEXPECTED = Counter(
    "shopflow_order_unexpected_facts", "Facts that the table of an order's life has no row for", ["status", "fact"]
)


class OrderSettings(Settings, frozen=True, kw_only=True):
    """How long and how often a buyer may try to pay."""

    shopflow_payment_window_s: Annotated[Seconds, meaning("How long an order waits for its money.")] = 1800.0
    shopflow_payment_declines: Annotated[
        PositiveInt, meaning("Declined attempts to pay that end an order, and its payment at Stripe.")
    ] = 10


class Orders(PersonalOrders, StaffedOrders, Actor, name="order"):
    """Leads orders from placed to delivered. The only actor that decides about an order, and about late money."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock, settings: OrderSettings) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._most_declines = settings.shopflow_payment_declines
        self._payment_window = timedelta(seconds=settings.shopflow_payment_window_s)

    async def run(self) -> None:
        """Seal the orders of earlier versions, and return when there are none."""
        await in_batches(self._database, self._clock, lambda tx: resealing.seal_batch(tx, self._vault))

    @turn
    async def place(self, tx: Transaction, asks: Sequence[PlaceOrder]) -> Sequence[Order]:
        new = await store.place(tx, self._vault, asks, tx.now + self._payment_window)
        for order in new:
            self._announce(tx, order)
        orders = {order.id: order for order in new}
        if earlier := {ask.order_id for ask in asks} - orders.keys():
            orders |= await store.read(tx, self._vault, earlier)
        return [orders[ask.order_id] for ask in asks]

    def _announce(self, tx: Transaction, order: Order) -> None:
        created = OrderCreated(
            order_id=order.id, number=order.number, lines=order.lines, total=order.total, weight_g=order.weight_g
        )
        progressed = OrderProgressed(order_id=order.id, status=order.status, at=tx.now, number=order.number)
        tx.publish(created, progressed)
        if order.status == "pending_payment":
            tx.schedule(PaymentOverdue(order_id=order.id), tx.now + self._payment_window)
        else:
            tx.publish(OrderSettled(order_id=order.id, number=order.number))

    @turn
    async def get(self, tx: Transaction, asks: Sequence[GetOrder]) -> Sequence[Order | NoSuchOrder]:
        known = await store.read(tx, self._vault, {ask.order_id for ask in asks})
        return [known.get(ask.order_id) or NoSuchOrder(order_id=ask.order_id) for ask in asks]

    @call(limit=1)
    async def sold(self, ask: ReadSold) -> Sold:
        return Sold(units=tuple(await store.sold(self._database, ask)))

    @turn
    async def cancel(
        self, tx: Transaction, asks: Sequence[CancelOrder]
    ) -> Sequence[Order | NotCancellable | NoSuchOrder]:
        states = await store.lock(tx, {ask.order_id for ask in asks})
        done = {
            ask.order_id: rules.call_off(states[ask.order_id], ask.reason, tx.now, by=ask.by)
            for ask in asks
            if ask.order_id in states
        }
        await store.save(tx, states.values())
        orders = await store.read(tx, self._vault, states)
        return [self._cancelled(ask.order_id, done, orders) for ask in asks]

    @staticmethod
    def _cancelled(
        order_id: OrderId, done: dict[OrderId, bool], orders: dict[OrderId, Order]
    ) -> Order | NotCancellable | NoSuchOrder:
        if order_id not in done:
            return NoSuchOrder(order_id=order_id)
        order = orders[order_id]
        return order if done[order_id] else NotCancellable(order_id=order_id, status=order.status)

    @turn
    async def cancel_overdue(self, tx: Transaction, timers: Sequence[PaymentOverdue]) -> None:
        await self._each(tx, timers, lambda order, _: rules.overdue(order, tx.now))

    @turn
    async def on_paid(self, tx: Transaction, events: Sequence[PaymentReceived]) -> None:
        await self._each(tx, events, lambda order, event: rules.paid(order, event.amount, tx.now))

    @turn
    async def on_further_paid(self, tx: Transaction, events: Sequence[FurtherPaymentReceived]) -> None:
        await self._each(tx, events, lambda order, event: rules.further_paid(order, event.purpose, event.amount))

    @turn
    async def on_processing(self, tx: Transaction, events: Sequence[PaymentProcessing]) -> None:
        await self._each(tx, events, lambda order, _: rules.processing(order, tx.now))

    @turn
    async def on_payment_failed(self, tx: Transaction, events: Sequence[PaymentFailed]) -> None:
        until = tx.now + self._payment_window

        def decide(order: OrderState, event: PaymentFailed) -> None:
            if rules.payment_failed(order, event.reason, tx.now, until):
                tx.schedule(PaymentOverdue(order_id=order.id), until)

        await self._each(tx, events, decide)

    @turn
    async def on_declined(self, tx: Transaction, events: Sequence[PaymentDeclined]) -> None:
        await self._each(
            tx, events, lambda order, event: rules.declined(order, event.reason, tx.now, self._most_declines)
        )

    @turn
    async def on_refunded(self, tx: Transaction, events: Sequence[RefundProcessed]) -> None:
        await self._each(tx, events, lambda order, event: rules.refunded(order, event.amount, by=event.by))

    @turn
    async def on_refund_failed(self, tx: Transaction, events: Sequence[RefundFailed]) -> None:
        await self._each(
            tx,
            events,
            lambda order, event: rules.refund_failed(
                order, event.amount, event.detail, was_processed=event.was_processed
            ),
        )

    @turn
    async def on_fully_refunded(self, tx: Transaction, events: Sequence[FullyRefunded]) -> None:
        await self._each(tx, events, lambda order, _: rules.fully_refunded(order, tx.now))

    @turn
    async def on_disputed(self, tx: Transaction, events: Sequence[DisputeOpened]) -> None:
        await self._each(
            tx,
            events,
            lambda order, event: rules.disputed(order, event.amount, event.reason, is_inquiry=event.is_inquiry),
        )

    @turn
    async def on_dispute_closed(self, tx: Transaction, events: Sequence[DisputeClosed]) -> None:
        await self._each(tx, events, lambda order, event: rules.dispute_closed(order, event.amount, event.outcome))

    @turn
    async def on_funds_moved(self, tx: Transaction, events: Sequence[DisputeFundsMoved]) -> None:
        await self._each(
            tx,
            events,
            lambda order, event: rules.dispute_funds_moved(order, event.amount, is_withdrawal=event.is_withdrawal),
        )

    @turn
    async def on_fraud_warned(self, tx: Transaction, events: Sequence[FraudWarned]) -> None:
        await self._each(tx, events, lambda order, event: rules.warned_of_fraud(order, event.fraud_type))

    @turn
    async def on_units_gone(self, tx: Transaction, events: Sequence[UnitsGone]) -> None:
        await self._each(tx, events, lambda order, _: rules.units_gone(order, tx.now))

    @turn
    async def on_units_retaken(self, tx: Transaction, events: Sequence[UnitsRetaken]) -> None:
        await self._each(tx, events, lambda order, _: rules.units_retaken(order, tx.now))

    @turn
    async def on_picking(self, tx: Transaction, events: Sequence[PickingStarted]) -> None:
        await self._each(tx, events, lambda order, _: rules.picking(order, tx.now))

    @turn
    async def on_packed(self, tx: Transaction, events: Sequence[ParcelPacked]) -> None:
        await self._each(tx, events, lambda order, _: rules.packed(order, tx.now))

    @turn
    async def on_booked(self, tx: Transaction, events: Sequence[ShipmentBooked]) -> None:
        await self._each(
            tx, events, lambda order, event: rules.shipped(order, event.carrier, event.tracking_number, tx.now)
        )

    @turn
    async def on_moved(self, tx: Transaction, events: Sequence[ParcelMoved]) -> None:
        await self._each(
            tx, events, lambda order, event: rules.moved(order, event.status, event.sealed, event.at, tx.now)
        )

    @call(limit=1, timeout_s=300)  # Statements outside any turn: they may take long, and delay no turn.
    async def audit(self, ask: AuditOrders) -> Findings:
        del ask
        findings, checked = await store.audit(self._database, self._vault)
        return Findings(findings=tuple(findings), checked=checked)

    @call(limit=4)
    async def facts(self, ask: ReadOrderFacts) -> OrderFacts:
        return OrderFacts(facts=tuple(await store.facts(self._database, ask)))

    @call(limit=4)
    async def find(self, ask: FindOrders) -> KnownOrders:
        return KnownOrders(orders=tuple(await store.find(self._database, ask.orders)))

    @call(limit=4)
    async def list_bought(self, ask: ListBoughtOrders) -> BoughtOrders:
        return BoughtOrders(orders=tuple(await store.bought(self._database, ask)))

    @call(limit=4)
    async def list_owed(self, ask: ListOwedOrders) -> OwedOrders:
        return OwedOrders(orders=tuple(await store.owed(self._database, ask)))

    @turn
    async def correct(self, tx: Transaction, asks: Sequence[CorrectRefunded]) -> None:
        def decide(order: OrderState, ask: CorrectRefunded) -> None:
            if made := rules.correct_refunded(order, ask.refunded):
                tx.publish(BooksRepaired.of(made, tx.now))

        await self._each(tx, asks, decide)

    async def _each(self, tx: Transaction, facts: Sequence[M], decide: Callable[[OrderState, M], None]) -> None:
        """Lock the orders of these facts, decide fact by fact, and write all orders at once."""
        states = await store.lock(tx, {fact.key for fact in facts})
        for fact in facts:
            if order := states.get(fact.key):
                decide(order, fact)
        for order in states.values():
            for status, unexpected in order.unexpected:
                _UNEXPECTED.labels(status, unexpected).inc()
        await store.save(tx, states.values())
