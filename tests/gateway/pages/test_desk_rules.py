"""What the desk decides without asking anybody: filters, charts, amounts, words, files."""

from datetime import date, timedelta

import pytest
from litestar.datastructures import MultiDict

from bus.messages.analytics import HourSales, SalesRow
from gateway.pages.admin import PARTS
from gateway.pages.admin.deeds import deed
from gateway.pages.admin.filters import filters_of
from gateway.pages.admin.order_steps import refunded
from gateway.pages.admin.orders import as_csv
from gateway.pages.admin.sales import sales_by_hour, sales_today
from gateway.pages.charts import HEIGHT, WIDTH, bar_chart, line_points, pair_chart
from gateway.problems import Problem
from gateway.rights import RIGHTS

SUNDAY = date(2026, 11, 29)


def sold(day: date, paid: int, currency: str = "EUR") -> SalesRow:
    return SalesRow(start=day, currency=currency, orders=1, units=2, ordered=paid, paid=paid, refunded=0, delivered=0)


def test_filters_keep_what_is_known_and_set() -> None:
    given = MultiDict([("q", " ada "), ("status", "paid"), ("status", "packed"), ("colour", "red"), ("late", "")])

    filters = filters_of(given)

    assert filters.pairs == [("status", "paid"), ("status", "packed"), ("q", "ada")]
    assert filters.without("status", "paid") == "?status=packed&q=ada"
    assert filters.api_query(50) == "status=paid&status=packed&q=ada&limit=50"


def test_a_filter_of_one_value_has_bounds() -> None:
    filters = filters_of(MultiDict([("q", "x" * 500), *(("status", f"s{n}") for n in range(40))]))

    assert len(filters.value("q")) == 100
    assert len(filters.values("status")) == 9


def test_the_highest_bar_reaches_the_top_and_all_fit() -> None:
    chart = bar_chart([0, 50, 100], mark=25)

    assert [bar.height for bar in chart.bars] == [1.0, HEIGHT / 2, HEIGHT]
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.bars)
    assert chart.mark == HEIGHT * 0.75


def test_a_shop_without_sales_has_a_chart_too() -> None:
    assert [bar.height for bar in bar_chart([0, 0], mark=0).bars] == [1.0, 1.0]
    assert line_points([5]) == ""


def test_today_is_compared_with_the_same_weekday() -> None:
    weeks = [sold(SUNDAY - timedelta(weeks=week), paid) for week, paid in ((1, 100), (2, 300), (3, 200), (4, 900))]

    today = sales_today([*weeks, sold(SUNDAY, 500), sold(SUNDAY, 77, "USD")], SUNDAY, "EUR")

    assert (today.paid.amount, today.usual.amount, today.orders, today.units) == (500, 250, 1, 2)
    assert [day.day for day in today.days if day.is_same_weekday] == [SUNDAY - timedelta(weeks=1), SUNDAY]


def test_two_bars_share_a_room_and_one_scale() -> None:
    pairs = pair_chart([50], [100, 0])

    (was, now), (later, none) = pairs
    assert now is not None
    assert (was.height, now.height, later.height, none) == (HEIGHT, HEIGHT / 2, 1.0, None)
    assert was.x + was.width <= now.x
    assert now.x + now.width <= later.x <= WIDTH - later.width


def test_today_has_the_hours_that_have_begun_and_last_week_has_all() -> None:
    def at(hour: int, paid: int, currency: str = "EUR") -> HourSales:
        return HourSales(hour=hour, currency=currency, orders=1, units=1, ordered=paid, paid=paid)

    hours = sales_by_hour([at(9, 500), at(9, 7, "USD")], [at(9, 300), at(23, 100)], 9, "EUR")

    assert len(hours) == 24
    assert [each.paid.amount if each.paid else None for each in hours[8:11]] == [0, 500, None]
    assert {each.hour.hour: each.before.amount for each in hours if each.before.amount} == {9: 300, 23: 100}
    assert [place for place, each in enumerate(hours) if each.bars[1] is None] == [*range(10, 24)]


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [("", "EUR", None), ("12.5", "EUR", 1250), ("12,50", "EUR", 1250), ("1 200", "JPY", 1200), ("1.234", "KWD", 1234)],
)
def test_amounts_are_read_as_people_type_them(typed: str, currency: str, minor: int | None) -> None:
    assert refunded(typed, currency) == minor


@pytest.mark.parametrize(
    ("typed", "currency"),
    [("ten", "EUR"), ("-1", "EUR"), ("0", "EUR"), ("1.5", "JPY"), ("1.001", "EUR"), ("nan", "EUR"), ("9e99", "EUR")],
)
def test_what_is_no_amount_is_refused_at_its_field(typed: str, currency: str) -> None:
    with pytest.raises(Problem) as refused:
        refunded(typed, currency)
    assert refused.value.members["field"] == "amount"


def test_a_spreadsheet_runs_nothing_that_a_buyer_has_typed() -> None:
    written = as_csv([("=HYPERLINK(1)", "@x", "Ada, B.", 5)]).decode("utf-8-sig")

    assert written == "'=HYPERLINK(1),'@x,\"Ada, B.\",5\r\n"


def test_every_change_that_staff_can_make_has_words() -> None:
    """A record of acts that shows routes is for programs."""
    said = {route: deed(route) for route in RIGHTS if not route.startswith("GET")}

    assert [route for route, words in said.items() if "/" in words or "_" in words] == []
    assert deed("person invited") == "Person invited"


def test_no_two_screens_have_one_letter() -> None:
    letters = [screen.letter for part in PARTS for screen in part.screens if screen.letter]

    assert sorted(letters) == sorted(set(letters))
