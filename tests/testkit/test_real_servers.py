"""What tests stand on: fresh databases, quick, apart from each other."""

from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from engine.clock import ManualClock
from engine.postgres import open_database
from testkit import Servers
from tests.conftest import SCHEMAS


async def test_a_set_of_schemas_is_migrated_once_and_copied_from_then_on(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await servers.drop(await servers.fresh_database(SCHEMAS))
    monkeypatch.delattr("testkit.real_servers.migrate")

    url = await servers.fresh_database(SCHEMAS)  # 13 ms on an idle machine.

    async with open_database(url, connections=1) as database:
        assert await database.fetch("select * from bus.deliveries") == []
    await servers.drop(url)


async def test_fresh_databases_know_nothing_of_each_other(servers: Servers, clock: ManualClock) -> None:
    first, second = [await servers.fresh_database(SCHEMAS) for _ in range(2)]
    async with open_database(first, connections=1) as database, database.transaction(clock.now()) as tx:
        await tx.execute("insert into toys.done (actor, key, what) values ('a', 'k', 'x')")
    async with open_database(second, connections=1) as database:
        assert await database.fetch("select 1 from toys.done") == []


async def test_schemas_make_their_own_template(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("create table public.only_here ()")
    url = await servers.fresh_database({"a": tmp_path})
    async with open_database(url, connections=1) as database:
        assert await database.fetch("select * from only_here") == []


async def test_a_dropped_database_is_gone_whoever_is_connected(servers: Servers) -> None:
    url = await servers.fresh_database(SCHEMAS)
    async with open_database(url, connections=1):
        await servers.drop(url)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)


async def test_a_fresh_redis_is_empty_and_apart(servers: Servers) -> None:
    first, second = await servers.fresh_redis_url(), await servers.fresh_redis_url()
    async with Redis.from_url(first) as one, Redis.from_url(second) as other:
        await one.set("cart", "full")
        assert await other.get("cart") is None
    for _ in range(16):
        await servers.fresh_redis_url()
    async with Redis.from_url(first) as one:
        assert await one.get("cart") is None
