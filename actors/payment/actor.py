"""Payments: calls that speak to Stripe, and turns that record what was learned."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from actors.payment import facts, looks, rules, store
from actors.payment.reconciler import Reconciler
from actors.payment.rules import Payment
from actors.payment.stripe import KEPT, Stripe
from bus.messages.audit import BooksRepaired, Repairs
from bus.messages.base import Finding, Money
from bus.messages.inventory import Findings
from bus.messages.order import CorrectRefunded, OrderCancelled, RefundRequested
from bus.messages.payment import (
    AuditMoney,
    CancelIntent,
    CreateIntent,
    FindPayments,
    Intent,
    IntentClosed,
    IntentRefused,
    IntentSeen,
    ListStuckPayments,
    LookAtStripe,
    PaymentFacts,
    ReadPaymentFacts,
    Reconcile,
    RecordIntent,
    RecordLook,
    RecordRefund,
    RecordStripeEvent,
    Refund,
    RefundOrder,
    RefundReason,
    RefundRefused,
    RepairPayment,
    SendRefund,
    StripeEvent,
    StuckPayments,
)
from engine import telemetry
from engine.actor import Actor, Bus, call, turn
from engine.clock import FOREVER, Clock, Sleeper
from engine.errors import BadInput, Overloaded
from engine.postgres import Database, Transaction
from engine.settings import Seconds, Settings


class PaymentSettings(Settings, frozen=True, kw_only=True):
    """When Stripe is asked about what it should have told us."""

    shopflow_reconcile_after_s: Seconds = 300.0  # What is younger has its webhook still on the way.
    shopflow_reconcile_every_s: Seconds = 300.0  # While something is unsettled; what is old is asked about less often.


class Payments(Actor, name="payment"):
    """Asks Stripe for money, hears what came, and sends back what must go back."""

    def __init__(
        self, *, bus: Bus, database: Database, clock: Clock, stripe: Stripe, settings: PaymentSettings
    ) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._stripe = stripe
        self._after = timedelta(seconds=settings.shopflow_reconcile_after_s)
        self._every = timedelta(seconds=settings.shopflow_reconcile_every_s)
        self._reconciler = Reconciler(database=database, clock=clock, stripe=stripe, every=self._every)
        self._next_look = FOREVER
        self._sleeper = Sleeper(clock)
        self._log = telemetry.logger(actor="payment")

    async def start(self) -> None:
        """Find out when a look at Stripe is worth while."""
        self._next_look = await looks.next_look(self._database)

    async def run(self) -> None:
        """Look at Stripe when something should have been heard of and was not. Nothing unsettled, no look."""
        if not self._stripe.is_configured:
            return
        try:
            while True:
                await self._sleeper.until(self._next_look)
                if self._next_look <= self._clock.now():
                    self._next_look = self._clock.now() + looks.LEASE  # The turn finds out the true one.
                    self._ask_for_a_look()
        finally:
            self._sleeper.close()

    @call(limit=64, tries=3)
    async def create_intent(self, ask: CreateIntent) -> RecordIntent | IntentRefused:
        try:
            intent = await self._known_intent(ask) or await self._stripe.create_intent(
                ask.order_id,
                ask.attempt,
                ask.amount,
                since=ask.began_at or self._clock.now() - KEPT,
                is_old=self._is_old(ask.began_at),
            )
        except BadInput as refused:  # No fault of the buyer's, and nothing that they could mend.
            self._log.error("Stripe takes no payment", order=ask.order_id, amount=str(ask.amount), error=str(refused))
            return IntentRefused(order_id=ask.order_id)
        return RecordIntent(
            order_id=ask.order_id,
            attempt=ask.attempt,
            intent_id=intent.intent_id,
            client_secret=intent.client_secret,
            amount=intent.amount,
        )

    @turn
    async def record_intent(self, tx: Transaction, asks: Sequence[RecordIntent]) -> Sequence[Intent | IntentClosed]:
        standing = await store.add(tx, asks, self._after)
        self._look_after(tx)
        return [self._recorded(tx, ask, standing[ask.order_id]) for ask in asks]

    @staticmethod
    def _recorded(tx: Transaction, ask: RecordIntent, stands: store.Recorded) -> Intent | IntentClosed:
        if stands.status == "closing" or stands.intent_id != ask.intent_id:
            # Called off while Stripe was asked, or asked under a key that Stripe had forgotten.
            tx.send(CancelIntent(order_id=ask.order_id, intent_id=ask.intent_id))
        if stands.status in ("closing", "closed") or stands.intent_id != ask.intent_id:
            return IntentClosed(order_id=ask.order_id)
        return Intent(
            order_id=ask.order_id, intent_id=ask.intent_id, client_secret=ask.client_secret, amount=stands.amount
        )

    @turn
    async def hear(self, tx: Transaction, asks: Sequence[RecordStripeEvent]) -> Sequence[bool]:
        new = await store.add_events(tx, [(ask.intent_id, ask.event) for ask in asks])
        payments = {p.intent_id: p for p in await store.lock(tx, intents={ask.intent_id for ask in asks})}
        effects: dict[str, str] = {}
        for ask in asks:
            if ask.event.id in new and ask.event.id not in effects:
                payment = payments.get(ask.intent_id)
                effects[ask.event.id] = (
                    rules.hear(payment, ask.intent_id, ask.event) if payment else rules.NO_SUCH_PAYMENT
                )
        await store.note_effects(tx, list(effects.items()))
        await self._save(tx, payments.values())
        return [ask.event.id in new for ask in asks]

    @turn
    async def on_cancelled(self, tx: Transaction, events: Sequence[OrderCancelled]) -> None:
        orders = {event.order_id for event in events}
        await store.add_called_off(tx, orders, self._after)
        self._look_after(tx)
        payments = await store.lock(tx, orders=orders)
        for payment in payments:
            if intent_id := rules.call_off(payment):
                tx.send(CancelIntent(order_id=payment.order_id, intent_id=intent_id))
        await self._save(tx, payments)

    @call
    async def cancel_intent(self, ask: CancelIntent) -> RecordLook:
        """What Stripe says of it then counts as its webhook does, which may be lost: it may have been paid just now."""
        seen = await self._stripe.cancel_intent(ask.intent_id)
        return RecordLook(began_at=self._clock.now(), intents=(seen,) if rules.is_decided(seen) else (), is_ours=False)

    @turn
    async def on_refund_requested(self, tx: Transaction, events: Sequence[RefundRequested]) -> None:
        reasons = {event.order_id: event.reason for event in events}
        payments = await store.lock(tx, orders=reasons)
        for payment in payments:
            reason: RefundReason = (
                "requested_by_customer" if reasons[payment.order_id] == "customer" else "not_deliverable"
            )
            self._send_back(tx, payment, f"{payment.order_id}-refund-{len(payment.refunds) + 1}", None, reason)
        await self._save(tx, payments)

    @turn
    async def refund(self, tx: Transaction, asks: Sequence[RefundOrder]) -> Sequence[Refund | RefundRefused]:
        payments = await store.lock_by_order(tx, {ask.order_id for ask in asks})
        answers = [self._answer(tx, payments.get(ask.order_id), ask) for ask in asks]
        await self._save(tx, payments.values())
        return answers

    def _answer(self, tx: Transaction, payment: Payment | None, ask: RefundOrder) -> Refund | RefundRefused:
        if payment is None:
            return RefundRefused(order_id=ask.order_id, refundable=Money(amount=0, currency=""))
        refund = self._send_back(tx, payment, ask.refund_id, ask.amount, ask.reason)
        if refund is None:
            left = Money(amount=payment.refundable, currency=payment.currency)
            return RefundRefused(order_id=ask.order_id, refundable=left)
        return Refund(
            id=refund.id,
            order_id=ask.order_id,
            amount=Money(amount=refund.amount, currency=payment.currency),
            reason=refund.reason,
            status=refund.status,
        )

    @staticmethod
    def _send_back(
        tx: Transaction, payment: Payment, refund_id: str, amount: int | None, reason: RefundReason
    ) -> rules.RefundState | None:
        refund = rules.begin_refund(payment, refund_id, amount, reason)
        if refund and not refund.stored and payment.intent_id:
            tx.send(
                SendRefund(
                    order_id=payment.order_id,
                    refund_id=refund.id,
                    intent_id=payment.intent_id,
                    amount=Money(amount=refund.amount, currency=payment.currency),
                    reason=reason,
                    asked_at=tx.now,
                )
            )
        return refund

    @call
    async def send_refund(self, ask: SendRefund) -> RecordRefund:
        is_old = ask.asked_at is None or self._is_old(ask.asked_at)
        refund = await self._stripe.refund(
            ask.refund_id, ask.order_id, ask.intent_id, ask.amount, ask.reason, is_old=is_old
        )
        return RecordRefund(
            order_id=ask.order_id,
            refund_id=ask.refund_id,
            stripe_refund_id=refund.stripe_refund_id,
            status=refund.status,
        )

    @turn
    async def record_refund(self, tx: Transaction, asks: Sequence[RecordRefund]) -> None:
        payments = await store.lock_by_order(tx, {ask.order_id for ask in asks})
        for ask in asks:
            rules.settle_refund(payments[ask.order_id], ask.refund_id, ask.stripe_refund_id, ask.status)
        await self._save(tx, payments.values())

    @call(limit=1, timeout_s=300)  # Reading statements of its own: it may take long, and holds up nothing.
    async def audit(self, ask: AuditMoney) -> Findings:
        del ask
        findings: list[Finding] = []
        checked = 0
        async for page in store.sums(self._database):
            findings += [finding for sums in page for finding in rules.audit(sums)]
            checked += len(page)
        return Findings(findings=tuple(findings), checked=checked)

    @call(limit=4)
    async def facts(self, ask: ReadPaymentFacts) -> PaymentFacts:
        return PaymentFacts(facts=tuple(await facts.of_span(self._database, ask.after, ask.until)))

    @call(limit=4)
    async def find(self, ask: FindPayments) -> PaymentFacts:
        return PaymentFacts(facts=tuple(await facts.of_orders(self._database, ask.orders)))

    @call(limit=4)
    async def list_stuck(self, ask: ListStuckPayments) -> StuckPayments:
        return StuckPayments(stuck=tuple(await facts.stuck(self._database, ask, self._clock)))

    @turn
    async def repair(self, tx: Transaction, ask: RepairPayment) -> Repairs:
        payments = await store.lock(tx, orders=[ask.order_id])
        made = [repair for payment in payments if (repair := rules.repair(payment))]
        await self._save(tx, payments)
        tx.publish(
            *(BooksRepaired(about=m.about, rule=m.rule, before=m.before, after=m.after, at=tx.now) for m in made)
        )
        for payment in payments:  # Stored behind the refunds that were made known, so it never counts one twice.
            tx.send(CorrectRefunded(order_id=payment.order_id, refunded=payment.refunded))
        return Repairs(repairs=tuple(made))

    @turn
    async def look_at(self, tx: Transaction, ask: LookAtStripe) -> bool:
        is_unsettled = await facts.look_now(tx, ask.order_id)
        if is_unsettled:
            tx.after_commit(lambda: self._wait_until(tx.now))
        return is_unsettled

    @call(limit=1, timeout_s=300)
    async def reconcile(self, ask: Reconcile) -> RecordLook:
        del ask
        return await self._reconciler.look()

    @turn
    async def record_look(self, tx: Transaction, seen: Sequence[RecordLook]) -> None:
        for look in seen:
            await self._settle(tx, look)
            if look.is_ours:
                await looks.end(tx, look, self._every)
        next_look = await looks.next_look(tx)
        tx.after_commit(lambda: self._wait_until(next_look))

    async def _settle(self, tx: Transaction, look: RecordLook) -> None:
        """Let what was seen take effect, by the rules that hold for webhooks: whichever comes first, it counts once."""
        orders = {seen.order_id for seen in look.intents} | {refund.order_id for refund in look.refunds}
        payments = await store.lock(tx, orders, {seen.intent_id for seen in look.intents})
        by_order = {payment.order_id: payment for payment in payments}
        by_intent = {payment.intent_id: payment for payment in payments}
        await self._take_up(tx, by_order, look.intents)
        effects: dict[str, str] = {}
        events: list[tuple[str, StripeEvent]] = []
        for seen in look.intents:
            payment = by_intent.get(seen.intent_id) or by_order.get(seen.order_id)
            event, effect = rules.see(payment, seen, tx.now)
            if not effect.startswith("ignored"):
                events.append((seen.intent_id, event))
                effects[event.id] = effect
            if payment and rules.must_cancel(payment, seen):
                tx.send(CancelIntent(order_id=payment.order_id, intent_id=seen.intent_id))
        for refund in look.refunds:
            rules.settle_refund(by_order[refund.order_id], refund.refund_id, refund.stripe_refund_id, refund.status)
        if events:
            await store.add_events(tx, events)
        await store.note_effects(tx, list(effects.items()))
        await self._save(tx, payments)

    async def _take_up(self, tx: Transaction, by_order: Mapping[str, Payment], intents: Sequence[IntentSeen]) -> None:
        """Give orders that were called off before their intent was known the intent, to be cancelled or received."""
        paid_first = sorted(intents, key=lambda seen: seen.status != "succeeded")
        lost = [
            seen for seen in paid_first if (payment := by_order.get(seen.order_id)) and rules.take_up(payment, seen)
        ]
        records = [
            RecordIntent(
                order_id=seen.order_id,
                attempt=seen.attempt,
                intent_id=seen.intent_id,
                client_secret="",  # Nobody is to pay it any more.
                amount=seen.amount,
            )
            for seen in lost
        ]
        if records:
            await store.add(tx, records, self._after)

    async def _known_intent(self, ask: CreateIntent) -> Intent | None:
        """The order's intent, if it may be so old that Stripe does not know the key of it any more."""
        if not self._is_old(ask.began_at):
            return None
        intent_id = await store.intent_of(self._database, ask.order_id)
        return await self._stripe.get_intent(intent_id, ask.order_id, ask.amount) if intent_id else None

    def _is_old(self, asked_at: datetime | None) -> bool:
        """Whether the first try may have been too long ago to rely on an idempotency key."""
        return asked_at is not None and self._clock.now() - asked_at > KEPT

    async def _save(self, tx: Transaction, payments: Iterable[Payment]) -> None:
        payments = list(payments)
        await store.save(tx, payments, self._after)
        if any(rules.is_unsettled(payment) for payment in payments):
            self._look_after(tx)

    def _look_after(self, tx: Transaction) -> None:
        """Something is to be settled now: look for it, should nothing be heard."""
        at = tx.now + self._after
        if at < self._next_look:
            tx.after_commit(lambda: self._wait_until(min(at, self._next_look)))

    def _wait_until(self, next_look: datetime) -> None:
        self._next_look = next_look
        self._sleeper.wake()

    def _ask_for_a_look(self) -> None:
        try:
            self._bus.tell(Reconcile())
        except Overloaded:
            return  # The loop asks again.
