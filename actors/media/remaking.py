"""The SQL of pictures that are made again when the recipe changes.

A row says by which recipe its files were made, and for which it was told last to be made again. So what remains to be
done is known at each start, however often a process ends, and no picture is told twice.

Rejected: docs/decisions/0038.
"""

from collections.abc import Sequence
from typing import Final

from actors.media.private import RecordRemake
from actors.media.store import add_renditions
from bus.messages.media import ImageId
from engine.postgres import Database
from engine.transaction import Transaction

_IS_ANY_EARLIER: Final = "select exists (select from media.files where state = 'ready' and recipe < $1) as is_any"
_IS_EARLIER: Final = "select from media.files where id = $1 and state = 'ready' and recipe < $2"
_TAKE: Final = """
update media.files set again_for = $1 where id in (
    select id from media.files where state = 'ready' and recipe < $1 and again_for < $1 order by recipe, id
    limit greatest(0, $2 - (select count(*) from media.files where again_for = $1 and again_for > recipe))
    for update skip locked)
returning id"""
_KEEP: Final = "update media.files set recipe = greatest(recipe, $2) where id = $1 returning id"
_RECORD: Final = """
update media.files set recipe = $2, width = $3, height = $4, colour = $5, placeholder = $6
where id = $1 and state = 'ready' and recipe < $2 returning id"""
_REMOVE_OTHERS: Final = "delete from media.renditions where image_id = $1 and key <> all($2) returning key"
_WITHOUT_ROW: Final = """
select key from unnest($1::text[]) as old (key)
where not exists (select from media.renditions r where r.key = old.key)"""


async def is_any_earlier(database: Database, recipe: int) -> bool:
    """Whether some picture was made by an earlier recipe."""
    return bool((await database.fetch(_IS_ANY_EARLIER, recipe))[0]["is_any"])


async def is_earlier(database: Database, image: ImageId, recipe: int) -> bool:
    """Whether a picture is shown with files of an earlier recipe."""
    return bool(await database.fetch(_IS_EARLIER, image, recipe))


async def take(tx: Transaction, recipe: int, most: int) -> list[ImageId]:
    """Choose pictures of earlier recipes to be made again, so that `most` are under way."""
    return [row["id"] for row in await tx.fetch(_TAKE, recipe, most)]


async def record(tx: Transaction, ask: RecordRemake) -> tuple[str, ...] | None:
    """Record a picture's new files; return the keys of those that are no longer its own; None if it has no row."""
    look = ask.look
    if look is None:
        return () if await tx.row(_KEEP, ask.id, ask.recipe) else None
    if await tx.row(_RECORD, ask.id, ask.recipe, look.width, look.height, look.colour, look.placeholder) is None:
        return None
    old = await tx.fetch(_REMOVE_OTHERS, ask.id, [each.key for each in ask.renditions])
    await add_renditions(tx, ask.id, ask.renditions)
    return tuple(row["key"] for row in old)


async def without_row(database: Database, keys: Sequence[str]) -> list[str]:
    """Return those keys that no picture has."""
    return [row["key"] for row in await database.fetch(_WITHOUT_ROW, list(keys))]
