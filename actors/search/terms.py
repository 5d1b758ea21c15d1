"""Terms that are looked for: counted in memory, written down every ten seconds, kept for 90 days. Never who looked.

A query is kept as its folded words. One with an `@` in it may be somebody's address, and is not kept; nor are more than
10,000 different ones a day. What was counted within the last ten seconds is lost with the process.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from actors.search import rules
from bus.messages.search import ReadTerms, Term
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

EVERY: Final = timedelta(seconds=10)
_KEPT: Final = timedelta(days=90)
_MOST_A_DAY: Final = 10_000
_MOST_PENDING: Final = 2_000
# In order, so that two processes never deadlock.
_ADD = """
insert into search.terms (day, query, searches, empty)
select $1, query, searches, empty from unnest($2::text[], $3::bigint[], $4::bigint[]) as n (query, searches, empty)
where (select count(*) from search.terms where day = $1) < $5
    or exists (select from search.terms t where t.day = $1 and t.query = n.query)
order by query
on conflict (day, query) do update
    set searches = terms.searches + excluded.searches, empty = terms.empty + excluded.empty"""
_FORGET = "delete from search.terms where day <= $1"
_READ = """
select query, sum(searches)::bigint as searches, sum(empty)::bigint as empty
from search.terms where day > $1 group by query
order by searches desc, query limit $2"""
_READ_IN_VAIN = _READ.replace("group by query", "group by query having sum(empty) > 0").replace(
    "order by searches desc", "order by empty desc"
)


class TermCounts:
    """Counts of what was looked for since they were last written down."""

    def __init__(self) -> None:
        self._searches: Counter[str] = Counter()
        self._empty: Counter[str] = Counter()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not self._searches

    def note(self, q: str, *, is_empty: bool) -> None:
        """Count a search."""
        query = rules.rule_key(q)
        if "@" in q or not query or (query not in self._searches and len(self._searches) >= _MOST_PENDING):
            return
        self._searches[query] += 1
        self._empty[query] += is_empty

    async def record(self, tx: Transaction) -> None:
        """Write down what was counted, and forget what is old. What is counted meanwhile waits for the next time."""
        searches, empty = dict(self._searches), dict(self._empty)
        if not searches:
            return
        today, queries = tx.now.date(), sorted(searches)
        counts = [searches[query] for query in queries], [empty[query] for query in queries]
        await tx.execute(_ADD, today, queries, *counts, _MOST_A_DAY)
        await tx.execute(_FORGET, today - _KEPT)
        tx.after_commit(lambda: self._take_off(searches, empty))

    def _take_off(self, searches: Mapping[str, int], empty: Mapping[str, int]) -> None:
        self._searches -= Counter(searches)  # Leaves what is above 0.
        self._empty -= Counter(empty)


async def read(database: Database, ask: ReadTerms, today: date) -> tuple[Term, ...]:
    """Read what was looked for.

    Raises:
        BadInput: More days, or more terms, than are kept or told.
    """
    if not 1 <= ask.days <= _KEPT.days or not 1 <= ask.limit <= 1000:
        raise BadInput(f"1 to {_KEPT.days} days, and 1 to 1,000 terms")
    sql = _READ_IN_VAIN if ask.in_vain else _READ
    return tuple(Term(**dict(row)) for row in await database.fetch(sql, today - timedelta(days=ask.days), ask.limit))
