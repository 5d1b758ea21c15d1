"""What things cost, counted and not timed: a gross regression fails here, on any machine."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any, get_args

import msgspec
from msgspec import structs

from bus.messages.catalog import (
    ChangeProduct,
    GetProduct,
    ListCategories,
    ListProductIds,
    ListProducts,
    Product,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    Sort,
)
from bus.messages.media import PicturesShown
from bus.messages.order import OrderCreated
from bus.messages.views import ReadViewChanges, ReadViews, ViewRevision
from engine.actor import Actor, turn
from engine.transaction import Transaction
from testkit import Servers, ShopUnderTest, open_shop_under_test

CROWD = 32


async def test_a_purchase_alone_takes_at_most_so_many_statements(shop: ShopUnderTest, statements: Counter[str]) -> None:
    await shop.buy(BOOK=1)  # Afterwards everything is prepared.
    statements.clear()

    await shop.buy(BOOK=1)

    assert statements["COMMIT;"] <= 7, statements
    assert statements.total() <= 58, statements


async def test_the_search_is_told_of_stock_only_where_it_crosses_zero(
    shop: ShopUnderTest, statements: Counter[str]
) -> None:
    def told() -> int:
        return sum(count for sql, count in statements.items() if "insert into search.sku_changes" in sql)

    await shop.clock.at_rest()
    statements.clear()
    await shop.buy(BOOK=1, MUG=1)
    assert told() == 0

    await shop.check_out(MUG=await shop.available("MUG"))
    assert told() == 1


class Listener(Actor):
    """Hears of new orders, and runs one statement for all of them."""

    @turn
    async def hear(self, tx: Transaction, _events: Sequence[OrderCreated]) -> None:
        await tx.execute("select 'a listener'")


async def test_one_more_listener_costs_its_own_statement_and_no_commit(
    servers: Servers, statements: Counter[str]
) -> None:
    async def costs(*more: type[Actor]) -> tuple[int, int]:
        async with open_shop_under_test(servers, more_actors=more) as shop:
            await shop.buy(BOOK=1)
            statements.clear()
            await shop.buy(BOOK=1)
            assert statements["select 'a listener'"] == len(more)
            return statements.total(), statements["COMMIT;"]

    total, commits = await costs()
    assert await costs(Listener) == (total + 1, commits)


async def test_checkouts_of_a_crowd_share_their_transactions(shop: ShopUnderTest, statements: Counter[str]) -> None:
    # The first crowd opens connections to PostgreSQL and Stripe, whose answers are scattered by that.
    await asyncio.gather(*(shop.check_out(BOOK=1) for _ in range(CROWD)))
    statements.clear()

    await asyncio.gather(*(shop.check_out(BOOK=1) for _ in range(CROWD)))

    assert statements["COMMIT;"] <= 1.2 * CROWD, statements
    assert statements.total() <= 4.5 * CROWD, statements


async def test_every_statement_of_a_purchase_finds_its_rows_by_an_index(
    shop: ShopUnderTest, statements: Counter[str]
) -> None:
    await shop.buy(BOOK=1, MUG=1)
    asked = {sql for sql in statements if sql.split()[0] in ("select", "with", "update", "delete", "insert")}
    assert len(asked) > 20

    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        # Tables of a test are so small that reading all of them would be best: sessions must be told not to.
        await tx.execute("set local plan_cache_mode = force_generic_plan")
        assert sequential(await plan_of(tx, "select from orders.orders where carrier = $1")) == [
            "orders"
        ]  # It is seen.
        searched = {sql: sequential(await plan_of(tx, sql)) for sql in asked}

    assert {sql: tables for sql, tables in searched.items() if tables} == {}


async def test_every_statement_of_the_catalogue_finds_its_rows_by_an_index(
    shop: ShopUnderTest, statements: Counter[str]
) -> None:
    mug = await shop.ask(GetProduct(id="mug"))
    assert isinstance(mug, Product)
    statements.clear()
    for sort, category, q in product(get_args(Sort), ("", "Test"), ("", "mug")):
        first = await shop.ask(ListProducts(sort=sort, category=category, q=q, limit=1))
        await shop.ask(ListProducts(sort=sort, category=category, q=q, after=first.next or ""))
        await shop.ask(ListProductIds(sort=sort, category=category, q=q, limit=1))
    seen = (await shop.ask(ReadViews(names=("MUG", "lamp")))).views
    known = tuple(ViewRevision(product_id=view.product.id, revision=view.revision - 1) for view in seen)
    assert len((await shop.ask(ReadViewChanges(after=1, known=known))).changes) == 2 + len(known)
    await shop.publish(PicturesShown(product_id="MUG", version=1, images=()))
    await shop.ask(ListCategories())
    await shop.ask(ChangeProduct(id="MUG", skus=(structs.replace(mug.skus[0], sku="MUG-2"),)))
    await shop.ask(RenameSku(id="MUG", sku="MUG-2", name="MUG-3"))
    await shop.ask(RenameSku(id="MUG", sku="MUG-2", name="MUG-3"))
    await shop.ask(RemoveSku(id="MUG", sku="MUG-3"))
    await shop.ask(RemoveProduct(id="MUG"))
    asked = {sql for sql in statements if "catalog." in sql}
    assert len(asked) > 30

    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        await tx.execute("set local plan_cache_mode = force_generic_plan")
        searched = {sql: sequential(await plan_of(tx, sql)) for sql in asked}

    assert {sql: tables for sql, tables in searched.items() if tables} == {}


async def plan_of(tx: Transaction, sql: str) -> str:
    """As JSON, whatever its parameters are."""
    nothing = ", ".join(["null"] * max([0, *map(int, re.findall(r"\$(\d+)", sql))]))
    await tx.execute(f"prepare asked as {sql}")
    plan: str = await tx.value(f"explain (format json) execute asked{f'({nothing})' if nothing else ''}")
    await tx.execute("deallocate asked")
    return plan


def sequential(plan: str) -> list[str]:
    """The tables that this plan reads from end to end."""
    found: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan":
            found.append(node["Relation Name"])
        for child in node.get("Plans", ()):
            walk(child)

    walk(msgspec.json.decode(plan)[0]["Plan"])
    return found
