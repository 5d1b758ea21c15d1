"""The catalog's handlers of what leads to products: the tree of categories, collections, redirects."""

from collections.abc import Sequence

from msgspec import structs

from actors.catalog import (
    categories,
    category_rules,
    list_rules,
    lists,
    redirect_rules,
    redirects,
    slugs,
    store,
    wordings,
)
from actors.catalog.categories import Counts
from actors.catalog.changes import edit
from actors.catalog.private import RetitleProducts
from actors.catalog.viewing import ViewFloors
from actors.catalog.wording_turns import WordingTurns
from bus.messages.audit import Findings
from bus.messages.catalog import Product
from bus.messages.navigation import (
    MOST_COLLECTIONS,
    MOST_REDIRECTS,
    AuditCategories,
    Category,
    CategoryFound,
    CategoryIds,
    CategoryInUse,
    CategoryRemoved,
    CategoryTree,
    Collection,
    CollectionMoved,
    CollectionRemoved,
    Collections,
    DivideSlugs,
    FindCategory,
    FindRedirect,
    GetCollection,
    ListCollections,
    ListRedirects,
    ListSlugs,
    NoSuchCategory,
    NoSuchCollection,
    NoSuchRedirect,
    PathTaken,
    ReadBelow,
    ReadCategoryTree,
    RedirectFound,
    RedirectPage,
    RedirectRemoved,
    RedirectsSet,
    RemoveCategory,
    RemoveCollection,
    RemoveRedirect,
    SetCategory,
    SetCollection,
    SetRedirects,
    SlugPage,
    SlugParts,
)
from engine.actor import call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_AT_ONCE = 500  # Products that get a category's new title in one turn.
_MOST_ASKED = 1000  # Categories, and redirects to write.


