"""The search: how fast a shop finds goods, and what its index costs, beside PostgreSQL's full text in the same run.

Over HTTP: a page of 24 with six facets and two filters, one caller, and eight at once by the processor time of the
shop, which is what one core could do. Then from the commit of a change until a search has it, the building of the
index, its size and its memory. PostgreSQL is asked for the same words and counts over the same products, by statements
as one writes them: a column of words with its index, and an aggregation for each facet without its own filter.
"""

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg
import psutil

from actors.search.asked import Question
from actors.search.findable import Findable
from actors.search.finder import Finder
from actors.search.folder import IndexFolder
from bench.cpu import between, used_s
from bench.http import Connection, connect
from engine.services import open_services
from engine.settings import EngineSettings
from testkit.programs import Running, command, program

PRODUCTS: Final = 100_000
MANY: Final = 1_000_000
_QUERIES: Final = 400
_CALLERS: Final = 8
_CHANGES: Final = 40
_WITHIN_S: Final = 900.0
_SEED: Final = 20_260_801
_FACETS: Final = ("colour", "material", "style", "size")  # Attributes; brand and category besides.
_VALUES: Final[Mapping[str, Sequence[str]]] = {
    "colour": ("red", "blue", "green", "black", "white", "grey", "yellow", "pink", "brown", "orange"),
    "material": ("cotton", "wool", "steel", "oak", "glass", "leather", "linen", "plastic"),
    "style": ("classic", "modern", "rustic", "nordic", "vintage"),
    "size": ("small", "medium", "large", "huge"),
}
_SYLLABLES: Final = (
    "ba", "ke", "lo", "mi", "nu", "ra", "so", "ti", "va", "ze", "dor", "fen", "gal", "hus", "jin", "pol",
)  # fmt: skip


@dataclass
class Figures:
    """All that was measured of one shop."""

    products: int
    built_s: float = 0.0
    index_mb: float = 0.0
    memory_mb: float = 0.0  # By which the process grew that opened the index and searched it.
    in_index_ms: list[float] = field(default_factory=list)  # Processor time of a search, beside HTTP and the catalogue.
    ours_ms: list[float] = field(default_factory=list)
    postgres_ms: list[float] = field(default_factory=list)
    searches_of_a_core: float = 0.0
    found_after_ms: list[float] = field(default_factory=list)


async def measure(folder: Path, products: int = PRODUCTS) -> Figures:
    """Fill a shop, and search it."""
    figures = Figures(products)
    index(folder / "index", figures)
    with program(folder / "shop") as shop:
        async with open_services(EngineSettings(shopflow_data=folder / "shop")) as services:
            database = await asyncpg.connect(services.database_url)
            await fill(database, products)
            await rebuild(shop, products)
            http = await connect(shop.url)
            await ask_all(http, database, figures)
            figures.searches_of_a_core = await crowd(shop)
            await changes(shop, http, figures)
            http.close()
            await database.close()
    return figures


def words_of(number: int) -> list[str]:
    """The title of a product: five words of a vocabulary of some ten thousands."""
    dice = random.Random(number)
    return ["".join(dice.choices(_SYLLABLES, k=dice.choice((2, 3)))) for _ in range(5)]


def attributes_of(number: int) -> dict[str, str]:
    """The values of a product's attributes."""
    dice = random.Random(number + _SEED)
    return {name: dice.choice(values) for name, values in _VALUES.items()}


def index(folder: Path, figures: Figures) -> None:
    """Build an index in this process, and note what it costs."""
    before = psutil.Process().memory_info().rss
    begun = time.perf_counter()
    index_folder = IndexFolder(folder, "en")
    assert index_folder.lock()
    build = index_folder.build()
    build.add(findable(number) for number in range(figures.products))
    build.swap(1)
    figures.built_s = time.perf_counter() - begun
    finder = index_folder.refresh()
    assert finder is not None
    figures.index_mb = index_folder.size_bytes / 1e6
    figures.memory_mb = (psutil.Process().memory_info().rss - before) / 1e6
    figures.in_index_ms = [in_index(finder, words, filters) for words, filters in queries()]
    index_folder.close()


