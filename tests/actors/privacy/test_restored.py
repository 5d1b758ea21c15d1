"""A backup that is restored brings nobody back: neither one of the database, nor one of its files."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec
import pytest

from bus.messages.customer import LogIn, NotSignedIn
from bus.messages.privacy import ListErasures, ReadPersonalAccount
from engine.clock import ManualClock
from engine.embedded.account import programs
from engine.embedded.postgres import embedded_postgres
from engine.embedded.roles import as_superuser
from engine.embedded.surroundings import environment
from engine.errors import Unavailable
from engine.keks import GRACE
from engine.master_key import MasterKey
from engine.migrations import migrate
from engine.postgres import open_database
from engine.roots import VaultSettings
from engine.sealing import Erased, Owner, Place
from engine.vault import Vault, open_vault
from testkit import Servers, data_folder
from testkit.shop_under_test import ShopPlace, open_shop_under_test
from tests.actors.privacy.people import close, register
from wiring.domains import SCHEMAS

VAULT = {"vault": SCHEMAS["vault"]}
ADA, BOB = Owner("cus_ada", "account"), Owner("cus_bob", "account")


class Profile(msgspec.Struct, frozen=True):
    name: str


async def test_a_restored_database_forgets_again_who_was_forgotten(servers: Servers, tmp_path: Path) -> None:
    url = await servers.fresh_database(SCHEMAS)
    place = ShopPlace(url, await servers.fresh_redis_url(), tmp_path, ManualClock().now())
    async with open_shop_under_test(servers, place=place) as shop:
        gone = await register(shop)
        stays = await register(shop, "bob@example.com")
    backup = url.replace("/test_", "/backup_of_test_")
    name, copy = (each.split("/")[3].split("?")[0] for each in (url, backup))
    await servers._execute(f"create database {copy} owner shopflow template {name}")
    async with open_shop_under_test(servers, place=place) as shop:
        await close(shop, gone)
        later = shop.clock.now()

    restored = ShopPlace(backup, await servers.fresh_redis_url(), tmp_path, later + timedelta(hours=1))
    async with open_shop_under_test(servers, place=restored) as shop:
        refused = await shop.ask(LogIn(customer_id=gone, password="a hash"))
        await shop.settle()
        read = await shop.ask(ReadPersonalAccount(customer_id=gone))
        other = await shop.ask(ReadPersonalAccount(customer_id=stays))
        found = await shop.ask(ListErasures(subject=gone))
    async with open_shop_under_test(servers, place=restored) as shop:
        once = await shop.ask(ListErasures(subject=gone))

    assert isinstance(refused, NotSignedIn)
    assert (read.records, read.opened) == ((), 0)
    assert other.opened == 2
    assert [each.reason for each in found.receipts] == ["replayed"]
    assert len(once.receipts) == 1
    for each in (url, backup):
        await servers.drop(each)


async def sealed(vault: Vault, clock: ManualClock, owner: Owner, *, creating: bool = False) -> bytes:
    async with vault._database.transaction(clock.now()) as tx:
        keys = await vault.keys(tx, {owner}, creating=creating)
    return keys.seal(Profile(owner.subject), place_of(owner), *owner)


async def read(vault: Vault, clock: ManualClock, owner: Owner, box: bytes) -> Profile | Erased:
    async with vault._database.reading(clock.now()) as tx:
        keys = await vault.keys(tx, {owner})
    return keys.read(Profile, box, place_of(owner), *owner)


def place_of(owner: Owner) -> Place:
    return Place("customer.customers", "profile", owner.subject)


@asynccontextmanager
async def vault_on(cluster: Path, data: Path, clock: ManualClock) -> AsyncIterator[Vault]:
    async with embedded_postgres(cluster) as url:
        await migrate(url, VAULT, clock)
        async with (
            open_database(url, connections=4) as database,
            open_vault(database, clock, MasterKey("", "", data), VaultSettings(), folder=data / "keks") as vault,
        ):
            yield vault


async def base_backup(cluster: Path, target: Path) -> None:
    """Copy a running cluster as operators do. Its own rules let nobody replicate, so for the copy one line is added."""
    async with embedded_postgres(cluster) as url:
        with (cluster / "pg_hba.conf").open("a") as rules:
            rules.write("local replication all peer map=shopflow\n")
        connection = await asyncpg.connect(as_superuser(url))
        await connection.execute("select pg_reload_conf()")
        await connection.close()
        sockets = parse_qs(urlsplit(url).query)["host"][0]
        words = ("-D", str(target), "-h", sockets, "-U", "postgres", "-X", "stream", "-c", "fast")
        command = [str(programs() / "pg_basebackup"), *words]
        await asyncio.to_thread(subprocess.run, command, check=True, env=environment(), timeout=60)


@pytest.mark.timeout(120)
async def test_a_base_backup_is_not_read_after_the_next_key() -> None:
    clock = ManualClock()
    with data_folder() as folder:
        cluster, data = folder / "postgres", folder / "data"
        data.mkdir()
        async with vault_on(cluster, data, clock) as vault:
            ada = await sealed(vault, clock, ADA, creating=True)
            bob = await sealed(vault, clock, BOB, creating=True)
            await base_backup(cluster, folder / "backups" / "early")
            async with vault._database.transaction(clock.now()) as tx:
                await vault.forget(tx, [ADA])
            assert isinstance(await read(vault, clock, ADA, ada), Erased)
        shutil.copytree(folder / "backups" / "early", folder / "backups" / "late", symlinks=True)

        async with vault_on(folder / "backups" / "early", data, clock) as restored:  # The key of that time is there.
            assert await read(restored, clock, ADA, ada) == Profile("cus_ada")
        async with vault_on(cluster, data, clock) as vault:
            await vault.keks.begin()
            async with vault._database.transaction(clock.now()) as tx:
                assert await vault.keks.rewrap(tx, 100) == 1
            await clock.advance(seconds=GRACE.total_seconds() + 1)
            assert await vault.keks.destroy_unused()
            assert await read(vault, clock, BOB, bob) == Profile("cus_bob")
        with pytest.raises(Unavailable):  # From now on nothing in that backup can be read.
            async with vault_on(folder / "backups" / "late", data, clock):
                pass
