"""Products: browsed by buyers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, cast

import msgspec
from litestar import MediaType, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from bus.messages.attributes import AttributeValue
from bus.messages.base import Money
from bus.messages.catalog import GetProduct, Product, SkuView
from bus.messages.inputs import Input
from bus.messages.media import Image, ImageId
from bus.messages.search import MOST_RELATED, RelatedTo
from bus.messages.translations import Locale
from engine.clock import FOREVER
from gateway.access import admit_staff
from gateway.api.bodies import View
from gateway.api.catalog.languages import AcceptLanguage, AskedLocale, in_language, locales
from gateway.api.catalog.listing import (
    FILTER,
    ChosenBrands,
    ChosenCategories,
    ChosenPrices,
    FacetView,
    ListSort,
    PriceRange,
    Wanted,
    categories_below,
    facets,
    other_filters,
    prices,
    read_listing,
    shown_views,
)
from gateway.api.catalog.shelf import ShownStock, read_shelf
from gateway.api.lists import Limit, ListView, WholeListView
from gateway.api.parts import PartView, part_views
from gateway.api.pictures import ImageView, by_sku, image_view, images_of
from gateway.api.search import ReasonView, reasons_of
from gateway.context import GatewayContext, Http, Injected, Levels
from gateway.freshness import NEVER_KEPT, public_headers
from gateway.problems import Problem, not_found
from gateway.rights import EXPLAIN
from gateway.views.rendered import Rendered


class ProductSummary(View, frozen=True, kw_only=True):
    """A product in a list. `price` is its cheapest SKU's, `available` the sum of all `skus`."""

    id: str
    slug: str
    title: str
    category: str
    price: Money
    image: ImageView | None
    available: int
    skus: Sequence[str]
    has_inputs: bool  # Buyers may or must tell something with it.


class ProductList(ListView[ProductSummary], frozen=True, kw_only=True):
    """A page of products, and the cursor of the next; null at the end.

    `total` and `facets` are of all pages; null and empty where nothing was counted.
    """

    total: int | None
    facets: Sequence[FacetView]
    prices: PriceRange | None
    corrected: str | None  # The query as it was understood, if it was misspelt.
    redirect: str | None  # A path of this shop to which staff send who asks for this.
    degraded: bool  # The search is being prepared: only words as they are written were found.
    reasons: Mapping[str, Sequence[ReasonView]] | None  # By product, for staff who ask to explain; else null.


class RelatedList(WholeListView[ProductSummary], frozen=True, kw_only=True):
    """Products that are like one, the most alike first."""


class SkuDetail(View, frozen=True, kw_only=True):
    """A SKU of a product, with its price and stock. If it is a bundle: `parts`, which say what is available.

    `images` are the ids of the product's pictures that show it.
    """

    sku: str
    title: str
    price: Money
    available: int
    weight_g: int
    options: Sequence[str]
    barcode: str | None
    images: Sequence[str]
    attributes: Mapping[str, AttributeValue]
    parts: Sequence[PartView]


class OptionView(View, frozen=True, kw_only=True):
    """An option of a product, with the values to choose from."""

    name: str
    values: Sequence[str]


class InputView(View, frozen=True, kw_only=True):
    """Something that buyers may or must tell with a product: a `text`, or a `choice`. `surcharge` is for each unit."""

    key: str
    title: str
    kind: Literal["text", "choice"]
    choices: Sequence[str]
    max_length: int
    surcharge: Money | None
    required: bool


class ProductDetail(View, frozen=True, kw_only=True):
    """A product. The `options` of a SKU are its values of the product's options, in their order.

    `attributes` are values by key, of the product and of each SKU; `GET /attributes` says what they are.
    """

    id: str
    slug: str
    title: str
    category: str
    description: str
    price: Money
    image: ImageView | None
    available: int
    brand: str
    tags: Sequence[str]
    categories: Sequence[str]  # Ids, the main one first.
    seo_title: str
    seo_description: str
    options: Sequence[OptionView]
    attributes: Mapping[str, AttributeValue]
    inputs: Sequence[InputView]
    skus: Sequence[SkuDetail]
    images: Sequence[ImageView]
    rating: None


