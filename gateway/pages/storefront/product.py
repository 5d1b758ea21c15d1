"""A product's page, and what search engines read of it."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath

from bus.messages.currencies import decimals
from gateway.api.catalog.categories import CategoryList, CategoryNode
from gateway.api.catalog.products import ProductDetail, RelatedList, SkuDetail
from gateway.context import Http
from gateway.pages.errors import moved
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page, whole_address
from gateway.pages.visitor import visitor_of

_RELATED: Final = 6
_LONGEST_SUMMARY: Final = 160  # Letters, about as many as search engines show.


@get("/p/{name:str}", include_in_schema=False)
async def product(request: Http, name: FromPath[str]) -> Response[bytes]:
    """Show a product, by its slug or id. Its own address is by its slug: any other leads there."""
    visitor = await visitor_of(request)
    path, locale = f"/products/{quote(name)}", f"locale={visitor.language.code}"
    try:
        found = (await ask(request, "GET", path, query=locale)).read(ProductDetail)
    except Refused as refused:
        if refused.code != "moved":
            raise
        return moved(refused.answer.header("location").replace("/products/", "/p/", 1))
    if name == found.id and name != found.slug:
        return moved(f"/p/{quote(found.slug)}")
    related = await ask(request, "GET", f"{path}/related", query=f"{locale}&limit={_RELATED}")
    return await page(
        request,
        "storefront/product.html",
        visitor=visitor,
        product=found,
        summary=_summary(found),
        related=related.read(RelatedList).items,
        categories=await _categories(request, found, locale),
        data=_data(request, found),
    )


async def _categories(request: Http, product: ProductDetail, locale: str) -> Sequence[CategoryNode]:
    """Return the product's main category and those above it, from the top down."""
    tree = {each.id: each for each in (await ask(request, "GET", "/categories", query=locale)).read(CategoryList).items}
    found, at = list[CategoryNode](), tree.get(product.categories[0]) if product.categories else None
    while at is not None:
        found.insert(0, at)
        at = tree.get(at.parent or "")
    return found


def _summary(product: ProductDetail) -> str:
    """Return what a search engine shows below the title."""
    text = product.seo_description or " ".join(product.description.split())
    return text if len(text) <= _LONGEST_SUMMARY else text[:_LONGEST_SUMMARY].rpartition(" ")[0] + "…"


def _data(request: Http, product: ProductDetail) -> Mapping[str, object]:
    """Describe a product for search engines. Source: schema.org, Product and Offer."""
    address = whole_address(request, f"/p/{quote(product.slug)}")
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.title,
        "description": product.description or product.title,
        "sku": product.id,
        "url": address,
        "category": product.category,
        **({"brand": {"@type": "Brand", "name": product.brand}} if product.brand else {}),
        "image": [whole_address(request, image.src) for image in product.images if image.src],
        "offers": [_offer(sku, address) for sku in product.skus],
    }


def _offer(sku: SkuDetail, address: str) -> Mapping[str, object]:
    digits = decimals(sku.price.currency)
    return {
        "@type": "Offer",
        "sku": sku.sku,
        "url": address,
        "price": f"{sku.price.amount / 10**digits:.{digits}f}",
        "priceCurrency": sku.price.currency,
        "availability": f"https://schema.org/{'InStock' if sku.available > 0 else 'OutOfStock'}",
        **({"gtin": sku.barcode} if sku.barcode else {}),
    }


PUBLIC = [product]
