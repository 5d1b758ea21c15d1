"""E-mail: what has been sent."""

from datetime import datetime

from bus.messages.base import OrderId, Value
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


class MailFact(Value, frozen=True, kw_only=True):
    """How many mails of a template an order had."""

    order_id: OrderId
    template: str
    sent: int


class MailFacts(Reply):
    """In any order."""

    facts: tuple[MailFact, ...]


class ReadMailFacts(Query[MailFacts]):
    """Count mails, by their orders' ids."""

    after: OrderId
    until: OrderId | None = None  # The last one; None for no end.
