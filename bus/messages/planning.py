"""Changes of products that are made at a time. The catalog has them."""

from datetime import datetime
from typing import Final

from bus.messages.base import ProductId
from bus.messages.catalog import ChangeProduct, NoSuchProduct
from engine.message import Command, Query, Reply

MOST_PLANNED: Final = 50  # Changes of one product that are to come.


class PlannedChange(Reply):
    """A change of a product that is made at a time, by the rules of all changes."""

    id: str
    product_id: ProductId
    due: datetime
    change: ChangeProduct
    by: str
    done_at: datetime | None = None  # None: not yet.
    refused: str | None = None  # Why it could not be made when its time came.


class PlanChange(Command[PlannedChange | NoSuchProduct]):
    """Plan a change of a product, or say again what it shall be. Its own fields are checked when its time comes."""

    product_id: ProductId
    id: str  # Made by whoever asks.
    due: datetime
    change: ChangeProduct


class PlannedChangeDropped(Reply):
    """The change will not be made."""

    id: str


class NoSuchPlan(Reply):
    """The product has no such change to come."""

    id: str


class DropPlannedChange(Command[PlannedChangeDropped | NoSuchPlan]):
    """Drop a change that is to come."""

    product_id: ProductId
    id: str


class PlannedChanges(Reply):
    """Planned changes of a product: those to come by their time, then those of the past, the last first."""

    changes: tuple[PlannedChange, ...]


class ListPlannedChanges(Query[PlannedChanges]):
    """List the planned changes of a product: all that are to come, and the last 50."""

    product_id: ProductId
