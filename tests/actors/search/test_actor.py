"""The search of a whole shop: it follows the catalog, whatever happens to its folder."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from actors.search.folder import IndexFolder
from bus.messages.base import Money
from bus.messages.catalog import ChangeProduct, Product, RemoveProduct, SetProduct, SkuView
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.search import (
    CheckSearch,
    Chosen,
    Compounds,
    ExplainHit,
    FindProducts,
    ReadCompounds,
    ReadSearchRules,
    ReadSynonyms,
    Reason,
    Reindex,
    RelatedTo,
    SearchRule,
    SetCompounds,
    SetSearchRules,
    SetSynonyms,
    Suggest,
    SynonymGroup,
)
from engine.errors import BadInput
from testkit import ShopUnderTest
from tests.waiting import eventually


async def create(
    shop: ShopUnderTest, product_id: str, title: str, category: str = "Home", price: int = 1000, **rest: Any
) -> None:
    sku = SkuView(sku=f"{product_id}-1", title="", price=Money(amount=price, currency="EUR"), weight_g=10)
    product = Product(
        id=product_id, slug=product_id.lower(), title=title, category=category, description="", skus=(sku,), **rest
    )
    await shop.ask(SetProduct(id=product_id, product=product, expected=0))
    await shop.clock.at_rest()


async def find(shop: ShopUnderTest, q: str) -> tuple[str, ...]:
    return (await shop.ask(FindProducts(q=q))).ids


def folder(shop: ShopUnderTest) -> Path:
    return shop.inside.settings.engine.shopflow_data / "search"


async def test_a_product_is_found_when_it_is_there_and_not_when_it_is_gone(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    assert await find(shop, "vasse") == ("VASE",)
    assert await find(shop, "blue vase") == ("VASE",)

    await shop.ask(ChangeProduct(id="VASE", title="Green Jug"))
    await shop.clock.at_rest()
    assert await find(shop, "vase") == ("VASE",)  # By its id.
    assert await find(shop, "blue") == ()
    assert await find(shop, "jug") == ("VASE",)

    await shop.ask(RemoveProduct(id="VASE"))
    await shop.clock.at_rest()
    assert await find(shop, "jug") == ()


async def test_an_index_that_is_lost_is_built_anew(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    before = await shop.ask(CheckSearch())
    shutil.rmtree(folder(shop))
    await shop.restart()
    await shop.clock.at_rest()

    async def is_as_before() -> bool:  # Its loop may not have begun yet.
        after = await shop.ask(CheckSearch())
        return (after.products, after.seq, after.behind) == (before.products, before.seq, 0)

    assert before.is_there
    assert await eventually(is_as_before)
    assert await find(shop, "vase") == ("VASE",)


async def test_an_index_from_before_a_restore_is_built_anew(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    await create(shop, "JUG", "Jug")
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await tx.execute("delete from search.changes")
        await tx.execute("update search.counter set seq = 0")
    await shop.restart()
    await shop.clock.at_rest()

    async def is_anew() -> bool:  # Its loop may not have begun yet.
        health = await shop.ask(CheckSearch())
        return (health.seq, health.behind) == (0, 0)

    assert await eventually(is_anew)
    assert await find(shop, "vase") == ("VASE",)


async def test_many_changes_are_indexed_to_the_last(shop: ShopUnderTest) -> None:
    rows = [
        SkuRow(
            product_id=f"P{number}", slug=f"p{number}", title=f"Plate {number}", category="Plates", description="",
            sku=f"P{number}", sku_title="", price=Money(amount=number + 1, currency="EUR"), weight_g=1,
        )
        for number in range(1000)
    ]  # fmt: skip
    before = await shop.ask(CheckSearch())
    await shop.ask(ImportSkus(rows=tuple(rows)))
    await shop.clock.at_rest()

    after = await shop.ask(CheckSearch())
    assert after.products == before.products + 1000
    assert after.seq == before.seq + 1000
    assert after.behind == 0
    assert await find(shop, "plate 777") == ("P777",)


async def test_an_index_is_rebuilt_on_demand(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    before = {path.name for path in folder(shop).rglob("*") if path.name.isdecimal()}
    await shop.ask(Reindex())
    await shop.clock.at_rest()

    assert {path.name for path in folder(shop).rglob("*") if path.name.isdecimal()} > before
    assert not (await shop.ask(CheckSearch())).is_building
    assert await find(shop, "vase") == ("VASE",)


async def test_filters_facets_and_pages(shop: ShopUnderTest) -> None:
    for number in range(5):
        await create(shop, f"V{number}", f"Vase {number}", "Home" if number else "Garden", price=1000 + number)

    ask = FindProducts(q="vase", limit=2, sort="-price", filters=(Chosen(facet="category", values=("Home",)),))
    found = await shop.ask(ask)
    assert found.ids == ("V4", "V3")
    assert found.total == 4
    assert {value.value: value.count for value in found.facets[0].values} == {"Home": 4, "Garden": 1}
    assert found.prices == (1001, 1004)
    following = await shop.ask(structs.replace(ask, after=found.next or ""))
    assert following.ids == ("V2", "V1")
    assert following.next is None


async def test_what_is_out_of_bounds_is_refused(shop: ShopUnderTest) -> None:
    first = await shop.ask(FindProducts(limit=1))
    for ask in (
        FindProducts(filters=(Chosen(facet="brand", values=("x",)),) * 2),
        FindProducts(filters=(Chosen(facet="category", values=("x",) * 51),)),
        FindProducts(q="mug", after=first.next or ""),
        FindProducts(after="nonsense"),
    ):
        with pytest.raises(BadInput):
            await shop.ask(ask)


async def test_staff_arrange_synonyms_and_rules(shop: ShopUnderTest) -> None:
    await create(shop, "SOFA", "Corner Sofa")
    await create(shop, "V1", "Vase One")
    await create(shop, "V2", "Vase Two")
    groups = (SynonymGroup(words=("couch", "sofa")),)
    pin, lead = SearchRule(query="VASE!", pinned=("V2",), buried=("V1",)), SearchRule(query="help", redirect="/help")
    rules = (pin, lead)
    await shop.ask(SetSynonyms(groups=groups))
    await shop.ask(SetSearchRules(rules=rules))

    for _ in range(2):  # As it is arranged now, and as it is read at the next start.
        assert await find(shop, "couch") == ("SOFA",)
        assert await find(shop, "vase") == ("V2", "V1")
        assert (await shop.ask(FindProducts(q="Help"))).redirect == "/help"
        await shop.restart()
        await shop.clock.at_rest()
    assert (await shop.ask(ReadSynonyms())).groups == groups
    assert set((await shop.ask(ReadSearchRules())).rules) == set(rules)


@pytest.mark.parametrize("redirect", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere", "/a\nb"])
async def test_a_rule_leads_to_no_other_shop(shop: ShopUnderTest, redirect: str) -> None:
    with pytest.raises(BadInput):
        await shop.ask(SetSearchRules(rules=(SearchRule(query="mug", redirect=redirect),)))


async def test_suggestions_and_explanations(shop: ShopUnderTest) -> None:
    await create(shop, "SOFA", "Corner Sofa", "Furniture")

    suggested = await shop.ask(Suggest(q="sof"))
    explained = await shop.ask(ExplainHit(q="sofa", id="SOFA"))

    assert [(each.id, each.title) for each in suggested.products] == [("SOFA", "Corner Sofa")]
    assert suggested.categories == ("Furniture",)
    assert explained.reasons[0] == Reason(word="sofa", way="title", score=8.0)


async def test_a_shop_without_an_index_says_so(shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.search.folder.IndexFolder.refresh", lambda _: None)
    monkeypatch.setattr("actors.search.folder.IndexFolder.lock", lambda _: False)
    await shop.restart()

    assert (await shop.ask(FindProducts(q="mug"))).is_degraded
    assert not (await shop.ask(CheckSearch())).is_there


async def test_an_index_is_not_written_while_another_process_does(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    (place,) = (path for path in folder(shop).glob("*/*") if path.is_dir())
    other = IndexFolder(place.parent, "en")
    assert other.lock()
    await create(shop, "JUG", "Jug")
    assert await find(shop, "jug") == ()
    assert (await shop.ask(CheckSearch())).behind == 1
    other.close()
    await shop.clock.advance(seconds=1)

    assert await find(shop, "jug") == ("JUG",)


async def test_a_product_is_found_while_buyers_see_it_to_the_second(shop: ShopUnderTest) -> None:
    soon = shop.clock.now() + timedelta(seconds=10)
    await create(shop, "VASE", "Blue Vase", publish_at=soon, unpublish_at=soon + timedelta(seconds=10))
    await create(shop, "JUG", "Blue Jug", status="draft")

    assert await find(shop, "blue") == ()
    await shop.clock.advance(seconds=9.999)
    assert await find(shop, "blue") == ()
    await shop.clock.advance(seconds=0.001)
    assert await find(shop, "blue") == ("VASE",)
    await shop.clock.advance(seconds=9.999)
    assert await find(shop, "blue") == ("VASE",)
    await shop.clock.advance(seconds=0.001)
    assert await find(shop, "blue") == ()
    await shop.ask(ChangeProduct(id="JUG", status="active"))
    await shop.clock.at_rest()
    assert await find(shop, "blue") == ("JUG",)
    await shop.ask(ChangeProduct(id="JUG", status="archived"))
    await shop.clock.at_rest()
    assert await find(shop, "blue") == ()


async def test_parts_of_compounds_find_the_whole_and_the_whole_its_parts(shop: ShopUnderTest) -> None:
    await create(shop, "KETTLE", "Wasserkocher")
    await create(shop, "JUG", "Kocher ohne Wasser")
    assert await find(shop, "kocher") == ("JUG",)

    assert await shop.ask(SetCompounds(words=("Wasser", "kocher", "KOCHER"))) == Compounds(words=("kocher", "wasser"))
    await shop.clock.at_rest()

    assert await find(shop, "kocher") == ("JUG", "KETTLE")
    assert await find(shop, "wasserkocher") == ("KETTLE", "JUG")
    await create(shop, "POT", "Wasserkochers")  # What comes later is taken apart as well.
    assert "POT" in await find(shop, "wasser")
    await shop.restart()
    await shop.clock.at_rest()
    assert await find(shop, "wasserkocher") == ("KETTLE", "POT", "JUG")
    await shop.ask(SetCompounds(words=()))
    await shop.clock.at_rest()
    assert await find(shop, "kocher") == ("JUG",)
    assert (await shop.ask(ReadCompounds())).words == ()


@pytest.mark.parametrize("words", [("two words",), ("",), ("a",), ("x" * 51,), ("ab",) * 1001])
async def test_words_of_compounds_are_bounded(shop: ShopUnderTest, words: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        await shop.ask(SetCompounds(words=words))


async def test_related_products_are_those_on_sale(shop: ShopUnderTest) -> None:
    for name in ("Blue Vase", "Red Vase", "Vase of Clay"):
        await create(shop, name.split()[0].upper(), name, category="Vases")
    await create(shop, "TORCH", "Torch", category="Torches")

    assert set((await shop.ask(RelatedTo(id="BLUE"))).ids) == {"RED", "VASE"}
    await shop.ask(ChangeProduct(id="RED", status="archived"))
    await shop.clock.at_rest()
    assert (await shop.ask(RelatedTo(id="BLUE"))).ids == ("VASE",)
    assert (await shop.ask(RelatedTo(id="TORCH"))).ids == ()
    assert (await shop.ask(RelatedTo(id="NOTHING"))).ids == ()
    with pytest.raises(BadInput):
        await shop.ask(RelatedTo(id="BLUE", limit=25))
