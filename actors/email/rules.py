"""What is written to whom, and when. Pure.

A mail is sent for an event, and says what is true of its order when it is written: between the two the order may have
been paid, cancelled or revived.

A template is a pair of files in templates/: NAME.txt, whose first line is the subject, and NAME.html.
"""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bus.messages.order import (
    LateMoneyReturned,
    Order,
    OrderCancelled,
    OrderCreated,
    OrderDelivered,
    OrderFulfilled,
    OrderRevived,
    OrderSettled,
    OrderShipped,
)
from bus.messages.payment import PaymentFailed, PaymentProcessing, PaymentReceived, RefundProcessed
from engine.message import Event

MailedEvent: TypeAlias = (
    OrderCreated
    | PaymentReceived
    | PaymentProcessing
    | PaymentFailed
    | OrderSettled
    | OrderFulfilled
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | OrderRevived
    | LateMoneyReturned
    | RefundProcessed
)

# A template is called as its event.
TEMPLATES: Mapping[type[Event], str] = {
    kind: re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() for kind in get_args(MailedEvent)
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
