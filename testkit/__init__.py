"""For tests: a whole shop in a fixture, with a clock to move, on real servers that start once a run.

    async def test_a_cart_gives_its_units_back(shop):
        cart = await shop.ask(CreateCart())
        await shop.ask(SetLine(cart_id=cart.id, sku="MUG", quantity=3))
        await shop.clock.advance(minutes=10)
        assert await shop.available("MUG") == 10

Installed, it is a pytest plugin by its entry point: the fixtures `shop` and `servers` are there without a word.
docs/testing.md shows the rest: faults, kills, the auditor, and actors of one's own.
"""

from testkit.faults import FaultsOnDemand
from testkit.fixtures import servers, shop
from testkit.real_servers import Servers, data_folder, open_servers
from testkit.shop_under_test import GOODS, Killed, ShopPlace, ShopUnderTest, open_shop_under_test

__all__ = [
    "GOODS",
    "FaultsOnDemand",
    "Killed",
    "Servers",
    "ShopPlace",
    "ShopUnderTest",
    "data_folder",
    "open_servers",
    "open_shop_under_test",
    "servers",
    "shop",
]
