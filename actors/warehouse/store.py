"""The SQL of pick lists."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from actors.warehouse.rules import PickListState
from bus.messages.base import LineUnits, OrderId, OrderLine, Units, units_of
from bus.messages.order import OrderCreated
from bus.messages.warehouse import ListPickLists, ListUnopened, PickList, PickListFact, PickListPage
from engine.clock import LONG_AGO
from engine.cursor import page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.transaction import Transaction

_ADD = """
insert into warehouse.pick_lists (id, order_id, number, status, lines, weight_g, created_at)
select id, id, number, 'waiting', lines, weight_g, $5
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as p (id, number, lines, weight_g)
on conflict (id) do nothing"""
# In the order of their ids, so that two turns never deadlock.
_LOCK = """
select id, order_id, status, confirmed, weight_g, doubts, picker, picker_since
from warehouse.pick_lists where id = any($1) order by id for update"""
_LOCK_OF_ORDERS = _LOCK.replace("where id = any($1)", "where order_id = any($1)")
# Each list of doubts travels as one text: `unnest` would take a list of lists apart.
_SAVE = """
update warehouse.pick_lists p set status = n.status, confirmed = n.confirmed,
    doubts = case when n.doubts = '' then '{}' else string_to_array(n.doubts, chr(10)) end,
    picker = n.picker, picker_since = n.picker_since
from unnest($1::text[], $2::text[], $3::boolean[], $4::text[], $5::text[], $6::timestamptz[])
    as n (id, status, confirmed, doubts, picker, picker_since)
where p.id = n.id"""
# Those that are one's own first. What another turn has locked is somebody else's by the time it is free.
_LOCK_OWN = _LOCK.replace(
    "where id = any($1) order by id", "where picker = $1 and status = 'open' order by created_at, id limit $2"
)
_LOCK_FREE = _LOCK.replace(
    "where id = any($1) order by id",
    """where status = 'open' and picker <> $1 and (picker = '' or picker_since <= $2)
order by created_at, id limit $3""",
).replace("for update", "for update skip locked")
_READ = """
select id, order_id, number, status, lines, weight_g, created_at, doubts, picker, picker_since
from warehouse.pick_lists where id = any($1) order by created_at, id"""
_LIST = """
select id, order_id, number, status, lines, weight_g, created_at, doubts, picker, picker_since from warehouse.pick_lists
where (created_at, id) > ($1, $2) order by created_at, id limit $3"""
# A separate statement: "status is this, if any is given" would find no index.
_LIST_OF_STATUS = _LIST.replace("where", "where status = $4 and")
_LIST_IN_HAND = _LIST.replace("where", "where picker = $4 and status in ('open', 'picked', 'packed') and")

_FACTS = """
select id, order_id, status, confirmed, lines, created_at from warehouse.pick_lists
where id > $1 and id <= coalesce($2, (select max(id) from warehouse.pick_lists)) order by id"""
_UNOPENED = """
select id, order_id, status, confirmed, lines, created_at from warehouse.pick_lists
where status = 'waiting' and (created_at, id) > ($1, $2) and created_at <= $3 order by created_at, id limit $4"""
_LINES = msgspec.json.Decoder(tuple[LineUnits, ...])


async def add(tx: Transaction, events: Sequence[OrderCreated]) -> None:
    """Add pick lists, which wait for their orders to be paid."""
    await tx.execute(
        _ADD,
        [event.order_id for event in events],
        [event.number for event in events],
        [msgspec.json.encode(event.lines).decode() for event in events],
        [event.weight_g for event in events],
        tx.now,
    )


async def lock(tx: Transaction, ids: Collection[OrderId]) -> dict[OrderId, PickListState]:
    """Lock pick lists; unknown ones are missing."""
    return {row["id"]: _state(row) for row in await tx.fetch(_LOCK, list(ids))}


async def lock_of_orders(tx: Transaction, orders: Collection[OrderId]) -> list[PickListState]:
    """Lock all pick lists of these orders."""
    return [_state(row) for row in await tx.fetch(_LOCK_OF_ORDERS, list(orders))]


async def lock_wave(tx: Transaction, by: str, free_since: datetime, most: int) -> list[PickListState]:
    """Lock the open lists that a member of staff has in hand, and the oldest free ones, `most` in all."""
    own = [_state(row) for row in await tx.fetch(_LOCK_OWN, by, most)]
    free = await tx.fetch(_LOCK_FREE, by, free_since, most - len(own)) if len(own) < most else []
    return [*own, *map(_state, free)]


async def save(tx: Transaction, states: Collection[PickListState]) -> None:
    """Write the changes of locked pick lists, and publish their events."""
    await tx.execute(
        _SAVE,
        [state.id for state in states],
        [state.status for state in states],
        [state.confirmed for state in states],
        ["\n".join(state.doubts) for state in states],
        [state.picker for state in states],
        [state.picker_since for state in states],
    )
    for state in states:
        tx.publish(*state.events)


async def read(reader: Transaction | Database, ids: Collection[OrderId]) -> dict[OrderId, PickList]:
    """Pick lists by id."""
    return {row["id"]: _pick_list(row) for row in await reader.fetch(_READ, list(ids))}


async def page(database: Database, ask: ListPickLists) -> PickListPage:
    """A page of pick lists, the oldest first.

    Raises:
        BadInput: `after` is not from a page of this list.
    """
    limit = page_limit(ask.limit)
    created_at, last_id = read_cursor(ask.after, tuple[datetime, str]) or (LONG_AGO, "")
    place = (created_at, last_id, limit + 1)
    if ask.status:
        rows = await database.fetch(_LIST_OF_STATUS, *place, ask.status)
    elif ask.picker:
        rows = await database.fetch(_LIST_IN_HAND, *place, ask.picker)
    else:
        rows = await database.fetch(_LIST, *place)
    shown = page_of(rows, limit, lambda row: (row["created_at"], row["id"]))
    return PickListPage(pick_lists=tuple(_pick_list(row) for row in shown.items), next=shown.next)


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[PickListFact]:
    """Pick lists of a span of orders, for the audit."""
    return [_fact(row) for row in await database.fetch(_FACTS, after, until)]


async def unopened(database: Database, ask: ListUnopened) -> list[PickListFact]:
    """Pick lists that wait for their orders to be paid, the oldest first."""
    return [_fact(row) for row in await database.fetch(_UNOPENED, ask.since, ask.after, ask.before, ask.limit)]


def _state(row: Record) -> PickListState:
    return PickListState(**{**dict(row), "doubts": list(row["doubts"])})


def _fact(row: Record) -> PickListFact:
    return PickListFact(
        id=row["id"],
        order_id=row["order_id"],
        status=row["status"],
        confirmed=row["confirmed"],
        units=tuple(Units(sku=sku, quantity=each) for sku, each in units_of(_LINES.decode(row["lines"])).items()),
        created_at=row["created_at"],
    )


def _pick_list(row: Record) -> PickList:
    lines = msgspec.json.decode(row["lines"], type=tuple[OrderLine, ...])
    return PickList(**{**dict(row), "lines": lines, "doubts": tuple(row["doubts"])})
