"""Rules of attributes: their definitions, the values of products, and what types say about them. Pure.

Values are checked where a product is written, against the definitions of that moment; the catalog's lock keeps these
as they are until then. A definition that is in use changes only in ways that leave its values right.

Rejected: docs/decisions/0034.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

import msgspec
from msgspec import structs

from bus.messages.attributes import (
    ATTRIBUTE_KEY,
    LONGEST_CHOICE,
    MOST_ATTRIBUTES,
    MOST_CHOICES,
    RESERVED,
    Attribute,
    AttributeKind,
    AttributeValue,
    AttributeValues,
    ProductType,
    TypeFit,
)
from bus.messages.base import NAME, ProductId
from bus.messages.catalog import Product
from bus.messages.catalog_imports import SkuRow
from bus.messages.texts import is_blank, is_harmful

Definitions: TypeAlias = Mapping[str, Attribute]

_KEY: Final = re.compile(ATTRIBUTE_KEY)
_NAME: Final = re.compile(NAME)
_TEXT: Final = 1000
_LARGEST: Final = 1e12
_DECIMALS: Final = 6
_BYTES: Final = {False: 16_384, True: 4_096}  # Of all values of a product, and of one SKU.
_MOST_MISSING: Final = 20
_SAID: Final = 50  # Faults that a refusal lists.


def definition_refusal(attribute: Attribute, known: Definitions) -> str | None:
    """The reason to refuse a definition, as a sentence; None if it is fine."""
    choices = attribute.choices
    is_new = attribute.key not in known
    checks = [
        (bool(_KEY.fullmatch(attribute.key)), "key must be 1 to 40 lower-case letters, digits and _, a letter first"),
        (attribute.key not in RESERVED, f"key: {attribute.key} has a meaning of its own"),
        (not is_new or len(known) < MOST_ATTRIBUTES, f"at most {MOST_ATTRIBUTES} attributes"),
        (_is_name(attribute.title), f"title has 1 to {LONGEST_CHOICE} characters"),
        (len(attribute.unit) <= 20 and not any(map(is_harmful, attribute.unit)), "unit has at most 20 characters"),
        ((attribute.kind == "choice") == bool(choices), "choices are for the kind choice, which needs at least one"),
        (len(choices) <= MOST_CHOICES, f"choices: at most {MOST_CHOICES}"),
        (len({*choices}) == len(choices), "choices: each once"),
        (all(map(_is_name, choices)), f"choices have 1 to {LONGEST_CHOICE} characters"),
        (-(2**31) <= attribute.place < 2**31, "place is out of bounds"),
    ]
    return next((reason for fits, reason in checks if not fits), None)


def changes_search(before: Attribute | None, after: Attribute) -> bool:
    """Whether a definition changes what products are found and filtered by. A new one is not in use yet."""
    return before is not None and ((before.filterable, before.searchable) != (after.filterable, after.searchable))


def taken_away(before: Attribute, after: Attribute) -> list[str | None]:
    """List what a change of a definition takes away from products that use it: choices; None stands for all of it."""
    if (before.kind, before.of_sku) != (after.kind, after.of_sku):
        return [None]
    return [choice for choice in before.choices if choice not in after.choices]


def type_refusal(kind: ProductType, definitions: Definitions) -> str | None:
    """The reason to refuse a type, as a sentence; None if it is fine."""
    keys = [each.key for each in kind.attributes]
    unknown = sorted({*keys} - {*definitions})
    checks = [
        (bool(_NAME.fullmatch(kind.id)), "id must be 1 to 64 letters, digits, dots and dashes"),
        (_is_name(kind.title), f"title has 1 to {LONGEST_CHOICE} characters"),
        (len(kind.options) <= 5 and len({*kind.options}) == len(kind.options), "options: at most 5, each once"),
        (all(map(_is_name, kind.options)), f"options have 1 to {LONGEST_CHOICE} characters"),
        (len({*keys}) == len(keys), "attributes: each once"),
        (not unknown, f"attributes: there is no {', '.join(unknown[:5])}"),
    ]
    return next((reason for fits, reason in checks if not fits), None) or _said(_defaults(kind, definitions))


def refusal(product: Product, definitions: Definitions) -> str | None:
    """The reason to refuse a product's attributes, with all that is wrong; None if they are fine."""
    found = list(_faults("", product.attributes, definitions, of_sku=False))
    for sku in product.skus:
        found += _faults(f"skus.{sku.sku}.", sku.attributes, definitions, of_sku=True)
    return _said(found)


def has_any(product: Product) -> bool:
    """Whether a product or one of its SKUs has attributes."""
    return bool(product.attributes) or any(sku.attributes for sku in product.skus)


def normal(product: Product) -> Product:
    """The product with its numbers in one form: 5.0 is 5, so that nothing changes on its way through the database."""
    if not has_any(product):
        return product
    skus = tuple(structs.replace(sku, attributes=_normal(sku.attributes)) for sku in product.skus)
    return structs.replace(product, attributes=_normal(product.attributes), skus=skus)


def missing(product: Product, kind: ProductType, definitions: Definitions) -> tuple[str, ...]:
    """List what a type says that the product should have, and it has not; 20 at most."""
    required = [definitions[each.key] for each in kind.attributes if each.required and each.key in definitions]
    own = [each.key for each in required if not each.of_sku and each.key not in product.attributes]
    of_skus = [
        f"skus.{sku.sku}.{each.key}"
        for sku in product.skus
        for each in required
        if each.of_sku and each.key not in sku.attributes
    ]
    return tuple([*own, *of_skus][:_MOST_MISSING])


