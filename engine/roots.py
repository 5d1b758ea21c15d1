"""Roots: the master keys of a shop, past and present, from which its other keys are derived.

The newest stands outside the database: in a setting, in a file, or wrapped by a key service. All older ones are kept
wrapped under the newest, so that tokens which were given out before a change are still known. Changing the newest is
one transaction, whatever the number of sealed boxes: those are under keys of their own (engine/vault.py).

Rejected: docs/decisions/0043.
"""

import hmac
import os
from collections.abc import Sequence
from typing import Annotated, Final

from asyncpg import Record
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadSetting
from engine.kms import Kms
from engine.master_key import MasterKey
from engine.postgres import Database
from engine.sealing import KEY_BYTES, DoesNotOpen, derive, unwrap, wrap
from engine.settings import Settings, meaning
from engine.transaction import Transaction

_LOCK: Final = 0x524F_4F54  # "ROOT": one process at a time decides which root is the newest.
_READ = "select version, provider, fingerprint, context, wrapped from vault.roots order by version"
_ADD = """
insert into vault.roots (version, provider, fingerprint, context, wrapped, made_at) values ($1, $2, $3, $4, $5, $6)"""
_REWRAP = """
update vault.roots r set wrapped = n.wrapped from unnest($1::int[], $2::bytea[]) as n (version, wrapped)
where r.version = n.version"""

_PREPARED = CrashPoint("master-key-prepared", "A new master key is written beside the old one; no record knows it.")
_KNOWN = CrashPoint("master-key-known", "The new master key is recorded; its file has not got its name.")


class VaultSettings(Settings, frozen=True, kw_only=True):
    """The keys under which personal data is sealed."""

    shopflow_kms_key: Annotated[
        str, meaning("Key of AWS KMS that guards the master key. Empty: it stands in its setting, or its file.")
    ] = ""
    shopflow_master_key_before: Annotated[
        str,
        meaning("The master key before SHOPFLOW_MASTER_KEY was changed, for the first start after.", is_secret=True),
    ] = ""
    shopflow_keks: Annotated[
        str,
        meaning(
            "Folder of key-encryption keys, which no backup may keep longer than 30 days. Several machines share it. "
            "Empty: in the data folder; with DATABASE_URL in that database."
        ),
    ] = ""


class Roots:
    """The roots of a shop, by version, from 1. Shared by all that derive keys; a change shows here."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def __repr__(self) -> str:
        return f"Roots({len(self._keys)} versions)"

    @property
    def newest(self) -> int:
        """The version under which keys are wrapped now."""
        return len(self._keys)

    def key(self, version: int) -> bytes:
        """Return a root."""
        return self._keys[version - 1]

    def newest_first(self) -> Sequence[bytes]:
        """Return all roots, the newest first."""
        return self._keys[::-1]

    def replace(self, keys: Sequence[bytes]) -> None:
        """Know more roots than before."""
        self._keys = tuple(keys)


class RootKeeper:
    """Reads the roots of a shop, and changes the newest."""

    def __init__(self, database: Database, clock: Clock, master: MasterKey, kms: Kms | None) -> None:
        self._database = database
        self._clock = clock
        self._master = master
        self._kms = kms
        self.roots = Roots(())

    async def load(self) -> None:
        """Read all roots; at the first start make the first, at a change of settings the next.

        Raises:
            BadSetting: The master key is not the one of this shop.
            Unavailable: The key service or PostgreSQL does not answer.
        """
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
            self.roots.replace(await self._load(tx))

    async def change(self) -> int:
        """Make a new root, and return its version.

        Raises:
            BadSetting: It stands in a setting, which people change.
        """
        if self._kms is None and not self._master.is_file:
            raise BadSetting(
                "SHOPFLOW_MASTER_KEY: set a new key, and the old one as SHOPFLOW_MASTER_KEY_BEFORE; then restart all"
            )
        key = os.urandom(KEY_BYTES) if self._kms else self._master.prepare_next()
        _PREPARED.reach()
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
            known = await self._load(tx)
            await self._add(tx, known, key)
        _KNOWN.reach()
        if self._kms is None:
            self._master.adopt_next()
        self.roots.replace([*known, key])
        return self.roots.newest

    async def _load(self, tx: Transaction) -> list[bytes]:
        rows = await tx.fetch(_READ)
        newest = rows[-1] if rows else None
        if newest is None:
            return await self._begin(tx)
        if newest["provider"] == "kms":
            if self._kms is None:
                raise BadSetting("SHOPFLOW_KMS_KEY: missing; it guards the master key of this shop")
            return _older(rows, await self._kms.decrypt(newest["wrapped"], newest["context"]))
        if self._kms is not None:  # It guards from now on what the setting or file held.
            return await self._add(tx, _older(rows, self._own(newest)), os.urandom(KEY_BYTES))
        return await self._load_master(tx, rows)

    async def _begin(self, tx: Transaction) -> list[bytes]:
        """Add the first root: the master key, if there is one already, for tokens were derived from it."""
        if self._kms is None or self._master.exists():
            key = self._master.read()
            await tx.execute(_ADD, 1, "master", fingerprint(key), "", None, tx.now)
            return [key] if self._kms is None else await self._add(tx, [key], os.urandom(KEY_BYTES))
        return await self._add(tx, [], os.urandom(KEY_BYTES))

    async def _load_master(self, tx: Transaction, rows: Sequence[Record]) -> list[bytes]:
        key, newest = self._master.read(), rows[-1]
        if hmac.compare_digest(fingerprint(key), newest["fingerprint"]):
            return _older(rows, key)
        before = self._own(newest)
        if self._master.is_file:  # It was recorded, and its file had not got its name: it is finished here.
            self._master.adopt_next()
            return _older(rows, before)
        return await self._add(tx, _older(rows, before), key)

    def _own(self, newest: Record) -> bytes:
        """Find the key of a root among those that are, were or shall be the master."""
        for key in (self._master.read(), *self._master.others()):
            if hmac.compare_digest(fingerprint(key), newest["fingerprint"]):
                return key
        raise BadSetting(
            "SHOPFLOW_MASTER_KEY: is not the key of this shop; what is sealed would be lost. After a change, "
            "set the old one as SHOPFLOW_MASTER_KEY_BEFORE"
        )

    async def _add(self, tx: Transaction, known: Sequence[bytes], key: bytes) -> list[bytes]:
        version, context, wrapped = len(known) + 1, "", None
        if self._kms is not None:
            context = f"{version}.{os.urandom(8).hex()}"
            wrapped = await self._kms.encrypt(key, context)
        provider = "master" if self._kms is None else "kms"
        await tx.execute(_ADD, version, provider, fingerprint(key), context, wrapped, tx.now)
        cover = _cover(key)
        await tx.execute(
            _REWRAP,
            list(range(1, version)),
            [wrap(cover, older, _about(number)) for number, older in enumerate(known, 1)],
        )
        return [*known, key]


def fingerprint(root: bytes) -> bytes:
    """Tell roots apart without showing them."""
    return derive(root, "fingerprint")[:16]


def _older(rows: Sequence[Record], newest: bytes) -> list[bytes]:
    cover = _cover(newest)
    try:
        return [*(unwrap(cover, row["wrapped"], _about(row["version"])) for row in rows[:-1]), newest]
    except DoesNotOpen as error:
        raise BadSetting("SHOPFLOW_MASTER_KEY: does not open the keys of this shop") from error


def _cover(root: bytes) -> AESGCM:
    return AESGCM(derive(root, "cover of older roots"))


def _about(version: int) -> str:
    return f"vault.roots.wrapped|{version}"
