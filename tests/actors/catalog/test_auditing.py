"""The audit of views: it finds what is broken by hand, what the actor itself writes is found to be right."""

from random import Random

import pytest

from bus.messages.audit import RULES, CheckId, Repair
from bus.messages.base import Line, Money
from bus.messages.catalog import ChangeProduct, GetProduct, Product, RemoveProduct, RenameSku, SetProduct, SkuView
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.media import PicturesShown
from bus.messages.translations import ProductTexts, Translate
from bus.messages.views import AuditViews, ProductView, ReadViews
from testkit import ShopUnderTest

PRICE = Money(amount=1500, currency="EUR")
# What somebody breaks, of which product, and what is found of it.
BROKEN: list[tuple[str, str, CheckId, str]] = [
    ("delete from catalog.views where product_id = 'MUG'", "MUG", "view_is_product", "there is none"),
    ("update catalog.views set body = null where product_id = 'MUG'", "MUG", "view_is_product", "it has no document"),
    ("update catalog.views set body = 'mug' where product_id = 'MUG'", "MUG", "view_is_product", "can't be read"),
    ("""update catalog.views set body = convert_to(replace(convert_from(body, 'UTF8'), '1450', '1'), 'UTF8')
        where product_id = 'MUG'""", "MUG", "view_is_product", "its document differs: skus.MUG"),
    ("update catalog.products set title = 'Cup' where id = 'MUG'", "MUG", "view_is_product", "differs: title"),
    ("update catalog.products set revision = 0 where id = 'MUG'", "MUG", "view_is_product", "its product of 0"),
    ("""update catalog.views v set revision = p.revision - 1 from catalog.products p
        where p.id = 'MUG' and p.id = v.product_id""", "MUG", "view_is_late_enough", "its product"),
    ("""update catalog.views v set revision = p.revision from catalog.products p
        where p.id = 'SET' and p.id = v.product_id""", "SET", "view_is_late_enough", "a part of its bundles"),
]  # fmt: skip


async def found(shop: ShopUnderTest) -> list[tuple[str, str, str]]:
    findings = (await shop.ask(AuditViews())).findings
    return [(each.about, each.check, each.detail) for each in findings]


async def view(shop: ShopUnderTest, name: str) -> ProductView:
    (shown,) = (await shop.ask(ReadViews(names=(name,)))).views
    return shown


async def product(shop: ShopUnderTest, name: str) -> Product:
    answer = await shop.ask(GetProduct(id=name))
    assert isinstance(answer, Product)
    return answer


async def bundle(shop: ShopUnderTest, name: str, **parts: int) -> None:
    lines = tuple(Line(sku=part, quantity=quantity) for part, quantity in parts.items())
    sku = SkuView(sku=name, title="", price=PRICE, weight_g=1, parts=lines)
    own = Product(id=name, slug=name.lower(), title=name.title(), category="", description="", skus=(sku,))
    before = await shop.ask(GetProduct(id=name))
    expected = before.revision if isinstance(before, Product) else 0
    assert isinstance(await shop.ask(SetProduct(id=name, product=own, expected=expected)), Product)


def row(name: str, price: int, **parts: int) -> SkuRow:
    return SkuRow(
        product_id=name, slug=name.lower(), title=f"Costs {price}", category="", description="", sku=name, sku_title="",
        price=Money(amount=price, currency="EUR"), weight_g=100,
        parts=tuple(Line(sku=part, quantity=quantity) for part, quantity in parts.items()) or None,
    )  # fmt: skip


async def change(shop: ShopUnderTest, random: Random, number: int, name: str, other: str) -> None:
    """Change something about a product, or beside it."""
    match random.randrange(4):
        case 0:
            await shop.ask(ChangeProduct(id=name, title=f"Title {number}", tags=tuple(random.sample("abc", 2))))
        case 1:
            await shop.ask(ImportSkus(rows=(row(name, number + 1), row(f"NEW-{number}", 100, **{other: 2}))))
        case 2:
            await shop.publish(PicturesShown(product_id=name, version=number, images=()))
        case _:
            await shop.ask(Translate(id=name, locale="de", texts=ProductTexts(title=f"Titel {number}")))


@pytest.fixture
async def told(shop: ShopUnderTest) -> None:
    """A bundle, of which a part was changed later."""
    await bundle(shop, "SET", MUG=2, BOOK=1)
    await shop.ask(ChangeProduct(id="MUG", title="Big mug"))
    await shop.ask(ChangeProduct(id="BOOK", description="Nobody sees that at a bundle."))


@pytest.mark.usefixtures("told")
async def test_each_view_that_is_broken_by_hand_is_found_and_written_anew(shop: ShopUnderTest) -> None:
    healthy = await shop.ask(AuditViews())
    assert (healthy.findings, healthy.checked) == ((), 4)

    for statement, name, check, detail in BROKEN:
        before = await view(shop, name)
        async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
            await tx.execute(statement)

        ((about, broken, why),) = await found(shop)
        assert (about, broken) == (name, check), statement
        assert detail in why
        made = (await shop.ask(Repair())).repairs  # The search may have its own part in it.
        assert [(each.about, each.before) for each in made if each.rule == RULES[check]] == [(name, why)]

        assert await found(shop) == [], statement
        after = await view(shop, name)
        assert after.revision > before.revision  # Whoever keeps the broken one reads it again.
        assert after.product == await product(shop, name)


@pytest.mark.usefixtures("told")
async def test_a_bundle_that_is_changed_with_its_part_need_not_be_later(shop: ShopUnderTest) -> None:
    await shop.ask(ImportSkus(rows=(row("SET", 2000, MUG=1), row("MUG", 1000))))
    changed = {name: (await product(shop, name)).revision for name in ("SET", "MUG")}
    assert (await view(shop, "SET")).revision == changed["SET"] < changed["MUG"]
    assert await found(shop) == []

    await shop.ask(ChangeProduct(id="MUG", title="Mug"))
    await shop.ask(RenameSku(id="MUG", sku="MUG", name="CUP"))
    assert await found(shop) == []


@pytest.mark.parametrize("seed", range(3))
async def test_no_change_breaks_a_view(shop: ShopUnderTest, seed: int) -> None:
    random, names = Random(seed), ["MUG", "BOOK", "LAMP"]
    for number in range(40):
        name, other = random.sample(names, 2)
        await change(shop, random, number, name, other)
        if number % 10 == 5:
            await bundle(shop, "SET", **{name: 1, other: random.randint(1, 3)})
        if number % 10 == 9:
            await shop.ask(RemoveProduct(id="SET"))

    assert await found(shop) == []
