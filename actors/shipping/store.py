"""The SQL of shipments."""

from collections.abc import Collection, Mapping, Sequence

from actors.shipping import rules, texts
from actors.shipping.private import RecordBooking
from bus.messages.base import OrderId
from bus.messages.shipping import ListTroubledParcels, RecordTracking, ShipmentFact, TroubledParcel
from engine.postgres import Database
from engine.transaction import Transaction
from engine.vault import Vault, locked_key

_BOOK = """
insert into shipping.shipments (parcel_id, order_id, shipment_id, carrier, tracking_number, booked_at)
select *, $6 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
on conflict (parcel_id) do nothing returning parcel_id"""
# In the order of their numbers, so that two turns never deadlock.
_LOCK = """
select tracking_number, order_id from shipping.shipments where tracking_number = any($1)
order by tracking_number for no key update"""
_TRACK = """
insert into shipping.tracking (event_id, tracking_number, status, at, detail, sealed, stored_at)
select distinct on (event_id) event_id, tracking_number, status, at, '', sealed, $6
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bytea[])
    as t (event_id, tracking_number, status, at, sealed)
on conflict (event_id) do nothing returning event_id"""
_MOVE = """
update shipping.shipments s set reported_at = n.at, status = n.status, detail = '', sealed = n.sealed,
    trouble_since = case when n.is_trouble then coalesce(s.trouble_since, $6) end
from (select distinct on (tracking_number) *
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bytea[], $5::boolean[]) with ordinality
        as t (tracking_number, status, at, sealed, is_trouble, nr)
    order by tracking_number, at desc, nr desc) n
where n.tracking_number = s.tracking_number and (s.reported_at is null or s.reported_at <= n.at)"""
_TROUBLED = """
select parcel_id, order_id, carrier, tracking_number, status, detail, trouble_since as since, sealed,
    ACCOUNT_KEY as account_key from shipping.shipments s
where trouble_since < $3 and (trouble_since, parcel_id) > ($1, $2)
order by trouble_since, parcel_id limit $4""".replace("ACCOUNT_KEY", locked_key("s.order_id", "account"))
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


async def track(tx: Transaction, asks: Sequence[RecordTracking], boxes: Mapping[str, bytes]) -> set[str]:
    """Store the events of carriers, each once, with the boxes of their texts; return the ids of new ones."""
    rows = await tx.fetch(
        _TRACK,
        [ask.event_id for ask in asks],
        [ask.tracking_number for ask in asks],
        [ask.status for ask in asks],
        [ask.at for ask in asks],
        [boxes.get(ask.event_id) for ask in asks],
        tx.now,
    )
    return {row["event_id"] for row in rows}


async def move(tx: Transaction, asks: Sequence[RecordTracking], boxes: Mapping[str, bytes]) -> None:
    """Keep the latest report with its parcel. A carrier's clock that is ahead of ours makes no report the last one."""
    await tx.execute(
        _MOVE,
        [ask.tracking_number for ask in asks],
        [ask.status for ask in asks],
        [min(ask.at, tx.now) for ask in asks],
        [boxes.get(ask.event_id) for ask in asks],
        [rules.is_trouble(ask.status) for ask in asks],
        tx.now,
    )


async def troubled(database: Database, vault: Vault, ask: ListTroubledParcels) -> list[TroubledParcel]:
    """Parcels that are in trouble since before a time, the longest first."""
    rows = await database.fetch(_TROUBLED, ask.since, ask.after, ask.before, ask.limit)
    keys = await vault.unlock({texts.owner_of(row["order_id"]): row["account_key"] for row in rows})
    return [
        TroubledParcel(
            parcel_id=row["parcel_id"],
            order_id=row["order_id"],
            carrier=row["carrier"],
            tracking_number=row["tracking_number"],
            status=row["status"],
            detail=texts.read(keys, row["order_id"], row["sealed"]) if row["sealed"] else row["detail"],
            since=row["since"],
        )
        for row in rows
    ]


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[ShipmentFact]:
    """Shipments of a span of orders, for the audit."""
    return [ShipmentFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]
