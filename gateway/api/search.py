"""The search: suggestions for buyers; its index, synonyms, rules and terms for staff. Lists: catalog/listing.py."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from bus.messages.base import ProductId
from bus.messages.search import (
    MOST_QUERY,
    CheckSearch,
    ExplainHit,
    ReadCompounds,
    ReadSearchRules,
    ReadSynonyms,
    ReadTerms,
    Reasons,
    Reindex,
    SearchHealth,
    SearchRule,
    SetCompounds,
    SetSearchRules,
    SetSynonyms,
    Suggest,
    SynonymGroup,
)
from gateway.api.bodies import Body, Strict, View
from gateway.api.lists import WholeListView
from gateway.context import GatewayContext, Http, Injected, client_address
from gateway.limiter import Caller
from gateway.problems import too_many

Typed = Annotated[str, QueryParameter(max_length=MOST_QUERY)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Ids = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=64)]], msgspec.Meta(max_length=50)]


class SuggestedProductView(View, frozen=True, kw_only=True):
    """A product for what is being typed."""

    id: str
    title: str


class SuggestionsView(View, frozen=True, kw_only=True):
    """Completions of what is being typed, 8 of each kind at most."""

    queries: Sequence[str]
    products: Sequence[SuggestedProductView]
    categories: Sequence[str]


class SearchHealthView(View, frozen=True, kw_only=True):
    """The state of the index: how many products it has, and how many changes it has not read yet."""

    products: int
    seq: int
    behind: int
    size_bytes: int
    is_there: bool
    is_building: bool


class ReasonView(View, frozen=True, kw_only=True):
    """The best way in which the product fits a word, and what it counts; `word` is empty for what is of all words."""

    word: str
    way: str
    score: float


class ReasonList(WholeListView[ReasonView], frozen=True, kw_only=True):
    """The reasons for a product's place: their scores add up, and among equals what sells comes first."""


class TermView(View, frozen=True, kw_only=True):
    """Folded words that were looked for, how often, and how often without any result."""

    query: str
    searches: int
    empty: int


class TermList(WholeListView[TermView], frozen=True, kw_only=True):
    """Terms, the most frequent first. It does not say who looked: nobody knows."""


class SynonymsView(View, frozen=True, kw_only=True):
    """Words that are found as each other. One way: the first finds the others, and not the other way round."""

    words: Sequence[str]
    is_one_way: bool


class SynonymList(WholeListView[SynonymsView], frozen=True, kw_only=True):
    """All synonyms."""


class SynonymsBody(Body, frozen=True, kw_only=True):
    """Words that are found as each other."""

    words: Annotated[list[Word], msgspec.Meta(min_length=2, max_length=20)]
    is_one_way: bool = False


class SynonymListBody(Body, frozen=True, kw_only=True):
    """All synonyms."""

    items: Annotated[list[SynonymsBody], msgspec.Meta(max_length=1000)]


class CompoundList(WholeListView[str], frozen=True, kw_only=True):
    """The words that compounds are made of, in lower case, without accents, and in order."""


class CompoundListBody(Body, frozen=True, kw_only=True):
    """The words that compounds are made of."""

    items: Annotated[list[Word], msgspec.Meta(max_length=1000)]


class SearchRuleView(View, frozen=True, kw_only=True):
    """An arrangement for a query: products that come first or last where they are found, a path to go to instead."""

    query: str
    pinned: Sequence[str]
    buried: Sequence[str]
    redirect: str


class SearchRuleList(WholeListView[SearchRuleView], frozen=True, kw_only=True):
    """All arrangements, by query."""


class SearchRuleBody(Body, frozen=True, kw_only=True):
    """An arrangement for a query. `redirect` is a path of this shop."""

    query: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_QUERY)]
    pinned: Ids = msgspec.field(default_factory=list)
    buried: Ids = msgspec.field(default_factory=list)
    redirect: Annotated[str, msgspec.Meta(max_length=200)] = ""


class SearchRuleListBody(Body, frozen=True, kw_only=True):
    """All arrangements."""

    items: Annotated[list[SearchRuleBody], msgspec.Meta(max_length=1000)]


@get("/search/suggest", summary="Complete a search")
async def suggest(request: Http, context: Injected, q: Typed = "") -> SuggestionsView:
    """Complete what is being typed: queries as they are written, products, categories."""
    if wait_s := context.guard.suggestions.take(Caller("suggest", client_address(request))):
        raise too_many(wait_s, "This address asks for more suggestions than one may.")
    found = await context.bus.ask(Suggest(q=q))
    products = [SuggestedProductView(id=each.id, title=each.title) for each in found.products]
    return SuggestionsView(queries=found.queries, products=products, categories=found.categories)


