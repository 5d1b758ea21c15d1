"""A year of a shop, in which everything happens to its money that can happen outside: in the end it all adds up.

A seeded chance draws a story for each order, and what the warehouse and Stripe's dashboard do. People follow the list
of stuck money once a month; nothing else may be left for them.
"""

import heapq
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Final

import aiohttp
import msgspec
import pytest

from bus.messages.audit import ListStuck, SettleStuck, StuckItem
from bus.messages.cart import CheckedOut
from bus.messages.inventory import CountStock, SetOnHand, StockCount
from bus.messages.order import CancelOrder, GetOrder, Order
from bus.messages.payment import RefundOrder
from bus.messages.shipping import RecordTracking
from bus.messages.warehouse import MoneyInDoubt, Pack, Pick, Ship
from sandbox.core.faults import Fault, WebhookFault
from sandbox.stripe.errors import StripeError
from testkit import GOODS, ShopUnderTest
from tests.faults.conftest import Scale
from tests.faults.report import Campaign, Report

YEAR: Final = timedelta(days=365)
CARD, DECLINED, DEBIT = "pm_card_visa", "pm_card_chargeDeclined", "pm_sandbox_sepaDebit"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_ALL_IS_OVER = timedelta(days=10)  # When nothing more happens: timers, and looks at Stripe.
_ROUNDS = 5  # Of a list that people follow until nothing is on it.

Happening = Callable[[], Awaitable[None]]


