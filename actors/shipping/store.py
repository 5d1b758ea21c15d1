"""The SQL of shipments."""

from collections.abc import Collection, Sequence

from actors.shipping import rules
from actors.shipping.private import RecordBooking
from bus.messages.base import OrderId
from bus.messages.shipping import ListTroubledParcels, RecordTracking, ShipmentFact, TroubledParcel
from engine.postgres import Database
from engine.transaction import Transaction

_BOOK = """
insert into shipping.shipments (parcel_id, order_id, shipment_id, carrier, tracking_number, booked_at)
select *, $6 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
on conflict (parcel_id) do nothing returning parcel_id"""
# In the order of their numbers, so that two turns never deadlock.
_LOCK = """
select tracking_number, order_id from shipping.shipments where tracking_number = any($1)
order by tracking_number for no key update"""
_TRACK = """
insert into shipping.tracking (event_id, tracking_number, status, at, detail, stored_at)
select distinct on (event_id) event_id, tracking_number, status, at, detail, $6
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
    as t (event_id, tracking_number, status, at, detail)
on conflict (event_id) do nothing returning event_id"""
_MOVE = """
update shipping.shipments s set reported_at = n.at, status = n.status, detail = n.detail,
    trouble_since = case when n.is_trouble then coalesce(s.trouble_since, $6) end
from (select distinct on (tracking_number) *
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::boolean[]) with ordinality
        as t (tracking_number, status, at, detail, is_trouble, nr)
    order by tracking_number, at desc, nr desc) n
where n.tracking_number = s.tracking_number and (s.reported_at is null or s.reported_at <= n.at)"""
_TROUBLED = """
select parcel_id, order_id, carrier, tracking_number, status, detail, trouble_since as since from shipping.shipments
where trouble_since < $3 and (trouble_since, parcel_id) > ($1, $2) order by trouble_since, parcel_id limit $4"""
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


async def lock(tx: Transaction, tracking_numbers: Collection[str]) -> dict[str, OrderId]:
    """Lock parcels; return the order of each known one, by tracking number."""
    return {row["tracking_number"]: row["order_id"] for row in await tx.fetch(_LOCK, list(tracking_numbers))}


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


async def move(tx: Transaction, asks: Sequence[RecordTracking]) -> None:
    """Keep the latest report with its parcel. A carrier's clock that is ahead of ours makes no report the last one."""
    await tx.execute(
        _MOVE,
        [ask.tracking_number for ask in asks],
        [ask.status for ask in asks],
        [min(ask.at, tx.now) for ask in asks],
        [ask.detail for ask in asks],
        [rules.is_trouble(ask.status) for ask in asks],
        tx.now,
    )


async def troubled(database: Database, ask: ListTroubledParcels) -> list[TroubledParcel]:
    """Parcels that are in trouble since before a time, the longest first."""
    rows = await database.fetch(_TROUBLED, ask.since, ask.after, ask.before, ask.limit)
    return [TroubledParcel(**dict(row)) for row in rows]


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[ShipmentFact]:
    """Shipments of a span of orders, for the audit."""
    return [ShipmentFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]
