"""Texts of carriers about parcels: they may name people, so they are sealed under the key of the order."""

from collections.abc import Mapping, Sequence

from bus.messages.base import OrderId
from bus.messages.shipping import RecordTracking, report_place
from engine.resealing import BATCH
from engine.sealing import Erased, OpenKeys, Owner
from engine.transaction import Transaction
from engine.vault import Vault

_LEFT = """
select exists (select from shipping.tracking where detail <> '')
    or exists (select from shipping.shipments where detail <> '')"""
_CLEAR = """
select t.event_id, s.order_id, t.detail from shipping.tracking t join shipping.shipments s using (tracking_number)
where t.detail <> '' order by t.event_id limit $1 for update of t skip locked"""
_CLEAR_LATEST = """
select parcel_id, order_id, detail from shipping.shipments where detail <> '' order by parcel_id limit $1
for update skip locked"""
_SEAL = """
update shipping.tracking t set detail = '', sealed = n.sealed from unnest($1::text[], $2::bytea[]) as n (id, sealed)
where t.event_id = n.id"""
_SEAL_LATEST = """
update shipping.shipments s set detail = '', sealed = n.sealed from unnest($1::text[], $2::bytea[]) as n (id, sealed)
where s.parcel_id = n.id"""


def owner_of(order_id: OrderId) -> Owner:
    """The owner of the texts about an order's parcels."""
    return Owner(order_id, "account")


async def seal(
    tx: Transaction, vault: Vault, asks: Sequence[RecordTracking], orders: Mapping[str, OrderId]
) -> dict[str, bytes]:
    """Seal the texts of reports; return the boxes by event. Texts about people who were forgotten are dropped."""
    told = [(ask, orders[ask.tracking_number]) for ask in asks if ask.detail and ask.tracking_number in orders]
    if not told:
        return {}
    keys = await vault.keys(tx, {owner_of(order_id) for _, order_id in told}, creating=True)
    return {ask.event_id: _seal(keys, order_id, ask.detail) for ask, order_id in told if keys.has(*owner_of(order_id))}


def read(keys: OpenKeys, order_id: OrderId, box: bytes) -> str:
    """Read a text; "" once it is forgotten."""
    text = keys.read(str, box, report_place(order_id), *owner_of(order_id))
    return "" if isinstance(text, Erased) else text


async def seal_batch(tx: Transaction, vault: Vault) -> int | None:
    """Seal up to `BATCH` reports of earlier versions; return how many, or None if none is left."""
    sealed = 0
    for read_rows, write_rows in ((_CLEAR, _SEAL), (_CLEAR_LATEST, _SEAL_LATEST)):
        rows = await tx.fetch(read_rows, BATCH)
        if not rows:
            continue
        keys = await vault.keys(tx, {owner_of(row["order_id"]) for row in rows}, creating=True)
        boxes = [
            _seal(keys, row["order_id"], row["detail"]) if keys.has(*owner_of(row["order_id"])) else None
            for row in rows
        ]
        await tx.execute(write_rows, [row[0] for row in rows], boxes)
        sealed += len(rows)
    if not sealed:
        return 0 if await tx.value(_LEFT) else None
    return sealed


def _seal(keys: OpenKeys, order_id: OrderId, text: str) -> bytes:
    return keys.seal(text, report_place(order_id), *owner_of(order_id))
