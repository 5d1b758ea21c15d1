"""Decisions about money that goes back. Pure.

Refunds begin here, or at Stripe by somebody's hand. Both count against what was received, and both are made known.
"""

from actors.payment.life import REFUND_NEXT, RefundStatus
from actors.payment.state import Payment, RefundState
from bus.messages.audit import REPAIR, RepairMade
from bus.messages.base import Finding, Minor
from bus.messages.payment import (
    FullyRefunded,
    RecordRefund,
    RefundFailed,
    RefundProcessed,
    RefundReason,
    RefundSeen,
    SendRefund,
)


def begin(
    payment: Payment, refund_id: str, amount: Minor | None, reason: RefundReason, *, for_order: bool = False
) -> RefundState | None:
    """Set money aside to go back; None if there is not so much. The same refund again is the same refund.

    Args:
        payment: Whose money it is.
        refund_id: The refund's key.
        amount: Minor units; None for all that is left.
        reason: For Stripe and the books.
        for_order: The order itself asks, because it is over; else the order hears of it when nothing is left.
    """
    if known := payment.refunds.get(refund_id):
        return known
    wanted = payment.refundable if amount is None else amount
    if not 0 < wanted <= payment.refundable:
        return None
    refund = RefundState(
        refund_id, payment.payment_id, payment.order_id, None, wanted, reason, "pending", dirty=True, stored=False
    )
    _set_aside(payment, refund, is_news=not for_order)
    return refund


def adopt(payment: Payment, seen: RefundSeen) -> str:
    """Take up a refund that began at Stripe, or settle it if it is known; describes what came of it."""
    known = payment.refunds.get(seen.refund_id) or _by_stripes_id(payment, seen.stripe_refund_id)
    if known:
        return settle(payment, known.id, seen.stripe_refund_id, seen.status)
    if not seen.stripe_refund_id:
        return "ignored: not a refund of this shop"
    if seen.status == "failed":
        return "ignored: it failed before it was known"
    if not payment.received:
        payment.must_list_refunds = True
        return "ignored: its money is not known yet"
    if not 0 < seen.amount <= payment.refundable:
        return "ignored: more than is left, until Stripe refuses ours"
    refund = RefundState(
        seen.stripe_refund_id, payment.payment_id, payment.order_id, seen.stripe_refund_id, seen.amount, seen.reason,
        "pending", is_ours=False, dirty=True, stored=False,
    )  # fmt: skip
    _set_aside(payment, refund, is_news=True)
    if seen.status == "succeeded":
        settle(payment, refund.id, seen.stripe_refund_id, "succeeded")
    return "refunded at Stripe"


def settle(payment: Payment, refund_id: str, stripe_refund_id: str, status: RefundStatus, refusal: str = "") -> str:
    """Let what Stripe says of a refund take effect; describes what came of it.

    Args:
        payment: Whose refund it is.
        refund_id: Of a refund that is known.
        stripe_refund_id: Stripe's own id of it; empty if Stripe made none.
        status: What became of it.
        refusal: Why Stripe refused to make it.
    """
    refund = payment.refunds.get(refund_id)
    if refund is None:
        return "ignored: not a refund of this shop"
    if stripe_refund_id and refund.stripe_refund_id != stripe_refund_id:
        refund.stripe_refund_id = stripe_refund_id
        refund.dirty = True
    if (refund.status, status) not in REFUND_NEXT:
        return f"ignored: {refund.status} before"
    was_processed = refund.status == "succeeded"
    refund.status = status
    refund.dirty = payment.dirty = True
    money = payment.money(refund.amount)
    if status == "failed":
        payment.refunding -= refund.amount
        payment.refunded -= refund.amount if was_processed else 0
        payment.events.append(
            RefundFailed(
                order_id=payment.order_id,
                refund_id=refund.id,
                amount=money,
                was_processed=was_processed,
                detail=refusal,
            )
        )
        return "refund failed: needs a person"
    payment.refunded += refund.amount
    payment.events.append(
        RefundProcessed(
            order_id=payment.order_id,
            refund_id=refund.id,
            amount=money,
            reason=refund.reason,
            is_ours=refund.is_ours,
        )
    )
    return "refunded"


def rest_after_refusal(payment: Payment, refused: RefundState, *, has_adopted: bool, is_rest: bool) -> str | None:
    """Name the refund of what is left, where Stripe refused ours because somebody had given some back there.

    None if there is nothing to send again: it was for a certain sum, or refused for another reason.
    """
    if not (is_rest and has_adopted and refused.status == "failed" and payment.refundable):
        return None
    return f"{payment.payment_id}-refund-{len(payment.refunds) + 1}"


