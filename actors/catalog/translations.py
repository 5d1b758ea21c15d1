"""The SQL of translations."""

from collections.abc import Collection, Sequence

import msgspec
from asyncpg import Record

from bus.messages.base import ProductId
from bus.messages.translations import Locale, ProductTexts, Translation
from engine.postgres import Database
from engine.transaction import Transaction

_TRANSLATIONS = """
select t.product_id, t.locale, t.slug, t.texts, t.of_revision, t.at, t.of_revision < p.text_revision as is_outdated
from catalog.translations t join catalog.products p on p.id = t.product_id where """
_OF_PRODUCTS = _TRANSLATIONS + "t.product_id = any($1) order by t.product_id, t.locale"
_IN_LOCALES = _TRANSLATIONS + "t.product_id = any($1) and t.locale = any($2) order by t.product_id, t.locale"
_NUMBER = "select count(*) from catalog.translations where product_id = $1"
_WRITE = """
insert into catalog.translations (product_id, locale, slug, texts, of_revision, at)
values ($1, $2, nullif($3, ''), $4::jsonb, $5, $6)
on conflict (product_id, locale) do update set slug = excluded.slug, texts = excluded.texts,
    of_revision = excluded.of_revision, at = excluded.at"""
_DROP = "delete from catalog.translations where product_id = $1 and locale = $2"
_SLUG_OWNERS = """
select product_id from catalog.translations where slug = $1 and product_id <> $2
union all select id from catalog.products where slug = $1 and id <> $2 limit 1"""
_BY_SLUG = "select slug, product_id from catalog.translations where slug = any($1)"
_LEAVE_SLUG = """
insert into catalog.former_slugs (slug, product_id) values ($1, $2)
on conflict (slug) do update set product_id = excluded.product_id"""
_TAKE_SLUG = "delete from catalog.former_slugs where slug = $1"


async def read(
    reader: Database | Transaction, product_ids: Collection[ProductId], locales: Sequence[Locale] | None = None
) -> list[Translation]:
    """Read translations of products: all, or those into some locales."""
    if locales is None:
        return list(map(_translation, await reader.fetch(_OF_PRODUCTS, list(product_ids))))
    return list(map(_translation, await reader.fetch(_IN_LOCALES, list(product_ids), list(locales))))


async def number(tx: Transaction, product_id: ProductId) -> int:
    """How many translations a product has."""
    found: int = await tx.value(_NUMBER, product_id)
    return found


async def slug_owner(tx: Transaction, slug: str, product_id: ProductId) -> ProductId | None:
    """Another product that has this slug, in any language."""
    found: ProductId | None = await tx.value(_SLUG_OWNERS, slug, product_id)
    return found


async def by_slug(reader: Database | Transaction, slugs: Sequence[str]) -> dict[str, ProductId]:
    """The products that are called so in some language."""
    return {row["slug"]: row["product_id"] for row in await reader.fetch(_BY_SLUG, list(slugs))}


async def write(tx: Transaction, product_id: ProductId, locale: Locale, texts: ProductTexts, of_revision: int) -> None:
    """Write a translation."""
    kept = msgspec.json.encode(msgspec.structs.replace(texts, slug="")).decode()
    await tx.execute(_WRITE, product_id, locale, texts.slug, kept, of_revision, tx.now)


async def drop(tx: Transaction, product_id: ProductId, locale: Locale) -> None:
    """Remove a translation."""
    await tx.execute(_DROP, product_id, locale)


async def move_slug(tx: Transaction, product_id: ProductId, before: str, after: str) -> None:
    """Note that a product is not called so any more in some language, and that it is called so now; "" for no name."""
    if before and before != after:
        await tx.execute(_LEAVE_SLUG, before, product_id)
    if after:
        await tx.execute(_TAKE_SLUG, after)


def _translation(row: Record) -> Translation:
    texts = msgspec.json.decode(row["texts"], type=ProductTexts)
    return Translation(
        product_id=row["product_id"],
        locale=row["locale"],
        texts=msgspec.structs.replace(texts, slug=row["slug"] or ""),
        of_revision=row["of_revision"],
        at=row["at"],
        is_outdated=row["is_outdated"],
    )
