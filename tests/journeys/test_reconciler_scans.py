"""Scans of Stripe: by one at a time, not too often, page by page, and again when it was away."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from actors.payment import reconciliation_store
from actors.payment.actor import Payments, PaymentSettings
from actors.payment.private import Reconcile
from actors.payment.reconciler import Reconciler
from actors.payment.stripe import open_stripe
from engine.circuit import Circuit
from sandbox.core.faults import Fault
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff
from tests.journeys.stripe_events import (
    AFTER,
    LIST,
    NO_WEBHOOKS,
    all_is_settled,
    effects,
    make_at_stripe,
    next_scan,
    status_here,
)


async def test_of_two_scans_at_once_one_reads_and_what_is_recorded_twice_counts_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.clock.jump(AFTER)
    database, every = shop.inside.services.database, timedelta(minutes=5)
    async with open_stripe(shop.inside.integrations.stripe, Circuit("Stripe", shop.clock)) as stripe:
        here, there = (
            Reconciler(bus=shop.inside.bus, database=database, clock=shop.clock, stripe=stripe, every=every)
            for _ in range(2)
        )
        scans = await asyncio.gather(here.scan(), there.scan())

    assert sorted(scan.is_ours for scan in scans) == [False, True]
    assert asked.count(LIST) == 1
    for scan in (*scans, *scans):
        await shop.ask(scan)
    await shop.clock.at_rest()
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert await effects(shop) == ["received"]
    await all_is_settled(shop, staff)


async def test_a_scan_whose_process_died_is_taken_up_by_another_when_its_lease_is_over(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.clock.jump(AFTER)
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        assert await reconciliation_store.begin(tx) is not None

    await shop.clock.advance(seconds=reconciliation_store.LEASE.total_seconds() - 1)
    assert LIST not in asked
    await shop.clock.advance(seconds=1)

    assert await buyer.status(bought) == "paid"
    await all_is_settled(shop, staff)


async def test_a_scan_may_be_asked_for_at_any_time(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)

    for _ in range(20):
        shop.inside.bus.tell(Reconcile())
    await shop.clock.at_rest()

    assert LIST not in asked
    assert await next_scan(shop) == AFTER
    assert await buyer.pay(bought) == 200
    await all_is_settled(shop, staff)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(action="fail", path=LIST),
        Fault(action="drop", path=LIST),
        Fault(action="rate_limit", path=LIST, retry_after_s=600),
        Fault(action="fail", status=400, path=LIST),
        Fault(action="fail", status=401),
    ],
    ids=lambda fault: f"{fault.action}-{fault.status}",
)
async def test_stripe_may_be_away_during_a_scan(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str], fault: Fault
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.sandbox.faults.stripe = fault
    await shop.clock.advance(minutes=14)
    if fault.action != "drop":  # The library's HTTP client repeats what is dropped by itself.
        assert asked.count(LIST) == (1 if fault.action == "rate_limit" else 2)  # Who is asked to wait does.
    shop.sandbox.faults.stripe = Fault()

    await shop.clock.advance(minutes=6)

    assert await buyer.status(bought) == "paid"
    await all_is_settled(shop, staff)


async def test_a_long_list_is_read_in_several_scans_and_goes_on_where_it_stopped(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    await make_at_stripe(shop, {"order_id": "ord_of_another_shop"}, 1150)
    gate, take = shop.sandbox.faults.gates["stripe"], shop.sandbox.faults.gates["stripe"].take

    def away_at_the_eighth(call: str) -> Fault:
        took = take(call)
        return Fault(action="fail") if asked.count(LIST) == 8 and call == LIST else took

    monkeypatch.setattr(gate, "take", away_at_the_eighth)

    await shop.clock.advance(minutes=5)
    assert asked.count(LIST) == 8  # Five in the first scan; in the second one the third did not come.
    assert await buyer.status(bought) == "pending_payment"
    await shop.clock.advance(minutes=5)

    assert asked.count(LIST) == 8 + 5  # The eighth again, and the four behind it.
    assert await buyer.status(bought) == "paid"
    await all_is_settled(shop, staff)


async def test_scans_keep_their_distance_while_orders_come_in(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    for _ in range(30):
        await buyer.order(BOOK=1)
        await shop.clock.advance(seconds=50)
    assert 3 <= asked.count(LIST) <= 5

    await shop.clock.advance(hours=1)
    await shop.settle()
    asked.clear()
    await shop.clock.advance(days=365)

    assert asked == []
    await all_is_settled(shop, staff)


async def test_an_old_one_is_not_a_reason_to_list_all_that_came_after_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    old = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.sandbox.payment_intents()
    shop.sandbox.stripe.intents.update(intent.id, replace(intent, status="succeeded", amount_received=1))
    await shop.clock.advance(days=10)
    await make_at_stripe(shop, {"order_id": "ord_of_another_shop"}, 1000)
    asked.clear()

    await shop.clock.advance(days=3)

    assert 1 <= asked.count(LIST) <= 4
    assert await status_here(shop, old.order) == "closing"


async def test_a_start_finds_out_when_to_scan(shop: ShopUnderTest, buyer: Customer) -> None:
    await buyer.order(MUG=1)
    database = shop.inside.services.database
    async with open_stripe(shop.inside.integrations.stripe, Circuit("Stripe", shop.clock)) as stripe:
        payments = Payments(
            bus=shop.inside.bus, database=database, clock=shop.clock, stripe=stripe, settings=PaymentSettings()
        )
        await payments.start()

    assert payments._alarm.at == shop.clock.now() + AFTER


async def test_a_shop_that_only_asks_beside_a_running_one_does_not_scan(
    shop: ShopUnderTest, buyer: Customer, asked: list[str]
) -> None:
    await buyer.order(MUG=1)
    shop.clock.jump(AFTER)
    nobody = msgspec.structs.replace(shop.inside.integrations.stripe, stripe_secret_key="")
    async with open_stripe(nobody, Circuit("Stripe", shop.clock)) as stripe:
        payments = Payments(
            bus=shop.inside.bus,
            database=shop.inside.services.database,
            clock=shop.clock,
            stripe=stripe,
            settings=PaymentSettings(),
        )
        await payments.start()
        await payments.run()

    assert LIST not in asked
