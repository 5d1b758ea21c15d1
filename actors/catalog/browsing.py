"""The SQL of lists of products."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from asyncpg import Record

from actors.catalog import rules
from actors.catalog.store import COLUMNS, VISIBLE, with_skus
from bus.messages.base import ProductId
from bus.messages.catalog import ListProducts, ProductIdPage, ProductPage, Sort
from engine.cursor import Page, page_limit, page_of, read_cursor
from engine.postgres import Database

# Products in one sort order. Each statement has only the conditions that apply, not "this category, if any is given":
# a cached plan finds an index only for conditions that are always there.
_LIST = """
select {columns}, {value} as place, words, title as matched from catalog.products
{where} order by {value} {way}, id {way} limit {limit}"""
# A walk through the list soon meets a frequent word; the index of words finds a rare one.
_WALK = "select * from ({products}) as walked where {match} order by place {way}, id {way} limit {limit}"
_FOUND = """
with found as materialized (select * from catalog.products where {match})
select {columns}, {value} as place from found
{where} order by {value} {way}, id {way} limit {limit}"""
# As the index of schema/0019_plain_titles.sql has it.
_PLAIN = r"""to_tsvector('simple', regexp_replace(
    normalize(translate({title}, 'łŁøØđĐħĦı/._''’-', 'lLoOdDhHi      '), nfkd), '[\u0300-\u036f]', '', 'g'))"""
_STEPS = 1000  # Rows of such a walk: some milliseconds.


class _Order(NamedTuple):
    """A sort order of the list."""

    value: str
    type: str
    after: str
    way: str


_ORDERS: Final[dict[Sort, _Order]] = {
    "title": _Order("sort_key", "text", ">", "asc"),
    "price": _Order("lowest_price", "bigint", ">", "asc"),
    "-price": _Order("lowest_price", "bigint", "<", "desc"),
    "newest": _Order("added", "bigint", "<", "desc"),
}


async def page(database: Database, ask: ListProducts, now: datetime) -> ProductPage:
    """A page of products that buyers see at this time.

    Raises:
        BadInput: `after` is not from a page of this sort.
    """
    shown = await _page(database, ask, now, COLUMNS)
    return ProductPage(products=tuple(await with_skus(database, shown.items)), next=shown.next)


async def page_of_ids(database: Database, ask: ListProducts, now: datetime) -> ProductIdPage:
    """A page of the ids of products. Raises as `page` does."""
    shown = await _page(database, ask, now, "id")
    return ProductIdPage(ids=tuple(row["id"] for row in shown.items), next=shown.next)


async def _page(database: Database, ask: ListProducts, now: datetime, columns: str) -> Page[Record]:
    limit = page_limit(ask.limit)
    rows = await _rows(database, ask, limit + 1, now, columns)
    return page_of(rows, limit, lambda row: (row["place"], row["id"]))


async def _rows(database: Database, ask: ListProducts, limit: int, now: datetime, columns: str) -> Sequence[Record]:
    order, value, last_id = _ORDERS[ask.sort], *_after(ask)
    given: list[object] = [limit]
    conditions = list[str]()
    if not ask.even_hidden:
        given.append(now)
        conditions.append(VISIBLE.format(now=f"${len(given)}"))
    if ask.status:
        given.append(ask.status)
        conditions.append(f"status = ${len(given)}")
    if ask.category:
        given.append(ask.category)
        conditions.append(f"category = ${len(given)}")
    if ask.within:
        given.append(list(ask.within))
        conditions.append(f"categories && ${len(given)}::text[]")
    if value is not None:
        given += [value, last_id]
        conditions.append(f"({order.value}, id) {order.after} (${len(given) - 1}::{order.type}, ${len(given)})")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    words = {"columns": columns, "value": order.value, "way": order.way, "where": where}
    if not ask.q.strip():
        return await database.fetch(_LIST.format(limit="$1", **words), *given)
    terms = rules.search_terms(ask.q)
    if not terms:  # Signs alone are in no index.
        return []
    given += [terms, rules.search_terms(rules.without_accents(ask.q))]
    products = _LIST.format(limit=_STEPS, **words)
    match = _match(len(given), "matched")
    rows = await database.fetch(_WALK.format(products=products, match=match, way=order.way, limit="$1"), *given)
    if len(rows) < limit:
        rows = await database.fetch(_FOUND.format(match=_match(len(given), "title"), limit="$1", **words), *given)
    return rows


def _match(last: int, title: str) -> str:
    """Find words as they are written anywhere, or without their accents in the title."""
    plain = _PLAIN.format(title=title)
    return f"(words @@ to_tsquery('simple', ${last - 1}) or {plain} @@ to_tsquery('simple', ${last}))"


def _after(ask: ListProducts) -> tuple[str | int | None, ProductId]:
    if ask.sort == "title":
        return read_cursor(ask.after, tuple[str, str]) or (None, "")
    return read_cursor(ask.after, tuple[int, str]) or (None, "")
