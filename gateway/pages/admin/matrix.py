"""Options of a product, and the SKUs that they make: each combination is one. Pure."""

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from msgspec.structs import asdict

from gateway.api.catalog.edits import EditedProduct
from gateway.api.catalog.products import OptionView, SkuDetail
from gateway.pages.typed import words_of
from gateway.problems import Problem

MOST: Final = 500  # Combinations that are made at once.
_SAME: Final = (
    "slug", "title", "category", "description", "status", "brand", "tags", "type_id", "attributes", "categories",
    "seo_title", "seo_description",
)  # fmt: skip
_LONGEST: Final = 64  # Letters of a SKU.
_LONGEST_KEY: Final = 40
_LETTERS: Final = {"ß": "SS", "æ": "AE", "ø": "O", "œ": "OE", "ł": "L", "đ": "D"}

Options: TypeAlias = Sequence[tuple[str, Sequence[str]]]  # The name of each with its values.
SkuJson: TypeAlias = Mapping[str, object]  # As the API takes it.


def options_of(text: str) -> Options:
    """Read options, one a line: `Size: S, M, L`.

    Raises:
        Problem: A line has no name or no values, a name or a value is there twice, or they make too many SKUs.
    """
    found = [_option(line) for line in text.splitlines() if line.strip()]
    if len({name for name, _ in found}) < len(found):
        raise Problem(422, "invalid", "options: two have one name", field="options")
    count = 1
    for _, values in found:
        count *= len(values)
    if len(found) > 5 or count > MOST:
        raise Problem(422, "invalid", f"options: at most 5, and {MOST} combinations", field="options")
    return found


def text_of(options: Sequence[OptionView]) -> str:
    """Write options as `options_of` reads them."""
    return "\n".join(f"{each.name}: {', '.join(each.values)}" for each in options)


def with_options(product: EditedProduct, options: Options) -> Sequence[SkuJson]:
    """Return the SKUs of a product that has these options: what fits stays, what is missing is made, the rest is gone.

    A new SKU has the price and weight of the first one.
    """
    wanted = list(itertools.product(*(values for _, values in options)))
    present = _placed(product, options, wanted)
    names, first = {sku.sku for sku in all_skus(product)}, all_skus(product)[0]
    made = list[SkuJson]()
    for values in wanted:
        known = present.get(values)
        name = known.sku if known else _free(sku_name(product.id, *values), names)
        names.add(name)
        made.append(sku_json(known or first, name=name, options=list(values), on_sale=True, is_new=known is None))
    return made


def _placed(
    product: EditedProduct, options: Options, wanted: Sequence[tuple[str, ...]]
) -> Mapping[tuple[str, ...], SkuDetail]:
    """Find the combination of each SKU that is there: by its options, else by its title, else the next free one.

    Of an option that is new, a SKU with options has the first value.
    """
    before = [each.name for each in product.options]
    titles = {_title(values): values for values in wanted}
    placed, left = dict[tuple[str, ...], SkuDetail](), list[SkuDetail]()
    for sku in all_skus(product):
        values = _values(sku, before, options) if sku.options else titles.get(sku.title.lower(), ())
        if values in wanted and values not in placed:
            placed[values] = sku
        elif not sku.options:
            left.append(sku)
    free = [values for values in wanted if values not in placed]
    return placed | dict(zip(free, left, strict=False))


def _title(values: Sequence[str]) -> str:
    return ", ".join(values).lower()


def whole_json(product: EditedProduct, options: Options) -> Mapping[str, object]:
    """Return all of a product as the API takes it, with these options and their SKUs."""
    same = {name: getattr(product, name) for name in _SAME}
    return {
        **same,
        "publish_at": product.publish_at,
        "unpublish_at": product.unpublish_at,
        "inputs": [asdict(each) for each in product.inputs],
        "options": [{"name": name, "values": list(values)} for name, values in options],
        "skus": with_options(product, options),
    }


def all_skus(product: EditedProduct) -> Sequence[SkuDetail]:
    """Return the SKUs of a product, those on sale first."""
    return [*product.skus, *product.not_on_sale]


def sku_json(
    sku: SkuDetail,
    *,
    on_sale: bool,
    name: str = "",
    is_new: bool = False,
    options: Sequence[str] | None = None,
    **changes: object,
) -> SkuJson:
    """Return a SKU as the API takes it, with changes; a new one made after it has no barcode, title or parts of it."""
    own = {
        "title": sku.title,
        "barcode": sku.barcode,
        "attributes": dict(sku.attributes),
        "parts": [{"sku": part.sku, "quantity": part.quantity} for part in sku.parts],
    }
    return {
        "sku": name or sku.sku,
        "price": {"amount": sku.price.amount, "currency": sku.price.currency},
        "weight_g": sku.weight_g,
        "options": list(sku.options if options is None else options),
        "on_sale": on_sale,
        **({} if is_new else own),
        **changes,
    }


def sku_name(*parts: str) -> str:
    """Make a SKU of words: `MUG-BLUE-L`. Letters that codes don't have are written by those that they have."""
    return "-".join(word for each in parts if (word := _word(each).upper()))[:_LONGEST].strip("-") or "SKU"


def slug_of(text: str) -> str:
    """Make an address of a title: `blue-mug`."""
    return _word(text).lower()[:100].strip("-") or "product"


def key_of(text: str, otherwise: str) -> str:
    """Make a key of a title: `made_of`. It begins with a letter; without any it is the other one."""
    return _word(text).lower().replace("-", "_").lstrip("0123456789_")[:_LONGEST_KEY].rstrip("_") or otherwise


def _word(text: str) -> str:
    written = "".join(_LETTERS.get(each.lower(), each) for each in text)
    plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")


def _option(line: str) -> tuple[str, Sequence[str]]:
    name, _, values = line.partition(":")
    found = list(dict.fromkeys(words_of(values)))
    if not name.strip() or not found:
        raise Problem(422, "invalid", f"options: “{line.strip()[:60]}” must look like Size: S, M, L", field="options")
    return name.strip(), found


def _values(sku: SkuDetail, before: Sequence[str], options: Options) -> tuple[str, ...]:
    own = dict(zip(before, sku.options, strict=False))
    return tuple(own.get(name, values[0]) for name, values in options)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, with a number behind it if another SKU has it."""
    numbered = (f"{name[:58]}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in taken)
