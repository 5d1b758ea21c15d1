"""Broadcasts: a Struct goes to every process that listens, through Redis' pub/sub. A hint, never a record.

A message that is published while a listener is cut off is lost to it. The listener learns that there may have been a
gap, and reads again.
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from typing import Generic, TypeVar, cast

import msgspec
from redis.asyncio import Redis

from engine import telemetry
from engine.clock import FOREVER, Clock, Sleeper

T = TypeVar("T", bound=msgspec.Struct)

_RECONNECT_S = 1.0


class Broadcast(Generic[T]):
    """A channel for Structs of one type."""

    def __init__(self, redis: Redis, clock: Clock, name: str, kind: type[T]) -> None:
        self._redis = redis
        self._clock = clock
        # Redis has one space of channels for all its databases; shops that share a server get only their own.
        self._channel = f"shopflow:{redis.connection_pool.connection_kwargs.get('db') or 0}:{name}"
        self._decoder = msgspec.json.Decoder(kind)
        self._log = telemetry.logger(part="broadcast", channel=name)

    async def publish(self, message: T, client: Redis | None = None) -> None:
        """Send a message to all current listeners; through `client`, which may be a pipeline, if one is given."""
        await cast("Awaitable[object]", (client or self._redis).publish(self._channel, msgspec.json.encode(message)))

    async def listen(self) -> AsyncIterator[T | None]:
        """Yield published messages; None whenever some may have been missed. Ends by being cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    async with aclosing(channel.listen()) as messages:
                        async for message in messages:  # The driver also reconnects by itself, and subscribes again.
                            yield self._decoder.decode(message["data"]) if message["type"] == "message" else None
            except Exception as error:  # noqa: BLE001 - after any error of the driver this connects again
                self._log.info("cut off from a broadcast", error=str(error))
                yield None
            pause = Sleeper(self._clock)
            await pause.until(FOREVER, within_s=_RECONNECT_S)
            pause.close()
