"""The shop's database and role at the embedded PostgreSQL, and the takeover of those that earlier versions made.

Earlier versions worked as the superuser, who could read every file of the server's account and run programs as it.
"""

from typing import Final
from urllib.parse import quote, urlsplit

import asyncpg

from engine.embedded.cluster import ROLE, SUPERUSER

_DATABASE: Final = "shopflow"
_CONNECT_S: Final = 60.0
_STATEMENT_S: Final = 60.0

_OWNER: Final = "select pg_get_userbyid(datdba) from pg_database where datname = $1"

# Sequences of identity columns follow their tables.
_TAKE_OVER: Final = """
do $$
declare statement text;
begin
    for statement in
        select format('alter schema %I owner to shopflow', nspname)
        from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
        union all
        select format('alter table %I.%I owner to shopflow', nspname, relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where relkind in ('r', 'p', 'v', 'm', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema'
            and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                            and c.relkind = 'S' and d.deptype in ('a', 'i'))
    loop
        execute statement;
    end loop;
end $$;
alter database shopflow owner to shopflow"""


def url_of(sockets: str, role: str, database: str = _DATABASE) -> str:
    """Write the URL of a database at the server whose socket is in this folder."""
    return f"postgresql://{role}@/{database}?host={quote(sockets)}"


def as_superuser(url: str) -> str:
    """Write the URL of the same embedded database for its superuser, for whom only an account of its owner's passes."""
    return urlsplit(url)._replace(netloc=f"{SUPERUSER}@").geturl()


async def ensure_database(sockets: str) -> None:
    """Make the shop's role and database, or take them over from an earlier version.

    Raises:
        OSError: The server does not answer.
        asyncpg.PostgresError: It refuses.
    """
    connection = await _connect(url_of(sockets, SUPERUSER, "postgres"))
    try:
        if not await connection.fetchval("select true from pg_roles where rolname = $1", ROLE):
            await connection.execute(f"create role {ROLE} login")
        owner = await connection.fetchval(_OWNER, _DATABASE)
        if owner is None:
            await connection.execute(f"create database {_DATABASE} owner {ROLE}")
    finally:
        await connection.close()
    if owner == SUPERUSER:
        connection = await _connect(url_of(sockets, SUPERUSER))
        try:
            await connection.execute(_TAKE_OVER)  # In one transaction, as all that is sent at once.
        finally:
            await connection.close()


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(url, timeout=_CONNECT_S, command_timeout=_STATEMENT_S)
