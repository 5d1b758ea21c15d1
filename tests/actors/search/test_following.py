"""The search of a whole shop follows stock, attributes, sales and what is looked for; and the audit sees where not."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from actors.search.arranged import Arranged
from actors.search.asked import Question
from actors.search.indexer import Indexer
from actors.search.private import CountSales
from bus.messages.attributes import Attribute, SetAttribute
from bus.messages.audit import Audit, Finding, Repair
from bus.messages.base import Line, Money
from bus.messages.cart import Cart, CreateCart, SetLine
from bus.messages.catalog import ChangeProduct, Option, Product, SetProduct, SkuView
from bus.messages.inventory import SetOnHand
from bus.messages.search import (
    CheckSearch,
    Chosen,
    FindProducts,
    Found,
    ReadTerms,
    SetSynonyms,
    SynonymGroup,
)
from engine.errors import BadInput
from testkit import ShopUnderTest


async def create(shop: ShopUnderTest, product_id: str, title: str, *sizes: str, **rest: Any) -> None:
    skus = tuple(
        SkuView(sku=f"{product_id}-{size}", title="", price=Money(amount=1000, currency="EUR"), weight_g=10,
                options=(size,) if sizes else ())
        for size in sizes or ("1",)
    )  # fmt: skip
    options = (Option(name="Size", values=sizes),) if sizes else ()
    product = Product(id=product_id, slug=product_id.lower(), title=title, category="Home", description="", skus=skus,
                      options=options, **rest)  # fmt: skip
    await shop.ask(SetProduct(id=product_id, product=product, expected=0))
    await shop.clock.at_rest()


async def find(shop: ShopUnderTest, q: str = "", **filters: Any) -> Found:
    chosen = tuple(Chosen(facet=name, values=(value,)) for name, value in filters.items() if name != "in_stock")
    return await shop.ask(FindProducts(q=q, filters=chosen, in_stock=filters.get("in_stock", False)))


async def ids(shop: ShopUnderTest, q: str = "", **filters: Any) -> tuple[str, ...]:
    return (await find(shop, q, **filters)).ids


async def test_in_stock_follows_stock_across_zero(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    await create(shop, "JUG", "Blue Jug")
    assert await ids(shop, "blue", in_stock=True) == ()

    await shop.ask(SetOnHand(sku="JUG-1", on_hand=2))
    await shop.clock.at_rest()
    assert await ids(shop, "blue", in_stock=True) == ("JUG",)

    cart = await shop.ask(CreateCart())
    before = (await shop.ask(CheckSearch())).seq
    for quantity, left in ((1, ("JUG",)), (2, ())):
        assert isinstance(await shop.ask(SetLine(cart_id=cart.id, sku="JUG-1", quantity=quantity)), Cart)
        await shop.clock.at_rest()
        assert await ids(shop, "blue", in_stock=True) == left
    assert (await shop.ask(CheckSearch())).seq == before + 1  # Only what crosses zero is told.

    await shop.clock.advance(minutes=10)  # The hold ends.
    assert await ids(shop, "blue", in_stock=True) == ("JUG",)


async def test_a_bundle_is_in_stock_while_there_is_enough_of_each_part(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Vase")
    await create(shop, "JUG", "Jug")
    parts = (Line(sku="VASE-1", quantity=1), Line(sku="JUG-1", quantity=2))
    sku = SkuView(sku="SET", title="", price=Money(amount=1500, currency="EUR"), weight_g=10, parts=parts)
    product = Product(id="SET", slug="set", title="Blue Set", category="Home", description="", skus=(sku,))
    await shop.ask(SetProduct(id="SET", product=product, expected=0))

    for stocked, number, found in (("VASE-1", 1, ()), ("JUG-1", 2, ("SET",)), ("VASE-1", 0, ())):
        await shop.ask(SetOnHand(sku=stocked, on_hand=number))
        await shop.clock.at_rest()
        assert await ids(shop, "blue", in_stock=True) == found


async def test_options_and_attributes_are_facets(shop: ShopUnderTest) -> None:
    wool = Attribute(key="material", title="Made of", kind="choice", choices=("wool", "silk"), filterable=True)
    await shop.ask(SetAttribute(key="material", attribute=wool))
    await create(shop, "SHIRT", "Blue Shirt", "S", "M", attributes={"material": "wool"})
    await create(shop, "TIE", "Blue Tie", attributes={"material": "silk"})

    found = await find(shop, "blue", size="M")

    facets = {facet.facet: (facet.title, {each.value: each.count for each in facet.values}) for facet in found.facets}
    assert found.ids == ("SHIRT",)
    assert facets["size"] == ("Size", {"S": 1, "M": 1})
    assert facets["material"] == ("Made of", {"wool": 1})
    assert await ids(shop, "blue", material="silk") == ("TIE",)
    unknown = await find(shop, shape="round")
    assert (unknown.unknown_facet, unknown.ids) == ("shape", ())
    assert unknown.known_facets == ("price", "category", "brand", "material", "size")


async def test_a_definition_that_changes_the_layout_builds_the_index_anew(shop: ShopUnderTest) -> None:
    plain = Attribute(key="material", title="Made of", kind="text")
    await shop.ask(SetAttribute(key="material", attribute=plain))
    await create(shop, "TIE", "Blue Tie", attributes={"material": "mulberry"})
    assert await ids(shop, "mulberry") == ()

    await shop.ask(SetAttribute(key="material", attribute=structs.replace(plain, searchable=True, filterable=True)))
    await shop.clock.at_rest()

    assert await ids(shop, "mulberry") == ("TIE",)
    assert await ids(shop, material="mulberry") == ("TIE",)
    await shop.restart()
    await shop.clock.at_rest()
    assert await ids(shop, material="mulberry") == ("TIE",)


async def test_the_newest_first_with_filters(shop: ShopUnderTest) -> None:
    for name in ("B", "C", "A"):
        await create(shop, name, f"Blue {name}")
    await shop.ask(ChangeProduct(id="B", title="Blue Bee"))
    await shop.clock.at_rest()

    found = await shop.ask(FindProducts(q="blue", sort="newest"))

    assert found.ids == ("A", "C", "B")


async def test_a_cursor_is_of_one_search(shop: ShopUnderTest) -> None:
    for name in ("A", "B", "C"):
        await create(shop, name, f"Blue {name}", "S")
    ask = FindProducts(q="blue", limit=1, filters=(Chosen(facet="size", values=("S",)),))
    first = await shop.ask(ask)
    assert first.next

    for other in (
        structs.replace(ask, in_stock=True),
        structs.replace(ask, filters=()),
        structs.replace(ask, sort="newest"),
        structs.replace(ask, price_from=1),
    ):
        with pytest.raises(BadInput, match="another search"):
            await shop.ask(structs.replace(other, after=first.next))


async def test_what_sells_comes_first_among_equals_the_day_after(shop: ShopUnderTest) -> None:
    for name in ("V1", "V2", "V3"):
        await create(shop, name, "Blue Vase")
        await shop.ask(SetOnHand(sku=f"{name}-1", on_hand=50))
    last = (await ids(shop, "blue vase"))[-1]
    nine: Any = {f"{last}-1": 9}
    for _ in range(3):
        await shop.buy(**nine)
    await shop.check_out(**nine)  # Not paid: not sold.
    assert (await ids(shop, "blue vase"))[-1] == last

    await shop.clock.advance(hours=25)
    await shop.clock.at_rest()

    assert (await ids(shop, "blue vase"))[0] == last
    rows = await shop.inside.services.database.fetch("select sku, units from search.sold")
    assert [tuple(row) for row in rows] == [(f"{last}-1", 27)]
    await shop.ask(CountSales())
    assert len(await shop.inside.services.database.fetch("select from search.sold")) == 1

    await shop.clock.advance(hours=24 * 31)
    await shop.clock.at_rest()
    assert await shop.inside.services.database.fetch("select from search.sold") == []
    assert (await ids(shop, "blue vase"))[-1] == last


async def test_what_is_looked_for_is_counted_without_who_looked(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    for q in ("Vase!", "vase", "unicorn", "ada@example.com", "", "vase"):
        await find(shop, q)
    await shop.ask(FindProducts(q="vase", limit=0))
    assert (await shop.ask(ReadTerms())).terms == ()

    await shop.clock.advance(seconds=10)
    terms = (await shop.ask(ReadTerms())).terms
    assert [(each.query, each.searches, each.empty) for each in terms] == [("vase", 3, 0), ("unicorn", 1, 1)]
    assert [each.query for each in (await shop.ask(ReadTerms(in_vain=True))).terms] == ["unicorn"]

    await shop.clock.advance(hours=24)
    await find(shop, "unicorn")
    await shop.clock.advance(seconds=10)
    assert [each.searches for each in (await shop.ask(ReadTerms(days=1))).terms] == [1]
    assert [each.searches for each in (await shop.ask(ReadTerms(days=2))).terms] == [3, 2]
    await shop.clock.advance(hours=24 * 90)
    await find(shop, "vase")
    await shop.clock.advance(seconds=10)
    assert [each.searches for each in (await shop.ask(ReadTerms(days=90))).terms] == [1]
    for wrong in (ReadTerms(days=0), ReadTerms(days=91), ReadTerms(limit=0), ReadTerms(limit=1001)):
        with pytest.raises(BadInput):
            await shop.ask(wrong)


async def test_the_audit_finds_what_the_index_lacks_and_mends_it(shop: ShopUnderTest) -> None:
    await create(shop, "VASE", "Blue Vase")
    await create(shop, "JUG", "Jug", status="draft")
    assert await findings(shop) == []

    database = shop.inside.services.database
    async with database.transaction(shop.clock.now()) as tx:  # Behind the catalog's back: nobody is told.
        await tx.execute("update catalog.products set status = 'active' where id = 'JUG'")
        await tx.execute("update catalog.products set status = 'archived' where id = 'VASE'")
    found = {(each.about, each.check) for each in await findings(shop)}
    assert found == {("JUG", "product_is_indexed"), ("VASE", "indexed_is_on_sale")}

    made = {each.about for each in (await shop.ask(Repair())).repairs}
    await shop.clock.at_rest()
    assert made == {"JUG", "VASE"}
    assert await findings(shop) == []
    assert await ids(shop, "jug") == ("JUG",)


async def findings(shop: ShopUnderTest) -> list[Finding]:
    return [each for each in (await shop.ask(Audit())).findings if each.rule.startswith("S")]


async def test_popular_terms_of_a_day_are_bounded(shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.search.terms._MOST_A_DAY", 3)
    for q in ("one", "two", "three"):
        await find(shop, q)
    await shop.clock.advance(seconds=10)
    await find(shop, "four")
    await find(shop, "two")
    await shop.clock.advance(seconds=10)

    counted = {each.query: each.searches for each in (await shop.ask(ReadTerms())).terms}
    assert counted == {"one": 1, "two": 2, "three": 1}


async def test_another_process_with_a_folder_of_its_own_hears_what_is_arranged(
    shop: ShopUnderTest, tmp_path: Path
) -> None:
    database = shop.inside.services.database
    arranged = Arranged(database)
    other = Indexer(bus=shop.inside.bus, database=database, clock=shop.clock, home=tmp_path / "search", language="en",
                    arranged=arranged)  # fmt: skip
    await other.start()
    plain = Attribute(key="material", title="Made of", kind="text")
    await shop.ask(SetAttribute(key="material", attribute=plain))
    await create(shop, "TIE", "Blue Tie", attributes={"material": "mulberry"})
    assert await other.catch_up()
    assert (arranged.synonyms, other.finder and other.finder.find(Question(q="mulberry"), 1).ids) == ([], ())

    await shop.ask(SetSynonyms(groups=(SynonymGroup(words=("couch", "sofa")),)))
    await shop.ask(SetAttribute(key="material", attribute=structs.replace(plain, searchable=True)))
    await shop.clock.at_rest()
    assert await other.catch_up()

    assert other.finder
    assert other.finder.find(Question(q="mulberry"), 1).ids == ("TIE",)
    assert [synonym.of for synonym in arranged.synonyms] == [("couch",), ("sofa",)]
    assert [each.searchable for each in arranged.attributes] == [True]
