"""Shipping: carriers are booked, and say where parcels are."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.base import Currency, Fact, Minor, OrderId, ReadSpan, Value
from engine.message import Command, Event, Query, Reply

ShippingMethod: TypeAlias = str  # The id of one of the shop's methods: a row, not a name in the code.
ParcelStatus: TypeAlias = Literal["picked_up", "in_transit", "out_for_delivery", "delivered", "exception"]


class MethodPrice(Value, frozen=True, kw_only=True):
    """What a method costs in one currency."""

    currency: Currency
    price: Minor
    free_from: Minor | None = None  # Goods that cost so much travel for nothing.


class PricedMethod(Value, frozen=True, kw_only=True):
    """A way for a parcel to travel, with its price in the currency that was asked for."""

    id: ShippingMethod
    title: str
    days_min: int
    days_max: int
    price: Minor
    free_from: Minor | None = None


class ShippingMethods(Reply):
    """In the order in which buyers see them. None is an answer too: nobody has set a price in this currency."""

    currency: Currency
    methods: tuple[PricedMethod, ...]


class ListShippingMethods(Query[ShippingMethods]):
    """Ask how a parcel may travel, and for how much."""

    currency: Currency


class MethodDetail(Reply):
    """A method with its prices in all currencies, for staff."""

    id: ShippingMethod
    title: str
    days_min: int
    days_max: int
    place: int  # Buyers see the lowest first, and it is taken where nobody has chosen.
    prices: tuple[MethodPrice, ...]


class AllMethods(Reply):
    """By place."""

    methods: tuple[MethodDetail, ...]


class ReadMethods(Query[AllMethods]):
    """Read all methods, whatever they have a price in."""


class NoSuchMethod(Reply):
    """The shop does not ship like that."""

    id: ShippingMethod


class SetShippingMethod(Command[MethodDetail | NoSuchMethod]):
    """Say what a method is called, how long it takes, and what it costs in one currency. Safe to send twice."""

    id: ShippingMethod
    title: str
    days_min: int
    days_max: int
    price: MethodPrice


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


class ShipmentFact(Fact, frozen=True, kw_only=True):
    """What an audit compares an order with."""

    order_id: OrderId
    tracking_number: str
    parcel_id: str = ""

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class ShipmentFacts(Reply):
    """In any order."""

    facts: tuple[ShipmentFact, ...]


class ReadShipmentFacts(ReadSpan[ShipmentFacts]):
    """Read shipments, by their orders' ids."""
