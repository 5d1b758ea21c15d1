"""The age of a value when a client has it: from the planned time of its change until each client has read it.

Open loop: so many counts of stock a second by `PUT /admin/api/stock/{sku}`, whatever becomes of them; a late request
counts from its planned time. So the request, its turn, its commit, the news and the tick are all in
the figure. Each change goes to 100 clients, which are a C program that only reads and notes times (fanout/load.c).
"""

import asyncio
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench.fanout.measure import Came, allow_many_files, crowd
from bench.goods import PLENTY, put_on_shelves, sku
from bench.http import Connection, connect
from testkit.programs import Dialogue, command, program

CHANGES_A_SECOND = 100
SECONDS = 10
REPEATS = 3
SKUS = 100
WATCHERS = 100  # Of each SKU, at least.
CONNECTIONS = 16
_ROW = 24  # Bytes, of the file that the clients write.
CONNECTS_A_SECOND = 400  # A shop takes 500.


class _Books(msgspec.Struct):
    version: int


@dataclass(frozen=True)
class Row:
    """The lags with so many clients: milliseconds until each had each value, of each repeat."""

    clients: int
    lags_ms: Sequence[Sequence[float]]


async def measure(folder: Path, clients: int) -> Row:
    """Measure so many clients, on a fresh shop."""
    allow_many_files()
    records = folder / "records"
    each = max(1, WATCHERS * SKUS // clients)
    with program(folder / "shop") as shop:
        put_on_shelves(shop.folder, SKUS)
        token = command(shop.folder, "token").strip()
        changing = await Changing.begin(shop.url, token)
        port = urlsplit(shop.url).port
        assert port is not None
        with crowd(
            port, clients, skus_each=each, skus=SKUS, per_second=CONNECTS_A_SECOND, records=str(records)
        ) as loading:
            lags_ms = [await _run(changing, loading, records, clients * each // SKUS) for _ in range(REPEATS + 1)]
    return Row(clients, lags_ms[1:])


class Changing:
    """Counts stock at a steady pace, and records the planned time of each version."""

    def __init__(self, idle: Sequence[Connection], token: str) -> None:
        self._idle: asyncio.Queue[Connection] = asyncio.Queue()
        for connection in idle:
            self._idle.put_nowait(connection)
        self._headers = f"Authorization: Bearer {token}\r\n"
        self._left = PLENTY

    @classmethod
    async def begin(cls, url: str, token: str) -> "Changing":
        """Open the connections."""
        return cls([await connect(url) for _ in range(CONNECTIONS)], token)

    async def run(self) -> dict[tuple[int, int], int]:
        """Count stock for one repeat; returns the planned time (monotonic, ns) of each version of each SKU."""
        planned_ns: dict[tuple[int, int], int] = {}
        begun_ns = time.monotonic_ns()

        async def change(number: int) -> None:
            at_ns = begun_ns + number * 1_000_000_000 // CHANGES_A_SECOND
            await asyncio.sleep(max(0, at_ns - time.monotonic_ns()) / 1e9)
            planned_ns[number % SKUS, await self._count(number % SKUS)] = at_ns

        await asyncio.gather(*(change(number) for number in range(CHANGES_A_SECOND * SECONDS)))
        return planned_ns

    async def _count(self, number: int) -> int:
        self._left -= 1
        body = b'{"on_hand":%d}' % self._left
        connection = await self._idle.get()
        status, answer = await connection.ask("PUT", f"/admin/api/stock/{sku(number)}", body, self._headers)
        self._idle.put_nowait(connection)
        assert status == 200, answer
        return msgspec.json.decode(answer, type=_Books).version


async def _run(changing: Changing, loading: Dialogue, records: Path, watchers: int) -> list[float]:
    wanted = CHANGES_A_SECOND * SECONDS * watchers
    before = records.stat().st_size // _ROW * _ROW  # It is written in pieces that do not end with a row.
    arriving = asyncio.create_task(loading.ask(f"{wanted}"))
    planned_ns = await changing.run()
    came = msgspec.json.decode(await arriving, type=Came)
    assert came.values == wanted, f"{came.values} of {wanted} values came"
    await loading.ask("0")  # Only once it answers has it written down all that it answered before.
    content = records.read_bytes()
    rows = array("Q", content[before : len(content) // _ROW * _ROW])
    return [
        (rows[at + 2] - planned_ns[rows[at], rows[at + 1]]) / 1e6
        for at in range(0, len(rows), 3)
        if (rows[at], rows[at + 1]) in planned_ns  # The first to come are those that were there before.
    ]
