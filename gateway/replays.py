"""Kept answers: a request that carries an idempotency key is done once, and answered alike however often it comes.

The key is claimed, with a hash of the body, before the work starts. A claim is a lease: when the process that held it
is gone, the next try takes it over with the same token, from which the same ids are derived, so that a half-done
request is finished and not begun anew. Claims and answers share turns, as everything does: no commit of their own.

Only answers that had an effect (2xx) are kept. After a refusal the claim is given back: nothing happened, and the
buyer may try again with the same key once the shelf is full again. After a failure (5xx) nobody knows how far it came,
so the claim stays and only its lease ends.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from bus.messages.audit import AnsweredOrders, ListAnswered
from bus.messages.base import OrderId
from engine.actor import Actor, call, turn
from engine.message import Command, Reply
from engine.postgres import Database
from engine.transaction import Transaction

_LEASE = timedelta(seconds=10)  # Longer than nearly all requests. One that takes longer is safe beside its twin.
_KEPT = timedelta(hours=48)
_PURGE_EVERY = timedelta(hours=1)


class Claimed(Reply):
    """Go on: the request is yours. `token` is the same for every try of it, `at` tells this try from others."""

    token: str
    at: datetime
    began_at: datetime  # When the first try was made.
    is_first: bool  # Which is this one.


class Kept(Reply):
    """It was done before; this is its answer, encrypted."""

    status: int
    content: bytes


class InProgress(Reply):
    """A twin is being done."""


class Mismatch(Reply):
    """The key was used with another body."""


class ClaimKey(Command[Claimed | Kept | InProgress | Mismatch]):
    """Ask to do a request."""

    key: str
    body_hash: str


class KeepAnswer(Command[None]):
    """It was done, and this is its answer."""

    key: str
    status: int
    content: bytes
    made: OrderId = ""  # The order that was placed, if one was.


class GiveBackKey(Command[None]):
    """It was refused, and nothing happened: somebody may begin anew, unless another try has taken over."""

    key: str
    at: datetime


class EndLease(Command[None]):
    """It failed, perhaps halfway: the next try may go on at once, as after a crash."""

    key: str
    at: datetime


# A claim that has run out is taken over, with the token it had. So is one from so far ahead that the clock must have
# been set back since: it would not run out for as long.
_CLAIM = """
insert into gateway.answers as a (key, body_hash, token, claimed_at, began_at)
select distinct on (key) key, body_hash, token, $4, $4
from unnest($1::text[], $2::text[], $3::text[]) as n (key, body_hash, token)
on conflict (key) do update
    set claimed_at = excluded.claimed_at, began_at = least(a.began_at, a.claimed_at, excluded.claimed_at)
    where a.status is null and a.body_hash = excluded.body_hash and (a.claimed_at <= $5 or a.claimed_at > $6)
returning key, token, began_at"""
_READ = "select key, body_hash, status, content from gateway.answers where key = any($1)"
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


class Replays(Actor):
    """Keeps claims and answers."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._purge_at: datetime | None = None

    @turn
    async def claim(
        self, tx: Transaction, asks: Sequence[ClaimKey]
    ) -> Sequence[Claimed | Kept | InProgress | Mismatch]:
        await self._purge(tx)
        keys, tokens = [ask.key for ask in asks], [secrets.token_urlsafe(16) for _ in asks]
        rows = await tx.fetch(
            _CLAIM,
            keys,
            [ask.body_hash for ask in asks],
            tokens,
            tx.now,
            tx.now - _LEASE,
            tx.now + _LEASE,
        )
        claimed = {
            row["key"]: Claimed(
                token=row["token"], at=tx.now, began_at=row["began_at"], is_first=row["token"] in tokens
            )
            for row in rows
        }
        if len(claimed) == len(asks):  # All are new, or free to be taken over.
            return [claimed[ask.key] for ask in asks]
        known = {row["key"]: row for row in await tx.fetch(_READ, keys)}
        answers: list[Claimed | Kept | InProgress | Mismatch] = []
        for ask in asks:
            row = known[ask.key]
            if row["body_hash"] != ask.body_hash:
                answers.append(Mismatch())
            elif own := claimed.pop(ask.key, None):  # Only the first of a turn's twins.
                answers.append(own)
            elif row["status"] is None:
                answers.append(InProgress())
            else:
                answers.append(Kept(status=row["status"], content=row["content"]))
        return answers

    @turn
    async def keep(self, tx: Transaction, asks: Sequence[KeepAnswer]) -> None:
        await tx.execute(
            _KEEP, [a.key for a in asks], [a.status for a in asks], [a.content for a in asks], [a.made for a in asks]
        )

    @turn
    async def give_back(self, tx: Transaction, asks: Sequence[GiveBackKey]) -> None:
        await tx.execute(_GIVE_BACK, [ask.key for ask in asks], [ask.at for ask in asks])

    @turn
    async def end_lease(self, tx: Transaction, asks: Sequence[EndLease]) -> None:
        await tx.execute(_END_LEASE, [ask.key for ask in asks], [ask.at for ask in asks], tx.now - _LEASE)

    @call
    async def list_answered(self, ask: ListAnswered) -> AnsweredOrders:
        rows = await self._database.fetch(_MADE, ask.after, ask.limit)
        following = rows[-1]["key"] if len(rows) == ask.limit else None
        return AnsweredOrders(orders=tuple(row["made"] for row in rows), next=following)

    async def _purge(self, tx: Transaction) -> None:
        if self._purge_at is None or self._purge_at <= tx.now:
            self._purge_at = tx.now + _PURGE_EVERY
            await tx.execute(_PURGE, tx.now - _KEPT)
