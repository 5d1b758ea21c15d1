"""Turns: an actor takes what waits in its mailbox, and handles it in ONE transaction.

    claim the deliveries  ->  the handler reads, decides, writes  ->  store what it published  ->  commit
    -> hand the events over in memory -> answer everybody who asked

A turn that fails is tried again message by message, so that one poisonous message can't hold the others. When the
database itself is away, the whole turn waits and is tried again as it was: no message is to blame.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from engine import telemetry
from engine.actor import Handler
from engine.errors import Conflict, Unavailable
from engine.mailbox import Envelope
from engine.postgres import Transaction

if TYPE_CHECKING:
    from engine.cell import Cell

_AT_ONCE = 3  # How often a turn that lost a race reads and decides again before it counts as failed.


class Turns:
    """The one loop that takes an actor's turns."""

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._limit = cell.settings.shopflow_turn_limit
        self._wake = asyncio.Event()
        self.taken = 0  # Since the start.

    def notify(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Take turns until cancelled."""
        while True:
            batch = self._cell.mailbox.take_turn(self._limit)
            if not batch:
                self._wake.clear()
                await self._wake.wait()
                continue
            self.taken += 1
            await self._turn(batch)

    async def _turn(self, batch: Sequence[Envelope]) -> None:
        cell = self._cell
        handler = batch[0].handler
        begun_s = perf_counter()
        telemetry.WAIT.labels(cell.name).observe(begun_s - batch[0].put_s)
        telemetry.BATCH.labels(cell.name, handler.name).observe(len(batch))
        outcome = await self._together(handler, batch)
        telemetry.TURN_SECONDS.labels(cell.name, handler.name).observe(perf_counter() - begun_s)
        telemetry.TURNS.labels(cell.name, handler.name, outcome).inc()

    async def _together(self, handler: Handler, batch: Sequence[Envelope]) -> str:
        failures = 0
        while live := self._cell.drop_abandoned(batch):
            try:
                await self._attempt(handler, live)
            except Unavailable as away:
                failures += 1
                if failures == 1:
                    self._cell.log.warning("waiting for a service", service=away.service, error=str(away))
                await self._cell.pause(failures)
                batch = live
            except Exception as error:  # noqa: BLE001 - whatever it is, it ends this message's try and not the actor
                await self._one_by_one(handler, live, error)
                return "failed"
            else:
                return "done"
        return "expired"

    async def _one_by_one(self, handler: Handler, batch: Sequence[Envelope], error: Exception) -> None:
        """Find out which message it was; those behind it in its lane wait for it."""
        if len(batch) == 1:
            await self._cell.fail(batch[0], error)
            return
        left = list(batch)
        while left:
            envelope = left.pop(0)
            try:
                await self._attempt(handler, [envelope])
            except Exception as own:  # noqa: BLE001 - as above
                left = await self._cell.fail_ahead_of(left, envelope, own)

    async def _attempt(self, handler: Handler, batch: Sequence[Envelope]) -> None:
        for again in range(_AT_ONCE, 0, -1):
            try:
                await self._commit(handler, batch)
            except Conflict:
                if again == 1:
                    raise
            else:
                return

    async def _commit(self, handler: Handler, batch: Sequence[Envelope]) -> None:
        if not handler.takes_tx and not any(envelope.delivery_id for envelope in batch):
            self._cell.finish(batch, await self._handle(handler, None, batch))
            return
        deliveries = self._cell.deliveries
        stored: object = None
        try:
            async with self._cell.database.transaction(self._cell.clock.now()) as tx:
                live = await self._claim(tx, batch)
                answers = await self._handle(handler, tx, live) if live else []
                if tx.outgoing:
                    stored = await deliveries.store(tx, tx.outgoing)
        except BaseException:
            if stored is not None:
                deliveries.take_back(stored)
            raise
        # Committed. Nothing below may make the turn happen again.
        if stored is not None:
            deliveries.hand_over(stored)
        self._call_back(tx)
        if len(live) < len(batch):
            repeats = list(set(batch) - set(live))
            self._cell.finish(repeats, [None] * len(repeats))
        self._cell.finish(live, answers)

    async def _claim(self, tx: Transaction, batch: Sequence[Envelope]) -> Sequence[Envelope]:
        """Leave out the deliveries whose row is gone: they were handled before."""
        tx.cause = batch[0].id if len(batch) == 1 else ""
        ids = [envelope.delivery_id for envelope in batch if envelope.delivery_id]
        if not ids:
            return batch
        claimed = await self._cell.deliveries.claim(tx, ids)
        if len(claimed) == len(ids):
            return batch
        return [envelope for envelope in batch if not envelope.delivery_id or envelope.delivery_id in claimed]

    async def _handle(self, handler: Handler, tx: Transaction | None, batch: Sequence[Envelope]) -> Sequence[object]:
        arguments = (self._cell.actor, tx) if handler.takes_tx else (self._cell.actor,)
        if not handler.takes_many:
            return [await handler.function(*arguments, envelope.message) for envelope in batch]
        answers = await handler.function(*arguments, [envelope.message for envelope in batch])
        if answers is None:
            return [None] * len(batch)
        assert len(answers) == len(batch), f"{handler.name} gave {len(answers)} answers to {len(batch)} messages"
        return list(answers)

    def _call_back(self, tx: Transaction) -> None:
        for callback in tx.callbacks:
            try:
                callback()
            except Exception:
                self._cell.log.exception("a callback after the commit failed")