@get(
    "/products",
    summary="List and search products",
    open_prefix=FILTER,
    refuses=["unauthorized", "forbidden", "second_factor_required"],
)
async def list_products(
    request: Http,
    context: Injected,
    q: FromQuery[str] = "",
    category: FromQuery[str] = "",
    f_category: ChosenCategories = None,
    f_brand: ChosenBrands = None,
    f_price: ChosenPrices = "",
    in_stock: FromQuery[bool] = False,
    explain: FromQuery[bool] = False,
    locale: AskedLocale = "",
    accept_language: AcceptLanguage = "",
    sort: FromQuery[ListSort | None] = None,
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> Response[ProductList]:
    """List products for sale, page by page: by relevance for `q`, otherwise by title.

    `sort` is relevance, title, price, -price or newest. `f.price=2000..5000` is in minor units. `q` finds misspelt
    words, parts of words and SKUs; of more than 8 words the first 8 are looked for.

    Each facet of the answer is a filter: `f.NAME=VALUE`, several times for any of several values, 10 facets at most;
    for numbers also `f.NAME=2..5`, `..5` and `2..`, ends included.
    `in_stock` lists only what is. `explain` says why each hit is where it is, and is for staff. `category` is a path,
    such as `clothing/shirts`, with all that is below it, or a title.
    """
    if explain:
        await admit_staff(request, EXPLAIN)
    within = await categories_below(context, category)
    wanted = Wanted(
        q=q,
        categories=[*([category] if category and not within else []), *(f_category or [])],
        within=within,
        brands=f_brand or [],
        others=other_filters(request),
        prices=f_price,
        in_stock=in_stock,
        sort=sort,
        limit=limit,
        after=cursor,
    )
    listing = await read_listing(context, wanted)
    views, found = listing.views, listing.found
    languages = locales(context, locale, accept_language)
    page = ProductList(
        items=await summaries(context, views, languages),
        next=listing.next,
        total=found.total if found else None,
        facets=await facets(context, found, languages),
        prices=prices(found, context.currency),
        corrected=found.corrected if found else None,
        redirect=(found.redirect or None) if found else None,
        degraded=listing.is_degraded,
        reasons=await reasons_of(context, q, [view.id for view in views]) if explain else None,
    )
    return Response(page, headers=NEVER_KEPT if explain else kept(context, views))


@get("/products/{product_id:str}", summary="Read a product", refuses=["moved", "not_found", "gone"])
async def get_product(
    context: Injected, product_id: FromPath[str], locale: AskedLocale = "", accept_language: AcceptLanguage = ""
) -> Response[ProductDetail]:
    """Read a product, by its id or slug, with its SKUs. Its `ETag` changes with all that it shows, stock included.

    Its texts are in the first language that is asked for (`locale`, else `Accept-Language`) and that it has; else in
    the shop's.
    """
    wanted = locales(context, locale, accept_language)
    view = await context.views.find(product_id)
    if view is None:  # Then the catalog says why; or it has come in this moment.
        (product,) = await in_language(context, [await find_product(context, product_id)], wanted)
        return Response(await detail(context, product))
    shown = view.in_language(wanted)
    levels = await context.updates.live_levels.read(shown.counted)
    page = cast("ProductDetail", shown.page_with(levels))  # It is JSON already.
    return Response(page, media_type=MediaType.JSON, headers=page_headers(context, shown, levels))


@get("/products/{product_id:str}/related", summary="List related products", refuses=["moved", "not_found", "gone"])
async def list_related(
    context: Injected,
    product_id: FromPath[str],
    locale: AskedLocale = "",
    accept_language: AcceptLanguage = "",
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_RELATED)] = 8,
) -> Response[RelatedList]:
    """List what is like a product, by its id or slug: of its category, with its words and attributes.

    What is in stock comes before what is not. There may be none, and there is none while the search has no index.
    """
    view = await context.views.find(product_id)
    known = view.id if view else (await find_product(context, product_id, "/related")).id
    found = await context.bus.ask(RelatedTo(id=known, limit=limit))
    views = await shown_views(context, found.ids)
    items = await summaries(context, views, locales(context, locale, accept_language))
    return Response(RelatedList(items=items), headers=kept(context, views))


