"""Making: what the index knows of a product, from what the catalog and others know of it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from actors.search.findable import ALWAYS, Findable, facet_name, microseconds, millionths
from bus.messages.attributes import RESERVED, Attribute, AttributeValue
from bus.messages.base import Sku
from bus.messages.catalog import Product, SkuView

_LONGEST_VALUE: Final = 100  # That a list is filtered by, and that counts as a key. Longer texts are descriptions.
_STEPS: Final = 15


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that others know about products: staff about attributes, the inventory and the orders about SKUs."""

    attributes: Mapping[str, Attribute] = {}
    available: Mapping[Sku, int] = {}  # Units, of SKUs and of the parts of bundles.
    units: Mapping[Sku, int] = {}  # Sold in the last 30 days.


def findable(product: Product, around: Surroundings) -> Findable:
    """A product of the catalog as the index knows it: one that is active, though it may be shown at other times."""
    skus = [sku for sku in product.skus if sku.is_on_sale]
    titles = {option_facet(option.name): option.name for option in product.options}
    values = _values(product, skus)
    facets = _options(product, skus)
    facets |= {"category": (product.category,), "brand": (product.brand,)}
    for name, own in _filtered(values, around).items():  # An option that is called alike is the same facet.
        facets[name] = tuple(sorted({*facets.get(name, ()), *own}))
    texts = _searched(values, around)
    return Findable(
        id=product.id,
        title=product.title,
        revision=product.revision,
        keys=tuple({product.category, product.brand, *product.tags, *_named(product), *filter(_is_short, texts)}),
        codes=(product.id, *(sku.sku for sku in product.skus), *(sku.barcode for sku in product.skus if sku.barcode)),
        body="\n".join((product.description, *(text for text in texts if not _is_short(text)))),
        facets={name: values for name, values in facets.items() if any(values)},
        numbers=_numbers(values, around),
        within=product.categories,
        titles=titles,
        price=min(sku.price.amount for sku in skus or product.skus),
        is_in_stock=any(_is_in_stock(sku, around.available) for sku in skus),
        popularity=popularity(sum(around.units.get(sku.sku, 0) for sku in product.skus)),
        added=product.added,
        visible_from=microseconds(product.publish_at) if product.publish_at else 0,
        visible_until=microseconds(product.unpublish_at) if product.unpublish_at else ALWAYS,
    )


def _is_in_stock(sku: SkuView, available: Mapping[Sku, int]) -> bool:
    """Whether there is one of a SKU; of a bundle: enough of each part."""
    if sku.parts:
        return all(available.get(part.sku, 0) >= part.quantity for part in sku.parts)
    return available.get(sku.sku, 0) > 0


def findables(products: Sequence[Product], around: Surroundings) -> list[Findable]:
    """Products that are to be found at some time: no drafts, and nothing archived."""
    return [findable(product, around) for product in products if product.status == "active"]


def popularity(units: int) -> float:
    """How much a product sells, 0 to 1: a step more for each doubling, up to 32,767 units in 30 days."""
    return min(_STEPS, (units + 1).bit_length() - 1) / _STEPS


def option_facet(option: str) -> str:
    """The facet of an option. One that is called like something else that lists are filtered by has it in its name."""
    name = facet_name(option)
    return f"option_{name}" if name in RESERVED else name


def as_text(value: AttributeValue) -> str:
    """An attribute's value as it is filtered by: true, 2.5, wool."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST_VALUE


def _named(product: Product) -> set[str]:
    return {text for sku in product.skus for text in (sku.title, *sku.options)}


def _options(product: Product, skus: Sequence[SkuView]) -> dict[str, tuple[str, ...]]:
    facets: dict[str, tuple[str, ...]] = {}
    for place, option in enumerate(product.options):
        if name := option_facet(option.name):
            values = {sku.options[place] for sku in skus if place < len(sku.options)}
            facets[name] = tuple(sorted({*facets.get(name, ()), *values}))
    return facets


def _values(product: Product, skus: Sequence[SkuView]) -> dict[str, set[str]]:
    """The values of attributes, by key: the product's, and those of any of these SKUs."""
    values: dict[str, set[str]] = {}
    for each in (product.attributes, *(sku.attributes for sku in skus)):
        for key, value in each.items():
            values.setdefault(key, set()).add(as_text(value))
    return values


def _filtered(values: Mapping[str, set[str]], around: Surroundings) -> dict[str, tuple[str, ...]]:
    """The values that lists are filtered by."""
    facets: dict[str, tuple[str, ...]] = {}
    for key, texts in values.items():
        attribute, short = around.attributes.get(key), {text for text in texts if len(text) <= _LONGEST_VALUE}
        if attribute and attribute.filterable and short:
            facets[key] = tuple(sorted(short))
    return facets


def _numbers(values: Mapping[str, set[str]], around: Surroundings) -> dict[str, tuple[int, ...]]:
    """The values that lists are filtered by as numbers."""
    numeric = {key for key, each in around.attributes.items() if each.filterable and each.kind == "number"}
    return {key: tuple(sorted(map(millionths, own))) for key, own in values.items() if key in numeric}


def _searched(values: Mapping[str, set[str]], around: Surroundings) -> list[str]:
    """The values by which a product is found, with their units. Of yes and no there is nothing to find."""
    texts: list[str] = []
    for key, own in values.items():
        attribute = around.attributes.get(key)
        if attribute and attribute.searchable and attribute.kind != "boolean":
            texts += (f"{text} {attribute.unit}".strip() for text in sorted(own))
    return texts
