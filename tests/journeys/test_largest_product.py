"""The largest product that a shop may have is edited in the form of its own page."""

from html.parser import HTMLParser

import aiohttp

from bus.messages.attributes import Attribute, SetAttribute
from bus.messages.base import Money
from bus.messages.catalog import MOST_SKUS, GetProduct, Product, SetProduct, SkuView
from testkit import ShopUnderTest
from tests.journeys.staff_people import colleague
from tests.journeys.test_admin_goods import see, send


class TableForm(HTMLParser):
    """Reads the form of a product's SKUs as a browser would send it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent = dict[str, list[str]]()
        self._is_in = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._is_in = found.get("data-testid") == "skus"
        if self._is_in and tag == "input" and (found.get("type") != "checkbox" or "checked" in found):
            self.sent.setdefault(str(found["name"]), []).append(found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_in = False


async def test_a_product_of_2048_skus_with_attributes_is_saved_by_its_form_and_a_longer_form_is_refused(
    shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    for key in ("length", "colour"):
        await shop.ask(SetAttribute(key=key, attribute=Attribute(key=key, title=key.title(), kind="text", of_sku=True)))
    skus = tuple(
        SkuView(
            sku=f"BIG-{number}",
            title=f"No. {number}",
            price=Money(amount=100, currency="EUR"),
            weight_g=1,
            attributes={"length": f"{number} metres", "colour": "blue"},
        )
        for number in range(MOST_SKUS)
    )
    product = Product(id="BIG", slug="big", title="Big", category="", description="", skus=skus)
    await shop.ask(SetProduct(id="BIG", product=product, expected=0))
    owner = await colleague(shop, http)

    form = TableForm((await see(owner, "/admin/products/BIG")).body.decode()).sent
    assert len([name for name in form if name.startswith("a:")]) == 2 * MOST_SKUS
    form |= {f"a:colour.BIG-{number}": ["red"] for number in range(MOST_SKUS)} | {"price.BIG-7": ["2.50"]}
    saved = await send(owner, "/admin/products/BIG/skus", **form)

    assert saved.status == 303
    now = await shop.ask(GetProduct(id="BIG", even_hidden=True))
    assert isinstance(now, Product)
    assert {sku.attributes["colour"] for sku in now.skus} == {"red"}
    assert {sku.sku: sku.price.amount for sku in now.skus if sku.price.amount != 100} == {"BIG-7": 250}

    refused = await send(owner, "/admin/products/BIG/skus", **form, more=[""] * 20 * MOST_SKUS)
    assert refused.status == 413
    assert "<h1" in refused.body.decode()
