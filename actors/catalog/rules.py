"""Decisions of the catalog. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from operator import attrgetter
from typing import Final

from msgspec import structs

from actors.catalog.bundle_rules import recipe
from bus.messages.amounts import price_refusal
from bus.messages.base import NAME, ProductId, Sku
from bus.messages.catalog import (
    MOST_SKUS,
    MOST_WEIGHT_G,
    SLUG,
    ChangeProduct,
    LastSku,
    NoSuchProduct,
    NoSuchSku,
    Option,
    Product,
    RenameSku,
    SkuView,
)
from bus.messages.catalog_imports import SkuRow
from bus.messages.texts import has_harmful, is_blank

_NAME = re.compile(NAME)
_WORD: Final = re.compile(r"\w+")
_PLAIN_LETTERS: Final = str.maketrans("łŁøØđĐħĦı", "lLoOdDhHi")  # Letters that Unicode does not take apart.
_SLUG = re.compile(SLUG)
_OF_PRODUCT: Final = (
    "slug", "title", "category", "description", "brand", "tags", "status", "publish_at", "unpublish_at",
    "inputs",
)  # fmt: skip
_described = attrgetter(*_OF_PRODUCT)
_CHANGEABLE: Final = (
    "slug", "title", "category", "description", "status", "publish_at", "unpublish_at", "brand", "tags", "options",
    "type_id", "attributes", "categories", "seo_title", "seo_description", "inputs",
)  # fmt: skip


def refusal(row: SkuRow, currency: str) -> str | None:
    """The reason to refuse a line of an import; None if the line is fine."""
    fault = next(chain(_faulty_names(row), _faulty_texts(row), _faulty_numbers(row, currency)), None)
    return fault or price_refusal(row.price.amount, row.price.currency)


def _faulty_names(row: SkuRow) -> Iterator[str]:
    """Sentences on what is wrong with the names. Nearly always none: each is written where it is needed."""
    if not _NAME.fullmatch(row.product_id):
        yield "product_id must be 1 to 64 letters, digits, dots and dashes"
    if not _NAME.fullmatch(row.sku):
        yield "sku must be 1 to 64 letters, digits, dots and dashes"
    if len(row.slug) > 200:
        yield "slug must have at most 200 characters"
    if not _SLUG.fullmatch(row.slug):
        yield "slug must be lower-case words joined by dashes"


def _faulty_texts(row: SkuRow) -> Iterator[str]:
    if is_blank(row.title) or len(row.title) > 200:
        yield "title must have 1 to 200 characters"
    if len(row.category) > 200 or len(row.sku_title) > 200:
        yield "category and sku_title have at most 200 characters"
    if len(row.description) > 5000:
        yield "description has at most 5,000 characters"
    if "\0" in row.title + row.category + row.sku_title + row.description:
        yield "texts can't have NUL characters"
    if has_harmful(row.title + row.category + row.sku_title):
        yield "title, category and sku_title are each one line, without control characters"


def _faulty_numbers(row: SkuRow, currency: str) -> Iterator[str]:
    if not 0 < row.weight_g <= MOST_WEIGHT_G:
        yield f"weight_g must be 1 to {MOST_WEIGHT_G:,}"
    if row.price.currency != currency:
        yield f"this shop sells in {currency}, not {row.price.currency}"


def same_product(one: SkuRow, other: SkuRow) -> bool:
    """Whether two lines describe their product alike."""
    return one is other or (_described(one) == _described(other) and _cleared_times(one) == _cleared_times(other))


def sort_rows(
    rows: Sequence[SkuRow],
    currency: str,
    owners: dict[str, str],
    slugs: dict[str, str],
    begun: SkuRow | None = None,
    sizes: Mapping[ProductId, int] | None = None,
) -> tuple[list[SkuRow], list[tuple[int, str]]]:
    """Separate the rows to write from the refused ones.

    Args:
        rows: In the order they were sent.
        currency: The shop's.
        owners: The product of each known SKU.
        slugs: The product of each taken slug.
        begun: An earlier row of one of the products, to be described alike.
        sizes: The number of SKUs of each product that is there; None: each is replaced as a whole, and checked so.

    Returns:
        The rows to write, and the place and reason of each refused one.
    """
    good: list[SkuRow] = []
    refused: list[tuple[int, str]] = []
    first_of = {begun.product_id: begun} if begun is not None and refusal(begun, currency) is None else {}
    written: set[Sku] = set()
    owners, slugs, counts = dict(owners), dict(slugs), dict(sizes or {})
    for place, row in enumerate(rows):
        reason = refusal(row, currency)
        if reason is None and not same_product(first_of.get(row.product_id, row), row):
            reason = f"product {row.product_id} is described differently in an earlier line"
        if reason is None and owners.get(row.sku, row.product_id) != row.product_id:
            reason = f"sku {row.sku} belongs to product {owners[row.sku]}"
        if reason is None and slugs.get(row.slug, row.product_id) != row.product_id:
            reason = f"slug {row.slug} belongs to product {slugs[row.slug]}"
        if reason is None and row.sku in written:
            reason = f"sku {row.sku} is named twice"
        size = counts.get(row.product_id, 0) + (row.sku not in owners)
        if reason is None and sizes is not None and size > MOST_SKUS:
            reason = f"product {row.product_id} has {MOST_SKUS:,} SKUs, and more it can't have"
        if reason is None:  # Only a row that is written claims its names.
            counts[row.product_id] = size
            first_of.setdefault(row.product_id, row)
            owners[row.sku] = slugs[row.slug] = row.product_id
            written.add(row.sku)
            good.append(row)
        else:
            refused.append((place, reason))
    return good, refused


def full_title(product: str, sku: str) -> str:
    """A SKU's full title, as in a cart: the product's, and the SKU's own if it differs."""
    return product if sku in ("", product) else f"{product}, {sku}"


