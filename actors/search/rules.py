"""Decisions of the search. Pure."""

import re
import zlib
from collections.abc import Collection, Sequence
from itertools import permutations
from typing import Final

import msgspec

from actors.search.asked import Question, Span, Synonym, read
from actors.search.findable import millionths
from actors.search.hits import Hits
from actors.search.text import words
from bus.messages.attributes import Attribute
from bus.messages.search import (
    FACETS,
    MOST_FILTERS,
    MOST_QUERY,
    MOST_VALUES,
    Chosen,
    FacetCount,
    FacetValue,
    FindProducts,
    Found,
    SearchRule,
    SynonymGroup,
)

_MOST_GROUPS: Final = 1000
_MOST_COMPOUNDS: Final = 1000
_MOST_RULES: Final = 1000
_MOST_NAMED: Final = 50  # Facets, in a refusal.
_RANGE: Final = re.compile(r"(-?\d{1,13}(?:\.\d{1,6})?)?\.\.(-?\d{1,13}(?:\.\d{1,6})?)?", re.ASCII)  # Of numbers.


def question(
    ask: FindProducts, skip: int, attributes: Sequence[Attribute], rule: SearchRule | None,
    synonyms: Sequence[Synonym], compounds: frozenset[str] = frozenset(),
) -> Question:  # fmt: skip
    """The question to put to an index."""
    numeric = _numeric(attributes)
    chosen = [_split(each) if each.facet in numeric else (each, ()) for each in ask.filters]
    return Question(
        q=ask.q,
        filters={values.facet: values.values for values, _ in chosen},
        spans={values.facet: spans for values, spans in chosen if spans},
        numeric=tuple(sorted(numeric)),
        within=ask.within,
        without=ask.without,
        price=(ask.price_from, ask.price_to),
        in_stock=ask.in_stock,
        facets=None,
        before_others=(*FACETS, *(each.key for each in attributes if each.filterable)),
        sort=ask.sort,
        skip=skip,
        limit=ask.limit,
        pinned=rule.pinned if rule else (),
        buried=rule.buried if rule else (),
        synonyms=tuple(synonyms),
        compounds=compounds,
    )


def _numeric(attributes: Sequence[Attribute]) -> set[str]:
    return {each.key for each in attributes if each.filterable and each.kind == "number"}


def _split(chosen: Chosen) -> tuple[Chosen, tuple[Span, ...]]:
    """Tell the ranges of a filter by numbers from its values."""
    ranges = [match for value in chosen.values if (match := _RANGE.fullmatch(value))]
    values = tuple(value for value in chosen.values if not _RANGE.fullmatch(value))
    ends = ([millionths(end) if end else None for end in match.groups()] for match in ranges)
    return Chosen(facet=chosen.facet, values=values), tuple(Span(low, high) for low, high in ends)


def is_of_all(question: Question) -> bool:
    """Whether a question asks for nothing but the counts of all products."""
    return not question.q.strip() and not is_filtered(question) and not question.limit


def is_filtered(question: Question) -> bool:
    """Whether not all that fits the words is wanted."""
    others = (question.filters, question.spans, question.in_stock, question.within, question.without)
    return any(others) or question.price != (None, None)


def mark(ask: FindProducts) -> int:
    """A number that a cursor carries, so that it is of this query and no other."""
    parts = (ask.q, ask.filters, ask.price_from, ask.price_to, ask.sort, ask.in_stock, ask.within, ask.without)
    return zlib.crc32(msgspec.json.encode(parts))


def ask_refusal(ask: FindProducts) -> str | None:
    """The reason to refuse a search; None if it is within its bounds."""
    names = [chosen.facet for chosen in ask.filters]
    if len(names) > MOST_FILTERS or len({*names}) < len(names):
        return f"at most {MOST_FILTERS} filters, each once"
    if any(len(chosen.values) > MOST_VALUES for chosen in ask.filters):
        return f"a filter has at most {MOST_VALUES} values"
    return None


