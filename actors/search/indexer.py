"""The indexer: brings the index of this process's data folder to the last change, whenever it is woken.

It is woken by the turn that numbers a change, and by a search that comes a second or more after its last look. So a
change is found soon although it was numbered by another process, and a shop that nobody searches does nothing. The
folder's lock is held while there is something to do. Whichever process has it does all there is.

What has changed is read from the catalog, which is never older than the change that is told; what is in stock likewise
from the inventory. SKUs that sell out and come back do so all day long: they wait until the indexer has rested for nine
times as long as it worked, so that they take a tenth of a core at most. An index that is missing, torn, of another
schema or layout, or ahead of the database (which was restored) is built anew.

Rejected: docs/decisions/0032. Stock and layouts: decision 34.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from anyio import CancelScope, Lock, to_thread

from actors.search import making, sales, store
from actors.search.arranged import Arranged
from actors.search.findable import Findable
from actors.search.finder import Finder
from actors.search.folder import IndexFolder
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import Product, ReadChanges, ReadProducts
from bus.messages.catalog_copies import ReadSkuProducts
from bus.messages.inventory import GetStock
from engine.actor import Bus
from engine.clock import FOREVER, LONG_AGO, Clock, Sleeper
from engine.errors import ShopFlowError
from engine.files import make_private
from engine.postgres import Database

T = TypeVar("T")

_AT_ONCE: Final = 500  # Products read and committed together.
_LEVELS_AT_ONCE: Final = 1000
_REST: Final = 9  # Times as long as it worked, before it works for the sake of stock.
_LOOK_AGAIN: Final = timedelta(seconds=1)
_log = structlog.get_logger()


class Indexer:
    """Keeps one index, and gives the newest of it to searches.

    Args:
        bus: The way to the catalog.
        database: Of the search.
        clock: The time.
        home: The folder of all indexes.
        language: Of the shop, by ISO 639-1.
        arranged: What staff arranged, which is read again when it has changed.
    """

    def __init__(
        self, *, bus: Bus, database: Database, clock: Clock, home: Path, language: str, arranged: Arranged
    ) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._home = home
        self._language = language
        self._arranged = arranged
        self._folder: IndexFolder | None = None
        self._sleeper = Sleeper(clock)
        self._looked = LONG_AGO
        self._due = FOREVER
        self._rested = LONG_AGO  # When it has rested from its last work.
        self._one_at_a_time = Lock()
        self.is_building = False  # Whether it was asked to build the index anew, and has not yet.
        self.finder: Finder | None = None  # None while there is no index.

    @property
    def size_bytes(self) -> int:
        """The bytes of the index on disk."""
        return self._folder.size_bytes if self._folder else 0

    async def start(self) -> None:
        """Open the index, if there is one."""
        if self._folder is None:
            home = self._home / (await store.state(self._database)).id
            for folder in (self._home, home):
                make_private(folder)
            self._folder = IndexFolder(home, self._language)
        self.finder = await _in_thread(self._folder.refresh)

    async def run(self) -> None:
        """Read on from the index's place whenever woken. Ends by being cancelled."""
        self.wake()
        try:
            while True:
                await self._sleeper.until(self._due)
                if self._due <= self._clock.now():
                    self._due = FOREVER
                    await self._work()
        finally:
            self._sleeper.close()

    async def _work(self) -> None:
        begun = self._clock.now()
        try:
            if not await self.catch_up():
                self._no_later_than(begun + _LOOK_AGAIN)
        except (ShopFlowError, ValueError, OSError) as error:  # PostgreSQL is away; a file is torn; no space.
            _log.warning("search is not indexed", error=str(error))
            self._no_later_than(self._clock.now() + _LOOK_AGAIN)
        now = self._clock.now()
        self._rested = now + _REST * max(now - begun, timedelta(0))

    def wake(self) -> None:
        """Look for changes soon."""
        self._no_later_than(LONG_AGO)

    def wake_rested(self) -> None:
        """Look for changes when it has rested from its last work."""
        self._no_later_than(self._rested)

    def _no_later_than(self, at: datetime) -> None:
        if at < self._due:
            self._due = at
            self._sleeper.wake()

    def look_now_and_then(self) -> None:
        """Look for changes, unless that was done within the last second."""
        if abs(self._clock.now() - self._looked) >= _LOOK_AGAIN:
            self.wake()

    def rebuild(self) -> None:
        """Build the index anew, soon; the one that is there answers until then."""
        self.is_building = True
        self.wake()

    async def catch_up(self) -> bool:
        """Index all changes there are; False if another process is at it."""
        folder = self._folder
        assert folder is not None, "not started"
        self._looked = self._clock.now()
        async with self._one_at_a_time:  # Here; between processes the folder's lock sees to it.
            while not await self._is_up_to_date(folder):
                try:
                    if not await _in_thread(folder.lock):
                        return False
                    await self._index(folder)
                finally:
                    with CancelScope(shield=True):
                        await _in_thread(folder.unlock)
        return True

    async def _is_up_to_date(self, folder: IndexFolder) -> bool:
        self.finder = await _in_thread(folder.refresh)
        state = await self._state()
        return self._is_of(state) and self.finder is not None and self.finder.place == state.seq

    async def _state(self) -> store.State:
        """Read the numbers of now, and then what is arranged: so documents are made by this layout, or a newer one."""
        state = await store.state(self._database)
        await self._arranged.refresh(state.arranged)
        return state

    def _is_of(self, state: store.State) -> bool:
        """Whether the index is one of this database and layout, and is not to be built anew."""
        finder = self.finder
        is_fit = finder is not None and finder.place <= state.seq and finder.layout == state.layout
        return is_fit and not self.is_building

    async def _index(self, folder: IndexFolder) -> None:
        """Index a batch of changes, or everything. The lock is held, so the place is read again."""
        self.finder = finder = await _in_thread(folder.refresh)
        state = await self._state()
        if finder is None or not self._is_of(state):
            await self._build(folder, state)
            self.is_building = False
            return
        changes = await store.changes(self._database, finder.place, _AT_ONCE)
        if not changes:
            return
        changed = {each.product_id for each in changes if each.product_id is not None}
        products = await self._products(changed, {each.sku for each in changes if each.sku is not None})
        entries = await self._findables(products)
        gone = changed - {entry.id for entry in entries}
        await _in_thread(folder.write, entries, gone, changes[-1].seq, state.layout, self._arranged.compounds)

    async def _build(self, folder: IndexFolder, state: store.State) -> None:
        """Build everything. What changes meanwhile has a number after the state's, and is indexed again afterwards."""
        build = await _in_thread(folder.build)
        after, compounds = 0, self._arranged.compounds
        try:
            while products := (await self._bus.ask(ReadChanges(after=after, limit=_AT_ONCE))).products:
                await _in_thread(build.add, await self._findables(products), compounds)
                after = products[-1].revision
            await _in_thread(build.swap, state.seq, state.layout)
        except BaseException:
            build.drop()
            raise

    async def _products(self, changed: Collection[ProductId], skus: Collection[Sku]) -> list[Product]:
        """Read products that changed, and those of SKUs, each once."""
        found: dict[ProductId, Product] = {}
        for ask in (ReadProducts(ids=tuple(changed)), ReadSkuProducts(skus=tuple(skus))):
            if changed if isinstance(ask, ReadProducts) else skus:
                found |= {product.id: product for product in (await self._bus.ask(ask)).products}
        return list(found.values())

    async def _findables(self, products: Sequence[Product]) -> list[Findable]:
        """Make of products what is indexed, with what others know of them."""
        skus = sorted({sku.sku for product in products for sku in product.skus})
        counted = sorted({part.sku for product in products for sku in product.skus for part in sku.parts} | {*skus})
        available: dict[Sku, int] = {}
        for first in range(0, len(counted), _LEVELS_AT_ONCE):
            answer = await self._bus.ask(GetStock(skus=tuple(counted[first : first + _LEVELS_AT_ONCE])))
            available |= {level.sku: level.available for level in answer.levels}
        around = making.Surroundings(
            attributes={each.key: each for each in self._arranged.attributes},
            available=available,
            units=await sales.units_of(self._database, skus),
        )
        return making.findables(products, around)


async def _in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Run what reads and writes files. It completes even if this task is cancelled."""
    return await to_thread.run_sync(partial(function, *arguments))
