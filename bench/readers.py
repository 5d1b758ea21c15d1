"""Readers over HTTP, in a process of their own: `python -m bench.readers URL TOKEN`.

Each line on stdin is a `Reading` as JSON; the answer is a line of JSON: the seconds that each request took. Without a
pace each connection asks again once it is answered. With one, requests begin at their times whether others are answered
or not, and are counted from then: so waiting for a connection counts, too.
"""

import asyncio
import sys
from time import perf_counter

import msgspec
import uvloop

from bench.http import Connection, connect


class Reading(msgspec.Struct, frozen=True):
    """Requests to make."""

    path: str
    requests: int
    connections: int
    per_second: int = 0  # 0: as many as there can be.


class Readers:
    """Connections that read the same again and again."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = f"Authorization: Bearer {token}\r\n"

    async def read(self, reading: Reading) -> list[float]:
        """Make the requests; returns the seconds that each took."""
        free = asyncio.Queue[Connection]()
        for _ in range(reading.connections):
            free.put_nowait(await connect(self._url))
        begun = perf_counter()
        if reading.per_second:
            times = [begun + number / reading.per_second for number in range(reading.requests)]
            took = list(await asyncio.gather(*(self._one(free, reading.path, at) for at in times)))
        else:
            each = reading.requests // reading.connections
            many = await asyncio.gather(*(self._again(free, reading.path, each) for _ in range(reading.connections)))
            took = [seconds for one in many for seconds in one]
        while not free.empty():
            free.get_nowait().close()
        return took

    async def _again(self, free: "asyncio.Queue[Connection]", path: str, times: int) -> list[float]:
        return [await self._one(free, path, perf_counter()) for _ in range(times)]

    async def _one(self, free: "asyncio.Queue[Connection]", path: str, at: float) -> float:
        if (wait_s := at - perf_counter()) > 0:
            await asyncio.sleep(wait_s)
        connection = await free.get()
        # Staff prove who they are for their own routes; others are asked as everybody asks.
        status, _ = await connection.ask("GET", path, headers=self._headers if path.startswith("/admin") else "")
        assert status == 200, path
        free.put_nowait(connection)
        return perf_counter() - at


async def main(url: str, token: str) -> None:
    """Answer each line of stdin."""
    readers = Readers(url, token)
    while line := await asyncio.to_thread(sys.stdin.readline):
        took = await readers.read(msgspec.json.decode(line, type=Reading))
        print(msgspec.json.encode(took).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
