"""The SQL of wordings: texts of categories, collections and attributes in other languages.

Rejected: docs/decisions/0035.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import msgspec
from asyncpg import Record
from msgspec import structs

from bus.messages.translations import Locale
from bus.messages.wordings import Worded, Wording, WordingKind, WordingTexts
from engine.postgres import Database
from engine.transaction import Transaction

_Kept: TypeAlias = tuple[datetime, Mapping[str, Worded]]

_ORIGINALS: Final = """
(select 'category' as kind, id, title, path as slug, text_revision from catalog.categories
union all select 'collection', id, title, slug, text_revision from catalog.collections
union all select 'attribute', key, title, '', text_revision from catalog.attributes)"""
_WORDINGS: Final = f"""
select w.kind, w.id, w.locale, w.slug, w.texts, w.of_revision, w.at, w.of_revision < o.text_revision as is_outdated
from catalog.wordings w join {_ORIGINALS} o on o.kind = w.kind and o.id = w.id
where w.kind = $1 and w.id = $2 order by w.locale"""  # noqa: S608 - of our own words
_REVISION: Final = f"select o.text_revision from {_ORIGINALS} o where o.kind = $1 and o.id = $2"  # noqa: S608
_WRITE: Final = """
insert into catalog.wordings (kind, id, locale, slug, texts, of_revision, at)
values ($1, $2, $3, nullif($4, ''), $5::jsonb, $6, $7)
on conflict (kind, id, locale) do update set slug = excluded.slug, texts = excluded.texts,
    of_revision = excluded.of_revision, at = excluded.at"""
_DROP: Final = "delete from catalog.wordings where kind = $1 and id = $2 and locale = $3"
_FORGET: Final = "delete from catalog.wordings where kind = $1 and id = $2 returning slug"
_OWNER: Final = f"""
select id from catalog.wordings where kind = $1 and slug = $2 and id <> $3
union all select o.id from {_ORIGINALS} o where o.kind = $1 and o.slug = $2 and o.id <> $3 limit 1"""  # noqa: S608
# What a category and all below it would be called, if another thing is called so in another language.
_IN_THE_WAY: Final = """
select w.slug, w.id from catalog.wordings w where w.kind = 'category' and w.slug is not null and w.id <> $1 and (
    w.slug = $3 or w.slug = any(array(
        select $3 || substr(path, length($2) + 1) from catalog.categories where path > $2 || '/' and path < $2 || '0')))
order by w.slug limit 1"""
_BY_SLUG: Final = "select slug, id from catalog.wordings where kind = $1 and slug = any($2)"
_LEAVE_SLUGS: Final = """
insert into catalog.former_paths (kind, path, target) select $1, slug, $2 from unnest($3::text[]) as slug
on conflict (kind, path) do update set target = excluded.target"""
_TAKE_SLUG: Final = "delete from catalog.former_paths where kind = $1 and path = $2"
_THERE: Final = "select distinct kind, locale from catalog.wordings"
_IN_LOCALE: Final = f"""
select w.id, o.title, w.slug, w.texts - 'description' as texts
from catalog.wordings w join {_ORIGINALS} o on o.kind = w.kind and o.id = w.id
where w.kind = $1 and w.locale = $2 order by w.id"""  # noqa: S608
_OF_ONE: Final = f"""
select w.id, o.title, w.slug, w.texts from catalog.wordings w join {_ORIGINALS} o on o.kind = w.kind and o.id = w.id
where w.kind = $1 and w.id = $3 and w.locale = any($2) order by array_position($2, w.locale) limit 1"""  # noqa: S608

_TEXTS: Final = msgspec.json.Decoder(WordingTexts)
_FRESH: Final = timedelta(seconds=5)
_MOST_KEPT: Final = 32  # Kinds and languages.


class Texts:
    """Texts in other languages, as of five seconds ago at most: each list of products shows some of them.

    Readers ask for whatever language they like. So it is known which there are: the others cost no statement.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._at: datetime | None = None
        self._there: frozenset[tuple[WordingKind, Locale]] = frozenset()
        self._kept: OrderedDict[tuple[WordingKind, Locale], _Kept] = OrderedDict()

    async def read(self, kind: WordingKind, locales: Sequence[Locale], now: datetime) -> tuple[Worded, ...]:
        """Return the texts of all things of a kind, each in the first of these languages that it has."""
        if not _is_fresh(self._at, now):
            rows = await self._database.fetch(_THERE)
            self._there, self._at = frozenset((row["kind"], row["locale"]) for row in rows), now
        found: dict[str, Worded] = {}
        for locale in reversed(locales):
            if (kind, locale) in self._there:
                found |= await self._in_locale(kind, locale, now)
        return tuple(found.values())

    def forget(self) -> None:
        """Read again what is asked for next."""
        self._at = None
        self._kept.clear()

    async def _in_locale(self, kind: WordingKind, locale: Locale, now: datetime) -> Mapping[str, Worded]:
        at, known = self._kept.get((kind, locale), (None, {}))
        if not _is_fresh(at, now):
            known = {row["id"]: _worded(row) for row in await self._database.fetch(_IN_LOCALE, kind, locale)}
            self._kept[kind, locale] = now, known
            self._kept.move_to_end((kind, locale))
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return known


