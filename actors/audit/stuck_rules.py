"""Items that wait for a person, their remedies, and the merge of five sources into one list. Pure."""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias

from bus.messages.audit import Action, Remedy, StuckItem, StuckKind
from bus.messages.base import Money, OrderId
from bus.messages.order import KnownOrder, OwedOrder
from bus.messages.payment import PaymentFact, StuckPayment
from bus.messages.shipping import TroubledParcel
from bus.messages.warehouse import PickListFact

Source: TypeAlias = Literal["letters", "orders", "parcels", "payments", "pick-lists"]
Place: TypeAlias = tuple[datetime, str, str]  # Age, source and id of a row: where a list goes on.

# In the order of their names.
SOURCES: Final[tuple[Source, ...]] = ("letters", "orders", "parcels", "payments", "pick-lists")
UNOPENED: Final = timedelta(hours=24)  # A pick list whose order is paid may wait this long.
IN_TROUBLE: Final = timedelta(hours=24)  # A parcel may be in trouble this long: carriers often try again the next day.

_TICK = timedelta(microseconds=1)  # PostgreSQL's precision.
# Actions that a person takes at Stripe, and then settles here. A dispute that is decided leaves the list by itself.
_AT_STRIPE: Final[Mapping[StuckKind, Action]] = {
    "capture_refused": "return_at_stripe",
    "dispute_open": "answer_bank",
    "fraud_warning": "judge_warning",
}


class Parked(Protocol):
    """A message that could not be handled."""

    @property
    def id(self) -> int: ...
    @property
    def subscriber(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def parked_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a source; a row without an item needs no action."""

    since: datetime
    source: Source
    id: str
    item: StuckItem | None

    @property
    def age(self) -> tuple[datetime, str]:
        """Rank of the row among all sources; the rows of one source come in order."""
        return self.since, self.source


@dataclass(frozen=True, slots=True)
class Taken:
    """Items of a page, the last row that was read, and whether an item was left for the next page."""

    items: list[StuckItem]
    at: Place
    is_more: bool


def start(at: Place, source: Source) -> tuple[datetime, str]:
    """Find where a source continues after this place in the merged list."""
    since, last_source, last_id = at
    if source == last_source:
        return since, last_id
    return (since, "") if source > last_source else (since + _TICK, "")


def merge(found: Sequence[Sequence[Row]], at_once: int) -> tuple[list[Row], bool]:
    """Merge the next rows of all sources by age; return whether these are the last ones.

    A source that returned `at_once` rows may have more, so rows that are younger than its last one wait.
    """
    merged = heapq.merge(*found, key=lambda row: row.age)
    ends = [rows[-1].age for rows in found if len(rows) == at_once]
    return [row for row in merged if not ends or row.age <= min(ends)], not ends


def leave_out(rows: Sequence[Row], settled: Collection[str], parked: Collection[OrderId]) -> list[Row]:
    """Remove the items that a person has settled, or that a dead letter covers, from their rows."""
    return [row if _is_left(row, settled, parked) else replace(row, item=None) for row in rows]


def _is_left(row: Row, settled: Collection[str], parked: Collection[OrderId]) -> bool:
    if row.item is None or row.item.id in settled:
        return False
    return row.source == "letters" or row.item.order_id not in parked


def take(rows: Sequence[Row], room: int, at: Place) -> Taken:
    """Fill the rest of a page, which has `room` for so many items; `at` is the place reached so far."""
    items: list[StuckItem] = []
    for row in rows:
        if row.item is not None:
            if len(items) == room:
                return Taken(items, at, is_more=True)
            items.append(row.item)
        at = (row.since, row.source, row.id)
    return Taken(items, at, is_more=False)


def of_letter(letter: Parked, order: KnownOrder | None, now: datetime) -> StuckItem | None:
    """Propose to redrive a message about an order; any other message is listed with the dead letters."""
    if order is None:
        return None
    remedy = Remedy(action="redrive", target=str(letter.id))
    detail = f"{letter.subscriber} could not handle {letter.type}: {letter.error}"
    return _item("dead_letter", str(letter.id), order.id, None, letter.parked_at, now, detail, remedy)


def of_order(order: OwedOrder, payments: Sequence[PaymentFact], now: datetime, *, is_moving: bool) -> StuckItem | None:
    """Propose to refund a cancelled order, unless a message about it still waits to be handled."""
    left = sum(payment.received - payment.refunding - payment.withdrawn for payment in payments)
    if left <= 0 or is_moving:
        return None
    money = Money(amount=left, currency=payments[0].currency)
    remedy = Remedy(action="refund", target=order.order_id)
    detail = "its order is cancelled, and it is neither back nor on its way"
    return _item("money_not_back", order.order_id, order.order_id, money, order.since, now, detail, remedy)


def of_payment(stuck: StuckPayment, order: KnownOrder | None, now: datetime) -> StuckItem | None:
    """Find the remedy for a payment. A failed refund of a cancelled order is skipped: the order's item covers it."""
    if stuck.kind == "refund_failed" and order is not None and order.status == "cancelled":
        return None
    detail = f"{stuck.detail} ({stuck.intent_id})"
    return _item(stuck.kind, stuck.id, stuck.order_id, stuck.amount, stuck.since, now, detail, _remedy(stuck))


def _remedy(stuck: StuckPayment) -> Remedy:
    if action := _AT_STRIPE.get(stuck.kind):
        return Remedy(action=action, target=f"{stuck.kind}:{stuck.id}", detail=stuck.intent_id or "")
    order_id = stuck.order_id or ""
    if stuck.kind == "refund_failed":
        amount = stuck.amount.amount if stuck.amount else None
        return Remedy(action="refund_again", target=order_id, amount=amount)
    return Remedy(action="ask_stripe", target=order_id)


def of_parcel(parcel: TroubledParcel, now: datetime) -> StuckItem:
    """Propose to ask the carrier. A parcel that gets into trouble again after it was settled is an item of its own."""
    name = f"{parcel.parcel_id}-{int(parcel.since.timestamp())}"
    reported = f"{parcel.status}: {parcel.detail}" if parcel.detail else parcel.status
    known_as = f"parcel {parcel.tracking_number} ({parcel.carrier})"
    remedy = Remedy(action="help_parcel", target=f"parcel_in_trouble:{name}", detail=known_as)
    detail = f"{known_as}: {reported}"
    return _item("parcel_in_trouble", name, parcel.order_id, None, parcel.since, now, detail, remedy)


def of_pick_list(pick_list: PickListFact, order: KnownOrder | None, now: datetime) -> StuckItem | None:
    """Propose to open the pick list of a paid order."""
    if order is None or order.status != "paid":
        return None
    remedy = Remedy(action="open_pick_list", target=order.id)
    detail = "paid, and its pick list still waits for the money"
    return _item("not_picked", order.id, order.id, order.total, pick_list.created_at, now, detail, remedy)


def _item(
    kind: StuckKind,
    of: str,
    order_id: OrderId | None,
    amount: Money | None,
    since: datetime,
    now: datetime,
    detail: str,
    remedy: Remedy,
) -> StuckItem:
    return StuckItem(
        id=f"{kind}:{of}",
        kind=kind,
        order_id=order_id,
        amount=amount,
        since=since,
        age_s=int((now - since).total_seconds()),
        detail=detail,
        remedy=remedy,
    )
