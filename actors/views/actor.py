"""The views' subscriber: durable telling of what changed, to caches that can lose everything else.

One stored command for all changes of a transaction, and not a delivery for each: an import changes a thousand products
at once. It is a call, for it leaves the database; killed anywhere, it is made again, and repeating it is harmless.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bus.messages.catalog import ProductChanged, ProductRemoved
from bus.messages.views import MOST_CHANGES, ForgetViews, ViewRevision
from engine.actor import Actor, call, turn
from engine.transaction import Transaction


class ViewKeeper(Protocol):
    """Keeps views for all processes."""

    async def forget_views(self, views: Sequence[ViewRevision], changed_at: datetime) -> None:
        """Forget older views of these products, and tell all processes.

        Raises:
            Unavailable: It can't be reached.
        """
        ...


class Views(Actor):
    """Tells whoever keeps or shows a view of a product that it has changed."""

    def __init__(self, *, keeper: ViewKeeper) -> None:
        self._keeper = keeper

    @turn
    async def on_changed(self, tx: Transaction, events: Sequence[ProductChanged | ProductRemoved]) -> None:
        changes = [ViewRevision(product_id=event.product_id, revision=event.revision) for event in events]
        for first in range(0, len(changes), MOST_CHANGES):
            tx.send(ForgetViews(views=tuple(changes[first : first + MOST_CHANGES]), changed_at=tx.now))

    @call(limit=4)
    async def forget(self, ask: ForgetViews) -> None:
        await self._keeper.forget_views(ask.views, ask.changed_at)
