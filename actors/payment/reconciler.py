"""Reconciliation of unsettled payments with Stripe, for lost webhooks.

A scan lists intents at Stripe, and asks about refunds. It decides nothing: a turn does, by the rules for webhooks.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from actors.payment import reconciliation_store
from actors.payment.private import HearMissed, IntentSeen, RecordLook, RecordMissed, RefundSeen, Window
from actors.payment.reconciliation_rules import needs_decision
from actors.payment.reconciliation_store import DueRefund
from actors.payment.stripe import Stripe
from bus.messages.audit import Finding, Remedy
from bus.messages.base import OrderId
from bus.messages.order import FindOrders
from bus.messages.payment import RecordStripeEvent
from engine import telemetry
from engine.actor import Bus
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadInput, Unavailable
from engine.postgres import Database

T = TypeVar("T")

_MAX_PAGES = 5  # Of Stripe's list, in one scan.
_COMPARED_SPAN = timedelta(days=30)  # Stripe keeps its events that long.
_WEBHOOK_DELAY = timedelta(minutes=1)  # Up to this age a webhook may be on its way.
_PLACEMENT_TIME = timedelta(hours=1)  # After its intent was made; milliseconds as a rule.

_SCANNED = CrashPoint("looked-at-stripe", "A scan has read from Stripe; nothing of it is recorded.")


@dataclass(slots=True)
class Scan:
    """The objects that a scan has read so far."""

    window: Window | None
    is_seen: bool = False
    intents: list[IntentSeen] = field(default_factory=list)
    refunds: list[RefundSeen] = field(default_factory=list)
    refunds_asked: list[str] = field(default_factory=list)

    def record(self, began_at: datetime, unplaced: list[OrderId], not_before: datetime | None) -> RecordLook:
        """Build the command that records the scan."""
        return RecordLook(
            began_at=began_at,
            intents=tuple(self.intents),
            refunds=tuple(self.refunds),
            refunds_asked=tuple(self.refunds_asked),
            window=self.window,
            is_seen=self.is_seen,
            not_before=not_before,
            unplaced=tuple(unplaced),
        )


class Reconciler:
    """Reads due payments and refunds at Stripe, a bounded part at a time; compares the books for the audit."""

    def __init__(self, *, bus: Bus, database: Database, clock: Clock, stripe: Stripe, every: timedelta) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._stripe = stripe
        self._every = every
        self._log = telemetry.logger(actor="payment")

    async def scan(self) -> RecordLook:
        """Scan due payments and refunds, if no other scan runs. Objects read before a failure are recorded, too.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        began_at = self._clock.now()
        async with self._database.transaction(began_at) as tx:
            plan = await reconciliation_store.begin(tx)
        if plan is None:
            return RecordLook(began_at=began_at, is_ours=False)
        scan = Scan(plan.window)
        wait = await self._read(scan, plan.refunds)
        unplaced = await self._unplaced(began_at)
        _SCANNED.reach()
        return scan.record(began_at, unplaced, not_before=self._clock.now() + wait if wait else None)

    async def _read(self, scan: Scan, refunds: tuple[DueRefund, ...]) -> timedelta:
        """Read from Stripe; return how long to leave it alone after a failure, 0 without one."""
        try:
            await self._list_intents(scan)
            await self._ask_about_refunds(scan, refunds)
        except Unavailable as away:
            self._log.warning("Stripe did not answer a scan", error=str(away))
            return max(self._every, timedelta(seconds=away.retry_after_s or 0.0))
        except BadInput as refused:
            self._log.error("Stripe refuses a scan", error=str(refused))
            scan.window = None  # Stripe may have refused our place in its list: the next scan plans again.
            return self._every
        return timedelta()

    async def compare(self) -> list[Finding]:
        """Compare the refunds and objections of the last weeks at Stripe with those that are known here.

        Those younger than a minute are skipped, as their webhooks may be on the way. No findings while Stripe does not
        answer.
        """
        if not self._stripe.is_configured:
            return []
        now = self._clock.now()
        since, until = now - _COMPARED_SPAN, now - _WEBHOOK_DELAY
        refunds = await self._listed("refunds", self._stripe.refunds_since(since, until))
        objections = await self._listed("disputes and fraud warnings", self._stripe.objections_since(since, until))
        return [*await self._unknown_refunds(refunds), *await self._missed_objections(objections)]

    async def find_missed(self, ask: HearMissed) -> RecordMissed:
        """Find the events of an order's disputes and fraud warnings whose webhooks were lost."""
        now = self._clock.now()
        missed = await self._missed(await self._stripe.objections_since(now - _COMPARED_SPAN, now))
        return RecordMissed(order_id=ask.order_id, missed=tuple(missed.get(ask.order_id, ())))

    async def _listed(self, objects: str, listing: Awaitable[list[T]]) -> list[T]:
        """Await a list of Stripe's, for the audit; empty while Stripe does not answer."""
        try:
            return await listing
        except (Unavailable, BadInput) as error:
            self._log.warning("not compared with Stripe", objects=objects, error=str(error))
            return []

    async def _unknown_refunds(self, listed: list[RefundSeen]) -> list[Finding]:
        """Find refunds of our payments that Stripe has and the shop has not."""
        orders = await reconciliation_store.unknown_refunds(
            self._database, [refund for refund in listed if refund.status != "failed"]
        )
        return [
            Finding(
                check="refunds_equal_stripes",
                about=orders[refund.stripe_refund_id],
                detail=f"{refund.amount} went back at Stripe ({refund.stripe_refund_id}), and nobody here knows of it",
                remedy=Remedy(action="repair", target=orders[refund.stripe_refund_id]),
            )
            for refund in listed
            if refund.stripe_refund_id in orders
        ]

    async def _missed_objections(self, listed: list[RecordStripeEvent]) -> list[Finding]:
        """Find orders with missed objections: a webhook was lost, or Stripe was never asked to send its kind."""
        return [
            Finding(
                check="objections_equal_stripes",
                about=order_id,
                detail="not heard: " + ", ".join(f"{ask.event.type} ({ask.event.object_id})" for ask in missed),
                remedy=Remedy(action="repair", target=order_id),
            )
            for order_id, missed in (await self._missed(listed)).items()
        ]

    async def _missed(self, listed: list[RecordStripeEvent]) -> dict[OrderId, list[RecordStripeEvent]]:
        """Group the events that were never stored here by order, the oldest first."""
        orders = await reconciliation_store.missed(self._database, listed)
        by_order: dict[OrderId, list[RecordStripeEvent]] = {}
        for ask in listed:
            if ask.event.id in orders:
                by_order.setdefault(orders[ask.event.id], []).append(ask)
        return by_order

    async def _unplaced(self, now: datetime) -> list[OrderId]:
        """Find orders with an intent that were never placed: the program ended in between, and no buyer retried."""
        orders = await reconciliation_store.open_since(self._database, now - _PLACEMENT_TIME)
        if not orders:
            return []
        try:
            known = await self._bus.ask(FindOrders(orders=tuple(orders)))
        except Unavailable:  # The next scan finds them.
            return []
        placed = {order.id for order in known.orders}
        return [order_id for order_id in orders if order_id not in placed]

    async def _list_intents(self, scan: Scan) -> None:
        """Read the window page by page; the next scan continues where this one stops."""
        for _ in range(_MAX_PAGES):
            if scan.window is None:
                return
            await reconciliation_store.renew(self._database, self._clock.now())
            page = await self._stripe.intents(scan.window)
            scan.intents += await self._needing_decision(page.intents)
            if not page.after:
                scan.is_seen = True
                return
            scan.window = msgspec.structs.replace(scan.window, after=page.after)

    async def _needing_decision(self, seen: tuple[IntentSeen, ...]) -> list[IntentSeen]:
        """Skip intents that are settled here: most are, and a turn would lock all their payments."""
        status, orders = await reconciliation_store.statuses(
            self._database, [intent.intent_id for intent in seen], [intent.order_id for intent in seen]
        )
        return [
            intent
            for intent in seen
            if needs_decision(intent, status.get(intent.intent_id), is_order_known=intent.order_id in orders)
        ]

    async def _ask_about_refunds(self, scan: Scan, refunds: tuple[DueRefund, ...]) -> None:
        """Ask Stripe about due refunds.

        A refund that Stripe does not have is not sent again: its `SendRefund` waits, or is parked.
        """
        for refund in refunds:
            await reconciliation_store.renew(self._database, self._clock.now())
            try:
                seen = await self._stripe.refunds(refund.order_id, refund.intent_id)
            except BadInput as refused:  # Only this payment is refused: the others may be fine.
                self._log.error("Stripe refuses to list a refund", refund=refund.id, error=str(refused))
                seen = []
            scan.refunds += [found for found in seen if refund.id in (found.refund_id, found.stripe_refund_id)]
            scan.refunds_asked.append(refund.id)
