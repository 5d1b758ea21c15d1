"""What the shop does not take, and that it says so clearly, each time in the same form."""

from datetime import timedelta

import pytest

from engine.testing import ShopUnderTest
from tests.journeys.people import Customer, Staff, Visitor, new_key, staff_token


async def test_a_quantity_is_a_whole_number_from_1_to_99(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=1)

    for quantity in (0, 100, -1, 1.5, "two", "3", True, None, [1], 10**30):
        assert (await buyer.put(cart, "BOOK", quantity)).refusal == (422, "invalid"), quantity

    assert (await buyer.put(cart, "BOOK", 99)).good["lines"][1]["quantity"] == 99
