"""Buyers at home, each with an address of its own: `python -m tests.faults.honest_buyers URL BUYERS`.

Each line on stdin is a number of seconds in which they shop: a cart, a line, a checkout, a payment, and thinking in
between. The answer is a line of JSON: the seconds that each request to the shop took.
"""

import asyncio
import random
import secrets
import sys
from time import perf_counter
from typing import Any

import aiohttp
import msgspec
import uvloop

from testkit.people import DELIVERY, payment_form
from tests.waiting import pace

THINKS_S = 1.5
SKU = "MUG-BLUE"


class Buyer:
    """One of them."""

    def __init__(self, url: str, number: int, stripe: dict[str, str]) -> None:
        self._url = url
        self._stripe = stripe
        self._delivery = {**DELIVERY, "email": f"buyer{number}@example.com"}
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(f"127.0.2.{number + 1}", 0)))
        self.took_s: list[float] = []

    async def shop_until(self, end_s: float) -> None:
        """Buy one thing after the other."""
        while perf_counter() < end_s:
            cart = (await self._ask("POST", "/carts"))["id"]
            await self._ask("PUT", f"/carts/{cart}/lines/{SKU}", {"quantity": 1})
            paid = (await self._ask("POST", f"/carts/{cart}/checkout", self._delivery))["payment"]
            form = payment_form(self._stripe["publishable_key"], paid["client_secret"])
            address = f"{self._stripe['api_base']}/v1/payment_intents/{paid['intent']}/confirm"
            async with self._http.post(address, data=form) as answer:
                assert answer.status == 200, await answer.text()

    async def close(self) -> None:
        await self._http.close()

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        await pace(random.expovariate(1 / THINKS_S))
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        begun_s = perf_counter()
        async with self._http.request(method, self._url + path, json=body, headers=headers) as answer:
            content = await answer.read()
        self.took_s.append(perf_counter() - begun_s)
        assert answer.status < 300, (path, answer.status, content)
        return msgspec.json.decode(content, type=dict[str, Any])


async def main(url: str, buyers: int) -> None:
    """Shop for as many seconds as each line says."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/config") as config:
        stripe = (await config.json())["stripe"]
    crowd = [Buyer(url, number, stripe) for number in range(buyers)]
    while line := await asyncio.to_thread(sys.stdin.readline):
        end_s = perf_counter() + float(line)
        await asyncio.gather(*(buyer.shop_until(end_s) for buyer in crowd))
        print(msgspec.json.encode([took_s for buyer in crowd for took_s in buyer.took_s]).decode(), flush=True)  # noqa: T201
        for buyer in crowd:
            buyer.took_s.clear()
    for buyer in crowd:
        await buyer.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
