"""E-mail: what has been sent."""

from datetime import datetime

from bus.messages.base import Fact, OrderId, ReadSpan, Value
from engine.message import Command, Query, Reply


class RecordMail(Command[None]):
    """A mail was handed to the mail server."""

    order_id: OrderId
    message_id: str  # Made of event and template: a repeat has the same.
    template: str


class SentMail(Value, frozen=True, kw_only=True):
    """A mail in a list."""

    message_id: str
    template: str
    sent_at: datetime


class SentMails(Reply):
    """In the order they were sent."""

    mails: tuple[SentMail, ...]


class ListMails(Query[SentMails]):
    """What has been sent about an order."""

    order_id: OrderId


class MailFact(Fact, frozen=True, kw_only=True):
    """How many mails of a template an order had."""

    order_id: OrderId
    template: str
    sent: int

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class MailFacts(Reply):
    """In any order."""

    facts: tuple[MailFact, ...]


class ReadMailFacts(ReadSpan[MailFacts]):
    """Count mails, by their orders' ids."""
