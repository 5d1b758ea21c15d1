"""The list of items that wait for a person: five sources, merged by age. It is read here; `stuck_rules.py` decides.

A cursor is the age, the source and the id of the last item, so that a page continues in every source where the page
before stopped. Items that a person has settled elsewhere are skipped.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from actors.audit import store, stuck_rules
from actors.audit.checks import JUDGED
from actors.audit.stuck_rules import IN_TROUBLE, SOURCES, UNOPENED, Place, Row
from actors.audit.sweep import StoredMessages
from bus.messages.audit import ListStuck, StuckItem, StuckPage
from bus.messages.base import OrderId
from bus.messages.order import FindOrders, KnownOrder, ListOwedOrders
from bus.messages.payment import FindPayments, ListStuckPayments, PaymentFact
from bus.messages.shipping import ListTroubledParcels
from bus.messages.warehouse import ListUnopened
from engine.actor import Bus
from engine.clock import LONG_AGO, Clock
from engine.cursor import make_cursor, page_limit, read_cursor
from engine.postgres import Database

_AT_ONCE = 100  # Rows that a source returns at a time.
_MOST_LOOKS = 20  # For one page; if nearly all items were settled, the next page continues.


class Stuck:
    """Lists the items that wait for a person."""

    def __init__(self, bus: Bus, database: Database, stored: StoredMessages, clock: Clock) -> None:
        self._bus = bus
        self._database = database
        self._stored = stored
        self._now = clock.now()

    async def page(self, ask: ListStuck) -> StuckPage:
        """List the oldest items first, from where the page before ended.

        Raises:
            BadInput: `after` is not from a page of this list.
        """
        limit = page_limit(ask.limit)
        at = read_cursor(ask.after, tuple[datetime, str, str]) or (LONG_AGO, "", "")
        items: list[StuckItem] = []
        for _ in range(_MOST_LOOKS):
            rows, is_last = await self._rows(at)
            taken = stuck_rules.take(await self._unsettled(rows), limit - len(items), at)
            items, at = [*items, *taken.items], taken.at
            if taken.is_more:
                break
            if is_last:
                return StuckPage(items=tuple(items), next=None)
        return StuckPage(items=tuple(items), next=make_cursor(*at))

    async def has(self, item_id: str) -> bool:
        """Find an item on the list, whichever page it is on."""
        after: str | None = ""
        while after is not None:
            page = await self.page(ListStuck(after=after, limit=_AT_ONCE))
            if any(item.id == item_id for item in page.items):
                return True
            after = page.next
        return False

    async def _rows(self, at: Place) -> tuple[list[Row], bool]:
        """Read the next rows of all sources; return whether these are the last ones."""
        read = (self._letters, self._orders, self._parcels, self._payments, self._pick_lists)
        found = await asyncio.gather(
            *(of_source(*stuck_rules.start(at, source)) for source, of_source in zip(SOURCES, read, strict=True))
        )
        return stuck_rules.merge(found, _AT_ONCE)

    async def _unsettled(self, rows: Sequence[Row]) -> list[Row]:
        items = [row.item for row in rows if row.item]
        settled = await store.settled(self._database, [item.id for item in items])
        keys = sorted({item.order_id for item in items if item.order_id})
        parked = {letter.key for letter in await self._stored.dead_letters_about(keys)}
        return stuck_rules.leave_out(rows, settled, parked)

    async def _letters(self, since: datetime, after: str) -> list[Row]:
        letters = await self._stored.dead_letters_since(since, int(after or 0), _AT_ONCE)
        known = await self._known([letter.key for letter in letters])
        return [
            Row(
                letter.parked_at,
                "letters",
                str(letter.id),
                stuck_rules.of_letter(letter, known.get(letter.key), self._now),
            )
            for letter in letters
        ]

    async def _orders(self, since: datetime, after: str) -> list[Row]:
        owed = (await self._bus.ask(ListOwedOrders(after=after, since=since, limit=_AT_ONCE))).orders
        orders = tuple(order.order_id for order in owed)
        moving = await self._stored.waiting_about(JUDGED, orders)  # Read before the payments, which messages change.
        payments: dict[OrderId, list[PaymentFact]] = {}
        for fact in (await self._bus.ask(FindPayments(orders=orders))).facts:
            payments.setdefault(fact.order_id, []).append(fact)
        return [
            Row(
                order.since,
                "orders",
                order.order_id,
                stuck_rules.of_order(
                    order, payments.get(order.order_id, []), self._now, is_moving=order.order_id in moving
                ),
            )
            for order in owed
        ]

    async def _parcels(self, since: datetime, after: str) -> list[Row]:
        ask = ListTroubledParcels(after=after, since=since, before=self._now - IN_TROUBLE, limit=_AT_ONCE)
        return [
            Row(parcel.since, "parcels", parcel.parcel_id, stuck_rules.of_parcel(parcel, self._now))
            for parcel in (await self._bus.ask(ask)).parcels
        ]

    async def _payments(self, since: datetime, after: str) -> list[Row]:
        stuck = (await self._bus.ask(ListStuckPayments(after=after, since=since, limit=_AT_ONCE))).stuck
        known = await self._known([payment.order_id for payment in stuck if payment.order_id])
        return [
            Row(
                payment.since,
                "payments",
                payment.id,
                stuck_rules.of_payment(payment, known.get(payment.order_id or ""), self._now),
            )
            for payment in stuck
        ]

    async def _pick_lists(self, since: datetime, after: str) -> list[Row]:
        ask = ListUnopened(after=after, since=since, before=self._now - UNOPENED, limit=_AT_ONCE)
        lists = (await self._bus.ask(ask)).facts
        known = await self._known([pick_list.id for pick_list in lists])
        return [
            Row(
                pick_list.created_at,
                "pick-lists",
                pick_list.id,
                stuck_rules.of_pick_list(pick_list, known.get(pick_list.id), self._now),
            )
            for pick_list in lists
        ]

    async def _known(self, orders: Sequence[OrderId]) -> dict[OrderId, KnownOrder]:
        return {order.id: order for order in (await self._bus.ask(FindOrders(orders=tuple(orders)))).orders}
