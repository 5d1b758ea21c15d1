"""The chain of acts: what people, programs and commands did, only ever added to.

Each link is the SHA-256 of the link before and of the row, so a row that is changed, taken out or put in breaks the
chain there, and one that is cut off its end does not fit `staff.head`. Adding locks the head: acts have one order,
whichever process adds them, and their ids have no gaps.

Acts go after some years, by whole days and from the beginning. `staff.head` keeps the link before the first that is
left, and an act at the chain's end says which: so whoever cuts off a beginning must forge that act, too.

Rejected: docs/decisions/0051.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import takewhile
from typing import Final

import msgspec
from asyncpg import Record

from bus.messages.audit import Finding, Remedy
from bus.messages.staff_acts import Act, ActPage, ListActs, RecordedAct
from engine.postgres import Database
from engine.transaction import Transaction

FIRST_LINK: Final = sha256(b"shopflow staff actions").digest()
_PAGE: Final = 1000
_MOST_FINDINGS: Final = 20

_LOCK = "select last_id, link from staff.head for update"
_ADD = """
insert into staff.actions (id, at, by, key, what, about, before, after, address, request_id, link)
select id, $2, by, key, what, about, before, after, address, request_id, link
from unnest($1::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::bytea[]) as n (id, by, key, what, about, before, after, address, request_id, link)"""
_OLDEST = "select id, at, link from staff.actions order by id limit $1"
_PRUNE = "delete from staff.actions where id <= $1"
_ANCHOR = "update staff.head set first_id = $1, first_link = $2"
_PRUNED = "select after from staff.actions where what = $1 and about = $2 order by id desc limit 1"
_MOVE = "update staff.head set last_id = $1, link = $2"
_HEAD = "select last_id, link, first_id, first_link from staff.head"
_READ = """
select id, at, by, key, what, about, before, after, address, request_id, link from staff.actions
where id > $1 order by id limit $2"""
_LIST = """
select id, at, by, key, what, about, before, after, address, request_id, link from staff.actions
where id < $1 and ($2 = '' or by = $2) and ($3 = '' or about = $3) order by id desc limit $4"""
_PRUNING: Final = "acts pruned"
_MOST_PRUNED: Final = 10_000  # In one transaction, which all who act wait for.
_NEWEST: Final = 2**63 - 1


def link_of(before: bytes, act_id: int, at: datetime, act: Act) -> bytes:
    """Return the link of an act: it holds all of the row, and the link before."""
    row = [act_id, at.astimezone(UTC).isoformat(timespec="microseconds"), *msgspec.structs.astuple(act)]
    return sha256(before + msgspec.json.encode(row)).digest()


async def lock(tx: Transaction) -> tuple[int, bytes]:
    """Lock the end of the chain until the commit, and return its id and link.

    So whatever is read after it stays as it is until then: all that changes who may what begins with it.
    """
    row = await tx.row(_LOCK)
    assert row is not None, "the chain has an end"
    return row["last_id"], row["link"]


async def add(tx: Transaction, acts: Sequence[Act]) -> None:
    """Add acts to the chain, in this order."""
    last, link = await lock(tx)
    ids, links = list(range(last + 1, last + 1 + len(acts))), list[bytes]()
    for act_id, act in zip(ids, acts, strict=True):
        links.append(link := link_of(link, act_id, tx.now, act))
    columns = [[getattr(act, name) for act in acts] for name in Act.__struct_fields__]
    await tx.execute(_ADD, ids, tx.now, *columns, links)
    await tx.execute(_MOVE, ids[-1], link)


async def page(tx: Transaction, ask: ListActs) -> ActPage:
    """List acts, the newest first."""
    before = _NEWEST if ask.before is None else ask.before
    rows = await tx.fetch(_LIST, before, ask.by, ask.about, ask.limit + 1)
    acts = tuple(_recorded(row) for row in rows[: ask.limit])
    return ActPage(acts=acts, next=acts[-1].id if len(rows) > ask.limit else None)


async def prune(tx: Transaction, before: datetime) -> int:
    """Delete the acts of the days before this one, from the beginning of the chain; return how many, at most 10,000."""
    midnight = before.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if not any(row["at"] < midnight for row in await tx.fetch(_OLDEST, 1)):
        return 0  # As nearly always: nobody who acts waits for it.
    await lock(tx)
    old = list(takewhile(lambda row: row["at"] < midnight, await tx.fetch(_OLDEST, _MOST_PRUNED)))
    if not old:
        return 0  # Another process has pruned.
    last, link = old[-1]["id"], old[-1]["link"]
    await tx.execute(_PRUNE, last)
    await tx.execute(_ANCHOR, last + 1, link)
    await add(tx, [Act(by="shop", key="", what=_PRUNING, about=str(last), after=link.hex())])
    return len(old)


async def verify(reading: Database | Transaction) -> tuple[list[Finding], int]:
    """Follow the chain to where its head is now; return what does not fit, and how many acts there are."""
    (head,) = await reading.fetch(_HEAD)
    found, link, last = list[Finding](), head["first_link"], head["first_id"] - 1
    if not await _is_anchored(reading, last, link):
        found.append(_finding(last + 1, "the chain begins here, and no act says that older ones were pruned"))
    while last < head["last_id"] and len(found) < _MOST_FINDINGS:
        rows = [row for row in await reading.fetch(_READ, last, _PAGE) if row["id"] <= head["last_id"]]
        for row in rows:
            act = _recorded(row)
            if act.id != last + 1:
                found.append(_finding(last + 1, f"missing up to {act.id - 1}"))
            elif link_of(link, act.id, act.at, act.act) != act.link:
                found.append(_finding(act.id, "not as it was recorded, or not after the one before"))
            link, last = act.link, act.id
        if not rows:
            break
    if last != head["last_id"] or link != head["link"]:
        found.append(_finding(head["last_id"], f"the chain should end here, and ends at {last}"))
    if found and (await reading.fetch(_HEAD))[0]["first_id"] != head["first_id"]:
        return await verify(reading)  # It was pruned meanwhile, as happens once a day.
    return found, int(head["last_id"] - head["first_id"] + 1)


async def _is_anchored(reading: Database | Transaction, last: int, link: bytes) -> bool:
    """Whether the chain begins at its beginning, or where the last pruning has left it."""
    if last == 0:
        return link == FIRST_LINK
    return [row["after"] for row in await reading.fetch(_PRUNED, _PRUNING, str(last))] == [link.hex()]


def _finding(act_id: int, detail: str) -> Finding:
    return Finding(check="acts_are_a_chain", about=str(act_id), detail=detail, remedy=Remedy(action="restore_acts"))


def _recorded(row: Record) -> RecordedAct:
    act = Act(**{name: row[name] for name in Act.__struct_fields__})
    return RecordedAct(id=row["id"], at=row["at"].astimezone(UTC), act=act, link=row["link"])
