"""Keeps the shop's identity, and tells the pages when it changes."""

from collections.abc import Sequence
from typing import Protocol

from actors.branding import rules, store
from bus.messages.branding import (
    Brand,
    Branding,
    BrandingHistory,
    BrandingMoved,
    BrandingRefused,
    GetBranding,
    NoSuchRevision,
    ReadBrandingHistory,
    RestoreBranding,
    SetBranding,
)
from engine.actor import Actor, turn
from engine.transaction import Transaction


class BrandPublisher(Protocol):
    """Publishes that the identity has changed. A hint only: pages also read it again now and then."""

    def publish_brand(self) -> None:
        """Publish soon that it is to be read again."""
        ...


class Brandings(Actor, name="branding"):
    """Keeps what the owner says of the shop, and what it was before. The only writer of its tables."""

    def __init__(self, *, updates: BrandPublisher) -> None:
        self._updates = updates

    @turn
    async def set(self, tx: Transaction, ask: SetBranding) -> Branding | BrandingRefused | BrandingMoved:
        now = await store.lock(tx)
        wanted = rules.set_to(ask, now)
        if isinstance(wanted, Branding):
            await self._keep(tx, wanted, now, ask.by)
        return wanted

    @turn
    async def restore(self, tx: Transaction, ask: RestoreBranding) -> Branding | NoSuchRevision:
        now = await store.lock(tx)
        before = await store.at(tx, ask.revision) if ask.revision else Brand()
        if before is None:
            return NoSuchRevision(revision=ask.revision)
        wanted = now if before == now.brand else Branding(revision=now.revision + 1, brand=before)
        await self._keep(tx, wanted, now, ask.by)
        return wanted

    @turn
    async def get(self, tx: Transaction, asks: Sequence[GetBranding]) -> Sequence[Branding]:
        return [await store.read(tx)] * len(asks)

    @turn
    async def history(self, tx: Transaction, asks: Sequence[ReadBrandingHistory]) -> Sequence[BrandingHistory]:
        return [BrandingHistory(revisions=tuple(await store.history(tx)))] * len(asks)

    async def _keep(self, tx: Transaction, wanted: Branding, now: Branding, by: str) -> None:
        if wanted.revision == now.revision:
            return
        await store.add(tx, wanted, by, tx.now)
        tx.after_commit(self._updates.publish_brand)
