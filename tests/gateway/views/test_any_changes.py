"""Views after any changes, in any order: each is a rendering of a revision that there was."""

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
from msgspec import structs

from bus.messages.base import Money
from bus.messages.catalog import (
    ChangeProduct,
    GetProduct,
    Product,
    RemoveProduct,
    SetProduct,
)
from bus.messages.inventory import SetOnHand, StockLevel
from bus.messages.media import Image, PicturesShown
from gateway.api.catalog.products import detail_of
from gateway.api.catalog.shelf import ShownStock
from gateway.views.reader import ViewReader
from testkit import ShopUnderTest
from tests.gateway.views.processes import EUR, another_process, image
from tests.journeys.people import Customer


class Mug:
    """The mug, changed at random, and how it is rendered anew."""

    def __init__(self, shop: ShopUnderTest, whole: Product) -> None:
        self.shop = shop
        self.chance = Random(11)
        self._whole = whole
        self._pictures: tuple[Image, ...] = ()
        self._available = 10
        self._deeds = (
            self._name, self._price, self._picture, self._plan, self._replace, self._count, self._wait
        )  # fmt: skip

    async def change(self, step: int) -> None:
        await self.chance.choice(self._deeds)(step)

    async def rendered(self, *, with_stock: bool) -> Any:
        """The mug as its page must be, or None."""
        found = await self.shop.ask(GetProduct(id="MUG"))
        if not isinstance(found, Product):
            return None
        available = self._available if with_stock else 0
        levels = {sku.sku: StockLevel(sku=sku.sku, available=available, version=1) for sku in found.skus}
        shown = detail_of(found, ShownStock(levels, {}), self._pictures, "/media")
        return msgspec.json.decode(msgspec.json.encode(shown))

    async def _name(self, step: int) -> None:
        await self.shop.ask(ChangeProduct(id="MUG", title=f"Mug {step}"))

    async def _price(self, step: int) -> None:
        sku = structs.replace(self._whole.skus[0], price=Money(amount=100 + step, currency=EUR))
        await self.shop.ask(ChangeProduct(id="MUG", skus=(sku,)))

    async def _picture(self, step: int) -> None:
        self._pictures = tuple(map(image, self.chance.sample(range(9), self.chance.randrange(4))))
        await self.shop.publish(PicturesShown(product_id="MUG", version=step + 1, images=self._pictures))

    async def _plan(self, _: int) -> None:
        begins = self.shop.clock.now() + timedelta(seconds=self.chance.randrange(1, 9))
        ends = begins + timedelta(seconds=9)
        await self.shop.ask(ChangeProduct(id="MUG", publish_at=begins, unpublish_at=ends))

    async def _replace(self, _: int) -> None:
        await self.shop.ask(RemoveProduct(id="MUG"))
        await self.shop.ask(SetProduct(id="MUG", product=self._whole, expected=0))

    async def _count(self, _: int) -> None:
        self._available = self.chance.randrange(50)
        await self.shop.ask(SetOnHand(sku="MUG", on_hand=self._available))

    async def _wait(self, _: int) -> None:
        await self.shop.clock.advance(seconds=self.chance.randrange(12))


async def shown_by(reader: ViewReader) -> Any:
    view = await reader.find("MUG")
    return msgspec.json.decode(view.page_with({})) if view else None


async def test_after_any_changes_a_view_is_a_rendering_of_a_revision_not_below_its_floor(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    whole = await shop.ask(GetProduct(id="MUG"))
    assert isinstance(whole, Product)
    mug = Mug(shop, whole)
    ever = [None, await mug.rendered(with_stock=False)]
    async with another_process(shop) as other, another_process(shop, hears=False) as deaf:
        for step in range(60):
            await mug.change(step)
            answer = await buyer.get("/products/MUG")
            now = answer.json if answer.status == 200 else None
            assert now == await mug.rendered(with_stock=True), step  # Whoever made the change sees it.
            ever.append(await mug.rendered(with_stock=False))
            assert await shown_by(other) in ever, step
            assert await shown_by(deaf) in ever, step
        await shop.clock.advance(seconds=10)
        last = await mug.rendered(with_stock=False)
        assert (await shown_by(other), await shown_by(deaf)) == (last, last)
