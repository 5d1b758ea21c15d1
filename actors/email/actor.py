"""Mail: one call for each mailed event, and the turn that records the mail.

The event's delivery row queues the mail: it is deleted with the record that the mail was sent. A crash between
the server's answer and that record sends the mail again, under the same Message-ID; SMTP can't promise more.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from actors.email import accounts, rules, store
from actors.email.again import MailsForStaff
from actors.email.mime import compose
from actors.email.person import PersonalMails
from actors.email.private import RecordMail
from actors.email.rules import TEMPLATES
from actors.email.sender import Sender
from actors.email.smtp import Mailer, SmtpSettings
from bus.messages.customer import AccountMail, ReadAccountMail, SendAccountMail
from bus.messages.email import (
    CheckOrderLink,
    LinkCheck,
    LinksWithdrawn,
    ListMails,
    MailedEvent,
    MailFacts,
    ReadMailFacts,
    SentMails,
    WithdrawOrderLinks,
)
from bus.messages.order import BuyerCorrected, GetOrder, Order
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.envelope import Envelope
from engine.errors import BadInput
from engine.postgres import Database
from engine.tokens import hash_of_token
from engine.transaction import Transaction


class Email(PersonalMails, MailsForStaff, Actor):
    """Sends mails to buyers, and keeps the links by which they open their orders."""

    def __init__(
        self,
        *,
        bus: Bus,
        database: Database,
        mailer: Mailer,
        clock: Clock,
        settings: SmtpSettings,
        shop_url: str,
        link_token: Callable[[str], str],  # Of a Message-ID: a mail that is sent again has the same link.
    ) -> None:
        self._bus = bus
        self._database = database
        self._mailer = mailer
        self._clock = clock
        self._sender = Sender(bus, clock, settings.shopflow_mail_from)
        self._links_last = timedelta(days=settings.shopflow_order_link_days)
        self._shop_url = shop_url
        self._link_token = link_token

    @call(limit=32)  # More than there are connections: orders are read and mails recorded beside them.
    async def send(self, event: MailedEvent, envelope: Envelope) -> RecordMail | None:
        about = rules.about(event)
        order = await self._read(about)
        if not order.email:  # Whoever ordered was forgotten.
            return None
        template = TEMPLATES[type(event)]
        own_id = rules.message_id(envelope.id, template, self._sender.address)
        token = self._link_token(own_id)
        now = self._clock.now()
        link = rules.order_link(self._shop_url, order.id, token, now + self._links_last)
        written, sender = rules.write(event, order, link), await self._sender.read()
        try:
            mail = compose(written, sender=sender, recipient=order.email, own_id=own_id, at=now)
        except ValueError:
            raise BadInput(f"{about.id} has no address that a mail can be sent to") from None  # It would name it.
        await self._mailer.send(mail)
        return RecordMail(order_id=about.id, message_id=own_id, template=template, link_hash=hash_of_token(token))

    @call(limit=8)
    async def send_account(self, ask: SendAccountMail) -> None:
        """Send a mail about an account. A repeat has the same Message-ID; what was used meanwhile is not mailed."""
        mail = await self._bus.ask(ReadAccountMail(mail_id=ask.mail_id, kind=ask.kind, customer_id=ask.customer_id))
        if not isinstance(mail, AccountMail):
            return
        own_id = rules.message_id(ask.mail_id, f"account_{mail.kind}", self._sender.address)
        written, sender = accounts.write(mail, self._shop_url), await self._sender.read()
        try:
            composed = compose(written, sender=sender, recipient=mail.email, own_id=own_id, at=self._clock.now())
        except ValueError as error:
            raise BadInput(f"{ask.mail_id} has no address that can be written to") from error
        await self._mailer.send(composed)

    @turn
    async def record(self, tx: Transaction, asks: Sequence[RecordMail]) -> None:
        sent = [
            store.Sent(ask.message_id, rules.About("order", ask.order_id), ask.template, ask.link_hash) for ask in asks
        ]
        await store.add(tx, sent, tx.now + self._links_last)

    @turn
    async def check_link(self, tx: Transaction, asks: Sequence[CheckOrderLink]) -> Sequence[LinkCheck]:
        valid = await store.valid_links(tx, {(ask.order_id, ask.token_hash) for ask in asks})
        return [LinkCheck(is_valid=(ask.order_id, ask.token_hash) in valid) for ask in asks]

    @turn
    async def withdraw_links(self, tx: Transaction, asks: Sequence[WithdrawOrderLinks]) -> Sequence[LinksWithdrawn]:
        counts = await store.withdraw_links(tx, {ask.order_id for ask in asks})
        return [LinksWithdrawn(withdrawn=counts[ask.order_id]) for ask in asks]

    @turn
    async def on_corrected(self, tx: Transaction, events: Sequence[BuyerCorrected]) -> None:
        """Withdraw the links that went to an address which was wrong."""
        if wrong := {event.order_id for event in events if "email" in event.fields}:
            await store.withdraw_links(tx, wrong)

    @turn
    async def list_mails(self, tx: Transaction, asks: Sequence[ListMails]) -> Sequence[SentMails]:
        mails = await store.read(tx, {ask.order_id for ask in asks})
        return [SentMails(mails=tuple(mail for of, mail in mails if of == ask.order_id)) for ask in asks]

    @call(limit=4)
    async def facts(self, ask: ReadMailFacts) -> MailFacts:
        return MailFacts(facts=tuple(await store.facts(self._database, ask.after, ask.until)))

    async def _read(self, about: rules.About) -> Order:
        """Read the order that a mail is about; it names the recipient.

        Raises:
            BadInput: There is no such order.
        """
        order = await self._bus.ask(GetOrder(order_id=about.id))
        if not isinstance(order, Order):
            raise BadInput(f"there is no {about.kind} {about.id}")
        return order
