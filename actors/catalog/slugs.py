"""The SQL of slugs: all of them, for those who walk through the shop."""

from datetime import datetime
from typing import Final

from actors.catalog.store import VISIBLE
from bus.messages.navigation import SlugPage
from engine.cursor import make_cursor, page_of, read_cursor
from engine.postgres import Database

_AT_ONCE: Final = 1000
_VISIBLE: Final = VISIBLE.format(now="$1")
_PAGE: Final = f"select id, slug from catalog.products where id > $2 and {_VISIBLE} order by id limit $3"  # noqa: S608 - of our own words
# All rows are read, and few are returned.
_STARTS: Final = f"""
select id from (
    select id, row_number() over (order by id) as place, count(*) over () as number
    from catalog.products where {_VISIBLE}) as numbered
where place % $2 = 0 and place < number order by id"""  # noqa: S608 - of our own words


async def page(database: Database, after: str, now: datetime) -> SlugPage:
    """A page of slugs.

    Raises:
        BadInput: `after` is no cursor of these pages.
    """
    (last,) = read_cursor(after, tuple[str]) or ("",)
    rows = await database.fetch(_PAGE, now, last, _AT_ONCE + 1)
    shown = page_of(rows, _AT_ONCE, lambda row: (row["id"],))
    return SlugPage(slugs=tuple(row["slug"] for row in shown.items), next=shown.next)


async def starts(database: Database, size: int, now: datetime) -> tuple[str, ...]:
    """Cursors at which lists of so many slugs begin."""
    rows = await database.fetch(_STARTS, now, max(1, size))
    return ("", *(make_cursor(row["id"]) for row in rows))
