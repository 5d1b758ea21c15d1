"""The SQL of who has made whom. Whoever invites or raises a person could be that person, for a while.

A person's origins are the person, those who have invited, raised or re-enabled them within the last 30 days, the makers
of programs that did, and all of theirs in turn. Two people are two pairs of eyes if they have no origin in common: so
nobody approves by an account of their own making, nor asks by it, nor has two of them agree. The command line is
nobody's origin: whoever may run commands has the database itself.

A program's maker stays its origin for as long as it is known: a token is a tool.

Rejected: docs/decisions/0057.
"""

from typing import Final

from actors.staff.rules import CLOSE_FOR
from bus.messages.staff import COMMAND_LINE
from engine.transaction import Transaction

_NOTE: Final = """
insert into staff.makings (user_id, by, at) values ($1, $2, $3) on conflict (user_id, by) do update set at = $3"""
_ORIGINS: Final = """
with recursive origin (id) as (
    select $1::text
    union
    select maker.id from origin cross join lateral (
        select by as id from staff.makings where user_id = origin.id and at > $2
        union all
        select made_by from staff.tokens where id = origin.id and made_by <> ''
    ) as maker where maker.id <> $3)
select id from origin"""


async def note(tx: Transaction, user_id: str, by: str) -> None:
    """Store that somebody has invited or raised a person."""
    await tx.execute(_NOTE, user_id, by, tx.now)


async def are_close(tx: Transaction, one: str, other: str) -> bool:
    """Whether two people may be one pair of eyes."""
    return not (await _origins(tx, one)).isdisjoint(await _origins(tx, other))


async def _origins(tx: Transaction, who: str) -> set[str]:
    return {row["id"] for row in await tx.fetch(_ORIGINS, who, tx.now - CLOSE_FOR, COMMAND_LINE.id)}
