"""Shipping: methods and prices, calls that book carriers, turns that record bookings and tracking."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from actors.shipping import methods, rules, store, texts
from actors.shipping.carrier import Carrier, Recipient
from actors.shipping.person import PersonalParcels
from actors.shipping.private import RecordBooking
from bus.messages.base import Currency
from bus.messages.order import GetOrder, Order
from bus.messages.shipping import (
    AllMethods,
    ListShippingMethods,
    ListTroubledParcels,
    MethodDetail,
    NoSuchMethod,
    NoSuchShipment,
    ParcelMoved,
    PricedMethod,
    ReadMethods,
    ReadShipmentFacts,
    RecordTracking,
    SetShippingMethod,
    ShipmentBooked,
    ShipmentFacts,
    ShippingMethods,
    TrackingRecorded,
    TroubledParcels,
)
from bus.messages.warehouse import ParcelReady
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.resealing import in_batches
from engine.transaction import Transaction
from engine.vault import Vault

# Each checkout reads the shipping prices, which change once a year, so they are cached for this time. Another process
# that hosts this actor sees a change that much later; `expected_total` protects the buyer.
_METHODS_TTL = timedelta(seconds=5)


class Shipping(PersonalParcels, Actor):
    """Books carriers for parcels, and tracks them."""

    def __init__(self, *, bus: Bus, database: Database, vault: Vault, clock: Clock, carrier: Carrier) -> None:
        self._bus = bus
        self._database = database
        self._vault = vault
        self._clock = clock
        self._carrier = carrier
        self._priced: dict[Currency, tuple[datetime, tuple[PricedMethod, ...]]] = {}

    async def run(self) -> None:
        """Seal the reports of earlier versions, and return when there are none."""
        await in_batches(self._database, self._clock, lambda tx: texts.seal_batch(tx, self._vault))

    @call
    async def book(self, event: ParcelReady) -> RecordBooking:
        order = await self._bus.ask(GetOrder(order_id=event.order_id))
        if not isinstance(order, Order):
            raise BadInput(f"there is no order {event.order_id}")
        parcel_id = event.parcel_id or order.id
        recipient = Recipient(order.name, order.address, order.phone)
        booking = await self._carrier.book(parcel_id, order.shipping_method, event.weight_g, recipient)
        return RecordBooking(
            order_id=order.id,
            shipment_id=booking.id,
            carrier=self._carrier.name,
            tracking_number=booking.tracking_number,
            parcel_id=event.parcel_id,
        )

    @turn
    async def record_booking(self, tx: Transaction, asks: Sequence[RecordBooking]) -> None:
        new = await store.book(tx, asks)
        tx.publish(
            *(
                ShipmentBooked(
                    order_id=ask.order_id,
                    carrier=ask.carrier,
                    tracking_number=ask.tracking_number,
                    parcel_id=ask.parcel_id,
                )
                for ask in asks
                if (ask.parcel_id or ask.order_id) in new
            )
        )

    @turn
    async def record_tracking(
        self, tx: Transaction, asks: Sequence[RecordTracking]
    ) -> Sequence[TrackingRecorded | NoSuchShipment]:
        orders = await store.lock(tx, {ask.tracking_number for ask in asks})
        boxes = await texts.seal(tx, self._vault, asks, orders)
        new = await store.track(tx, [ask for ask in asks if ask.tracking_number in orders], boxes)
        await store.move(tx, [ask for ask in asks if ask.event_id in new], boxes)
        answers: list[TrackingRecorded | NoSuchShipment] = []
        for ask in asks:
            if ask.tracking_number not in orders:
                answers.append(NoSuchShipment(tracking_number=ask.tracking_number))
                continue
            answers.append(TrackingRecorded(is_new=ask.event_id in new))
            if ask.event_id in new:
                new.discard(ask.event_id)  # A repeat within this turn is not new.
                order_id = orders[ask.tracking_number]
                sealed = boxes.get(ask.event_id)
                tx.publish(ParcelMoved(order_id=order_id, status=ask.status, at=ask.at, sealed=sealed))
        return answers

    @call(limit=4)
    async def facts(self, ask: ReadShipmentFacts) -> ShipmentFacts:
        return ShipmentFacts(facts=tuple(await store.facts(self._database, ask.after, ask.until)))

    @call(limit=4)
    async def list_troubled(self, ask: ListTroubledParcels) -> TroubledParcels:
        return TroubledParcels(parcels=tuple(await store.troubled(self._database, self._vault, ask)))

    @turn
    async def list_methods(self, asks: Sequence[ListShippingMethods]) -> Sequence[ShippingMethods]:
        now = self._clock.now()
        fresh = {currency for currency, (read_at, _) in self._priced.items() if now < read_at + _METHODS_TTL}
        if stale := {ask.currency for ask in asks} - fresh:
            priced = await methods.priced(self._database, stale)
            self._priced |= {currency: (now, priced[currency]) for currency in stale}
        return [ShippingMethods(currency=ask.currency, methods=self._priced[ask.currency][1]) for ask in asks]

    @turn
    async def read_methods(self, tx: Transaction, ask: ReadMethods) -> AllMethods:
        del ask
        return AllMethods(methods=tuple((await methods.read(tx)).values()))

    @turn
    async def set_method(self, tx: Transaction, ask: SetShippingMethod) -> MethodDetail | NoSuchMethod:
        if refused := rules.refusal(ask):
            raise BadInput(refused)
        is_known = await methods.change(tx, ask)
        tx.after_commit(self._priced.clear)
        return (await methods.read(tx))[ask.id] if is_known else NoSuchMethod(id=ask.id)
