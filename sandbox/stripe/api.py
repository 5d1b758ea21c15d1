"""The sandbox's Stripe: reads, lets the rules decide, writes, and sends events to the shop. Knows nothing of HTTP.

API calls run inside the caller's transaction: a `StripeError` is an answer there, not an accident, and writes before
it stay. Facts that begin outside the shop open a transaction of their own where there is none.
"""

import secrets

from msgspec.structs import replace

from sandbox.core.due import Clock
from sandbox.core.store import Store
from sandbox.core.webhooks import Outbox
from sandbox.stripe import debits, refunds, rules
from sandbox.stripe.books import Books, Cause, new_id
from sandbox.stripe.claims import Claims
from sandbox.stripe.currencies import checked
from sandbox.stripe.dispute_objects import Dispute, DisputeReason, EarlyFraudWarning
from sandbox.stripe.errors import StripeError, invalid, missing
from sandbox.stripe.methods import CARD_IDS_BY_NUMBER, DEBIT_IDS_BY_IBAN, METHODS, TestDebit, TestMethod, types_for
from sandbox.stripe.objects import AutomaticPaymentMethods, Charge, PaymentIntent, Refund, RefundReason
from sandbox.stripe.params import (
    CancelIntent,
    ConfirmIntent,
    CreateIntent,
    CreateRefund,
    Payable,
    PaymentMethodData,
    UpdateDispute,
)

__all__ = ["Cause", "StripeApi"]


