"""Mails for staff: listed, written once more to be read, and sent again. Rejected: docs/decisions/0059."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from asyncpg import Record

from actors.email import retelling, rules
from actors.email.mime import compose
from actors.email.private import RecordAgain, SendAgain
from actors.email.sender import Sender
from actors.email.smtp import Mailer
from bus.messages.email import (
    MOST_LISTED,
    RESENT_AN_HOUR,
    ListMailings,
    Mailing,
    Mailings,
    MailQueued,
    MailText,
    MailTexts,
    NoSuchMail,
    ResendMail,
    ResentOften,
    WriteMails,
)
from bus.messages.order import GetOrder, Order
from engine.actor import Bus, call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.tokens import hash_of_token
from engine.transaction import Transaction

_HOUR: Final = timedelta(hours=1)
_ALL: Final = """
select split_part(ltrim(message_id, '<'), '@', 1) as id, template, sent_at as at, true as is_sent, false as is_again,
    sent_at as first_at
from email.mails where order_id = $1
union all
select id, template, coalesce(sent_at, asked_at), sent_at is not null, true, first_at
from email.resends where order_id = $1"""
_LIST: Final = f"select * from (select * from ({_ALL}) a order by at desc, id limit $2) b order by at, id"  # noqa: S608 - of our own words
_ONE: Final = f"select * from ({_ALL}) a where id = $2"  # noqa: S608 - likewise
_RESEND: Final = "select order_id, template, first_at, sent_at from email.resends where id = $1"
_OF_LAST_HOUR: Final = "select asked_at from email.resends where order_id = $1 and asked_at > $2 order by asked_at"
_ASK: Final = """
insert into email.resends (id, order_id, template, by, asked_at, first_at) values ($1, $2, $3, $4, $5, $6)"""
_SENT: Final = """
with sent as (update email.resends set sent_at = $2 where id = $1)
insert into email.links (order_id, hash, expires_at) values ($3, $4, $5) on conflict (order_id, hash) do nothing"""


class MailsForStaff:
    """Shows mails to staff, and sends them again."""

    _bus: Bus
    _database: Database
    _mailer: Mailer
    _clock: Clock
    _sender: Sender
    _links_last: timedelta
    _shop_url: str
    _link_token: Callable[[str], str]

    @call(limit=4)
    async def list_mailings(self, ask: ListMailings) -> Mailings:
        rows = await self._database.fetch(_LIST, ask.order_id, MOST_LISTED)
        return Mailings(mailings=tuple(_mailing(row) for row in rows))

    @call(limit=4)
    async def write_mails(self, ask: WriteMails) -> MailTexts:
        order = await self._bus.ask(GetOrder(order_id=ask.order_id))
        if not isinstance(order, Order):
            return MailTexts(mails=())
        written = [self._shown(order, mail.template, mail.at) for mail in ask.mails[:MOST_LISTED]]
        return MailTexts(mails=tuple(MailText(**each._asdict()) for each in written))

    def _shown(self, order: Order, template: str, at: datetime) -> rules.Written:
        """Write a mail for other eyes than the buyer's: its link opens nothing."""
        if template not in rules.TEMPLATES.values():
            raise BadInput(f"there is no mail {template}")
        link = rules.order_link(self._shop_url, order.id, "", at + self._links_last)
        return retelling.write_again(template, order, at, link)

    @turn
    async def resend(
        self, tx: Transaction, asks: Sequence[ResendMail]
    ) -> Sequence[MailQueued | NoSuchMail | ResentOften]:
        return [await self._resend(tx, ask) for ask in asks]

    async def _resend(self, tx: Transaction, ask: ResendMail) -> MailQueued | NoSuchMail | ResentOften:
        if repeated := await tx.row(_ONE, ask.order_id, ask.resend_id):
            return MailQueued(mailing=_mailing(repeated))
        first = await tx.row(_ONE, ask.order_id, ask.mail_id)
        if first is None:
            return NoSuchMail(mail_id=ask.mail_id)
        lately = await tx.fetch(_OF_LAST_HOUR, ask.order_id, tx.now - _HOUR)
        if len(lately) >= RESENT_AN_HOUR:
            until: datetime = lately[-RESENT_AN_HOUR]["asked_at"] + _HOUR
            return ResentOften(retry_after_s=(until - tx.now).total_seconds())
        await tx.execute(_ASK, ask.resend_id, ask.order_id, first["template"], ask.by, tx.now, first["first_at"])
        tx.send(SendAgain(order_id=ask.order_id, resend_id=ask.resend_id))
        return MailQueued(
            mailing=Mailing(id=ask.resend_id, template=first["template"], at=tx.now, is_sent=False, is_again=True)
        )

    @call(limit=8)
    async def send_again(self, ask: SendAgain) -> RecordAgain | None:
        (asked,) = await self._database.fetch(_RESEND, ask.resend_id)
        order = await self._bus.ask(GetOrder(order_id=ask.order_id))
        if not isinstance(order, Order) or not order.email or asked["sent_at"]:  # Forgotten meanwhile, or sent.
            return None
        own_id, now = f"<{ask.resend_id}@{rules.address(self._sender.address).rpartition('@')[2]}>", self._clock.now()
        token = self._link_token(own_id)
        link = rules.order_link(self._shop_url, order.id, token, now + self._links_last)
        written = retelling.write_again(asked["template"], order, asked["first_at"], link)
        try:
            mail = compose(written, sender=await self._sender.read(), recipient=order.email, own_id=own_id, at=now)
        except ValueError:
            raise BadInput(f"{order.id} has no address that a mail can be sent to") from None  # It would name it.
        await self._mailer.send(mail)
        return RecordAgain(order_id=order.id, resend_id=ask.resend_id, link_hash=hash_of_token(token))

    @turn
    async def record_again(self, tx: Transaction, ask: RecordAgain) -> None:
        await tx.execute(_SENT, ask.resend_id, tx.now, ask.order_id, ask.link_hash, tx.now + self._links_last)


def _mailing(row: Record) -> Mailing:
    return Mailing(
        id=row["id"], template=row["template"], at=row["at"], is_sent=row["is_sent"], is_again=row["is_again"]
    )
