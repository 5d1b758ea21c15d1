"""The SQL of accounts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from asyncpg import Record

from actors.customer.rules import State
from bus.messages.base import CartId
from bus.messages.customer import CodePurpose, CustomerId, EmailIndex, SessionCheck
from engine.blind_index import ASKED_WORDS
from engine.postgres import Database
from engine.transaction import Transaction

CUSTOMERS: Final = "customer.customers"
CODES: Final = "customer.codes"

_COLUMNS = (
    "id, encode(email_index, 'hex') as email_index, profile, password, state, sessions_from, cart_id, closes_at, "
    "created_at"
)
_BY_ID = f"select {_COLUMNS} from customer.customers where id = $1 and state <> 'erased'"  # noqa: S608 - our columns
_LOCK = f"{_BY_ID} for update"
_BY_EMAIL = f"select {_COLUMNS} from customer.customers where email_index = decode($1, 'hex')"  # noqa: S608
_BEFORE = "($1 = '' or (created_at, id) < (select created_at, id from customer.customers where id = $1))"
_PAGE = f"""
select {_COLUMNS} from customer.customers where state <> 'erased' and {_BEFORE}
order by customers.created_at desc, id desc limit $2"""  # noqa: S608 - our columns
# The newest accounts, looked through until enough have the tokens: the fastest way to those that many have. The bound
# is inside, so that it counts what is looked at, not what is found; and the order is the index's.
_NEAR = f"""
select {_COLUMNS} from (
    select * from customer.customers where state <> 'erased' and (created_at, id) < (
        case when $1 = '' then 'infinity' else (select created_at from customer.customers where id = $1) end, $1)
    order by created_at desc, id desc limit $3
) near where WORDS order by near.created_at desc, near.id desc limit $2"""  # noqa: S608 - our columns
# All that have the tokens, then the newest of them: the fastest way to those that few have. Materialized, for else
# accounts might be looked through from the newest on until enough are found.
_FAR = f"""
with meant as materialized (select id, created_at from customer.customers where WORDS)
select {_COLUMNS} from customer.customers
where id in (
    select id from meant where {_BEFORE} order by created_at desc, id desc limit $2
) and state <> 'erased'
order by customers.created_at desc, id desc"""  # noqa: S608 - our columns
_UNLISTED = f"""
select {_COLUMNS} from customer.customers where tokens is null and state <> 'erased' order by id limit $1
for update skip locked"""  # noqa: S608 - our columns
_IS_UNLISTED = "select exists (select from customer.customers where tokens is null and state <> 'erased')"
_SET_TOKENS = """
update customer.customers c set tokens = n.tokens::bigint[]
from unnest($1::text[], $2::text[]) as n (id, tokens) where c.id = n.id"""
_ADD = """
insert into customer.customers (id, email_index, profile, tokens, password, state, created_at)
values ($1, decode($2, 'hex'), $3, $4, $5, 'active', $6) on conflict do nothing returning id"""
_SET_PROFILE = "update customer.customers set profile = $2, tokens = $3 where id = $1"
_SET_PASSWORD = "update customer.customers set password = $2 where id = $1"  # noqa: S105 - a statement
# An address that is taken changes nothing. Of two who take it at once the second starts again, and finds it taken.
_SET_EMAIL = """
update customer.customers set email_index = decode($2, 'hex'), profile = $3, tokens = $4
where id = $1 and not exists (select from customer.customers where email_index = decode($2, 'hex') and id <> $1)
returning id"""
_END_SESSIONS = "update customer.customers set sessions_from = sessions_from + 1 where id = $1 returning sessions_from"
_REOPEN = "update customer.customers set state = 'active', closes_at = null where id = $1 and state = 'closing'"
_CLOSE = "update customer.customers set state = 'closing', closes_at = $2 where id = $1 and state = 'active'"
_KEEP_CART = "update customer.customers set cart_id = $2 where id = $1 and cart_id is distinct from $2"
_ERASE = """
with gone as (
    update customer.customers set
        state = 'erased', email_index = null, profile = '', tokens = '{}', password = null, cart_id = null,
        closes_at = null, sessions_from = sessions_from + 1
    where id = $1 and (state = 'closing' and closes_at <= $2 or $3 and state <> 'erased')
    returning id, sessions_from, coalesce(old.cart_id, '') as cart_id
), addresses as (delete from customer.addresses where customer_id in (select id from gone)),
    passkeys as (delete from customer.passkeys where customer_id in (select id from gone)),
    codes as (delete from customer.codes where subject in (select id from gone))
select sessions_from, cart_id from gone"""

_CHECK = """
select c.sessions_from <= $3 and not exists (select from customer.ended_sessions where id = $2) as is_valid,
    exists (select from customer.orders where order_id = $4 and customer_id = $1) as owns_order
