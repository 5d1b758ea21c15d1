"""xoscar, in one process. Runs in the peers' environment."""

import asyncio

import xoscar  # type: ignore[import-not-found] # there

from bench.memory.driver import ASKS, AT_ONCE, CALLERS, TELLS, report


class Clerk(xoscar.StatelessActor):  # type: ignore[misc] # likewise
    """Notices, and doubles."""

    async def note(self, number: int) -> None:
        """Take notice."""

    async def double(self, number: int) -> int:
        """How much is twice this?"""
        return 2 * number


async def main() -> None:
    """Measure."""
    pool = await xoscar.create_actor_pool("127.0.0.1", n_process=0)
    clerk = await xoscar.create_actor(Clerk, address=pool.external_address, uid="clerk")

    async def tell() -> None:
        for first in range(0, TELLS, AT_ONCE):
            await asyncio.gather(*(clerk.note.tell(number) for number in range(first, first + AT_ONCE)))

    async def ask() -> None:
        async def caller(numbers: range) -> None:
            for number in numbers:
                assert await clerk.double(number) == 2 * number

        await asyncio.gather(*(caller(range(first, ASKS, CALLERS)) for first in range(CALLERS)))

    await report(tell, ask)
    await pool.stop()


if __name__ == "__main__":
    asyncio.run(main())
