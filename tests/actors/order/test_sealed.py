"""Who ordered stands in no column in clear; orders of earlier versions are sealed while others buy."""

import msgspec
import pytest

from bus.messages.audit import Audit
from bus.messages.order import GetOrder, Order
from testkit import ShopUnderTest
from testkit.people import ADDRESS, EMAIL, NAME
from tests.journeys.people import sql
from tests.waiting import eventually

IN_CLEAR = """
update orders.orders set contact = null, invoice = null, email_index = null, tokens = '{}', country = null,
    email = $1, name = $2, phone = '', address = $3"""
REPORT = """
insert into orders.timeline (order_id, at, event, detail)
select id, created_at, 'ParcelMoved', 'exception: left with Mrs Jones: next door' from orders.orders"""


async def column(shop: ShopUnderTest, what: str) -> list[object]:
    return [
        row[0] for row in await shop.inside.services.database.fetch(f"select {what} from orders.orders order by id")
    ]


async def findings(shop: ShopUnderTest) -> set[tuple[str, str]]:
    return {(finding.rule[:2], finding.about) for finding in (await shop.ask(Audit(), timeout_s=60)).findings}


async def read(shop: ShopUnderTest, order_id: str) -> Order:
    order = await shop.ask(GetOrder(order_id=order_id))
    assert isinstance(order, Order)
    return order


async def as_it_was(shop: ShopUnderTest) -> None:
    """Put all buyers in clear, as an earlier version had them."""
    await sql(shop, IN_CLEAR, EMAIL, NAME, msgspec.json.encode(ADDRESS).decode())
    await sql(shop, REPORT)
    await sql(shop, "delete from vault.keys")


async def test_no_column_has_the_buyer_and_staff_have(shop: ShopUnderTest) -> None:
    placed = await shop.check_out(BOOK=1)

    order = await read(shop, placed.order_id)

    assert (order.email, order.name, order.address) == (EMAIL, NAME, ADDRESS)
    assert await column(shop, "coalesce(email, name, phone, address)") == [None]
    assert await column(shop, "country") == [ADDRESS.country]
    assert await column(shop, "email_index") == [shop.inside.vault.email_index(EMAIL.upper())]


@pytest.mark.parametrize("point", ["", "reseal-batch"])
async def test_orders_of_an_earlier_version_are_sealed_while_the_shop_works(shop: ShopUnderTest, point: str) -> None:
    bought = [await shop.buy(BOOK=1) for _ in range(3)]
    await as_it_was(shop)
    assert await findings(shop) == {("K1", each.order_id) for each in bought}
    assert (await read(shop, bought[0].order_id)).email == EMAIL  # Read as they are until then.

    if point:
        async with shop.kill_at(point):
            await shop.restart()
    await shop.restart()
    another = await shop.buy(BOOK=1)

    async def is_sealed() -> bool:
        return await column(shop, "email") == [None] * 4

    await eventually(is_sealed)
    for each in (*bought, another):
        order = await read(shop, each.order_id)
        assert (order.email, order.name, order.address) == (EMAIL, NAME, ADDRESS)
    told = (await read(shop, bought[0].order_id)).timeline[-1]
    assert (told.event, told.detail) == ("ParcelMoved", "exception: left with Mrs Jones: next door")
    in_clear = await shop.inside.services.database.fetch("select from orders.timeline where detail like '%Jones%'")
    assert list(in_clear) == []
    await shop.audit()


async def test_an_address_of_before_that_nobody_can_read_stops_no_other(shop: ShopUnderTest) -> None:
    placed = await shop.check_out(BOOK=1)
    await as_it_was(shop)
    await sql(shop, "update orders.orders set address = '{}'")
    await shop.restart()

    async def is_sealed() -> bool:
        return await column(shop, "email") == [None]

    await eventually(is_sealed)
    assert (await read(shop, placed.order_id)).address.line1 == "{}"


async def test_a_box_of_another_order_is_found(shop: ShopUnderTest) -> None:
    one, other = await shop.check_out(BOOK=1), await shop.check_out(BOOK=1)
    await sql(
        shop,
        "update orders.orders set contact = (select contact from orders.orders where id = $2) where id = $1",
        one.order_id,
        other.order_id,
    )
    assert await findings(shop) == {("K2", one.order_id)}


async def test_a_buyer_who_was_forgotten_is_no_finding_and_gets_no_mail(shop: ShopUnderTest) -> None:
    bought = await shop.buy(BOOK=1)
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        forgotten = {(bought.order_id, purpose) for purpose in ("account", "invoice")}
        assert await shop.inside.vault.forget(tx, forgotten) == 2  # type: ignore[arg-type]
    order = await read(shop, bought.order_id)
    assert (order.email, order.name, order.address.country) == ("", "", ADDRESS.country)
    await shop.audit()
