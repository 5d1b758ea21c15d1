"""The machine's clock is set an hour ahead or back: nothing ends early, nothing happens twice, every timer fires once.

An end is a time of day (a hold's, a payment's, a lease's): it comes when the clock shows it, and never before. A pause
between two tries is so many seconds, whatever the clock is set to meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from time import time

import aiohttp
import pytest

from bus.messages.idempotency import Claimed, ClaimKey, InProgress
from engine.actor import turn
from engine.clock import ManualClock
from engine.postgres import Database
from engine.transaction import Transaction
from sandbox.core.faults import WebhookFault
from sandbox.core.webhooks import signature
from testkit import ShopUnderTest
from tests.engine.toys import Bell, Mark, SetTimer, Toy, house, soon, stored
from tests.faults.conftest import IMPATIENT, Scale
from tests.faults.load import crowd_of
from tests.faults.report import Report
from tests.journeys.people import (
    Customer,
    Json,
    Staff,
    all_is_well,
    forget_answers,
    intent_event,
    mails_of,
    new_key,
    purchase,
    send_webhook,
    webhook_body,
)
from tests.journeys.process import Program, program
from tests.waiting import eventually, pace
from wiring.sandbox_process import read_secrets

AHEAD, BACK = timedelta(hours=1), timedelta(hours=-1)
BOTH = pytest.mark.parametrize("by", [AHEAD, BACK], ids=["ahead", "back"])
SUCCEEDED = "payment_intent.succeeded"
LEASE_S = 10


# --- Durable timers ---


class Watch(Toy, name="recorder"):
    """Looks at the clock whenever a timer comes."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.fired: list[tuple[str, datetime]] = []

    @turn
    async def mark(self, tx: Transaction, asks: Sequence[Mark]) -> None:
        self.fired += [(ask.what, self._clock.now()) for ask in asks]


async def test_timers_fire_once_and_never_early_however_often_the_clock_is_set(
    database: Database, clock: ManualClock, scale: Scale, report: Report
) -> None:
    chance, watch = Random(scale.seed), Watch(clock)
    due: dict[str, datetime] = {}
    async with house(database, clock, Bell(), watch, shopflow_sweep_s=3600) as bus:
        for number in range(scale.of(short=300, long=5000)):
            match chance.choice(["set", "set", "pass", "ahead", "back"]):
                case "set":
                    what, seconds = str(number), chance.randrange(7200)
                    due[what] = clock.now() + timedelta(seconds=seconds)
                    await soon(bus.ask(SetTimer(key=what, what=what, seconds=seconds)))
                case "pass":
                    await clock.advance(seconds=chance.randrange(1800))
                case "ahead":
                    clock.jump(AHEAD)
                case "back":
                    clock.jump(BACK)
            await soon(clock.at_rest())  # What was due when it was looked for is handled before the clock is set again.
        await clock.advance(days=30)

    assert sorted(what for what, _ in watch.fired) == sorted(due)
    assert all(at >= due[what] for what, at in watch.fired)
    assert await stored(database) == []
    campaign = report.campaign("timers under a clock that jumps an hour either way", scale.seed)
    campaign.runs = len(due)


# --- What has an end ---


async def test_a_hold_lasts_until_its_time_when_the_clock_is_set_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await buyer.fill_cart(MUG=7)  # Until 12:10.
    await shop.clock.advance(minutes=5)
    shop.clock.jump(BACK)

    await shop.clock.advance(minutes=64, seconds=59)
    assert await staff.stock("MUG") == (10, 7)
    await shop.clock.advance(seconds=1)

    assert await staff.stock("MUG") == (10, 0)
    await all_is_well(staff)


