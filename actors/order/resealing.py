"""Orders of earlier versions, whose buyers are in clear: sealed in batches while the shop works."""

from actors.order import buyers
from bus.messages.shipping import report_place
from engine.resealing import BATCH
from engine.transaction import Transaction
from engine.vault import Vault

_LEFT = "select exists (select from orders.orders where email is not null)"
_CLEAR = """
select id, email, name, phone, address from orders.orders where email is not null order by id limit $1
for update skip locked"""
_REPORTS = """
select id, order_id, detail from orders.timeline
where order_id = any($1) and event = 'ParcelMoved' and detail like '%: %'"""
_SEAL = """
update orders.orders o set email = null, name = null, phone = null, address = null, contact = n.contact,
    invoice = n.invoice, country = n.country, email_index = n.email_index, tokens = n.tokens::bigint[]
from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::text[])
    as n (id, contact, invoice, country, email_index, tokens)
where o.id = n.id"""
_SEAL_REPORTS = """
update orders.timeline t set detail = n.status, sealed = n.sealed
from unnest($1::bigint[], $2::text[], $3::bytea[]) as n (id, status, sealed) where t.id = n.id"""


async def seal_batch(tx: Transaction, vault: Vault) -> int | None:
    """Seal up to `BATCH` orders; return how many, or None if none is left."""
    rows = await tx.fetch(_CLEAR, BATCH)
    if not rows:
        return 0 if await tx.value(_LEFT) else None
    ids = [row["id"] for row in rows]
    keys = await vault.keys(tx, buyers.owners_of(ids), creating=True)
    sealed = buyers.seal_all(vault, keys, ids, [buyers.in_clear(row) for row in rows])
    await tx.execute(
        _SEAL, ids, sealed.contacts, sealed.invoices, sealed.countries, sealed.email_indexes, sealed.tokens
    )
    reports = [(row["id"], row["order_id"], *row["detail"].split(": ", 1)) for row in await tx.fetch(_REPORTS, ids)]
    if reports:
        boxes = [keys.seal(text, report_place(order_id), order_id, buyers.ACCOUNT) for _, order_id, _, text in reports]
        await tx.execute(_SEAL_REPORTS, [row for row, *_ in reports], [status for *_, status, _ in reports], boxes)
    return len(rows)
