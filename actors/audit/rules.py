"""What must be true of an order across the domains, and what to do when it is not. Pure.

Each domain says what it knows of an order; none of them is asked about another's. Facts that are read at different
moments may disagree while an order moves, so whoever calls this looks twice (see sweep.py).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, get_args

from bus.messages.audit import REPAIR
from bus.messages.base import Finding, OrderId, Sku, Units
from bus.messages.email import MailedOnce, MailFact, template_of
from bus.messages.inventory import HoldFact
from bus.messages.order import OrderFact, OrderStatus
from bus.messages.payment import PaymentFact, RefundProcessed
from bus.messages.shipping import ShipmentFact
from bus.messages.warehouse import PickListFact, PickListStatus

# Whose unhandled messages can change what is judged here.
JUDGED: Final = ("order", "payment", "inventory", "warehouse", "shipping")
MOST_FINDINGS: Final = 1000

_GONE: Final[frozenset[OrderStatus]] = frozenset({"shipped", "in_transit", "delivered"})
_KEPT: Final = frozenset({"payment", "processing", "sold", "shipped"})  # Stages of units that nobody else gets.
_NOTHING: Final = Counter[Sku]()
_UNPAID: Final[frozenset[OrderStatus]] = frozenset({"pending_payment", "payment_processing", "cancelled"})
_PICK_LISTS: Final[Mapping[OrderStatus, frozenset[PickListStatus]]] = {
    "pending_payment": frozenset({"waiting"}),
    "payment_processing": frozenset({"waiting"}),
    "paid": frozenset({"open"}),
    "picking": frozenset({"picked"}),
    "packed": frozenset({"packed", "shipped"}),
    "shipped": frozenset({"shipped"}),
    "in_transit": frozenset({"shipped"}),
    "delivered": frozenset({"shipped"}),
    "cancelled": frozenset({"cancelled"}),
}
_ONCE: Final = tuple(template_of(event) for event in get_args(MailedOnce))
_FOR_EACH_REFUND: Final = template_of(RefundProcessed)
REFUNDED: Final = "I8 refunded"


@dataclass(slots=True)
class Case:
    """All that is known of one order."""

    order: OrderFact | None = None
    payments: list[PaymentFact] = field(default_factory=list)
    holds: list[HoldFact] = field(default_factory=list)
    pick_lists: list[PickListFact] = field(default_factory=list)  # One for each parcel.
    shipments: list[ShipmentFact] = field(default_factory=list)
    mails: list[MailFact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overdue:
    """Deliveries of one type that their subscriber should have handled by now."""

    subscriber: str
    type: str
    count: int
    oldest: datetime


def cases(
    orders: Iterable[OrderFact],
    payments: Iterable[PaymentFact],
    holds: Iterable[HoldFact],
    pick_lists: Iterable[PickListFact],
    shipments: Iterable[ShipmentFact],
    mails: Iterable[MailFact],
) -> dict[OrderId, Case]:
    """Put together what the domains say, by order."""
    found: dict[OrderId, Case] = {order.id: Case(order) for order in orders}
    for payment in payments:
        found.setdefault(payment.order_id, Case()).payments.append(payment)
    for hold in holds:
        found.setdefault(hold.order_id, Case()).holds.append(hold)
    for pick_list in pick_lists:
        found.setdefault(pick_list.order_id or pick_list.id, Case()).pick_lists.append(pick_list)
    for shipment in shipments:
        found.setdefault(shipment.order_id, Case()).shipments.append(shipment)
    for mail in mails:
        found.setdefault(mail.order_id, Case()).mails.append(mail)
    return found


def judge(order_id: OrderId, case: Case) -> list[Finding]:
    """What is wrong with an order; nothing is the good answer."""
    if case.order is None:
        return _strays(order_id, case)
    return [
        *_money(case.order, case.payments),
        *_units(case.order, case.holds),
        *_parcels(case.order, case.pick_lists, case.shipments),
        *_mails(case.order, case.payments, case.mails),
    ]


def _strays(order_id: OrderId, case: Case) -> list[Finding]:
    """There is no such order. What a checkout sets aside before it places its order ends by itself."""
    left = [
        ("a payment", any(payment.received or payment.status == "processing" for payment in case.payments)),
        ("units that were sold or wait for money", any(hold.stage in _KEPT for hold in case.holds)),
        ("a pick list", bool(case.pick_lists)),
        ("a shipment", bool(case.shipments)),
        ("mails", bool(case.mails)),
    ]
    remedy = "find out who deleted the order; restore it from a backup, or give its money back at Stripe"
    return [
        Finding(
            rule="I1 its order exists", about=order_id, detail=f"{what} of an order that does not exist", remedy=remedy
        )
        for what, is_left in left
        if is_left
    ]


def _money(order: OrderFact, payments: Sequence[PaymentFact]) -> list[Finding]:
    own = next((payment for payment in payments if payment.purpose == "order"), None)
    asked, received, status = (own.amount, own.received, own.status) if own else (0, 0, "")
    in_all = sum(payment.received for payment in payments)
    refunded = sum(payment.refunded for payment in payments)
    left = in_all - sum(payment.refunding + payment.withdrawn for payment in payments)
    total, path = order.total.amount, f"/admin/api/orders/{order.id}/refunds"
    has_currency = all(payment.currency in ("", order.total.currency) for payment in payments)
    is_processing, is_waiting = status == "processing", order.status == "payment_processing"
    cancel = f"POST /orders/{order.id}/cancel as staff, if it was not packed; else ask its buyer for the money"
    return _told(
        order.id,
        ("I2 asked = total", asked in (0, total) and has_currency, f"{asked} was asked for, the order is {order.total}",
         f"POST /orders/{order.id}/cancel as staff; the buyer orders again"),
        ("I2 captured = total", received in (0, total), f"{received} was captured, the order is {order.total}",
         "compare with the payment at Stripe, and give back there what is too much"),
        ("I6 captured for an order that is paid",
         not received or order.status not in ("pending_payment", "payment_processing"),
         f"{received} was captured, the order waits to be paid", f"POST {path} gives it back"),
        ("I6 captured for a cancelled order goes back", order.status != "cancelled" or left <= 0,
         f"{left} of {in_all} is not on its way back", f"POST {path} gives it back"),
        ("I6 what is delivered is paid", bool(received) or not total or order.status in _UNPAID,
         f"the order is {order.status}, nothing was captured", cancel),
        ("I6 an order waits while its bank decides", is_processing == is_waiting or order.status == "cancelled",
         f"the order is {order.status}, its payment {status or 'missing'}",
         f"POST /admin/api/orders/{order.id}/look-at-stripe"),
        (REFUNDED, order.refunded == refunded,
         f"{order.refunded} by the order, {refunded} by the payment",
         REPAIR if refunded <= total else "compare with the payment at Stripe"),
    )  # fmt: skip


def _units(order: OrderFact, holds: Sequence[HoldFact]) -> list[Finding]:
    ordered, sold = _sum(order.units), _sum(hold for hold in holds if hold.stage in ("sold", "shipped"))
    gone = _sum(hold for hold in holds if hold.stage == "shipped")
    # A checkout that is tried again sets units aside, finds its order cancelled and gives them back; or they expire.
    kept = _sum(hold for hold in holds if hold.stage in _KEPT)
    cancel = f"POST /orders/{order.id}/cancel as staff; the buyer orders again"
    return _told(
        order.id,
        ("I4 what is paid is sold, no more", order.status in _UNPAID or sold == ordered,
         f"{_say(sold)} is sold, {_say(ordered)} was ordered", f"count the shelf; or {cancel}"),
        ("I4 what is shipped has left the shelf, no more", gone == (ordered if order.status in _GONE else _NOTHING),
         f"{_say(gone)} left the shelf, the order is {order.status}",
         "redrive the dead letter about it, if there is one; else count the shelf"),
        ("I4 what is not paid is not sold", order.status != "pending_payment" or not sold,
         f"{_say(sold)} is sold, the order waits to be paid", cancel),
        ("I4 what is cancelled keeps nothing", order.status != "cancelled" or not kept,
         f"{_say(kept)} is kept for a cancelled order",
         "count the shelf, then PUT /admin/api/stock/{sku}; if a dead letter is about the order, redrive it instead"),
    )  # fmt: skip


def _parcels(order: OrderFact, pick_lists: Sequence[PickListFact], shipments: Sequence[ShipmentFact]) -> list[Finding]:
    statuses = {pick_list.status for pick_list in pick_lists}
    listed = _sum(units for pick_list in pick_lists for units in pick_list.units)
    is_waiting = "waiting" in statuses and order.status == "paid"
    follow = (
        f"POST /admin/api/pick-lists/{order.id}/open"
        if is_waiting
        else "redrive the dead letter about it, if there is one; else look at the parcel, and take its next step"
    )
    is_gone = order.status in _GONE
    booked = Counter(shipment.parcel_id or shipment.order_id for shipment in shipments)
    ready = [one.id for one in pick_lists if one.status == "shipped" and one.confirmed]
    numbers = [shipment.tracking_number for shipment in shipments]
    return _told(
        order.id,
        ("I4 pick list follows its order", bool(statuses) and statuses <= _PICK_LISTS[order.status],
         f"the order is {order.status}, its pick list {', '.join(sorted(statuses)) or 'is missing'}", follow),
        ("I4 pick list = lines", not pick_lists or listed == _sum(order.units),
         f"{_say(listed)} is to be picked, {_say(_sum(order.units))} was ordered", "pick what the order says"),
        ("I4 at most one shipment", max(booked.values(), default=0) <= 1,
         f"{len(numbers)} shipments: {', '.join(numbers)}", "stop all but one of a parcel at the carrier"),
        ("I4 a shipment is of an order that is shipped", is_gone or not numbers,
         f"booked as {', '.join(numbers)}, the order is {order.status}", "stop the parcel at the carrier"),
        ("I4 what is shipped has its shipment", not is_gone or order.tracking_number in numbers,
         f"the order says {order.tracking_number}, booked is {', '.join(numbers) or 'nothing'}",
         "ask the carrier where the parcel is"),
        ("I4 a parcel that is ready is booked", is_gone or all(booked[parcel] for parcel in ready),
         "it waits for a carrier", "redrive the dead letter about it, if there is one; else book the carrier by hand"),
    )  # fmt: skip


def _mails(order: OrderFact, payments: Sequence[PaymentFact], mails: Sequence[MailFact]) -> list[Finding]:
    sent = {mail.template: mail.sent for mail in mails}
    bounds = dict.fromkeys(_ONCE, 1) | {_FOR_EACH_REFUND: sum(payment.refunds for payment in payments)}
    remedy = "nothing can be taken back; look for two events in the order's timeline"
    return _told(
        order.id,
        *(
            ("I5 a mail for each event", sent.get(template, 0) <= most,
             f"{sent.get(template)} of {template}, {most} would be right", remedy)
            for template, most in bounds.items()
        ),
    )  # fmt: skip


def missing(order_id: OrderId) -> Finding:
    """A buyer was answered with an order that is not there."""
    return Finding(
        rule="I1 answered orders exist",
        about=order_id,
        detail="its checkout was answered, and there is no such order",
        remedy="restore it from a backup; find out who deleted it",
    )


def overdue(late: Overdue) -> Finding:
    """Something is not handled, though its time has come."""
    return Finding(
        rule="I7 nothing is overdue",
        about=f"{late.subscriber} {late.type}",
        detail=f"{late.count} should have been handled by now, the oldest since {late.oldest:%Y-%m-%d %H:%M:%S} UTC",
        remedy=(
            f"see that a shop hosts {late.subscriber}, and that what it needs answers (the log says what is away): "
            "then they are handled by themselves. What can't be handled is in GET /admin/api/dead-letters"
        ),
    )


def stale(sku: Sku, detail: str) -> Finding:
    """Readers are told a level that is not true."""
    return Finding(rule="I9 level", about=sku, detail=f"{detail}, by what Redis keeps", remedy=REPAIR)


def with_letter(finding: Finding, letter_id: int, why: str) -> Finding:
    """A message about it is parked: that comes first."""
    remedy = f"POST /admin/api/dead-letters/{letter_id}/redrive: {why}"
    return Finding(rule=finding.rule, about=finding.about, detail=finding.detail, remedy=remedy)


def bounded(findings: Sequence[Finding]) -> list[Finding]:
    """The first thousand, and how many more there are."""
    if len(findings) <= MOST_FINDINGS:
        return list(findings)
    more = f"{len(findings) - MOST_FINDINGS + 1} more findings are not told"
    last = Finding(rule="many", about="", detail=more, remedy="see to these first")
    return [*findings[: MOST_FINDINGS - 1], last]


def _told(about: str, *checks: tuple[str, bool, str, str]) -> list[Finding]:
    return [
        Finding(rule=rule, about=about, detail=detail, remedy=remedy)
        for rule, holds, detail, remedy in checks
        if not holds
    ]


def _sum(units: Iterable[Units | HoldFact]) -> Counter[Sku]:
    total = Counter[Sku]()
    for each in units:
        total[each.sku] += each.quantity
    return total


def _say(units: Mapping[Sku, int]) -> str:
    return ", ".join(f"{quantity} {sku}" for sku, quantity in sorted(units.items())) or "nothing"
