"""Payments: calls that speak to Stripe, and turns that record what was learned."""

from collections.abc import Sequence

from actors.payment import rules, store
from actors.payment.rules import Payment
from actors.payment.stripe import Stripe
from bus.messages.base import Money
from bus.messages.inventory import Findings
from bus.messages.order import OrderCancelled, RefundRequested
from bus.messages.payment import (
    AuditMoney,
    CancelIntent,
    CreateIntent,
    Intent,
    RecordIntent,
    RecordIntentEnd,
    RecordRefund,
    RecordStripeEvent,
    Refund,
    RefundOrder,
    RefundReason,
    RefundRefused,
    SendRefund,
)
from engine.actor import Actor, call, turn
from engine.postgres import Database, Transaction


class Payments(Actor, name="payment"):
    """Asks Stripe for money, hears what came, and sends back what must go back."""

    def __init__(self, *, database: Database, stripe: Stripe) -> None:
        self._database = database
        self._stripe = stripe

    @call(limit=64)
    async def create_intent(self, ask: CreateIntent) -> RecordIntent:
        intent = await self._stripe.create_intent(ask.order_id, ask.attempt, ask.amount)
        return RecordIntent(
            order_id=ask.order_id,
            attempt=ask.attempt,
            intent_id=intent.intent_id,
            client_secret=intent.client_secret,
            amount=intent.amount,
        )

    @turn
    async def record_intent(self, tx: Transaction, asks: Sequence[RecordIntent]) -> Sequence[Intent]:
        await store.add(tx, asks)
        for payment in await store.lock(tx, orders={ask.order_id for ask in asks}):
            if payment.status == "closing" and payment.intent_id:  # Called off while Stripe was asked.
                tx.send(CancelIntent(order_id=payment.order_id, intent_id=payment.intent_id))
        return [
            Intent(order_id=ask.order_id, intent_id=ask.intent_id, client_secret=ask.client_secret, amount=ask.amount)
            for ask in asks
        ]

    @turn
    async def hear(self, tx: Transaction, asks: Sequence[RecordStripeEvent]) -> Sequence[bool]:
        new = await store.add_events(tx, [(ask.intent_id, ask.event) for ask in asks])
        payments = {p.intent_id: p for p in await store.lock(tx, intents={ask.intent_id for ask in asks})}
        effects: dict[str, str] = {}
        for ask in asks:
            if ask.event.id in new and ask.event.id not in effects:
                payment = payments.get(ask.intent_id)
                effects[ask.event.id] = (
                    rules.hear(payment, ask.intent_id, ask.event) if payment else "refused: no such payment"
                )
        await store.note_effects(tx, list(effects.items()))
        await store.save(tx, payments.values())
        return [ask.event.id in new for ask in asks]

    @turn
    async def on_cancelled(self, tx: Transaction, events: Sequence[OrderCancelled]) -> None:
        orders = {event.order_id for event in events}
        await store.add_called_off(tx, orders)
        payments = await store.lock(tx, orders=orders)
        for payment in payments:
            if intent_id := rules.call_off(payment):
                tx.send(CancelIntent(order_id=payment.order_id, intent_id=intent_id))
        await store.save(tx, payments)

    @call
    async def cancel_intent(self, ask: CancelIntent) -> RecordIntentEnd:
        return RecordIntentEnd(order_id=ask.order_id, status=await self._stripe.cancel_intent(ask.intent_id))

    @turn
    async def record_end(self, tx: Transaction, asks: Sequence[RecordIntentEnd]) -> None:
        payments = await store.lock_by_order(tx, {ask.order_id for ask in asks})
        for ask in asks:
            payment = payments[ask.order_id]
            if payment.status == "closing" and ask.status == "cancelled":
                payment.status, payment.dirty = "closed", True
        await store.save(tx, payments.values())

    @turn
    async def on_refund_requested(self, tx: Transaction, events: Sequence[RefundRequested]) -> None:
        reasons = {event.order_id: event.reason for event in events}
        payments = await store.lock(tx, orders=reasons)
        for payment in payments:
            reason: RefundReason = (
                "requested_by_customer" if reasons[payment.order_id] == "customer" else "not_deliverable"
            )
            self._send_back(tx, payment, f"{payment.order_id}-refund-{len(payment.refunds) + 1}", None, reason)
        await store.save(tx, payments)

    @turn
    async def refund(self, tx: Transaction, asks: Sequence[RefundOrder]) -> Sequence[Refund | RefundRefused]:
        payments = await store.lock_by_order(tx, {ask.order_id for ask in asks})
        answers = [self._answer(tx, payments.get(ask.order_id), ask) for ask in asks]
        await store.save(tx, payments.values())
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
                )
            )
        return refund

    @call
    async def send_refund(self, ask: SendRefund) -> RecordRefund:
        stripe_refund_id, status = await self._stripe.refund(
            ask.refund_id, ask.order_id, ask.intent_id, ask.amount, ask.reason
        )
        return RecordRefund(
            order_id=ask.order_id, refund_id=ask.refund_id, stripe_refund_id=stripe_refund_id, status=status
        )

    @turn
    async def record_refund(self, tx: Transaction, asks: Sequence[RecordRefund]) -> None:
        payments = await store.lock_by_order(tx, {ask.order_id for ask in asks})
        for ask in asks:
            rules.settle_refund(payments[ask.order_id], ask.refund_id, ask.stripe_refund_id, ask.status)
        await store.save(tx, payments.values())

    @call(limit=1)  # One reading statement of its own: it may take long, and holds up nothing.
    async def audit(self, ask: AuditMoney) -> Findings:
        del ask
        sums = await store.sums(self._database)
        return Findings(findings=tuple(finding for row in sums for finding in rules.audit(row)), checked=len(sums))
