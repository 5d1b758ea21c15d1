"""E-mail: the events that are mailed, and the mails that were sent."""

import re
from datetime import datetime
from typing import ClassVar, Final, TypeAlias

from bus.messages.base import Fact, OrderId, ReadSpan, Value
from bus.messages.order import (
    LateMoneyReturned,
    OrderCancelled,
    OrderCreated,
    OrderDelivered,
    OrderFulfilled,
    OrderRevived,
    OrderSettled,
    OrderShipped,
)
from bus.messages.payment import PaymentFailed, PaymentProcessing, PaymentReceived, RefundProcessed
from engine.message import Command, Event, Query, Reply

MOST_LISTED: Final = 200  # Mails of one order in an answer.
RESENT_AN_HOUR: Final = 5  # Mails about one order.
# The only list of mails: the handled events, the templates and the audit's counts follow from it.
MailedOnce: TypeAlias = (  # At most once in the life of an order.
    OrderCreated | PaymentReceived | OrderSettled | OrderFulfilled | OrderShipped | OrderDelivered
)
MailedEvent: TypeAlias = (
    MailedOnce | PaymentProcessing | PaymentFailed | OrderCancelled | OrderRevived | LateMoneyReturned | RefundProcessed
)


def template_of(event: type[Event]) -> str:
    """Name the template of a mail: its event's name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()


class SentMail(Value, frozen=True, kw_only=True):
    """A mail in a list."""

    message_id: str
    template: str
    sent_at: datetime


class SentMails(Reply):
    """Mails, in the order they were sent."""

    mails: tuple[SentMail, ...]


class ListMails(Query[SentMails]):
    """List the mails that were sent about an order."""

    order_id: OrderId


class LinkCheck(Reply):
    """Whether a link opens the order."""

    is_valid: bool


class CheckOrderLink(Query[LinkCheck]):
    """Ask whether a link in a mail opens its order now: it does for a year, unless it was withdrawn."""

    order_id: OrderId
    token_hash: bytes


class LinksWithdrawn(Reply):
    """The number of links that opened the order until now, and no longer do."""

    withdrawn: int


class WithdrawOrderLinks(Command[LinksWithdrawn]):
    """Withdraw the links of all mails about an order that were sent so far. Safe to send twice."""

    order_id: OrderId


class MailText(Value, frozen=True, kw_only=True):
    """A mail, as it is written."""

    subject: str
    text: str
    html: str


class MailTexts(Reply):
    """Mails about an order, in the order in which they were asked for; none if there is no such order."""

    mails: tuple[MailText, ...]


class ToldMail(Value, frozen=True, kw_only=True):
    """A kind of mail, and when it was sent, or is to be."""

    template: str
    at: datetime


class WriteMails(Query[MailTexts]):
    """Write mails about an order once more, for staff: as the order is now, and with a link that opens nothing."""

    names_persons: ClassVar[bool] = True
    order_id: OrderId
    mails: tuple[ToldMail, ...]  # At most `MOST_LISTED`.


class Mailing(Value, frozen=True, kw_only=True):
    """A mail that was sent, or that staff have asked to send again."""

    id: str  # What stands before the @ of its Message-ID.
    template: str
    at: datetime  # It was sent, or asked for.
    is_sent: bool
    is_again: bool


class Mailings(Reply):
    """Mails about an order, the oldest first: the newest `MOST_LISTED` of them."""

    mailings: tuple[Mailing, ...]


class ListMailings(Query[Mailings]):
    """List the mails about an order that were sent, and those that staff have sent again."""

    order_id: OrderId


class MailQueued(Reply):
    """The mail goes out again, as soon as it can."""

    mailing: Mailing


class NoSuchMail(Reply):
    """No such mail was sent about the order."""

    mail_id: str


class ResentOften(Reply):
    """Mails about this order were sent again so often that the next one must wait."""

    retry_after_s: float


class ResendMail(Command[MailQueued | NoSuchMail | ResentOften]):
    """Send a mail about an order once more, to the address of now. Safe to send twice with one `resend_id`."""

    order_id: OrderId
    mail_id: str
    resend_id: str
    by: str  # Who of the staff asks.


class MailFact(Fact, frozen=True, kw_only=True):
    """The number of mails of a template for an order."""

    order_id: OrderId
    template: str
    sent: int

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class MailFacts(Reply):
    """Facts about mails, in any order."""

    facts: tuple[MailFact, ...]


class ReadMailFacts(ReadSpan[MailFacts]):
    """Count mails, by their orders' ids."""
