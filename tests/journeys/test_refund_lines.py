"""Refunds by line, over HTTP as browsers without scripts do: choose, see the sum, confirm."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.journeys.people import Answer
from tests.journeys.staff_people import colleague
from tests.journeys.test_desk import CLERK, Browser, read


@pytest.fixture
async def owner(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Browser:
    return Browser(await colleague(shop, http))


class Desk:
    """The page of one order's refunds."""

    def __init__(self, browser: Browser, order_id: str) -> None:
        self.browser = browser
        self.path = f"/admin/orders/{order_id}/refund-lines"
        self.order_id = order_id

    async def look(self, **units: int) -> str:
        """Work out the sum."""
        return read_html(await self.browser.open(f"{self.path}?{urlencode(units)}"))

    async def confirm(self, page: str, **changes: object) -> Answer:
        """Send the form that confirms it."""
        form = page.partition('data-testid="confirm"')[2].partition("</form>")[0]
        fields: dict[str, object] = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        return await self.browser.send(self.path, **{**fields, "reason": "requested_by_customer", **changes})

    async def refunded(self) -> int:
        order = (await self.browser.person.get(f"/orders/{self.order_id}")).good
        return int(order["refunded"]["amount"])


def read_html(answer: Answer) -> str:
    read(answer)
    return answer.body.decode()


async def test_units_and_shipping_go_back_after_their_sum_was_seen(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=3, BOOK=1)).order_id
    desk = Desk(owner, order_id)
    order = (await owner.person.get(f"/orders/{order_id}")).good
    at = next(place for place, line in enumerate(order["lines"]) if line["sku"] == "MUG")
    sum_ = 2 * order["lines"][at]["unit_price"]["amount"] + order["shipping"]["amount"]
    assert f'href="{desk.path}"' in read_html(await owner.open(f"/admin/orders/{order_id}"))
    assert "do-refund" not in await desk.look()

    page = await desk.look(**{f"l{at}": 2}, shipping=1)
    assert f"€{sum_ / 100:.2f} goes back" in page
    assert await desk.refunded() == 0  # Looking has no effect.
    done, again = await desk.confirm(page), await desk.confirm(page)  # A double click.
    await shop.settle()
    assert (done.status, again.status, (await desk.confirm(page)).status) == (303, 303, 303)

    assert await desk.refunded() == sum_
    title = order["lines"][at]["title"]
    shown = read(await owner.open(f"/admin/orders/{order_id}")).text
    assert shown.count(f"Refund of €{sum_ / 100:.2f}: 2 × {title}, Shipping") == 1


async def test_two_refunds_never_give_back_more_than_was_paid(
    shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Browser
) -> None:
    """A colleague's for the same units is told plainly, also where the page does not know of the first one yet."""
    cashier = {"title": "Cashier", "keys": ["read_orders", "read_payments", "write_payments"]}
    assert (await owner.person.ask("PUT", "/admin/api/roles/cashier", cashier)).good["id"] == "cashier"
    order_id = (await shop.buy(MUG=3)).order_id
    desk, colleagues = Desk(owner, order_id), Desk(Browser(await colleague(shop, http, "cashier")), order_id)
    page, other = await desk.look(l0=2), await colleagues.look(l0=2)
    assert (await desk.confirm(page)).status == 303

    at_once = await colleagues.confirm(other)
    assert at_once.status in (409, 412)  # As far as the first one is by then.
    await shop.settle()
    back = await desk.refunded()
    late = await colleagues.confirm(other)

    assert late.status == 412
    assert "That is more than is left" in late.body.decode()
    assert await desk.refunded() == back
    more = await desk.look(l0=3)
    assert "That is more than is left" in more
    assert "do-refund" not in more
    left = (await owner.person.get(f"/admin/api/orders/{order_id}/refundable")).good["left"]["amount"]
    forged = await desk.confirm(page, l0=3, left=left, key="forged")
    assert forged.status == 409
    assert "That is more than is left" in forged.body.decode()
    assert (await desk.confirm(await desk.look(l0=1))).status == 303
    await shop.settle()
    order = (await owner.person.get(f"/orders/{order_id}")).good
    assert order["refunded"]["amount"] + order["shipping"]["amount"] == order["total"]["amount"]


async def test_what_was_set_aside_while_stripe_is_away_is_not_given_back_again(
    shop: ShopUnderTest, owner: Browser
) -> None:
    """And two forms of one clerk for the same sum are two refunds, of which the second saw less left."""
    desk = Desk(owner, (await shop.buy(MUG=3)).order_id)
    first, second = await desk.look(l0=1), await desk.look(l0=1)

    with shop.faults.stripe(down=True):
        assert (await desk.confirm(first)).status == 303
        assert "That is more than is left" in await desk.look(l0=3)
        assert await desk.refunded() == 0  # And yet it is set aside.
    await shop.clock.advance(minutes=1)
    assert (await desk.confirm(second)).status == 412
    assert (await desk.confirm(first)).status == 303  # A double click: as it was.
    await shop.settle()

    back = await desk.refunded()
    assert back > 0
    assert (await desk.confirm(await desk.look(l0=1))).status == 303  # Another one, seen with what is left now.
    await shop.settle()
    assert await desk.refunded() == 2 * back


async def test_what_is_refused_is_told_plainly(shop: ShopUnderTest, owner: Browser) -> None:
    desk = Desk(owner, (await shop.buy(MUG=1)).order_id)
    page = await desk.look(l0=1)

    for wrong in ({"l0": "7"}, {"l0": "x"}, {"l0": "0"}):
        answer = await desk.confirm(page, **wrong)
        assert answer.status == 422
        assert "Please choose how many units go back" in answer.body.decode()
    assert (await owner.open(f"{desk.path}?l0=7")).status == 422
    assert await desk.refunded() == 0


async def test_a_fresh_sign_in_comes_back_to_the_same_choice(shop: ShopUnderTest, owner: Browser) -> None:
    desk = Desk(owner, (await shop.buy(MUG=2)).order_id)
    page = await desk.look(l0=2)
    await shop.clock.advance(minutes=10)

    stale = await desk.confirm(page, reason="duplicate")
    assert stale.status == 303
    back = dict(parse_qsl(urlsplit(stale.headers["Location"]).query))["next"]
    assert back == f"{desk.path}?l0=2&reason=duplicate"

    await owner.person.refresh()
    page = read_html(await owner.open(back))
    assert '<option value="duplicate" selected>' in page
    assert (await desk.confirm(page)).status == 303
    await shop.settle()
    assert await desk.refunded() > 0


async def test_limits_and_rights_are_those_of_every_refund(
    shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Browser
) -> None:
    """Over a role's limit it waits for a second person; and who may not refund has no page for it."""
    assert (await owner.person.ask("PUT", "/admin/api/roles/clerk", CLERK)).good["id"] == "clerk"
    order_id = (await shop.buy(MUG=2)).order_id
    clerk = Desk(Browser(await colleague(shop, http, "clerk")), order_id)

    assert (await clerk.confirm(await clerk.look(l0=2))).status == 303  # Without the right to notes.

    assert "waits for a second person" in read(await clerk.browser.open(f"/admin/orders/{order_id}")).text
    await shop.settle()
    assert await clerk.refunded() == 0
    packer = Browser(await colleague(shop, http, "warehouse"))
    assert (await packer.open(clerk.path)).status == 403
    assert (await packer.send(clerk.path, l0=1, left=0, key="k")).status == 403
