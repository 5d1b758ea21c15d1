"""Payments: calls that speak to Stripe, and turns that record its answers."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from actors.payment import audit_store, reconciliation_rules, reconciliation_store, refunds, rules, store
from actors.payment.person import PersonalPayments
from actors.payment.private import (
    AdoptRefunds,
    CancelIntent,
    HearMissed,
    Reconcile,
    RecordIntent,
    RecordLook,
    RecordMissed,
    RecordRefund,
    RecordRefundsSeen,
    SendRefund,
)
from actors.payment.reconciler import Reconciler
from actors.payment.state import ORDER, Payment, RefundState, payment_id_of
from actors.payment.stripe import KEY_LIFETIME, Stripe
from bus.messages.audit import BooksRepaired, Finding, Findings, Repairs
from bus.messages.base import Money
from bus.messages.order import CorrectRefunded, OrderCancelled, RefundRequested
from bus.messages.payment import (
    AuditMoney,
    CreateIntent,
    FindPayments,
    GetIntent,
    Intent,
    IntentClosed,
    IntentRefused,
    ListStuckPayments,
    LookAtStripe,
    PaymentFacts,
    ReadPaymentFacts,
    ReadRefundable,
    RecordStripeEvent,
    Refund,
    Refundable,
    RefundOrder,
    RefundRefused,
    RepairPayment,
    StuckPayments,
)
from engine import telemetry
from engine.actor import Actor, Bus, call, turn
from engine.alarm import Alarm
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.settings import Seconds, Settings, meaning
from engine.transaction import Transaction


class PaymentSettings(Settings, frozen=True, kw_only=True):
    """The times at which payments are reconciled with Stripe."""

    shopflow_reconcile_after_s: Annotated[Seconds, meaning("Age at which Stripe is asked about a payment.")] = 300.0
    shopflow_reconcile_every_s: Annotated[Seconds, meaning("How often, at most, while it is unsettled.")] = 300.0


class Payments(PersonalPayments, Actor, name="payment"):
    """Asks Stripe for money, records the money that came, and refunds."""

    def __init__(
        self, *, bus: Bus, database: Database, clock: Clock, stripe: Stripe, settings: PaymentSettings
    ) -> None:
        self._database = database
        self._clock = clock
        self._stripe = stripe
        self._after = timedelta(seconds=settings.shopflow_reconcile_after_s)
        self._every = timedelta(seconds=settings.shopflow_reconcile_every_s)
        self._reconciler = Reconciler(bus=bus, database=database, clock=clock, stripe=stripe, every=self._every)
        self._log = telemetry.logger(actor="payment")
        self._alarm = Alarm(clock, lambda: bus.tell(Reconcile()), again=reconciliation_store.LEASE)

    async def start(self) -> None:
        """Set the alarm to the next scan of Stripe's list."""
        self._alarm.set(await reconciliation_store.next_scan(self._database))

    async def run(self) -> None:
        """Reconcile with Stripe when a webhook is overdue; never, while all payments are settled."""
        if self._stripe.is_configured:
            await self._alarm.run()

    @call(limit=64, tries=3)
    async def create_intent(self, ask: CreateIntent) -> RecordIntent | IntentRefused:
        try:
            intent = await self._known_intent(ask) or await self._stripe.create_intent(
                ask.order_id,
                ask.attempt,
                ask.amount,
                purpose=ask.purpose,
                since=ask.began_at or self._clock.now() - KEY_LIFETIME,
                is_old=self._is_old(ask.began_at),
            )
        except BadInput as refused:  # Not the buyer's fault, and nothing that a buyer could mend.
            self._log.error("Stripe refuses an intent", order=ask.order_id, amount=str(ask.amount), error=str(refused))
            return IntentRefused(order_id=ask.order_id)
        return RecordIntent(
            order_id=ask.order_id,
            attempt=ask.attempt,
            intent_id=intent.intent_id,
            client_secret=intent.client_secret,
            amount=intent.amount,
            purpose=ask.purpose,
        )

    @turn
    async def record_intent(self, tx: Transaction, asks: Sequence[RecordIntent]) -> Sequence[Intent | IntentClosed]:
        standing = await store.add(tx, asks, self._after)
        self._plan_scan(tx)
        answers: list[Intent | IntentClosed] = []
        for ask in asks:
            stands = standing[payment_id_of(ask.order_id, ask.purpose)]
            answers.append(rules.answer(ask, stands))
            if rules.is_unwanted(ask, stands):
                tx.send(CancelIntent(order_id=ask.order_id, intent_id=ask.intent_id))
        return answers

    @call(limit=16)
    async def get_intent(self, ask: GetIntent) -> Intent | IntentClosed:
        stands = await store.open_intent(self._database, payment_id_of(ask.order_id, ORDER))
        return (
            await self._stripe.get_intent(stands[0], ask.order_id, stands[1])
            if stands
            else IntentClosed(order_id=ask.order_id)
        )

    @call(limit=4)
    async def read_refundable(self, ask: ReadRefundable) -> Refundable:
        return Refundable(left=await store.refundable(self._database, payment_id_of(ask.order_id, ORDER)))

    @turn
    async def apply_webhook(self, tx: Transaction, asks: Sequence[RecordStripeEvent]) -> Sequence[bool]:
        new = await self._apply_new(tx, asks)
        return [ask.event.id in new for ask in asks]

    async def _apply_new(self, tx: Transaction, asks: Sequence[RecordStripeEvent]) -> set[str]:
        """Store events, and apply the new ones; return the ids of these."""
        new = await store.add_events(tx, [(ask.intent_id, ask.event) for ask in asks])
        payments = {p.intent_id: p for p in await store.lock(tx, intents={ask.intent_id for ask in asks})}
        if payments and any(rules.is_objection(ask.event) for ask in asks):
            await store.add_disputes(tx, payments.values())
        await store.save_outcomes(tx, rules.apply_webhooks(asks, new, payments))
        await self._save(tx, payments.values())
        return new

    @call
    async def find_missed(self, ask: HearMissed) -> RecordMissed:
        return await self._reconciler.find_missed(ask)

    @turn
    async def record_missed(self, tx: Transaction, asks: Sequence[RecordMissed]) -> None:
        await self._apply_new(tx, [missed for ask in asks for missed in ask.missed])

    @turn
    async def on_cancelled(self, tx: Transaction, events: Sequence[OrderCancelled]) -> None:
        orders = {event.order_id for event in events}
        await store.add_called_off(tx, orders, self._after)
        self._plan_scan(tx)
        payments = await store.lock(tx, orders=orders)
        for payment in payments:
            if intent_id := rules.call_off(payment):
                tx.send(CancelIntent(order_id=payment.order_id, intent_id=intent_id))
        await self._save(tx, payments)

    @call
    async def cancel_intent(self, ask: CancelIntent) -> RecordLook:
        """Cancel an intent, or find it paid just now. Its status is applied, in case its webhook is lost."""
        seen = await self._stripe.cancel_intent(ask.intent_id)
        decided = (seen,) if reconciliation_rules.is_decided(seen) else ()
        return RecordLook(began_at=self._clock.now(), intents=decided, is_ours=False)

    @turn
    async def on_refund_requested(self, tx: Transaction, events: Sequence[RefundRequested]) -> None:
        reasons = {event.order_id: event.reason for event in events}
        payments = await store.lock(tx, orders=reasons)
        for payment in payments:
            self._request_refund(tx, payment, refunds.begin_for_order(payment, reasons[payment.order_id]), is_rest=True)
        await self._save(tx, payments)

    @turn
    async def refund(self, tx: Transaction, asks: Sequence[RefundOrder]) -> Sequence[Refund | RefundRefused]:
        payments = await store.lock_by_id(tx, {ask.order_id for ask in asks})
        answers = [self._begin_refund(tx, payments.get(payment_id_of(ask.order_id, ask.purpose)), ask) for ask in asks]
        await self._save(tx, payments.values())
        return answers

    def _begin_refund(self, tx: Transaction, payment: Payment | None, ask: RefundOrder) -> Refund | RefundRefused:
        if payment is None:
            return RefundRefused(order_id=ask.order_id, refundable=Money(amount=0, currency=""))
        if ask.left not in (None, payment.refundable) and ask.refund_id not in payment.refunds:
            return RefundRefused(order_id=ask.order_id, refundable=payment.money(payment.refundable), is_late=True)
        refund = refunds.begin(payment, ask.refund_id, ask.amount, ask.reason, by=ask.by)
        self._request_refund(tx, payment, refund, is_rest=ask.amount is None)
        if refund is None:
            return RefundRefused(order_id=ask.order_id, refundable=payment.money(payment.refundable))
        return Refund(
            id=refund.id,
            order_id=ask.order_id,
            amount=payment.money(refund.amount),
            reason=refund.reason,
            status=refund.status,
            by=refund.by,
        )

    @staticmethod
    def _request_refund(tx: Transaction, payment: Payment, refund: RefundState | None, *, is_rest: bool) -> None:
        if refund and (command := refunds.request_of(payment, refund, tx.now, is_rest=is_rest)):
            tx.send(command)

    @call
    async def send_refund(self, ask: SendRefund) -> RecordRefund:
        is_old = ask.asked_at is None or self._is_old(ask.asked_at)
        try:
            made = await self._stripe.refund(
                ask.refund_id, ask.order_id, ask.intent_id, ask.amount, ask.reason, is_old=is_old
            )
        except BadInput as refused:
            return await self._after_refusal(ask, str(refused))
        return refunds.record_of(ask, made)

    async def _after_refusal(self, ask: SendRefund, refusal: str) -> RecordRefund:
        """List the refunds at Stripe after a refusal: money may have been given back there by hand."""
        seen = await self._stripe.refunds(ask.order_id, ask.intent_id)
        if own := next((refund for refund in seen if refund.refund_id == ask.refund_id), None):
            return refunds.record_of(ask, own)
        is_made_smaller = ask.is_rest and bool(seen)  # Then the rest goes back, and no person is needed.
        log = self._log.warning if is_made_smaller else self._log.error
        log("Stripe refuses a refund", order=ask.order_id, refund=ask.refund_id, error=refusal)
        return refunds.record_of_refusal(ask, refusal, seen)

    @turn
    async def record_refund(self, tx: Transaction, asks: Sequence[RecordRefund]) -> None:
        payments = await store.lock_by_id(tx, {ask.order_id for ask in asks})
        for ask in asks:
            payment = payments[payment_id_of(ask.order_id, ask.purpose)]
            self._request_refund(tx, payment, refunds.record(payment, ask), is_rest=True)
        await self._save(tx, payments.values())

    @call
    async def adopt_refunds(self, ask: AdoptRefunds) -> RecordRefundsSeen:
        seen = await self._stripe.refunds(ask.order_id, ask.intent_id)
        return RecordRefundsSeen(order_id=ask.order_id, intent_id=ask.intent_id, tries=ask.tries, seen=tuple(seen))

    @turn
    async def record_refunds_seen(self, tx: Transaction, asks: Sequence[RecordRefundsSeen]) -> None:
        payments = {payment.intent_id: payment for payment in await store.lock(tx, intents=[a.intent_id for a in asks])}
        for ask in asks:
            payment = payments.get(ask.intent_id)
            if payment and (again := refunds.record_seen(payment, ask)):
                tx.schedule(again, tx.now + self._after * 2**ask.tries)
        await self._save(tx, payments.values())

    @call(limit=1, timeout_s=300)  # Statements outside any turn: they may take long, and delay no turn.
    async def audit(self, ask: AuditMoney) -> Findings:
        del ask
        findings: list[Finding] = []
        checked = 0
        async for page in audit_store.sums(self._database):
            findings += [finding for sums in page for finding in rules.audit(sums)]
            checked += len(page)
        findings += await self._reconciler.compare()
        return Findings(findings=tuple(findings), checked=checked)

    @call(limit=4)
    async def facts(self, ask: ReadPaymentFacts) -> PaymentFacts:
        return PaymentFacts(facts=tuple(await audit_store.facts(self._database, ask.after, ask.until)))

    @call(limit=4)
    async def find(self, ask: FindPayments) -> PaymentFacts:
        return PaymentFacts(facts=tuple(await audit_store.facts_of(self._database, ask.orders)))

    @call(limit=4)
    async def list_stuck(self, ask: ListStuckPayments) -> StuckPayments:
        return StuckPayments(stuck=tuple(await audit_store.stuck(self._database, ask, self._clock)))

    @turn
    async def repair(self, tx: Transaction, ask: RepairPayment) -> Repairs:
        payments = await store.lock(tx, orders=[ask.order_id])
        made = [repair for payment in payments if (repair := refunds.repair(payment))]
        tx.publish(*(BooksRepaired.of(repair, tx.now) for repair in made))
        for payment in payments:
            payment.must_list_refunds = True  # Money may have been given back at Stripe by hand.
        tx.send(HearMissed(order_id=ask.order_id))
        await self._save(tx, payments)
        for payment in payments:  # Stored behind the published refunds, so that none is counted twice.
            tx.send(CorrectRefunded(order_id=payment.order_id, refunded=payment.refunded))
        return Repairs(repairs=tuple(made))

    @turn
    async def reconcile_order(self, tx: Transaction, ask: LookAtStripe) -> bool:
        is_unsettled = await reconciliation_store.make_due(tx, ask.order_id)
        if is_unsettled:
            tx.after_commit(lambda: self._alarm.set(tx.now))
        return is_unsettled

    @call(limit=1, timeout_s=300)
    async def reconcile(self, ask: Reconcile) -> RecordLook:
        del ask
        return await self._reconciler.scan()

    @turn
    async def record_scan(self, tx: Transaction, scans: Sequence[RecordLook]) -> None:
        for scan in scans:
            await self._apply_scan(tx, scan)
            if scan.is_ours:
                await reconciliation_store.end(tx, scan, self._every)
        next_scan = await reconciliation_store.next_scan(tx)
        tx.after_commit(lambda: self._alarm.set(next_scan))

    async def _apply_scan(self, tx: Transaction, scan: RecordLook) -> None:
        """Apply the objects of a scan under the locks of their payments."""
        orders = {seen.order_id for seen in scan.intents} | {refund.order_id for refund in scan.refunds}
        payments = await store.lock(tx, orders | set(scan.unplaced), {seen.intent_id for seen in scan.intents})
        settlement = reconciliation_rules.apply_scan(scan, payments, tx.now)
        if settlement.adopted:
            await store.add(tx, [reconciliation_rules.record_of(seen) for seen in settlement.adopted], self._after)
        for order_id, intent_id in settlement.cancels:
            tx.send(CancelIntent(order_id=order_id, intent_id=intent_id))
        if settlement.events:
            await store.add_events(tx, settlement.events)
        await store.save_outcomes(tx, settlement.effects)
        await self._save(tx, payments)

    async def _known_intent(self, ask: CreateIntent) -> Intent | None:
        """Read the order's intent, if it may be so old that Stripe has forgotten its key."""
        if not self._is_old(ask.began_at):
            return None
        intent_id = await store.intent_of(self._database, payment_id_of(ask.order_id, ask.purpose))
        return await self._stripe.get_intent(intent_id, ask.order_id, ask.amount) if intent_id else None

    def _is_old(self, asked_at: datetime | None) -> bool:
        """Whether the first try may be too old to rely on an idempotency key."""
        return asked_at is not None and self._clock.now() - asked_at > KEY_LIFETIME

    async def _save(self, tx: Transaction, payments: Iterable[Payment]) -> None:
        """Store the changes of payments, and send the requests to Stripe that follow from them."""
        payments = list(payments)
        await store.save(tx, payments, self._after)
        for payment in payments:
            for command in rules.follow_ups(payment):
                tx.send(command)
        if any(rules.is_unsettled(payment) for payment in payments):
            self._plan_scan(tx)

    def _plan_scan(self, tx: Transaction) -> None:
        """Plan a scan for a new unsettled payment, in case its webhook is lost."""
        at = tx.now + self._after
        tx.after_commit(lambda: self._alarm.no_later_than(at))