from customer.customers c where c.id = $1 and c.state <> 'erased'"""
_END_SESSION = "insert into customer.ended_sessions (id, until) values ($1, $2) on conflict do nothing"
_PURGE_SESSIONS = "delete from customer.ended_sessions where until < $1"

_STRANGER = "select not exists (select from customer.customers where id = $1)"
_ISSUE = """
insert into customer.codes as c (purpose, email_index, id, subject, sealed, issued_at, expires_at)
values ($1, decode($2, 'hex'), $3, $4, $5, $6, $7)
on conflict (purpose, email_index) do update set
    id = excluded.id, subject = excluded.subject, sealed = excluded.sealed, tries = 0, issued_at = excluded.issued_at,
    expires_at = excluded.expires_at"""
_CODE_COLUMNS = "purpose, encode(email_index, 'hex') as email_index, id, subject, sealed, tries, issued_at, expires_at"
_LOCK_CODE = f"""
select {_CODE_COLUMNS} from customer.codes where purpose = $1 and email_index = decode($2, 'hex') for update"""  # noqa: S608
_LOCK_TOKEN = f"select {_CODE_COLUMNS} from customer.codes where purpose = $1 and id = $2 for update"  # noqa: S608
_READ_CODE = f"select {_CODE_COLUMNS} from customer.codes where id = $1"  # noqa: S608
_TRIED = "update customer.codes set tries = tries + 1 where id = $1"
# Using a code deletes it: what is not there any more can't be used again.
_USE = "delete from customer.codes where id = $1 returning id"
_PURGE_CODES = """
delete from customer.codes k where expires_at < $1
returning subject, exists (select from customer.customers c where c.id = k.subject) as is_customer"""


class SealedProfile(NamedTuple):
    """A sealed profile: the box, and the tokens by which staff find its customer."""

    box: bytes
    tokens: Sequence[int]


class CustomerRow(NamedTuple):
    """A row of `customer.customers`."""

    id: CustomerId
    email_index: EmailIndex
    profile: bytes
    password: str | None
    state: State
    sessions_from: int
    cart_id: CartId | None
    closes_at: datetime | None
    created_at: datetime


class Code(NamedTuple):
    """A row of `customer.codes`."""

    purpose: CodePurpose
    email_index: EmailIndex
    id: str
    subject: CustomerId
    sealed: bytes
    tries: int
    issued_at: datetime
    expires_at: datetime


async def by_id(reader: Transaction | Database, customer_id: CustomerId) -> CustomerRow | None:
    """Read an account."""
    return _account(await reader.fetch(_BY_ID, customer_id))


async def lock(tx: Transaction, customer_id: CustomerId) -> CustomerRow | None:
    """Read an account, and lock it."""
    return _account(await tx.fetch(_LOCK, customer_id))


async def by_email(reader: Transaction | Database, email_index: EmailIndex) -> CustomerRow | None:
    """Read the account of an address."""
    return _account(await reader.fetch(_BY_EMAIL, email_index))


async def page(tx: Transaction, after: CustomerId, limit: int) -> list[CustomerRow]:
    """Read accounts, the newest first."""
    return [CustomerRow(*row) for row in await tx.fetch(_PAGE, after, limit)]


async def near(
    tx: Transaction, asked: Sequence[list[int]], after: CustomerId, limit: int, most_looked_at: int
) -> list[CustomerRow]:
    """Read accounts that have one of each of these tokens, the newest first, among the next so many accounts at most.

    Args:
        tx: The transaction.
        asked: The tokens of each word; the first three words count.
        after: The account after which to begin; "" for the newest.
        limit: Accounts to read.
        most_looked_at: Accounts to look at, whatever tokens they have.
    """
    words = asked[:ASKED_WORDS]
    return [CustomerRow(*row) for row in await tx.fetch(_naming(_NEAR, words, 4), after, limit, most_looked_at, *words)]


async def far(tx: Transaction, asked: Sequence[list[int]], after: CustomerId, limit: int) -> list[CustomerRow]:
    """Read accounts as `near`, among all that follow. It takes the longer the more have the tokens."""
    words = asked[:ASKED_WORDS]
    return [CustomerRow(*row) for row in await tx.fetch(_naming(_FAR, words, 3), after, limit, *words)]


def _naming(statement: str, words: Sequence[list[int]], first: int) -> str:
    """Write a condition for each word into a statement: a word said twice would be looked up twice."""
    conditions = [f"tokens && ${first + place}::bigint[]" for place in range(len(words))]
    return statement.replace("WORDS", " and ".join(conditions) or "false")


async def unlisted(tx: Transaction, limit: int) -> list[CustomerRow] | None:
    """Read and lock accounts without tokens that nobody holds; None if there is none at all."""
    rows = [CustomerRow(*row) for row in await tx.fetch(_UNLISTED, limit)]
    return rows if rows or await tx.value(_IS_UNLISTED) else None


async def set_tokens(tx: Transaction, tokens: Mapping[CustomerId, Sequence[int]]) -> None:
    """Store by what staff find accounts."""
    await tx.execute(_SET_TOKENS, list(tokens), [f"{{{','.join(map(str, each))}}}" for each in tokens.values()])


async def add(
    tx: Transaction, customer_id: CustomerId, email_index: EmailIndex, profile: SealedProfile, password: str | None
) -> bool:
    """Add an account; False if its address has one."""
    return bool(await tx.fetch(_ADD, customer_id, email_index, profile.box, profile.tokens, password, tx.now))


async def set_profile(tx: Transaction, customer_id: CustomerId, profile: SealedProfile) -> None:
    """Store a profile."""
    await tx.execute(_SET_PROFILE, customer_id, profile.box, profile.tokens)


async def set_password(tx: Transaction, customer_id: CustomerId, password: str | None) -> None:
    """Store the hash of a password."""
    await tx.execute(_SET_PASSWORD, customer_id, password)


async def set_email(tx: Transaction, customer_id: CustomerId, email_index: EmailIndex, profile: SealedProfile) -> bool:
    """Store another address; False if it is another account's."""
    return bool(await tx.fetch(_SET_EMAIL, customer_id, email_index, profile.box, profile.tokens))