async def of_one(database: Database, kind: WordingKind, locales: Sequence[Locale], name: str) -> tuple[Worded, ...]:
    """Read the texts of one thing in the first of these languages that it has."""
    return tuple(map(_worded, await database.fetch(_OF_ONE, kind, list(locales), name)))


async def read(reader: Database | Transaction, kind: WordingKind, name: str) -> tuple[Wording, ...]:
    """Read the texts of one thing in all its languages."""
    return tuple(map(_wording, await reader.fetch(_WORDINGS, kind, name)))


async def revision(reader: Database | Transaction, kind: WordingKind, name: str) -> int | None:
    """Read the revision of a thing's own texts; None if it is not there."""
    rows = await reader.fetch(_REVISION, kind, name)
    return rows[0]["text_revision"] if rows else None


async def owner(tx: Transaction, kind: WordingKind, slug: str, name: str) -> str | None:
    """Another thing of a kind that is called so, in any language."""
    found: str | None = await tx.value(_OWNER, kind, slug, name)
    return found


async def by_slug(tx: Transaction, kind: WordingKind, slugs: Sequence[str]) -> dict[str, str]:
    """The things of a kind that are called so in another language."""
    return {row["slug"]: row["id"] for row in await tx.fetch(_BY_SLUG, kind, list(slugs))}


async def in_the_way(tx: Transaction, category: str, before: str, after: str) -> tuple[str, str] | None:
    """A path that a category, or one below it, would get, and the category that is called so in another language.

    Args:
        tx: In which the catalog is locked.
        category: The id of the one that moves.
        before: Its path as it is; of a new one the path that it gets.
        after: The path that it gets.
    """
    row = await tx.row(_IN_THE_WAY, category, before, after)
    return (row["slug"], row["id"]) if row else None


async def write(
    tx: Transaction, kind: WordingKind, name: str, locale: Locale, texts: WordingTexts, of_revision: int
) -> None:
    """Write texts in another language."""
    kept = msgspec.json.encode(structs.replace(texts, slug="")).decode()
    await tx.execute(_WRITE, kind, name, locale, texts.slug, kept, of_revision, tx.now)


async def drop(tx: Transaction, kind: WordingKind, name: str, locale: Locale) -> None:
    """Remove texts in another language."""
    await tx.execute(_DROP, kind, name, locale)


async def move_slug(tx: Transaction, kind: WordingKind, name: str, before: str, after: str) -> None:
    """Note that a thing is not called so any more in some language, and that it is called so now; "" for no name."""
    if before and before != after:
        await tx.execute(_LEAVE_SLUGS, kind, name, [before])
    if after:
        await tx.execute(_TAKE_SLUG, kind, after)


async def forget(tx: Transaction, kind: WordingKind, name: str) -> None:
    """Remove all texts of a thing that is removed; its slugs are known to be gone."""
    slugs = {row["slug"] for row in await tx.fetch(_FORGET, kind, name) if row["slug"]}
    if slugs:
        await tx.execute(_LEAVE_SLUGS, kind, name, sorted(slugs))


def _is_fresh(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now < at + _FRESH


def _worded(row: Record) -> Worded:
    return Worded(id=row["id"], title=row["title"], texts=_texts(row))


def _wording(row: Record) -> Wording:
    return Wording(
        id=row["id"],
        kind=row["kind"],
        locale=row["locale"],
        texts=_texts(row),
        of_revision=row["of_revision"],
        at=row["at"],
        is_outdated=row["is_outdated"],
    )


def _texts(row: Record) -> WordingTexts:
    return structs.replace(_TEXTS.decode(row["texts"]), slug=row["slug"] or "")
