"""Changes of products: the fields that differ, and the way back. Pure.

The fields are those of `Product` in JSON, but for id and revision, and one for each SKU: `skus.` and its name. Before a
product is added, and after it is removed, it has none.

Rejected: docs/decisions/0029.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from actors.catalog.rules import cheapest_first
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import FieldChange, Product, SkuView

Fields: TypeAlias = dict[str, Any]  # JSON.

SKU: Final = "skus."  # Before the name of a SKU that is a field.
_NOT_CHANGED: Final = frozenset({"id", "revision", "added", "skus"})  # SKUs are fields of their own.
_OWN: Final = tuple(field for field in Product.__struct_fields__ if field not in _NOT_CHANGED)
_LATER: Final = frozenset({"attributes", "parts"})  # Of SKUs.
_own = attrgetter(*_OWN)


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
        names = {SKU + sku.sku: sku for sku in self.after.skus} if self.after else {}
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
    old, new = _values(before), _values(after)
    differing = [field for field in {**old, **new} if old.get(field) != new.get(field)]
    then, now = (
        _json({field: old.get(field) for field in differing}),
        _json({field: new.get(field) for field in differing}),
    )
    return tuple(
        FieldChange(field=field, before=then[field], after=now[field])
        for field in differing
        if then[field] != now[field]
    )


def removed_skus(fields: Sequence[FieldChange]) -> tuple[Sku, ...]:
    """The SKUs that a change took off sale."""
    return tuple(each.field.removeprefix(SKU) for each in fields if each.field.startswith(SKU) and not each.after)


def added_skus(fields: Sequence[FieldChange]) -> tuple[Sku, ...]:
    """The SKUs that a change added."""
    return tuple(each.field.removeprefix(SKU) for each in fields if each.field.startswith(SKU) and not each.before)


def more_skus(product: Product, fields: Sequence[FieldChange]) -> bool:
    """Whether a product has SKUs that a change does not speak of."""
    return bool({SKU + sku.sku for sku in product.skus} - {each.field for each in fields})


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
    skus = [msgspec.convert(value, SkuView) for field, value in then.items() if field.startswith(SKU) and value]
    own = {field: value for field, value in then.items() if not field.startswith(SKU)}
    return msgspec.convert({**own, "id": product_id, "skus": cheapest_first(skus)}, Product)


def _fields(product: Product | None) -> Fields:
    return _json(_values(product))


def _values(product: Product | None) -> dict[str, object]:
    """The fields as they are in Python: comparing these is cheap, and most of them are equal."""
    if product is None:
        return {}
    values: dict[str, object] = dict(zip(_OWN, _own(product), strict=True))
    for sku in product.skus:
        values[SKU + sku.sku] = sku
    return values


def _json(values: dict[str, object]) -> Fields:
    fields: Fields = msgspec.json.decode(msgspec.json.encode(values))  # Lists, not tuples: as history has them.
    return {name: _without_empty(value) if name.startswith(SKU) and value else value for name, value in fields.items()}


def _without_empty(sku: Fields) -> Fields:
    """A SKU as entries have it from before there were attributes and bundles, if it has none."""
    return {name: value for name, value in sku.items() if value or name not in _LATER}
