"""Attackers at a few addresses: `python -m tests.faults.attackers URL SLOW`.

Each line on stdin is a number of seconds in which they do their worst; the answer is a line of JSON: what they were
answered, by kind. They come from eight addresses, and hold `SLOW` slow or huge connections.
"""

import asyncio
import secrets
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import cycle
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from testkit.people import DELIVERY, payment_form
from tests.waiting import pace

ADDRESSES = [f"127.0.6.{number}" for number in range(1, 9)]
SKUS = ("MUG-SAND", "MUG-GREEN", "TEABOWL", "CARAFE", "ENAMEL-RED", "GLASSCUP")
_AGAIN_S = 0.2
_HEADS = (
    b"",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
    b"POST /carts HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n",
    b"POST /carts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    b"GET /static/app.js HTTP/1.1\r\nHost: a\r\n\r\n" * 16,
)
_FORGED = (
    '{"op":"subscribe","skus":["x\\u0000"]}',
    msgspec.json.encode({"op": "subscribe", "skus": [f"NONE-{number}" for number in range(128)]}).decode(),
    '{"op":"watch_order","order_id":"ord_1","token":"guess"}',
    "[" * 60_000,
    "{",
)


class Attackers:
    """All of them, and what they were answered."""

    def __init__(self, url: str, slow: int) -> None:
        self._url = url
        self._host, self._port = str(urlsplit(url).hostname), int(urlsplit(url).port or 0)
        self._slow = slow
        self.answered: Counter[str] = Counter()

    async def attack(self, seconds: float) -> None:
        """Do all of it at once for a while."""
        kinds: list[tuple[Callable[[str], Awaitable[None]], int]] = [
            (self._slow_or_huge, self._slow),
            (self._forge, 16),
            (self._flood, 8),
            (self._hoard, 8),
            (self._test_cards, 8),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                for kind, many in kinds:
                    for address, _ in zip(cycle(ADDRESSES), range(many), strict=False):
                        tasks.create_task(self._for_ever(kind, address))

    async def _for_ever(self, kind: Callable[[str], Awaitable[None]], address: str) -> None:
        name = kind.__name__.strip("_")
        while True:
            try:
                await kind(address)
            except (OSError, aiohttp.ClientError, WebSocketException, asyncio.IncompleteReadError, TimeoutError) as end:
                self.answered[f"{name} {type(end).__name__}"] += 1
            await pace(_AGAIN_S)

    async def _slow_or_huge(self, address: str) -> None:
        """Begin a request and never end it; some say much, and none listens."""
        head = _HEADS[secrets.randbelow(len(_HEADS))]
        reader, writer = await asyncio.open_connection(self._host, self._port, local_addr=(address, 0), limit=1024)
        try:
            writer.write(head)
            for _ in range(300):
                writer.write(b"y" * (1 if secrets.randbelow(20) else 50_000))
                await writer.drain()
                await pace(0.5)
                if writer.transport.is_closing() or reader.at_eof():
                    break
            async with asyncio.timeout(1):
                line = await reader.readline()
            self.answered[f"slow {line[9:12].decode() or 'closed'}"] += 1
        finally:
            writer.transport.abort()

    async def _forge(self, address: str) -> None:
        uri = f"ws://{self._host}:{self._port}/live"
        async with connect(uri, proxy=None, compression=None, local_addr=(address, 0), open_timeout=5) as live:
            for number in range(120):
                await live.send(_FORGED[number % len(_FORGED)])
                await pace(0.02)
            async with asyncio.timeout(5):
                async for _ in live:
                    pass

    async def _flood(self, address: str) -> None:
        async with self._session(address) as http:
            for method, path in cycle((("POST", "/carts"), ("GET", "/products"), ("GET", "//etc/passwd"))):
                async with http.request(method, self._url + path) as answer:
                    self.answered[f"flood {answer.status}"] += 1
                await pace(0.02)

    async def _hoard(self, address: str) -> None:
        """Fill carts with all there is, and never buy."""
        async with self._session(address) as http:
            while True:
                async with http.post(f"{self._url}/carts") as answer:
                    cart = (await answer.json()).get("id", "none")
                for sku in SKUS:
                    for units in (99, 10, 1):
                        where = f"{self._url}/carts/{cart}/lines/{sku}"
                        async with http.put(where, json={"quantity": units}) as answer:
                            self.answered[f"hoard {answer.status}"] += 1
                        await pace(0.05)

    async def _test_cards(self, address: str) -> None:
        """Try one stolen card after the other on an order."""
        async with self._session(address) as http:
            async with http.post(f"{self._url}/carts") as answer:
                cart = (await answer.json()).get("id", "none")
            await http.put(f"{self._url}/carts/{cart}/lines/MUG-BLUE", json={"quantity": 1})
            async with http.get(f"{self._url}/config") as answer:
                stripe = (await answer.json()).get("stripe")
            placed = await self._placed(http, cart)
            self.answered[f"cards {placed.get('status', 201)}"] += 1
            if stripe is None or "payment" not in placed:
                return
            form = payment_form(stripe["publishable_key"], placed["payment"]["client_secret"], "pm_card_chargeDeclined")
            where = f"{stripe['api_base']}/v1/payment_intents/{placed['payment']['intent']}/confirm"
            for _ in range(40):
                async with http.post(where, data=form) as answer:
                    self.answered[f"card {answer.status}"] += 1
                await pace(0.1)

    async def _placed(self, http: aiohttp.ClientSession, cart: str) -> dict[str, Any]:
        body = {**DELIVERY, "email": f"{secrets.token_hex(4)}@victim.example"}
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        async with http.post(f"{self._url}/carts/{cart}/checkout", json=body, headers=headers) as answer:
            return msgspec.json.decode(await answer.read(), type=dict[str, Any])

    @staticmethod
    def _session(address: str) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=20)
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0)), timeout=timeout)


async def main(words: Sequence[str]) -> None:
    """Attack for as many seconds as each line says."""
    attackers = Attackers(words[0], int(words[1]))
    while line := await asyncio.to_thread(sys.stdin.readline):
        begun_s = perf_counter()
        await attackers.attack(float(line))
        answered = dict(attackers.answered) | {"seconds": round(perf_counter() - begun_s)}
        print(msgspec.json.encode(answered).decode(), flush=True)  # noqa: T201
        attackers.answered.clear()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
