"""`kill -9` in the middle of everything: started again, the shop goes on as if nothing had been.

The tour's own buyer and warehouse walk through the shop, as people do who try again when a shop does not answer.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cli.scripted_buyer import Tour, TourOrder
from tests.journeys.process import Program, kill_servers, program
from tests.waiting import eventually
from wiring.sandbox_process import read_secrets

MAILS = ("OrderCreated", "PaymentReceived", "OrderFulfilled", "OrderShipped", "OrderDelivered")


@pytest.fixture(scope="module")
async def shop() -> AsyncIterator[Program]:
    async with program() as made:
        await made.start()
        yield made


@pytest.fixture(scope="module")
async def token(shop: Program) -> str:
    return (await shop.good("token")).strip()


class Killer:
    """Kills the shop when the tour says certain words, and starts it again."""

    def __init__(self, shop: Program, words: str) -> None:
        self._shop = shop
        self._words = words
        self.restart: asyncio.Task[float] | None = None

    def hear(self, step: str) -> None:
        if self._words in step:
            assert self.restart is None, "it says this once"
            self._shop.process.kill()  # At once: what the answer has set off is still on its way.
            self.restart = asyncio.create_task(self._start_again())

    async def _start_again(self) -> float:
        await self._shop.ended()
        return await self._shop.start()


async def delivered_once(shop: Program, token: str, order: TourOrder) -> None:
    """One order, one charge, one mail of each kind, and books that agree."""
    assert order.status == "delivered"
    assert Counter(moment.event for moment in order.timeline if moment.event in MAILS) == dict.fromkeys(MAILS, 1)
    (intent,) = [intent for intent in await intents(shop) if intent["metadata"].get("order_id") == order.id]
    assert (intent["status"], intent["amount_received"]) == ("succeeded", intent["amount"])
    assert len([charge for charge in await charges(shop) if charge["payment_intent"] == intent["id"]]) == 1

    async def message_ids() -> set[str]:
        mails = [mail for mail in await shop.mails() if order.number in mail["subject"] + mail["text"]]
        found = {mail["message_id"] for mail in mails}
        assert len(found) <= len(MAILS), mails
        return found if len(found) == len(MAILS) else set()

    assert await eventually(message_ids)
    assert (await shop.ask("GET", "/admin/api/audit", Authorization=f"Bearer {token}")).body["findings"] == []
    assert (await shop.ask("GET", "/admin/api/dead-letters", Authorization=f"Bearer {token}")).body["items"] == []


async def intents(shop: Program) -> list[dict[str, Any]]:
    return await stripe_list(shop, "payment_intents")


async def charges(shop: Program) -> list[dict[str, Any]]:
    return await stripe_list(shop, "charges")


async def stripe_list(shop: Program, kind: str) -> list[dict[str, Any]]:
    key = read_secrets(shop.data / "sandbox").stripe_secret_key
    listed = await shop.ask("GET", f"{await shop.sandbox()}/v1/{kind}?limit=100", Authorization=f"Bearer {key}")
    assert listed.status == 200, listed
    return list(listed.body["data"])


@pytest.mark.parametrize(
    "moment",
    ["are in the cart", "is placed", "The card is charged", "has done: pack", "The carrier is booked"],
)
async def test_a_killed_shop_delivers_all_the_same(shop: Program, token: str, moment: str) -> None:
    killer = Killer(shop, moment)
    tour = Tour(shop.url, token, killer.hear)

    order = await tour.walk()

    assert killer.restart is not None
    await killer.restart
    await delivered_once(shop, token, order)


async def test_killed_while_stripe_was_answering_it_asks_again_and_has_one_intent(shop: Program, token: str) -> None:
    """The worst moment: the intent exists, and nobody here knows it."""
    before = len(await intents(shop))
    hang = {"action": "hang", "after_work": True, "count": 1, "path": "POST /v1/payment_intents"}
    assert (await shop.ask("PUT", f"{await shop.sandbox()}/sandbox/faults/stripe", hang)).status == 200
    restarted: list[float] = []

    async def kill_when_there_is_an_intent() -> None:
        async def is_there() -> bool:
            return len(await intents(shop)) > before

        assert await eventually(is_there)
        await shop.kill()
        restarted.append(await shop.start())

    killing = asyncio.create_task(kill_when_there_is_an_intent())
    order = await Tour(shop.url, token, lambda _: None).walk()
    await killing

    assert restarted
    assert len(await intents(shop)) == before + 1
    await delivered_once(shop, token, order)


async def test_after_a_power_failure_everything_is_there_again(shop: Program, token: str) -> None:
    """Not only the shop: PostgreSQL, Valkey and the sandbox are gone at once, too."""
    killed: list[int] = []

    async def start_again() -> None:
        await shop.ended()
        await shop.start()

    tasks: list[asyncio.Task[None]] = []

    def hear(step: str) -> None:
        if "is placed" in step:
            shop.process.kill()
            killed.append(kill_servers(shop.data))
            tasks.append(asyncio.create_task(start_again()))

    order = await Tour(shop.url, token, hear).walk()
    await asyncio.gather(*tasks)

    assert killed[0] >= 3
    await delivered_once(shop, token, order)
