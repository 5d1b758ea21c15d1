"""Plain asyncio: a queue, and a future for each answer."""

import asyncio

import uvloop

from bench.memory.driver import ASKS, AT_ONCE, CALLERS, TELLS, report


async def tell() -> None:
    """Put all tells into a queue, and take them out one by one."""
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def take() -> None:
        for _ in range(AT_ONCE):
            await queue.get()

    for first in range(0, TELLS, AT_ONCE):
        for number in range(first, first + AT_ONCE):
            queue.put_nowait(number)
        await take()


async def ask() -> None:
    """Send a number and a future through a queue for each ask, and the answer through the future."""
    queue: asyncio.Queue[tuple[int, asyncio.Future[int]]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def answer() -> None:
        while True:
            number, future = await queue.get()
            future.set_result(2 * number)

    async def caller(numbers: range) -> None:
        for number in numbers:
            future: asyncio.Future[int] = loop.create_future()
            queue.put_nowait((number, future))
            assert await future == 2 * number

    answering = asyncio.create_task(answer())
    await asyncio.gather(*(caller(range(first, ASKS, CALLERS)) for first in range(CALLERS)))
    answering.cancel()


if __name__ == "__main__":
    uvloop.run(report(tell, ask))
