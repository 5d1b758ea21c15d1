"""Sealing rows of earlier versions in small batches, while the shop works.

Each batch is a transaction of its own that takes rows which nobody holds, so it delays no turn for long; after a crash
the next start goes on with what is left, which the rows themselves say.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from engine import telemetry
from engine.clock import FOREVER, Clock, Sleeper
from engine.crash import CrashPoint
from engine.errors import Conflict, Unavailable
from engine.postgres import Database
from engine.transaction import Transaction

BATCH: Final = 100  # Rows: a few milliseconds.
_AGAIN_S: Final = 1.0  # While PostgreSQL is away, or others hold all rows that are left.

_SEALED = CrashPoint("reseal-batch", "A batch of rows of an earlier version is sealed; others are in clear.")
_log = telemetry.logger(part="resealing")


async def in_batches(database: Database, clock: Clock, seal: Callable[[Transaction], Awaitable[int | None]]) -> None:
    """Seal batch after batch until none is left.

    Args:
        database: The shop's.
        clock: Its clock.
        seal: Seals up to `BATCH` rows and returns how many there were; None if none is left at all.
    """
    sealed = 0
    sleeper = Sleeper(clock)
    try:
        while True:
            try:
                async with database.transaction(clock.now()) as tx:
                    count = await seal(tx)
            except (Unavailable, Conflict) as error:
                _log.warning("sealing waits", why=str(error))
                count = 0
            except Exception as error:  # noqa: BLE001 - a row that can't be sealed must not stop the actor from selling
                _log.error("sealing has stopped; the audit lists what is in clear", why=type(error).__name__)
                return
            if count is None:
                break
            _SEALED.reach()
            sealed += count
            await (asyncio.sleep(0) if count else sleeper.until(FOREVER, within_s=_AGAIN_S))
    finally:
        sleeper.close()
    if sealed:
        _log.info("rows of an earlier version are sealed", rows=sealed)
