"""A product as fields of forms, and what is typed there as changes that the API takes. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.api.catalog.definitions import AttributeView
from gateway.api.catalog.edits import EditedProduct
from gateway.pages.admin.matrix import SkuJson, all_skus, sku_json
from gateway.pages.admin.merging import Fields
from gateway.pages.typed import amount_of, moment_of, typed_amount, typed_moment, words_of
from gateway.problems import Problem

TEXTS: Final = ("title", "slug", "description", "brand", "seo_title", "seo_description", "status", "type_id")
_TIMES: Final = ("publish_at", "unpublish_at")
_ATTRIBUTE: Final = "a."
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
        **{f"{_ATTRIBUTE}{each.key}": _shown(product.attributes.get(each.key)) for each in attributes},
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
        body["attributes"] = _attributes(changed, product, attributes)
    return body


def sku_fields(product: EditedProduct) -> Fields:
    """Return the fields of a product's SKUs: `price.MUG`, and so on."""
    fields = dict[str, str]()
    on_sale = {sku.sku for sku in product.skus}
    for sku in all_skus(product):
        fields |= {
            f"price.{sku.sku}": typed_amount(sku.price),
            f"weight_g.{sku.sku}": str(sku.weight_g),
            f"barcode.{sku.sku}": sku.barcode or "",
            f"on_sale.{sku.sku}": _YES if sku.sku in on_sale else "",
        }
    return fields


def changed_skus(changed: Fields, fields: Fields, product: EditedProduct) -> Sequence[SkuJson]:
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
        )
        for sku in all_skus(product)
        if sku.sku in touched
    ]


def _weight(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Problem(422, "invalid", f"{field}: must be grams, a whole number", field=field)
    return int(text)


def _attributes(changed: Fields, product: EditedProduct, attributes: Sequence[AttributeView]) -> Mapping[str, object]:
    values: dict[str, object] = dict(product.attributes)
    for each in attributes:
        text = changed.get(f"{_ATTRIBUTE}{each.key}")
        if text is None:
            continue
        values.pop(each.key, None)
        if text:
            values[each.key] = _value(each, text)
    return values


def _value(attribute: AttributeView, text: str) -> str | float | bool:
    if attribute.kind == "boolean":
        return text == _YES
    if attribute.kind != "number":
        return text
    try:
        number = float(text.replace(",", "."))
    except ValueError as error:
        field = f"{_ATTRIBUTE}{attribute.key}"
        raise Problem(422, "invalid", f"{field}: must be a number", field=field) from error
    return int(number) if number.is_integer() else number


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return _YES if value else "no"
    return "" if value is None else str(value)
