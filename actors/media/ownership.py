"""The mark of the shop that a bucket belongs to.

Two shops in one bucket would take each other's pictures for forgotten ones, and repairs would delete them. So each shop
has a random id in its database, and puts it into the bucket if none is there. Compared at each start, and by each audit
and cleaning, for a store that was away at the start. A copied database has the same id: docs/pictures.md says so.
"""

from typing import Final
from uuid import uuid4

from actors.media.rules import OWNER
from engine.errors import BadSetting
from engine.objects import Objects
from engine.postgres import Database

_ID: Final = """
insert into media.owner (id) values ($1) on conflict (is_one) do update set id = owner.id returning id"""


async def check_owner(objects: Objects, database: Database) -> None:
    """Mark the store of pictures as this shop's, if it is nobody's yet. Safe to call from several processes at once.

    Raises:
        BadSetting: It is another shop's.
        Unavailable: The store or the database does not answer.
    """
    (row,) = await database.fetch(_ID, uuid4().hex)
    if await objects.claim(OWNER, row["id"]) != row["id"]:
        raise BadSetting(
            "S3_BUCKET: it holds another shop's pictures: name a bucket of this shop's own. "
            f"If the other shop is gone, delete the object {OWNER}"
        )
