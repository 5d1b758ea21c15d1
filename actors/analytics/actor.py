"""Sales figures, from the events of orders and payments."""

from collections.abc import Sequence

from actors.analytics import store
from bus.messages.analytics import GetSales, GetSalesOfDay, Sales, SalesOfDay
from bus.messages.order import OrderCreated, OrderDelivered
from bus.messages.payment import (
    DisputeFundsMoved,
    FurtherPaymentReceived,
    PaymentReceived,
    RefundFailed,
    RefundProcessed,
)
from engine.actor import Actor, call, turn
from engine.postgres import Database
from engine.transaction import Transaction


class Analytics(Actor):
    """Counts sales, and the money that was paid, refunded and disputed."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @turn
    async def on_created(self, tx: Transaction, events: Sequence[OrderCreated]) -> None:
        await store.add(tx, events)

    @turn
    async def on_paid(self, tx: Transaction, events: Sequence[PaymentReceived]) -> None:
        await store.add_paid(tx, events)

    @turn
    async def on_further_paid(self, tx: Transaction, events: Sequence[FurtherPaymentReceived]) -> None:
        await store.add_paid(tx, events)

    @turn
    async def on_disputed(self, tx: Transaction, events: Sequence[DisputeFundsMoved]) -> None:
        await store.add_disputed(tx, events)

    @turn
    async def on_refunded(self, tx: Transaction, events: Sequence[RefundProcessed]) -> None:
        await store.add_refunded(tx, events)

    @turn
    async def on_refund_failed(self, tx: Transaction, events: Sequence[RefundFailed]) -> None:
        await store.take_back_refunded(tx, events)

    @turn
    async def on_delivered(self, tx: Transaction, events: Sequence[OrderDelivered]) -> None:
        await store.note_delivered(tx, events)

    @call(limit=2)  # A statement outside any turn: a report delays no counting.
    async def sales(self, ask: GetSales) -> Sales:
        return Sales(rows=tuple(await store.sales(self._database, ask)))

    @call(limit=2)
    async def sales_of_day(self, ask: GetSalesOfDay) -> SalesOfDay:
        return SalesOfDay(rows=tuple(await store.sales_of_day(self._database, ask.day)))
