"""A refund above the limit of one person waits for a second one. Pieces add up, and nobody approves their own."""

from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from gateway.staff_gate import StaffSettings
from testkit import Servers, ShopUnderTest
from testkit.fixtures import in_its_own_task
from testkit.shop_under_test import open_shop_under_test
from tests.journeys.people import Customer, Purchase, Staff, all_is_well
from tests.journeys.staff_people import Colleague, colleague
from wiring.domains import ShopSettings

LIMIT = 1000


def with_limit(settings: ShopSettings) -> ShopSettings:
    return msgspec.structs.replace(settings, staff=StaffSettings(shopflow_refund_limit=LIMIT))


@pytest.fixture
async def shop(servers: Servers) -> AsyncIterator[ShopUnderTest]:
    """A shop in which one person may refund ten euros of an order."""
    async with in_its_own_task(open_shop_under_test(servers, change=with_limit)) as opened:
        yield opened


@pytest.fixture
async def first(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Colleague:
    return await colleague(shop, http, "owner")


@pytest.fixture
async def second(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Colleague:
    return await colleague(shop, http, "manager")


@pytest.fixture
async def bought(buyer: Customer) -> Purchase:
    return await buyer.buy(LAMP=1)


async def waiting(staff: Staff, order: Purchase, amount: int) -> str:
    answer = await staff.refund(order, amount)
    assert answer.status == 202, answer.body
    assert answer.json["status"] == "waiting"
    return str(answer.json["approval"])


async def refunded(staff: Staff, order: Purchase) -> int:
    return int((await staff.get(f"/orders/{order.order}")).good["refunded"]["amount"])


async def test_what_is_above_the_limit_waits_and_is_made_once_approved(
    shop: ShopUnderTest, first: Colleague, second: Colleague, staff: Staff, bought: Purchase
) -> None:
    approval = await waiting(first, bought, LIMIT + 1)
    assert await refunded(staff, bought) == 0

    own = await first.ask("POST", f"/admin/api/approvals/{approval}/approve")
    assert own.refusal == (409, "own_request")
    program = await staff.ask("POST", f"/admin/api/approvals/{approval}/approve")
    assert program.refusal == (403, "forbidden")
    (listed,) = (await second.get("/admin/api/approvals")).good["items"]
    assert (listed["state"], listed["amount"], listed["by"]) == ("waiting", LIMIT + 1, first.id)

    approved = await second.ask("POST", f"/admin/api/approvals/{approval}/approve")
    assert approved.good["state"] == "approved"
    await shop.settle()

    assert await refunded(staff, bought) == LIMIT + 1
    again = await second.ask("POST", f"/admin/api/approvals/{approval}/approve")
    assert again.good["decided_by"] == second.id
    await shop.settle()
    assert await refunded(staff, bought) == LIMIT + 1
    await all_is_well(staff)


async def test_pieces_add_up(first: Colleague, staff: Staff, bought: Purchase) -> None:
    assert (await first.refund(bought, LIMIT - 1)).status == 201
    assert (await first.refund(bought, 1)).status == 201
    await waiting(first, bought, 1)
    assert await refunded(staff, bought) == LIMIT


async def test_what_is_refused_is_not_made(
    shop: ShopUnderTest, first: Colleague, second: Colleague, staff: Staff, bought: Purchase
) -> None:
    approval = await waiting(first, bought, LIMIT + 1)
    assert (await second.ask("POST", f"/admin/api/approvals/{approval}/refuse")).good["state"] == "refused"
    late = await second.ask("POST", f"/admin/api/approvals/{approval}/approve")
    assert late.refusal == (409, "already_decided")
    await shop.settle()
    assert await refunded(staff, bought) == 0


async def test_what_nobody_looked_at_ends(
    shop: ShopUnderTest, first: Colleague, second: Colleague, bought: Purchase
) -> None:
    approval = await waiting(first, bought, LIMIT + 1)
    await shop.clock.advance(days=7)
    await second.refresh()
    late = await second.ask("POST", f"/admin/api/approvals/{approval}/approve")
    assert late.refusal == (409, "already_decided")
    assert late.json["state"] == "expired"


async def test_a_program_refunds_by_its_key(staff: Staff, bought: Purchase) -> None:
    assert (await staff.refund(bought, LIMIT + 1)).status == 201
