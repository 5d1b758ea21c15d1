"""The search: an index beside the database, which follows what the catalog says."""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from anyio import CapacityLimiter, create_task_group, to_thread

from actors.search import arranged, auditing, rules, sales, store, terms
from actors.search.arranged import Arranged
from actors.search.asked import MOST_DEEP, Question
from actors.search.findable import microseconds
from actors.search.finder import Finder
from actors.search.hits import Hits
from actors.search.indexer import Indexer
from actors.search.making import Surroundings, findable
from actors.search.private import CountSales, RecordSales, RecordTerms
from actors.search.terms import TermCounts
from bus.messages.audit import Findings
from bus.messages.catalog import AttributeChanged, ProductChanged, ProductRemoved, ReadProducts
from bus.messages.inventory import AvailabilityTurned
from bus.messages.search import (
    MOST_RELATED,
    AuditSearch,
    CheckSearch,
    Compounds,
    ExplainHit,
    FindProducts,
    Found,
    ReadCompounds,
    ReadSearchRules,
    ReadSynonyms,
    ReadTerms,
    Reason,
    Reasons,
    Reindex,
    Related,
    RelatedTo,
    SearchHealth,
    SearchRules,
    SetCompounds,
    SetSearchRules,
    SetSynonyms,
    Suggest,
    SuggestedProduct,
    Suggestions,
    Synonyms,
    Terms,
)
from engine.actor import Actor, Bus, call, turn
from engine.alarm import Alarm
from engine.clock import FOREVER, Clock
from engine.cursor import make_cursor, read_cursor
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_MOST_SUGGESTED = 8
_SETTLED = timedelta(minutes=5)  # After a start, which has other work.
_AGAIN = timedelta(hours=1)


