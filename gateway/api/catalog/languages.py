"""Languages of products: those that a reader asks for, and the texts that there are."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from litestar.params import HeaderParameter, QueryParameter
from msgspec import structs

from bus.messages.catalog import Option, Product
from bus.messages.translations import LOCALE, MOST_ASKED_LOCALES, Locale, ProductTexts, ReadTranslations
from engine.patterns import whole
from gateway.context import GatewayContext

AskedLocale = Annotated[str, QueryParameter(pattern=whole(f"(?:{LOCALE})?").pattern, max_length=6)]
AcceptLanguage = Annotated[str, HeaderParameter(name="Accept-Language")]

_LONGEST: Final = 500  # Letters of the header that are read.
_RANGE: Final = re.compile(r"\s*([A-Za-z]{2,3})(?:-([A-Za-z]{2}))?\s*(?:;\s*q=(1(?:\.0{1,3})?|0(?:\.\d{1,3})?)\s*)?")


def locales(context: GatewayContext, locale: str, accepted: str) -> Sequence[Locale]:
    """List the languages in which a reader would rather have texts than in the shop's, the best first.

    Each language of a country is followed by the language itself. Source: RFC 9110, 12.5.4; RFC 4647, 3.4.

    Args:
        context: Knows the shop's language.
        locale: The one that is asked for; "" for none.
        accepted: The header `Accept-Language`; what can't be read of it is skipped.
    """
    ranges = [locale] if locale else _ranges(accepted[:_LONGEST])
    wanted = list(dict.fromkeys(each for one in ranges for each in (one, one.partition("-")[0])))
    own = wanted.index(context.language) if context.language in wanted else len(wanted)
    return wanted[:own][:MOST_ASKED_LOCALES]


async def in_language(
    context: GatewayContext, products: Sequence[Product], wanted: Sequence[Locale]
) -> Sequence[Product]:
    """Put products into the first of these languages that each has; text by text, where it is translated."""
    if not products or not wanted:
        return products
    ids = tuple(product.id for product in products)
    found = (await context.bus.ask(ReadTranslations(ids=ids, locales=tuple(wanted)))).translations
    texts = {(each.product_id, each.locale): each.texts for each in found}
    best = {each: next((texts[each, one] for one in wanted if (each, one) in texts), None) for each in ids}
    return [translated(product, own) if (own := best[product.id]) else product for product in products]


def translated(product: Product, texts: ProductTexts) -> Product:
    """Return a product with its texts in another language."""
    words = texts.options
    return structs.replace(
        product,
        title=texts.title or product.title,
        description=texts.description or product.description,
        slug=texts.slug or product.slug,
        seo_title=texts.seo_title or product.seo_title,
        seo_description=texts.seo_description or product.seo_description,
        options=tuple(
            Option(name=words.get(each.name, each.name), values=tuple(words.get(value, value) for value in each.values))
            for each in product.options
        ),
        skus=tuple(
            structs.replace(sku, options=tuple(words.get(value, value) for value in sku.options))
            for sku in product.skus
        ),
    )


def _ranges(accepted: str) -> list[Locale]:
    found = [match for part in accepted.split(",") if (match := _RANGE.fullmatch(part))]
    named = [match[1].lower() + (f"-{match[2].upper()}" if match[2] else "") for match in found]
    weighed = zip([float(match[3] or 1) for match in found], named, strict=True)
    return [name for weight, name in sorted(weighed, key=lambda each: -each[0]) if weight > 0]
