"""What the world outside knows, compared with what the shop says: cards, parcels and mailboxes are no books of ours."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bus.messages.order import OrderFact
    from sandbox import Sandbox


def mismatches(box: "Sandbox", orders: "Iterable[OrderFact]") -> Iterator[str]:
    """Everything of which a buyer's bank or doorstep would tell another story.

    Args:
        box: The world outside.
        orders: All orders there are.
    """
    known = {order.id: order for order in orders}
    charges, charged = _charged(box)
    back, taken = _sent_back(box), _taken_back(box)
    for order_id in charges:
        if order_id not in known:
            yield f"I6 {order_id}: {charged[order_id]} was charged, and there is no such order"
    for order in known.values():
        yield from _of_one(order, charges[order.id], charged[order.id], back[order.id], taken[order.id])
    for order_id, parcels in Counter(shipment.reference for shipment in box.shipments()).items():
        if parcels > 1:
            yield f"I4 {order_id}: {parcels} parcels were booked"


def repeated_mails(box: "Sandbox") -> int:
    """Mails that came again under the Message-ID of an earlier one: a crash after SMTP's answer may do that."""
    return sum(times - 1 for times in Counter(mail.message_id for mail in box.mails()).values())


def _of_one(order: "OrderFact", charges: int, charged: int, back: int, taken: int) -> Iterator[str]:
    if charges > 1:
        yield f"I2 {order.id}: its buyer was charged {charges} times"
    if charged not in (0, order.total.amount):
        yield f"I2 {order.id}: {charged} was charged for {order.total.amount}"
    if charged and order.status == "pending_payment":
        yield f"I6 {order.id}: {charged} was charged, and the order does not know"
    if order.status == "cancelled" and back + taken != charged:
        yield f"I6 {order.id}: it was cancelled; {charged} was charged and {back + taken} went back"
    if back != order.refunded:
        yield f"I8 {order.id}: {back} went back, and the order says {order.refunded}"


def _charged(box: "Sandbox") -> tuple[Counter[str], Counter[str]]:
    """How often each order's buyer was charged, and how much in all."""
    from bus.messages.currencies import from_stripe

    of_intent = _orders(box)
    times: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for charge in box.charges():
        if charge.status == "succeeded":
            times[of_intent[charge.payment_intent]] += 1
            amount = from_stripe(charge.amount, charge.currency.upper()).amount
            amounts[of_intent[charge.payment_intent]] += amount
    return times, amounts


def _sent_back(box: "Sandbox") -> Counter[str]:
    """By the payment, not by the refund's own metadata: one made in Stripe's dashboard has none."""
    from bus.messages.currencies import from_stripe

    of_intent = _orders(box)
    back: Counter[str] = Counter()
    for refund in box.refunds():
        if refund.status == "succeeded":
            amount = from_stripe(refund.amount, refund.currency.upper()).amount
            back[of_intent[refund.payment_intent]] += amount
    return back


def _taken_back(box: "Sandbox") -> Counter[str]:
    """What buyers' banks took for good. It can't be sent back a second time."""
    from bus.messages.currencies import from_stripe

    of_intent = _orders(box)
    taken: Counter[str] = Counter()
    for dispute in box.disputes():
        if dispute.status == "lost" and dispute.payment_intent is not None:
            taken[of_intent[dispute.payment_intent]] += from_stripe(dispute.amount, dispute.currency.upper()).amount
    return taken


def _orders(box: "Sandbox") -> dict[str, str]:
    """Whose payment each intent is."""
    return {intent.id: intent.metadata.get("order_id", "") for intent in box.payment_intents()}
