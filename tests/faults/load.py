"""A shop under load, while a campaign does to it what it must bear."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.faults.conftest import IMPATIENT, SHELF, Scale
from tests.faults.crowd import Crowd
from tests.faults.prober import Prober
from tests.faults.report import Campaign
from tests.faults.watchers import Watchers
from tests.journeys.process import Program, program
from tests.waiting import pace
from wiring.sandbox_process import read_secrets

BUYERS = 4
SOON_OVER = IMPATIENT | {"SHOPFLOW_PAYMENT_WINDOW_S": "2", "SHOPFLOW_PAYMENT_HOLD_S": "4"}
KNOWN_AFTER_S = 1.0  # By then everybody knows that something is away.


@dataclass
class Load:
    """Who is there."""

    shop: Program
    crowd: Crowd
    prober: Prober
    watchers: Watchers


@asynccontextmanager
async def under_load(
    scale: Scale,
    campaign: Campaign,
    given: Program | None = None,
    *,
    carts_may_go: bool = False,
    watchers: int = 0,
    skus: Sequence[str] = tuple(SHELF),
) -> AsyncIterator[Load]:
    """Load a shop with buyers, a prober and watchers. At the end nothing was lost, and the shop was never restarted."""
    async with AsyncExitStack() as stack:
        shop = given if given is not None else await stack.enter_async_context(program())
        shop.settings |= SOON_OVER
        await shop.start()
        try:
            crowd = await crowd_of(shop, scale, carts_may_go=carts_may_go)
            load = Load(shop, crowd, Prober(shop.url), Watchers(shop, crowd.staff, skus, watchers))
            async with crowd.shopping(BUYERS), load.prober.probing(), load.watchers.watching():
                yield load
            assert shop.process.returncode is None
            load.prober.check()
            load.watchers.check()
            parked = await shop.ask("GET", "/admin/api/dead-letters", **crowd.staff)
            assert parked.body["items"] == []
        except BaseException:
            print(shop.log)  # noqa: T201 - shown with the test that fails
            raise
        note(campaign, f"The slowest refusal took {load.prober.slowest_refusal_s():.2f} s.")
        campaign.count(crowd.tally)


async def crowd_of(shop: Program, scale: Scale, *, carts_may_go: bool = False) -> Crowd:
    """Buyers with patience: webhooks that were refused come again after longer and longer pauses."""
    return Crowd(
        shop.url,
        read_secrets(shop.data / "sandbox").stripe_secret_key,
        (await shop.good("token")).strip(),
        seed=scale.seed,
        shelf=SHELF,
        patience_s=scale.of(short=60, long=240),
        carts_may_go=carts_may_go,
    )


async def everybody_is_told(prober: Prober, answers: Mapping[str, int], for_s: float) -> None:
    """Assert that for a while these endpoints answer these statuses only. (`Prober.check` judges how soon.)"""
    await pace(KNOWN_AFTER_S)
    began_s = time.monotonic()
    await pace(for_s)
    for endpoint, status in answers.items():
        assert statuses(prober, endpoint, began_s) == {status}, endpoint


def statuses(prober: Prober, endpoint: str, since_s: float) -> set[int]:
    """The statuses that an endpoint has answered since."""
    return {probe.status for probe in prober.since(since_s, endpoint)}


def note(campaign: Campaign, *figures: str) -> None:
    """Write figures down, and show them with the test that fails, and with -s."""
    campaign.notes += figures
    print(*figures, sep="\n")  # noqa: T201 - as said


def longest(seconds: Sequence[float]) -> str:
    """In words."""
    return f"{max(seconds):.1f} s at most, {sorted(seconds)[len(seconds) // 2]:.1f} s in the median"
