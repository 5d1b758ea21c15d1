"""The SQL of shipments."""

from collections.abc import Collection, Sequence

from actors.shipping.private import RecordBooking
from bus.messages.base import OrderId
from bus.messages.shipping import RecordTracking, ShipmentFact
from engine.postgres import Database
from engine.transaction import Transaction

_BOOK = """
insert into shipping.shipments (parcel_id, order_id, shipment_id, carrier, tracking_number, booked_at)
select *, $6 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
on conflict (parcel_id) do nothing returning parcel_id"""
_ORDERS = "select tracking_number, order_id from shipping.shipments where tracking_number = any($1)"
_TRACK = """
insert into shipping.tracking (event_id, tracking_number, status, at, detail, stored_at)
select distinct on (event_id) event_id, tracking_number, status, at, detail, $6
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
    as t (event_id, tracking_number, status, at, detail)
on conflict (event_id) do nothing returning event_id"""
_FACTS = """
select order_id, tracking_number, parcel_id from shipping.shipments
where order_id > $1 and order_id <= coalesce($2, (select max(order_id) from shipping.shipments)) order by order_id"""


async def book(tx: Transaction, asks: Sequence[RecordBooking]) -> set[str]:
    """Store bookings, one for each parcel; return the parcels whose booking is new."""
    rows = await tx.fetch(
        _BOOK,
        [ask.parcel_id or ask.order_id for ask in asks],
        [ask.order_id for ask in asks],
        [ask.shipment_id for ask in asks],
        [ask.carrier for ask in asks],
        [ask.tracking_number for ask in asks],
        tx.now,
    )
    return {row["parcel_id"] for row in rows}


async def orders_of(tx: Transaction, tracking_numbers: Collection[str]) -> dict[str, OrderId]:
    """The order of each known parcel, by tracking number."""
    return {row["tracking_number"]: row["order_id"] for row in await tx.fetch(_ORDERS, list(tracking_numbers))}


async def track(tx: Transaction, asks: Sequence[RecordTracking]) -> set[str]:
    """Store the events of carriers, each once; return the ids of new ones."""
    rows = await tx.fetch(
        _TRACK,
        [ask.event_id for ask in asks],
        [ask.tracking_number for ask in asks],
        [ask.status for ask in asks],
        [ask.at for ask in asks],
        [ask.detail for ask in asks],
        tx.now,
    )
    return {row["event_id"] for row in rows}


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[ShipmentFact]:
    """Shipments of a span of orders, for the audit."""
    return [ShipmentFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]
