"""Many pictures cost no more statements than few."""

from collections import Counter

from bus.messages.catalog import ProductRemoved
from bus.messages.media import AuditMedia
from testkit import Servers, open_shop_under_test
from tests.actors.media.pictures import objects, stock


def about_pictures(seen: Counter[str]) -> int:
    """How many statements were about pictures since the last time."""
    total = sum(often for sql, often in seen.items() if "media." in sql)
    seen.clear()
    return total


async def cost(servers: Servers, statements: Counter[str], count: int) -> dict[str, int]:
    """What it takes to audit so many pictures, to remove their products, and to delete them a month later."""
    async with open_shop_under_test(servers) as shop:
        products = await stock(shop, count, of_each=10)
        statements.clear()
        found = await shop.ask(AuditMedia())
        taken = {"audit": about_pictures(statements)}
        assert (found.findings, found.checked) == ((), count)

        await shop.publish(*(ProductRemoved(product_id=each, revision=9) for each in products))
        taken["drop"] = about_pictures(statements)
        await shop.clock.advance(days=30)
        await shop.settle()
        assert await objects(shop) == []
        assert (await shop.ask(AuditMedia())).checked == 0
        return taken


async def test_statements_do_not_grow_with_the_number_of_pictures(servers: Servers, statements: Counter[str]) -> None:
    few, many = [await cost(servers, statements, count) for count in (20, 200)]

    assert many == few
    assert few["drop"] <= 5  # Taking them off, timers, and what is shown now.
