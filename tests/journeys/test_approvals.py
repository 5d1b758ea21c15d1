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


async def make_colleague(maker: Colleague, shop: ShopUnderTest, http: aiohttp.ClientSession, role: str) -> Colleague:
    """A person whom another has invited, who has joined and has a second factor."""
    person = Colleague(shop, http)
    person.email = f"{role}-of-{maker.id}@shop.example"
    invited = await maker.ask("POST", "/admin/api/staff", {"email": person.email, "name": "Eve", "role": role})
    link = invited.good["link"]
    assert (await person.accept(link.partition("#")[2] or link.rpartition("=")[2])).status == 201
    await person.set_up_codes()
    return person


async def approve(who: Colleague, approval: str) -> tuple[int, str | None]:
    answer = await who.ask("POST", f"/admin/api/approvals/{approval}/approve")
    return (answer.status, None) if answer.status == 200 else answer.refusal


async def test_whoever_one_has_made_is_no_second_pair_of_eyes(
    shop: ShopUnderTest, http: aiohttp.ClientSession, first: Colleague, second: Colleague, bought: Purchase
) -> None:
    puppet = await make_colleague(first, shop, http, "manager")
    other = await make_colleague(first, shop, http, "owner")
    of_puppet = await make_colleague(puppet, shop, http, "manager")

    by_first = await waiting(first, bought, LIMIT + 1)
    for close in (puppet, other, of_puppet):
        assert await approve(close, by_first) == (409, "own_request")
    by_puppet = await waiting(puppet, bought, LIMIT + 2)
    for close in (first, other, of_puppet):
        assert await approve(close, by_puppet) == (409, "own_request")
    assert await approve(second, by_puppet) == (200, None)

    await shop.clock.advance(days=31)
    for each in (first, puppet):
        await each.refresh()
    later = await waiting(first, bought, LIMIT + 3)
    assert await approve(puppet, later) == (200, None)


async def test_whoever_one_has_raised_is_no_second_pair_of_eyes(
    shop: ShopUnderTest, http: aiohttp.ClientSession, first: Colleague, bought: Purchase
) -> None:
    clerk = await colleague(shop, http, "support")
    assert (await first.ask("PATCH", f"/admin/api/staff/{clerk.id}", {"role": "manager"})).status == 200
    await clerk.refresh()

    assert await approve(clerk, await waiting(first, bought, LIMIT + 1)) == (409, "own_request")


async def test_a_program_refunds_no_more_than_the_person_who_made_it(
    first: Colleague, second: Colleague, shop: ShopUnderTest, http: aiohttp.ClientSession, bought: Purchase
) -> None:
    made = await first.ask("POST", "/admin/api/tokens", {"label": "till", "keys": ["write_payments"], "days": 3})
    till = Staff(shop, http, made.good["token"])

    approval = await waiting(till, bought, LIMIT + 1)

    assert await approve(first, approval) == (409, "own_request")
    assert await approve(second, approval) == (200, None)


async def test_a_role_has_a_limit_of_its_own_that_only_owners_set(
    shop: ShopUnderTest, http: aiohttp.ClientSession, first: Colleague, second: Colleague, bought: Purchase
) -> None:
    keys = ["read_orders", "write_orders", "read_payments", "write_payments"]
    body = {"title": "Senior", "keys": keys, "refund_limit": 3 * LIMIT}
    refused = await second.ask("PUT", "/admin/api/roles/senior", body)
    assert refused.refusal == (403, "lacks_rights")
    assert (await first.ask("PUT", "/admin/api/roles/senior", body)).good["refund_limit"] == 3 * LIMIT
    given = {"email": "me-too@shop.example", "name": "Eve", "role": "senior"}
    assert (await second.ask("POST", "/admin/api/staff", given)).refusal == (403, "lacks_rights")
    senior = await make_colleague(first, shop, http, "senior")

    assert (await senior.refund(bought, 2 * LIMIT)).status == 201
    await waiting(senior, bought, LIMIT + 1)
    await waiting(first, bought, 1)


async def test_a_cancellation_that_gives_back_more_than_the_limit_waits_too(
    shop: ShopUnderTest, first: Colleague, second: Colleague, staff: Staff, bought: Purchase
) -> None:
    path = f"/orders/{bought.order}/cancel"
    refused = await first.ask("POST", path)
    assert refused.refusal == (409, "approval_needed")
    again = await first.ask("POST", path)
    assert again.json["approval"] == refused.json["approval"]
    assert (await staff.get(f"/orders/{bought.order}")).good["status"] == "paid"
    assert await approve(first, refused.json["approval"]) == (409, "own_request")

    assert await approve(second, refused.json["approval"]) == (200, None)
    await shop.settle()

    assert (await staff.get(f"/orders/{bought.order}")).good["status"] == "cancelled"
    assert await refunded(staff, bought) == bought.total
    await all_is_well(staff)


async def test_a_buyer_cancels_without_anybodys_approval(buyer: Customer, bought: Purchase) -> None:
    assert (await buyer.cancel(bought)).status == 200


async def test_a_program_refunds_by_its_key(staff: Staff, bought: Purchase) -> None:
    assert (await staff.refund(bought, LIMIT + 1)).status == 201
