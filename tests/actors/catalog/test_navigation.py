"""The tree of categories on a real database: moves, former paths, titles; and redirects that meet."""

import asyncio
from random import Random

import pytest
from msgspec import structs

from bus.messages.base import Money
from bus.messages.catalog import (
    ChangeProduct,
    GetProduct,
    ListProducts,
    Product,
    ProductChanged,
    UndoChange,
)
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.navigation import (
    MOST_LEVELS,
    AuditCategories,
    Category,
    CategoryFound,
    CategoryInUse,
    CategoryRemoved,
    FindCategory,
    FindRedirect,
    NoSuchCategory,
    PathTaken,
    ReadBelow,
    ReadCategoryTree,
    Redirect,
    RemoveCategory,
    SetCategory,
    SetRedirects,
)
from engine.errors import BadInput
from testkit import ShopUnderTest


def row(number: int, category: str) -> SkuRow:
    return SkuRow(
        product_id=f"C{number}", slug=f"c-{number}", title="Cup", category=category, description="", sku=f"C-{number}",
        sku_title="", price=Money(amount=100, currency="EUR"), weight_g=100,
    )  # fmt: skip


async def put(shop: ShopUnderTest, name: str, parent: str | None = None, **fields: object) -> Category:
    wanted = structs.replace(Category(id=name, slug=name, title=name.title(), parent=parent), **fields)
    answer = await shop.ask(SetCategory(id=name, category=wanted))
    assert isinstance(answer, Category), answer
    return answer


async def paths(shop: ShopUnderTest) -> dict[str, str]:
    tree = await shop.ask(ReadCategoryTree())
    return {each.category.id: each.category.path for each in tree.categories}


async def product(shop: ShopUnderTest, name: str) -> Product:
    found = await shop.ask(GetProduct(id=name))
    assert isinstance(found, Product)
    return found


async def test_a_category_moves_with_all_below_it_and_its_old_paths_lead_there(shop: ShopUnderTest) -> None:
    await put(shop, "clothing")
    await put(shop, "shirts", "clothing")
    await put(shop, "polo", "shirts")
    await put(shop, "clothing-2")  # Begins alike, and is not below it.
    await put(shop, "kids")

    await put(shop, "clothing", "kids", slug="clothes")

    found = await paths(shop)
    assert (found["polo"], found["clothing-2"]) == ("kids/clothes/shirts/polo", "clothing-2")
    assert await shop.ask(FindCategory(path="clothing/shirts/polo")) == NoSuchCategory(
        id="clothing/shirts/polo", path="kids/clothes/shirts/polo"
    )
    polo = await shop.ask(FindCategory(path="kids/clothes/shirts/polo"))
    assert isinstance(polo, CategoryFound)
    assert [each.id for each in polo.above] == ["kids", "clothing", "shirts"]
    assert set((await shop.ask(ReadBelow(ids=("kids/clothes",)))).ids) == {"clothing", "shirts", "polo"}

    await put(shop, "new", slug="clothing")  # Takes the old path; what was below it is not forgotten.
    assert isinstance(await shop.ask(FindCategory(path="clothing")), CategoryFound)
    old = await shop.ask(FindCategory(path="clothing/shirts"))
    assert isinstance(old, NoSuchCategory)
    assert old.path == "kids/clothes/shirts"


async def test_moves_at_random_keep_the_tree_a_tree(shop: ShopUnderTest) -> None:
    """Against a model: parents and slugs in a dict, and each path made anew from the top."""
    chance, parents = Random(5), dict[str, str | None]()
    slugs: dict[str, str] = {}

    def above(name: str | None) -> list[str]:
        return [] if name is None else [*above(parents[name]), name]

    def height(name: str) -> int:
        return max([0, *(1 + height(child) for child, parent in parents.items() if parent == name)])

    for _ in range(120):
        name, parent = f"n{chance.randrange(14)}", chance.choice([None, *parents])
        slug = chance.choice(["a", "b", "c"])
        taken = any(other != name and (parents[other], slugs[other]) == (parent, slug) for other in parents)
        is_below_itself = name in above(parent)
        is_deep = len(above(parent)) + 1 + (height(name) if name in parents else 0) > MOST_LEVELS
        wanted = Category(id=name, slug=slug, title="T", parent=parent)
        if is_below_itself or is_deep:
            with pytest.raises(BadInput, match="parent"):
                await shop.ask(SetCategory(id=name, category=wanted))
            continue
        answer = await shop.ask(SetCategory(id=name, category=wanted))
        assert isinstance(answer, PathTaken) == taken
        if not taken:
            parents[name], slugs[name] = parent, slug

    found = await paths(shop)
    assert {name: found[name] for name in parents} == {
        name: "/".join(slugs[each] for each in above(name)) for name in parents
    }
    assert len({*found.values()}) == len(found)


