"""Idempotency keys: claims and kept answers of requests (see rules.py for their life).

Claims and answers share turns: no request pays for a commit of its own.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from actors.idempotency import rules, store
from bus.messages.audit import AnsweredOrders, ListAnswered
from bus.messages.idempotency import Claimed, ClaimKey, EndLease, GiveBackKey, InProgress, KeepAnswer, Kept, Mismatch
from engine.actor import Actor, call, turn
from engine.postgres import Database
from engine.transaction import Transaction

_PURGE_EVERY = timedelta(hours=1)


class IdempotencyKeys(Actor, name="idempotency", is_local=True):
    """Keeps claims and answers. Each gateway hosts its own actor, on tables that all gateways share."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._purge_at: datetime | None = None

    @turn
    async def claim(
        self, tx: Transaction, asks: Sequence[ClaimKey]
    ) -> Sequence[Claimed | Kept | InProgress | Mismatch]:
        await self._purge(tx)
        new = await store.claim(tx, asks, [secrets.token_urlsafe(16) for _ in asks])
        known = {} if len(new) == len(asks) else await store.read(tx, {ask.key for ask in asks} - new.keys())
        decided = rules.decide(asks, new, known, tx.now)
        if decided.taken_over:
            await store.take_over(tx, decided.taken_over)
        return decided.answers

    @turn
    async def keep(self, tx: Transaction, asks: Sequence[KeepAnswer]) -> None:
        await store.keep(tx, asks)

    @turn
    async def give_back(self, tx: Transaction, asks: Sequence[GiveBackKey]) -> None:
        await store.give_back(tx, asks)

    @turn
    async def end_lease(self, tx: Transaction, asks: Sequence[EndLease]) -> None:
        await store.end_leases(tx, asks)

    @call
    async def list_answered(self, ask: ListAnswered) -> AnsweredOrders:
        made = await store.list_made(self._database, ask.after, ask.limit)
        following = made[-1][0] if len(made) == ask.limit else None
        return AnsweredOrders(orders=tuple(order_id for _, order_id in made), next=following)

    async def _purge(self, tx: Transaction) -> None:
        if self._purge_at is None or self._purge_at <= tx.now:
            self._purge_at = tx.now + _PURGE_EVERY
            await store.purge(tx)