class StripeApi(Books):
    """Payment intents, charges, refunds, disputes, warnings and events. The only writer of their tables."""

    def __init__(self, store: Store, outbox: Outbox, webhook_types: frozenset[str], now: Clock) -> None:
        super().__init__(store, outbox, webhook_types, now)
        self.base_url = ""  # Of the approval page; known once the server listens.
        self._claims = Claims(self)

    # Calls of the API.

    def create_intent(self, asked: CreateIntent, cause: Cause) -> PaymentIntent:
        currency = checked(asked.amount, asked.currency)
        method, intent_id = _method(asked), new_id("pi_3")
        types, automatic = _offered(asked, currency)
        intent = PaymentIntent(
            id=intent_id,
            allowed_payment_method_types=asked.allowed_payment_method_types,
            amount=asked.amount,
            automatic_payment_methods=automatic,
            capture_method=asked.capture_method,
            client_secret=f"{intent_id}_secret_{secrets.token_hex(12)}",
            created=self.now(),
            currency=currency,
            customer=asked.customer,
            description=asked.description,
            metadata=asked.metadata,
            payment_method=method.id if method else None,
            payment_method_types=types,
            receipt_email=asked.receipt_email,
            setup_future_usage=asked.setup_future_usage,
            shipping=asked.shipping,
            statement_descriptor_suffix=asked.statement_descriptor_suffix,
            status="requires_confirmation" if method else "requires_payment_method",
        )
        if method is not None:
            rules.allow(intent, method)
        self.intents.add(intent.id, intent, intent.created)
        self.publish("payment_intent.created", intent, cause)
        return self._confirm(intent, method, asked.return_url, cause) if asked.confirm else intent

    def confirm_intent(self, key: str, asked: ConfirmIntent, cause: Cause) -> PaymentIntent:
        intent = self.intent(key)
        if intent.status not in rules.CONFIRMABLE:
            raise rules.unexpected_state(intent, "confirm", rules.CONFIRMABLE)
        method = _method(asked) or METHODS.get(intent.payment_method or "")
        filled = replace(
            intent,
            receipt_email=asked.receipt_email or intent.receipt_email,
            shipping=asked.shipping or intent.shipping,
            setup_future_usage=asked.setup_future_usage or intent.setup_future_usage,
        )
        return self._confirm(filled, method, asked.return_url, cause)

    def cancel_intent(self, key: str, asked: CancelIntent, cause: Cause) -> PaymentIntent:
        return self._apply(rules.cancel(self.intent(key), asked.cancellation_reason, self.now()), cause)

    def create_refund(self, asked: CreateRefund, cause: Cause) -> Refund:
        return self._refund(self._refundable(asked), asked, cause)

    def answer_dispute(self, key: str, asked: UpdateDispute, cause: Cause) -> Dispute:
        return self._claims.answer(key, asked, cause)

    def concede(self, key: str, cause: Cause) -> Dispute:
        """Close a dispute on the shop's behalf, which loses it."""
        return self._claims.decide(key, "lost", cause)

    # Facts that begin outside the shop.

    def finish_authentication(self, key: str, *, approved: bool) -> PaymentIntent:
        """Apply the buyer's decision on the approval page."""
        with self.transaction():
            intent = self.intent(key)
            if intent.status != "requires_action":
                raise rules.unexpected_state(intent, "confirm", frozenset({"requires_action"}))
            card = METHODS[intent.payment_method or ""]
            assert not isinstance(card, TestDebit), card
            change = rules.pay(intent, card, new_id("ch_3"), self.now()) if approved else rules.refuse(intent)
            return self._apply(change, Cause())

    def settle(self, intent_id: str, succeeded: bool) -> PaymentIntent:
        """Decide a debit that waits for the bank."""
        with self.transaction():
            intent = self.intent(intent_id)
            debits.check(intent)
            debit = METHODS[intent.payment_method or ""]
            assert isinstance(debit, TestDebit), debit
            charge = self.charge_of(intent.id)
            change = debits.settle(intent, charge, debit, self.now(), succeeded=succeeded)
            return self._apply(change, Cause())

    def refund_in_dashboard(
        self, charge_or_intent_id: str, amount: int | None = None, reason: RefundReason | None = None
    ) -> Refund:
        """Refund as Stripe's dashboard does: without any metadata, and without asking the shop."""
        with self.transaction():
            charge = self._paid(self.charge_of(charge_or_intent_id))
            return self._refund(charge, CreateRefund(amount=amount, reason=reason), Cause())

    def fail_refund(self, key: str) -> Refund:
        """Fail a refund: the buyer's bank returns the money, as happens days later."""
        with self.transaction():
            refund = self.refund(key)
            if refund.status == "failed":
                return refund
            failed, charge = refunds.fail_refund(refund, self.charge(refund.charge))
            self.refunds.update(failed.id, failed)
            self.charges.update(charge.id, charge)
            self.publish("refund.failed", failed, Cause())
            return failed

    def open_dispute(
        self,
        charge_or_intent_id: str,
        amount: int | None = None,
        reason: DisputeReason = "fraudulent",
        inquiry: bool = False,
    ) -> Dispute:
        """Open a dispute: a buyer's bank takes `amount` back, or all; an inquiry only asks first."""
        with self.transaction():
            return self._claims.open_dispute(charge_or_intent_id, amount, reason, inquiry=inquiry)

    def close_dispute(self, dispute_id: str, won: bool) -> Dispute:
        """Close a dispute with the bank's decision. An inquiry is only closed, either way."""
        with self.transaction():
            return self._claims.decide(dispute_id, "won" if won else "lost", Cause())

    def escalate_dispute(self, dispute_id: str) -> Dispute:
        """Escalate an inquiry: the bank takes the money after all."""
        with self.transaction():
            return self._claims.decide(dispute_id, "escalated", Cause())

    def warn_of_fraud(self, charge_or_intent_id: str, fraud_type: str = "made_with_stolen_card") -> EarlyFraudWarning:
        """Warn of fraud, as a card's bank does that suspects a payment."""
        with self.transaction():
            return self._claims.warn(charge_or_intent_id, fraud_type)

    def _confirm(
        self, intent: PaymentIntent, method: TestMethod | None, return_url: str | None, cause: Cause
    ) -> PaymentIntent:
        if method is None:
            message = "You cannot confirm this PaymentIntent because it's missing a payment method."
            raise invalid(message, code="payment_intent_unexpected_state", intent=intent)
        rules.allow(intent, method)
        now = self.now()
        if isinstance(method, TestDebit):
            return self._apply(debits.start(intent, method, new_id("py_3"), now), cause)
        page = f"{self.base_url}/sandbox/approve/{intent.id}?client_secret={intent.client_secret}"
        change = rules.confirm(intent, method, new_id("ch_3"), return_url=return_url, page=page, now=now)
        return self._apply(change, cause)

    def _apply(self, change: rules.Change, cause: Cause) -> PaymentIntent:
        self.intents.update(change.intent.id, change.intent)
        charge = change.charge
        if charge is not None and self.charges.get(charge.id) is not None:
            self.charges.update(charge.id, charge)
        elif charge is not None:
            self.charges.add(charge.id, charge, charge.created, ref=change.intent.id)
        for kind, item in change.events:
            self.publish(kind, item, cause)
            if kind == "charge.succeeded" and charge is not None:
                # Stripe's test cards are disputed before their payment's own event is there.
                self._claims.follow(charge, METHODS[charge.payment_method].aftermath)
        if change.error is not None:
            raise change.error
        return change.intent

    def _refund(self, charge: Charge, asked: CreateRefund, cause: Cause) -> Refund:
        disputes = self.disputes.by_ref2(charge.id)
        refund, charge = refunds.refund(charge, disputes, new_id("re_3"), asked.amount, asked.reason, self.now())
        refund = replace(refund, metadata=asked.metadata)
        self.refunds.add(refund.id, refund, refund.created, ref=refund.payment_intent, ref2=refund.charge)
        self.charges.update(charge.id, charge)
        for kind, item in refunds.refund_events(refund, charge):
            self.publish(kind, item, cause)
        self._claims.close_warnings(charge)
        if METHODS[charge.payment_method].refunds_fail:
            self.fail_refund(refund.id)  # The caller learns of it by webhook, as from the real card.
        return refund

    def _refundable(self, asked: CreateRefund) -> Charge:
        if asked.charge is not None:
            return self._paid(self.charge(asked.charge))
        if asked.payment_intent is None:
            message = "One of the following params should be provided for this request: payment_intent or charge."
            raise invalid(message, code="parameter_missing", keep=False)
        intent = self.intents.get(asked.payment_intent)
        if intent is None:
            raise missing("payment_intent", asked.payment_intent, "payment_intent")
        if intent.latest_charge is None:
            raise _nothing_to_refund(intent.id)
        return self._paid(self.charge(intent.latest_charge))

    def _paid(self, charge: Charge) -> Charge:
        if not charge.paid:
            raise _nothing_to_refund(charge.payment_intent)
        return charge


