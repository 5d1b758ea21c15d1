"""What is written to buyers, and what nobody can smuggle into it."""

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.email import rules
from actors.email.mime import Mail, compose
from actors.email.rules import TEMPLATES, message_id, order_link, write
from bus.messages.base import Address, Money, OrderLine
from bus.messages.email import MailedEvent
from bus.messages.order import (
    CancelReason,
    LateMoneyReturned,
    Order,
    OrderCancelled,
    OrderCreated,
    OrderRevived,
    OrderShipped,
    OrderStatus,
)
from bus.messages.payment import PaymentFailed, PaymentProcessing, PaymentReceived
from tests.samples import sample

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SENDER = "ShopFlow <orders@shop.test>"
ORDER, NUMBER = "ord_1", "SF-100001"
LINK = order_link("https://shop.test", ORDER, "ol_secret", datetime(2031, 1, 1, 12, tzinfo=UTC))


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def order_of(
    *,
    name: str = "Ada Lovelace",
    title: str = "Stoneware Mug, Blue",
    email: str = "ada@x.test",
    status: OrderStatus = "paid",
    refund_follows: bool = False,
) -> Order:
    return Order(
        id=ORDER,
        number=NUMBER,
        status=status,
        email=email,
        name=name,
        address=Address(line1="Hauptstraße 1", city="Leipzig", postal_code="04109", country="DE"),
        shipping_method="standard",
        lines=(OrderLine(sku="MUG-BLUE", title=title, quantity=3, unit_price=eur(1450)),),
        subtotal=eur(4350),
        shipping=eur(490),
        total=eur(4840),
        refunded=eur(0),
        weight_g=1140,
        carrier=None,
        tracking_number=None,
        created_at=NOON,
        timeline=(),
        pay_until=NOON if status == "pending_payment" else None,
        refund_follows=refund_follows,
    )


CREATED = OrderCreated(order_id=ORDER, number=NUMBER, lines=order_of().lines, total=eur(4840), weight_g=1140)
RECEIVED = PaymentReceived(order_id=ORDER, intent_id="pi_1", amount=eur(4840), at=NOON)
SHIPPED = OrderShipped(order_id=ORDER, number=NUMBER, carrier="Sandbox Post", tracking_number="SP<1>&2")
# One of each kind, from its type: a new mail is read without an entry here.
KNOWN = {"order_id": ORDER, "number": NUMBER, "currency": "EUR"}
EVENTS: list[MailedEvent] = [sample(kind, KNOWN) for kind in get_args(MailedEvent)]


def sent_about(event: MailedEvent, order: Order, sender: str = SENDER) -> Mail:
    own_id = message_id("evt_1", TEMPLATES[type(event)], sender)
    return compose(write(event, order, LINK), sender=sender, recipient=order.email, own_id=own_id, at=NOON)