class Year:
    """Everybody who has to do with the shop."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, chance: Random, campaign: Campaign) -> None:
        self._shop = shop
        self._http = http
        self._chance = chance
        self._campaign = campaign
        self._numbers = count()
        self._to_come: list[tuple[datetime, int, Happening]] = []
        self._shelf = {sku: units for sku, _, units in GOODS}  # As somebody would count it.
        self._is_held = False

    def plan(self, orders: int) -> None:
        for _ in range(orders):
            self._after(YEAR * self._chance.random(), self._buy)
        for week in range(52):
            self._after(week * 7 * DAY, self._count_and_receive)
        for month in range(1, 13):
            self._after(month * 30 * DAY, self._follow_the_list)
        for _ in range(orders // 10):
            self._after(YEAR * self._chance.random(), self._hold_webhooks)
        for _ in range(max(3, orders // 100)):
            self._after(YEAR * self._chance.random(), self._shop.restart)

    async def pass_by(self) -> None:
        while self._to_come:
            at, _, happen = heapq.heappop(self._to_come)
            await self._until(at)
            await happen()
            await self._settle()
        await self._until(self._shop.clock.now() + _ALL_IS_OVER)
        await self._settle()
        await self._follow_the_list()

    async def stuck(self) -> list[StuckItem]:
        return list((await self._shop.ask(ListStuck(limit=100))).items)

    async def _until(self, at: datetime) -> None:
        wait = at - self._shop.clock.now()
        if wait > timedelta():
            await self._shop.clock.advance(seconds=wait.total_seconds(), within_s=60)

    async def _settle(self) -> None:
        await (self._shop.clock.at_rest() if self._is_held else self._shop.settle())

    def _after(self, wait: timedelta, happen: Happening) -> None:
        heapq.heappush(self._to_come, (self._shop.clock.now() + wait, next(self._numbers), happen))

    def _between(self, least: timedelta, most: timedelta) -> timedelta:
        return least + (most - least) * self._chance.random()

    def _maybe(self, of_100: int) -> bool:
        return self._chance.randrange(100) < of_100

    # Buyers.

    async def _buy(self) -> None:
        sku = self._chance.choice([sku for sku, *_ in GOODS])
        units = min(self._chance.randint(1, 3), await self._shop.available(sku))
        if not units:
            return
        checkout = self._shop.check_out(order_id=f"ord_{next(self._numbers)}", **{sku: units})
        placed = await self._shop.patiently(checkout)  # Stripe may just be back.
        self._campaign.orders += 1
        stories = {self._pay_by_card: 55, self._pay_by_debit: 25, self._pay_in_a_bad_hour: 10, self._pay_never: 10}
        (pay,) = self._chance.choices(list(stories), list(stories.values()))
        await pay(placed)
        if self._maybe(15):
            self._later(HOUR, 10 * DAY, self._cancel, placed)

    async def _pay_by_card(self, placed: CheckedOut) -> None:
        if self._maybe(20):
            await self._confirm(placed, DECLINED)
        await self._confirm(placed, CARD)
        self._plan_what_follows(placed)

    async def _pay_by_debit(self, placed: CheckedOut) -> None:
        await self._confirm(placed, DEBIT)
        self._later(DAY, 14 * DAY, self._decide_a_debit, placed)

    async def _pay_in_a_bad_hour(self, placed: CheckedOut) -> None:
        """Stripe has the money, and nobody here can know it until the order is called off."""
        gates, gate = self._shop.sandbox.faults, self._shop.sandbox.faults.gates["stripe"]
        if self._is_held:
            return
        self._is_held, gates.webhooks = True, WebhookFault(hold=True)
        await self._confirm(placed, CARD)
        gate.fault = Fault(action="drop")
        await self._until(self._shop.clock.now() + 40 * MINUTE)
        gate.fault = Fault()
        await self._release_webhooks()
        self._plan_what_follows(placed)

    async def _pay_never(self, placed: CheckedOut) -> None:
        pass

    async def _decide_a_debit(self, placed: CheckedOut) -> None:
        is_good = self._maybe(70)
        self._shop.sandbox.stripe.settle(placed.intent_id, succeeded=is_good)
        await self._settle()
        if is_good:
            self._plan_what_follows(placed)
        elif self._maybe(50):  # The intent is payable again, unless the order was called off meanwhile.
            await self._confirm(placed, CARD)
            self._plan_what_follows(placed)

    async def _cancel(self, placed: CheckedOut) -> None:
        await self._shop.ask(CancelOrder(order_id=placed.order_id, reason="customer"))

    async def _confirm(self, placed: CheckedOut, method: str) -> None:
        url, form = self._shop.confirmation(placed.intent_id, placed.client_secret, method)
        async with self._http.post(url, data=form) as answer:
            assert answer.status in (200, 400, 402)
        await self._settle()

    # What follows.

    def _plan_what_follows(self, placed: CheckedOut) -> None:
        if self._maybe(85):
            self._later(HOUR, 5 * DAY, self._send_off, placed)
        for of_100, happen in (
            (10, self._refund_in_dashboard),
            (10, self._refund_here),
            (10, self._dispute),
            (5, self._warn),
        ):
            if self._maybe(of_100):
                self._later(HOUR, 30 * DAY, happen, placed)

    def _later(
        self, least: timedelta, most: timedelta, happen: Callable[[CheckedOut], Awaitable[None]], placed: CheckedOut
    ) -> None:
        self._after(self._between(least, most), lambda: happen(placed))

    async def _refund_in_dashboard(self, placed: CheckedOut) -> None:
        with suppress(StripeError):  # A bank has the money, or nobody.
            self._shop.sandbox.stripe.refund_in_dashboard(placed.intent_id, self._some(placed))

    async def _refund_here(self, placed: CheckedOut) -> None:
        await self._refund(placed.order_id, self._some(placed))

    def _some(self, placed: CheckedOut) -> int | None:
        return self._chance.choice([None, 100, placed.amount.amount // 2])

    async def _dispute(self, placed: CheckedOut) -> None:
        with suppress(StripeError):
            is_inquiry = self._maybe(30)
            made = self._shop.sandbox.stripe.open_dispute(placed.intent_id, inquiry=is_inquiry)
            if is_inquiry and self._maybe(50):
                self._after(
                    self._between(DAY, 10 * DAY), self._act(lambda: self._shop.sandbox.stripe.escalate_dispute(made.id))
                )
            won = self._maybe(50)
            self._after(
                self._between(11 * DAY, 60 * DAY),
                self._act(lambda: self._shop.sandbox.stripe.close_dispute(made.id, won=won)),
            )

    async def _warn(self, placed: CheckedOut) -> None:
        with suppress(StripeError):
            self._shop.sandbox.stripe.warn_of_fraud(placed.intent_id)

    @staticmethod
    def _act(act: Callable[[], object]) -> Happening:
        async def happen() -> None:
            act()

        return happen

    async def _hold_webhooks(self) -> None:
        if not self._is_held:
            self._is_held, self._shop.sandbox.faults.webhooks = True, WebhookFault(hold=True)
            self._after(self._between(HOUR, 2 * DAY), self._release_webhooks)

    async def _release_webhooks(self) -> None:
        self._is_held, self._shop.sandbox.faults.webhooks = False, WebhookFault()
        await self._settle()

    # Staff.

    async def _send_off(self, placed: CheckedOut) -> None:
        steps = (Pick(id=placed.order_id), Pack(id=placed.order_id), Ship(id=placed.order_id))
        for step in steps:
            answer: object = await self._shop.ask(step)
            if isinstance(answer, MoneyInDoubt):
                if self._maybe(50):
                    return
                await self._shop.ask(msgspec.structs.replace(step, despite_doubt=True))
            await self._settle()
        order = await self._shop.ask(GetOrder(order_id=placed.order_id))
        assert isinstance(order, Order)
        if order.status == "shipped":
            for line in order.lines:
                self._shelf[line.sku] -= line.quantity
            self._later(DAY, 9 * DAY, self._deliver, placed)

    async def _deliver(self, placed: CheckedOut) -> None:
        order = await self._shop.ask(GetOrder(order_id=placed.order_id))
        assert isinstance(order, Order)
        await self._shop.ask(
            RecordTracking(
                tracking_number=order.tracking_number or "",
                event_id=f"scan_{next(self._numbers)}",
                status="delivered",
                at=self._shop.clock.now(),
                detail="",
            )
        )

    async def _count_and_receive(self) -> None:
        """Whoever counts the shelf counts what the books say, at any time; then goods come."""
        for sku, _, least in GOODS:
            counted = await self._shop.ask(CountStock(sku=sku))
            assert isinstance(counted, StockCount)
            assert counted.on_hand == self._shelf[sku]
            if counted.on_hand < least + 5:
                self._shelf[sku] += 10
            taken = await self._shop.ask(SetOnHand(sku=sku, on_hand=self._shelf[sku]))
            assert isinstance(taken, StockCount)

    async def _follow_the_list(self) -> None:
        """What waits for a person is done as the list says, or seen to elsewhere where Stripe refuses it again."""
        for _ in range(_ROUNDS):
            items = [item for item in await self.stuck() if item.kind not in ("dispute_open", "processing_long")]
            for item in items:
                await self._follow(item)
                await self._settle()
            if not items:
                return

    async def _follow(self, item: StuckItem) -> None:
        self._campaign.faults[f"stuck: {item.kind}"] += 1
        if item.kind == "money_not_back":  # Where Stripe refuses it once more, it stays on the list.
            assert item.order_id is not None
            await self._refund(item.order_id, None)
            return
        if item.kind == "refund_failed":
            assert item.order_id is not None
            assert item.amount is not None
            again = await self._refund(item.order_id, item.amount.amount)
            if again in {refund.metadata.get("refund_id") for refund in self._shop.sandbox.refunds()}:
                return
            await self._shop.ask(SettleStuck(item_id=f"refund_failed:{again}"))
        await self._shop.ask(SettleStuck(item_id=item.id))

    async def _refund(self, order_id: str, amount: int | None) -> str:
        refund_id = f"ref_{next(self._numbers)}"
        await self._shop.ask(RefundOrder(order_id=order_id, refund_id=refund_id, amount=amount))
        await self._settle()
        return refund_id


@pytest.mark.timeout(1800)
async def test_a_year_of_facts_adds_up(shop: ShopUnderTest, scale: Scale, report: Report) -> None:
    campaign = report.campaign("a year of refunds, disputes, debits and parcels", scale.seed)
    async with aiohttp.ClientSession() as http:
        year = Year(shop, http, Random(scale.seed), campaign)
        year.plan(scale.of(short=60, long=2000))
        await year.pass_by()

    await shop.audit()
    assert await shop.inside.bus.backlog.dead_letters() == []
    assert await year.stuck() == []
    rows = await shop.inside.services.database.fetch("select count(*) from bus.deliveries")
    assert rows[0][0] == 0
    campaign.runs = 1
    sandbox = shop.sandbox
    campaign.notes.append(
        f"{len(sandbox.refunds())} refunds, {len(sandbox.disputes())} disputes, "
        f"{len(sandbox.early_fraud_warnings())} warnings, {len(sandbox.shipments())} parcels."
    )
