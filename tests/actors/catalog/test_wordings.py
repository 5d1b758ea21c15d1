"""Wordings: outdated exactly when a text has moved; every name that there ever was leads to its owner, or is gone."""

from collections.abc import Sequence
from random import Random

import pytest
from asyncpg import Record
from msgspec import structs

from bus.messages.attributes import Attribute, RemoveAttribute, SetAttribute
from bus.messages.base import Money
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.navigation import (
    Category,
    CategoryFound,
    Collection,
    FindCategory,
    GetCollection,
    NoSuchCollection,
    PathTaken,
    ReadBelow,
    RemoveCategory,
    RemoveCollection,
    SetCategory,
    SetCollection,
)
from bus.messages.wordings import (
    DropWording,
    NoSuchWording,
    NothingToWord,
    ReadTexts,
    ReadWordings,
    SetWording,
    Wording,
    WordingKind,
    Wordings,
    WordingTexts,
)
from engine.errors import BadInput
from engine.postgres import Database
from testkit import ShopUnderTest


async def category(shop: ShopUnderTest, name: str, slug: str = "", **fields: object) -> object:
    wanted = structs.replace(Category(id=name, slug=slug or name, title=name.title()), **fields)
    return await shop.ask(SetCategory(id=name, category=wanted))


async def collection(shop: ShopUnderTest, name: str, slug: str = "", title: str = "Sale") -> object:
    wanted = Collection(id=name, slug=slug or name, title=title, items=("MUG",))
    return await shop.ask(SetCollection(id=name, collection=wanted))


async def word(
    shop: ShopUnderTest, kind: WordingKind, name: str, locale: str = "de", of: int | None = None, **texts: object
) -> object:
    own = structs.replace(WordingTexts(), **texts)
    return await shop.ask(SetWording(id=name, kind=kind, locale=locale, texts=own, of_revision=of))


async def outdated(shop: ShopUnderTest, kind: WordingKind, name: str) -> list[bool]:
    found = await shop.ask(ReadWordings(id=name, kind=kind))
    assert isinstance(found, Wordings)
    return [each.is_outdated for each in found.wordings]


async def called(shop: ShopUnderTest, path: str) -> str:
    """The id of the category that a path leads to; the path that it moved to; or that it is gone or unknown."""
    found = await shop.ask(FindCategory(path=path))
    if isinstance(found, CategoryFound):
        return found.found.category.id
    return f"at {found.path}" if found.path else "gone" if found.is_gone else "unknown"


async def test_texts_are_outdated_exactly_when_the_original_has_moved(shop: ShopUnderTest) -> None:
    await category(shop, "shirts")
    await collection(shop, "sale")
    wool = Attribute(key="material", title="Material", kind="choice", choices=("wool",))
    await shop.ask(SetAttribute(key="material", attribute=wool))
    kinds: list[tuple[WordingKind, str]] = [("category", "shirts"), ("collection", "sale"), ("attribute", "material")]
    for kind, name in kinds:
        assert isinstance(await word(shop, kind, name, title="Titel"), Wording)
        assert await outdated(shop, kind, name) == [False]

    await category(shop, "shirts", slug="tops", place=3)  # No text.
    await collection(shop, "sale", slug="sales")
    await shop.ask(SetAttribute(key="material", attribute=structs.replace(wool, place=9)))
    assert [await outdated(shop, kind, name) for kind, name in kinds] == [[False]] * 3

    await category(shop, "shirts", slug="tops", description="New.")
    await collection(shop, "sale", title="All must go")
    await shop.ask(SetAttribute(key="material", attribute=structs.replace(wool, choices=("wool", "silk"))))
    assert [await outdated(shop, kind, name) for kind, name in kinds] == [[True]] * 3

    for kind, name in kinds:
        await word(shop, kind, name, of=1, title="Titel")  # What the translator read was the old text.
        assert await outdated(shop, kind, name) == [True]
        await word(shop, kind, name, of=2, title="Titel")
        assert await outdated(shop, kind, name) == [False]
        with pytest.raises(BadInput, match="its texts are at 2"):
            await word(shop, kind, name, of=3, title="Titel")