async def end_sessions(tx: Transaction, customer_id: CustomerId) -> int:
    """Make all sessions void; return the generation of those that begin from now on."""
    generation: int = await tx.value(_END_SESSIONS, customer_id)
    return generation


async def reopen(tx: Transaction, customer_id: CustomerId) -> None:
    """Keep an account that was about to be closed."""
    await tx.execute(_REOPEN, customer_id)


async def close(tx: Transaction, customer_id: CustomerId, at: datetime) -> None:
    """Let an account be closed then."""
    await tx.execute(_CLOSE, customer_id, at)


async def keep_cart(tx: Transaction, customer_id: CustomerId, cart_id: CartId) -> None:
    """Remember a cart."""
    await tx.execute(_KEEP_CART, customer_id, cart_id)


async def erase(tx: Transaction, customer_id: CustomerId, *, is_due: bool = False) -> Record | None:
    """Forget all but that there was an account, its consents and its orders' ids.

    Args:
        tx: The transaction.
        customer_id: The account.
        is_due: Forget it whether or not it was closed 30 days ago.

    Returns:
        Its `cart_id`, "" if it had none, and `sessions_from`; None if it is not due, or was forgotten before.
    """
    return await tx.row(_ERASE, customer_id, tx.now, is_due)


async def check_session(
    tx: Transaction, customer_id: CustomerId, session_id: str, generation: int, order_id: str
) -> SessionCheck:
    """Compare a session with what is stored for good."""
    row = await tx.row(_CHECK, customer_id, session_id, generation, order_id)
    return SessionCheck(**dict(row)) if row else SessionCheck(is_valid=False)


async def end_session(tx: Transaction, session_id: str, until: datetime) -> None:
    """Store that a session has ended."""
    await tx.execute(_END_SESSION, session_id, until)


async def is_stranger(tx: Transaction, subject: CustomerId) -> bool:
    """Whether somebody has no account, and had none."""
    stranger: bool = await tx.value(_STRANGER, subject)
    return stranger


async def issue(tx: Transaction, code: Code) -> None:
    """Store a code, in place of the address's former one."""
    sealed, at = code.sealed, code.issued_at
    await tx.execute(_ISSUE, code.purpose, code.email_index, code.id, code.subject, sealed, at, code.expires_at)


async def lock_code(tx: Transaction, purpose: CodePurpose, email_index: EmailIndex) -> Code | None:
    """Read the code of an address, and lock it."""
    return _code(await tx.fetch(_LOCK_CODE, purpose, email_index))


async def lock_token(tx: Transaction, purpose: CodePurpose, code_id: str) -> Code | None:
    """Read the code that a token names, and lock it."""
    return _code(await tx.fetch(_LOCK_TOKEN, purpose, code_id))


async def read_code(reader: Transaction | Database, code_id: str) -> Code | None:
    """Read a code by its id."""
    return _code(await reader.fetch(_READ_CODE, code_id))


async def note_try(tx: Transaction, code_id: str) -> None:
    """Count a wrong try."""
    await tx.execute(_TRIED, code_id)


async def use(tx: Transaction, code_id: str) -> bool:
    """Use a code up; False if it was."""
    return bool(await tx.fetch(_USE, code_id))


async def purge(tx: Transaction, before: datetime) -> Collection[CustomerId]:
    """Forget what ended before; return the ids of those who never became customers."""
    await tx.execute(_PURGE_SESSIONS, before)
    rows = await tx.fetch(_PURGE_CODES, before)
    return {row["subject"] for row in rows if not row["is_customer"]}


def _account(rows: Sequence[Record]) -> CustomerRow | None:
    return next((CustomerRow(*row) for row in rows), None)


def _code(rows: Sequence[Record]) -> Code | None:
    return next((Code(*row) for row in rows), None)
