"""Staff find orders by what they may type, and no others."""

import pytest

from actors.order.buyers import Contact
from actors.order.finding import is_said
from bus.messages.base import Address
from bus.messages.order_desk import ListOrders
from testkit import ShopUnderTest
from testkit.people import EMAIL, NAME

ADA = Contact(
    "Ada@example.com",
    "Ada Lovelace",
    "+44 20 7946 0958",
    Address(line1="1 St James's Square", city="London", postal_code="SW1Y 4JH", country="GB"),
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ada@example.com", True), ("ada", True), ("lovel", True), ("love", True), ("0958", True), ("sw1y4jh", True),
        ("ada@example.org", False), ("lace", False), ("958", False), ("london", False), ("sw1y", False), ("", True),
    ],
)  # fmt: skip
def test_what_a_buyer_says_of_a_word(word: str, expected: bool) -> None:
    assert is_said(ADA, word) == expected


async def test_orders_are_found_by_number_and_by_buyer_page_by_page(shop: ShopUnderTest) -> None:
    for _ in range(3):
        await shop.check_out(BOOK=1)
    listed = (await shop.ask(ListOrders())).orders
    newest = [order.id for order in listed]

    for text in (EMAIL, EMAIL.upper(), NAME, NAME.split()[0][:3], f" {NAME} "):
        assert [order.id for order in (await shop.ask(ListOrders(q=text))).orders] == newest, text
    assert [order.id for order in (await shop.ask(ListOrders(q=listed[1].number.lower()))).orders] == [newest[1]]
    for text in ("nobody@example.com", "Nobodyatall", "SF-1", "%", f"{NAME} nobody"):
        assert (await shop.ask(ListOrders(q=text))).orders == (), text
    assert (await shop.ask(ListOrders(q=EMAIL, statuses=("paid",)))).orders == ()

    first = await shop.ask(ListOrders(q=EMAIL, limit=2))
    rest = await shop.ask(ListOrders(q=EMAIL, limit=2, after=first.next or ""))
    assert [order.id for order in (*first.orders, *rest.orders)] == newest
    assert rest.next is None