async def test_every_path_in_any_language_leads_to_its_category(shop: ShopUnderTest) -> None:
    await category(shop, "clothing")
    await category(shop, "shirts", parent="clothing")
    await category(shop, "hats")
    await word(shop, "category", "shirts", title="Hemden", slug="kleidung/hemden")
    assert await called(shop, "kleidung/hemden") == "shirts"
    assert (await shop.ask(ReadBelow(ids=("kleidung/hemden",)))).ids == ("shirts",)

    taken = await word(shop, "category", "hats", slug="kleidung/hemden")
    assert taken == PathTaken(path="kleidung/hemden", by="shirts")
    assert await word(shop, "category", "hats", slug="clothing/shirts") == PathTaken(
        path="clothing/shirts", by="shirts"
    )
    await word(shop, "category", "hats", slug="x/shirts")
    moved = await category(shop, "clothing", slug="x")  # With all below it, to a path that is another's.
    assert moved == PathTaken(path="x/shirts", by="hats")
    assert await category(shop, "new", slug="x") != moved

    await word(shop, "category", "shirts", slug="hemden")
    assert (await called(shop, "kleidung/hemden"), await called(shop, "hemden")) == ("at clothing/shirts", "shirts")
    await word(shop, "category", "hats", slug="kleidung/hemden")
    assert await called(shop, "kleidung/hemden") == "hats"
    await shop.ask(DropWording(id="hats", kind="category", locale="de"))
    assert await called(shop, "kleidung/hemden") == "at hats"
    await shop.ask(RemoveCategory(id="shirts"))
    assert await called(shop, "hemden") == "gone"
    assert await called(shop, "huete") == "unknown"


async def test_a_line_that_names_a_path_in_another_language_means_that_category(shop: ShopUnderTest) -> None:
    await category(shop, "shirts")
    await word(shop, "category", "shirts", slug="kleidung/hemden")
    line = SkuRow(
        product_id="TEE", slug="tee", title="Tee", category="Kleidung/Hemden", description="", sku="TEE", sku_title="",
        price=Money(amount=100, currency="EUR"), weight_g=100,
    )  # fmt: skip
    assert (await shop.ask(ImportSkus(rows=(line,)))).refused == ()
    assert await called(shop, "kleidung/hemden") == "shirts"
    found = await shop.ask(FindCategory(path="shirts"))
    await shop.clock.advance(seconds=6)
    found = await shop.ask(FindCategory(path="shirts"))
    assert isinstance(found, CategoryFound)
    assert found.found.products == 1


async def test_every_slug_of_a_collection_leads_to_it(shop: ShopUnderTest) -> None:
    await collection(shop, "sale")
    await collection(shop, "gifts")
    await word(shop, "collection", "sale", slug="ausverkauf")
    assert await word(shop, "collection", "gifts", slug="ausverkauf") == PathTaken(path="ausverkauf", by="sale")
    assert await collection(shop, "new", slug="ausverkauf") == PathTaken(path="ausverkauf", by="sale")

    found = await shop.ask(GetCollection(id="ausverkauf"))
    assert isinstance(found, Collection)
    assert found.id == "sale"
    await word(shop, "collection", "sale", slug="rabatt")
    assert await shop.ask(GetCollection(id="ausverkauf")) == NoSuchCollection(id="ausverkauf", slug="sale")
    await shop.ask(RemoveCollection(id="sale"))
    assert await shop.ask(GetCollection(id="rabatt")) == NoSuchCollection(id="rabatt", is_gone=True)