def mail_about(event: MailedEvent, order: Order | None = None) -> EmailMessage:
    """The mail as it arrives: written, sent as bytes, and read."""
    sent = sent_about(event, order or order_of())
    assert b"\n" not in sent.content.replace(b"\r\n", b"")
    assert max(map(len, sent.content.splitlines())) <= 998  # Source: RFC 5322, 2.1.1.
    read = message_from_bytes(sent.content, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


@dataclass
class Page(HTMLParser):
    """The text and the elements of an HTML page, as a mail reader sees them."""

    text: str = ""
    tags: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(mail: EmailMessage) -> Page:
    page = Page()
    page.feed(part(mail, "html"))
    page.close()
    return page


def test_every_arrow_to_email_has_one_template_of_its_own() -> None:
    assert set(TEMPLATES) == set(get_args(MailedEvent)) != set()
    assert len(set(TEMPLATES.values())) == len(TEMPLATES)


def test_every_template_is_a_pair_of_files_and_none_is_left_over() -> None:
    files = {path.name for path in (Path(rules.__file__).parent / "templates").iterdir()}

    pairs = {f"{name}.{kind}" for name in TEMPLATES.values() for kind in ("txt", "html")}
    assert files == pairs | {"base.html", "lines.html", "lines.txt", "link.txt", "told.html", "told.txt"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_mail_says_the_same_in_text_and_in_html(event: MailedEvent) -> None:
    mail = mail_about(event)

    text, page = part(mail, "plain"), page_of(mail)
    assert mail.get_content_type() == "multipart/alternative"
    assert NUMBER in mail["Subject"]
    assert mail["Subject"] in page.text
    assert text.startswith("Hello Ada Lovelace,\n\n")
    for paragraph in text.replace(f", on any device:\n{LINK.url}", "").strip().splitlines():  # A button in HTML.
        # A line's quantity, title and price are cells of their own in HTML.
        assert all(" ".join(words.replace(" x ", " × ").split()) in page.text for words in paragraph.split("  "))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_mail_goes_from_the_shop_to_the_buyer_and_answers_to_nobodys_holiday_notice(event: MailedEvent) -> None:
    mail = mail_about(event)

    assert (mail["From"], mail["To"], mail["Date"]) == (SENDER, "ada@x.test", "Tue, 01 Jan 2030 12:00:00 +0000")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<evt_1.{TEMPLATES[type(event)]}@shop.test>"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_mail_links_to_its_order_and_to_nothing_else(event: MailedEvent) -> None:
    mail = mail_about(event)

    assert page_of(mail).links == [LINK.url]
    assert re.findall(r"https?://\S+", part(mail, "plain")) == ["https://shop.test/order/ord_1?token=ol_secret"]
    assert "works until 01 January 2031" in part(mail, "plain")


@pytest.mark.parametrize(
    ("order_id", "path"),
    [("ord_a-B_9", "ord_a-B_9"), ("a/../b", "a%2F..%2Fb"), ("x#?&", "x%23%3F%26"), ("ä b", "%C3%A4%20b")],
)
def test_a_link_leads_to_its_order_whatever_the_order_is_called(order_id: str, path: str) -> None:
    assert order_link("http://[::1]:8000", order_id, "t", NOON).url == f"http://[::1]:8000/order/{path}?token=t"


def test_amounts_and_lines_are_told() -> None:
    text = part(mail_about(CREATED), "plain")

    assert "3 x Stoneware Mug, Blue at €14.50  €43.50" in text
    assert "Shipping  €4.90" in text
    assert "Total     €48.40" in text


def test_the_column_of_amounts_adds_up() -> None:
    lines = re.findall(r"^  .*  €(\d+)\.(\d\d)$", part(mail_about(CREATED), "plain"), re.MULTILINE)

    *parts, total = [int(euros) * 100 + int(cents) for euros, cents in lines]
    assert sum(parts) == total == 4840


def minor(amount: str) -> int:
    """Minor units of an amount as it is shown: all of its digits."""
    units = int("".join(each for each in amount if each.isdigit()))
    return -units if amount.startswith("-") else units


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["EUR", "JPY", "KWD", "HUF"]),
    st.lists(st.tuples(st.integers(1, 99), st.integers(1, 300_000)), min_size=1, max_size=4),
    st.tuples(*[st.sampled_from([0, 0, 1, 10, 490, 1_000_000])] * 3),
    st.integers(0, 100),
    st.booleans(),
)
def test_the_column_of_any_order_adds_up_in_both_forms(
    currency: str, bought: list[tuple[int, int]], sums: tuple[int, int, int], percent: int, includes_tax: bool
) -> None:
    shipping, fees, tax = sums
    subtotal = sum(quantity * price for quantity, price in bought)
    discount = subtotal * percent // 100
    total = subtotal - discount + shipping + fees + (0 if includes_tax else tax)

    def money(amount: int) -> Money:
        return Money(amount=amount, currency=currency)

    order = msgspec.structs.replace(
        order_of(),
        lines=tuple(OrderLine(sku="A", title="A", quantity=n, unit_price=money(price)) for n, price in bought),
        subtotal=money(subtotal), discount=money(discount), shipping=money(shipping), fees=money(fees),
        tax=money(tax), prices_include_tax=includes_tax, total=money(total),
    )  # fmt: skip
    mail = mail_about(CREATED, order)

    columns = [
        [line.rpartition("  ")[2] for line in re.findall(r"^  \S.*  .+$", part(mail, "plain"), re.MULTILINE)],
        [html.unescape(cell) for cell in re.findall(r'text-align: right;">(?:<b>)?([^<]+)', part(mail, "html"))],
    ]
    for column in columns:
        *parts, last = map(minor, column)
        assert sum(parts) == last == total, column
        assert len(parts) >= len(bought) + 1  # Shipping is always there, also if it costs nothing.


