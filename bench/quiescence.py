"""The end of a run: not the last answer, but the last effect on disk."""

import asyncio

from engine.postgres import Database

_LEFT = "select count(*)::int as left from bus.deliveries where due is null"
_LOOK_S = 0.05  # Seldom: each poll reads all that is left.
_WITHIN_S = 120.0


async def until_quiescent(database: Database) -> None:
    """Wait until no delivery is left that is due."""
    async with asyncio.timeout(_WITHIN_S):
        while (await database.fetch(_LEFT))[0]["left"]:  # noqa: ASYNC110 - it is PostgreSQL's to say
            await asyncio.sleep(_LOOK_S)
