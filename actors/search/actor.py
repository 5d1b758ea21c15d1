"""The search: an index beside the database, which follows what the catalog says."""

import os
from collections.abc import Sequence
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from actors.search import rules, store
from actors.search.asked import MOST_DEEP, Synonym
from actors.search.findable import microseconds
from actors.search.finder import Finder, Hits
from actors.search.indexer import Indexer
from bus.messages.catalog import ProductChanged, ProductRemoved
from bus.messages.search import (
    FACETS,
    CheckSearch,
    ExplainHit,
    FacetCount,
    FacetValue,
    FindProducts,
    Found,
    ReadSearchRules,
    ReadSynonyms,
    Reason,
    Reasons,
    Reindex,
    SearchHealth,
    SearchRule,
    SearchRules,
    SetSearchRules,
    SetSynonyms,
    Suggest,
    SuggestedProduct,
    Suggestions,
    Synonyms,
)
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.cursor import make_cursor, read_cursor
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_MOST_SUGGESTED = 8


class Search(Actor):
    """Finds products. Its index is a copy that can be lost: the catalog has the products, its table what changed."""

    def __init__(self, *, bus: Bus, database: Database, clock: Clock, home: Path, language: str) -> None:
        self._database = database
        self._clock = clock
        self._indexer = Indexer(bus=bus, database=database, clock=clock, home=home, language=language)
        self._threads: CapacityLimiter | None = None  # As many as cores: tantivy lets go of Python while it searches.
        self._synonyms: list[Synonym] = []
        self._rules: dict[str, SearchRule] = {}

    async def start(self) -> None:
        """Open the index, and read what staff arranged."""
        self._threads = CapacityLimiter(os.cpu_count() or 1)
        await self._read_arranged()
        await self._indexer.start()

    async def run(self) -> None:
        """Index what changes."""
        await self._indexer.run()

    @turn
    async def on_changed(self, tx: Transaction, events: Sequence[ProductChanged | ProductRemoved]) -> None:
        await store.note(tx, sorted({event.product_id for event in events}))
        tx.after_commit(self._indexer.wake)

    @call(limit=64, timeout_s=5)
    async def find(self, ask: FindProducts) -> Found:
        if refusal := rules.ask_refusal(ask, FACETS):
            raise BadInput(refusal)
        self._indexer.look_now_and_then()
        place = read_cursor(ask.after, tuple[int, int])
        if place and place[0] != rules.mark(ask):
            raise BadInput("this cursor is of another search")
        skip = max(0, place[1]) if place else 0
        finder, rule = self._indexer.finder, self._rules.get(rules.rule_key(ask.q))
        if finder is None:
            return Found(ids=(), next=None, total=0, facets=(), is_degraded=True)
        question = rules.question(ask, skip, FACETS, rule, self._synonyms)
        hits = await to_thread.run_sync(finder.find, question, self._now_us(), limiter=self._threads)
        end = min(hits.total, MOST_DEEP)
        is_more = bool(hits.ids) and skip + len(hits.ids) < end
        following = make_cursor(rules.mark(ask), skip + len(hits.ids)) if is_more else None
        return _found(hits, following, rule.redirect if rule else "")

    @call(limit=64, timeout_s=5)
    async def suggest(self, ask: Suggest) -> Suggestions:
        self._indexer.look_now_and_then()
        finder = self._indexer.finder
        if finder is None:
            return Suggestions(queries=(), products=(), categories=())
        return await to_thread.run_sync(_suggest, finder, ask.q, self._now_us(), limiter=self._threads)

    @call(limit=4)
    async def explain(self, ask: ExplainHit) -> Reasons:
        finder = self._indexer.finder
        if finder is None:
            return Reasons(reasons=())
        question = rules.question(FindProducts(q=ask.q), 0, (), None, self._synonyms)
        found = await to_thread.run_sync(finder.explain, question, ask.id, limiter=self._threads)
        return Reasons(reasons=tuple(Reason(word=word, way=way, score=score) for word, way, score in found))

    @call(limit=2)
    async def check(self, _: CheckSearch) -> SearchHealth:
        return await self._health()

    @call(limit=1)
    async def reindex(self, _: Reindex) -> SearchHealth:
        self._indexer.rebuild()
        return await self._health()

    @call(limit=2)
    async def read_synonyms(self, _: ReadSynonyms) -> Synonyms:
        return Synonyms(groups=await store.synonyms(self._database))

    @turn
    async def set_synonyms(self, tx: Transaction, ask: SetSynonyms) -> Synonyms:
        if refusal := rules.synonyms_refusal(ask.groups):
            raise BadInput(refusal)
        await store.set_synonyms(tx, ask.groups)
        tx.after_commit(lambda: self._arrange_synonyms(ask))
        return Synonyms(groups=ask.groups)

    @call(limit=2)
    async def read_rules(self, _: ReadSearchRules) -> SearchRules:
        return SearchRules(rules=await store.rules(self._database))

    @turn
    async def set_rules(self, tx: Transaction, ask: SetSearchRules) -> SearchRules:
        if refusal := rules.rules_refusal(ask.rules):
            raise BadInput(refusal)
        await store.set_rules(tx, ask.rules)
        tx.after_commit(lambda: self._arrange_rules(ask.rules))
        return SearchRules(rules=ask.rules)

    async def _read_arranged(self) -> None:
        self._synonyms = rules.synonyms_of(await store.synonyms(self._database))
        self._arrange_rules(await store.rules(self._database))

    def _arrange_synonyms(self, ask: SetSynonyms) -> None:
        self._synonyms = rules.synonyms_of(ask.groups)

    def _arrange_rules(self, all_rules: Sequence[SearchRule]) -> None:
        self._rules = {rules.rule_key(rule.query): rule for rule in all_rules}

    async def _health(self) -> SearchHealth:
        finder, (_, last) = self._indexer.finder, await store.state(self._database)
        seq = finder.place if finder else 0
        return SearchHealth(
            products=finder.products if finder else 0,
            seq=seq,
            behind=max(0, last - seq),
            size_bytes=self._indexer.size_bytes,
            is_there=finder is not None,
            is_building=self._indexer.is_building,
        )

    def _now_us(self) -> int:
        return microseconds(self._clock.now())


def _found(hits: Hits, following: str | None, redirect: str) -> Found:
    facets = tuple(
        FacetCount(facet=name, values=tuple(FacetValue(value=each.value, count=each.count) for each in values))
        for name, values in hits.facets.items()
    )
    return Found(
        ids=hits.ids,
        next=following,
        total=hits.total,
        facets=facets,
        prices=hits.prices,
        corrected=hits.corrected,
        is_partial=hits.is_partial,
        is_cut=hits.is_cut,
        redirect=redirect,
    )


def _suggest(finder: Finder, q: str, now_us: int) -> Suggestions:
    """Suggest products, their categories, and how the query is written."""
    hits = finder.suggest(q, _MOST_SUGGESTED, now_us)
    return Suggestions(
        queries=(hits.corrected,) if hits.corrected else (),
        products=tuple(SuggestedProduct(id=product_id, title=title) for product_id, title in hits.products),
        categories=hits.categories,
    )
