"""The list of the forgotten, replayed at a start, before anybody is served.

A database that was restored from a backup knows less of the list than there is. Whoever is on it and has keys is
forgotten again: the keys at once, here; all else by an erasure of its own, which begins before the edge opens.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

from actors.privacy import rules, store
from actors.privacy.erased_list import ErasedList
from engine import telemetry
from engine.clock import Clock
from engine.postgres import Database
from engine.sealing import Subject
from engine.vault import Vault

_PAGE: Final = 10_000
_log = telemetry.logger(part="erased")


async def replay(database: Database, vault: Vault, clock: Clock, listed: ErasedList) -> bool:
    """Take the keys of those whom this database has in spite of the list; return whether anybody is to be forgotten.

    Raises:
        Unavailable: The list, or the database, can't be read.
    """
    names = await listed.names()
    async with database.reading(clock.now()) as tx:
        unknown = await store.unknown(tx, names)
    if unknown:
        await _take_keys(database, vault, clock, listed, unknown)
    async with database.reading(clock.now()) as tx:
        return bool(await store.revived(tx, 1))


async def _take_keys(
    database: Database, vault: Vault, clock: Clock, listed: ErasedList, unknown: Collection[str]
) -> None:
    wanted: set[str] = set()
    for name in unknown:
        wanted |= await listed.read(name)
    found = await _find(database, vault, listed, wanted)
    async with database.transaction(clock.now()) as tx:
        await vault.forget(tx, [(subject, purpose) for subject in found for purpose in ("account", "activity")])
        await store.add_revived(tx, found)
        await store.add_listed(tx, unknown)
    if found:
        _log.warning("people who were forgotten had come back with a backup", forgotten_again=len(found))


async def _find(database: Database, vault: Vault, listed: ErasedList, wanted: Collection[str]) -> Sequence[Subject]:
    """Find those who have keys and are on the list."""
    found: list[Subject] = []
    last, key = "", listed.key
    while subjects := await vault.subjects(database, last, _PAGE):
        names = await asyncio.to_thread(lambda page: [rules.name_of(key, each) for each in page], subjects)
        found += [subject for subject, name in zip(subjects, names, strict=True) if name in wanted]
        last = subjects[-1]
    return found
