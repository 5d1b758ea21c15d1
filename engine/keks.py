"""Key-encryption keys: one is current, and a new one takes its place every 30 days.

    begin     the new key is written to its home, then to the table: from now on it is current
    rewrap    keys under older ones are wrapped under it, some at a time, while the shop works
    destroy   an older one that wraps nothing leaves the table, and then its home

Each step may be the last before a crash, and each is repeated until it finds nothing to do. Whoever wraps a key under
one that is just being destroyed is refused by the reference between the tables, and wraps it again.

Rejected: docs/decisions/0042.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.clock import FOREVER, Clock
from engine.crash import CrashPoint
from engine.errors import Unavailable
from engine.kek_homes import KekFolder
from engine.postgres import Database
from engine.roots import RootKeeper
from engine.sealing import KEY_BYTES, Owner, about_key, derive, unwrap, wrap
from engine.transaction import Transaction

# How long a key outlives its successor's making: in that time every process has learned of the successor.
GRACE: Final = timedelta(hours=1)
_LOCK: Final = 0x4B45_4B53  # "KEKS": one process at a time makes one.
_READ = "select version, root, home, wrapped, made_at from vault.keks order by version"
_NEXT = "select nextval('vault.kek_versions')::int"
_ADD = "insert into vault.keks (version, root, home, wrapped, made_at) values ($1, $2, $3, $4, $5)"
_LIST = """
select version, made_at, destroyed_at, (select count(*) from vault.keys where kek = version)::bigint as wraps from (
    select version, made_at, null::timestamptz as destroyed_at from vault.keks
    union all select version, made_at, destroyed_at from vault.destroyed_keks) k
order by version"""
# Rows that an erasure, or another process, holds are left for the next batch.
_OLD = """
select subject, purpose, kek, wrapped from vault.keys where kek < $1
order by kek limit $2 for no key update skip locked"""
_REWRAP = """
update vault.keys k set kek = $4, wrapped = n.wrapped
from unnest($1::text[], $2::text[], $3::bytea[]) as n (subject, purpose, wrapped)
where k.subject = n.subject and k.purpose = n.purpose"""
# The lock conflicts with that of a key which is just being stored, and names this row.
_UNUSED = """
select version, home, made_at from vault.keks k
where not exists (select from vault.keys where kek = k.version)
    and exists (select from vault.keks newer where newer.version > k.version and newer.made_at <= $1)
