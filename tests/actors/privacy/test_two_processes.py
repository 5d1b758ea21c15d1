"""One process forgets a person while another reads: from the commit on it reads nothing, as it keeps no keys."""

import asyncio

from bus.messages.privacy import EraseCustomer, ErasureBegun, PersonalData, ReadPersonalAccount
from testkit import ShopUnderTest
from tests.actors.privacy.people import register
from wiring.shop import open_shop


async def test_what_one_process_forgets_no_other_reads(shop: ShopUnderTest) -> None:
    customer_id = await register(shop)
    inside = shop.inside
    query = ReadPersonalAccount(customer_id=customer_id)
    seen: list[PersonalData] = []
    is_over = asyncio.Event()

    async with open_shop(inside.settings, inside.integrations, inside.clock, deliver=False) as other:
        seen.append(await other.bus.ask(query))

        async def read() -> None:
            while not is_over.is_set():
                seen.append(await other.bus.ask(query))

        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(read())
            begun = await shop.ask(EraseCustomer(customer_id=customer_id, reason="asked"))
            after = await other.bus.ask(query)
            is_over.set()
            await reader

    assert begun == ErasureBegun(subject=customer_id)
    assert after.opened == 0
    assert {each.opened for each in seen} <= {0, 2}  # All of it or nothing: an account is forgotten in one commit.
    counts = [each.opened for each in seen]
    assert counts == sorted(counts, reverse=True)
