"""The SQL of pictures."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import msgspec
from asyncpg import Record
from msgspec import structs

from actors.media.private import RecordRendering
from actors.media.rules import BookedImage, original_of
from bus.messages.base import ProductId
from bus.messages.media import (
    CarryPictures,
    DescribeImage,
    Image,
    ImageId,
    ImageState,
    PicturesShown,
    Rendition,
    StoreImage,
    Waits,
)
from engine.postgres import Database
from engine.transaction import Transaction

# One that was refused is tried anew: its upload may have been lost, or its decoder busy.
_ADD: Final = """
insert into media.files (id, state, size, stored_at) values ($1, 'waiting', $2, $3)
on conflict (id) do update set unused_since = null,
    state = case files.state when 'refused' then 'waiting' else files.state end,
    reason = case files.state when 'refused' then null else files.reason end"""
_USE: Final = """
insert into media.uses (product_id, image_id, place, alt)
values ($1, $2, (select coalesce(max(place), 0) + 1 from media.uses where product_id = $1), $3)"""
_USED: Final = "select image_id from media.uses where product_id = $1 order by place, image_id for update"
_USERS: Final = "select distinct product_id from media.uses where image_id = any($1) order by product_id"
_ARRANGE: Final = """
update media.uses u set place = n.place from unnest($2::text[]) with ordinality as n (image_id, place)
where u.product_id = $1 and u.image_id = n.image_id"""
_DESCRIBE: Final = """
update media.uses set alt = coalesce($3, alt), alts = coalesce($4::jsonb, alts), focal = coalesce($5, focal),
    skus = coalesce($6, skus)
where product_id = $1 and image_id = $2 returning image_id"""
_CARRY: Final = """
update media.uses set skus = array_replace(skus, $2, $3) where product_id = $1 and $2 = any(skus)
returning image_id"""
_DROP: Final = "delete from media.uses where product_id = $1 and image_id = $2 returning image_id"
_DROP_ALL: Final = "delete from media.uses where product_id = any($1) returning product_id, image_id"
# In the order of their ids, so that two turns never deadlock.
_LOCK: Final = "select id, unused_since from media.files where id = any($1) order by id for update"
_UNUSED: Final = """
update media.files f set unused_since = $2
where id = any($1) and unused_since is null and not exists (select from media.uses u where u.image_id = f.id)
returning id"""
# In the order of ids, likewise. Whoever counts a product has it for itself until its transaction ends.
_COUNT_SHOWN: Final = """
insert into media.shown (product_id, version) select id, 1 from unnest($1::text[]) as n (id) order by id
on conflict (product_id) do update set version = shown.version + 1
returning product_id, version"""
_NOT_SHOWN: Final = """
select distinct u.product_id from media.uses u where u.product_id > $1
    and not exists (select from media.shown s where s.product_id = u.product_id)
order by u.product_id limit $2"""
_FORGET_USES: Final = "delete from media.uses where image_id = any($1)"
_FORGET: Final = "delete from media.files where id = any($1)"
_RECORD: Final = """
update media.files set state = case when $2::text is null then 'ready' else 'refused' end, reason = $2,
    width = $3, height = $4, colour = $5, placeholder = $6, recipe = $7
where id = $1 returning id"""
_WAITS: Final = "update media.files set reason = $2 where id = $1 and state = 'waiting'"
_AGAIN: Final = """
update media.files f set state = 'waiting', reason = null,
    unused_since = case when exists (select from media.uses u where u.image_id = f.id) then null else unused_since end
