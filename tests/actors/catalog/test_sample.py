"""The catalogue that a new shop begins with."""

import csv
from collections import Counter
from functools import cache

from actors.catalog import rules
from bus.messages.base import Money
from bus.messages.catalog_imports import SkuRow
from cli.goods import SAMPLE


@cache
def lines() -> list[dict[str, str]]:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def rows() -> list[SkuRow]:
    return [
        SkuRow(
            product_id=line["product_id"],
            slug=line["slug"],
            title=line["title"],
            category=line["category"],
            description=line["description"],
            sku=line["sku"],
            sku_title=line["sku_title"],
            price=Money(amount=int(line["price"]), currency=line["currency"]),
            weight_g=int(line["weight_g"]),
        )
        for line in lines()
    ]


def test_it_has_at_least_60_products_in_several_categories() -> None:
    assert len({row.product_id for row in rows()}) >= 60
    assert len({row.category for row in rows()}) >= 5


def test_every_line_is_accepted() -> None:
    assert rules.sort_rows(rows(), "EUR", {}, {}) == (rows(), [])


def test_every_sku_is_there_once() -> None:
    assert [sku for sku, times in Counter(row.sku for row in rows()).items() if times > 1] == []


def test_the_skus_of_a_product_are_told_apart_by_their_titles() -> None:
    titles = Counter(rules.full_title(row.title, row.sku_title) for row in rows())

    assert [title for title, times in titles.items() if times > 1] == []


def test_every_product_says_what_it_is() -> None:
    assert all(len(row.description) >= 40 and row.category and row.title == row.title.strip() for row in rows())


def test_stock_is_a_count_and_some_of_it_is_scarce() -> None:
    on_hand = [int(line["on_hand"]) for line in lines()]

    assert all(0 <= units <= 1_000_000_000 for units in on_hand)
    assert any(0 < units <= 5 for units in on_hand)
