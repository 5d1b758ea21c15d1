"""The SQL of mails."""

from collections.abc import Collection, Sequence

from bus.messages.base import OrderId
from bus.messages.email import RecordMail, SentMail
from engine.postgres import Transaction

_ADD = """
insert into email.mails (message_id, order_id, template, sent_at)
select *, $4::timestamptz from unnest($1::text[], $2::text[], $3::text[]) on conflict (message_id) do nothing"""
_READ = """
select order_id, message_id, template, sent_at from email.mails where order_id = any($1) order by sent_at, message_id"""


async def add(tx: Transaction, asks: Sequence[RecordMail]) -> None:
    """Keep that these were sent."""
    await tx.execute(
        _ADD,
        [ask.message_id for ask in asks],
        [ask.order_id for ask in asks],
        [ask.template for ask in asks],
        tx.now,
    )


async def read(tx: Transaction, orders: Collection[OrderId]) -> list[tuple[OrderId, SentMail]]:
    """Mails about these orders, in the order they were sent."""
    return [
        (row["order_id"], SentMail(message_id=row["message_id"], template=row["template"], sent_at=row["sent_at"]))
        for row in await tx.fetch(_READ, list(orders))
    ]
