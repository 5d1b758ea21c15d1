"""The control loop of every server here: report the port, and publish changes at the pace that stdin asks for.

First line out: the port. Then for each line in, `COUNT RATE BATCH`: publish COUNT changes, BATCH of them at once, RATE
times a second, and print `told` when the last one was handed over. Each change is a text frame as ShopFlow writes it.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from itertools import count

_versions = count(1)


def message(number: int, version: int) -> bytes:
    """A change of stock as a text frame, 66 bytes or so."""
    return b'{"op":"stock","sku":"SKU-%07d","available":%d,"version":%d}' % (number, version % 100, version)


async def drive(port: int, tell: Callable[[Sequence[tuple[int, int]]], object]) -> None:
    """Serve stdin until it ends. `tell` gets the changes of one moment: numbers of SKUs, and versions."""
    loop = asyncio.get_running_loop()
    print(port, flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        changes, rate, batch = map(float, line.split())
        begun_s = loop.time()
        for moment in range(int(changes / batch)):
            await asyncio.sleep(max(0.0, begun_s + moment / rate - loop.time()))
            tell([(number, next(_versions)) for number in range(int(batch))])
        print("told", flush=True)
