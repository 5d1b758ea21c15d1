"""Mails written once more, when their events are long gone: what these told stands in the order's timeline. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from actors.email.rules import OrderLink, Written, write_as
from bus.messages.order import Moment, Order

# Of each template that tells more than its order does: the moments that say it.
_MOMENTS: Final[Mapping[str, frozenset[str]]] = {
    "payment_received": frozenset({"PaymentReceived", "PaymentCameLate"}),
    "refund_processed": frozenset({"RefundProcessed"}),
    "order_cancelled": frozenset({"OrderCancelled"}),
    "late_money_returned": frozenset({"OrderCancelled"}),
}


class Retold(NamedTuple):
    """The fields of an event that templates name, as texts."""

    carrier: str
    tracking_number: str
    amount: str
    reason: str


def retell(template: str, order: Order, at: datetime) -> Retold:
    """Tell what the event of a mail has told that was sent at this time.

    A mail may be a moment ahead of its order's timeline; then the first such moment is meant.
    """
    moments = list(_moments(template, order))
    before = [moment for moment in moments if moment.at <= at]
    detail = (before[-1:] or moments[:1] or [Moment(at=at, event="", detail="")])[0].detail
    return Retold(order.carrier or "", order.tracking_number or "", amount=detail, reason=detail or "staff")


def write_again(template: str, order: Order, at: datetime, link: OrderLink) -> Written:
    """Write a mail of a kind that was sent at this time, with the order as of now."""
    return write_as(template, retell(template, order, at), order, link)


def _moments(template: str, order: Order) -> Iterator[Moment]:
    names = _MOMENTS.get(template, frozenset())
    return (moment for moment in order.timeline if moment.event in names)
