"""The catalog's writing of products: each change with its view, and the news of both."""

from collections.abc import Sequence
from typing import Protocol

from actors.catalog import bundles, store, views
from actors.catalog.changes import Edit
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import ProductChanged, ProductRemoved
from bus.messages.media import PicturesShown
from bus.messages.views import ViewRevision
from engine.actor import Actor, turn
from engine.clock import Clock
from engine.postgres import Database
from engine.transaction import Transaction


class ViewFloors(Protocol):
    """The revisions below which this process shows no view. A hint only: it is told of changes in other ways, too."""

    def raise_to(self, revisions: Sequence[ViewRevision]) -> None:
        """Show no older views of these products."""
        ...


class Viewing(Actor):
    """Keeps views right, whatever changes about products. A part of the catalog, which inherits its handlers."""

    def __init__(self, *, database: Database, clock: Clock, language: str, floors: ViewFloors) -> None:
        self._database = database
        self._clock = clock
        self._language = language
        self._floors = floors

    @turn
    async def on_pictures(self, tx: Transaction, events: Sequence[PicturesShown]) -> None:
        await store.lock(tx, ())
        await self._renumber(tx, await views.set_pictures(tx, events))

    async def _renumber(self, tx: Transaction, product_ids: Sequence[ProductId]) -> None:
        """Give views later revisions, and tell of them: what is shown beside these products has changed."""
        if product_ids:
            before = await store.count(tx, len(product_ids))
            numbers = [ViewRevision(product_id=id_, revision=before + n) for n, id_ in enumerate(product_ids, start=1)]
            await views.renumber(tx, numbers)
            self._tell(tx, [ProductChanged(product_id=each.product_id, revision=each.revision) for each in numbers])

    async def _store(
        self, tx: Transaction, edits: Sequence[Edit], *, by: str, renamed: Sku = "", import_id: str = ""
    ) -> Sequence[ProductChanged | ProductRemoved]:
        """Write changes with all that follows from them, and publish them; by the arguments of `store.save`."""
        told = await store.save(tx, edits, by=by, language=self._language, renamed=renamed, import_id=import_id)
        await views.write(tx, edits, told)
        self._tell(tx, told)
        await self._renumber(tx, await bundles.shown_with(tx, edits))
        return told

    def _tell(self, tx: Transaction, events: Sequence[ProductChanged | ProductRemoved]) -> None:
        """Publish changes. Once they are committed, before anybody is answered, this process shows nothing older."""
        tx.publish(*events)
        now = [ViewRevision(product_id=event.product_id, revision=event.revision) for event in events]
        tx.after_commit(lambda: self._floors.raise_to(now))
