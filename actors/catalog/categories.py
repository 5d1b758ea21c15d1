"""The SQL of categories: the tree, its former paths, and how many products are in it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from asyncpg import Record

from actors.catalog.category_rules import Known, SettledCategories, counts, is_settled, names, settle
from bus.messages.base import CategoryId, ProductId
from bus.messages.catalog import Product
from bus.messages.navigation import MOST_CATEGORIES, Category
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_CATEGORY = "select id, parent, slug, path, title, description, place from catalog.categories"
_ALL = _CATEGORY + " order by path"
_NAMED = _CATEGORY + " where id = any($1) or path = any($1)"
_FIND = """
select id, parent, slug, path, title, description, place from catalog.categories
where id = $1 or path = $1 or id = any(array(select id from catalog.wordings where kind = 'category' and slug = $1))"""
_CALLED = """
select c.id, c.parent, c.slug, c.path, c.title, c.description, c.place, array(
    select w.slug from catalog.wordings w where w.kind = 'category' and w.id = c.id and w.slug = any($1)) as also
from catalog.categories c
where c.id = any($1) or c.path = any($1) or c.title = any($1)
    or c.id = any(array(select id from catalog.wordings where kind = 'category' and slug = any($1)))"""
_ABOVE = _CATEGORY + " where path = any($1) order by path"
_CHILDREN = _CATEGORY + " where parent = $1"
_BELOW = """
select c.id from catalog.categories a
join catalog.categories c on c.path = a.path or (c.path > a.path || '/' and c.path < a.path || '0')
where a.id = any($1) or a.path = any($1) or a.id = any(array(
    select w.id from catalog.wordings w where w.kind = 'category' and w.slug = any($1)
        and not exists (select from catalog.categories n where n.id = w.slug or n.path = w.slug)))"""
_HEIGHT = """
select max(length(path) - length(replace(path, '/', ''))) from catalog.categories
where path = $1 or (path > $1 || '/' and path < $1 || '0')"""
_NUMBER = "select count(*) from catalog.categories"
_WRITE = """
insert into catalog.categories as c (id, parent, slug, path, title, description, place)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[])
on conflict (id) do update set parent = excluded.parent, slug = excluded.slug, path = excluded.path,
    title = excluded.title, description = excluded.description, place = excluded.place,
    text_revision = c.text_revision
        + ((c.title, c.description) is distinct from (excluded.title, excluded.description))::int"""
# "/" is followed by "0" in the order of bytes: so what is below a path lies between two texts, and an index finds it.
_MOVE = """
update catalog.categories set path = $2 || substr(path, length($1) + 1)
where path > $1 || '/' and path < $1 || '0'"""
_LEAVE_PATHS = """
insert into catalog.former_paths (kind, path, target)
select 'category', path, id from catalog.categories where path = $1 or (path > $1 || '/' and path < $1 || '0')
on conflict (kind, path) do update set target = excluded.target"""
_TAKE_PATHS = """
delete from catalog.former_paths f using catalog.categories c
where f.kind = 'category' and f.path = c.path and (c.path = $1 or (c.path > $1 || '/' and c.path < $1 || '0'))"""
_FORMER = """
select f.path, c.path as present from catalog.former_paths f left join catalog.categories c on c.id = f.target
where f.kind = 'category' and f.path = $1"""
_REMOVE = "delete from catalog.categories where id = $1"
_IN_IT = "select count(*) from (select from catalog.products where categories @> array[$1] limit 1000) as found"
_BELOW_IT = "select count(*) from catalog.categories where parent = $1"
_TO_RETITLE = """
select p.id from catalog.products p join catalog.categories c on c.id = p.categories[1]
where p.categories[1] = $1 and p.id > $2 and p.category <> c.title order by p.id limit $3"""
# All rows are read: what it costs is bounded by how often it is asked (`Counts`).
_COMBINATIONS = """
select categories, count(*) as products from catalog.products
where status = 'active' and coalesce(publish_at <= $1, true) and coalesce(unpublish_at > $1, true)
    and categories <> '{}'
group by categories"""
# For the audit, which reads everything: both are at most so many findings.
_LOST = """
select p.id, c.name from catalog.products p, unnest(p.categories) as c (name)
where not exists (select from catalog.categories k where k.id = c.name) order by p.id, c.name limit 1000"""
_ASTRAY = """
select c.id, c.path from catalog.categories c left join catalog.categories a on a.id = c.parent
where c.path <> coalesce(a.path || '/', '') || c.slug order by c.path limit 1000"""
_FRESH: Final = timedelta(seconds=5)


class Counts:
    """How many products buyers see in each category and below it: numbers that are at most five seconds old.

    To be exact they would have to be counted for each reader: a million rows take a second.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._at: datetime | None = None
        self._counts: Mapping[CategoryId, int] = {}

    async def read(self, now: datetime) -> Mapping[CategoryId, int]:
        """Return the numbers; a category without products is missing."""
        if self._at is None or not self._at <= now < self._at + _FRESH:
            rows = await self._database.fetch(_COMBINATIONS, now)
            combinations = [(row["categories"], row["products"]) for row in rows]
            self._counts, self._at = counts(combinations, await all_of(self._database)), now
        return self._counts


