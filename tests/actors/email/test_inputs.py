"""What buyers told with a line, in mails: only where nobody can smuggle anything with it."""

import msgspec
import pytest

from bus.messages.base import LineInput
from bus.messages.email import MailedEvent
from bus.messages.order import Order, OrderStatus
from tests.actors.email.test_rules import CREATED, RECEIVED, Page, mail_about, order_of, part


def order_with(value: str, kind: str = "text", status: OrderStatus = "paid") -> Order:
    order = order_of(status=status)
    told = msgspec.convert({"key": "a", "title": "Engraving", "value": value, "kind": kind}, LineInput)
    return msgspec.structs.replace(order, lines=(msgspec.structs.replace(order.lines[0], inputs=(told,)),))


def texts(order: Order, event: MailedEvent = CREATED) -> tuple[str, str]:
    """The mail's two forms, as they are read."""
    mail, page = mail_about(event, order), Page()
    page.feed(part(mail, "html"))
    return part(mail, "plain"), page.text


def test_an_engraving_is_told_once_it_is_paid() -> None:
    for event in (CREATED, RECEIVED):
        assert all("Engraving: For Ada" in text for text in texts(order_with("For Ada"), event))
    assert all("Engraving" not in text for text in texts(order_of(), RECEIVED))


@pytest.mark.parametrize("status", ["pending_payment", "payment_processing", "cancelled"])
def test_no_mail_has_a_stranger_s_words_before_money_is_paid(status: OrderStatus) -> None:
    for text in texts(order_with("You have won", status=status)):
        assert "You have won" not in text
        assert "Engraving: as you wrote it" in text
    choice = order_with("Serif", "choice", status)
    assert all("Engraving: Serif" in text for text in texts(choice))  # The shop's own word.


@pytest.mark.parametrize("value", ["evil.example", "https://evil.example", "call +49 30 1234567", "a@b.example"])
def test_what_a_reader_would_make_a_link_of_is_not_told(value: str) -> None:
    assert all(value not in text for text in texts(order_with(value)))


def test_an_engraving_is_text_and_no_markup() -> None:
    mail, page = mail_about(CREATED, order_with("<b>&amp;</b>")), Page()
    page.feed(part(mail, "html"))

    assert "<b>&amp;</b>" in page.text
    assert "Engraving: <b>&amp;</b>" in part(mail, "plain")
