"""Lists of products: every order, category and search, page by page, against a list that is sorted in Python."""

import unicodedata
from collections.abc import Callable
from itertools import product
from typing import Any, Final

import pytest
from msgspec import structs

from actors.catalog.actor import Catalog
from bus.messages.base import Money
from bus.messages.catalog import ListCategories, ListProducts
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.sorting import rules_of, sort_key
from gateway.views.floors import Floors
from testkit import ShopUnderTest

LETTERS = str.maketrans("łŁøØ", "lLoO")
MANY = 1_300  # More than a walk through a list takes before it asks the index of words.
COLOURS = ("red", "green", "blue")
SORTS: Final[dict[str, tuple[Callable[[SkuRow], Any], bool]]] = {
    "title": (lambda row: (sort_key(row.title, "en"), row.product_id), False),
    "price": (lambda row: (row.price.amount, row.product_id), False),
    "-price": (lambda row: (row.price.amount, row.product_id), True),
    "newest": (lambda row: row.product_id, True),  # They come in the order of their ids.
}


def row_of(number: int) -> SkuRow:
    """Prices come again and again, so that places have to be told apart by id."""
    rare = " heirloom" if number in (7, 1_290) else ""
    return SkuRow(
        product_id=f"P{number:05}",
        slug=f"p-{number}",
        title=f"{COLOURS[number % 3].title()} cup {number * 7919 % 10_000}{rare}",
        category=f"Shelf {number % 4}",
        description="",
        sku=f"SKU-{number}",
        sku_title="",
        price=Money(amount=100 + number % 50, currency="EUR"),
        weight_g=100,
    )


ROWS = [row_of(number) for number in range(MANY)]


@pytest.fixture
async def full(shop: ShopUnderTest) -> ShopUnderTest:
    for first in range(0, MANY, 100):
        await shop.ask(ImportSkus(rows=tuple(ROWS[first : first + 100])))
    return shop


async def listed(shop: ShopUnderTest, pages: int, **ask: Any) -> list[str]:
    """The ids of so many pages."""
    found: list[str] = []
    after = ""
    for _ in range(pages):
        page = await shop.ask(ListProducts(after=after, **ask))
        found += [each.id for each in page.products]
        if page.next is None:
            break
        after = page.next
    return found


def expected(sort: str, category: str, words: list[str]) -> list[str]:
    key, is_reversed = SORTS[sort]
    rows = [
        row
        for row in ROWS
        if (not category or row.category == category) and all(word in row.title.lower().split() for word in words)
    ]
    return [row.product_id for row in sorted(rows, key=key, reverse=is_reversed)]


async def test_pages_follow_each_other_in_every_order(full: ShopUnderTest) -> None:
    for sort, category, q in product(SORTS, ("", "Shelf 2"), ("red", "cup blue", "heirloom", "red green")):
        found = await listed(full, 4, sort=sort, category=category, q=q, limit=20)
        assert found == expected(sort, category, q.split())[:80], (sort, category, q)


async def test_without_words_everything_is_listed(full: ShopUnderTest) -> None:
    for sort, category in product(SORTS, ("Shelf 3", "No such shelf")):
        found = await listed(full, 10, sort=sort, category=category, limit=100)
        assert found == expected(sort, category, []), (sort, category)


async def test_a_word_may_be_a_beginning_and_what_is_no_word_finds_nothing(full: ShopUnderTest) -> None:
    assert await listed(full, 1, q="heirl") == expected("title", "", ["heirloom"])
    for sort, q in product(SORTS, ("!?", "%", "\\%", "&|!", "\u200b", "' | ''", "…")):
        assert await listed(full, 1, sort=sort, q=q) == [], (sort, q)
    assert len(await listed(full, 1, q="  ")) == 20


TITLES = [
    "Łódź Lamp", "Café au lait", "İstanbul Kilim", "AC/DC poster", "0.5L Flask", "Crème brûlée", "Ångström",
    "Smörgåsbord", "L'Oréal", "Tea-pot", "Ñandú", "Ｗide", "Cafe\u0301 pot", "Dvořák", "Høj", "žluťoučký kůň",
]  # fmt: skip


async def test_titles_are_found_by_their_words_with_and_without_accents(full: ShopUnderTest) -> None:
    rows = tuple(structs.replace(row_of(place), title=title) for place, title in enumerate(TITLES, start=2_000))
    await full.ask(ImportSkus(rows=rows))

    for row in rows:
        bare = "".join(each for each in unicodedata.normalize("NFKD", row.title) if not unicodedata.combining(each))
        for text in (row.title, row.title.lower(), row.title.upper(), bare, bare.translate(LETTERS)):
            for q in (text, *text.split()):
                assert row.product_id in await listed(full, 1, q=q, limit=100), (row.title, q)


async def test_titles_and_categories_are_sorted_by_the_shops_language_and_not_by_bytes(shop: ShopUnderTest) -> None:
    names = ["Zebra", "apple", "Äpfel", "Apple pie", "Öl", "zoo", "Ofen"]
    rows = tuple(
        structs.replace(row_of(place), title=name, category=name) for place, name in enumerate(names, start=2_000)
    )
    await shop.ask(ImportSkus(rows=rows))

    page = await shop.ask(ListProducts(limit=100))
    titles = [each.title for each in page.products if each.title in names]
    assert titles == ["Äpfel", "apple", "Apple pie", "Ofen", "Öl", "Zebra", "zoo"]
    categories = (await shop.ask(ListCategories())).names
    assert [name for name in categories if name in names] == titles


async def test_a_shop_of_another_language_gets_its_order_when_it_starts(full: ShopUnderTest) -> None:
    database, clock = full.inside.services.database, full.clock
    swedish = Catalog(database=database, clock=clock, currency="EUR", language="sv", floors=Floors())
    names = ["Äpple", "Zebra", "Ål", "apple", "Öl"]
    rows = tuple(structs.replace(row_of(place), title=name) for place, name in enumerate(names, start=2_000))
    await full.ask(ImportSkus(rows=rows))

    await swedish.run()

    found = await database.fetch("select title from catalog.products where title = any($1) order by sort_key", names)
    assert [row["title"] for row in found] == ["apple", "Zebra", "Ål", "Äpple", "Öl"]
    left = await database.fetch("select count(*) from catalog.products where sorted_by <> $1", rules_of("sv"))
    assert left[0]["count"] == 0
