"""Goods by SKU, as people who handle them see them: title, barcode and picture, without a price."""

from collections.abc import Collection

from bus.messages.base import ProductId, Sku
from bus.messages.catalog import Product, SkuView
from bus.messages.catalog_copies import ReadSkuProducts
from gateway.api.bodies import View
from gateway.api.pictures import ImageView, image_view, images_of
from gateway.context import GatewayContext

_AT_ONCE = 500  # SKUs that the catalog is asked for at a time.


class GoodView(View, frozen=True, kw_only=True):
    """An article: which product it is of, how it looks, and its barcode, if it has one."""

    sku: str
    title: str
    product_id: str
    barcode: str | None
    image: ImageView | None


async def read_goods(context: GatewayContext, skus: Collection[Sku]) -> dict[Sku, GoodView]:
    """Read the articles of these SKUs. A SKU that no product has any more is missing. Raises Unavailable."""
    wanted, found = list(dict.fromkeys(skus)), dict[Sku, tuple[Product, SkuView]]()
    for start in range(0, len(wanted), _AT_ONCE):
        answer = await context.bus.ask(ReadSkuProducts(skus=tuple(wanted[start : start + _AT_ONCE])))
        found |= {each.sku: (product, each) for product in answer.products for each in product.skus}
    shown = {sku: found[sku] for sku in wanted if sku in found}
    pictures = await _pictures(context, shown)
    return {
        sku: GoodView(
            sku=sku,
            title=_full_title(product.title, each.title),
            product_id=product.id,
            barcode=each.barcode,
            image=pictures.get(sku),
        )
        for sku, (product, each) in shown.items()
    }


def _full_title(product: str, sku: str) -> str:
    """Name an article by its product and what tells it from the product's others."""
    return f"{product}, {sku}" if sku and sku != product else product


async def _pictures(context: GatewayContext, shown: dict[Sku, tuple[Product, SkuView]]) -> dict[Sku, ImageView]:
    """Choose a picture for each article: the first that shows it, or else the product's first."""
    ids: set[ProductId] = {product.id for product, _ in shown.values()}
    images = await images_of(context, ids)
    chosen = dict[Sku, ImageView]()
    for sku, (product, _) in shown.items():
        of_product = images.get(product.id, ())
        best = next((image for image in of_product if sku in image.skus), of_product[0] if of_product else None)
        if best is not None:
            chosen[sku] = image_view(context.media_url, best)
    return chosen
