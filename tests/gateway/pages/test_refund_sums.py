"""What goes back for some units of an order: to the last minor unit, and never more than was paid."""

from random import Random

import msgspec
import pytest

from bus.messages.base import Money, OrderLine
from bus.messages.currencies import decimals, step
from gateway.api.order import OrderView
from gateway.pages.admin.refund_lines import note_of
from gateway.pages.admin.refund_sums import RefundPart, chosen_of, fields_of, parts_of, spread, sum_of
from gateway.pages.forms import Form
from gateway.pages.languages import languages
from gateway.problems import Problem
from tests.gateway.pages.test_buying_rules import an_order


def an_odd_order(seed: int, currency: str) -> OrderView:
    """Some lines, and parts of a price that divide badly."""
    chance, least = Random(seed), step(currency)  # Not for secrets.

    def money(amount: int) -> Money:
        return Money(amount=amount, currency=currency)

    def some(most: int) -> int:
        return chance.randrange(most) * least

    lines = [
        OrderLine(sku=f"S{at}", title=f"T{at}", quantity=chance.randint(1, 9), unit_price=money(some(3000)))
        for at in range(chance.randint(1, 6))
    ]
    subtotal = sum(line.total.amount for line in lines)
    discount = subtotal // least * chance.randrange(101) // 100 * least
    shipping, fees, tax, within = some(900), some(90), some(2000), chance.random() < 0.5
    total = subtotal - discount + shipping + fees + (0 if within else tax)
    sums = {"subtotal": subtotal, "discount": discount, "shipping": shipping, "fees": fees, "tax": tax, "total": total}
    changes = {name: money(amount) for name, amount in sums.items()}
    return msgspec.structs.replace(
        an_order(currency=currency), lines=lines, prices_include_tax=within, refunded=money(0), **changes
    )


def back(order: OrderView, **units: int) -> int:
    form = Form({name: [str(count)] for name, count in units.items()})
    return sum_of(chosen_of(parts_of(order), form), order.total.currency).amount


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@pytest.mark.parametrize("seed", range(60))
def test_all_parts_together_are_what_was_paid_and_unit_by_unit_never_more(seed: int, currency: str) -> None:
    order = an_odd_order(seed, currency)
    parts = parts_of(order)

    assert sum(part.paid.amount for part in parts) == order.total.amount
    assert all(part.paid.amount >= 0 for part in parts)
    assert back(order, **{part.name: part.units for part in parts}) == order.total.amount
    by_unit = sum(back(order, **{part.name: 1}) * part.units for part in parts)
    assert by_unit <= order.total.amount
    for part in parts:
        one, others = back(order, **{part.name: 1}), back(order, **{part.name: part.units - 1})
        assert 0 <= one + others <= part.paid.amount
        assert one % step(currency) == 0


def test_a_discount_and_tax_on_top_are_shared_in_proportion() -> None:
    order = an_order(tax_included=False)  # 3 mugs of 123.45 and a lamp of 0.07; 10.00 off; 4.90, 2.00, and 3.33 tax.

    paid = {part.name: part.paid.amount for part in parts_of(order)}

    assert paid == {"l0": 37035 - 999 + 326, "l1": 7 - 1 + 0, "shipping": 490 + 5, "fees": 200 + 2}
    assert back(order, l0=2) == paid["l0"] * 2 // 3
    assert back(order, l0=3, shipping=1) == paid["l0"] + paid["shipping"]
    assert back(order) == 0
    assert decimals(order.total.currency) == 2


@pytest.mark.parametrize("units", ["4", "-1", "many", "1.5", "9" * 20])
def test_units_that_were_not_bought_are_refused_at_their_field(units: str) -> None:
    with pytest.raises(Problem) as refused:
        chosen_of(parts_of(an_order()), Form({"l0": [units]}))
    assert refused.value.members["field"] == "l0"


def test_what_is_spread_adds_up_whatever_it_is_spread_over() -> None:
    assert spread(100, [1, 1, 1]) == [33, 33, 34]
    assert spread(5, [0, 0]) == [0, 5]
    assert spread(0, []) == []
    assert spread(100, [10, 10, 10], 10) == [30, 30, 40]


def test_a_note_names_the_lines_in_the_clerks_language() -> None:
    euros = Money(amount=500, currency="EUR")
    parts = [
        RefundPart("l0", "Mug", 3, euros),
        RefundPart("l1", "Lamp", 1, euros),
        RefundPart("shipping", "", 1, euros),
    ]
    chosen = chosen_of(parts, Form({"l0": ["2"], "shipping": ["1"]}))

    assert note_of(languages()["en"], chosen) == "Refund of €8.33: 2 × Mug, Shipping"
    assert note_of(languages()["de"], chosen).replace("\N{NO-BREAK SPACE}", " ") == (
        "Erstattung von 8,33 €: 2 × Mug, Versand"
    )
    assert fields_of(chosen) == {"l0": "2", "shipping": "1"}
