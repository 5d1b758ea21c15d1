"""The SQL of mails."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from actors.email.rules import About
from bus.messages.base import OrderId
from bus.messages.email import MailFact, SentMail
from engine.postgres import Database
from engine.transaction import Transaction

# Only a mail about an order has an `order_id`.
_ADD = """
insert into email.mails (message_id, order_id, template, sent_at)
select message_id, case kind when 'order' then id end, template, $5::timestamptz
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as n (message_id, kind, id, template)
on conflict (message_id) do nothing"""
_READ = """
select order_id, message_id, template, sent_at from email.mails where order_id = any($1) order by sent_at, message_id"""

_FACTS = """
select order_id, template, count(*)::int as sent from email.mails
where order_id > $1 and order_id <= coalesce($2, (select max(order_id) from email.mails))
group by order_id, template"""


class Sent(NamedTuple):
    """A mail that was handed to the mail server."""

    message_id: str
    about: About
    template: str


async def add(tx: Transaction, mails: Sequence[Sent]) -> None:
    """Record sent mails."""
    await tx.execute(
        _ADD,
        [mail.message_id for mail in mails],
        [mail.about.kind for mail in mails],
        [mail.about.id for mail in mails],
        [mail.template for mail in mails],
        tx.now,
    )


async def read(tx: Transaction, orders: Collection[OrderId]) -> list[tuple[OrderId, SentMail]]:
    """Mails about these orders, in the order they were sent."""
    return [
        (row["order_id"], SentMail(message_id=row["message_id"], template=row["template"], sent_at=row["sent_at"]))
        for row in await tx.fetch(_READ, list(orders))
    ]


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[MailFact]:
    """The number of mails of each template, for a span of orders."""
    return [MailFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]
