"""Looks at Stripe for unsettled payments. A look decides nothing: a turn does, by the rules for webhooks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from actors.payment import looks, rules
from actors.payment.looks import DueRefund
from actors.payment.private import HearMissed, IntentSeen, RecordLook, RecordMissed, RefundSeen, Window
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

_PAGES = 5  # Of Stripe's list, in one look.
_COMPARED = timedelta(days=30)  # As long as Stripe keeps its events.
_ON_ITS_WAY = timedelta(minutes=1)
_PLACED_WITHIN = timedelta(hours=1)  # After its intent was made; milliseconds as a rule.

_LOOKED = CrashPoint("looked-at-stripe", "Stripe has told of what was unsettled; nothing of it is recorded.")


@dataclass(slots=True)
class _Look:
    """The objects seen so far."""

    window: Window | None
    is_seen: bool = False
    intents: list[IntentSeen] = field(default_factory=list)
    refunds: list[RefundSeen] = field(default_factory=list)
    refunds_asked: list[str] = field(default_factory=list)

    def told(self, began_at: datetime, not_before: datetime | None = None) -> RecordLook:
        """Build the command that records the look."""
        return RecordLook(
            began_at=began_at,
            intents=tuple(self.intents),
            refunds=tuple(self.refunds),
            refunds_asked=tuple(self.refunds_asked),
            window=self.window,
            is_seen=self.is_seen,
            not_before=not_before,
        )


class Reconciler:
    """Asks Stripe about due payments and refunds, a bounded part at a time."""

    def __init__(self, *, bus: Bus, database: Database, clock: Clock, stripe: Stripe, every: timedelta) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._stripe = stripe
        self._every = every
        self._log = telemetry.logger(actor="payment")

    async def look(self) -> RecordLook:
        """Look at due payments and refunds, if no other look runs. Objects seen before a failure are reported, too.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        began_at = self._clock.now()
        async with self._database.transaction(began_at) as tx:
            plan = await looks.begin(tx)
        if plan is None:
            return RecordLook(began_at=began_at, is_ours=False)
        look = _Look(plan.window)
        wait_s = 0.0
        try:
            await self._list_intents(look)
            await self._ask_about(look, plan.refunds)
        except Unavailable as away:
            self._log.warning("could not look at Stripe", error=str(away))
            wait_s = max(self._every.total_seconds(), away.retry_after_s or 0.0)
        except BadInput as refused:
            self._log.error("Stripe does not let itself be looked at", error=str(refused))
            look.window = None  # The place where we stopped may be refused: the next look plans again.
            wait_s = self._every.total_seconds()
        unplaced = await self._unplaced(began_at)
        _LOOKED.reach()
        told = look.told(began_at, self._clock.now() + timedelta(seconds=wait_s) if wait_s else None)
        return msgspec.structs.replace(told, unplaced=tuple(unplaced))

    async def compare(self) -> list[Finding]:
        """Compare the refunds and objections of the last weeks at Stripe with those that are known here."""
        return [*await self.unknown_refunds(), *await self.missed_objections()]

    async def unknown_refunds(self) -> list[Finding]:
        """Find refunds of the last weeks that Stripe has and the shop has not. None while Stripe does not answer.

        Refunds younger than a minute are skipped: their webhooks may be on the way.
        """
        if not self._stripe.is_configured:
            return []
        now = self._clock.now()
        try:
            seen = await self._stripe.refunds_since(now - _COMPARED, now - _ON_ITS_WAY)
        except (Unavailable, BadInput) as error:
            self._log.warning("refunds were not compared with Stripe's", error=str(error))
            return []
        orders = await looks.unknown_refunds(self._database, [refund for refund in seen if refund.status != "failed"])
        return [
            Finding(
                check="refunds_equal_stripes",
                about=orders[refund.stripe_refund_id],
                detail=f"{refund.amount} went back at Stripe ({refund.stripe_refund_id}), and nobody here knows of it",
                remedy=Remedy(action="repair", target=orders[refund.stripe_refund_id]),
            )
            for refund in seen
            if refund.stripe_refund_id in orders
        ]

    async def missed_objections(self) -> list[Finding]:
        """Find orders whose disputes and fraud warnings of the last weeks were not all heard.

        A webhook was lost, or Stripe was never asked to send its kind. None while Stripe does not answer. Events
        younger than a minute are skipped: they may be on the way.
        """
        if not self._stripe.is_configured:
            return []
        try:
            seen = await self._missed(self._clock.now() - _ON_ITS_WAY)
        except (Unavailable, BadInput) as error:
            self._log.warning("disputes were not compared with Stripe's", error=str(error))
            return []
        return [
            Finding(
                check="objections_equal_stripes",
                about=order_id,
                detail="not heard: " + ", ".join(f"{ask.event.type} ({ask.event.object_id})" for ask in asks),
                remedy=Remedy(action="repair", target=order_id),
            )
            for order_id, asks in seen.items()
        ]

    async def find_missed(self, ask: HearMissed) -> RecordMissed:
        """Find the events of an order's disputes and fraud warnings that were never heard."""
        seen = await self._missed(self._clock.now())
        return RecordMissed(order_id=ask.order_id, missed=tuple(seen.get(ask.order_id, ())))

    async def _missed(self, until: datetime) -> dict[OrderId, list[RecordStripeEvent]]:
        """Unheard events of the last weeks by order, the oldest first. Raises as Stripe does."""
        seen = await self._stripe.objections_since(self._clock.now() - _COMPARED, until)
        orders = await looks.missed(self._database, seen)
        by_order: dict[OrderId, list[RecordStripeEvent]] = {}
        for ask in seen:
            if ask.event.id in orders:
                by_order.setdefault(orders[ask.event.id], []).append(ask)
        return by_order

    async def _unplaced(self, now: datetime) -> list[OrderId]:
        """Find open payments whose orders were never placed: the program ended in between, and no buyer retried."""
        orders = await looks.open_since(self._database, now - _PLACED_WITHIN)
        if not orders:
            return []
        try:
            known = await self._bus.ask(FindOrders(orders=tuple(orders)))
        except Unavailable:  # The next look finds them.
            return []
        placed = {order.id for order in known.orders}
        return [order_id for order_id in orders if order_id not in placed]

    async def _list_intents(self, look: _Look) -> None:
        for _ in range(_PAGES):
            if look.window is None:
                return
            await looks.renew(self._database, self._clock.now())
            page = await self._stripe.intents(look.window)
            look.intents += await self._news(page.intents)
            if not page.after:
                look.is_seen = True
                return
            look.window = msgspec.structs.replace(look.window, after=page.after)

    async def _news(self, seen: tuple[IntentSeen, ...]) -> list[IntentSeen]:
        """Skip intents that are settled here: most are, and a turn would lock them all."""
        status, orders = await looks.known(
            self._database, [intent.intent_id for intent in seen], [intent.order_id for intent in seen]
        )
        return [
            intent
            for intent in seen
            if rules.needs_decision(intent, status.get(intent.intent_id), is_order_known=intent.order_id in orders)
        ]

    async def _ask_about(self, look: _Look, refunds: tuple[DueRefund, ...]) -> None:
        """Ask about due refunds. One that Stripe lacks has its `SendRefund` waiting or parked, and needs no second."""
        for refund in refunds:
            await looks.renew(self._database, self._clock.now())
            try:
                seen = await self._stripe.refunds(refund.order_id, refund.intent_id)
            except BadInput as refused:  # About this payment only: the others may be fine.
                self._log.error("Stripe tells nothing of a refund", refund=refund.id, error=str(refused))
                seen = []
            look.refunds += [found for found in seen if refund.id in (found.refund_id, found.stripe_refund_id)]
            look.refunds_asked.append(refund.id)