async def test_a_category_in_use_stays(shop: ShopUnderTest) -> None:
    await shop.ask(ImportSkus(rows=(row(1, "tools/hammers"),)))
    assert await shop.ask(RemoveCategory(id="hammers")) == CategoryInUse(id="hammers", products=1, below=0)
    assert await shop.ask(RemoveCategory(id="tools")) == CategoryInUse(id="tools", products=0, below=1)

    await shop.ask(ChangeProduct(id="C1", category=""))
    assert await shop.ask(RemoveCategory(id="hammers")) == CategoryRemoved(id="hammers")
    assert await shop.ask(RemoveCategory(id="tools")) == CategoryRemoved(id="tools")
    assert await shop.ask(RemoveCategory(id="tools")) == NoSuchCategory(id="tools")
    gone = await shop.ask(FindCategory(path="tools/hammers"))
    assert isinstance(gone, NoSuchCategory)
    assert gone.is_gone


async def test_products_get_a_categorys_new_title_and_all_hear_of_it(shop: ShopUnderTest) -> None:
    await shop.ask(ImportSkus(rows=(row(1, "Tools"), row(2, "Tools"), row(3, "Other"))))
    await shop.ask(ChangeProduct(id="C3", categories=("other", "tools")))
    await shop.settle()
    before = max(event.revision for event in shop.published(ProductChanged))

    await put(shop, "tools", title="Hand tools")
    await shop.settle()

    assert [(await product(shop, name)).category for name in ("C1", "C2", "C3")] == [
        "Hand tools", "Hand tools", "Other",
    ]  # fmt: skip
    told = {event.product_id for event in shop.published(ProductChanged) if event.revision > before}
    assert told == {"C1", "C2"}


async def test_a_change_of_categories_is_undone(shop: ShopUnderTest) -> None:
    await shop.ask(ImportSkus(rows=(row(1, "Tools"),)))
    changed = await shop.ask(ChangeProduct(id="C1", category="Garden/Spades"))
    assert isinstance(changed, Product)
    assert (changed.category, changed.categories) == ("Spades", ("spades",))

    await shop.ask(UndoChange(id="C1", revision=changed.revision))

    again = await product(shop, "C1")
    assert (again.category, again.categories) == ("Tools", ("tools",))


async def test_a_trial_makes_no_category(shop: ShopUnderTest) -> None:
    await shop.ask(ImportSkus(rows=(row(1, "Somewhere/New"),), is_trial=True))

    assert isinstance(await shop.ask(FindCategory(path="somewhere")), NoSuchCategory)


async def test_lists_and_numbers_are_of_all_that_is_below(shop: ShopUnderTest) -> None:
    await shop.ask(ImportSkus(rows=(row(1, "tools"), row(2, "tools/hammers"), row(3, "tools/saws"))))
    await shop.ask(ChangeProduct(id="C2", categories=("hammers", "saws")))
    await shop.ask(ChangeProduct(id="C1", status="draft"))
    await shop.clock.advance(seconds=6)

    tree = await shop.ask(ReadCategoryTree())
    numbers = {each.category.id: each.products for each in tree.categories}
    assert (numbers["tools"], numbers["hammers"], numbers["saws"]) == (2, 1, 2)
    below = (await shop.ask(ReadBelow(ids=("tools", "nothing")))).ids
    assert set(below) == {"tools", "hammers", "saws"}
    assert [each.id for each in (await shop.ask(ListProducts(within=below))).products] == ["C2", "C3"]


async def test_the_audit_finds_what_is_lost_or_astray_and_its_remedies_help(shop: ShopUnderTest) -> None:
    await shop.ask(ImportSkus(rows=(row(1, "tools/hammers"), row(2, "tools"))))
    healthy = await shop.ask(AuditCategories())
    assert (healthy.findings, healthy.checked) == ((), len(await paths(shop)))

    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await tx.execute("update catalog.products set categories = '{tools,nothing}' where id = 'C2'")
        await tx.execute("update catalog.categories set path = 'odd/hammers' where id = 'hammers'")

    found = (await shop.ask(AuditCategories())).findings
    assert {(each.check, each.about) for each in found} == {
        ("category_is_there", "C2"),
        ("path_follows_tree", "hammers"),
    }
    await put(shop, "hammers", "tools")
    await shop.ask(ChangeProduct(id="C2", categories=("tools",)))
    assert (await shop.ask(AuditCategories())).findings == ()
    assert (await paths(shop))["hammers"] == "tools/hammers"


async def test_halves_of_a_circle_written_at_once_make_none(shop: ShopUnderTest) -> None:
    answers = await asyncio.gather(
        shop.ask(SetRedirects(redirects=(Redirect(path="/a", target="/b"),))),
        shop.ask(SetRedirects(redirects=(Redirect(path="/b", target="/c/"),))),
        shop.ask(SetRedirects(redirects=(Redirect(path="/c", target="/a#x"),))),
    )

    assert sorted(each.written for each in answers) == [0, 1, 1]
    found = [(await shop.ask(FindRedirect(path=path))).redirect for path in ("/a", "/b/", "/c")]
    assert sum(each is None for each in found) == 1