IS_TRUE = [
    (CREATED, "pending_payment", False, "as soon as it is paid"),
    (CREATED, "payment_processing", False, "Your bank has been asked"),
    (CREATED, "cancelled", False, "cancelled meanwhile"),
    (RECEIVED, "paid", False, "Your order goes to our warehouse now."),
    (RECEIVED, "cancelled", False, "By then your order had been cancelled."),
    (RECEIVED, "cancelled", True, "goes back to you at once"),
    (RECEIVED, "packed", False, "on its way through our warehouse"),
    (PaymentProcessing(order_id=ORDER, at=NOON), "payment_processing", False, "we keep your items"),
    (PaymentProcessing(order_id=ORDER, at=NOON), "paid", False, "has decided meanwhile"),
    (PaymentFailed(order_id=ORDER, reason="no"), "pending_payment", False, "until 12:00 UTC on 01 January"),
    (PaymentFailed(order_id=ORDER, reason="no"), "cancelled", False, "nothing is owed"),
    (PaymentFailed(order_id=ORDER, reason="no"), "paid", False, "paid in another way meanwhile"),
    (OrderCancelled(order_id=ORDER, number=NUMBER, reason="payment_timeout"), "paid", False, "lives again"),
    (
        OrderCancelled(order_id=ORDER, number=NUMBER, reason="refunded"),
        "cancelled",
        True,
        "All of your money was given back.",
    ),
    (OrderRevived(order_id=ORDER, number=NUMBER), "paid", False, "deliver it after all"),
    (OrderRevived(order_id=ORDER, number=NUMBER), "cancelled", True, "cancelled once more"),
    (LateMoneyReturned(order_id=ORDER, number=NUMBER, reason="out_of_stock"), "cancelled", True, "sold to somebody"),
]


@pytest.mark.parametrize(("event", "status", "refund_follows", "words"), IS_TRUE)
def test_a_mail_says_what_is_true_when_it_is_written(
    event: MailedEvent, status: OrderStatus, refund_follows: bool, words: str
) -> None:
    assert words in part(mail_about(event, order_of(status=status, refund_follows=refund_follows)), "plain")


def test_a_shipped_parcel_is_told_with_carrier_and_number() -> None:
    assert "Sandbox Post has your parcel. Its tracking number is SP<1>&2." in part(mail_about(SHIPPED), "plain")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("payment_timeout", "No payment came in time. Nothing is owed."),
        ("payment_declined", "Too many attempts to pay were declined. Nothing is owed."),
        ("out_of_stock", "sold to somebody else before the payment came. Your money goes back at once"),
        ("customer", "You called it off. If you have paid, your money goes back"),
        ("staff", "The shop called it off. If you have paid, your money goes back"),
        ("refunded", "All of your money was given back."),
    ],
)
def test_a_cancelled_order_says_why_and_what_becomes_of_the_money(reason: CancelReason, words: str) -> None:
    mail = mail_about(OrderCancelled(order_id=ORDER, number=NUMBER, reason=reason))

    assert words in part(mail, "plain")
    assert words in page_of(mail).text


def test_a_shop_whose_name_is_not_ascii_is_named() -> None:
    sent = sent_about(CREATED, order_of(), sender="Möbelhaus <orders@shop.test>")

    assert sent.sender == "orders@shop.test"
    assert sent.content.split(b"\r\n\r\n")[0].isascii()
    assert message_from_bytes(sent.content, policy=policy.default)["From"] == "Möbelhaus <orders@shop.test>"


def test_a_repeat_has_the_same_message_id() -> None:
    assert message_id("evt_1", "order_created", SENDER) == message_id("evt_1", "order_created", SENDER)


def test_each_event_and_each_template_has_a_message_id_of_its_own() -> None:
    ids = {message_id(event, template, SENDER) for event in ("1", "2", "11") for template in TEMPLATES.values()}

    assert len(ids) == 3 * len(TEMPLATES)


