"""The keeper of keys: turns the key-encryption key every 30 days, and ends keys whose time is over.

What is to be done stands in the tables, so there is no timer to lose: each look does what is due, and a crash is made
good by the next one. Two processes that do it at once find nothing left of what the other has done.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from actors.vault import rules
from engine import telemetry
from engine.actor import Actor
from engine.clock import Clock, Sleeper
from engine.crash import CrashPoint
from engine.errors import Conflict, Unavailable
from engine.keks import GRACE
from engine.postgres import Database
from engine.vault import Vault

_BATCH: Final = 2_000  # Keys in one transaction: some milliseconds.
_ENDED_AT_ONCE: Final = 1_000
_AGAIN: Final = timedelta(minutes=1)
_AT_MOST_S: Final = 86_400.0

_REWRAPPED = CrashPoint("keys-rewrapped", "A batch of keys is under the new key-encryption key, others are not yet.")


class KeyKeeper(Actor, name="vault"):
    """Turns the key-encryption key, and ends keys. Nobody sends it messages."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._log = telemetry.logger(actor="vault")

    async def run(self) -> None:
        """Look, do what is due, and rest until something is."""
        sleeper = Sleeper(self._clock)
        try:
            while True:
                await sleeper.until(await self._next_after_look(), within_s=_AT_MOST_S)
        finally:
            sleeper.close()

    async def _next_after_look(self) -> datetime:
        try:
            return await self.look()
        except (Unavailable, Conflict) as error:
            self._log.warning("the keys wait", why=str(error))
            return self._clock.now() + _AGAIN

    async def look(self) -> datetime:
        """Do what is due, and return when to look again.

        Raises:
            Unavailable: PostgreSQL, or the home of the keys, does not answer.
        """
        keks = self._vault.keks
        await self._vault.refresh()
        if rules.is_due(keks.made_at, self._clock.now()):
            version = await keks.begin(unless_made_after=self._clock.now() - rules.TURN_EVERY)
            self._log.info("a new key-encryption key is current", version=version)
        await self._rewrap()
        for version in await keks.destroy_unused():
            self._log.info("a key-encryption key is destroyed", version=version)
        await self._end_keys()
        outlived_by = GRACE if len(keks.versions) > 1 else None
        return rules.next_look(keks.made_at, self._clock.now(), outlived_by=outlived_by)

    async def _rewrap(self) -> None:
        while len(self._vault.keks.versions) > 1:
            async with self._database.transaction(self._clock.now()) as tx:
                count = await self._vault.keks.rewrap(tx, _BATCH)
            if not count:
                return
            _REWRAPPED.reach()
            await asyncio.sleep(0)  # Buyers first.

    async def _end_keys(self) -> None:
        while True:
            async with self._database.transaction(self._clock.now()) as tx:
                ended = await self._vault.end_keys(tx, _ENDED_AT_ONCE)
            if ended < _ENDED_AT_ONCE:
                return
