"""What is written to whom, and when. Pure.

A template is a pair of files in templates/: NAME.txt, whose first line is the subject, and NAME.html.
"""

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bus.messages.order import Order, OrderCancelled, OrderCreated, OrderDelivered, OrderFulfilled, OrderShipped
from bus.messages.payment import PaymentReceived, RefundProcessed
from engine.message import Event

MailedEvent: TypeAlias = (
    OrderCreated | PaymentReceived | OrderFulfilled | OrderShipped | OrderDelivered | OrderCancelled | RefundProcessed
)

TEMPLATES: Mapping[type[Event], str] = {
    OrderCreated: "order_created",
    PaymentReceived: "payment_received",
    OrderFulfilled: "order_fulfilled",
    OrderShipped: "order_shipped",
    OrderDelivered: "order_delivered",
    OrderCancelled: "order_cancelled",
    RefundProcessed: "refund_processed",
}


_folder = FileSystemLoader(Path(__file__).parent / "templates")
_text = Environment(loader=_folder, undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701 - plain text
_html = Environment(loader=_folder, undefined=StrictUndefined, autoescape=True, trim_blocks=True)


def message_id(event_id: str, template: str, sender: str) -> str:
    """The same for every try to send the mail of this event: mail servers and readers know a repeat by it."""
    return f"<{event_id}.{template}@{parseaddr(sender)[1].rpartition('@')[2]}>"


def write(event: MailedEvent, order: Order, *, sender: str, own_id: str, now: datetime) -> EmailMessage:
    """The mail about an event."""
    template = TEMPLATES[type(event)]
    values = {"event": event, "order": order}
    subject, _, text = _text.get_template(f"{template}.txt").render(values).partition("\n")
    mail = EmailMessage()
    mail["From"] = sender
    username, _, domain = order.email.rpartition("@")
    mail["To"] = Address(username=username, domain=domain)  # One address, even if two were typed.
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = own_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers this.
    mail.set_content(text.strip() + "\n")
    mail.add_alternative(_html.get_template(f"{template}.html").render(values, subject=subject), subtype="html")
    return mail
