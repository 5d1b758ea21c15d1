"""What is written to whom, and when. Pure.

A template is a pair of files in templates/: NAME.txt, whose first line is the subject, and NAME.html.
"""

from collections.abc import Mapping
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bus.messages.order import (
    Order,
    OrderCancelled,
    OrderCreated,
    OrderDelivered,
    OrderFulfilled,
    OrderSettled,
    OrderShipped,
)
from bus.messages.payment import PaymentReceived, RefundProcessed
from engine.message import Event

MailedEvent: TypeAlias = (
    OrderCreated
    | PaymentReceived
    | OrderSettled
    | OrderFulfilled
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | RefundProcessed
)

TEMPLATES: Mapping[type[Event], str] = {
    OrderCreated: "order_created",
    PaymentReceived: "payment_received",
    OrderSettled: "order_settled",
    OrderFulfilled: "order_fulfilled",
    OrderShipped: "order_shipped",
    OrderDelivered: "order_delivered",
    OrderCancelled: "order_cancelled",
    RefundProcessed: "refund_processed",
}


class Written(NamedTuple):
    """The same in two forms."""

    subject: str
    text: str
    html: str


_folder = FileSystemLoader(Path(__file__).parent / "templates")
# Files that were read are not looked at again: that would be seven questions to the disk for each mail.
_text = Environment(loader=_folder, undefined=StrictUndefined, autoescape=False, trim_blocks=True, auto_reload=False)  # noqa: S701 - plain text
_html = Environment(loader=_folder, undefined=StrictUndefined, autoescape=True, trim_blocks=True, auto_reload=False)


def message_id(event_id: str, template: str, sender: str) -> str:
    """The same for every try to send the mail of this event: mail servers and readers know a repeat by it."""
    return f"<{event_id}.{template}@{address(sender).rpartition('@')[2]}>"


@cache
def address(sender: str) -> str:
    """The shop's own, without the name that it may have."""
    return parseaddr(sender)[1]


def write(event: MailedEvent, order: Order) -> Written:
    """What is written about an event."""
    text_form, html_form = _forms(TEMPLATES[type(event)])
    values = {"event": event, "order": order}
    subject, _, text = text_form.render(values).partition("\n")
    return Written(subject, text.strip() + "\n", html_form.render(values, subject=subject))


@cache
def _forms(template: str) -> tuple[Template, Template]:
    return _text.get_template(f"{template}.txt"), _html.get_template(f"{template}.html")
