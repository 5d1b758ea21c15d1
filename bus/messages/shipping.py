"""Shipping: carriers are booked, and say where parcels are."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.base import OrderId, Value
from engine.message import Command, Event, Query, Reply

ParcelStatus: TypeAlias = Literal["picked_up", "in_transit", "out_for_delivery", "delivered", "exception"]


class RecordBooking(Command[None]):
    """What the carrier answered to a booking."""

    order_id: OrderId
    shipment_id: str
    carrier: str
    tracking_number: str
    parcel_id: str = ""  # Empty for the first, which has its order's id.


class TrackingRecorded(Reply):
    """Stored; `is_new` is False for a repeat."""

    is_new: bool


class NoSuchShipment(Reply):
    """No parcel of this shop has this number."""

    tracking_number: str


class RecordTracking(Command[TrackingRecorded | NoSuchShipment]):
    """Store what a carrier said about a parcel, once."""

    tracking_number: str
    event_id: str
    status: ParcelStatus
    at: datetime
    detail: str


class ShipmentBooked(Event):
    """A carrier will take, or has taken, an order's parcel."""

    order_id: OrderId
    carrier: str
    tracking_number: str
    parcel_id: str = ""


class ParcelMoved(Event):
    """A carrier has said where an order's parcel is."""

    order_id: OrderId
    status: ParcelStatus
    at: datetime
    detail: str


class ShipmentFact(Value, frozen=True, kw_only=True):
    """What an audit compares an order with."""

    order_id: OrderId
    tracking_number: str
    parcel_id: str = ""


class ShipmentFacts(Reply):
    """In any order."""

    facts: tuple[ShipmentFact, ...]


class ReadShipmentFacts(Query[ShipmentFacts]):
    """Read shipments, by their orders' ids."""

    after: OrderId
    until: OrderId | None = None  # The last one; None for no end.
