"""Two shops on one database, as two processes would be."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bus.local import LocalBus
from bus.messages.base import Line
from bus.messages.inventory import HoldForCheckout, HoldStock, SetOnHand
from bus.messages.payment import PaymentReceived
from engine.envelope import Envelope
from engine.errors import Conflict
from engine.turns import Turns
from testkit import ShopUnderTest
from tests.faults.ablation_patches import replaced
from tests.faults.real import audit
from tests.faults.scenarios.parts import Findings, books, by_rows, held_up, pick_list, unless, value
from tests.orders import cart_with, checkout, until_answered
from tests.waiting import eventually
from wiring.shop import Shop, open_shop


async def two_shops_count_the_same_units(shop: ShopUnderTest) -> Findings:
    async def crowd(bus: LocalBus, name: str) -> None:
        for number in range(25):
            await bus.ask(HoldStock(cart_id=f"{name}_{number}", sku="BOOK", quantity=1))

    async with another_shop(shop) as other:
        await asyncio.gather(crowd(shop.inside.bus, "one"), crowd(other.bus, "two"))
    return [*unless(await books(shop, "BOOK"), (100, 50)), *await audit(shop)]


async def two_shops_take_the_same_goods(shop: ShopUnderTest) -> Findings:
    """Who waits for whom in a circle is thrown out by PostgreSQL, after a second for everybody."""
    thrown_out: Findings = []
    skus = [f"SKU-{number}" for number in range(40)]
    await asyncio.gather(*(shop.ask(SetOnHand(sku=sku, on_hand=9)) for sku in skus))
    commit = Turns._commit

    async def told(turns: Turns, handler: Any, batch: Sequence[Envelope], inline_s: float) -> None:
        try:
            await commit(turns, handler, batch, inline_s)
        except Conflict as conflict:
            thrown_out.append(str(conflict))
            raise

    async def take(bus: LocalBus, name: str, each: int) -> None:
        """A cart that comes back changed is held as it is now, so each of these writes."""
        lines = tuple(Line(sku=sku, quantity=each) for sku in skus)
        await bus.ask(HoldForCheckout(cart_id=name, order_id=name, lines=lines))

    async def both_wait() -> bool:
        return bool(await value(shop, _WAITING) == 2)

    with replaced(Turns, "_commit", told):
        async with another_shop(shop) as other:
            for each in (1, 2) * 5:
                if not thrown_out:
                    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
                        await tx.execute("select 1 from inventory.stock where sku = 'SKU-25' for update")
                        taking = asyncio.gather(take(shop.inside.bus, "one", each), take(other.bus, "two", each))
                        await eventually(both_wait)  # Both have begun, and neither can end.
                    await taking
    return thrown_out


async def one_shop_hears_of_the_money_while_the_other_hears_of_the_order(shop: ShopUnderTest) -> Findings:
    """A webhook may come to either of them."""
    by_rows(shop)
    async with another_shop(shop, deliver=True) as other:
        await shop.clock.at_rest()  # Its first sweep is over: the order will be none of its finds.
        warehouse = other.bus.supervisor.cells["warehouse"]
        with held_up("actors.warehouse.store.add") as (is_held, go_on):
            placed = await until_answered(shop, checkout((await cart_with(shop, MUG=1)).id))
            await asyncio.wait_for(is_held.wait(), 5)
            await other.bus.publish(
                PaymentReceived(order_id="ord_1", intent_id=placed.intent_id, amount=placed.amount, at=shop.clock.now())
            )
            await eventually(lambda: warehouse.turns.taken > 0 and warehouse.mailbox.size == 0)
            go_on.set()
            await shop.settle()
        await shop.clock.advance(seconds=5)
        return unless(await pick_list(shop, "ord_1"), "open")


_WAITING = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"""


@asynccontextmanager
async def another_shop(shop: ShopUnderTest, *, deliver: bool = False) -> AsyncIterator[Shop]:
    """A second process on the same database, as it were."""
    inside = shop.inside
    async with (
        open_shop(inside.settings, inside.integrations, shop.clock, deliver=deliver) as other,
        asyncio.timeout(20),
    ):
        yield other
