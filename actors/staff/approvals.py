"""The SQL of refunds that wait for a second person. Rejected: docs/decisions/0052."""

from collections.abc import Sequence
from datetime import UTC, datetime

from asyncpg import Record

from actors.staff.rules import APPROVAL_LASTS
from bus.messages.staff_acts import Approval, AskApproval
from engine.postgres import Database
from engine.transaction import Transaction

_COLUMNS = "id, order_id, refund_id, amount, reason, by, state, asked_at, expires_at, decided_by, decided_at, what"
# What the orders' refunds are worth that nobody else has to see, or that were approved.
_REFUNDED = """
select coalesce(sum(worth), 0)::bigint from staff.approvals where order_id = $1 and state in ('within', 'approved')"""
_ADD = """
insert into staff.approvals (id, order_id, refund_id, amount, worth, reason, by, state, asked_at, expires_at, what)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing returning id"""
_READ = f"select {_COLUMNS} from staff.approvals where id = $1"  # noqa: S608 - of our own words
_LIST = f"""
select {_COLUMNS} from staff.approvals where state <> 'within'
order by (state = 'waiting') desc, asked_at desc, id limit $1"""  # noqa: S608 - of our own words
_WAITING = """
select id from staff.approvals where order_id = $1 and what = 'cancel' and state = 'waiting' and expires_at > $2"""
_DECIDE = "update staff.approvals set state = $2, decided_by = $3, decided_at = $4 where id = $1"


async def refunded(tx: Transaction, order_id: str) -> int:
    """Return what was refunded of an order by people, in minor units."""
    return int(await tx.value(_REFUNDED, order_id))


async def waiting_cancel(tx: Transaction, order_id: str) -> str | None:
    """Return the id of the cancellation of an order that waits, if there is one."""
    found: str | None = await tx.value(_WAITING, order_id, tx.now)
    return found


async def add(tx: Transaction, ask: AskApproval, *, is_within: bool) -> bool:
    """Store a refund that is within the limit, or waits; False if it is there."""
    row = (ask.id, ask.order_id, ask.refund_id, ask.amount, ask.worth, ask.reason, ask.by.id)
    state = "within" if is_within else "waiting"
    return bool(await tx.fetch(_ADD, *row, state, tx.now, tx.now + APPROVAL_LASTS, ask.what))


def unlimited(ask: AskApproval, now: datetime) -> Approval:
    """Write a refund by somebody without a limit. Nothing is stored of it, as without any limits."""
    return Approval(
        id=ask.id,
        order_id=ask.order_id,
        refund_id=ask.refund_id,
        amount=ask.amount,
        reason=ask.reason,
        by=ask.by.id,
        state="within",
        asked_at=now,
        expires_at=now,
        what=ask.what,
    )


async def read(tx: Transaction, approval_id: str) -> Approval | None:
    """Read an approval."""
    return next(iter(_shown(await tx.fetch(_READ, approval_id), tx.now)), None)


async def latest(database: Database, limit: int, now: datetime) -> list[Approval]:
    """List those that wait, and the latest others."""
    return _shown(await database.fetch(_LIST, limit), now)


async def decide(tx: Transaction, approval_id: str, by: str, *, is_approved: bool) -> None:
    """Store a decision."""
    await tx.execute(_DECIDE, approval_id, "approved" if is_approved else "refused", by, tx.now)


def _shown(rows: Sequence[Record], now: datetime) -> list[Approval]:
    return [_approval(row, now) for row in rows]


def _approval(row: Record, now: datetime) -> Approval:
    decided, expires = row["decided_at"], row["expires_at"].astimezone(UTC)
    return Approval(
        id=row["id"],
        order_id=row["order_id"],
        refund_id=row["refund_id"],
        amount=row["amount"],
        reason=row["reason"],
        by=row["by"],
        state="expired" if row["state"] == "waiting" and expires <= now else row["state"],
        asked_at=row["asked_at"].astimezone(UTC),
        expires_at=expires,
        decided_by=row["decided_by"] or "",
        decided_at=decided and decided.astimezone(UTC),
        what=row["what"],
    )
