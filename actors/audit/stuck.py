"""What waits for a person: four sources, merged by age, page by page; each item with the one request that solves it.

A cursor is the age, the source and the id of the last item, so that a page goes on in every source where the page
before stopped. What a person has settled elsewhere is passed over.
"""

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from actors.audit import store
from actors.audit.rules import JUDGED
from actors.audit.sweep import Stored
from bus.backlog import DeadLetter
from bus.messages.audit import ListStuck, Remedy, StuckItem, StuckKind, StuckPage
from bus.messages.base import Money, OrderId
from bus.messages.order import FindOrders, KnownOrder, ListOwedOrders
from bus.messages.payment import FindPayments, ListStuckPayments, PaymentFact, StuckPayment
from bus.messages.warehouse import ListUnopened
from engine.actor import Bus
from engine.clock import LONG_AGO, Clock
from engine.cursor import make_cursor, page_limit, read_cursor
from engine.postgres import Database

_UNOPENED = timedelta(hours=24)
_AT_ONCE = 100  # Rows that one look at a source brings.
_MOST_LOOKS = 20  # For one page; if nearly all was settled, the next page goes on.
_TICK = timedelta(microseconds=1)  # PostgreSQL tells no less apart.
_SOURCES: Final = ("letters", "orders", "payments", "pick-lists")