def range_refusal(ask: FindProducts, attributes: Sequence[Attribute]) -> str | None:
    """The reason to refuse the ranges of a search; None if all can be read."""
    numeric = _numeric(attributes)
    for chosen in ask.filters:
        ranges = [value for value in chosen.values if ".." in value] if chosen.facet in numeric else []
        if not all(value != ".." and _RANGE.fullmatch(value) for value in ranges):
            return f"f.{chosen.facet}: a range must look like 2..5, ..5 or 2.."
    return None


def strange_facets(ask: FindProducts, attributes: Sequence[Attribute]) -> list[str]:
    """The filters of a search that are none of every shop's, and no attribute."""
    known = {*FACETS, *(each.key for each in attributes if each.filterable)}
    return [chosen.facet for chosen in ask.filters if chosen.facet not in known]


def unknown_facet(
    strange: Sequence[str], attributes: Sequence[Attribute], of_products: Collection[str]
) -> Found | None:
    """The answer to a filter by what no product can be filtered by, with what they can; None if all are known.

    Args:
        strange: Filters that are no attributes.
        attributes: In order.
        of_products: Facets that some product has.
    """
    unknown = next((facet for facet in strange if facet not in of_products), None)
    if unknown is None:
        return None
    own = [each.key for each in attributes if each.filterable]
    others = sorted({*of_products} - {*FACETS, *own})
    named = ("price", *FACETS, *own, *others)[:_MOST_NAMED]
    return Found(ids=(), next=None, total=0, facets=(), unknown_facet=unknown, known_facets=named)


def found(hits: Hits, following: str | None, redirect: str, attributes: Sequence[Attribute]) -> Found:
    """Write what was found, with facets in the words of people."""
    by_key = {each.key: each for each in attributes}
    return Found(
        ids=hits.ids,
        next=following,
        total=hits.total,
        facets=tuple(_facet(name, hits, by_key.get(name)) for name in hits.facets),
        prices=hits.prices,
        corrected=hits.corrected,
        is_partial=hits.is_partial,
        is_cut=hits.is_cut,
        redirect=redirect,
    )


def _facet(name: str, hits: Hits, attribute: Attribute | None) -> FacetCount:
    shown = tuple(
        FacetValue(value=each.value, count=each.count, title=_title(each.value, attribute))
        for each in hits.facets[name]
    )
    span = hits.spans.get(name)
    return FacetCount(
        facet=name,
        values=shown,
        title=attribute.title if attribute else hits.titles.get(name, ""),
        lowest=span and span[0] / 10**6,
        highest=span and span[1] / 10**6,
    )


def _title(value: str, attribute: Attribute | None) -> str:
    if attribute is None:
        return ""
    if attribute.kind == "boolean":
        return {"true": "Yes", "false": "No"}.get(value, value)
    return f"{value} {attribute.unit}" if attribute.unit else ""


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


def compounds_refusal(texts: Sequence[str]) -> str | None:
    """The reason to refuse the words that compounds are made of; None if they are fine."""
    checks = [
        (len(texts) <= _MOST_COMPOUNDS, f"at most {_MOST_COMPOUNDS} words"),
        (all(len(text) <= 50 for text in texts), "a word has at most 50 letters"),
        (all(len(found) == 1 and len(found[0]) > 1 for found in map(words, texts)),
         "each is one word of at least 2 letters"),
    ]  # fmt: skip
    return next((reason for fits, reason in checks if not fits), None)


def compounds_of(texts: Sequence[str]) -> tuple[str, ...]:
    """The words that compounds are made of, each once, folded and in order."""
    return tuple(sorted({word for text in texts for word in words(text)}))


def synonyms_of(groups: Sequence[SynonymGroup]) -> list[Synonym]:
    """Pairs of words of which one stands for the other."""
    pairs: list[Synonym] = []
    for group in groups:
        texts = [read(text).words for text in group.words]
        ways = [(texts[0], other) for other in texts[1:]] if group.is_one_way else permutations(texts, 2)
        pairs += [Synonym(of, instead) for of, instead in ways if of != instead]
    return pairs


def _is_path(text: str) -> bool:
    return text.startswith("/") and text[1:2] not in ("/", "\\") and text.isprintable() and len(text) <= 200
