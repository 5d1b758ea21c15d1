"""What the checkout and an order's page say, without a server: sums that add up, words for all, fields at fault."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from bus.messages import moments, words
from bus.messages.base import Address, Money, OrderLine
from bus.messages.currencies import decimals
from bus.messages.order import OrderStatus
from gateway.api.order import MomentView, OrderView, ShipsToView
from gateway.api.shop import AddressField
from gateway.pages.languages import languages
from gateway.pages.render import environment
from gateway.pages.site import ShopIdentity
from gateway.pages.storefront.countries import countries, country_name, likely_country
from gateway.pages.storefront.life import address_lines, told
from gateway.pages.storefront.typed import MISSING, Typed, fault, missing
from gateway.pages.visitor import Visitor

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
ENGLISH = languages()["en"]
HOME = Address(line1="Lindenweg 4", city="Basel", postal_code="4051", country="CH")

SITE = ShopIdentity(name="Shop", tagline="", lead="", tax_note="Prices include VAT.", notices=(), logo="", theme="")


def an_order(status: OrderStatus = "paid", currency: str = "EUR", *, tax_included: bool = True) -> OrderView:
    def money(amount: int) -> Money:
        return Money(amount=amount, currency=currency)

    lines = [
        OrderLine(sku="MUG", title="Mug", quantity=3, unit_price=money(12_345)),
        OrderLine(sku="LAMP", title="Lamp <b>", quantity=1, unit_price=money(7)),
    ]
    subtotal = 3 * 12_345 + 7
    return OrderView(
        id="ord_1", number="SF-100001", status=status, status_text=words.status(status), lines=lines,
        subtotal=money(subtotal), discount=money(1_000), shipping=money(490), fees=money(200), tax=money(333),
        prices_include_tax=tax_included, total=money(subtotal - 1_000 + 490 + 200 + (0 if tax_included else 333)),
        refunded=money(0), tracking=None, created_at=NOON, pay_until=NOON if status == "pending_payment" else None,
        timeline=[
            MomentView(at=NOON, event=each, detail="", title=words.event(each), text=moments.detail(each, "customer"))
            for each in words.EVENTS
        ],
        ships_to=ShipsToView(name="Ann Miller", address=HOME),
    )  # fmt: skip


def render(template: str, order: OrderView, **more: object) -> str:
    values = {
        "visitor": Visitor(language=ENGLISH, cart=None), "here": "/", "path": "/order/ord_1", "canonical": "/",
        "address": "/",
        "site": SITE, "hold_s": 600.0,
        "now": NOON, "order": order, "told": told(ENGLISH, order), "imprint": "Shop Ltd", "payment": None,
        "has_stripe": False, "api_base": "", "bank": "", "watch": "", "problem": "",
    }  # fmt: skip
    return environment("en").get_template(f"storefront/{template}.html").render(values | more)


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(head|script|style).*?</\1>", " ", html, flags=re.DOTALL))


def amount(html: str, test_id: str, currency: str) -> int:
    found = re.search(rf'data-testid="{test_id}">([^<]+)<', html)
    assert found, test_id
    digits = re.sub(r"[^0-9.]", "", found[1].replace(",", "").replace("CHF", ""))
    value: int = round(float(digits) * 10 ** decimals(currency))
    return value


@pytest.mark.parametrize("tax_included", [True, False], ids=["tax in it", "tax on top"])
@pytest.mark.parametrize("currency", ["EUR", "CHF", "JPY", "KWD"])
def test_a_receipt_adds_up(currency: str, tax_included: bool) -> None:
    html = render("receipt", an_order(currency=currency, tax_included=tax_included))
    sums = {name: amount(html, name, currency) for name in ("subtotal", "discount", "shipping", "fees", "tax", "total")}
    table = re.findall(r'<td class="end">([^<]+)</td></tr>', html)
    lines = [round(float(re.sub(r"[^0-9.]", "", each.replace(",", ""))) * 10 ** decimals(currency)) for each in table]

    on_top = 0 if tax_included else sums["tax"]
    assert sum(lines) == sums["subtotal"] == 37_042
    assert sums["subtotal"] - sums["discount"] + sums["shipping"] + sums["fees"] + on_top == sums["total"]
    assert "Prices include VAT." in html
    assert "Lamp &lt;b&gt;" in html


@pytest.mark.parametrize("status", get_args(OrderStatus))
def test_every_status_and_event_is_told_in_words(status: OrderStatus) -> None:
    html = render("order", an_order(status))
    text = text_of(html)

    assert words.STATUSES[status] in text
    assert all(title in text for title in words.EVENTS.values())
    assert not re.search(r"[a-z]_[a-z]|[a-z][A-Z][a-z]", text.replace("ShopFlow", "")), text
    assert html.count("<h1") == 1
    assert "<title>Order SF-100001" in html
    assert ('data-testid="cancel-order"' in html) is (
        status in ("pending_payment", "payment_processing", "paid", "picking")
    )
    assert ('aria-current="step"' in html) is (status not in ("cancelled", "delivered"))


def test_an_address_is_written_in_the_order_of_its_country() -> None:
    chicago = Address(line1="1 Main St", city="Chicago", region="IL", postal_code="60601", country="US")

    assert address_lines(ENGLISH, "Ann", chicago) == ["Ann", "1 Main St", "Chicago IL 60601", "United States"]
    assert address_lines(ENGLISH, "", HOME) == ["Lindenweg 4", "4051 Basel", "Switzerland"]


@pytest.mark.parametrize(
    ("asked", "own", "country"),
    [
        ("de-AT,de;q=0.9,en-US;q=0.8", "en", "AT"),
        ("fr", "de", "DE"),
        ("", "en", "US"),
        ("", "de-CH", "CH"),
        ("x-y;;,", "zz", "AC"),
    ],
)
def test_the_country_that_a_buyer_is_likely_in(asked: str, own: str, country: str) -> None:
    assert likely_country(asked, own) == country


def test_countries_stand_where_a_reader_looks_for_them() -> None:
    names = [country.name for country in countries(ENGLISH)]

    assert names.index("Åland Islands") < names.index("Albania")
    assert len(names) == len(set(names)) > 200
    assert country_name(ENGLISH, "CH") == "Switzerland"


def test_what_is_missing_is_told_at_each_field_and_nothing_is_sent() -> None:
    fields = [AddressField(name="line1", title="Street", needed=True, example="", choices=())]

    faults = missing(Typed(email="ann@example.com", country="CH"), fields)

    assert faults == dict.fromkeys(("name", "line1", "shipping_method"), MISSING)


def test_a_refusal_is_told_at_its_field_in_words() -> None:
    for field in ("email", "phone", "address.postal_code", "address.region", "address.line1", "shipping_method"):
        (told_at,) = fault(field, "")
        assert told_at == field.rpartition(".")[2]
    assert "card" in fault("address.line1", "Please take the card number out of the street")["line1"]
    assert fault("expected_total", "") == {}


def test_what_is_empty_is_not_sent() -> None:
    typed = Typed(email="ann@example.com", name="Ann", line1="Lindenweg 4", city="Basel", country="CH")

    assert typed.body == {
        "email": "ann@example.com",
        "name": "Ann",
        "address": {"line1": "Lindenweg 4", "city": "Basel", "country": "CH"},
    }
