"""The SQL of uploads: pictures that their senders write into the bucket."""

from datetime import datetime
from typing import Final

import msgspec

from bus.messages.media import BeginUpload, ImageId
from engine.postgres import Database
from engine.transaction import Transaction

_COUNT: Final = "select count(*)::int from media.uploads where image_id is null"
_BEGIN: Final = """
insert into media.uploads (id, product_id, key, size, alt, expires_at) values ($1, $2, $3, $4, $5, $6)"""
_READ: Final = "select id, product_id, key, size, alt, expires_at, image_id from media.uploads where id = $1"
_LOCK: Final = _READ + " for update"
_COMPLETE: Final = "update media.uploads set image_id = $2 where id = $1"
_END: Final = "delete from media.uploads where id = $1 returning key, image_id"


class Upload(msgspec.Struct, frozen=True):
    """An upload, and the picture that came of it."""

    id: str
    product_id: str
    key: str
    size: int
    alt: str
    expires_at: datetime
    image_id: ImageId | None


async def count(tx: Transaction) -> int:
    """Count the uploads that are open."""
    number: int = await tx.value(_COUNT)
    return number


async def begin(tx: Transaction, ask: BeginUpload, upload_id: str, key: str, expires_at: datetime) -> None:
    """Store an upload."""
    await tx.execute(_BEGIN, upload_id, ask.product_id, key, ask.size, ask.alt, expires_at)


async def read(database: Database, upload_id: str) -> Upload | None:
    """Read an upload."""
    rows = await database.fetch(_READ, upload_id)
    return Upload(**dict(rows[0])) if rows else None


async def lock(tx: Transaction, upload_id: str) -> Upload | None:
    """Lock an upload."""
    row = await tx.row(_LOCK, upload_id)
    return Upload(**dict(row)) if row else None


async def complete(tx: Transaction, upload_id: str, image: ImageId) -> None:
    """Note the picture that came of an upload."""
    await tx.execute(_COMPLETE, upload_id, image)


async def end(tx: Transaction, upload_id: str) -> str | None:
    """Delete an upload; return the key of its object if no picture came of it."""
    row = await tx.row(_END, upload_id)
    return row["key"] if row and row["image_id"] is None else None
