"""Pick lists and shipments follow their order. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from actors.audit.case import GONE, Case, counted, in_words
from bus.messages.audit import Action, Finding
from bus.messages.order import OrderStatus
from bus.messages.shipping import ReadShipmentFacts, ShipmentFact
from bus.messages.warehouse import PickListFact, PickListStatus, ReadPickListFacts

ASKS: Final = (ReadPickListFacts, ReadShipmentFacts)
MOVED_BY: Final = ("warehouse", "shipping")

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


def check(case: Case) -> Iterator[Finding]:
    """Compare an order with its pick lists (one for each parcel) and with its carrier's bookings."""
    order, pick_lists, shipments = case.order, case.of(PickListFact), case.of(ShipmentFact)
    if order is None:
        yield from case.stray("a pick list", is_left=bool(pick_lists))
        yield from case.stray("a shipment", is_left=bool(shipments))
        return
    statuses = {pick_list.status for pick_list in pick_lists}
    listed, ordered = counted(units for one in pick_lists for units in one.units), counted(order.units)
    is_waiting = "waiting" in statuses and order.status == "paid"
    follow: Action = "open_pick_list" if is_waiting else "redrive_or_take_step"
    is_gone = order.status in GONE
    booked = Counter(shipment.parcel_id or shipment.order_id for shipment in shipments)
    ready = [one.id for one in pick_lists if one.status == "shipped" and one.confirmed]
    numbers = [shipment.tracking_number for shipment in shipments]
    yield from case.broken(
        ("pick_list_follows_order", bool(statuses) and statuses <= _PICK_LISTS[order.status],
         f"the order is {order.status}, its pick list {', '.join(sorted(statuses)) or 'is missing'}", follow),
        ("pick_list_equals_lines", not pick_lists or listed == ordered,
         f"{in_words(listed)} is to be picked, {in_words(ordered)} was ordered", "pick_as_ordered"),
        ("one_shipment", max(booked.values(), default=0) <= 1,
         f"{len(numbers)} shipments: {', '.join(numbers)}", "stop_other_parcels"),
        ("shipment_of_shipped", is_gone or not numbers,
         f"booked as {', '.join(numbers)}, the order is {order.status}", "stop_parcel"),
        ("shipped_has_shipment", not is_gone or order.tracking_number in numbers,
         f"the order says {order.tracking_number}, booked is {', '.join(numbers) or 'nothing'}", "ask_carrier"),
        ("ready_is_booked", is_gone or all(booked[parcel] for parcel in ready),
         "it waits for a carrier", "redrive_or_book"),
    )  # fmt: skip