async def all_of(database: Database) -> list[Category]:
    """All categories, by path."""
    return list(map(_category, await database.fetch(_ALL)))


async def named(reader: Database | Transaction, names: Collection[str]) -> list[Category]:
    """The categories of these ids or paths; unknown ones are missing."""
    return list(map(_category, await reader.fetch(_NAMED, list(names))))


async def find(database: Database, name: str) -> list[Category]:
    """The categories that a name may mean: by id, by path, or by what they are called in another language."""
    return list(map(_category, await database.fetch(_FIND, name)))


async def above(database: Database, category: Category) -> list[Category]:
    """The categories above one, from the top down."""
    parts = category.path.split("/")
    paths = ["/".join(parts[:end]) for end in range(1, len(parts))]
    return list(map(_category, await database.fetch(_ABOVE, paths))) if paths else []


async def children(database: Database, category_id: CategoryId) -> list[Category]:
    """The categories just below one, in any order."""
    return list(map(_category, await database.fetch(_CHILDREN, category_id)))


async def below(database: Database, names: Collection[str]) -> tuple[CategoryId, ...]:
    """The ids of categories, named by ids or paths in any language, and of all that are below them."""
    return tuple(sorted({row["id"] for row in await database.fetch(_BELOW, list(names))}))


async def former(reader: Database | Transaction, path: str) -> dict[str, str | None]:
    """The present path of the category that had this one; None if the category is gone; empty if none had it."""
    return {row["path"]: row["present"] for row in await reader.fetch(_FORMER, path)}


async def settled(
    tx: Transaction, products: Sequence[Product], known: Mapping[ProductId, Product]
) -> SettledCategories:
    """Find the categories that products say. Costs a statement only where a product says others than it has."""
    open_ones = [product for product in products if not is_settled(product, known.get(product.id))]
    texts = {text for product in open_ones for text in (product.category, *product.categories) if text}
    rows = await tx.fetch(_CALLED, list(names(texts))) if texts else ()
    also = {slug: row["id"] for row in rows for slug in row["also"]}
    return settle(products, known, Known(map(_category, rows), also))


async def add(tx: Transaction, added: Sequence[Category]) -> None:
    """Add categories, each after that above it.

    Raises:
        BadInput: There would be too many.
    """
    if not added:
        return
    if await tx.value(_NUMBER) + len(added) > MOST_CATEGORIES:
        raise BadInput(f"at most {MOST_CATEGORIES:,} categories")
    await write(tx, added)


async def write(tx: Transaction, categories: Sequence[Category]) -> None:
    """Write categories, each after that above it."""
    await tx.execute(
        _WRITE,
        [c.id for c in categories], [c.parent for c in categories], [c.slug for c in categories],
        [c.path for c in categories], [c.title for c in categories], [c.description for c in categories],
        [c.place for c in categories],
    )  # fmt: skip
    for category in categories:
        await tx.execute(_TAKE_PATHS, category.path)


async def height(tx: Transaction, category: Category | None) -> int:
    """How many levels are below a category; 0 for a new one."""
    if category is None:
        return 0
    deepest: int = await tx.value(_HEIGHT, category.path)
    return deepest - category.path.count("/")


async def move(tx: Transaction, before: Category, after: Category) -> None:
    """Write a category whose path is another one, and move all that is below it. Its former paths lead there."""
    await tx.execute(_LEAVE_PATHS, before.path)
    await tx.execute(_MOVE, before.path, after.path)
    await write(tx, [after])


async def remove(tx: Transaction, category: Category) -> None:
    """Remove a category that is not in use."""
    await tx.execute(_LEAVE_PATHS, category.path)
    await tx.execute(_REMOVE, category.id)


async def use(tx: Transaction, category_id: CategoryId) -> tuple[int, int]:
    """How many products are in a category, 1,000 at most, and how many categories just below it."""
    return await tx.value(_IN_IT, category_id), await tx.value(_BELOW_IT, category_id)


async def to_retitle(tx: Transaction, category_id: CategoryId, after: ProductId, limit: int) -> list[ProductId]:
    """Products whose main category this is, under a title that it had; by id, after one of them."""
    return [row["id"] for row in await tx.fetch(_TO_RETITLE, category_id, after, limit)]


async def lost(database: Database) -> list[tuple[ProductId, CategoryId]]:
    """Products with categories that are not there."""
    return [(row["id"], row["name"]) for row in await database.fetch(_LOST)]


async def astray(database: Database) -> list[tuple[CategoryId, str]]:
    """Categories with paths that are not those of their places."""
    return [(row["id"], row["path"]) for row in await database.fetch(_ASTRAY)]


async def number(database: Database) -> int:
    """How many categories there are."""
    found: int = (await database.fetch(_NUMBER))[0][0]
    return found


def _category(row: Record) -> Category:
    return Category(
        id=row["id"],
        parent=row["parent"],
        slug=row["slug"],
        path=row["path"],
        title=row["title"],
        description=row["description"],
        place=row["place"],
    )
