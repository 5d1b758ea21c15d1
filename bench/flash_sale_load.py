"""Buyers in a flash sale, in a process of their own: `python -m bench.flash_sale_load URL BUYERS SKUS SECONDS`.

Each buyer thinks for a while, five seconds on average, and then tries to get one unit of one of the goods. With a unit
it checks out and pays; refused, it thinks again. At the end of the time the program prints one line of JSON. Thinking
times depend on no answer, so this is no closed loop: a late answer does not keep the other buyers from asking.
"""

import asyncio
import random
import sys
from collections.abc import Awaitable
from time import perf_counter

import msgspec
import uvloop

from bench.buyers import Buyer
from bench.goods import sku
from bench.http import connect

THINKS_S = 5.0


class Seen(msgspec.Struct):
    """The outcomes that all buyers saw."""

    held_s: list[float] = []  # How long each answer took, by what it was.
    refused_s: list[float] = []
    paid_s: list[float] = []  # From checkout to paid.
    put_off: int = 0  # 503: asked to come again.


async def main(url: str, buyers: int, skus: int, seconds: float) -> None:
    """Let so many buyers shop for so many seconds, and print what they saw."""
    _, body = await (await connect(url)).ask("GET", "/config")
    stripe_url = msgspec.json.decode(body)["stripe"]["api_base"]
    seen = Seen()
    until_s = perf_counter() + seconds

    async def buy_for_a_while() -> None:
        buyer = Buyer(await connect(url), await connect(stripe_url))
        cart = ""
        while (wait_s := random.expovariate(1 / THINKS_S)) < until_s - perf_counter():
            await asyncio.sleep(wait_s)
            cart = cart or await buyer.take_cart()
            status, took_s = await _timed(buyer.put_in(cart, sku(random.randrange(skus))))
            if status == 200:
                seen.held_s.append(took_s)
                _, took_s = await _timed(buyer.pay_for(cart))
                seen.paid_s.append(took_s)
                cart = ""
            elif status == 409:
                seen.refused_s.append(took_s)
            else:
                assert status == 503, status
                seen.put_off += 1

    await asyncio.gather(*(buy_for_a_while() for _ in range(buyers)))
    print(msgspec.json.encode(seen).decode(), flush=True)


async def _timed(deed: Awaitable[int]) -> tuple[int, float]:
    begun = perf_counter()
    return await deed, perf_counter() - begun


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], *map(int, sys.argv[2:])))
