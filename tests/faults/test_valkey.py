"""Valkey emptied, killed and away under load: carts are all that is lost, and whoever watches sees the truth again."""

import time
from pathlib import Path
from random import Random
from unittest.mock import Mock

import psutil
import pytest
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

from bus.messages.cart import CheckedOut, NoSuchCart
from testkit import ShopUnderTest
from testkit.programs import at_work
from tests.faults.conftest import SHELF, Scale
from tests.faults.down import kept_down
from tests.faults.load import Load, everybody_is_told, longest, note, under_load
from tests.faults.report import Report
from tests.journeys.process import Program
from tests.orders import cart_with, checkout
from tests.waiting import pace

WATCHERS = 6
BACK_WITHIN_S = 10.0
QUIET = "TEABOWL"  # Nobody buys it: what is said of it once must be heard, for it is not said again.


@pytest.mark.timeout(3600)
async def test_valkey_is_emptied_killed_and_away_under_load(scale: Scale, report: Report) -> None:
    campaign = report.campaign("Valkey emptied, killed and away under load", scale.seed)
    chance, converged_s = Random(scale.seed), list[float]()
    async with under_load(scale, campaign, carts_may_go=True, watchers=WATCHERS, skus=(*SHELF, QUIET)) as load:

        async def away() -> None:
            with kept_down(load.shop.data / "valkey"):
                valkey(load.shop.data).kill()
                counted = {"on_hand": chance.randrange(1_000_000)}
                await load.crowd.ask("PUT", f"/admin/api/stock/{QUIET}", counted, **load.crowd.staff)
                # What is in no need of Redis goes on.
                told = {"live": 200, "ready": 503, "read": 200, "write": 503}
                await everybody_is_told(load.prober, told, for_s=scale.of(short=2, long=59))
            await load.prober.answers(within_s=BACK_WITHIN_S)

        faults = {"emptied": lambda: empty(load.shop), "killed": lambda: kill(load.shop), "away": away}
        for _ in range(scale.of(short=1, long=3)):
            for fault in chance.sample(list(faults), len(faults)):
                await pace(chance.uniform(0.2, 0.8))
                counted = {"on_hand": chance.randrange(1_000_000)}
                await load.crowd.ask("PUT", f"/admin/api/stock/{QUIET}", counted, **load.crowd.staff)
                await faults[fault]()
                campaign.faults[fault] += 1
                converged_s.append(await converge(load))
            campaign.runs += 1
    note(
        campaign, f"Watchers had converged after {longest(converged_s)}.", f"{load.crowd.tally.carts_lost} carts lost."
    )


async def empty(shop: Program) -> None:
    async with Redis.from_url(f"unix://{shop.data}/valkey/valkey.sock") as client:
        await client.flushall()


async def kill(shop: Program) -> None:
    valkey(shop.data).kill()


async def converge(load: Load) -> float:
    """Once it is back."""
    await load.prober.answers(within_s=BACK_WITHIN_S)
    began_s = time.monotonic()
    await load.watchers.converge()
    await load.watchers.window(QUIET)
    return time.monotonic() - began_s


def valkey(data: Path) -> psutil.Process:
    (found,) = [each for each in at_work(data) if any(str(data / "valkey") in word for word in each.cmdline())]
    return found


async def test_a_checkout_that_has_its_cart_goes_on_without_redis(
    shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart = await cart_with(shop, MUG=2)
    away = Mock(side_effect=RedisConnectionError)

    with monkeypatch.context() as patch:  # It is read, and can't be written any more.
        patch.setattr(Pipeline, "set", away)
        first = await shop.ask(checkout(cart.id))

    assert away.called
    assert isinstance(first, CheckedOut)
    assert await shop.ask(checkout(cart.id)) == first


async def test_a_checkout_whose_answer_was_lost_is_the_same_order_although_its_cart_is_gone(
    shop: ShopUnderTest,
) -> None:
    cart = await cart_with(shop, MUG=2)
    first = await shop.ask(checkout(cart.id))

    await shop.inside.services.redis.flushdb()

    assert isinstance(first, CheckedOut)
    assert await shop.ask(checkout(cart.id)) == first
    assert await shop.ask(checkout(cart.id, "ord_other")) == NoSuchCart(cart_id=cart.id)
