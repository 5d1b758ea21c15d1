"""Related products: those that are most like one, by its category, the words of its title, and what it is filtered by.

Each thing in common counts a constant, as in the ranking. A colour or a brand alone relates nothing: at least the
category or a word of the title is the same. Of products that are equally like it, those come first that sell more.

Rejected: tantivy's more-like-this, docs/decisions/0039.
"""

from typing import Final

from tantivy import Occur, Query

from actors.search.findable import Findable
from actors.search.queries import any_of, between, term, union
from actors.search.stemming import stem
from actors.search.text import words

_CATEGORY: Final = 4.0  # It is in one of its categories.
_WORD: Final = 3.0  # For each word of the title, in whatever form.
_SHARED: Final = 1.0  # For each value of a facet.
_IN_STOCK: Final = 2.5  # Below a word: something else that is there beats the same that is not, by a colour or two.
_SHORTEST: Final = 3  # Letters of a word that says what a product is.
_MOST_WORDS: Final = 8
_MOST_VALUES: Final = 30


def like(entry: Findable, language: str) -> Query:
    """Make the query that finds what is like a product, itself among it."""
    titles = dict.fromkeys(stem(word, language) for word in words(entry.title) if len(word) >= _SHORTEST)
    core = [Query.const_score_query(term("stems", word), _WORD) for word in [*titles][:_MOST_WORDS]]
    if places := _places(entry):
        core.append(Query.const_score_query(union(places), _CATEGORY))
    shared = [
        Query.const_score_query(term(f"facets.{name}", value), _SHARED)
        for name, values in entry.facets.items()
        if name != "category"
        for value in values
    ][:_MOST_VALUES]
    more = [*shared, Query.const_score_query(between("in_stock", 1, 1), _IN_STOCK)]
    return Query.boolean_query([(Occur.Must, union(core)), *((Occur.Should, query) for query in more)])


def _places(entry: Findable) -> list[Query]:
    categories = [any_of("within", entry.within)] if entry.within else []
    return categories + [term("facets.category", title) for title in entry.facets.get("category", ())]
