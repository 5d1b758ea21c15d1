"""The same values for clients without websockets: what `/live/events` streams.

A listener is a client that is always slow: what changes is noted, and told at its newest when the stream is ready for
more. So it needs no queue, and a stream that nobody reads costs one set.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable

from gateway.live.metrics import LISTENERS
from gateway.live.topics import OrderTopic, StockTopic, Subscriber, newest


class Listener(Subscriber):
    """One stream of server-sent events."""

    __slots__ = ("_ended", "_said", "_wake")

    def __init__(self) -> None:
        super().__init__()
        self.dirty = set()
        self._said: dict[bytes, None] = {}  # In order, each once: there are only an answer and "stale" to say.
        self._wake = asyncio.Event()
        self._ended = False

    def send(self, payload: bytes) -> None:
        self._said[payload] = None
        self._wake.set()

    def conflate(self, topics: Iterable[StockTopic | OrderTopic]) -> None:
        super().conflate(topics)
        self._wake.set()

    def end(self) -> None:
        """Let the stream come to its end."""
        self._ended = True
        self._wake.set()

    async def messages(
        self, join: Callable[["Listener"], None], leave: Callable[["Listener"], None], idle_s: float
    ) -> AsyncGenerator[bytes, None]:
        """Yield what it is told, and `b""` after every `idle_s` in which there was nothing to tell."""
        LISTENERS.inc()
        try:
            join(self)
            while not self._ended:
                await self._wait(idle_s)
                for message in self._take() or [b""]:
                    yield message
        finally:
            leave(self)
            LISTENERS.dec()

    async def _wait(self, idle_s: float) -> None:
        try:
            async with asyncio.timeout(idle_s):
                await self._wake.wait()
        except TimeoutError:
            return

    def _take(self) -> list[bytes]:
        self._wake.clear()
        dirty, self.dirty = self.dirty, set()
        said, self._said = self._said, {}
        return [*said, *newest(dirty or ())]
