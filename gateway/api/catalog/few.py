"""A few products as in a list: those that run low, and those that somebody names."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from bus.messages.base import ProductId, Sku
from bus.messages.catalog_copies import ReadSkuProducts
from bus.messages.inventory import ListLowStock
from engine.errors import BadInput
from gateway.api.catalog.languages import AcceptLanguage, AskedLocale, locales
from gateway.api.catalog.listing import shown_views
from gateway.api.catalog.products import ProductSummary, kept, summaries
from gateway.api.lists import WholeListView
from gateway.context import GatewayContext, Injected

_MOST: Final = 50  # Names and SKUs that are asked for at once.
_MOST_KNOWN: Final = 10_000


class FewProducts(WholeListView[ProductSummary], frozen=True, kw_only=True):
    """A few products. Those that buyers don't see are missing."""


class LowProducts(WholeListView[ProductSummary], frozen=True, kw_only=True):
    """Products that run low. `left` are the units of those of their SKUs that do."""

    left: Mapping[str, int]


@get("/low-stock", summary="List products of which few are left")
async def list_low(
    context: Injected,
    locale: AskedLocale = "",
    accept_language: AcceptLanguage = "",
    limit: Annotated[int, QueryParameter(ge=1, le=24)] = 6,
) -> LowProducts:
    """List products with a SKU of which 1 to 5 units are left, the fewest first: of those that moved lately.

    Products of which nothing was sold, held or counted for long are not among them.
    """
    levels = (await context.bus.ask(ListLowStock(limit=2 * limit))).levels
    ids = await _products_of(context, [level.sku for level in levels])
    views = await shown_views(context, ids[:limit])
    items = await summaries(context, views, locales(context, locale, accept_language))
    return LowProducts(items=items, left={level.sku: level.available for level in levels})


@get("/product-lookup", summary="Look up products by ids or SKUs")
async def look_up(
    context: Injected,
    ids: FromQuery[str] = "",
    skus: FromQuery[str] = "",
    locale: AskedLocale = "",
    accept_language: AcceptLanguage = "",
) -> Response[FewProducts]:
    """Read products as in a list: those of these ids, in order, and those that these SKUs are of. Commas separate them.

    At most 50 in all.
    """
    named = _listed(ids)
    of_skus = await _products_of(context, _listed(skus, _MOST - len(named)))
    views = await shown_views(context, list(dict.fromkeys([*named, *of_skus])))
    items = await summaries(context, views, locales(context, locale, accept_language))
    return Response(FewProducts(items=items), headers=kept(context, views))


def _listed(text: str, most: int = _MOST) -> list[str]:
    """Read names that commas separate, each once.

    Raises:
        BadInput: There are too many.
    """
    names = list(dict.fromkeys(name for name in text.split(",") if name))
    if len(names) > most:
        raise BadInput(f"at most {_MOST} products at once")
    return names


async def _products_of(context: GatewayContext, skus: Sequence[Sku]) -> list[ProductId]:
    """Return the products that these SKUs are of, each once and in order. A SKU's product is asked for once."""
    known = context.products_of_skus
    if missing := tuple(sku for sku in skus if sku not in known):
        if len(known) > _MOST_KNOWN:
            known.clear()
        found = (await context.bus.ask(ReadSkuProducts(skus=missing))).products
        known |= {sku.sku: product.id for product in found for sku in product.skus}
    return list(dict.fromkeys(known[sku] for sku in skus if sku in known))


PUBLIC = [list_low, look_up]
