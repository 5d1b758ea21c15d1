"""The indexer: brings the index of this process's data folder to the last change, whenever it is woken.

It is woken by the turn that numbers a change, and by a search that comes a second or more after its last look. So a
change is found soon although it was numbered by another process, and a shop that nobody searches does nothing. The
folder's lock is held while there is something to do. Whichever process has it does all there is.

What has changed is read from the catalog, which is never older than the change that is told. An index that is missing,
torn, of another schema, or ahead of the database (which was restored) is built anew.

Rejected: docs/decisions/0032.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from anyio import CancelScope, to_thread

from actors.search import rules, store
from actors.search.finder import Finder
from actors.search.folder import IndexFolder
from bus.messages.catalog import ReadChanges, ReadProducts
from engine.actor import Bus
from engine.clock import FOREVER, LONG_AGO, Clock, Sleeper
from engine.errors import ShopFlowError
from engine.files import make_private
from engine.postgres import Database

T = TypeVar("T")

_AT_ONCE: Final = 500  # Products read and committed together.
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
    """

    def __init__(self, *, bus: Bus, database: Database, clock: Clock, home: Path, language: str) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._home = home
        self._language = language
        self._folder: IndexFolder | None = None
        self._sleeper = Sleeper(clock)
        self._looked = LONG_AGO
        self.is_building = False  # Whether it was asked to build the index anew, and has not yet.
        self.finder: Finder | None = None  # None while there is no index.

    @property
    def size_bytes(self) -> int:
        """The bytes of the index on disk."""
        return self._folder.size_bytes if self._folder else 0

    async def start(self) -> None:
        """Open the index, if there is one."""
        if self._folder is None:
            database_id, _ = await store.state(self._database)
            for folder in (self._home, self._home / database_id):
                make_private(folder)
            self._folder = IndexFolder(self._home / database_id, self._language)
        self.finder = await _in_thread(self._folder.refresh)

    async def run(self) -> None:
        """Read on from the index's place whenever woken. Ends by being cancelled."""
        again = FOREVER
        self.wake()
        try:
            while True:
                await self._sleeper.until(again)
                again = FOREVER
                try:
                    if not await self.catch_up():
                        again = self._clock.now() + _LOOK_AGAIN
                except (ShopFlowError, ValueError, OSError) as error:  # PostgreSQL is away; a file is torn; no space.
                    _log.warning("search is not indexed", error=str(error))
                    again = self._clock.now() + _LOOK_AGAIN
        finally:
            self._sleeper.close()

    def wake(self) -> None:
        """Look for changes soon."""
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
        _, last = await store.state(self._database)
        return self.finder is not None and self.finder.place == last and not self.is_building

    async def _index(self, folder: IndexFolder) -> None:
        """Index a batch of changes, or everything. The lock is held, so the place is read again."""
        finder = await _in_thread(folder.refresh)
        _, last = await store.state(self._database)
        if finder is None or finder.place > last or self.is_building:
            await self._build(folder, last)
            self.is_building = False
            return
        changes = await store.changes(self._database, finder.place, _AT_ONCE)
        if not changes:
            return
        found = await self._bus.ask(ReadProducts(ids=tuple(product_id for product_id, _ in changes)))
        products = rules.findables(found.products)
        gone = {product_id for product_id, _ in changes} - {product.id for product in products}
        await _in_thread(folder.write, products, gone, changes[-1][1])

    async def _build(self, folder: IndexFolder, last: int) -> None:
        """Build everything. What changes meanwhile has a number after `last`, and is indexed again after the swap."""
        build = await _in_thread(folder.build)
        after = 0
        try:
            while products := (await self._bus.ask(ReadChanges(after=after, limit=_AT_ONCE))).products:
                await _in_thread(build.add, rules.findables(products))
                after = products[-1].revision
            await _in_thread(build.swap, last)
        except BaseException:
            build.drop()
            raise


async def _in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Run what reads and writes files. It completes even if this task is cancelled."""
    return await to_thread.run_sync(partial(function, *arguments))
