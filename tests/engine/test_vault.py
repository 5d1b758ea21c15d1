"""Keys of persons: made once, gone for ever, under key-encryption keys and roots that change while the shop works."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from engine.clock import ManualClock
from engine.errors import BadSetting, Unavailable
from engine.master_key import MasterKey
from engine.postgres import Database, open_database
from engine.roots import VaultSettings
from engine.sealing import Erased, OpenKeys, Owner, Place
from engine.vault import Vault, open_vault
from testkit import Servers

SCHEMA = {"vault": Path(__file__).parents[2] / "actors" / "vault" / "schema"}
ADA = Owner("cus_ada", "account")
HERE = Place("customer.customers", "profile", "cus_ada")
ONE, TWO = (base64.b64encode(sign * 32).decode() for sign in (b"1", b"2"))


class Profile(msgspec.Struct, frozen=True):
    name: str


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[Database]:
    url = await servers.fresh_database(SCHEMA)
    async with open_database(url, connections=8) as opened:
        yield opened
    await servers.drop(url)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


Opens = Callable[..., AbstractAsyncContextManager[Vault]]


@pytest.fixture
def opens(database: Database, clock: ManualClock, tmp_path: Path) -> Opens:
    """Opens the vault of one shop, as a process does."""

    def open_it(
        setting: str = "", before: str = "", *, folder: str | None = "keks"
    ) -> AbstractAsyncContextManager[Vault]:
        return open_vault(
            database,
            clock,
            MasterKey(setting, before, tmp_path),
            VaultSettings(),
            folder=tmp_path / folder if folder else None,
        )

    return open_it


async def keys_of(vault: Vault, database: Database, clock: ManualClock, *, creating: bool = False) -> OpenKeys:
    async with database.transaction(clock.now()) as tx:
        return await vault.keys(tx, {ADA}, creating=creating)


async def seal(vault: Vault, database: Database, clock: ManualClock) -> bytes:
    return (await keys_of(vault, database, clock, creating=True)).seal(Profile("Ada"), HERE, *ADA)


async def reads(vault: Vault, database: Database, clock: ManualClock, box: bytes) -> Profile | Erased:
    return (await keys_of(vault, database, clock)).read(Profile, box, HERE, *ADA)


async def test_a_key_that_was_made_is_there_for_every_process(
    opens: Opens, database: Database, clock: ManualClock
) -> None:
    async with opens() as first, opens() as second:
        box = await seal(first, database, clock)
        assert await reads(second, database, clock, box) == Profile("Ada")
    async with opens() as later:
        assert await reads(later, database, clock, box) == Profile("Ada")


async def test_of_many_who_make_a_key_at_once_one_does(opens: Opens, database: Database, clock: ManualClock) -> None:
    async with opens() as one, opens() as other:
        boxes = await asyncio.gather(*(seal(vault, database, clock) for vault in (one, other) * 8))
        assert [await reads(one, database, clock, box) for box in boxes] == [Profile("Ada")] * 16


async def test_an_owner_without_a_key_reads_as_erased(opens: Opens, database: Database, clock: ManualClock) -> None:
    async with opens() as vault:
        assert await reads(vault, database, clock, b"\x01" + bytes(40)) == Erased()


async def test_whoever_is_forgotten_stays_so(opens: Opens, database: Database, clock: ManualClock) -> None:
    async with opens() as vault, opens() as other:
        box = await seal(vault, database, clock)
        async with database.transaction(clock.now()) as tx:
            assert await vault.forget(tx, {ADA}) == 1
        for process in (vault, other):
            assert await reads(process, database, clock, box) == Erased()
        keys = await keys_of(vault, database, clock, creating=True)
        assert not keys.has(*ADA)


async def test_the_master_key_stands_in_no_table_nor_does_any_plain_key(
    opens: Opens, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with opens() as vault:
        await seal(vault, database, clock)
        rows = [*await database.fetch("select * from vault.roots"), *await database.fetch("select * from vault.keks")]
        stored = b"".join(value for row in rows for value in row.values() if isinstance(value, bytes))
        assert (tmp_path / "master.key").read_bytes() not in stored
        assert len(stored) == 16  # The fingerprint alone: key-encryption keys lie in their folder.


# --- The turn of the key-encryption key ---


async def turn(vault: Vault, database: Database, clock: ManualClock) -> None:
    await vault.keks.begin()
    async with database.transaction(clock.now()) as tx:
        assert await vault.keks.rewrap(tx, 100) == 1
        assert await vault.keks.rewrap(tx, 100) == 0


async def test_a_new_key_encryption_key_takes_over_and_the_old_one_goes(
    opens: Opens, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with opens() as vault, opens() as other:
        box = await seal(vault, database, clock)
        await turn(vault, database, clock)

        assert await reads(other, database, clock, box) == Profile("Ada")  # It learns of it where it meets it.
        assert await vault.keks.destroy_unused() == []  # Others may be wrapping under it still.
        clock.jump(timedelta(hours=1))
        assert await vault.keks.destroy_unused() == [1]
        assert [file.name for file in (tmp_path / "keks").iterdir()] == ["2.kek"]
        assert await reads(vault, database, clock, box) == Profile("Ada")
        assert [(kek.version, kek.wraps, kek.destroyed_at) for kek in await vault.keks.summaries()] == [
            (1, 0, clock.now()), (2, 1, None),
        ]  # fmt: skip


async def test_one_that_still_wraps_a_key_is_not_destroyed(
    opens: Opens, database: Database, clock: ManualClock
) -> None:
    async with opens() as vault:
        box = await seal(vault, database, clock)
        await vault.keks.begin()
        clock.jump(timedelta(days=400))
        assert await vault.keks.destroy_unused() == []
        assert await reads(vault, database, clock, box) == Profile("Ada")


async def test_a_process_that_knows_only_a_destroyed_one_stores_no_key_under_it(
    opens: Opens, database: Database, clock: ManualClock
) -> None:
    async with opens() as vault, opens() as late:
        await vault.keks.begin()
        clock.jump(timedelta(hours=1))
        assert await vault.keks.destroy_unused() == [1]
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await seal(late, database, clock)
        await late.refresh()
        assert await reads(late, database, clock, await seal(late, database, clock)) == Profile("Ada")


async def test_an_old_copy_of_the_tables_can_not_be_read_after_the_turn(
    opens: Opens, database: Database, clock: ManualClock, servers: Servers, tmp_path: Path
) -> None:
    async with opens() as vault:
        box = await seal(vault, database, clock)
        before = [tuple(row) for row in await database.fetch("select version, root, home, made_at from vault.keks")]
        kept = [tuple(row) for row in await database.fetch("select subject, purpose, kek, wrapped from vault.keys")]
        await turn(vault, database, clock)
        clock.jump(timedelta(hours=1))
        await vault.keks.destroy_unused()
        async with database.transaction(clock.now()) as tx:  # A backup of before is restored, with the master key.
            await tx.execute("delete from vault.keys")
            await tx.execute("delete from vault.keks")
            for row in before:
                await tx.execute("insert into vault.keks (version, root, home, made_at) values ($1, $2, $3, $4)", *row)
            for row in kept:
                await tx.execute(
                    "insert into vault.keys (subject, purpose, kek, wrapped) values ($1, $2, $3, $4)", *row
                )
    assert box
    with pytest.raises(Unavailable, match="has no key-encryption key 1"):
        async with opens():
            pass


async def test_they_may_lie_in_the_database(
    opens: Opens, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with opens(folder=None) as vault:
        box = await seal(vault, database, clock)
        assert not (tmp_path / "keks").exists()
    async with opens() as moved:  # From the next turn on they lie in the folder.
        assert await reads(moved, database, clock, box) == Profile("Ada")
        await turn(moved, database, clock)
        clock.jump(timedelta(hours=1))
        assert await moved.keks.destroy_unused() == [1]
        assert await reads(moved, database, clock, box) == Profile("Ada")


# --- The change of the master key ---


async def test_a_changed_master_key_in_its_file_opens_all_and_knows_old_tokens(
    opens: Opens, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with opens() as vault, opens() as other:
        box = await seal(vault, database, clock)
        old, index, token = (tmp_path / "master.key").read_bytes(), vault.email_index("a@b.c"), vault.token_keys("x")[0]

        assert await vault.change_root() == 2

        assert (tmp_path / "master.key").read_bytes() != old
        await other.refresh()
        for process in (vault, other):
            assert await reads(process, database, clock, box) == Profile("Ada")
            assert process.email_index("a@b.c") == index
            assert process.token_keys("x")[1:] == [token]
    async with opens() as later:
        assert await reads(later, database, clock, box) == Profile("Ada")
        assert later.token_keys("x")[1:] == [token]


async def test_a_changed_setting_needs_the_old_one_once(opens: Opens, database: Database, clock: ManualClock) -> None:
    async with opens(ONE) as vault:
        box = await seal(vault, database, clock)
        with pytest.raises(BadSetting, match="SHOPFLOW_MASTER_KEY_BEFORE"):
            await vault.change_root()
    with pytest.raises(BadSetting, match="is not the key of this shop"):
        async with opens(TWO):
            pass
    async with opens(TWO, ONE) as vault:
        assert await reads(vault, database, clock, box) == Profile("Ada")
    async with opens(TWO) as vault:
        assert await reads(vault, database, clock, box) == Profile("Ada")
        assert vault.roots.newest == 2
    with pytest.raises(BadSetting, match="is not the key of this shop"):
        async with opens(ONE):
            pass
