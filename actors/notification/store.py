"""The SQL of notifications."""

from collections.abc import Collection, Sequence
from datetime import datetime

from bus.messages.base import OrderId
from bus.messages.notification import Notification
from engine.transaction import Transaction

_ADD = """
insert into notification.news (order_id, status, detail, at)
select order_id, status, detail, at
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) with ordinality
    as n (order_id, status, detail, at, place) order by place"""
_READ = "select order_id, status, detail, at from notification.news where order_id = any($1) order by id"


async def add(tx: Transaction, rows: Sequence[tuple[OrderId, str, str, datetime]]) -> None:
    """Store news: order, status, detail, time."""
    await tx.execute(_ADD, *(list(column) for column in zip(*rows, strict=True)))


async def read(tx: Transaction, orders: Collection[OrderId]) -> list[Notification]:
    """All news of these orders."""
    return [Notification(**dict(row)) for row in await tx.fetch(_READ, list(orders))]
