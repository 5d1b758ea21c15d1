"""The processes of a shop: each reports itself every few seconds, and cleans up after those that stopped reporting."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from engine import telemetry
from engine.clock import FOREVER, Clock, Sleeper
from engine.errors import ShopFlowError
from engine.postgres import Database

_EVERY_S = 10.0
_AWAY = timedelta(seconds=35)  # Three reports were missed.
_GONE = timedelta(hours=1)  # Then it is taken for dead, and its reply queue is deleted.

_HERE = """
insert into bus.processes (id, hosts, started_at, seen_at) values ($1, $2, $3, $3)
on conflict (id) do update set seen_at = excluded.seen_at"""
_LEAVE = "delete from bus.processes where id = $1"
_EXPIRE = "delete from bus.processes where seen_at < $1 returning id"
_ALL = "select id, hosts, started_at, seen_at from bus.processes order by started_at, id"


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the shop."""

    id: str
    hosts: tuple[str, ...]
    started_at: datetime
    seen_at: datetime

    def is_alive(self, now: datetime) -> bool:
        """Return whether the process has reported itself lately."""
        return now - self.seen_at < _AWAY


class Membership:
    """Keeps one process in the list, and removes those that stopped."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        process: str,
        hosts: Sequence[str],
        clean_up: Callable[[str], Awaitable[None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._process = process
        self._hosts = list(hosts)
        self._clean_up = clean_up

    async def run(self) -> None:
        """Report this process until cancelled."""
        sleeper = Sleeper(self._clock)
        try:
            while True:
                try:
                    await self._report()
                except ShopFlowError as error:  # PostgreSQL is away, which others log loudly enough.
                    telemetry.logger().debug("could not report this process", error=str(error))
                await sleeper.until(FOREVER, within_s=_EVERY_S)
        finally:
            sleeper.close()

    async def leave(self) -> None:
        """Take this process off the list, at an orderly stop."""
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute(_LEAVE, self._process)

    async def _report(self) -> None:
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute(_HERE, self._process, self._hosts, tx.now)
            gone = [row["id"] for row in await tx.fetch(_EXPIRE, tx.now - _GONE)]
        for process in gone:
            await self._clean_up(process)


async def processes(database: Database) -> Sequence[Process]:
    """List all processes that have reported themselves, the oldest first."""
    return [Process(**{**row, "hosts": tuple(row["hosts"])}) for row in map(dict, await database.fetch(_ALL))]
