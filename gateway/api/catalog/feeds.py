"""The shop for machines that walk through it: its addresses, and its goods."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from litestar import get
from litestar.params import FromQuery
from litestar.response import Stream

from bus.messages import currencies
from bus.messages.base import Money
from bus.messages.catalog import ListProducts, Product, SkuView
from bus.messages.navigation import DivideSlugs, ListSlugs, ReadCategoryTree, SlugPage
from gateway.api.catalog.shelf import ShownStock, read_shelf
from gateway.api.pictures import ImageView, pictures_of
from gateway.brand import notices_of
from gateway.context import GatewayContext, Http, Injected
from gateway.problems import Problem
from gateway.settings import is_address

_MOST: Final = 50_000  # Addresses of a sitemap. Source: sitemaps.org, protocol.
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAPS: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_FEED: Final = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
# Characters that no XML may have. Source: XML 1.0, 2.2.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIRST: Final = "first"  # The cursor of the first of several files.
_LONGEST_TITLE: Final = 150  # So below. Source: Google Merchant Center, product data specification.
_LONGEST_DESCRIPTION: Final = 5000


@get("/sitemap.xml", summary="Read the sitemap", media_type="application/xml", refuses=["busy"])
async def sitemap(context: Injected, request: Http, cursor: FromQuery[str] = "") -> Stream:
    """List the addresses of all pages that buyers see: 50,000 in a file; where there are more, a list of files.

    The home page, categories and the shop's own texts come first, then the products.
    """
    _check_room(context)
    base, others = _base(context, request), await _others(context)
    size = max(1, _MOST - len(others))
    starts = (await context.bus.ask(DivideSlugs(size=size))).starts if not cursor else ()
    if len(starts) > 1:
        return Stream(_index(base, starts), media_type="application/xml")
    page = await context.bus.ask(ListSlugs(after="" if cursor == _FIRST else cursor))
    lines = _addresses(context, base, page, others if cursor in ("", _FIRST) else [], size)
    return Stream(_in_turn(context, lines), media_type="application/xml")


@get("/feeds/products.xml", summary="Read the feed of products", media_type="application/xml", refuses=["busy"])
async def product_feed(context: Injected, request: Http) -> Stream:
    """List all SKUs on sale in the format of Google's merchant feeds, with prices and availability of now."""
    _check_room(context)
    return Stream(_in_turn(context, _items(context, _base(context, request))), media_type="application/xml")


def _check_room(context: GatewayContext) -> None:
    """Refuse a walk through all goods while as many as may be are on their way.

    Raises:
        Problem: 503, with the time to retry after.
    """
    if context.feeds.locked():
        raise Problem(503, "busy", "Feeds are being written; please try again later.", headers={"Retry-After": "30"})


async def _in_turn(context: GatewayContext, lines: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    async with context.feeds, aclosing(lines):
        async for line in lines:
            yield line


def _base(context: GatewayContext, request: Http) -> str:
    """Return the address before all paths: the one that is set, else the one that was asked."""
    return context.public_url or str(request.base_url).rstrip("/")


async def _index(base: str, starts: Sequence[str]) -> AsyncIterator[str]:
    """List the files: the first begins with the first product, and is told from this list by a cursor, too."""
    yield f"{_XML}<sitemapindex {_SITEMAPS}>\n"
    for start in starts:
        yield f"<sitemap><loc>{_text(f'{base}/sitemap.xml?cursor={start or _FIRST}')}</loc></sitemap>\n"
    yield "</sitemapindex>\n"


async def _others(context: GatewayContext) -> Sequence[str]:
    """Return the paths of pages that are no product's. A category without products is nobody's goal."""
    tree = await context.bus.ask(ReadCategoryTree())
    categories = [f"/c/{quote(each.category.path)}" for each in tree.categories if each.products]
    notices = notices_of((await context.brand.read()).brand)
    texts = [title.lower() for title, text in notices.items() if text and not is_address(text)]
    return ["/", *categories, *(f"/pages/{slug}" for slug in texts)]


async def _addresses(
    context: GatewayContext, base: str, page: SlugPage, others: Sequence[str], left: int
) -> AsyncGenerator[str, None]:
    yield f"{_XML}<urlset {_SITEMAPS}>\n"
    yield "".join(f"<url><loc>{_text(base + path)}</loc></url>\n" for path in others)
    while True:
        yield "".join(f"<url><loc>{_text(f'{base}/p/{quote(slug)}')}</loc></url>\n" for slug in page.slugs[:left])
        left -= len(page.slugs)
        if page.next is None or left <= 0:
            break
        page = await context.bus.ask(ListSlugs(after=page.next))
    yield "</urlset>\n"


async def _items(context: GatewayContext, base: str) -> AsyncGenerator[str, None]:
    yield f"{_XML}{_FEED}\n<title>{_text(base)}</title><link>{_text(base)}</link><description/>\n"
    after: str | None = ""
    while after is not None:
        page = await context.bus.ask(ListProducts(limit=100, after=after))
        shelf = await read_shelf(context, page.products)
        pictures = await pictures_of(context, [product.id for product in page.products])
        yield "".join(
            _item(base, product, sku, shelf, pictures.get(product.id, ()))
            for product in page.products
            for sku in product.skus
            if sku.is_on_sale
        )
        after = page.next
    yield "</channel></rss>\n"


def _item(base: str, product: Product, sku: SkuView, shelf: ShownStock, pictures: Sequence[ImageView]) -> str:
    title = product.title if sku.title in ("", product.title) else f"{product.title}, {sku.title}"
    fields = {
        "id": sku.sku,
        "item_group_id": product.id if len(product.skus) > 1 else "",
        "title": title[:_LONGEST_TITLE],
        "description": (product.description or title)[:_LONGEST_DESCRIPTION],
        "link": f"{base}/p/{quote(product.slug)}",
        "image_link": _absolute(base, pictures[0].src) if pictures and pictures[0].src else "",
        "availability": "in_stock" if shelf.available(sku.sku) > 0 else "out_of_stock",
        "price": _price(sku.price),
        "brand": product.brand,
        "gtin": sku.barcode if sku.barcode and re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", sku.barcode) else "",
        "product_type": product.category,
        "shipping_weight": f"{shelf.weight_g(sku)} g",
        "condition": "new",
    }
    given = "".join(f"<g:{name}>{_text(text)}</g:{name}>" for name, text in fields.items() if text)
    return f"<item>{given}</item>\n"


def _absolute(base: str, src: str) -> str:
    return src if src.startswith("http") else f"{base}{src}"


def _price(price: Money) -> str:
    digits = currencies.decimals(price.currency)
    whole, rest = divmod(price.amount, 10**digits)
    return f"{whole}{f'.{rest:0{digits}}' if digits else ''} {price.currency}"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


PUBLIC = [sitemap, product_feed]
