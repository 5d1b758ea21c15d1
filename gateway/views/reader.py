"""The reader of views: from this process, from Redis, from the database, each only for what the one before lacks.

A view that was read elsewhere may be older by the time it is here. It is shown if it is not below its floor as that is
then; otherwise it is read again, and the catalog's answer is never older than a floor that was known when it was asked.
(If it is, the database was restored: the floor falls.)
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

import anyio

from bus.messages.base import ProductId
from bus.messages.views import MOST_CHANGES, ProductView, ReadViewChanges, ReadViews, ViewChanges, ViewRevision
from engine.actor import Bus
from engine.clock import LONG_AGO, Clock
from engine.errors import Unavailable
from gateway.views.cache import ViewCache
from gateway.views.floors import Floors
from gateway.views.maker import Maker
from gateway.views.metrics import AGE, BYTES, EMPTIED, READS
from gateway.views.rendered import Rendered
from gateway.views.shared import SharedViews

MOST_BYTES: Final = 262_144  # Of one view in Redis. The catalog keeps no larger document, either.
_MOST_SHARE: Final = 16  # One view may be a sixteenth of what this process keeps: 2,048 SKUs are some 600 KB.
BOUND: Final = timedelta(seconds=10)  # What is shown was current not longer ago.
_SOON: Final = timedelta(seconds=5)  # Then it is asked beside what goes on, so that nobody waits for it.
_TRIES: Final = 8  # To read a view that is changed all the time.
_MOST_NAMES: Final = 10_000
_PAGES: Final = 10  # Of changes that were missed. If there are more, everything is read again.
_ALL: Final = "all"  # The one key of the maker that asks what has changed.

_HERE, _IN_REDIS, _IN_DATABASE = (READS.labels(where) for where in ("process", "redis", "database"))

Render = Callable[[ProductView], Rendered]


class ViewReader:
    """Reads views that buyers may see now.

    Args:
        bus: The way to the catalog.
        shared: The views in Redis.
        floors: Those of this process.
        render: Renders a view.
        clock: The time.
        most_bytes: Of all views that this process keeps, and of those that it writes to Redis in an hour.
    """

    def __init__(
        self, *, bus: Bus, shared: SharedViews, floors: Floors, render: Render, clock: Clock, most_bytes: int
    ) -> None:
        self._bus = bus
        self._shared = shared
        self._floors = floors
        self._render = render
        self._clock = clock
        self._most_bytes = most_bytes
        self._cache = ViewCache(floors, most_bytes, max(MOST_BYTES, most_bytes // _MOST_SHARE))
        self._maker = Maker(self._make, clock, "the views")
        self._checker = Maker(self._check, clock, "the views")
        self._names: dict[str, ProductId] = {}  # Of products that were asked for by slug since the last check.
        self._from_redis: dict[ProductId, int] = {}  # What came from there and was not compared with the database.
        self._last: int | None = None  # The revision up to which all changes are known.
        self._checked_at = LONG_AGO

    async def find(self, name: str) -> Rendered | None:
        """Read the view of a product by its id or slug; None if there is none that buyers see.

        Raises:
            Unavailable: It can't be read, or nobody says whether what is here is current.
        """
        return (await self.read([name])).get(name)

    async def read(self, names: Collection[str]) -> dict[str, Rendered]:
        """Read views by id or slug; those that buyers don't see are missing. Raises as `find` does."""
        await self._be_current()
        found, left = dict[str, Rendered](), list(names)
        for tried in range(_TRIES):
            here = {name: view for name in left if (view := self._here(name)) is not None}
            found |= here
            _HERE.inc(len(here))
            if left := [name for name in left if name not in here]:
                made = await self._maker.get(left)
                found |= {name: each.view for name, each in made.items() if each.view and self._may_show(each)}
                # What is asked a second time was read after this began.
                left = [name for name, each in made.items() if name not in found and not self._is_gone(each, tried > 0)]
            if not left:
                now = self._clock.now()
                return {name: view for name, view in found.items() if view.is_visible(now)}
        raise Unavailable("the views", "they change all the time", retry_after_s=1.0)

    def ready(self, name: str) -> Rendered | None:
        """Return a view that is in this process and may be shown now; None if `find` must be asked."""
        age = self._age()
        view = self._here(name) if age < BOUND else None
        if view is None or not view.is_visible(self._clock.now()):
            return None
        if age >= _SOON:
            self._checker.want(_ALL)
        _HERE.inc()
        return view

    def changed(self, revisions: Sequence[ViewRevision], changed_at: datetime | None) -> None:
        """Show nothing older, for somebody has told so."""
        self._floors.raise_to(revisions)
        self._read_on(revisions)
        if revisions and changed_at is not None:
            AGE.observe(max(0.0, (self._clock.now() - changed_at).total_seconds()))

    def stale(self) -> None:
        """Show nothing that was read so far, and ask what has changed: news may have been missed."""
        self._floors.forget_all()
        self._checked_at = LONG_AGO
        EMPTIED.inc()

    async def run(self) -> None:
        """Read what is wanted. Ends by being cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._maker.run)
            tasks.start_soon(self._checker.run)

    # --- In this process ---

    def _read_on(self, revisions: Sequence[ViewRevision]) -> None:
        """Note up to which revision all changes are known, if these follow without a gap."""
        numbers = {each.revision for each in revisions}
        if self._last is not None and self._last + 1 in numbers and max(numbers) - min(numbers) + 1 == len(numbers):
            self._last = max(numbers)

    def _here(self, name: str) -> Rendered | None:
        # A name that has a floor is a product's id, and an id goes before a slug.
        product_id = name if self._floors.of(name) else self._names.get(name, name)
        view = self._cache.get(product_id)
        return view if view is not None and view.is_called(name) else None

    def _may_show(self, made: "_Made") -> bool:
        """Whether a view that was read elsewhere may be shown in this moment."""
        view, floors = made.view, self._floors
        if view is None or made.epoch != floors.epoch:
            return False
        if view.revision < floors.of(view.id) and floors.was_known(view.id, made.mark):
            floors.lower(view.id)
        return view.revision >= floors.of(view.id)

    def _is_gone(self, made: "_Made", is_recent: bool) -> bool:
        """Whether there is no such product, and none has come since, as far as anybody has told."""
        return made.view is None and made.epoch == self._floors.epoch and (is_recent or made.mark == self._floors.mark)

    # --- Made for all who wait ---

    async def _make(self, names: Sequence[str]) -> Mapping[str, "_Made"]:
        epoch, mark = self._floors.epoch, self._floors.mark
        ids = {name: name if self._floors.of(name) else self._names.get(name, name) for name in names}
        views = _by_name(names, (await self._read_from_redis(set(ids.values()))).values())
        if missing := [name for name in names if name not in views]:
            read = (await self._bus.ask(ReadViews(names=tuple(missing)))).views
            _IN_DATABASE.inc(len(read))
            views |= _by_name(missing, read)
            await self._shared.write(read, MOST_BYTES, self._most_bytes)
        rendered = {view.product.id: self._render(view) for view in views.values()}
        for each in rendered.values():
            self._cache.put(each, epoch)
        BYTES.set(self._cache.size)
        self._name(views)
        return {name: _Made(rendered[views[name].product.id] if name in views else None, epoch, mark) for name in names}

    async def _read_from_redis(self, ids: Collection[ProductId]) -> dict[ProductId, ProductView]:
        if len(self._from_redis) >= _MOST_NAMES:  # So many can't be compared in time.
            return {}
        found = await self._shared.read(list(ids))
        found = {each: view for each, view in found.items() if view.revision >= self._floors.of(each)}
        self._from_redis.update((each, view.revision) for each, view in found.items())
        _IN_REDIS.inc(len(found))
        return found

    def _name(self, views: Mapping[str, ProductView]) -> None:
        """Remember which products are meant by slugs."""
        self._names.update((name, view.product.id) for name, view in views.items() if name != view.product.id)
        if len(self._names) > _MOST_NAMES:
            self._names.clear()

    # --- Whether it is current ---

    def _age(self) -> timedelta:
        """Return how old the last answer is, whichever way the machine's clock was set since."""
        return abs(self._clock.now() - self._checked_at)

    async def _be_current(self) -> None:
        """Ask what has changed, if the last answer is so old that it must be known before anything is shown."""
        age = self._age()
        if age >= BOUND:
            await self._checker.get([_ALL])
        elif age >= _SOON:
            self._checker.want(_ALL)

    async def _check(self, keys: Sequence[str]) -> Mapping[str, bool]:
        asked_at, last_at, epoch = self._clock.now(), self._checked_at, self._floors.epoch
        is_more, pages, missed = True, 0, False
        while is_more and pages < _PAGES:
            pages += 1
            known = dict(islice(self._from_redis.items(), MOST_CHANGES))
            compared = tuple(ViewRevision(product_id=each, revision=revision) for each, revision in known.items())
            after = self._last
            answer = await self._bus.ask(ReadViewChanges(after=after, known=compared))
            missed |= any(each.revision > self._floors.of(each.product_id) for each in answer.changes)
            await self._learn(answer, known)
            if after is not None and answer.revision < after:  # The database was restored.
                self.stale()
                self._last = answer.revision
            else:  # Meanwhile news may have come of later ones.
                self._last = max(self._last or 0, answer.revision)
            is_more = answer.is_more or len(known) == MOST_CHANGES
        if is_more:
            self._last = None
            self.stale()
        if missed and last_at != LONG_AGO:
            AGE.observe(abs((asked_at - last_at).total_seconds()))  # At most: nobody has told when it was.
        self._names.clear()
        if epoch == self._floors.epoch:  # Otherwise it is asked again before anything is shown.
            self._checked_at = asked_at
        return dict.fromkeys(keys, True)

    async def _learn(self, answer: ViewChanges, known: Mapping[ProductId, int]) -> None:
        """Show nothing older than the catalog says, nor anything that it does not know of."""
        self._floors.raise_to(answer.changes)
        for product_id in known:
            self._from_redis.pop(product_id, None)
        gone = [each.product_id for each in answer.changes if each.revision < known.get(each.product_id, 0)]
        for product_id in gone:
            self._cache.drop(product_id)
        await self._shared.drop(gone)


class _Made(NamedTuple):
    """A view that was read elsewhere, or None, and when."""

    view: Rendered | None
    epoch: int
    mark: int


def _by_name(names: Iterable[str], views: Iterable[ProductView]) -> dict[str, ProductView]:
    """Find who is meant by each name: an id goes before a slug, and that before one in another language."""
    views = list(views)
    known = {texts.slug: view for view in views for texts in view.translations.values() if texts.slug}
    known |= {view.product.slug: view for view in views} | {view.product.id: view for view in views}
    return {name: known[name] for name in names if name in known}
