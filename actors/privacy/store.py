"""The SQL of erasures and receipts."""

from collections.abc import Collection, Sequence
from typing import Final

from asyncpg import Record

from actors.privacy import rules
from actors.privacy.private import RecordOutcome
from actors.privacy.rules import ReceiptRow
from bus.messages.privacy import Erasure, ErasureReason, Receipt, SubjectId
from engine.transaction import Transaction

_LOCK: Final = 0x5052_4F46  # "PROF": receipts are added one after another, each to the last one.
_BEGIN = """
insert into privacy.erasures (subject, reason, begun_at) values ($1, $2, $3) on conflict do nothing returning subject"""
_LOCK_ERASURE = "select reason, begun_at from privacy.erasures where subject = $1 for update"
_IS_UNDER_WAY = "select exists (select from privacy.erasures where subject = $1)"
_TRIED = "update privacy.erasures set tried_at = $2, waiting = $3, readable = $4 where subject = $1"
_END = "delete from privacy.erasures where subject = $1"
_LAST = "select id, link from privacy.receipts order by id desc limit 1"
_ADD = """
insert into privacy.receipts (id, at, begun_at, subject_hash, reason, checked, link)
values ($1, $2, $3, $4, $5, $6, $7)"""
_COUNT = "select count(*) from privacy.receipts"
_COLUMNS = "id, at, begun_at, subject_hash, reason, checked, link"
_PAGE = f"select {_COLUMNS} from privacy.receipts where id > $1 order by id limit $2"  # noqa: S608 - our columns
_NEWEST = f"""
select {_COLUMNS} from privacy.receipts where $1::bytea is null or subject_hash = $1 order by id desc limit $2"""  # noqa: S608
_UNDER_WAY = """
select subject, reason, begun_at, waiting, readable from privacy.erasures where $1 = '' or subject = $1
order by begun_at, subject limit $2"""
_REVIVED = "select subject from privacy.revived order by subject limit $1"
_FORGOTTEN_AGAIN = "delete from privacy.revived where subject = $1"
_LISTED = "select name from privacy.listed where name = any($1)"
_ADD_LISTED = "insert into privacy.listed (name) select * from unnest($1::text[]) on conflict do nothing"
_ADD_REVIVED = "insert into privacy.revived (subject) select * from unnest($1::text[]) on conflict do nothing"

_CHECKED_AT_ONCE: Final = 1000


async def begin(tx: Transaction, subject: SubjectId, reason: ErasureReason) -> bool:
    """Open an erasure; False if it is under way."""
    return bool(await tx.fetch(_BEGIN, subject, reason, tx.now))


async def is_under_way(tx: Transaction, subject: SubjectId) -> bool:
    """Whether somebody is being forgotten."""
    found: bool = await tx.value(_IS_UNDER_WAY, subject)
    return found


async def note_try(tx: Transaction, outcome: RecordOutcome) -> None:
    """Store how far an erasure has come."""
    await tx.execute(_TRIED, outcome.subject, tx.now, outcome.waiting, outcome.readable)


async def lock(tx: Transaction, subject: SubjectId) -> Record | None:
    """Lock an erasure; None if there is none, or not any more."""
    return await tx.row(_LOCK_ERASURE, subject)


async def end(tx: Transaction, erasure: Record, outcome: RecordOutcome, subject_hash: bytes) -> None:
    """End an erasure with a receipt, linked to the last one."""
    await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
    last = await tx.row(_LAST)
    row = ReceiptRow(
        last["id"] + 1 if last else 1, tx.now, erasure["begun_at"], subject_hash, erasure["reason"], outcome.checked
    )
    await tx.execute(_ADD, *row, rules.link_of(last["link"] if last else rules.FIRST_LINK, row))
    await tx.execute(_END, outcome.subject)


async def broken_at(tx: Transaction) -> int | None:
    """Check all receipts; return the first that does not fit, if one does not."""
    before, last_id = rules.FIRST_LINK, 0
    while page := await tx.fetch(_PAGE, last_id, _CHECKED_AT_ONCE):
        receipts = [(ReceiptRow(*tuple(row)[:-1]), row["link"]) for row in page]
        broken = rules.broken_at(before, receipts, last_id + 1)
        if broken is not None:
            return broken
        before, last_id = page[-1]["link"], page[-1]["id"]
    return None


async def count(tx: Transaction) -> int:
    """How many receipts there are."""
    found: int = await tx.value(_COUNT)
    return found


async def newest(tx: Transaction, subject_hash: bytes | None, limit: int) -> tuple[Receipt, ...]:
    """List receipts, the newest first."""
    rows = await tx.fetch(_NEWEST, subject_hash, limit)
    return tuple(
        Receipt(**{**dict(row), "subject_hash": row["subject_hash"].hex(), "link": row["link"].hex()}) for row in rows
    )


async def under_way(tx: Transaction, subject: SubjectId, limit: int) -> tuple[Erasure, ...]:
    """List erasures that are under way, the oldest first."""
    return tuple(Erasure(**dict(row)) for row in await tx.fetch(_UNDER_WAY, subject, limit))


# --- The list outside ---


async def unknown(tx: Transaction, names: Collection[str]) -> set[str]:
    """Return those of these names that this database does not know."""
    known = {row["name"] for row in await tx.fetch(_LISTED, list(names))}
    return set(names) - known


async def add_listed(tx: Transaction, names: Collection[str]) -> None:
    """Store that this database knows these names."""
    await tx.execute(_ADD_LISTED, list(names))


async def add_revived(tx: Transaction, subjects: Collection[SubjectId]) -> None:
    """Store who is to be forgotten again."""
    await tx.execute(_ADD_REVIVED, list(subjects))


async def revived(tx: Transaction, limit: int) -> Sequence[SubjectId]:
    """List who is to be forgotten again."""
    return [row["subject"] for row in await tx.fetch(_REVIVED, limit)]


async def forgotten_again(tx: Transaction, subject: SubjectId) -> None:
    """Store that somebody is being forgotten again."""
    await tx.execute(_FORGOTTEN_AGAIN, subject)
