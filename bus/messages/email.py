"""E-mail: the events that are mailed, and the mails that were sent."""

import re
from datetime import datetime
from typing import TypeAlias

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
