"""The SQL of the audit's own tables."""

from collections.abc import Sequence

from actors.audit.private import RecordSettled
from bus.messages.audit import BooksRepaired
from engine.postgres import Database
from engine.transaction import Transaction

_ADD = """
insert into audit.repairs (at, rule, about, before, after)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[])"""
_SETTLE = """
insert into audit.settled (item_id, by, settled_at)
select distinct on (item_id) item_id, by, $3::timestamptz
from unnest($1::text[], $2::text[]) with ordinality as n (item_id, by, place) order by item_id, place
on conflict do nothing"""
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


async def settle(tx: Transaction, asks: Sequence[RecordSettled]) -> None:
    """Record that people have settled items."""
    await tx.execute(_SETTLE, [ask.item_id for ask in asks], [ask.by for ask in asks], tx.now)


async def settled(database: Database, items: Sequence[str]) -> set[str]:
    """The items among these that a person has settled."""
    return {row["item_id"] for row in await database.fetch(_SETTLED, items)}