class Search(Actor):
    """Finds products. Its index is a copy that can be lost: the catalog has the products, its table what changed."""

    def __init__(self, *, bus: Bus, database: Database, clock: Clock, home: Path, language: str) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._arranged = Arranged(database)
        self._indexer = Indexer(
            bus=bus, database=database, clock=clock, home=home, language=language, arranged=self._arranged
        )
        self._threads: CapacityLimiter | None = None  # As many as cores: tantivy lets go of Python while it searches.
        self._counted: tuple[object, Hits] | None = None
        self._terms = TermCounts()
        self._terms_alarm = Alarm(clock, lambda: bus.tell(RecordTerms()), again=terms.EVERY)
        self._sales_alarm = Alarm(clock, lambda: bus.tell(CountSales()), again=_AGAIN)

    async def start(self) -> None:
        """Open the index, and read what staff arranged."""
        self._threads = CapacityLimiter(os.cpu_count() or 1)
        await self._arranged.refresh((await store.state(self._database)).arranged)
        await self._indexer.start()
        now = self._clock.now()
        self._sales_alarm.set(max(now + _SETTLED, await sales.next_count(self._database, now)))

    async def run(self) -> None:
        """Index what changes; count what sells, and what is looked for."""
        async with create_task_group() as tasks:
            tasks.start_soon(self._terms_alarm.run)
            tasks.start_soon(self._sales_alarm.run)
            await self._indexer.run()

    @turn
    async def on_changed(self, tx: Transaction, events: Sequence[ProductChanged | ProductRemoved]) -> None:
        await store.note(tx, sorted({event.product_id for event in events}))
        tx.after_commit(self._indexer.wake)

    @turn
    async def on_turned(self, tx: Transaction, events: Sequence[AvailabilityTurned]) -> None:
        await store.note_skus(tx, sorted({sku for event in events for sku in event.skus}))
        tx.after_commit(self._indexer.wake_rested)

    @turn
    async def on_attribute(self, tx: Transaction, event: AttributeChanged) -> None:
        await arranged.store_attribute(tx, event.key, event.attribute, changes_layout=event.changes_search)
        tx.after_commit(self._indexer.wake)

    @call(limit=64, timeout_s=5)
    async def find(self, ask: FindProducts) -> Found:
        if refusal := rules.ask_refusal(ask):
            raise BadInput(refusal)
        self._indexer.look_now_and_then()
        place = read_cursor(ask.after, tuple[int, int])
        if place and place[0] != rules.mark(ask):
            raise BadInput("this cursor is of another search")
        skip = max(0, place[1]) if place else 0
        finder, rule = self._indexer.finder, self._arranged.rules.get(rules.rule_key(ask.q))
        if finder is None:
            return Found(ids=(), next=None, total=0, facets=(), is_degraded=True)
        attributes = self._arranged.attributes
        if refusal := rules.range_refusal(ask, attributes):
            raise BadInput(refusal)
        if strange := rules.strange_facets(ask, attributes):
            of_products = await to_thread.run_sync(lambda: finder.facets, limiter=self._threads)
            if unknown := rules.unknown_facet(strange, attributes, of_products):
                return unknown
        question = rules.question(ask, skip, attributes, rule, self._arranged.synonyms, self._arranged.compounds)
        hits = await self._hits(finder, question)
        end = min(hits.total, MOST_DEEP)
        is_more = bool(hits.ids) and skip + len(hits.ids) < end
        following = make_cursor(rules.mark(ask), skip + len(hits.ids)) if is_more else None
        if not place and ask.limit and not rules.is_filtered(question):
            self._terms.note(ask.q, is_empty=not hits.total)
            self._terms_alarm.no_later_than(self._clock.now() + terms.EVERY)
        return rules.found(hits, following, rule.redirect if rule else "", attributes)

    async def _hits(self, finder: Finder, question: Question) -> Hits:
        """Answer a question. What all products are together, which each plain list asks for, is counted once a second.

        With a million products it takes a quarter of one.
        """
        now_us = self._now_us()
        if not rules.is_of_all(question):
            return await to_thread.run_sync(finder.find, question, now_us, limiter=self._threads)
        moment = finder, now_us // 1_000_000, question.before_others, question.numeric
        if self._counted is None or self._counted[0] != moment:
            self._counted = moment, await to_thread.run_sync(finder.find, question, now_us, limiter=self._threads)
        return self._counted[1]

    @call(limit=64, timeout_s=5)
    async def suggest(self, ask: Suggest) -> Suggestions:
        self._indexer.look_now_and_then()
        finder = self._indexer.finder
        if finder is None:
            return Suggestions(queries=(), products=(), categories=())
        return await to_thread.run_sync(_suggest, finder, ask.q, self._now_us(), limiter=self._threads)

    @call(limit=64, timeout_s=5)
    async def related(self, ask: RelatedTo) -> Related:
        if not 1 <= ask.limit <= MOST_RELATED:
            raise BadInput(f"1 to {MOST_RELATED} products")
        self._indexer.look_now_and_then()
        finder, found = self._indexer.finder, (await self._bus.ask(ReadProducts(ids=(ask.id,)))).products
        if finder is None or not found:
            return Related(ids=())
        around = Surroundings(attributes={each.key: each for each in self._arranged.attributes})
        entry, now_us = findable(found[0], around), self._now_us()
        return Related(ids=await to_thread.run_sync(finder.related, entry, ask.limit, now_us, limiter=self._threads))

    @call(limit=4)
    async def explain(self, ask: ExplainHit) -> Reasons:
        finder = self._indexer.finder
        if finder is None:
            return Reasons(reasons=())
        question = rules.question(FindProducts(q=ask.q), 0, (), None, self._arranged.synonyms, self._arranged.compounds)
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
        return Synonyms(groups=await arranged.synonyms(self._database))

    @turn
    async def set_synonyms(self, tx: Transaction, ask: SetSynonyms) -> Synonyms:
        if refusal := rules.synonyms_refusal(ask.groups):
            raise BadInput(refusal)
        await arranged.store_synonyms(tx, ask.groups)
        tx.after_commit(lambda: self._arranged.set_synonyms(ask.groups))
        return Synonyms(groups=ask.groups)

    @call(limit=2)
    async def read_compounds(self, _: ReadCompounds) -> Compounds:
        return Compounds(words=await arranged.compounds(self._database))

    @turn
    async def set_compounds(self, tx: Transaction, ask: SetCompounds) -> Compounds:
        if refusal := rules.compounds_refusal(ask.words):
            raise BadInput(refusal)
        words = rules.compounds_of(ask.words)
        await arranged.store_compounds(tx, words)
        tx.after_commit(self._indexer.wake)
        return Compounds(words=words)

    @call(limit=2)
    async def read_rules(self, _: ReadSearchRules) -> SearchRules:
        return SearchRules(rules=await arranged.search_rules(self._database))

    @turn
    async def set_rules(self, tx: Transaction, ask: SetSearchRules) -> SearchRules:
        if refusal := rules.rules_refusal(ask.rules):
            raise BadInput(refusal)
        await arranged.store_rules(tx, ask.rules)
        tx.after_commit(lambda: self._arranged.set_rules(ask.rules))
        return SearchRules(rules=ask.rules)

    @turn
    async def record_terms(self, tx: Transaction, timers: Sequence[RecordTerms]) -> None:
        del timers  # One record serves all of them.
        await self._terms.record(tx)
        again = tx.now + terms.EVERY
        tx.after_commit(lambda: self._terms_alarm.set(FOREVER if self._terms.is_empty else again))

    @call(limit=1, timeout_s=300)
    async def audit(self, ask: AuditSearch) -> Findings:
        del ask
        return await auditing.audit(self._bus, self._database, self._indexer)

    @call(limit=2)
    async def read_terms(self, ask: ReadTerms) -> Terms:
        return Terms(terms=await terms.read(self._database, ask, self._clock.now().date()))

    @call(limit=1, timeout_s=60)
    async def count_sales(self, _: CountSales) -> RecordSales | None:
        return await sales.count(self._bus, self._database, self._clock.now())

    @turn
    async def record_sales(self, tx: Transaction, ask: RecordSales) -> None:
        await sales.record(tx, ask)
        tx.after_commit(lambda: self._sales_alarm.set(sales.after(ask.last)))
        tx.after_commit(self._indexer.wake_rested)

    async def _health(self) -> SearchHealth:
        finder, state = self._indexer.finder, await store.state(self._database)
        seq = finder.place if finder else 0
        return SearchHealth(
            products=finder.products if finder else 0,
            seq=seq,
            behind=max(0, state.seq - seq),
            size_bytes=self._indexer.size_bytes,
            is_there=finder is not None,
            is_building=self._indexer.is_building,
        )

    def _now_us(self) -> int:
        return microseconds(self._clock.now())


def _suggest(finder: Finder, q: str, now_us: int) -> Suggestions:
    """Suggest products, their categories, and how the query is written."""
    hits = finder.suggest(q, _MOST_SUGGESTED, now_us)
    return Suggestions(
        queries=(hits.corrected,) if hits.corrected else (),
        products=tuple(SuggestedProduct(id=product_id, title=title) for product_id, title in hits.products),
        categories=hits.categories,
    )
