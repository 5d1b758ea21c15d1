"""The SQL of planned changes."""

import msgspec
from asyncpg import Record

from bus.messages.base import ProductId
from bus.messages.catalog import ChangeProduct
from bus.messages.planning import MOST_PLANNED, PlannedChange
from engine.postgres import Database
from engine.transaction import Transaction

_PLANNED = "select id, product_id, due, change, by, done_at, refused from catalog.planned where product_id = $1 "
_TO_COME = _PLANNED + "and done_at is null order by due, id"
_PAST = _PLANNED + "and done_at is not null order by due desc, id desc limit $2"
_ONE = _PLANNED + "and id = $2"
_NUMBER = "select count(*) from catalog.planned where product_id = $1 and done_at is null and id <> $2"
_WRITE = """
insert into catalog.planned (id, product_id, due, change, by) values ($1, $2, $3, $4::jsonb, $5)
on conflict (id) do update set due = excluded.due, change = excluded.change, by = excluded.by"""
_DONE = "update catalog.planned set done_at = $2, refused = $3 where id = $1"
_DROP = "delete from catalog.planned where id = $1"


async def one(tx: Transaction, product_id: ProductId, plan_id: str) -> PlannedChange | None:
    """A planned change of a product; None if it has none of this id."""
    row = await tx.row(_ONE, product_id, plan_id)
    return _planned(row) if row else None


async def of_product(database: Database, product_id: ProductId) -> tuple[PlannedChange, ...]:
    """All changes of a product that are to come, and the last ones of the past."""
    rows = [*await database.fetch(_TO_COME, product_id), *await database.fetch(_PAST, product_id, MOST_PLANNED)]
    return tuple(map(_planned, rows))


async def number(tx: Transaction, product_id: ProductId, but: str) -> int:
    """How many changes of a product are to come, without one of them."""
    found: int = await tx.value(_NUMBER, product_id, but)
    return found


async def write(tx: Transaction, plan: PlannedChange) -> None:
    """Write a change that is to come."""
    change = msgspec.json.encode(plan.change).decode()
    await tx.execute(_WRITE, plan.id, plan.product_id, plan.due, change, plan.by)


async def note_done(tx: Transaction, plan_id: str, refused: str | None) -> None:
    """Note that the time of a change has come, and why it could not be made, if it could not."""
    await tx.execute(_DONE, plan_id, tx.now, refused)


async def drop(tx: Transaction, plan_id: str) -> None:
    """Forget a change that is to come."""
    await tx.execute(_DROP, plan_id)


def _planned(row: Record) -> PlannedChange:
    return PlannedChange(
        id=row["id"],
        product_id=row["product_id"],
        due=row["due"],
        change=msgspec.json.decode(row["change"], type=ChangeProduct),
        by=row["by"],
        done_at=row["done_at"],
        refused=row["refused"],
    )
