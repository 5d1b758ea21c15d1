"""The key-encryption key is turned while the shop sells, whatever ends it; invoices are forgotten in time."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from bus.messages.order import GetOrder, Order
from cli.keys import rotate_keys
from engine.errors import Unavailable
from engine.keks import KekSummary
from engine.roots import VaultSettings
from testkit import Servers, ShopUnderTest, open_shop_under_test
from testkit.incarnations import Ended
from tests.waiting import eventually
from wiring.domains import ShopSettings


async def keks(shop: ShopUnderTest) -> list[KekSummary]:
    return list(await shop.inside.vault.keks.summaries())


async def read(shop: ShopUnderTest, order_id: str) -> Order:
    order = await shop.ask(GetOrder(order_id=order_id))
    assert isinstance(order, Order)
    return order


async def test_after_thirty_days_a_new_one_takes_over_and_the_old_one_goes(shop: ShopUnderTest) -> None:
    before = await shop.buy(BOOK=1)
    buyer = await read(shop, before.order_id)
    assert buyer.email
    (first,) = await keks(shop)

    await shop.clock.advance(days=30)
    assert [(kek.version, kek.wraps) for kek in await keks(shop)] == [(first.version, 0), (first.version + 1, 2)]

    await shop.clock.advance(hours=2)
    gone, current = await keks(shop)
    assert (gone.destroyed_at is not None, current.wraps) == (True, 2)
    assert (await read(shop, before.order_id)).email == buyer.email
    after = await shop.buy(BOOK=1)
    assert (await read(shop, after.order_id)).email
    await shop.audit()


@pytest.mark.parametrize("point", ["keys-rewrapped", "kek-destroyed"])
async def test_whatever_ends_the_turn_the_next_start_goes_on(shop: ShopUnderTest, point: str) -> None:
    bought = await shop.buy(BOOK=1)
    async with shop.kill_at(point):
        await shop.clock.advance(days=30)
        await shop.back()
        await shop.clock.advance(hours=3)
    await shop.clock.advance(hours=3)

    async def is_destroyed() -> bool:
        await shop.clock.advance(minutes=2)  # A look that took until now has set the next one for in a minute.
        gone, _ = await keks(shop)
        return gone.destroyed_at is not None

    await eventually(is_destroyed)
    _, current = await keks(shop)
    assert current.wraps == 2
    assert (await read(shop, bought.order_id)).email
    await shop.audit()


async def test_rotation_by_hand_wraps_all_keys_at_once(shop: ShopUnderTest) -> None:
    bought = await shop.buy(BOOK=1)
    said = await rotate_keys(shop.inside, master=True)
    assert said == "Master key 2 is in use. Key-encryption key 2 is current; 2 keys are wrapped under it."
    assert (await read(shop, bought.order_id)).email
    await shop.restart()
    assert (await read(shop, bought.order_id)).email
    await shop.audit()


@pytest.mark.parametrize("point", ["master-key-prepared", "master-key-known", "kek-written"])
async def test_whatever_ends_a_rotation_by_hand_it_can_be_repeated(
    servers: Servers, tmp_path: Path, point: str
) -> None:
    def in_a_folder(settings: ShopSettings) -> ShopSettings:
        return structs.replace(settings, vault=VaultSettings(shopflow_keks=str(tmp_path / "keks")))

    async with open_shop_under_test(servers, change=in_a_folder) as shop:
        bought = await shop.buy(BOOK=1)
        async with shop.kill_at(point):
            with pytest.raises((Ended, Unavailable)):  # Or its connection ends with it.
                await rotate_keys(shop.inside, master=True)
        assert (await read(shop, bought.order_id)).email

        await rotate_keys(shop.inside, master=True)
        await shop.restart()
        assert (await read(shop, bought.order_id)).email
        assert [kek.wraps for kek in await keks(shop)][-1] == 2
        await shop.audit()


async def test_an_invoice_is_forgotten_when_its_time_is_over(shop: ShopUnderTest) -> None:
    bought = await shop.buy(BOOK=1)
    database, vault = shop.inside.services.database, shop.inside.vault
    async with database.transaction(shop.clock.now()) as tx:
        assert await vault.forget(tx, {(bought.order_id, "account")}) == 1
    kept = await read(shop, bought.order_id)
    assert (kept.email, kept.phone) == ("", "")
    assert kept.name
    assert kept.address.line1

    shop.clock.jump(timedelta(days=3661))
    await shop.clock.advance(days=1, within_s=60)

    forgotten = await read(shop, bought.order_id)
    assert (forgotten.name, forgotten.address.line1, forgotten.address.country) == ("", "", kept.address.country)
    await shop.audit()