async def test_a_hold_of_before_and_one_of_after_end_each_at_its_own_time(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await buyer.fill_cart(MUG=7)  # Until 12:10.
    shop.clock.jump(BACK)
    await buyer.fill_cart(MUG=2)  # Until 11:10.

    await shop.clock.advance(minutes=10)
    assert await staff.stock("MUG") == (10, 7)
    await shop.clock.advance(hours=1)

    assert await staff.stock("MUG") == (10, 0)
    await all_is_well(staff)


async def test_what_has_ended_when_the_clock_is_set_ahead_is_seen_to_be_free_at_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await buyer.fill_cart(MUG=7)
    shop.clock.jump(AHEAD)
    await shop.clock.advance(seconds=5)

    assert await buyer.available("MUG") == 10
    shop.clock.jump(BACK)
    await shop.clock.advance(hours=3)
    assert await staff.stock("MUG") == (10, 0)  # And it is not given back a second time.
    await all_is_well(staff)


async def test_an_order_is_called_off_once_and_not_before_its_time(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)  # To be paid until 12:30.
    await shop.clock.advance(minutes=5)
    shop.clock.jump(BACK)
    await shop.clock.advance(minutes=84, seconds=59)
    assert await buyer.status(bought) == "pending_payment"
    assert await staff.stock("LAMP") == (1, 1)

    await shop.clock.advance(seconds=1)
    await shop.settle()
    shop.clock.jump(BACK)
    await shop.clock.advance(hours=3)
    await shop.settle()

    assert await buyer.timeline(bought) == ["OrderCreated", "OrderCancelled"]
    assert mails_of(shop) == ["order_created", "order_cancelled"]
    assert await staff.stock("LAMP") == (1, 0)
    await all_is_well(staff)


async def test_who_pays_while_the_clock_is_an_hour_ahead_gets_what_was_ordered(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """By the shop's clock the time to pay is over; the buyer, who knows a better one, is not made to suffer."""
    bought = await buyer.order(LAMP=1)
    shop.clock.jump(AHEAD)
    await shop.clock.advance(seconds=5)
    shop.sandbox.faults.webhooks = WebhookFault(hold=True)
    paid = await buyer.confirm(bought)
    await shop.settle()

    if paid == 200:
        assert await buyer.status(bought) == "paid"
        assert len(shop.charges()) == 1
    else:  # Its intent was cancelled first: nothing was charged, and nothing is held.
        assert await buyer.status(bought) == "cancelled"
        assert shop.charges() == []
        assert await staff.stock("LAMP") == (1, 0)
    await all_is_well(staff)


# --- Webhooks ---


@BOTH
async def test_a_webhook_that_is_refused_for_a_wrong_clock_takes_effect_once_when_the_clock_is_right(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, by: timedelta
) -> None:
    bought = await buyer.order(MUG=1)
    event = intent_event(SUCCEEDED, bought.intent, bought.total)
    true_now = shop.clock.now()
    shop.clock.jump(by)
    off_s = int((shop.clock.now() - true_now).total_seconds())
    for late_s in (off_s, off_s - 300, off_s + 300):
        assert (await send_webhook(buyer, event, late_s=late_s)).refusal == (400, "bad_signature")
    assert await buyer.status(bought) == "pending_payment"

    shop.clock.jump(-by)
    for late_s in (301, -301):
        assert (await send_webhook(buyer, event, late_s=late_s)).refusal == (400, "bad_signature")
    for late_s in (0, 300, -300, 0):  # As Stripe tries again.
        assert (await send_webhook(buyer, event, late_s=late_s)).status == 200

    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_well(staff)


# --- Leases ---


@BOTH
async def test_a_claim_whose_holder_died_is_taken_over_within_its_lease(shop: ShopUnderTest, by: timedelta) -> None:
    first = await shop.ask(ClaimKey(key="k", body_hash="b"))
    assert isinstance(first, Claimed)
    assert isinstance(await shop.ask(ClaimKey(key="k", body_hash="b")), InProgress)
    shop.clock.jump(by)
    await shop.clock.advance(seconds=LEASE_S)

    second = await shop.ask(ClaimKey(key="k", body_hash="b"))

    assert isinstance(second, Claimed)
    assert second.token == first.token
    assert isinstance(await shop.ask(ClaimKey(key="k", body_hash="b")), InProgress)


async def test_a_checkout_that_died_is_finished_under_its_key_though_the_clock_was_set_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.place(await buyer.fill_cart(LAMP=1), key=new_key())
    await forget_answers(shop)
    shop.clock.jump(BACK)

    answer = await buyer.check_out(bought.cart, key=bought.key)

    assert purchase(bought.cart, bought.key, answer) == bought
    assert len(shop.sandbox.payment_intents()) == 1
    assert await buyer.pay(bought) == 200
    assert await buyer.status(bought) == "paid"
    await all_is_well(staff)


@BOTH
async def test_a_kept_answer_is_the_answer_under_any_clock(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, by: timedelta
) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    bought = await buyer.place(cart, key=key)

    shop.clock.jump(by)

    assert purchase(cart, key, await buyer.check_out(cart, key=key)) == bought
    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1
    await shop.clock.advance(seconds=1)  # What fell due in the jump, does.
    await all_is_well(staff)


# --- Pauses between tries ---


@BOTH
async def test_what_is_tried_again_is_so_after_its_pause_and_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, by: timedelta
) -> None:
    with shop.faults.smtp(down=True):
        await buyer.order(MUG=1)
        await shop.clock.advance(seconds=3)  # Some tries; the next is a few seconds away.
        shop.clock.jump(by)
    assert shop.mails() == []

    await shop.clock.advance(seconds=10)

    assert "order_created" in mails_of(shop)
    await shop.clock.advance(hours=3)
    assert mails_of(shop).count("order_created") == 1
    await all_is_well(staff)


# --- The real program ---


class Setting:
    """A program whose clock can be set. All else of it is real: its timers go by what has really passed."""

    def __init__(self, shop: Program) -> None:
        self.shop = shop
        self._file = shop.data / "clock"
        self.set(0)
        shop.script = str(Path(__file__).parent / "set_clock.py")
        shop.settings["SHOPFLOW_TEST_CLOCK"] = str(self._file)

    def set(self, off_s: int) -> None:
        self._file.write_text(str(off_s), encoding="utf-8")

    async def webhook(self, event: Json) -> int:
        """Send a webhook that was signed at the true time, as Stripe would; gives the status."""
        body = webhook_body(event)
        secret = read_secrets(self.shop.data / "sandbox").stripe_webhook_secret
        headers = {"Stripe-Signature": signature(secret, body, int(time())), "Content-Type": "application/json"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.shop.url}/webhooks/stripe", data=body, headers=headers) as answer,
        ):
            return answer.status


