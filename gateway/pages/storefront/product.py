"""A product's page, and what search engines read of it."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from msgspec import structs

from gateway.api.catalog.categories import CategoryNode
from gateway.api.catalog.levels import ProductInventory
from gateway.api.catalog.products import ProductDetail, RelatedList, SkuDetail
from gateway.context import Http, context_of
from gateway.pages.errors import moved
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page, whole_address
from gateway.pages.site import site_of
from gateway.pages.typed import typed_amount
from gateway.pages.visitor import offered_methods, visitor_of

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
    stock = await ask(request, "GET", f"{path}/inventory") if any(sku.available <= 0 for sku in found.skus) else None
    methods = await offered_methods(request)
    above = _above(visitor.categories, found)
    related = await ask(request, "GET", f"{path}/related", query=f"{locale}&limit={_RELATED}")
    return await page(
        request,
        "storefront/product.html",
        visitor=visitor,
        product=structs.replace(found, skus=_in_order(found)),
        summary=_summary(found),
        related=related.read(RelatedList).items,
        above=above,
        delivery=methods[0] if methods else None,
        back_in=_back_in(request, stock.read(ProductInventory) if stock else None),
        data=[_data(request, found), _trail(request, found, above)],
    )


def _in_order(product: ProductDetail) -> Sequence[SkuDetail]:
    """Return the SKUs in the order of their options' values: S, M, L. Without options they stay as they are."""
    places = [{value: at for at, value in enumerate(option.values)} for option in product.options]

    def place(sku: SkuDetail) -> list[int]:
        return [places_of.get(value, 0) for places_of, value in zip(places, sku.options, strict=False)]

    return sorted(product.skus, key=place)


def _above(categories: Sequence[CategoryNode], product: ProductDetail) -> Sequence[CategoryNode]:
    """Return the product's main category and those above it, from the top down."""
    tree = {each.id: each for each in categories}
    found, at = list[CategoryNode](), tree.get(product.categories[0]) if product.categories else None
    while at is not None:
        found.insert(0, at)
        at = tree.get(at.parent or "")
    return found


def _back_in(request: Http, stock: ProductInventory | None) -> Mapping[str, int]:
    """Return in how many minutes units come back at the latest, by SKU, of what is only held."""
    if stock is None:
        return {}
    now = context_of(request.scope).clock.now()
    return {sku: max(1, ceil((until - now).total_seconds() / 60)) for sku, until in stock.held_until.items()}


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


def _trail(request: Http, product: ProductDetail, above: Sequence[CategoryNode]) -> Mapping[str, object]:
    """Describe the way to a product. Source: schema.org, BreadcrumbList."""
    places = [(site_of(context_of(request.scope)).name, "/")]
    places += [(each.title, f"/c/{quote(each.path)}") for each in above]
    places += [(product.title, f"/p/{quote(product.slug)}")]
    items = [
        {"@type": "ListItem", "position": at, "name": title, "item": whole_address(request, path)}
        for at, (title, path) in enumerate(places, 1)
    ]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def _offer(sku: SkuDetail, address: str) -> Mapping[str, object]:
    return {
        "@type": "Offer",
        "sku": sku.sku,
        "url": address,
        "price": typed_amount(sku.price),
        "priceCurrency": sku.price.currency,
        "availability": f"https://schema.org/{'InStock' if sku.available > 0 else 'OutOfStock'}",
        **({"gtin": sku.barcode} if sku.barcode else {}),
    }


PUBLIC = [product]
