"""Browsers that watch stock while things go wrong: they keep the newest value of each SKU, come back when they are cut
off, and see to it that no version ever goes backwards.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.journeys.process import Program
from tests.waiting import eventually, pace

CONVERGE_WITHIN_S = 5.0  # As promised.
_COME_BACK_S = 0.1


class Watcher:
    """One client of `/live`."""

    def __init__(self, url: str, skus: Sequence[str]) -> None:
        self._url = url
        self._skus = skus
        self.seen: dict[str, tuple[int, int]] = {}  # Version and what is available, by SKU.
        self.backwards: list[str] = []
        self.reconnects = -1

    async def watch(self) -> None:
        """For ever."""
        while True:
            try:
                async with connect(self._url, proxy=None, compression=None) as live:
                    self.reconnects += 1
                    versions = {sku: version for sku, (version, _) in self.seen.items()}
                    await live.send(json.dumps({"op": "subscribe", "skus": list(self._skus), "versions": versions}))
                    async for message in live:
                        self._hear(json.loads(message))
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await pace(_COME_BACK_S)

    def _hear(self, message: dict[str, Any]) -> None:
        assert message["op"] != "error", message
        for level in [message] if message["op"] == "stock" else message.get("stock", ()):
            known, _ = self.seen.get(level["sku"], (-1, 0))
            if level["version"] <= known:  # Each is told once; what is told again is no news, and never older.
                self.backwards.append(f"{level['sku']} went from version {known} to {level['version']}")
            self.seen[level["sku"]] = (level["version"], level["available"])


class Watchers:
    """Several of them."""

    def __init__(self, shop: Program, staff: dict[str, str], skus: Sequence[str], how_many: int) -> None:
        self._shop = shop
        self._staff = staff
        self._skus = skus
        self.each = [Watcher(f"ws://127.0.0.1:{shop.port}/live", skus) for _ in range(how_many)]

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """While the block lasts."""
        tasks = [asyncio.create_task(one.watch()) for one in self.each]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended

    async def converge(self, within_s: float = CONVERGE_WITHIN_S) -> None:
        """Wait until all of them have seen what the database holds, while nobody buys; a moving target counts too, if
        they were seen to be as far as it was a moment before.
        """
        behind: list[str] = []

        async def all_are_there() -> bool:
            behind[:] = await self._behind()
            return not behind

        try:
            await eventually(all_are_there, within_s=within_s)
        except TimeoutError:
            raise AssertionError(f"not within {within_s} s: {behind[:5]}") from None

    def check(self) -> None:
        """No version went backwards, for anybody, ever."""
        assert not [line for one in self.each for line in one.backwards]
        assert all(one.seen.keys() == set(self._skus) for one in self.each)

    async def _behind(self) -> list[str]:
        books = {sku: await self._books(sku) for sku in self._skus}
        await pace(0.05)
        return [
            f"{sku}: {one.seen.get(sku)} and not {book}"
            for one in self.each
            for sku, book in books.items()
            if one.seen.get(sku, (-1, 0)) != book and one.seen.get(sku, (-1, 0))[0] <= book[0]
        ]

    async def window(self, product: str) -> None:
        """Wait until what anybody can read of a product is what the database holds."""
        shown: list[tuple[int, int]] = []

        async def is_true() -> bool:
            answer = await self._shop.ask("GET", f"/products/{product}/inventory")
            books = {level["sku"]: await self._books(level["sku"]) for level in answer.body.get("skus", ())}
            shown[:] = [(level["version"], books[level["sku"]][0]) for level in answer.body.get("skus", ())]
            return bool(shown) and all(version >= book for version, book in shown)

        try:
            await eventually(is_true, within_s=CONVERGE_WITHIN_S)
        except TimeoutError:
            raise AssertionError(f"{product}: versions shown and true {shown}") from None

    async def _books(self, sku: str) -> tuple[int, int]:
        answer = await self._shop.ask("GET", f"/admin/api/stock/{sku}", **self._staff)
        return (answer.body["version"], answer.body["available"]) if answer.status == 200 else (2**62, 0)
