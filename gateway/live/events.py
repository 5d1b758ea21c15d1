"""Server-sent events, streamed by `/live/events`: the same values for clients without websockets.

A stream is a client that is always slow: changes are noted, and sent at their newest when the stream is ready for
more. So it needs no queue, and a stream that is not read costs one set.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable

from gateway.live.metrics import EVENT_STREAMS
from gateway.live.topics import Subscriber, Topic, newest


class EventStream(Subscriber):
    """A stream of server-sent events."""

    __slots__ = ("_ended", "_messages", "_wake")

    def __init__(self) -> None:
        super().__init__()
        self.dirty = set()
        self._messages: dict[bytes, None] = {}  # In order, each once: only an answer and "stale" are ever sent here.
        self._wake = asyncio.Event()
        self._ended = False

    def send(self, payload: bytes) -> None:
        self._messages[payload] = None
        self._wake.set()

    def conflate(self, topics: Iterable[Topic]) -> None:
        super().conflate(topics)
        self._wake.set()

    def end(self) -> None:
        """Let the stream come to its end."""
        self._ended = True
        self._wake.set()

    async def messages(
        self, join: Callable[["EventStream"], None], leave: Callable[["EventStream"], None], idle_s: float
    ) -> AsyncGenerator[bytes, None]:
        """Yield the messages, and `b""` after every `idle_s` without one."""
        EVENT_STREAMS.inc()
        try:
            join(self)
            while not self._ended:
                await self._wait(idle_s)
                for message in self._take() or [b""]:
                    yield message
        finally:
            leave(self)
            EVENT_STREAMS.dec()

    async def _wait(self, idle_s: float) -> None:
        try:
            async with asyncio.timeout(idle_s):
                await self._wake.wait()
        except TimeoutError:
            return

    def _take(self) -> list[bytes]:
        self._wake.clear()
        dirty, self.dirty = self.dirty, set()
        messages, self._messages = self._messages, {}
        return [*messages, *newest(dirty or ())]
