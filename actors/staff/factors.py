"""The SQL of second factors: codes by time, recovery codes, passkeys. Each proof counts once."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final

import msgspec
from asyncpg import Record

from actors.staff.store import User, place
from bus.messages.staff_sign_in import PasskeyFacts, PasskeyFound, PasskeyInfo, StaffPasskeyList
from engine.crash import CrashPoint
from engine.passkeys import MOST_PASSKEYS
from engine.postgres import Database
from engine.sealing import Erased
from engine.transaction import Transaction

_USED = CrashPoint("recovery-code-used", "A recovery code is used up in the transaction, which has not committed.")

_SET_STEP = "update staff.users set totp_step = $2 where id = $1"
_BEGIN = "update staff.users set totp_begun = $2 where id = $1"
_KEEP = "update staff.users set totp = $2, totp_begun = null, totp_step = $3 where id = $1"
_USE_CODE = """
update staff.recovery_codes set used_at = $3 where hash = $1 and user_id = $2 and used_at is null returning hash"""
_LEFT = "select count(*)::int from staff.recovery_codes where user_id = $1 and used_at is null"
_NEW_CODES = """
with old as (delete from staff.recovery_codes where user_id = $1)
insert into staff.recovery_codes (hash, user_id) select hash, $1 from unnest($2::bytea[]) as n (hash)"""

_PASSKEY = """
select p.credential_id, p.public_key, p.sign_count, p.is_backed_up, p.site_id, u.id as user_id, u.sessions_from
from staff.passkeys p join staff.users u on u.id = p.user_id where p.credential_id = $1 and u.state = 'active'"""
_PASSKEYS = """
select credential_id, label, created_at, used_at, is_backed_up from staff.passkeys where user_id = $1
order by created_at"""
_ADD = """
insert into staff.passkeys (credential_id, user_id, public_key, sign_count, is_backed_up, site_id, label, created_at)
select $1, $2, $3, $4, $5, $6, $7, $8 where (select count(*) from staff.passkeys where user_id = $2) < $9
on conflict do nothing returning credential_id"""
_REMOVE = "delete from staff.passkeys where credential_id = $1 and user_id = $2 returning credential_id"
_NOTE_USE = """
update staff.passkeys set sign_count = $2, is_backed_up = $3, used_at = $4
where credential_id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0)) returning user_id"""
_ID_CHARACTERS: Final = 22


class Secret(msgspec.Struct, frozen=True):
    """The secret of codes by time."""

    totp: str


def opened(user: User, column: str, box: bytes | None) -> str | None:
    """Return a secret of a person; None if there is none."""
    if box is None:
        return None
    secret = user.keys.read(Secret, box, place(column, user.id), user.id, "account")
    return None if isinstance(secret, Erased) else secret.totp


def _sealed(user: User, column: str, secret: str) -> bytes:
    return user.keys.seal(Secret(secret), place(column, user.id), user.id, "account")


async def set_step(tx: Transaction, user_id: str, step: int) -> None:
    """Store the step of a code that was used."""
    await tx.execute(_SET_STEP, user_id, step)


async def begin_totp(tx: Transaction, user: User, secret: str) -> None:
    """Store a secret that counts once a code of it was shown."""
    await tx.execute(_BEGIN, user.id, _sealed(user, "totp_begun", secret))


async def keep_totp(tx: Transaction, user: User, secret: str, step: int) -> None:
    """Store a secret of which a code was shown."""
    await tx.execute(_KEEP, user.id, _sealed(user, "totp", secret), step)


async def use_recovery_code(tx: Transaction, user_id: str, code_hash: bytes) -> bool:
    """Use a recovery code up; False if it is none, or was used."""
    used = bool(await tx.fetch(_USE_CODE, code_hash, user_id, tx.now))
    if used:
        _USED.reach()
    return used


async def codes_left(tx: Transaction, user_id: str) -> int:
    """Count the recovery codes that were not used."""
    return int(await tx.value(_LEFT, user_id))


async def replace_codes(tx: Transaction, user_id: str, hashes: Sequence[bytes]) -> None:
    """Store new recovery codes; older ones are void."""
    await tx.execute(_NEW_CODES, user_id, list(hashes))


async def find_passkey(database: Database, credential_id: bytes) -> PasskeyFound | None:
    """Find a passkey of an active person."""
    rows = await database.fetch(_PASSKEY, credential_id)
    if not rows:
        return None
    (row,) = rows
    passkey = PasskeyFacts(**{name: row[name] for name in PasskeyFacts.__struct_fields__})
    return PasskeyFound(person=row["user_id"], generation=row["sessions_from"], passkey=passkey)


async def passkeys(reading: Transaction | Database, user_id: str) -> StaffPasskeyList:
    """List the passkeys of a person, the oldest first."""
    rows = await reading.fetch(_PASSKEYS, user_id)
    return StaffPasskeyList(
        passkeys=tuple(map(_info, rows)), credential_ids=tuple(row["credential_id"] for row in rows)
    )


async def add_passkey(tx: Transaction, user_id: str, passkey: PasskeyFacts, label: str) -> bool:
    """Add a passkey; False if it is known, or the person has as many as one may."""
    values = msgspec.structs.astuple(passkey)
    return bool(await tx.fetch(_ADD, values[0], user_id, *values[1:], label, tx.now, MOST_PASSKEYS))


async def remove_passkey(tx: Transaction, user_id: str, passkey: str) -> bool:
    """Remove a passkey of a person by its public id; False if there is none."""
    for credential_id in (await passkeys(tx, user_id)).credential_ids:
        if public_id(credential_id) == passkey:
            return bool(await tx.fetch(_REMOVE, credential_id, user_id))
    return False


async def note_use(tx: Transaction, credential_id: bytes, sign_count: int, *, is_backed_up: bool) -> str | None:
    """Store that a passkey was used; return whose it is, None if its count did not grow."""
    rows = await tx.fetch(_NOTE_USE, credential_id, sign_count, is_backed_up, tx.now)
    return str(rows[0]["user_id"]) if rows else None


def public_id(credential_id: bytes) -> str:
    """Return the id by which a person names a passkey."""
    return credential_id.hex()[:_ID_CHARACTERS]


def _info(row: Record) -> PasskeyInfo:
    used = row["used_at"]
    return PasskeyInfo(
        id=public_id(row["credential_id"]),
        label=row["label"],
        created_at=row["created_at"].astimezone(UTC),
        used_at=used and used.astimezone(UTC),
        is_backed_up=row["is_backed_up"],
    )
