"""Changes of products: the fields that differ, and the way back. Pure.

The fields are those of `Product` in JSON, but for id and revision, and one for each SKU: `skus.` and its name. Before a
product is added, and after it is removed, it has none.

Rejected: docs/decisions/0029.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from actors.catalog.rules import cheapest_first
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import FieldChange, Product, SkuView

Fields: TypeAlias = dict[str, Any]  # JSON.

_SKU: Final = "skus."
_NOT_CHANGED: Final = frozenset({"type", "id", "revision", "skus"})  # SKUs are fields of their own.


class Edit(NamedTuple):
    """A change of a product: as it was, as it shall be, and the fields that differ. None: it is not there."""

    product_id: ProductId
    before: Product | None
    after: Product | None
    fields: tuple[FieldChange, ...]

    @property
    def slugs(self) -> tuple[str, str]:
        """The slugs before and after; "" where there is none."""
        return self.before.slug if self.before else "", self.after.slug if self.after else ""

    @property
    def removed_skus(self) -> tuple[Sku, ...]:
        """The SKUs that are taken off sale."""
        return removed_skus(self.fields)

    @property
    def written_skus(self) -> tuple[SkuView, ...]:
        """The SKUs that are added or changed."""
        names = {_SKU + sku.sku: sku for sku in self.after.skus} if self.after else {}
        return tuple(names[each.field] for each in self.fields if each.field in names)


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


def removed_skus(fields: Sequence[FieldChange]) -> tuple[Sku, ...]:
    """The SKUs that a change took off sale."""
    return tuple(each.field.removeprefix(_SKU) for each in fields if each.field.startswith(_SKU) and not each.after)


def added_skus(fields: Sequence[FieldChange]) -> tuple[Sku, ...]:
    """The SKUs that a change added."""
    return tuple(each.field.removeprefix(_SKU) for each in fields if each.field.startswith(_SKU) and not each.before)


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
    if then.get("slug") is None:
        return None
    skus = [msgspec.convert(value, SkuView) for field, value in then.items() if field.startswith(_SKU) and value]
    own = {field: value for field, value in then.items() if not field.startswith(_SKU)}
    own["inputs"] = own.get("inputs") or []
    return msgspec.convert({**own, "id": product_id, "skus": cheapest_first(skus)}, Product)


def _fields(product: Product | None) -> Fields:
    if product is None:
        return {}
    own: Fields = msgspec.json.decode(msgspec.json.encode(product))  # Lists, not tuples: as history has them.
    skus = {_SKU + sku["sku"]: _without_empty(sku) for sku in own["skus"]}
    return {field: value for field, value in _without_empty(own).items() if field not in _NOT_CHANGED} | skus


def _without_empty(fields: Fields) -> Fields:
    """A product or a SKU as entries from before there were inputs and bundles have it, if it has none."""
    return {name: value for name, value in fields.items() if name not in ("inputs", "parts") or value}
