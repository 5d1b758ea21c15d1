"""The SQL of people and roles. What names a person lies in boxes, under that person's own key."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from asyncpg import Record

from actors.staff.rules import UserFacts
from bus.messages.staff import OWNER, Person, Role, UserState
from engine.postgres import Database
from engine.sealing import Erased, OpenKeys, Place
from engine.transaction import Transaction
from engine.vault import Vault

Reading = Transaction | Database

_ROLES = "select id, title, keys, refund_limit from staff.roles order by id"
_SET_ROLE = """
insert into staff.roles (id, title, keys, created_at, refund_limit) values ($1, $2, $3, $4, $5)
on conflict (id) do update
set title = excluded.title, keys = excluded.keys, refund_limit = excluded.refund_limit"""
_REMOVE_ROLE = "delete from staff.roles where id = $1"
_HAS_USERS = "select exists (select from staff.users where role = $1)"

_COLUMNS = """
    u.id, u.profile, u.role, u.state, u.password, u.totp, u.totp_begun, u.totp_step, u.sessions_from, u.invited_until,
    u.created_at, (select count(*)::int from staff.passkeys p where p.user_id = u.id) as passkeys"""
_USERS = f"select {_COLUMNS} from staff.users u order by u.created_at, u.id"  # noqa: S608 - of our own words
_USER = f"select {_COLUMNS} from staff.users u where u.id = $1"  # noqa: S608 - of our own words
_BY_EMAIL = f"select {_COLUMNS} from staff.users u where u.email_index = $1"  # noqa: S608 - of our own words
_BY_INVITATION = (
    f"select {_COLUMNS} from staff.users u where u.invitation = $1 and u.invited_until > $2 and u.state = 'invited'"  # noqa: S608 - of our own words
)
# With every request of staff: no box is opened for it.
_FACTS = """
select u.id, u.role, u.state, u.sessions_from,
    u.totp is not null or exists (select from staff.passkeys p where p.user_id = u.id) as has_factor
