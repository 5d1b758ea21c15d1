"""A product as fields of forms, and what is typed there as changes that the API takes. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.api.catalog.definition_bodies import AttributeView
from gateway.api.catalog.edits import EditedProduct
from gateway.api.catalog.products import SkuDetail
from gateway.pages.admin.matrix import SkuJson, all_skus, sku_json
from gateway.pages.admin.merging import Fields
from gateway.pages.typed import amount_of, moment_of, typed_amount, typed_moment, words_of
from gateway.problems import Problem

TEXTS: Final = ("title", "slug", "description", "brand", "seo_title", "seo_description", "status", "type_id")
_TIMES: Final = ("publish_at", "unpublish_at")
_ATTRIBUTE: Final = "a."
_OF_SKU: Final = "a:"  # Before the key of an attribute, which has no dots; the SKU stands behind one.
_YES: Final = "yes"


def fields_of(product: EditedProduct, attributes: Sequence[AttributeView]) -> Fields:
    """Return a product's fields, its SKUs aside."""
    main, *more = product.categories or [""]
    return {
        **{name: str(getattr(product, name)) for name in TEXTS},
        "tags": ", ".join(product.tags),
        "category": main,
        "more": ",".join(sorted(more)),
        "publish_at": typed_moment(product.publish_at),
        "unpublish_at": typed_moment(product.unpublish_at),
        **{f"{_ATTRIBUTE}{each.key}": shown_value(product.attributes.get(each.key)) for each in attributes},
    }


def change_of(
    changed: Fields, fields: Fields, product: EditedProduct, attributes: Sequence[AttributeView]
) -> Mapping[str, object]:
    """Return the change that a form asks for.

    Args:
        changed: The fields that its editor has changed.
        fields: All of them.
        product: As it is now: attributes are set as a whole.
        attributes: What each of them is.

    Raises:
        Problem: A field can't be read.
    """
    body: dict[str, object] = {name: text for name, text in changed.items() if name in TEXTS}
    if "tags" in changed:
        body["tags"] = list(words_of(changed["tags"]))
    if "category" in changed or "more" in changed:
        further = [each for each in words_of(fields["more"]) if each != fields["category"]]
        body["categories"] = [each for each in (fields["category"], *further) if each]
    body |= {name: moment_of(changed[name], name) for name in _TIMES if changed.get(name)}
    if cleared := [name for name in _TIMES if name in changed and not changed[name]]:
        body["clear"] = cleared
    if any(name.startswith(_ATTRIBUTE) for name in changed):
        named = {f"{_ATTRIBUTE}{each.key}": each for each in attributes}
        body["attributes"] = _values(changed, product.attributes, named)
    return body


def sku_fields(product: EditedProduct, attributes: Sequence[AttributeView]) -> Fields:
    """Return the fields of a product's SKUs: `price.MUG`, and so on; of these attributes `a:size.MUG`."""
    fields = dict[str, str]()
    on_sale = {sku.sku for sku in product.skus}
    for sku in all_skus(product):
        fields |= {
            f"price.{sku.sku}": typed_amount(sku.price),
            f"weight_g.{sku.sku}": str(sku.weight_g),
            f"barcode.{sku.sku}": sku.barcode or "",
            f"on_sale.{sku.sku}": _YES if sku.sku in on_sale else "",
            **{sku_field(each, sku): shown_value(sku.attributes.get(each.key)) for each in attributes},
        }
    return fields


def sku_field(attribute: AttributeView, sku: SkuDetail) -> str:
    """Return the name of the field of an attribute that each SKU has a value of."""
    return f"{_OF_SKU}{attribute.key}.{sku.sku}"


def changed_skus(
    changed: Fields, fields: Fields, product: EditedProduct, attributes: Sequence[AttributeView]
) -> Sequence[SkuJson]:
    """Return the SKUs that a form changes, whole as the API takes them.

    Raises:
        Problem: A field can't be read.
    """
    touched = {name.partition(".")[2] for name in changed}
    return [
        sku_json(
            sku,
            on_sale=fields[f"on_sale.{sku.sku}"] == _YES,
            price=amount_of(fields[f"price.{sku.sku}"], sku.price.currency, f"price.{sku.sku}"),
            weight_g=_weight(fields[f"weight_g.{sku.sku}"], f"weight_g.{sku.sku}"),
            barcode=fields[f"barcode.{sku.sku}"] or None,
            attributes=_values(changed, sku.attributes, {sku_field(each, sku): each for each in attributes}),
        )
        for sku in all_skus(product)
        if sku.sku in touched
    ]


def _weight(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Problem(422, "invalid", f"{field}: must be grams, a whole number", field=field)
    return int(text)


def value_of(attribute: AttributeView, text: str, field: str) -> str | float | bool:
    """Read a value of an attribute.

    Raises:
        Problem: It is no number, and must be one.
    """
    if attribute.kind == "boolean":
        return text == _YES
    if attribute.kind != "number":
        return text
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Problem(422, "invalid", f"{field}: must be a number", field=field)
    return int(number) if number.is_integer() else number


def shown_value(value: object) -> str:
    """Write a value of an attribute for a form; "" for none."""
    if isinstance(value, bool):
        return _YES if value else "no"
    return "" if value is None else str(value)


def _values(
    changed: Fields, before: Mapping[str, object], attributes: Mapping[str, AttributeView]
) -> Mapping[str, object]:
    """Return all values of a product or a SKU, with the changed ones of these attributes, by field."""
    values: dict[str, object] = dict(before)
    for field, each in attributes.items():
        if field not in changed:
            continue
        values.pop(each.key, None)
        if changed[field]:
            values[each.key] = value_of(each, changed[field], field)
    return values
