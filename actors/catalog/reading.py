"""The catalog's answers about products. What takes long is a statement outside any turn, so that it delays no price."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from actors.catalog import browsing, bundles, copies, history, model_rules, rules, sku_store, store, translations, views
from actors.catalog.viewing import Viewing
from bus.messages.catalog import (
    Categories,
    CheckSku,
    GetProduct,
    ListCategories,
    ListProductIds,
    ListProducts,
    NoSuchProduct,
    PricedSku,
    Prices,
    PriceSkus,
    Product,
    ProductHistory,
    ProductIdPage,
    ProductPage,
    Products,
    ReadChanges,
    ReadHistory,
    ReadProducts,
    SkuCheck,
)
from bus.messages.catalog_copies import ListSkusWithin, ListStamps, ProductStamps, ReadSkuProducts, SkuNames
from bus.messages.parts import Bundles, ReadBundles
from bus.messages.sorting import sort_key
from bus.messages.views import MOST_CHANGES, MOST_VIEWS, ProductViews, ReadViewChanges, ReadViews, ViewChanges
from engine.actor import call, turn
from engine.errors import BadInput
from engine.transaction import Transaction

_MOST_READ = 500
_STAMPS = 5000


class Reading(Viewing):
    """Reads products. A part of the catalog, which inherits its handlers."""

    @call(limit=4)  # A statement outside any turn: a slow search delays no price.
    async def browse(self, ask: ListProducts) -> ProductPage:
        return await browsing.page(self._database, ask, self._clock.now())

    @call(limit=4)
    async def browse_ids(self, ask: ListProductIds) -> ProductIdPage:
        return await browsing.page_of_ids(self._database, ListProducts(**structs.asdict(ask)), self._clock.now())

    @call(limit=8)  # Outside any turn: an import delays no page.
    async def read_views(self, ask: ReadViews) -> ProductViews:
        if len(ask.names) > MOST_VIEWS:
            raise BadInput(f"at most {MOST_VIEWS} views in one request")
        return ProductViews(views=tuple(await views.read(self._database, ask.names)))

    @call(limit=8)
    async def read_view_changes(self, ask: ReadViewChanges) -> ViewChanges:
        if len(ask.known) > MOST_CHANGES:
            raise BadInput(f"at most {MOST_CHANGES} views in one request")
        return await views.changes(self._database, ask)

    @turn
    async def get(self, tx: Transaction, asks: Sequence[GetProduct]) -> Sequence[Product | NoSuchProduct]:
        found = await store.by_id(tx, {ask.id for ask in asks})
        known = {product.slug: product for product in found} | {product.id: product for product in found}
        if unknown := [ask.id for ask in asks if ask.id not in known]:
            known |= await self._called(tx, unknown)
        missing = [ask.id for ask in asks if ask.id not in known]
        former = await history.former_slugs(tx, missing) if missing else {}
        return [_seen(known.get(ask.id), ask, tx.now) or rules.missing(ask.id, former) for ask in asks]

    @call(limit=4)
    async def read(self, ask: ReadProducts) -> Products:
        if len(ask.ids) > _MOST_READ:
            raise BadInput(f"at most {_MOST_READ} products in one request")
        return Products(products=tuple(await store.read(self._database, ask.ids)))

    @call(limit=4)
    async def changes(self, ask: ReadChanges) -> Products:
        limit = min(max(ask.limit, 1), _MOST_READ)
        return Products(products=tuple(await store.changes(self._database, ask.after, limit)))

    @call(limit=4)
    async def of_skus(self, ask: ReadSkuProducts) -> Products:
        if len(ask.skus) > _MOST_READ:
            raise BadInput(f"at most {_MOST_READ} SKUs in one request")
        ids = await copies.products_of(self._database, ask.skus)
        return Products(products=tuple(await store.read(self._database, ids)))

    @call(limit=4)
    async def within(self, ask: ListSkusWithin) -> SkuNames:
        return await copies.within(self._database, ask)

    @call(limit=1)
    async def stamps(self, ask: ListStamps) -> ProductStamps:
        found = await copies.stamps(self._database, ask.after, _STAMPS)
        return ProductStamps(stamps=tuple(found), next=found[-1].id if len(found) == _STAMPS else None)

    @turn
    async def price(self, tx: Transaction, asks: Sequence[PriceSkus]) -> Sequence[Prices]:
        known: dict[str, PricedSku] = await store.prices(tx, {sku for ask in asks for sku in ask.skus})
        return [Prices(skus=tuple(known[sku] for sku in ask.skus if sku in known)) for ask in asks]

    @turn
    async def bundles(self, tx: Transaction, asks: Sequence[ReadBundles]) -> Sequence[Bundles]:
        known = await bundles.read(tx, {sku for ask in asks for sku in ask.skus})
        return [Bundles(bundles=tuple(known[sku] for sku in ask.skus if sku in known)) for ask in asks]

    @call(limit=4)
    async def check_sku(self, ask: CheckSku) -> SkuCheck:
        if await sku_store.is_sold(self._database, ask.sku):  # As a rule: a new SKU whose stock is set.
            return SkuCheck(is_sold=True, similar=None)
        candidates = await sku_store.similar(self._database, ask.sku)
        return SkuCheck(is_sold=False, similar=rules.most_similar(ask.sku, candidates))

    @call(limit=4)
    async def history(self, ask: ReadHistory) -> ProductHistory:
        return await history.page(self._database, ask)

    @turn
    async def category_names(self, tx: Transaction, asks: Sequence[ListCategories]) -> Sequence[Categories]:
        names = sorted(await store.categories(tx), key=lambda name: (sort_key(name, self._language), name))
        return [Categories(names=tuple(names))] * len(asks)

    @staticmethod
    async def _called(tx: Transaction, slugs: Sequence[str]) -> dict[str, Product]:
        """Return the products that are called so in another language."""
        owners = await translations.by_slug(tx, slugs)
        found = {each.id: each for each in await store.by_id(tx, {*owners.values()})} if owners else {}
        return {slug: found[owner] for slug, owner in owners.items() if owner in found}


def _seen(product: Product | None, ask: GetProduct, now: datetime) -> Product | None:
    return product if product and (ask.even_hidden or model_rules.is_visible(product, now)) else None
