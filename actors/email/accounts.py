"""Mails about accounts, and their texts. Pure.

A template is NAME.txt: its first line is the subject, and each of its paragraphs is one in HTML, too. No mail greets by
name or shows what somebody has typed: anybody can type a stranger's address, and any text for a name.

What follows `#` in a link is sent to no server. The page that it opens has a button; opening it has no effect, whoever
opens it: mail servers and their scanners open links, too.
"""

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from actors.email.rules import Written
from bus.messages.customer import AccountMail, MailKind


class _Page(NamedTuple):
    """The page that a mail's link opens, and the words on the link."""

    path: str
    button: str


_PAGES: Final[dict[MailKind, _Page]] = {
    "reset": _Page("/account/reset", "Choose a new password"),
    "email_changed": _Page("/account/undo", "Take it back"),
}
_folder = FileSystemLoader(Path(__file__).parent / "account_templates")
_text = Environment(loader=_folder, undefined=StrictUndefined, autoescape=False, auto_reload=False)  # noqa: S701 - plain text
_html = Environment(loader=_folder, undefined=StrictUndefined, autoescape=True, trim_blocks=True, auto_reload=False)


def write(mail: AccountMail, shop_url: str) -> Written:
    """Write a mail about an account."""
    page = _PAGES.get(mail.kind)
    link = f"{shop_url}{page.path}#token={mail.token}" if page else ""
    values = {"mail": mail, "link": link, "button": page.button if page else ""}
    subject, _, text = _template(mail.kind).render(values).partition("\n")
    text = text.strip()
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")[1:]]
    html = _html.get_template("base.html").render(values, subject=subject, paragraphs=paragraphs)
    return Written(subject, f"{text}\n", html)


@cache
def _template(kind: MailKind) -> Template:
    return _text.get_template(f"{kind}.txt")