def in_index(finder: Finder, words: Sequence[str], filters: Mapping[str, str]) -> float:
    """Ask an index, and note the processor time that it takes, in milliseconds."""
    chosen = {name: (value,) for name, value in filters.items()}
    question = Question(q=" ".join(words), filters=chosen, facets=None, limit=24)
    begun = time.thread_time()
    finder.find(question, 1)
    return (time.thread_time() - begun) * 1000


def findable(number: int) -> Findable:
    """A product as the index knows it."""
    values = attributes_of(number)
    facets = {name: (value,) for name, value in values.items()}
    return Findable(
        id=f"P{number:07}",
        title=" ".join(words_of(number)),
        revision=number + 1,
        keys=(f"Brand {number % 500}", f"Category {number % 40}", *values.values()),
        codes=(f"P{number:07}", f"SKU-{number:07}"),
        body=" ".join(words_of(number // 2) * 6),
        facets={**facets, "brand": (f"Brand {number % 500}",), "category": (f"Category {number % 40}",)},
        price=100 + number % 9000,
        added=number,
    )


async def fill(database: "asyncpg.Connection[asyncpg.Record]", products: int) -> None:
    """Put products into a shop's tables: an import of so many would take longer than all measurements."""
    await database.execute(_DEFINITIONS)
    base = await database.fetchval("select revision from catalog.counter")
    for first in range(0, products, 10_000):
        numbers = range(first, min(first + 10_000, products))
        await database.execute(
            _ADD,
            list(numbers),
            [" ".join(words_of(number)) for number in numbers],
            [" ".join(words_of(number // 2) * 6) for number in numbers],
            [json.dumps(attributes_of(number)) for number in numbers],
            base,
        )
    await database.execute("update catalog.counter set revision = $1", base + products)
    await database.execute("vacuum analyze")


async def rebuild(shop: Running, products: int) -> None:
    """Build the shop's index of what was put there, and wait for it."""
    headers = staff(shop)
    http = await connect(shop.url)
    status, _ = await http.ask("POST", "/admin/api/search/reindex", b"{}", headers)
    assert status == 202, status
    until = time.monotonic() + _WITHIN_S
    while time.monotonic() < until:
        _, body = await http.ask("GET", "/admin/api/search/health", headers=headers)
        health = json.loads(body)
        if not health["is_building"] and health["products"] >= products:
            http.close()
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the index is not built")


def queries() -> list[tuple[list[str], dict[str, str]]]:
    """Words to look for, a third of them misspelt and a third only begun, and filters of two facets."""
    dice = random.Random(_SEED)
    asked: list[tuple[list[str], dict[str, str]]] = []
    for _ in range(_QUERIES):
        number = dice.randrange(10_000)
        words = dice.sample(words_of(number), dice.choice((1, 2)))
        match dice.randrange(3):
            case 0:
                words[-1] = words[-1][:-1] + "q"
            case 1:
                words[-1] = words[-1][:4]
            case _:
                pass
        values = attributes_of(number)
        asked.append((words, {name: values[name] for name in ("colour", "size")}))
    return asked


def path_of(words: Sequence[str], filters: Mapping[str, str]) -> str:
    """The request of a search: a page with all facets counted."""
    chosen = "".join(f"&f.{name}={quote(value)}" for name, value in filters.items())
    return f"/products?q={quote(' '.join(words))}{chosen}&limit=24"


async def ask_all(http: Connection, database: "asyncpg.Connection[asyncpg.Record]", figures: Figures) -> None:
    """Ask the shop and PostgreSQL in turn, one caller, after a warm-up of each."""
    asked = queries()
    for is_measured in (False, True):
        for words, filters in asked if is_measured else asked[:50]:
            begun = time.perf_counter()
            status, body = await http.ask("GET", path_of(words, filters))
            took = time.perf_counter() - begun
            assert status == 200, body
            begun = time.perf_counter()
            await in_postgres(database, words, filters)
            took_postgres = time.perf_counter() - begun
            if is_measured:
                figures.ours_ms.append(took * 1000)
                figures.postgres_ms.append(took_postgres * 1000)


async def in_postgres(
    database: "asyncpg.Connection[asyncpg.Record]", words: Sequence[str], filters: Mapping[str, str]
) -> None:
    """Ask PostgreSQL for a page and six facets. It finds begun words, and no misspelt ones."""
    match = " & ".join(f"{word}:*" for word in words)
    await database.fetch(_PAGE, match, json.dumps(dict(filters)))
    for facet in ("brand", "category", *_FACETS):
        others = {name: value for name, value in filters.items() if name != facet}
        column = facet if facet in ("brand", "category") else f"attributes ->> '{facet}'"
        await database.fetch(_COUNT.format(column=column), match, json.dumps(others))


async def crowd(shop: Running) -> float:
    """How many searches a second one core can do: by the processor time of the shop, with some callers at once."""
    asked = queries()
    connections = [await connect(shop.url) for _ in range(_CALLERS)]

    async def ask(connection: Connection, place: int) -> int:
        mine = asked[place::_CALLERS]
        for words, filters in mine:
            status, body = await connection.ask("GET", path_of(words, filters))
            assert status == 200, body
        return len(mine)

    before = used_s(shop)
    done = sum(await asyncio.gather(*(ask(each, place) for place, each in enumerate(connections))))
    used = between(before, used_s(shop))["shop"]
    for connection in connections:
        connection.close()
    return done / used


async def changes(shop: Running, http: Connection, figures: Figures) -> None:
    """Change products, and look for each until it is found by its new word."""
    headers = staff(shop)
    for number in range(_CHANGES):
        word = f"xylo{number}phone"
        body = json.dumps({"title": f"A {word}"}).encode()
        status, answer = await http.ask("PATCH", f"/admin/api/products/P{number:07}", body, headers)
        assert status == 200, answer
        begun = time.perf_counter()
        while not await _finds(http, word):
            assert time.perf_counter() - begun < _WITHIN_S
            await asyncio.sleep(0.002)
        figures.found_after_ms.append((time.perf_counter() - begun) * 1000)


async def _finds(http: Connection, word: str) -> bool:
    _, body = await http.ask("GET", f"/products?q={word}")
    found: dict[str, Any] = json.loads(body)
    return len(found["items"]) == 1


def staff(shop: Running) -> str:
    """The header of a member of staff."""
    return f"Authorization: Bearer {command(shop.folder, 'token').strip()}\r\n"


_DEFINITIONS: Final = """
insert into catalog.attributes (key, title, kind, choices, unit, of_sku, filterable, searchable, place)
select key, initcap(key), 'text', '{}', '', false, true, true, 0
from unnest('{colour, material, style, size}'::text[]) as key;
insert into search.attributes (key, title, kind, unit, filterable, searchable, place)
select key, title, kind, unit, filterable, searchable, place from catalog.attributes;
update search.counter set arranged = arranged + 1, layout = layout + 1"""
_ADD: Final = """
with added as (
    insert into catalog.products (id, slug, title, category, description, sort_key, lowest_price, revision, brand,
        attributes)
    select 'P' || lpad(n::text, 7, '0'), 'p-' || n, title, 'Category ' || n % 40, description, lower(title),
        100 + n % 9000, $5::bigint + n + 1, 'Brand ' || n % 500, attributes::jsonb
    from unnest($1::int[], $2::text[], $3::text[], $4::text[]) as t (n, title, description, attributes)
)
, priced as (
    insert into catalog.skus (sku, product_id, title, price, currency, weight_g)
    select 'SKU-' || lpad(n::text, 7, '0'), 'P' || lpad(n::text, 7, '0'), '', 100 + n % 9000, 'EUR', 100
    from unnest($1::int[]) as n
)
insert into inventory.stock (sku, on_hand) select 'SKU-' || lpad(n::text, 7, '0'), 10 from unnest($1::int[]) as n"""
_PAGE: Final = """
select id, title from catalog.products
where words @@ to_tsquery('simple', $1) and attributes @> $2::jsonb
order by ts_rank(words, to_tsquery('simple', $1)) desc, id limit 24"""
_COUNT: Final = """
select {column} as value, count(*) from catalog.products
where words @@ to_tsquery('simple', $1) and attributes @> $2::jsonb group by 1 order by 2 desc limit 50"""
