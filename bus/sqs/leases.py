"""Leases of received messages: each is short, and is renewed while its message waits or is handled.

So the death of a process is noticed soon, and a handler may take its time. A lease is renewed after a third of it. If
that did not succeed in time it is lost: another process may hold the message by now, so unfinished work is given up
(engine/turns.py rolls it back, engine/calls.py cancels it).
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

import anyio

from bus.sqs.batches import Batches
from bus.sqs.client import Sqs
from bus.sqs.metrics import LEASES_LOST, STALE_RECEIPTS
from engine import telemetry
from engine.envelope import Envelope
from engine.errors import Unavailable

_MOST_PAUSE_S = (
    43_200  # Twelve hours: the longest visibility timeout. Source: API reference, "ChangeMessageVisibility".
)
_RENEWALS = 8  # Batches at once.


class MessageLease:
    """The lease of one message. See engine.envelope.Lease."""

    __slots__ = (
        "_leases", "envelope", "is_over", "on_lost", "receipt", "receives",
        "renew_s", "stored_in", "until_s", "was_lost",
    )  # fmt: skip

    def __init__(self, leases: "MessageLeases", receipt: str, receives: int) -> None:
        self._leases = leases
        self.receipt = receipt
        self.receives = receives
        self.envelope: Envelope | None = None  # Its message in the mailbox.
        self.stored_in = ""  # The object in S3 that goes with it.
        self.was_lost = False  # Noticed at a renewal, or given back.
        self.is_over = False
        self.on_lost: Callable[[], None] | None = None
        self.renew_s = self.until_s = 0.0  # On the event loop's clock.

    @property
    def is_lost(self) -> bool:
        """Whether the lease has ended, noticed or not. Without it nothing may be committed, even between renewals."""
        return self.was_lost or self.until_s <= asyncio.get_running_loop().time()

    def done(self) -> None:
        self._leases.end(self)

    def give_back(self, pause_s: float) -> None:
        self._leases.give_back(self, pause_s)


class _Return(NamedTuple):
    lease: MessageLease
    pause_s: int


class MessageLeases:
    """The leases of one queue. Time is the event loop's, also in tests: SQS has a clock of its own."""

    def __init__(self, sqs: Sqs, queue: str, on_end: Callable[[], None]) -> None:
        self._sqs = sqs
        self._queue = queue
        self._on_end = on_end
        self._visibility_s = sqs.settings.sqs_visibility_s
        self._live: dict[MessageLease, None] = {}
        self._some = asyncio.Event()
        self._ended = Batches(self._delete)
        self._returned = Batches(self._give_back)
        self._log = telemetry.logger(queue=queue)

    @property
    def live(self) -> Collection[MessageLease]:
        """Leases that are not over."""
        return self._live.keys()

    def begin(self, receipt: str, receives: int) -> MessageLease:
        """Begin the lease of a message that was just received."""
        lease = MessageLease(self, receipt, receives)
        self._renewed(lease, asyncio.get_running_loop().time())
        self._live[lease] = None
        self._some.set()
        return lease

    def end(self, lease: MessageLease) -> None:
        """Delete a handled message from the queue. Should that fail, it comes again and is recognised as a repeat."""
        if self._over(lease):
            self._ended.put(lease)

    def give_back(self, lease: MessageLease, pause_s: float) -> None:
        """Return a message to the queue, which hands it out again after this pause."""
        if self._over(lease):
            lease.was_lost = True
            self._returned.put(_Return(lease, min(_MOST_PAUSE_S, round(pause_s))))

    async def run(self) -> None:
        """Renew, end and return leases until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._ended.run)
            tasks.start_soon(self._returned.run)
            while True:
                if not self._live:
                    self._some.clear()
                    await self._some.wait()
                await anyio.sleep(self._visibility_s / 12)
                await self._renew_all()

    async def settled(self) -> None:
        """Wait until the queue knows of all leases that ended or were given back."""
        await self._ended.empty()
        await self._returned.empty()

    def _over(self, lease: MessageLease) -> bool:
        if lease.is_over:
            return False
        lease.is_over = True
        del self._live[lease]
        self._on_end()
        return not lease.is_lost

    async def _renew_all(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for lease in [lease for lease in self._live if lease.until_s <= now_s]:
            self._lose(lease)
        due = [lease for lease in self._live if not lease.is_lost and lease.renew_s <= now_s]
        limit = anyio.CapacityLimiter(_RENEWALS)
        async with anyio.create_task_group() as tasks:
            for first in range(0, len(due), 10):
                tasks.start_soon(self._renew, due[first : first + 10], limit)

    async def _renew(self, leases: Sequence[MessageLease], limit: anyio.CapacityLimiter) -> None:
        async with limit:
            begun_s = asyncio.get_running_loop().time()
            with suppress(Unavailable):  # The next round retries, until they are lost.
                failed = await self._sqs.change_visibility(
                    self._queue, [(lease.receipt, self._visibility_s) for lease in leases]
                )
                for place, lease in enumerate(leases):
                    if place not in failed:
                        self._renewed(lease, begun_s)
                    elif failed[place]["SenderFault"]:
                        self._lose(lease)

    def _renewed(self, lease: MessageLease, at_s: float) -> None:
        lease.renew_s = at_s + self._visibility_s / 3
        lease.until_s = at_s + self._visibility_s

    def _lose(self, lease: MessageLease) -> None:
        if lease.is_over or lease.was_lost:
            return
        lease.was_lost = True
        LEASES_LOST.labels(self._queue).inc()
        self._log.info("lost the lease of a message: it was not renewed in time")
        if lease.on_lost is not None:
            lease.on_lost()

    async def _delete(self, leases: Sequence[MessageLease]) -> Sequence[MessageLease]:
        failed = await self._sqs.delete(self._queue, [lease.receipt for lease in leases])
        stale = [place for place, error in failed.items() if error["SenderFault"]]
        if stale:  # Those may come again: then their row or their asker is gone.
            STALE_RECEIPTS.labels(self._queue).inc(len(stale))
        again = [leases[place] for place in failed if place not in stale]
        gone = [lease.stored_in for lease in leases if lease.stored_in and lease not in again]
        if gone:
            with suppress(Unavailable):  # The bucket's own rule removes them in time.
                await self._sqs.remove(gone)
        return again

    async def _give_back(self, returns: Sequence[_Return]) -> Sequence[_Return]:
        failed = await self._sqs.change_visibility(
            self._queue, [(each.lease.receipt, each.pause_s) for each in returns]
        )
        return [returns[place] for place, error in failed.items() if not error["SenderFault"]]
