"""Shipping: carriers are booked, and report where parcels are."""

from datetime import datetime
from typing import ClassVar, TypeAlias

from bus.messages.base import Currency, Fact, Minor, OrderId, ReadSpan, Value
from engine.message import Command, Event, Query, Reply
from engine.sealing import Place

ShippingMethod: TypeAlias = str  # The id of one of the shop's methods: a row, not a name in the code.
ParcelStatus: TypeAlias = str  # A carrier's own word, of an open list; rules know the usual ones.


class MethodPrice(Value, frozen=True, kw_only=True):
    """The price of a method in one currency."""

    currency: Currency
    price: Minor
    free_from: Minor | None = None  # Goods of this price or more ship for free.


class PricedMethod(Value, frozen=True, kw_only=True):
    """A shipping method, with its price in the requested currency."""

    id: ShippingMethod
    title: str
    days_min: int
    days_max: int
    price: Minor
    free_from: Minor | None = None


class ShippingMethods(Reply):
    """Methods in the order in which buyers see them. Empty if no method has a price in this currency."""

    currency: Currency
    methods: tuple[PricedMethod, ...]


class ListShippingMethods(Query[ShippingMethods]):
    """List the shipping methods with their prices in one currency."""

    currency: Currency


class MethodDetail(Reply):
    """A method with its prices in all currencies, for staff."""

    id: ShippingMethod
    title: str
    days_min: int
    days_max: int
    place: int  # Buyers see the lowest first; it is the default.
    prices: tuple[MethodPrice, ...]


class AllMethods(Reply):
    """All methods, by place."""

    methods: tuple[MethodDetail, ...]


class ReadMethods(Query[AllMethods]):
    """Read all methods, whatever currencies they have prices in."""


class NoSuchMethod(Reply):
    """No shipping method has this id."""

    id: ShippingMethod


class SetShippingMethod(Command[MethodDetail | NoSuchMethod]):
    """Set a method's title, its duration, and its price in one currency. Safe to send twice."""

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
    """Store a carrier's report about a parcel, once."""

    names_persons: ClassVar[bool] = True
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
    """A carrier has reported where an order's parcel is."""

    order_id: OrderId
    status: ParcelStatus
    at: datetime
    detail: str = ""  # Of older versions alone: a carrier's free text may name people, and no event does.
    sealed: bytes | None = None  # That text, sealed under its order's key (see `report_place`).


def report_place(order_id: OrderId) -> Place:
    """The place of a carrier's free text: one box, which goes from the report to the order's timeline as it is."""
    return Place("shipping.tracking", "sealed", order_id)


class ShipmentFact(Fact, frozen=True, kw_only=True):
    """A shipment, as an audit compares it with its order."""

    order_id: OrderId
    tracking_number: str
    parcel_id: str = ""

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class ShipmentFacts(Reply):
    """Facts about shipments, in any order."""

    facts: tuple[ShipmentFact, ...]


class TroubledParcel(Value, frozen=True, kw_only=True):
    """A parcel whose carrier reported trouble last, or a word that nobody here knows."""

    parcel_id: str
    order_id: OrderId
    carrier: str
    tracking_number: str
    status: ParcelStatus
    detail: str
    since: datetime  # The arrival of the first such report since all was well.


class TroubledParcels(Reply):
    """Parcels in trouble, the longest first."""

    parcels: tuple[TroubledParcel, ...]


class ListTroubledParcels(Query[TroubledParcels]):
    """List parcels in trouble."""

    names_persons: ClassVar[bool] = True
    after: str
    since: datetime
    before: datetime  # Only parcels that have been in trouble since then.
    limit: int = 100


class ReadShipmentFacts(ReadSpan[ShipmentFacts]):
    """Read shipments, by their orders' ids."""