async def find_product(
    context: GatewayContext, product_id: str, below: str = "", *, even_hidden: bool = False
) -> Product:
    """Read a product by its id or slug; those that buyers don't see, too, if staff ask.

    Raises:
        Problem: 301: it has another slug now; 404: it was never there; 410: it was removed.
    """
    found = await context.bus.ask(GetProduct(id=product_id, even_hidden=even_hidden))
    if isinstance(found, Product):
        return found
    if found.slug:
        place = {"Location": f"/products/{found.slug}{below}"}
        raise Problem(301, "moved", f"It is at {place['Location']} now.", headers=place)
    if found.is_gone:
        raise Problem(410, "gone", "This product is no longer sold.")
    raise not_found("product")


def page_headers(context: GatewayContext, view: Rendered, levels: Levels) -> Mapping[str, str]:
    """Make the headers of a product's page."""
    return {**kept(context, [view]), "ETag": view.etag(levels)}


def kept(context: GatewayContext, views: Sequence[Rendered]) -> Mapping[str, str]:
    """Make the headers by which caches on the way keep a page of views: until the first of them ends, at most."""
    ends = min((view.shown_until for view in views), default=FOREVER)
    return public_headers((ends - context.clock.now()).total_seconds())


async def summaries(
    context: GatewayContext, views: Sequence[Rendered], wanted: Sequence[Locale]
) -> Sequence[ProductSummary]:
    """Show products as in a list, in the first of these languages that each has, with their stock."""
    levels = await context.updates.live_levels.read({sku for view in views for sku in view.counted})
    items = [msgspec.Raw(view.in_language(wanted).item_with(levels)) for view in views]
    return cast("Sequence[ProductSummary]", items)  # They are JSON already, and are written as they are.


def summary(product: Product, levels: Mapping[str, int], pictures: Sequence[ImageView]) -> ProductSummary:
    """Show a product as in a list."""
    skus = [sku for sku in product.skus if sku.is_on_sale]
    return ProductSummary(
        id=product.id,
        slug=product.slug,
        title=product.title,
        category=product.category,
        price=(skus or product.skus)[0].price,
        image=pictures[0] if pictures else None,
        available=sum(levels.get(sku.sku, 0) for sku in skus),
        skus=[sku.sku for sku in skus],
        has_inputs=bool(product.inputs),
    )


async def detail(context: GatewayContext, product: Product) -> ProductDetail:
    """Show a product as on its page, with the stock and pictures of now."""
    images = (await images_of(context, [product.id])).get(product.id, ())
    return detail_of(product, await read_shelf(context, [product]), images, context.media_url)


def detail_of(product: Product, shelf: ShownStock, images: Sequence[Image], media_url: str) -> ProductDetail:
    """Show a product as on its page: with the SKUs on sale."""
    skus = [sku for sku in product.skus if sku.is_on_sale]
    pictures, shown = [image_view(media_url, image) for image in images], by_sku(images)
    return ProductDetail(
        id=product.id,
        slug=product.slug,
        title=product.title,
        category=product.category,
        description=product.description,
        price=(skus or product.skus)[0].price,
        image=pictures[0] if pictures else None,
        available=sum(shelf.available(sku.sku) for sku in skus),
        brand=product.brand,
        tags=product.tags,
        categories=product.categories,
        seo_title=product.seo_title,
        seo_description=product.seo_description,
        options=[OptionView(name=option.name, values=option.values) for option in product.options],
        attributes=product.attributes,
        inputs=[_input(each) for each in product.inputs],
        skus=[sku_detail(sku, shelf, shown.get(sku.sku, ())) for sku in skus],
        images=pictures,
        rating=None,
    )


def _input(wanted: Input) -> InputView:
    return InputView(
        key=wanted.key,
        title=wanted.title,
        kind=wanted.kind,
        choices=wanted.choices,
        max_length=wanted.max_length,
        surcharge=wanted.surcharge,
        required=wanted.is_required,
    )


def sku_detail(sku: SkuView, shelf: ShownStock, images: Sequence[ImageId] = ()) -> SkuDetail:
    """Show a SKU, with its available units, the pictures that show it, and its parts if it is a bundle."""
    bundle = shelf.bundles.get(sku.sku)
    parts = bundle.parts if bundle else ()
    return SkuDetail(
        sku=sku.sku,
        title=sku.title,
        price=sku.price,
        available=shelf.available(sku.sku),
        weight_g=shelf.weight_g(sku),
        options=sku.options,
        barcode=sku.barcode,
        images=images,
        attributes=sku.attributes,
        parts=part_views(parts),
    )


PUBLIC = [list_products, get_product, list_related]