def cheapest_first(skus: Sequence[SkuView]) -> tuple[SkuView, ...]:
    """SKUs in the order in which a product shows them."""
    return tuple(sorted(skus, key=lambda sku: (sku.price.amount, sku.sku)))


def search_terms(q: str) -> str:
    """A buyer's search as a query of the full-text index: all words, each also as a prefix. "" if there are none."""
    return " & ".join(f"{word[:64]}:*" for word in _WORD.findall(unicodedata.normalize("NFC", q).lower())[:8])


def without_accents(q: str) -> str:
    """A buyer's search as titles are written without their accents (`schema/0019_plain_titles.sql`)."""
    apart = unicodedata.normalize("NFKD", q.translate(_PLAIN_LETTERS))
    return "".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")


def missing(product_id: str, former: Mapping[str, str | None]) -> NoSuchProduct:
    """Answer for a product that is not there.

    Args:
        product_id: The id or slug that was asked for.
        former: The present slug of the product that had a slug; None if the product is gone.
    """
    return NoSuchProduct(id=product_id, slug=former.get(product_id) or "", is_gone=former.get(product_id, "") is None)


def rows_of(product: Product) -> list[SkuRow]:
    """A product as the lines of an import."""
    return [
        SkuRow(
            product_id=product.id,
            slug=product.slug,
            title=product.title,
            category=product.category,
            description=product.description,
            sku=sku.sku,
            sku_title=sku.title,
            price=sku.price,
            weight_g=sku.weight_g,
        )
        for sku in product.skus
    ]


def most_similar(sku: Sku, candidates: Sequence[Sku]) -> Sku | None:
    """The candidate that somebody may have meant who wrote `sku`; None if none is much alike."""
    by_case = {candidate.casefold(): candidate for candidate in candidates}
    close = get_close_matches(sku.casefold(), by_case, n=1, cutoff=0.7)
    return by_case[close[0]] if close else None


def named_twice(skus: Sequence[SkuView]) -> Sku | None:
    """The first SKU that a request names a second time; None if each is named once."""
    seen: set[Sku] = set()
    for sku in skus:
        if sku.sku in seen:
            return sku.sku
        seen.add(sku.sku)
    return None


def changed(product: Product, change: ChangeProduct) -> Product:
    """The product after a change."""
    asked = {name: getattr(change, name) for name in _CHANGEABLE if name not in change.cleared}
    given = {name: value for name, value in asked.items() if value is not None}
    skus = {sku.sku: sku for sku in (*product.skus, *map(recipe, change.skus or ()))}
    cleared = dict.fromkeys(change.cleared)
    return structs.replace(product, **given, **cleared, skus=cheapest_first(list(skus.values())))