where id = $1 returning id"""
_FORGET_RENDITIONS: Final = "delete from media.renditions where image_id = $1"
_ADD_RENDITIONS: Final = """
insert into media.renditions (key, image_id, format, width, height)
select key, $1, format, width, height
from unnest($2::text[], $3::text[], $4::integer[], $5::integer[]) as n (key, format, width, height)
where exists (select from media.files where id = $1)
on conflict (key) do nothing"""
_STATE: Final = """
select state, exists (select from media.renditions r where r.image_id = f.id and r.format = 'avif') as is_improved
from media.files f where id = $1"""
_IMAGE: Final = """
f.id, f.state, f.reason, f.width, f.height, f.colour, f.placeholder,
array(select (r.key, r.format, r.width, r.height) from media.renditions r where r.image_id = f.id
    order by r.format, r.width) as renditions"""
_OF_PRODUCTS: Final = f"""
select u.product_id, u.alt, u.alts, u.focal, u.skus, {_IMAGE} from media.uses u join media.files f on f.id = u.image_id
where u.product_id = any($1) order by u.product_id, u.place, u.image_id"""  # noqa: S608 - columns, and no value
_ONE: Final = f"select {_IMAGE} from media.files f where f.id = $1"  # noqa: S608 - likewise
_KEPT: Final = """
select f.id, f.state, f.unused_since, array(select key from media.renditions r where r.image_id = f.id) as keys,
    (select count(*) from media.uses u where u.image_id = f.id)::int as uses
from media.files f where f.id > $1 order by f.id limit $2"""


async def add(tx: Transaction, ask: StoreImage) -> None:
    """Store a picture's row, if there is none, and use it for a product."""
    await tx.execute(_ADD, ask.id, ask.size, tx.now)
    await tx.execute(_USE, ask.product_id, ask.id, ask.alt)


async def used(tx: Transaction, product_id: ProductId) -> list[ImageId]:
    """Lock a product's uses; return its pictures in their order."""
    return [row["image_id"] for row in await tx.fetch(_USED, product_id)]


async def users(tx: Transaction, images: Collection[ImageId]) -> tuple[ProductId, ...]:
    """Return the products that use one of these pictures."""
    return tuple(row["product_id"] for row in await tx.fetch(_USERS, list(images)))


async def shown(tx: Transaction, product_ids: Collection[ProductId]) -> list[PicturesShown]:
    """Count what is told of these products, and read what they show now; nothing of no products."""
    if not product_ids:
        return []
    counted = await tx.fetch(_COUNT_SHOWN, sorted({*product_ids}))
    images = await of_products(tx, [row["product_id"] for row in counted])
    return [
        PicturesShown(
            product_id=row["product_id"],
            version=row["version"],
            images=tuple(each for each in images.get(row["product_id"], ()) if each.state == "ready"),
        )
        for row in counted
    ]


async def not_shown(tx: Transaction, after: ProductId, limit: int) -> list[ProductId]:
    """Read which products with pictures were never told of, by id, from one on."""
    return [row["product_id"] for row in await tx.fetch(_NOT_SHOWN, after, limit)]


async def arrange(tx: Transaction, product_id: ProductId, order: Sequence[ImageId]) -> None:
    """Number a product's pictures in this order."""
    await tx.execute(_ARRANGE, product_id, list(order))


async def describe(tx: Transaction, ask: DescribeImage) -> bool:
    """Set what a product says of a picture; False if it has no such picture."""
    alts = None if ask.alts is None else msgspec.json.encode(ask.alts).decode()
    skus = None if ask.skus is None else list(dict.fromkeys(ask.skus))
    return await tx.row(_DESCRIBE, ask.product_id, ask.id, ask.alt, alts, ask.focal, skus) is not None


async def carry(tx: Transaction, ask: CarryPictures) -> bool:
    """Put a SKU in the place of another, in a product's pictures; False if none shows it."""
    return bool(await tx.fetch(_CARRY, ask.product_id, ask.sku, ask.name))


async def drop(tx: Transaction, product_id: ProductId, image: ImageId) -> bool:
    """Delete a product's use of a picture; False if there is none."""
    return await tx.row(_DROP, product_id, image) is not None


async def drop_all(tx: Transaction, product_ids: Collection[ProductId]) -> list[tuple[ProductId, ImageId]]:
    """Delete all uses of products; return the pictures that each used."""
    return [(row["product_id"], row["image_id"]) for row in await tx.fetch(_DROP_ALL, list(product_ids))]


