"""The vault: keys of persons by purpose, for the stores that seal what names a person.

    root (engine/roots.py)  -- wraps -->  key-encryption keys (engine/keks.py)
      key-encryption key    -- wraps -->  keys, one for each person and purpose: rows of vault.keys
        key                 -- seals -->  boxes (engine/sealing.py), in the tables of all domains

It is machinery, like deliveries: a store uses it within its own transaction, so no actor reads another's tables, and no
call leaves the turn. Two ways lead to keys: `keys` is one statement of its own; a store whose turn may cost none writes
`locked_key` and `store_keys` into its own statements. Plain keys are kept nowhere, so whoever is forgotten is
forgotten in every process at once. Rejected: docs/decisions/0041.
"""

import struct
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import anyio
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine import telemetry
from engine.blind_index import BlindIndex
from engine.clock import Clock
from engine.errors import ShopFlowError
from engine.kek_homes import KekFolder
from engine.keks import Keks
from engine.kms import open_kms
from engine.master_key import MasterKey
from engine.postgres import Database
from engine.roots import RootKeeper, Roots, VaultSettings
from engine.sealing import OpenKeys, Owner, Purpose, Subject, about_key, derive, unwrap, wrap
from engine.transaction import Transaction

_REFRESH_S: Final = 300.0  # What another process changed is known that much later; on whatever day the clock is.
_VERSION: Final = struct.Struct(">i")

_STATE = """
select (select max(version) from vault.roots) as roots, (select array_agg(version) from vault.keks) as keks"""
_READ = """
select k.subject, k.purpose, int4send(k.kek) || k.wrapped as locked from vault.keys k
join unnest($1::text[], $2::text[]) as w (subject, purpose) on k.subject = w.subject and k.purpose = w.purpose"""
# Of two that make a key for one owner the second waits for the first, and reads its key in a second statement.
_MAKE = """
with made as (
    insert into vault.keys (subject, purpose, kek, wrapped)
    select subject, purpose, $4, wrapped
    from unnest($1::text[], $2::text[], $3::bytea[]) as n (subject, purpose, wrapped)
    where not exists (
        select from vault.forgotten f where f.subject = n.subject and f.purpose = n.purpose)
    on conflict do nothing returning subject, purpose, kek, wrapped
), all_keys as (
    select * from made
    union all select k.subject, k.purpose, k.kek, k.wrapped from vault.keys k
        join unnest($1::text[], $2::text[]) as w (subject, purpose) on k.subject = w.subject and k.purpose = w.purpose
)
select subject, purpose, int4send(kek) || wrapped as locked from all_keys"""
_SUBJECTS = """
select distinct subject from vault.keys where purpose in ('account', 'activity') and subject > $1
order by subject limit $2"""
_ENDED = """
select subject, purpose from vault.keys where ends_at <= $1 order by ends_at limit $2 for update skip locked"""
_FORGET = """
with wanted as (select * from unnest($1::text[], $2::text[]) as w (subject, purpose)), noted as (
    insert into vault.forgotten (subject, purpose, at) select subject, purpose, $3 from wanted on conflict do nothing
)
delete from vault.keys k using wanted w where k.subject = w.subject and k.purpose = w.purpose
returning k.subject, k.purpose"""


def locked_key(subject: str, purpose: Purpose) -> str:
    """Write the SQL of an owner's locked key, as `unlock` takes it; null if there is none.

    Args:
        subject: The expression that yields the subject: `o.subject`.
        purpose: The purpose.
    """
    key = "int4send(k.kek) || k.wrapped from vault.keys k"
    return f"(select {key} where k.subject = {subject} and k.purpose = '{purpose}')"


