"""The ranking: how well a product fits each word, as a constant score, never by statistics of the texts.

A word counts the best of its ways to fit (`WAYS`), and the words are added up. So it can be said why a product stands
where it stands, and one product's text never moves another. Sales decide among products that fit equally well
(`weight`, actors/search/findable.py).

Rejected: BM25. It ranks a mug by how rare "mug" is, and how long its title.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tantivy import Occur, Query

from actors.search.asked import Asked, Synonym
from actors.search.fields import schema
from actors.search.queries import any_of, near, term, union
from actors.search.stemming import stem
from actors.search.text import LONGEST_WORD, compound_parts, may_be_misspelt

# The ways in which a word fits, best first, with what each counts.
WAYS: Final = {
    "title": 8.0,  # It stands in the title.
    "stem": 7.0,  # Another form of it stands in the title.
    "key": 6.5,  # Brand, category, choice or SKU. Below a title's plural: "mugs" wants mugs, not all of Mugs & Cups.
    "synonym": 6.25,  # What it stands for does.
    "begun": 6.0,  # The title has a word that begins so.
    "joined": 5.5,  # With its neighbour it makes a word of the title, or words of the title make it.
    "begun key": 5.0,
    "typo": 3.0,
    "begun typo": 2.0,  # The last word, begun and misspelt.
    "typos": 1.2,  # Two of them.
    "body": 1.0,  # The description has it.
}
WHOLE: Final = 100.0  # The query is a whole title, or a whole SKU.
IN_ORDER: Final = 2.0  # All words side by side in the title.
_BEGINS_FROM: Final = 3  # Letters of a word that is not the last; the last one is being typed.


class Way(NamedTuple):
    """A way in which a word may fit, and the query for it."""

    name: str
    query: Query

    @property
    def scored(self) -> Query:
        """The query with its constant score."""
        return Query.const_score_query(self.query, WAYS[self.name])


class Ranking:
    """Makes queries of words.

    Args:
        language: By ISO 639-1.
        synonyms: Folded.
        compounds: Folded words that compounds are made of.
    """

    def __init__(
        self, language: str, synonyms: Sequence[Synonym] = (), compounds: frozenset[str] = frozenset()
    ) -> None:
        self._language = language
        self._synonyms = synonyms
        self._compounds = compounds

    def match(self, asked: Asked, misspelt: Sequence[bool], *, least: int | None = None) -> Query:
        """Make the query that finds what fits, with its score.

        Args:
            asked: The words; at least one.
            misspelt: For each word whether it may be misspelt.
            least: How many words must fit; None: all.
        """
        each = [Query.disjunction_max_query([way.scored for way in self.ways(asked, place, may)])
                for place, may in enumerate(misspelt)]  # fmt: skip
        if least is None:
            all_fit = Query.boolean_query([(Occur.Must, word) for word in each])
        else:
            all_fit = Query.boolean_query([(Occur.Should, word) for word in each], minimum_number_should_match=least)
        return union([all_fit, *self.more(asked)])

    def more(self, asked: Asked) -> Iterator[Query]:
        """Make the queries of what counts besides the words."""
        yield Query.const_score_query(any_of("whole", asked.wholes), WHOLE)
        if len(asked.words) > 1:
            in_order = Query.phrase_query(schema(), "title", list(asked.words))
            yield Query.const_score_query(in_order, IN_ORDER)

    def ways(self, asked: Asked, place: int, may_have_typos: bool) -> list[Way]:
        """List the ways in which one word may fit."""
        words = asked.words
        word, is_last = words[place], place == len(words) - 1
        stemmed = stem(word, self._language)
        ways = [
            Way("title", term("title", word)),
            Way("key", term("keys", word)),
            Way("stem", term("stems", stemmed)),
            Way("body", term("body", stemmed)),
            *(Way("joined", term("title", both)) for both in _joins(words, place)),
            Way("joined", term("joined", word)),
            *(Way("joined", query) for query in self._apart(word)),
            *(Way("synonym", query) for query in self._instead(words, place)),
        ]
        if is_last or len(word) >= _BEGINS_FROM:
            ways += [Way("begun", near("title", word, 0, begun=True)),
                     Way("begun key", near("keys", word, 0, begun=True))]  # fmt: skip
        if may_have_typos:
            ways += self._typos(word, stemmed, is_last=is_last)
        return ways

    def knows(self, word: str) -> Query:
        """Make the query that tells whether anything has this word, or one that begins so."""
        stemmed = stem(word, self._language)
        fields = [("title", word), ("keys", word), ("stems", stemmed), ("joined", word), ("body", stemmed)]
        begun = [near("title", word, 0, begun=True), near("keys", word, 0, begun=True)]
        return union([*(term(*field) for field in fields), *begun])

    def _typos(self, word: str, stemmed: str, *, is_last: bool) -> Iterator[Way]:
        most = may_be_misspelt(word)
        for form in {word, stemmed} if most else ():
            yield Way("typo", near("near", form, 1))
        if most and is_last:
            yield Way("begun typo", near("near", word, 1, begun=True))
        if most > 1:
            yield Way("typos", near("near", word, 2))

    def _apart(self, word: str) -> Iterator[Query]:
        """Make the query for what has each part of a compound."""
        if parts := compound_parts(word, self._compounds):
            yield Query.boolean_query([(Occur.Must, self._named(part)) for part in parts])

    def _instead(self, words: tuple[str, ...], place: int) -> Iterator[Query]:
        for synonym in self._synonyms:
            size = len(synonym.of)
            for start in range(max(0, place - size + 1), place + 1):
                if words[start : start + size] == synonym.of:
                    yield Query.boolean_query([(Occur.Must, self._named(word)) for word in synonym.instead])

    def _named(self, word: str) -> Query:
        fields = [("title", word), ("keys", word), ("stems", stem(word, self._language))]
        return Query.disjunction_max_query([term(*field) for field in fields])


def _joins(words: tuple[str, ...], place: int) -> Iterator[str]:
    if place:
        yield (words[place - 1] + words[place])[:LONGEST_WORD]
    if place + 1 < len(words):
        yield (words[place] + words[place + 1])[:LONGEST_WORD]