order by version for update"""
_STILL_UNUSED = """
delete from vault.keks where version = any($1) and not exists (select from vault.keys where kek = version)
returning version, home, made_at"""
_DESTROYED = """
insert into vault.destroyed_keks (version, home, made_at, destroyed_at, wiped_at)
select version, home, made_at, $4::timestamptz, case when home = 'database' then $4 end
from unnest($1::int[], $2::text[], $3::timestamptz[]) as d (version, home, made_at)"""
_UNWIPED = "select version from vault.destroyed_keks where wiped_at is null order by version"
_WIPED = "update vault.destroyed_keks set wiped_at = $2 where version = any($1)"

_WRITTEN = CrashPoint("kek-written", "A new key-encryption key lies in its home; no row knows it.")
_DROPPED = CrashPoint("kek-destroyed", "A key-encryption key has left its table; it lies in its home still.")


class KekSummary(NamedTuple):
    """A key-encryption key, as people see it."""

    version: int
    made_at: datetime
    destroyed_at: datetime | None
    wraps: int  # Keys under it.


class Keks:
    """The key-encryption keys that this process knows, unwrapped."""

    def __init__(self, database: Database, clock: Clock, keeper: RootKeeper, folder: KekFolder | None) -> None:
        self._database = database
        self._clock = clock
        self._keeper = keeper
        self._folder = folder
        self._keys: Mapping[int, AESGCM] = {}
        self.current = 0
        self.made_at = FOREVER  # The current one.

    def __repr__(self) -> str:
        return f"Keks(current: {self.current})"

    async def load(self) -> None:
        """Learn of those that others made, and forget those that are gone; make the first one.

        Raises:
            Unavailable: One can't be had from its home.
        """
        rows = await self._database.fetch(_READ)
        if not rows:
            await self._make_first()
            return
        if any(row["root"] > self._keeper.roots.newest for row in rows):  # Another process has changed the root, too.
            await self._keeper.load()
        known = {}
        for row in rows:
            version = row["version"]
            known[version] = self._keys.get(version) or self._unwrapped(
                version, row["root"], await self._from_home(version, row["home"], row["wrapped"])
            )
        self._keys, self.current, self.made_at = known, rows[-1]["version"], rows[-1]["made_at"]

    async def get(self, version: int) -> AESGCM:
        """Return a key, asking the database for one that another process made meanwhile.

        Raises:
            Unavailable: There is none, or it can't be had.
        """
        if version not in self._keys:
            await self.load()
        if version not in self._keys:
            raise Unavailable("the vault", f"key-encryption key {version} is not there")
        return self._keys[version]

    def known(self, version: int) -> AESGCM:
        """Return a key that was loaded."""
        return self._keys[version]

    @property
    def versions(self) -> AbstractSet[int]:
        """The versions that were loaded."""
        return self._keys.keys()

    async def begin(self, *, unless_made_after: datetime = FOREVER) -> int:
        """Make a new key, current from now on, unless one was made after that time; return the current version."""
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
            if (await tx.fetch(_READ))[-1]["made_at"] <= unless_made_after:
                await self._make(tx)
        await self.load()
        return self.current

    async def _make_first(self) -> None:
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
            if not await tx.fetch(_READ):  # Else another process was faster.
                await self._make(tx)
        await self.load()

    async def _make(self, tx: Transaction) -> int:
        version: int = await tx.value(_NEXT)
        root = self._keeper.roots.newest
        wrapped = wrap(self._cover(root), os.urandom(KEY_BYTES), _about(version))
        if self._folder is None:
            await tx.execute(_ADD, version, root, "database", wrapped, tx.now)
            return version
        await asyncio.to_thread(self._folder.put, version, wrapped)
        _WRITTEN.reach()
        await tx.execute(_ADD, version, root, "folder", None, tx.now)
        return version

    async def rewrap(self, tx: Transaction, limit: int) -> int:
        """Wrap keys under the current one; return how many there were."""
        rows = await tx.fetch(_OLD, self.current, limit)
        covers = {version: await self.get(version) for version in {row["kek"] for row in rows}}
        owners = [Owner(row["subject"], row["purpose"]) for row in rows]
        current = await self.get(self.current)
        wrapped = [
            wrap(current, unwrap(covers[row["kek"]], row["wrapped"], about_key(owner)), about_key(owner))
            for owner, row in zip(owners, rows, strict=True)
        ]
        if rows:
            await tx.execute(
                _REWRAP, [owner.subject for owner in owners], [owner.purpose for owner in owners], wrapped, self.current
            )
        return len(rows)

    async def destroy_unused(self) -> Sequence[int]:
        """Destroy the keys that wrap nothing, and were not current for an hour; return their versions."""
        now = self._clock.now()
        async with self._database.transaction(now) as tx:
            unused = [row["version"] for row in await tx.fetch(_UNUSED, now - GRACE)]
            gone = await tx.fetch(_STILL_UNUSED, unused) if unused else []
            await tx.execute(
                _DESTROYED,
                [row["version"] for row in gone], [row["home"] for row in gone], [row["made_at"] for row in gone], now,
            )  # fmt: skip
        if gone:
            _DROPPED.reach()
        await self._wipe(now)
        await self.load()
        return [row["version"] for row in gone]

    async def summaries(self) -> Sequence[KekSummary]:
        """List all keys, those that are gone included, the oldest first."""
        return [KekSummary(**dict(row)) for row in await self._database.fetch(_LIST)]

    async def _wipe(self, now: datetime) -> None:
        if self._folder is None:
            return
        versions = [row["version"] for row in await self._database.fetch(_UNWIPED)]
        for version in versions:
            await asyncio.to_thread(self._folder.wipe, version)
        if versions:
            await self._database.fetch(_WIPED, versions, now)

    async def _from_home(self, version: int, home: str, wrapped: bytes | None) -> bytes:
        if home == "database":
            assert wrapped is not None, "the table says so"
            return wrapped
        found = await asyncio.to_thread(self._folder.get, version) if self._folder else None
        if found is None:
            raise Unavailable(
                "the vault", f"SHOPFLOW_KEKS has no key-encryption key {version}: bring it back from its copy"
            )
        return found

    def _unwrapped(self, version: int, root: int, wrapped: bytes) -> AESGCM:
        return AESGCM(unwrap(self._cover(root), wrapped, _about(version)))

    def _cover(self, root: int) -> AESGCM:
        return AESGCM(derive(self._keeper.roots.key(root), "cover of key-encryption keys"))


def _about(version: int) -> str:
    return f"vault.keks.wrapped|{version}"
