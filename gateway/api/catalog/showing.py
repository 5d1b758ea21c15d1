"""Rendering: a view as the bytes of a product's page and of its place in a list, by the functions that staff see."""

from typing import Any, TypeAlias

import msgspec
from msgspec import structs

from bus.messages.catalog import Product
from bus.messages.translations import Locale
from bus.messages.views import ProductView
from engine.clock import FOREVER, LONG_AGO
from gateway.api.catalog.languages import translated
from gateway.api.catalog.products import detail_of, summary
from gateway.api.catalog.shelf import ShownStock
from gateway.api.pictures import image_view
from gateway.bundles import with_parts
from gateway.views.rendered import Rendered

_Json: TypeAlias = dict[str, Any]


def render(media_url: str, view: ProductView) -> Rendered:
    """Render a view in all its languages: all but the stock, which is put in when it is shown."""
    others = {
        locale: _in_one(media_url, view, translated(view.product, texts), locale)
        for locale, texts in view.translations.items()
    }
    return structs.replace(_in_one(media_url, view, view.product, ""), translations=others)


def _in_one(media_url: str, view: ProductView, product: Product, locale: Locale) -> Rendered:
    bundles = {bundle.sku: bundle for bundle in view.bundles}
    pictures = [image_view(media_url, image) for image in view.images[:1]]
    page: _Json = msgspec.to_builtins(detail_of(product, ShownStock({}, bundles), view.images, media_url))
    item: _Json = msgspec.to_builtins(summary(product, {}, pictures))
    skus: list[_Json] = page.pop("skus")
    on_sale = tuple(sku["sku"] for sku in skus)
    return Rendered(
        id=product.id,
        slug=product.slug,
        revision=view.revision,
        shown_from=(product.publish_at or LONG_AGO) if product.status == "active" else FOREVER,
        shown_until=product.unpublish_at or FOREVER,
        skus=on_sale,
        counted=tuple(with_parts(on_sale, bundles)),
        bundles=bundles,
        item=_without_stock(item),
        page=_without_stock(page),
        sku_parts=tuple(map(_without_stock, skus)),
        locale=locale,
    )


def _without_stock(shown: _Json) -> bytes:
    """Encode an object but for its stock, and leave it open for that."""
    del shown["available"]
    return msgspec.json.encode(shown)[:-1]
