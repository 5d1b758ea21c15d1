"""The SQL of mails."""

from collections.abc import Collection, Sequence

from bus.messages.base import OrderId
from bus.messages.email import MailFact, RecordMail, SentMail
from engine.postgres import Database
from engine.transaction import Transaction

_ADD = """
insert into email.mails (message_id, order_id, template, sent_at)
select *, $4::timestamptz from unnest($1::text[], $2::text[], $3::text[]) on conflict (message_id) do nothing"""
_READ = """
select order_id, message_id, template, sent_at from email.mails where order_id = any($1) order by sent_at, message_id"""

_FACTS = """
select order_id, template, count(*)::int as sent from email.mails
where order_id > $1 and order_id <= coalesce($2, (select max(order_id) from email.mails))
group by order_id, template"""


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


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[MailFact]:
    """How many mails of each template these orders had."""
    return [MailFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]