def _offered(asked: CreateIntent, currency: str) -> tuple[list[str], AutomaticPaymentMethods | None]:
    """The types of payment methods an intent takes: those asked for, or what Stripe offers by itself.

    Source: Stripe API reference, "Create a PaymentIntent", `automatic_payment_methods`: enabled by default.
    """
    automatic = asked.automatic_payment_methods
    if asked.payment_method_types is not None:
        if automatic is not None and automatic.enabled:
            message = "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."
            raise invalid(message, keep=False)
        return asked.payment_method_types, None
    if automatic is not None and not automatic.enabled:
        return ["card"], automatic
    allowed = asked.allowed_payment_method_types
    fitting = [each for each in types_for(currency) if allowed is None or each in allowed]
    return fitting, automatic or AutomaticPaymentMethods(enabled=True)


def _method(asked: Payable) -> TestMethod | None:
    method_id = asked.payment_method
    if asked.payment_method_data is not None:
        method_id = _id_of(asked.payment_method_data)
    if method_id is None:
        return None
    if method_id not in METHODS:
        raise missing("PaymentMethod", method_id, "payment_method", status=400)
    return METHODS[method_id]


def _id_of(data: PaymentMethodData) -> str:
    if data.type == "card":
        if data.card is None:
            raise _left_out("payment_method_data[card]")
        card_id = CARD_IDS_BY_NUMBER.get(data.card.number.replace(" ", ""))
        if card_id is None:
            message = "Your card number is incorrect. The sandbox takes Stripe's test numbers only."
            raise invalid(message, code="incorrect_number", param="payment_method_data[card][number]", status=402)
        return card_id
    if data.sepa_debit is None:
        raise _left_out("payment_method_data[sepa_debit]")
    debit_id = DEBIT_IDS_BY_IBAN.get(data.sepa_debit.iban.replace(" ", "").upper())
    if debit_id is None:
        message = "The IBAN you provided is invalid. The sandbox takes Stripe's test IBANs only."
        param = "payment_method_data[sepa_debit][iban]"
        raise invalid(message, code="invalid_bank_account_iban", param=param)
    return debit_id


def _left_out(param: str) -> StripeError:
    return invalid(f"Missing required param: {param}.", code="parameter_missing", param=param, keep=False)


def _nothing_to_refund(intent_id: str) -> StripeError:
    return invalid(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")
