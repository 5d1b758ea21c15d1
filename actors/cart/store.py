"""Carts in Redis: one JSON value each, gone 30 days after the last change.

Requests that arrive during a round trip share the next one: a turn for a store that has no transactions. The driver
takes longer for a single command than Redis for a hundred.
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
_MOST_MERGED = 4  # In a row: one after another was merged into the next.
_DECODER = msgspec.json.Decoder(Cart)
_ENCODER = msgspec.json.Encoder()


class _Wish(NamedTuple):
    """A caller's request to load a cart, or to save one."""

    cart_id: CartId
    kept: bytes | None
    done: "asyncio.Future[bytes | None]"


class CartStore:
    """Loads and saves carts, while `run` runs."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._wishes: list[_Wish] = []
        self._wake = asyncio.Event()

    async def load(self, cart_id: CartId) -> Cart | None:
        """Load a cart, if there is one; of one that was merged, the cart that it is part of. Raises Unavailable."""
        for _ in range(_MOST_MERGED):
            stored = await self._wish(cart_id)
            cart = _DECODER.decode(stored) if stored else None
            if cart is None or not cart.merged_into:
                return cart
            cart_id = cart.merged_into
        return None

    async def save(self, cart: Cart) -> Cart:
        """Save a cart for 30 days from now. Raises Unavailable."""
        await self._wish(cart.id, _ENCODER.encode(cart))
        return cart

    async def remove(self, cart_id: CartId) -> None:
        """Remove a cart, if it is there. Raises Unavailable."""
        with redis_errors():
            await self._redis.delete(f"cart:{cart_id}")

    async def run(self) -> None:
        """Serve the waiting requests, one batch after another, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            wishes, self._wishes = self._wishes, []
            try:
                await self._serve(wishes)
            except Exception as error:  # noqa: BLE001 - every error goes to the callers, and this loop goes on
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
