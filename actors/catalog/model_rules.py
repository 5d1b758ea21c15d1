"""Rules of a product as a whole: its options and their SKUs, its times, its tags. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from actors.catalog.bundle_rules import form_refusal
from bus.messages.amounts import price_refusal
from bus.messages.base import ProductId
from bus.messages.catalog import MOST_SKUS, Option, Product
from bus.messages.inputs import INPUT_KEY, LONGEST_INPUT, MOST_INPUTS, Input
from bus.messages.texts import is_blank, is_harmful

MOST_OPTIONS: Final = 5
MOST_VALUES: Final = 250  # Of one option.
MOST_TAGS: Final = 50
LONGEST_SEO: Final = 500  # Letters of a title or a description for search engines.
MOST_LETTERS: Final = 100  # Of a brand, a tag, an option's name and each of its values.
_KEY: Final = re.compile(INPUT_KEY)
_BARCODE: Final = re.compile(r"[0-9A-Za-z-]{1,64}")  # GTINs, and what shops print themselves.


def is_visible(product: Product, now: datetime) -> bool:
    """Whether buyers see a product at this time."""
    begun = product.publish_at is None or product.publish_at <= now
    ended = product.unpublish_at is not None and product.unpublish_at <= now
    return product.status == "active" and begun and not ended


def refusal(product: Product, before: Product | None, now: datetime) -> str | None:
    """The reason to refuse a product, as a sentence that names the field; None if it is fine.

    Args:
        product: As it shall be. Its texts and prices are checked elsewhere.
        before: As it is; None if it is not there.
        now: The time. What was planned for a time that has come since is no fault.
    """
    return (
        _texts(product)
        or _options(product.options)
        or _skus(product)
        or form_refusal(product)
        or _inputs(product)
        or times_refusal(
            (product.publish_at, product.unpublish_at),
            (before.publish_at, before.unpublish_at) if before else (None, None),
            now,
        )
    )


def refusals(products: Sequence[Product], known: Mapping[ProductId, Product], now: datetime) -> dict[ProductId, str]:
    """The products that are refused, with the reasons."""
    reasons = {product.id: refusal(product, known.get(product.id), now) for product in products}
    return {product_id: reason for product_id, reason in reasons.items() if reason}


def _texts(product: Product) -> str | None:
    if len(product.skus) > MOST_SKUS:
        return f"skus: at most {MOST_SKUS:,}"
    for name, text in (("seo_title", product.seo_title), ("seo_description", product.seo_description)):
        if len(text) > LONGEST_SEO or any(map(is_harmful, text)):
            return f"{name} has at most {LONGEST_SEO} characters, and is one line"
    if len(product.brand) > MOST_LETTERS or any(map(is_harmful, product.brand)):
        return f"brand has at most {MOST_LETTERS} characters, and is one line"
    if (
        len(product.tags) > MOST_TAGS
        or len({*product.tags}) < len(product.tags)
        or not all(map(_is_name, product.tags))
    ):
        return f"tags: at most {MOST_TAGS}, each once, of 1 to {MOST_LETTERS} characters"
    return None


def _options(options: Sequence[Option]) -> str | None:
    names = [option.name for option in options]
    if len(options) > MOST_OPTIONS or len({*names}) < len(names) or not all(map(_is_name, names)):
        return f"options: at most {MOST_OPTIONS}, each name once, of 1 to {MOST_LETTERS} characters"
    for option in options:
        values = option.values
        if not 1 <= len(values) <= MOST_VALUES or len({*values}) < len(values) or not all(map(_is_name, values)):
            return f"options: {option.name} has 1 to {MOST_VALUES} values, each once, of 1 to {MOST_LETTERS} characters"
    return None


def _inputs(product: Product) -> str | None:
    keys = [each.key for each in product.inputs]
    if len(keys) > MOST_INPUTS or len({*keys}) < len(keys) or not all(map(_KEY.fullmatch, keys)):
        return f"inputs: at most {MOST_INPUTS}, each key once, of 1 to 40 lower-case letters, digits and underscores"
    currency = product.skus[0].price.currency if product.skus else ""
    return next((why for each in product.inputs if (why := _input(each, currency))), None)


def _input(wanted: Input, currency: str) -> str | None:
    choices, money = wanted.choices, wanted.surcharge
    if not _is_name(wanted.title):
        return f"inputs: {wanted.key} has a title of 1 to {MOST_LETTERS} characters"
    if wanted.kind == "choice" and (
        not 1 <= len(choices) <= MOST_VALUES or len({*choices}) < len(choices) or not all(map(_is_choice, choices))
    ):
        return f"inputs: {wanted.key} has 1 to {MOST_VALUES} choices, each once, of 1 to {MOST_LETTERS} characters"
    if wanted.kind == "text" and (choices or not 1 <= wanted.max_length <= LONGEST_INPUT):
        return f"inputs: {wanted.key} is a text of at most 1 to {LONGEST_INPUT} characters, without choices"
    if money and money.currency != currency:
        return f"inputs: the surcharge of {wanted.key} must be in {currency}"
    why = price_refusal(money.amount, money.currency) if money and money.amount else None
    return f"inputs: surcharge of {wanted.key}: {why}" if why else None


def _is_choice(text: str) -> bool:
    """Whether a choice can be chosen: as it is kept when a buyer names it."""
    return _is_name(text) and text == unicodedata.normalize("NFC", text).strip()


def _skus(product: Product) -> str | None:
    combinations: dict[tuple[str, ...], str] = {}
    barcodes: dict[str, str] = {}
    for sku in product.skus:
        if len(sku.options) != len(product.options):
            return f"sku {sku.sku} needs a value of each of the {len(product.options)} options"
        for option, value in zip(product.options, sku.options, strict=True):
            if value not in option.values:
                return f"sku {sku.sku}: {option.name} has no {value!r}"
        if sku.options and combinations.setdefault(sku.options, sku.sku) != sku.sku:
            return f"sku {sku.sku} has the options of {combinations[sku.options]}"
        if sku.barcode is None:
            continue
        if not _BARCODE.fullmatch(sku.barcode):
            return f"sku {sku.sku}: barcode must be 1 to 64 letters, digits and dashes"
        if barcodes.setdefault(sku.barcode, sku.sku) != sku.sku:
            return f"sku {sku.sku} has the barcode of {barcodes[sku.barcode]}"
    return None


def times_refusal(
    times: tuple[datetime | None, datetime | None], known: tuple[datetime | None, datetime | None], now: datetime
) -> str | None:
    """The reason to refuse the times from which and until which something is shown; None if they are fine.

    Args:
        times: As they shall be.
        known: As they are: one that has come since is no fault.
        now: The time.
    """
    begins, ends = times
    if begins and ends and ends <= begins:
        return "unpublish_at must be after publish_at"
    for name, time, before in (("publish_at", begins, known[0]), ("unpublish_at", ends, known[1])):
        if time and time != before and time < now:
            return f"{name} is in the past"
    return None


def _is_name(text: str) -> bool:
    return not is_blank(text) and len(text) <= MOST_LETTERS and not any(map(is_harmful, text))
