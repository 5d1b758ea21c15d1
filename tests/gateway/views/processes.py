"""What another process of a shop shows, and what it is shown: pictures, and rows of imports."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import msgspec
from redis.asyncio import Redis

from bus.messages.base import Money
from bus.messages.catalog_imports import SkuRow
from bus.messages.media import Image, Rendition
from gateway.api.catalog.showing import render
from gateway.updates import Updates
from gateway.views.reader import ViewReader
from gateway.views.shared import SharedViews
from testkit import ShopUnderTest

EUR = "EUR"


@asynccontextmanager
async def another_process(
    shop: ShopUnderTest, *, hears: bool = True, redis: Redis | None = None, most_bytes: int = 64 << 20
) -> AsyncIterator[ViewReader]:
    """What another process of this shop shows: its own cache and floors, the same Redis and database.

    Args:
        shop: The shop.
        hears: Whether news reaches it.
        redis: Another Redis than the shop's.
        most_bytes: As the setting.
    """
    inside = shop.inside
    updates = Updates(inside.services.redis, shop.clock, inside.bus)
    reader = ViewReader(
        bus=inside.bus,
        shared=SharedViews(redis, shop.clock) if redis else updates.shared_views,
        floors=updates.floors,
        render=partial(render, "/media"),
        clock=shop.clock,
        most_bytes=most_bytes,
    )
    is_heard = asyncio.Event()

    async def listen() -> None:
        async for update in updates.listen():
            is_heard.set()
            if update is None:
                reader.stale()
            else:
                reader.changed(update.views, update.views_changed_at)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader.run)
        if hears:
            tasks.start_soon(listen)
            await is_heard.wait()
        yield reader
        tasks.cancel_scope.cancel()


async def title(reader: ViewReader, name: str = "MUG") -> str | None:
    view = await reader.find(name)
    return msgspec.json.decode(view.page_with({}))["title"] if view else None


async def shows(reader: ViewReader, wanted: str | None, name: str = "MUG") -> bool:
    return await title(reader, name) == wanted


def image(number: int) -> Image:
    key = f"i/{number:032x}/320.webp"
    rendition = Rendition(key=key, format="webp", width=320, height=200)
    return Image(id=f"{number:032x}", alt=f"Picture {number}", state="ready", width=320, height=200,
                 renditions=(rendition,))  # fmt: skip


def row(number: int, name: str = "Bowl") -> SkuRow:
    return SkuRow(
        product_id=f"P{number:03}", slug=f"p-{number}", title=f"{name} {number:03}", category="Bowls", description="",
        sku=f"P{number:03}-1", sku_title="", price=Money(amount=100 + number, currency=EUR), weight_g=1,
    )  # fmt: skip


def of_catalogue(statements: Counter[str]) -> dict[str, int]:
    """The statements that read products, pictures or stock."""
    return {
        sql: times
        for sql, times in statements.items()
        if any(f"{schema}." in sql for schema in ("catalog", "media", "inventory"))
    }