def fitted(product: Product, kind: ProductType) -> Product:
    """The product with the values that its type begins with, where it has none."""
    values = {each.key: each.value for each in kind.attributes if each.value is not None}
    return structs.replace(product, attributes=values | product.attributes)


def fit(before: Product, after: Product, kind: ProductType, definitions: Definitions) -> TypeFit:
    """Report what a type does for a product, and what is missing all the same."""
    added = {key: value for key, value in after.attributes.items() if key not in before.attributes}
    return TypeFit(id=after.id, added=added, missing=missing(after, kind, definitions))


def read_all(
    products: Sequence[Product], rows: Sequence[SkuRow], definitions: Definitions
) -> tuple[list[Product], dict[ProductId, str]]:
    """Return products with the attributes of their lines in an import, and why some are refused."""
    lines: dict[ProductId, list[SkuRow]] = {}
    for row in rows:
        lines.setdefault(row.product_id, []).append(row)
    read = [read_cells(product, lines[product.id], definitions) for product in products]
    refused = {product.id: why or refusal(product, definitions) for product, why in read}
    return [product for product, _ in read], {each: why for each, why in refused.items() if why}


def read_cells(product: Product, rows: Sequence[SkuRow], definitions: Definitions) -> tuple[Product, str | None]:
    """Return a product with the attributes of its lines in an import, and what is wrong with them.

    Args:
        product: As the lines leave it otherwise.
        rows: Its lines. A cell of the product stands in any of them; the last one counts.
        definitions: By which cells are read.
    """
    own, of_skus = dict(product.attributes), {sku.sku: dict(sku.attributes) for sku in product.skus}
    faults: dict[str, None] = {}
    for row in rows:
        for key, text in row.attributes.items():
            if key not in definitions:
                faults[f"{key} is not known"] = None
                continue
            values = of_skus[row.sku] if definitions[key].of_sku else own
            values.pop(key, None)
            if text:
                values[key] = _read(text, definitions[key].kind)
    skus = tuple(structs.replace(sku, attributes=of_skus[sku.sku]) for sku in product.skus)
    return normal(structs.replace(product, attributes=own, skus=skus)), _said(list(faults))


def _read(text: str, kind: AttributeKind) -> AttributeValue:
    """Read a cell. One that can't be read is left as a text, which the check of values refuses by its name."""
    if kind == "boolean":
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.casefold(), text)
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _defaults(kind: ProductType, definitions: Definitions) -> list[str]:
    values = {each.key: each.value for each in kind.attributes if each.value is not None}
    return list(_faults("", values, definitions, of_sku=False))


def _faults(where: str, values: AttributeValues, definitions: Definitions, *, of_sku: bool) -> Iterator[str]:
    found = [fault for key, value in values.items() if (fault := _fault(key, value, definitions, of_sku=of_sku))]
    yield from (f"{where}{fault}" for fault in found)
    if found:
        return
    size = len(msgspec.json.encode(values)) + 8 * len(values)  # PostgreSQL writes it with blanks between.
    if size > _BYTES[of_sku]:
        yield f"{where or 'all '}values have {size:,} bytes; at most {_BYTES[of_sku]:,}"


def _fault(key: str, value: AttributeValue, definitions: Definitions, *, of_sku: bool) -> str | None:
    definition = definitions.get(key)
    if definition is None:
        return f"{key[:100]} is not known"
    if definition.of_sku != of_sku:
        return f"{key} is of {'each SKU' if definition.of_sku else 'the product'}"
    return None if _fits(value, definition) else f"{key} must be {_wanted(definition)}"


def _fits(value: AttributeValue, definition: Attribute) -> bool:
    if isinstance(value, bool):
        return definition.kind == "boolean"
    if isinstance(value, int | float):
        return definition.kind == "number" and _is_number(value)
    match definition.kind:
        case "text":
            return not is_blank(value) and len(value) <= _TEXT and not any(map(is_harmful, value))
        case "choice":
            return value in definition.choices
        case "date":
            return _is_date(value)
        case _:
            return False


def _is_number(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _LARGEST and round(value, _DECIMALS) == value


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-12-24") and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _wanted(definition: Attribute) -> str:
    match definition.kind:
        case "choice":
            shown = ", ".join(definition.choices[:10])
            return f"one of {shown}{', ...' if len(definition.choices) > 10 else ''}"
        case "number":
            return f"a number of at most {_DECIMALS} decimals, up to 10^12"
        case "boolean":
            return "true or false"
        case "date":
            return "a day, such as 2026-12-24"
        case "text":
            return f"a text of 1 to {_TEXT:,} characters in one line"


def _normal(values: AttributeValues) -> AttributeValues:
    return {key: int(value) if isinstance(value, float) and value.is_integer() and _is_number(value) else value
            for key, value in values.items()}  # fmt: skip


def _said(faults: Sequence[str]) -> str | None:
    if not faults:
        return None
    more = f"; and {len(faults) - _SAID} more" if len(faults) > _SAID else ""
    return f"attributes: {'; '.join(faults[:_SAID])}{more}"


def _is_name(text: str) -> bool:
    return not is_blank(text) and len(text) <= LONGEST_CHOICE and not any(map(is_harmful, text))
