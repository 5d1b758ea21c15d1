"""Comparison of the shop's records with the outside world's: cards, parcels and mailboxes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bus.messages.amounts import from_stripe
from bus.messages.order import OrderFact
from bus.messages.payment import PaymentFact
from sandbox import Sandbox


@dataclass(slots=True)
class _Known:
    """An order's money as Stripe records it, in minor units."""

    charges: int = 0  # How many.
    charged: int = 0
    back: int = 0
    taken: int = 0  # By buyers' banks: for good, or until a dispute is decided.
    is_asked: bool = False  # A bank is still to decide about a debit.


def mismatches(sandbox: Sandbox, orders: Iterable[OrderFact], payments: Iterable[PaymentFact]) -> Iterator[str]:
    """Find every difference between the shop's records and a buyer's bank or doorstep.

    Args:
        sandbox: The world outside.
        orders: All orders there are.
        payments: All payments there are.
    """
    known = {order.id: order for order in orders}
    at_stripe = _at_stripe(sandbox)
    of_order: dict[str, list[PaymentFact]] = {}
    for payment in payments:
        of_order.setdefault(payment.order_id, []).append(payment)
    for order_id, money in at_stripe.items():
        if order_id not in known and money.charges:
            yield f"I6 {order_id}: {money.charged} was charged, and there is no such order"
    for order in known.values():
        money = at_stripe.get(order.id, _Known())
        yield from _of_order(order, money)
        yield from _of_payments(order, of_order.get(order.id, []), money)
    for order_id, parcels in Counter(shipment.reference for shipment in sandbox.shipments()).items():
        if parcels > 1:
            yield f"I4 {order_id}: {parcels} parcels were booked"


def repeated_mails(sandbox: Sandbox) -> int:
    """Count the mails that repeat an earlier Message-ID, as a crash after SMTP's answer may cause."""
    return sum(times - 1 for times in Counter(mail.message_id for mail in sandbox.mails()).values())


def _of_order(order: OrderFact, money: _Known) -> Iterator[str]:
    is_unpaid = order.status in ("pending_payment", "payment_processing")
    if money.charges > 1:
        yield f"I2 {order.id}: its buyer was charged {money.charges} times"
    if money.charged not in (0, order.total.amount):
        yield f"I2 {order.id}: {money.charged} was charged for {order.total.amount}"
    if money.charged and is_unpaid:
        yield f"I6 {order.id}: {money.charged} was charged, and the order does not know"
    if order.total.amount and not money.charged and not is_unpaid and order.status != "cancelled":
        yield f"I6 {order.id}: it is {order.status}, and nothing was charged"
    if order.status == "cancelled" and money.back + money.taken < money.charged:
        gone = money.back + money.taken
        yield f"I6 {order.id}: it was cancelled; {money.charged} was charged and {gone} went back"
    if money.back != order.refunded:
        yield f"I8 {order.id}: {money.back} went back, and the order says {order.refunded}"
    if money.is_asked != (order.status == "payment_processing") and order.status != "cancelled":
        word = "a" if money.is_asked else "no"
        yield f"I6 {order.id}: {word} bank is asked, and the order is {order.status}"


def _of_payments(order: OrderFact, payments: list[PaymentFact], money: _Known) -> Iterator[str]:
    compared = [
        ("I6", "was charged", money.charged, sum(payment.received for payment in payments)),
        ("I8", "went back", money.back, sum(payment.refunded for payment in payments)),
        ("I6", "is with its buyer's bank", money.taken, sum(payment.withdrawn for payment in payments)),
    ]
    for rule, what, there, here in compared:
        if there != here:
            yield f"{rule} {order.id}: {there} {what}, and its payment says {here}"


def _at_stripe(sandbox: Sandbox) -> dict[str, _Known]:
    """Sum up Stripe's records by order. A refund or dispute belongs to its payment: the dashboard sets no metadata."""
    of_intent = {intent.id: intent.metadata.get("order_id", "") for intent in sandbox.payment_intents()}
    known = {order_id: _Known() for order_id in of_intent.values()}
    for intent in sandbox.payment_intents():
        known[of_intent[intent.id]].is_asked |= intent.status == "processing"
    for charge in sandbox.charges():
        if charge.status == "succeeded":
            money = known[of_intent[charge.payment_intent]]
            money.charges += 1
            money.charged += from_stripe(charge.amount, charge.currency.upper()).amount
    for refund in sandbox.refunds():
        if refund.status == "succeeded":
            known[of_intent[refund.payment_intent]].back += from_stripe(refund.amount, refund.currency.upper()).amount
    for dispute in sandbox.disputes():
        is_taken = sum(moved.amount for moved in dispute.balance_transactions) < 0
        if is_taken and dispute.payment_intent is not None:
            amount = from_stripe(dispute.amount, dispute.currency.upper()).amount
            known[of_intent[dispute.payment_intent]].taken += amount
    return known
