"""Loans: a received message is lent for a short while, and the loan is renewed at a third of it for as long as the
message waits or is worked on, so that a process that dies is found out soon and a handler may take its time.

A loan that could not be renewed in time is lost: another process may have the message by now, so what is not done
yet is left undone here (engine/turns.py rolls it back, engine/calls.py cancels it).
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

import anyio

from bus.sqs.batches import Batches
from bus.sqs.client import Sqs
from bus.sqs.metrics import LOANS_LOST, STALE_RECEIPTS
from engine import telemetry
from engine.envelope import Envelope
from engine.errors import Unavailable

_MOST_PAUSE_S = 43_200  # Twelve hours: the longest that SQS lends. Source: API reference, "ChangeMessageVisibility".
_RENEWALS = 8  # Batches of them at once.


class Loan:
    """One message's. See engine.envelope.Lease."""

    __slots__ = (
        "_loans", "envelope", "is_over", "on_lost", "receipt", "receives",
        "renew_s", "stored_in", "until_s", "was_lost",
    )  # fmt: skip

    def __init__(self, loans: "Loans", receipt: str, receives: int) -> None:
        self._loans = loans
        self.receipt = receipt
        self.receives = receives
        self.envelope: Envelope | None = None  # Where it went.
        self.stored_in = ""  # The object in S3 that goes with it.
        self.was_lost = False  # And that was noticed.
        self.is_over = False
        self.on_lost: Callable[[], None] | None = None
        self.renew_s = self.until_s = 0.0  # On the event loop's clock.

    @property
    def is_lost(self) -> bool:
        """Though nobody has noticed yet: renewals look now and then, and nothing may be committed in between."""
        return self.was_lost or self.until_s <= asyncio.get_running_loop().time()

    def done(self) -> None:
        self._loans.end(self)

    def give_back(self, pause_s: float) -> None:
        self._loans.give_back(self, pause_s)


class _Return(NamedTuple):
    loan: Loan
    pause_s: int


class Loans:
    """All of one queue. Time is the event loop's, and no test's: SQS lends by its own clock."""

    def __init__(self, sqs: Sqs, queue: str, on_end: Callable[[], None]) -> None:
        self._sqs = sqs
        self._queue = queue
        self._on_end = on_end
        self._visibility_s = sqs.settings.sqs_visibility_s
        self._live: dict[Loan, None] = {}
        self._some = asyncio.Event()
        self._ended = Batches(self._delete)
        self._returned = Batches(self._give_back)
        self._log = telemetry.logger(queue=queue)

    @property
    def live(self) -> Collection[Loan]:
        """Those that are not over."""
        return self._live.keys()

    def begin(self, receipt: str, receives: int) -> Loan:
        """A message was received just now."""
        loan = Loan(self, receipt, receives)
        self._renewed(loan, asyncio.get_running_loop().time())
        self._live[loan] = None
        self._some.set()
        return loan

    def end(self, loan: Loan) -> None:
        """The message was handled: the queue may forget it. If that can't be told, it comes again, and is known."""
        if self._over(loan):
            self._ended.put(loan)

    def give_back(self, loan: Loan, pause_s: float) -> None:
        """Let the queue hand it out again after this pause."""
        if self._over(loan):
            loan.was_lost = True
            self._returned.put(_Return(loan, min(_MOST_PAUSE_S, round(pause_s))))

    async def run(self) -> None:
        """Renew, end and give back until cancelled."""
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
        """Wait until the queue knows of everything that ended or was given back."""
        await self._ended.empty()
        await self._returned.empty()

    def _over(self, loan: Loan) -> bool:
        if loan.is_over:
            return False
        loan.is_over = True
        del self._live[loan]
        self._on_end()
        return not loan.is_lost

    async def _renew_all(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for loan in [loan for loan in self._live if loan.until_s <= now_s]:
            self._lose(loan)
        due = [loan for loan in self._live if not loan.is_lost and loan.renew_s <= now_s]
        limit = anyio.CapacityLimiter(_RENEWALS)
        async with anyio.create_task_group() as tasks:
            for first in range(0, len(due), 10):
                tasks.start_soon(self._renew, due[first : first + 10], limit)

    async def _renew(self, loans: Sequence[Loan], limit: anyio.CapacityLimiter) -> None:
        async with limit:
            begun_s = asyncio.get_running_loop().time()
            with suppress(Unavailable):  # The next round tries again, until they are lost.
                failed = await self._sqs.lend(self._queue, [(loan.receipt, self._visibility_s) for loan in loans])
                for place, loan in enumerate(loans):
                    if place not in failed:
                        self._renewed(loan, begun_s)
                    elif failed[place]["SenderFault"]:
                        self._lose(loan)

    def _renewed(self, loan: Loan, at_s: float) -> None:
        loan.renew_s = at_s + self._visibility_s / 3
        loan.until_s = at_s + self._visibility_s

    def _lose(self, loan: Loan) -> None:
        if loan.is_over or loan.was_lost:
            return
        loan.was_lost = True
        LOANS_LOST.labels(self._queue).inc()
        self._log.info("lost a message that was lent: it took too long to say that it is still being worked on")
        if loan.on_lost is not None:
            loan.on_lost()

    async def _delete(self, loans: Sequence[Loan]) -> Sequence[Loan]:
        failed = await self._sqs.delete(self._queue, [loan.receipt for loan in loans])
        stale = [place for place, error in failed.items() if error["SenderFault"]]
        if stale:  # It may come again: then its row is gone, or its asker is.
            STALE_RECEIPTS.labels(self._queue).inc(len(stale))
        again = [loans[place] for place in failed if place not in stale]
        gone = [loan.stored_in for loan in loans if loan.stored_in and loan not in again]
        if gone:
            with suppress(Unavailable):  # The bucket's own rule removes it in time.
                await self._sqs.remove(gone)
        return again

    async def _give_back(self, returns: Sequence[_Return]) -> Sequence[_Return]:
        failed = await self._sqs.lend(self._queue, [(each.loan.receipt, each.pause_s) for each in returns])
        return [returns[place] for place, error in failed.items() if not error["SenderFault"]]
