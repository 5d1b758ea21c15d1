"""The SQL of mails."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from actors.email.rules import About
from bus.messages.base import OrderId
from bus.messages.email import MailFact, SentMail
from engine.postgres import Database
from engine.transaction import Transaction

Link: TypeAlias = tuple[OrderId, bytes]  # An order, and the hash of a token.

# Only a mail about an order has an `order_id`. In one statement with their links, which cost no round trip more.
_ADD = """
with linked as (
    insert into email.links (order_id, hash, expires_at)
    select id, hash, $7 from unnest($2::text[], $3::text[], $5::bytea[]) as n (kind, id, hash)
    where kind = 'order' and hash <> ''
    on conflict (order_id, hash) do nothing
)
insert into email.mails (message_id, order_id, template, sent_at)
select message_id, case kind when 'order' then id end, template, $6::timestamptz
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as n (message_id, kind, id, template)
on conflict (message_id) do nothing"""
_VALID = """
select order_id, hash from email.links join unnest($1::text[], $2::bytea[]) as n (order_id, hash) using (order_id, hash)
where expires_at > $3 and withdrawn_at is null"""
_WITHDRAW = """
update email.links set withdrawn_at = $2
where order_id = any($1) and withdrawn_at is null and expires_at > $2 returning order_id"""
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
    link_hash: bytes  # Empty for a mail without a link.


async def add(tx: Transaction, mails: Sequence[Sent], links_until: datetime) -> None:
    """Record sent mails, and the links in them, which work until then."""
    await tx.execute(
        _ADD,
        [mail.message_id for mail in mails],
        [mail.about.kind for mail in mails],
        [mail.about.id for mail in mails],
        [mail.template for mail in mails],
        [mail.link_hash for mail in mails],
        tx.now,
        links_until,
    )


async def valid_links(tx: Transaction, links: Collection[Link]) -> set[Link]:
    """The links among these that open their order now."""
    rows = await tx.fetch(_VALID, [order_id for order_id, _ in links], [token for _, token in links], tx.now)
    return {(row["order_id"], row["hash"]) for row in rows}


async def withdraw_links(tx: Transaction, orders: Collection[OrderId]) -> Counter[OrderId]:
    """Withdraw the links of orders; return how many that were."""
    return Counter(row["order_id"] for row in await tx.fetch(_WITHDRAW, list(orders), tx.now))


async def read(tx: Transaction, orders: Collection[OrderId]) -> list[tuple[OrderId, SentMail]]:
    """Mails about these orders, in the order they were sent."""
    return [
        (row["order_id"], SentMail(message_id=row["message_id"], template=row["template"], sent_at=row["sent_at"]))
        for row in await tx.fetch(_READ, list(orders))
    ]


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[MailFact]:
    """The number of mails of each template, for a span of orders."""
    return [MailFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]
