"""The link in a mail opens its order on any device, for a year, and until somebody withdraws it."""

import re
from datetime import timedelta

import pytest

from actors.email.smtp import SmtpSettings
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Purchase, Staff, mails_of, new_key, sql

LINK = re.compile(r"(\S+)/order/([^?\s]+)\?token=(\S+)")
DAYS = SmtpSettings().shopflow_order_link_days


def tokens(shop: ShopUnderTest, bought: Purchase) -> list[str]:
    """The tokens of all mails about an order, the oldest first."""
    links = [found for mail in shop.mails() if (found := LINK.search(mail.text)) and found[2] == bought.order]
    assert {found[1] for found in links} <= {shop.url}
    return [found[3] for found in links]


async def opens(visitor: Customer, bought: Purchase, token: str) -> bool:
    answer = await visitor.get(f"/orders/{bought.order}", token=token)
    assert answer.status == 200 or answer.refusal == (404, "not_found")
    return answer.status == 200


async def test_every_mail_about_an_order_opens_it(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(MUG=2)
    tracking_number = await staff.send_off(bought)
    await shop.sandbox.carrier.advance(tracking_number, "delivered")
    await shop.settle()
    await staff.refund(bought, 100)

    links = tokens(shop, bought)

    assert len(links) == len(mails_of(shop)) == 6
    assert [await opens(buyer, bought, token) for token in links] == [True] * len(links)


async def test_a_link_shows_what_the_buyer_sees_and_no_more(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(MUG=1)
    await sql(
        shop,
        "insert into orders.timeline (order_id, at, event, detail, staff_only)"
        " values ($1, $2, 'FraudWarned', '', true)",
        bought.order,
        shop.clock.now(),
    )
    own = await buyer.read(bought)

    by_link = (await buyer.get(f"/orders/{bought.order}", token=tokens(shop, bought)[0])).good

    assert by_link == {**own, "ships_to": by_link["ships_to"]}
    assert own["ships_to"]["name"]
    assert own["ships_to"]["address"]["line1"]
    known = {"line1": "", "line2": "", **{part: own["ships_to"]["address"][part] for part in ("city", "country")}}
    assert by_link["ships_to"]["name"] == ""  # Links are passed on.
    assert known.items() <= by_link["ships_to"]["address"].items()
    assert len((await staff.get(f"/orders/{bought.order}")).good["timeline"]) == len(own["timeline"]) + 1


async def test_a_link_opens_no_other_order(shop: ShopUnderTest, buyer: Customer) -> None:
    mine, other = await buyer.buy(MUG=1), await buyer.buy(MUG=1)

    assert not await opens(buyer, other, tokens(shop, mine)[0])
    assert not await opens(buyer, mine, "ol_" + "x" * 43)
    assert not await opens(buyer, mine, "ol_")


async def test_the_order_is_cancelled_by_its_link_as_by_its_buyer(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.buy(MUG=1)

    cancelled = await buyer.ask("POST", f"/orders/{bought.order}/cancel", token=tokens(shop, bought)[0])

    assert cancelled.good["status"] == "cancelled"
    assert cancelled.good["timeline"][-1]["detail"] == "customer"


async def test_an_answer_is_kept_for_the_holder_of_a_link_and_no_longer_than_the_link_opens(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought, key = await buyer.buy(MUG=1), new_key()
    link, path = tokens(shop, bought)[0], f"/orders/{bought.order}/cancel"
    first = await buyer.ask("POST", path, token=link, key=key)

    again = await buyer.ask("POST", path, token=link, key=key)
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    own = await buyer.ask("POST", path, token=bought.token, key=key)
    assert "Idempotent-Replayed" not in own.headers  # Another secret's key is another key.

    _ = (await buyer.ask("DELETE", f"/orders/{bought.order}/links", token=bought.token)).good
    assert (await buyer.ask("POST", path, token=link, key=key)).refusal == (404, "not_found")


async def test_a_link_works_for_its_time(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.order(MUG=1)
    (token,) = tokens(shop, bought)

    shop.clock.jump(timedelta(days=DAYS) - timedelta(seconds=1))
    assert await opens(buyer, bought, token)
    shop.clock.jump(timedelta(seconds=1))

    assert not await opens(buyer, bought, token)
    assert await opens(buyer, bought, bought.token)


@pytest.mark.parametrize("by", ["checkout", "link", "staff"])
async def test_links_are_withdrawn_and_later_mails_bring_new_ones(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, by: str
) -> None:
    bought, other = await buyer.order(MUG=1), await buyer.order(MUG=1)
    (old,) = tokens(shop, bought)
    path = f"/admin/api/orders/{bought.order}/links" if by == "staff" else f"/orders/{bought.order}/links"
    token = {"checkout": bought.token, "link": old, "staff": staff.token}[by]

    assert (await buyer.ask("DELETE", path, token=token, key=new_key())).good == {"withdrawn": 1}

    assert not await opens(buyer, bought, old)
    assert await opens(buyer, bought, bought.token)
    assert await opens(buyer, other, tokens(shop, other)[0])
    await buyer.pay(bought)
    assert [await opens(buyer, bought, token) for token in tokens(shop, bought)] == [False, True]


async def test_strangers_withdraw_nothing(shop: ShopUnderTest, buyer: Customer) -> None:
    mine, other = await buyer.order(MUG=1), await buyer.order(MUG=1)

    for token in ("", "guess", other.token, tokens(shop, other)[0]):
        refused = await buyer.ask("DELETE", f"/orders/{mine.order}/links", token=token)
        assert refused.refusal == (404, "not_found")
    refused = await buyer.ask("DELETE", f"/admin/api/orders/{mine.order}/links", token=mine.token)
    assert refused.refusal == (401, "unauthorized")

    assert await opens(buyer, mine, tokens(shop, mine)[0])


async def test_a_mail_that_is_sent_again_after_a_crash_has_the_same_link(shop: ShopUnderTest, buyer: Customer) -> None:
    async with shop.kill_at("mail-sent"):
        placed = await shop.check_out(MUG=1)
    await shop.settle()

    links = [found[3] for mail in shop.mails() if (found := LINK.search(mail.text))]
    assert len(links) == 2
    assert len(set(links)) == 1
    assert (await buyer.get(f"/orders/{placed.order_id}", token=links[0])).status == 200


async def test_only_hashes_are_kept(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.buy(MUG=1)
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        rows = [dict(row) for row in await tx.fetch("select * from email.links")]

    assert len(rows) == 2
    assert not [token for token in tokens(shop, bought) if token in repr(rows)]


def test_a_link_opens_its_order_for_a_year_unless_the_owner_says_otherwise() -> None:
    assert DAYS == 365
