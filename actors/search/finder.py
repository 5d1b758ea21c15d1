"""Finding: questions put to an index as it is at one moment."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec
from tantivy import Document, FieldType, Occur, Order, Query, Schema, Searcher

from actors.search.asked import MOST_DEEP, Asked, Question, read
from actors.search.counting import all_of, choose, facets_of, tally
from actors.search.findable import PLACE_ID, TIE_BITS
from actors.search.hits import Hits
from actors.search.ranking import IN_ORDER, WAYS, WHOLE, Ranking
from actors.search.stemming import stem
from actors.search.text import may_be_misspelt, typos, words

_PIN: Final = 10_000.0  # More than any product fits.
_MOST_PRICE: Final = (1 << (62 - TIE_BITS)) - 1  # Any number above it is as high as it: the field has 64 bits.
_SORTS: Final = {
    "title": ("order", Order.Asc), "price": ("price", Order.Asc), "-price": ("price", Order.Desc),
    "newest": ("added", Order.Desc),
}  # fmt: skip
_BY_SALES: Final = ("weight", Order.Desc)  # Where there are no words to fit.


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """Products and categories that may be meant by what is being typed."""

    corrected: str | None
    products: tuple[tuple[str, str], ...]  # Their ids and titles.
    categories: tuple[str, ...]


class Finder:
    """Answers questions. Takes no lock and writes nothing, so many threads may use it."""

    def __init__(self, searcher: Searcher, schema: Schema, language: str) -> None:
        self._searcher = searcher
        self._schema = schema
        self._language = language

    @property
    def place(self) -> int:
        """The last change that the index holds; 0 if none."""
        return self._of_place("seq")

    @property
    def layout(self) -> int:
        """The number of what its documents are made by."""
        return self._of_place("layout")

    @cached_property
    def facets(self) -> Mapping[str, str]:
        """The facets that any product has, with the titles that only products know."""
        return facets_of(self._searcher, Query.all_query())

    @property
    def products(self) -> int:
        """The number of products in the index, visible or not."""
        return max(0, self._searcher.num_docs - 1)

    def find(self, question: Question, now_us: int) -> Hits:
        """Answer a question.

        Args:
            question: Within its bounds.
            now_us: Microseconds since 1970: what is visible then is found.
        """
        asked = read(question.q)
        visible = self._visible(now_us)
        match, is_misspelt, is_partial = self._understand(asked, question, visible)
        filters = self._filters(question)
        wanted = all_of([match, visible, *filters.values()])
        titles, names = self._facets(question, all_of([match, visible]))
        counted = tally(self._searcher, all_of([match, visible]), filters, names)
        ranked = self._ranked(wanted, question)
        skip = min(question.skip, MOST_DEEP)
        limit = max(0, min(question.limit, MOST_DEEP - skip))
        by_field = _SORTS.get(question.sort) if asked.words else _SORTS.get(question.sort, _BY_SALES)
        if by_field is None:
            result = self._searcher.search(ranked, limit=max(limit, 1), offset=skip, weight_by_field="weight")
        else:
            result = self._searcher.search(
                wanted, limit=max(limit, 1), offset=skip, order_by_field=by_field[0], order=by_field[1]
            )
        hits = result.hits[:limit]
        found = [self._searcher.doc(address) for _, address in hits]
        return Hits(
            ids=tuple(str(each["id"][0]) for each in found),
            scores=tuple(float(score) if by_field is None else 0.0 for score, _ in hits),
            total=result.count,  # type: ignore[attr-defined] # tantivy's stubs lack it.
            facets=counted.facets,
            titles=titles,
            prices=counted.prices,
            corrected=self._corrected(asked, found[0]) if is_misspelt and found else None,
            is_partial=is_partial,
            is_cut=asked.is_cut,
        )

    def explain(self, question: Question, product_id: str) -> list[tuple[str, str, float]]:
        """List why a product stands where it stands: for each word the best way in which it fits, and its score."""
        asked = read(question.q)
        ranking = Ranking(self._schema, self._language, question.synonyms)
        reasons: list[tuple[str, str, float]] = []
        for place, word in enumerate(asked.words):
            fitting = [way.name for way in ranking.ways(asked, place, True) if self._is(product_id, way.query)]
            best = max(fitting, key=WAYS.__getitem__, default=None)
            reasons.append((word, best, WAYS[best]) if best else (word, "nothing", 0.0))
        if asked.words:
            for name, score, query in zip(("whole", "in order"), (WHOLE, IN_ORDER), ranking.more(asked), strict=False):
                if self._is(product_id, query):
                    reasons.append(("", name, score))
        return reasons

    def suggest(self, q: str, limit: int, now_us: int) -> Suggested:
        """Complete what is being typed: the products that would come first, and the categories of all."""
        if not read(q).words:
            return Suggested(corrected=None, products=(), categories=())
        hits = self.find(Question(q=q, limit=limit, facets=("category",)), now_us)
        return Suggested(
            corrected=hits.corrected,
            products=tuple((product_id, self._shown(product_id)) for product_id in hits.ids),
            categories=tuple(each.value for each in hits.facets["category"][:limit]),
        )

    def revisions(self) -> dict[str, int]:
        """Read the revision of each product: for the audit."""
        found = self._searcher.search(Query.all_query(), limit=max(1, self._searcher.num_docs)).hits
        documents = (self._searcher.doc(address) for _, address in found)
        return {str(each["id"][0]): int(each["revision"][0]) for each in documents if each["id"][0] != PLACE_ID}

    def _understand(self, asked: Asked, question: Question, visible: Query) -> tuple[Query, bool, bool]:
        """Take the query at its word where the index knows its words; then as misspelt; then half of it."""
        if not asked.words:
            return (Query.empty_query() if question.q.strip() else Query.all_query()), False, False
        ranking = Ranking(self._schema, self._language, question.synonyms)
        unknown = [not self._finds(ranking.knows(word)) for word in asked.words]
        for misspelt, least in self._readings(unknown):
            match = ranking.match(asked, misspelt, least=least)
            if self._finds(all_of([match, visible])):
                return match, any(misspelt), least is not None
        return Query.empty_query(), False, False

    @staticmethod
    def _readings(unknown: Sequence[bool]) -> Iterator[tuple[Sequence[bool], int | None]]:
        yield unknown, None
        if not all(unknown):
            yield [True] * len(unknown), None
        if len(unknown) > 1:
            yield [True] * len(unknown), math.ceil(len(unknown) / 2)

    def _ranked(self, wanted: Query, question: Question) -> Query:
        """Put pinned products first, and buried ones last."""
        pins = [Query.const_score_query(self._term("id", product_id), _PIN * (len(question.pinned) - place))
                for place, product_id in enumerate(question.pinned)]  # fmt: skip
        if question.buried:
            buried = Query.term_set_query(self._schema, "id", list(question.buried))
            pins.append(Query.const_score_query(buried, -_PIN))
        return Query.boolean_query([(Occur.Must, wanted), *((Occur.Should, pin) for pin in pins)]) if pins else wanted

    def _filters(self, question: Question) -> dict[str, Query]:
        filters = {
            name: Query.term_set_query(self._schema, f"facets.{name}", list(values))
            for name, values in question.filters.items()
            if values
        }
        low, high = question.price
        if low is not None or high is not None:
            least = None if low is None else min(low, _MOST_PRICE) << TIE_BITS
            most = None if high is None else ((min(high, _MOST_PRICE) + 1) << TIE_BITS) - 1
            filters["price"] = Query.range_query(self._schema, "price", FieldType.Integer, least, most)
        if question.in_stock:
            filters["in_stock"] = Query.range_query(self._schema, "in_stock", FieldType.Integer, 1, 1)
        if question.within:
            filters["within"] = Query.term_set_query(self._schema, "within", list(question.within))
        if question.without:
            left_out = Query.term_set_query(self._schema, "id", list(question.without))
            filters["without"] = Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, left_out)])
        return filters

    def _facets(self, question: Question, found: Query) -> tuple[Mapping[str, str], Sequence[str]]:
        """Name the facets to count, and the titles of those that only products know."""
        if question.facets is not None:
            return {}, question.facets
        titles = facets_of(self._searcher, found)
        return titles, choose(list(titles), list(question.filters), question.before_others)

    def _corrected(self, asked: Asked, first: Document) -> str | None:
        """Write the query with the words that the first product has instead; None if it was right."""
        known = sorted({*words(str(first["shown"][0])), *str(first["keys"][0]).split()})
        best = [self._meant(word, known) for word in asked.words]
        return None if tuple(best) == asked.words else " ".join(best)

    def _meant(self, word: str, known: Sequence[str]) -> str:
        """The known word that is nearest to a misspelt one; the word itself if none is near, or it is right."""
        stemmed = stem(word, self._language)
        if any(other.startswith(word) or stem(other, self._language) == stemmed for other in known):
            return word
        far = [(typos(word, other), typos(stemmed, stem(other, self._language)), other) for other in known]
        most = may_be_misspelt(word)
        return min((each for each in far if min(each[:2]) <= most), default=(0, 0, word))[2]

    def _visible(self, now_us: int) -> Query:
        since = Query.range_query(self._schema, "visible_from", FieldType.Integer, None, now_us)
        until = Query.range_query(self._schema, "visible_until", FieldType.Integer, now_us + 1, None)
        return all_of([since, until])

    def _finds(self, query: Query) -> bool:
        return bool(self._searcher.search(query, 1, count=False).hits)

    def _is(self, product_id: str, query: Query) -> bool:
        return self._finds(all_of([query, self._term("id", product_id)]))

    def _shown(self, product_id: str) -> str:
        hit = self._searcher.search(self._term("id", product_id), 1).hits[0]
        return str(self._searcher.doc(hit[1])["shown"][0])

    def _of_place(self, field: str) -> int:
        hits = self._searcher.search(self._term("id", PLACE_ID), 1).hits
        return int((self._searcher.doc(hits[0][1])[field] or [0])[0]) if hits else 0

    def _term(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value, index_option="basic")
