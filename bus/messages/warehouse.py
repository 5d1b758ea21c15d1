"""The warehouse: from paid to packed and handed over."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.base import OrderId, OrderLine
from engine.message import Command, Event, Query, Reply

PickListStatus: TypeAlias = Literal["waiting", "open", "picked", "packed", "shipped", "cancelled"]


class PickList(Reply):
    """What to take from the shelves for one order. Its id is the order's."""

    id: OrderId
    number: str
    status: PickListStatus
    lines: tuple[OrderLine, ...]
    weight_g: int
    created_at: datetime


class NoSuchPickList(Reply):
    """There is none of this id."""

    id: OrderId


class WrongStep(Reply):
    """Not now: a pick list is open, then picked, then packed, then shipped."""

    id: OrderId
    status: PickListStatus


class PickListPage(Reply):
    """The oldest first, and where the next page starts."""

    pick_lists: tuple[PickList, ...]
    next: str | None


class ListPickLists(Query[PickListPage]):
    """What is to be done."""

    limit: int = 20  # 1 to 100.
    status: PickListStatus | None = None
    after: str = ""


class Pick(Command[PickList | NoSuchPickList | WrongStep]):
    """Everything was taken from the shelves. Safe to send twice."""

    id: OrderId


class Pack(Command[PickList | NoSuchPickList | WrongStep]):
    """It is in a parcel. Safe to send twice."""

    id: OrderId


class Ship(Command[PickList | NoSuchPickList | WrongStep]):
    """The parcel is ready for a carrier. Safe to send twice."""

    id: OrderId


class PickingStarted(Event):
    """Somebody has begun to take an order from the shelves."""

    order_id: OrderId


class ParcelPacked(Event):
    """An order's parcel is closed."""

    order_id: OrderId


class ParcelReady(Event):
    """A parcel waits for a carrier."""

    order_id: OrderId
    weight_g: int