def merged(known: Mapping[ProductId, Product], rows: Sequence[SkuRow]) -> list[Product]:
    """The products as an import leaves them: described by their lines, with these SKUs beside those they had."""
    lines: dict[ProductId, list[SkuRow]] = {}
    for row in rows:
        lines.setdefault(row.product_id, []).append(row)
    return [_merged(known.get(product_id), own) for product_id, own in lines.items()]


def _merged(known: Product | None, rows: Sequence[SkuRow]) -> Product:
    first = rows[0]
    product = known or Product(id=first.product_id, slug="", title="", category="", description="", skus=())
    options = _merged_options(product.options, rows)
    names = [option.name for option in options]
    skus = {sku.sku: sku for sku in product.skus}
    for row in rows:
        skus[row.sku] = _merged_sku(skus.get(row.sku), row, names)
    given = {name: getattr(first, name) for name in _OF_PRODUCT if getattr(first, name) is not None}
    return structs.replace(
        product, **given, **dict.fromkeys(_cleared_times(first)), options=options,
        skus=cheapest_first(list(skus.values())),
    )  # fmt: skip


def _merged_sku(known: SkuView | None, row: SkuRow, names: Sequence[str]) -> SkuView:
    sku = known or SkuView(sku=row.sku, title="", price=row.price, weight_g=row.weight_g)
    chosen = sku.options if row.options is None else tuple(dict(row.options).get(name, "") for name in names)
    merged = structs.replace(
        sku,
        title=row.sku_title,
        price=row.price,
        weight_g=row.weight_g,
        options=chosen,
        barcode=None if "barcode" in row.cleared else row.barcode or sku.barcode,
        is_on_sale=sku.is_on_sale if row.is_on_sale is None else row.is_on_sale,
        parts=sku.parts if row.parts is None else row.parts,
    )
    return recipe(merged)


def _merged_options(known: Sequence[Option], rows: Sequence[SkuRow]) -> tuple[Option, ...]:
    """The options with the values that lines have beside those that were there; as they were if no line has any."""
    if all(row.options is None for row in rows):
        return tuple(known)
    values: dict[str, dict[str, None]] = {option.name: dict.fromkeys(option.values) for option in known}
    named = {name for row in rows for name, _ in row.options or ()}
    for row in rows:
        for name, value in row.options or ():
            values.setdefault(name, {})[value] = None
    return tuple(Option(name=name, values=tuple(each)) for name, each in values.items() if name in named)


def _cleared_times(row: SkuRow) -> tuple[str, ...]:
    return tuple(name for name in row.cleared if name != "barcode") if row.cleared else ()


def taken_barcodes(products: Sequence[Product], owners: Mapping[str, Sku]) -> dict[ProductId, str]:
    """The products that have a barcode of another's SKU, each with the reason to refuse it.

    Args:
        products: As they shall be.
        owners: The SKU that has each barcode now.
    """
    owned = dict(owners)
    refused: dict[ProductId, str] = {}
    for product in products:
        own = {sku.sku for sku in product.skus}
        codes = {sku.barcode: sku.sku for sku in product.skus if sku.barcode}
        other = next((code for code in codes if owned.get(code) is not None and owned[code] not in own), None)
        if other is None:
            owned |= codes
        else:
            refused[product.id] = f"barcode {other} is that of {owned[other]}"
    return refused


def sku_removal(product: Product, sku: Sku) -> NoSuchSku | LastSku | None:
    """The refusal to take a SKU off its product; None if it can be taken off."""
    if all(known.sku != sku for known in product.skus):
        return NoSuchSku(id=product.id, sku=sku)
    return LastSku(id=product.id, sku=sku) if len(product.skus) == 1 else None


def without(product: Product, sku: Sku) -> Product:
    """The product without one of its SKUs."""
    return structs.replace(product, skus=tuple(known for known in product.skus if known.sku != sku))


def renamed(product: Product, ask: RenameSku) -> Product | None:
    """The product with the SKU under its new name; None if it has no such SKU."""
    if all(known.sku != ask.sku for known in product.skus):
        return None
    skus = [structs.replace(known, sku=ask.name) if known.sku == ask.sku else known for known in product.skus]
    return structs.replace(product, skus=cheapest_first(skus))
