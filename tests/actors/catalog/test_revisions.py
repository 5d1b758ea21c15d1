"""Revisions: each change of a product has one, without gaps, in the order of commits; what changes nothing has none."""

import asyncio
from random import Random

import pytest
from msgspec import structs

from bus.messages.base import Money
from bus.messages.catalog import (
    ChangeProduct,
    Product,
    ProductChanged,
    ProductRemoved,
    ReadChanges,
    ReadProducts,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    SetProduct,
    SkuView,
)
from bus.messages.catalog_imports import ImportSkus, SkuRow
from engine.errors import BadInput
from testkit import ShopUnderTest


def row(number: int, title: str = "Cup") -> SkuRow:
    return SkuRow(
        product_id=f"C{number}",
        slug=f"c-{number}",
        title=title,
        category="Cups",
        description="",
        sku=f"C-{number}",
        sku_title="",
        price=Money(amount=100, currency="EUR"),
        weight_g=100,
    )


def sku(name: str, amount: int = 100) -> SkuView:
    return SkuView(sku=name, title=name, price=Money(amount=amount, currency="EUR"), weight_g=100)


async def newest(shop: ShopUnderTest) -> int:
    """The last revision of a product for sale."""
    after = 0
    while page := (await shop.ask(ReadChanges(after=after))).products:
        after = page[-1].revision
    return after


async def heard(shop: ShopUnderTest, after: int) -> list[tuple[str, str, int]]:
    """What was published since a revision, by revision."""
    await shop.settle()
    events: list[ProductChanged | ProductRemoved] = [*shop.published(ProductChanged), *shop.published(ProductRemoved)]
    since = [(type(event).__name__, event.product_id, event.revision) for event in events if event.revision > after]
    return sorted(since, key=lambda each: each[2])


async def test_each_change_is_told_with_its_revision(shop: ShopUnderTest) -> None:
    before = await newest(shop)
    product = Product(id="A", slug="a", title="A", category="", description="", skus=(sku("A1"), sku("A2")))
    await shop.ask(SetProduct(id="A", product=product, expected=0))
    await shop.ask(ChangeProduct(id="A", title="Another"))
    await shop.ask(ChangeProduct(id="A", skus=(sku("A1", 120),)))
    await shop.ask(RenameSku(id="A", sku="A2", name="A3"))
    await shop.ask(RemoveSku(id="A", sku="A3"))
    found = await shop.ask(ReadProducts(ids=("A", "nothing")))
    await shop.ask(RemoveProduct(id="A"))

    assert [(product.id, product.revision) for product in found.products] == [("A", before + 5)]
    changes = [("ProductChanged", "A", before + number) for number in range(1, 6)]
    assert await heard(shop, before) == [*changes, ("ProductRemoved", "A", before + 6)]
    assert (await shop.ask(ReadProducts(ids=("A",)))).products == ()


async def test_what_changes_nothing_is_no_change(shop: ShopUnderTest) -> None:
    rows = tuple(map(row, range(5)))
    await shop.ask(ImportSkus(rows=rows))
    before = await newest(shop)

    await shop.ask(ImportSkus(rows=rows))
    await shop.ask(ImportSkus(rows=rows, is_trial=True))
    await shop.ask(ChangeProduct(id="C1", title="Cup"))
    await shop.ask(RenameSku(id="C1", sku="C-1", name="C-1"))
    await shop.ask(RemoveProduct(id="nothing"))
    assert await heard(shop, before) == []

    dearer = structs.replace(rows[3], price=Money(amount=200, currency="EUR"))
    await shop.ask(ImportSkus(rows=(*rows[:3], dearer, rows[4], row(5))))
    assert {product for _, product, _ in await heard(shop, before)} == {"C3", "C5"}


async def test_changes_are_read_page_by_page_from_any_revision(shop: ShopUnderTest) -> None:
    before = await newest(shop)
    await shop.ask(ImportSkus(rows=tuple(map(row, range(7)))))
    await shop.ask(ChangeProduct(id="C2", title="Last"))

    found: list[Product] = []
    while page := (await shop.ask(ReadChanges(after=found[-1].revision if found else before, limit=3))).products:
        assert len(page) <= 3
        found += page

    assert [product.id for product in found][-1] == "C2"
    assert {product.id for product in found} == {f"C{number}" for number in range(7)}
    assert [product.revision for product in found] == sorted({product.revision for product in found})
    with pytest.raises(BadInput):
        await shop.ask(ReadProducts(ids=tuple(f"P{number}" for number in range(501))))


async def test_revisions_have_no_gaps_and_follow_the_order_of_commits(shop: ShopUnderTest) -> None:
    """Writers at once, and a reader beside them that reads on from the last revision it saw: it misses nothing."""
    before, chance = await newest(shop), Random(7)
    seen: dict[str, int] = {}
    is_over = False

    async def read_on() -> None:
        last = before
        while True:
            ended = is_over
            for product in (await shop.ask(ReadChanges(after=last, limit=4))).products:
                seen[product.id] = last = product.revision
            if ended and last == await newest(shop):
                return

    async def write(number: int) -> None:
        for step in range(8):
            places = chance.sample(range(12), 3)
            await shop.ask(ImportSkus(rows=tuple(row(place, f"{number} {step}") for place in places)))

    reader = asyncio.create_task(read_on())
    await asyncio.gather(*map(write, range(6)))
    is_over = True
    await reader

    revisions = [revision for _, _, revision in await heard(shop, before)]
    assert revisions == list(range(before + 1, before + len(revisions) + 1))
    products = (await shop.ask(ReadProducts(ids=tuple(f"C{number}" for number in range(12))))).products
    assert {product.id: product.revision for product in products} == seen
