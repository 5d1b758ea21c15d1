"""Finding: questions put to an index as it is at one moment."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import msgspec
from tantivy import DocAddress, Document, Index, Occur, Order, Query

from actors.search.asked import MOST_DEEP, Asked, Question, read
from actors.search.counting import Countable, Tally, facets_of, tally
from actors.search.filters import all_of_them, filters_of, places_of
from actors.search.findable import PLACE_ID, TIMED, Findable
from actors.search.hits import Hits
from actors.search.queries import all_of, any_of, between, term, union, without
from actors.search.ranking import IN_ORDER, WAYS, WHOLE, Ranking
from actors.search.relating import like
from actors.search.stemming import stem
from actors.search.text import may_be_misspelt, typos, words

_PIN: Final = 10_000.0  # More than any product fits.
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


class Interpretation(NamedTuple):
    """A way to take the words of a query."""

    misspelt: Sequence[bool]  # For each word whether it may be.
    least: int | None  # How many of them must fit; None: all.

    @property
    def is_misspelt(self) -> bool:
        """Whether any word is taken as misspelt."""
        return any(self.misspelt)

    @property
    def is_partial(self) -> bool:
        """Whether not all words must fit."""
        return self.least is not None


_AS_WRITTEN: Final = Interpretation((), None)


class Finder:
    """Answers questions. Takes no lock and writes nothing, so many threads may use it."""

    def __init__(self, index: Index, language: str) -> None:
        self._index = index
        self._searcher = index.searcher()
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
        return self._answer(question, now_us)[0]

    def _answer(self, question: Question, now_us: int) -> tuple[Hits, list[Document]]:
        """Answer a question, with the documents of the page that is asked for."""
        asked = read(question.q)
        filters, places, hidden = filters_of(question), places_of(question), _hidden(now_us)
        if asked.words:
            filters |= places
            found, counted, reading = self._understand(asked, question, filters, hidden)
        else:
            everything = Query.empty_query() if question.q.strip() else Query.all_query()
            found, reading = self._narrowed(without(everything, hidden), places), _AS_WRITTEN
            counted = self._count(found, question, filters)
        page, total = self._page(asked, self._narrowed(found, filters), question)
        documents = [self._searcher.doc(address) for _, address in page]
        return Hits(
            ids=tuple(str(each["id"][0]) for each in documents),
            scores=tuple(score for score, _ in page),
            total=total,
            facets=counted.facets,
            titles=counted.titles,
            prices=counted.prices,
            spans=counted.spans,
            corrected=self._corrected(asked, documents[0]) if reading.is_misspelt and documents else None,
            is_partial=reading.is_partial,
            is_cut=asked.is_cut,
        ), documents

    def explain(self, question: Question, product_id: str) -> list[tuple[str, str, float]]:
        """List why a product stands where it stands: for each word the best way in which it fits, and its score."""
        asked = read(question.q)
        ranking = Ranking(self._language, question.synonyms, question.compounds)
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
        hits, documents = self._answer(Question(q=q, limit=limit, facets=("category",)), now_us)
        return Suggested(
            corrected=hits.corrected,
            products=tuple((str(each["id"][0]), str(each["shown"][0])) for each in documents),
            categories=tuple(each.value for each in hits.facets["category"][:limit]),
        )

    def related(self, entry: Findable, limit: int, now_us: int) -> tuple[str, ...]:
        """Find what is most like a product, and visible."""
        left_out = union([_hidden(now_us), term("id", entry.id)])
        found = without(like(entry, self._language), left_out)
        hits = self._searcher.search(found, limit, count=False, weight_by_field="weight").hits
        return tuple(str(self._searcher.doc(address)["id"][0]) for _, address in hits)

    def revisions(self) -> dict[str, int]:
        """Read the revision of each product: for the audit."""
        found = self._searcher.search(Query.all_query(), limit=max(1, self._searcher.num_docs)).hits
        documents = (self._searcher.doc(address) for _, address in found)
        return {str(each["id"][0]): int(each["revision"][0]) for each in documents if each["id"][0] != PLACE_ID}

    def _understand(
        self, asked: Asked, question: Question, filters: Mapping[str, str], hidden: Query
    ) -> tuple[Query, Tally, Interpretation]:
        """Take the query at its word where the index knows its words; then as misspelt; then half of it.

        Returns:
            What fits the words and is visible, the counts of it, and how the words were taken.
        """
        ranking = Ranking(self._language, question.synonyms, question.compounds)
        for reading in _readings([not self._finds(ranking.knows(word)) for word in asked.words]):
            found = without(ranking.match(asked, reading.misspelt, least=reading.least), hidden)
            counted = self._count(found, question, filters)
            if not counted.is_empty:
                return found, counted, reading
        nothing = Query.empty_query()
        return nothing, self._count(nothing, question, filters), _AS_WRITTEN

    def _count(self, found: Query, question: Question, filters: Mapping[str, str]) -> Tally:
        known = tuple(self.facets) if question.facets is None else question.facets
        countable = Countable(
            facets=question.facets, before_others=question.before_others, known=known, numeric=question.numeric
        )
        return tally(self._searcher, found, filters, [*{**question.filters, **question.spans}], countable)

    def _narrowed(self, found: Query, filters: Mapping[str, str]) -> Query:
        """Find what fits these filters besides."""
        return all_of([found, self._index.parse_query(all_of_them(filters.values()), ["id"])]) if filters else found

    def _page(self, asked: Asked, wanted: Query, question: Question) -> tuple[list[tuple[float, DocAddress]], int]:
        """Read a page of hits, with their scores if these are what they are sorted by, and the number of all."""
        skip = min(question.skip, MOST_DEEP)
        size = max(0, min(question.limit, MOST_DEEP - skip))
        by_field = _SORTS.get(question.sort) if asked.words else _SORTS.get(question.sort, _BY_SALES)
        if by_field is None:
            ranked = _ranked(wanted, question)
            result = self._searcher.search(ranked, max(size, 1), offset=skip, weight_by_field="weight")
        else:
            name, order = by_field
            result = self._searcher.search(wanted, max(size, 1), offset=skip, order_by_field=name, order=order)
        hits = [(0.0 if by_field else float(score), address) for score, address in result.hits[:size]]
        return hits, result.count  # type: ignore[attr-defined] # tantivy's stubs lack it.

    def _corrected(self, asked: Asked, first: Document) -> str | None:
        """Write the query with the words that the first product has instead; None if it was right."""
        known = sorted({*words(str(first["shown"][0])), *str(first["keys"][0]).split()})
        best = [self._meant(word, known) for word in asked.words]
        return None if tuple(best) == asked.words else " ".join(best)

    def _meant(self, word: str, known: Sequence[str]) -> str:
        """The known word that is nearest to a misspelt one; the word itself if none is near, or it is right."""
        stemmed, most = stem(word, self._language), may_be_misspelt(word)
        forms = [(other, stem(other, self._language)) for other in known] if most else []
        if any(other.startswith(word) or form == stemmed for other, form in forms):
            return word
        near = [each for each in forms if min(abs(len(word) - len(each[0])), abs(len(stemmed) - len(each[1]))) <= most]
        far = [(typos(word, other), typos(stemmed, form), other) for other, form in near]
        return min((each for each in far if min(each[:2]) <= most), default=(0, 0, word))[2]

    def _finds(self, query: Query) -> bool:
        return bool(self._searcher.search(query, 1, count=False).hits)

    def _is(self, product_id: str, query: Query) -> bool:
        return self._finds(all_of([query, term("id", product_id)]))

    def _of_place(self, field: str) -> int:
        hits = self._searcher.search(term("id", PLACE_ID), 1).hits
        return int((self._searcher.doc(hits[0][1])[field] or [0])[0]) if hits else 0


def _readings(unknown: Sequence[bool]) -> Iterator[Interpretation]:
    yield Interpretation(unknown, None)
    if not all(unknown):
        yield Interpretation([True] * len(unknown), None)
    if len(unknown) > 1:
        yield Interpretation([True] * len(unknown), math.ceil(len(unknown) / 2))


def _hidden(now_us: int) -> Query:
    """Find what is not visible. It is looked for among what is timed: that is little, so it costs little."""
    visible = all_of([between("visible_from", None, now_us), between("visible_until", now_us + 1, None)])
    return without(term("timed", TIMED), visible)


def _ranked(wanted: Query, question: Question) -> Query:
    """Put pinned products first, and buried ones last."""
    pins = [Query.const_score_query(term("id", product_id), _PIN * (len(question.pinned) - place))
            for place, product_id in enumerate(question.pinned)]  # fmt: skip
    if question.buried:
        pins.append(Query.const_score_query(any_of("id", question.buried), -_PIN))
    return Query.boolean_query([(Occur.Must, wanted), *((Occur.Should, pin) for pin in pins)]) if pins else wanted
