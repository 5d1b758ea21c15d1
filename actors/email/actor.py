"""Mail: one call for each mailed event, and the turn that records the mail.

The event's delivery row queues the mail: it is deleted with the record that the mail was sent. A crash between
the server's answer and that record sends the mail again, under the same Message-ID; SMTP can't promise more.
"""

from collections.abc import Sequence

from actors.email import rules, store
from actors.email.mime import compose
from actors.email.private import RecordMail
from actors.email.rules import TEMPLATES
from actors.email.smtp import Mailer
from bus.messages.email import ListMails, MailedEvent, MailFacts, ReadMailFacts, SentMails
from bus.messages.order import GetOrder, Order
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.envelope import Envelope
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction


class Email(Actor):
    """Sends mails to buyers."""

    def __init__(self, *, bus: Bus, database: Database, mailer: Mailer, clock: Clock, sender: str) -> None:
        self._bus = bus
        self._database = database
        self._mailer = mailer
        self._clock = clock
        self._sender = sender

    @call(limit=32)  # More than there are connections: orders are read and mails recorded beside them.
    async def send(self, event: MailedEvent, envelope: Envelope) -> RecordMail:
        about = rules.about(event)
        order = await self._read(about)
        template = TEMPLATES[type(event)]
        own_id = rules.message_id(envelope.id, template, self._sender)
        written = rules.write(event, order)
        try:
            mail = compose(written, sender=self._sender, recipient=order.email, own_id=own_id, at=self._clock.now())
        except ValueError as error:
            raise BadInput(f"{about.id} has no address: {error}") from error
        await self._mailer.send(mail)
        return RecordMail(order_id=about.id, message_id=own_id, template=template)

    @turn
    async def record(self, tx: Transaction, asks: Sequence[RecordMail]) -> None:
        await store.add(
            tx, [store.Sent(ask.message_id, rules.About("order", ask.order_id), ask.template) for ask in asks]
        )

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
