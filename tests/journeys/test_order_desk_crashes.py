"""The shop dies of what staff do with orders: sent again, it is done once."""

from contextlib import suppress

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, all_is_well, new_key
from tests.journeys.test_carts_together import LEASE


async def dies_of(staff: Staff, point: str, method: str, path: str, body: object, key: str = "") -> None:
    """Ask for something of which the shop dies at a point."""
    async with staff.shop.kill_at(point):
        with suppress(aiohttp.ClientError):
            await staff.ask(method, path, body, key=key)
    staff.shop.clock.jump(LEASE)


@pytest.mark.parametrize("point", ["before-commit", "after-commit", "request-done"])
async def test_a_correction_is_made_once(shop: ShopUnderTest, buyer: Customer, staff: Staff, point: str) -> None:
    bought = await buyer.buy(BOOK=1)
    path, key, body = f"/admin/api/orders/{bought.order}", new_key(), {"email": "right@example.com"}
    await dies_of(staff, point, "PATCH", path, body, key)

    right = (await staff.ask("PATCH", path, body, key=key)).good
    await shop.settle()

    assert right["buyer"]["email"] == "right@example.com"
    order = (await staff.get(f"/orders/{bought.order}")).good
    assert [moment["event"] for moment in order["timeline"]].count("BuyerCorrected") == 1
    await all_is_well(staff)


async def test_a_mail_goes_out_again_under_one_id(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(BOOK=1)
    mails = f"/admin/api/orders/{bought.order}/mails"
    mail = (await staff.get(mails)).good["items"][0]["id"]
    await dies_of(staff, "mail-sent", "POST", f"{mails}/{mail}/resend", {}, key := new_key())

    again = (await staff.ask("POST", f"{mails}/{mail}/resend", {}, key=key)).good["id"]
    await shop.settle()

    ids = [each.message_id.strip("<>").partition("@")[0] for each in shop.mails()]
    assert ids[2:] == [again, again]  # Readers see one: SMTP can't promise more.
    assert [each["state"] for each in (await staff.get(mails)).good["items"]] == ["sent"] * 3
    await all_is_well(staff)


@pytest.mark.parametrize("point", ["after-commit", "request-done"])
async def test_what_is_done_in_bulk_is_done_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, point: str
) -> None:
    bought = [await buyer.buy(BOOK=1) for _ in range(3)]
    body, key = {"action": "cancel", "ids": [each.order for each in bought]}, new_key()
    await dies_of(staff, point, "POST", "/admin/api/orders/bulk", body, key)

    items = (await staff.ask("POST", "/admin/api/orders/bulk", body, key=key)).good["items"]
    await shop.settle()

    assert [each["status"] for each in items] == ["cancelled"] * 3
    for each in bought:
        order = (await staff.get(f"/orders/{each.order}")).good
        assert [moment["event"] for moment in order["timeline"]].count("RefundProcessed") == 1
        assert order["refunded"]["amount"] == each.total
    await all_is_well(staff)
