"""Decisions of the search. Pure."""

import zlib
from collections.abc import Sequence
from itertools import permutations
from typing import Final

import msgspec

from actors.search.asked import Question, Synonym, read
from actors.search.findable import ALWAYS, Findable, microseconds
from bus.messages.catalog import Product
from bus.messages.search import MOST_QUERY, MOST_VALUES, FindProducts, SearchRule, SynonymGroup

WITHIN: Final = "IN_CATEGORY"  # A facet of ids of categories: asked for, never shown, and no name of another facet.
_MOST_GROUPS = 1000
_MOST_RULES = 1000


def findable(product: Product) -> Findable:
    """A product of the catalog as the index knows it: one that is active, though it may be shown at other times."""
    skus = product.skus
    facets = {"category": (product.category,), "brand": (product.brand,), WITHIN: product.categories}
    return Findable(
        id=product.id,
        title=product.title,
        revision=product.revision,
        keys=tuple({product.category, product.brand, *product.tags, *(sku.title for sku in skus), *_choices(product)}),
        codes=(product.id, *(sku.sku for sku in skus), *(sku.barcode for sku in skus if sku.barcode)),
        body=product.description,
        facets={name: values for name, values in facets.items() if any(values)},
        price=min(sku.price.amount for sku in skus),
        visible_from=microseconds(product.publish_at) if product.publish_at else 0,
        visible_until=microseconds(product.unpublish_at) if product.unpublish_at else ALWAYS,
    )


def findables(products: Sequence[Product]) -> list[Findable]:
    """Products that are to be found at some time: no drafts, and nothing archived."""
    return [findable(product) for product in products if product.status == "active"]


def _choices(product: Product) -> set[str]:
    return {value for sku in product.skus for value in sku.options}


def question(ask: FindProducts, skip: int, facets: Sequence[str], rule: SearchRule | None, synonyms: Sequence[Synonym]
             ) -> Question:  # fmt: skip
    """The question to put to an index."""
    return Question(
        q=ask.q,
        filters={chosen.facet: chosen.values for chosen in ask.filters} | ({WITHIN: ask.within} if ask.within else {}),
        without=ask.without,
        price=(ask.price_from, ask.price_to),
        facets=tuple(facets),
        sort=ask.sort,
        skip=skip,
        limit=ask.limit,
        pinned=rule.pinned if rule else (),
        buried=rule.buried if rule else (),
        synonyms=tuple(synonyms),
    )


def mark(ask: FindProducts) -> int:
    """A number that a cursor carries, so that it is of this query and no other."""
    parts = (ask.q, ask.filters, ask.price_from, ask.price_to, ask.sort, ask.within, ask.without)
    return zlib.crc32(msgspec.json.encode(parts))


def ask_refusal(ask: FindProducts, facets: Sequence[str]) -> str | None:
    """The reason to refuse a search; None if it is within its bounds."""
    unknown = sorted({chosen.facet for chosen in ask.filters} - set(facets))
    if unknown:
        return f"there is no facet {unknown[0]}; there are {', '.join((*facets, 'price'))}"
    if any(len(chosen.values) > MOST_VALUES for chosen in ask.filters):
        return f"a filter has at most {MOST_VALUES} values"
    return None


def rule_key(query: str) -> str:
    """A query by its words, as rules know it."""
    return " ".join(read(query).words)


def rules_refusal(rules: Sequence[SearchRule]) -> str | None:
    """The reason to refuse rules; None if they are fine."""
    keys = [rule_key(rule.query) for rule in rules]
    checks = [
        (len(rules) <= _MOST_RULES, f"at most {_MOST_RULES} rules"),
        (all(keys), "a rule's query has at least one word"),
        (all(len(rule.query) <= MOST_QUERY for rule in rules), f"a rule's query has at most {MOST_QUERY} letters"),
        (len(set(keys)) == len(keys), "each query has one rule"),
        (all(len(rule.pinned) <= 50 for rule in rules), "at most 50 products are pinned"),
        (all(len(rule.buried) <= 50 for rule in rules), "at most 50 products are buried"),
        (
            all(_is_path(rule.redirect) for rule in rules if rule.redirect),
            "a redirect is a path of this shop, such as /search?q=mug, of at most 200 letters",
        ),
    ]
    return next((reason for fits, reason in checks if not fits), None)


def synonyms_refusal(groups: Sequence[SynonymGroup]) -> str | None:
    """The reason to refuse synonyms; None if they are fine."""
    texts = [text for group in groups for text in group.words]
    checks = [
        (len(groups) <= _MOST_GROUPS, f"at most {_MOST_GROUPS} groups"),
        (all(2 <= len(group.words) <= 20 for group in groups), "a group has 2 to 20 words"),
        (all(len(text) <= 50 and read(text).words for text in texts), "a word has 1 to 50 letters"),
    ]
    return next((reason for fits, reason in checks if not fits), None)


def synonyms_of(groups: Sequence[SynonymGroup]) -> list[Synonym]:
    """Pairs of words of which one stands for the other."""
    pairs: list[Synonym] = []
    for group in groups:
        words = [read(text).words for text in group.words]
        ways = [(words[0], other) for other in words[1:]] if group.is_one_way else permutations(words, 2)
        pairs += [Synonym(of, instead) for of, instead in ways if of != instead]
    return pairs


def _is_path(text: str) -> bool:
    return text.startswith("/") and text[1:2] not in ("/", "\\") and text.isprintable() and len(text) <= 200
