"""The parts of scenarios: a buyer's steps, what the books say, and a call that is held up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp

from bus.messages.cart import CheckedOut
from bus.messages.inventory import CountStock, StockCount
from bus.messages.order import GetOrder, Order
from bus.messages.warehouse import Pack, Pick, Ship
from testkit import ShopUnderTest
from tests.faults.ablation_patches import found, replaced
from tests.orders import placed_order

Findings = list[str]
Scenario = Callable[[ShopUnderTest], Awaitable[Findings]]


def by_rows(shop: ShopUnderTest) -> None:
    """Let all listeners get their rows, as they do where they are busy."""
    for cell in shop.inside.bus.supervisor.cells.values():
        cell.turns._inline_s = 0.0


# --- Steps ---


async def bought(shop: ShopUnderTest, order_id: str, **lines: int) -> CheckedOut:
    placed = await placed_order(shop, order_id, **lines)
    assert await shop.pay(placed.intent_id, placed.client_secret) == 200
    return placed


async def confirm(shop: ShopUnderTest, placed: CheckedOut) -> None:
    """Pay, and let the shop hear of it when it does."""
    url, form = shop.confirmation(placed.intent_id, placed.client_secret)
    async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
        assert answer.status == 200


async def sent_off(shop: ShopUnderTest, order_id: str) -> None:
    for step in (Pick, Pack, Ship):
        await shop.ask(step(id=order_id))
        await shop.settle()


@contextmanager
def held_up(path: str) -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """The next call of this coroutine waits: the first event says that it does, the second lets it go on."""
    owner, name = found(path)
    real, is_held, go_on = getattr(owner, name), asyncio.Event(), asyncio.Event()

    async def wait_once(*arguments: Any) -> Any:
        if not is_held.is_set():
            is_held.set()
            await go_on.wait()
        return await real(*arguments)

    with replaced(path, wait_once):
        yield is_held, go_on


# --- What came of them ---


def unless(found: object, expected: object) -> Findings:
    return [] if found == expected else [f"{found!r}, and not {expected!r}"]


async def books(shop: ShopUnderTest, sku: str) -> tuple[int, int]:
    """Units that are not sold, and what is held of them."""
    count = await shop.ask(CountStock(sku=sku))
    assert isinstance(count, StockCount)
    return count.on_hand - count.assigned, count.held


async def timeline(shop: ShopUnderTest, order_id: str) -> list[str]:
    order = await shop.ask(GetOrder(order_id=order_id))
    return [moment.event for moment in order.timeline] if isinstance(order, Order) else []


async def statuses(shop: ShopUnderTest, *order_ids: str) -> list[str]:
    orders = [await shop.ask(GetOrder(order_id=order_id)) for order_id in order_ids]
    return [order.status for order in orders if isinstance(order, Order)]


async def pick_list(shop: ShopUnderTest, order_id: str) -> object:
    return await value(shop, f"select status from warehouse.pick_lists where id = '{order_id}'")


async def value(shop: ShopUnderTest, question: str) -> Any:
    rows = await shop.inside.services.database.fetch(question)
    return rows[0][0] if rows else None


def templates(shop: ShopUnderTest) -> list[str]:
    """Of the mails that came, in their order; a repeat has the same Message-ID, and is known by it."""
    mails = dict.fromkeys(mail.message_id for mail in shop.mails())
    return [mail_id.partition("@")[0].rpartition(".")[2] for mail_id in mails]
