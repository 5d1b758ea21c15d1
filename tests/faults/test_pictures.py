"""Ten thousand pictures: their products are removed, they go a month later, and nothing dangles at any time."""

import time
from random import Random

import pytest

from bus.messages.catalog import ProductRemoved
from bus.messages.media import AuditMedia
from testkit import ShopUnderTest
from tests.actors.media.pictures import objects, stock
from tests.faults.conftest import Scale
from tests.faults.load import note
from tests.faults.report import Report

POINTS = ("before-commit@media.forget", "after-commit@media.forget", "before-call@media.remove_objects")
AUDIT_S = 300.0
REST_S = 1800.0


@pytest.mark.timeout(3600)
async def test_pictures_of_removed_products_go_and_nothing_dangles(
    shop: ShopUnderTest, scale: Scale, report: Report
) -> None:
    campaign, chance = report.campaign("pictures of removed products", scale.seed), Random(scale.seed)
    count = scale.of(short=300, long=10_000)
    products = await stock(shop, count, of_each=25)
    began_s = time.monotonic()
    assert (await shop.ask(AuditMedia(), timeout_s=AUDIT_S)).findings == ()
    note(campaign, f"{count:,} pictures were audited in {time.monotonic() - began_s:.1f} s.")

    for first in range(0, len(products), 100):
        await shop.publish(*(ProductRemoved(product_id=each, revision=9) for each in products[first : first + 100]))
    assert (await shop.ask(AuditMedia(), timeout_s=AUDIT_S)).findings == ()
    point = chance.choice(POINTS)
    began_s = time.monotonic()
    async with shop.kill_at(f"{point}:{chance.randint(1, 3)}" if "call" in point else point):
        await shop.clock.advance(days=30, within_s=REST_S)
    await shop.settle()
    await shop.clock.advance(hours=1)
    await shop.settle()
    note(campaign, f"They were deleted in {time.monotonic() - began_s:.1f} s, with a kill at {point}.")

    campaign.kills[point] += 1
    campaign.runs += 1
    assert await objects(shop) == []
    assert (await shop.ask(AuditMedia(), timeout_s=AUDIT_S)).checked == 0
    await shop.audit()
