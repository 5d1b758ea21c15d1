"""The SQL of tokens of programs. Only hashes are kept: they are looked up by them, so timing reveals nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime

from asyncpg import Record

from bus.messages.staff import KEYS, AccessToken
from engine.postgres import Database
from engine.transaction import Transaction

_COLUMNS = "id, label, keys, made_by, created_at, expires_at, revoked_at"
_FIND = f"select {_COLUMNS} from staff.tokens where hash = $1 and expires_at > $2"  # noqa: S608 - of our own words
_BY_ID = f"select {_COLUMNS} from staff.tokens where id = $1"  # noqa: S608 - of our own words
_LIST = f"select {_COLUMNS} from staff.tokens order by created_at, id"  # noqa: S608 - of our own words
_ADD = f"""
insert into staff.tokens (hash, label, keys, made_by, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)
returning {_COLUMNS}"""  # noqa: S608 - of our own words
_REVOKE = f"""
update staff.tokens set revoked_at = $2, expires_at = least(expires_at, $2) where id = $1 and revoked_at is null
returning {_COLUMNS}"""  # noqa: S608 - of our own words
_COUNT = "select count(*)::int from staff.tokens where expires_at > $1"


async def find(reading: Transaction | Database, token_hash: bytes, now: datetime) -> AccessToken | None:
    """Find a valid token by its hash."""
    return _one(await reading.fetch(_FIND, token_hash, now))


async def read(reading: Transaction | Database, token_id: str) -> AccessToken | None:
    """Read a token by its id, also one that is not valid any more."""
    return _one(await reading.fetch(_BY_ID, token_id))


async def all_of_them(reading: Transaction | Database) -> list[AccessToken]:
    """Read all tokens, the oldest first."""
    return [_token(row) for row in await reading.fetch(_LIST)]


async def count(tx: Transaction) -> int:
    """Count the valid tokens."""
    return int(await tx.value(_COUNT, tx.now))


async def add(
    tx: Transaction, token_hash: bytes, label: str, keys: Sequence[str], made_by: str, expires_at: datetime
) -> AccessToken:
    """Store a token."""
    (row,) = await tx.fetch(_ADD, token_hash, label, list(keys), made_by, tx.now, expires_at)
    return _token(row)


async def revoke(tx: Transaction, token_id: str) -> AccessToken | None:
    """Revoke a token; None if there is none, or it was revoked before."""
    return _one(await tx.fetch(_REVOKE, token_id, tx.now))


def _one(rows: Sequence[Record]) -> AccessToken | None:
    return _token(rows[0]) if rows else None


def _token(row: Record) -> AccessToken:
    revoked = row["revoked_at"]
    return AccessToken(
        id=row["id"],
        label=row["label"],
        keys=KEYS if row["keys"] is None else tuple(row["keys"]),
        made_by=row["made_by"],
        created_at=row["created_at"].astimezone(UTC),
        expires_at=row["expires_at"].astimezone(UTC),
        revoked_at=revoked and revoked.astimezone(UTC),
    )
