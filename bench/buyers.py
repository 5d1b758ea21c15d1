"""Buyers over HTTP, in a process of their own: `python -m bench.buyers URL BUYERS SKUS [spread]`.

Closed loop: each buyer makes a cart, puts one unit into it, checks out and pays at Stripe as a browser would, and
starts over. Each line on stdin is a number of purchases to make in all; the answer is a line of JSON: the seconds that
each took. The buyers do not wait for the mails; the caller must, before it stops the time. With `spread`, each purchase
is made from an address of its own, by a buyer of its own e-mail: a shop with its bounds serves them all.
"""

import asyncio
import secrets
import sys
from collections.abc import Iterator
from itertools import chain, count, cycle
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import msgspec
import uvloop

from bench.goods import sku
from bench.http import Connection, connect
from testkit.people import DELIVERY

_ONE = b'{"quantity":1}'
_TRIES, _LATER_S = 30, 1.0
_FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


class Buyer:
    """A buyer with a connection to the shop and one to Stripe."""

    def __init__(self, shop: Connection, stripe: Connection, email: str | None = None) -> None:
        self._shop = shop
        self._stripe = stripe
        self._checkout = msgspec.json.encode({**DELIVERY, **({"email": email} if email else {})})

    async def buy(self, wanted: str) -> float:
        """Make one purchase; returns the seconds it took."""
        begun = perf_counter()
        cart = await self.take_cart()
        assert await self.put_in(cart, wanted) == 200
        await self.pay_for(cart)
        return perf_counter() - begun

    async def take_cart(self) -> str:
        """Make a cart; returns its id."""
        return str((await self._ask_until_taken("POST", "/carts"))["id"])

    async def put_in(self, cart: str, wanted: str) -> int:
        """Put one unit of a SKU into the cart; returns HTTP's status."""
        status, _ = await self._shop.ask("PUT", f"/carts/{cart}/lines/{wanted}", _ONE)
        return status

    async def pay_for(self, cart: str) -> int:
        """Check out, and pay at Stripe; returns its status."""
        key = f"Idempotency-Key: {secrets.token_hex(8)}\r\n"
        payment = (await self._ask_until_taken("POST", f"/carts/{cart}/checkout", self._checkout, key))["payment"]
        form = {
            "key": payment["publishable_key"],
            "client_secret": payment["client_secret"],
            "payment_method": "pm_card_visa",
        }
        path = f"/v1/payment_intents/{payment['intent']}/confirm"
        status, body = await self._stripe.ask("POST", path, urlencode(form).encode(), _FORM)
        assert status == 200, body
        return status

    async def _ask_until_taken(self, method: str, path: str, body: bytes = b"", headers: str = "") -> dict[str, Any]:
        status, content = await self._shop.ask(method, path, body, headers)
        for _ in range(_TRIES):
            if status != 503:
                break
            await asyncio.sleep(_LATER_S)  # As `Retry-After` asks. The key marks it as the same request.
            status, content = await self._shop.ask(method, path, body, headers)
        assert 200 <= status < 300, (method, path, status, content)
        return msgspec.json.decode(content, type=dict[str, Any])


class Spread:
    """Buyers who each buy once, from an address of their own; they share a connection to Stripe."""

    def __init__(self, url: str, stripe: Connection, number: int) -> None:
        self._url = url
        self._stripe = stripe
        self._where = (f"127.{8 + number}.{purchase // 250}.{purchase % 250 + 1}" for purchase in count())

    async def buy(self, wanted: str) -> float:
        """Connect, and make one purchase; returns the seconds it took."""
        begun = perf_counter()
        address = next(self._where)
        shop = await connect(self._url, address)
        await Buyer(shop, self._stripe, f"buyer@{address.replace('.', '-')}.example").buy(wanted)
        shop.close()
        return perf_counter() - begun


async def main(url: str, buyers: int, skus: int, *, is_spread: bool) -> None:
    """Make as many purchases as each line asks for, of so many SKUs in turn."""
    _, body = await (await connect(url)).ask("GET", "/config")
    stripe_url = msgspec.json.decode(body)["stripe"]["api_base"]
    wanted = cycle(map(sku, range(skus)))
    stripes = [await connect(stripe_url) for _ in range(buyers)]
    crowd = [
        Spread(url, each, number) if is_spread else Buyer(await connect(url), each)
        for number, each in enumerate(stripes)
    ]
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        left = iter(range(int(line)))
        took = await asyncio.gather(*(_shopping(buyer, left, wanted) for buyer in crowd))
        print(msgspec.json.encode(list(chain.from_iterable(took))).decode(), flush=True)


async def _shopping(buyer: Buyer | Spread, left: Iterator[int], wanted: Iterator[str]) -> list[float]:
    """Buy until the shared rest of the purchases is used up."""
    return [await buyer.buy(next(wanted)) for _ in left]


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), is_spread="spread" in sys.argv[4:]))