class Navigation(WordingTurns):
    """Keeps the ways to products. A part of the catalog, which inherits its handlers."""

    def __init__(self, *, database: Database, clock: Clock, language: str, floors: ViewFloors) -> None:
        super().__init__(database=database, clock=clock, language=language, floors=floors)
        self._counts = Counts(database)

    @call(limit=4)
    async def category_tree(self, _: ReadCategoryTree) -> CategoryTree:
        found = category_rules.in_order(await categories.all_of(self._database), self._language)
        numbers = await self._counts.read(self._clock.now())
        return CategoryTree(categories=category_rules.counted(found, numbers))

    @call(limit=16)
    async def find_category(self, ask: FindCategory) -> CategoryFound | NoSuchCategory:
        found = category_rules.best(await categories.find(self._database, ask.path), ask.path)
        if found is None:
            return category_rules.missing(ask.path, await categories.former(self._database, ask.path))
        children = category_rules.in_order(await categories.children(self._database, found.id), self._language)
        numbers = await self._counts.read(self._clock.now())
        return CategoryFound(
            found=category_rules.counted([found], numbers)[0],
            above=tuple(await categories.above(self._database, found)),
            children=category_rules.counted(children, numbers),
        )

    @call(limit=16)
    async def read_below(self, ask: ReadBelow) -> CategoryIds:
        if len(ask.ids) > _MOST_ASKED:
            raise BadInput(f"at most {_MOST_ASKED:,} categories in one request")
        return CategoryIds(ids=await categories.below(self._database, ask.ids))

    @turn
    async def set_category(self, tx: Transaction, ask: SetCategory) -> Category | NoSuchCategory | PathTaken:
        await store.lock(tx, ())
        wanted = structs.replace(ask.category, id=ask.id)
        if refused := category_rules.refusal(wanted):
            raise BadInput(refused)
        known = {each.id: each for each in await categories.named(tx, [ask.id, wanted.parent or ""])}
        before, parent = known.get(ask.id), known.get(wanted.parent or "")
        if wanted.parent and parent is None:
            return NoSuchCategory(id=wanted.parent)
        after = category_rules.below(wanted, parent)
        if refused := category_rules.place_refusal(before, parent, await categories.height(tx, before)):
            raise BadInput(refused)
        taken = [each.id for each in await categories.named(tx, [after.path]) if each.path == after.path]
        if taken and taken[0] != ask.id:
            return PathTaken(path=after.path, by=taken[0])
        if not (before and before.path == after.path):
            old = before.path if before else after.path
            if other := await wordings.in_the_way(tx, ask.id, old, after.path):
                return PathTaken(path=other[0], by=other[1])
        await self._write_category(tx, before, after)
        return after

    async def _write_category(self, tx: Transaction, before: Category | None, after: Category) -> None:
        if before is None:
            await categories.add(tx, [after])
            return
        if before.path != after.path:
            await categories.move(tx, before, after)
        elif before != after:
            await categories.write(tx, [after])
        if before.title != after.title:
            tx.send(RetitleProducts(category_id=after.id))

    @turn
    async def retitle(self, tx: Transaction, ask: RetitleProducts) -> None:
        """Write a category's title into its products. Each is a change like others, so all who show them hear of it."""
        await store.lock(tx, ())
        ids = await categories.to_retitle(tx, ask.category_id, ask.after, _AT_ONCE)
        found = await categories.named(tx, [ask.category_id])
        if not ids or not found:
            return
        products: list[Product] = list((await store.lock(tx, ids)).values())
        changes = [edit(each.id, each, structs.replace(each, category=found[0].title)) for each in products]
        await self._store(tx, changes, by="")
        if len(ids) == _AT_ONCE:
            tx.send(RetitleProducts(category_id=ask.category_id, after=ids[-1]))

    @turn
    async def remove_category(
        self, tx: Transaction, ask: RemoveCategory
    ) -> CategoryRemoved | NoSuchCategory | CategoryInUse:
        await store.lock(tx, ())
        found = [each for each in await categories.named(tx, [ask.id]) if each.id == ask.id]
        if not found:
            return NoSuchCategory(id=ask.id)
        products, below = await categories.use(tx, ask.id)
        if products or below:
            return CategoryInUse(id=ask.id, products=products, below=below)
        await categories.remove(tx, found[0])
        await wordings.forget(tx, "category", ask.id)
        return CategoryRemoved(id=ask.id)

    @call(limit=1, timeout_s=600)
    async def audit_categories(self, _: AuditCategories) -> Findings:
        """Each statement sees one moment, at which all must fit: there is no need to look twice."""
        lost, astray = await categories.lost(self._database), await categories.astray(self._database)
        findings = [*map(category_rules.lost_finding, lost), *map(category_rules.astray_finding, astray)]
        return Findings(findings=tuple(findings), checked=await categories.number(self._database))

    @turn
    async def get_collection(
        self, tx: Transaction, asks: Sequence[GetCollection]
    ) -> Sequence[Collection | NoSuchCollection]:
        found = await lists.named(tx, list({ask.id for ask in asks}))
        known = {each.slug: each for each in found} | {each.id: each for each in found}
        if missing := [ask.id for ask in asks if ask.id not in known]:
            known |= await self._called_lists(tx, missing)
        missing = [ask.id for ask in asks if ask.id not in known]
        former = await lists.former(tx, missing) if missing else {}
        return [list_rules.seen(known.get(ask.id), ask, tx.now) or list_rules.missing(ask.id, former) for ask in asks]

    @staticmethod
    async def _called_lists(tx: Transaction, called: Sequence[str]) -> dict[str, Collection]:
        """Return the collections that are called so in another language."""
        owners = await wordings.by_slug(tx, "collection", called)
        found = {each.id: each for each in await lists.named(tx, list({*owners.values()}))} if owners else {}
        return {slug: found[owner] for slug, owner in owners.items() if owner in found}

    @call(limit=2)
    async def list_collections(self, _: ListCollections) -> Collections:
        return Collections(collections=await lists.summaries(self._database, self._language))

    @turn
    async def set_collection(self, tx: Transaction, ask: SetCollection) -> Collection | PathTaken | CollectionMoved:
        await lists.lock(tx)
        wanted = structs.replace(ask.collection, id=ask.id)
        known = await lists.named(tx, [ask.id, wanted.slug])
        before = next((each for each in known if each.id == ask.id), None)
        if ask.expected is not None and ask.expected != (revision := before.revision if before else 0):
            return CollectionMoved(id=ask.id, revision=revision)
        if refused := list_rules.refusal(wanted, before, tx.now):
            raise BadInput(refused)
        if other := next((each for each in known if each.slug == wanted.slug and each.id != ask.id), None):
            return PathTaken(path=wanted.slug, by=other.id)
        if taken := await wordings.owner(tx, "collection", wanted.slug, ask.id):
            return PathTaken(path=wanted.slug, by=taken)
        if before is None and await lists.number(tx) >= MOST_COLLECTIONS:
            raise BadInput(f"at most {MOST_COLLECTIONS:,} collections")
        return await lists.write(tx, wanted, before)

    @turn
    async def remove_collection(self, tx: Transaction, ask: RemoveCollection) -> CollectionRemoved | NoSuchCollection:
        await lists.lock(tx)
        found = next((each for each in await lists.named(tx, [ask.id]) if each.id == ask.id), None)
        if found is None:
            return NoSuchCollection(id=ask.id)
        await lists.remove(tx, found)
        await wordings.forget(tx, "collection", ask.id)
        return CollectionRemoved(id=ask.id)

    @call(limit=4)
    async def list_slugs(self, ask: ListSlugs) -> SlugPage:
        return await slugs.page(self._database, ask.after, self._clock.now())

    @call(limit=1)
    async def divide_slugs(self, ask: DivideSlugs) -> SlugParts:
        return SlugParts(starts=await slugs.starts(self._database, ask.size, self._clock.now()))

    @turn
    async def find_redirect(self, tx: Transaction, asks: Sequence[FindRedirect]) -> Sequence[RedirectFound]:
        wanted = [redirect_rules.lookups(ask.path, ask.query) for ask in asks]
        known = await redirects.by_path(tx, sorted({path for paths in wanted for path in paths}))
        found = [next((known[path] for path in paths if path in known), None) for paths in wanted]
        return [RedirectFound(redirect=redirect) for redirect in found]

    @call(limit=2)
    async def list_redirects(self, ask: ListRedirects) -> RedirectPage:
        return await redirects.page(self._database, ask)

    @turn
    async def set_redirects(self, tx: Transaction, ask: SetRedirects) -> RedirectsSet:
        if len(ask.redirects) > _MOST_ASKED:
            raise BadInput(f"at most {_MOST_ASKED:,} redirects in one request")
        await redirects.lock(tx)
        wanted = [structs.replace(each, path=redirect_rules.normal(each.path)) for each in ask.redirects]
        good, refused = redirect_rules.sort_redirects(wanted, await redirects.reached(tx, wanted))
        if await redirects.number(tx) + len(good) > MOST_REDIRECTS:
            raise BadInput(f"at most {MOST_REDIRECTS:,} redirects")
        await redirects.write(tx, good)
        return RedirectsSet(written=len(good), refused=tuple(refused))

    @turn
    async def remove_redirect(self, tx: Transaction, ask: RemoveRedirect) -> RedirectRemoved | NoSuchRedirect:
        path = redirect_rules.normal(ask.path)
        is_removed = await redirects.remove(tx, path)
        return RedirectRemoved(path=path) if is_removed else NoSuchRedirect(path=path)
