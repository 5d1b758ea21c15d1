"""Rules of bundles: SKUs that are made of others. Pure.

A bundle is made of plain SKUs, and needs them: none of them can be taken off, and a rename is followed. A part that is
off sale is sold in no bundle either; whether its product is shown does not matter, so that parts can be sold in bundles
only. What is or was a bundle stays one: the versions of its stock levels never go back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import structs

from bus.messages.base import ProductId, Sku
from bus.messages.catalog import PartOfBundle, Product, RenameSku, SkuView
from bus.messages.parts import MOST_PARTS


class Use(NamedTuple):
    """A bundle that needs a part."""

    part: Sku
    bundle: Sku
    product_id: ProductId  # Of the bundle.


class Neighbourhood(NamedTuple):
    """The catalog around the SKUs that products name: as their own, or as parts."""

    skus: frozenset[Sku]  # Those that exist.
    bundles: frozenset[Sku]  # Those that are bundles, or were.
    uses: Sequence[Use]


def recipe(sku: SkuView) -> SkuView:
    """A SKU with its parts in order, so that equal bundles are equal."""
    return structs.replace(sku, parts=tuple(sorted(sku.parts, key=lambda part: part.sku)))


def named(products: Iterable[Product], before: Iterable[Product] = ()) -> set[Sku]:
    """All SKUs that products are made of, as they are and as they were."""
    skus = [sku for product in (*products, *before) for sku in product.skus]
    return {sku.sku for sku in skus} | {part.sku for sku in skus for part in sku.parts}


def concern(product: Product, before: Product | None = None) -> bool:
    """Whether the rules of bundles have anything to say about a product by itself."""
    return any(sku.parts for sku in (*product.skus, *(before.skus if before else ())))


def form_refusal(product: Product) -> str | None:
    """The reason to refuse a product for the form of its bundles, as a sentence; None if they are fine."""
    for sku in product.skus:
        parts = [part.sku for part in sku.parts]
        if len(parts) > MOST_PARTS or len({*parts}) < len(parts):
            return f"sku {sku.sku}: parts: at most {MOST_PARTS}, each once"
        if sku.sku in parts:
            return f"sku {sku.sku} can't be a part of itself"
        if any(not 1 <= part.quantity <= 99 for part in sku.parts):
            return f"sku {sku.sku}: of each part there are 1 to 99"
    return None


def refusals(products: Sequence[Product], around: Neighbourhood) -> dict[ProductId, str]:
    """The products that are refused for their bundles, each with the reason.

    Args:
        products: As they shall be, all of one change.
        around: As the catalog is before that.
    """
    to_be = {sku.sku: sku for product in products for sku in product.skus}
    needed = {use.part: use.bundle for use in around.uses if use.bundle not in to_be}
    needed |= {part.sku: sku.sku for sku in to_be.values() for part in sku.parts}
    found = {product.id: _refusal(product, to_be, needed, around) for product in products}
    return {product_id: reason for product_id, reason in found.items() if reason}


def _refusal(
    product: Product, to_be: Mapping[Sku, SkuView], needed: Mapping[Sku, Sku], around: Neighbourhood
) -> str | None:
    for sku in product.skus:
        if not sku.parts and sku.sku in around.bundles:
            return f"sku {sku.sku} is a bundle and stays one: give its parts, or sell under another SKU"
        if sku.parts and sku.sku in needed:
            return f"sku {sku.sku} is a part of {needed[sku.sku]}, and no bundle is in a bundle"
        for part in sku.parts:
            if part.sku not in to_be and part.sku not in around.skus:
                return f"sku {sku.sku}: there is no {part.sku}"
            if to_be[part.sku].parts if part.sku in to_be else part.sku in around.bundles:
                return f"sku {sku.sku}: {part.sku} is a bundle, and no bundle is in a bundle"
    return None


def still_needed(before: Product | None, after: Product | None, uses: Sequence[Use]) -> PartOfBundle | None:
    """The refusal to take off a SKU that bundles need; None if none is.

    Args:
        before: The product as it is; None if it is not there.
        after: As it shall be; None if it is to go.
        uses: The bundles that need one of its SKUs.
    """
    if before is None:
        return None
    left = {sku.sku: sku for sku in after.skus} if after else {}
    for gone in (sku.sku for sku in before.skus if sku.sku not in left):
        others = {use.bundle for use in uses if use.part == gone and use.product_id != before.id}
        own = {sku.sku for sku in left.values() if any(part.sku == gone for part in sku.parts)}
        if others or own:
            return PartOfBundle(id=before.id, sku=gone, bundles=tuple(sorted(others | own)))
    return None


def rename_refusal(product: Product, ask: RenameSku, around: Neighbourhood) -> str | None:
    """The reason to refuse a SKU's new name; None if it is fine."""
    is_bundle = any(sku.parts for sku in product.skus if sku.sku == ask.sku)
    return None if is_bundle or ask.name not in around.bundles else f"sku {ask.name} was a bundle, and stays one"


def with_renamed(product: Product, sku: Sku, name: Sku) -> Product:
    """The product whose bundles have a part under its new name."""
    skus = [
        recipe(
            structs.replace(
                each,
                parts=tuple(structs.replace(p, sku=name) if p.sku == sku else p for p in each.parts),
            )
        )
        for each in product.skus
    ]
    return structs.replace(product, skus=tuple(skus))
