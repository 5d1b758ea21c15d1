"""Mails about accounts: what they say, and that they hold nothing that a stranger has typed."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from actors.email import accounts
from bus.messages.customer import AccountMail, MailKind

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def mail(kind: MailKind) -> AccountMail:
    code = "012345" if kind in ("register", "login", "email") else ""
    token = "cod_1.secret" if kind in ("reset", "email_changed") else ""
    return AccountMail(kind=kind, email="ada@x.test", code=code, token=token, expires_at=NOON)


def test_every_kind_has_a_template_and_none_is_left_over() -> None:
    files = {path.name for path in (Path(accounts.__file__).parent / "account_templates").iterdir()}

    assert files == {f"{kind}.txt" for kind in get_args(MailKind)} | {"base.html"}


@pytest.mark.parametrize("kind", get_args(MailKind))
def test_a_mail_says_the_same_in_text_and_in_html(kind: MailKind) -> None:
    written = accounts.write(mail(kind), "https://shop.test")

    bare = " ".join(re.sub(r"<[^>]+>", " ", written.html).split())
    for paragraph in written.text.strip().split("\n\n"):
        words = " ".join(paragraph.split())
        assert words in bare.replace("&#39;", "'") or words in written.html
    assert written.subject in bare
    assert written.text.startswith("Hello,\n")


@pytest.mark.parametrize("kind", get_args(MailKind))
def test_a_mail_shows_its_code_or_its_link_and_no_address(kind: MailKind) -> None:
    written = accounts.write(mail(kind), "https://shop.test")

    links = re.findall(r'https?://[^\s"<]+', written.text + written.html)
    assert written.text.count(mail(kind).code or "no code") == (1 if mail(kind).code else 0)
    assert len(set(links)) == (1 if mail(kind).token else 0)
    assert all(link.startswith("https://shop.test/account/") and "#token=" in link for link in links)
    assert "ada@x.test" not in written.text + written.html
