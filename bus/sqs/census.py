"""Which processes there are: each says so every few seconds, and clears away after those that say so no more."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from engine import telemetry
from engine.clock import FOREVER, Clock, Sleeper
from engine.errors import ShopFlowError
from engine.postgres import Database

_EVERY_S = 10.0
_AWAY = timedelta(seconds=35)  # It has missed three times.
_GONE = timedelta(hours=1)  # It will not come back, and nobody answers it any more.

_HERE = """
insert into bus.processes (id, hosts, started_at, seen_at) values ($1, $2, $3, $3)
on conflict (id) do update set seen_at = excluded.seen_at"""
_LEAVE = "delete from bus.processes where id = $1"
_BURY = "delete from bus.processes where seen_at < $1 returning id"
_ALL = "select id, hosts, started_at, seen_at from bus.processes order by started_at, id"


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One of a shop's."""

    id: str
    hosts: tuple[str, ...]
    started_at: datetime
    seen_at: datetime

    def is_there(self, now: datetime) -> bool:
        """Whether it was seen lately."""
        return now - self.seen_at < _AWAY


class Census:
    """Keeps one process in the list."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        process: str,
        hosts: Sequence[str],
        clear_away: Callable[[str], Awaitable[None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._process = process
        self._hosts = list(hosts)
        self._clear_away = clear_away

    async def run(self) -> None:
        """Say that we are here until cancelled."""
        sleeper = Sleeper(self._clock)
        try:
            while True:
                try:
                    await self._say()
                except ShopFlowError as error:  # PostgreSQL is away; everybody else says so loudly enough.
                    telemetry.logger().debug("could not say that we are here", error=str(error))
                await sleeper.until(FOREVER, within_s=_EVERY_S)
        finally:
            sleeper.close()

    async def leave(self) -> None:
        """We go in order."""
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute(_LEAVE, self._process)

    async def _say(self) -> None:
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute(_HERE, self._process, self._hosts, tx.now)
            gone = [row["id"] for row in await tx.fetch(_BURY, tx.now - _GONE)]
        for process in gone:
            await self._clear_away(process)


async def processes(database: Database) -> Sequence[Process]:
    """All that are known, the oldest first."""
    return [Process(**{**row, "hosts": tuple(row["hosts"])}) for row in map(dict, await database.fetch(_ALL))]
