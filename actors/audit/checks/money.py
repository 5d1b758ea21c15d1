"""Money that was asked for, captured and refunded fits the order's total. Pure."""

from collections.abc import Iterator
from typing import Final

from actors.audit.case import UNPAID, Case
from bus.messages.audit import Finding
from bus.messages.payment import PaymentFact, ReadPaymentFacts

ASKS: Final = (ReadPaymentFacts,)
MOVED_BY: Final = ("payment",)


def check(case: Case) -> Iterator[Finding]:
    """Compare an order with its payments. A payment without an order is fine until money comes: it ends by itself."""
    order, payments = case.order, case.of(PaymentFact)
    if order is None:
        is_left = any(payment.received or payment.status == "processing" for payment in payments)
        yield from case.stray("a payment", is_left=is_left)
        return
    own = next((payment for payment in payments if payment.purpose == "order"), None)
    asked, received, status = (own.amount, own.received, own.status) if own else (0, 0, "")
    in_all = sum(payment.received for payment in payments)
    refunded = sum(payment.refunded for payment in payments)
    left = in_all - sum(payment.refunding + payment.withdrawn for payment in payments)
    total = order.total.amount
    has_currency = all(payment.currency in ("", order.total.currency) for payment in payments)
    is_processing, is_waiting = status == "processing", order.status == "payment_processing"
    yield from case.broken(
        ("asked_equals_total", asked in (0, total) and has_currency,
         f"{asked} was asked for, the order is {order.total}", "cancel_order"),
        ("captured_equals_total", received in (0, total),
         f"{received} was captured, the order is {order.total}", "return_excess_at_stripe"),
        ("captured_is_paid", not received or order.status not in ("pending_payment", "payment_processing"),
         f"{received} was captured, the order waits to be paid", "refund"),
        ("cancelled_goes_back", order.status != "cancelled" or left <= 0,
         f"{left} of {in_all} is not on its way back", "refund"),
        ("delivered_is_paid", bool(received) or not total or order.status in UNPAID,
         f"the order is {order.status}, nothing was captured", "cancel_or_collect"),
        ("waits_for_its_bank", is_processing == is_waiting or order.status == "cancelled",
         f"the order is {order.status}, its payment {status or 'missing'}", "ask_stripe"),
        ("refunded_agrees", order.refunded == refunded,
         f"{order.refunded} by the order, {refunded} by the payment",
         "repair" if refunded <= total else "compare_at_stripe"),
    )  # fmt: skip