async def mark_unused(tx: Transaction, images: Collection[ImageId]) -> list[ImageId]:
    """Note since when nobody uses these pictures; return those of which that is new."""
    await tx.fetch(_LOCK, list(images))
    return [row["id"] for row in await tx.fetch(_UNUSED, list(images), tx.now)]


async def lock(tx: Transaction, images: Collection[ImageId]) -> dict[ImageId, datetime | None]:
    """Lock pictures; return the time since when nobody uses each."""
    return {row["id"]: row["unused_since"] for row in await tx.fetch(_LOCK, list(images))}


async def forget(tx: Transaction, images: Collection[ImageId]) -> None:
    """Delete the rows of pictures, and all their uses."""
    await tx.execute(_FORGET_USES, list(images))
    await tx.execute(_FORGET, list(images))


async def record(tx: Transaction, ask: RecordRendering) -> bool:
    """Record what was made of a picture; False if its row is gone."""
    look = ask.look
    size = (look.width, look.height, look.colour, look.placeholder) if look else (0, 0, "", "")
    if await tx.row(_RECORD, ask.id, ask.reason, *size, ask.recipe) is None:
        return False
    await add_renditions(tx, ask.id, ask.renditions)
    return True


async def note_wait(tx: Transaction, image: ImageId, waits_for: Waits) -> None:
    """Note why a picture can't be made now."""
    await tx.execute(_WAITS, image, waits_for)


async def make_again(tx: Transaction, image: ImageId) -> bool:
    """Let a picture wait to be made again; False if there is none."""
    await tx.execute(_FORGET_RENDITIONS, image)
    return await tx.row(_AGAIN, image) is not None


async def add_renditions(tx: Transaction, image: ImageId, renditions: Sequence[Rendition]) -> None:
    """Store the files of a picture, if it is still there."""
    await tx.execute(
        _ADD_RENDITIONS,
        image,
        [each.key for each in renditions],
        [each.format for each in renditions],
        [each.width for each in renditions],
        [each.height for each in renditions],
    )


async def state(database: Database, image: ImageId) -> tuple[ImageState, bool] | None:
    """Return a picture's state, and whether it is there as AVIF; None if there is none."""
    rows = await database.fetch(_STATE, image)
    return (rows[0]["state"], rows[0]["is_improved"]) if rows else None


async def of_products(tx: Transaction, product_ids: Collection[ProductId]) -> dict[ProductId, list[Image]]:
    """Read the pictures of products, in their order."""
    found: dict[ProductId, list[Image]] = {}
    for row in await tx.fetch(_OF_PRODUCTS, list(product_ids)):
        use = {
            "product_id": row["product_id"],
            "alt": row["alt"],
            "alts": msgspec.json.decode(row["alts"], type=dict[str, str]),
            "focal": tuple(row["focal"]),
            "skus": tuple(row["skus"]),
        }
        found.setdefault(row["product_id"], []).append(structs.replace(_image(row), **use))
    return found


async def one(tx: Transaction, image: ImageId) -> Image | None:
    """Read a picture, without what any use says of it."""
    row = await tx.row(_ONE, image)
    return _image(row) if row else None


async def kept(database: Database, after: ImageId, limit: int) -> list[BookedImage]:
    """Read a page of pictures, by id, for the audit."""
    return [
        BookedImage(
            id=row["id"],
            is_ready=row["state"] == "ready",
            keys=frozenset({original_of(row["id"]), *row["keys"]} if row["state"] == "ready" else ()),
            uses=row["uses"],
            unused_since=row["unused_since"],
        )
        for row in await database.fetch(_KEPT, after, limit)
    ]


def _image(row: Record) -> Image:
    renditions = tuple(
        Rendition(key=key, format=kind, width=width, height=height) for key, kind, width, height in row["renditions"]
    )
    is_refused, reason = row["state"] == "refused", row["reason"]
    fields = ("id", "state", "width", "height", "colour", "placeholder")
    return Image(
        **{name: row[name] for name in fields},
        reason=reason if is_refused else None,
        waits_for=None if is_refused else reason,
        renditions=renditions,
    )