@pytest.mark.timeout(900)
async def test_a_crowd_shops_while_the_clock_of_the_program_is_set_an_hour_ahead_and_back(
    scale: Scale, report: Report
) -> None:
    campaign = report.campaign("the clock of the program is set an hour ahead and back under load", scale.seed)
    async with program(**IMPATIENT) as shop:
        setting = Setting(shop)
        await shop.start()
        crowd = await crowd_of(shop, scale)
        async with crowd.shopping(4):
            for _ in range(scale.of(short=1, long=20)):
                for kind, off_s in (("ahead", 3600), ("right again", 0), ("back", -3600), ("right again", 0)):
                    setting.set(off_s)
                    campaign.faults[kind] += 1
                    await pace(scale.of(short=1, long=6) / 2)
                    if off_s:
                        assert await setting.webhook(intent_event(SUCCEEDED, "pi_unknown", 1)) == 400
                campaign.runs += 1
            await crowd.go_home()
            setting.set(3700)  # What was begun an hour ahead would end an hour late: let it end now.
            await eventually(crowd.is_settled, within_s=60)
            setting.set(0)
            assert await setting.webhook(intent_event(SUCCEEDED, "pi_unknown", 1)) == 200
        campaign.count(crowd.tally)
        assert "None." in await shop.good("dead-letters")
