"""Changes of products: the fields that differ, and the way back. Pure.

A product's fields are its slug, title, category and description, and one for each SKU: `skus.` and its name. Before a
product is added, and after it is removed, it has none.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from actors.catalog.rules import cheapest_first
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import FieldChange, FieldValue, Product, SkuView

Fields: TypeAlias = Mapping[str, FieldValue]

_TEXTS: Final = ("slug", "title", "category", "description")
_SKU: Final = "skus."


class Edit(NamedTuple):
    """A change of a product: as it was, as it shall be, and the fields that differ. None: it is not there."""

    product_id: ProductId
    before: Product | None
    after: Product | None
    fields: tuple[FieldChange, ...]

    @property
    def removed_skus(self) -> tuple[Sku, ...]:
        """The SKUs that are taken off sale."""
        return tuple(each.before.sku for each in self.fields if isinstance(each.before, SkuView) and each.after is None)

    @property
    def slugs(self) -> tuple[str, str]:
        """The slugs before and after; "" where there is none."""
        return self.before.slug if self.before else "", self.after.slug if self.after else ""

    @property
    def written_skus(self) -> tuple[SkuView, ...]:
        """The SKUs that are added or changed."""
        return tuple(each.after for each in self.fields if isinstance(each.after, SkuView))


def edits(known: Mapping[ProductId, Product], products: Sequence[Product]) -> list[Edit]:
    """The changes that lead from the known products to these, without those that change nothing."""
    made = [edit(product.id, known.get(product.id), product) for product in products]
    return [each for each in made if each.fields]


def edit(product_id: ProductId, before: Product | None, after: Product | None) -> Edit:
    """The change of a product."""
    return Edit(product_id, before, after, difference(before, after))


def difference(before: Product | None, after: Product | None) -> tuple[FieldChange, ...]:
    """The fields that differ, in the order in which a product has them."""
    old, new = _fields(before), _fields(after)
    return tuple(
        FieldChange(field=field, before=old.get(field), after=new.get(field))
        for field in {**old, **new}
        if old.get(field) != new.get(field)
    )


def moved_since(product: Product | None, fields: Sequence[FieldChange]) -> tuple[FieldChange, ...]:
    """The fields of a change that are not any more as it left them, with what they are now."""
    now = _fields(product)
    return tuple(
        FieldChange(field=each.field, before=each.after, after=now.get(each.field))
        for each in fields
        if now.get(each.field) != each.after
    )


def undone(product_id: ProductId, product: Product | None, fields: Sequence[FieldChange]) -> Product | None:
    """The product with the fields as they were before a change; None if it was not there."""
    then = {**_fields(product), **{each.field: each.before for each in fields}}
    known = {field: value for field, value in then.items() if value is not None}
    if not known:
        return None
    slug, title, category, description = (str(known[field]) for field in _TEXTS)
    skus = cheapest_first([value for value in known.values() if isinstance(value, SkuView)])
    return Product(id=product_id, slug=slug, title=title, category=category, description=description, skus=skus)


def _fields(product: Product | None) -> dict[str, FieldValue]:
    if product is None:
        return {}
    return {**{name: getattr(product, name) for name in _TEXTS}, **{_SKU + sku.sku: sku for sku in product.skus}}
