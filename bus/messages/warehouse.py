"""The warehouse: from paid to packed and handed over."""

from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from bus.messages.base import Fact, OrderId, OrderLine, ReadSpan, Units
from engine.message import Command, Event, Query, Reply

IN_HAND: Final = timedelta(minutes=30)  # Then a list that was left lying is anybody's again.
MOST_LISTS: Final = 50  # In one round.
PickListStatus: TypeAlias = Literal["waiting", "open", "picked", "packed", "shipped", "cancelled"]


class PickList(Reply):
    """The goods to take from the shelves for one parcel. The first list of an order has the order's id."""

    id: OrderId
    number: str
    status: PickListStatus
    lines: tuple[OrderLine, ...]
    weight_g: int
    created_at: datetime
    order_id: OrderId = ""
    doubts: tuple[str, ...] = ()  # Why the money is in doubt: "dispute du_1", "fraud warning issfr_1", "refunded".
    picker: str = ""  # The member of staff who has it in hand, or had it last.
    picker_since: datetime | None = None

    @property
    def of_order(self) -> OrderId:
        return self.order_id or self.id

    def picker_at(self, now: datetime) -> str:
        """Return who has it in hand at a time, "" if nobody has."""
        return self.picker if self.picker_since is not None and now - self.picker_since < IN_HAND else ""


class NoSuchPickList(Reply):
    """No pick list has this id."""

    id: OrderId


class WrongStep(Reply):
    """The step is refused in this status: a pick list is open, then picked, then packed, then shipped."""

    id: OrderId
    status: PickListStatus


class MoneyInDoubt(Reply):
    """The order's money may go back, or has: nothing was done. Retry with `despite_doubt` to go on all the same."""

    id: OrderId
    doubts: tuple[str, ...]


class TakenByOther(Reply):
    """The pick list is in the hands of somebody else: nothing was done."""

    id: OrderId
    since: datetime


class PickListPage(Reply):
    """Pick lists, the oldest first, and the cursor of the next page."""

    pick_lists: tuple[PickList, ...]
    next: str | None


class ListPickLists(Query[PickListPage]):
    """List pick lists, the oldest first."""

    limit: int = 20  # 1 to 100.
    status: PickListStatus | None = None
    after: str = ""
    picker: str = ""  # Only those that this member of staff has in hand: open, picked or packed. Without a status.


class ReadPickLists(Query[PickListPage]):
    """Read pick lists by id, 200 at most. Unknown ones are missing."""

    ids: tuple[OrderId, ...]


class TakeWave(Command[PickListPage]):
    """Take the oldest open lists in hand, until one has so many in all. Safe to send twice.

    What others have in hand stays with them. The answer has all open lists that one has, the oldest first.
    """

    by: str  # The member of staff.
    lists: int  # 1 to 50.


class TakeInHand(Command[PickList | NoSuchPickList | WrongStep | TakenByOther]):
    """Take one open or picked list in hand. Safe to send twice."""

    id: OrderId
    by: str
    take_over: bool = False  # Even if somebody else has it.


class PutAside(Command[PickList | NoSuchPickList]):
    """Give a list back that one has in hand. Somebody else's stays as it is."""

    id: OrderId
    by: str


class Open(Command[PickList | NoSuchPickList | WrongStep]):
    """Open the pick list of a paid order whose payment the warehouse has missed. Safe to send twice."""

    id: OrderId


class Pick(Command[PickList | NoSuchPickList | WrongStep | TakenByOther]):
    """Record that all goods were taken from the shelves. Safe to send twice."""

    id: OrderId
    by: str = ""  # The member of staff; refused if another has the list in hand.


class Pack(Command[PickList | NoSuchPickList | WrongStep | MoneyInDoubt]):
    """Record that the goods are in a parcel. Safe to send twice."""

    id: OrderId
    despite_doubt: bool = False


class Ship(Command[PickList | NoSuchPickList | WrongStep | MoneyInDoubt]):
    """Record that the parcel is ready for a carrier. Safe to send twice."""

    id: OrderId
    despite_doubt: bool = False


class PickingStarted(Event):
    """The picking of an order has begun."""

    order_id: OrderId


class ParcelPacked(Event):
    """An order's parcel is closed."""

    order_id: OrderId
    parcel_id: str = ""  # Empty for the first, which has its order's id.


class ParcelReady(Event):
    """A parcel waits for a carrier."""

    order_id: OrderId
    weight_g: int
    parcel_id: str = ""


class PickListFact(Fact, frozen=True, kw_only=True):
    """A pick list, as an audit compares it with its order."""

    id: OrderId
    status: PickListStatus
    confirmed: bool
    order_id: OrderId = ""
    units: tuple[Units, ...]
    created_at: datetime

    @property
    def of_order(self) -> OrderId:
        return self.order_id or self.id  # The first parcel has its order's id.


class PickListFacts(Reply):
    """Facts about pick lists, the oldest first, or in the order of their ids."""

    facts: tuple[PickListFact, ...]


class ReadPickListFacts(ReadSpan[PickListFacts]):
    """Read pick lists, by their orders' ids."""


class ListUnopened(Query[PickListFacts]):
    """List pick lists that still wait for their orders to be paid."""

    after: OrderId
    since: datetime
    before: datetime  # Only lists that were made until then.
    limit: int = 100
