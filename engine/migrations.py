"""Migrations: every domain's tables, brought up to date at the start. Forward only."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from asyncpg import Record

from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadSetting
from engine.postgres_errors import NO_ANSWER, no_postgres, translated

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Record]

_APPLYING = CrashPoint("before-migration-commit", "A migration's statements have run; nothing has committed.")
_APPLIED = CrashPoint("after-migration", "One migration has committed; the next one has not begun.")

_MIGRATION_LOCK = 0x5348_4F50  # "SHOP"; any number that no other program in this database uses.
_MIGRATIONS_TABLE = """
create schema if not exists engine;
create table if not exists engine.migrations (
    domain text not null, name text not null, checksum text not null, applied_at timestamptz not null,
    primary key (domain, name)
)"""


async def migrate(database_url: str, schemas: Mapping[str, Path], clock: Clock) -> list[str]:
    """Bring every domain's tables up to date: forward only, each file once, in the order of their names.

    Safe to run from several processes at once: all but one wait, and then have nothing to do.

    Args:
        database_url: The database; its user needs the right to create schemas.
        schemas: For each domain the folder with its files, `0001_what_it_does.sql` and so on. A domain may refer to
            the tables of domains before it here.
        clock: For the time of each migration.

    Returns:
        The files that were applied now, as `domain/file`.

    Raises:
        BadSetting: A file that was applied has been changed or taken away since, or the server can't be reached.
    """
    try:
        connection = await asyncpg.connect(database_url, timeout=10, server_settings={"timezone": "UTC"})
    except NO_ANSWER as error:
        raise no_postgres(database_url, error) from error
    with translated():
        try:
            await connection.execute("select pg_advisory_lock($1)", _MIGRATION_LOCK, timeout=120)
            await connection.execute(_MIGRATIONS_TABLE)
            rows = await connection.fetch("select domain, name, checksum from engine.migrations")
            applied = {(row["domain"], row["name"]): row["checksum"] for row in rows}
            return [
                f"{domain}/{file.name}"
                for domain, folder in schemas.items()
                for file in _new_files(domain, folder, applied)
                if await _apply(connection, domain, file, clock.now())
            ]
        finally:
            await connection.close(timeout=5)


async def has_migrations(database_url: str) -> bool:
    """Whether `migrate` has ever run in this database.

    Raises:
        BadSetting: The server can't be reached.
    """
    try:
        connection = await asyncpg.connect(database_url, timeout=10)
    except NO_ANSWER as error:
        raise no_postgres(database_url, error) from error
    with translated():
        try:
            return await connection.fetchval("select to_regclass('engine.migrations')") is not None
        finally:
            await connection.close(timeout=5)


def _new_files(domain: str, folder: Path, applied: Mapping[tuple[str, str], str]) -> list[Path]:
    files = sorted(folder.glob("*.sql"))
    known = {name for of, name in applied if of == domain}
    if gone := known - {file.name for file in files}:
        raise BadSetting(f"Migration {domain}/{min(gone)} was applied here, but this version does not know it")
    for file in files:
        if file.name in known and applied[domain, file.name] != _checksum(file):
            raise BadSetting(f"Migration {domain}/{file.name} was changed after it was applied: add a new file instead")
    return [file for file in files if file.name not in known]


async def _apply(connection: "Connection", domain: str, file: Path, now: datetime) -> bool:
    async with connection.transaction():
        await connection.execute(file.read_text(encoding="utf-8"))
        await connection.execute(
            "insert into engine.migrations (domain, name, checksum, applied_at) values ($1, $2, $3, $4)",
            domain, file.name, _checksum(file), now,
        )  # fmt: skip
        _APPLYING.reach()
    _APPLIED.reach()
    return True


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