# What a person does at Stripe, to say here that it is done. A dispute that is decided leaves the list by itself.
_AT_STRIPE: Final[Mapping[str, str]] = {
    "capture_refused": "look at {} at Stripe, and give the money back there; then say here that it is done",
    "dispute_open": "answer the bank at Stripe ({}), and stop the parcel if it can be stopped; then say so here",
    "fraud_warning": "look at {} and its order; give the money back, or say here that there is nothing to it",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a source; without an item there is nothing to do about it."""

    since: datetime
    source: str
    id: str
    item: StuckItem | None

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands among the sources; within one they come in order."""
        return self.since, self.source


class Stuck:
    """Lists what is stuck."""

    def __init__(self, bus: Bus, database: Database, stored: Stored, clock: Clock) -> None:
        self._bus = bus
        self._database = database
        self._stored = stored
        self._now = clock.now()

    async def page(self, ask: ListStuck) -> StuckPage:
        """The oldest first, from where the page before ended.

        Raises:
            BadInput: `after` is not from a page of this list.
        """
        limit = page_limit(ask.limit)
        at = read_cursor(ask.after, tuple[datetime, str, str]) or (LONG_AGO, "", "")
        items: list[StuckItem] = []
        for _ in range(_MOST_LOOKS):
            rows, is_last = await self._rows(at)
            for row in await self._unsettled(rows):
                if row.item is not None:
                    if len(items) == limit:
                        return StuckPage(items=tuple(items), next=make_cursor(*at))
                    items.append(row.item)
                at = (row.since, row.source, row.id)
            if is_last:
                return StuckPage(items=tuple(items), next=None)
        return StuckPage(items=tuple(items), next=make_cursor(*at))

    async def _rows(self, at: tuple[datetime, str, str]) -> tuple[list[_Row], bool]:
        """The next rows of all sources, and whether these are the last ones."""
        read = (self._letters, self._orders, self._payments, self._pick_lists)
        found = await asyncio.gather(
            *(of_source(*_start(at, source)) for source, of_source in zip(_SOURCES, read, strict=True))
        )
        merged = list(heapq.merge(*found, key=lambda row: row.place))
        # Beyond the end of a full look its source may have more.
        ends = [rows[-1].place for rows in found if len(rows) == _AT_ONCE]
        return [row for row in merged if not ends or row.place <= min(ends)], not ends

    async def _unsettled(self, rows: Sequence[_Row]) -> list[_Row]:
        """The same rows; those that a person has seen to have no item any more, as those a dead letter is about."""
        items = [row.item for row in rows if row.item]
        settled = await store.settled(self._database, [item.id for item in items])
        keys = sorted({item.order_id for item in items if item.order_id})
        parked = {letter.key for letter in await self._stored.dead_letters_about(keys)}
        return [
            row
            if row.item and row.item.id not in settled and (row.source == "letters" or row.item.order_id not in parked)
            else _Row(row.since, row.source, row.id, None)
            for row in rows
        ]

    async def _letters(self, since: datetime, after: str) -> list[_Row]:
        letters = await self._stored.dead_letters_since(since, int(after or 0), _AT_ONCE)
        known = await self._known([letter.key for letter in letters])
        return [
            _Row(letter.parked_at, "letters", str(letter.id), self._letter(letter, known.get(letter.key)))
            for letter in letters
        ]

    def _letter(self, letter: DeadLetter, order: KnownOrder | None) -> StuckItem | None:
        if order is None:
            return None  # Not about an order: it is listed with the dead letters.
        remedy = _post(f"/admin/api/dead-letters/{letter.id}/redrive", "when what it lacked is there, try it again")
        detail = f"{letter.subscriber} could not handle {letter.type}: {letter.error}"
        return self._item("dead_letter", str(letter.id), order.id, None, letter.parked_at, detail, remedy)

    async def _orders(self, since: datetime, after: str) -> list[_Row]:
        owed = (await self._bus.ask(ListOwedOrders(after=after, since=since, limit=_AT_ONCE))).orders
        orders = tuple(order.order_id for order in owed)
        moving = await self._stored.waiting_about(JUDGED, orders)  # Before the payments are read, which it may change.
        ask = FindPayments(orders=orders)
        payments: dict[OrderId, list[PaymentFact]] = {}
        for fact in (await self._bus.ask(ask)).facts:
            payments.setdefault(fact.order_id, []).append(fact)
        rows: list[_Row] = []
        for order in owed:
            own = payments.get(order.order_id, [])
            left = sum(payment.received - payment.refunding - payment.withdrawn for payment in own)
            item = None
            if left > 0 and order.order_id not in moving:
                money = Money(amount=left, currency=own[0].currency)
                remedy = _refund(order.order_id, None, "give back what is left of it")
                detail = "its order is cancelled, and it is neither back nor on its way"
                item = self._item("money_not_back", order.order_id, order.order_id, money, order.since, detail, remedy)
            rows.append(_Row(order.since, "orders", order.order_id, item))
        return rows

    async def _payments(self, since: datetime, after: str) -> list[_Row]:
        stuck = (await self._bus.ask(ListStuckPayments(after=after, since=since, limit=_AT_ONCE))).stuck
        known = await self._known([payment.order_id for payment in stuck if payment.order_id])
        return [
            _Row(payment.since, "payments", payment.id, self._payment(payment, known.get(payment.order_id or "")))
            for payment in stuck
        ]

    def _payment(self, stuck: StuckPayment, order: KnownOrder | None) -> StuckItem | None:
        remedy = _look(stuck.order_id or "")
        if stuck.kind == "refund_failed":
            if order is not None and order.status == "cancelled":
                return None  # All of its money is to go back: that is one item, of the order.
            remedy = _refund(
                stuck.order_id or "", stuck.amount, "send it again; or see to it elsewhere, and settle this"
            )
        if say := _AT_STRIPE.get(stuck.kind):
            remedy = _post(f"/admin/api/stuck-money/{stuck.kind}:{stuck.id}/settle", say.format(stuck.intent_id))
        detail = f"{stuck.detail} ({stuck.intent_id})"
        return self._item(stuck.kind, stuck.id, stuck.order_id, stuck.amount, stuck.since, detail, remedy)

    async def _pick_lists(self, since: datetime, after: str) -> list[_Row]:
        ask = ListUnopened(after=after, since=since, before=self._now - _UNOPENED, limit=_AT_ONCE)
        lists = (await self._bus.ask(ask)).facts
        known = await self._known([pick_list.id for pick_list in lists])
        rows: list[_Row] = []
        for pick_list in lists:
            order, item = known.get(pick_list.id), None
            if order is not None and order.status == "paid":
                remedy = _post(f"/admin/api/pick-lists/{order.id}/open", "let the warehouse begin")
                detail = "paid, and its pick list still waits for the money"
                item = self._item("not_picked", order.id, order.id, order.total, pick_list.created_at, detail, remedy)
            rows.append(_Row(pick_list.created_at, "pick-lists", pick_list.id, item))
        return rows

    async def _known(self, orders: Sequence[OrderId]) -> dict[OrderId, KnownOrder]:
        return {order.id: order for order in (await self._bus.ask(FindOrders(orders=tuple(orders)))).orders}

    def _item(
        self,
        kind: StuckKind,
        of: str,
        order_id: OrderId | None,
        amount: Money | None,
        since: datetime,
        detail: str,
        remedy: Remedy,
    ) -> StuckItem:
        return StuckItem(
            id=f"{kind}:{of}",
            kind=kind,
            order_id=order_id,
            amount=amount,
            since=since,
            age_s=int((self._now - since).total_seconds()),
            detail=detail,
            remedy=remedy,
        )


def _start(at: tuple[datetime, str, str], source: str) -> tuple[datetime, str]:
    """Where a source goes on after this place among all of them."""
    since, last_source, last_id = at
    if source == last_source:
        return since, last_id
    return (since, "") if source > last_source else (since + _TICK, "")


def _post(path: str, say: str, body: str = "") -> Remedy:
    return Remedy(say=say, method="POST", path=path, body=body)


def _refund(order_id: OrderId, amount: Money | None, say: str) -> Remedy:
    body = {"amount": amount.amount} if amount else {}
    path = f"/admin/api/orders/{order_id}/refunds"
    return _post(path, f"{say} (with a new Idempotency-Key)", msgspec.json.encode(body).decode())


def _look(order_id: OrderId) -> Remedy:
    return _post(f"/admin/api/orders/{order_id}/look-at-stripe", "have Stripe asked what became of it")
