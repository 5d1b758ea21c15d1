"""The SQL of the audit's own tables."""

from collections.abc import Sequence

from bus.messages.audit import BooksRepaired
from engine.postgres import Database
from engine.transaction import Transaction

_ADD = """
insert into audit.repairs (at, rule, about, before, after)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[])"""
_SETTLE = """
insert into audit.settled (item_id, settled_at)
select distinct item_id, $2::timestamptz from unnest($1::text[]) as item_id
on conflict do nothing returning item_id"""
_SETTLED = "select item_id from audit.settled where item_id = any($1)"


async def add(tx: Transaction, repairs: Sequence[BooksRepaired]) -> None:
    """Record repairs."""
    await tx.execute(
        _ADD,
        [repair.at for repair in repairs],
        [repair.rule for repair in repairs],
        [repair.about for repair in repairs],
        [repair.before for repair in repairs],
        [repair.after for repair in repairs],
    )


async def settle(tx: Transaction, items: Sequence[str]) -> set[str]:
    """Record that a person has settled these items; return the new ones."""
    return {row["item_id"] for row in await tx.fetch(_SETTLE, items, tx.now)}


async def settled(database: Database, items: Sequence[str]) -> set[str]:
    """The items among these that a person has settled."""
    return {row["item_id"] for row in await database.fetch(_SETTLED, items)}
