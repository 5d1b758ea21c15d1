"""The search: products by words, facets and prices, and what staff arrange of it."""

from typing import Final, Literal, TypeAlias

from bus.messages.audit import Findings
from bus.messages.base import CategoryId, ProductId, Value
from engine.message import Command, Query, Reply

FoundSort: TypeAlias = Literal["relevance", "title", "price", "-price", "newest"]
FACETS: Final = ("category", "brand")  # What all products can be filtered by, besides their price.
MOST_FILTERS: Final = 10
MOST_VALUES: Final = 50  # Of a filter.
MOST_RELATED: Final = 24
MOST_QUERY: Final = 200  # Letters.


class Chosen(Value, frozen=True, kw_only=True):
    """A filter: the products that have one of these values of a facet."""

    facet: str
    values: tuple[str, ...]  # At most MOST_VALUES. Of numeric attributes also ranges: 2..5, ..5, 2.. with their ends.


class FacetValue(Value, frozen=True, kw_only=True):
    """A value of a facet, and how many products have it, whatever is chosen of this facet."""

    value: str
    count: int
    title: str = ""  # For people; "" if it is the value.


class FacetCount(Value, frozen=True, kw_only=True):
    """A facet's values, those that most products have first, 50 at most."""

    facet: str
    values: tuple[FacetValue, ...]
    title: str = ""  # "" for those of FACETS.
    lowest: float | None = None  # Of numeric attributes: of all that would be found whatever is chosen of this facet.
    highest: float | None = None


class Found(Reply):
    """A page of what was found."""

    ids: tuple[ProductId, ...]
    next: str | None
    total: int
    facets: tuple[FacetCount, ...]
    prices: tuple[int, int] | None = None  # The lowest and the highest in minor units, whatever price is chosen.
    corrected: str | None = None  # The query as it was understood, if it was misspelt.
    is_partial: bool = False  # Nothing has all its words; these have at least half of them.
    is_cut: bool = False  # It had more words than are looked for.
    redirect: str = ""  # Where staff send buyers who ask for this.
    is_degraded: bool = False  # There is no index at this moment; nothing was looked for.
    unknown_facet: str = ""  # No product can be filtered by this; nothing was looked for.
    known_facets: tuple[str, ...] = ()  # Then: those that there are, 50 at most.


class FindProducts(Query[Found]):
    """Find products by words and filters: `category`, `brand`, filterable attributes by key, and options by name."""

    limit: int = 20  # 1 to 100; 0 only counts.
    q: str = ""
    filters: tuple[Chosen, ...] = ()
    price_from: int | None = None  # Minor units; both ends are included.
    price_to: int | None = None
    sort: FoundSort = "relevance"
    after: str = ""  # `next` of the previous page.
    in_stock: bool = False  # Only what is.
    within: tuple[CategoryId, ...] = ()  # Only products that are in one of these themselves.
    without: tuple[ProductId, ...] = ()  # None of these.


class SuggestedProduct(Value, frozen=True, kw_only=True):
    """A product for what is being typed."""

    id: ProductId
    title: str


class Suggestions(Reply):
    """Queries, products and categories that may be meant by what is being typed."""

    queries: tuple[str, ...]
    products: tuple[SuggestedProduct, ...]
    categories: tuple[str, ...]


class Suggest(Query[Suggestions]):
    """Complete what is being typed."""

    q: str


class Related(Reply):
    """Products that are like one, the most alike first."""

    ids: tuple[ProductId, ...]


class RelatedTo(Query[Related]):
    """Find what is like a product: of its category, with its words and attributes; none if the product is not known."""

    id: ProductId
    limit: int = 8  # 1 to 24.


class Reason(Value, frozen=True, kw_only=True):
    """The best way in which a product fits a word of the query, or "" for all of it, and what it counts."""

    word: str
    way: str
    score: float


class Reasons(Reply):
    """Why a product stands where it stands: the sum of these, and what it sells among equals."""

    reasons: tuple[Reason, ...]


class ExplainHit(Query[Reasons]):
    """Explain the place of a product among what a query finds."""

    q: str
    id: ProductId


class SearchHealth(Reply):
    """The state of the index of the process that answers."""

    products: int
    seq: int  # The last change that it holds.
    behind: int  # Changes that it does not hold yet.
    size_bytes: int
    is_there: bool  # Without one, answers are lists of the catalog.
    is_building: bool = False  # It was asked to be built anew, and is not yet.


class CheckSearch(Query[SearchHealth]):
    """Read the state of the index."""


class Reindex(Command[SearchHealth]):
    """Begin to build the index anew, beside the one that answers until then."""


class SynonymGroup(Value, frozen=True, kw_only=True):
    """Words, or groups of words, that find what the others are written in: 2 to 20, of at most 50 letters each."""

    words: tuple[str, ...]
    is_one_way: bool = False  # The first one finds the others, and not the other way round.


class Synonyms(Reply):
    """All synonyms."""

    groups: tuple[SynonymGroup, ...]


class ReadSynonyms(Query[Synonyms]):
    """Read all synonyms."""


class SetSynonyms(Command[Synonyms]):
    """Set all synonyms, 1,000 groups at most."""

    groups: tuple[SynonymGroup, ...]


class Compounds(Reply):
    """The words that compounds are made of, folded and in order."""

    words: tuple[str, ...]


class ReadCompounds(Query[Compounds]):
    """Read the words that compounds are made of."""


class SetCompounds(Command[Compounds]):
    """Set the words that compounds are made of: 1,000 at most, of 2 to 50 letters each. The index is built anew."""

    words: tuple[str, ...]


class SearchRule(Value, frozen=True, kw_only=True):
    """An arrangement of staff for a query, whatever its case, accents and punctuation."""

    query: str
    pinned: tuple[ProductId, ...] = ()  # First, in this order, where they are found at all. At most 50.
    buried: tuple[ProductId, ...] = ()  # Last. At most 50.
    redirect: str = ""  # A path of this shop.


class SearchRules(Reply):
    """All rules, in order of their queries."""

    rules: tuple[SearchRule, ...]


class ReadSearchRules(Query[SearchRules]):
    """Read all rules."""


class SetSearchRules(Command[SearchRules]):
    """Set all rules, 1,000 at most."""

    rules: tuple[SearchRule, ...]


class Term(Value, frozen=True, kw_only=True):
    """Folded words that were looked for, and how often: in all, and without any result."""

    query: str
    searches: int
    empty: int


class Terms(Reply):
    """Terms that were looked for most, or in vain most often."""

    terms: tuple[Term, ...]


class ReadTerms(Query[Terms]):
    """Read what was looked for in the last days. Nobody who looked is kept."""

    days: int = 30  # 1 to 90, the present one among them.
    in_vain: bool = False  # Only what had no result at least once, the most frequent of these first.
    limit: int = 100  # 1 to 1,000.


class AuditSearch(Query[Findings]):
    """Compare the index of the process that answers with the products that are on sale."""
