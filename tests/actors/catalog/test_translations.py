"""Translations: outdated exactly when a text of the product has moved, and by whatever name it is called, found."""

from itertools import pairwise
from random import Random

import pytest
from msgspec import structs

from bus.messages.base import Money
from bus.messages.catalog import (
    ChangeProduct,
    GetProduct,
    NoSuchProduct,
    Option,
    Product,
    RemoveProduct,
    SetProduct,
    SkuView,
    UndoChange,
)
from bus.messages.navigation import PathTaken
from bus.messages.translations import (
    DropTranslation,
    NoSuchTranslation,
    ProductTexts,
    ReadTranslations,
    Translate,
    Translation,
)
from engine.errors import BadInput
from testkit import ShopUnderTest

PRICES = [Money(amount=amount, currency="EUR") for amount in (100, 200, 300)]


def sku(price: Money = PRICES[0]) -> SkuView:
    return SkuView(sku="CUP-1", title="", price=price, weight_g=100, options=("red",))


def options(*values: str) -> tuple[Option, ...]:
    return (Option(name="Colour", values=("red", *values)),)


CUP = Product(
    id="CUP", slug="cup", title="Cup", category="", description="", skus=(sku(),), options=options()
)  # fmt: skip


async def made(shop: ShopUnderTest, product: Product = CUP) -> Product:
    answer = await shop.ask(SetProduct(id=product.id, product=product, expected=0))
    assert isinstance(answer, Product)
    return answer


async def outdated(shop: ShopUnderTest, name: str = "CUP") -> dict[str, bool]:
    found = (await shop.ask(ReadTranslations(ids=(name,)))).translations
    return {each.locale: each.is_outdated for each in found}


def texts(product: Product) -> tuple[object, ...]:
    """All that is to be translated."""
    return product.title, product.description, product.options, product.seo_title, product.seo_description


async def test_a_translation_is_outdated_exactly_when_a_text_has_moved(shop: ShopUnderTest) -> None:
    """Against a model that keeps every state: has any two neighbours of them, since then, other texts?"""
    chance, states = Random(11), [await made(shop)]
    of: dict[str, int] = {}
    for _ in range(150):
        now = states[-1]
        change = chance.choice([
            ChangeProduct(id="CUP", title=chance.choice(["Cup", "Mug"])),
            ChangeProduct(id="CUP", description=chance.choice(["", "Long"])),
            ChangeProduct(id="CUP", seo_title=chance.choice(["", "Buy"])),
            ChangeProduct(id="CUP", options=chance.choice([options(), options("blue")])),
            ChangeProduct(id="CUP", skus=(sku(chance.choice(PRICES)),)),
            ChangeProduct(id="CUP", brand=chance.choice(["", "Acme"])),
            ChangeProduct(id="CUP", slug=chance.choice(["cup", "mug-x"])),
            ChangeProduct(id="CUP", category=chance.choice(["", "Cups"])),
            UndoChange(id="CUP", revision=now.revision),
            None,
        ])  # fmt: skip
        if change is None:
            locale, base = chance.choice(["de", "fr", "pt-BR"]), chance.choice([None, *states[1:]])
            await shop.ask(
                Translate(
                    id="CUP", locale=locale, texts=ProductTexts(title="T"), of_revision=base.revision if base else None
                )
            )
            of[locale] = (base or now).revision
        elif not (isinstance(change, UndoChange) and len(states) == 1):
            answer = await shop.ask(change)
            if isinstance(answer, Product) and answer.revision != now.revision:
                states.append(answer)
        moved = [after.revision for before, after in pairwise(states) if texts(before) != texts(after)]
        assert await outdated(shop) == {name: any(at > base for at in moved) for name, base in of.items()}
    assert len({*of}) == 3
    assert len(states) > 50


async def test_a_product_is_found_by_every_name_it_has_and_had(shop: ShopUnderTest) -> None:
    await made(shop)

    async def call(locale: str, slug: str) -> object:
        return await shop.ask(Translate(id="CUP", locale=locale, texts=ProductTexts(slug=slug)))

    assert isinstance(await call("de", "tasse"), Translation)
    assert isinstance(await call("at", "tasse"), Translation)  # The same name in two languages.
    found = await shop.ask(GetProduct(id="tasse"))
    assert isinstance(found, Product)
    assert (found.id, found.slug) == ("CUP", "cup")
    assert await call("fr", "mug") == PathTaken(path="mug", by="MUG")
    taken = structs.replace(CUP, id="OTHER", slug="tasse", skus=(structs.replace(sku(), sku="OTHER"),))
    assert not isinstance(await shop.ask(SetProduct(id="OTHER", product=taken, expected=0)), Product)

    await call("de", "becher")
    await shop.ask(DropTranslation(id="CUP", locale="at"))

    assert await shop.ask(GetProduct(id="tasse")) == NoSuchProduct(id="tasse", slug="cup")
    await shop.ask(RemoveProduct(id="CUP"))
    assert (await shop.ask(ReadTranslations(ids=("CUP",)))).translations == ()
    gone = await shop.ask(GetProduct(id="tasse"))
    assert isinstance(gone, NoSuchProduct)
    assert gone.is_gone


@pytest.mark.parametrize(
    ("locale", "fields"),
    [
        ("en", {}), ("deutsch", {}), ("de-de", {}), ("de", {"slug": "A"}), ("de", {"title": "a" * 201}),
        ("de", {"title": "a\nb"}), ("de", {"description": "\0"}), ("de", {"options": {"a": ""}}),
        ("de", {"seo_title": "a" * 501}), ("de", {"seo_description": "\u202e"}),
    ],
)  # fmt: skip
async def test_a_translation_that_can_not_be_is_refused(
    shop: ShopUnderTest, locale: str, fields: dict[str, object]
) -> None:
    with pytest.raises(BadInput):
        await shop.ask(Translate(id="MUG", locale=locale, texts=structs.replace(ProductTexts(), **fields)))


async def test_there_are_bounds_and_there_is_nothing_of_nothing(shop: ShopUnderTest) -> None:
    product = await shop.ask(GetProduct(id="MUG"))
    assert isinstance(product, Product)
    for letter in "abcdefghijklmnopqrstuvwxyzabcd"[:26]:
        await shop.ask(Translate(id="MUG", locale=f"x{letter}", texts=ProductTexts()))
    for letter in "abcd":
        await shop.ask(Translate(id="MUG", locale=f"y{letter}", texts=ProductTexts()))
    with pytest.raises(BadInput, match="at most 30"):
        await shop.ask(Translate(id="MUG", locale="de", texts=ProductTexts()))
    with pytest.raises(BadInput, match="of_revision"):
        await shop.ask(Translate(id="MUG", locale="xa", texts=ProductTexts(), of_revision=product.revision + 1))
    assert isinstance(await shop.ask(Translate(id="nothing", locale="de", texts=ProductTexts())), NoSuchProduct)
    assert await shop.ask(DropTranslation(id="MUG", locale="de")) == NoSuchTranslation(id="MUG", locale="de")
