"""Staff list orders by what is so of them, and find them by what is in them."""

from datetime import timedelta
from typing import get_args

import pytest

from actors.order.listing import initials
from bus.messages.base import new_id
from bus.messages.cart import CheckedOut
from bus.messages.order import OrderStatus
from bus.messages.order_desk import ListOrders, OrderPage, PaymentState
from bus.messages.payment import DisputeClosed, DisputeOpened, FraudWarned
from testkit import ShopUnderTest
from testkit.people import EMAIL, NAME
from tests.actors.order.support import eur
from tests.journeys.people import sql


async def a_second_later(shop: ShopUnderTest, placed: CheckedOut) -> str:
    """The id of an order, after a second: orders of one moment have no order of their own."""
    await shop.clock.advance(seconds=1)
    return placed.order_id


def ids(page: OrderPage) -> list[str]:
    return [order.id for order in page.orders]


@pytest.mark.parametrize(
    ("name", "short"),
    [("Mina Murray", "M. M."), ("ada", "A."), ("Augusta Ada King Lovelace", "A. L."), ("", ""), ("  ", "")],
)
def test_initials_stand_for_a_name(name: str, short: str) -> None:
    assert initials(name) == short


async def test_a_row_says_what_a_list_needs(shop: ShopUnderTest) -> None:
    placed = await shop.check_out(BOOK=2, MUG=1)
    (row,) = (await shop.ask(ListOrders())).orders
    assert (row.id, row.units, row.buyer, row.payment, row.is_late) == (placed.order_id, 3, NAME, "unpaid", False)
    (hidden,) = (await shop.ask(ListOrders(sees_buyers=False))).orders
    assert hidden.buyer == initials(NAME)


async def test_orders_are_found_by_a_sku_in_them_without_looking_for_buyers(shop: ShopUnderTest) -> None:
    both = await a_second_later(shop, await shop.check_out(BOOK=1, MUG=1))
    book = await a_second_later(shop, await shop.check_out(BOOK=2))
    mug = (await shop.check_out(MUG=1)).order_id
    books = [both, book]
    for asked in ("BOOK", "book"):
        assert ids(await shop.ask(ListOrders(q=asked, sees_buyers=False))) == books[::-1]
    assert ids(await shop.ask(ListOrders(q="MUG"))) == [mug, books[0]]
    first = await shop.ask(ListOrders(q="BOOK", limit=1))
    assert ids(first) == [books[1]]
    assert ids(await shop.ask(ListOrders(q="BOOK", limit=1, after=first.next or ""))) == [books[0]]
    assert ids(await shop.ask(ListOrders(q="BOOK", statuses=("paid",)))) == []
    for named in (EMAIL, NAME):
        assert ids(await shop.ask(ListOrders(q=named, sees_buyers=False))) == []


async def test_a_part_of_a_bundle_is_in_the_order(shop: ShopUnderTest) -> None:
    placed = await shop.check_out(BOOK=1)
    await sql(shop, "delete from orders.contained")
    await sql(shop, """update orders.lines set parts = '[{"sku": "MUG"}]'""")
    await sql(shop, MIGRATED)
    assert ids(await shop.ask(ListOrders(q="MUG"))) == [placed.order_id]
    assert ids(await shop.ask(ListOrders(q="BOOK"))) == [placed.order_id]


MIGRATED = """
insert into orders.contained (sku, created_at, order_id)
select distinct s.sku, o.created_at, o.id
from orders.orders o join orders.lines l on l.order_id = o.id
cross join lateral (select l.sku union select part ->> 'sku' from jsonb_array_elements(l.parts) part) s (sku)"""


async def test_several_statuses_are_one_list_in_order_of_time(shop: ShopUnderTest) -> None:
    wanted: list[str] = []
    for status in ("paid", "packed", "delivered", "paid", "cancelled", "packed"):
        placed = await shop.check_out(BOOK=1)
        await shop.clock.advance(minutes=1)
        await sql(shop, "update orders.orders set status = $2 where id = $1", placed.order_id, status)
        if status in ("paid", "packed"):
            wanted.insert(0, placed.order_id)
    asked: tuple[OrderStatus, ...] = ("packed", "paid")
    assert ids(await shop.ask(ListOrders(statuses=asked))) == wanted
    found, after = list[str](), ""
    while True:
        page = await shop.ask(ListOrders(statuses=asked, limit=1, after=after))
        found += ids(page)
        if page.next is None:
            break
        after = page.next
    assert found == wanted


async def test_days_bound_a_list(shop: ShopUnderTest) -> None:
    start = shop.clock.now()
    placed = []
    for _ in range(3):
        placed.append((await shop.check_out(BOOK=1)).order_id)
        await shop.clock.advance(hours=1)
    since, until = start + timedelta(minutes=30), start + timedelta(minutes=90)
    assert ids(await shop.ask(ListOrders(since=since))) == placed[:0:-1]
    assert ids(await shop.ask(ListOrders(until=until))) == placed[1::-1]
    assert ids(await shop.ask(ListOrders(since=since, until=until))) == [placed[1]]
    assert ids(await shop.ask(ListOrders(since=since, until=until, q="BOOK"))) == [placed[1]]


async def test_what_was_paid_a_day_ago_and_has_not_left_is_late(shop: ShopUnderTest) -> None:
    late = (await shop.buy(BOOK=1)).order_id
    await shop.clock.advance(hours=2)
    _ = await shop.buy(MUG=1)
    await shop.clock.advance(hours=22, minutes=30)
    page = await shop.ask(ListOrders(is_late=True))
    assert ids(page) == [late]
    assert page.orders[0].is_late
    assert ids(await shop.ask(ListOrders(is_late=True, statuses=("delivered",)))) == []
    await sql(shop, "update orders.orders set status = 'shipped'")
    assert ids(await shop.ask(ListOrders(is_late=True))) == []


async def test_a_list_narrows_by_where_the_money_is(shop: ShopUnderTest) -> None:
    async def by_payment() -> dict[str, list[str]]:
        return {each: ids(await shop.ask(ListOrders(payment=each))) for each in get_args(PaymentState)}

    unpaid = (await shop.check_out(BOOK=1)).order_id
    paid, partly, fully, disputed = [await a_second_later(shop, await shop.buy(BOOK=1)) for _ in range(4)]
    await sql(shop, "update orders.orders set refunded = 1 where id = $1", partly)
    await sql(shop, "update orders.orders set refunded = total where id = $1", fully)
    opened = DisputeOpened(order_id=disputed, dispute_id="du_1", amount=eur(100), reason="fraudulent", is_inquiry=False)
    await shop.publish(opened)
    await shop.clock.at_rest()
    assert await by_payment() == {
        "unpaid": [unpaid], "paid": [paid], "partly_refunded": [partly], "refunded": [fully], "in_doubt": [disputed],
    }  # fmt: skip

    await shop.publish(DisputeClosed(order_id=disputed, dispute_id="du_1", amount=eur(100), outcome="won"))
    await shop.publish(FraudWarned(order_id=unpaid, warning_id=new_id("issfr"), fraud_type="misc"))
    await shop.clock.at_rest()
    found = await by_payment()
    assert (found["in_doubt"], found["unpaid"], found["paid"]) == ([unpaid], [], [disputed, paid])
