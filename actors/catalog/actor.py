"""The catalog: read by every buyer, written by staff and imports."""

from collections.abc import Sequence

from actors.catalog import rules, store
from actors.catalog.sorting import sort_key
from bus.messages.base import Currency, ProductId
from bus.messages.catalog import (
    Categories,
    ChangeProduct,
    CheckSku,
    CreateProduct,
    GetProduct,
    Imported,
    ImportSkus,
    LastSku,
    ListCategories,
    ListProducts,
    NoSuchProduct,
    NoSuchSku,
    PricedSku,
    Prices,
    PriceSkus,
    Product,
    ProductExists,
    ProductPage,
    Products,
    ReadChanges,
    ReadProducts,
    Removed,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    SkuCheck,
)
from engine.actor import Actor, call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_AT_ONCE = 500  # Products that are given a key at a time.
_MOST_READ = 500


class Catalog(Actor):
    """Keeps products, their SKUs and prices."""

    def __init__(self, *, database: Database, clock: Clock, currency: Currency, language: str) -> None:
        self._database = database
        self._clock = clock
        self._currency = currency
        self._language = language

    async def run(self) -> None:
        """Sort products that were written under another language, or by an older version."""
        while await store.has_unsorted(self._database, self._language):
            async with self._database.transaction(self._clock.now()) as tx:
                await store.sort(tx, self._language, _AT_ONCE)

    @call(limit=4)  # A statement outside any turn: a slow search delays no price.
    async def browse(self, ask: ListProducts) -> ProductPage:
        return await store.page(self._database, ask)

    @turn
    async def get(self, tx: Transaction, asks: Sequence[GetProduct]) -> Sequence[Product | NoSuchProduct]:
        found = await store.by_id(tx, {ask.id for ask in asks})
        known = {product.slug: product for product in found} | {product.id: product for product in found}
        return [known.get(ask.id) or NoSuchProduct(id=ask.id) for ask in asks]

    @call(limit=4)
    async def read(self, ask: ReadProducts) -> Products:
        if len(ask.ids) > _MOST_READ:
            raise BadInput(f"at most {_MOST_READ} products in one request")
        return Products(products=tuple(await store.read(self._database, ask.ids)))

    @call(limit=4)
    async def changes(self, ask: ReadChanges) -> Products:
        limit = min(max(ask.limit, 1), _MOST_READ)
        return Products(products=tuple(await store.changes(self._database, ask.after, limit)))

    @turn
    async def price(self, tx: Transaction, asks: Sequence[PriceSkus]) -> Sequence[Prices]:
        known: dict[str, PricedSku] = await store.prices(tx, {sku for ask in asks for sku in ask.skus})
        return [Prices(skus=tuple(known[sku] for sku in ask.skus if sku in known)) for ask in asks]

    @call(limit=4)
    async def check_sku(self, ask: CheckSku) -> SkuCheck:
        candidates = await store.similar(self._database, ask.sku)
        is_sold = ask.sku in candidates
        return SkuCheck(is_sold=is_sold, similar=None if is_sold else rules.most_similar(ask.sku, candidates))

    @turn
    async def import_skus(self, tx: Transaction, ask: ImportSkus) -> Imported:
        if len(ask.rows) > 1000:
            raise BadInput("at most 1,000 rows in one request")
        owners, slugs = await store.taken(tx, ask.rows)
        good, refused = rules.sort_rows(ask.rows, self._currency, owners, slugs)
        if not ask.is_trial:
            tx.publish(*await store.write(tx, good, self._language))
        return Imported(written=len(good), refused=tuple(refused))

    @turn
    async def create(self, tx: Transaction, ask: CreateProduct) -> Product | ProductExists:
        rows = rules.rows_of(ask)
        owners, slugs = await store.taken(tx, rows)
        if slugs or owners:
            return ProductExists(id=ask.id)
        return await self._write(tx, ask, owners, slugs)

    @turn
    async def change(self, tx: Transaction, ask: ChangeProduct) -> Product | NoSuchProduct | ProductExists:
        found = await store.lock(tx, ask.id)
        if found is None:
            return NoSuchProduct(id=ask.id)
        if twice := rules.named_twice(ask.skus or ()):
            raise BadInput(f"sku {twice} is named twice")
        product = rules.changed(found, ask)
        return await self._write(tx, product, *await store.taken(tx, rules.rows_of(product)))

    @turn
    async def remove(self, tx: Transaction, ask: RemoveProduct) -> Removed | NoSuchProduct:
        removed = await store.remove(tx, ask.id)
        if removed is None:
            return NoSuchProduct(id=ask.id)
        tx.publish(removed)
        return Removed(id=ask.id)

    @turn
    async def remove_sku(self, tx: Transaction, ask: RemoveSku) -> Product | NoSuchProduct | NoSuchSku | LastSku:
        product = await store.lock(tx, ask.id)
        if product is None:
            return NoSuchProduct(id=ask.id)
        refused = rules.sku_removal(product, ask.sku)
        if refused is not None:
            return refused
        tx.publish(*await store.remove_sku(tx, product.id, ask.sku))
        return await self._known(tx, product.id)

    @turn
    async def rename_sku(self, tx: Transaction, ask: RenameSku) -> Product | NoSuchProduct | NoSuchSku | ProductExists:
        product = await store.lock(tx, ask.id)
        if product is None:
            return NoSuchProduct(id=ask.id)
        row = rules.renamed(product, ask)
        if row is None:
            is_done = any(sku.sku == ask.name for sku in product.skus)
            is_done = is_done and await store.was_renamed(tx, product.id, ask.sku, ask.name)
            return product if is_done else NoSuchSku(id=product.id, sku=ask.sku)
        if ask.name == ask.sku:
            return product
        owners, _ = await store.taken(tx, [row])
        refused = rules.renaming(row, owners)
        if isinstance(refused, str):
            raise BadInput(refused)
        if refused is not None or ask.is_trial:
            return refused or product
        tx.publish(*await store.rename_sku(tx, product.id, ask.sku, ask.name))
        return await self._known(tx, product.id)

    @turn
    async def categories(self, tx: Transaction, asks: Sequence[ListCategories]) -> Sequence[Categories]:
        names = sorted(await store.categories(tx), key=lambda name: (sort_key(name, self._language), name))
        return [Categories(names=tuple(names))] * len(asks)

    async def _write(
        self, tx: Transaction, product: CreateProduct | Product, owners: dict[str, str], slugs: dict[str, str]
    ) -> Product | ProductExists:
        rows = rules.rows_of(product)
        good, refused = rules.sort_rows(rows, self._currency, owners, slugs)
        if any(owner != product.id for owner in owners.values()):
            return ProductExists(id=product.id)
        if refused:
            raise BadInput(refused[0][1])
        tx.publish(*await store.write(tx, good, self._language))
        return await self._known(tx, product.id)

    @staticmethod
    async def _known(tx: Transaction, product_id: ProductId) -> Product:
        return next(product for product in await store.by_id(tx, {product_id}) if product.id == product_id)