@pytest.mark.parametrize("sender", ["ShopFlow <orders@shop.test>", "orders@shop.test", '"A, @ B" <orders@shop.test>'])
def test_a_message_id_is_of_the_senders_domain(sender: str) -> None:
    assert message_id("evt_1", "order_created", sender) == "<evt_1.order_created@shop.test>"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("smuggled", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<b>&amp;'"])
def test_html_in_a_name_or_a_title_is_only_text(event: MailedEvent, smuggled: str) -> None:
    plain, marked = page_of(mail_about(event)), page_of(mail_about(event, order_of(name=smuggled, title=smuggled)))

    assert marked.tags == plain.tags
    assert f"Hello {smuggled}," in marked.text


@pytest.mark.parametrize(
    "name",
    [
        "evil.com", "Visit https://evil.example/now", "You won, see www evil", "eve@evil.example", "EVIL。COM now",
        "ｅｖｉｌ．ｃｏｍ", "Call +44 20 7946 0000", "Ada B.com", "x" * 61, "HTTP://x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_looks_like_a_link_or_a_number_to_call_is_not_greeted(event: MailedEvent, name: str) -> None:
    mail = mail_about(event, order_of(name=name))

    assert part(mail, "plain").startswith("Hello,\n\n")
    assert name not in page_of(mail).text


@pytest.mark.parametrize("name", ["Ada", "J. R. R. Tolkien", "Dr. Ada Lovelace", "O'Neil-Smith", "李小龍", "Ada III."])
def test_names_are_greeted(name: str) -> None:
    assert part(mail_about(CREATED, order_of(name=name)), "plain").startswith(f"Hello {name},\n\n")


@pytest.mark.parametrize(
    ("status", "refund_follows", "greeted"),
    [
        ("pending_payment", False, "Hello,"), ("payment_processing", False, "Hello,"), ("cancelled", False, "Hello,"),
        ("cancelled", True, "Hello Ada Lovelace,"), ("delivered", False, "Hello Ada Lovelace,"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_nothing_that_a_stranger_typed_is_mailed_before_money_is_paid(
    event: MailedEvent, status: OrderStatus, refund_follows: bool, greeted: str
) -> None:
    mail = mail_about(event, order_of(status=status, refund_follows=refund_follows))

    assert part(mail, "plain").startswith(f"{greeted}\n\n")
    free = msgspec.structs.replace(order_of(status=status), total=eur(0))
    assert part(mail_about(event, free), "plain").startswith("Hello,\n\n")


def test_a_domain_that_is_not_ascii_is_written_so_that_every_server_can_carry_it() -> None:
    sent = sent_about(CREATED, order_of(email="ada@bücher.test"))

    assert (sent.recipient, sent.is_ascii) == ("ada@xn--bcher-kva.test", True)
    with pytest.raises(ValueError, match="Label too long"):
        sent_about(CREATED, order_of(email=f"ada@{'ü' * 70}.test"))


@pytest.mark.parametrize(
    "smuggled", ["Ada\nBcc: eve@y.test", "Ada\r\nBcc: eve@y.test\r\n\r\n<p>", "\nSubject: Hi", "{{ 7 * 7 }}"]
)
def test_a_name_or_a_title_adds_no_header_and_changes_no_subject(smuggled: str) -> None:
    plain, mail = mail_about(CREATED), mail_about(CREATED, order_of(name=smuggled, title=smuggled))

    assert mail.items() == plain.items()


@settings(deadline=None, max_examples=50)
@given(name=st.text(max_size=60), title=st.text(max_size=60))
def test_whatever_a_buyer_is_called_gets_a_mail_with_the_same_headers(name: str, title: str) -> None:
    mail = mail_about(CREATED, order_of(name=name, title=title))

    assert mail.keys() == mail_about(CREATED).keys()
    assert mail["Subject"] == f"We have your order {NUMBER}"
    assert page_of(mail).tags == page_of(mail_about(CREATED)).tags


@pytest.mark.parametrize("email", ["ada@x.test, eve@y.test", "ada@x.test; eve@y.test", "Eve <eve@y.test>, ada@x.test"])
def test_a_mail_goes_to_one_address_whatever_was_typed(email: str) -> None:
    assert len(mail_about(CREATED, order_of(email=email))["To"].addresses) == 1


@pytest.mark.parametrize("email", ["ada@x.test\nBcc: eve@y.test", "ada\r\n@x.test"])
def test_an_address_with_a_line_break_is_written_to_by_nobody(email: str) -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        sent_about(CREATED, order_of(email=email))


@pytest.mark.parametrize("email", ["ada@x.test,eve", "ada@x>", "ada@[127.0.0.1]", "ada@x.test\0"])
def test_a_domain_that_is_none_is_written_to_by_nobody(email: str) -> None:
    with pytest.raises(ValueError, match="there is no such domain"):
        sent_about(CREATED, order_of(email=email))


@pytest.mark.parametrize("email", ["ada@x.test", "o'neil+shop@x.test", "a.b-c_d@mail.x.test", "jörg@bücher.test"])
def test_a_usual_address_is_written_to_as_it_is(email: str) -> None:
    assert mail_about(CREATED, order_of(email=email))["To"] == email