@get("/search/health", summary="Read the search's state")
async def health(context: Injected) -> SearchHealthView:
    """Read the state of the index."""
    return _health(await context.bus.ask(CheckSearch()))


@post("/search/reindex", status_code=202, summary="Rebuild the search's index")
async def reindex(context: Injected) -> SearchHealthView:
    """Begin to build the index anew. The one that is there answers until then."""
    return _health(await context.bus.ask(Reindex()))


@get("/search/explain", summary="Explain a hit")
async def explain(context: Injected, product: FromQuery[str], q: Typed = "") -> ReasonList:
    """Explain the place of a product among what a query finds."""
    return ReasonList(items=_reasons(await context.bus.ask(ExplainHit(q=q, id=product))))


@get("/search/terms", summary="Read what was looked for")
async def read_terms(
    context: Injected,
    days: Annotated[int, QueryParameter(ge=1, le=90)] = 30,
    in_vain: FromQuery[bool] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> TermList:
    """List what was looked for in the last days; with `in_vain` only what had no result, and this the most often first.

    What was looked for in the last ten seconds is not counted yet.
    """
    found = await context.bus.ask(ReadTerms(days=days, in_vain=in_vain, limit=limit))
    return TermList(
        items=[TermView(query=each.query, searches=each.searches, empty=each.empty) for each in found.terms]
    )


@get("/search/synonyms", summary="List synonyms")
async def list_synonyms(context: Injected) -> SynonymList:
    """List all synonyms."""
    return _synonyms((await context.bus.ask(ReadSynonyms())).groups)


@put("/search/synonyms", dto=Strict[SynonymListBody], return_dto=None, summary="Set all synonyms")
async def set_synonyms(context: Injected, data: JSONBody[SynonymListBody]) -> SynonymList:
    """Set all synonyms. They hold from the next search on."""
    groups = tuple(SynonymGroup(words=tuple(each.words), is_one_way=each.is_one_way) for each in data.items)
    return _synonyms((await context.bus.ask(SetSynonyms(groups=groups))).groups)


@get("/search/compounds", summary="List words of compounds")
async def list_compounds(context: Injected) -> CompoundList:
    """List the words that compounds are made of."""
    return CompoundList(items=(await context.bus.ask(ReadCompounds())).words)


@put("/search/compounds", dto=Strict[CompoundListBody], return_dto=None, summary="Set all words of compounds")
async def set_compounds(context: Injected, data: JSONBody[CompoundListBody]) -> CompoundList:
    """Set the words that compounds are made of: with `wasser` and `kocher`, either finds a Wasserkocher.

    The index is built anew by them; the one that is there answers until then.
    """
    return CompoundList(items=(await context.bus.ask(SetCompounds(words=tuple(data.items)))).words)


@get("/search/rules", summary="List search rules")
async def list_rules(context: Injected) -> SearchRuleList:
    """List all arrangements."""
    return _rules((await context.bus.ask(ReadSearchRules())).rules)


@put("/search/rules", dto=Strict[SearchRuleListBody], return_dto=None, summary="Set all search rules")
async def set_rules(context: Injected, data: JSONBody[SearchRuleListBody]) -> SearchRuleList:
    """Set all arrangements. They hold from the next search on."""
    rules = tuple(
        SearchRule(query=each.query, pinned=tuple(each.pinned), buried=tuple(each.buried), redirect=each.redirect)
        for each in data.items
    )
    return _rules((await context.bus.ask(SetSearchRules(rules=rules))).rules)


async def reasons_of(context: GatewayContext, q: str, ids: Sequence[ProductId]) -> dict[str, list[ReasonView]]:
    """Explain why products are where they are among what a query finds."""
    return {each: _reasons(await context.bus.ask(ExplainHit(q=q, id=each))) for each in ids}


def _reasons(found: Reasons) -> list[ReasonView]:
    return [ReasonView(word=each.word, way=each.way, score=each.score) for each in found.reasons]


def _health(found: SearchHealth) -> SearchHealthView:
    return SearchHealthView(
        products=found.products,
        seq=found.seq,
        behind=found.behind,
        size_bytes=found.size_bytes,
        is_there=found.is_there,
        is_building=found.is_building,
    )


def _synonyms(groups: Sequence[SynonymGroup]) -> SynonymList:
    return SynonymList(items=[SynonymsView(words=each.words, is_one_way=each.is_one_way) for each in groups])


def _rules(rules: Sequence[SearchRule]) -> SearchRuleList:
    return SearchRuleList(
        items=[
            SearchRuleView(query=each.query, pinned=each.pinned, buried=each.buried, redirect=each.redirect)
            for each in rules
        ]
    )


PUBLIC = [suggest]
STAFF = [
    health,
    reindex,
    explain,
    read_terms,
    list_synonyms,
    set_synonyms,
    list_compounds,
    set_compounds,
    list_rules,
    set_rules,
]
