"""Real servers for tests, and databases on them: started once a run, with fresh databases for the tests.

A test gets a clone of a template that was migrated once, because a migration costs more than most tests. These servers
promise nothing after a crash of the machine: a test run has nothing to keep.

Rejected: docs/decisions/0015.
"""

import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from redis.asyncio import Redis

from engine.clock import ManualClock
from engine.embedded.postgres import embedded_postgres
from engine.embedded.roles import as_superuser
from engine.embedded.valkey import embedded_valkey
from engine.migrations import migrate

_FASTER = """
alter system set fsync = off;
alter system set synchronous_commit = off;
alter system set full_page_writes = off;
alter system set autovacuum = off"""
_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's folder in memory; names made in it are unguessable
_ROOM = 2 << 30  # Bytes that must be free there: a test run takes a tenth of it.
_REDIS_DATABASES = 16  # As many as Valkey has by default.


class Servers:
    """PostgreSQL and Valkey, shared by all tests of a run. See `open_servers`."""

    def __init__(self, postgres_url: str, redis_url: str) -> None:
        self._postgres_url = postgres_url
        self._redis_url = redis_url
        self._templates: dict[tuple[tuple[str, Path], ...], str] = {}
        self._numbers = count(1)

    async def fresh_database(self, schemas: Mapping[str, Path]) -> str:
        """Make a database with these domains' tables; returns its URL.

        Args:
            schemas: As `engine.migrations.migrate` takes them. The first use of a set costs a migration, every later
                one a copy of its files.
        """
        key = tuple(schemas.items())
        if key not in self._templates:
            template = await self._create("template0")
            await migrate(self._url(template), schemas, ManualClock())
            self._templates[key] = template
        return self._url(await self._create(self._templates[key]))

    async def empty_database(self) -> str:
        """Make an empty database; returns its URL."""
        return self._url(await self._create("template0"))

    async def drop(self, database_url: str) -> None:
        """Remove a database that `fresh_database` made, ending its open connections."""
        name = _name_in(database_url)
        await self._execute(f"drop database if exists {name} with (force)")

    async def fresh_redis_url(self) -> str:
        """Empty a database of Valkey; returns its URL. Sixteen in turn: the seventeenth call takes the first again."""
        url = f"{self._redis_url}?db={next(self._numbers) % _REDIS_DATABASES}"
        async with Redis.from_url(url) as client:
            await client.flushdb()
        return url

    async def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        # `file_copy` and not the default, which writes every page to the log as well: that is slower when nobody is
        # connected to the template, which is so here.
        owner = urlsplit(self._postgres_url).username
        await self._execute(f"create database {name} owner {owner} template {template} strategy file_copy")
        return name

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(as_superuser(self._postgres_url), timeout=10)
        try:
            for statement in sql.split(";"):  # One by one: these refuse to share a transaction.
                await connection.execute(statement, timeout=30)
        finally:
            await connection.close(timeout=5)

    async def make_faster(self) -> None:
        """Trade durability, which no test can see, for speed. Called once, by `open_servers`."""
        await self._execute(f"{_FASTER}; select pg_reload_conf()")

    def _url(self, database: str) -> str:
        return self._postgres_url.replace(f"/{_name_in(self._postgres_url)}?", f"/{database}?")


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for servers' data, gone at the end of the block; in memory where there is room.

    A database is a thousand small files: making one takes a disk a third of a second, and memory a fiftieth of one.
    Not under pytest's own folder, whose names are long: a socket's path must be short, or it takes a link.
    """
    is_roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    place = _MEMORY if is_roomy else None
    with tempfile.TemporaryDirectory(prefix="shopflow-", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@asynccontextmanager
async def open_servers(folder: Path) -> AsyncIterator[Servers]:
    """Start both servers with their data in `folder`, and stop them when the block ends.

    Raises:
        BadSetting: A server does not start. The message names its log.
    """
    async with embedded_postgres(folder / "postgres") as postgres_url, embedded_valkey(folder / "valkey") as redis_url:
        servers = Servers(postgres_url, redis_url)
        await servers.make_faster()
        yield servers


def _name_in(database_url: str) -> str:
    found = re.search(r"/(\w+)\?", database_url)
    assert found, "the URL of an embedded database names it"
    return found[1]
