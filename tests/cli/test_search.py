"""`search rebuild`."""

from bus.messages.search import CheckSearch
from cli.search import rebuild_index
from testkit import ShopUnderTest


async def test_an_index_is_built_anew_and_counted(shop: ShopUnderTest) -> None:
    home = shop.inside.settings.engine.shopflow_data / "search"
    before = [path.read_text() for path in home.rglob("current")]

    health = await rebuild_index(shop.inside)

    assert [path.read_text() for path in home.rglob("current")] != before
    assert health == await shop.ask(CheckSearch())
    assert (health.products, health.behind, health.is_building) == (3, 0, False)