def store_keys(first: int, stored: str) -> str:
    """Write the SQL that stores new keys with the rows whose ids are their subjects (see `NewKeys.parameters`).

    Args:
        first: The number of its first parameter; it takes five.
        stored: The part of the statement that returns those rows with their `id`.
    """
    texts = [f"${number}" for number in range(first, first + 5)]
    return f"""
    insert into vault.keys (subject, purpose, wrapped, ends_at, kek)
    select n.*, {texts[4]}
    from unnest({texts[0]}::text[], {texts[1]}::text[], {texts[2]}::bytea[], {texts[3]}::timestamptz[])
        as n (subject, purpose, wrapped, ends_at)
    join {stored} on {stored}.id = n.subject"""  # noqa: S608 - of our own words


class NewKeys(NamedTuple):
    """Keys of persons who have none, to be stored by the statement that stores their boxes."""

    keys: OpenKeys
    owners: Sequence[Owner]
    wrapped: Sequence[bytes]
    kek: int

    def parameters(self, ends_at: Mapping[Purpose, datetime]) -> tuple[object, ...]:
        """Return the parameters of `store_keys`. A key whose purpose has an end is forgotten then."""
        return (
            [owner.subject for owner in self.owners],
            [owner.purpose for owner in self.owners],
            self.wrapped,
            [ends_at.get(owner.purpose) for owner in self.owners],
            self.kek,
        )


