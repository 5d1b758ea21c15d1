"""Carts in Redis: one JSON value each, gone 30 days after the last change."""

import msgspec
from redis.asyncio import Redis

from bus.messages.base import CartId
from bus.messages.cart import Cart
from engine.services import redis_errors

_DAYS_30_S = 30 * 24 * 3600
_DECODER = msgspec.json.Decoder(Cart)
_ENCODER = msgspec.json.Encoder()


async def load(redis: Redis, cart_id: CartId) -> Cart | None:
    """The cart, if there is one. Raises Unavailable."""
    with redis_errors():
        stored = await redis.get(f"cart:{cart_id}")
    return _DECODER.decode(stored) if stored else None


async def save(redis: Redis, cart: Cart) -> Cart:
    """Keep a cart for 30 days from now. Raises Unavailable."""
    with redis_errors():
        await redis.set(f"cart:{cart.id}", _ENCODER.encode(cart), ex=_DAYS_30_S)
    return cart
