"""The mails that events send, and their texts. Pure.

A mail is sent for an event, but describes its order as of the moment of writing: since the event the order may have
been paid, cancelled or revived.

A template is a pair of files in templates/: NAME.txt, whose first line is the subject, and NAME.html.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from functools import cache, partial
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bus.messages import words
from bus.messages.base import LineInput, OrderId
from bus.messages.email import MailedEvent, template_of
from bus.messages.order import Order, OrderStatus
from bus.messages.texts import one_line
from engine.message import Event

TEMPLATES: Mapping[type[Event], str] = {kind: template_of(kind) for kind in get_args(MailedEvent)}


class About(NamedTuple):
    """The thing that a mail is about: it leads to the recipient, and templates name it by its kind."""

    kind: Literal["order"]
    id: OrderId


class Written(NamedTuple):
    """A mail's subject, and its text in two forms."""

    subject: str
    text: str
    html: str


_UNPAID: Final = frozenset[OrderStatus]({"pending_payment", "payment_processing", "cancelled"})
_LONGEST_NAME: Final = 60  # Characters of a name that is greeted.
# What mail readers make links of, and what asks for a call: addresses, hosts with any kind of dot, long numbers.
_NO_NAME: Final = re.compile(r"@|://|\bwww\b|\w[.\u3002]\w{2,}|(?:[0-9][ ()./-]*){5}", re.IGNORECASE)


class OrderLink(NamedTuple):
    """A link that opens an order, and the end of its time."""

    url: str
    until: datetime


_folder = FileSystemLoader(Path(__file__).parent / "templates")
# Templates are not checked for changes: that would be seven disk accesses for each mail.
_text = Environment(loader=_folder, undefined=StrictUndefined, autoescape=False, trim_blocks=True, auto_reload=False)  # noqa: S701 - plain text
_html = Environment(loader=_folder, undefined=StrictUndefined, autoescape=True, trim_blocks=True, auto_reload=False)

for _forms_of in (_text, _html):
    _forms_of.globals["words"] = words


def message_id(event_id: str, template: str, sender: str) -> str:
    """A Message-ID that all tries to send this event's mail share: servers and readers detect a repeat by it."""
    return f"<{event_id}.{template}@{address(sender).rpartition('@')[2]}>"


@cache
def address(sender: str) -> str:
    """The shop's own address, without its name."""
    return parseaddr(sender)[1]


def about(event: MailedEvent) -> About:
    """Name the order that the mail of an event is about."""
    return About("order", event.order_id)


def order_link(shop_url: str, order_id: OrderId, token: str, until: datetime) -> OrderLink:
    """The link to an order. The page takes the token into a cookie at once, and leads on to the address without it: it
    works without scripts, and no other site learns the token (docs/decisions/0060).
    """
    return OrderLink(f"{shop_url}/order/{quote(order_id, safe='')}?token={token}", until)


def write(event: MailedEvent, subject: Order, link: OrderLink) -> Written:
    """Write the mail of an event, with the order as of now and a link to it."""
    return write_as(TEMPLATES[type(event)], event, subject, link)


def write_as(template: str, told: object, subject: Order, link: OrderLink) -> Written:
    """Write a mail of a kind; `told` has the fields of its event that the template names."""
    text_form, html_form = _forms(template)
    values = {
        "event": told,
        "order": subject,
        "salutation": salutation(subject),
        "link": link,
        "wording": partial(wording, subject),
    }
    headline, _, text = text_form.render(values).partition("\n")
    foot = _text.get_template("link.txt").render(values)
    return Written(headline, f"{text.strip()}\n\n{foot.strip()}\n", html_form.render(values, subject=headline))


def wording(order: Order, told: LineInput) -> str:
    """Write what a buyer told with a line; instead of a text that is not safe in this mail, that it is known.

    A choice is in the shop's own words. A text is a stranger's, as a name is: see `salutation`.
    """
    is_safe = told.kind == "choice" or (_is_paid(order) and not _looks_like_a_link(told.value))
    return one_line(told.value) if is_safe else "as you wrote it"


def salutation(order: Order) -> str:
    """Greet the buyer, by name only if that is safe.

    Anybody can order in the name of a stranger, and type a message instead of a name. So a mail has nothing of what
    was typed before money was paid, and never what a mail reader would make a link of.
    """
    name = one_line(order.name)
    is_name = len(name) <= _LONGEST_NAME and not _looks_like_a_link(name)
    return f"Hello {name}" if _is_paid(order) and is_name else "Hello"


def _is_paid(order: Order) -> bool:
    return bool(order.total.amount) and (order.status not in _UNPAID or order.refund_follows)


def _looks_like_a_link(text: str) -> bool:
    return bool(_NO_NAME.search(unicodedata.normalize("NFKC", text)))


@cache
def _forms(template: str) -> tuple[Template, Template]:
    return _text.get_template(f"{template}.txt"), _html.get_template(f"{template}.html")
