"""The catalog's writing of products: each change with its view, and the news of both."""

from collections.abc import Sequence
from typing import Final, Protocol

from actors.catalog import auditing, bundles, store, views
from actors.catalog.auditing import Difference
from actors.catalog.changes import Edit
from bus.messages.audit import BooksRepaired, Findings, Repairs
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import ProductChanged, ProductRemoved
from bus.messages.media import PicturesShown
from bus.messages.views import MOST_VIEWS, AuditViews, RepairViews, ViewRevision
from engine.actor import Actor, call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_MOST_FOUND: Final = 1000  # Differences.


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

    @call(limit=1, timeout_s=600)
    async def audit_views(self, _: AuditViews) -> Findings:
        found: list[Difference] = []
        last, checked = "", 0
        while ids := await auditing.page(self._database, last):
            if suspected := await auditing.differences(self._database, ids):
                found += await self._confirmed(suspected)
            last, checked = ids[-1], checked + len(ids)
            if len(found) >= _MOST_FOUND:
                break
        return Findings(findings=tuple(each.finding for each in found[:_MOST_FOUND]), checked=checked)

    @turn
    async def repair_views(self, tx: Transaction, ask: RepairViews) -> Repairs:
        if len(ask.product_ids) > MOST_VIEWS:
            raise BadInput(f"at most {MOST_VIEWS} views in one request")
        await store.lock_all(tx)
        found = await auditing.differences(tx, ask.product_ids)
        ids = [each.product_id for each in found]
        await views.rewrite(tx, ids)
        numbers = await self._renumber(tx, ids)
        made = tuple(each.repaired(number.revision) for each, number in zip(found, numbers, strict=True))
        tx.publish(*(BooksRepaired.of(each, tx.now) for each in made))
        return Repairs(repairs=made)

    async def _confirmed(self, suspected: Sequence[Difference]) -> list[Difference]:
        """Look again while nothing moves."""
        async with self._database.transaction(self._clock.now()) as tx:
            await store.lock_all(tx)
            return await auditing.differences(tx, [each.product_id for each in suspected])

    async def _renumber(self, tx: Transaction, product_ids: Sequence[ProductId]) -> Sequence[ViewRevision]:
        """Give views later revisions, and tell of them: what is shown beside these products has changed."""
        if not product_ids:
            return ()
        before = await store.count(tx, len(product_ids))
        numbers = [ViewRevision(product_id=id_, revision=before + n) for n, id_ in enumerate(product_ids, start=1)]
        await views.renumber(tx, numbers)
        self._tell(tx, [ProductChanged(product_id=each.product_id, revision=each.revision) for each in numbers])
        return numbers

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
