"""The SQL of redirects."""

from collections.abc import Sequence
from typing import Final

from asyncpg import Record

from actors.catalog import redirect_rules
from bus.messages.navigation import MOST_HOPS, ListRedirects, Redirect, RedirectPage
from engine.cursor import page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.transaction import Transaction

_BY_PATH = "select path, target, code from catalog.redirects where path = any($1)"
_PAGE = """
select path, target, code from catalog.redirects
where path > $1 and starts_with(path, $2) order by path limit $3"""
_NUMBER = "select count(*) from catalog.redirects"
_WRITE = """
insert into catalog.redirects (path, target, code, made_at)
select path, target, code, $4 from unnest($1::text[], $2::text[], $3::smallint[]) as n (path, target, code)
on conflict (path) do update set target = excluded.target, code = excluded.code, made_at = excluded.made_at"""
_REMOVE = "delete from catalog.redirects where path = $1 returning path"
# Two turns that each write half of a circle must not miss each other.
_LOCK: Final = "lock table catalog.redirects in share row exclusive mode"


async def lock(tx: Transaction) -> None:
    """Let no other turn write redirects until this one has committed."""
    await tx.execute(_LOCK)


async def by_path(tx: Transaction, paths: Sequence[str]) -> dict[str, Redirect]:
    """The redirects of these paths; those without one are missing."""
    return {row["path"]: _redirect(row) for row in await tx.fetch(_BY_PATH, list(paths))}


async def reached(tx: Transaction, redirects: Sequence[Redirect]) -> dict[str, Redirect]:
    """The redirects that are there now and can be met on the way of these, or are replaced by them."""
    known: dict[str, Redirect] = {}
    asked: set[str] = set()
    following = list(redirects)
    for _ in range(MOST_HOPS + 1):
        targets = [target for each in following if (target := redirect_rules.own_target(each)) is not None]
        paths = {*(each.path for each in following), *targets, *(path.partition("?")[0] for path in targets)} - asked
        if not paths:
            break
        found = await by_path(tx, sorted(paths))
        asked |= paths
        known |= found
        following = list(found.values())
    return known


async def number(tx: Transaction) -> int:
    """How many redirects there are."""
    found: int = await tx.value(_NUMBER)
    return found


async def write(tx: Transaction, redirects: Sequence[Redirect]) -> None:
    """Write redirects, in place of those that their paths had."""
    if redirects:
        targets, codes = [each.target for each in redirects], [each.code for each in redirects]
        await tx.execute(_WRITE, [each.path for each in redirects], targets, codes, tx.now)


async def remove(tx: Transaction, path: str) -> bool:
    """Remove a redirect; return whether there was one."""
    return await tx.value(_REMOVE, path) is not None


async def page(database: Database, ask: ListRedirects) -> RedirectPage:
    """A page of redirects, by path.

    Raises:
        BadInput: `after` is not from a page of redirects.
    """
    limit = page_limit(ask.limit)
    (last,) = read_cursor(ask.after, tuple[str]) or ("",)
    shown = page_of(await database.fetch(_PAGE, last, ask.begins, limit + 1), limit, lambda row: (row["path"],))
    return RedirectPage(redirects=tuple(map(_redirect, shown.items)), next=shown.next)


def _redirect(row: Record) -> Redirect:
    return Redirect(path=row["path"], target=row["target"], code=row["code"])
