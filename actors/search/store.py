"""The SQL of the search's numbers: what changed, and up to where."""

from collections.abc import Sequence
from typing import NamedTuple

from bus.messages.base import ProductId, Sku
from engine.postgres import Database
from engine.transaction import Transaction

# One statement: the counter's lock makes numbers grow in the order of commits.
_NOTE = """
with counted as (
    update search.counter set seq = seq + cardinality($1::text[]) returning seq - cardinality($1::text[]) as before)
insert into search.changes (product_id, seq)
select n.id, counted.before + n.place from counted, unnest($1::text[]) with ordinality as n (id, place)
order by n.id
on conflict (product_id) do update set seq = excluded.seq"""
_NOTE_SKUS = _NOTE.replace("search.changes (product_id, seq)", "search.sku_changes (sku, seq)").replace(
    "(product_id)", "(sku)"
)
_STATE = "select id, seq, layout, arranged from search.counter"
_AFTER = """
(select product_id, null as sku, seq from search.changes where seq > $1 order by seq limit $2)
union all
(select null, sku, seq from search.sku_changes where seq > $1 order by seq limit $2)
order by seq limit $2"""
_CHANGED_AMONG = "select product_id from search.changes where seq > $1 and product_id = any($2)"


class State(NamedTuple):
    """The id of this database, and the numbers of what there is to index."""

    id: str
    seq: int  # The last change.
    layout: int  # Of what documents are made by.
    arranged: int  # Of what staff arranged.


class Numbered(NamedTuple):
    """A change: of a product, or of one of its SKUs."""

    product_id: ProductId | None
    sku: Sku | None
    seq: int


async def note(tx: Transaction, products: Sequence[ProductId]) -> None:
    """Number the changes of these products, each named once."""
    await tx.execute(_NOTE, list(products))


async def note_skus(tx: Transaction, skus: Sequence[Sku]) -> None:
    """Number the changes of these SKUs, each named once."""
    await tx.execute(_NOTE_SKUS, list(skus))


async def state(database: Database) -> State:
    """Read the numbers of now."""
    (row,) = await database.fetch(_STATE)
    return State(*row)


async def changes(database: Database, after: int, limit: int) -> list[Numbered]:
    """Read what changed after a number, the earliest change first."""
    return [Numbered(*row) for row in await database.fetch(_AFTER, after, limit)]


async def changed_among(database: Database, after: int, products: Sequence[ProductId]) -> set[ProductId]:
    """Read which of these products changed after a number."""
    return {row["product_id"] for row in await database.fetch(_CHANGED_AMONG, after, list(products))}
