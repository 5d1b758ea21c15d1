"""Personal data in payments: declared, and shown. Who paid, and with which card, is known to Stripe alone."""

from typing import Final

from bus.messages.base import Money
from bus.messages.privacy import AT_ONCE, PaymentRecord, PersonalData, ReadPersonalPayments, RefundEntry
from engine.actor import turn
from engine.errors import BadInput
from engine.persons import PersonalColumns
from engine.transaction import Transaction

KEEPS: Final = (
    PersonalColumns(
        "payment.payments", ("order_id",), "counted", "What was paid, and Stripe's id of it.", shown="PaymentRecord"
    ),
    PersonalColumns(
        "payment.refunds", ("order_id",), "counted", "What went back, and why, in our words.", shown="PaymentRecord"
    ),
    PersonalColumns("payment.stripe_events", ("detail",), "counted", "Why an event changed nothing, in our words."),
)

_PAYMENTS = """
select payment_id, order_id, coalesce(intent_id, '') as stripe_intent, currency, amount, received, status, created_at
from payment.payments where order_id = any($1) order by created_at, payment_id"""
_REFUNDS = """
select payment_id, amount, reason, status, created_at from payment.refunds where order_id = any($1)
order by created_at, id"""


class PersonalPayments:
    """The turn of payments that shows what is kept of buyers."""

    @turn
    async def personal(self, tx: Transaction, ask: ReadPersonalPayments) -> PersonalData:
        if len(ask.order_ids) > AT_ONCE:
            raise BadInput(f"at most {AT_ONCE} orders")
        refunds = await tx.fetch(_REFUNDS, list(ask.order_ids))
        records = []
        for row in await tx.fetch(_PAYMENTS, list(ask.order_ids)):
            currency = row["currency"]
            of_it = tuple(
                RefundEntry(
                    amount=Money(amount=refund["amount"], currency=currency),
                    reason=refund["reason"],
                    status=refund["status"],
                    at=refund["created_at"],
                )
                for refund in refunds
                if refund["payment_id"] == row["payment_id"]
            )
            records.append(
                PaymentRecord(
                    order_id=row["order_id"],
                    stripe_intent=row["stripe_intent"],
                    amount=Money(amount=row["amount"], currency=currency),
                    received=Money(amount=row["received"], currency=currency),
                    status=row["status"],
                    created_at=row["created_at"],
                    refunds=of_it,
                )
            )
        return PersonalData(records=tuple(records))