def _set_aside(payment: Payment, refund: RefundState, *, is_news: bool) -> None:
    payment.refunds[refund.id] = refund
    payment.refunding += refund.amount
    payment.dirty = True
    if is_news and not payment.refundable:
        payment.events.append(FullyRefunded(order_id=payment.order_id))


def _by_stripes_id(payment: Payment, stripe_refund_id: str) -> RefundState | None:
    if not stripe_refund_id:
        return None
    return next((one for one in payment.refunds.values() if one.stripe_refund_id == stripe_refund_id), None)


def audit_rows(
    payment_id: str, stored: tuple[Minor, Minor], computed: tuple[Minor, Minor], received: Minor
) -> list[Finding]:
    """Compare a payment's refund sums (going back, gone back) with its refunds."""
    if stored == computed:
        return []
    fits = computed[1] <= computed[0] <= received
    remedy = REPAIR if fits else "compare with the payment at Stripe, whose metadata name the order"
    detail = f"{stored[0]}, {stored[1]} stored; {computed[0]}, {computed[1]} computed"
    return [Finding(rule="I8 refunds = rows", about=payment_id, detail=detail, remedy=remedy)]


def repair(payment: Payment) -> RepairMade | None:
    """Set the sums of a payment to what its refunds say; None if they agree, or that does not fit."""
    refunding = sum(refund.amount for refund in payment.refunds.values() if refund.status != "failed")
    refunded = sum(refund.amount for refund in payment.refunds.values() if refund.status == "succeeded")
    if (payment.refunding, payment.refunded) == (refunding, refunded) or refunding > payment.received:
        return None
    before = f"{payment.refunding} refunding, {payment.refunded} refunded"
    payment.refunding, payment.refunded, payment.dirty = refunding, refunded, True
    after = f"{refunding} refunding, {refunded} refunded"
    return RepairMade(rule="I8 refunds = rows", about=payment.order_id, before=before, after=after)


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
        if payments and any(rules.is_against(ask.event) for ask in asks):
            await store.add_disputes(tx, payments.values())
        effects: dict[str, str] = {}
        for ask in asks:
            if ask.event.id in new and ask.event.id not in effects:
                payment = payments.get(ask.intent_id)
                effects[ask.event.id] = (
                    rules.hear(payment, ask.intent_id, ask.event) if payment else rules.without_payment(ask.event)
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
            refund_id = f"{payment.payment_id}-refund-{len(payment.refunds) + 1}"
            self._send_back(tx, payment, refund_id, None, reason, for_order=True)
        await self._save(tx, payments)

    @turn
    async def refund(self, tx: Transaction, asks: Sequence[RefundOrder]) -> Sequence[Refund | RefundRefused]:
        payments = await store.lock_by_id(tx, {ask.order_id for ask in asks})
        answers = [self._answer(tx, payments.get(payment_id_of(ask.order_id, ask.purpose)), ask) for ask in asks]
        await self._save(tx, payments.values())
        return answers

    def _answer(self, tx: Transaction, payment: Payment | None, ask: RefundOrder) -> Refund | RefundRefused:
        if payment is None:
            return RefundRefused(order_id=ask.order_id, refundable=Money(amount=0, currency=""))
        refund = self._send_back(tx, payment, ask.refund_id, ask.amount, ask.reason)
        if refund is None:
            return RefundRefused(order_id=ask.order_id, refundable=payment.money(payment.refundable))
        return Refund(
            id=refund.id,
            order_id=ask.order_id,
            amount=payment.money(refund.amount),
            reason=refund.reason,
            status=refund.status,
        )

    @staticmethod
    def _send_back(
        tx: Transaction,
        payment: Payment,
        refund_id: str,
        amount: int | None,
        reason: RefundReason,
        *,
        for_order: bool = False,
    ) -> RefundState | None:
        refund = refunds.begin(payment, refund_id, amount, reason, for_order=for_order)
        if refund and not refund.stored and payment.intent_id:
            tx.send(
                SendRefund(
                    order_id=payment.order_id,
                    refund_id=refund.id,
                    intent_id=payment.intent_id,
                    amount=payment.money(refund.amount),
                    reason=reason,
                    asked_at=tx.now,
                    purpose=payment.purpose,
                    is_rest=amount is None,
                )
            )
        return refund

    @call
    async def send_refund(self, ask: SendRefund) -> RecordRefund:
        is_old = ask.asked_at is None or self._is_old(ask.asked_at)
        try:
            made = await self._stripe.refund(
                ask.refund_id, ask.order_id, ask.intent_id, ask.amount, ask.reason, is_old=is_old
            )
        except BadInput as refused:
            return await self._refused(ask, str(refused))
        return _recorded(ask, made)

    async def _refused(self, ask: SendRefund, refusal: str) -> RecordRefund:
        """Find out what Stripe knows that we don't: somebody may have given money back there."""
        seen = await self._stripe.refunds(ask.order_id, ask.intent_id)
        if own := next((refund for refund in seen if refund.refund_id == ask.refund_id), None):
            return _recorded(ask, own)
        self._log.error("Stripe refuses a refund", order=ask.order_id, refund=ask.refund_id, error=refusal)
        return RecordRefund(
            order_id=ask.order_id,
            refund_id=ask.refund_id,
            stripe_refund_id="",
            status="failed",
            purpose=ask.purpose,
            is_rest=ask.is_rest,
            refusal=refusal,
            seen=tuple(seen),
        )

    @turn
    async def record_refund(self, tx: Transaction, asks: Sequence[RecordRefund]) -> None:
        payments = await store.lock_by_id(tx, {ask.order_id for ask in asks})
        for ask in asks:
            payment = payments[payment_id_of(ask.order_id, ask.purpose)]
            refunds.settle(payment, ask.refund_id, ask.stripe_refund_id, ask.status, ask.refusal)
            before = len(payment.refunds)
            for seen in ask.seen:
                refunds.adopt(payment, seen)
            refused = payment.refunds[ask.refund_id]
            has_adopted = len(payment.refunds) > before
            rest = refunds.rest_after_refusal(payment, refused, has_adopted=has_adopted, is_rest=ask.is_rest)
            if rest:
                self._send_back(tx, payment, rest, None, refused.reason, for_order=True)
        await self._save(tx, payments.values())

    @call
    async def adopt_refunds(self, ask: AdoptRefunds) -> RecordRefundsSeen:
        seen = await self._stripe.refunds(ask.order_id, ask.intent_id)
        return RecordRefundsSeen(order_id=ask.order_id, intent_id=ask.intent_id, tries=ask.tries, seen=tuple(seen))

    @turn
    async def record_refunds_seen(self, tx: Transaction, asks: Sequence[RecordRefundsSeen]) -> None:
        payments = {payment.intent_id: payment for payment in await store.lock(tx, intents=[a.intent_id for a in asks])}
        for ask in asks:
            if payment := payments.get(ask.intent_id):
                for seen in ask.seen:
                    refunds.adopt(payment, seen)
                payment.must_list_refunds = False
                if not payment.received and ask.seen and ask.tries < _LISTINGS:  # Its money is to be heard of first.
                    again = AdoptRefunds(order_id=ask.order_id, intent_id=ask.intent_id, tries=ask.tries + 1)
                    tx.schedule(again, tx.now + self._after * 2**ask.tries)
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
        made = [repair for payment in payments if (repair := refunds.repair(payment))]
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
        orders = {seen.order_id for seen in look.intents} | {refund.order_id for refund in look.refunds}
        payments = await store.lock(tx, orders | set(look.unplaced), {seen.intent_id for seen in look.intents})
        settlement = rules.settle(look, payments, tx.now)
        if settlement.adopted:
            await store.add(tx, [_record(seen) for seen in settlement.adopted], self._after)
        for order_id, intent_id in settlement.cancels:
            tx.send(CancelIntent(order_id=order_id, intent_id=intent_id))
        if settlement.events:
            await store.add_events(tx, settlement.events)
        await store.note_effects(tx, list(settlement.effects.items()))
        await self._save(tx, payments)

    async def _known_intent(self, ask: CreateIntent) -> Intent | None:
        """The order's intent, if it may be so old that Stripe does not know the key of it any more."""
        if not self._is_old(ask.began_at):
            return None
        intent_id = await store.intent_of(self._database, payment_id_of(ask.order_id, ask.purpose))
        return await self._stripe.get_intent(intent_id, ask.order_id, ask.amount) if intent_id else None

    def _is_old(self, asked_at: datetime | None) -> bool:
        """Whether the first try may have been too long ago to rely on an idempotency key."""
        return asked_at is not None and self._clock.now() - asked_at > KEPT

    async def _save(self, tx: Transaction, payments: Iterable[Payment]) -> None:
        payments = list(payments)
        await store.save(tx, payments, self._after)
        for payment in payments:
            if payment.must_list_refunds and payment.intent_id:
                tx.send(AdoptRefunds(order_id=payment.order_id, intent_id=payment.intent_id))
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


def _record(seen: IntentSeen) -> RecordIntent:
    return RecordIntent(
        order_id=seen.order_id,
        attempt=seen.attempt,
        intent_id=seen.intent_id,
        client_secret="",  # Nobody is to pay it any more.
        amount=seen.amount,
        purpose=seen.purpose,
    )


def record_of(ask: SendRefund, made: RefundSeen) -> RecordRefund:
    """Record a refund as Stripe has made it."""
    return RecordRefund(
        order_id=ask.order_id,
        refund_id=ask.refund_id,
        stripe_refund_id=made.stripe_refund_id,
        status=made.status,
        purpose=ask.purpose,
    )
