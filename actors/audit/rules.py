"""What must be true of an order across the domains, and what to do when it is not. Pure.

Each domain says what it knows of an order; none of them is asked about another's. Facts that are read at different
moments may disagree while an order moves, so whoever calls this looks twice (see sweep.py).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bus.messages.audit import Action, CheckId, Finding, Remedy
from bus.messages.base import OrderId, Sku, Units
from bus.messages.email import MailFact
from bus.messages.inventory import HoldFact
from bus.messages.order import OrderFact, OrderStatus
from bus.messages.payment import PaymentFact
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
_ONCE: Final = (
    "order_created", "payment_received", "order_settled", "order_fulfilled", "order_shipped", "order_delivered",
)  # fmt: skip
# Whose counter it is that `repair` sets, by what was found wrong with it.
STOCK_CHECKS: Final[frozenset[CheckId]] = frozenset(
    {
        "assigned_equals_holds", "assigned_equals_ledger", "held_equals_holds", "held_equals_ledger",
        "never_oversold", "readers_know_level",
    }
)  # fmt: skip
REFUND_CHECKS: Final[frozenset[CheckId]] = frozenset({"refunds_equal_rows", "refunds_equal_stripes", "refunded_agrees"})


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
    remedy = Remedy(action="restore_or_return_money", target=order_id)
    return [
        Finding(check="order_exists", about=order_id, detail=f"{what} of an order that does not exist", remedy=remedy)
        for what, is_left in left
        if is_left
    ]


def _money(order: OrderFact, payments: Sequence[PaymentFact]) -> list[Finding]:
    own = next((payment for payment in payments if payment.purpose == "order"), None)
    asked, received, status = (own.amount, own.received, own.status) if own else (0, 0, "")
    in_all = sum(payment.received for payment in payments)
    refunded = sum(payment.refunded for payment in payments)
    left = in_all - sum(payment.refunding + payment.withdrawn for payment in payments)
    total = order.total.amount
    has_currency = all(payment.currency in ("", order.total.currency) for payment in payments)
    is_processing, is_waiting = status == "processing", order.status == "payment_processing"
    refund, compare = Remedy(action="refund", target=order.id), Remedy(action="compare_at_stripe", target=order.id)
    return _told(
        order.id,
        ("asked_equals_total", asked in (0, total) and has_currency,
         f"{asked} was asked for, the order is {order.total}",
         Remedy(action="cancel_order", target=order.id)),
        ("captured_equals_total", received in (0, total), f"{received} was captured, the order is {order.total}",
         Remedy(action="return_excess_at_stripe", target=order.id)),
        ("captured_is_paid",
         not received or order.status not in ("pending_payment", "payment_processing"),
         f"{received} was captured, the order waits to be paid", refund),
        ("cancelled_goes_back", order.status != "cancelled" or left <= 0,
         f"{left} of {in_all} is not on its way back", refund),
        ("delivered_is_paid", bool(received) or not total or order.status in _UNPAID,
         f"the order is {order.status}, nothing was captured", Remedy(action="cancel_or_collect", target=order.id)),
        ("waits_for_its_bank", is_processing == is_waiting or order.status == "cancelled",
         f"the order is {order.status}, its payment {status or 'missing'}",
         Remedy(action="ask_stripe", target=order.id)),
        ("refunded_agrees", order.refunded == refunded,
         f"{order.refunded} by the order, {refunded} by the payment",
         Remedy(action="repair", target=order.id) if refunded <= total else compare),
    )  # fmt: skip


def _units(order: OrderFact, holds: Sequence[HoldFact]) -> list[Finding]:
    ordered, sold = _sum(order.units), _sum(hold for hold in holds if hold.stage in ("sold", "shipped"))
    gone = _sum(hold for hold in holds if hold.stage == "shipped")
    # A checkout that is tried again sets units aside, finds its order cancelled and gives them back; or they expire.
    kept = _sum(hold for hold in holds if hold.stage in _KEPT)
    return _told(
        order.id,
        ("paid_is_sold", order.status in _UNPAID or sold == ordered,
         f"{_say(sold)} is sold, {_say(ordered)} was ordered", Remedy(action="count_or_cancel", target=order.id)),
        ("shipped_has_left", gone == (ordered if order.status in _GONE else _NOTHING),
         f"{_say(gone)} left the shelf, the order is {order.status}",
         Remedy(action="redrive_or_count", target=order.id)),
        ("unpaid_is_not_sold", order.status != "pending_payment" or not sold,
         f"{_say(sold)} is sold, the order waits to be paid", Remedy(action="cancel_order", target=order.id)),
        ("cancelled_keeps_nothing", order.status != "cancelled" or not kept,
         f"{_say(kept)} is kept for a cancelled order",
         Remedy(action="count_or_redrive", target=order.id)),
    )  # fmt: skip


def _parcels(order: OrderFact, pick_lists: Sequence[PickListFact], shipments: Sequence[ShipmentFact]) -> list[Finding]:
    statuses = {pick_list.status for pick_list in pick_lists}
    listed = _sum(units for pick_list in pick_lists for units in pick_list.units)
    is_waiting = "waiting" in statuses and order.status == "paid"
    follow: Action = "open_pick_list" if is_waiting else "redrive_or_take_step"
    is_gone = order.status in _GONE
    booked = Counter(shipment.parcel_id or shipment.order_id for shipment in shipments)
    ready = [one.id for one in pick_lists if one.status == "shipped" and one.confirmed]
    numbers = [shipment.tracking_number for shipment in shipments]
    return _told(
        order.id,
        ("pick_list_follows_order", bool(statuses) and statuses <= _PICK_LISTS[order.status],
         f"the order is {order.status}, its pick list {', '.join(sorted(statuses)) or 'is missing'}",
         Remedy(action=follow, target=order.id)),
        ("pick_list_equals_lines", not pick_lists or listed == _sum(order.units),
         f"{_say(listed)} is to be picked, {_say(_sum(order.units))} was ordered",
         Remedy(action="pick_as_ordered", target=order.id)),
        ("one_shipment", max(booked.values(), default=0) <= 1,
         f"{len(numbers)} shipments: {', '.join(numbers)}", Remedy(action="stop_other_parcels", target=order.id)),
        ("shipment_of_shipped", is_gone or not numbers,
         f"booked as {', '.join(numbers)}, the order is {order.status}", Remedy(action="stop_parcel", target=order.id)),
        ("shipped_has_shipment", not is_gone or order.tracking_number in numbers,
         f"the order says {order.tracking_number}, booked is {', '.join(numbers) or 'nothing'}",
         Remedy(action="ask_carrier", target=order.id)),
        ("ready_is_booked", is_gone or all(booked[parcel] for parcel in ready),
         "it waits for a carrier", Remedy(action="redrive_or_book", target=order.id)),
    )  # fmt: skip


def _mails(order: OrderFact, payments: Sequence[PaymentFact], mails: Sequence[MailFact]) -> list[Finding]:
    sent = {mail.template: mail.sent for mail in mails}
    bounds = dict.fromkeys(_ONCE, 1) | {"refund_processed": sum(payment.refunds for payment in payments)}
    remedy = Remedy(action="read_timeline", target=order.id)
    return _told(
        order.id,
        *(
            ("one_mail_for_each_event", sent.get(template, 0) <= most,
             f"{sent.get(template)} of {template}, {most} would be right", remedy)
            for template, most in bounds.items()
        ),
    )  # fmt: skip


def missing(order_id: OrderId) -> Finding:
    """A buyer was answered with an order that is not there."""
    return Finding(
        check="answered_orders_exist",
        about=order_id,
        detail="its checkout was answered, and there is no such order",
        remedy=Remedy(action="restore_order", target=order_id),
    )


def overdue(late: Overdue) -> Finding:
    """Something is not handled, though its time has come."""
    return Finding(
        check="nothing_is_overdue",
        about=f"{late.subscriber} {late.type}",
        detail=f"{late.count} should have been handled by now, the oldest since {late.oldest:%Y-%m-%d %H:%M:%S} UTC",
        remedy=Remedy(action="host_actor", target=late.subscriber),
    )


def stale(sku: Sku, detail: str) -> Finding:
    """Readers are told a level that is not true."""
    remedy = Remedy(action="repair", target=sku)
    return Finding(check="readers_know_level", about=sku, detail=f"{detail}, by what Redis keeps", remedy=remedy)


def with_letter(finding: Finding, letter_id: int, why: str) -> Finding:
    """A message about it is parked: that comes first."""
    remedy = Remedy(action="redrive", target=str(letter_id), detail=why)
    return Finding(check=finding.check, about=finding.about, detail=finding.detail, remedy=remedy)


def bounded(findings: Sequence[Finding]) -> list[Finding]:
    """The first thousand, and how many more there are."""
    if len(findings) <= MOST_FINDINGS:
        return list(findings)
    more = f"{len(findings) - MOST_FINDINGS + 1} more findings are not told"
    last = Finding(check="more_findings", about="", detail=more, remedy=Remedy(action="see_to_others_first"))
    return [*findings[: MOST_FINDINGS - 1], last]


def _told(about: str, *checks: tuple[CheckId, bool, str, Remedy]) -> list[Finding]:
    return [
        Finding(check=check, about=about, detail=detail, remedy=remedy)
        for check, holds, detail, remedy in checks
        if not holds
    ]


def _sum(units: Iterable[Units | HoldFact]) -> Counter[Sku]:
    total = Counter[Sku]()
    for each in units:
        total[each.sku] += each.quantity
    return total


def _say(units: Mapping[Sku, int]) -> str:
    return ", ".join(f"{quantity} {sku}" for sku, quantity in sorted(units.items())) or "nothing"
