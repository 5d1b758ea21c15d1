"""The SQL of idempotency keys.

The table stands in the schema `gateway`, where it began. Rejected: to move it into a schema of its own. Migrations only
ever add, so that a gateway of yesterday's version can run beside a new one; after a move it would find no table.
"""

from collections.abc import Collection, Sequence

from actors.idempotency.rules import KEPT_FOR, LEASE, Claim
from bus.messages.idempotency import ClaimKey, EndLease, GiveBackKey, KeepAnswer
from engine.postgres import Database
from engine.transaction import Transaction

# Known keys are locked, though they don't change: a decision about them still holds when it is written, whichever other
# gateway gets the same request.
_CLAIM = """
insert into gateway.answers as a (key, body_hash, token, claimed_at, began_at)
select key, body_hash, token, $4, $4 from unnest($1::text[], $2::text[], $3::text[]) as n (key, body_hash, token)
order by key
on conflict (key) do update set key = a.key where false
returning key, body_hash, token, claimed_at, began_at, status, content"""
_READ = """
select key, body_hash, token, claimed_at, began_at, status, content from gateway.answers where key = any($1)"""
_TAKE_OVER = """
update gateway.answers a set claimed_at = n.claimed_at, began_at = n.began_at
from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as n (key, claimed_at, began_at) where a.key = n.key"""
_KEEP = """
update gateway.answers a set status = n.status, content = n.content, made = nullif(n.made, '')
from unnest($1::text[], $2::int[], $3::bytea[], $4::text[]) as n (key, status, content, made)
where a.key = n.key and a.status is null"""
_GIVE_BACK = """
delete from gateway.answers a using unnest($1::text[], $2::timestamptz[]) as n (key, claimed_at)
where a.key = n.key and a.claimed_at = n.claimed_at and a.status is null"""
_END_LEASE = """
update gateway.answers a set claimed_at = $3 from unnest($1::text[], $2::timestamptz[]) as n (key, claimed_at)
where a.key = n.key and a.claimed_at = n.claimed_at and a.status is null"""
_MADE = """
select key, made from gateway.answers where made is not null and key > $1 order by key limit $2"""
_PURGE = "delete from gateway.answers where claimed_at <= $1"


async def claim(tx: Transaction, asks: Sequence[ClaimKey], tokens: Sequence[str]) -> dict[str, Claim]:
    """Claim the keys that are free, each with its token; return those claims by key. The others are locked."""
    first = {ask.key: (ask.body_hash, token) for ask, token in reversed(list(zip(asks, tokens, strict=True)))}
    hashes, own = [body_hash for body_hash, _ in first.values()], [token for _, token in first.values()]
    return {row["key"]: Claim(*row) for row in await tx.fetch(_CLAIM, list(first), hashes, own, tx.now)}


async def read(tx: Transaction, keys: Collection[str]) -> dict[str, Claim]:
    """Read the claims of these keys."""
    return {row["key"]: Claim(*row) for row in await tx.fetch(_READ, list(keys))}


async def take_over(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Store that later tries have taken over these claims."""
    await tx.execute(
        _TAKE_OVER,
        [claim.key for claim in claims],
        [claim.claimed_at for claim in claims],
        [claim.began_at for claim in claims],
    )


async def keep(tx: Transaction, asks: Sequence[KeepAnswer]) -> None:
    """Store answers. The first answer of a request stays."""
    await tx.execute(
        _KEEP,
        [ask.key for ask in asks],
        [ask.status for ask in asks],
        [ask.content for ask in asks],
        [ask.made for ask in asks],
    )


async def give_back(tx: Transaction, asks: Sequence[GiveBackKey]) -> None:
    """Delete claims, unless another try has taken over."""
    await tx.execute(_GIVE_BACK, [ask.key for ask in asks], [ask.at for ask in asks])


async def end_leases(tx: Transaction, asks: Sequence[EndLease]) -> None:
    """Let claims lapse now, unless another try has taken over."""
    await tx.execute(_END_LEASE, [ask.key for ask in asks], [ask.at for ask in asks], tx.now - LEASE)


async def purge(tx: Transaction) -> None:
    """Delete keys that are too old to be retried."""
    await tx.execute(_PURGE, tx.now - KEPT_FOR)


async def list_made(database: Database, after: str, limit: int) -> list[tuple[str, str]]:
    """List keys whose kept answer placed an order, with that order."""
    return [(row["key"], row["made"]) for row in await database.fetch(_MADE, after, limit)]
