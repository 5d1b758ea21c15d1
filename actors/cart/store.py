"""Carts in Redis: one JSON value each, gone 30 days after the last change.

What is asked for while a round trip is under way travels with the next one, all of it: a turn for a store that has no
transactions. The driver takes longer over a command of its own than Redis over a hundred.
"""

import asyncio
from typing import NamedTuple

import msgspec
from redis.asyncio import Redis

from bus.messages.base import CartId
from bus.messages.cart import Cart
from engine.errors import Unavailable
from engine.services import redis_errors

_DAYS_30_S = 30 * 24 * 3600
_DECODER = msgspec.json.Decoder(Cart)
_ENCODER = msgspec.json.Encoder()


class _Wish(NamedTuple):
    """Somebody wants to have a cart, or to keep this one."""

    cart_id: CartId
    kept: bytes | None
    done: "asyncio.Future[bytes | None]"


class CartStore:
    """All carts. Works while `run` does."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._wishes: list[_Wish] = []
        self._wake = asyncio.Event()

    async def load(self, cart_id: CartId) -> Cart | None:
        """The cart, if there is one. Raises Unavailable."""
        stored = await self._wish(cart_id)
        return _DECODER.decode(stored) if stored else None

    async def save(self, cart: Cart) -> Cart:
        """Keep a cart for 30 days from now. Raises Unavailable."""
        await self._wish(cart.id, _ENCODER.encode(cart))
        return cart

    async def run(self) -> None:
        """Serve all who wait, again and again. Ends by being cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            wishes, self._wishes = self._wishes, []
            try:
                await self._serve(wishes)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait, and no end of this
                for wish in wishes:
                    if not wish.done.done():
                        wish.done.set_exception(error.copy() if isinstance(error, Unavailable) else error)

    async def _wish(self, cart_id: CartId, kept: bytes | None = None) -> bytes | None:
        wish = _Wish(cart_id, kept, asyncio.get_running_loop().create_future())
        self._wishes.append(wish)
        self._wake.set()
        return await wish.done

    async def _serve(self, wishes: list[_Wish]) -> None:
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                for wish in wishes:
                    if wish.kept is None:
                        pipeline.get(f"cart:{wish.cart_id}")
                    else:
                        pipeline.set(f"cart:{wish.cart_id}", wish.kept, ex=_DAYS_30_S)
                answers = await pipeline.execute()
        for wish, answer in zip(wishes, answers, strict=True):
            if not wish.done.done():
                wish.done.set_result(answer if wish.kept is None else None)
