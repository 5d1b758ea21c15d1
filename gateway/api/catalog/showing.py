"""Rendering: a view as the bytes of a product's page and of its place in a list, by the functions that staff see."""

from typing import Any, TypeAlias

import msgspec

from bus.messages.views import ProductView
from engine.clock import FOREVER, LONG_AGO
from gateway.api.catalog.products import detail_of, summary
from gateway.api.pictures import image_view
from gateway.views.rendered import Rendered

_Json: TypeAlias = dict[str, Any]


def render(media_url: str, view: ProductView) -> Rendered:
    """Render a view: all but the stock, which is put in when it is shown."""
    product, pictures = view.product, [image_view(media_url, image) for image in view.images]
    page: _Json = msgspec.to_builtins(detail_of(product, {}, pictures))
    item: _Json = msgspec.to_builtins(summary(product, {}, pictures))
    skus: list[_Json] = page.pop("skus")
    return Rendered(
        id=product.id,
        slug=product.slug,
        revision=view.revision,
        shown_from=(product.publish_at or LONG_AGO) if product.status == "active" else FOREVER,
        shown_until=product.unpublish_at or FOREVER,
        skus=tuple(sku["sku"] for sku in skus),
        item=_without_stock(item),
        page=_without_stock(page),
        sku_parts=tuple(map(_without_stock, skus)),
    )


def _without_stock(shown: _Json) -> bytes:
    """Encode an object but for its stock, and leave it open for that."""
    del shown["available"]
    return msgspec.json.encode(shown)[:-1]
