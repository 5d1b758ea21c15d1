"""Numbers and prices of the goods file are read by a rule for the whole column, and never guessed."""

import pytest

from bus.goods.rows import Decimal, GoodsLine, Habit, column_of, read_line
from bus.goods.sheets import SheetRow
from bus.messages.base import Money

CELLS = {
    "product_id": "MUG",
    "slug": "mug",
    "title": "Mug",
    "category": "",
    "description": "",
    "sku": "MUG",
    "sku_title": "",
    "price": "1200",
    "currency": "EUR",
    "weight_g": "300",
    "on_hand": "7",
}


def read(*changes: dict[str, str], decimal: Decimal | None = None) -> tuple[list[GoodsLine], list[tuple[int, str]]]:
    made = [SheetRow(2 + n, {**CELLS, "sku": f"MUG-{n}"} | change) for n, change in enumerate(changes)]
    habit, lines, refused = Habit(), list[GoodsLine](), list[tuple[int, str]]()
    for row in made:
        habit.note(row)
    for row in made:
        try:
            lines.append(read_line(row, habit.style(decimal)))
        except ValueError as error:
            refused.append((row.number, str(error)))
    return lines, refused


def prices(*written: str, currency: str = "EUR", decimal: Decimal | None = None) -> list[int | str]:
    """The amount of each price, or the reason why its line is refused."""
    lines, refused = read(*({"price": price, "currency": currency} for price in written), decimal=decimal)
    answers = {line.number: line.row.price.amount for line in lines} | dict(refused)
    return [answers[number] for number in sorted(answers)]


def test_whole_prices_are_minor_units() -> None:
    assert prices("1200", " 5 ", "0") == [1200, 5, 0]


@pytest.mark.parametrize(
    ("written", "amounts"),
    [
        (("19.00", "5.5", "0.07"), [1900, 550, 7]),
        (("19,00", "5,5", "0,07"), [1900, 550, 7]),
    ],
)
def test_prices_with_decimals_throughout_are_money(written: tuple[str, ...], amounts: list[int]) -> None:
    assert prices(*written) == amounts


MINOR = "price must be in minor units, 1999 for 19.99, not '19.00'; or pass --decimal"


def test_a_price_that_is_written_as_few_are_in_its_file_is_refused_and_not_guessed() -> None:
    assert prices("1200", "19.00", "500") == [1200, MINOR, 500]
    assert prices("1200", "19.00") == [1200, MINOR]  # In doubt, as an export writes them.
    assert prices("19.00", "20", "5.50") == [1900, "price must be written as 1234.50 in EUR, not '20'", 550]
    assert prices("19,00", "1.50", "5,5") == [1900, "price must be written as 1234,50 in EUR, not '1.50'", 550]


def test_the_owners_word_settles_it() -> None:
    assert prices("20", "19.5", decimal=".") == [2000, 1950]
    whole, refused = prices("2000", "19.50", decimal="none")
    assert whole == 2000
    assert refused == MINOR.replace("19.00", "19.50")


def test_decimals_are_those_of_the_currency() -> None:
    assert prices("1500", currency="JPY") == [1500]
    assert prices("1500", currency="JPY", decimal=".") == [1500]
    assert prices("1.500", "2.25", currency="KWD") == [1500, 2250]
    assert prices("19.999") == ["price must be written as 1234.50 in EUR, not '19.999'"]
    assert prices("1.500", decimal=",") == ["price must be written as 1234,50 in EUR, not '1.500'"]


@pytest.mark.parametrize("column", ["price", "weight_g", "on_hand"])
@pytest.mark.parametrize(
    "text", ["1e3", "-1", "+1", "0x10", "1_000", "1 000", "1,200.50", "١٢", "²", "1.", ".5", "NaN", "a\0b", "9" * 16]
)
def test_what_is_no_number_is_refused_with_its_line_and_never_read_as_another(column: str, text: str) -> None:
    lines, refused = read({column: text}, {})
    assert [line.number for line in lines] == [3]
    assert refused[0][0] == 2
    assert refused[0][1].startswith(f"{column} must be ")
    assert "\0" not in refused[0][1]


def test_stock_without_a_number_stays_and_is_bounded() -> None:
    lines, refused = read({"on_hand": " "}, {"on_hand": "0"}, {"on_hand": "1000000001"})
    assert [line.on_hand for line in lines] == [None, 0]
    assert refused == [(4, "on_hand must be at most 1,000,000,000")]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"price": "x"}, "price"),
        ({"weight_g": ""}, "weight_g"),
        ({"on_hand": "-1"}, "on_hand"),
        ({"status": "sold"}, "status"),
    ],
)
def test_a_refusal_names_its_column(change: dict[str, str], column: str) -> None:
    _, [(_, reason)] = read(change)
    assert column_of(reason) == column
    assert column_of("product VASE is described differently in an earlier line") == ""


def test_pictures_are_a_list_and_none_is_taken_away() -> None:
    lines, _ = read({"images": "a.jpg; https://example.com/b.png ;a.jpg;"}, {"images": "-"}, {})
    assert [line.pictures for line in lines] == [("a.jpg", "https://example.com/b.png"), (), ()]


def test_texts_come_back_as_they_were_before_they_were_guarded_against_formulas() -> None:
    lines, _ = read({"title": "'=2+2", "description": "'tis"})
    assert (lines[0].row.title, lines[0].row.description) == ("=2+2", "'tis")


def test_surcharges_are_written_as_the_prices_of_the_file_are() -> None:
    asked = "name | Your name | text | +{}"
    lines, refused = read(
        {"price": "19.00", "inputs": asked.format("5.50")},
        {"price": "19.00", "inputs": asked.format("550")},
        {"price": "19.00", "inputs": "-"},
        {"price": "19.00"},
    )

    assert [line.row.inputs and line.row.inputs[0].surcharge for line in lines] == [
        Money(amount=550, currency="EUR"), (), None,
    ]  # fmt: skip
    ((number, said),) = refused
    assert (number, column_of(said)) == (3, "inputs")
    assert "1234.50 in EUR" in said
