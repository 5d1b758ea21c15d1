"""Facts that begin at a buyer's bank: disputes and early fraud warnings, opened, answered and decided.

All of it runs inside the caller's transaction. The refusals are Stripe's errors, because the page and
the tests show them as they show others.
"""

from msgspec.structs import replace

from sandbox.stripe import disputes as rules
from sandbox.stripe.books import Books, Cause, new_id
from sandbox.stripe.dispute_objects import Dispute, DisputeReason, EarlyFraudWarning
from sandbox.stripe.disputes import Case, Step
from sandbox.stripe.methods import Aftermath
from sandbox.stripe.objects import Charge
from sandbox.stripe.params import UpdateDispute


class Claims:
    """Disputes and early fraud warnings. The only writer of their tables."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def open_dispute(
        self, charge_or_intent_id: str, amount: int | None, reason: DisputeReason, *, inquiry: bool
    ) -> Dispute:
        """Open a dispute: a buyer's bank takes money back, or only asks first."""
        books = self._books
        charge = books.charge_of(charge_or_intent_id)
        case = rules.open_dispute(
            charge,
            books.disputes.by_ref2(charge.id),
            dispute_id=new_id("du_1"),
            transaction_id=new_id("txn_1"),
            amount=amount,
            reason=reason,
            inquiry=inquiry,
            now=books.now(),
        )
        dispute = case.dispute
        disputed = replace(charge, disputed=True)
        books.disputes.add(dispute.id, dispute, dispute.created, ref=charge.payment_intent, ref2=charge.id)
        books.charges.update(charge.id, disputed)
        self._publish(case, Cause())
        self.close_warnings(disputed)
        return dispute

    def answer(self, key: str, asked: UpdateDispute, cause: Cause) -> Dispute:
        """Store or submit the shop's evidence."""
        dispute = self._books.dispute(key)
        if asked.metadata is not None:
            dispute = replace(dispute, metadata={**dispute.metadata, **asked.metadata})
        case = rules.answer(dispute, asked.evidence, new_id("txn_1"), self._books.now(), submit=asked.submit)
        return self._apply(case, cause)

    def decide(self, key: str, step: Step, cause: Cause) -> Dispute:
        """Decide a dispute, for the bank, or for a shop that concedes."""
        case = rules.decide(self._books.dispute(key), step, new_id("txn_1"), self._books.now())
        return self._apply(case, cause)

    def warn(self, charge_or_intent_id: str, fraud_type: str) -> EarlyFraudWarning:
        """Store an early fraud warning of a card's bank."""
        charge = self._books.charge_of(charge_or_intent_id)
        warning = rules.warn(charge, new_id("issfr_1"), fraud_type, self._books.now())
        self._books.warnings.add(warning.id, warning, warning.created, ref=charge.payment_intent, ref2=charge.id)
        self._books.publish("radar.early_fraud_warning.created", warning, Cause())
        return warning

    def close_warnings(self, charge: Charge) -> None:
        """Close the warnings of a charge that is disputed or refunded in full: nothing is left to prevent."""
        if rules.is_actionable(charge):
            return
        for warning in self._books.warnings.by_ref2(charge.id):
            if warning.actionable:
                done = replace(warning, actionable=False)
                self._books.warnings.update(done.id, done)
                self._books.publish("radar.early_fraud_warning.updated", done, Cause())

    def follow(self, charge: Charge, aftermath: Aftermath) -> None:
        """Open the dispute or warning that a test payment method causes once it was charged."""
        match aftermath:
            case "dispute":
                self.open_dispute(charge.id, None, "fraudulent", inquiry=False)
            case "not_received":
                self.open_dispute(charge.id, None, "product_not_received", inquiry=False)
            case "inquiry":
                self.open_dispute(charge.id, None, "fraudulent", inquiry=True)
            case "warning":
                self.warn(charge.id, "made_with_stolen_card")
            case "none":
                pass

    def _apply(self, case: Case, cause: Cause) -> Dispute:
        self._books.disputes.update(case.dispute.id, case.dispute)
        self._publish(case, cause)
        return case.dispute

    def _publish(self, case: Case, cause: Cause) -> None:
        for kind, item in case.events:
            self._books.publish(kind, item, cause)