from staff.users u where u.id = $1"""
_OWNERS = f"select id from staff.users where role = '{OWNER}' and state = 'active'"  # noqa: S608 - of our own words
_COUNT = "select count(*)::int from staff.users"

_ADD = """
insert into staff.users (id, email_index, profile, role, state, password, invitation, invited_until, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id"""
_INVITE = """
with codes as (delete from staff.recovery_codes where user_id = $1),
keys as (delete from staff.passkeys where user_id = $1)
update staff.users set state = 'invited', password = null, totp = null, totp_begun = null, invitation = $2,
    invited_until = $3, sessions_from = sessions_from + 1
where id = $1"""
_JOIN = """
update staff.users set state = 'active', password = $2, invitation = null, invited_until = null,
    sessions_from = sessions_from + 1
where id = $1"""
_CHANGE = "update staff.users set role = $2, state = $3, sessions_from = sessions_from + 1 where id = $1"
_SET_HASH = """
update staff.users set password = $2, sessions_from = sessions_from + $3 where id = $1 and state = 'active'
returning sessions_from"""
_END_SESSIONS = """
update staff.users set sessions_from = sessions_from + 1 where id = $1 returning sessions_from"""


class StaffProfile(msgspec.Struct, frozen=True):
    """The data that name a person."""

    email: str
    name: str


class User:
    """A person's row, and the keys that open its boxes."""

    def __init__(self, row: Record, keys: OpenKeys) -> None:
        self.id: str = row["id"]
        self.role: str = row["role"]
        self.state: UserState = row["state"]
        self.password: str | None = row["password"]
        self.totp: bytes | None = row["totp"]
        self.totp_begun: bytes | None = row["totp_begun"]
        self.totp_step: int = row["totp_step"]
        self.generation: int = row["sessions_from"]
        self.invited_until: datetime | None = row["invited_until"]
        self.passkeys: int = row["passkeys"]
        self.created_at: datetime = row["created_at"].astimezone(UTC)
        self.profile = _profile(row, keys)
        self.keys = keys

    @property
    def facts(self) -> UserFacts:
        """The facts that decide about the person."""
        return UserFacts(self.id, self.role, self.state, self.totp is not None or self.passkeys > 0)

    @property
    def person(self) -> Person:
        """The person as others see it."""
        return Person(
            id=self.id,
            email=self.profile.email,
            name=self.profile.name,
            role=self.role,
            state=self.state,
            has_totp=self.totp is not None,
            passkeys=self.passkeys,
            created_at=self.created_at,
        )


_NOBODY: Final = StaffProfile("", "")


def place(column: str, user_id: str) -> Place:
    """Return the place of a person's box."""
    return Place("staff.users", column, user_id)


def _profile(row: Record, keys: OpenKeys) -> StaffProfile:
    opened = keys.read(StaffProfile, row["profile"], place("profile", row["id"]), row["id"], "account")
    return _NOBODY if isinstance(opened, Erased) else opened


async def roles(reading: Reading) -> dict[str, Role]:
    """Read the roles that the shop made itself, by id."""
    rows = await reading.fetch(_ROLES)
    return {
        row["id"]: Role(id=row["id"], title=row["title"], keys=tuple(row["keys"]), refund_limit=row["refund_limit"])
        for row in rows
    }


async def set_role(tx: Transaction, role: Role) -> None:
    """Store a role."""
    await tx.execute(_SET_ROLE, role.id, role.title, list(role.keys), tx.now, role.refund_limit)


async def remove_role(tx: Transaction, role_id: str) -> None:
    """Remove a role that nobody has."""
    await tx.execute(_REMOVE_ROLE, role_id)


async def has_users(tx: Transaction, role_id: str) -> bool:
    """Whether anybody has a role."""
    return bool(await tx.value(_HAS_USERS, role_id))


async def users(reading: Reading, vault: Vault) -> list[User]:
    """Read all people, by when they were invited."""
    return await _opened(reading, vault, await reading.fetch(_USERS))


async def user(reading: Reading, vault: Vault, user_id: str) -> User | None:
    """Read a person by id."""
    return _one(await _opened(reading, vault, await reading.fetch(_USER, user_id)))


async def facts(reading: Reading, user_id: str) -> tuple[UserFacts, int] | None:
    """Read what decides about a person, and the generation of their sessions; None if there is no such person."""
    rows = await reading.fetch(_FACTS, user_id)
    if not rows:
        return None
    (row,) = rows
    return UserFacts(row["id"], row["role"], row["state"], row["has_factor"]), row["sessions_from"]


async def user_of(reading: Reading, vault: Vault, email: str) -> User | None:
    """Read a person by the address."""
    return _one(await _opened(reading, vault, await reading.fetch(_BY_EMAIL, vault.email_index(email))))


async def invited(reading: Reading, vault: Vault, token_hash: bytes, now: datetime) -> User | None:
    """Read the person whom a link invites."""
    return _one(await _opened(reading, vault, await reading.fetch(_BY_INVITATION, token_hash, now)))


async def owners(tx: Transaction) -> list[str]:
    """Return the ids of those owners who can sign in."""
    return [row["id"] for row in await tx.fetch(_OWNERS)]


async def count(tx: Transaction) -> int:
    """Count all people."""
    return int(await tx.value(_COUNT))


async def add(
    tx: Transaction,
    vault: Vault,
    user_id: str,
    profile: StaffProfile,
    role: str,
    *,
    password: str | None = None,
    invitation: bytes | None = None,
    until: datetime | None = None,
) -> bool:
    """Add a person, with a password or an invitation; False if the address is another's."""
    keys = await vault.keys(tx, {(user_id, "account")}, creating=True)
    box = keys.seal(profile, place("profile", user_id), user_id, "account")
    state, index = ("invited" if password is None else "active"), vault.email_index(profile.email)
    return bool(await tx.fetch(_ADD, user_id, index, box, role, state, password, invitation, until, tx.now))


async def invite(tx: Transaction, user_id: str, token_hash: bytes, until: datetime) -> None:
    """Invite a person anew: nothing of before opens anything any more."""
    await tx.execute(_INVITE, user_id, token_hash, until)


async def join(tx: Transaction, user_id: str, password: str) -> None:
    """Use an invitation up."""
    await tx.execute(_JOIN, user_id, password)


async def change(tx: Transaction, user_id: str, role: str, state: UserState) -> None:
    """Give a person a role and a state; sessions end."""
    await tx.execute(_CHANGE, user_id, role, state)


async def set_password(tx: Transaction, user_id: str, password: str, *, ends_sessions: bool) -> int | None:
    """Store a password; return the generation of sessions, None if there is no such active person."""
    found: int | None = await tx.value(_SET_HASH, user_id, password, int(ends_sessions))
    return found


async def end_sessions(tx: Transaction, user_id: str) -> int | None:
    """End all sessions of a person; return the new generation."""
    found: int | None = await tx.value(_END_SESSIONS, user_id)
    return found


async def _opened(reading: Reading, vault: Vault, rows: Sequence[Record]) -> list[User]:
    wanted: Collection[tuple[str, str]] = {(row["id"], "account") for row in rows}
    keys = await vault.keys(reading, wanted)  # type: ignore[arg-type] # "account" is a purpose
    return [User(row, keys) for row in rows]


def _one(found: Sequence[User]) -> User | None:
    return found[0] if found else None