async def test_what_is_removed_has_no_texts_and_neither_has_what_was_never_there(shop: ShopUnderTest) -> None:
    await shop.ask(SetAttribute(key="size", attribute=Attribute(key="size", title="Size", kind="text")))
    await word(shop, "attribute", "size", title="Größe")
    await shop.ask(RemoveAttribute(key="size"))
    nothing = NothingToWord(id="size", kind="attribute")
    assert await shop.ask(ReadWordings(id="size", kind="attribute")) == nothing
    assert await word(shop, "attribute", "size", title="Größe") == nothing
    await shop.ask(SetAttribute(key="size", attribute=Attribute(key="size", title="Size", kind="text")))
    assert await outdated(shop, "attribute", "size") == []
    dropped = await shop.ask(DropWording(id="size", kind="attribute", locale="de"))
    assert dropped == NoSuchWording(id="size", kind="attribute", locale="de")


@pytest.mark.parametrize(
    ("kind", "locale", "texts", "said"),
    [
        ("category", "DE", {}, "locale must be a language"),
        ("category", "en", {}, "change the category itself"),
        ("category", "de", {"title": "a\nb"}, "title is one line"),
        ("category", "de", {"slug": "a/b/c/d/e/f/g"}, "at most 6 parts"),
        ("collection", "de", {"slug": "a/b"}, "at most 1 parts"),
        ("category", "de", {"slug": "Über"}, "lower-case words"),
        ("category", "de", {"words": {"a": "b"}}, "words are of attributes"),
        ("attribute", "de", {"slug": "a"}, "neither slug nor description"),
        ("attribute", "de", {"words": {"a": " "}}, "words have 1 to 100"),
    ],
)
async def test_what_does_not_fit_is_refused_in_words(
    shop: ShopUnderTest, kind: WordingKind, locale: str, texts: dict[str, object], said: str
) -> None:
    own = structs.replace(WordingTexts(), **texts)
    with pytest.raises(BadInput, match=said):
        await shop.ask(SetWording(id="any", kind=kind, locale=locale, texts=own))


async def test_texts_are_in_the_first_language_that_each_has(shop: ShopUnderTest) -> None:
    """Against a plain dict, by which the best language is looked up."""
    random, model = Random(7), dict[tuple[str, str], str]()
    names, languages = ["a1", "b2", "c3"], ["de", "fr", "pt-BR"]
    for name in names:
        await category(shop, name)
    for step in range(40):
        name, locale = random.choice(names), random.choice(languages)
        if random.random() < 0.3:
            await shop.ask(DropWording(id=name, kind="category", locale=locale))
            model.pop((name, locale), None)
        else:
            await word(shop, "category", name, locale=locale, title=f"Title {step}", description="Long.")
            model[name, locale] = f"Title {step}"
        wanted = tuple(random.sample(languages, random.randint(1, 3)))
        best = {each: next((model[each, one] for one in wanted if (each, one) in model), None) for each in names}
        texts = (await shop.ask(ReadTexts(kind="category", locales=wanted))).worded
        assert {each.id: each.texts.title for each in texts} == {key: text for key, text in best.items() if text}
        own = (await shop.ask(ReadTexts(kind="category", locales=wanted, id=name))).worded
        assert [each.texts.title for each in own] == ([best[name]] if best[name] else [])
        assert all(each.texts.description == "Long." for each in own)


async def test_languages_that_there_are_not_cost_no_statement(
    shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await category(shop, "shirts")
    await word(shop, "category", "shirts", title="Hemden")
    await shop.ask(ReadTexts(kind="category", locales=("de",)))
    asked, fetch = list[str](), Database.fetch

    async def counted(database: Database, statement: str, *parameters: object) -> Sequence[Record]:
        asked.append(statement)
        return await fetch(database, statement, *parameters)

    monkeypatch.setattr(Database, "fetch", counted)
    found = (await shop.ask(ReadTexts(kind="category", locales=("xx", "yy-ZZ", "de")))).worded
    assert [each.texts.title for each in found] == ["Hemden"]
    assert not [statement for statement in asked if "wordings" in statement]