class Vault:
    """Gives stores the keys of persons. One for each process."""

    def __init__(self, database: Database, clock: Clock, keeper: RootKeeper, folder: KekFolder | None) -> None:
        self._database = database
        self._clock = clock
        self._keeper = keeper
        self.keks = Keks(database, clock, keeper, folder)
        self._log = telemetry.logger(part="vault")

    async def load(self) -> None:
        """Read the roots and key-encryption keys, before anything is sealed or opened.

        Raises:
            BadSetting: The master key is not this shop's.
            Unavailable: A key can't be had.
        """
        await self._keeper.load()
        self._index = BlindIndex(self.roots.key(1))
        await self.keks.load()

    async def run(self) -> None:
        """Learn what other processes change, until cancelled."""
        while True:
            await anyio.sleep(_REFRESH_S)
            try:
                await self.refresh()
            except ShopFlowError as error:
                self._log.warning("the keys can't be read again", why=str(error))

    async def refresh(self) -> None:
        """Learn what other processes have changed, if they have. Raises as `load`."""
        (row,) = await self._database.fetch(_STATE)
        if row["roots"] != self.roots.newest:
            await self._keeper.load()
        if set(row["keks"] or ()) != self.keks.versions:
            await self.keks.load()

    @property
    def roots(self) -> Roots:
        """The roots, from which keys of tokens are derived."""
        return self._keeper.roots

    async def change_root(self) -> int:
        """Make a new root, and return its version. Raises as `RootKeeper.change`."""
        return await self._keeper.change()

    # --- Keys of persons ---

    async def keys(
        self, tx: Transaction | Database, wanted: Collection[tuple[Subject, Purpose]], *, creating: bool = False
    ) -> OpenKeys:
        """Read the keys of these owners, in one statement.

        Args:
            tx: The transaction, or the database for what only reads.
            wanted: Who, and for which purpose.
            creating: Make those that are missing, except of those who were forgotten. It takes a transaction.

        Raises:
            Unavailable: A key-encryption key can't be had.
        """
        owners = [Owner(*owner) for owner in wanted]
        subjects, purposes = [owner.subject for owner in owners], [owner.purpose for owner in owners]
        if not owners:
            return OpenKeys({})
        if not creating:
            rows = await tx.fetch(_READ, subjects, purposes)
        else:
            new = self.new_keys(owners)
            rows = await tx.fetch(_MAKE, subjects, purposes, new.wrapped, new.kek)
            if len(rows) < len(owners):  # Another transaction has made one meanwhile; or it is of one who is forgotten.
                rows = await tx.fetch(_READ, subjects, purposes)
        return await self.unlock({Owner(row["subject"], row["purpose"]): row["locked"] for row in rows})

    def new_keys(self, owners: Sequence[Owner]) -> NewKeys:
        """Make keys for owners who have none, such as new orders. The caller's statement stores them."""
        current = self.keks.current
        cover = self.keks.known(current)
        plain = [AESGCM.generate_key(256) for _ in owners]
        wrapped = [wrap(cover, key, about_key(owner)) for owner, key in zip(owners, plain, strict=True)]
        keys = OpenKeys({owner: AESGCM(key) for owner, key in zip(owners, plain, strict=True)})
        return NewKeys(keys, owners, wrapped, current)

    async def unlock(self, locked: Mapping[Owner, bytes | None]) -> OpenKeys:
        """Unwrap keys that a store has read with its own statement (see `locked_key`); None: it is gone.

        Raises:
            Unavailable: A key-encryption key can't be had.
        """
        plain: dict[Owner, AESGCM] = {}
        for owner, key in locked.items():
            if key is None:
                continue
            (version,) = _VERSION.unpack_from(key)
            cover = self.keks.known(version) if version in self.keks.versions else await self.keks.get(version)
            plain[owner] = AESGCM(unwrap(cover, key[_VERSION.size :], about_key(owner)))
        return OpenKeys(plain)

    async def forget(self, tx: Transaction, owners: Collection[tuple[Subject, Purpose]]) -> int:
        """Delete the keys of these owners, for ever; return how many there were.

        From the commit on nobody reads their boxes. Copies in backups can be read until the key-encryption key of
        today is destroyed, within 60 days.
        """
        wanted = [Owner(*owner) for owner in owners]
        rows = await tx.fetch(_FORGET, [owner.subject for owner in wanted], [owner.purpose for owner in wanted], tx.now)
        return len(rows)

    async def subjects(self, database: Database, after: Subject, limit: int) -> list[Subject]:
        """List who has keys that can be forgotten, in the order of their ids: those after this one."""
        return [row["subject"] for row in await database.fetch(_SUBJECTS, after, limit)]

    async def end_keys(self, tx: Transaction, limit: int) -> int:
        """Forget the owners whose time is over, as that of an invoice; return how many there were."""
        ended = [Owner(row["subject"], row["purpose"]) for row in await tx.fetch(_ENDED, tx.now, limit)]
        return await self.forget(tx, ended) if ended else 0

    # --- Indexes and other keys ---

    def email_index(self, address: str) -> bytes:
        """Hash an address for its index. See `BlindIndex.email_index`."""
        return self._index.email_index(address)

    def search_tokens(self, *, email: str = "", name: str = "", postal_code: str = "", phone: str = "") -> list[int]:
        """Make the tokens by which staff find a person. See `BlindIndex.search_tokens`."""
        return self._index.search_tokens(email=email, name=name, postal_code=postal_code, phone=phone)

    def asked_tokens(self, text: str) -> list[list[int]]:
        """Make the tokens of what staff search for: of each word some, of which one must be there."""
        return self._index.asked_tokens(text)

    def token_keys(self, label: str) -> list[bytes]:
        """Derive keys for tokens and codes: make new ones with the first, accept those of any."""
        return [derive(root, label) for root in self.roots.newest_first()]


@asynccontextmanager
async def open_vault(
    database: Database,
    clock: Clock,
    master: MasterKey,
    settings: VaultSettings,
    *,
    folder: Path | None,
    region: str = "",
    endpoint_url: str = "",
) -> AsyncIterator[Vault]:
    """Open the vault of a shop whose tables are there; close it when the block ends.

    Args:
        database: The shop's.
        clock: Its clock.
        master: Its master key.
        settings: Its settings.
        folder: Of key-encryption keys; None: they lie in the database.
        region: Of the key service.
        endpoint_url: Of the key service; empty: Amazon's.

    Raises:
        BadSetting: The master key is not this shop's.
        Unavailable: The key service does not answer, or a key is not in its home.
    """
    async with AsyncExitStack() as stack:
        kms = await stack.enter_async_context(
            open_kms(settings.shopflow_kms_key, region=region, endpoint_url=endpoint_url)
        )
        vault = Vault(database, clock, RootKeeper(database, clock, master, kms), KekFolder(folder) if folder else None)
        await vault.load()
        yield vault
